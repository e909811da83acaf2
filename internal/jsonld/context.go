package jsonld

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Limits of one run that no sensible document meets.
const (
	// maxDepth bounds recursion through the document and through term definitions.
	maxDepth = 128
	// maxRemote bounds the chain of contexts that name contexts.
	maxRemote = 16
	// maxTermCopies bounds the work of deriving contexts, in term definitions copied.
	maxTermCopies = 1_000_000
)

// run is the state of processing one document.
type run struct {
	l      *Loader
	copies int // term definitions copied so far
	depth  int

	keys []string // stack of the keys of the maps being read

	// What objects are made of.
	objects slab[object]
	links   slab[*object]
	slots   slab[property]
	names   slab[string]

	sources map[*object]map[string]any // what was read into which object, if wanted
}

// how are the optional inputs of the context processing algorithm.
type how struct {
	remote   []string // contexts being processed, outermost first
	override bool     // protected terms may be changed
	stay     bool     // propagate is false
	scoped   bool     // validate scoped context is false
}

func (r *run) charge(n int) error {
	if r.copies += n + 1; r.copies > maxTermCopies {
		return overBudget("too many contexts")
	}
	return nil
}

// apply is the context processing algorithm of JSON-LD 1.1 API section 4.1.2.
// It never changes a; the result may be a itself.
func (r *run) apply(a *active, local any, base string, h how) (*active, error) {
	if m, ok := local.(map[string]any); ok {
		if p, ok := m["@propagate"].(bool); ok {
			h.stay = !p
		}
	}
	result, owned := a, false
	own := func() error {
		if owned {
			return nil
		}
		if err := r.charge(len(result.terms)); err != nil {
			return err
		}
		result, owned = result.clone(), true
		return nil
	}
	if h.stay && a.previous == nil {
		if err := own(); err != nil {
			return nil, err
		}
		result.previous = a
	}
	items, ok := local.([]any)
	if !ok {
		items = []any{local}
	}
	for _, item := range items {
		switch c := item.(type) {
		case nil:
			// The rule speaks of the active context handed in; the result so far
			// is looked at too, or [A, null] would undo what A protects.
			if !h.override && (a.anyProtected || result.anyProtected) {
				return nil, invalid(codeInvalidNullification, "null would remove protected terms")
			}
			fresh := &active{terms: map[string]*termDef{}, base: a.docBase, docBase: a.docBase}
			if h.stay {
				fresh.previous = result
				if result.previous != nil {
					fresh.previous = result.previous
				}
			}
			result, owned = fresh, true
		case string:
			next, err := r.remote(result, c, base, h, !owned)
			if err != nil {
				return nil, err
			}
			result, owned = next, false
		case map[string]any:
			if err := own(); err != nil {
				return nil, err
			}
			if err := r.define(result, c, base, h); err != nil {
				return nil, err
			}
		default:
			return nil, invalid(codeInvalidLocalContext, "a context is a string, an object or null")
		}
	}
	return result, nil
}

// remote applies the context document that ref names (steps 5.2.1 to 5.2.6).
// share says that result is complete, so the outcome may be kept with it.
func (r *run) remote(result *active, ref, base string, h how, share bool) (*active, error) {
	url := ref
	if base != "" {
		url = resolve(base, ref)
	}
	if !hasScheme(url) {
		return nil, unknownContext(codeLoadingDocument, ref, " is relative and there is no base URL")
	}
	if h.scoped && slices.Contains(h.remote, url) {
		return result, nil
	}
	share = share && len(h.remote) == 0 && !h.scoped && !h.stay
	key := step{url: url, override: h.override}
	if share {
		if kid := result.kids.get(key); kid != nil {
			return kid, nil
		}
	}
	if len(h.remote) >= maxRemote {
		return nil, invalid(codeContextOverflow, "more than %d contexts name one another", maxRemote)
	}
	loaded, err := r.l.context(url)
	if err != nil {
		return nil, err
	}
	sub := how{remote: append(slices.Clip(h.remote), url), override: h.override, scoped: h.scoped}
	next, err := r.apply(result, loaded, url, sub)
	if err != nil {
		return nil, atKey(err, url)
	}
	if share {
		next = r.keep(result, key, next)
	}
	return next, nil
}

// enter applies the scoped context of a term: property-scoped contexts override
// protected terms, type-scoped ones do not propagate.
func (r *run) enter(a *active, s *scope, typeScoped bool) (*active, error) {
	key := step{scope: s, override: !typeScoped, stay: typeScoped}
	if kid := a.kids.get(key); kid != nil {
		return kid, nil
	}
	next, err := r.apply(a, s.context, s.base, how{override: !typeScoped, stay: typeScoped})
	if err != nil {
		return nil, err
	}
	return r.keep(a, key, next), nil
}

// keep remembers that key leads from parent to kid.
func (r *run) keep(parent *active, key step, kid *active) *active {
	if kid == parent || parent.gen == nil {
		return kid
	}
	if parent.gen.made.Add(1) > maxShared {
		r.l.renew(parent.gen)
		return kid
	}
	if kid.gen == nil {
		kid.gen = parent.gen
	}
	parent.kids.put(key, kid)
	return kid
}

// define applies one context definition to result, which the caller owns
// (steps 5.4 to 5.13).
func (r *run) define(result *active, c map[string]any, base string, h how) error {
	if v, ok := c["@version"]; ok {
		if n, ok := v.(json.Number); !ok || n.String() != "1.1" {
			return invalid(codeInvalidVersion, "only 1.1 is supported")
		}
	}
	if v, ok := c["@import"]; ok {
		merged, err := r.imported(c, v, base)
		if err != nil {
			return err
		}
		c = merged
	}
	if v, ok := c["@base"]; ok && len(h.remote) == 0 {
		s, isString := v.(string)
		switch {
		case v == nil:
			result.base = ""
		case isString && isIRI(s):
			result.base = s
		case isString && result.base != "":
			result.base = resolve(result.base, s)
		default:
			return invalid(codeInvalidBaseIRI, "@base is neither an IRI nor relative to one")
		}
	}
	if v, ok := c["@vocab"]; ok {
		s, isString := v.(string)
		switch {
		case v == nil:
			result.vocab, result.hasVocab = "", false
		case !isString:
			return invalid(codeInvalidVocab, "@vocab is not a string")
		default:
			iri, _, err := r.expandIRI(result, s, true, true, nil)
			if err != nil {
				return err
			}
			if !hasScheme(iri) && !isBlank(iri) {
				return invalid(codeInvalidVocab, "%s is not an IRI", show(s))
			}
			result.vocab, result.hasVocab = iri, true
		}
	}
	if v, ok := c["@language"]; ok {
		s, isString := v.(string)
		if v != nil && !isString {
			return invalid(codeInvalidDefaultLanguage, "@language is not a string")
		}
		if isString && r.l.safe && !langTag(s) {
			return loss("ill-formed language tag %s in a context", show(s))
		}
		result.lang = strings.ToLower(s)
	}
	if v, ok := c["@direction"]; ok {
		s, isString := v.(string)
		if v != nil && (!isString || s != "ltr" && s != "rtl") {
			return invalid(codeInvalidBaseDirection, "@direction is neither ltr nor rtl")
		}
		result.dir = s
	}
	if v, ok := c["@propagate"]; ok {
		if _, ok := v.(bool); !ok {
			return invalid(codeInvalidPropagate, "@propagate is not a boolean")
		}
	}
	protected := false
	if v, ok := c["@protected"]; ok {
		if protected, ok = v.(bool); !ok {
			return invalid(codeInvalidProtected, "@protected is not a boolean")
		}
	}
	d := &defining{r: r, result: result, local: c, base: base, protected: protected, how: h,
		state: make(map[string]bool, len(c))}
	for _, term := range slices.Sorted(maps.Keys(c)) {
		switch term {
		case "@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab":
			continue
		}
		if err := d.create(term); err != nil {
			return atKey(err, term)
		}
	}
	return nil
}

// imported merges the context that @import names into c (step 5.6).
func (r *run) imported(c map[string]any, v any, base string) (map[string]any, error) {
	ref, ok := v.(string)
	if !ok {
		return nil, invalid(codeInvalidImport, "@import is not a string")
	}
	url := resolve(base, ref)
	if !hasScheme(url) {
		return nil, unknownContext(codeLoadingDocument, ref, " is relative and there is no base URL")
	}
	loaded, err := r.l.context(url)
	if err != nil {
		return nil, err
	}
	from, ok := loaded.(map[string]any)
	if !ok {
		return nil, invalid(codeInvalidRemoteContext, "imported context %s is not an object", show(url))
	}
	if _, ok := from["@import"]; ok {
		return nil, invalid(codeInvalidContextEntry, "imported context %s has @import", show(url))
	}
	if err := r.charge(len(from)); err != nil {
		return nil, err
	}
	merged := maps.Clone(from)
	maps.Copy(merged, c)
	delete(merged, "@import")
	return merged, nil
}

// isInvalid tells a broken context from one that is unknown, unsafe or too
// large: those three must stay what they are when an error wraps them.
func isInvalid(err error) bool { return errors.Is(err, ErrInvalid) }
