package jsonld

import (
	"maps"
	"sync"
	"sync/atomic"
)

// keyword numbers the JSON-LD 1.1 keywords; zero is "not a keyword".
type keyword uint8

const (
	kwNone keyword = iota
	kwBase
	kwContainer
	kwContext
	kwDefault
	kwDirection
	kwGraph
	kwID
	kwImport
	kwIncluded
	kwIndex
	kwJSON
	kwLanguage
	kwList
	kwNest
	kwNoneWord // @none
	kwPrefix
	kwPropagate
	kwProtected
	kwReverse
	kwSet
	kwType
	kwValue
	kwVersion
	kwVocab
	kwNull // IRI expansion gave null
)

// keywordOf returns the number of a keyword and kwNone for any other string.
func keywordOf(s string) keyword {
	if len(s) < 3 || s[0] != '@' {
		return kwNone
	}
	switch s {
	case "@base":
		return kwBase
	case "@container":
		return kwContainer
	case "@context":
		return kwContext
	case "@default":
		return kwDefault
	case "@direction":
		return kwDirection
	case "@graph":
		return kwGraph
	case "@id":
		return kwID
	case "@import":
		return kwImport
	case "@included":
		return kwIncluded
	case "@index":
		return kwIndex
	case "@json":
		return kwJSON
	case "@language":
		return kwLanguage
	case "@list":
		return kwList
	case "@nest":
		return kwNest
	case "@none":
		return kwNoneWord
	case "@prefix":
		return kwPrefix
	case "@propagate":
		return kwPropagate
	case "@protected":
		return kwProtected
	case "@reverse":
		return kwReverse
	case "@set":
		return kwSet
	case "@type":
		return kwType
	case "@value":
		return kwValue
	case "@version":
		return kwVersion
	case "@vocab":
		return kwVocab
	}
	return kwNone
}

// containers is the set of values of a container mapping.
type containers uint8

const (
	inGraph containers = 1 << iota
	inID
	inIndex
	inLanguage
	inList
	inSet
	inType
)

// scope is the value of @context in a term definition, kept unprocessed until
// the term is met. Its address identifies it in caches.
type scope struct {
	context any    // a local context; nil is the null context
	base    string // URL of the document that holds the definition
}

// coercion is the kind of a type mapping.
type coercion uint8

const (
	asPlain coercion = iota // no type mapping
	asID
	asVocab
	asJSON
	asNone // "@none"
	asIRI  // a datatype
)

// termDef is a term definition (JSON-LD API section 4.2). Immutable once made.
type termDef struct {
	name      string
	iri       string // IRI mapping; "" when null
	kw        keyword
	prefix    bool
	protected bool
	reverse   bool
	langSet   bool // lang holds the mapping, "" being null
	dirSet    bool
	sound     bool // iri is a well-formed IRI or blank node identifier
	in        containers
	coerce    coercion
	datatype  string // for asIRI
	lang      string
	dir       string
	index     string // index mapping, "" when absent
	nest      string
	scope     *scope
}

// same reports whether two definitions are equal apart from protected.
func (d *termDef) same(o *termDef) bool {
	a, b := *d, *o
	a.protected, b.protected = false, false
	as, bs := a.scope, b.scope
	a.scope, b.scope = nil, nil
	if a != b || (as == nil) != (bs == nil) {
		return false
	}
	// The base URL is left out: credentials/v2 and data-integrity/v2 define the
	// same proof types and are meant to be used together.
	return as == bs || equalTree(as.context, bs.context)
}

// equalTree compares two trees of strictjson's form.
func equalTree(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !equalTree(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equalTree(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// active is an active context. Once a function of context.go has returned one,
// nobody changes it, so it may be shared between goroutines and documents.
type active struct {
	terms        map[string]*termDef
	base         string // base IRI; "" is null
	docBase      string // original base URL
	vocab        string
	hasVocab     bool
	lang, dir    string
	anyProtected bool
	previous     *active // context to return to when this one does not propagate

	gen  *generation // nil: made for one document only
	kids kids
}

func (a *active) clone() *active {
	return &active{
		terms: maps.Clone(a.terms), base: a.base, docBase: a.docBase, vocab: a.vocab, hasVocab: a.hasVocab,
		lang: a.lang, dir: a.dir, anyProtected: a.anyProtected, previous: a.previous,
	}
}

// step names one way to derive a context from another: a context by URL, or
// the scoped context of a term.
type step struct {
	url      string
	scope    *scope
	override bool
	stay     bool // propagate is false
}

// kids caches what was derived from a context. Readers take no lock.
type kids struct {
	mu sync.Mutex
	m  atomic.Pointer[map[step]*active]
}

func (k *kids) get(s step) *active {
	if m := k.m.Load(); m != nil {
		return (*m)[s]
	}
	return nil
}

func (k *kids) put(s step, a *active) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := map[step]*active{s: a}
	if m := k.m.Load(); m != nil {
		maps.Copy(next, *m)
		next[s] = a
	}
	k.m.Store(&next)
}

// generation is the set of contexts that hang on one root. When documents have
// made it too large the loader starts a new one, so that nobody can fill the
// memory, or push the usual contexts out for good, with odd combinations.
type generation struct {
	root *active
	made atomic.Int64
}

// maxShared is the number of derived contexts that one generation keeps. The
// contexts of credentials need some dozens.
const maxShared = 1024

func newGeneration(base string) *generation {
	g := &generation{}
	g.root = &active{terms: map[string]*termDef{}, base: base, docBase: base, gen: g}
	return g
}
