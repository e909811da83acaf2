package jsonld

import (
	"crypto"
	"slices"
	"strconv"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// This file has what suites of selective disclosure need on top of
// canonicalization: blank nodes that keep one name through a document, a part
// of it, and its canonical form (VC DI ECDSA 1.0 section 3.4).

// Label returns a copy of doc in which every node object without an identifier
// has one, a blank node label that doc does not use. The copy means the same.
// A part of the copy, read by LabelledRDF, makes statements about the same
// nodes as the whole: that is what skolemization is for (section 3.4.8), and it
// leaves the shape of the document alone, so that JSON pointers stay valid.
// Errors are those of Expand.
func (l *Loader) Label(doc map[string]any) (map[string]any, error) {
	out, _ := strictjson.Clone(doc).(map[string]any)
	r := &run{l: l, sources: make(map[*object]map[string]any)}
	objects, err := r.expandDocument(l.root(), out)
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool)
	collectLabels(out, taken)
	n := 0
	label := func(o *object) {
		m := r.sources[o]
		if m == nil || !o.isNode() || o.has&(hasID|nullID) != 0 {
			return
		}
		for ; ; n++ {
			if s := "_:n" + strconv.Itoa(n); !taken[s] {
				m["@id"] = s
				n++
				return
			}
		}
	}
	eachObject(objects, label)
	return out, nil
}

// eachObject calls f for every object, outer ones first.
func eachObject(objects []*object, f func(*object)) {
	for _, o := range objects {
		f(o)
		for _, inner := range [...][]*object{o.items, o.graph, o.included} {
			eachObject(inner, f)
		}
		for _, ps := range [...][]property{o.props.list, o.reverse.list} {
			for _, p := range ps {
				eachObject(p.values, f)
			}
		}
	}
}

// collectLabels notes every string of a tree that may be a blank node label.
func collectLabels(v any, into map[string]bool) {
	switch v := v.(type) {
	case string:
		if isBlank(v) {
			into[v] = true
		}
	case []any:
		for _, e := range v {
			collectLabels(e, into)
		}
	case map[string]any:
		for k, e := range v {
			collectLabels(k, into)
			collectLabels(e, into)
		}
	}
}

// LabelledRDF is ToRDF for what Label returned, or a part of it: blank nodes
// keep the labels that they have in doc. Lists and graphs without a name are
// made of nodes that no label reaches; with one, the error is ErrInvalid.
func (l *Loader) LabelledRDF(doc map[string]any, lim Limits) (Dataset, error) {
	objects, err := l.expand(doc)
	if err != nil {
		return nil, err
	}
	w := rdfWriter{safe: l.safe, i18n: true, max: lim.withDefaults().MaxQuads}
	if err := w.graph(objects, &term{}); err != nil {
		return nil, err
	}
	if int(w.next) > len(w.blanks) {
		return nil, invalid("", "a list, or a graph without a name, which cannot be disclosed in parts")
	}
	names := make(map[string]string, len(w.blanks))
	for id, n := range w.blanks {
		names["b"+strconv.Itoa(int(n))] = id[len("_:"):]
	}
	for i := range w.quads {
		q := &w.quads[i]
		for _, t := range [...]*Term{&q.Subject, &q.Object, &q.Graph} {
			if t.Kind == Blank {
				t.Value = names[t.Value]
			}
		}
	}
	return w.quads, nil
}

// CanonicalOrder returns the labels of the blank nodes of ds in the order of
// their canonical numbers: the first is what RDFC-1.0 calls c14n0. Errors are
// those of Canonicalize.
func CanonicalOrder(ds Dataset, hash crypto.Hash, lim Limits) ([]string, error) {
	c, labels, err := canonicalize(ds, hash, lim)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(c.order))
	for n, b := range c.order {
		out[n] = labels[b]
	}
	return out, nil
}

// NQuads returns the statements of ds in canonical form with other blank node
// labels: names maps the label of each blank node, without "_:", to the new
// one. Lines end with a line feed, are in code point order, and each is there
// once. ErrInvalid for a blank node without a name.
func NQuads(ds Dataset, names map[string]string) ([]string, error) {
	lines := make([]string, 0, len(ds))
	var buf []byte
	for i := range ds {
		q := &ds[i]
		if err := q.check(); err != nil {
			return nil, atIndex(err, i)
		}
		buf = buf[:0]
		for k, t := range [...]*Term{&q.Subject, {Kind: IRI, Value: q.Predicate}, &q.Object, &q.Graph} {
			if t.Kind == None {
				continue
			}
			if k > 0 {
				buf = append(buf, ' ')
			}
			if t.Kind == Blank {
				name, ok := names[t.Value]
				if !ok {
					return nil, invalid("", "no name for the blank node %s", show(t.Value))
				}
				buf = append(append(buf, "_:"...), name...)
				continue
			}
			buf = appendNode(buf, &term{kind: t.Kind, value: t.Value, datatype: t.Datatype, lang: t.Language})
		}
		lines = append(lines, string(append(buf, " .\n"...)))
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}
