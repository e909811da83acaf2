package jsonld

import (
	"crypto"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// wide is a document with n nodes, more than a block of any slab.
func wide(n int) string {
	var b strings.Builder
	b.WriteString(`{"@context": {"@vocab": "https://v.example/"}, "p": [`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name": "%d", "list": {"@list": [%d, %d]}}`, i, i, i+1)
	}
	b.WriteString(`]}`)
	return b.String()
}

// What one document leaves behind must not show in the next, whatever came before:
// errors in the middle, documents that make the memory grow, other hashes.
func TestScratchIsClean(t *testing.T) {
	docs := []string{
		openBadge,
		`{"@context": {"@vocab": "https://v.example/"}, "a": {"b": {"c": [1, {"@id": "relative"}]}}}`, // ErrDataLoss, deep inside
		wide(3),
		`{"@context": "https://unknown.example/", "a": 1}`,
		wide(400),
		`{"@context": {"@vocab": "https://v.example/"}, "@id": "https://a.example/", "p": {"@id": "_:x", "q": {"@id": "_:x"}}}`,
		wide(1500), // too large to be kept
		`{"@context": {"@vocab": "https://v.example/"}, "p": null}`,
	}
	type answer struct{ nquads, err string }
	ask := func(l *Loader, i int, hash crypto.Hash) answer {
		out, err := l.CanonicalNQuads(parseDoc(t, docs[i]), hash, Limits{})
		if err != nil {
			return answer{err: err.Error()}
		}
		return answer{nquads: string(out)}
	}
	want := map[[2]int]answer{}
	hashes := []crypto.Hash{crypto.SHA256, crypto.SHA384}
	for i := range docs {
		for h, hash := range hashes {
			want[[2]int{i, h}] = ask(Builtin(), i, hash)
		}
	}
	l := Builtin()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 3 * len(docs) {
				i, h := (n*(2*g+1)+g)%len(docs), n%2
				if got := ask(l, i, hashes[h]); got != want[[2]int{i, h}] {
					t.Errorf("document %d after others: %.80s %s", i, got.nquads, got.err)
				}
			}
		})
	}
	wg.Wait()
}

// Memory that is kept holds no word of a document.
func TestScratchForgets(t *testing.T) {
	l := Builtin()
	s := l.borrow()
	for _, doc := range []string{wide(400), openBadge} {
		s.run.l = l
		objects, err := s.run.expandDocument(l.root(), parseDoc(t, doc))
		if err != nil {
			t.Fatal(err)
		}
		if len(objects) == 0 || s.run.objects.at == 0 && s.run.objects.used == 0 {
			t.Fatal("nothing was taken")
		}
		s.run.reset()
		for _, b := range s.run.objects.blocks {
			for i := range b {
				if o := &b[i]; o.has != 0 || o.value != nil || o.id != "" || o.types != nil || o.props.list != nil || o.items != nil {
					t.Fatalf("%+v is left", o)
				}
			}
		}
		for _, b := range s.run.slots.blocks {
			for _, p := range b {
				if p.iri != "" || p.values != nil {
					t.Fatalf("%+v is left", p)
				}
			}
		}
		for _, k := range s.run.keys[:cap(s.run.keys)] {
			if k != "" {
				t.Fatalf("%q is left", k)
			}
		}
		if len(s.run.objects.blocks) > maxKeptBlocks {
			t.Errorf("%d blocks are kept", len(s.run.objects.blocks))
		}
	}
}

// What Look shows is what Expand returns, and it refuses what Expand refuses.
func TestLook(t *testing.T) {
	l := Builtin()
	const vocab = "https://v.example/"
	for _, doc := range []string{
		openBadge, `{"a": 1}`, `{"@context": "https://unknown.example/"}`, `{"@context": {"@vocab": "https://v.example/"}, "p": [null]}`,
		`{"@context": {"@vocab": "https://v.example/"}, "@id": "urn:a", "p": [1, 2, {"@id": "urn:b", "p": 3}], "q": {"@list": [{"@id": "urn:a", "r": 1}]}}`,
		`{"@context": {"@vocab": "https://v.example/"}, "@graph": [{"@id": "urn:a", "p": 1}, {"@id": "urn:b", "p": 1}]}`,
	} {
		tree, want := l.Expand(parseDoc(t, doc))
		shown := false
		got := l.Look(parseDoc(t, doc), func(v View) {
			shown = true
			root, _ := tree[0].(map[string]any)
			id, _ := root["@id"].(string)
			if v.Len() != len(tree) || v.ID() != id {
				t.Errorf("%d nodes, first %s, want %d and %s", v.Len(), v.ID(), len(tree), id)
			}
			for iri, values := range root {
				if list, ok := values.([]any); ok && iri[0] != '@' && v.Count(iri) != len(list) {
					t.Errorf("%s: %d, want %d", iri, v.Count(iri), len(list))
				}
			}
			if v.Count("urn:none") != 0 {
				t.Error("a property that is not there")
			}
			below := strings.Contains(doc, `"@id": "urn:a", "r": 1`)
			if v.Below("urn:a", []string{vocab + "x", vocab + "r"}) != below || v.Below("urn:a", []string{vocab + "p"}) || v.Below("urn:c", []string{vocab + "r"}) {
				t.Errorf("%.80s: what is said below is not seen, or seen where it is not", doc)
			}
		})
		if fmt.Sprint(got) != fmt.Sprint(want) || shown != (want == nil) {
			t.Errorf("%v, want %v; shown %v", got, want, shown)
		}
	}
}
