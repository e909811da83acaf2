package jades

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Bounds of what is read.
const (
	MaxBytes     = 4 << 20 // the whole file: a document of 2 MiB and its evidence
	maxProtected = 256 << 10
	maxChain     = 8  // certificates in x5c
	maxExtra     = 32 // certificates in xVals
	maxUnsigned  = 64 // entries of etsiU
	maxStamps    = 8  // tokens in one container
)

// Seal is a sealed document as it was read. Nothing in it is verified until
// [Seal.Verify] has returned without an error.
type Seal struct {
	// Alg is RS256, PS256, ES256 or ES384 (RFC 7518 section 3.1).
	Alg string
	// Certificates are those of the protected header (x5c) in DER, the
	// signer's first. They are under the signature.
	Certificates [][]byte
	// Extra are the certificates in DER that came along outside of the
	// signature (xVals). They help to build a path and prove nothing.
	Extra [][]byte
	// SignedAt is the signer's own word (sigT or iat).
	SignedAt time.Time
	// ContentStamps are said to be older than the signature, SignatureStamps
	// younger.
	ContentStamps, SignatureStamps []Stamp
	// Unsigned names the unsigned properties in order, for example sigTst,
	// xVals, rVals and arcTst. Those not read above are only seen.
	Unsigned []string

	payload   []byte // as it is handed on
	input     []byte // what was signed
	signature []byte
}

// Parse reads a sealed document of at most [MaxBytes]. The error is one of
// this package or of internal/strictjson. The general serialisation with
// exactly one signature is read (RFC 7515 section 7.2.1), the payload either
// as it stands (b64 false, RFC 7797) or in base64url.
func Parse(data []byte) (*Seal, error) {
	tree, err := strictjson.ParseObject(data, strictjson.Limits{MaxBytes: MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShape, err)
	}
	for _, name := range []string{"protected", "header", "signature"} {
		if _, has := tree[name]; has { // RFC 7515 section 7.2.2: never both forms
			return nil, fmt.Errorf("%w: member %s beside payload", ErrShape, name)
		}
	}
	text, ok := tree["payload"].(string)
	list, isList := tree["signatures"].([]any)
	if !ok || !isList {
		return nil, fmt.Errorf("%w: payload must be a string, signatures a list", ErrShape)
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("%w: %d", ErrCount, len(list))
	}
	one, ok := list[0].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: signatures[0] is no object", ErrShape)
	}
	protected, ok1 := one["protected"].(string)
	sig, ok2 := one["signature"].(string)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%w: protected and signature must be strings", ErrShape)
	}
	s := &Seal{input: []byte(protected + "." + text)}
	if s.signature, err = decodeURL(sig); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrShape, err)
	}
	head, err := s.protected(protected, text)
	if err != nil {
		return nil, err
	}
	if err := s.unprotected(one["header"], head, sig); err != nil {
		return nil, err
	}
	return s, nil
}

// Unverified returns the payload as it was sent, for telling what is wrong
// with a document whose seal does not hold. Nobody vouches for it.
func (s *Seal) Unverified() []byte { return s.payload }

// protected reads the header under the signature.
func (s *Seal) protected(encoded, payload string) (map[string]any, error) {
	if len(encoded) > maxProtected {
		return nil, fmt.Errorf("%w: protected header of %d bytes", ErrTooMany, len(encoded))
	}
	raw, err := decodeURL(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: protected: %w", ErrHeader, err)
	}
	h, err := strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: maxProtected, MaxDepth: 16})
	if err != nil {
		return nil, fmt.Errorf("%w: protected: %w", ErrHeader, err)
	}
	crit, err := critical(h)
	if err != nil {
		return nil, err
	}
	if _, has := h["sigD"]; has {
		// The signature would be over something that did not come along.
		return nil, fmt.Errorf("%w: sigD, a detached document", ErrCritical)
	}
	s.Alg, _ = h["alg"].(string)
	if !accepted(s.Alg) {
		return nil, fmt.Errorf("%w: %q", ErrAlgorithm, s.Alg)
	}
	if s.payload, err = content(h, crit, payload); err != nil {
		return nil, err
	}
	if err := s.chain(h); err != nil {
		return nil, err
	}
	if s.SignedAt, err = signingTime(h); err != nil {
		return nil, err
	}
	if v, has := h["adoTst"]; has {
		s.ContentStamps, err = stamps(v, []byte(payload))
		if err != nil {
			return nil, err
		}
		for _, st := range s.ContentStamps {
			if st.Err != nil && crit["adoTst"] {
				return nil, st.Err // critical, and so to be understood
			}
		}
	}
	return h, nil
}

// critical reads crit (RFC 7515 section 4.1.11): a list, not empty, of names
// that are present, each once, and each understood here.
func critical(h map[string]any) (map[string]bool, error) {
	out := make(map[string]bool)
	v, has := h["crit"]
	if !has {
		return out, nil
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%w: crit must be a list of names", ErrHeader)
	}
	for _, e := range list {
		name, _ := e.(string)
		switch name {
		case "b64", "sigT", "adoTst":
		default:
			return nil, fmt.Errorf("%w: %q", ErrCritical, name)
		}
		if _, present := h[name]; !present || out[name] {
			return nil, fmt.Errorf("%w: crit names %s, which is absent or named twice", ErrHeader, name)
		}
		out[name] = true
	}
	return out, nil
}

// content tells the document from the payload (RFC 7797 section 3): the text
// itself where b64 is false and critical, what base64url stands for where b64
// is absent. b64 true is refused as something nobody writes.
func content(h map[string]any, crit map[string]bool, payload string) ([]byte, error) {
	v, has := h["b64"]
	if !has {
		out, err := decodeURL(payload)
		if err != nil {
			return nil, fmt.Errorf("%w: payload: %w", ErrShape, err)
		}
		return out, nil
	}
	if v != false || !crit["b64"] {
		return nil, fmt.Errorf("%w: b64 must be false and critical", ErrHeader)
	}
	return []byte(payload), nil
}

// chain reads x5c and holds x5t#S256 against its first certificate.
func (s *Seal) chain(h map[string]any) error {
	list, ok := h["x5c"].([]any)
	if !ok || len(list) == 0 {
		return fmt.Errorf("%w: x5c must hold the signer's certificate", ErrHeader)
	}
	if len(list) > maxChain {
		return fmt.Errorf("%w: %d certificates in x5c", ErrTooMany, len(list))
	}
	for i, e := range list {
		text, _ := e.(string)
		der, err := decodeStd(text)
		if err != nil || len(der) == 0 {
			return fmt.Errorf("%w: x5c[%d] is no base64", ErrHeader, i)
		}
		s.Certificates = append(s.Certificates, der)
	}
	if v, has := h["x5t#S256"]; has && v != thumbprint(s.Certificates[0]) {
		return fmt.Errorf("%w: x5t#S256 is %v", ErrThumbprint, v)
	}
	return nil
}

// signingTime reads sigT (TS 119 182-1 section 5.2.1) or iat, its successor.
// One is required; two must agree.
func signingTime(h map[string]any) (time.Time, error) {
	var out time.Time
	if v, has := h["sigT"]; has {
		text, _ := v.(string)
		t, err := time.Parse("2006-01-02T15:04:05Z", text)
		if err != nil {
			return out, fmt.Errorf("%w: sigT must be a time in UTC", ErrHeader)
		}
		out = t
	}
	if v, has := h["iat"]; has {
		n, _ := v.(json.Number)
		secs, err := n.Int64()
		if err != nil || secs < 0 || secs > 253402300799 { // the end of year 9999
			return out, fmt.Errorf("%w: iat must be a number of seconds", ErrHeader)
		}
		t := time.Unix(secs, 0).UTC()
		if !out.IsZero() && !out.Equal(t) {
			return out, fmt.Errorf("%w: sigT and iat differ", ErrHeader)
		}
		out = t
	}
	if out.IsZero() {
		return out, fmt.Errorf("%w: neither sigT nor iat", ErrHeader)
	}
	return out, nil
}

// unprotected reads the unsigned properties (etsiU, TS 119 182-1 section 5.3),
// each in base64url or as it is. A name that also stands in the protected
// header is refused (RFC 7515 section 7.2.1), and so is what has to be signed.
func (s *Seal) unprotected(v any, protected map[string]any, signature string) error {
	if v == nil {
		return nil
	}
	h, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%w: header is no object", ErrHeader)
	}
	for name := range h {
		if _, twice := protected[name]; twice || name == "crit" || name == "b64" {
			return fmt.Errorf("%w: %s in the unprotected header", ErrHeader, name)
		}
	}
	list, ok := h["etsiU"].([]any)
	if _, has := h["etsiU"]; has && !ok {
		return fmt.Errorf("%w: etsiU is no list", ErrHeader)
	}
	if len(list) > maxUnsigned {
		return fmt.Errorf("%w: %d unsigned properties", ErrTooMany, len(list))
	}
	for i, e := range list {
		if err := s.property(e, signature); err != nil {
			return fmt.Errorf("etsiU[%d]: %w", i, err)
		}
	}
	return nil
}

func (s *Seal) property(e any, signature string) error {
	if text, ok := e.(string); ok {
		raw, err := decodeURL(text)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrHeader, err)
		}
		if e, err = strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: MaxBytes, MaxDepth: 16}); err != nil {
			return fmt.Errorf("%w: %w", ErrHeader, err)
		}
	}
	m, ok := e.(map[string]any)
	if !ok || len(m) != 1 {
		return fmt.Errorf("%w: a property must be one member", ErrHeader)
	}
	for name, v := range m {
		s.Unsigned = append(s.Unsigned, name)
		switch name {
		case "xVals":
			return s.extra(v)
		case "sigTst":
			list, err := stamps(v, []byte(signature))
			s.SignatureStamps = append(s.SignatureStamps, list...)
			return err
		}
	}
	return nil
}

// extra reads certificates in DER (TS 119 182-1 section 5.3.5.1); other forms
// are passed over.
func (s *Seal) extra(v any) error {
	list, _ := v.([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		x, _ := m["x509Cert"].(map[string]any)
		text, ok := x["val"].(string)
		if !ok {
			continue
		}
		der, err := decodeStd(text)
		if err != nil {
			return fmt.Errorf("%w: xVals is no base64", ErrHeader)
		}
		if len(s.Extra) == maxExtra {
			return fmt.Errorf("%w: more than %d certificates in xVals", ErrTooMany, maxExtra)
		}
		s.Extra = append(s.Extra, der)
	}
	return nil
}

// decodeURL reads base64url without padding; one value has one text.
func decodeURL(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // encoding/base64 skips line ends
		return nil, base64.CorruptInputError(strings.IndexAny(s, "\r\n"))
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// decodeStd reads base64 with padding (RFC 7515 section 4.1.6).
func decodeStd(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(strings.IndexAny(s, "\r\n"))
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}
