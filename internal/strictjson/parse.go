package strictjson

import (
	"encoding/json"
	"fmt"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits bound one document. Zero or negative fields take the defaults. A tree
// takes up to about 500 bytes for each small object and 16 to 100 for any other
// value, so that the defaults allow some 120 MB in the worst case: give smaller
// ones wherever the kind of document is known.
type Limits struct {
	MaxBytes  int // bytes of input; default 10 MiB
	MaxDepth  int // arrays and objects open at once; default 64, never above 1000
	MaxValues int // values of any type, containers included; default 500 000
}

const (
	defaultMaxBytes  = 10 << 20
	defaultMaxDepth  = 64
	defaultMaxValues = 500_000
	// hardMaxDepth bounds every recursion of the package, whatever the caller
	// asks for and however a tree was built (a tree made by code can be cyclic).
	hardMaxDepth = 1000
)

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = defaultMaxBytes
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = defaultMaxDepth
	}
	l.MaxDepth = min(l.MaxDepth, hardMaxDepth)
	if l.MaxValues <= 0 {
		l.MaxValues = defaultMaxValues
	}
	return l
}

// Parse reads one JSON value (RFC 8259 within RFC 7493) and returns it as a
// tree of map[string]any, []any, string, json.Number, bool and nil. Numbers
// keep their spelling. Arrays and objects are never nil.
//
// It fails with ErrSyntax, ErrDuplicate, ErrUTF8, ErrSurrogate, ErrBOM,
// ErrControl, ErrNumber, ErrDepth, ErrTooLarge or ErrTrailing, and names the
// byte offset.
func Parse(data []byte, lim Limits) (any, error) {
	lim = lim.withDefaults()
	if len(data) > lim.MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), lim.MaxBytes)
	}
	// One copy: the tree's strings are slices of it, so that a string without
	// escapes costs no allocation of its own and data may be reused.
	p := spare.Get().(*parser)
	defer p.giveBack()
	p.s, p.i, p.depth, p.left = string(data), 0, lim.MaxDepth, lim.MaxValues
	if len(p.s) >= 3 && p.s[:3] == "\xEF\xBB\xBF" {
		return nil, errAt(ErrBOM, 0)
	}
	// One vectorised pass here lets the string scanner look at bytes only.
	if !utf8.ValidString(p.s) {
		return nil, badUTF8(p.s)
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i != len(p.s) {
		return nil, errAt(ErrTrailing, p.i)
	}
	return v, nil
}

// ParseObject is Parse for a document that must be an object; any other value
// is ErrType.
func ParseObject(data []byte, lim Limits) (map[string]any, error) {
	v, err := Parse(data, lim)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: want an object, have %s", ErrType, typeName(v))
	}
	return m, nil
}

// badUTF8 finds the first bad byte of s, and tells an encoded surrogate (which
// some writers produce) from any other bad sequence.
func badUTF8(s string) error {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n <= 1 {
			if i+1 < len(s) && s[i] == 0xED && s[i+1] >= 0xA0 && s[i+1] <= 0xBF {
				return errAt(ErrSurrogate, i)
			}
			return errAt(ErrUTF8, i)
		}
		i += n
	}
	return ErrUTF8
}

type parser struct {
	s     string
	i     int
	depth int // containers that may still be opened
	left  int // values that may still be read
	// keys and vals are stacks shared by all open containers, so that a map or
	// slice is made once, in its final size.
	keys []string
	vals []any
}

// spare holds parsers whose stacks have grown to a usual size.
var spare = sync.Pool{New: func() any { return new(parser) }}

// maxKept bounds the stacks that are kept for the next document.
const maxKept = 256

// giveBack lets the next document use the stacks. They no longer hold what was
// read, also after a document that is refused halfway.
func (p *parser) giveBack() {
	p.s = ""
	if cap(p.keys) > maxKept || cap(p.vals) > maxKept {
		p.keys, p.vals = nil, nil
	}
	clear(p.keys[:cap(p.keys)])
	clear(p.vals[:cap(p.vals)])
	p.keys, p.vals = p.keys[:0], p.vals[:0]
	spare.Put(p)
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\n', '\r', '\t':
			p.i++
		default:
			return
		}
	}
}

// next skips white space and returns the byte there, or 0 at the end (a NUL in
// the text is no token either, so the two need not be told apart).
func (p *parser) next() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *parser) value() (any, error) {
	c := p.next()
	if p.left--; p.left < 0 {
		return nil, fmt.Errorf("%w: too many values at byte %d", ErrTooLarge, p.i)
	}
	switch c {
	case '"':
		return boxString(p.str())
	case '{':
		return p.object()
	case '[':
		return p.array()
	case 't':
		return true, p.literal("true")
	case 'f':
		return false, p.literal("false")
	case 'n':
		return nil, p.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number()
	}
	return nil, errAt(ErrSyntax, p.i)
}

func boxString(s string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (p *parser) literal(word string) error {
	if len(p.s)-p.i < len(word) || p.s[p.i:p.i+len(word)] != word {
		return errAt(ErrSyntax, p.i)
	}
	p.i += len(word)
	return nil
}

func (p *parser) array() (any, error) {
	if p.depth--; p.depth < 0 {
		return nil, errAt(ErrDepth, p.i)
	}
	p.i++
	base := len(p.vals)
	if p.next() == ']' {
		p.i++
		p.depth++
		return []any{}, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.vals = append(p.vals, v)
		switch p.next() {
		case ',':
			p.i++
			continue
		case ']':
			p.i++
		default:
			return nil, errAt(ErrSyntax, p.i)
		}
		break
	}
	a := make([]any, len(p.vals)-base)
	copy(a, p.vals[base:])
	p.vals = p.vals[:base]
	p.depth++
	return a, nil
}

func (p *parser) object() (any, error) {
	if p.depth--; p.depth < 0 {
		return nil, errAt(ErrDepth, p.i)
	}
	start := p.i
	p.i++
	kbase, vbase := len(p.keys), len(p.vals)
	if p.next() == '}' {
		p.i++
		p.depth++
		return map[string]any{}, nil
	}
	for {
		if p.next() != '"' {
			return nil, errAt(ErrSyntax, p.i)
		}
		k, err := p.str()
		if err != nil {
			return nil, err
		}
		if p.next() != ':' {
			return nil, errAt(ErrSyntax, p.i)
		}
		p.i++
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.keys = append(p.keys, k)
		p.vals = append(p.vals, v)
		switch p.next() {
		case ',':
			p.i++
			continue
		case '}':
			p.i++
		default:
			return nil, errAt(ErrSyntax, p.i)
		}
		break
	}
	keys, vals := p.keys[kbase:], p.vals[vbase:]
	m := make(map[string]any, len(keys))
	for n, k := range keys {
		m[k] = vals[n]
		if len(m) != n+1 {
			return nil, fmt.Errorf("%w %q in the object at byte %d", ErrDuplicate, clip(k), start)
		}
	}
	p.keys, p.vals = p.keys[:kbase], p.vals[:vbase]
	p.depth++
	return m, nil
}

// str reads the string whose opening quote is at p.i.
func (p *parser) str() (string, error) {
	p.i++
	start := p.i
	for i := start; i < len(p.s); i++ {
		if !special[p.s[i]] {
			continue
		}
		switch p.s[i] {
		case '"':
			p.i = i + 1
			return p.s[start:i], nil
		case '\\':
			return p.escaped(start, i)
		default:
			return "", errAt(ErrControl, i)
		}
	}
	return "", errAt(ErrSyntax, len(p.s))
}

// escaped reads a string that starts at start and has its first backslash at i.
func (p *parser) escaped(start, i int) (string, error) {
	s := p.s
	buf := make([]byte, 0, 2*(i-start)+32)
	for from := start; i < len(s); {
		c := s[i]
		if !special[c] {
			i++
			continue
		}
		buf = append(buf, s[from:i]...)
		if c == '"' {
			p.i = i + 1
			return string(buf), nil
		}
		if c != '\\' {
			return "", errAt(ErrControl, i)
		}
		if i+1 >= len(s) {
			break
		}
		switch s[i+1] {
		case '"', '\\', '/':
			buf = append(buf, s[i+1])
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			r, n, err := unescape(s, i)
			if err != nil {
				return "", err
			}
			buf = utf8.AppendRune(buf, r)
			i += n
			from = i
			continue
		default:
			return "", errAt(ErrSyntax, i)
		}
		i += 2
		from = i
	}
	return "", errAt(ErrSyntax, len(s))
}

// unescape reads the \uXXXX escape at s[i], or the two of a surrogate pair,
// and returns the code point and how many bytes it took.
func unescape(s string, i int) (rune, int, error) {
	r := hex4(s, i)
	if r < 0 {
		return 0, 0, errAt(ErrSyntax, i)
	}
	if !utf16.IsSurrogate(r) {
		return r, 6, nil
	}
	pair := utf16.DecodeRune(r, hex4(s, i+6))
	if pair == utf8.RuneError {
		return 0, 0, errAt(ErrSurrogate, i)
	}
	return pair, 12, nil
}

// hex4 reads a \uXXXX escape at s[i] and returns its value, or -1.
func hex4(s string, i int) rune {
	if len(s)-i < 6 || s[i] != '\\' || s[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range []byte(s[i+2 : i+6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func (p *parser) number() (any, error) {
	n := scanNumber(p.s[p.i:])
	if n == 0 {
		return nil, errAt(ErrSyntax, p.i)
	}
	text := p.s[p.i : p.i+n]
	if !inRange(text) {
		return nil, fmt.Errorf("%w: %s at byte %d", ErrNumber, clip(text), p.i)
	}
	p.i += n
	return json.Number(text), nil
}

// clip shortens text from a stranger for an error message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// special marks the bytes at which the scan of a string has to stop.
var special = [256]bool{
	0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true,
	8: true, 9: true, 10: true, 11: true, 12: true, 13: true, 14: true, 15: true,
	16: true, 17: true, 18: true, 19: true, 20: true, 21: true, 22: true, 23: true,
	24: true, 25: true, 26: true, 27: true, 28: true, 29: true, 30: true, 31: true,
	'"': true, '\\': true,
}
