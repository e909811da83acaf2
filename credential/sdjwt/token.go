package sdjwt

import (
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Limits bound one token. Zero or negative fields take the defaults.
type Limits struct {
	MaxBytes       int // of the whole token; default 1 MiB
	MaxDisclosures int // default 1024
	MaxDepth       int // of the claims once disclosed; default 64
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 1 << 20
	}
	if l.MaxDisclosures <= 0 {
		l.MaxDisclosures = 1024
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 64
	}
	return l
}

// json gives the bounds of one piece of JSON inside a token. One level is for
// the list that a disclosure is.
func (l Limits) json() strictjson.Limits {
	return strictjson.Limits{MaxBytes: l.MaxBytes, MaxDepth: l.MaxDepth + 1, MaxValues: 100_000}
}

// Token is an SD-JWT as it was read. Nothing in it is verified.
type Token struct {
	// JWT is the part that the issuer signed, in compact form.
	JWT         string
	Disclosures []Disclosure
	// KeyBinding is the KB-JWT of the holder in compact form, or "".
	KeyBinding string
}

// Parse reads the compact form of an SD-JWT, with or without a key binding
// (RFC 9901 section 4). It looks into the disclosures, not into the JWTs.
// Errors: [ErrFormat], [ErrTooLarge], and those of [ParseDisclosure].
func Parse(token string, lim Limits) (*Token, error) {
	lim = lim.withDefaults()
	if len(token) > lim.MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(token))
	}
	if n := strings.Count(token, "~"); n > lim.MaxDisclosures+1 {
		return nil, fmt.Errorf("%w: %d disclosures", ErrTooLarge, n-1)
	}
	parts := strings.Split(token, "~")
	last := len(parts) - 1
	if last == 0 {
		return nil, fmt.Errorf("%w: no ~ in it", ErrFormat)
	}
	t := &Token{JWT: parts[0], KeyBinding: parts[last]}
	if !isCompact(t.JWT) {
		return nil, fmt.Errorf("%w: what stands first is no compact JWT", ErrFormat)
	}
	if t.KeyBinding != "" && !isCompact(t.KeyBinding) {
		return nil, fmt.Errorf("%w: what follows the last ~ is no key binding", ErrFormat)
	}
	for i, p := range parts[1:last] {
		if p == "" {
			return nil, fmt.Errorf("%w: disclosure %d is empty", ErrFormat, i)
		}
		d, err := ParseDisclosure(p, lim)
		if err != nil {
			return nil, fmt.Errorf("disclosure %d: %w", i, err)
		}
		t.Disclosures = append(t.Disclosures, d)
	}
	return t, nil
}

// isCompact tells whether s looks like three parts of base64url.
func isCompact(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	head, rest, _ := strings.Cut(s, ".")
	body, sig, two := strings.Cut(rest, ".")
	return two && head != "" && body != "" && !strings.Contains(sig, ".")
}

// String returns the compact form.
func (t *Token) String() string { return t.unbound() + t.KeyBinding }

// unbound is the token without its key binding: what sd_hash is made of.
func (t *Token) unbound() string {
	var b strings.Builder
	b.WriteString(t.JWT)
	b.WriteByte('~')
	for _, d := range t.Disclosures {
		b.WriteString(d.Encoded)
		b.WriteByte('~')
	}
	return b.String()
}

// payload reads the signed claims without looking at the signature. Only what
// leads to a key, or what a holder does with its own credential, may rest on
// it.
func (t *Token) payload(lim Limits) (map[string]any, error) {
	parts := strings.Split(t.JWT, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: no compact JWT", ErrFormat)
	}
	data, ok := decode64(parts[1])
	if !ok {
		return nil, fmt.Errorf("%w: the claims are not base64url", ErrFormat)
	}
	tree, err := strictjson.ParseObject(data, lim.withDefaults().json())
	if err != nil {
		return nil, jsonFault(ErrFormat, err)
	}
	return tree, nil
}
