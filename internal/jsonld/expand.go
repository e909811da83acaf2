package jsonld

import (
	"encoding/json"
	"slices"
	"strings"
)

// where says what an element is the value of: the "active property".
type where struct {
	def  *termDef // nil when the property has no term definition
	kind place
}

type place uint8

const (
	atTop      place = iota // active property is null
	inGraphKey              // active property is @graph
	inReverse               // active property is @reverse
	inProperty
)

// free reports whether values have nothing to hang on here.
func (w where) free() bool { return w.kind == atTop || w.kind == inGraphKey }

// lost is how every place that drops something says so: an error in safe mode,
// nothing otherwise.
func (r *run) lost(format string, args ...any) error {
	if !r.l.safe {
		return nil
	}
	return loss(format, args...)
}

// expand is the expansion algorithm of JSON-LD 1.1 API section 5.1.2.
func (r *run) expand(a *active, at where, element any, fromMap bool) (expansion, error) {
	switch e := element.(type) {
	case nil:
		return expansion{}, nil
	case []any:
		return r.expandArray(a, at, e, fromMap)
	case map[string]any:
		if r.depth++; r.depth > maxDepth {
			return expansion{}, overBudget("nested more than %d deep", maxDepth)
		}
		out, err := r.expandMap(a, at, e, fromMap)
		r.depth--
		return out, err
	case string, json.Number, bool:
		if at.free() {
			return expansion{}, r.lost("a value that belongs to no property")
		}
		if at.def != nil && at.def.scope != nil {
			scoped, err := r.enter(a, at.def.scope, false)
			if err != nil {
				return expansion{}, err
			}
			a = scoped
			at.def = scoped.terms[at.def.name]
		}
		o, err := r.expandValue(a, at.def, element)
		return expansion{one: o}, err
	default:
		return expansion{}, invalid("", "a %T is no JSON value", element)
	}
}

func (r *run) expandArray(a *active, at where, items []any, fromMap bool) (expansion, error) {
	if r.depth++; r.depth > maxDepth {
		return expansion{}, overBudget("nested more than %d deep", maxDepth)
	}
	defer func() { r.depth-- }()
	out := r.links.take(len(items))[:0]
	for i, item := range items {
		if item == nil {
			if err := r.lost("null in an array"); err != nil {
				return expansion{}, atIndex(err, i)
			}
		}
		x, err := r.expand(a, at, item, fromMap)
		if err != nil {
			return expansion{}, atIndex(err, i)
		}
		if x.array && at.def != nil && at.def.in&inList != 0 {
			l := r.object()
			l.has, l.items = hasList, x.many
			x = expansion{one: l}
		}
		out = x.appendTo(out)
	}
	return expansion{many: out, array: true}, nil
}

// keysOf returns the keys of m in code point order.
func (r *run) keysOf(m map[string]any) []string {
	start := len(r.keys)
	for k := range m {
		r.keys = append(r.keys, k)
	}
	keys := r.keys[start:len(r.keys):len(r.keys)]
	if len(keys) < 12 {
		for i := 1; i < len(keys); i++ {
			for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
				keys[j], keys[j-1] = keys[j-1], keys[j]
			}
		}
	} else {
		slices.Sort(keys)
	}
	return keys
}

// keywordFor returns the keyword that a key expands to, or kwNone.
func keywordFor(a *active, key string) keyword {
	if kw := keywordOf(key); kw != kwNone {
		return kw
	}
	if def := a.terms[key]; def != nil {
		return def.kw
	}
	return kwNone
}

func (r *run) expandMap(a *active, at where, m map[string]any, fromMap bool) (expansion, error) {
	mark := len(r.keys)
	keys := r.keysOf(m)
	defer func() { r.keys = r.keys[:mark] }()
	if a.previous != nil && !fromMap && !keepsContext(a, keys) {
		a = a.previous
	}
	var err error
	if at.def != nil && at.def.scope != nil {
		if a, err = r.enter(a, at.def.scope, false); err != nil {
			return expansion{}, err
		}
	}
	if local, ok := m["@context"]; ok {
		if a, err = r.apply(a, local, r.l.base, how{}); err != nil {
			return expansion{}, atKey(err, "@context")
		}
	}
	typeScoped := a
	for _, key := range keys {
		if keywordFor(typeScoped, key) != kwType {
			continue
		}
		if a, err = r.enterTypes(a, typeScoped, m[key]); err != nil {
			return expansion{}, atKey(err, key)
		}
	}
	w := writer{run: r, out: r.object(), typeScoped: typeScoped}
	w.out.props.list = r.slots.take(len(keys))[:0]
	if err := w.entries(a, at, m, keys); err != nil {
		return expansion{}, err
	}
	if r.sources != nil && at.kind != inReverse {
		r.sources[w.out] = m
	}
	return r.finish(w.out, at)
}

// keepsContext reports whether a map leaves a context in force that does not
// propagate: it is a value object or a mere reference (step 7).
func keepsContext(a *active, keys []string) bool {
	for _, k := range keys {
		if keywordFor(a, k) == kwValue {
			return true
		}
	}
	return len(keys) == 1 && keywordFor(a, keys[0]) == kwID
}

// enterTypes applies the type-scoped contexts that one @type entry calls for.
func (r *run) enterTypes(a, typeScoped *active, value any) (*active, error) {
	var err error
	switch v := value.(type) {
	case string:
		if def := typeScoped.terms[v]; def != nil && def.scope != nil {
			return r.enter(a, def.scope, true)
		}
	case []any:
		names := make([]string, 0, 8)
		for _, item := range v {
			if s, ok := item.(string); ok {
				if def := typeScoped.terms[s]; def != nil && def.scope != nil {
					names = append(names, s)
				}
			}
		}
		slices.Sort(names)
		for _, s := range names {
			if a, err = r.enter(a, typeScoped.terms[s].scope, true); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// finish is steps 15 to 20: what the collected entries amount to.
func (r *run) finish(o *object, at where) (expansion, error) {
	result := expansion{one: o}
	switch {
	case o.isValue():
		drop, err := r.finishValue(o)
		if err != nil || drop {
			return expansion{}, err
		}
	case o.has&(hasSet|hasList) != 0:
		if o.has&^(hasSet|hasIndex) != 0 && o.has&^(hasList|hasIndex) != 0 || len(o.props.list) != 0 {
			return expansion{}, invalid(codeInvalidSetOrList, "@set and @list go with @index only")
		}
		if o.has&hasSet != 0 {
			if o.has&hasIndex != 0 {
				if err := r.lost("@index of a set"); err != nil {
					return expansion{}, err
				}
			}
			result = expansion{many: o.items, array: true}
		}
	}
	if o.has == hasLang && len(o.props.list) == 0 {
		return expansion{}, r.lost("@language without a value")
	}
	if at.free() && !result.array {
		switch {
		case o.isValue() || o.isList():
			return expansion{}, r.lost("a value that belongs to no property")
		case o.has == 0 && len(o.props.list) == 0:
			return expansion{}, r.lost("an empty object")
		case o.has&^nullID == hasID && len(o.props.list) == 0:
			return expansion{}, r.lost("an object that has an identifier only")
		}
	}
	return result, nil
}

// finishValue checks a value object (step 15).
func (r *run) finishValue(o *object) (drop bool, err error) {
	if o.has&^(hasValue|hasDir|hasIndex|hasLang|hasType|typeArray|jsonType) != 0 || len(o.props.list) != 0 {
		return false, invalid(codeInvalidValueObject, "@value goes with @type, @language, @direction and @index only")
	}
	if o.has&hasType != 0 && o.has&(hasLang|hasDir) != 0 {
		return false, invalid(codeInvalidValueObject, "@type together with @language or @direction")
	}
	if o.has&jsonType != 0 && o.has&typeArray == 0 {
		o.datatype = "@json"
		return false, nil
	}
	if o.value == nil {
		return true, r.lost("a null value")
	}
	if _, ok := o.value.(string); !ok && o.has&hasLang != 0 {
		return false, invalid(codeInvalidLangValue, "only strings have a language")
	}
	if o.has&hasType != 0 {
		if o.has&typeArray != 0 || len(o.types) != 1 || !isIRI(o.types[0]) {
			return false, invalid(codeInvalidTypedValue, "the type of a value is one IRI")
		}
		o.datatype = o.types[0]
	}
	return false, nil
}

// expandValue is the value expansion algorithm of section 5.3.2.
func (r *run) expandValue(a *active, def *termDef, value any) (*object, error) {
	o := r.object()
	s, isString := value.(string)
	if def != nil && isString && (def.coerce == asID || def.coerce == asVocab) {
		iri, kw, err := r.expandIRI(a, s, def.coerce == asVocab, true, nil)
		if err != nil {
			return nil, err
		}
		o.has = hasID
		if err := r.checkID(iri, kw, s); err != nil {
			return nil, err
		}
		if kw == kwNull {
			o.has |= nullID
		}
		o.id = iri
		return o, nil
	}
	o.has, o.value = hasValue, value
	if def != nil {
		switch def.coerce {
		case asIRI:
			o.has |= hasType
			o.datatype = def.datatype
			return o, nil
		case asJSON:
			o.has |= hasType | jsonType
			o.datatype = "@json"
			return o, nil
		}
	}
	if !isString {
		return o, nil
	}
	lang, dir := a.lang, a.dir
	if def != nil && def.langSet {
		lang = def.lang
	}
	if def != nil && def.dirSet {
		dir = def.dir
	}
	if lang != "" {
		o.has, o.lang = o.has|hasLang, lang
	}
	if dir != "" {
		o.has, o.dir = o.has|hasDir, dir
	}
	return o, nil
}

// checkID demands of an identifier what RDF needs: absolute, or a blank node.
func (r *run) checkID(iri string, kw keyword, from string) error {
	switch {
	case !r.l.safe:
		return nil
	case kw != kwNone:
		return loss("reserved word %s as an identifier", show(from))
	case isIRIOrBlank(iri):
		return nil
	case hasScheme(iri):
		return loss("ill-formed IRI %s", show(iri))
	}
	return loss("relative IRI %s", show(from))
}

// checkLang demands a well-formed language tag in safe mode.
func (r *run) checkLang(tag string) error {
	if r.l.safe && !langTag(tag) {
		return loss("ill-formed language tag %s", show(tag))
	}
	return nil
}

// object hands out a zero object from a slab.
func (r *run) object() *object { return r.objects.one() }

// expandDocument expands a whole document (section 9.3, expand()).
func (r *run) expandDocument(root *active, doc any) ([]*object, error) {
	x, err := r.expand(root, where{}, doc, false)
	if err != nil {
		return nil, err
	}
	if o := x.one; o != nil && o.has == hasGraph && len(o.props.list) == 0 {
		return o.graph, nil
	}
	return x.list(), nil
}

// lower normalizes a language tag, as JSON-LD allows and as the signing stacks
// in use do; the signed bytes depend on it.
func lower(tag string) string { return strings.ToLower(tag) }
