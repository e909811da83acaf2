package jsonld

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// TestRDFC10 runs every entry of the W3C RDFC-1.0 manifest.
func TestRDFC10(t *testing.T) {
	var manifest struct {
		Entries []struct {
			ID, Type, Name, Action, Result, HashAlgorithm string
		}
	}
	if err := json.Unmarshal(readFile(t, vectors.Path(t, "vectors/rdf-canon/manifest.jsonld")), &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Entries) == 0 {
		t.Fatal("the manifest has no entries")
	}
	for _, e := range manifest.Entries {
		t.Run(strings.TrimPrefix(e.ID, "#"), func(t *testing.T) {
			file := func(name string) string {
				return string(readFile(t, vectors.Path(t, "vectors/rdf-canon/"+name)))
			}
			hash := crypto.SHA256
			switch e.HashAlgorithm {
			case "":
			case "SHA384":
				hash = crypto.SHA384
			default:
				t.Fatalf("hash algorithm %q", e.HashAlgorithm)
			}
			ds, err := parseNQuads(file(e.Action))
			if err != nil {
				t.Fatal(err)
			}
			c, labels, err := canonicalize(ds, hash, Limits{})
			if strings.HasSuffix(e.Type, "NegativeEvalTest") {
				if !errors.Is(err, ErrBudget) {
					t.Fatalf("got %v, want ErrBudget", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("work %d", Limits{}.withDefaults().MaxWork-c.work)
			switch e.Type {
			case "rdfc:RDFC10EvalTest":
				if got, want := string(c.nquads()), file(e.Result); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
			case "rdfc:RDFC10MapTest":
				want := map[string]string{}
				if err := json.Unmarshal([]byte(file(e.Result)), &want); err != nil {
					t.Fatal(err)
				}
				got := map[string]string{}
				for b, l := range labels {
					got[l] = fmt.Sprint("c14n", c.issued[b])
				}
				if !maps.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			default:
				t.Fatalf("unknown type of test %q", e.Type)
			}
		})
	}
}

// clique returns n blank nodes that all point at one another.
func clique(n int) Dataset {
	var ds Dataset
	for i := range n {
		for j := range n {
			if i != j {
				ds = append(ds, Quad{
					Subject:   Term{Kind: Blank, Value: fmt.Sprint("e", i)},
					Predicate: "http://example.com/p",
					Object:    Term{Kind: Blank, Value: fmt.Sprint("e", j)},
				})
			}
		}
	}
	return ds
}

func TestPoison(t *testing.T) {
	for _, n := range []int{10, 16, 60} {
		if _, err := Canonicalize(clique(n), crypto.SHA256, Limits{}); !errors.Is(err, ErrBudget) {
			t.Errorf("clique of %d: got %v, want ErrBudget", n, err)
		}
	}
	// A small one is within the budget, and outside of a smaller budget.
	if _, err := Canonicalize(clique(4), crypto.SHA256, Limits{}); err != nil {
		t.Errorf("clique of 4: %v", err)
	}
	if _, err := Canonicalize(clique(4), crypto.SHA256, Limits{MaxWork: 20}); !errors.Is(err, ErrBudget) {
		t.Errorf("clique of 4 with little work allowed: got %v, want ErrBudget", err)
	}
	// A shared budget ends for all together, and leaves alone what needs none.
	shared := Limits{Budget: NewBudget(1000)}
	var err error
	for n := 0; err == nil; n++ {
		if n > 1000 {
			t.Fatal("a budget without an end")
		}
		_, err = Canonicalize(clique(4), crypto.SHA256, shared)
	}
	if !errors.Is(err, ErrBudget) {
		t.Errorf("shared budget: got %v, want ErrBudget", err)
	}
	if _, err := Canonicalize(clique(2)[:1], crypto.SHA256, shared); err != nil {
		t.Errorf("without need of the budget: %v", err)
	}
	// A ring of equal nodes makes a long chain of recursion.
	var ring Dataset
	for i := range 20_000 {
		ring = append(ring, Quad{
			Subject:   Term{Kind: Blank, Value: fmt.Sprint("r", i)},
			Predicate: "http://example.com/next",
			Object:    Term{Kind: Blank, Value: fmt.Sprint("r", (i+1)%20_000)},
		})
	}
	if _, err := Canonicalize(ring, crypto.SHA256, Limits{}); !errors.Is(err, ErrBudget) {
		t.Errorf("ring: got %v, want ErrBudget", err)
	}
	if _, err := Canonicalize(ring[:100], crypto.SHA256, Limits{MaxQuads: 99}); !errors.Is(err, ErrBudget) {
		t.Errorf("too many quads: got %v, want ErrBudget", err)
	}
}

// TestEscaping checks the canonical form of string literals, RDFC-1.0 appendix A.
func TestEscaping(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "a é € 𝄞 ' / \u0080", "a é € 𝄞 ' / \u0080"},
		{"short forms", "\b\t\n\f\r\"\\", `\b\t\n\f\r\"\\`},
		{"low controls", "\x00\x01\x07", `\u0000\u0001\u0007`},
		{"vertical tab", "\x0b", `\u000B`},
		{"high controls", "\x0e\x1f", `\u000E\u001F`},
		{"delete", "a\x7fb", `a\u007Fb`},
		{"not XML characters", "\ufffe\uffff", `\uFFFE\uFFFF`},
		{"XML characters beside them", "\ufffd\uff5e\ufeff", "\ufffd\uff5e\ufeff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Quad{Subject: Term{Kind: IRI, Value: "urn:s"}, Predicate: "urn:p", Object: Term{Kind: Literal, Value: tt.in}}
			got, err := Canonicalize(Dataset{q}, crypto.SHA256, Limits{})
			if want := `<urn:s> <urn:p> "` + tt.want + "\" .\n"; err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestCanonicalizeRefuses(t *testing.T) {
	good := Quad{Subject: Term{Kind: IRI, Value: "urn:s"}, Predicate: "urn:p", Object: Term{Kind: Literal, Value: "v"}}
	if got, err := Canonicalize(Dataset{good, good}, crypto.SHA256, Limits{}); err != nil || got != "<urn:s> <urn:p> \"v\" .\n" {
		t.Fatalf("got %q, %v", got, err)
	}
	tests := []struct {
		name   string
		change func(*Quad)
	}{
		{"literal subject", func(q *Quad) { q.Subject.Kind = Literal }},
		{"no subject", func(q *Quad) { q.Subject = Term{} }},
		{"no object", func(q *Quad) { q.Object = Term{} }},
		{"literal graph", func(q *Quad) { q.Graph = Term{Kind: Literal, Value: "g"} }},
		{"relative subject", func(q *Quad) { q.Subject.Value = "s" }},
		{"subject that ends its brackets", func(q *Quad) { q.Subject.Value = "urn:s> <urn:p> <urn:o" }},
		{"relative predicate", func(q *Quad) { q.Predicate = "p" }},
		{"predicate with a space", func(q *Quad) { q.Predicate = "urn:p q" }},
		{"datatype with a space", func(q *Quad) { q.Object.Datatype = "urn:d t" }},
		{"language with a line break", func(q *Quad) { q.Object.Language = "en\n" }},
		{"language and datatype", func(q *Quad) { q.Object.Language, q.Object.Datatype = "en", "urn:d" }},
		{"not UTF-8", func(q *Quad) { q.Object.Value = "\xff" }},
		{"blank node without label", func(q *Quad) { q.Subject = Term{Kind: Blank} }},
		{"blank node label with a space", func(q *Quad) { q.Subject = Term{Kind: Blank, Value: "a b"} }},
		{"unknown kind", func(q *Quad) { q.Object.Kind = 9 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := good
			tt.change(&q)
			if _, err := Canonicalize(Dataset{q}, crypto.SHA256, Limits{}); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
	if _, err := Canonicalize(Dataset{good}, crypto.SHA512, Limits{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("SHA-512: got %v, want ErrInvalid", err)
	}
}

// shuffled returns ds in another order and with other labels.
func shuffled(rng *rand.Rand, ds Dataset) Dataset {
	names := map[string]string{}
	rename := func(t Term) Term {
		if t.Kind != Blank {
			return t
		}
		n, ok := names[t.Value]
		if !ok {
			n = fmt.Sprintf("x%d_%d", rng.Uint32(), len(names))
			names[t.Value] = n
		}
		t.Value = n
		return t
	}
	out := make(Dataset, 0, len(ds))
	for _, i := range rng.Perm(len(ds)) {
		q := ds[i]
		q.Subject, q.Object, q.Graph = rename(q.Subject), rename(q.Object), rename(q.Graph)
		out = append(out, q)
	}
	return out
}

// TestIsomorphism checks what canonicalization is for: the same form for equal
// datasets whatever the order and the labels, another form for another dataset.
func TestIsomorphism(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		n := 2 + rng.IntN(6)
		var ds Dataset
		node := func() Term { return Term{Kind: Blank, Value: fmt.Sprint("n", rng.IntN(n))} }
		for range 1 + rng.IntN(3*n) {
			q := Quad{Subject: node(), Predicate: fmt.Sprint("urn:p", rng.IntN(2)), Object: node()}
			if rng.IntN(4) == 0 {
				q.Object = Term{Kind: Literal, Value: fmt.Sprint(rng.IntN(2))}
			}
			if rng.IntN(5) == 0 {
				q.Graph = node()
			}
			ds = append(ds, q)
		}
		want, err := Canonicalize(ds, crypto.SHA256, Limits{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for range 4 {
			got, err := Canonicalize(shuffled(rng, ds), crypto.SHA256, Limits{})
			if err != nil || got != want {
				t.Fatalf("round %d: %v\ngot:\n%s\nwant:\n%s", round, err, got, want)
			}
		}
		changed := append(Dataset{}, ds...)
		changed[0].Predicate = "urn:other"
		if got, err := Canonicalize(changed, crypto.SHA256, Limits{}); err != nil || got == want {
			t.Fatalf("round %d: a changed dataset has the same form (%v)", round, err)
		}
		// The form is a fixed point.
		back, err := parseNQuads(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Canonicalize(back, crypto.SHA256, Limits{}); err != nil || got != want {
			t.Fatalf("round %d: canonical form changes when canonicalized: %v", round, err)
		}
	}
}
