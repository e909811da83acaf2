package revocation

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

type fixed struct{ found *Found }

func (f fixed) StatusList(context.Context, Request) (*Found, error) { return f.found, nil }

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testOptions(at time.Time) Options {
	return Options{At: at, Credential: credential.Options{At: at, Loader: jsonld.Builtin(),
		Resolver: did.Registry{"key": didkey.Resolver()}}}
}

func codes(rows []verdict.Check) map[verdict.Code]verdict.Result {
	out := make(map[verdict.Code]verdict.Result)
	for _, r := range rows {
		out[r.Code] = r.Result
	}
	return out
}

// The Digital Credentials Consortium's list has 100,000 entries and an id that
// is not the URL from which it is fetched.
func TestDCCSamples(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	list := sample(t, "dcc-bitstring-status-list.json")
	cases := []struct {
		name, file string
		minLength  int64
		vouched    bool
		want       map[verdict.Code]verdict.Result
	}{
		{"valid", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", 100000, true,
			map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.StatusIDDiffers: verdict.Warn}},
		{"valid, 2020 suite", "dcc-ob3-v2-ed25519sig2020-valid.json", 100000, true,
			map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.StatusIDDiffers: verdict.Warn}},
		{"revoked", "dcc-ob3-v2-revoked.json", 100000, true,
			map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail, verdict.StatusIDDiffers: verdict.Warn}},
		{"default length", "dcc-ob3-v2-revoked.json", 0, true,
			map[verdict.Code]verdict.Result{verdict.StatusListLength: verdict.Unknown}},
		{"nobody vouches for the other id", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", 100000, false,
			map[verdict.Code]verdict.Result{verdict.StatusVerification: verdict.Unknown}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			opt := testOptions(at)
			opt.MinLength = c.minLength
			opt.Source = fixed{&Found{Body: list, Source: "stapled", Vouched: c.vouched}}
			checked := credential.Check(t.Context(), sample(t, c.file), opt.Credential)
			if !checked.OK {
				t.Fatalf("the credential itself does not hold: %+v", checked.Checks)
			}
			got := codes(Check(t.Context(), checked.Credential, opt).Checks)
			if len(got) != len(c.want) {
				t.Errorf("rows %v, want %v", got, c.want)
			}
			for code, result := range c.want {
				if got[code] != result {
					t.Errorf("%s is %v, want %v (all: %v)", code, got[code], result, got)
				}
			}
		})
	}
}
