package jsonld

import "slices"

// property handles an entry whose key is a property (steps 13.5 to 13.14).
func (w *writer) property(a *active, def *termDef, iri, key string, value any) error {
	var in containers
	if def != nil {
		in = def.in
	}
	m, isMap := value.(map[string]any)
	var x expansion
	var err error
	switch {
	case def != nil && def.coerce == asJSON:
		o := w.object()
		o.has, o.value, o.datatype = hasValue|hasType|jsonType, value, "@json"
		x.one = o
	case in&inLanguage != 0 && isMap:
		x, err = w.languageMap(a, def, m)
	case in&(inIndex|inType|inID) != 0 && isMap:
		x, err = w.indexMap(a, def, m)
	case value == nil:
		return w.nullValue(value)
	default:
		x, err = w.expand(a, where{def: def, kind: inProperty}, value, false)
	}
	if err != nil || x.none() {
		return err
	}
	if in&inList != 0 && (x.one == nil || !x.one.isList()) {
		l := w.object()
		l.has, l.items = hasList, x.list()
		x = expansion{one: l}
	}
	if in&inGraph != 0 && in&(inID|inIndex) == 0 {
		graphs := make([]*object, 0, 1)
		for _, item := range x.list() {
			graphs = append(graphs, w.graphOf(item))
		}
		x = expansion{many: graphs, array: true}
	}
	if def != nil && def.reverse {
		return w.addReverse(iri, x.list())
	}
	s := w.out.props.slot(iri)
	switch {
	case s.values == nil && x.array:
		s.values = x.many
		return nil
	case s.values == nil:
		s.values = w.links.take(1)[:0]
	}
	s.values = x.appendTo(s.values)
	return nil
}

// graphOf wraps an object as a graph object.
func (w *writer) graphOf(item *object) *object {
	g := w.object()
	g.has, g.graph = hasGraph, []*object{item}
	return g
}

// languageMap is step 13.7.
func (w *writer) languageMap(a *active, def *termDef, m map[string]any) (expansion, error) {
	dir := a.dir
	if def.dirSet {
		dir = def.dir
	}
	mark := len(w.keys)
	defer func() { w.keys = w.keys[:mark] }()
	out := w.links.take(len(m))[:0]
	for _, tag := range w.keysOf(m) {
		none := tag == "@none" || keywordFor(a, tag) == kwNoneWord
		if !none {
			if err := w.checkLang(tag); err != nil {
				return expansion{}, err
			}
		}
		items, ok := m[tag].([]any)
		if !ok {
			items = []any{m[tag]}
		}
		for _, item := range items {
			if item == nil {
				if err := w.nullValue(nil); err != nil {
					return expansion{}, atKey(err, tag)
				}
				continue
			}
			s, ok := item.(string)
			if !ok {
				return expansion{}, atKey(invalid(codeInvalidLangMapValue, "not a string"), tag)
			}
			o := w.object()
			o.has, o.value = hasValue, s
			if !none {
				o.has, o.lang = o.has|hasLang, lower(tag)
			}
			if dir != "" {
				o.has, o.dir = o.has|hasDir, dir
			}
			out = append(out, o)
		}
	}
	return expansion{many: out, array: true}, nil
}

// indexMap is step 13.8: maps keyed by index, identifier or type.
func (w *writer) indexMap(a *active, def *termDef, m map[string]any) (expansion, error) {
	mark := len(w.keys)
	defer func() { w.keys = w.keys[:mark] }()
	out := w.links.take(len(m))[:0]
	for _, key := range w.keysOf(m) {
		mapCtx := a
		if def.in&(inID|inType) != 0 && a.previous != nil {
			mapCtx = a.previous
		}
		if def.in&inType != 0 {
			if td := mapCtx.terms[key]; td != nil && td.scope != nil {
				var err error
				if mapCtx, err = w.enter(mapCtx, td.scope, false); err != nil {
					return expansion{}, atKey(err, key)
				}
			}
		}
		if def.in&(inID|inType) == 0 {
			mapCtx = a
		}
		value := m[key]
		if _, ok := value.([]any); !ok {
			value = []any{value}
		}
		x, err := w.expand(mapCtx, where{def: def, kind: inProperty}, value, true)
		if err != nil {
			return expansion{}, atKey(err, key)
		}
		for _, item := range x.list() {
			if def.in&inGraph != 0 && !item.isGraph() {
				item = w.graphOf(item)
			}
			if err := w.index(a, def, key, item); err != nil {
				return expansion{}, atKey(err, key)
			}
			out = append(out, item)
		}
	}
	return expansion{many: out, array: true}, nil
}

// index writes the key of an index map into one of its items.
func (w *writer) index(a *active, def *termDef, key string, item *object) error {
	iri, kw, err := w.expandIRI(a, key, true, false, nil)
	if err != nil {
		return err
	}
	none := kw == kwNoneWord
	switch {
	case def.in&inIndex != 0 && def.index != "" && !none:
		value, err := w.expandValue(a, a.terms[def.index], key)
		if err != nil {
			return err
		}
		prop, propKw, err := w.expandIRI(a, def.index, true, false, nil)
		if err != nil {
			return err
		}
		if item.isValue() || item.isList() || propKw != kwNone {
			return invalid(codeInvalidValueObject, "a value cannot carry the index %s", show(def.index))
		}
		s := item.props.slot(prop)
		s.values = slices.Insert(s.values, 0, value)
	case def.in&inIndex != 0 && !none:
		if item.has&hasIndex == 0 {
			item.has, item.index = item.has|hasIndex, key
		}
	case def.in&inID != 0 && !none:
		if item.has&hasID == 0 {
			id, idKw, err := w.expandIRI(a, key, false, true, nil)
			if err != nil {
				return err
			}
			if err := w.checkID(id, idKw, key); err != nil {
				return err
			}
			item.has, item.id = item.has|hasID, id
		}
	case def.in&inType != 0 && !none:
		if kw != kwNone || w.l.safe && !isIRIOrBlank(iri) {
			if err := w.lost("undefined type %s", show(key)); err != nil {
				return err
			}
		}
		item.has |= hasType | typeArray
		item.types = slices.Insert(item.types, 0, iri)
	}
	return nil
}
