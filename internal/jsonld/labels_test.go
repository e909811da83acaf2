package jsonld

import (
	"crypto"
	"errors"
	"strconv"
	"strings"
	"testing"
)

// canonicalNames maps the labels of ds to the canonical ones.
func canonicalNames(t *testing.T, ds Dataset) map[string]string {
	t.Helper()
	order, err := CanonicalOrder(ds, crypto.SHA256, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]string, len(order))
	for n, label := range order {
		names[label] = "c14n" + strconv.Itoa(n)
	}
	return names
}

// Over the documents of the JSON-LD suite: what Label returns means the same as
// what it was given, and no node in it is without a name.
func TestLabelKeepsTheMeaning(t *testing.T) {
	s := loadSuite(t, "toRdf")
	labelled, refused := 0, 0
	for _, e := range s.entries {
		if e.notApplicable() != "" || e.Expect == "" {
			continue
		}
		l := s.loader(e)
		doc, ok := s.read(t, e.Input).(map[string]any)
		if !ok {
			continue
		}
		want, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		named, err := l.Label(doc)
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		got, err := l.CanonicalNQuads(named, crypto.SHA256, Limits{})
		if err != nil || string(got) != string(want) {
			t.Errorf("%s %s: %v\ngot:\n%s\nwant:\n%s", e.ID, e.Name, err, got, want)
		}
		ds, err := l.LabelledRDF(named, Limits{})
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", e.ID, err)
			}
			refused++
			continue
		}
		labelled++
		lines, err := NQuads(ds, canonicalNames(t, ds))
		if err != nil || strings.Join(lines, "") != string(want) {
			t.Errorf("%s %s: %v\ngot:\n%s\nwant:\n%s", e.ID, e.Name, err, strings.Join(lines, ""), want)
		}
	}
	if labelled < 100 || refused == 0 {
		t.Errorf("%d documents labelled, %d refused", labelled, refused)
	}
}

func TestLabelsOfAPart(t *testing.T) {
	l := Builtin()
	doc := parseDoc(t, openBadge)
	named, err := l.Label(doc)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := l.LabelledRDF(named, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	names := canonicalNames(t, whole)
	lines, err := NQuads(whole, names)
	if err != nil {
		t.Fatal(err)
	}
	in := make(map[string]bool, len(lines))
	for _, s := range lines {
		in[s] = true
	}
	delete(named, "issuer")
	part, err := l.LabelledRDF(named, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := NQuads(part, names)
	if err != nil || len(some) == 0 || len(some) >= len(lines) {
		t.Fatalf("%d of %d statements, %v", len(some), len(lines), err)
	}
	for _, s := range some {
		if !in[s] {
			t.Errorf("not a statement of the whole: %s", s)
		}
	}
	if _, err := NQuads(part, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("without names: %v", err)
	}
}

func TestLabelsRefused(t *testing.T) {
	l := Builtin()
	for name, text := range map[string]string{
		"a list":                         `{"@type": "urn:T", "urn:p": {"@list": ["a"]}}`,
		"a nameless graph":               `{"@context": {"p": {"@id": "urn:p", "@container": "@graph"}}, "p": {"urn:q": "a"}}`,
		"a nameless graph below a label": `{"@context": {"p": {"@id": "urn:p", "@container": "@graph"}}, "@id": "_:n0", "p": {"urn:q": "a"}}`,
	} {
		named, err := l.Label(parseDoc(t, text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := l.LabelledRDF(named, Limits{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := l.Label(parseDoc(t, `{"undefined": "x"}`)); !errors.Is(err, ErrDataLoss) {
		t.Errorf("undefined term: %v", err)
	}
	// Labels that the document uses are left to it.
	named, err := l.Label(parseDoc(t, `{"@id": "_:n0", "urn:p": {"urn:q": "a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if inner := named["urn:p"].(map[string]any)["@id"]; inner != "_:n1" {
		t.Errorf("inner label %v", inner)
	}
}
