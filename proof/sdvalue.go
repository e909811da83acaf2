package proof

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/bonafide-id/bonafide/key"
)

// The first three bytes of a proofValue of ecdsa-sd-2023 (DI ECDSA 1.0 sections
// 3.5.2 and 3.5.7).
const (
	sdBaseHeader    = "\xd9\x5d\x00"
	sdDerivedHeader = "\xd9\x5d\x01"
)

const (
	// maxStatements bounds the statements that are signed one by one: each costs
	// a verifier an ECDSA verification.
	maxStatements = 4096
	// maxSDValue bounds the proofValue in characters: maxStatements signatures of
	// 66 bytes in base64 are 360 KB.
	maxSDValue = 1 << 19
)

// baseValue is what an issuer gives to a holder. It holds the key to all labels
// and a signature for every statement, so it must not reach a verifier.
type baseValue struct {
	signature  []byte   // by the issuer, 64 bytes
	publicKey  []byte   // of the proof alone: Multikey header and point, 35 bytes
	hmacKey    []byte   // 32 bytes
	signatures [][]byte // one per statement that is not mandatory, 64 bytes each
	pointers   []string // to what is mandatory
}

// derivedValue is what a holder shows to a verifier.
type derivedValue struct {
	signature  []byte
	publicKey  []byte
	signatures [][]byte
	labels     [][]byte // of the blank node c14n0, c14n1, ...: 32 bytes each
	mandatory  []int    // places of the mandatory statements among all shown

	scoped key.Public // publicKey, parsed
}

// parseDerived reads the proofValue of a derived proof; [ErrBaseProof] when it
// is that of a base proof, otherwise [ErrMalformed].
func parseDerived(text string) (*derivedValue, error) {
	fields, err := sdFields(text, sdDerivedHeader)
	if err != nil {
		return nil, err
	}
	r, v := sdReader{}, &derivedValue{}
	v.signature = r.bytes(fields[0], 64)
	v.publicKey = r.bytes(fields[1], 35)
	v.signatures = r.byteList(fields[2], 64)
	v.labels = r.labels(fields[3])
	v.mandatory = r.indexes(fields[4])
	if r.err != nil {
		return nil, fmt.Errorf("%w: proofValue: %w", ErrMalformed, r.err)
	}
	if v.scoped, err = scopedKey(v.publicKey); err != nil {
		return nil, err
	}
	return v, nil
}

// parseBase reads the proofValue of a base proof; the error is [ErrMalformed].
func parseBase(text string) (*baseValue, error) {
	fields, err := sdFields(text, sdBaseHeader)
	if err != nil {
		return nil, err
	}
	r, v := sdReader{}, &baseValue{}
	v.signature = r.bytes(fields[0], 64)
	v.publicKey = r.bytes(fields[1], 35)
	v.hmacKey = r.bytes(fields[2], 32)
	v.signatures = r.byteList(fields[3], 64)
	v.pointers = r.textList(fields[4])
	if r.err != nil {
		return nil, fmt.Errorf("%w: proofValue: %w", ErrMalformed, r.err)
	}
	if _, err := scopedKey(v.publicKey); err != nil {
		return nil, err
	}
	return v, nil
}

// scopedKey reads the key that belongs to one proof alone: Multikey header and
// compressed point of P-256.
func scopedKey(b []byte) (key.Public, error) {
	pub, err := key.ParseMultikey("z" + key.Base58Encode(b))
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: key of the proof: %w", ErrMalformed, err)
	}
	if pub.Kind() != key.P256 {
		return key.Public{}, fmt.Errorf("%w: key of the proof: %s, want P-256", ErrMalformed, pub.Kind())
	}
	return pub, nil
}

// sdFields undoes the outer layers of a proofValue: multibase, header, and an
// array of five.
func sdFields(text, header string) ([]cbor.RawMessage, error) {
	if len(text) > maxSDValue {
		return nil, fmt.Errorf("%w: proofValue of %d characters", ErrMalformed, len(text))
	}
	rest, ok := strings.CutPrefix(text, "u")
	if !ok {
		return nil, fmt.Errorf("%w: proofValue is not base64url (u...)", ErrMalformed)
	}
	b, err := decodeBase64URL(rest)
	if err != nil {
		return nil, fmt.Errorf("%w: proofValue: %w", ErrMalformed, err)
	}
	body, ok := strings.CutPrefix(string(b), header)
	if !ok {
		if header == sdDerivedHeader && strings.HasPrefix(string(b), sdBaseHeader) {
			return nil, ErrBaseProof
		}
		return nil, fmt.Errorf("%w: proofValue does not begin with %x", ErrMalformed, header)
	}
	var r sdReader
	fields := r.list([]byte(body))
	if r.err == nil && len(fields) != 5 {
		r.fail("%d components, want 5", len(fields))
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: proofValue: %w", ErrMalformed, r.err)
	}
	return fields, nil
}

// decodeBase64URL reads base64url without padding, in its one canonical
// spelling: no line breaks, which Go skips, and no stray bits at the end.
func decodeBase64URL(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// Major types of CBOR (RFC 8949 section 3.1).
const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

// sdReader reads components by their exact major type: the library alone would
// take null for an empty list and a list of numbers for bytes. It keeps the
// first error.
type sdReader struct{ err error }

func (r *sdReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// strictCBOR takes no tags, no indefinite lengths, no key twice, and nothing
// behind the item.
var strictCBOR = sync.OnceValues(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	IndefLength:      cbor.IndefLengthForbidden,
	TagsMd:           cbor.TagsForbidden,
	MaxNestedLevels:  4,
	MaxArrayElements: maxStatements,
	MaxMapPairs:      maxStatements,
}.DecMode)

// read decodes one item of a major type.
func (r *sdReader) read(raw []byte, major byte, into any) {
	if r.err != nil {
		return
	}
	if len(raw) == 0 || raw[0]>>5 != major {
		r.fail("a component of another type than %d", major)
		return
	}
	mode, err := strictCBOR()
	if err == nil {
		err = mode.Unmarshal(raw, into)
	}
	if err != nil {
		r.fail("%w", err)
	}
}

func (r *sdReader) list(raw []byte) (out []cbor.RawMessage) {
	r.read(raw, majorArray, &out)
	return out
}

func (r *sdReader) bytes(raw []byte, size int) (out []byte) {
	r.read(raw, majorBytes, &out)
	if len(out) != size {
		r.fail("%d bytes, want %d", len(out), size)
	}
	return out
}

func (r *sdReader) byteList(raw []byte, size int) [][]byte {
	items := r.list(raw)
	out := make([][]byte, len(items))
	for i, item := range items {
		out[i] = r.bytes(item, size)
	}
	return out
}

func (r *sdReader) textList(raw []byte) []string {
	items := r.list(raw)
	out := make([]string, len(items))
	for i, item := range items {
		r.read(item, majorText, &out[i])
	}
	return out
}

// indexes reads a list of numbers that are all different.
func (r *sdReader) indexes(raw []byte) []int {
	items := r.list(raw)
	out := make([]int, len(items))
	seen := make(map[uint64]bool, len(items))
	for i, item := range items {
		var n uint64
		r.read(item, majorUint, &n)
		if n >= maxStatements || seen[n] {
			r.fail("index %d is out of range or there twice", n)
		}
		seen[n], out[i] = true, int(n)
	}
	return out
}

// labels reads the map from the numbers of the canonical blank nodes, which have
// no gap, to labels, which are all different: two nodes under one label would
// let a holder take one node of the issuer apart.
func (r *sdReader) labels(raw []byte) [][]byte {
	var m map[any]cbor.RawMessage
	r.read(raw, majorMap, &m)
	out := make([][]byte, len(m))
	seen := make(map[string]bool, len(m))
	for k, item := range m {
		n, ok := k.(uint64)
		if !ok || n >= uint64(len(m)) {
			r.fail("label map: key %v", k)
			break
		}
		b := r.bytes(item, 32)
		if seen[string(b)] {
			r.fail("label map: one label twice")
		}
		seen[string(b)], out[n] = true, b
	}
	return out
}

// String returns the proofValue.
func (v *baseValue) String() string {
	return sdText(sdBaseHeader, []any{v.signature, v.publicKey, v.hmacKey, v.signatures, v.pointers})
}

// String returns the proofValue.
func (v *derivedValue) String() string {
	labels := make(map[int][]byte, len(v.labels))
	for n, b := range v.labels {
		labels[n] = b
	}
	return sdText(sdDerivedHeader, []any{v.signature, v.publicKey, v.signatures, labels, v.mandatory})
}

// sdText encodes components deterministically: shortest forms, sorted keys, nil
// lists as empty ones. Byte strings, texts and numbers cannot fail to encode.
func sdText(header string, fields []any) string {
	mode, err := cbor.EncOptions{Sort: cbor.SortCoreDeterministic, NilContainers: cbor.NilContainerAsEmpty}.EncMode()
	if err != nil {
		return ""
	}
	b, err := mode.Marshal(fields)
	if err != nil {
		return ""
	}
	return "u" + base64.RawURLEncoding.EncodeToString(append([]byte(header), b...))
}
