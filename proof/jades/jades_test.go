package jades

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

const payload = `{"name": "Universit\u00e4t", "broken": "un nom lÃ©gal", "html": "<&>"}`

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// public returns the key of the first certificate.
func public(t testing.TB, s *Seal) key.Public {
	t.Helper()
	c, err := x509.ParseCertificate(s.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.FromPKIX(c.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func TestOfficialSamples(t *testing.T) {
	for _, c := range []struct {
		name, signed, content, signature string
		extra                            int
	}{
		{"edc-mc-annex1-signed.jsonld", "2023-09-27T11:54:17Z", "2023-09-27T11:54:17Z", "2023-09-27T11:54:20Z", 4},
		{"edc-seal-valid-legalid-mismatch.jsonld", "2022-12-21T18:50:21Z", "2022-12-21T18:50:06Z", "2022-12-21T18:50:35Z", 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := sample(t, c.name)
			s, err := Parse(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Verify(public(t, s))
			if err != nil {
				t.Fatal(err)
			}
			var plain struct{ Payload string }
			if err := json.Unmarshal(file, &plain); err != nil || string(got) != plain.Payload {
				t.Errorf("the payload is not the one in the file: %v", err)
			}
			if s.Alg != "RS256" || s.SignedAt.Format(time.RFC3339) != c.signed || len(s.Extra) != c.extra {
				t.Errorf("alg %s, signed at %s, %d certificates", s.Alg, s.SignedAt, len(s.Extra))
			}
			if !slices.Equal(s.Unsigned, []string{"sigTst", "xVals", "rVals", "arcTst"}) {
				t.Errorf("unsigned %v", s.Unsigned)
			}
			for i, list := range [][]Stamp{s.ContentStamps, s.SignatureStamps} {
				want := []string{c.content, c.signature}[i]
				if len(list) != 1 || list[0].Err != nil || !list[0].Covers || !strings.HasPrefix(list[0].By, "CN=good-tsa,") ||
					list[0].At.Format(time.RFC3339) != want {
					t.Errorf("stamps %d: %+v", i, list)
				}
			}
			flipped := bytes.Replace(file, []byte(`EuropeanDigitalCredential`), []byte(`EuropeanDigitalCredentjal`), 1)
			if s, err = Parse(flipped); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Verify(public(t, s)); !errors.Is(err, key.ErrSignature) || got != nil {
				t.Errorf("one letter changed: %v", err)
			}
			if s.ContentStamps[0].Covers || !s.SignatureStamps[0].Covers {
				t.Error("the content stamp still covers, or the other does not")
			}
		})
	}
}

func signer(t testing.TB) sealtest.Certificate {
	t.Helper()
	return sealtest.NewAuthority(t, "Root").Issue(t, nil)
}

func TestAlgorithms(t *testing.T) {
	ca := sealtest.NewAuthority(t, "Root")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, alg string
		cert      sealtest.Certificate
		want      error
	}{
		{"ES256", "ES256", ca.Issue(t, nil), nil},
		{"ES384", "ES384", ca.IssueFor(t, p384, nil), nil},
		{"RS256", "RS256", ca.IssueFor(t, r, nil), nil},
		{"PS256", "PS256", ca.IssueFor(t, r, nil), nil},
		{"ES384 under P-256", "ES384", ca.Issue(t, nil), key.ErrAlg},
		{"RS256 under P-256", "RS256", ca.Issue(t, nil), key.ErrAlg},
		{"ES256 under RSA", "ES256", ca.IssueFor(t, r, nil), key.ErrAlg},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sealtest.NewDraft(payload, c.cert)
			d.Protected["alg"] = c.alg
			s, err := Parse(d.File(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Verify(public(t, s))
			if !errors.Is(err, c.want) || (err == nil) != (string(got) == payload) {
				t.Errorf("%v, want %v; %q", err, c.want, got)
			}
		})
	}
	// A signature by PS256 under a header that says RS256 does not hold.
	d := sealtest.NewDraft(payload, ca.IssueFor(t, r, nil))
	d.Protected["alg"] = "PS256"
	tree := d.Tree(t)
	d.Protected["alg"] = "RS256"
	one, other := first(tree), first(d.Tree(t))
	one["protected"] = other["protected"]
	s, err := Parse(write(t, tree))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(public(t, s)); !errors.Is(err, key.ErrSignature) {
		t.Errorf("exchanged algorithm: %v", err)
	}
}

func first(tree map[string]any) map[string]any { return tree["signatures"].([]any)[0].(map[string]any) }

func write(t testing.TB, tree map[string]any) []byte {
	t.Helper()
	b, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Standard JWS: the payload in base64url, b64 absent.
func TestEncodedPayload(t *testing.T) {
	make := func() *sealtest.Draft {
		d := sealtest.NewDraft(base64.RawURLEncoding.EncodeToString([]byte(payload)), signer(t))
		delete(d.Protected, "b64")
		d.Protected["crit"] = []any{"sigT"}
		return d
	}
	s, err := Parse(make().File(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Verify(public(t, s)); err != nil || string(got) != payload {
		t.Errorf("%q, %v", got, err)
	}
	d := make()
	d.Payload += "="
	if _, err := Parse(d.File(t)); !errors.Is(err, ErrShape) {
		t.Errorf("padding: %v", err)
	}
}

func TestParseRefusesFile(t *testing.T) {
	cert := signer(t)
	for _, c := range []struct {
		name string
		edit func(tree map[string]any)
		want error
	}{
		{"good", func(map[string]any) {}, nil},
		{"another member", func(m map[string]any) { m["x"] = true }, nil},
		{"no payload", func(m map[string]any) { delete(m, "payload") }, ErrShape},
		{"payload is an object", func(m map[string]any) { m["payload"] = map[string]any{} }, ErrShape},
		{"no signatures", func(m map[string]any) { delete(m, "signatures") }, ErrShape},
		{"empty signatures", func(m map[string]any) { m["signatures"] = []any{} }, ErrCount},
		{"two signatures", func(m map[string]any) { m["signatures"] = []any{first(m), first(m)} }, ErrCount},
		{"signature is a text", func(m map[string]any) { m["signatures"] = []any{"x"} }, ErrShape},
		{"both serialisations", func(m map[string]any) { m["signature"] = first(m)["signature"] }, ErrShape},
		{"flattened serialisation", func(m map[string]any) {
			m["protected"], m["signature"] = first(m)["protected"], first(m)["signature"]
			delete(m, "signatures")
		}, ErrShape},
		{"no protected header", func(m map[string]any) { delete(first(m), "protected") }, ErrShape},
		{"no signature value", func(m map[string]any) { delete(first(m), "signature") }, ErrShape},
		{"signature with padding", func(m map[string]any) { first(m)["signature"] = first(m)["signature"].(string) + "==" }, ErrShape},
		{"signature with a line end", func(m map[string]any) { first(m)["signature"] = first(m)["signature"].(string) + "\n" }, ErrShape},
		{"protected with padding", func(m map[string]any) { first(m)["protected"] = first(m)["protected"].(string) + "=" }, ErrHeader},
		{"protected is no JSON", func(m map[string]any) { first(m)["protected"] = "AAAA" }, ErrHeader},
		{"header is a list", func(m map[string]any) { first(m)["header"] = []any{} }, ErrHeader},
		{"alg once more, unprotected", func(m map[string]any) { first(m)["header"] = map[string]any{"alg": "none"} }, ErrHeader},
		{"crit unprotected", func(m map[string]any) { first(m)["header"] = map[string]any{"crit": []any{"x"}} }, ErrHeader},
		{"b64 unprotected", func(m map[string]any) { first(m)["header"] = map[string]any{"b64": true} }, ErrHeader},
		{"another key unprotected", func(m map[string]any) { first(m)["header"] = map[string]any{"kid": "x", "jwk": map[string]any{}} }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := sealtest.NewDraft(payload, cert).Tree(t)
			c.edit(tree)
			if s, err := Parse(write(t, tree)); !errors.Is(err, c.want) || (s == nil) != (c.want != nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	for name, file := range map[string]string{
		"nothing": "", "a list": "[]", "a token": "a.b.c", "a member twice": `{"payload":"a","payload":"b","signatures":[{}]}`,
		"too large": `{"payload":"` + strings.Repeat("a", MaxBytes) + `"}`,
	} {
		if _, err := Parse([]byte(file)); !errors.Is(err, ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefusesProtected(t *testing.T) {
	cert, other := signer(t), signer(t)
	x5c := func(list ...sealtest.Certificate) []any {
		var out []any
		for _, c := range list {
			out = append(out, base64.StdEncoding.EncodeToString(c.DER))
		}
		return out
	}
	set := func(name string, v any) func(map[string]any) { return func(h map[string]any) { h[name] = v } }
	drop := func(name string) func(map[string]any) { return func(h map[string]any) { delete(h, name) } }
	stamp := sealtest.Tokens(sealtest.Token(t, []byte(payload), sealtest.Start(), cert))
	for _, c := range []struct {
		name string
		edit func(h map[string]any)
		want error
	}{
		{"good", func(map[string]any) {}, nil},
		{"keys elsewhere are not looked at", func(h map[string]any) {
			h["kid"], h["jku"], h["x5u"], h["jwk"] = "x", "https://evil.test/keys", "https://evil.test/cert", map[string]any{"kty": "x"}
		}, nil},
		{"no thumbprint", drop("x5t#S256"), nil},
		{"iat for sigT", func(h map[string]any) { delete(h, "sigT"); h["iat"], h["crit"] = 1772323200, []any{"b64"} }, nil},
		{"iat and sigT agree", set("iat", 1772323200), nil},
		{"critical content stamp", func(h map[string]any) { h["adoTst"], h["crit"] = stamp, []any{"b64", "sigT", "adoTst"} }, nil},

		{"alg none", set("alg", "none"), ErrAlgorithm},
		{"HS256", set("alg", "HS256"), ErrAlgorithm},
		{"RS1", set("alg", "RS1"), ErrAlgorithm},
		{"small letters", set("alg", "es256"), ErrAlgorithm},
		{"no alg", drop("alg"), ErrAlgorithm},
		{"b64 true", set("b64", true), ErrHeader},
		{"b64 as text", set("b64", "false"), ErrHeader},
		{"b64 null", set("b64", nil), ErrHeader},
		{"b64 not critical", set("crit", []any{"sigT"}), ErrHeader},
		{"no crit", drop("crit"), ErrHeader},
		{"b64 critical and absent", drop("b64"), ErrHeader},
		{"crit empty", set("crit", []any{}), ErrHeader},
		{"crit a text", set("crit", "b64"), ErrHeader},
		{"crit names one twice", set("crit", []any{"b64", "b64"}), ErrHeader},
		{"crit unknown", func(h map[string]any) { h["crit"], h["x"] = []any{"b64", "x"}, true }, ErrCritical},
		{"crit number", set("crit", []any{"b64", 1}), ErrCritical},
		{"crit standard name", set("crit", []any{"b64", "alg"}), ErrCritical},
		{"crit absent member", set("crit", []any{"b64", "adoTst"}), ErrHeader},
		{"detached, critical", func(h map[string]any) { h["sigD"], h["crit"] = map[string]any{}, []any{"b64", "sigD"} }, ErrCritical},
		{"detached", set("sigD", map[string]any{}), ErrCritical},
		{"no certificate", drop("x5c"), ErrHeader},
		{"empty x5c", set("x5c", []any{}), ErrHeader},
		{"x5c a text", set("x5c", x5c(cert)[0]), ErrHeader},
		{"x5c in base64url", set("x5c", []any{base64.RawURLEncoding.EncodeToString(cert.DER)}), ErrHeader},
		{"x5c with a line end", set("x5c", []any{x5c(cert)[0].(string) + "\n"}), ErrHeader},
		{"x5c holds nothing", set("x5c", []any{""}), ErrHeader},
		{"x5c too long", set("x5c", x5c(slices.Repeat([]sealtest.Certificate{cert}, maxChain+1)...)), ErrTooMany},
		{"certificate exchanged", set("x5c", x5c(other)), ErrThumbprint},
		{"another certificate first", set("x5c", x5c(other, cert)), ErrThumbprint},
		{"thumbprint number", set("x5t#S256", 1), ErrThumbprint},
		{"thumbprint null", set("x5t#S256", nil), ErrThumbprint},
		{"no time", func(h map[string]any) { delete(h, "sigT"); h["crit"] = []any{"b64"} }, ErrHeader},
		{"sigT with zone", set("sigT", "2026-03-01T00:00:00+01:00"), ErrHeader},
		{"sigT a day", set("sigT", "2026-03-01"), ErrHeader},
		{"sigT null", set("sigT", nil), ErrHeader},
		{"iat differs", set("iat", 1772323201), ErrHeader},
		{"iat a text", set("iat", "1772323200"), ErrHeader},
		{"iat with a part", set("iat", 1772323200.5), ErrHeader},
		{"iat before 1970", set("iat", -1), ErrHeader},
		{"stamp without tokens", set("adoTst", map[string]any{"tstTokens": []any{}}), ErrHeader},
		{"stamp a text", set("adoTst", "x"), ErrHeader},
		{"stamp no base64", set("adoTst", map[string]any{"tstTokens": []any{map[string]any{"val": "*"}}}), ErrHeader},
		{"too many stamps", set("adoTst", map[string]any{"tstTokens": slices.Repeat(stamp["tstTokens"].([]any), maxStamps+1)}), ErrTooMany},
		{"critical stamp unreadable", func(h map[string]any) {
			h["adoTst"], h["crit"] = sealtest.Tokens([]byte{0x30, 0x80}), []any{"b64", "adoTst"}
		}, ErrStamp},
		{"stamp unreadable, not critical", set("adoTst", sealtest.Tokens([]byte{0x30, 0x80})), nil},
		{"too large", set("x", strings.Repeat("a", maxProtected)), ErrTooMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sealtest.NewDraft(payload, cert)
			c.edit(d.Protected)
			s, err := Parse(d.File(t))
			if !errors.Is(err, c.want) || (s == nil) != (c.want != nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				if _, err := s.Verify(public(t, s)); err != nil {
					t.Errorf("accepted, but %v", err)
				}
			}
		})
	}
	// A certificate exchanged with its thumbprint: then the signature tells.
	d := sealtest.NewDraft(payload, cert)
	sum := sha256.Sum256(other.DER)
	d.Protected["x5c"], d.Protected["x5t#S256"] = x5c(other), base64.RawURLEncoding.EncodeToString(sum[:])
	s, err := Parse(d.File(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(public(t, s)); !errors.Is(err, key.ErrSignature) {
		t.Errorf("certificate exchanged with its thumbprint: %v", err)
	}
}

func TestUnsignedProperties(t *testing.T) {
	cert, ca := signer(t), sealtest.NewAuthority(t, "Extra")
	values := sealtest.Values(ca.Certificate)
	encode := func(v any) string { return base64.RawURLEncoding.EncodeToString(write(t, v.(map[string]any))) }
	for _, c := range []struct {
		name  string
		etsiU any
		extra int
		names []string
		want  error
	}{
		{"objects", []any{values, map[string]any{"rVals": map[string]any{}}}, 1, []string{"xVals", "rVals"}, nil},
		{"encoded", []any{encode(values), encode(map[string]any{"arcTst": "?"})}, 1, []string{"xVals", "arcTst"}, nil},
		{"other kinds of certificates", []any{map[string]any{"xVals": []any{map[string]any{"otherCert": "x"}}}}, 0, []string{"xVals"}, nil},
		{"none", []any{}, 0, nil, nil},
		{"a text", "x", 0, nil, ErrHeader},
		{"a number in it", []any{1}, 0, nil, ErrHeader},
		{"two members in one", []any{map[string]any{"a": 1, "b": 2}}, 0, nil, ErrHeader},
		{"no base64", []any{"*"}, 0, nil, ErrHeader},
		{"no JSON", []any{"AAAA"}, 0, nil, ErrHeader},
		{"certificate no base64", []any{map[string]any{"xVals": []any{map[string]any{"x509Cert": map[string]any{"val": "*"}}}}}, 0, nil, ErrHeader},
		{"stamp without tokens", []any{map[string]any{"sigTst": map[string]any{}}}, 0, nil, ErrHeader},
		{"too many properties", slices.Repeat([]any{map[string]any{"a": 1}}, maxUnsigned+1), 0, nil, ErrTooMany},
		{"too many certificates", []any{sealtest.Values(slices.Repeat([]sealtest.Certificate{cert}, maxExtra+1)...)}, 0, nil, ErrTooMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sealtest.NewDraft(payload, cert)
			d.Header["etsiU"] = c.etsiU
			s, err := Parse(d.File(t))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && (len(s.Extra) != c.extra || !slices.Equal(s.Unsigned, c.names)) {
				t.Errorf("%d certificates, %v", len(s.Extra), s.Unsigned)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	cert := signer(f)
	f.Add(sealtest.NewDraft(payload, cert).File(f))
	d := sealtest.NewDraft(payload, cert)
	d.Header["etsiU"] = []any{sealtest.Values(cert), map[string]any{"sigTst": sealtest.Tokens(sealtest.Token(f, nil, sealtest.Start(), cert))}}
	f.Add(d.File(f))
	f.Add([]byte(`{"payload":"","signatures":[{"protected":"e30","signature":""}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := Parse(file)
		if (s == nil) == (err == nil) {
			t.Fatalf("seal %v with error %v", s, err)
		}
		if err != nil {
			return
		}
		if len(s.Certificates) == 0 || s.SignedAt.IsZero() || !accepted(s.Alg) {
			t.Errorf("accepted without what is required: %+v", s)
		}
		if _, err := s.Verify(key.Public{}); err == nil {
			t.Error("verified without a key")
		}
	})
}

// FuzzHeaders changes what stands behind the base64url, which FuzzParse would
// hardly ever meet.
func FuzzHeaders(f *testing.F) {
	cert := signer(f)
	d := sealtest.NewDraft(payload, cert)
	d.Protected["adoTst"] = sealtest.Tokens(sealtest.Token(f, []byte(payload), sealtest.Start(), cert))
	f.Add(string(write(f, d.Protected)), string(write(f, sealtest.Values(cert))), payload)
	f.Add(string(write(f, d.Protected)), string(write(f, map[string]any{"sigTst": d.Protected["adoTst"]})), "")
	f.Add(`{"alg":"ES256","b64":false,"crit":["b64"],"x5c":["AAAA"],"iat":1}`, `{"x":1}`, "a.b")
	f.Add(`{"alg":"ES256","x5c":["AAAA"],"sigT":"2026-03-01T00:00:00Z"}`, `{}`, "AAAA")
	f.Fuzz(func(t *testing.T, protected, property, payload string) {
		encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		s, err := Parse(write(t, map[string]any{"payload": payload, "signatures": []any{map[string]any{"protected": encode(protected),
			"header": map[string]any{"etsiU": []any{encode(property)}}, "signature": "AAAA"}}}))
		if err != nil {
			if s != nil {
				t.Error("a seal with an error")
			}
			return
		}
		var h map[string]any
		if err := json.Unmarshal([]byte(protected), &h); err != nil {
			t.Fatalf("accepted and no JSON: %q", protected)
		}
		if _, has := h["sigD"]; has {
			t.Error("a detached document accepted")
		}
		if crit, has := h["crit"].([]any); has {
			for _, e := range crit {
				if e != "b64" && e != "sigT" && e != "adoTst" {
					t.Errorf("critical %v accepted", e)
				}
			}
		}
		if utf8.ValidString(payload) && h["b64"] == false && string(s.Unverified()) != payload {
			t.Errorf("payload %q came back as %q", payload, s.Unverified())
		}
	})
}
