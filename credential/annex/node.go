package annex

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The bounds on what is read and reported.
const (
	maxNodes    = 256 // values that one path may lead to
	maxText     = 160 // bytes of one reported value
	maxFindings = 8   // of one element
	maxBodies   = 16  // awarding bodies, and identifiers of one body
)

// node is a value of the document and how it was reached.
type node struct {
	value any
	trail *trail
	step  int // in the trail
}

// trail is the memory of one reading: the nodes that were met, and the steps to
// them, of which only those that are reported become a text.
type trail struct {
	steps []step
	nodes []node
}

type step struct {
	from  int // the step before; the first one leads to the root
	name  string
	index int // in a list; -1: the member is none
}

// trails are used again, so that reading a credential leaves no garbage behind.
var trails = sync.Pool{New: func() any { return new(trail) }}

// maxTrail bounds what is kept for the next credential.
const maxTrail = 4 * maxNodes

// begin returns the root of a document.
func begin(doc map[string]any) node {
	t, _ := trails.Get().(*trail)
	t.steps = append(t.steps, step{})
	return node{value: doc, trail: t}
}

// end gives the memory back. No node of the document may be used any more.
func (t *trail) end() {
	if cap(t.nodes) > maxTrail || cap(t.steps) > maxTrail {
		return
	}
	clear(t.nodes)
	clear(t.steps)
	t.nodes, t.steps = t.nodes[:0], t.steps[:0]
	trails.Put(t)
}

// to adds a step.
func (n node) to(name string, index int, value any) node {
	n.trail.steps = append(n.trail.steps, step{n.step, name, index})
	return node{value, n.trail, len(n.trail.steps) - 1}
}

// path says where the node stands, for example "credentialSubject.hasClaim[1].title".
func (n node) path() string {
	if n.trail == nil {
		return ""
	}
	return string(n.trail.appendPath(make([]byte, 0, 128), n.step))
}

func (t *trail) appendPath(b []byte, at int) []byte {
	if at == 0 {
		return b
	}
	s := t.steps[at]
	if b = t.appendPath(b, s.from); len(b) > 0 {
		b = append(b, '.')
	}
	b = append(b, s.name...)
	if s.index >= 0 {
		b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
	}
	return b
}

// all follows names downwards. At each step a member may hold one value or a
// list of them, as the European Learning Model writes it.
func (n node) all(name string, names ...string) []node {
	if n.trail == nil {
		return nil
	}
	start := len(n.trail.nodes)
	n.collect(name)
	return follow(n.trail.since(start), names...)
}

func follow(from []node, names ...string) []node {
	for _, name := range names {
		if len(from) == 0 {
			return nil
		}
		t := from[0].trail
		start := len(t.nodes)
		for _, n := range from {
			if n.collect(name); len(t.nodes)-start > maxNodes {
				t.nodes = t.nodes[:start+maxNodes]
				break
			}
		}
		from = t.since(start)
	}
	return from
}

// collect appends the values of a member to the nodes of the trail.
func (n node) collect(name string) {
	object, _ := n.value.(map[string]any)
	switch member := object[name].(type) {
	case nil:
	case []any:
		for i, e := range member[:min(len(member), maxNodes)] {
			n.trail.nodes = append(n.trail.nodes, n.to(name, i, e))
		}
	default:
		n.trail.nodes = append(n.trail.nodes, n.to(name, -1, member))
	}
}

// since are the nodes that were met after the first start; nobody appends to them.
func (t *trail) since(start int) []node { return t.nodes[start:len(t.nodes):len(t.nodes)] }

// first is all, of which only the first is wanted; a node without value when
// there is none.
func (n node) first(name string, names ...string) node {
	if list := n.all(name, names...); len(list) > 0 {
		return list[0]
	}
	return node{}
}

// member is the raw text of a member, "" when it is no text.
func (n node) member(name string) string {
	object, _ := n.value.(map[string]any)
	s, _ := object[name].(string)
	return s
}

// words are the texts of a member that holds one or many.
func (n node) words(name string) []string {
	var out []string
	for _, e := range n.all(name) {
		if s, ok := e.value.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// is tells whether the node is of a type.
func (n node) is(typ string) bool {
	return slices.Contains(n.words("type"), typ)
}

// labels are the members that carry the words of an object, in order.
func labels() []string {
	return []string{"@value", "prefLabel", "noteLiteral", "title", "legalName", "name", "targetName", "notation", "contentURL"}
}

// text is what a person would read: a text, a number, a text by language
// (English first, else the first language of the alphabet), or the label of a
// Concept, Note or other object, at last its id. "" when there is none.
func (n node) text() string { return clip(textOf(n.value, 0)) }

func textOf(v any, depth int) string {
	const deep = 6
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x)
	case json.Number:
		return x.String()
	case bool:
		return fmt.Sprint(x)
	case []any:
		for _, e := range x[:min(len(x), maxNodes)] {
			if s := textOf(e, depth+1); s != "" && depth < deep {
				return s
			}
		}
	case map[string]any:
		if depth > deep {
			return ""
		}
		for _, name := range labels() {
			if s := textOf(x[name], depth+1); s != "" {
				return s
			}
		}
		_, typed := x["type"]
		if id, ok := x["id"].(string); ok && typed {
			return id
		}
		return byLanguage(x, depth)
	}
	return ""
}

// byLanguage picks one text of a language map.
func byLanguage(m map[string]any, depth int) string {
	if s := textOf(m["en"], depth+1); s != "" {
		return s
	}
	best, text := "", ""
	for lang, v := range m {
		if len(lang) > 12 || best != "" && lang >= best {
			continue
		}
		switch v.(type) {
		case string, []any:
			if s := textOf(v, depth+1); s != "" {
				best, text = lang, s
			}
		}
	}
	return text
}

// join puts texts together and leaves out those that are empty.
func join(between string, texts ...string) string {
	texts = slices.DeleteFunc(texts, func(s string) bool { return s == "" })
	return clip(strings.Join(texts, between))
}

// clip shortens a text at a whole character.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
