package strictjson

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Canonical returns the RFC 8785 form of a tree. Besides what [Parse] returns
// it takes int, int64, uint64, float64, []string and map[string]string. Nil
// maps and slices are written as {} and [].
//
// It fails with ErrUTF8 (a string or name that is not UTF-8), ErrNumber (an
// integer beyond 2^53-1, NaN, infinity, a json.Number that is no JSON number),
// ErrDepth (deeper than 1000, or cyclic) or ErrType (any other Go type).
func Canonical(v any) ([]byte, error) {
	return AppendCanonical(nil, v)
}

// AppendCanonical is Canonical onto the end of dst. On an error it returns dst
// as it was given.
func AppendCanonical(dst []byte, v any) ([]byte, error) {
	if dst == nil {
		dst = make([]byte, 0, 1024)
	}
	w, _ := spareWriter.Get().(*writer)
	defer w.giveBack()
	w.out = dst
	if err := w.value(v, 0); err != nil {
		return dst, err
	}
	return w.out, nil
}

// spareWriter holds writers whose stacks have grown to a usual size.
var spareWriter = sync.Pool{New: func() any { return new(writer) }}

func (w *writer) giveBack() {
	w.out = nil
	if cap(w.members) > maxKept {
		w.members = nil
	}
	clear(w.members[:cap(w.members)])
	w.members = w.members[:0]
	spareWriter.Put(w)
}

// Canonicalize is Parse followed by Canonical.
func Canonicalize(data []byte, lim Limits) ([]byte, error) {
	v, err := Parse(data, lim)
	if err != nil {
		return nil, err
	}
	return AppendCanonical(make([]byte, 0, len(data)), v)
}

type member struct {
	name  string
	value any
}

type writer struct {
	out []byte
	// members is a stack shared by all open objects.
	members []member
}

func (w *writer) value(v any, depth int) error {
	if depth > hardMaxDepth {
		return ErrDepth
	}
	switch v := v.(type) {
	case string:
		return w.str(v)
	case map[string]any:
		return w.object(v, depth)
	case []any:
		w.out = append(w.out, '[')
		for i, e := range v {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			if err := w.value(e, depth+1); err != nil {
				return inside(err, "["+strconv.Itoa(i)+"]")
			}
		}
		w.out = append(w.out, ']')
	case json.Number:
		out, ok := appendNumber(w.out, string(v))
		if !ok {
			return fmt.Errorf("%w: %q", ErrNumber, clip(string(v)))
		}
		w.out = out
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case nil:
		w.out = append(w.out, "null"...)
	case int:
		return w.integer(int64(v))
	case int64:
		return w.integer(v)
	case uint64:
		if v > maxSafe {
			return fmt.Errorf("%w: %d", ErrNumber, v)
		}
		return w.integer(int64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: %v", ErrNumber, v)
		}
		w.out = appendDouble(w.out, v)
	case []string:
		w.out = append(w.out, '[')
		for i, e := range v {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			if err := w.str(e); err != nil {
				return inside(err, "["+strconv.Itoa(i)+"]")
			}
		}
		w.out = append(w.out, ']')
	case map[string]string:
		m, _ := asObject(v)
		return w.object(m, depth)
	default:
		return fmt.Errorf("%w: Go type %T has no JSON form here", ErrType, v)
	}
	return nil
}

func (w *writer) integer(n int64) error {
	if n > maxSafe || n < -maxSafe {
		return fmt.Errorf("%w: %d", ErrNumber, n)
	}
	w.out = strconv.AppendInt(w.out, n, 10)
	return nil
}

func (w *writer) object(m map[string]any, depth int) error {
	base := len(w.members)
	for k, v := range m {
		w.members = append(w.members, member{k, v})
	}
	sortMembers(w.members[base:])
	w.out = append(w.out, '{')
	for i := range len(m) {
		// Not a sub-slice: nested objects may move the stack.
		e := w.members[base+i]
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.str(e.name); err != nil {
			return inside(err, "."+strconv.Quote(clip(e.name)))
		}
		w.out = append(w.out, ':')
		if err := w.value(e.value, depth+1); err != nil {
			return inside(err, "."+clip(e.name))
		}
	}
	w.out = append(w.out, '}')
	w.members = w.members[:base]
	return nil
}

// sortMembers sorts by the UTF-16 code units of the names, RFC 8785 section
// 3.2.3.
func sortMembers(ms []member) {
	if len(ms) > 12 {
		slices.SortFunc(ms, func(a, b member) int { return compareUTF16(a.name, b.name) })
		return
	}
	for i := 1; i < len(ms); i++ {
		e := ms[i]
		j := i
		for ; j > 0 && compareUTF16(e.name, ms[j-1].name) < 0; j-- {
			ms[j] = ms[j-1]
		}
		ms[j] = e
	}
}

// compareUTF16 orders two UTF-8 strings by their UTF-16 code units without
// converting them. The order of bytes is the order of code points; UTF-16
// differs from it only in that code points from U+10000 on (lead bytes F0 and
// above) are written with surrogates, which sort before U+E000 to U+FFFF (lead
// bytes EE and EF).
func compareUTF16(a, b string) int {
	n := min(len(a), len(b))
	for i := 0; i < n; i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		less := x < y
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			less = !less
		}
		if less {
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}

// str writes a string with the escapes of RFC 8785 section 3.2.2.2 and no
// others.
func (w *writer) str(s string) error {
	out := append(w.out, '"')
	from, ascii := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
			continue
		}
		if !special[c] {
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, '\\', 'b')
		case '\t':
			out = append(out, '\\', 't')
		case '\n':
			out = append(out, '\\', 'n')
		case '\f':
			out = append(out, '\\', 'f')
		case '\r':
			out = append(out, '\\', 'r')
		default:
			const hexDigits = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	if !ascii && !utf8.ValidString(s) {
		return ErrUTF8
	}
	out = append(out, s[from:]...)
	w.out = append(out, '"')
	return nil
}
