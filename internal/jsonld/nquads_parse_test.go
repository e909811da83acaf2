package jsonld

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseNQuads reads N-Quads for the tests: one statement a line, comments and
// blank lines allowed.
func parseNQuads(doc string) (Dataset, error) {
	var ds Dataset
	for n, line := range strings.Split(doc, "\n") {
		p := &nqParser{s: strings.TrimRight(line, "\r")}
		p.space()
		if p.s == "" || p.s[0] == '#' {
			continue
		}
		q, err := p.statement()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: %q", n+1, err, line)
		}
		ds = append(ds, q)
	}
	return ds, nil
}

type nqParser struct{ s string }

func (p *nqParser) space() { p.s = strings.TrimLeft(p.s, " \t") }

func (p *nqParser) statement() (q Quad, err error) {
	if q.Subject, err = p.term(); err != nil {
		return q, err
	}
	predicate, err := p.term()
	if err != nil {
		return q, err
	}
	if predicate.Kind != IRI {
		return q, fmt.Errorf("predicate is no IRI")
	}
	q.Predicate = predicate.Value
	if q.Object, err = p.term(); err != nil {
		return q, err
	}
	if p.s != "" && p.s[0] != '.' {
		if q.Graph, err = p.term(); err != nil {
			return q, err
		}
	}
	if p.s == "" || p.s[0] != '.' {
		return q, fmt.Errorf("no full stop")
	}
	p.s = p.s[1:]
	p.space()
	if p.s != "" && p.s[0] != '#' {
		return q, fmt.Errorf("trailing text")
	}
	return q, q.check()
}

func (p *nqParser) term() (t Term, err error) {
	defer p.space()
	switch {
	case p.s == "":
		return t, fmt.Errorf("term missing")
	case p.s[0] == '<':
		return p.iri()
	case strings.HasPrefix(p.s, "_:"):
		end := strings.IndexAny(p.s, " \t<")
		if end < 0 {
			end = len(p.s)
		}
		label := strings.TrimRight(p.s[2:end], ".")
		p.s = p.s[2+len(label):]
		return Term{Kind: Blank, Value: label}, nil
	case p.s[0] == '"':
		end := 1
		for end < len(p.s) && p.s[end] != '"' {
			if p.s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(p.s) {
			return t, fmt.Errorf("literal without end")
		}
		t.Kind = Literal
		if t.Value, err = unescapeNQ(p.s[1:end]); err != nil {
			return t, err
		}
		p.s = p.s[end+1:]
		if strings.HasPrefix(p.s, "^^") {
			p.s = p.s[2:]
			dt, err := p.iri()
			t.Datatype = dt.Value
			return t, err
		}
		if strings.HasPrefix(p.s, "@") {
			end := strings.IndexAny(p.s, " \t.")
			if end < 0 {
				end = len(p.s)
			}
			t.Language, p.s = p.s[1:end], p.s[end:]
		}
		return t, nil
	}
	return t, fmt.Errorf("unknown term")
}

func (p *nqParser) iri() (Term, error) {
	end := strings.IndexByte(p.s, '>')
	if end < 0 || p.s[0] != '<' {
		return Term{}, fmt.Errorf("IRI without end")
	}
	v, err := unescapeNQ(p.s[1:end])
	p.s = p.s[end+1:]
	return Term{Kind: IRI, Value: v}, err
}

func unescapeNQ(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i >= len(s) {
			return "", fmt.Errorf("escape cut short")
		}
		digits := 0
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'b':
			b.WriteByte('\b')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case '"', '\'', '\\':
			b.WriteByte(s[i])
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			return "", fmt.Errorf("unknown escape")
		}
		if digits > 0 {
			if i+digits >= len(s) {
				return "", fmt.Errorf("escape cut short")
			}
			n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			if err != nil || !utf8.ValidRune(rune(n)) {
				return "", fmt.Errorf("bad code point")
			}
			b.WriteRune(rune(n))
			i += digits
		}
	}
	return b.String(), nil
}
