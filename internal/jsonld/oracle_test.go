//go:build oracle

package jsonld

import (
	"encoding/json"
	"testing"

	"github.com/piprate/json-gold/ld"
)

// goldLoader serves json-gold the embedded contexts, parsed once.
type goldLoader map[string]any

func (g goldLoader) LoadDocument(url string) (*ld.RemoteDocument, error) {
	doc, ok := g[url]
	if !ok {
		return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, url)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

func newGoldLoader(tb testing.TB, l *Loader) goldLoader {
	tb.Helper()
	g := goldLoader{}
	for _, url := range l.URLs() {
		body, err := l.Document(url)
		if err != nil {
			tb.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			tb.Fatal(err)
		}
		g[url] = v
	}
	return g
}

// goldCanonical is json-gold's answer for a document.
func goldCanonical(g goldLoader, doc map[string]any) (string, error) {
	o := ld.NewJsonLdOptions("")
	o.ProcessingMode = ld.JsonLd_1_1
	o.DocumentLoader = g
	o.Algorithm = ld.AlgorithmURDNA2015
	o.Format = "application/n-quads"
	v, err := ld.NewJsonLdProcessor().Normalize(doc, o)
	if err != nil {
		return "", err
	}
	return v.(string), nil
}

func BenchmarkJSONGold(b *testing.B) {
	g := newGoldLoader(b, Builtin())
	var doc map[string]any
	if err := json.Unmarshal([]byte(openBadge), &doc); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := goldCanonical(g, doc); err != nil {
			b.Fatal(err)
		}
	}
}
