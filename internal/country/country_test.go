package country

import (
	"strings"
	"testing"
)

func TestAlpha2(t *testing.T) {
	for code, want := range map[string]string{
		"ES": "ES", "es": "ES", "ESP": "ES", "irl": "IE", "EL": "GR", "GRC": "GR", "UK": "GB", "XI": "GB", "1A0": "XK", "XKK": "XK", "AND": "AD", "ZWE": "ZW",
		"": "", "E": "", "XX": "", "EUR": "", "XXX": "", "SPAIN": "", "E S": "", "ÄÖ": "", " ES": "",
		"DA": "", // stands inside ADAND, and is no code
	} {
		if got, ok := Alpha2(code); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", code, got, ok)
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	words := strings.Fields(countries)
	if len(words) != 250 { // ISO 3166-1 has 249, and Kosovo
		t.Errorf("%d countries", len(words))
	}
	for _, w := range words {
		if len(w) != 5 || seen[w[:2]] || seen[w[2:]] {
			t.Errorf("%q is malformed or stands twice", w)
		}
		seen[w[:2]], seen[w[2:]] = true, true
	}
}
