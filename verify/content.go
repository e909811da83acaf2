package verify

import (
	"context"
	"slices"
	"sync"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/annex"
	"github.com/bonafide-id/bonafide/credential/badge"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/credential/schema"
	"github.com/bonafide-id/bonafide/verdict"
)

// content reports what the credential says: the European standard elements,
// holder, place, dates and awarding body. Only what was signed is read.
func (r *run) content(ctx context.Context, c *credential.Credential) {
	r.out.Subject.Credential, r.out.Subject.Types = c.ID, nonNil(c.Types)
	r.out.Dates.ValidFrom, r.out.Dates.ValidUntil, r.out.Dates.Signed = c.ValidFrom, c.ValidUntil, r.checked.Signer.Created
	if c.Tree != nil && r.checked.MediaType != credential.MediaJOSE { // whose Opener has looked
		r.add(edc.ConfusableRows(c.Tree)...)
	}
	doc := r.checked.Document
	if doc == nil {
		return
	}
	report, _ := reports.Get().(*annex.Report)
	defer reports.Put(report)
	report.Read(doc)
	f := report.Facts
	r.out.Subject.ID, r.out.Subject.Name, r.out.Subject.Achievement = f.Learner.ID, f.Learner.Name, f.Title
	r.out.Subject.Credits, r.out.Subject.Level = f.Credits, f.Level
	r.out.Dates.Awarded = f.Awarded
	r.out.Annex = elements(r.elements, report)
	r.add(report.Rows()...)
	r.holderRows(f)
	r.placeRows(c, f)
	r.awardingRows(ctx, f)
}

// reports are used again: of each only texts are kept.
var reports = sync.Pool{New: func() any { return new(annex.Report) }}

// elements writes a report in the verdict's own form, into out where there is room.
func elements(out []verdict.Element, report *annex.Report) []verdict.Element {
	out = slices.Grow(out, len(report.Elements))
	for _, e := range report.Elements {
		v := verdict.Element{Number: e.Number, Name: e.Name, Mandatory: e.Mandatory, State: string(e.State), Path: e.Path, Principle: e.Principle}
		for _, f := range e.Findings {
			v.Findings = append(v.Findings, verdict.Finding{Code: string(f.Code), Path: f.Path, Severity: string(f.Severity), Text: f.Text})
		}
		out = append(out, v)
	}
	return out
}

// holderRows says whom the credential is about and whether whoever presents it
// has shown to be that.
func (r *run) holderRows(f annex.Facts) {
	bound := r.checked.Bound || r.holder != "" && r.holder == f.Learner.ID
	if f.Learner.ID == "" && f.Learner.Name == "" && len(f.Learner.Identifiers) == 0 && !bound {
		r.add(verdict.New(verdict.Holder, verdict.HolderAbsent).From("credential"))
		return
	}
	r.add(verdict.New(verdict.Holder, verdict.HolderPresent).From("credential"))
	if bound {
		r.add(verdict.New(verdict.Holder, verdict.HolderBound).From("presentation"))
		return
	}
	r.add(verdict.New(verdict.Holder, verdict.NotBound))
}

func (r *run) placeRows(c *credential.Credential, f annex.Facts) {
	if f.Country == "" {
		r.add(verdict.New(verdict.Place, verdict.PlaceAbsent).From("credential"))
		return
	}
	r.out.Place = verdict.PlaceView{Country: f.Country, Region: f.Region, Locality: f.Locality, State: verdict.Claimed, By: []string{c.Issuer}}
	r.add(verdict.New(verdict.Place, verdict.PlacePresent).From("credential"))
}

// schemas holds the credential against the schemas and resources that it names.
func (r *run) schemas(ctx context.Context, c *credential.Credential) {
	var source schema.Source
	if r.v.cfg.Resources != nil {
		source = r.v.cfg.Resources(c.Issuer)
	}
	r.add(schema.Check(ctx, c, r.checked.Document, schema.Options{Source: source, Loader: r.v.cfg.Loader, Demand: r.p.DemandSchemas,
		Credential: func(ctx context.Context, body []byte) *credential.Checked {
			return credential.Check(ctx, body, r.evidence())
		}})...)
}

// endorsements checks each endorsement in a badge by itself. One that does not
// hold is somebody's forged word inside of what the issuer signed, and the badge
// is then not verified as a whole (Open Badges 3.0 section 9.3).
func (r *run) endorsements(ctx context.Context) {
	if r.checked.Document == nil {
		return
	}
	list, err := badge.Endorsements(r.checked.Document)
	if err != nil {
		r.add(verdict.New(verdict.Format, verdict.EndorsementUnproven).With("detail", err.Error()))
	}
	for _, e := range list {
		var c *credential.Checked
		if e.Tree != nil {
			c = credential.CheckTree(ctx, e.Tree, r.evidence())
		} else {
			c = credential.Check(ctx, []byte(e.JWT), r.evidence())
		}
		if c.OK {
			continue
		}
		row := verdict.New(verdict.Format, verdict.EndorsementUnproven).With("path", e.Path).From("credential")
		for _, name := range []verdict.CheckName{verdict.Integrity, verdict.Signer, verdict.Dates, verdict.Format} {
			if w := c.Row(name); w.Result != verdict.Pass && w.Result != verdict.Warn {
				row = row.With("detail", string(name)+": "+string(w.Code))
				break
			}
		}
		r.add(row)
	}
}
