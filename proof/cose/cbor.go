package cose

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// Major types of CBOR (RFC 8949 section 3.1).
const (
	majorBytes = 2
	majorMap   = 5
)

// What a map may hold: a claim set has some ten members.
const (
	maxDepth   = 16
	maxMembers = 1024
)

// strict takes no tags, no indefinite lengths, no key twice, and nothing behind
// the item; whole numbers become int64.
var strict = sync.OnceValues(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	IndefLength:      cbor.IndefLengthForbidden,
	TagsMd:           cbor.TagsForbidden,
	IntDec:           cbor.IntDecConvertSignedOrFail,
	MaxNestedLevels:  maxDepth,
	MaxArrayElements: maxMembers,
	MaxMapPairs:      maxMembers,
}.DecMode)

// deterministic is the one spelling of RFC 8949 section 4.2.1.
var deterministic = sync.OnceValues(cbor.CoreDetEncOptions().EncMode)

func unmarshal(raw []byte, into any) error {
	mode, err := strict()
	if err == nil {
		err = mode.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return nil
}

func marshal(v any) ([]byte, error) {
	mode, err := deterministic()
	if err != nil {
		return nil, fmt.Errorf("cose: encode: %w", err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("cose: encode: %w", err)
	}
	return b, nil
}

// bytesOf reads a byte string and nothing else: the library alone would take a
// list of numbers, or null, for one.
func bytesOf(raw []byte, what string) (out []byte, err error) {
	if len(raw) == 0 || raw[0]>>5 != majorBytes {
		return nil, fmt.Errorf("%w: the %s is no byte string", ErrMessage, what)
	}
	return out, unmarshal(raw, &out)
}

// Decode reads one CBOR map. Its keys are int64 or string, its values int64,
// string, []byte, bool, float64, nil, []any and maps of the same kind. The error is
// [ErrMessage]. The caller bounds the length of b.
func Decode(b []byte) (map[any]any, error) {
	if len(b) == 0 || b[0]>>5 != majorMap {
		return nil, fmt.Errorf("%w: it is no map", ErrMessage)
	}
	var m map[any]any
	if err := unmarshal(b, &m); err != nil {
		return nil, err
	}
	for k := range m {
		switch k.(type) {
		case int64, string:
		default:
			return nil, fmt.Errorf("%w: a key that is neither a whole number nor a text", ErrMessage)
		}
	}
	return m, nil
}

// Encode writes a map in the deterministic form of RFC 8949 section 4.2.1: equal
// maps give equal bytes.
func Encode(m map[any]any) ([]byte, error) {
	b, err := marshal(m)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(b), nil
}
