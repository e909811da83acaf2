package jsonld

import (
	"crypto"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Loader holds context documents and what they compile to. It is safe for use
// by many goroutines, never changes what it answers, and never uses the network.
// Make one and keep it: compiled contexts are shared between all documents.
type Loader struct {
	safe  bool
	base  string // base IRI of documents; always null but in conformance tests
	docs  map[string]*document
	shelf atomic.Pointer[generation]
	spare sync.Pool // of *scratch
}

// document is a context document, parsed when it is first needed.
type document struct {
	body  []byte
	once  sync.Once
	value any // of its @context entry
	err   error
}

// maxContextBytes bounds a context document; the largest built-in one has 15 KB,
// the European Learning Model's 23 KB.
const maxContextBytes = 1 << 20

func (d *document) context(url string) (any, error) {
	d.once.Do(func() {
		m, err := strictjson.ParseObject(d.body, strictjson.Limits{MaxBytes: maxContextBytes})
		if err != nil {
			d.err = invalid(codeInvalidRemoteContext, "%s: %v", show(url), err)
			return
		}
		c, ok := m["@context"]
		if !ok {
			d.err = invalid(codeInvalidRemoteContext, "%s has no @context", show(url))
			return
		}
		d.value = c
	})
	return d.value, d.err
}

// Builtin returns a loader with the contexts that are embedded in the program
// (see contexts/README.md). It is cheap, but what it compiles is its own.
func Builtin() *Loader {
	docs := make(map[string]*document, len(builtins()))
	for _, b := range builtins() {
		docs[b.url] = &document{body: b.body()}
	}
	return newLoader(docs, "", true)
}

func newLoader(docs map[string]*document, base string, safe bool) *Loader {
	l := &Loader{safe: safe, base: base, docs: docs}
	l.shelf.Store(newGeneration(base))
	return l
}

// With returns a loader that also knows the context document body by the name
// url, replacing a context of that name. The caller has checked the digest.
// It fails with ErrInvalid when url is not an absolute IRI or body is not a JSON
// object with an @context entry; a mistake inside shows when the context is used,
// because a context may lean on those that stand before it.
func (l *Loader) With(url string, body []byte) (*Loader, error) {
	if !isIRI(url) {
		return nil, invalid(codeLoadingDocument, "%s is not an absolute IRI", show(url))
	}
	d := &document{body: slices.Clone(body)}
	if _, err := d.context(url); err != nil {
		return nil, err
	}
	docs := maps.Clone(l.docs)
	docs[url] = d
	return newLoader(docs, l.base, l.safe), nil
}

// Has reports whether the loader knows a context.
func (l *Loader) Has(url string) bool { _, ok := l.docs[url]; return ok }

// URLs returns the names of all known contexts, sorted.
func (l *Loader) URLs() []string { return slices.Sorted(maps.Keys(l.docs)) }

// Document returns a copy of the bytes of a context document, for comparison
// with a relatedResource digest; ErrContext when it is not known.
func (l *Loader) Document(url string) ([]byte, error) {
	d := l.docs[url]
	if d == nil {
		return nil, unknownContext(codeLoadingRemoteContext, url, "")
	}
	return slices.Clone(d.body), nil
}

// context returns the value of the @context entry of a known document.
func (l *Loader) context(url string) (any, error) {
	d := l.docs[url]
	if d == nil {
		return nil, unknownContext(codeLoadingRemoteContext, url, "")
	}
	return d.context(url)
}

func (l *Loader) root() *active { return l.shelf.Load().root }

// renew drops a generation of compiled contexts that has grown too large.
func (l *Loader) renew(old *generation) {
	l.shelf.CompareAndSwap(old, newGeneration(l.base))
}

// Expand returns the expanded form of doc (JSON-LD 1.1 API section 5.1) as a
// tree of strictjson's form, array items and members in a fixed order. Whatever
// would be dropped is ErrDataLoss: undefined terms and types, relative and
// ill-formed IRIs, ill-formed language tags, nulls, values that belong to no
// property. Other errors: ErrContext, ErrInvalid, ErrBudget. doc is not changed;
// JSON literals in the result share memory with it.
func (l *Loader) Expand(doc map[string]any) ([]any, error) {
	var tree []any
	err := l.with(doc, func(_ *scratch, objects []*object) error {
		tree = objectsTree(objects)
		return nil
	})
	return tree, err
}

func (l *Loader) expand(doc any) ([]*object, error) {
	r := &run{l: l}
	return r.expandDocument(l.root(), doc)
}

// ToRDF returns the RDF dataset of doc (section 8.1), at most 100,000 quads.
// Blank nodes are named b0, b1 and so on. Base directions become i18n datatypes.
// Besides the errors of Expand, a property that is a blank node and an @index
// are ErrDataLoss.
func (l *Loader) ToRDF(doc map[string]any) (Dataset, error) {
	return l.toRDF(doc, defaultMaxQuads)
}

func (l *Loader) toRDF(doc any, maxQuads int) (Dataset, error) {
	w := rdfWriter{safe: l.safe, i18n: true, max: maxQuads}
	err := l.with(doc, func(_ *scratch, objects []*object) error { return w.graph(objects, &term{}) })
	if err != nil {
		return nil, err
	}
	return w.quads, nil
}

// Canonicalize returns the canonical N-Quads form of ds by RDFC-1.0 with SHA-256
// or SHA-384. Errors: ErrBudget when a limit is met, ErrInvalid for a quad that
// is none or another hash function.
func Canonicalize(ds Dataset, hash crypto.Hash, lim Limits) (string, error) {
	c, _, err := canonicalize(ds, hash, lim)
	if err != nil {
		return "", err
	}
	return string(c.nquads()), nil
}

// CanonicalNQuads is ToRDF followed by Canonicalize: the bytes that the
// rdfc cryptosuites hash.
func (l *Loader) CanonicalNQuads(doc map[string]any, hash crypto.Hash, lim Limits) ([]byte, error) {
	var out []byte
	err := l.canonical(doc, hash, lim, nil, func(c *canon) { out = slices.Clone(c.nquads()) })
	return out, err
}

// AppendHash appends to dst the hash of what CanonicalNQuads returns. look, when
// it is not nil, is shown the expanded document, as by Look.
func (l *Loader) AppendHash(dst []byte, doc map[string]any, hash crypto.Hash, lim Limits, look func(View)) ([]byte, error) {
	err := l.canonical(doc, hash, lim, look, func(c *canon) { dst = c.sum(dst, c.nquads()) })
	return dst, err
}

func (l *Loader) canonical(doc map[string]any, hash crypto.Hash, lim Limits, look func(View), use func(c *canon)) error {
	lim = lim.withDefaults()
	return l.with(doc, func(s *scratch, objects []*object) error {
		if look != nil {
			look(View{objects})
		}
		c := &s.canon
		if err := c.start(hash, lim); err != nil {
			return err
		}
		w := rdfWriter{safe: l.safe, i18n: true, max: lim.MaxQuads, canon: c}
		if err := w.graph(objects, &term{}); err != nil {
			return err
		}
		if err := c.run(int(w.next)); err != nil {
			return err
		}
		use(c)
		return nil
	})
}
