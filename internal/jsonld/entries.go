package jsonld

import (
	"encoding/json"
)

// writer fills one expanded object from the entries of one map.
type writer struct {
	*run
	out        *object
	typeScoped *active
}

// entries is steps 13 and 14 of the expansion algorithm.
func (w *writer) entries(a *active, at where, m map[string]any, keys []string) error {
	var nests []string
	for _, key := range keys {
		if key == "@context" {
			continue
		}
		def := a.terms[key]
		var iri string
		kw := kwNone
		if def != nil && def.iri != "" {
			iri, kw = def.iri, def.kw
		} else {
			var err error
			if iri, kw, err = w.expandIRI(a, key, true, false, nil); err != nil {
				return atKey(err, key)
			}
		}
		value := m[key]
		var err error
		switch {
		case kw == kwNull || kw == kwNone && !hasColon(iri):
			err = w.lost("undefined term %s", show(key))
		case w.l.safe && kw == kwNone && (def == nil || !def.sound) && !isIRIOrBlank(iri):
			err = loss("ill-formed IRI %s", show(iri))
		case kw == kwNest:
			if at.kind == inReverse {
				err = invalid(codeInvalidReverseMap, "%s", show(key))
			}
			nests = append(nests, key)
		case kw != kwNone:
			err = w.keyword(a, at, kw, key, m, value)
		default:
			err = w.property(a, def, iri, key, value)
		}
		if err != nil {
			return atKey(err, key)
		}
	}
	for _, key := range nests {
		if err := w.nest(a, key, m[key]); err != nil {
			return atKey(err, key)
		}
	}
	return nil
}

func hasColon(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == ':' {
			return true
		}
	}
	return false
}

// nest merges the value of a nesting key into the object (step 14).
func (w *writer) nest(a *active, key string, value any) error {
	if w.depth++; w.depth > maxDepth {
		return overBudget("nested more than %d deep", maxDepth)
	}
	defer func() { w.depth-- }()
	def := a.terms[key]
	if def != nil && def.scope != nil {
		var err error
		if a, err = w.enter(a, def.scope, false); err != nil {
			return err
		}
	}
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	for _, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			return invalid(codeInvalidNest, "the value is not an object")
		}
		mark := len(w.keys)
		keys := w.keysOf(m)
		for _, k := range keys {
			if keywordFor(a, k) == kwValue {
				return invalid(codeInvalidNest, "the value is a value object")
			}
		}
		err := w.entries(a, where{def: def, kind: inProperty}, m, keys)
		w.keys = w.keys[:mark]
		if err != nil {
			return err
		}
	}
	return nil
}

// keyword handles an entry whose key is a keyword (step 13.4).
func (w *writer) keyword(a *active, at where, kw keyword, key string, m map[string]any, value any) error {
	if at.kind == inReverse {
		return invalid(codeInvalidReverseMap, "%s", show(key))
	}
	o := w.out
	once := func(bit members) error {
		if o.has&bit != 0 {
			return invalid(codeCollidingKeywords, "%s", show(key))
		}
		o.has |= bit
		return nil
	}
	switch kw {
	case kwID:
		if err := once(hasID); err != nil {
			return err
		}
		s, ok := value.(string)
		if !ok {
			return invalid(codeInvalidID, "an identifier is one string")
		}
		iri, idKw, err := w.expandIRI(a, s, false, true, nil)
		if err != nil {
			return err
		}
		if idKw == kwNull {
			o.has |= nullID
		}
		o.id = iri
		return w.checkID(iri, idKw, s)
	case kwType:
		return w.types(m, value)
	case kwGraph:
		if err := once(hasGraph); err != nil {
			return err
		}
		x, err := w.expand(a, where{kind: inGraphKey}, value, false)
		if err != nil {
			return err
		}
		o.graph = x.list()
		return w.nullValue(value)
	case kwIncluded:
		x, err := w.expand(a, where{}, value, false)
		if err != nil {
			return err
		}
		for _, item := range x.list() {
			if !item.isNode() {
				return invalid(codeInvalidIncluded, "not a node object")
			}
		}
		if x.none() {
			return invalid(codeInvalidIncluded, "not a node object")
		}
		o.has |= hasIncluded
		o.included = x.appendTo(o.included)
		return nil
	case kwValue:
		if err := once(hasValue); err != nil {
			return err
		}
		return w.value(a, m, value)
	case kwLanguage:
		if err := once(hasLang); err != nil {
			return err
		}
		s, ok := value.(string)
		if !ok {
			return invalid(codeInvalidLangString, "@language is not a string")
		}
		o.lang = lower(s)
		return w.checkLang(s)
	case kwDirection:
		if err := once(hasDir); err != nil {
			return err
		}
		s, ok := value.(string)
		if !ok || s != "ltr" && s != "rtl" {
			return invalid(codeInvalidBaseDirection, "@direction is neither ltr nor rtl")
		}
		o.dir = s
		return nil
	case kwIndex:
		if err := once(hasIndex); err != nil {
			return err
		}
		s, ok := value.(string)
		if !ok {
			return invalid(codeInvalidIndex, "@index is not a string")
		}
		o.index = s
		return nil
	case kwList:
		if at.free() {
			return w.lost("a list that belongs to no property")
		}
		fallthrough
	case kwSet:
		bit := hasList
		if kw == kwSet {
			bit = hasSet
		}
		if err := once(bit); err != nil {
			return err
		}
		x, err := w.expand(a, at, value, false)
		if err != nil {
			return err
		}
		o.items = x.list()
		return w.nullValue(value)
	case kwReverse:
		return w.reverse(a, value)
	}
	// @default, @base and the like mean nothing here.
	return w.lost("keyword %s has no meaning here", show(key))
}

// nullValue reports a null that is about to vanish.
func (w *writer) nullValue(value any) error {
	if value == nil {
		return w.lost("null")
	}
	return nil
}

// types is step 13.4.4.
func (w *writer) types(m map[string]any, value any) error {
	o := w.out
	add := func(v any) error {
		s, ok := v.(string)
		if !ok {
			return invalid(codeInvalidTypeValue, "a type is a string")
		}
		def := w.typeScoped.terms[s]
		if def != nil && def.sound {
			o.types = append(o.types, def.iri)
			return nil
		}
		iri, kw, err := w.expandIRI(w.typeScoped, s, true, true, nil)
		if err != nil {
			return err
		}
		if kw == kwJSON {
			o.has |= jsonType
		}
		if w.l.safe && !isIRIOrBlank(iri) && (kw != kwJSON || !w.hasValueKey(m)) {
			return loss("undefined type %s", show(s))
		}
		if kw == kwNull {
			return nil
		}
		o.types = append(o.types, iri)
		return nil
	}
	if o.has&hasType != 0 {
		o.has |= typeArray
	}
	o.has |= hasType
	list, ok := value.([]any)
	if !ok {
		if o.types == nil {
			o.types = w.names.take(1)[:0]
		}
		return add(value)
	}
	o.has |= typeArray
	if o.types == nil {
		o.types = w.names.take(len(list))[:0]
	}
	for i, v := range list {
		if err := add(v); err != nil {
			return atIndex(err, i)
		}
	}
	return nil
}

// hasValueKey reports whether the map is going to be a value object.
func (w *writer) hasValueKey(m map[string]any) bool {
	for k := range m {
		if keywordFor(w.typeScoped, k) == kwValue {
			return true
		}
	}
	return false
}

// value is step 13.4.7. The type entry decides what @value may be; it need not
// have been met yet.
func (w *writer) value(a *active, m map[string]any, value any) error {
	w.out.value = value
	switch value.(type) {
	case nil, string, json.Number, bool:
		return nil
	}
	if !w.jsonInput(a, m) {
		return invalid(codeInvalidValueObjectValue, "@value is neither a scalar nor null")
	}
	return nil
}

// jsonInput reports whether the input type is @json: what the last value of the
// first entry that expands to @type expands to.
func (w *writer) jsonInput(a *active, m map[string]any) bool {
	mark := len(w.keys)
	defer func() { w.keys = w.keys[:mark] }()
	for _, k := range w.keysOf(m) {
		if keywordFor(a, k) != kwType {
			continue
		}
		v := m[k]
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				return false
			}
			v = list[len(list)-1]
		}
		s, ok := v.(string)
		if !ok {
			return false
		}
		_, kw, _ := w.expandIRI(a, s, true, false, nil)
		return kw == kwJSON
	}
	return false
}

// reverse is step 13.4.13.
func (w *writer) reverse(a *active, value any) error {
	m, ok := value.(map[string]any)
	if !ok {
		return invalid(codeInvalidReverse, "@reverse is not an object")
	}
	x, err := w.expand(a, where{kind: inReverse}, m, false)
	if err != nil {
		return err
	}
	for _, o := range x.list() {
		for _, p := range o.reverse.list { // reversed twice
			s := w.out.props.slot(p.iri)
			s.values = append(s.values, p.values...)
		}
		for _, p := range o.props.list {
			if err := w.addReverse(p.iri, p.values); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) addReverse(iri string, values []*object) error {
	for _, v := range values {
		if v.isValue() || v.isList() {
			return invalid(codeInvalidReverseValue, "a value or list cannot be the subject of %s", show(iri))
		}
		w.out.reverse.add(iri, v)
		w.out.has |= hasReverse
	}
	return nil
}
