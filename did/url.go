package did

import (
	"fmt"
	"strings"
)

// MaxURL bounds a DID URL in bytes.
const MaxURL = 2048

// URL is a parsed DID URL (DID 1.1, section 3.2). Values are as written:
// nothing is decoded.
type URL struct {
	DID      string // "did:" method ":" id
	Method   string
	ID       string // the method-specific identifier
	Path     string // "" or with its leading "/"
	Query    string // without "?"
	Fragment string // without "#"
}

// String writes the URL. An empty query or fragment is not written.
func (u URL) String() string {
	var b strings.Builder
	b.WriteString(u.DID)
	b.WriteString(u.Path)
	if u.Query != "" {
		b.WriteByte('?')
		b.WriteString(u.Query)
	}
	if u.Fragment != "" {
		b.WriteByte('#')
		b.WriteString(u.Fragment)
	}
	return b.String()
}

// ParseURL reads a DID URL by the ABNF of DID 1.1, sections 3.1 and 3.2, in at
// most [MaxURL] bytes. Method names are lower case; percent-encodings must be
// whole. It does not apply the rules of the method. The error is
// [ErrInvalidURL], joined with [ErrInvalid] when it is the DID that is wrong.
func ParseURL(s string) (URL, error) {
	if len(s) > MaxURL {
		return URL{}, fmt.Errorf("%w: %w: %d bytes, at most %d", ErrInvalidURL, ErrInvalid, len(s), MaxURL)
	}
	var u URL
	rest, fragment, hasFragment := strings.Cut(s, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	did, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		did, path = rest[:i], rest[i:]
	}
	if err := splitDID(did, &u); err != nil {
		return URL{}, fmt.Errorf("%w: %w", ErrInvalidURL, err)
	}
	for _, part := range []struct {
		name, text, extra string
		present           bool
	}{
		{"path", path, ":@/", path != ""},
		{"query", query, ":@/?", hasQuery},
		{"fragment", fragment, ":@/?", hasFragment},
	} {
		if part.present && !allowed(part.text, "-._~!$&'()*+,;="+part.extra) {
			return URL{}, fmt.Errorf("%w: %s", ErrInvalidURL, part.name)
		}
	}
	u.Path, u.Query, u.Fragment = path, query, fragment
	return u, nil
}

// Parse reads a bare DID: no path, query or fragment. The error is
// [ErrInvalid].
func Parse(s string) (URL, error) {
	var u URL
	if len(s) > MaxURL {
		return URL{}, fmt.Errorf("%w: %d bytes, at most %d", ErrInvalid, len(s), MaxURL)
	}
	if err := splitDID(s, &u); err != nil {
		return URL{}, err
	}
	return u, nil
}

// splitDID reads did = "did:" method-name ":" method-specific-id.
func splitDID(s string, u *URL) error {
	rest, ok := strings.CutPrefix(s, "did:")
	if !ok {
		return fmt.Errorf("%w: the prefix did: is missing", ErrInvalid)
	}
	method, id, ok := strings.Cut(rest, ":")
	if !ok || method == "" {
		return fmt.Errorf("%w: no method", ErrInvalid)
	}
	for i := range len(method) {
		if c := method[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("%w: method names are lower-case letters and digits", ErrInvalid)
		}
	}
	// method-specific-id = *( *idchar ":" ) 1*idchar
	if id == "" || id[len(id)-1] == ':' || !allowed(id, ".-_:") {
		return fmt.Errorf("%w: method-specific identifier", ErrInvalid)
	}
	u.DID, u.Method, u.ID = s, method, id
	return nil
}

// allowed tells whether s has only letters, digits, characters of extra and
// whole percent-encodings.
func allowed(s, extra string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case strings.IndexByte(extra, c) < 0:
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
