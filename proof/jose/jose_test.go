package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func generate(t testing.TB, kind key.Kind) key.Private {
	t.Helper()
	p, err := key.Generate(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// raw makes a token of any header, also of one that Sign would refuse.
func raw(t testing.TB, s key.Signer, header, payload string) string {
	t.Helper()
	input := b64(header) + "." + b64(payload)
	sig, err := s.Sign(t.Context(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(string(sig))
}

// foreign signs with kinds of keys that the project itself only verifies.
type foreign struct {
	pub  key.Public
	sign func(msg []byte) ([]byte, error)
}

func (f foreign) Public() key.Public                                 { return f.pub }
func (f foreign) Sign(_ context.Context, msg []byte) ([]byte, error) { return f.sign(msg) }

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newRSA(t testing.TB, alg string) foreign {
	t.Helper()
	priv, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.ParseJWK(map[string]any{"kty": "RSA", "n": b64(string(priv.N.Bytes())), "e": "AQAB"})
	if err != nil {
		t.Fatal(err)
	}
	return foreign{pub, func(msg []byte) ([]byte, error) {
		sum := sha256.Sum256(msg)
		if alg == "PS256" {
			return rsa.SignPSS(rand.Reader, priv, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(nil, priv, crypto.SHA256, sum[:])
	}}
}

func newP521(t testing.TB) foreign {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := priv.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.ParseJWK(map[string]any{"kty": "EC", "crv": "P-521", "x": b64(string(point[1:67])), "y": b64(string(point[67:]))})
	if err != nil {
		t.Fatal(err)
	}
	return foreign{pub, func(msg []byte) ([]byte, error) {
		sum := sha512.Sum512(msg)
		r, s, err := ecdsa.Sign(rand.Reader, priv, sum[:])
		if err != nil {
			return nil, err
		}
		sig := make([]byte, 132)
		r.FillBytes(sig[:66])
		s.FillBytes(sig[66:])
		return sig, nil
	}}
}

func TestRoundTrip(t *testing.T) {
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		t.Run(kind.String(), func(t *testing.T) {
			s := generate(t, kind)
			header := map[string]any{"kid": "did:example:a#k", "typ": "vc+jwt", "cty": "vc", "more": []any{"x"}}
			text, err := Sign(t.Context(), s, header, []byte(`{"a":1}`))
			if err != nil {
				t.Fatal(err)
			}
			tok, err := Parse([]byte(text), 0)
			if err != nil {
				t.Fatal(err)
			}
			if tok.Alg != s.Public().Algs()[0] || tok.Type != "application/vc+jwt" || tok.Cty != "application/vc" || tok.Kid != "did:example:a#k" {
				t.Errorf("%+v", tok)
			}
			if err := tok.Verify(s.Public()); err != nil {
				t.Error(err)
			}
			if m, err := tok.Object(strictjson.Limits{}); err != nil || len(m) != 1 {
				t.Errorf("%v %v", m, err)
			}
			if err := tok.Verify(generate(t, kind).Public()); !errors.Is(err, ErrSignature) {
				t.Errorf("another key: %v", err)
			}
			if err := tok.Verify(key.Public{}); !errors.Is(err, ErrAlg) {
				t.Errorf("no key: %v", err)
			}
			if _, has := header["alg"]; has {
				t.Error("the caller's header was changed")
			}
		})
	}
}

// Every byte of all three segments is covered by the signature.
func TestOneCharacterChanged(t *testing.T) {
	s := generate(t, key.Ed25519)
	text := raw(t, s, `{"alg":"EdDSA","typ":"JWT"}`, `{"a":"b"}`)
	for i := range text {
		c := byte('A')
		if text[i] == 'A' {
			c = 'B'
		}
		tok, err := Parse([]byte(text[:i]+string(c)+text[i+1:]), 0)
		if err == nil {
			err = tok.Verify(s.Public())
		}
		if err == nil {
			t.Fatalf("character %d", i)
		}
	}
}

// One thing changed in a token that is accepted, and which refusal it is.
func TestRefusals(t *testing.T) {
	s := generate(t, key.Ed25519)
	good := raw(t, s, `{"alg":"EdDSA"}`, `{"a":12}`)
	parts := strings.Split(good, ".")
	header := func(h string) string { return raw(t, s, h, `{"a":12}`) }
	with := func(member string) string { return header(`{"alg":"EdDSA",` + member + `}`) }
	alg := func(name string) string { return header(`{"alg":"` + name + `"}`) }
	// The last character of a segment that does not end on a byte has spare bits.
	spare := func(seg string) string {
		const abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return seg[:len(seg)-1] + string(abc[strings.IndexByte(abc, seg[len(seg)-1])+1])
	}
	join := func(h, p, s string) string { return h + "." + p + "." + s }
	if len(parts[0])%4 == 0 {
		parts[0] = b64(`{"alg":"EdDSA" }`)
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"good", good, nil},
		{"empty", "", ErrToken},
		{"one segment", parts[0], ErrToken},
		{"two segments", parts[0] + "." + parts[1], ErrToken},
		{"four segments", good + "." + parts[2], ErrToken},
		{"five segments, as encrypted", good + ".a.b", ErrToken},
		{"a dot at the end", good + ".", ErrToken},
		{"empty header", join("", parts[1], parts[2]), ErrToken},
		{"empty payload is a payload", raw(t, s, `{"alg":"EdDSA"}`, ""), nil},
		{"empty signature", join(parts[0], parts[1], ""), ErrToken},
		{"header padded", join(parts[0]+"=", parts[1], parts[2]), ErrToken},
		{"payload padded", join(parts[0], parts[1]+"=", parts[2]), ErrToken},
		{"signature padded", join(parts[0], parts[1], parts[2]+"=="), ErrToken},
		{"header with spare bits", join(spare(parts[0]), parts[1], parts[2]), ErrToken},
		{"payload with spare bits", join(parts[0], spare(parts[1]), parts[2]), ErrToken},
		{"signature with spare bits", join(parts[0], parts[1], spare(parts[2])), ErrToken},
		{"signature of one character", join(parts[0], parts[1], "A"), ErrToken},
		{"line break in the header", join(parts[0][:4]+"\n"+parts[0][4:], parts[1], parts[2]), ErrToken},
		{"line break in the payload", join(parts[0], parts[1][:4]+"\r\n"+parts[1][4:], parts[2]), ErrToken},
		{"line break in the signature", join(parts[0], parts[1], parts[2][:4]+"\n"+parts[2][4:]), ErrToken},
		{"line break at the end", good + "\n", ErrToken},
		{"space before", " " + good, ErrToken},
		{"alphabet of base64", join(parts[0], "+/8", parts[2]), ErrToken},
		{"a letter beyond ASCII", join(parts[0], "é", parts[2]), ErrToken},
		{"percent", join(parts[0], "%41", parts[2]), ErrToken},

		{"header is no JSON", header(`{alg}`), ErrToken},
		{"header is a list", header(`[{"alg":"EdDSA"}]`), ErrToken},
		{"header is null", header(`null`), ErrToken},
		{"header with an end", header(`{"alg":"EdDSA"}{}`), ErrToken},
		{"header not UTF-8", header("{\"alg\":\"EdDSA\",\"x\":\"\xff\"}"), ErrToken},
		{"header begins with a mark", header("\xef\xbb\xbf" + `{"alg":"EdDSA"}`), ErrToken},
		{"alg twice", header(`{"alg":"EdDSA","alg":"none"}`), ErrToken},
		{"alg twice, once escaped", header(`{"alg":"EdDSA","\u0061lg":"none"}`), ErrToken},
		{"kid twice", with(`"kid":"a","kid":"a"`), ErrToken},
		{"a name twice inside jwk", with(`"jwk":{"kty":"OKP","kty":"EC"}`), ErrToken},
		{"header eight deep", with(`"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7)), nil},
		{"header nine deep", with(`"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8)), ErrToken},
		{"header deep as a well", with(`"x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000)), ErrToken},
		{"header of 64 KiB", with(`"x":"` + strings.Repeat("x", maxHeader) + `"`), ErrToken},

		{"no alg", header(`{}`), ErrAlg},
		{"alg in capitals", header(`{"ALG":"EdDSA"}`), ErrAlg},
		{"alg is null", header(`{"alg":null}`), ErrAlg},
		{"alg is a list", header(`{"alg":["EdDSA"]}`), ErrAlg},
		{"none", alg("none"), ErrAlg},
		{"None", alg("None"), ErrAlg},
		{"NONE", alg("NONE"), ErrAlg},
		{"nOnE", alg("nOnE"), ErrAlg},
		{"empty alg", alg(""), ErrAlg},
		{"HS256", alg("HS256"), ErrAlg},
		{"HS384", alg("HS384"), ErrAlg},
		{"HS512", alg("HS512"), ErrAlg},
		{"RS1", alg("RS1"), ErrAlg},
		{"RS384", alg("RS384"), ErrAlg},
		{"ES256K", alg("ES256K"), ErrAlg},
		{"Ed448", alg("Ed448"), ErrAlg},
		{"RSA1_5", alg("RSA1_5"), ErrAlg},
		{"dir", alg("dir"), ErrAlg},
		{"eddsa in small letters", alg("eddsa"), ErrAlg},
		{"alg with a space", alg("EdDSA "), ErrAlg},
		{"none without signature", join(b64(`{"alg":"none"}`), parts[1], ""), ErrAlg},

		{"crit, of a known name", with(`"crit":["exp"],"exp":1`), ErrHeader},
		{"crit, empty", with(`"crit":[]`), ErrHeader},
		{"crit, null", with(`"crit":null`), ErrHeader},
		{"b64 false", with(`"b64":false,"crit":["b64"]`), ErrHeader},
		{"b64 false without crit", with(`"b64":false`), ErrHeader},
		{"b64 true", with(`"b64":true`), ErrHeader},
		{"zip", with(`"zip":"DEF"`), ErrHeader},
		{"enc", with(`"enc":"A256GCM"`), ErrHeader},
		{"typ is a number", with(`"typ":1`), ErrHeader},
		{"typ is empty", with(`"typ":""`), ErrHeader},
		{"typ is long", with(`"typ":"` + strings.Repeat("x", maxText+1) + `"`), ErrHeader},
		{"cty is a list", with(`"cty":["vc"]`), ErrHeader},
		{"cty is null", with(`"cty":null`), ErrHeader},
		{"kid is an object", with(`"kid":{}`), ErrHeader},
		{"kid is empty", with(`"kid":""`), ErrHeader},
		{"kid is long", with(`"kid":"` + strings.Repeat("x", maxText+1) + `"`), ErrHeader},

		{"other parameters are handed on", with(`"jwk":{},"jku":"https://a.example","x5u":"https://a.example","x5c":[],"x5t":"x","made up":{}`), nil},
		{"kid like a path is a name", with(`"kid":"../../etc/passwd"`), nil},
		{"CRIT is another name", with(`"CRIT":["x"]`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := Parse([]byte(c.text), 0)
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) || (tok == nil) != (err != nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil {
				if err := tok.Verify(s.Public()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if _, err := Parse([]byte(good), len(good)); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]byte(good), len(good)-1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte over the cap: %v", err)
	}
	if _, err := Parse([]byte(strings.Repeat("a", MaxBytes+1)), 0); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over the default cap: %v", err)
	}
}

// What is refused in reading is not made either.
func TestSignRefuses(t *testing.T) {
	s := generate(t, key.P256)
	deep := any("x")
	for range 9 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		name   string
		signer key.Signer
		header map[string]any
		want   error
	}{
		{"no header", s, nil, nil},
		{"an alg of its own", s, map[string]any{"alg": "ES256"}, ErrHeader},
		{"crit", s, map[string]any{"crit": []any{"x"}}, ErrHeader},
		{"b64", s, map[string]any{"b64": true}, ErrHeader},
		{"typ is a number", s, map[string]any{"typ": 1}, ErrHeader},
		{"typ is empty", s, map[string]any{"typ": ""}, ErrHeader},
		{"no JSON", s, map[string]any{"x": func() {}}, ErrHeader},
		{"deep", s, map[string]any{"x": deep}, ErrToken},
		{"no key", key.Private{}, nil, ErrAlg},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := Sign(t.Context(), c.signer, c.header, []byte("{}"))
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) || (text == "") != (err != nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Sign(ctx, s, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Row 18 of the attacks: the key's kind fixes the algorithm, and only the
// diagonal passes.
func TestAlgorithmByKeyKind(t *testing.T) {
	keys := []struct {
		signer key.Signer
		algs   []string
	}{
		{generate(t, key.Ed25519), []string{"EdDSA", "Ed25519"}},
		{generate(t, key.P256), []string{"ES256"}},
		{generate(t, key.P384), []string{"ES384"}},
		{newP521(t), []string{"ES512"}},
		{newRSA(t, "RS256"), []string{"RS256"}},
		{newRSA(t, "PS256"), []string{"PS256"}},
	}
	for _, alg := range algorithms() {
		for _, k := range keys {
			pub := k.signer.Public()
			tok, err := Parse([]byte(raw(t, k.signer, `{"alg":"`+alg+`"}`, `{}`)), 0)
			if err != nil {
				t.Fatal(err)
			}
			diagonal := slices.Contains(k.algs, alg)
			want := ErrAlg
			if pub.Kind() == key.RSA && (alg == "RS256" || alg == "PS256") {
				want = ErrSignature // the key's own algorithms, and one made the signature
			}
			if err := tok.Verify(pub); diagonal != (err == nil) || !diagonal && !errors.Is(err, want) {
				t.Errorf("%s with a signature by %s: %v", alg, k.algs, err)
			}
			// The same signature under every other key.
			for _, other := range keys {
				if other.signer.Public() != pub && tok.Verify(other.signer.Public()) == nil {
					t.Errorf("%s by %s verifies with a key of %s", alg, k.algs, other.algs)
				}
			}
		}
	}
}

// A public key as the secret of a MAC: whatever its bytes are taken to be, the
// algorithm is refused before anything is computed.
func TestPublicKeyAsSecret(t *testing.T) {
	pub := newRSA(t, "RS256").pub
	jwk, err := strictjson.Canonical(pub.JWK())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{string(pub.Bytes()), string(jwk), pub.String(), ""} {
		input := b64(`{"alg":"HS256"}`) + "." + b64(`{}`)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(input))
		if _, err := Parse([]byte(input+"."+b64(string(mac.Sum(nil)))), 0); !errors.Is(err, ErrAlg) {
			t.Error(err)
		}
	}
}

// Row 19: signatures of another form than the one that the algorithm fixes.
func TestMalformedSignatures(t *testing.T) {
	ec := generate(t, key.P256)
	tok, err := Parse([]byte(raw(t, ec, `{"alg":"ES256"}`, `{}`)), 0)
	if err != nil {
		t.Fatal(err)
	}
	good := tok.Signature
	r, s := new(big.Int).SetBytes(good[:32]), new(big.Int).SetBytes(good[32:])
	n := elliptic.P256().Params().N
	der := append([]byte{0x30, 68, 2, 32}, good[:32]...)
	der = append(append(der, 2, 32), good[32:]...)
	pair := func(r, s *big.Int) []byte {
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
	for name, sig := range map[string][]byte{
		"DER": der, "short": good[:63], "long": append(good[:64:64], 0), "zeros": make([]byte, 64),
		"r is zero": pair(new(big.Int), s), "s is zero": pair(r, new(big.Int)), "s is n": pair(r, n), "r is n": pair(n, s),
		"halves swapped": pair(s, r),
	} {
		tok.Signature = sig
		if err := tok.Verify(ec.Public()); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	s := generate(t, key.Ed25519)
	for _, c := range []struct{ member, want string }{
		{`"x":1`, ""},
		{`"typ":"vc+jwt"`, "application/vc+jwt"},
		{`"typ":"application/vc+jwt"`, "application/vc+jwt"},
		{`"typ":"APPLICATION/VC+JWT"`, "application/vc+jwt"},
		{`"typ":"JWT"`, "application/jwt"},
		{`"typ":"text/plain"`, "text/plain"},
		{`"typ":"vc+jwt; charset=utf-8"`, "application/vc+jwt; charset=utf-8"},
		{`"typ":" vc+jwt"`, "application/ vc+jwt"},
		// The Kelvin sign, whose lower form is the letter k.
		{`"typ":"\u212ab+jwt"`, "application/\u212ab+jwt"},
		{`"typ":"/"`, "/"},
	} {
		tok, err := Parse([]byte(raw(t, s, `{"alg":"EdDSA",`+c.member+`}`, `{}`)), 0)
		if err != nil {
			t.Fatal(err)
		}
		if tok.Type != c.want {
			t.Errorf("%s: %q", c.member, tok.Type)
		}
		if err := tok.Demand(c.want, "x/y"); err != nil {
			t.Error(err)
		}
		if err := tok.Demand("x/y"); !errors.Is(err, ErrType) {
			t.Error(err)
		}
	}
}

func TestLooksLike(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "a.b": false, "aa.bb.cc": true, "a.b.c.d": false, "....": false, "aa.bb.cc\n": false,
		"aa.bb.c~": false, "aa.b=.cc": false, "{}.aa.bb": false, "aa-.b_b.": true, "aa.bb.cé": false,
	} {
		if got := LooksLike([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPayload(t *testing.T) {
	s := generate(t, key.Ed25519)
	for payload, good := range map[string]bool{
		`{"a":{"b":1}}`: true, `[]`: false, ``: false, `{"a":1,"a":1}`: false, `{} {}`: false, "{\"a\":\"\xff\"}": false,
		`{"a":[[[[]]]]}`: false, `{"a":"` + strings.Repeat("x", 200) + `"}`: false,
	} {
		tok, err := Parse([]byte(raw(t, s, `{"alg":"EdDSA"}`, payload)), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tok.Object(strictjson.Limits{MaxBytes: 100, MaxDepth: 4}); good != (err == nil) || !good && !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func vector(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "vectors/jose-cose/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// The suite of the W3C for VC-JOSE-COSE: kid is the thumbprint of the key.
func TestVectors(t *testing.T) {
	keys := map[string]key.Public{}
	for _, name := range []string{"vm-ed25519.json", "vm-p256.json", "vm-p384.json", "vm-p521.json"} {
		vm, err := strictjson.ParseObject([]byte(vector(t, name)), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		jwk, _ := vm["publicKeyJwk"].(map[string]any)
		pub, err := key.ParseJWK(jwk)
		if err != nil {
			t.Fatal(err)
		}
		if jwk["kid"] != any(pub.Thumbprint()) {
			t.Errorf("%s: kid is not the thumbprint", name)
		}
		keys[pub.Thumbprint()] = pub
	}
	for _, c := range []struct {
		file, typ, cty string
		want           error
	}{
		{"credential-jose-minimal.txt", "application/vc+jwt", "application/vc", nil},
		{"credential-jose-bad-signature.txt", "application/vc+jwt", "application/vc", ErrSignature},
		{"presentation-jose-multiple.txt", "application/vp+jwt", "application/vp", nil},
	} {
		tok, err := Parse([]byte(vector(t, c.file)), 0)
		if err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		pub, known := keys[tok.Kid]
		if !known || tok.Type != c.typ || tok.Cty != c.cty {
			t.Errorf("%s: %v %s %s", c.file, tok.Header, tok.Type, tok.Cty)
		}
		if err := tok.Verify(pub); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v", c.file, err)
		}
	}
	if _, err := Parse([]byte(vector(t, "credential-cose-minimal.txt")), 0); !errors.Is(err, ErrToken) {
		t.Errorf("COSE: %v", err)
	}
	if _, err := Parse([]byte(vector(t, "credential-sdjwt-selective.txt")), 0); !errors.Is(err, ErrToken) {
		t.Errorf("SD-JWT: %v", err)
	}
}

// A token that was read has exactly one spelling: the one that it came in.
func FuzzParse(f *testing.F) {
	s := generate(f, key.Ed25519)
	f.Add(raw(f, s, `{"alg":"EdDSA","typ":"vc+jwt","kid":"a"}`, `{"a":1}`))
	f.Add(raw(f, s, `{"alg":"none"}`, ``))
	f.Add("eyJhbGciOiJFZERTQSJ9.e30.AA")
	f.Add("a.b.c")
	for _, name := range []string{"credential-jose-minimal.txt", "presentation-jose-multiple.txt", "credential-sdjwt-selective.txt"} {
		f.Add(vector(f, name))
	}
	pub := generate(f, key.Ed25519).Public()
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := Parse([]byte(text), 1<<16)
		if err != nil {
			return
		}
		first, _, _ := strings.Cut(text, ".")
		header, err := base64.RawURLEncoding.DecodeString(first)
		if err != nil {
			t.Fatal(err)
		}
		if again := b64(string(header)) + "." + b64(string(tok.Payload)) + "." + b64(string(tok.Signature)); again != text {
			t.Fatalf("%q is also %q", text, again)
		}
		if !LooksLike([]byte(text)) {
			t.Fatal("does not look like a token")
		}
		if tok.Verify(pub) == nil {
			t.Fatal("verifies under a key that has signed nothing")
		}
	})
}
