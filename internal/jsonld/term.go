package jsonld

import "strings"

// defining is the state of turning one context definition into terms.
type defining struct {
	r         *run
	result    *active // changed in place
	local     map[string]any
	base      string
	protected bool
	how       how
	state     map[string]bool // "defined": false while in the making
	depth     int
}

// create is the create term definition algorithm of JSON-LD 1.1 API section 4.2.2.
func (d *defining) create(term string) error {
	if done, ok := d.state[term]; ok {
		if done {
			return nil
		}
		return invalid(codeCyclicIRIMapping, "term %s", show(term))
	}
	if term == "" {
		return invalid(codeInvalidTermDefinition, "empty term")
	}
	if d.depth++; d.depth > maxDepth {
		return overBudget("terms depend on one another more than %d deep", maxDepth)
	}
	defer func() { d.depth-- }()
	d.state[term] = false
	value := d.local[term]
	if term == "@type" {
		if err := typeRedefinition(value); err != nil {
			return err
		}
	} else if keywordOf(term) != kwNone {
		return invalid(codeKeywordRedefinition, "%s", term)
	} else if keywordForm(term) {
		return d.ignore("term", term)
	}
	previous := d.result.terms[term]
	delete(d.result.terms, term)
	def := &termDef{name: term, protected: d.protected}
	simple := false
	var m map[string]any
	switch v := value.(type) {
	case nil:
		m = map[string]any{"@id": nil}
	case string:
		m, simple = map[string]any{"@id": v}, true
	case map[string]any:
		m = v
	default:
		return invalid(codeInvalidTermDefinition, "%s is neither a string, an object nor null", show(term))
	}
	if v, ok := m["@protected"]; ok {
		if def.protected, ok = v.(bool); !ok {
			return invalid(codeInvalidProtected, "@protected of %s is not a boolean", show(term))
		}
	}
	if err := d.typeMapping(def, m); err != nil {
		return err
	}
	ignored, err := d.iriMapping(def, m, simple)
	if err != nil {
		return err
	}
	if ignored {
		return nil
	}
	if err := d.containerMapping(def, m); err != nil {
		return err
	}
	if err := d.scopedContext(def, m); err != nil {
		return err
	}
	if err := d.options(def, m); err != nil {
		return err
	}
	for k := range m {
		switch k {
		case "@id", "@reverse", "@container", "@context", "@direction", "@index", "@language", "@nest", "@prefix", "@protected", "@type":
		default:
			return invalid(codeInvalidTermDefinition, "%s has the entry %s", show(term), show(k))
		}
	}
	def.sound = def.kw == kwNone && isIRIOrBlank(def.iri)
	if !d.how.override && previous != nil && previous.protected {
		if !def.same(previous) {
			return invalid(codeProtectedRedefinition, "%s", show(term))
		}
		def = previous
	}
	if def.protected {
		d.result.anyProtected = true
	}
	d.result.terms[term] = def
	d.state[term] = true
	return nil
}

// ignore drops a definition that has the form of a keyword. In safe mode that
// is data loss: the members that use the term would vanish.
func (d *defining) ignore(what, s string) error {
	if d.r.l.safe {
		return loss("%s %s has the form of a keyword", what, show(s))
	}
	return nil
}

// typeRedefinition checks the only form in which @type may be defined.
func typeRedefinition(value any) error {
	m, ok := value.(map[string]any)
	if !ok || len(m) == 0 {
		return invalid(codeKeywordRedefinition, "@type")
	}
	for k, v := range m {
		switch k {
		case "@protected":
		case "@container":
			if list, ok := v.([]any); ok && len(list) == 1 {
				v = list[0]
			}
			if v != "@set" {
				return invalid(codeKeywordRedefinition, "@type has a container other than @set")
			}
		default:
			return invalid(codeKeywordRedefinition, "@type has the entry %s", show(k))
		}
	}
	return nil
}

// typeMapping is step 12.
func (d *defining) typeMapping(def *termDef, m map[string]any) error {
	v, ok := m["@type"]
	if !ok {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return invalid(codeInvalidTypeMapping, "@type of %s is not a string", show(def.name))
	}
	iri, kw, err := d.r.expandIRI(d.result, s, true, false, d)
	if err != nil {
		return err
	}
	switch {
	case kw == kwID:
		def.coerce = asID
	case kw == kwVocab:
		def.coerce = asVocab
	case kw == kwJSON:
		def.coerce = asJSON
	case kw == kwNoneWord:
		def.coerce = asNone
	case kw == kwNone && isIRI(iri):
		def.coerce, def.datatype = asIRI, iri
	default:
		return invalid(codeInvalidTypeMapping, "@type of %s is %s", show(def.name), show(s))
	}
	return nil
}

// iriMapping is steps 13 to 18. ignored is true when the definition has to be
// passed over because it has the form of a keyword.
func (d *defining) iriMapping(def *termDef, m map[string]any, simple bool) (ignored bool, err error) {
	term := def.name
	if rev, ok := m["@reverse"]; ok {
		return d.reverseMapping(def, m, rev)
	}
	if id, ok := m["@id"]; ok && id != term {
		if id == nil {
			return false, nil
		}
		s, ok := id.(string)
		if !ok {
			return false, invalid(codeInvalidIRIMapping, "@id of %s is not a string", show(term))
		}
		if keywordOf(s) == kwNone && keywordForm(s) {
			return true, d.ignore("the IRI of a term,", s)
		}
		if def.iri, def.kw, err = d.r.expandIRI(d.result, s, true, false, d); err != nil {
			return false, err
		}
		if def.kw == kwContext {
			return false, invalid(codeInvalidKeywordAlias, "%s", show(term))
		}
		if def.kw == kwNone && !hasScheme(def.iri) && !isBlank(def.iri) {
			return false, invalid(codeInvalidIRIMapping, "%s maps to %s", show(term), show(def.iri))
		}
		if colon := strings.IndexByte(term, ':'); colon > 0 && colon < len(term)-1 || strings.IndexByte(term, '/') >= 0 {
			d.state[term] = true
			if own, _, err := d.r.expandIRI(d.result, term, true, false, d); err != nil {
				return false, err
			} else if own != def.iri {
				return false, invalid(codeInvalidIRIMapping, "%s looks like an IRI and maps to another", show(term))
			}
		}
		if simple && strings.IndexByte(term, ':') < 0 && strings.IndexByte(term, '/') < 0 && def.kw == kwNone &&
			(isBlank(def.iri) || isGenDelim(def.iri[len(def.iri)-1])) {
			def.prefix = true
		}
		return false, nil
	}
	if colon := strings.IndexByte(term, ':'); colon > 0 {
		prefix, suffix := term[:colon], term[colon+1:]
		if _, ok := d.local[prefix]; ok && !strings.HasPrefix(suffix, "//") && prefix != "_" {
			if err := d.create(prefix); err != nil {
				return false, err
			}
		}
		if p := d.result.terms[prefix]; p != nil && p.iri != "" && p.kw == kwNone && !strings.HasPrefix(suffix, "//") {
			def.iri = p.iri + suffix
		} else {
			def.iri = term
		}
		return false, nil
	}
	if strings.IndexByte(term, '/') >= 0 {
		if def.iri, def.kw, err = d.r.expandIRI(d.result, term, true, false, nil); err != nil {
			return false, err
		}
		if !hasScheme(def.iri) {
			return false, invalid(codeInvalidIRIMapping, "%s is not an IRI", show(term))
		}
		return false, nil
	}
	if term == "@type" {
		def.iri, def.kw = "@type", kwType
		return false, nil
	}
	if !d.result.hasVocab {
		return false, invalid(codeInvalidIRIMapping, "%s has no @id and there is no @vocab", show(term))
	}
	def.iri = d.result.vocab + term
	return false, nil
}

// reverseMapping is step 13. Unlike the text, the definition goes on through
// the remaining checks, so that a protected term cannot be replaced by a
// reverse one and entries that do not belong here are refused.
func (d *defining) reverseMapping(def *termDef, m map[string]any, rev any) (ignored bool, err error) {
	for _, k := range []string{"@id", "@nest"} {
		if _, ok := m[k]; ok {
			return false, invalid(codeInvalidReverseProperty, "%s has @reverse and %s", show(def.name), k)
		}
	}
	s, ok := rev.(string)
	if !ok {
		return false, invalid(codeInvalidIRIMapping, "@reverse of %s is not a string", show(def.name))
	}
	if keywordForm(s) {
		return true, d.ignore("the reverse IRI of a term,", s)
	}
	if def.iri, def.kw, err = d.r.expandIRI(d.result, s, true, false, d); err != nil {
		return false, err
	}
	if def.kw != kwNone || !hasScheme(def.iri) && !isBlank(def.iri) {
		return false, invalid(codeInvalidIRIMapping, "%s maps to %s", show(def.name), show(s))
	}
	if c, ok := m["@container"]; ok && c != nil && c != "@set" && c != "@index" {
		return false, invalid(codeInvalidReverseProperty, "%s has a container other than @set or @index", show(def.name))
	}
	def.reverse = true
	return false, nil
}

// containerMapping is steps 19 and 20.
func (d *defining) containerMapping(def *termDef, m map[string]any) error {
	v, ok := m["@container"]
	if ok && !(v == nil && def.reverse) {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, item := range list {
			c := containerOf(item)
			if c == 0 || def.in&c != 0 {
				return invalid(codeInvalidContainer, "%s", show(def.name))
			}
			def.in |= c
		}
		if !def.in.valid() {
			return invalid(codeInvalidContainer, "%s", show(def.name))
		}
		if def.in&inType != 0 {
			switch def.coerce {
			case asPlain:
				def.coerce = asID
			case asID, asVocab:
			default:
				return invalid(codeInvalidTypeMapping, "%s has the container @type and is neither @id nor @vocab", show(def.name))
			}
		}
	}
	if v, ok := m["@index"]; ok {
		s, isString := v.(string)
		if !isString || def.in&inIndex == 0 {
			return invalid(codeInvalidTermDefinition, "@index of %s", show(def.name))
		}
		iri, kw, err := d.r.expandIRI(d.result, s, true, false, d)
		if err != nil {
			return err
		}
		if kw != kwNone || !isIRI(iri) {
			return invalid(codeInvalidTermDefinition, "@index of %s is not an IRI", show(def.name))
		}
		def.index = s
	}
	return nil
}

func containerOf(v any) containers {
	switch v {
	case "@graph":
		return inGraph
	case "@id":
		return inID
	case "@index":
		return inIndex
	case "@language":
		return inLanguage
	case "@list":
		return inList
	case "@set":
		return inSet
	case "@type":
		return inType
	}
	return 0
}

// valid reports whether a combination is one that step 19.1 allows.
func (c containers) valid() bool {
	switch c {
	case inList, inGraph | inID, inGraph | inIndex, inGraph | inID | inSet, inGraph | inIndex | inSet:
		return true
	}
	switch c &^ inSet {
	case 0:
		return c != 0
	case inIndex, inGraph, inID, inType, inLanguage:
		return true
	}
	return false
}

// scopedContext is step 21: the context is tried now and kept for later.
func (d *defining) scopedContext(def *termDef, m map[string]any) error {
	v, ok := m["@context"]
	if !ok {
		return nil
	}
	if d.r.depth++; d.r.depth > maxDepth {
		return overBudget("contexts nested more than %d deep", maxDepth)
	}
	defer func() { d.r.depth-- }()
	h := how{remote: d.how.remote, override: true, scoped: true}
	if _, err := d.r.apply(d.result, v, d.base, h); err != nil {
		if !isInvalid(err) {
			return err
		}
		return invalid(codeInvalidScopedContext, "term %s: %v", show(def.name), err)
	}
	def.scope = &scope{context: v, base: d.base}
	return nil
}

// options is steps 22 to 25.
func (d *defining) options(def *termDef, m map[string]any) error {
	_, typed := m["@type"]
	if v, ok := m["@language"]; ok && !typed {
		s, isString := v.(string)
		if v != nil && !isString {
			return invalid(codeInvalidLangMapping, "%s", show(def.name))
		}
		if isString && d.r.l.safe && !langTag(s) {
			return loss("ill-formed language tag %s of term %s", show(s), show(def.name))
		}
		def.lang, def.langSet = strings.ToLower(s), true
	}
	if v, ok := m["@direction"]; ok && !typed {
		s, isString := v.(string)
		if v != nil && (!isString || s != "ltr" && s != "rtl") {
			return invalid(codeInvalidBaseDirection, "%s", show(def.name))
		}
		def.dir, def.dirSet = s, true
	}
	if v, ok := m["@nest"]; ok {
		s, isString := v.(string)
		if !isString || keywordOf(s) != kwNone && s != "@nest" {
			return invalid(codeInvalidNest, "%s", show(def.name))
		}
		def.nest = s
	}
	if v, ok := m["@prefix"]; ok {
		if strings.ContainsAny(def.name, ":/") {
			return invalid(codeInvalidTermDefinition, "@prefix of %s", show(def.name))
		}
		if def.prefix, ok = v.(bool); !ok {
			return invalid(codeInvalidPrefix, "%s", show(def.name))
		}
		if def.prefix && def.kw != kwNone {
			return invalid(codeInvalidTermDefinition, "%s is a prefix for a keyword", show(def.name))
		}
	}
	return nil
}
