package key

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// canary is a recognisable secret, also a valid P-256 scalar.
const canary = "CANARY-canary-CANARY-canary-0123"

// canaryForms lists how its bytes could show.
func canaryForms(t *testing.T, p Private) []string {
	t.Helper()
	text, err := p.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	raw := []byte(canary)
	decimals := make([]string, len(raw))
	hexes := make([]string, len(raw))
	for i, b := range raw {
		decimals[i], hexes[i] = strconv.Itoa(int(b)), fmt.Sprintf("0x%x", b)
	}
	return []string{
		canary, strings.Trim(strconv.Quote(canary), `"`),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		strings.Join(decimals, " "), strings.Join(decimals, ","), strings.Join(decimals, ", "),
		strings.Join(hexes, ", "), new(big.Int).SetBytes(raw).String(),
		base64.StdEncoding.EncodeToString(raw)[:40], base64.RawURLEncoding.EncodeToString(raw)[:40],
		Base58Encode(raw), string(text), string(text[1:]),
	}
}

func canaryKeys(t *testing.T) map[string]Private {
	t.Helper()
	keys := map[string]Private{}
	for _, kind := range []Kind{Ed25519, P256} {
		p, err := Generate(kind, strings.NewReader(canary))
		if err != nil {
			t.Fatal(err)
		}
		keys[kind.String()] = p
	}
	return keys
}

// holder is somebody's struct with a key in it.
type holder struct {
	Name    string
	Key     Private
	Pointer *Private
	hidden  Private
	any     any
}

func TestPrivateDoesNotLeak(t *testing.T) {
	for name, p := range canaryKeys(t) {
		t.Run(name, func(t *testing.T) {
			forms := canaryForms(t, p)
			check := func(how, out string) {
				t.Helper()
				for _, form := range forms {
					if strings.Contains(out, form) {
						t.Errorf("%s shows the secret", how)
					}
				}
			}
			h := holder{"h", p, &p, p, p}
			values := map[string]any{
				"value": p, "pointer": &p, "struct": h, "struct pointer": &h,
				"slice": []Private{p}, "map": map[string]Private{"k": p}, "signer": Signer(p),
				"any slice": []any{p, &h},
			}
			for what, v := range values {
				for _, verb := range []string{
					"%v", "%+v", "%#v", "%s", "%x", "%X", "% x", "%#x", "%q", "%d", "%b", "%o", "%c", "%U",
					"%e", "%g", "%t", "%p", "%w", "%T", "%z", "%10.3s", "%+q",
				} {
					out := fmt.Sprintf(verb, v)
					check(what+" "+verb, out)
					if what == "value" && verb != "%T" && verb != "%p" && verb != "%w" && out != p.String() {
						t.Errorf("%s gives %q", verb, out)
					}
				}
				check(what+" Errorf", fmt.Errorf("%v %w", v, errors.New("x")).Error())
				check(what+" Sprint", fmt.Sprint(v, v))
				var text, jsonText bytes.Buffer
				for _, log := range []*slog.Logger{
					slog.New(slog.NewTextHandler(&text, nil)), slog.New(slog.NewJSONHandler(&jsonText, nil)),
				} {
					log.Info("m", "key", v, slog.Group("g", "key", v))
				}
				check(what+" slog text", text.String())
				check(what+" slog JSON", jsonText.String())
				if text.Len() == 0 || jsonText.Len() == 0 {
					t.Error("nothing was logged")
				}
				if out, err := json.Marshal(v); err == nil {
					check(what+" JSON", string(out))
				}
				if out, err := xml.Marshal(v); err == nil {
					check(what+" XML", string(out))
				}
				var buf bytes.Buffer
				if gob.NewEncoder(&buf).Encode(v) == nil {
					check(what+" gob", buf.String())
				}
			}
			if _, err := UnmarshalSecret([]byte(canary)); err != nil {
				check("error of UnmarshalSecret", err.Error())
			}
		})
	}
}

// TestCanaryIsSeen makes sure that the search above can find anything.
func TestCanaryIsSeen(t *testing.T) {
	p := canaryKeys(t)["Ed25519"]
	forms := canaryForms(t, p)
	seed := ed25519.NewKeyFromSeed([]byte(canary))
	for _, out := range []string{
		fmt.Sprintf("%v", seed), fmt.Sprintf("%x", seed), fmt.Sprintf("%X", seed), string(seed),
		fmt.Sprintf("%#v", seed), fmt.Sprintf("%d", struct{ k ed25519.PrivateKey }{seed}),
		fmt.Sprint(base64.StdEncoding.EncodeToString(seed)),
	} {
		found := false
		for _, form := range forms {
			found = found || strings.Contains(out, form)
		}
		if !found {
			t.Errorf("secret not recognised in %q", out)
		}
	}
}

func TestGenerate(t *testing.T) {
	for _, kind := range []Kind{Ed25519, P256} {
		t.Run(kind.String(), func(t *testing.T) {
			a, err := Generate(kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Generate(kind, nil)
			if err != nil || a.Public() == b.Public() {
				t.Fatalf("two keys are the same (%v)", err)
			}
			if a.Public().Kind() != kind {
				t.Errorf("kind %v", a.Public().Kind())
			}
			random := func() io.Reader { return rand.NewChaCha8([32]byte{1}) }
			c, _ := Generate(kind, random())
			d, _ := Generate(kind, random())
			if c.Public().IsZero() || c.Public() != d.Public() {
				t.Error("the same randomness gives different keys")
			}
			broken := errors.New("no entropy")
			if p, err := Generate(kind, iotest.ErrReader(broken)); !errors.Is(err, broken) || !p.Public().IsZero() {
				t.Errorf("%v, %v", p, err)
			}
			if _, err := Generate(kind, strings.NewReader(canary[:31])); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("short randomness: %v", err)
			}
		})
	}
	for _, kind := range []Kind{0, P521, RSA, 255} {
		if _, err := Generate(kind, nil); !errors.Is(err, ErrKind) {
			t.Errorf("kind %d: %v, want ErrKind", kind, err)
		}
	}
}

// TestGenerateP256Range feeds scalars out of range, which must be passed over and
// never reduced.
func TestGenerateP256Range(t *testing.T) {
	n := elliptic.P256().Params().N.Bytes()
	good := []byte(canary)
	want, err := fromScalar(P256, good)
	if err != nil {
		t.Fatal(err)
	}
	zero := make([]byte, 32)
	p, err := Generate(P256, io.MultiReader(bytes.NewReader(zero), bytes.NewReader(n), bytes.NewReader(good)))
	if err != nil || p.Public() != want.Public() {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := Generate(P256, bytes.NewReader(make([]byte, 4096))); !errors.Is(err, ErrKey) {
		t.Errorf("zeros only: %v, want ErrKey", err)
	}
}

func TestSignKnownAnswers(t *testing.T) {
	ctx := context.Background()
	t.Run("RFC 8032 7.1 test 3", func(t *testing.T) {
		p, err := FromSeed(unhex(t, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(p.Public().Bytes()); got != "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025" {
			t.Errorf("public %s", got)
		}
		sig, err := p.Sign(ctx, []byte{0xaf, 0x82})
		if got := hex.EncodeToString(sig); err != nil || got != "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" {
			t.Errorf("%s, %v", got, err)
		}
	})
	t.Run("RFC 6979 A.2.5 SHA-256 sample", func(t *testing.T) {
		p, err := fromScalar(P256, unhex(t, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(p.Public().Bytes()[1:]); !strings.EqualFold(got, "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6") {
			t.Errorf("public %s", got)
		}
		sig, err := p.Sign(ctx, []byte("sample"))
		want := "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716" +
			"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
		if got := hex.EncodeToString(sig); err != nil || !strings.EqualFold(got, want) {
			t.Errorf("%s, %v", got, err)
		}
	})
}

// TestVerifyChanges changes one thing at a time.
func TestVerifyChanges(t *testing.T) {
	ctx := context.Background()
	for name, p := range canaryKeys(t) {
		t.Run(name, func(t *testing.T) {
			msg := []byte("the message")
			sig, err := p.Sign(ctx, msg)
			if err != nil || len(sig) != 64 {
				t.Fatalf("%d bytes, %v", len(sig), err)
			}
			if err := p.Public().Verify(msg, sig); err != nil {
				t.Fatal(err)
			}
			for bit := range 512 {
				bad := bytes.Clone(sig)
				bad[bit/8] ^= 1 << (bit % 8)
				if err := p.Public().Verify(msg, bad); !errors.Is(err, ErrSignature) {
					t.Fatalf("bit %d of the signature flipped: %v", bit, err)
				}
			}
			other, err := Generate(p.Public().Kind(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				name     string
				pub      Public
				msg, sig []byte
			}{
				{"another message", p.Public(), []byte("the messagf"), sig},
				{"another key", other.Public(), msg, sig},
				{"one byte short", p.Public(), msg, sig[:63]},
				{"one byte long", p.Public(), msg, append(bytes.Clone(sig), 0)},
				{"leading zero", p.Public(), msg, append([]byte{0}, sig...)},
				{"empty", p.Public(), msg, nil},
			} {
				if err := c.pub.Verify(c.msg, c.sig); !errors.Is(err, ErrSignature) {
					t.Errorf("%s: %v, want ErrSignature", c.name, err)
				}
			}
		})
	}
}

// TestP256SignatureRange checks 0 < r, s < n, and that a high s stays valid.
func TestP256SignatureRange(t *testing.T) {
	p := canaryKeys(t)["P-256"]
	msg := []byte("m")
	sig, err := p.Sign(context.Background(), msg)
	if err != nil {
		t.Fatal(err)
	}
	n := elliptic.P256().Params().N
	s := new(big.Int).SetBytes(sig[32:])
	flipped := append(bytes.Clone(sig[:32]), new(big.Int).Sub(n, s).FillBytes(make([]byte, 32))...)
	if err := p.Public().Verify(msg, flipped); err != nil {
		t.Errorf("n-s: %v", err)
	}
	zero := make([]byte, 32)
	for _, c := range []struct {
		name string
		r, s []byte
	}{
		{"r zero", zero, sig[32:]}, {"s zero", sig[:32], zero}, {"both zero", zero, zero},
		{"r = n", n.Bytes(), sig[32:]}, {"s = n", sig[:32], n.Bytes()},
	} {
		if err := p.Public().Verify(msg, append(bytes.Clone(c.r), c.s...)); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", c.name, err)
		}
	}
}

func TestSecretRoundTrip(t *testing.T) {
	for name, p := range canaryKeys(t) {
		t.Run(name, func(t *testing.T) {
			text, err := p.MarshalSecret()
			if err != nil {
				t.Fatal(err)
			}
			back, err := UnmarshalSecret(text)
			if err != nil || back.Public() != p.Public() {
				t.Fatalf("%v, %v", back, err)
			}
			clear(text) // the key must not share the caller's memory
			a, _ := p.Sign(context.Background(), nil)
			b, err := back.Sign(context.Background(), nil)
			if err != nil || !bytes.Equal(a, b) {
				t.Errorf("signs differently (%v)", err)
			}
		})
	}
	n := elliptic.P256().Params().N.Bytes()
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrKey},
		{"no prefix", mk(0x1300, []byte(canary)...)[1:], ErrKey},
		{"not base58", "z0", ErrKey},
		{"over long", "z" + strings.Repeat("2", 300), ErrKey},
		{"public", edMultikey, ErrKind},
		{"Ed25519 short", mk(0x1300, []byte(canary)[:31]...), ErrKey},
		{"Ed25519 long", mk(0x1300, []byte(canary+"x")...), ErrKey},
		{"P-256 short", mk(0x1306, []byte(canary)[:31]...), ErrKey},
		{"P-256 zero", mk(0x1306, make([]byte, 32)...), ErrKey},
		{"P-256 n", mk(0x1306, n...), ErrKey},
		{"secp256k1", mk(0x1301, []byte(canary)...), ErrKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := UnmarshalSecret([]byte(c.in))
			if !errors.Is(err, c.want) || !p.Public().IsZero() {
				t.Errorf("%v, %v, want %v", p, err, c.want)
			}
		})
	}
}

func TestPrivateEdges(t *testing.T) {
	var zero Private
	if _, err := zero.Sign(context.Background(), nil); !errors.Is(err, ErrKey) {
		t.Errorf("zero Private signs: %v", err)
	}
	if _, err := zero.MarshalSecret(); !errors.Is(err, ErrKey) {
		t.Errorf("zero Private marshals: %v", err)
	}
	if zero.String() == "" || !zero.Public().IsZero() {
		t.Error("zero Private has something")
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := FromSeed(make([]byte, n)); !errors.Is(err, ErrKey) {
			t.Errorf("seed of %d bytes: %v", n, err)
		}
	}
	seed := []byte(canary)
	p, err := FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	clear(seed)
	sig, err := p.Sign(context.Background(), []byte("m"))
	if err != nil || p.Public().Verify([]byte("m"), sig) != nil {
		t.Errorf("the key shares the caller's seed (%v)", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Sign(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkVerify stands beside the bare standard library.
func BenchmarkVerify(b *testing.B) {
	msg := make([]byte, 64)
	for _, kind := range []Kind{Ed25519, P256} {
		p, err := Generate(kind, nil)
		if err != nil {
			b.Fatal(err)
		}
		sig, err := p.Sign(context.Background(), msg)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(kind.String(), func(b *testing.B) {
			for b.Loop() {
				if err := p.Public().Verify(msg, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
		if kind == Ed25519 {
			raw := ed25519.PublicKey(p.Public().Bytes())
			b.Run("bare crypto/ed25519", func(b *testing.B) {
				for b.Loop() {
					if !ed25519.Verify(raw, msg, sig) {
						b.Fatal("refused")
					}
				}
			})
		}
	}
}
