package cose

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

// draftKey is the key of the examples in draft-ietf-oauth-status-list (kid 12).
func draftKey(t testing.TB) key.Public {
	t.Helper()
	pub, err := key.ParseJWK(map[string]any{"kty": "EC", "crv": "P-256",
		"x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo", "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M"})
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func draftMessage(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(vectors.Path(t, "vectors/token-status-list/"+name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func signer(t testing.TB, kind key.Kind) key.Private {
	t.Helper()
	k, err := key.Generate(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The messages of the draft, signed by somebody else's software.
func TestDraftMessages(t *testing.T) {
	for name, typ := range map[string]string{"status_list_cwt.md": "application/statuslist+cwt", "referenced_token_cwt.md": ""} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(draftMessage(t, name), 0)
			if err != nil {
				t.Fatal(err)
			}
			if m.Alg != -7 || string(m.Kid) != "12" || m.Type != typ {
				t.Errorf("alg %d, kid %q, typ %q", m.Alg, m.Kid, m.Type)
			}
			if err := m.Verify(draftKey(t)); err != nil {
				t.Error(err)
			}
			claims, err := Decode(m.Payload)
			if err != nil || claims[int64(6)] != int64(1686920170) {
				t.Errorf("%v, %v", claims, err)
			}
			m.input[len(m.input)-1] ^= 1
			if err := m.Verify(draftKey(t)); !errors.Is(err, ErrSignature) {
				t.Errorf("a changed payload: %v", err)
			}
		})
	}
}

func TestSign(t *testing.T) {
	payload := []byte("what is signed")
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		t.Run(kind.String(), func(t *testing.T) {
			k := signer(t, kind)
			b, err := Sign(t.Context(), k, Header{Type: "application/statuslist+cwt", Kid: "did:example:x#1"}, payload)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Parse(b, 0)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Kid) != "did:example:x#1" || !bytes.Equal(m.Payload, payload) || m.Demand("application/statuslist+cwt") != nil {
				t.Errorf("%+v", m)
			}
			if err := m.Verify(k.Public()); err != nil {
				t.Error(err)
			}
			if err := m.Verify(signer(t, kind).Public()); !errors.Is(err, ErrSignature) {
				t.Errorf("another key: %v", err)
			}
			other := key.Ed25519
			if kind == key.Ed25519 {
				other = key.P256
			}
			if err := m.Verify(signer(t, other).Public()); !errors.Is(err, ErrAlg) {
				t.Errorf("a key of another kind: %v", err)
			}
			if err := m.Demand("application/cwt"); !errors.Is(err, ErrType) {
				t.Errorf("another type: %v", err)
			}
		})
	}
	if _, err := Sign(t.Context(), zero{}, Header{}, payload); !errors.Is(err, ErrAlg) {
		t.Errorf("no key: %v", err)
	}
}

type zero struct{ key.Private }

// parts is a message taken apart, so that one thing can be changed.
type parts struct {
	tag                    []byte
	protected, unprotected map[any]any
	payload, signature     any
}

func (p parts) bytes(t testing.TB) []byte {
	t.Helper()
	header, err := Encode(p.protected)
	if err != nil {
		t.Fatal(err)
	}
	body, err := marshal([]any{header, p.unprotected, p.payload, p.signature})
	if err != nil {
		t.Fatal(err)
	}
	return append(p.tag, body...)
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(p *parts)
		want error
	}{
		{"as it is", func(*parts) {}, nil},
		{"kid in the other header", func(p *parts) { p.unprotected[labelKid] = []byte("12") }, nil},
		{"a header of somebody's", func(p *parts) { p.protected["x"] = []any{int64(1)} }, nil},
		{"no tag", func(p *parts) { p.tag = nil }, ErrMessage},
		{"tag of CWT in front", func(p *parts) { p.tag = []byte{0xd8, 61, tagSign1} }, ErrMessage},
		{"tag in a longer spelling", func(p *parts) { p.tag = []byte{0xd8, 18} }, ErrMessage},
		{"authenticated only", func(p *parts) { p.tag = []byte{tagMac0} }, ErrMAC},
		{"payload detached", func(p *parts) { p.payload = nil }, ErrMessage},
		{"payload a text", func(p *parts) { p.payload = "x" }, ErrMessage},
		{"signature a list of numbers", func(p *parts) { p.signature = []any{1, 2} }, ErrMessage},
		{"no algorithm", func(p *parts) { delete(p.protected, labelAlg) }, ErrAlg},
		{"algorithm not protected", func(p *parts) { delete(p.protected, labelAlg); p.unprotected[labelAlg] = int64(-7) }, ErrAlg},
		{"algorithm in both", func(p *parts) { p.unprotected[labelAlg] = int64(-7) }, ErrHeader},
		{"HMAC", func(p *parts) { p.protected[labelAlg] = int64(5) }, ErrAlg},
		{"algorithm as a text", func(p *parts) { p.protected[labelAlg] = "ES256" }, ErrAlg},
		{"crit", func(p *parts) { p.protected[labelCrit] = []any{int64(16)} }, ErrHeader},
		{"kid a text", func(p *parts) { p.protected[labelKid] = "12" }, ErrHeader},
		{"typ a list", func(p *parts) { p.protected[labelTyp] = []any{} }, ErrHeader},
		{"typ null", func(p *parts) { p.protected[labelTyp] = nil }, ErrHeader},
		{"typ not protected", func(p *parts) { p.unprotected[labelTyp] = "application/cwt" }, ErrHeader},
		{"a tag inside", func(p *parts) { p.unprotected["t"] = cbor.Tag{Number: 1, Content: 0} }, ErrMessage},
		{"a label that is bytes", func(p *parts) { p.unprotected[cbor.ByteString("x")] = int64(1) }, ErrMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parts{[]byte{tagSign1}, map[any]any{labelAlg: int64(-7)}, map[any]any{}, []byte("p"), make([]byte, 64)}
			c.edit(&p)
			if _, err := Parse(p.bytes(t), 0); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	good := draftMessage(t, "status_list_cwt.md")
	for _, c := range []struct {
		name string
		b    []byte
		most int
		want error
	}{
		{"one byte behind", append(bytes.Clone(good), 0), 0, ErrMessage},
		{"one byte short", good[:len(good)-1], 0, ErrMessage},
		{"nothing", nil, 0, ErrMessage},
		{"longer than is read", good, len(good) - 1, ErrTooLarge},
		{"just as long", good, len(good), nil},
	} {
		if _, err := Parse(c.b, c.most); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for name, text := range map[string]string{"a key twice": "a201000100", "indefinite length": "bf0100ff", "a list": "80", "nothing": "",
		"a number too large": "a1011bffffffffffffffff", "bytes behind": "a00000", "too deep": "a101" + strings.Repeat("81", 20) + "00", "not UTF-8": "a10161ff"} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := Decode(b); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

// FuzzParse: whatever comes in is a message whose parts go back into the same
// bytes' meaning, or one of the typed refusals.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"status_list_cwt.md", "referenced_token_cwt.md"} {
		f.Add(draftMessage(f, name))
	}
	pub := draftKey(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b, 1<<16)
		if err != nil {
			for _, want := range []error{ErrMessage, ErrMAC, ErrHeader, ErrAlg, ErrTooLarge} {
				if errors.Is(err, want) {
					return
				}
			}
			t.Fatal(err)
		}
		if err := m.Verify(pub); err != nil && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrAlg) {
			t.Fatal(err)
		}
		claims, err := Decode(m.Payload)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Fatal(err)
			}
			return
		}
		once, err := Encode(claims)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("what we write we do not read: %v", err)
		}
		if twice, err := Encode(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x and %x: %v", once, twice, err)
		}
	})
}
