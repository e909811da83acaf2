package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// TestNoPresentation: what cannot be read as a presentation says so with the code
// that fits, and is never verified.
func TestNoPresentation(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	v := New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Clock: func() time.Time { return now }})
	p, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body string
		check      verdict.CheckName
		code       verdict.Code
	}{
		{"nothing", "", verdict.Format, verdict.ParsingError},
		{"no JSON", "{", verdict.Format, verdict.ParsingError},
		{"a credential", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"]}`, verdict.Format, verdict.MalformedValue},
		{"no context", `{"type":["VerifiablePresentation"]}`, verdict.Format, verdict.MalformedValue},
		{"more credentials than are read", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[` +
			strings.Repeat("{},", 64) + `{}]}`, verdict.Format, verdict.TooLarge},
		{"deep", strings.Repeat(`{"a":`, 65) + "0" + strings.Repeat("}", 65), verdict.Format, verdict.TooComplex},
		{"alg none", "eyJhbGciOiJub25lIn0.e30.AA", verdict.Integrity, verdict.AlgorithmRefused},
		{"a token of another type", "eyJhbGciOiJFUzI1NiIsInR5cCI6InN0YXR1c2xpc3Qrand0In0.e30.AA", verdict.Format, verdict.TokenType},
		{"an unknown critical header", "eyJhbGciOiJFUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AA", verdict.Format, verdict.ParsingError},
	} {
		out := v.Presentation(t.Context(), []byte(c.body), p, time.Time{})
		if len(out.Checks) != 1 || out.Checks[0].Name != c.check || out.Checks[0].Code != c.code || out.Outcome == verdict.Verified {
			t.Errorf("%s: %v %+v", c.name, out.Outcome, out.Checks)
		}
	}
	empty := v.Presentation(t.Context(), []byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), p, time.Time{})
	if empty.Outcome != verdict.Indeterminate || !empty.Unsigned {
		t.Errorf("an empty envelope: %+v", empty)
	}
}
