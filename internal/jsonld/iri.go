package jsonld

import "strings"

// hasScheme reports whether s starts with an RFC 3986 scheme and a colon.
func hasScheme(s string) bool {
	if s == "" || !isAlpha(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ':':
			return true
		case isAlpha(c), c >= '0' && c <= '9', c == '+', c == '-', c == '.':
		default:
			return false
		}
	}
	return false
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// iriChars reports whether s holds only characters that the IRIREF production
// of N-Quads may hold. Letting another through would let a value break out of
// its angle brackets.
func iriChars(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= 0x20 || c == 0x7f {
			return false
		}
		switch c {
		case '<', '>', '"', '{', '}', '|', '^', '`', '\\':
			return false
		}
	}
	return true
}

// isIRI reports whether s is a well-formed absolute IRI as far as RDF needs it:
// a scheme, no character that N-Quads cannot hold, and at most one fragment.
func isIRI(s string) bool {
	return hasScheme(s) && iriChars(s) && strings.IndexByte(s, '#') == strings.LastIndexByte(s, '#')
}

// isBlank reports whether s has the form of a blank node identifier.
func isBlank(s string) bool { return len(s) > 2 && s[0] == '_' && s[1] == ':' }

// isIRIOrBlank is the test that every @id, @type and predicate has to pass.
func isIRIOrBlank(s string) bool { return isBlank(s) && iriChars(s) || isIRI(s) }

// keywordForm reports whether s matches "@"1*ALPHA.
func keywordForm(s string) bool {
	if len(s) < 2 || s[0] != '@' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isAlpha(s[i]) {
			return false
		}
	}
	return true
}

// isGenDelim reports whether c is a gen-delim of RFC 3986 section 2.2.
func isGenDelim(c byte) bool {
	switch c {
	case ':', '/', '?', '#', '[', ']', '@':
		return true
	}
	return false
}

// iriRef is an IRI reference split as in RFC 3986 appendix B.
type iriRef struct {
	scheme, authority, path, query, fragment string
	hasAuthority, hasQuery, hasFragment      bool
}

func splitRef(s string) iriRef {
	var r iriRef
	if i := strings.IndexByte(s, '#'); i >= 0 {
		r.fragment, r.hasFragment, s = s[i+1:], true, s[:i]
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		r.query, r.hasQuery, s = s[i+1:], true, s[:i]
	}
	if hasScheme(s) {
		i := strings.IndexByte(s, ':')
		r.scheme, s = s[:i], s[i+1:]
	}
	if strings.HasPrefix(s, "//") {
		s = s[2:]
		r.hasAuthority = true
		if i := strings.IndexByte(s, '/'); i >= 0 {
			r.authority, s = s[:i], s[i:]
		} else {
			r.authority, s = s, ""
		}
	}
	r.path = s
	return r
}

// resolve resolves ref against base by RFC 3986 section 5.2, without any
// normalization. An empty base leaves ref as it is.
func resolve(base, ref string) string {
	if base == "" || hasScheme(ref) {
		return ref
	}
	b, r := splitRef(base), splitRef(ref)
	t := iriRef{scheme: b.scheme, fragment: r.fragment, hasFragment: r.hasFragment}
	switch {
	case r.hasAuthority:
		t.authority, t.hasAuthority = r.authority, true
		t.path, t.query, t.hasQuery = removeDots(r.path), r.query, r.hasQuery
		return t.String()
	case r.path == "":
		t.path = b.path
		if t.query, t.hasQuery = b.query, b.hasQuery; r.hasQuery {
			t.query, t.hasQuery = r.query, true
		}
	case r.path[0] == '/':
		t.path, t.query, t.hasQuery = removeDots(r.path), r.query, r.hasQuery
	default:
		merged := "/" + r.path
		if !b.hasAuthority || b.path != "" {
			merged = b.path[:strings.LastIndexByte(b.path, '/')+1] + r.path
		}
		t.path, t.query, t.hasQuery = removeDots(merged), r.query, r.hasQuery
	}
	t.authority, t.hasAuthority = b.authority, b.hasAuthority
	return t.String()
}

func (r iriRef) String() string {
	var b strings.Builder
	if r.scheme != "" {
		b.WriteString(r.scheme)
		b.WriteByte(':')
	}
	if r.hasAuthority {
		b.WriteString("//")
		b.WriteString(r.authority)
	}
	b.WriteString(r.path)
	if r.hasQuery {
		b.WriteByte('?')
		b.WriteString(r.query)
	}
	if r.hasFragment {
		b.WriteByte('#')
		b.WriteString(r.fragment)
	}
	return b.String()
}

// removeDots removes dot segments by RFC 3986 section 5.2.4.
func removeDots(in string) string {
	if !strings.Contains(in, ".") {
		return in
	}
	out := make([]byte, 0, len(in))
	drop := func() {
		i := len(out) - 1
		for i >= 0 && out[i] != '/' {
			i--
		}
		out = out[:max(i, 0)]
	}
	for in != "" {
		switch {
		case strings.HasPrefix(in, "../"):
			in = in[3:]
		case strings.HasPrefix(in, "./"):
			in = in[2:]
		case strings.HasPrefix(in, "/./"):
			in = in[2:]
		case in == "/.":
			in = "/"
		case strings.HasPrefix(in, "/../"):
			in = in[3:]
			drop()
		case in == "/..":
			in = "/"
			drop()
		case in == "." || in == "..":
			in = ""
		default:
			n := strings.IndexByte(in[1:], '/')
			if n < 0 {
				n = len(in)
			} else {
				n++
			}
			out = append(out, in[:n]...)
			in = in[n:]
		}
	}
	return string(out)
}

// expandIRI is the IRI expansion algorithm of JSON-LD 1.1 API section 5.2.2.
// The keyword is kwNull when the result is null. d is nil outside of context
// processing.
func (r *run) expandIRI(a *active, value string, vocab, relative bool, d *defining) (string, keyword, error) {
	if value != "" && value[0] == '@' {
		if kw := keywordOf(value); kw != kwNone {
			return value, kw, nil
		}
		if keywordForm(value) {
			return "", kwNull, nil
		}
	}
	if d != nil {
		if err := d.need(value); err != nil {
			return "", kwNone, err
		}
	}
	if def := a.terms[value]; def != nil {
		if def.kw != kwNone {
			return def.iri, def.kw, nil
		}
		if vocab {
			if def.iri == "" {
				return "", kwNull, nil
			}
			return def.iri, kwNone, nil
		}
	}
	if len(value) > 1 {
		if colon := strings.IndexByte(value[1:], ':') + 1; colon > 0 {
			prefix, suffix := value[:colon], value[colon+1:]
			if prefix == "_" || strings.HasPrefix(suffix, "//") {
				return value, kwNone, nil
			}
			if d != nil {
				if err := d.need(prefix); err != nil {
					return "", kwNone, err
				}
			}
			if def := a.terms[prefix]; def != nil && def.prefix && def.iri != "" {
				return def.iri + suffix, kwNone, nil
			}
			if hasScheme(value) {
				return value, kwNone, nil
			}
		}
	}
	if vocab && a.hasVocab {
		return a.vocab + value, kwNone, nil
	}
	if relative {
		return resolve(a.base, value), kwNone, nil
	}
	return value, kwNone, nil
}

// need defines a term of the local context that another one depends on.
func (d *defining) need(term string) error {
	if _, ok := d.local[term]; !ok || d.state[term] {
		return nil
	}
	switch keywordOf(term) {
	case kwNone, kwType:
		return d.create(term)
	}
	return nil
}
