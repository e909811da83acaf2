package legal

import (
	"errors"
	"testing"
)

func organisation() Organisation {
	return Organisation{LegalNames: []Name{{Value: "Universidad de Ejemplo", Lang: "es"}},
		ID: Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: Seat{Country: "ES", Locality: "Madrid"}}
}

// Each rule of an organisation broken in one way.
func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Organisation)
		want error
	}{
		{"good", func(*Organisation) {}, nil},
		{"country by three letters", func(o *Organisation) { o.Seat.Country = "ESP" }, nil},
		{"no name", func(o *Organisation) { o.LegalNames = nil }, ErrOrganisation},
		{"empty name", func(o *Organisation) { o.LegalNames[0].Value = " " }, ErrOrganisation},
		{"direction mark in the name", func(o *Organisation) { o.LegalNames[0].Value = "a\u202eb" }, ErrOrganisation},
		{"language is none", func(o *Organisation) { o.LegalNames[0].Lang = "?" }, ErrOrganisation},
		{"no seat", func(o *Organisation) { o.Seat = Seat{} }, ErrOrganisation},
		{"homepage without TLS", func(o *Organisation) { o.Homepage = "http://uni.example" }, ErrOrganisation},
		{"domain is a URL", func(o *Organisation) { o.Domain = "https://uni.example" }, ErrOrganisation},
		{"no identifier", func(o *Organisation) { o.ID = Identifier{} }, ErrIdentifier},
		{"passport number", func(o *Organisation) { o.ID.Scheme = "PAS" }, ErrNaturalPerson},
		{"personal number", func(o *Organisation) { o.ID.Scheme = "PNO" }, ErrNaturalPerson},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := organisation()
			c.edit(&o)
			if err := o.Validate(); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// Equal identifiers prove, whatever their spelling; others never do.
func TestIdentifiers(t *testing.T) {
	a := Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}
	for _, c := range []struct {
		name  string
		b     Identifier
		equal bool
	}{
		{"the same", a, true},
		{"lower case, with spaces and dots", Identifier{Scheme: "vat", Country: "es", Value: "a 0000.0000"}, true},
		{"three letters", Identifier{Scheme: "VAT", Country: "ESP", Value: "A00000000"}, true},
		{"another value", Identifier{Scheme: "VAT", Country: "ES", Value: "A00000001"}, false},
		{"another country", Identifier{Scheme: "VAT", Country: "PT", Value: "A00000000"}, false},
		{"another scheme", Identifier{Scheme: "NTR", Country: "ES", Value: "A00000000"}, false},
	} {
		if got := a.Equal(c.b); got != c.equal {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if !(Identifier{Scheme: "VAT", Country: "EL", Value: "1"}).Equal(Identifier{Scheme: "VAT", Country: "GR", Value: "1"}) {
		t.Error("EL is Greece")
	}
	back, err := ParseIdentifier(a.String())
	if err != nil || !back.Equal(a) {
		t.Errorf("round trip: %+v %v", back, err)
	}
	if _, err := ParseIdentifier("nonsense"); err == nil {
		t.Error("a word is an identifier")
	}
}

// A scope covers a credential only when it covers every type that says
// something.
func TestScope(t *testing.T) {
	for _, c := range []struct {
		name         string
		scope, types []string
		want         bool
	}{
		{"in scope", []string{"A"}, []string{"VerifiableCredential", "A"}, true},
		{"another type beside it", []string{"A"}, []string{"VerifiableCredential", "A", "B"}, false},
		{"general only, not in scope", []string{"A"}, []string{"VerifiableCredential"}, false},
		{"general, in scope", []string{"OpenBadgeCredential"}, []string{"VerifiableCredential", "OpenBadgeCredential"}, true},
		{"nothing in scope", []string{""}, []string{"VerifiableCredential", "A"}, false},
	} {
		if got := covers(c.scope, c.types); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
