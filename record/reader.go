package record

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// reader takes the members of an object one by one, keeps the first error,
// and in the end refuses members that nobody took.
type reader struct {
	kind error  // the sentinel to wrap
	in   string // prefix of member names in errors
	left map[string]any
	err  error
}

func read(kind error, in string, doc map[string]any) *reader {
	return &reader{kind: kind, in: in, left: maps.Clone(doc)}
}

// expect notes an error unless ok.
func (r *reader) expect(ok bool, name, why string) {
	if !ok && r.err == nil {
		r.err = fmt.Errorf("%w: %s%s %s", r.kind, r.in, name, why)
	}
}

func (r *reader) has(name string) bool {
	_, ok := r.left[name]
	return ok
}

func (r *reader) take(name string) any {
	v := r.left[name]
	delete(r.left, name)
	return v
}

func (r *reader) text(name string) string {
	s, ok := r.take(name).(string)
	r.expect(ok, name, "is missing or no string")
	return s
}

func (r *reader) constant(name, want string) {
	r.expect(r.text(name) == want, name, "is not "+want)
}

func (r *reader) number(name string) uint64 {
	n, ok := r.take(name).(json.Number)
	v, err := strconv.ParseUint(string(n), 10, 53)
	r.expect(ok && err == nil, name, "is missing or no whole number from 0 to 2^53-1")
	return v
}

// bytes reads base64url without padding of exactly len(dst) bytes.
func (r *reader) bytes(name string, dst []byte) {
	ok := decode64(r.text(name), dst)
	r.expect(ok, name, fmt.Sprintf("is not base64url of %d bytes", len(dst)))
}

// decode64 fills dst from its one spelling in base64url.
func decode64(s string, dst []byte) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != len(dst) || encode64(raw) != s { // the decoder skips line feeds
		return false
	}
	copy(dst, raw)
	return true
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// hashes reads a list of at most limit hashes in base64url.
func (r *reader) hashes(name string, limit int) [][32]byte {
	list, ok := r.take(name).([]any)
	r.expect(ok && len(list) <= limit, name, fmt.Sprintf("is missing or no list of at most %d hashes", limit))
	if r.err != nil {
		return nil
	}
	out := make([][32]byte, len(list))
	for i, v := range list {
		s, ok := v.(string)
		r.expect(ok && decode64(s, out[i][:]), name, "holds something that is no base64url of 32 bytes")
	}
	return out
}

func (r *reader) time(name string) time.Time {
	s := r.text(name)
	t, err := time.Parse(headTime, s)
	r.expect(err == nil && t.Format(headTime) == s, name, "is no UTC time in whole seconds")
	return t
}

func (r *reader) object(name string) map[string]any {
	m, ok := r.take(name).(map[string]any)
	r.expect(ok, name, "is missing or no object")
	return m
}

// done returns the first error; without one, it refuses unknown members.
func (r *reader) done() error {
	if r.err == nil && len(r.left) > 0 {
		names := slices.Sorted(maps.Keys(r.left))
		r.err = fmt.Errorf("%w: %w: %s%.80q", r.kind, strictjson.ErrUnknownMember, r.in, names[0])
	}
	return r.err
}
