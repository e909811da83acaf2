package key

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

const (
	edMultikey = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	p2Multikey = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
)

func mustParse(t testing.TB, multikey string) Public {
	t.Helper()
	p, err := ParseMultikey(multikey)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mk makes a multikey of a code and raw bytes.
func mk(code uint64, raw ...byte) string {
	return "z" + Base58Encode(append(binary.AppendUvarint(nil, code), raw...))
}

func TestSpellingsAgree(t *testing.T) {
	for _, text := range []string{edMultikey, p2Multikey} {
		p := mustParse(t, text)
		fromJWK, err := ParseJWK(p.JWK())
		if err != nil || fromJWK != p {
			t.Errorf("%s: JWK gives %v, %v", text, fromJWK, err)
		}
		fromDID, err := ParseDIDKey(p.DIDKey())
		if err != nil || fromDID != p {
			t.Errorf("%s: did:key gives %v, %v", text, fromDID, err)
		}
		if p.DIDKey() != "did:key:"+text || p.Multikey() != text || p.String() != text {
			t.Errorf("%s comes back as %s, %s", text, p.DIDKey(), p.Multikey())
		}
		if same := map[Public]int{p: 1}; same[fromJWK] != 1 {
			t.Error("equal keys are different map keys")
		}
		b := p.Bytes()
		b[5] ^= 1
		if bytes.Equal(b, p.Bytes()) {
			t.Error("Bytes hands out the key's own memory")
		}
	}
	if got := mustParse(t, edMultikey).Kind(); got != Ed25519 {
		t.Errorf("kind %v", got)
	}
	if got := mustParse(t, p2Multikey).Kind(); got != P256 {
		t.Errorf("kind %v", got)
	}
}

func TestZeroPublic(t *testing.T) {
	var p Public
	if !p.IsZero() || p.Kind() != 0 || p.Bytes() != nil || p.Multikey() != "" || p.DIDKey() != "" ||
		p.JWK() != nil || p.Thumbprint() != "" {
		t.Errorf("zero Public is not empty: %#v", p)
	}
	if err := p.Verify(nil, make([]byte, 64)); !errors.Is(err, ErrKey) {
		t.Errorf("Verify: %v, want ErrKey", err)
	}
	if mustParse(t, edMultikey).IsZero() {
		t.Error("a key is zero")
	}
}

func TestParseMultikeyRefuses(t *testing.T) {
	ed, p2 := mustParse(t, edMultikey).Bytes(), mustParse(t, p2Multikey).Bytes()
	long := slicesRepeat(1, 32)
	offCurve := bytes.Clone(p2)
	for {
		offCurve[32]++
		if x, _ := elliptic.UnmarshalCompressed(elliptic.P256(), offCurve); x == nil {
			break
		}
	}
	tooBig := append([]byte{2}, elliptic.P256().Params().P.Bytes()...)
	hybrid := bytes.Clone(p2)
	hybrid[0] = 4
	uncompressed := mustParse(t, p2Multikey).point()
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrKey},
		{"prefix only", "z", ErrKey},
		{"no prefix", edMultikey[1:], ErrKey},
		{"base64url", "u" + base64.RawURLEncoding.EncodeToString(append([]byte(headerEd25519), ed...)), ErrKey},
		{"capital prefix", "Z" + edMultikey[1:], ErrKey},
		{"leading space", " " + edMultikey, ErrKey},
		{"trailing space", edMultikey + " ", ErrKey},
		{"trailing fragment", edMultikey + "#x", ErrKey},
		{"bad character", strings.Replace(edMultikey, "r", "0", 1), ErrKey},
		{"bad character is base58's fault too", strings.Replace(edMultikey, "r", "0", 1), ErrBase58},
		{"over long", "z" + strings.Repeat("2", maxMultikey), ErrKey},
		{"header only", mk(0xed), ErrKey},
		{"Ed25519 one short", mk(0xed, ed[:31]...), ErrKey},
		{"Ed25519 one long", mk(0xed, append(bytes.Clone(ed), 0)...), ErrKey},
		{"Ed25519 leading zero", "z1" + edMultikey[1:], ErrKind},
		{"P-256 one short", mk(0x1200, p2[:32]...), ErrKey},
		{"P-256 one long", mk(0x1200, append(bytes.Clone(p2), 0)...), ErrKey},
		{"P-256 uncompressed", mk(0x1200, uncompressed...), ErrKey},
		{"P-256 first byte", mk(0x1200, hybrid...), ErrKey},
		{"P-256 off curve", mk(0x1200, offCurve...), ErrKey},
		{"P-256 x not below p", mk(0x1200, tooBig...), ErrKey},
		{"P-256 infinity", mk(0x1200, 0), ErrKey},
		{"P-256 bytes under Ed25519", mk(0xed, p2...), ErrKey},
		{"header not minimal", "z" + Base58Encode(append([]byte{0xed, 0x81, 0x00}, ed...)), ErrKey},
		{"header one byte", "z" + Base58Encode(append([]byte{0xed}, 0xff, 0xff)), ErrKey},
		{"X25519", mk(0xec, ed...), ErrKind},
		{"secp256k1", mk(0xe7, p2...), ErrKind},
		{"P-384 off curve", mk(0x1201, append([]byte{2}, slicesRepeat(255, 48)...)...), ErrKey},
		{"P-384 one short", mk(0x1201, slicesRepeat(2, 48)...), ErrKey},
		{"RSA", mk(0x1205, slicesRepeat(7, 48)...), ErrKind},
		{"BLS12-381 G2", mk(0xeb, slicesRepeat(7, 96)...), ErrKind},
		{"Ed25519 private", mk(0x1300, long...), ErrPrivate},
		{"Ed25519 private, header not minimal", "z" + Base58Encode(append([]byte{0x80, 0xa6, 0x00}, long...)), ErrPrivate},
		{"Ed25519 private, 64 bytes", mk(0x1300, append(long, long...)...), ErrPrivate},
		{"secp256k1 private", mk(0x1301, long...), ErrPrivate},
		{"X25519 private", mk(0x1302, long...), ErrPrivate},
		{"P-256 private", mk(0x1306, long...), ErrPrivate},
		{"P-384 private", mk(0x1307, slicesRepeat(1, 48)...), ErrPrivate},
		{"JWK private", mk(0x1316, long...), ErrPrivate},
		{"Lamport private", mk(0x1a24, long...), ErrPrivate},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseMultikey(c.in)
			if !errors.Is(err, c.want) || !p.IsZero() {
				t.Errorf("%v, %v, want %v", p, err, c.want)
			}
			if len(c.in) > 20 && err != nil && strings.Contains(err.Error(), c.in[1:20]) {
				t.Errorf("error quotes its input: %v", err)
			}
		})
	}
	// The notes' literal header bytes.
	for _, header := range []string{"\x80\x26", "\x86\x26", "\x87\x26"} {
		if _, err := ParseMultikey("z" + Base58Encode([]byte(header+string(long)))); !errors.Is(err, ErrPrivate) {
			t.Errorf("header %x: %v, want ErrPrivate", header, err)
		}
	}
}

func slicesRepeat(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

func TestParseDIDKey(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"plain", "did:key:" + edMultikey, nil},
		{"version 1", "did:key:1:" + edMultikey, nil},
		{"version 2", "did:key:2:" + edMultikey, ErrKind},
		{"version 10", "did:key:10:" + edMultikey, ErrKind},
		{"version 1.1", "did:key:1.1:" + edMultikey, ErrKey},
		{"version 0", "did:key:0:" + edMultikey, ErrKey},
		{"version 01", "did:key:01:" + edMultikey, ErrKey},
		{"version -1", "did:key:-1:" + edMultikey, ErrKey},
		{"version empty", "did:key::" + edMultikey, ErrKey},
		{"version twice", "did:key:1:1:" + edMultikey, ErrKey},
		{"no version text", "did:key:x:" + edMultikey, ErrKey},
		{"multikey alone", edMultikey, ErrKey},
		{"other method", "did:jwk:" + edMultikey, ErrKey},
		{"upper case", "DID:key:" + edMultikey, ErrKey},
		{"upper case method", "did:KEY:" + edMultikey, ErrKey},
		{"fragment", "did:key:" + edMultikey + "#" + edMultikey, ErrKey},
		{"query", "did:key:" + edMultikey + "?a=b", ErrKey},
		{"path", "did:key:" + edMultikey + "/a", ErrKey},
		{"empty body", "did:key:", ErrKey},
		{"over long", "did:key:" + strings.Repeat("1", 300) + ":" + edMultikey, ErrKey},
		{"private", "did:key:" + mk(0x1300, slicesRepeat(1, 32)...), ErrPrivate},
		{"secp256k1", "did:key:" + mk(0xe7, slicesRepeat(2, 33)...), ErrKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseDIDKey(c.in)
			if c.want != nil {
				if !errors.Is(err, c.want) || !p.IsZero() {
					t.Errorf("%v, %v, want %v", p, err, c.want)
				}
				return
			}
			if err != nil || p.DIDKey() != "did:key:"+edMultikey {
				t.Errorf("%v, %v", p.DIDKey(), err)
			}
		})
	}
}

func TestParseJWK(t *testing.T) {
	ed, p2 := mustParse(t, edMultikey).JWK(), mustParse(t, p2Multikey).JWK()
	b64 := base64.RawURLEncoding.EncodeToString
	x := func(m map[string]any) string { return m["x"].(string) }
	// with changes one member, or removes it when the value is nil.
	type gone struct{}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		if m[name] = value; value == (gone{}) {
			delete(m, name)
		}
		return m
	}
	// spare sets a spare bit of the last character.
	spare := func(s string) string {
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return s[:len(s)-1] + string(digits[strings.IndexByte(digits, s[len(s)-1])|1])
	}
	negated := new(big.Int).Sub(elliptic.P256().Params().P, new(big.Int).SetBytes(mustParse(t, p2Multikey).point()[33:]))
	type tc struct {
		name string
		in   map[string]any
		want error
	}
	cases := []tc{
		{"Ed25519", ed, nil},
		{"P-256", p2, nil},
		{"P-256 other root", with(p2, "y", b64(negated.FillBytes(make([]byte, 32)))), nil},
		{"EdDSA", with(ed, "alg", "EdDSA"), nil},
		{"RFC 9864", with(ed, "alg", "Ed25519"), nil},
		{"ES256", with(p2, "alg", "ES256"), nil},
		{"use sig", with(p2, "use", "sig"), nil},
		{"key_ops verify", with(ed, "key_ops", []any{"verify"}), nil},
		{"unknown member", with(ed, "kid", "whatever"), nil},
		{"empty", map[string]any{}, ErrKey},
		{"nil", nil, ErrKey},
		{"kty gone", with(ed, "kty", gone{}), ErrKey},
		{"kty number", with(ed, "kty", json.Number("1")), ErrKey},
		{"kty lower case", with(ed, "kty", "okp"), ErrKind},
		{"kty RSA without a modulus", with(ed, "kty", "RSA"), ErrKey},
		{"kty oct", with(ed, "kty", "oct"), ErrKind},
		{"kty EC for Ed25519", with(ed, "kty", "EC"), ErrKey},
		{"kty OKP for P-256", with(p2, "kty", "OKP"), ErrKey},
		{"crv gone", with(ed, "crv", gone{}), ErrKey},
		{"crv X25519", with(ed, "crv", "X25519"), ErrKind},
		{"crv Ed448", with(ed, "crv", "Ed448"), ErrKind},
		{"crv P-384 with coordinates of P-256", with(p2, "crv", "P-384"), ErrKey},
		{"crv secp256k1", with(p2, "crv", "secp256k1"), ErrKind},
		{"alg of the other kind", with(ed, "alg", "ES256"), ErrKey},
		{"alg of the other kind, P-256", with(p2, "alg", "EdDSA"), ErrKey},
		{"alg ES384", with(p2, "alg", "ES384"), ErrKey},
		{"alg none", with(ed, "alg", "none"), ErrKey},
		{"alg null", with(ed, "alg", nil), ErrKey},
		{"use enc", with(ed, "use", "enc"), ErrKey},
		{"use number", with(ed, "use", json.Number("1")), ErrKey},
		{"key_ops sign only", with(ed, "key_ops", []any{"sign"}), ErrKey},
		{"key_ops string", with(ed, "key_ops", "verify"), ErrKey},
		{"x gone", with(ed, "x", gone{}), ErrKey},
		{"x padded", with(ed, "x", x(ed)+"="), ErrKey},
		{"x short", with(ed, "x", b64(slicesRepeat(9, 31))), ErrKey},
		{"x long", with(ed, "x", b64(slicesRepeat(9, 33))), ErrKey},
		{"x spare bits", with(ed, "x", spare(x(ed))), ErrKey},
		{"x line end", with(ed, "x", x(ed)[:42]+"\n"), ErrKey},
		{"x standard alphabet", with(ed, "x", "+"+x(ed)[1:]), ErrKey},
		{"x not a string", with(ed, "x", []any{}), ErrKey},
		{"y with Ed25519", with(ed, "y", x(ed)), ErrKey},
		{"y gone", with(p2, "y", gone{}), ErrKey},
		{"y of another point", with(p2, "y", x(p2)), ErrKey},
		{"x not below p", with(p2, "x", b64(elliptic.P256().Params().P.Bytes())), ErrKey},
		{"small order", with(ed, "x", b64(make([]byte, 32))), ErrWeak},
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		cases = append(cases,
			tc{"private " + name, with(ed, name, "canary-canary"), ErrPrivate},
			tc{"private null " + name, with(p2, name, nil), ErrPrivate})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseJWK(c.in)
			if c.want == nil {
				if err != nil || p.JWK()["x"] != c.in["x"] || p.JWK()["y"] != c.in["y"] {
					t.Errorf("%v, %v", p, err)
				}
				return
			}
			if !errors.Is(err, c.want) || !p.IsZero() {
				t.Errorf("%v, %v, want %v", p, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("error quotes private material: %v", err)
			}
		})
	}
}

func TestThumbprint(t *testing.T) {
	// RFC 8037, A.3: the thumbprint of RFC 7638 for an Ed25519 key.
	p, err := ParseJWK(map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Thumbprint(); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint %s", got)
	}
	// RFC 7638, 3: required members only, in lexicographic order, no spaces, which
	// is what encoding/json makes of a map.
	for _, text := range []string{edMultikey, p2Multikey} {
		p := mustParse(t, text)
		canonical, err := json.Marshal(p.JWK())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(canonical)
		if want := base64.RawURLEncoding.EncodeToString(sum[:]); p.Thumbprint() != want {
			t.Errorf("%s: thumbprint %s, want %s", text, p.Thumbprint(), want)
		}
	}
}

// TestHashMultikey finds the key that a pre-rotation log of two implementations
// commits to: it is the one of seed 2 in the did:key vectors.
func TestHashMultikey(t *testing.T) {
	const want = "Qmf2V5jB2UwPcFL5bvmKed7VvY3CSQ1RXyDdtip7ufpQ3R"
	log, err := os.ReadFile(vectors.Path(t, "vectors/did-webvh/pre-rotation/ts/did.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte(`"nextKeyHashes":["`+want+`"]`)) {
		t.Fatal("the log does not commit to this hash any more")
	}
	p, err := FromSeed(append(make([]byte, 31), 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := HashMultikey(p.Public().Multikey()); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if got := HashMultikey(p.Public().DIDKey()); got == want {
		t.Error("the hash does not depend on the text")
	}
}

func FuzzParseMultikey(f *testing.F) {
	f.Add(edMultikey)
	f.Add(p2Multikey)
	f.Add(mk(0x1300, slicesRepeat(1, 32)...))
	f.Add(mk(0xe7, slicesRepeat(2, 33)...))
	f.Add("z")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseMultikey(s)
		checkParsed(t, p, err)
		if err == nil && p.Multikey() != s {
			t.Errorf("%q came back as %q", s, p.Multikey())
		}
	})
}

func FuzzParseDIDKey(f *testing.F) {
	f.Add("did:key:" + edMultikey)
	f.Add("did:key:1:" + p2Multikey)
	f.Add("did:key:1.1:" + p2Multikey)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseDIDKey(s)
		checkParsed(t, p, err)
		if err == nil && p.DIDKey() != s && "did:key:1:"+p.Multikey() != s {
			t.Errorf("%q came back as %q", s, p.DIDKey())
		}
	})
}

func FuzzParseJWK(f *testing.F) {
	for _, s := range []string{
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}`,
		`{"kty":"EC","crv":"P-256","x":"KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg","y":"x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4","use":"sig"}`,
		`{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":null}`,
		`{"kty":"EC","crv":"P-256","key_ops":["verify",1]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m map[string]any
		if json.Unmarshal(data, &m) != nil {
			return
		}
		p, err := ParseJWK(m)
		checkParsed(t, p, err)
		if err != nil {
			return
		}
		if again, err := ParseJWK(p.JWK()); err != nil || again != p {
			t.Errorf("%s came back as %v, %v", data, again, err)
		}
		if _, ok := m["d"]; ok {
			t.Error("private member accepted")
		}
	})
}

// checkParsed holds for whatever a parser returns.
func checkParsed(t *testing.T, p Public, err error) {
	t.Helper()
	if err != nil {
		if !p.IsZero() {
			t.Error("an error and a key")
		}
		if !errors.Is(err, ErrKey) && !errors.Is(err, ErrKind) && !errors.Is(err, ErrPrivate) && !errors.Is(err, ErrWeak) {
			t.Errorf("error of no known class: %v", err)
		}
		return
	}
	if again, err := ParseMultikey(p.Multikey()); err != nil || again != p {
		t.Errorf("not the key that its multikey names: %v", err)
	}
	if err := p.Verify([]byte("m"), make([]byte, 64)); !errors.Is(err, ErrSignature) {
		t.Errorf("zero signature: %v", err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{edMultikey, p2Multikey} {
		p := mustParse(b, text)
		b.Run("multikey/"+p.Kind().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMultikey(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
