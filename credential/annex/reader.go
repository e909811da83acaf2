package annex

import (
	"slices"
	"strings"
)

// reader fills one report.
type reader struct {
	root   node
	report *Report
}

// take lets a good value count for an element; the first one is reported.
func (r *reader) take(element int, n node, value string) {
	if e := &r.report.draft[element]; value != "" && e.State != Present {
		e.State, e.Path, e.Value = Present, n.path(), clip(value)
	}
}

// bad notes a value that does not serve: alone it makes the element malformed.
func (r *reader) bad(element int, n node, c Code) {
	if e := &r.report.draft[element]; e.State == "" {
		e.State = Malformed
	}
	r.note(element, n, c)
}

// note adds a finding and leaves the state as it is.
func (r *reader) note(element int, n node, c Code) {
	e := &r.report.draft[element]
	if len(e.Findings) >= maxFindings {
		return
	}
	m := meaningOf(c)
	e.Findings = append(e.Findings, Finding{Code: c, Text: m.text, Path: n.path(), Value: n.text(), Severity: m.severity})
}

// texts takes the words of what stands at a path, each once, and tells whether
// there were any.
func (r *reader) texts(element int, list []node) bool {
	words := make([]string, 0, 8)
	at := node{}
	for _, n := range list {
		if s := n.text(); s != "" && !slices.Contains(words, s) {
			if len(words) == 0 {
				at = n
			}
			words = append(words, s)
		}
	}
	if len(words) == 0 {
		for _, n := range list {
			r.bad(element, n, ValueMalformed)
		}
		return false
	}
	r.take(element, at, strings.Join(words, "; "))
	return true
}

// finish gives every element its name, place and severity.
func (r *reader) finish() {
	for i, s := range standards() {
		e := &r.report.draft[i]
		e.Number, e.Name, e.Principle, e.Mandatory = i+1, s.name, s.principle, i < mandatory
		if e.State == "" {
			e.State = Missing
		}
		if e.State != Present {
			e.Severity = s.missing
		}
		for _, f := range e.Findings {
			e.Severity = worse(e.Severity, f.Severity)
		}
	}
	r.report.Elements = r.report.draft[:]
}

func worse(a, b Severity) Severity {
	for _, s := range []Severity{Error, Warn, Info} {
		if a == s || b == s {
			return s
		}
	}
	return ""
}
