package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"pgregory.net/rapid"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	. "github.com/bonafide-id/bonafide/record"
)

func leaf(path, body string) Leaf {
	return Leaf{Path: path, CID: CIDOf([]byte(body)), Size: int64(len(body))}
}

// folder is a manifest of n status lists.
func folder(n int) Manifest {
	leaves := make([]Leaf, n)
	for i := range leaves {
		leaves[i] = leaf("status/"+strconv.Itoa(i), fmt.Sprintf("list %d", i))
	}
	m, err := NewManifest(leaves)
	if err != nil {
		panic(err)
	}
	return m
}

// anyManifest draws manifests over a small set of paths.
func anyManifest(most int) *rapid.Generator[Manifest] {
	return rapid.Custom(func(t *rapid.T) Manifest {
		leaves := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Leaf {
			return leaf(rapid.StringMatching(`[a-c]/[a-d]{1,3}`).Draw(t, "path"), rapid.StringMatching(`[xy]{0,2}`).Draw(t, "body"))
		}), 0, most, func(l Leaf) string { return l.Path }).Draw(t, "leaves")
		m, err := NewManifest(leaves)
		if err != nil {
			t.Fatal(err)
		}
		return m
	})
}

func TestLeafBytesAreCanonical(t *testing.T) {
	for _, l := range []Leaf{leaf("did.jsonl", "x"), leaf("A-z_0.9~/b", ""), {Path: "a", CID: CIDOf(nil), Size: 1<<53 - 1}} {
		want, err := strictjson.Canonical([]any{l.Path, l.CID.String(), json.Number(strconv.FormatInt(l.Size, 10))})
		if err != nil || !bytes.Equal(l.Bytes(), want) {
			t.Errorf("%s, want %s, %v", l.Bytes(), want, err)
		}
	}
}

func TestManifestAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyManifest(40).Draw(t, "manifest")
		theirs := testonly.New(rfc6962.DefaultHasher)
		for _, l := range m {
			theirs.AppendData(l.Bytes())
		}
		root := m.Root()
		if !bytes.Equal(root[:], theirs.Hash()) {
			t.Fatal("another root than the oracle's")
		}
		for i, l := range m {
			want, _ := theirs.InclusionProof(uint64(i), uint64(len(m)))
			if got := m.InclusionProof(i); !equal(got, want) || VerifyInclusion(LeafHash(l.Bytes()), i, len(m), got, root) != nil {
				t.Fatalf("inclusion of %d of %d", i, len(m))
			}
		}
		if m.InclusionProof(-1) != nil || m.InclusionProof(len(m)) != nil {
			t.Fatal("a proof of what is not there")
		}
		back, err := ParseManifest(m.Encode())
		if err != nil || !slices.Equal(back, m) {
			t.Fatalf("ParseManifest: %v", err)
		}
	})
}

func TestNewManifestRefuses(t *testing.T) {
	ok := leaf("a", "")
	tests := []struct {
		name   string
		leaves []Leaf
		want   error
	}{
		{"good", []Leaf{ok, leaf("b", "")}, nil},
		{"unsorted is sorted", []Leaf{leaf("b", ""), ok}, nil},
		{"path twice", []Leaf{ok, leaf("a", "other")}, ErrManifest},
		{"bad path", []Leaf{leaf("../a", "")}, ErrPath},
		{"the folder's own head", []Leaf{leaf("bonafide/head", "")}, ErrPath},
		{"no address", []Leaf{{Path: "a"}}, ErrCID},
		{"negative size", []Leaf{{Path: "a", CID: ok.CID, Size: -1}}, ErrManifest},
		{"size beyond 2^53", []Leaf{{Path: "a", CID: ok.CID, Size: 1 << 53}}, ErrManifest},
		{"too many", make([]Leaf, MaxLeaves+1), ErrManifest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewManifest(tt.leaves); !errors.Is(err, tt.want) {
				t.Errorf("NewManifest: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestParseManifestRefuses(t *testing.T) {
	a, b := string(leaf("a", "1").Bytes())+"\n", string(leaf("b", "2").Bytes())+"\n"
	cid := CIDOf([]byte("1")).String()
	tests := []struct {
		name, in string
		want     error
	}{
		{"good", a + b, nil},
		{"empty folder", "", nil},
		{"unsorted", b + a, ErrManifest},
		{"repeated", a + a, ErrManifest},
		{"last line does not end", a + strings.TrimSuffix(b, "\n"), ErrManifest},
		{"empty line", a + "\n" + b, ErrManifest},
		{"carriage return", strings.ReplaceAll(a, "\n", "\r\n"), ErrManifest},
		{"space", strings.Replace(a, ",", ", ", 1), ErrManifest},
		{"leading zero", strings.Replace(a, ",1]", ",01]", 1), ErrManifest},
		{"plus", strings.Replace(a, ",1]", ",+1]", 1), ErrManifest},
		{"fraction", strings.Replace(a, ",1]", ",1.0]", 1), ErrManifest},
		{"minus zero", strings.Replace(a, ",1]", ",-0]", 1), ErrManifest},
		{"size beyond int64", strings.Replace(a, ",1]", ",9223372036854775808]", 1), ErrManifest},
		{"size beyond 2^53", strings.Replace(a, ",1]", ",9007199254740992]", 1), ErrManifest},
		{"escape in path", strings.Replace(a, `"a"`, `"\u0061"`, 1), ErrPath},
		{"quote in path", strings.Replace(a, `"a"`, `"a\""`, 1), ErrPath},
		{"bad path", strings.Replace(a, `"a"`, `"../a"`, 1), ErrPath},
		{"address cut off", strings.Replace(a, cid, cid[:58], 1), ErrCID},
		{"address in upper case", strings.Replace(a, cid, strings.ToUpper(cid), 1), ErrCID},
		{"four parts", strings.Replace(a, ",1]", ",1,1]", 1), ErrManifest},
		{"trailing text", strings.Replace(a, "]", "] ", 1), ErrManifest},
		{"too many lines", strings.Repeat("\n", MaxLeaves+1), ErrManifest},
		{"too large", strings.Repeat("x", KindManifest.MaxBytes()+1), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseManifest([]byte(tt.in)); !errors.Is(err, tt.want) {
				t.Errorf("ParseManifest: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestFindAndChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyManifest(20).Draw(t, "from"), anyManifest(20).Draw(t, "to")
		put, drop := to.Changes(from)
		f := NewFolder(from)
		for _, p := range drop {
			if _, still := to.Find(p); still || !f.Drop(p) {
				t.Fatalf("%s need not be dropped", p)
			}
		}
		for _, l := range put {
			if old, _ := from.Find(l.Path); old == l {
				t.Fatalf("%s did not change", l.Path)
			}
			if err := f.Put(l); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(f.Manifest(), to) || f.Root() != to.Root() {
			t.Fatal("the changes do not lead to the manifest")
		}
	})
}

func TestFolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Folder
		want := map[string]Leaf{}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				l := leaf(rapid.StringMatching(`[a-e]{1,2}`).Draw(t, "path"), rapid.StringMatching(`[xyz]`).Draw(t, "body"))
				if err := f.Put(l); err != nil {
					t.Fatal(err)
				}
				want[l.Path] = l
			},
			"drop": func(t *rapid.T) {
				p := rapid.StringMatching(`[a-e]{1,2}`).Draw(t, "path")
				if _, there := want[p]; f.Drop(p) != there {
					t.Fatalf("Drop(%s) does not say that it was there: %v", p, there)
				}
				delete(want, p)
			},
			"refused": func(t *rapid.T) {
				if err := f.Put(leaf("..", "")); !errors.Is(err, ErrPath) {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				var leaves []Leaf
				for _, l := range want {
					leaves = append(leaves, l)
				}
				m, err := NewManifest(leaves)
				if err != nil || f.Root() != m.Root() || !slices.Equal(f.Manifest(), m) {
					t.Fatalf("root or entries differ after %d entries: %v", len(want), err)
				}
			},
		})
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add(folder(3).Encode())
	f.Add([]byte(`["a","x",1]` + "\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := ParseManifest(body)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Encode(), body) {
			t.Fatal("another manifest comes out")
		}
		for _, line := range bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")) {
			if len(line) == 0 {
				continue
			}
			if c, err := strictjson.Canonicalize(line, strictjson.Limits{}); err != nil || !bytes.Equal(c, line) {
				t.Fatalf("line is not canonical JSON: %s, %v", line, err)
			}
		}
	})
}

func BenchmarkManifestRoot10000(b *testing.B) {
	m := folder(10_000)
	for b.Loop() {
		m.Root()
	}
}

func BenchmarkFolderPut10000(b *testing.B) {
	f := NewFolder(folder(10_000))
	i := 0
	for b.Loop() {
		i++
		if err := f.Put(leaf("status/5000", strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
		f.Root()
	}
}

func BenchmarkParseManifest10000(b *testing.B) {
	body := folder(10_000).Encode()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := ParseManifest(body); err != nil {
			b.Fatal(err)
		}
	}
}
