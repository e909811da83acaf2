//go:build system

package credentials

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// TestCorners looks where implementations tend to differ. Each case signs a badge
// that was altered first; want is the code that we give, or "" when we accept,
// and theirs whether they accept.
func TestCorners(t *testing.T) {
	at := time.Now()
	hour := func(n int) string { return proof.FormatTime(at.Add(time.Duration(n) * time.Hour)) }
	type corner struct {
		name   string
		before func(doc map[string]any)
		sign   func(*proof.SignOptions)
		after  func(doc map[string]any)
		want   verdict.Code
		theirs bool
	}
	number := func(n string, theirs bool) corner {
		return corner{name: "number " + n, theirs: theirs, before: func(doc map[string]any) {
			doc["credentialSubject"].(map[string]any)["creditsEarned"] = json.Number(n)
		}}
	}
	characters := func(from, to rune, theirs bool) corner {
		return corner{name: fmt.Sprintf("characters %04x to %04x", from, to), theirs: theirs, before: func(doc map[string]any) {
			var tags []any
			for r := from; r <= to; r++ {
				tags = append(tags, "a"+string(r)+"b")
			}
			doc["credentialSubject"].(map[string]any)["achievement"].(map[string]any)["tag"] = tags
		}}
	}
	cases := []corner{
		// Data Integrity 1.0 section 2.1 says what the two members mean; their
		// verifier looks at the form alone.
		{name: "proof past its expires", sign: func(o *proof.SignOptions) { e := at.Add(-time.Hour); o.Expires = &e }, want: verdict.ProofExpired, theirs: true},
		{name: "proof made tomorrow", sign: func(o *proof.SignOptions) { o.Created = at.Add(24 * time.Hour) }, want: verdict.ProofCreatedInFuture, theirs: true},
		{name: "for another purpose", sign: func(o *proof.SignOptions) { o.Purpose = proof.Authentication }, want: verdict.ProofWrongPurpose},
		{name: "by another than the issuer", before: func(doc map[string]any) { doc["issuer"] = "did:example:another" }, want: verdict.SignerNotIssuer},
		{name: "past its validUntil", before: func(doc map[string]any) { doc["validUntil"] = hour(-1) }, want: verdict.Expired},
		{name: "before its validFrom", before: func(doc map[string]any) { doc["validFrom"] = hour(1) }, want: verdict.NotYetValid},
		{name: "a context that changes nothing added at the end", theirs: true, after: func(doc map[string]any) {
			doc["@context"] = append(doc["@context"].([]any), "https://w3id.org/security/data-integrity/v2")
		}},
		number("0", true), number("-0", true), number("1.0", true), number("4e0", true), number("0.1", true), number("2.50", true),
		number("1234567.125", true), number("1.5e-7", true), number("1e21", true), number("-3.5", true),
		characters(0, 0x1f, true), characters(0x20, 0x9f, true), characters(0x2028, 0x202f, true), characters(0xfff0, 0xfffd, true), characters(0x1f600, 0x1f60f, true),
	}
	only := map[string][]corner{
		proof.EdDSARDFC2022: {
			{name: "a member without a meaning added", after: func(doc map[string]any) { doc["nonsense"] = "x" }, want: verdict.NotChecked},
			// JSON-LD 1.1 API section 8.2.2: a number with a fraction is a double. Theirs
			// goes by whether its text has a point, and signs 0 for these.
			number("1e-7", false), number("5e-324", false),
			// RDFC-1.0 appendix A: what is no character of XML 1.1 is escaped. Theirs
			// leaves it as it is.
			characters(0xfffe, 0xffff, false),
		},
		proof.EdDSAJCS2022: {
			{name: "a member without a meaning added", after: func(doc map[string]any) { doc["nonsense"] = "x" }, want: verdict.SignatureInvalid},
			number("1e-7", true), number("5e-324", true), characters(0xfffe, 0xffff, true),
		},
	}
	for _, suite := range []string{proof.EdDSARDFC2022, proof.EdDSAJCS2022} {
		for _, c := range append(cases, only[suite]...) {
			t.Run(suite+"/"+c.name, func(t *testing.T) {
				k, issuer, method := ourKey(t, key.Ed25519)
				doc := file("badge").by(t, issuer)
				if c.before != nil {
					c.before(doc)
				}
				opt := proof.SignOptions{Suite: suite, VerificationMethod: method}
				if c.sign != nil {
					c.sign(&opt)
				}
				signed := tree(t, sign(t, doc, k, opt))
				if c.after != nil {
					c.after(signed)
				}
				compare(t, suite, c.name, encode(t, signed), them("di.verify"), us, c.want, c.theirs)
			})
		}
	}
}
