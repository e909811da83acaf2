package verify

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

const dccURL = "https://raw.githubusercontent.com/digitalcredentials/verifier-core/refs/heads/main/src/test-fixtures/status/e5WK8CbZ1GjycuPombrj"

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func dccVerifier(t testing.TB) *Verifier {
	t.Helper()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	over, err := NewOverlay([]Staple{{Name: "list", URL: dccURL, Body: sample(t, "dcc-bitstring-status-list.json")}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Resolver: over.Resolver(did.Registry{"key": didkey.Resolver()}), Status: over.Status(nil), Clock: func() time.Time { return now }})
}

func lenient(t testing.TB) Policy {
	t.Helper()
	p, err := Shipped("authentic")
	for _, kv := range [][2]string{{"min_list_length", "100000"}, {"max_status_age", "P20Y"}} {
		if err == nil {
			p, err = p.With(kv[0], kv[1])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The badges of the Digital Credentials Consortium, with their list stapled.
func TestDCCBadges(t *testing.T) {
	strict, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	if strict, err = strict.With("max_status_age", "P20Y"); err != nil {
		t.Fatal(err)
	}
	v := dccVerifier(t)
	for _, c := range []struct {
		name, file string
		policy     Policy
		outcome    verdict.Outcome
		code       verdict.Code
	}{
		{"valid", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", lenient(t), verdict.Verified, verdict.StatusIDDiffers},
		{"valid, 2020 suite", "dcc-ob3-v2-ed25519sig2020-valid.json", lenient(t), verdict.Verified, verdict.StatusIDDiffers},
		{"revoked", "dcc-ob3-v2-revoked.json", lenient(t), verdict.Invalid, verdict.Revoked},
		{"valid, short list", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", strict, verdict.Indeterminate, verdict.StatusListLength},
		{"revoked, short list", "dcc-ob3-v2-revoked.json", strict, verdict.Indeterminate, verdict.StatusListLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := v.Verify(t.Context(), sample(t, c.file), c.policy, time.Time{})
			row, _ := got.Worst(verdict.Status)
			if got.Outcome != c.outcome || row.Code != c.code {
				t.Errorf("%s, status %s; want %s, %s", got.Outcome, row.Code, c.outcome, c.code)
			}
			if !got.Consistent() {
				t.Error("the outcome does not follow from the rows")
			}
		})
	}
}

// canonical is what the proof of the sample covers: the graph. Two words of the
// context, "criteria" and "Criteria", are one there.
func canonical(t testing.TB, body []byte) []byte {
	t.Helper()
	tree, err := strictjson.ParseObject(body, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	quads, err := jsonld.Builtin().CanonicalNQuads(tree, crypto.SHA256, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return quads
}

// No changed byte verifies unless the canonical form is equal; a changed
// signed text under an unchanged key fails integrity.
func TestEveryByteCounts(t *testing.T) {
	body := sample(t, "dcc-ob3-v2-eddsa-rdfc2022-valid.json")
	v, p := dccVerifier(t), lenient(t)
	want := canonical(t, body)
	step := 1
	if testing.Short() {
		step = 29
	}
	for i := 0; i < len(body); i += step {
		for _, bit := range []byte{0x01, 0x20} {
			bad := bytes.Clone(body)
			bad[i] ^= bit
			got := v.Verify(t.Context(), bad, p, time.Time{})
			if got.Outcome != verdict.Verified {
				continue
			}
			if same := canonical(t, bad); !bytes.Equal(same, want) {
				t.Fatalf("byte %d (%q): verified after a change", i, body[max(0, i-10):min(len(body), i+10)])
			}
		}
	}
	for _, text := range []string{"Taylor Tuna", "Teamwork Badge", "Masters - v2 - unrevoked", "Example Corp\"", "2010-01-01T00:00:00Z", "677fe8a6cacf98774d482d07", "management.", "teamwork\""} {
		at := bytes.Index(body, []byte(text))
		if at < 0 {
			t.Fatalf("%q is not in the sample", text)
		}
		bad := bytes.Clone(body)
		bad[at+3] ^= 0x01
		got := v.Verify(t.Context(), bad, p, time.Time{})
		if row, _ := got.Worst(verdict.Integrity); got.Outcome != verdict.Invalid || row.Code != verdict.SignatureInvalid {
			t.Errorf("%q changed: %s, integrity %s", text, got.Outcome, row.Code)
		}
	}
}

type breaking struct {
	how string
	did.Resolver
	revocation.Source
}

var errBroken = errors.New("broken")

func (b breaking) do(ctx context.Context) error {
	switch b.how {
	case "panic":
		panic("a dependency panicked")
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	case "nil":
		return nil
	}
	return errBroken
}

func (b breaking) Resolve(ctx context.Context, _ string, _ did.Options) (*did.Resolution, error) {
	return nil, b.do(ctx)
}

func (b breaking) StatusList(ctx context.Context, _ revocation.Request) (*revocation.Found, error) {
	return nil, b.do(ctx)
}

func (b breaking) State(ctx context.Context, _ string) (*State, error) { return nil, b.do(ctx) }

func (b breaking) Practice(ctx context.Context, _ string) (*credential.Practice, error) {
	return nil, b.do(ctx)
}

func (b breaking) Evidence(ctx context.Context, _ string, _ *legal.Request) error { return b.do(ctx) }

// Whatever a dependency does wrong, nothing is verified because of it.
func TestNoFailureVerifies(t *testing.T) {
	body, p := sample(t, "dcc-ob3-v2-revoked.json"), lenient(t)
	good := dccVerifier(t).cfg
	for _, how := range []string{"error", "panic", "hang", "nil"} {
		b := breaking{how: how}
		for name, edit := range map[string]func(*Config){
			"resolver":    func(c *Config) { c.Resolver = b },
			"status":      func(c *Config) { c.Status = b },
			"both":        func(c *Config) { c.Resolver, c.Status, c.Issuers = b, b, b },
			"no resolver": func(c *Config) { c.Resolver = nil },
			"no status":   func(c *Config) { c.Status = nil },
			"nothing":     func(c *Config) { *c = Config{Clock: c.Clock} },
		} {
			cfg := good
			cfg.Timeout = 20 * time.Millisecond
			edit(&cfg)
			got := New(cfg).Verify(t.Context(), body, p, time.Time{})
			if got == nil || got.Outcome == verdict.Verified {
				t.Errorf("%s %s: %+v", name, how, got)
			}
		}
		cfg := good
		cfg.Timeout, cfg.Issuers = 20*time.Millisecond, b
		got := New(cfg).Verify(t.Context(), sample(t, "dcc-ob3-v2-eddsa-rdfc2022-valid.json"), p, time.Time{})
		if got.Outcome == verdict.Verified && how != "nil" {
			t.Errorf("issuers %s: verified", how)
		}
	}
}

func TestPolicies(t *testing.T) {
	for _, name := range []string{"authentic", "recognised"} {
		p, err := Shipped(name)
		if err != nil || p.Name != name || p.MinListLength != 131072 || p.MaxAge != 7*24*time.Hour {
			t.Errorf("%s: %+v %v", name, p, err)
		}
	}
	for _, bad := range []string{"", "name = 1", "name = \"x\"\nrequire = [\"luck\"]", "name = \"x\"\nmax_age = \"soon\"", "name = \"x\"\nodd = 1", "name = \"x\"\nmin_list_length = 0"} {
		if _, err := Parse(bad); !errors.Is(err, ErrPolicy) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Shipped("../secret"); !errors.Is(err, ErrPolicy) {
		t.Error("a path is taken for a name")
	}
	v := dccVerifier(t).Verify(t.Context(), []byte("{}"), lenient(t), time.Time{})
	if len(v.Policy.Changes) != 2 {
		t.Errorf("changes %v", v.Policy.Changes)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}
