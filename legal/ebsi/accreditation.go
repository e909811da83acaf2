package ebsi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// The kinds of accreditation (EBSI Verifiable Accreditation schema 1.1), by what
// they let their subject do.
const (
	KindAttest   = "VerifiableAccreditationToAttest"      // issue credentials
	KindAccredit = "VerifiableAccreditationToAccredit"    // accredit others
	KindChain    = "VerifiableAuthorisationForTrustChain" // begin a chain
	kindOnboard  = "VerifiableAuthorisationToOnboard"     // let others have a DID
	statusEntry  = "EbsiAccreditationEntry"               // the registry's own word is the status
	termsType    = "IssuanceCertificate"
)

// neutral are types that every accreditation has and that carry no right.
func neutral(t string) bool {
	return t == "VerifiableCredential" || t == "VerifiableAttestation" || t == "VerifiableAccreditation" || t == "VerifiableAuthorisation"
}

// accreditation is one link, verified.
type accreditation struct {
	id, issuer, subject string
	kind                string
	own                 []string // its own types that are no neutral ones
	types               []string // that its subject may issue or accredit for
	places              []string // jurisdictions; none: no limit
	from, until         *time.Time
	terms               []terms
	credential          *credential.Credential
}

// terms name the accreditation under which a link was issued: …/issuers/{did}/attributes/{id}.
type terms struct{ did, attribute string }

// open verifies a link and reads it. The signature is what counts: nobody vouches
// for the bytes. The error is [ErrAccreditation], with the code of what does not
// hold.
func open(ctx context.Context, of string, a Attribute, opt credential.Options) (*accreditation, error) {
	c := credential.Check(ctx, []byte(a.Body), opt)
	for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer} {
		if row := c.Row(name); row.Result != verdict.Pass && row.Result != verdict.Warn {
			return nil, fmt.Errorf("%w: %s: %s", ErrAccreditation, name, row.Code)
		}
	}
	if c.MediaType != credential.MediaJWT || c.Credential == nil || c.Credential.Version != 1 {
		return nil, fmt.Errorf("%w: no JWT of version 1.1", ErrAccreditation)
	}
	return read(c.Credential, of)
}

// read takes out of a credential what a link says.
func read(c *credential.Credential, of string) (*accreditation, error) {
	bad := func(why string) (*accreditation, error) { return nil, fmt.Errorf("%w: %s", ErrAccreditation, why) }
	a := &accreditation{id: c.ID, issuer: c.Issuer, subject: of, from: c.ValidFrom, until: c.ValidUntil, credential: c}
	if len(c.Subjects) != 1 || c.Subjects[0]["id"] != any(of) {
		return bad("it is about another than the registry says")
	}
	for _, t := range c.Types {
		switch t {
		case KindAttest, KindAccredit, KindChain, kindOnboard:
			if a.kind != "" {
				return bad("it is of two kinds")
			}
			a.kind = t
		}
		if !neutral(t) {
			a.own = append(a.own, t)
		}
	}
	if a.kind == "" || a.kind == kindOnboard {
		return bad("it is no accreditation to attest or to accredit")
	}
	// issuanceDate may be before the date from which it is meant to be valid.
	if s, ok := c.Tree["validFrom"].(string); ok {
		if t, _, err := proof.ParseDateTime(s); err != nil {
			return bad("validFrom")
		} else if a.from == nil || t.After(*a.from) {
			a.from = &t
		}
	}
	if err := a.scope(c.Subjects[0]["accreditedFor"]); err != nil {
		return nil, err
	}
	list, _ := objects(c.Tree["termsOfUse"])
	if len(list) > 4 {
		return bad("it names more than four accreditations in termsOfUse")
	}
	for _, o := range list {
		id, _ := o["id"].(string)
		parts := strings.Split(strings.TrimRight(id, "/"), "/")
		if o["type"] != any(termsType) || len(parts) < 4 || parts[len(parts)-2] != "attributes" {
			return bad("termsOfUse names no accreditation")
		}
		// The third from last is whose it is, the last which.
		a.terms = append(a.terms, terms{parts[len(parts)-3], strings.ToLower(strings.TrimPrefix(parts[len(parts)-1], "0x"))})
	}
	return a, nil
}

func (a *accreditation) scope(raw any) error {
	list, ok := objects(raw)
	if raw != nil && !ok || len(list) > 64 {
		return fmt.Errorf("%w: accreditedFor", ErrAccreditation)
	}
	everywhere := false
	for _, o := range list {
		types, ok := texts(o["types"])
		if !ok {
			return fmt.Errorf("%w: accreditedFor.types", ErrAccreditation)
		}
		for _, t := range types {
			if !slices.Contains(a.types, t) {
				a.types = append(a.types, t)
			}
		}
		places, ok := texts(o["limitJurisdiction"])
		if !ok {
			return fmt.Errorf("%w: accreditedFor.limitJurisdiction", ErrAccreditation)
		}
		everywhere = everywhere || len(places) == 0
		a.places = append(a.places, places...)
	}
	if everywhere {
		a.places = nil
	}
	return nil
}

// objects reads one object or a list of objects.
func objects(v any) ([]map[string]any, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case map[string]any:
		return []map[string]any{x}, true
	case []any:
		var out []map[string]any
		for _, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, false
			}
			out = append(out, m)
		}
		return out, true
	}
	return nil, false
}

// texts reads a text, a list of texts, or nothing.
func texts(v any) ([]string, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{x}, true
	case []any:
		var out []string
		for _, e := range x {
			s, ok := e.(string)
			if !ok || s == "" || len(s) > 500 || len(x) > 256 {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}

// within tells whether a link stays inside what the one above it grants: each type
// that it is of and that it grants, and each place. A trust chain's authorisation
// covers every type; to let somebody attest is part of accrediting.
func (a *accreditation) within(up *accreditation) bool {
	if up.kind != KindChain {
		for _, t := range slices.Concat(a.own, a.types) {
			if !neutral(t) && t != KindAttest && !slices.Contains(up.types, t) {
				return false
			}
		}
	}
	if len(up.places) == 0 {
		return true
	}
	if len(a.places) == 0 {
		return false
	}
	for _, p := range a.places {
		if !slices.ContainsFunc(up.places, func(q string) bool { return p == q || strings.HasPrefix(p, q+"_") }) {
			return false
		}
	}
	return true
}
