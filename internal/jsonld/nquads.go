package jsonld

import (
	"strings"
	"unicode/utf8"
)

// escaped marks the bytes of a literal at which escaping has to take a look.
var escaped = escapeTable()

func escapeTable() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'], t[0x7f], t[0xef] = true, true, true, true
	return t
}

const hexUpper = "0123456789ABCDEF"

// appendEscaped appends the canonical form of a string literal's content
// (RDFC-1.0 appendix A).
func appendEscaped(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !escaped[c] {
			continue
		}
		var short byte
		switch c {
		case '\b':
			short = 'b'
		case '\t':
			short = 't'
		case '\n':
			short = 'n'
		case '\f':
			short = 'f'
		case '\r':
			short = 'r'
		case '"', '\\':
			short = c
		case 0xef:
			// U+FFFE and U+FFFF are not in the Char production of XML 1.1.
			if i+2 >= len(s) || s[i+1] != 0xbf || s[i+2] < 0xbe {
				continue
			}
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\uFFF`...)
			dst = append(dst, hexUpper[s[i+2]&0xf])
			i += 2
			from = i + 1
			continue
		}
		dst = append(dst, s[from:i]...)
		if short != 0 {
			dst = append(dst, '\\', short)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hexUpper[c>>4], hexUpper[c&0xf])
		}
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// check refuses quads that N-Quads cannot hold. Datasets made by ToRDF pass by
// construction.
func (q *Quad) check() error {
	if q.Subject.Kind != IRI && q.Subject.Kind != Blank {
		return invalid("", "a subject is an IRI or a blank node")
	}
	if q.Object.Kind == None {
		return invalid("", "a quad without an object")
	}
	if q.Graph.Kind == Literal {
		return invalid("", "a literal as a graph name")
	}
	if !isIRI(q.Predicate) {
		return invalid("", "ill-formed predicate %s", show(q.Predicate))
	}
	for _, t := range [...]*Term{&q.Subject, &q.Object, &q.Graph} {
		switch t.Kind {
		case None:
		case IRI:
			if !isIRI(t.Value) {
				return invalid("", "ill-formed IRI %s", show(t.Value))
			}
		case Blank:
			if !iriChars(t.Value) || t.Value == "" {
				return invalid("", "ill-formed blank node label %s", show(t.Value))
			}
		case Literal:
			if !utf8.ValidString(t.Value) {
				return invalid("", "a literal that is not UTF-8")
			}
			if t.Language != "" && (t.Datatype != "" || !plainTag(t.Language)) {
				return invalid("", "ill-formed language tag %s", show(t.Language))
			}
			if t.Datatype != "" && !isIRI(t.Datatype) {
				return invalid("", "ill-formed datatype %s", show(t.Datatype))
			}
		default:
			return invalid("", "unknown kind of term %d", t.Kind)
		}
	}
	return nil
}

// plainTag matches the LANGTAG production of N-Quads.
func plainTag(s string) bool {
	head, tail, _ := strings.Cut(s, "-")
	if head == "" || !alpha(head) {
		return false
	}
	if len(s) == len(head) {
		return true
	}
	for _, p := range strings.Split(tail, "-") {
		if p == "" || !alnum(p) {
			return false
		}
	}
	return true
}
