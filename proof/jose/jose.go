package jose

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// The reasons for which a token is refused. Compare with errors.Is.
var (
	// ErrToken: the text is no compact JWS, or its header is none. Refuse.
	ErrToken = hint.New("jose: not a signed token that can be read",
		"Check that the token was copied whole: three parts of base64url with dots between.")
	// ErrHeader: the header asks for something that is never done. Refuse.
	ErrHeader = hint.New("jose: the token's header is not acceptable",
		"Ask the issuer for a token without the header parameter named.")
	// ErrAlg: the algorithm is none that is accepted, or not the key's. Refuse.
	ErrAlg = hint.New("jose: the token's algorithm is not acceptable",
		"Ask the issuer to sign with EdDSA, ES256, ES384 or another algorithm of its own key.")
	// ErrType: the token is of another type than the place demands. Refuse.
	ErrType = hint.New("jose: a token of another type",
		"Hand the token to the command or route that is made for its type.")
	// ErrTooLarge: the token is longer than is read. Refuse.
	ErrTooLarge = hint.New("jose: token too large",
		"Check where the token comes from; raise the limit only if you trust its source.")
	// ErrSignature: the signature is not one by this key over these bytes.
	ErrSignature = hint.New("jose: signature does not verify",
		"The token was changed after signing, or signed by another key: get it again from its issuer.")
)

// MaxBytes is the default cap on a token's length.
const MaxBytes = 1 << 20

// maxHeader bounds the decoded header; a certificate chain fits.
const maxHeader = 64 << 10

// maxText bounds typ, cty and kid.
const maxText = 4096

// algorithms that any token may name (RFC 7518, 3.1; RFC 9864).
func algorithms() []string {
	return []string{"EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "PS256"}
}

// Token is a token as it was read. Until Verify says so, nothing in it is more
// than a claim.
type Token struct {
	Header map[string]any // the whole protected header
	Alg    string
	Type   string // typ with "application/" written out, in lower case; "" when absent
	Cty    string // likewise
	Kid    string
	// Payload is the decoded second segment.
	Payload   []byte
	Signature []byte
	input     []byte // what is signed: the first two segments of the text
}

// LooksLike tells whether a text has the outer shape of a compact JWS, which is
// enough to choose a parser and proves nothing.
func LooksLike(s []byte) bool {
	if len(s) <= 4 || bytes.Count(s, dot) != 2 {
		return false
	}
	for _, c := range s {
		if !alphabet[c] {
			return false
		}
	}
	return true
}

// alphabet marks the bytes of a compact JWS: those of base64url, and the dot.
var alphabet = func() (set [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_." {
		set[c] = true
	}
	return set
}()

// Parse reads a compact JWS of at most most bytes (zero: 1 MiB). The token keeps
// text, which must not be changed while the token is in use. Errors:
// [ErrTooLarge], [ErrToken], [ErrHeader] and [ErrAlg].
func Parse(text []byte, most int) (*Token, error) {
	if most <= 0 {
		most = MaxBytes
	}
	if len(text) > most {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(text), most)
	}
	if n := bytes.Count(text, dot) + 1; n != 3 {
		return nil, fmt.Errorf("%w: %d segments, want 3", ErrToken, n)
	}
	first, rest, _ := bytes.Cut(text, dot)
	second, third, _ := bytes.Cut(rest, dot)
	t := &Token{input: text[:len(first)+1+len(second)]}
	header, err := decode(first, "header")
	if err != nil {
		return nil, err
	}
	if err := t.readHeader(header); err != nil {
		return nil, err
	}
	if t.Payload, err = decode(second, "payload"); err != nil {
		return nil, err
	}
	if t.Signature, err = decode(third, "signature"); err != nil {
		return nil, err
	}
	if len(t.Signature) == 0 {
		return nil, fmt.Errorf("%w: the signature is empty", ErrToken)
	}
	return t, nil
}

// decode reads one segment in the only spelling that its bytes have.
func decode(s []byte, what string) ([]byte, error) {
	b := make([]byte, strict.DecodedLen(len(s)))
	n, err := strict.Decode(b, s)
	// The decoder skips line breaks, so the way back is compared too.
	if err != nil || strict.EncodedLen(n) != len(s) {
		return nil, fmt.Errorf("%w: %s is not base64url", ErrToken, what)
	}
	return b[:n], nil
}

var (
	strict = base64.RawURLEncoding.Strict()
	dot    = []byte(".")
)

// readHeader takes out what is needed and refuses what is never done.
func (t *Token) readHeader(raw []byte) (err error) {
	if t.Header, err = strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: maxHeader, MaxDepth: 8}); err != nil {
		return fmt.Errorf("%w: header: %w", ErrToken, err)
	}
	alg, ok := t.Header["alg"].(string)
	if !ok {
		return fmt.Errorf("%w: no alg", ErrAlg)
	}
	if !slices.Contains(algorithms(), alg) {
		return fmt.Errorf("%w: %.40q", ErrAlg, alg)
	}
	t.Alg = alg
	// crit and b64 would change what is signed, zip and enc what is read.
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if _, has := t.Header[name]; has {
			return fmt.Errorf("%w: %s", ErrHeader, name)
		}
	}
	for name, dst := range map[string]*string{"typ": &t.Type, "cty": &t.Cty, "kid": &t.Kid} {
		raw, has := t.Header[name]
		if !has {
			continue
		}
		s, ok := raw.(string)
		if !ok || s == "" || len(s) > maxText {
			return fmt.Errorf("%w: %s is not a short text", ErrHeader, name)
		}
		*dst = s
	}
	t.Type, t.Cty = mediaType(t.Type), mediaType(t.Cty)
	return nil
}

// mediaType writes the short form out (RFC 7515, 4.1.9 and 4.1.10). Letters
// beyond ASCII stay as they are: some of them have lower forms within it.
func mediaType(s string) string {
	if s != "" && !strings.Contains(s, "/") {
		s = "application/" + s
	}
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// Demand fails with [ErrType] unless the token's typ is one of types, which are
// full media types in lower case; "" stands for an absent typ.
func (t *Token) Demand(types ...string) error {
	if slices.Contains(types, t.Type) {
		return nil
	}
	return fmt.Errorf("%w: typ is %.80q", ErrType, t.Type)
}

// Verify checks the signature with the key that the caller found by its own
// rules. Errors: [ErrAlg] when the header's algorithm is not the key's, and
// [ErrSignature].
func (t *Token) Verify(pub key.Public) error {
	if !slices.Contains(pub.Algs(), t.Alg) {
		return fmt.Errorf("%w: %s with a key of kind %v", ErrAlg, t.Alg, pub.Kind())
	}
	if err := pub.VerifyJWS(t.Alg, t.input, t.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Object returns the payload as a JSON object within lim. The error is
// [ErrToken].
func (t *Token) Object(lim strictjson.Limits) (map[string]any, error) {
	m, err := strictjson.ParseObject(t.Payload, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: payload: %w", ErrToken, err)
	}
	return m, nil
}

// Sign makes a compact JWS over payload. The header is what the caller gives,
// with alg set to that of the signer's key; an alg of its own is [ErrHeader], and
// what Parse would refuse fails as it does there.
func Sign(ctx context.Context, s key.Signer, header map[string]any, payload []byte) (string, error) {
	algs := s.Public().Algs()
	if len(algs) == 0 {
		return "", fmt.Errorf("%w: no key", ErrAlg)
	}
	h := maps.Clone(header)
	if h == nil {
		h = make(map[string]any, 1)
	}
	if _, has := h["alg"]; has {
		return "", fmt.Errorf("%w: alg is the key's matter", ErrHeader)
	}
	h["alg"] = algs[0]
	raw, err := strictjson.Canonical(h)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if err := new(Token).readHeader(raw); err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64(raw) + "." + b64(payload)
	sig, err := s.Sign(ctx, []byte(input))
	if err != nil {
		return "", fmt.Errorf("jose: sign: %w", err)
	}
	return input + "." + b64(sig), nil
}
