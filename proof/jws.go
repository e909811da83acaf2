package proof

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// jws is the signed part of the detached JWS of a legacy proof.
type jws struct {
	header string // in base64url, as it was signed
	alg    string
}

const (
	maxJWS       = 2048 // characters; RSA of 8192 bits needs 1366 for the signature
	maxJWSHeader = 256  // characters
)

// jwsValue reads the jws of a proof: header and signature in base64url with an
// empty payload between them (RFC 7515 appendix F), and a header of exactly alg,
// b64 false and crit ["b64"] (RFC 7797 section 6).
func jwsValue(p map[string]any) (j jws, sig []byte, err error) {
	text, err := member(p, "jws")
	if err != nil {
		return j, nil, err
	}
	parts := strings.Split(text, ".")
	if len(text) > maxJWS || len(parts) != 3 || parts[1] != "" {
		return j, nil, fmt.Errorf("%w: jws is not a header, nothing, and a signature, parted by dots", ErrMalformed)
	}
	j.header = parts[0]
	if j.alg, err = jwsAlg(parts[0]); err != nil {
		return j, nil, fmt.Errorf("%w: header of the jws: %w", ErrMalformed, err)
	}
	if sig, err = decodeBase64URL(parts[2]); err != nil {
		return j, nil, fmt.Errorf("%w: signature of the jws: %w", ErrMalformed, err)
	}
	return j, sig, j.checkSize(len(sig))
}

// jwsAlg reads a header, which has nothing in it but what it must have.
func jwsAlg(text string) (string, error) {
	if len(text) > maxJWSHeader {
		return "", fmt.Errorf("%w: %d characters", strictjson.ErrType, len(text))
	}
	b, err := decodeBase64URL(text)
	if err != nil {
		return "", err
	}
	h, err := strictjson.ParseObject(b, strictjson.Limits{MaxBytes: maxJWSHeader})
	if err != nil {
		return "", err
	}
	alg, _ := h["alg"].(string)
	crit, _ := h["crit"].([]any)
	if len(h) != 3 || alg == "" || h["b64"] != false || !slices.Equal(crit, []any{"b64"}) {
		return "", fmt.Errorf("%w: want exactly alg, b64 false and crit [\"b64\"]", strictjson.ErrType)
	}
	return alg, nil
}

// checkSize refuses a signature of a size that its algorithm never makes, and an
// algorithm that is not on the list.
func (j jws) checkSize(n int) error {
	least, most := 64, 64
	switch j.alg {
	case "EdDSA", "ES256":
	case "ES384":
		least, most = 96, 96
	case "RS256", "PS256":
		least, most = 256, 1024 // 2048 to 8192 bits
	default:
		return fmt.Errorf("%w: jws of alg %.20q", ErrSuite, j.alg)
	}
	if n < least || n > most {
		return fmt.Errorf("%w: jws with a signature of %d bytes under %s", ErrMalformed, n, j.alg)
	}
	return nil
}

// verify checks the signature over the header and the raw bytes of hash. The
// kind of the key fixes the algorithm; the header has to agree.
func (j jws) verify(hash, sig []byte, pub key.Public) error {
	if !slices.Contains(pub.Algs(), j.alg) {
		return fmt.Errorf("%w: jws of alg %s with a key of kind %v", ErrSuite, j.alg, pub.Kind())
	}
	msg := append([]byte(j.header+"."), hash...)
	if err := pub.VerifyJWS(j.alg, msg, sig); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
