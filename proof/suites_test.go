package proof

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

// The vectors of ecdsa-rdfc-2019 and ecdsa-jcs-2019, step by step: both hashes,
// verification, and the same signature when made again.
func TestECDSAVectors(t *testing.T) {
	dir := vectors.Path(t, "vectors/di-ecdsa")
	loader := loaderWithExamples(t)
	for _, c := range []struct{ suite, folder, tail, pair string }{
		{ECDSARDFC2019, "ecdsa-rdfc-2019-p256", "ECDSAP256", "p256KeyPair.json"},
		{ECDSARDFC2019, "ecdsa-rdfc-2019-p384", "ECDSAP384", "p384KeyPair.json"},
		{ECDSAJCS2019, "ecdsa-jcs-2019-p256", "JCSECDSAP256", "p256KeyPair.json"},
	} {
		t.Run(c.folder, func(t *testing.T) {
			file := func(name string) string { return readText(t, filepath.Join(dir, c.folder, name+c.tail+".txt")) }
			doc := loadTree(t, dir, c.folder, "signed"+c.tail+".json")
			bare, p := without(doc, "proof"), doc["proof"].(map[string]any)
			secret, _ := loadTree(t, dir, c.pair)["secretKeyMultibase"].(string)
			k, err := key.UnmarshalSecret([]byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			opt := Options{Loader: loader}
			data, err := hashData(c.suite, bare, p, k.Public().Kind(), opt)
			if err != nil || hex.EncodeToString(data) != file("combinedHash") || file("combinedHash") != file("proofHash")+file("docHash") {
				t.Errorf("hash data %x, %v", data, err)
			}
			if sig, err := base58Value(p, signatureSize(k.Public().Kind())); err != nil || hex.EncodeToString(sig) != file("sigHex") {
				t.Errorf("signature %x, %v", sig, err)
			}
			rep, err := Verify(t.Context(), doc, didKeys, opt)
			if err != nil || !rep.OK() {
				t.Fatalf("%v %+v", err, rep)
			}
			created, err := ParseTime(p["created"].(string))
			if err != nil {
				t.Fatal(err)
			}
			again, err := Sign(t.Context(), bare, k, SignOptions{Suite: c.suite, VerificationMethod: p["verificationMethod"].(string),
				Created: created, Loader: loader})
			if err != nil {
				t.Fatal(err)
			}
			if got := again["proof"].(map[string]any)["proofValue"]; got != p["proofValue"] {
				t.Errorf("proofValue %v, want %v", got, p["proofValue"])
			}
		})
	}
}

// ring holds one key of every kind that a suite takes, and one that none takes.
type ring struct {
	signers map[key.Kind]key.Private
	rsa     *rsa.PrivateKey
	public  map[key.Kind]key.Public
}

var makeRing = sync.OnceValues(func() (*ring, error) {
	r := &ring{signers: map[key.Kind]key.Private{}, public: map[key.Kind]key.Public{}}
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		k, err := key.Generate(kind, nil)
		if err != nil {
			return nil, err
		}
		r.signers[kind], r.public[kind] = k, k.Public()
	}
	var err error
	if r.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	r.public[key.RSA], err = key.FromPKIX(&r.rsa.PublicKey)
	return r, err
})

func keyring(t testing.TB) *ring {
	t.Helper()
	r, err := makeRing()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keys answers with the key of a kind, whatever it is asked for.
func (r *ring) keys(kind key.Kind) KeyFunc {
	return func(context.Context, string, string) (key.Public, error) { return r.public[kind], nil }
}

// legacyLoader knows the context of JsonWebSignature2020, which is not embedded.
func legacyLoader(t testing.TB) *jsonld.Loader {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "contexts/jws-2020-v1.jsonld"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := citizenship(t).With("https://w3id.org/security/suites/jws-2020/v1", b)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// jwsDocument is a credential of the old data model with a proof of
// JsonWebSignature2020, made under alg by a key of the ring.
func jwsDocument(t testing.TB, r *ring, alg string, loader *jsonld.Loader) map[string]any {
	t.Helper()
	doc := map[string]any{
		"@context":          []any{"https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/suites/jws-2020/v1"},
		"type":              "VerifiableCredential",
		"issuer":            "did:example:uni",
		"issuanceDate":      "2024-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:ada"},
	}
	p := map[string]any{"type": JSONWebSignature2020, "created": "2024-01-01T00:00:00Z", "proofPurpose": "assertionMethod",
		"verificationMethod": "did:example:uni#key"}
	hash, err := hashRDFC(doc, p, crypto.SHA256, Options{Loader: loader})
	if err != nil {
		t.Fatal(err)
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","b64":false,"crit":["b64"]}`))
	msg := append([]byte(header+"."), hash...)
	var sig []byte
	digest := sha256.Sum256(msg)
	switch alg {
	case "EdDSA":
		sig, err = r.signers[key.Ed25519].Sign(t.Context(), msg)
	case "ES256":
		sig, err = r.signers[key.P256].Sign(t.Context(), msg)
	case "ES384":
		sig, err = r.signers[key.P384].Sign(t.Context(), msg)
	case "RS256":
		sig, err = rsa.SignPKCS1v15(rand.Reader, r.rsa, crypto.SHA256, digest[:])
	case "PS256":
		sig, err = rsa.SignPSS(rand.Reader, r.rsa, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
	}
	if err != nil {
		t.Fatal(err)
	}
	p["jws"] = header + ".." + base64.RawURLEncoding.EncodeToString(sig)
	doc["proof"] = p
	return doc
}

// signedBy is a document with a proof of a suite by a key of a kind that fits.
func signedBy(t testing.TB, r *ring, suite string, kind key.Kind, loader *jsonld.Loader) map[string]any {
	t.Helper()
	method := r.public[kind].DIDKey() + "#" + r.public[kind].Multikey()
	switch suite {
	case JSONWebSignature2020:
		return jwsDocument(t, r, r.public[kind].Algs()[0], loader)
	case Ed25519Signature2020:
		doc := diploma()
		doc["@context"] = append(doc["@context"].([]any), "https://w3id.org/security/suites/ed25519-2020/v1")
		p := map[string]any{"type": suite, "created": "2026-01-01T00:00:00Z", "proofPurpose": "assertionMethod", "verificationMethod": method}
		hash, err := hashRDFC(doc, p, crypto.SHA256, Options{Loader: loader})
		if err != nil {
			t.Fatal(err)
		}
		p["proofValue"] = "z" + key.Base58Encode(mustSign(t, r.signers[kind], hash))
		doc["proof"] = p
		return doc
	}
	doc, err := Sign(t.Context(), diploma(), r.signers[kind], SignOptions{Suite: suite, VerificationMethod: method, Loader: loader})
	if err != nil {
		t.Fatal(err)
	}
	if suite == ECDSASD2023 {
		if doc, err = Derive(doc, []string{"/credentialSubject/name"}, loader, jsonld.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	return doc
}

// Every suite with a key of every kind: where they belong together the proof
// holds; everywhere else the suite is refused, when verifying and when signing.
func TestSuitesByKeyKind(t *testing.T) {
	r, loader := keyring(t), legacyLoader(t)
	all := []key.Kind{key.Ed25519, key.P256, key.P384, key.RSA}
	for _, c := range []struct {
		suite string
		kinds []key.Kind
		signs bool
	}{
		{EdDSAJCS2022, []key.Kind{key.Ed25519}, true},
		{EdDSARDFC2022, []key.Kind{key.Ed25519}, true},
		{ECDSAJCS2019, []key.Kind{key.P256, key.P384}, true},
		{ECDSARDFC2019, []key.Kind{key.P256, key.P384}, true},
		{ECDSASD2023, []key.Kind{key.P256}, true},
		{Ed25519Signature2020, []key.Kind{key.Ed25519}, false},
		{JSONWebSignature2020, all, false},
	} {
		for _, maker := range c.kinds {
			doc := signedBy(t, r, c.suite, maker, loader)
			for _, kind := range all {
				t.Run(c.suite+"/"+maker.String()+" by "+kind.String(), func(t *testing.T) {
					rep, err := Verify(t.Context(), doc, r.keys(kind), Options{Loader: loader})
					if err != nil {
						t.Fatal(err)
					}
					got := rep.Proofs[0].Err
					switch {
					case kind == maker && got != nil:
						t.Errorf("refused: %v", got)
					case kind != maker && c.suite == ECDSARDFC2019 && slices.Contains(c.kinds, kind),
						kind != maker && c.suite == ECDSAJCS2019 && slices.Contains(c.kinds, kind):
						// Both kinds belong; the size of the signature tells.
						if !errors.Is(got, ErrMalformed) {
							t.Errorf("%v, want ErrMalformed", got)
						}
					case kind != maker && !errors.Is(got, ErrSuite):
						t.Errorf("%v, want ErrSuite", got)
					}
				})
			}
		}
		for kind, k := range r.signers {
			_, err := Sign(t.Context(), diploma(), k, SignOptions{Suite: c.suite, VerificationMethod: "did:example:uni#key", Loader: loader})
			if fits := c.signs && slices.Contains(c.kinds, kind); fits != (err == nil) || err != nil && !errors.Is(err, ErrSuite) {
				t.Errorf("sign %s with %v: %v", c.suite, kind, err)
			}
		}
	}
}

// Type and suite have to belong together, or a legacy proof could pass for a
// modern one.
func TestTypeAndSuiteBelongTogether(t *testing.T) {
	r, loader := keyring(t), legacyLoader(t)
	for _, c := range []struct{ name, suite, member, value string }{
		{"a suite as type", EdDSARDFC2022, "type", EdDSARDFC2022},
		{"a legacy type as suite", EdDSARDFC2022, "cryptosuite", Ed25519Signature2020},
		{"a legacy proof called modern", Ed25519Signature2020, "type", dataIntegrityProof},
	} {
		doc := signedBy(t, r, c.suite, key.Ed25519, loader)
		p := doc["proof"].(map[string]any)
		p[c.member] = c.value
		rep, err := Verify(t.Context(), doc, didKeys, Options{Loader: loader})
		if err != nil {
			t.Fatal(err)
		}
		if got := rep.Proofs[0].Err; !errors.Is(got, ErrSuite) && !errors.Is(got, ErrMissing) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A chain of any two suites, and what becomes of it when the first proof is
// changed or the link is cut.
func TestChainsAcrossSuites(t *testing.T) {
	r, loader := keyring(t), loaderWithExamples(t)
	makers := []struct {
		suite string
		kind  key.Kind
	}{
		{EdDSAJCS2022, key.Ed25519}, {EdDSARDFC2022, key.Ed25519}, {ECDSAJCS2019, key.P256}, {ECDSAJCS2019, key.P384},
		{ECDSARDFC2019, key.P256}, {ECDSARDFC2019, key.P384}, {ECDSASD2023, key.P256},
	}
	for _, a := range makers {
		for _, b := range makers {
			if b.suite == ECDSASD2023 {
				continue // TestSignSDRefuses
			}
			t.Run(a.suite+" "+a.kind.String()+" then "+b.suite+" "+b.kind.String(), func(t *testing.T) {
				opt := func(suite string, kind key.Kind) SignOptions {
					return SignOptions{Suite: suite, VerificationMethod: r.public[kind].DIDKey() + "#" + r.public[kind].Multikey(), Loader: loader}
				}
				first := opt(a.suite, a.kind)
				first.ID = "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544"
				doc, err := Sign(t.Context(), diploma(), r.signers[a.kind], first)
				if err != nil {
					t.Fatal(err)
				}
				if a.suite == ECDSASD2023 {
					if doc, err = Derive(doc, nil, loader, jsonld.Limits{}); err != nil {
						t.Fatal(err)
					}
				}
				second := opt(b.suite, b.kind)
				second.PreviousProof = []string{first.ID}
				if doc, err = Sign(t.Context(), doc, r.signers[b.kind], second); err != nil {
					t.Fatal(err)
				}
				at := func(d map[string]any, i int) map[string]any { return d["proof"].([]any)[i].(map[string]any) }
				for _, c := range []struct {
					name string
					edit func(d map[string]any)
					want error
				}{
					{"whole", func(map[string]any) {}, nil},
					{"first proof changed", func(d map[string]any) { at(d, 0)["created"] = "2026-01-01T00:00:00Z" }, ErrChain},
					{"link cut", func(d map[string]any) { delete(at(d, 1), "previousProof") }, ErrSignature},
				} {
					d := strictjson.Clone(doc).(map[string]any)
					c.edit(d)
					rep, err := Verify(t.Context(), d, didKeys, Options{Loader: loader, Look: func(jsonld.View) {}})
					if err != nil {
						t.Fatal(err)
					}
					if got := rep.Proofs[1].Err; !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
						t.Errorf("%s: %v, want %v", c.name, got, c.want)
					}
					// The second proof is over more than the document.
					if c.want == nil && rep.Expanded != (!isJCS(a.suite) && a.suite != ECDSASD2023) {
						t.Errorf("%s: expanded: %v", c.name, rep.Expanded)
					}
				}
			})
		}
	}
}

// What is appended to the context under a jcs suite was not signed, and is not
// handed on; under P-384 every rule of the form of the value holds too.
func TestECDSAJCSRules(t *testing.T) {
	r := keyring(t)
	for _, kind := range []key.Kind{key.P256, key.P384} {
		doc := signedBy(t, r, ECDSAJCS2019, kind, loaderWithExamples(t))
		good := doc["proof"].(map[string]any)["proofValue"].(string)
		raw, err := key.Base58Decode(good[1:])
		if err != nil {
			t.Fatal(err)
		}
		n := len(raw) / 2
		for _, c := range []struct {
			name string
			edit func(doc, p map[string]any)
			want error
		}{
			{"good", func(_, _ map[string]any) {}, nil},
			{"content changed", func(d, _ map[string]any) { d["issuer"] = "did:example:other" }, ErrSignature},
			{"context replaced in the proof", func(_, p map[string]any) { p["@context"] = "https://evil.example/v1" }, ErrMalformed},
			{"context put before", func(d, _ map[string]any) {
				d["@context"] = append([]any{"https://evil.example/v1"}, d["@context"].([]any)...)
			}, ErrMalformed},
			{"a byte less", func(_, p map[string]any) { p["proofValue"] = "z" + key.Base58Encode(raw[1:]) }, ErrMalformed},
			{"ASN.1", func(_, p map[string]any) {
				p["proofValue"] = "z" + key.Base58Encode(append([]byte{0x30, byte(2 * n)}, raw...))
			}, ErrMalformed},
			{"base64url", func(_, p map[string]any) { p["proofValue"] = "u" + base64.RawURLEncoding.EncodeToString(raw) }, ErrMalformed},
			{"r is zero", func(_, p map[string]any) {
				p["proofValue"] = "z" + key.Base58Encode(slices.Concat(make([]byte, n), raw[n:]))
			}, ErrSignature},
			{"s is beyond the order", func(_, p map[string]any) {
				p["proofValue"] = "z" + key.Base58Encode(slices.Concat(raw[:n], slices.Repeat([]byte{0xff}, n)))
			}, ErrSignature},
		} {
			d := strictjson.Clone(doc).(map[string]any)
			c.edit(d, d["proof"].(map[string]any))
			rep, err := Verify(t.Context(), d, didKeys, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Proofs[0].Err; !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
				t.Errorf("%v %s: %v, want %v", kind, c.name, got, c.want)
			}
		}
		appended := strictjson.Clone(doc).(map[string]any)
		appended["@context"] = append(appended["@context"].([]any), "https://evil.example/v1")
		rep, err := Verify(t.Context(), appended, didKeys, Options{})
		if err != nil || !rep.OK() {
			t.Fatalf("%v %+v", err, rep)
		}
		if got := rep.Document["@context"].([]any); len(got) != 2 {
			t.Errorf("the handed-on context is %v", got)
		}
	}
}

func TestJSONWebSignature2020(t *testing.T) {
	r, loader := keyring(t), legacyLoader(t)
	for alg, kind := range map[string]key.Kind{"EdDSA": key.Ed25519, "ES256": key.P256, "ES384": key.P384, "RS256": key.RSA, "PS256": key.RSA} {
		rep, err := Verify(t.Context(), jwsDocument(t, r, alg, loader), r.keys(kind), Options{Loader: loader})
		if err != nil || !rep.OK() {
			t.Errorf("%s: %v %+v", alg, err, rep)
		}
	}
	good := jwsDocument(t, r, "ES256", loader)
	text := good["proof"].(map[string]any)["jws"].(string)
	header, sig, _ := strings.Cut(text, "..")
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	with := func(h string) string { return b64(h) + ".." + sig }
	for _, c := range []struct {
		name, jws string
		want      error
	}{
		{"good", text, nil},
		{"absent", "", ErrMissing},
		{"one segment", header, ErrMalformed},
		{"two segments", header + "." + sig, ErrMalformed},
		{"four segments", text + ".", ErrMalformed},
		{"a payload", header + "." + b64("x") + "." + sig, ErrMalformed},
		{"no signature", header + "..", ErrMalformed},
		{"signature with padding", text + "==", ErrMalformed},
		{"signature in the other alphabet", header + ".." + "+/" + sig[2:], ErrMalformed},
		{"signature with a line break", header + "..\n" + sig, ErrMalformed},
		{"signature too short", header + ".." + b64(strings.Repeat("x", 63)), ErrMalformed},
		{"signature in ASN.1", header + ".." + b64(strings.Repeat("x", 71)), ErrMalformed},
		{"signature of text", header + ".." + "zYb3NjbXBsdGUtc2lnbmF0dXJlLWZvci1kZW1v", ErrMalformed},
		{"very long", text + strings.Repeat("A", maxJWS), ErrMalformed},
		{"header not base64url", "{}.." + sig, ErrMalformed},
		{"header not JSON", with("alg"), ErrMalformed},
		{"header a list", with(`["alg","b64","crit"]`), ErrMalformed},
		{"header of alg alone", with(`{"alg":"ES256"}`), ErrMalformed},
		{"no crit", with(`{"alg":"ES256","b64":false}`), ErrMalformed},
		{"no b64", with(`{"alg":"ES256","crit":["b64"]}`), ErrMalformed},
		{"b64 true", with(`{"alg":"ES256","b64":true,"crit":["b64"]}`), ErrMalformed},
		{"b64 a text", with(`{"alg":"ES256","b64":"false","crit":["b64"]}`), ErrMalformed},
		{"crit of more", with(`{"alg":"ES256","b64":false,"crit":["b64","exp"]}`), ErrMalformed},
		{"crit of an object", with(`{"alg":"ES256","b64":false,"crit":[{}]}`), ErrMalformed},
		{"crit a text", with(`{"alg":"ES256","b64":false,"crit":"b64"}`), ErrMalformed},
		{"a member more", with(`{"alg":"ES256","b64":false,"crit":["b64"],"kid":"x"}`), ErrMalformed},
		{"a member twice", with(`{"alg":"ES256","alg":"ES256","b64":false,"crit":["b64"]}`), ErrMalformed},
		{"alg a number", with(`{"alg":1,"b64":false,"crit":["b64"]}`), ErrMalformed},
		{"alg none", with(`{"alg":"none","b64":false,"crit":["b64"]}`), ErrSuite},
		{"alg of secp256k1", with(`{"alg":"ES256K","b64":false,"crit":["b64"]}`), ErrSuite},
		{"alg in another case", with(`{"alg":"es256","b64":false,"crit":["b64"]}`), ErrSuite},
		{"alg of a symmetric key", with(`{"alg":"HS256","b64":false,"crit":["b64"]}`), ErrSuite},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strictjson.Clone(good).(map[string]any)
			doc["proof"].(map[string]any)["jws"] = c.jws
			asked := false
			rep, err := Verify(t.Context(), doc, func(context.Context, string, string) (key.Public, error) {
				asked = true
				return r.public[key.P256], nil
			}, Options{Loader: loader})
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Proofs[0].Err; !errors.Is(got, c.want) || (c.want == nil) != (got == nil) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if asked != (c.want == nil) {
				t.Errorf("asked for a key: %v", asked)
			}
		})
	}
	for _, c := range []struct {
		name string
		edit func(doc, p map[string]any)
		kind key.Kind
		want error
	}{
		{"content changed", func(d, _ map[string]any) { d["issuer"] = "did:example:other" }, key.P256, ErrSignature},
		{"proof option changed", func(_, p map[string]any) { p["created"] = "2024-01-02T00:00:00Z" }, key.P256, ErrSignature},
		{"another header, same meaning", func(_, p map[string]any) {
			p["jws"] = with(`{"b64":false,"crit":["b64"],"alg":"ES256"}`)
		}, key.P256, ErrSignature},
		{"a key of another kind", func(_, _ map[string]any) {}, key.Ed25519, ErrSuite},
		{"alg of another kind", func(_, p map[string]any) { p["jws"] = with(`{"alg":"EdDSA","b64":false,"crit":["b64"]}`) }, key.P256, ErrSuite},
		{"a proofValue besides", func(_, p map[string]any) { p["proofValue"] = "z1" }, key.P256, ErrTransform},
	} {
		doc := strictjson.Clone(good).(map[string]any)
		c.edit(doc, doc["proof"].(map[string]any))
		rep, err := Verify(t.Context(), doc, r.keys(c.kind), Options{Loader: loader})
		if err != nil {
			t.Fatal(err)
		}
		if got := rep.Proofs[0].Err; !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A suite that is not verified: a signature that is none is refused as such,
// before anybody is asked for a key; a well-formed one is merely unknown.
func TestEd25519Signature2018(t *testing.T) {
	sample := loadTree(t, vectors.Path(t, "samples/dc4eu-euhemc-simulated-signature.json"))
	wellFormed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","b64":false,"crit":["b64"]}`)) + ".." +
		base64.RawURLEncoding.EncodeToString(make([]byte, 64))
	for _, c := range []struct {
		name string
		edit func(p map[string]any)
		want error
	}{
		{"signature of text", func(map[string]any) {}, ErrMalformed},
		{"well formed", func(p map[string]any) { p["jws"] = wellFormed }, ErrSuite},
		{"a proofValue of the right form", func(p map[string]any) {
			delete(p, "jws")
			p["proofValue"] = "z" + key.Base58Encode(make([]byte, 64))
		}, ErrSuite},
		{"a proofValue of text", func(p map[string]any) { delete(p, "jws"); p["proofValue"] = "zYb3" }, ErrMalformed},
		{"no signature", func(p map[string]any) { delete(p, "jws") }, ErrMissing},
	} {
		doc := strictjson.Clone(sample).(map[string]any)
		c.edit(doc["proof"].(map[string]any))
		rep, err := Verify(t.Context(), doc, func(context.Context, string, string) (key.Public, error) {
			t.Errorf("%s: asked for a key", c.name)
			return key.Public{}, errors.New("no key")
		}, Options{Loader: legacyLoader(t)})
		if err != nil {
			t.Fatal(err)
		}
		if got := rep.Proofs[0].Err; !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzJWS(f *testing.F) {
	good := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","b64":false,"crit":["b64"]}`))
	f.Add(good + ".." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)))
	f.Add("eyJhbGciOiJFZERTQSJ9..zYb3NjbXBsdGUtc2lnbmF0dXJlLWZvci1kZW1v")
	f.Fuzz(func(t *testing.T, text string) {
		j, sig, err := jwsValue(map[string]any{"jws": text})
		switch {
		case err == nil:
			if j.header+".."+base64.RawURLEncoding.EncodeToString(sig) != text {
				t.Fatalf("%q is not the one spelling", text)
			}
		case !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSuite) && !errors.Is(err, ErrMissing):
			t.Fatal(err)
		}
	})
}
