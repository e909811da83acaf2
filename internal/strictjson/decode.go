package strictjson

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Raw takes one value of any type as its canonical (RFC 8785) bytes. As a
// field of a struct it postpones the decision of what the value is.
type Raw []byte

// MarshalJSON returns the bytes as they are, and null for an empty Raw.
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// Decode parses data and fills dst, see [DecodeValue].
func Decode(data []byte, lim Limits, dst any) error {
	v, err := Parse(data, lim)
	if err != nil {
		return err
	}
	return DecodeValue(v, dst)
}

// DecodeValue fills what dst points to from a tree.
//
// Struct fields are matched by their exact name: that of the json tag, else
// that of the Go field; case is never folded, options after a comma are
// ignored, a tag of "-" hides the field, unexported fields are skipped. A
// member without a field is ErrUnknownMember, a field without a member keeps
// its value. Types must match: string, bool, integers (the literal must be an
// integer that fits), float64 and float32, json.Number, structs, []T, [N]T
// with exactly N elements, map[string]T, *T, any, [Raw], and from a string
// any type with UnmarshalText. Slices and maps are replaced, not merged. null
// is taken by pointers, slices, maps, any and Raw only. Embedded structs are
// not supported. Anything else is ErrType. On an error dst may be half
// filled. Maps and slices put into an any are those of the tree, not copies.
func DecodeValue(v any, dst any) error {
	rv := reflect.ValueOf(dst)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("%w: destination is %T, want a pointer", ErrType, dst)
	}
	return fill(rv.Elem(), v, 0)
}

func fill(dst reflect.Value, v any, depth int) error {
	if depth > hardMaxDepth {
		return ErrDepth
	}
	if dst.Type() == reflect.TypeFor[Raw]() {
		b, err := Canonical(v)
		if err != nil {
			return err
		}
		dst.SetBytes(b)
		return nil
	}
	if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		s, ok := v.(string)
		if !ok {
			return wrongType(dst, v)
		}
		if err := u.UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("%w: %w", ErrType, err)
		}
		return nil
	}
	if v == nil {
		switch dst.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			dst.SetZero()
			return nil
		}
	}
	switch dst.Kind() {
	case reflect.Interface:
		if dst.NumMethod() > 0 {
			return wrongType(dst, v)
		}
		if v == nil {
			dst.SetZero()
		} else {
			dst.Set(reflect.ValueOf(v))
		}
		return nil
	case reflect.Pointer:
		p := reflect.New(dst.Type().Elem())
		if err := fill(p.Elem(), v, depth+1); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case reflect.Struct:
		return fillStruct(dst, v, depth)
	case reflect.Map:
		return fillMap(dst, v, depth)
	case reflect.Slice, reflect.Array:
		return fillList(dst, v, depth)
	}
	return fillScalar(dst, v)
}

func fillScalar(dst reflect.Value, v any) error {
	switch v := v.(type) {
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(v)
			return nil
		}
	case string:
		if dst.Kind() == reflect.String && dst.Type() != reflect.TypeFor[json.Number]() {
			dst.SetString(v)
			return nil
		}
	case json.Number:
		return fillNumber(dst, string(v))
	case int:
		return fillNumber(dst, strconv.Itoa(v))
	case int64:
		return fillNumber(dst, strconv.FormatInt(v, 10))
	case uint64:
		return fillNumber(dst, strconv.FormatUint(v, 10))
	case float64:
		// An integer only where it is one safely, so that a large double is
		// not refused as an integer beyond 2^53-1.
		if v == math.Trunc(v) && math.Abs(v) <= maxSafe {
			return fillNumber(dst, strconv.FormatFloat(v, 'f', -1, 64))
		}
		return fillNumber(dst, strconv.FormatFloat(v, 'e', -1, 64))
	}
	return wrongType(dst, v)
}

func fillNumber(dst reflect.Value, s string) error {
	if scanNumber(s) != len(s) || s == "" || !inRange(s) {
		return fmt.Errorf("%w: %q", ErrNumber, clip(s))
	}
	switch dst.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && !dst.OverflowInt(n) {
			dst.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, err := strconv.ParseUint(s, 10, 64); err == nil && !dst.OverflowUint(n) {
			dst.SetUint(n)
			return nil
		}
	case reflect.Float64, reflect.Float32:
		if f, ok := double(s); ok && !dst.OverflowFloat(f) {
			dst.SetFloat(f)
			return nil
		}
	case reflect.String:
		if dst.Type() == reflect.TypeFor[json.Number]() {
			dst.SetString(s)
			return nil
		}
	}
	return fmt.Errorf("%w: number %s does not fit %s", ErrType, clip(s), dst.Type())
}

func fillStruct(dst reflect.Value, v any, depth int) error {
	m, ok := asObject(v)
	if !ok {
		return wrongType(dst, v)
	}
	t := dst.Type()
	taken := 0
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			return fmt.Errorf("%w: Go type %s has an embedded field", ErrType, t)
		}
		name, ok := memberName(f)
		if !ok {
			continue
		}
		e, ok := m[name]
		if !ok {
			continue
		}
		taken++
		if err := fill(dst.Field(i), e, depth+1); err != nil {
			return inside(err, "."+name)
		}
	}
	if taken == len(m) {
		return nil
	}
	known := make(map[string]bool, t.NumField())
	for i := range t.NumField() {
		if name, ok := memberName(t.Field(i)); ok {
			known[name] = true
		}
	}
	// The smallest unknown name, so that the message does not vary.
	unknown, found := "", false
	for k := range m {
		if !known[k] && (!found || k < unknown) {
			unknown, found = k, true
		}
	}
	return fmt.Errorf("%w %q", ErrUnknownMember, clip(unknown))
}

// memberName returns the member that fills f, and whether there is one.
func memberName(f reflect.StructField) (string, bool) {
	if !f.IsExported() {
		return "", false
	}
	tag := f.Tag.Get("json")
	if tag == "-" {
		return "", false
	}
	if name, _, _ := strings.Cut(tag, ","); name != "" {
		return name, true
	}
	return f.Name, true
}

func fillMap(dst reflect.Value, v any, depth int) error {
	m, ok := asObject(v)
	t := dst.Type()
	if !ok || t.Key().Kind() != reflect.String {
		return wrongType(dst, v)
	}
	out := reflect.MakeMapWithSize(t, len(m))
	for k, e := range m {
		ev := reflect.New(t.Elem()).Elem()
		if err := fill(ev, e, depth+1); err != nil {
			return inside(err, "."+clip(k))
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(t.Key()), ev)
	}
	dst.Set(out)
	return nil
}

func fillList(dst reflect.Value, v any, depth int) error {
	a, ok := asArray(v)
	if !ok {
		return wrongType(dst, v)
	}
	out := dst
	if dst.Kind() == reflect.Slice {
		out = reflect.MakeSlice(dst.Type(), len(a), len(a))
	} else if dst.Len() != len(a) {
		return fmt.Errorf("%w: want %d elements, have %d", ErrType, dst.Len(), len(a))
	}
	for i, e := range a {
		if err := fill(out.Index(i), e, depth+1); err != nil {
			return inside(err, "["+strconv.Itoa(i)+"]")
		}
	}
	if dst.Kind() == reflect.Slice {
		dst.Set(out)
	}
	return nil
}

// asObject and asArray also take the two short forms that code may put into a
// tree, see [Canonical].
func asObject(v any) (map[string]any, bool) {
	if short, ok := v.(map[string]string); ok {
		m := make(map[string]any, len(short))
		for k, e := range short {
			m[k] = e
		}
		return m, true
	}
	m, ok := v.(map[string]any)
	return m, ok
}

func asArray(v any) ([]any, bool) {
	if short, ok := v.([]string); ok {
		a := make([]any, len(short))
		for i, e := range short {
			a[i] = e
		}
		return a, true
	}
	a, ok := v.([]any)
	return a, ok
}

func wrongType(dst reflect.Value, v any) error {
	return fmt.Errorf("%w: %s cannot be read as %s", ErrType, typeName(v), dst.Type())
}

func typeName(v any) string {
	switch v.(type) {
	case map[string]any, map[string]string:
		return "an object"
	case []any, []string:
		return "an array"
	case string:
		return "a string"
	case json.Number, int, int64, uint64, float64:
		return "a number"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	}
	return fmt.Sprintf("Go type %T", v)
}

// placed is an error with the path at which it happened, built from the inside
// out while a recursion returns.
type placed struct {
	err  error
	path string
}

func (e *placed) Error() string { return e.err.Error() + " at $" + e.path }
func (e *placed) Unwrap() error { return e.err }

// inside puts one more step in front of the path of err.
func inside(err error, step string) error {
	if p, ok := errors.AsType[*placed](err); ok {
		// Past this length a path only repeats a stranger's nesting.
		if len(p.path) < 512 {
			p.path = step + p.path
		}
		return p
	}
	return &placed{err, step}
}
