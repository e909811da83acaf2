package jades

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/bonafide-id/bonafide/key"
)

// accepted lists the algorithms (RFC 7518 section 3.1) that seals may use.
func accepted(alg string) bool {
	switch alg {
	case "RS256", "PS256", "ES256", "ES384":
		return true
	}
	return false
}

// Verify checks the signature over the payload with the key of the first
// certificate and returns the payload, byte for byte as it was sealed. The
// error is key.ErrSignature, or key.ErrAlg when the algorithm is none of the
// key's own; the payload is nil then.
func (s *Seal) Verify(pub key.Public) ([]byte, error) {
	if err := pub.VerifyJWS(s.Alg, s.input, s.signature); err != nil {
		return nil, err
	}
	return s.payload, nil
}

func thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
