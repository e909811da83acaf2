package proof

import (
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// FuzzProof puts any JSON in the place of a proof beside documents that have a
// good one: every outcome is the original proof or one of the typed refusals.
func FuzzProof(f *testing.F) {
	v := loadPRC(f)
	r, loader := keyring(f), legacyLoader(f)
	var docs []map[string]any
	add := func(doc map[string]any) {
		b, err := strictjson.Canonical(doc["proof"])
		if err != nil {
			f.Fatal(err)
		}
		docs = append(docs, without(doc, "proof"))
		f.Add(uint8(len(docs)-1), b)
	}
	for _, s := range []struct {
		suite string
		kind  key.Kind
	}{
		{EdDSAJCS2022, key.Ed25519}, {EdDSARDFC2022, key.Ed25519}, {Ed25519Signature2020, key.Ed25519}, {ECDSAJCS2019, key.P256},
		{ECDSARDFC2019, key.P384}, {ECDSASD2023, key.P256}, {JSONWebSignature2020, key.P256},
	} {
		add(signedBy(f, r, s.suite, s.kind, loader))
	}
	add(v.tree(f, "addSignedSDBase.json"))
	f.Add(uint8(0), []byte(`[{"id":"a","previousProof":"b"},{"id":"b","previousProof":["a"]}]`))
	refusals := []error{ErrMissing, ErrMalformed, ErrSuite, ErrPurpose, ErrTransform, ErrSignature, ErrChain, ErrTooMany, ErrBaseProof,
		key.ErrKey, key.ErrKind, key.ErrPrivate, key.ErrWeak}
	typed := func(err error) bool {
		for _, want := range refusals {
			if errors.Is(err, want) {
				return true
			}
		}
		return false
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		p, err := strictjson.Parse(b, strictjson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			return
		}
		doc := without(docs[int(n)%len(docs)])
		doc["proof"] = p
		rep, err := Verify(t.Context(), doc, didKeys, Options{Loader: loader})
		if err != nil {
			if !typed(err) {
				t.Fatal(err)
			}
			return
		}
		for _, p := range rep.Proofs {
			if p.Err != nil && !typed(p.Err) {
				t.Fatal(p.Err)
			}
		}
		derived, err := Derive(doc, []string{"/credentialSubject"}, loader, jsonld.Limits{})
		if (err == nil) != (derived != nil) || err != nil && !typed(err) && !errors.Is(err, ErrPointer) {
			t.Fatal(err)
		}
	})
}

// FuzzPointer selects by any pointer: what is selected is part of the document,
// and a pointer that leads nowhere is said to.
func FuzzPointer(f *testing.F) {
	for _, s := range []string{"/credentialSubject/course/1/title", "/credentialSubject/a~1b~0c", "/type/0", "/@context", "", "/", "/issuer/~", "/credentialSubject/tag/01"} {
		f.Add(s)
	}
	doc := diploma()
	whole, err := strictjson.Canonical(doc)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		out, err := selectFrom(doc, []string{pointer})
		switch {
		case err == nil:
			again, err := selectFrom(out, []string{"/type"})
			if err != nil || len(again) == 0 || len(out) > len(doc) {
				t.Fatalf("%q selects %v, %v", pointer, out, err)
			}
		case !errors.Is(err, ErrPointer):
			t.Fatal(err)
		}
		if after, err := strictjson.Canonical(doc); err != nil || string(after) != string(whole) {
			t.Fatalf("%q changed the document, %v", pointer, err)
		}
	})
}
