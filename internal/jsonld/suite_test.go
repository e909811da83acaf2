package jsonld

import (
	"crypto"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// suiteEntry is a test of the W3C JSON-LD API suite.
type suiteEntry struct {
	ID              string   `json:"@id"`
	Type            []string `json:"@type"`
	Name            string   `json:"name"`
	Purpose         string   `json:"purpose"`
	Input           string   `json:"input"`
	Expect          string   `json:"expect"`
	ExpectErrorCode string   `json:"expectErrorCode"`
	Requires        string   `json:"requires"`
	Option          struct {
		SpecVersion    string `json:"specVersion"`
		ProcessingMode string `json:"processingMode"`
		Base           string `json:"base"`
		RDFDirection   string `json:"rdfDirection"`
		ExpandContext  string `json:"expandContext"`
		Generalized    bool   `json:"produceGeneralizedRdf"`
		Normative      *bool  `json:"normative"`
	} `json:"option"`
}

// notApplicable says why an entry is outside of what this package implements,
// or "". Each reason is counted, so that nothing can hide behind one.
func (e suiteEntry) notApplicable() string {
	switch {
	case e.Option.SpecVersion == "json-ld-1.0" || e.Option.ProcessingMode == "json-ld-1.0":
		return "JSON-LD 1.0 processing mode"
	case e.Option.Generalized || e.Requires == "GeneralizedRdf":
		return "generalized RDF"
	case e.Option.RDFDirection == "compound-literal":
		return "rdfDirection compound-literal: the suites in use sign i18n datatypes"
	case e.Option.ExpandContext != "":
		return "option expandContext: credentials carry their context"
	case slices.Contains(contextMissing, e.Input):
		return "names a context document that is not among the vectors"
	case strings.HasSuffix(e.Input, ".html"):
		return "HTML input"
	}
	return ""
}

// contextMissing lists the entries whose remote contexts were not handed over
// with them. TestRemoteContexts covers what they are about.
var contextMissing = []string{
	"expand/0126-in.jsonld", "expand/0128-in.jsonld", "expand/c031-in.jsonld", "expand/so06-in.jsonld",
	"expand/so08-in.jsonld", "expand/so10-in.jsonld",
	"toRdf/c034-in.jsonld", "toRdf/e126-in.jsonld", "toRdf/e128-in.jsonld", "toRdf/so06-in.jsonld",
	"toRdf/so08-in.jsonld", "toRdf/so10-in.jsonld",
}

type suite struct {
	entries []suiteEntry
	base    string
	dir     string
	docs    map[string]*document
}

func loadSuite(t *testing.T, name string) suite {
	t.Helper()
	dir := vectors.Path(t, "vectors/json-ld")
	var manifest struct {
		BaseIRI  string       `json:"baseIri"`
		Sequence []suiteEntry `json:"sequence"`
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, name+"-manifest.jsonld")), &manifest); err != nil {
		t.Fatal(err)
	}
	s := suite{entries: manifest.Sequence, base: manifest.BaseIRI, dir: dir, docs: map[string]*document{}}
	files, err := filepath.Glob(filepath.Join(dir, name, "*.jsonld"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		s.docs[s.base+name+"/"+filepath.Base(f)] = &document{body: readFile(t, f)}
	}
	return s
}

// loader gives a processor with safe mode off and the options of the entry.
func (s suite) loader(e suiteEntry) *Loader {
	base := s.base + e.Input
	if e.Option.Base != "" {
		base = e.Option.Base
	}
	return newLoader(s.docs, base, false)
}

func (s suite) read(t *testing.T, name string) any {
	t.Helper()
	v, err := strictjson.Parse(readFile(t, filepath.Join(s.dir, name)), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sameExpanded compares expanded documents: arrays are sets, but for @list and
// JSON literals; numbers are compared as doubles.
func sameExpanded(a, b any, ordered bool) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		if ordered {
			for i := range x {
				if !sameExpanded(x[i], y[i], false) {
					return false
				}
			}
			return true
		}
		used := make([]bool, len(y))
	next:
		for _, v := range x {
			for j, w := range y {
				if !used[j] && sameExpanded(v, w, false) {
					used[j] = true
					continue next
				}
			}
			return false
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !sameExpanded(v, w, k == "@list" || k == "@value") {
				return false
			}
		}
		return true
	case json.Number:
		y, ok := b.(json.Number)
		if !ok {
			return false
		}
		f, errF := x.Float64()
		g, errG := y.Float64()
		return errF == nil && errG == nil && f == g
	}
	return equalTree(a, b)
}

// codeOf returns the JSON-LD error code of an error.
func codeOf(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.code
	}
	return ""
}

// runSuite runs all applicable entries and checks how many there were.
func runSuite(t *testing.T, s suite, wantRun int, wantSkipped map[string]int, one func(*testing.T, suiteEntry) error) {
	ran := 0
	skipped := map[string]int{}
	for _, e := range s.entries {
		if why := e.notApplicable(); why != "" {
			skipped[why]++
			continue
		}
		ran++
		t.Run(strings.TrimPrefix(e.ID, "#"), func(t *testing.T) {
			err := one(t, e)
			negative := slices.Contains(e.Type, "jld:NegativeEvaluationTest")
			switch {
			case negative && err == nil:
				t.Errorf("%s: accepted, want error %q", e.Name, e.ExpectErrorCode)
			case negative && codeOf(err) != e.ExpectErrorCode:
				t.Errorf("%s: got %v, want code %q", e.Name, err, e.ExpectErrorCode)
			case !negative && err != nil:
				t.Errorf("%s: %v", e.Name, err)
			}
		})
	}
	if ran != wantRun {
		t.Errorf("ran %d entries, want %d", ran, wantRun)
	}
	for why, n := range skipped {
		if wantSkipped[why] != n {
			t.Errorf("%d entries left out as %q, want %d", n, why, wantSkipped[why])
		}
	}
	if len(skipped) != len(wantSkipped) {
		t.Errorf("left out %v, want %v", skipped, wantSkipped)
	}
}

func TestExpandSuite(t *testing.T) {
	s := loadSuite(t, "expand")
	runSuite(t, s, 174, map[string]int{
		"JSON-LD 1.0 processing mode":                            12,
		"names a context document that is not among the vectors": 6,
	}, func(t *testing.T, e suiteEntry) error {
		objects, err := s.loader(e).expand(s.read(t, e.Input))
		if err != nil {
			return err
		}
		if e.Expect == "" {
			return nil
		}
		got, want := objectsTree(objects), s.read(t, e.Expect)
		if !sameExpanded(got, want, false) {
			g, _ := json.MarshalIndent(got, "", " ")
			w, _ := json.MarshalIndent(want, "", " ")
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", e.Purpose, g, w)
		}
		return nil
	})
}

func TestToRDFSuite(t *testing.T) {
	s := loadSuite(t, "toRdf")
	runSuite(t, s, 214, map[string]int{
		"JSON-LD 1.0 processing mode":                                          12,
		"names a context document that is not among the vectors":               6,
		"rdfDirection compound-literal: the suites in use sign i18n datatypes": 1,
	}, func(t *testing.T, e suiteEntry) error {
		objects, err := s.loader(e).expand(s.read(t, e.Input))
		if err != nil {
			return err
		}
		w := rdfWriter{max: defaultMaxQuads, i18n: e.Option.RDFDirection == "i18n-datatype"}
		if err := w.graph(objects, &term{}); err != nil {
			return err
		}
		if e.Expect == "" {
			return nil
		}
		got, err := Canonicalize(w.quads, crypto.SHA256, Limits{})
		if err != nil {
			return err
		}
		ds, err := parseNQuads(string(readFile(t, filepath.Join(s.dir, e.Expect))))
		if err != nil {
			t.Fatal(err)
		}
		want, err := Canonicalize(ds, crypto.SHA256, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", e.Purpose, got, want)
		}
		return nil
	})
}
