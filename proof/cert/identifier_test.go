package cert

import (
	"errors"
	"strings"
	"testing"
)

func TestParseIdentifier(t *testing.T) {
	for _, c := range []struct {
		in                     string
		scheme, country, value string
		person                 bool
	}{
		{"VATES-A00000000", "VAT", "ES", "A00000000", false},
		{"NTRDE-HRB 12345", "NTR", "DE", "HRB 12345", false},
		{"PSDES-BDE-3DFD21", "PSD", "ES", "BDE-3DFD21", false},
		{"LEIXG-529900T8BM49AURSDO55", "LEI", "XG", "529900T8BM49AURSDO55", false},
		{"EI:SE-5567971433", "EI:", "SE", "5567971433", false},
		{"VATEU-123", "VAT", "EU", "123", false},
		{"GOVBE-0316380841", "GOV", "BE", "0316380841", false},
		{"PNOFI-131052308T", "PNO", "FI", "131052308T", true},
		{"IDCBE-590082394654", "IDC", "BE", "590082394654", true},
		{"PASSK-P3000180", "PAS", "SK", "P3000180", true},
		{"TINIT-AAAAAA00A00A000A", "TIN", "IT", "AAAAAA00A00A000A", true},
	} {
		id, err := ParseIdentifier(c.in)
		if err != nil || id != (Identifier{c.scheme, c.country, c.value, c.in}) || id.NaturalPerson() != c.person {
			t.Errorf("%s: %+v, %v", c.in, id, err)
		}
	}
	for name, in := range map[string]string{
		"empty": "", "word": "eidasIdentifier123", "small letters": "vates-A00000000", "no country": "VAT-A00000000",
		"no hyphen": "VATESA00000000", "no value": "VATES-", "space first": " VATES-A00000000", "line end": "VATES-A\n0",
		"Cyrillic A": "V\u0410TES-A00000000", "two letters": "EISE-5567971433", "too long": "VATES-" + strings.Repeat("1", 300),
		"129 characters": "VATES-" + strings.Repeat("1", 129), "129 bytes that are no text": "VATES-" + strings.Repeat("\xff", 129),
		"LEI with wrong digits": "LEIXG-529900T8BM49AURSDO56", "LEI of a country": "LEIES-529900T8BM49AURSDO55", "LEI too short": "LEIXG-529900T8BM49AURSDO5",
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := ParseIdentifier(in); !errors.Is(err, ErrIdentifier) || id != (Identifier{Raw: in}) {
				t.Errorf("%+v, %v", id, err)
			}
		})
	}
}

// Characters are counted, not bytes.
func TestLongestIdentifier(t *testing.T) {
	for _, number := range []string{strings.Repeat("1", maxNumber), strings.Repeat("\u00c5", 124)} {
		if id, err := ParseIdentifier("VATES-" + number); err != nil || id.Value != number {
			t.Errorf("%d bytes: %v", len(number), err)
		}
	}
}

func TestIdentifierEqual(t *testing.T) {
	base := Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}
	for _, c := range []struct {
		name string
		a, b Identifier
		want bool
	}{
		{"same", base, base, true},
		{"small letters, spaces, dots", base, Identifier{Scheme: "vat", Country: "es", Value: "a 000.000-00"}, true},
		{"alpha-3", base, Identifier{Scheme: "VAT", Country: "ESP", Value: "A00000000"}, true},
		{"country in the number", base, Identifier{Scheme: "VAT", Country: "ES", Value: "ESA00000000"}, true},
		{"Greece", Identifier{Scheme: "VAT", Country: "EL", Value: "EL123456789"}, Identifier{Scheme: "VAT", Country: "GRC", Value: "123456789"}, true},
		{"Northern Ireland", Identifier{Scheme: "VAT", Country: "XI", Value: "123456789"}, Identifier{Scheme: "VAT", Country: "UK", Value: "GB123456789"}, true},
		{"LEI in any country", Identifier{Scheme: "LEI", Country: "XG", Value: "529900T8BM49AURSDO55"}, Identifier{Scheme: "LEI", Value: "529900t8bm49aursdo55"}, true},
		{"other text, same number", Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000", Raw: "x"}, base, true},
		{"other value", base, Identifier{Scheme: "VAT", Country: "ES", Value: "B00000000"}, false},
		{"other country", base, Identifier{Scheme: "VAT", Country: "PT", Value: "A00000000"}, false},
		{"other scheme", base, Identifier{Scheme: "NTR", Country: "ES", Value: "A00000000"}, false},
		{"nothing equals nothing", Identifier{}, Identifier{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
				t.Errorf("want %v", c.want)
			}
		})
	}
}

func FuzzIdentifier(f *testing.F) {
	f.Add("VATES-A00000000")
	f.Add("EI:SE-5567971433")
	f.Add("LEIXG-529900T8BM49AURSDO55")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseIdentifier(s)
		if id.Raw != s {
			t.Errorf("raw %q", id.Raw)
		}
		if err == nil && id.Scheme+id.Country+"-"+id.Value != s {
			t.Errorf("%q came back as %+v", s, id)
		}
		if c := id.Canonical(); c != c.Canonical() && id.Scheme != schemeVAT {
			t.Errorf("%+v has no canonical form", id)
		}
	})
}
