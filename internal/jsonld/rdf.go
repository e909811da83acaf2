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

// rdfWriter turns expanded objects into quads (sections 7.2 to 8.3). It needs
// no node map: merging nodes of one name is what a set of quads does by itself.
type rdfWriter struct {
	safe    bool
	i18n    bool // keep base directions as i18n datatypes
	max     int
	quads   []Quad
	blanks  map[string]string
	next    int
	indexes map[[2]string]string // (graph, node) to @index
}

// blank returns the label of a blank node of the document, or of a new one for "".
func (w *rdfWriter) blank(id string) Term {
	if id != "" {
		if l, ok := w.blanks[id]; ok {
			return Term{Kind: Blank, Value: l}
		}
	}
	l := "b" + strconv.Itoa(w.next)
	w.next++
	if id != "" {
		if w.blanks == nil {
			w.blanks = map[string]string{}
		}
		w.blanks[id] = l
	}
	return Term{Kind: Blank, Value: l}
}

// resource turns an identifier into a term, None when it is not well-formed.
// In safe mode expansion has refused such identifiers already.
func (w *rdfWriter) resource(id string) Term {
	if isBlank(id) && (w.safe || iriChars(id)) {
		return w.blank(id)
	}
	if !w.safe && !isIRI(id) {
		return Term{}
	}
	return Term{Kind: IRI, Value: id}
}

func (w *rdfWriter) emit(s Term, p string, o, g Term) error {
	if len(w.quads) >= w.max {
		return overBudget("more than %d quads", w.max)
	}
	w.quads = append(w.quads, Quad{Subject: s, Predicate: p, Object: o, Graph: g})
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
func (w *rdfWriter) graph(objects []*object, g Term) error {
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
func (w *rdfWriter) node(o *object, g Term) (Term, error) {
	var s Term
	switch {
	case o.has&nullID != 0:
	case o.has&hasID != 0:
		s = w.resource(o.id)
	default:
		s = w.blank("")
	}
	if o.has&hasIndex != 0 {
		if err := w.noteIndex(o, s, g); err != nil {
			return s, err
		}
	}
	for _, t := range o.types {
		if o := w.resource(t); o.Kind != None && s.Kind != None {
			if err := w.emit(s, rdfType, o, g); err != nil {
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
			term, err := w.term(v, g)
			if err != nil {
				return s, atKey(err, p.iri)
			}
			if ok && term.Kind != None && s.Kind != None {
				if err := w.emit(s, p.iri, term, g); err != nil {
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
			if ok && subject.Kind != None && s.Kind != None {
				if err := w.emit(subject, p.iri, s, g); err != nil {
					return s, err
				}
			}
		}
	}
	if o.has&hasGraph != 0 {
		if err := w.named(o, s); err != nil {
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
func (w *rdfWriter) named(o *object, name Term) error {
	if name.Kind == None {
		// An ill-formed graph name drops the graph; still walk it, so that
		// contradictions inside are seen.
		at := len(w.quads)
		err := w.graph(o.graph, Term{Kind: Blank, Value: "dropped"})
		w.quads = w.quads[:at]
		return err
	}
	return w.graph(o.graph, name)
}

// noteIndex finds nodes that carry two different indexes. RDF has no place for
// an index, so in safe mode there must be none.
func (w *rdfWriter) noteIndex(o *object, s, g Term) error {
	if err := w.lost("@index %s has no place in RDF", show(o.index)); err != nil {
		return err
	}
	if w.indexes == nil {
		w.indexes = map[[2]string]string{}
	}
	key := [2]string{g.Value, s.Value}
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
func (w *rdfWriter) term(o *object, g Term) (Term, error) {
	switch {
	case o.isValue():
		return w.literal(o)
	case o.isList():
		return w.list(o.items, g)
	}
	return w.node(o, g)
}

// list is the list conversion of section 8.3.
func (w *rdfWriter) list(items []*object, g Term) (Term, error) {
	if len(items) == 0 {
		return Term{Kind: IRI, Value: rdfNil}, nil
	}
	head := w.blank("")
	at := head
	for i, item := range items {
		first, err := w.term(item, g)
		if err != nil {
			return head, atIndex(err, i)
		}
		if first.Kind != None {
			if err := w.emit(at, rdfFirst, first, g); err != nil {
				return head, err
			}
		}
		rest := Term{Kind: IRI, Value: rdfNil}
		if i+1 < len(items) {
			rest = w.blank("")
		}
		if err := w.emit(at, rdfRest, rest, g); err != nil {
			return head, err
		}
		at = rest
	}
	return head, nil
}

// literal converts a value object. Direction is kept as an i18n datatype, the
// form that the Data Integrity stacks in use sign.
func (w *rdfWriter) literal(o *object) (Term, error) {
	if o.has&hasIndex != 0 {
		if err := w.lost("@index %s has no place in RDF", show(o.index)); err != nil {
			return Term{}, err
		}
	}
	t := Term{Kind: Literal}
	if o.has&hasType != 0 {
		if t.Datatype = o.datatype; o.has&jsonType != 0 {
			b, err := strictjson.Canonical(o.value)
			if err != nil {
				return Term{}, invalid("", "JSON literal: %v", err)
			}
			t.Value, t.Datatype = string(b), rdfJSON
			return t, nil
		}
		if !isIRI(t.Datatype) {
			return Term{}, w.lost("ill-formed datatype %s", show(t.Datatype))
		}
	}
	switch v := o.value.(type) {
	case string:
		t.Value = v
	case bool:
		if t.Value = "false"; v {
			t.Value = "true"
		}
		if t.Datatype == "" {
			t.Datatype = xsdBoolean
		}
		return t, nil
	case json.Number:
		lex, dt, err := number(v, t.Datatype)
		t.Value, t.Datatype = lex, dt
		return t, err
	default:
		return Term{}, invalid("", "a %T is no JSON scalar", o.value)
	}
	switch {
	case w.i18n && o.has&hasDir != 0:
		if o.has&hasLang != 0 && !langTag(o.lang) {
			return Term{}, nil
		}
		t.Datatype = i18nBase + o.lang + "_" + o.dir
	case o.has&hasLang != 0:
		if !w.safe && !langTag(o.lang) {
			return Term{}, nil
		}
		t.Language = o.lang
	case t.Datatype == xsdString:
		t.Datatype = ""
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
