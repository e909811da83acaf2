package edc

import (
	"strings"

	"github.com/bonafide-id/bonafide/internal/country"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

// claim is one legal identifier as the issuer typed it (LegalIdentifier of the
// European Learning Model: notation and country).
type claim struct {
	member, notation, country string
}

// maxRows bounds how many differences are told; all are looked at.
const maxRows = 16

// claimsOf reads the identifiers in one member of the issuer. Where notation
// is absent, the id is taken when it is an identifier in the form of
// certificates, as older files have it; a bare text is taken as a notation.
func claimsOf(issuer map[string]any, member string) []claim {
	list, isList := issuer[member].([]any)
	if v, has := issuer[member]; has && !isList {
		list = []any{v}
	}
	out := make([]claim, 0, len(list))
	for _, e := range list {
		c := claim{member: member}
		c.notation, _ = e.(string)
		if o, ok := e.(map[string]any); ok {
			c.country = countryOf(o["spatial"])
			c.notation, _ = o["notation"].(string)
			if id, _ := o["id"].(string); c.notation == "" && parses(id) {
				c.notation = id
			}
		}
		out = append(out, c)
	}
	return out
}

func parses(id string) bool {
	_, err := cert.ParseIdentifier(id)
	return err == nil
}

// countryOf reads the last part of a concept's IRI, such as
// http://publications.europa.eu/resource/authority/country/ESP.
func countryOf(v any) string {
	concept, _ := v.(map[string]any)
	if list, ok := v.([]any); ok && len(list) == 1 {
		concept, _ = list[0].(map[string]any)
	}
	id, _ := concept["id"].(string)
	return country.Canonical(id[strings.LastIndexByte(id, '/')+1:])
}

// is tells whether a claim names what the certificate names, in canonical
// form: the whole identifier ("VATES-A00000000"), or its value in the same
// country.
func (c claim) is(id cert.Identifier) bool {
	if whole, err := cert.ParseIdentifier(strings.ToUpper(strings.TrimSpace(c.notation))); err == nil {
		return whole.Equal(id)
	}
	if id.Scheme == "" {
		return cert.Identifier{Value: c.notation}.Equal(cert.Identifier{Value: id.Raw})
	}
	at := c.country
	if at == "" || id.Canonical().Country == "" { // not stated, or a worldwide number
		at = id.Country
	}
	return cert.Identifier{Scheme: id.Scheme, Country: at, Value: c.notation}.Equal(id)
}

// of tells whether a claim is a number of the certificate's scheme and
// country, of which an organisation has one.
func (c claim) of(scheme string, id cert.Identifier) bool {
	return id.Scheme == scheme && c.notation != "" && country.Canonical(c.country) == country.Canonical(id.Country)
}

// legal holds what the credential says of its issuer against the certificate
// of its seal. named is true when a legal identifier is the certificate's,
// contradicted when one excludes it. Equality proves no more than the
// certificate is worth.
func legal(issuer map[string]any, f *cert.Facts) (rows []verdict.Check, named, contradicted bool) {
	row := func(code verdict.Code, c claim) verdict.Check {
		r := verdict.New(verdict.Issuer, code).With("member", c.member).From("credential")
		if !f.NaturalPerson { // the other side would be personal data
			r = r.With("stated", clip(strings.TrimSpace(c.country+" "+c.notation))).With("sealed", clip(f.Identifier.Raw))
		}
		return r
	}
	if f.NaturalPerson {
		rows = append(rows, verdict.New(verdict.Issuer, verdict.NaturalPerson).From("credential"))
	}
	add := func(code verdict.Code, c claim) {
		if len(rows) < maxRows {
			rows = append(rows, row(code, c))
		}
	}
	for _, member := range []string{"eIDASIdentifier", "vatIdentifier", "registration"} {
		claims := claimsOf(issuer, member)
		one := false // some claim of this kind is the certificate's
		for _, c := range claims {
			one = one || !f.Identifier.IsZero() && c.is(f.Identifier)
		}
		named = named || one
		for _, c := range claims {
			switch {
			case !f.Identifier.IsZero() && c.is(f.Identifier):
			case f.Identifier.IsZero(), c.notation == "":
				add(verdict.SealOtherIdentifier, c)
			case member == "eIDASIdentifier", member == "vatIdentifier" && !one && c.of("VAT", f.Identifier):
				// One seal, one organisation: the identifier of the seal is this
				// member's meaning, and a country gives one VAT number.
				if !contradicted {
					rows = append(rows, row(verdict.SealContradicted, c))
				}
				contradicted = true
			default:
				add(verdict.SealOtherIdentifier, c)
			}
		}
	}
	return rows, named, contradicted
}
