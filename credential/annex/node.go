package annex

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The bounds on what is read and reported.
const (
	maxNodes    = 256 // values that one path may lead to
	maxText     = 160 // bytes of one reported value
	maxFindings = 8   // of one element
	maxBodies   = 16  // awarding bodies, and identifiers of one body
)

// node is a value of the document with the path that leads to it.
type node struct {
	path  string
	value any
}

// all follows names downwards. At each step a member may hold one value or a
// list of them, as the European Learning Model writes it.
func (n node) all(names ...string) []node { return follow([]node{n}, names...) }

func follow(from []node, names ...string) []node {
	for _, name := range names {
		var next []node
		for _, n := range from {
			object, _ := n.value.(map[string]any)
			member := object[name]
			if member == nil {
				continue // most names: no path is made for them
			}
			path := name
			if n.path != "" {
				path = n.path + "." + name
			}
			if list, ok := member.([]any); ok {
				for i, e := range list[:min(len(list), maxNodes)] {
					next = append(next, node{path + "[" + strconv.Itoa(i) + "]", e})
				}
			} else {
				next = append(next, node{path, member})
			}
			if len(next) > maxNodes {
				next = next[:maxNodes]
				break
			}
		}
		from = next
	}
	return from
}

// first is all, of which only the first is wanted; a node without value when
// there is none.
func (n node) first(names ...string) node {
	if list := n.all(names...); len(list) > 0 {
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
