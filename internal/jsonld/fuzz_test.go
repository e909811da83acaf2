package jsonld

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// tight are limits under which no input may take long.
func tight() Limits { return Limits{MaxQuads: 2000, MaxWork: 5000} }

// most is far above what tight limits allow on a slow machine.
const most = 10 * time.Second

// seeds adds the files of a shared folder that are not large.
func seeds(f *testing.F, pattern string, add func([]byte)) {
	f.Helper()
	dir := vectors.Path(f, filepath.Dir(filepath.Dir(pattern)))
	files, err := filepath.Glob(filepath.Join(dir, filepath.Base(filepath.Dir(pattern)), filepath.Base(pattern)))
	if err != nil || len(files) == 0 {
		f.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) <= 8<<10 {
			add(b)
		}
	}
}

// FuzzExpand reads any JSON object in safe mode and without: nothing panics,
// nothing takes long, errors are of the package, and what has a canonical form
// has one only, also for the expanded document, which says the same.
func FuzzExpand(f *testing.F) {
	for _, p := range []string{"vectors/json-ld/expand/*.jsonld", "vectors/json-ld/toRdf/*.jsonld", "vectors/../samples/*.json"} {
		seeds(f, p, func(b []byte) { f.Add(b) })
	}
	f.Add([]byte(`{"@context":{"a":{"@id":"urn:a","@context":{"a":{"@id":"urn:b","@container":["@graph","@id"]}}}},"a":{"_:x":{"a":"_:x"}}}`))
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2",{"@import":"https://www.w3.org/ns/credentials/v2"}],"id":"_:b0"}`))
	loader := Builtin()
	lax := loader.Lax()
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := strictjson.ParseObject(text, strictjson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			return
		}
		before, err := strictjson.Canonical(doc)
		if err != nil {
			return // a number that JCS cannot write
		}
		began := time.Now()
		defer func() {
			if took := time.Since(began); took > most {
				t.Errorf("%v for %d bytes", took, len(text))
			}
		}()
		_, err = lax.CanonicalNQuads(doc, crypto.SHA256, tight())
		known(t, err)
		first, err := loader.CanonicalNQuads(doc, crypto.SHA256, tight())
		known(t, err)
		if after, e := strictjson.Canonical(doc); e != nil || !bytes.Equal(after, before) {
			t.Fatalf("the input was changed: %v\n%s\n%s", e, before, after)
		}
		if err != nil {
			return
		}
		second, err := loader.CanonicalNQuads(doc, crypto.SHA256, tight())
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("the second time: %v\n%s\n%s", err, first, second)
		}
		if _, err := loader.Expand(doc); err != nil {
			t.Fatalf("a canonical form and no expansion: %v", err)
		}
		if _, err := parseNQuads(string(first)); err != nil {
			t.Fatalf("the canonical form is no N-Quads: %v", err)
		}
	})
}

func known(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, is := range []error{ErrDataLoss, ErrContext, ErrInvalid, ErrBudget} {
		if errors.Is(err, is) {
			return
		}
	}
	t.Fatalf("an error of no kind: %v", err)
}

// FuzzCanonicalize canonicalises any dataset: the result does not depend on the
// order of statements or on labels, and is its own canonical form.
func FuzzCanonicalize(f *testing.F) {
	seeds(f, "vectors/rdf-canon/rdfc10/*-in.nq", func(b []byte) { f.Add(string(b)) })
	f.Add("_:a <urn:p> _:b _:a .\n_:b <urn:p> \"x\\u0007\\n\"@en .\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		ds, err := parseNQuads(text)
		if err != nil {
			return
		}
		began := time.Now()
		defer func() {
			if took := time.Since(began); took > most {
				t.Errorf("%v for %d bytes", took, len(text))
			}
		}()
		first, err := Canonicalize(ds, crypto.SHA256, tight())
		known(t, err)
		if err != nil {
			return
		}
		turned := slices.Clone(ds)
		slices.Reverse(turned)
		for i := range turned {
			for _, term := range []*Term{&turned[i].Subject, &turned[i].Object, &turned[i].Graph} {
				if term.Kind == Blank {
					term.Value = "z" + term.Value
				}
			}
		}
		second, err := Canonicalize(turned, crypto.SHA256, Limits{MaxQuads: 2000})
		if err != nil || second != first {
			t.Fatalf("in another order: %v\n%s\n%s", err, first, second)
		}
		again, err := parseNQuads(first)
		if err != nil {
			t.Fatalf("the canonical form is no N-Quads: %v", err)
		}
		if third, err := Canonicalize(again, crypto.SHA256, Limits{MaxQuads: 2000}); err != nil || third != first {
			t.Fatalf("of itself: %v\n%s\n%s", err, first, third)
		}
		if n := strings.Count(first, "\n"); n > len(ds) {
			t.Fatalf("%d statements became %d", len(ds), n)
		}
	})
}
