package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

func sample() *verdict.Verdict {
	v := &verdict.Verdict{AsOf: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Policy: verdict.PolicyNote{Name: "authentic"}}
	for _, n := range verdict.Mandatory() {
		v.Checks = append(v.Checks, verdict.New(n, verdict.OK))
	}
	return v
}

func TestHeadline(t *testing.T) {
	v := sample()
	v.Settle()
	if got := Headline(v); got != "VERIFIED (issuer not identified)" {
		t.Error(got)
	}
	v.Issuer.Fields = []verdict.Field{{Name: verdict.FieldLegalName, Value: "X", State: verdict.Proven, By: []string{"Root"}}}
	if got := Headline(v); got != "VERIFIED" {
		t.Error(got)
	}
	v.Checks = append(v.Checks, verdict.New(verdict.Status, verdict.Revoked))
	v.Settle()
	if got := Headline(v); got != "INVALID: The issuer has revoked the credential." {
		t.Error(got)
	}
	if got := Headline(&verdict.Verdict{}); !strings.HasPrefix(got, "NOT ESTABLISHED") {
		t.Error(got)
	}
}

func TestHostileTextIsQuoted(t *testing.T) {
	v := sample()
	v.Subject.Name = "Ana\x1b[31m\u202eevil\nVERIFIED"
	v.Settle()
	var b bytes.Buffer
	if err := Render(&b, v, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\u202e", "\nVERIFIED"} {
		if strings.Contains(b.String()[1:], bad) {
			t.Errorf("%q reached the terminal:\n%s", bad, b.String())
		}
	}
}

// The age of what a good verdict rests on is not hidden with the rows that
// passed.
func TestAgeIsShown(t *testing.T) {
	v := sample()
	for i, c := range v.Checks {
		if c.Name == verdict.Freshness {
			v.Checks[i] = c.Aged(3 * time.Hour)
		}
	}
	v.Settle()
	var b bytes.Buffer
	if err := Render(&b, v, Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "VERIFIED") || !strings.Contains(b.String(), "3 h old") {
		t.Errorf("no age in:\n%s", b.String())
	}
}

// Every code of the registry has words.
func TestEveryCodeHasWords(t *testing.T) {
	for _, s := range verdict.Codes() {
		if meaning(verdict.Check{Name: s.Check, Code: s.Code}) == string(s.Code) {
			t.Errorf("%s: %s has no sentence", s.Check, s.Code)
		}
	}
}
