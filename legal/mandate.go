package legal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// TypeMandate is the type of a credential by which a body that awards lets another
// issue in its name.
const TypeMandate = "IssuingMandateCredential"

// Mandate is the word of an awarding body about who may issue for it.
type Mandate struct {
	ID    string // URL of the credential
	By    string // DID of the awarding body
	Of    string // DID of who may issue
	Types []string
	From  *time.Time
	Until *time.Time
	// Status are the entries in the awarding body's status lists. Writing only.
	Status []credential.StatusSlot
	// Now and WhenIssued tell whether it stands at the time asked and stood at the
	// issuing date that the credential claims. Set by [Assess].
	Now, WhenIssued bool
}

// maxMandates bounds how many mandates of one issuer are looked at.
const maxMandates = 16

// SignMandate builds and signs a mandate as JCS bytes, with a key of the awarding body
// that stands under assertionMethod. From is required. The error is [ErrMandate].
func SignMandate(ctx context.Context, m Mandate, signer key.Signer, method string) ([]byte, error) {
	if m.From == nil || m.By == "" || m.Of == "" || m.By == m.Of {
		return nil, fmt.Errorf("%w: needs an awarding body, another issuer and a beginning", ErrMandate)
	}
	subject := map[string]any{"id": m.Of, "type": []any{"MandatedIssuer"}}
	if len(m.Types) > 0 {
		types := make([]any, len(m.Types))
		for i, t := range m.Types {
			types[i] = t
		}
		subject["mandatedTypes"] = types
	}
	tree := map[string]any{"@context": []any{credential.ContextV2, Context}, "type": []any{"VerifiableCredential", TypeMandate},
		"issuer": m.By, "validFrom": proof.FormatTime(*m.From), "credentialSubject": subject}
	put(tree, "id", m.ID)
	if m.Until != nil {
		tree["validUntil"] = proof.FormatTime(*m.Until)
	}
	if len(m.Status) > 0 {
		tree["credentialStatus"] = credential.StatusEntries(m.Status)
	}
	return sign(ctx, tree, signer, method, *m.From)
}

// ReadMandate reads a mandate. It does not say that the credential is verified. The
// error is [ErrMandate].
func ReadMandate(c *credential.Credential) (Mandate, error) {
	if !c.Has(TypeMandate) || len(c.Subjects) != 1 || !slices.Contains(texts(c.Subjects[0]["type"]), "MandatedIssuer") {
		return Mandate{}, fmt.Errorf("%w: type or subject", ErrMandate)
	}
	m := Mandate{ID: c.ID, By: c.Issuer, From: c.ValidFrom, Until: c.ValidUntil}
	if m.Of, _ = c.Subjects[0]["id"].(string); m.Of == "" || m.Of == m.By {
		return Mandate{}, fmt.Errorf("%w: it must be about somebody else", ErrMandate)
	}
	if raw, has := c.Subjects[0]["mandatedTypes"]; has {
		if m.Types = texts(raw); len(m.Types) == 0 {
			return Mandate{}, fmt.Errorf("%w: mandatedTypes", ErrMandate)
		}
	}
	return m, nil
}

// mandates collects those that let the issuer sign a credential of these types. Each
// is verified by the key of who gives it and must not be void; who that is in law is
// for the caller to find out.
func (a *assessment) mandates(ctx context.Context) {
	list := slices.Clone(a.whois)
	for _, b := range a.q.Mandates {
		list = append(list, credential.Check(ctx, b, a.q.Check))
	}
	for _, c := range list {
		if c.Credential == nil || !c.Credential.Has(TypeMandate) || len(a.id.Mandates) == maxMandates {
			continue
		}
		m, err := ReadMandate(c.Credential)
		if err != nil || !a.q.Same(m.Of, a.q.Issuer) || !a.holds(ctx, c) || len(m.Types) > 0 && !covers(m.Types, a.q.Types) {
			continue
		}
		stands := func(t time.Time) bool {
			return (m.From == nil || !t.Before(*m.From)) && (m.Until == nil || !t.After(*m.Until))
		}
		m.Now, m.WhenIssued = stands(a.q.At), a.q.IssuedAt != nil && stands(*a.q.IssuedAt)
		a.id.Mandates = append(a.id.Mandates, m)
	}
}

// holds tells whether a credential of an organisation is signed by its issuer and is
// not void. Its term is not looked at.
func (a *assessment) holds(ctx context.Context, c *credential.Checked) bool {
	for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer} {
		if row := c.Row(name); row.Result != verdict.Pass && row.Result != verdict.Warn {
			return false
		}
	}
	if a.q.Status == nil {
		return len(c.Credential.Status) == 0
	}
	v := verdict.Verdict{Checks: a.q.Status(ctx, c.Credential)}
	row, ok := v.Worst(verdict.Status)
	return ok && row.Result != verdict.Unknown && row.Result != verdict.Fail
}
