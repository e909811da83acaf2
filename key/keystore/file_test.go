package keystore

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
)

// plainOf encodes one live and one destroyed entry.
func plainOf(t testing.TB) (string, key.Private) {
	t.Helper()
	p, err := key.FromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	q, err := key.FromSeed(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	at := noon.Add(time.Hour)
	plain, err := encode([]Entry{
		{Issuer: "QmA", ID: "#a", Role: RoleHead, Public: p.Public(), Created: noon, secret: p},
		{Issuer: "QmB", Role: RoleList, Public: q.Public(), Created: noon, Retired: &at},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(plain), p
}

func TestDecode(t *testing.T) {
	plain, p := plainOf(t)
	secret, err := p.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	pub := p.Public().Multikey()
	other := key.HashMultikey("x")
	otherPublic := strings.Split(strings.SplitN(plain, `"issuer":"QmB","public":"`, 2)[1], `"`)[0]
	for _, c := range []struct{ name, old, new string }{
		{"nothing", "", ""},
		{"type", fileType, "Other"},
		{"version", `"version":1`, `"version":2`},
		{"unknown member", `"version":1`, `"version":1,"x":1`},
		{"duplicate member", `"version":1`, `"version":1,"version":1`},
		{"unknown member of an entry", `"role":"head"`, `"role":"head","x":""`},
		{"role", `"role":"head"`, `"role":"boss"`},
		{"issuer", `"QmA"`, `""`},
		{"public", pub, other},
		{"public of another key", pub, otherPublic},
		{"secret of another kind", string(secret), pub},
		{"secret broken", string(secret), string(secret[:20])},
		{"time with offset", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00+00:00"},
		{"time broken", "2026-11-24T12:00:00Z", "2026-13-24T12:00:00Z"},
		{"retired broken", "2026-11-24T13:00:00Z", ""},
		{"entry is no object", `"entries":[`, `"entries":[1,`},
		{"trailing", `"version":1}`, `"version":1}{}`},
		{"not closed", `"version":1}`, `"version":1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.old == "" {
				entries, err := decode([]byte(plain))
				if err != nil || len(entries) != 2 {
					t.Fatalf("%v, %v", entries, err)
				}
				again, err := encode(entries)
				if err != nil || string(again) != plain {
					t.Errorf("came back as %s, %v", again, err)
				}
				return
			}
			changed := strings.Replace(plain, c.old, c.new, 1)
			if changed == plain {
				t.Fatal("the case changes nothing")
			}
			entries, err := decode([]byte(changed))
			if !errors.Is(err, ErrDamaged) || entries != nil {
				t.Fatalf("%v, %v, want ErrDamaged", entries, err)
			}
			if strings.Contains(err.Error(), string(secret[:12])) {
				t.Errorf("error quotes the secret: %v", err)
			}
		})
	}
	t.Run("same key twice", func(t *testing.T) {
		entry := strings.TrimSuffix(strings.SplitAfterN(plain, "[", 2)[1], `],"type"`+strings.SplitN(plain, `],"type"`, 2)[1])
		doubled := `{"entries":[` + entry + `,` + entry + `],"type":"BonafideKeystore","version":1}`
		if _, err := decode([]byte(doubled)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "twice") {
			t.Errorf("%v, want ErrDamaged for a double", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	plain, _ := plainOf(f)
	f.Add([]byte(plain))
	f.Add([]byte(`{"entries":[],"type":"BonafideKeystore","version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decode(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v is not ErrDamaged", err)
			}
			return
		}
		again, err := encode(entries)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(again)
		if err != nil || len(back) != len(entries) {
			t.Errorf("does not come back: %v", err)
		}
	})
}

// BenchmarkSeal measures one change at the default work factor; one opening costs
// the same.
func BenchmarkSeal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := seal(nil, []byte("x"), defaultWorkFactor); err != nil {
			b.Fatal(err)
		}
	}
}
