package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/credential/annex"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxAsked bounds how many givers of mandates are looked into for one credential.
const maxAsked = 2

// awardingRows compares who awards with who issues. An awarding body is the issuer
// where the two have one id, or where the issuer is proven to have one of its
// identifiers. Else only the body's own word counts: a mandate signed by it. A mandate
// that only the issuer speaks of stays the issuer's word.
func (r *run) awardingRows(ctx context.Context, f annex.Facts) {
	if len(f.Awarding) == 0 {
		r.add(verdict.New(verdict.Awarding, verdict.AwardingAbsent).From("credential"))
		return
	}
	r.out.Subject.Awarding = f.Awarding[0].Name
	others := slices.DeleteFunc(f.Others(), func(b annex.Body) bool { return holdsOne(r.out.Issuer.Fields, b.Identifiers) })
	if len(others) == 0 {
		r.add(verdict.New(verdict.Awarding, verdict.SameEntity).From("credential"))
		return
	}
	code := verdict.DiffersUnproven
	if f.Mandated {
		code = verdict.MandateClaimed
	}
	result := verdict.New(verdict.Awarding, code).Result
	givers := r.givers(ctx, others)
	names := make([]string, len(others))
	for i, b := range others {
		names[i] = b.Name
		if b.Name == "" {
			names[i] = b.ID
		}
	}
	r.out.Subject.Awarding = names[0]
	if !slices.Contains(givers, nil) {
		code, result = verdict.MandateProven, verdict.Pass
		for i, m := range givers {
			names[i] = m.By // the name is still the issuer's word
			if !m.Now {
				result = verdict.Warn
			}
		}
	}
	row := verdict.New(verdict.Awarding, code).As(result).With("body", strings.Join(names, ", ")).From("credential")
	if code == verdict.MandateProven {
		for _, m := range givers {
			row = row.On(verdict.Evidence{Kind: "mandate", ID: m.ID, By: m.By, At: m.From})
		}
	}
	r.add(row)
}

// givers finds for each body the mandate that it gave the issuer, nil for none.
func (r *run) givers(ctx context.Context, bodies []annex.Body) []*legal.Mandate {
	out := make([]*legal.Mandate, len(bodies))
	known := map[string][]verdict.Field{}
	for i := range r.mandates {
		m := &r.mandates[i]
		if !m.Now && !m.WhenIssued {
			continue
		}
		for j, b := range bodies {
			if out[j] != nil && out[j].Now {
				continue
			}
			if strings.HasPrefix(b.ID, "did:") && r.same(b.ID, m.By) || holdsOne(r.identityOf(ctx, m.By, b, known), b.Identifiers) {
				out[j] = m
			}
		}
	}
	return out
}

// identityOf says what is proven about a giver of a mandate, asked only where the body
// has an identifier to compare with.
func (r *run) identityOf(ctx context.Context, who string, b annex.Body, known map[string][]verdict.Field) []verdict.Field {
	if fields, ok := known[who]; ok || len(b.Identifiers) == 0 || len(known) == maxAsked {
		return fields
	}
	known[who] = nil
	q, err := r.inquiry(ctx, who)
	if err != nil {
		return nil
	}
	// A domain says nothing of a number, and nobody is asked about a bystander.
	q.Sources = slices.DeleteFunc(slices.Clone(q.Sources), func(s legal.Source) bool { return s.Kind() == legal.KindDomain })
	known[who] = legal.Assess(ctx, q).Fields
	return known[who]
}

// holdsOne tells whether one of the identifiers is among the fields as a proven one.
func holdsOne(fields []verdict.Field, ids []annex.Identifier) bool {
	return slices.ContainsFunc(fields, func(f verdict.Field) bool {
		proven, err := legal.ParseIdentifier(f.Value)
		if f.Name != verdict.FieldIdentifier || f.State != verdict.Proven || err != nil {
			return false
		}
		return slices.ContainsFunc(ids, func(id annex.Identifier) bool {
			own := legal.Identifier{Scheme: id.Scheme, Country: id.Country, Value: id.Value}
			return own.Check() == nil && own.Equal(proven)
		})
	})
}
