package jsonld

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// TermKind says what a Term is.
type TermKind uint8

const (
	// None is the zero Term: in a Quad's Graph it means the default graph.
	None TermKind = iota
	// IRI is an absolute IRI without angle brackets.
	IRI
	// Blank is a blank node; Value is its label without "_:".
	Blank
	// Literal is a literal; Value is its lexical form, unescaped.
	Literal
)

// Term is an RDF term. Datatype and Language belong to literals: an empty
// Datatype means xsd:string, or rdf:langString when Language is set.
type Term struct {
	Kind     TermKind
	Value    string
	Datatype string
	Language string
}

// Quad is one RDF statement. Predicate is an IRI: generalized RDF is not supported.
type Quad struct {
	Subject   Term // IRI or Blank
	Predicate string
	Object    Term
	Graph     Term // None, IRI or Blank
}

// Dataset is a set of quads; order and repetition mean nothing.
type Dataset []Quad

const (
	rdfType    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
	rdfFirst   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"
	rdfRest    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest"
	rdfNil     = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil"
	rdfJSON    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"
	xsdString  = "http://www.w3.org/2001/XMLSchema#string"
	xsdBoolean = "http://www.w3.org/2001/XMLSchema#boolean"
	xsdInteger = "http://www.w3.org/2001/XMLSchema#integer"
	xsdDouble  = "http://www.w3.org/2001/XMLSchema#double"
	i18nBase   = "https://www.w3.org/ns/i18n#"
)

// term is a Term on its way into a dataset: a blank node is a number.
type term struct {
	kind     TermKind
	blank    int32
	value    string
	datatype string
	lang     string
}

// rdfWriter turns expanded objects into quads (sections 7.2 to 8.3). It needs
// no node map: merging nodes of one name is what a set of quads does by itself.
// The quads go straight to canon when that is set, else into quads.
type rdfWriter struct {
	safe    bool
	i18n    bool // keep base directions as i18n datatypes
	max     int
	canon   *canon
	quads   []Quad
	count   int
	blanks  map[string]int32
	next    int32
	indexes map[[2]Term]string // (graph, node) to @index
}

// blank returns the blank node of that name in the document, a new one for "".
func (w *rdfWriter) blank(id string) term {
	if id != "" {
		if n, ok := w.blanks[id]; ok {
			return term{kind: Blank, blank: n}
		}
	}
	n := w.next
	w.next++
	if id != "" {
		if w.blanks == nil {
			w.blanks = map[string]int32{}
		}
		w.blanks[id] = n
	}
	return term{kind: Blank, blank: n}
}

// public gives a term the form that callers see.
func (t *term) public() Term {
	if t.kind == Blank {
		return Term{Kind: Blank, Value: "b" + strconv.Itoa(int(t.blank))}
	}
	return Term{Kind: t.kind, Value: t.value, Datatype: t.datatype, Language: t.lang}
}

// resource turns an identifier into a term, None when it is not well-formed.
// In safe mode expansion has refused such identifiers already.
func (w *rdfWriter) resource(id string) term {
	if isBlank(id) && (w.safe || iriChars(id)) {
		return w.blank(id)
	}
	if !w.safe && !isIRI(id) {
		return term{}
	}
	return term{kind: IRI, value: id}
}

func (w *rdfWriter) emit(s *term, p string, o, g *term) error {
	if w.count++; w.count > w.max {
		return overBudget("more than %d quads", w.max)
	}
	if w.canon != nil {
		return w.canon.add(s, p, o, g)
	}
	w.quads = append(w.quads, Quad{Subject: s.public(), Predicate: p, Object: o.public(), Graph: g.public()})
	return nil
}

// lost reports something that RDF cannot hold.
func (w *rdfWriter) lost(format string, args ...any) error {
	if !w.safe {
		return nil
	}
	return loss(format, args...)
}

// graph writes the objects of one graph.
func (w *rdfWriter) graph(objects []*object, g *term) error {
	for _, o := range objects {
		if o.isNode() {
			if _, err := w.node(o, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// node writes a node object with all that hangs on it and returns its name. A
// node with an ill-formed name is None: its statements are dropped, those of
// the nodes below it are not.
func (w *rdfWriter) node(o *object, g *term) (s term, err error) {
	switch {
	case o.has&nullID != 0:
	case o.has&hasID != 0:
		s = w.resource(o.id)
	default:
		s = w.blank("")
	}
	if o.has&hasIndex != 0 {
		if err := w.noteIndex(o, &s, g); err != nil {
			return s, err
		}
	}
	for _, t := range o.types {
		if o := w.resource(t); o.kind != None && s.kind != None {
			if err := w.emit(&s, rdfType, &o, g); err != nil {
				return s, err
			}
		}
	}
	for i := range o.props.list {
		p := &o.props.list[i]
		ok, err := w.predicate(p.iri)
		if err != nil {
			return s, err
		}
		for _, v := range p.values {
			t, err := w.term(v, g)
			if err != nil {
				return s, atKey(err, p.iri)
			}
			if ok && t.kind != None && s.kind != None {
				if err := w.emit(&s, p.iri, &t, g); err != nil {
					return s, err
				}
			}
		}
	}
	for i := range o.reverse.list {
		p := &o.reverse.list[i]
		ok, err := w.predicate(p.iri)
		if err != nil {
			return s, err
		}
		for _, v := range p.values {
			subject, err := w.node(v, g)
			if err != nil {
				return s, atKey(err, p.iri)
			}
			if ok && subject.kind != None && s.kind != None {
				if err := w.emit(&subject, p.iri, &s, g); err != nil {
					return s, err
				}
			}
		}
	}
	if o.has&hasGraph != 0 {
		if err := w.named(o, &s); err != nil {
			return s, atKey(err, "@graph")
		}
	}
	if o.has&hasIncluded != 0 {
		if err := w.graph(o.included, g); err != nil {
			return s, atKey(err, "@included")
		}
	}
	return s, nil
}

// named writes the content of a named graph.
func (w *rdfWriter) named(o *object, name *term) error {
	if name.kind != None {
		return w.graph(o.graph, name)
	}
	// An ill-formed graph name drops the graph; it is still walked, so that
	// contradictions inside are seen. In safe mode there are no such names.
	at := len(w.quads)
	err := w.graph(o.graph, &term{kind: Blank, blank: -1})
	w.quads = w.quads[:at]
	return err
}

// noteIndex finds nodes that carry two different indexes. RDF has no place for
// an index, so in safe mode there must be none.
func (w *rdfWriter) noteIndex(o *object, s, g *term) error {
	if err := w.lost("@index %s has no place in RDF", show(o.index)); err != nil {
		return err
	}
	if w.indexes == nil {
		w.indexes = map[[2]Term]string{}
	}
	key := [2]Term{g.public(), s.public()}
	if old, ok := w.indexes[key]; ok && old != o.index {
		return invalid(codeConflictingIndexes, "%s and %s", show(old), show(o.index))
	}
	w.indexes[key] = o.index
	return nil
}

// predicate reports whether an IRI may stand as a predicate.
func (w *rdfWriter) predicate(iri string) (bool, error) {
	if isBlank(iri) {
		return false, w.lost("blank node %s as a property", show(iri))
	}
	return w.safe || isIRI(iri), nil
}

// term is the object to RDF conversion of section 8.2; None means drop.
func (w *rdfWriter) term(o *object, g *term) (term, error) {
	switch {
	case o.isValue():
		return w.literal(o)
	case o.isList():
		return w.list(o.items, g)
	}
	return w.node(o, g)
}

// list is the list conversion of section 8.3.
func (w *rdfWriter) list(items []*object, g *term) (term, error) {
	nothing := term{kind: IRI, value: rdfNil}
	if len(items) == 0 {
		return nothing, nil
	}
	head := w.blank("")
	at := head
	for i, item := range items {
		first, err := w.term(item, g)
		if err != nil {
			return head, atIndex(err, i)
		}
		if first.kind != None {
			if err := w.emit(&at, rdfFirst, &first, g); err != nil {
				return head, err
			}
		}
		rest := nothing
		if i+1 < len(items) {
			rest = w.blank("")
		}
		if err := w.emit(&at, rdfRest, &rest, g); err != nil {
			return head, err
		}
		at = rest
	}
	return head, nil
}

// literal converts a value object. Direction is kept as an i18n datatype, the
// form that the Data Integrity stacks in use sign.
func (w *rdfWriter) literal(o *object) (term, error) {
	if o.has&hasIndex != 0 {
		if err := w.lost("@index %s has no place in RDF", show(o.index)); err != nil {
			return term{}, err
		}
	}
	t := term{kind: Literal}
	if o.has&hasType != 0 {
		if t.datatype = o.datatype; o.has&jsonType != 0 {
			b, err := strictjson.Canonical(o.value)
			if err != nil {
				return term{}, invalid("", "JSON literal: %v", err)
			}
			t.value, t.datatype = string(b), rdfJSON
			return t, nil
		}
		if !isIRI(t.datatype) {
			return term{}, w.lost("ill-formed datatype %s", show(t.datatype))
		}
	}
	switch v := o.value.(type) {
	case string:
		t.value = v
	case bool:
		if t.value = "false"; v {
			t.value = "true"
		}
		if t.datatype == "" {
			t.datatype = xsdBoolean
		}
		return t, nil
	case json.Number:
		lex, dt, err := number(v, t.datatype)
		t.value, t.datatype = lex, dt
		return t, err
	default:
		return term{}, invalid("", "a %T is no JSON scalar", o.value)
	}
	switch {
	case w.i18n && o.has&hasDir != 0:
		if o.has&hasLang != 0 && !langTag(o.lang) {
			return term{}, nil
		}
		t.datatype = i18nBase + o.lang + "_" + o.dir
	case o.has&hasLang != 0:
		if !w.safe && !langTag(o.lang) {
			return term{}, nil
		}
		t.lang = o.lang
	case t.datatype == xsdString:
		t.datatype = ""
	}
	return t, nil
}

// number gives the canonical lexical form of a JSON number (section 8.6).
func number(n json.Number, datatype string) (lex, dt string, err error) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", "", invalid("", "number %s", show(string(n)))
	}
	if f != math.Trunc(f) || math.Abs(f) >= 1e21 || datatype == xsdDouble {
		if datatype == "" {
			datatype = xsdDouble
		}
		return canonicalDouble(f), datatype, nil
	}
	if datatype == "" {
		datatype = xsdInteger
	}
	if f == 0 {
		return "0", datatype, nil
	}
	return strconv.FormatFloat(f, 'f', -1, 64), datatype, nil
}

// canonicalDouble is the canonical lexical form of xsd:double, with at most 15
// digits after the point.
func canonicalDouble(f float64) string {
	s := strconv.FormatFloat(f, 'E', 15, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	exponent = strings.TrimLeft(exponent, "+-0")
	if exponent == "" {
		exponent, sign = "0", ""
	}
	return mantissa + "E" + sign + exponent
}
