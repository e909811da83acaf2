package legal

import (
	"slices"
	"unicode"

	"github.com/bonafide-id/bonafide/credential/annex"
	"github.com/bonafide-id/bonafide/verdict"
)

// claim is one thing that a credential says of its issuer.
type claim struct {
	field, value string
	id           Identifier
}

// stated reads what the credential itself says of its issuer: names, identifiers and
// country, as the issuer typed them. Sealing by Europass overwrites few of them, and
// nobody checks them in an Open Badge.
func (a *assessment) stated() {
	c := a.q.Signed
	if c == nil || c.Document == nil || c.Credential == nil || !a.q.Same(c.Credential.Issuer, a.q.Issuer) {
		return
	}
	issuer, _ := c.Document["issuer"].(map[string]any)
	if types := texts(issuer["type"]); slices.Contains(types, "Person") || slices.Contains(types, "NaturalPerson") {
		a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.NaturalPerson).From("credential"))
		return
	}
	body := annex.Issuer(c.Document)
	if body.Name != "" {
		field := verdict.FieldAltName // an Open Badge has no legal names
		if _, has := issuer["legalName"]; has {
			field = verdict.FieldLegalName
		}
		a.typed = append(a.typed, claim{field: field, value: body.Name})
	}
	for _, id := range body.Identifiers {
		own := Identifier{Scheme: id.Scheme, Country: id.Country, Value: id.Value}
		if !own.person() {
			a.typed = append(a.typed, claim{field: verdict.FieldIdentifier, value: own.String(), id: own})
		}
	}
	if body.Country != "" {
		a.typed = append(a.typed, claim{field: verdict.FieldLegalSeat, value: body.Country})
	}
}

// claimedFields adds what only the issuer says; what a source proves too is there
// already as proven.
func (a *assessment) claimedFields() {
	who := a.q.Issuer
	if a.own != nil {
		o := *a.own
		for _, n := range o.LegalNames {
			a.put(verdict.FieldLegalName, n.Value, n.Lang, verdict.Claimed, who)
		}
		for _, n := range o.AltNames {
			a.put(verdict.FieldAltName, n.Value, n.Lang, verdict.Claimed, who)
		}
		for _, id := range append([]Identifier{o.ID}, o.Identifiers...) {
			a.claimIdentifier(id, who)
		}
		a.put(verdict.FieldLegalSeat, o.Seat.String(), "", verdict.Claimed, who)
		if o.Homepage != "" {
			a.put(verdict.FieldHomepage, o.Homepage, "", verdict.Claimed, who)
		}
		if o.Parent != nil {
			a.put(verdict.FieldPartOf, o.Parent.String(), "", verdict.Claimed, who)
		}
		for _, r := range o.OnBehalfOf {
			a.put(verdict.FieldOnBehalfOf, r.String(), "", verdict.Claimed, who)
		}
	}
	for _, c := range a.typed {
		if c.field == verdict.FieldIdentifier {
			a.claimIdentifier(c.id, who)
			continue
		}
		a.put(c.field, c.value, "", verdict.Claimed, who)
	}
	a.odd()
}

// claimIdentifier adds an identifier that the issuer states: claimed, or contradicted
// where another one of its kind is proven.
func (a *assessment) claimIdentifier(id Identifier, who string) {
	if id.Canonical().Value == "" {
		return
	}
	state := verdict.Claimed
	for _, f := range a.id.Fields {
		if f.Name != verdict.FieldIdentifier || f.State != verdict.Proven {
			continue
		}
		p, err := ParseIdentifier(f.Value)
		if err != nil {
			continue
		}
		if id.Equal(p) {
			return
		}
		if id.Comparable(p) {
			state = verdict.Contradicted
		}
	}
	a.put(verdict.FieldIdentifier, id.Canonical().String(), "", state, who)
	if err := id.CheckDigits(); err != nil {
		a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.IdentifierDigits).With("identifier", id.String()))
	}
}

// odd tells of names that may look like others: those that hold marks which cannot be
// seen or turn the text around, and those in which letters of two alphabets mix. Equal
// names prove nothing, so that this only helps whoever reads them.
func (a *assessment) odd() {
	for _, f := range a.id.Fields {
		switch f.Name {
		case verdict.FieldLegalName, verdict.FieldAltName:
			if f.State != verdict.Proven && oddName(f.Value) {
				a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.NameLookAlike).With("name", f.Value))
			}
		}
	}
}

func oddName(s string) bool {
	alphabets := 0
	for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Cherokee} {
		if slices.ContainsFunc([]rune(s), func(r rune) bool { return unicode.Is(t, r) }) {
			alphabets++
		}
	}
	return alphabets > 1 || !plainText(s) || slices.ContainsFunc([]rune(s), func(r rune) bool {
		return r >= 0xff01 && r <= 0xff5e || unicode.Is(unicode.Cf, r) // full width; marks
	})
}
