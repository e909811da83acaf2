package legal

import (
	"errors"
	"testing"
)

// Numbers whose check digits are right; every other value of every digit of the
// number part is found to be wrong, but for what the rule itself cannot tell.
func TestCheckDigits(t *testing.T) {
	for _, c := range []struct {
		id    string
		blind int // single changes that the rule does not notice: the Netherlands have two rules
	}{
		{"VAT AT U13585627", 0}, {"VAT BE 0428759497", 0}, {"VAT DE 136695976", 0}, {"VAT DK 13585628", 0}, {"VAT EE 100931558", 0},
		{"VAT ES A00000000", 0}, {"VAT ES B58378431", 0}, {"VAT ES J99216582", 0}, {"VAT ES 54362315K", 0}, {"VAT ES X5253868R", 0},
		{"VAT FI 20774740", 0}, {"VAT FR 40303265045", 0}, {"VAT FR 23334175221", 0}, {"VAT GR 094259216", 0}, {"VAT HR 33392005961", 0}, {"VAT HU 12892312", 0},
		{"VAT IE 6433435F", 0}, {"VAT IE 6433435OA", 0}, {"VAT IE 8D79739I", 0}, {"VAT IT 00743110157", 0}, {"VAT LU 15027442", 0}, {"VAT MT 11679112", 0},
		{"VAT NL 004495445B01", 1}, {"VAT PL 8567346215", 0}, {"VAT PT 501964843", 0}, {"VAT SE 556188840401", 0}, {"VAT SI 50223054", 0}, {"VAT SK 2022749619", 0},
		{"LEI 529900T8BM49AURSDO55", 0},
		{"ROR 03yrm5c26", 0}, {"ROR 042nb2s44", 0}, {"ROR 05dxps055", 0}, {"ROR https://ror.org/01an7q238", 0},
	} {
		t.Run(c.id, func(t *testing.T) {
			id, err := ParseIdentifier(c.id)
			if err != nil {
				t.Fatal(err)
			}
			if err := id.CheckDigits(); err != nil {
				t.Fatal(err)
			}
			missed := 0
			for i := range id.Value {
				if id.Value[i] < '0' || id.Value[i] > '9' || id.Scheme == schemeROR && i == 0 {
					continue
				}
				if last2 := id.Scheme == schemeVAT && (id.Country == "SE" || id.Country == "NL") && i >= len(id.Value)-2; last2 {
					continue // the number of the establishment
				}
				for d := byte('0'); d <= '9'; d++ {
					b := []byte(id.Value)
					if b[i] == d {
						continue
					}
					b[i] = d
					other := Identifier{Scheme: id.Scheme, Country: id.Country, Value: string(b)}
					if other.Check() != nil {
						continue // refused by its form already
					}
					if err := other.CheckDigits(); err == nil {
						missed++
						t.Logf("%s passes", other)
					} else if !errors.Is(err, ErrCheckDigits) {
						t.Errorf("%s: %v", other, err)
					}
				}
			}
			if missed != c.blind {
				t.Errorf("%d single changes pass, want %d", missed, c.blind)
			}
		})
	}
	for _, id := range []string{"VAT CZ 12345678", "NTR ES 1", "PIC 999999999"} {
		got, err := ParseIdentifier(id)
		if err != nil || got.CheckDigits() != nil {
			t.Errorf("%s: no rule is known for it, and it is found wrong: %v %v", id, err, got.CheckDigits())
		}
	}
}

// Each scheme has one spelling in which it is compared.
func TestSchemes(t *testing.T) {
	for _, c := range []struct {
		in, want string // want "": refused
	}{
		{"VATES-A00000000", "VAT ES A00000000"}, {"VATEL-094259216", "VAT GR 094259216"}, {"VATXI-123456789", "VAT GB 123456789"},
		{"LEIXG-529900T8BM49AURSDO55", "LEI 529900T8BM49AURSDO55"}, {"NTRSE-556036-0793", "NTR SE 5560360793"},
		{"EI:SE-5560360793", "EI: SE 5560360793"}, {"VATEU-123456789", "VAT EU 123456789"},
		{"EUID SEBOLREG.5560360793", "EUID SEBOLREG.5560360793"}, {"EUID dek1101r.hrb116737", "EUID DEK1101R.HRB116737"},
		{"EUID 5560360793", ""}, {"EUID XXREG.1", ""}, {"EUID SEBOLREG5560360793", ""},
		{"EORI DE123456", "EORI DE123456"}, {"EORI DE 123456", "EORI DE123456"}, {"EORI 1", ""},
		{"ROR https://ror.org/042nb2s44", "ROR 042NB2S44"}, {"ROR 142nb2s44", ""}, {"ROR 042nb2s4", ""},
		{"GRID grid.5491.9", "GRID GRID.5491.9"}, {"GRID 5491.9", ""},
		{"PIC 999976687", "PIC 999976687"}, {"PIC 99997668", ""}, {"PIC 99997668A", ""},
		{"ETER AT0001", "ETER AT0001"}, {"ETER 0001", ""},
		{"SCHAC Uni.Example.", "SCHAC uni.example"}, {"SCHAC urn:schac:homeOrganization:uni.example", "SCHAC uni.example"},
		{"SCHAC uni", ""}, {"SCHAC https://uni.example", ""}, {"SCHAC un\u0456.example", ""},
		{"VAT A00000000", ""}, {"VAT ES A0000000\u0410", ""}, {"VAT QQ 1", ""}, {"PNOES-12345678Z", "PNO ES 12345678Z"},
	} {
		id, err := ParseIdentifier(c.in)
		if got := id.String(); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s: %q %v, want %q", c.in, got, err, c.want)
		}
	}
}

// Which pairs are one thing, which exclude each other, and which say nothing.
func TestRelations(t *testing.T) {
	for _, c := range []struct {
		a, b              string
		equal, comparable bool
	}{
		{"EUID SEBOLREG.5560360793", "NTR SE 556036-0793", true, true},
		{"EUID SEBOLREG.5560360793", "NTR SE 5560360794", false, true},
		{"EUID NLNHR.12345678", "NTR NL 12345678", true, true},
		{"EUID DEK1101R.HRB116737", "NTR DE HRB116737", false, false}, // a number of one court
		{"EUID DEK1101R.HRB116737", "EUID DEK1101.RHRB116737", false, true},
		{"EUID SEBOLREG.5560360793", "VAT SE 556036079301", false, false},
		{"SCHAC a.example", "SCHAC b.example", false, false},
		{"PIC 999976687", "PIC 999976688", false, false},
		{"ETER AT0001", "ETER AT0002", false, true},
		{"VAT ES A00000000", "VAT IE 6433435F", false, false},
	} {
		a, errA := ParseIdentifier(c.a)
		b, errB := ParseIdentifier(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if a.Equal(b) != c.equal || b.Equal(a) != c.equal || a.Comparable(b) != c.comparable || b.Comparable(a) != c.comparable {
			t.Errorf("%s and %s: equal %v, comparable %v", c.a, c.b, a.Equal(b), a.Comparable(b))
		}
	}
}

func FuzzParseIdentifier(f *testing.F) {
	for _, s := range []string{"VAT ES A00000000", "VATES-A00000000", "LEI 529900T8BM49AURSDO55", "EUID SEBOLREG.5560360793", "SCHAC uni.example",
		"EI:SE-1", "ROR 042nb2s44", "VAT IE 8D79739I", "VAT NL 004495445B01", "EORI DE 1", "x", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseIdentifier(s)
		if err != nil {
			if !errors.Is(err, ErrIdentifier) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		_ = id.CheckDigits()
		if c := id.Canonical(); c != c.Canonical() {
			t.Fatalf("%q: %+v is not canonical", s, c)
		}
		if !id.Equal(id) {
			t.Fatalf("%q is not itself", s)
		}
		back, err := ParseIdentifier(id.String())
		if err != nil || !back.Equal(id) {
			t.Fatalf("%q: %q comes back as %+v: %v", s, id, back, err)
		}
	})
}
