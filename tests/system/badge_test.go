//go:build system

package system

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

// The badges of the Digital Credentials Consortium by the command line alone,
// without a home and without a network.
func TestBadgesOffline(t *testing.T) {
	const url = "https://raw.githubusercontent.com/digitalcredentials/verifier-core/refs/heads/main/src/test-fixtures/status/e5WK8CbZ1GjycuPombrj"
	list := url + "=" + vectors.Path(t, "samples/dcc-bitstring-status-list.json")
	long := []string{"--max-status-age", "P20Y", "--min-list-length", "100000"}
	for _, c := range []struct {
		name, file string
		flags      []string
		code       int
		outcome    verdict.Outcome
		row        verdict.Code
		problem    string
	}{
		{"valid", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", long, 0, verdict.Verified, verdict.StatusIDDiffers, ""},
		{"valid, suite of 2020", "dcc-ob3-v2-ed25519sig2020-valid.json", long, 0, verdict.Verified, verdict.StatusIDDiffers, ""},
		{"revoked", "dcc-ob3-v2-revoked.json", long, 1, verdict.Invalid, verdict.Revoked, ""},
		{"list too short for the specification", "dcc-ob3-v2-eddsa-rdfc2022-valid.json", long[:2], 3, verdict.Indeterminate, verdict.StatusListLength,
			"https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "none")
			flags := append([]string{"--policy", "authentic", "--offline", "--with", list}, c.flags...)
			v, code := verdictOf(t, nil, home, vectors.Path(t, "samples/"+c.file), flags...)
			row, _ := v.Worst(verdict.Status)
			if v.Outcome != c.outcome || code != c.code || row.Code != c.row {
				t.Errorf("%s, exit code %d, status %s", v.Outcome, code, row.Code)
			}
			if spec, ok := verdict.LookupIn(row.Name, row.Code); !ok || spec.Problem != c.problem && c.problem != "" {
				t.Errorf("problem type %q", spec.Problem)
			}
			if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a home was left behind: %v", err)
			}
		})
	}
}
