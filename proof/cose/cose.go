package cose

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/bonafide-id/bonafide/key"
)

// MaxBytes is the default cap on a message.
const MaxBytes = 1 << 20

const (
	// maxHeader bounds the bytes of each header, maxText those of typ and kid.
	maxHeader = 64 << 10
	maxText   = 4096
)

// Labels of header parameters (RFC 9052 section 3.1, RFC 9596).
const (
	labelAlg  = int64(1)
	labelCrit = int64(2)
	labelKid  = int64(4)
	labelTyp  = int64(16)
)

// First bytes: the tags of COSE_Sign1 and COSE_Mac0 (RFC 9052 section 2).
const (
	tagSign1 = 0xd2 // 18
	tagMac0  = 0xd1 // 17
	arrayOf4 = 0x84
)

// algorithms that a key of each kind may be used with, the usual one first (RFC
// 9053 section 2; the fully specified ones of RFC 9864).
func algorithms(k key.Kind) []int64 {
	switch k {
	case key.Ed25519:
		return []int64{-8, -19}
	case key.P256:
		return []int64{-7, -9}
	case key.P384:
		return []int64{-35, -51}
	}
	return nil
}

// Message is a COSE_Sign1 as it was read. Until Verify says so, nothing in it is
// more than a claim.
type Message struct {
	Protected   map[any]any // labels are int64 or string
	Unprotected map[any]any
	Alg         int64
	Type        string // typ in lower case, "" when absent; a number is written out
	Kid         []byte // from either header
	// Payload is the content, which the signature covers byte for byte.
	Payload   []byte
	Signature []byte
	input     []byte // what is signed: Sig_structure (RFC 9052 section 4.4)
}

// Parse reads a tagged COSE_Sign1 of at most most bytes (zero: 1 MiB). Errors:
// [ErrTooLarge], [ErrMessage], [ErrMAC], [ErrHeader] and [ErrAlg].
func Parse(b []byte, most int) (*Message, error) {
	if most <= 0 {
		most = MaxBytes
	}
	if len(b) > most {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(b), most)
	}
	if len(b) > 0 && b[0] == tagMac0 {
		return nil, ErrMAC
	}
	if len(b) < 2 || b[0] != tagSign1 || b[1] != arrayOf4 {
		return nil, fmt.Errorf("%w: it does not begin with tag 18 and a list of four", ErrMessage)
	}
	var parts []cbor.RawMessage
	if err := unmarshal(b[1:], &parts); err != nil {
		return nil, err
	}
	m := new(Message)
	protected, err := bytesOf(parts[0], "protected header")
	if err != nil {
		return nil, err
	}
	if len(protected) > maxHeader || len(parts[1]) > maxHeader {
		return nil, fmt.Errorf("%w: a header of more than %d bytes", ErrHeader, maxHeader)
	}
	if m.Protected, err = Decode(protected); err != nil {
		return nil, fmt.Errorf("%w (protected header)", err)
	}
	if m.Unprotected, err = Decode(parts[1]); err != nil {
		return nil, fmt.Errorf("%w (unprotected header)", err)
	}
	if err := m.readHeaders(); err != nil {
		return nil, err
	}
	if m.Payload, err = bytesOf(parts[2], "payload"); err != nil {
		return nil, err
	}
	if m.Signature, err = bytesOf(parts[3], "signature"); err != nil {
		return nil, err
	}
	m.input, err = toSign(protected, m.Payload)
	return m, err
}

// readHeaders takes out what is needed and refuses what is never done.
func (m *Message) readHeaders() error {
	for label := range m.Protected {
		if _, twice := m.Unprotected[label]; twice {
			return fmt.Errorf("%w: label %v is in both headers", ErrHeader, label)
		}
	}
	for _, h := range []map[any]any{m.Protected, m.Unprotected} {
		if _, has := h[labelCrit]; has {
			return fmt.Errorf("%w: crit", ErrHeader)
		}
		raw, has := h[labelKid]
		if !has {
			continue
		}
		kid, ok := raw.([]byte)
		if !ok || len(kid) == 0 || len(kid) > maxText {
			return fmt.Errorf("%w: kid is not a short byte string", ErrHeader)
		}
		m.Kid = kid
	}
	alg, ok := m.Protected[labelAlg].(int64)
	if !ok {
		return fmt.Errorf("%w: no number of an algorithm in the protected header", ErrAlg)
	}
	m.Alg = alg
	for _, k := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		if slices.Contains(algorithms(k), alg) {
			return m.readType()
		}
	}
	return fmt.Errorf("%w: %d", ErrAlg, alg)
}

// readType reads typ, which counts only where the signature covers it.
func (m *Message) readType() error {
	if _, has := m.Unprotected[labelTyp]; has {
		return fmt.Errorf("%w: typ is not protected", ErrHeader)
	}
	switch typ := m.Protected[labelTyp].(type) {
	case nil:
		if _, has := m.Protected[labelTyp]; has {
			return fmt.Errorf("%w: typ is null", ErrHeader)
		}
	case string:
		if typ == "" || len(typ) > maxText {
			return fmt.Errorf("%w: typ is not a short text", ErrHeader)
		}
		m.Type = lower(typ)
	case int64: // a CoAP content format
		m.Type = fmt.Sprint(typ)
	default:
		return fmt.Errorf("%w: typ is neither a text nor a number", ErrHeader)
	}
	return nil
}

// lower is for media types: letters beyond ASCII stay as they are, because some
// of them have lower forms within it.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// Demand fails with [ErrType] unless the message's typ is one of types, which are
// full media types in lower case; "" stands for an absent typ.
func (m *Message) Demand(types ...string) error {
	if slices.Contains(types, m.Type) {
		return nil
	}
	return fmt.Errorf("%w: typ is %.80q", ErrType, m.Type)
}

// Verify checks the signature with the key that the caller found by its own
// rules. Errors: [ErrAlg] when the header's algorithm is not the key's, and
// [ErrSignature].
func (m *Message) Verify(pub key.Public) error {
	if !slices.Contains(algorithms(pub.Kind()), m.Alg) {
		return fmt.Errorf("%w: %d with a key of kind %v", ErrAlg, m.Alg, pub.Kind())
	}
	if err := pub.Verify(m.input, m.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Header is what Sign puts beside the algorithm. Empty members are left out.
type Header struct {
	Type string // media type; protected
	// Kid is the URL of the key. It is a hint that proves nothing and stands in the
	// unprotected header, as in the examples of the specifications.
	Kid string
}

// Sign makes a tagged COSE_Sign1 over payload. Errors: [ErrAlg] for a key of a kind that is not used here, and that
// of the signer.
func Sign(ctx context.Context, s key.Signer, h Header, payload []byte) ([]byte, error) {
	algs := algorithms(s.Public().Kind())
	if len(algs) == 0 {
		return nil, fmt.Errorf("%w: a key of kind %v", ErrAlg, s.Public().Kind())
	}
	header := map[any]any{labelAlg: algs[0]}
	if h.Type != "" {
		header[labelTyp] = h.Type
	}
	unprotected := map[any]any{}
	if h.Kid != "" {
		unprotected[labelKid] = []byte(h.Kid)
	}
	protected, err := Encode(header)
	if err != nil {
		return nil, err
	}
	input, err := toSign(protected, payload)
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("cose: sign: %w", err)
	}
	body, err := marshal([]any{protected, unprotected, payload, sig})
	if err != nil {
		return nil, err
	}
	return append([]byte{tagSign1}, body...), nil
}

// toSign is the Sig_structure of a COSE_Sign1 without external data.
func toSign(protected, payload []byte) ([]byte, error) {
	return marshal([]any{"Signature1", protected, []byte{}, payload})
}
