//go:build system

package credentials

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// selections are the parts of each document that a holder shows.
func selections() []struct {
	document
	pointers []string
} {
	return []struct {
		document
		pointers []string
	}{
		{document{"our micro-credential", micro}, []string{"/credentialSubject/name", "/credentialSubject/achievement/name", "/credentialSubject/achievement/eqfLevel", "/placeOfIssue"}},
		{file("plain"), []string{"/credentialSubject"}},
		{file("languages"), []string{"/name/0", "/name/2", "/credentialSubject/2", "/evidence"}},
		{unlisted("badge"), []string{"/credentialSubject/achievement/name", "/credentialSubject/creditsEarned", "/credentialSubject/result/0", "/evidence"}},
	}
}

// unlisted is a document without what JSON-LD makes an ordered list of: a part of
// a list is not a part of a document, and neither side signs one under this suite.
func unlisted(name string) document {
	d := file(name)
	return document{d.name, func(t testing.TB, issuer string) map[string]any {
		t.Helper()
		m := d.by(t, issuer)
		achievement := m["credentialSubject"].(map[string]any)["achievement"].(map[string]any)
		for _, r := range achievement["resultDescription"].([]any) {
			delete(r.(map[string]any), "allowedValue")
		}
		return m
	}}
}

// TestSelectiveList: with the list in it, both sides decline to sign.
func TestSelectiveList(t *testing.T) {
	k, issuer, method := ourKey(t, key.P256)
	unsigned := file("badge").by(t, issuer)
	_, err := proof.Sign(t.Context(), unsigned, k, proof.SignOptions{Suite: proof.ECDSASD2023, VerificationMethod: method, Loader: contexts})
	if !errors.Is(err, proof.ErrTransform) {
		t.Errorf("we say %v", err)
	}
	if a := ask(t, request{Op: "di.sign", Suite: proof.ECDSASD2023, Key: "P-256", Document: encode(t, unsigned)}); a.OK || !strings.Contains(a.Error, "@list") {
		t.Errorf("they say %+v", a)
	}
}

// TestSelectiveShortList: they compact before they look for a pointer, as the
// specification does (VC DI ECDSA 1.0 section 3.4.8), and that makes a list of one
// a mere value unless the context says otherwise. So a pointer into one is only
// understood by us. What we derive with it they verify.
func TestSelectiveShortList(t *testing.T) {
	const pointer = "/evidence/0/narrative"
	d := unlisted("badge")
	k, issuer, method := ourKey(t, key.P256)
	opt := proof.SignOptions{Suite: proof.ECDSASD2023, VerificationMethod: method}
	whole := sign(t, d.by(t, issuer), k, opt)
	part := derive(t, whole, "/credentialSubject", pointer)
	judge(t, exhibit{proof.ECDSASD2023, "base ours, derived ours", "badge, part of a list of one", part,
		bytes.Replace(part, []byte("20 pages"), []byte("21 pages"), 1), them("di.verify"), us, verdict.SignatureInvalid})
	opt.MandatoryPointers = []string{pointer}
	for name, r := range map[string]request{
		"chosen":    {Op: "di.derive", Document: whole, Pointers: []string{pointer}},
		"mandatory": {Op: "di.derive", Document: sign(t, d.by(t, issuer), k, opt), Pointers: []string{"/name"}},
	} {
		if a := ask(t, r); a.OK || !strings.Contains(a.Error, "JSON pointer") {
			t.Errorf("%s: they say %+v", name, a)
		}
	}
}

func derive(t testing.TB, base []byte, pointers ...string) []byte {
	t.Helper()
	derived, err := proof.Derive(tree(t, base), pointers, contexts, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, derived)
}

// TestSelective makes base proofs and derives from them on both sides, each from
// its own and from the other's; the derived document is judged by both.
func TestSelective(t *testing.T) {
	mandatory := []string{"/issuer", "/validFrom"}
	bases := map[string]func(t *testing.T, d document) []byte{
		"ours": func(t *testing.T, d document) []byte {
			k, issuer, method := ourKey(t, key.P256)
			return sign(t, d.by(t, issuer), k, proof.SignOptions{Suite: proof.ECDSASD2023, VerificationMethod: method, MandatoryPointers: mandatory})
		},
		"theirs": func(t *testing.T, d document) []byte {
			unsigned := d.by(t, theirKey(t, "di", "P-256"))
			return must(t, request{Op: "di.sign", Suite: proof.ECDSASD2023, Key: "P-256", Mandatory: mandatory, Document: encode(t, unsigned)}).Document
		},
	}
	parts := map[string]func(t *testing.T, base []byte, pointers []string) []byte{
		"ours": func(t *testing.T, base []byte, pointers []string) []byte { return derive(t, base, pointers...) },
		"theirs": func(t *testing.T, base []byte, pointers []string) []byte {
			return must(t, request{Op: "di.derive", Document: base, Pointers: pointers}).Document
		},
	}
	for _, base := range []string{"ours", "theirs"} {
		for _, derived := range []string{"ours", "theirs"} {
			for _, d := range selections() {
				t.Run(base+" derived by "+derived+"/"+d.name, func(t *testing.T) {
					whole := bases[base](t, d.document)
					for name, why := range map[string]string{"we": us(t, whole), "they": them("di.verify")(t, whole)} {
						if why == "" {
							t.Errorf("%s accept a base proof", name)
						}
					}
					part := parts[derived](t, whole, d.pointers)
					judge(t, exhibit{proof.ECDSASD2023, "base " + base + ", derived " + derived, d.name, part, change(part), them("di.verify"), us, verdict.SignatureInvalid})
				})
			}
		}
	}
}

// Both sides show the same part of one base document.
func TestSelectiveSamePart(t *testing.T) {
	for _, d := range selections() {
		t.Run(d.name, func(t *testing.T) {
			k, issuer, method := ourKey(t, key.P256)
			whole := sign(t, d.by(t, issuer), k, proof.SignOptions{Suite: proof.ECDSASD2023, VerificationMethod: method})
			ours := tree(t, derive(t, whole, d.pointers...))
			theirs := tree(t, must(t, request{Op: "di.derive", Document: whole, Pointers: d.pointers}).Document)
			delete(ours, "proof")
			delete(theirs, "proof")
			if a, b := encode(t, ours), encode(t, theirs); !bytes.Equal(a, b) {
				t.Errorf("ours   %s\ntheirs %s", a, b)
			}
		})
	}
}
