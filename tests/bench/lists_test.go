//go:build system && unix

package bench

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/revocation"
)

// The npm packages that lists are held against.
const (
	pkgBitstring = "@digitalbazaar/vc-bitstring-status-list"
	pkgSDJWT     = "@sd-jwt/jwt-status-list"
	pkgOWF       = "@owf/token-status-list"
)

func listPackages() []string {
	return []string{pkgBitstring + "@2.0.1", pkgSDJWT + "@0.19.0", pkgOWF + "@0.3.0-alpha-20260508181749"}
}

// lookups is how many places one round of looking up reads.
const lookups = 10_000

// fixtureLists are 131,072 entries, one in a hundred revoked and one in two hundred
// suspended, drawn from a fixed seed.
type fixtureLists struct {
	Length      int     `json:"length"`
	Revoked     []int64 `json:"revoked"`
	Suspended   []int64 `json:"suspended"`
	Lookups     []int64 `json:"lookups"`
	EncodedList string  `json:"encodedList"`
	Lst         string  `json:"lst"`
}

func newFixtureLists(t testing.TB) fixtureLists {
	t.Helper()
	f := fixtureLists{Length: revocation.MinEntries}
	r := rand.New(rand.NewPCG(1, 2))
	for range f.Length / 100 {
		f.Revoked = append(f.Revoked, r.Int64N(int64(f.Length)))
	}
	for range f.Length / 200 {
		f.Suspended = append(f.Suspended, r.Int64N(int64(f.Length)))
	}
	for range lookups {
		f.Lookups = append(f.Lookups, r.Int64N(int64(f.Length)))
	}
	f.EncodedList = must(f.bitstring())(t)
	f.Lst = must(f.token())(t)
	return f
}

func (f fixtureLists) bits(indices []int64) (revocation.Bitstring, error) {
	bits := revocation.NewBitstring(int64(f.Length))
	for _, i := range indices {
		if err := bits.Set(i); err != nil {
			return bits, err
		}
	}
	return bits, nil
}

func (f fixtureLists) bitstring() (string, error) {
	bits, err := f.bits(f.Revoked)
	if err != nil {
		return "", err
	}
	return bits.Encode()
}

func (f fixtureLists) token() (string, error) {
	revoked, err := f.bits(f.Revoked)
	if err != nil {
		return "", err
	}
	suspended, err := f.bits(f.Suspended)
	if err != nil {
		return "", err
	}
	statuses, err := revocation.Merge(revoked, suspended)
	if err != nil {
		return "", err
	}
	packed, err := statuses.Pack()
	return base64.RawURLEncoding.EncodeToString(packed), err
}

func (f fixtureLists) unpack() (revocation.Statuses, error) {
	packed, err := base64.RawURLEncoding.DecodeString(f.Lst)
	if err != nil {
		return revocation.Statuses{}, err
	}
	return revocation.Unpack(packed, 2, 0)
}

// TestLists prints the table of lists in docs/performance.md: building, unpacking
// and looking up, ours against the npm packages, per second of CPU time. That both
// sides read the same is demanded before anything is measured.
func TestLists(t *testing.T) {
	f := newFixtureLists(t)
	bits := must(revocation.Decode(f.EncodedList, 0))(t)
	statuses := must(f.unpack())(t)
	if want := must(f.bits(f.Revoked))(t); !bytes.Equal(bits.Bytes(), want.Bytes()) || !bytes.Equal(statuses.Where(revocation.StatusInvalid).Bytes(), want.Bytes()) {
		t.Fatal("we read another list than we wrote")
	}
	dir := npmFolder(t, "BONAFIDE_NPM_LISTS", listPackages(), map[string][]byte{
		"peer.mjs":   must(os.ReadFile(filepath.Join("testdata", "lists.mjs")))(t),
		"lists.json": must(json.Marshal(f))(t),
	})
	kept := 0
	ours := map[string]map[string]func() error{
		"bitstring": {
			"build":  func() error { _, err := f.bitstring(); return err },
			"decode": func() error { _, err := revocation.Decode(f.EncodedList, 0); return err },
			"lookup": func() error {
				for _, i := range f.Lookups {
					set, err := bits.Get(i)
					if err != nil {
						return err
					}
					if set {
						kept++
					}
				}
				return nil
			},
		},
		"token list, 2 bits": {
			"build":  func() error { _, err := f.token(); return err },
			"decode": func() error { _, err := f.unpack(); return err },
			"lookup": func() error {
				for _, i := range f.Lookups {
					status, err := statuses.Get(i)
					if err != nil {
						return err
					}
					kept += status
				}
				return nil
			},
		},
	}
	type pair struct {
		form, what, pkg string
		ours, theirs    []measured
	}
	var table []*pair
	peers := map[string]func(string, int) measured{}
	for _, x := range [][2]string{{"bitstring", pkgBitstring}, {"token list, 2 bits", pkgSDJWT}, {"token list, 2 bits", pkgOWF}} {
		peers[x[1]] = peer(t, dir, x[1])
		for _, what := range []string{"build", "decode", "lookup"} {
			table = append(table, &pair{form: x[0], what: what, pkg: x[1]})
		}
	}
	for n := range rounds + 1 {
		for _, p := range table {
			ours, theirs := measure(t, roundMS, ours[p.form][p.what]), peers[p.pkg](p.what, roundMS)
			if n > 0 { // the first round warms up
				p.ours, p.theirs = append(p.ours, ours), append(p.theirs, theirs)
			}
		}
	}
	if kept == 0 {
		t.Fatal(errors.New("no look-up found anything"))
	}
	t.Logf("%-20s %-8s %12s %12s %8s  %s", "form", "what", "our us", "their us", "ratio", "package")
	for _, p := range table {
		o, th := middle(p.ours), middle(p.theirs)
		per := 1.0
		if p.what == "lookup" {
			per = lookups
		}
		t.Logf("%-20s %-8s %12.4f %12.4f %8.1f  %s", p.form, p.what, 1e6/o/per, 1e6/th/per, o/th, p.pkg)
	}
}
