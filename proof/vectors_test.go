package proof

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

func loadTree(t testing.TB, parts ...string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := strictjson.ParseObject(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// loaderWithExamples adds the examples context, which is for tests only.
func loaderWithExamples(t testing.TB) *jsonld.Loader {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "contexts/credentials-examples-v2.jsonld"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := jsonld.Builtin().With("https://www.w3.org/ns/credentials/examples/v2", b)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// didKeys takes the key out of a did:key verification method.
func didKeys(_ context.Context, method, _ string) (key.Public, error) {
	did, _, _ := strings.Cut(method, "#")
	return key.ParseDIDKey(did)
}

func TestEdDSAVectors(t *testing.T) {
	dir := vectors.Path(t, "vectors/di-eddsa")
	loader := loaderWithExamples(t)
	for _, c := range []struct{ name, file, hash string }{
		{"jcs", "eddsa-jcs-2022/signedJCS.json", "eddsa-jcs-2022/combinedHashJCS.txt"},
		{"rdfc", "eddsa-rdfc-2022/signedDataInt.json", "eddsa-rdfc-2022/combinedHashDataInt.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := loadTree(t, dir, c.file)
			rep, err := Verify(t.Context(), doc, didKeys, Options{Loader: loader, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatal(err)
			}
			if !rep.OK() {
				t.Fatalf("%+v", rep.Proofs)
			}
			p, _ := doc["proof"].(map[string]any)
			bare := without(doc, "proof")
			var hash []byte
			if c.name == "jcs" {
				hash, err = HashJCS(bare, p)
			} else {
				hash, err = hashRDFC(bare, p, crypto.SHA256, Options{Loader: loader})
			}
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(dir, c.hash))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(hash); got != strings.TrimSpace(string(want)) {
				t.Errorf("hash %s, want %s", got, want)
			}
		})
	}
}

// Signing the vectors' document with the vectors' key gives their signature.
func TestSignGivesTheVectorsSignature(t *testing.T) {
	dir := vectors.Path(t, "vectors/di-eddsa")
	pair := loadTree(t, dir, "keyPair.json")
	secret, _ := pair["secretKeyMultibase"].(string)
	if secret == "" {
		secret, _ = pair["privateKeyMultibase"].(string)
	}
	raw, err := key.Base58Decode(strings.TrimPrefix(secret, "z"))
	if err != nil || len(raw) < 34 {
		t.Fatalf("secret key of the vectors: %v", err)
	}
	signer, err := key.FromSeed(raw[2:34])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, suite, file string }{
		{"jcs", EdDSAJCS2022, "eddsa-jcs-2022/signedJCS.json"},
		{"rdfc", EdDSARDFC2022, "eddsa-rdfc-2022/signedDataInt.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := loadTree(t, dir, c.file)
			p, _ := want["proof"].(map[string]any)
			method, _ := p["verificationMethod"].(string)
			created, err := ParseTime(p["created"].(string))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Sign(t.Context(), without(want, "proof"), signer, SignOptions{Suite: c.suite,
				VerificationMethod: method, Created: created, Loader: loaderWithExamples(t)})
			if err != nil {
				t.Fatal(err)
			}
			q, _ := got["proof"].(map[string]any)
			if q["proofValue"] != p["proofValue"] {
				t.Errorf("proofValue %v, want %v", q["proofValue"], p["proofValue"])
			}
		})
	}
}

func TestProofSetsAndChains(t *testing.T) {
	dir := vectors.Path(t, "vectors/di-eddsa/proof-set-chain")
	loader := loaderWithExamples(t)
	for name, count := range map[string]int{"signedProofSet1.json": 1, "signedProofSet2.json": 2} {
		t.Run(name, func(t *testing.T) {
			rep, err := Verify(t.Context(), loadTree(t, dir, name), didKeys, Options{Loader: loader})
			if err != nil {
				t.Fatal(err)
			}
			if !rep.OK() || len(rep.Proofs) != count {
				t.Fatalf("%+v", rep.Proofs)
			}
		})
	}
}

func TestChainRules(t *testing.T) {
	ctx := t.Context()
	mk := func() key.Private {
		k, err := key.FromSeed([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := mk()
	method := k.Public().DIDKey() + "#" + k.Public().Multikey()
	base := map[string]any{"type": "Thing", "name": "x"}
	one, err := Sign(ctx, base, k, SignOptions{VerificationMethod: method, ID: "urn:one"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Sign(ctx, one, k, SignOptions{VerificationMethod: method, ID: "urn:two", PreviousProof: []string{"urn:one"}})
	if err != nil {
		t.Fatal(err)
	}
	at := func(doc map[string]any, i int) map[string]any { return doc["proof"].([]any)[i].(map[string]any) }
	cases := []struct {
		name string
		edit func(map[string]any)
		want error // of the second proof, nil when good
	}{
		{"good", func(map[string]any) {}, nil},
		{"dangling", func(d map[string]any) { at(d, 1)["previousProof"] = "urn:none" }, ErrChain},
		{"first one broken", func(d map[string]any) { at(d, 0)["proofPurpose"] = "authentication" }, ErrChain},
		{"in a circle", func(d map[string]any) { at(d, 0)["previousProof"] = "urn:two" }, ErrChain},
		{"not a text", func(d map[string]any) { at(d, 1)["previousProof"] = true }, ErrMalformed},
		{"chain cut off", func(d map[string]any) { delete(at(d, 1), "previousProof") }, ErrSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc := strictjson.Clone(two).(map[string]any)
			c.edit(doc)
			rep, err := Verify(ctx, doc, didKeys, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Proofs[1].Err; !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	dup := strictjson.Clone(two).(map[string]any)
	at(dup, 1)["id"] = "urn:one"
	if _, err := Verify(ctx, dup, didKeys, Options{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("two proofs of one id: %v", err)
	}
}

// Each rule of a proof broken in one way, with the error that says so.
func TestProofRules(t *testing.T) {
	ctx := t.Context()
	k, err := key.FromSeed([]byte(strings.Repeat("p", 32)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	later := now.Add(time.Hour)
	method := k.Public().DIDKey() + "#" + k.Public().Multikey()
	signed, err := Sign(ctx, map[string]any{"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "name": "x"}, k,
		SignOptions{VerificationMethod: method, Created: now, Expires: &later, Domain: "a.example", Challenge: "c"})
	if err != nil {
		t.Fatal(err)
	}
	proofOf := func(d map[string]any) map[string]any { return d["proof"].(map[string]any) }
	set := func(name string, v any) func(map[string]any) { return func(d map[string]any) { proofOf(d)[name] = v } }
	drop := func(name string) func(map[string]any) { return func(d map[string]any) { delete(proofOf(d), name) } }
	opt := Options{Now: now, Domain: []string{"a.example"}, Challenge: "c"}
	cases := []struct {
		name string
		edit func(map[string]any)
		opt  func(*Options)
		want error
	}{
		{"good", nil, nil, nil},
		{"no type", drop("type"), nil, ErrMissing},
		{"no purpose", drop("proofPurpose"), nil, ErrMissing},
		{"no method", drop("verificationMethod"), nil, ErrMissing},
		{"no value", drop("proofValue"), nil, ErrMissing},
		{"no cryptosuite", drop("cryptosuite"), nil, ErrMissing},
		{"unknown suite", set("cryptosuite", "eddsa-jcs-2099"), nil, ErrSuite},
		{"unknown type", set("type", "OddSignature2030"), nil, ErrSuite},
		{"value in another base", set("proofValue", "uAAAA"), nil, ErrMalformed},
		{"value too short", set("proofValue", "z2"), nil, ErrMalformed},
		{"created without zone", set("created", "2026-06-01T00:00:00"), nil, ErrMalformed},
		{"created is no time", set("created", "yesterday"), nil, ErrMalformed},
		{"id is a number", set("id", true), nil, ErrMalformed},
		{"value of another", set("proofValue", "z"+strings.Repeat("1", 64)), nil, ErrSignature},
		{"content changed", func(d map[string]any) { d["name"] = "y" }, nil, ErrSignature},
		{"member added", func(d map[string]any) { d["more"] = "y" }, nil, ErrSignature},
		{"proof member added", set("nonce", "n"), nil, ErrSignature},
		{"context put before", func(d map[string]any) {
			d["@context"] = []any{"https://evil.example/v1", "https://www.w3.org/ns/credentials/v2"}
		}, nil, ErrMalformed},
		{"purpose not the one wanted", nil, func(o *Options) { o.Purpose = Authentication }, ErrPurpose},
		{"domain not the one wanted", nil, func(o *Options) { o.Domain = []string{"b.example"} }, ErrDomain},
		{"challenge not the one set", nil, func(o *Options) { o.Challenge = "d" }, ErrChallenge},
		{"made in the future", nil, func(o *Options) { o.Now = now.Add(-6 * time.Minute) }, ErrFuture},
		{"within the tolerance", nil, func(o *Options) { o.Now = now.Add(-4 * time.Minute) }, nil},
		{"expired", nil, func(o *Options) { o.Now = later }, ErrExpired},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc := strictjson.Clone(signed).(map[string]any)
			o := opt
			if c.edit != nil {
				c.edit(doc)
			}
			if c.opt != nil {
				c.opt(&o)
			}
			rep, err := Verify(ctx, doc, didKeys, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Proofs[0].Err; !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	// What is appended to the context later was not signed: it is dropped
	// from what is handed on.
	doc := strictjson.Clone(signed).(map[string]any)
	doc["@context"] = append(doc["@context"].([]any), "https://evil.example/v1")
	rep, err := Verify(ctx, doc, didKeys, opt)
	if err != nil || !rep.OK() {
		t.Fatalf("%v %+v", err, rep)
	}
	if got := rep.Document["@context"].([]any); len(got) != 1 {
		t.Errorf("the handed-on context is %v", got)
	}
	for name, doc := range map[string]map[string]any{
		"no proof": {"name": "x"}, "empty list": {"proof": []any{}}, "null": {"proof": nil},
	} {
		if _, err := Verify(ctx, doc, didKeys, opt); !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v, want ErrMissing", name, err)
		}
	}
	if _, err := Verify(ctx, map[string]any{"proof": "x"}, didKeys, opt); !errors.Is(err, ErrMalformed) {
		t.Errorf("proof is a text: %v", err)
	}
	if _, err := Verify(ctx, map[string]any{"proof": make([]any, 17)}, didKeys, opt); !errors.Is(err, ErrTooMany) {
		t.Errorf("17 proofs: %v", err)
	}
}

func TestParseTime(t *testing.T) {
	good := map[string]string{
		"2026-01-31T12:00:00Z":                 "2026-01-31T12:00:00Z",
		"2026-01-31T12:00:00+02:00":            "2026-01-31T10:00:00Z",
		"2026-01-31T24:00:00Z":                 "2026-02-01T00:00:00Z",
		"2026-01-31T12:00:00.123456789012345Z": "2026-01-31T12:00:00.123456789Z",
		"2024-02-29T00:00:00-14:00":            "2024-02-29T14:00:00Z",
		"0001-01-01T00:00:00Z":                 "0001-01-01T00:00:00Z",
	}
	for in, want := range good {
		got, err := ParseTime(in)
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31t12:00:00Z", "2026-01-31T12:00:00z",
		"2026-01-31 12:00:00Z", "2026-02-30T12:00:00Z", "2025-02-29T00:00:00Z", "2026-01-31T24:00:01Z", "2026-01-31T25:00:00Z",
		"2026-01-31T12:00:60Z", "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00+15:00", "2026-01-31T12:00:00+14:30",
		"0000-01-01T00:00:00Z", "12026-01-31T12:00:00Z", "2026-1-31T12:00:00Z", "2026-01-31T24:00:00.5Z"} {
		if _, err := ParseTime(in); !errors.Is(err, ErrTime) {
			t.Errorf("%q: %v, want ErrTime", in, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"proof":{"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod","verificationMethod":"did:key:z6Mk#a","proofValue":"z1"}}`))
	f.Add([]byte(`{"proof":[{"previousProof":["a"],"id":"a"}]}`))
	loader := jsonld.Builtin()
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := strictjson.ParseObject(b, strictjson.Limits{MaxBytes: 1 << 14})
		if err != nil {
			return
		}
		rep, err := Verify(t.Context(), doc, didKeys, Options{Loader: loader})
		if err == nil && rep.OK() && len(rep.Proofs) == 0 {
			t.Fatal("nothing verified and all is well")
		}
	})
}
