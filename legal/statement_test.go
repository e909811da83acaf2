package legal

import (
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// full is an organisation with everything that one may state.
func full() Organisation {
	o := organisation()
	o.LegalNames = append(o.LegalNames, Name{Value: "Example University", Lang: "en"})
	o.Identifiers = []Identifier{{Scheme: "LEI", Value: "529900T8BM49AURSDO55"}, {Scheme: "SCHAC", Value: "uni.example"}}
	o.AltNames = []Name{{Value: "UdE"}}
	o.Parent = &Relation{Name: "Ministry of Examples"}
	o.OnBehalfOf = []Relation{{DID: "did:web:school.example"}, {ID: Identifier{Scheme: "NTR", Country: "ES", Value: "4711"}}}
	return o
}

func signer(t *testing.T) (key.Private, string) {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k, k.Public().DIDKey()
}

func parse(t *testing.T, b []byte) *credential.Credential {
	t.Helper()
	c, err := credential.Parse(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What an organisation states comes back as it was, with the seals that it quotes.
func TestStatementRoundTrip(t *testing.T) {
	k, did := signer(t)
	seals := []SealBinding{{Digest: "sha256-x", Content: []byte("file")}, {Digest: "sha256-y"}}
	s := Statement{DID: did, Organisation: full(), ValidFrom: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Seals: seals}
	b, err := s.Sign(t.Context(), k, did+"#"+strings.TrimPrefix(did, "did:key:"))
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, b)
	got, err := ReadStatement(c)
	if err != nil || !reflect.DeepEqual(got, full()) {
		t.Errorf("%+v %v", got, err)
	}
	quoted, err := ReadSeals(c)
	if err != nil || len(quoted) != 2 || quoted[0].Digest != "sha256-x" || string(quoted[0].Content) != "file" || len(quoted[1].Content) != 0 {
		t.Errorf("%+v %v", quoted, err)
	}
	s.Seals = make([]SealBinding, MaxSeals+1)
	if _, err := s.Sign(t.Context(), k, did+"#x"); !errors.Is(err, ErrStatement) {
		t.Errorf("too many seals: %v", err)
	}
	for name, edit := range map[string]func(sub map[string]any){
		"no digest":     func(sub map[string]any) { sub["sealBinding"] = map[string]any{"content": "eA"} },
		"no base64url":  func(sub map[string]any) { sub["sealBinding"] = map[string]any{"digest": "x", "content": "+"} },
		"a text":        func(sub map[string]any) { sub["sealBinding"] = "x" },
		"too many":      func(sub map[string]any) { sub["sealBinding"] = make([]any, MaxSeals+1) },
		"about another": func(sub map[string]any) { sub["id"] = "did:web:other.example" },
		"larger than any": func(sub map[string]any) {
			sub["sealBinding"] = map[string]any{"digest": "x", "content": strings.Repeat("A", 2*MaxSeal)}
		},
	} {
		c := parse(t, b)
		edit(c.Subjects[0])
		if _, err := ReadSeals(c); !errors.Is(err, ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, sub := range map[string]struct {
		edit func(sub map[string]any)
		want error
	}{
		"a further identifier of a person": {func(sub map[string]any) {
			sub["furtherIdentifiers"] = []any{map[string]any{"scheme": "PNO", "country": "ES", "value": "1"}}
		}, ErrNaturalPerson},
		"a further identifier that is none": {func(sub map[string]any) { sub["furtherIdentifiers"] = []any{1} }, ErrStatement},
		"too many of them":                  {func(sub map[string]any) { sub["furtherIdentifiers"] = make([]any, 17) }, ErrStatement},
		"a parent that is a text":           {func(sub map[string]any) { sub["partOf"] = "x" }, ErrStatement},
		"names that are none":               {func(sub map[string]any) { sub["altNames"] = []any{"x"} }, ErrStatement},
	} {
		c := parse(t, b)
		sub.edit(c.Subjects[0])
		if _, err := ReadStatement(c); !errors.Is(err, sub.want) {
			t.Errorf("%s: %v, want %v", name, err, sub.want)
		}
	}
}

// Each rule for what stands beside the core, broken in one way.
func TestValidateFurther(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Organisation)
		want error
	}{
		{"good", func(*Organisation) {}, nil},
		{"a second number of one register", func(o *Organisation) { o.Identifiers[0] = Identifier{Scheme: "VAT", Country: "ES", Value: "B58378431"} }, ErrOrganisation},
		{"the same number again", func(o *Organisation) { o.Identifiers[0] = o.ID }, nil},
		{"a personal number", func(o *Organisation) { o.Identifiers[0] = Identifier{Scheme: "PNO", Country: "ES", Value: "1"} }, ErrNaturalPerson},
		{"a wrong LEI", func(o *Organisation) { o.Identifiers[0].Value = "529900T8BM49AURSDO56" }, ErrIdentifier},
		{"an empty relation", func(o *Organisation) { o.OnBehalfOf[0] = Relation{} }, ErrOrganisation},
		{"a relation by a URL", func(o *Organisation) { o.OnBehalfOf[0] = Relation{DID: "https://x.example"} }, ErrOrganisation},
		{"a relation to a person", func(o *Organisation) { o.Parent.ID = Identifier{Scheme: "IDC", Country: "ES", Value: "1"} }, ErrNaturalPerson},
		{"a hidden mark in a name", func(o *Organisation) { o.AltNames[0].Value = "a\u200fb" }, ErrOrganisation},
		{"too many names", func(o *Organisation) { o.AltNames = make([]Name, 17) }, ErrOrganisation},
	} {
		o := full()
		c.edit(&o)
		if err := o.Validate(); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	o := full()
	o.ID.Value, o.Identifiers = "A00000001", append(o.Identifiers, Identifier{Scheme: "VAT", Country: "IT", Value: "00743110158"})
	if got := strings.Join(o.WrongDigits(), ", "); got != "VAT ES A00000001, VAT IT 00743110158" {
		t.Errorf("%s", got)
	}
}

// A mandate is about somebody else, names whom, and says since when.
func TestMandateForm(t *testing.T) {
	k, did := signer(t)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := Mandate{By: did, Of: "did:web:uni.example", From: &from, Types: []string{"OpenBadgeCredential"}}
	method := did + "#" + strings.TrimPrefix(did, "did:key:")
	b, err := SignMandate(t.Context(), good, k, method)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadMandate(parse(t, b))
	if err != nil || m.By != did || m.Of != good.Of || m.Types[0] != good.Types[0] || !m.From.Equal(from) {
		t.Errorf("%+v %v", m, err)
	}
	for name, edit := range map[string]func(m *Mandate){
		"about itself": func(m *Mandate) { m.Of = m.By }, "about nobody": func(m *Mandate) { m.Of = "" }, "since never": func(m *Mandate) { m.From = nil },
	} {
		bad := good
		edit(&bad)
		if _, err := SignMandate(t.Context(), bad, k, method); !errors.Is(err, ErrMandate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, edit := range map[string]func(c *credential.Credential){
		"of another type":       func(c *credential.Credential) { c.Types = []string{"VerifiableCredential"} },
		"of nobody":             func(c *credential.Credential) { delete(c.Subjects[0], "id") },
		"of its giver":          func(c *credential.Credential) { c.Subjects[0]["id"] = c.Issuer },
		"of another kind":       func(c *credential.Credential) { c.Subjects[0]["type"] = "Person" },
		"types that are number": func(c *credential.Credential) { c.Subjects[0]["mandatedTypes"] = 1 },
	} {
		c := parse(t, b)
		edit(c)
		if _, err := ReadMandate(c); !errors.Is(err, ErrMandate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOddNames(t *testing.T) {
	for name, odd := range map[string]bool{
		"Universität Wien": false, "Πανεπιστήμιο Αθηνών": false, "Университет": false, "École 42 (Paris)": false, "東京大学": false,
		"Univеrsity": true, "Test\u200bUniversity": true, "\u202eytisrevinU": true, "Ｔest": true, "Αthens University": true,
	} {
		if oddName(name) != odd {
			t.Errorf("%q: %v", name, !odd)
		}
	}
}
