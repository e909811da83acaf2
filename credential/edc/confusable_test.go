package edc

import (
	"context"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

func TestConfusableSample(t *testing.T) {
	tree, err := strictjson.ParseObject(sample(t, "elm-credential-sample-homoglyph.jsonld"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := Confusables(tree)
	if want := []Confusable{{"issuer.eIDAS\u0399dentifier", "eIDASIdentifier", '\u0399'}}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v", got)
	}
	rows := ConfusableRows(tree)
	if len(rows) != 1 || rows[0].Result != verdict.Warn || rows[0].Params["char"] != "U+0399" {
		t.Errorf("%+v", rows)
	}
	for _, name := range []string{"edc-mc-annex1-unsigned.jsonld", "ob3-complete-endorsed-issuer.json"} {
		tree, err := strictjson.ParseObject(sample(t, name), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := Confusables(tree); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestConfusableNames(t *testing.T) {
	for _, c := range []struct{ name, looks string }{
		{"issuer", ""}, {"eIDASIdentifier", ""}, {"eidasidentifier", ""},
		{"eIDAS\u0399dentifier", "eIDASIdentifier"},        // Greek capital iota
		{"eIDAS\u0406dentifier", "eIDASIdentifier"},        // Cyrillic I
		{"i\u0455suer", "issuer"},                          // Cyrillic dze
		{"\u0456ssu\u0435r", "issuer"},                     // two Cyrillic letters
		{"lega\u04cfName", "legalName"},                    // palochka
		{"\uff49\uff53\uff53\uff55\uff45\uff52", "issuer"}, // full width
		{"issu\u200ber", "issuer"},                         // zero width space
		{"\ufeffissuer", "issuer"},                         // byte order mark
		{"vat\u0399dentif\u03b9er", "vatIdentifier"},
		{"n\u03bftation", "notation"}, // omicron
		{"\u0430\u0430\u0430", ""},    // looks like no known name
		{"éissuer", ""}, {"issüer", ""}, {"Έκδοση", ""}, {"название", ""}, {"\u200b", ""}, {"issu\xffer", ""},
	} {
		tree := map[string]any{"a": []any{map[string]any{c.name: "x"}}}
		got := Confusables(tree)
		if c.looks == "" {
			if len(got) > 0 {
				t.Errorf("%q: %+v", c.name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Looks != c.looks || got[0].Path != "a[0]."+c.name || got[0].Rune < 0x80 {
			t.Errorf("%q: %+v", c.name, got)
		}
	}
	many := make([]any, 100)
	for i := range many {
		many[i] = map[string]any{"i\u0455suer": i}
	}
	if got := Confusables(many); len(got) != maxConfusables || got[0].Path != "[0].i\u0455suer" {
		t.Errorf("%d findings, %+v", len(got), got[0])
	}
}

// The table is pairs, each of one letter that is not ASCII and one that is,
// and holds no letter twice as a look-alike.
func TestLookalikes(t *testing.T) {
	seen := make(map[rune]bool)
	for rest := lookalikes; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		if r < 0x80 || len(rest) <= n || rest[n] >= 0x80 || seen[r] {
			t.Fatalf("the table is out of step at %q", rest)
		}
		seen[r] = true
		rest = rest[n+1:]
	}
}

// A look-alike never counts as the name: the claim it hides is not read.
func TestConfusableIsNoAlias(t *testing.T) {
	f := document()
	issuer := f["issuer"].(map[string]any)
	issuer["eIDAS\u0399dentifier"] = issuer["eIDASIdentifier"]
	delete(issuer, "eIDASIdentifier")
	got := Open(context.Background(), []byte(write(t, f)), credential.Options{At: now()})
	if got.OK {
		t.Error("an unsealed file passes")
	}
	if rows, named, _ := legal(issuer, &cert.Facts{Identifier: cert.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000", Raw: "VATES-A00000000"}}); named || len(rows) > 0 {
		t.Errorf("read as an alias: %v", rows)
	}
}
