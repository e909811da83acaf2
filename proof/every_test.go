package proof

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// leaf is a text in a tree, with a pointer to it and a way to replace it.
type leaf struct {
	pointer, text string
	set           func(string)
}

func leaves(v any, at string, set func(string)) (out []leaf) {
	switch v := v.(type) {
	case string:
		out = append(out, leaf{at, v, set})
	case map[string]any:
		for name, e := range v {
			step := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			out = append(out, leaves(e, at+"/"+step, func(s string) { v[name] = s })...)
		}
	case []any:
		for i, e := range v {
			out = append(out, leaves(e, at+"/"+strconv.Itoa(i), func(s string) { v[i] = s })...)
		}
	}
	return out
}

// Under every suite, every text of the document and of the proof is covered:
// changed by itself, the proof does not hold.
func TestEveryTextIsCovered(t *testing.T) {
	r, loader := keyring(t), legacyLoader(t)
	for _, s := range []struct {
		suite string
		kind  key.Kind
	}{
		{EdDSAJCS2022, key.Ed25519}, {EdDSARDFC2022, key.Ed25519}, {Ed25519Signature2020, key.Ed25519}, {ECDSAJCS2019, key.P256},
		{ECDSAJCS2019, key.P384}, {ECDSARDFC2019, key.P256}, {ECDSARDFC2019, key.P384}, {ECDSASD2023, key.P256}, {JSONWebSignature2020, key.RSA},
	} {
		t.Run(s.suite+" "+s.kind.String(), func(t *testing.T) {
			doc := signedBy(t, r, s.suite, s.kind, loader)
			opt := Options{Loader: loader, Look: func(jsonld.View) {}}
			rep, err := Verify(t.Context(), doc, r.keys(s.kind), opt)
			if err != nil || !rep.OK() {
				t.Fatalf("%v %+v", err, rep)
			}
			if rep.Expanded != (!isJCS(s.suite) && s.suite != ECDSASD2023) {
				t.Errorf("expanded: %v", rep.Expanded)
			}
			for _, l := range leaves(doc, "", nil) {
				// A context is covered by what it means; under jcs by its name.
				if strings.HasPrefix(l.pointer, "/@context") && !isJCS(s.suite) {
					continue
				}
				changed := l.text + "x"
				if l.pointer == "/proof/jws" || l.pointer == "/proof/proofValue" {
					changed = flip(l.text)
				}
				l.set(changed)
				rep, err := Verify(t.Context(), doc, r.keys(s.kind), opt)
				if err != nil {
					t.Fatal(err)
				}
				got := rep.Proofs[0].Err
				if got == nil || rep.Expanded {
					t.Errorf("%s can be changed", l.pointer)
				}
				if strings.HasSuffix(l.pointer, "/credentialSubject/name") && !errors.Is(got, ErrSignature) {
					t.Errorf("%s: %v, want ErrSignature", l.pointer, got)
				}
				l.set(l.text)
			}
		})
	}
}

// flip changes one character in the middle of an encoded value.
func flip(s string) string {
	b := []byte(s)
	i := len(b) / 2
	if b[i]++; b[i] == 'z'+1 || b[i] == '9'+1 || b[i] == 'Z'+1 {
		b[i] = 'A'
	}
	return string(b)
}

// Whatever a holder selects: the derived proof holds, every text that was
// selected is there, and none that was not.
func TestDeriveAnySelection(t *testing.T) {
	loader := loaderWithExamples(t)
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := diploma()
	all := leaves(plain["credentialSubject"], "/credentialSubject", nil)
	slices.SortFunc(all, func(a, b leaf) int { return strings.Compare(a.pointer, b.pointer) })
	for i, l := range all {
		if !strings.Contains(l.pointer, "/type") {
			l.set("text number " + strconv.Itoa(i)) // each is told from the others
			all[i].text = `"text number ` + strconv.Itoa(i) + `"`
		}
	}
	method := k.Public().DIDKey() + "#" + k.Public().Multikey()
	signed, err := Sign(t.Context(), plain, k, SignOptions{Suite: ECDSASD2023, VerificationMethod: method, Loader: loader})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var pointers []string
		chosen := map[string]bool{}
		for _, l := range all {
			if rapid.Bool().Draw(t, l.pointer) {
				pointers = append(pointers, l.pointer)
				chosen[l.pointer] = true
			}
		}
		derived, err := Derive(signed, rapid.Permutation(pointers).Draw(t, "order"), loader, jsonld.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := Verify(t.Context(), derived, didKeys, Options{Loader: loader})
		if err != nil || !rep.OK() {
			t.Fatalf("%v %+v", err, rep)
		}
		text, err := strictjson.Canonical(rep.Document)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			if strings.HasPrefix(l.text, `"`) && strings.Contains(string(text), l.text) != chosen[l.pointer] {
				t.Fatalf("%s: chosen %v, but in %s", l.pointer, chosen[l.pointer], text)
			}
		}
	})
}
