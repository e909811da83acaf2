package jades

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Sign seals a document and returns the file: a JWS in general JSON serialisation
// with the payload as it stands (b64 false), the signing time and the chain in the
// protected header, which is JAdES baseline B (TS 119 182-1 section 6). chain holds
// certificates in DER, the signer's first, whose key by must be. RSA keys sign with
// RS256, those on P-256 and P-384 with ES256 and ES384. payload must be UTF-8.
// Errors: [ErrAlgorithm], [ErrHeader], [ErrShape], and those of the signer.
func Sign(payload []byte, by crypto.Signer, chain [][]byte, at time.Time) ([]byte, error) {
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, fmt.Errorf("%w: %d certificates", ErrHeader, len(chain))
	}
	if !utf8.Valid(payload) {
		return nil, fmt.Errorf("%w: the document is not UTF-8", ErrShape)
	}
	alg, hash := "", crypto.SHA256
	switch k := by.Public().(type) {
	case *rsa.PublicKey:
		alg = "RS256"
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			alg = "ES256"
		case 384:
			alg, hash = "ES384", crypto.SHA384
		}
	}
	if alg == "" {
		return nil, fmt.Errorf("%w: a key of type %T", ErrAlgorithm, by.Public())
	}
	x5c := make([]any, len(chain))
	for i, der := range chain {
		x5c[i] = base64.StdEncoding.EncodeToString(der)
	}
	head, err := strictjson.Canonical(map[string]any{"alg": alg, "b64": false, "crit": []any{"b64", "sigT"}, "typ": "jose+json", "cty": "json",
		"sigT": at.UTC().Format("2006-01-02T15:04:05Z"), "x5c": x5c, "x5t#S256": thumbprint(chain[0])})
	if err != nil {
		return nil, fmt.Errorf("jades: sign: %w", err)
	}
	protected := base64.RawURLEncoding.EncodeToString(head)
	signature, err := signInput(by, hash, []byte(protected+"."+string(payload)))
	if err != nil {
		return nil, fmt.Errorf("jades: sign: %w", err)
	}
	return json.Marshal(map[string]any{"payload": string(payload), "signatures": []any{
		map[string]any{"protected": protected, "signature": base64.RawURLEncoding.EncodeToString(signature)}}})
}

// signInput signs as RFC 7518 has it: an ECDSA signature is its two numbers side
// by side (section 3.4).
func signInput(by crypto.Signer, hash crypto.Hash, input []byte) ([]byte, error) {
	var digest []byte
	switch hash {
	case crypto.SHA384:
		d := sha512.Sum384(input)
		digest = d[:]
	default:
		d := sha256.Sum256(input)
		digest = d[:]
	}
	sig, err := by.Sign(rand.Reader, digest, hash)
	k, ok := by.Public().(*ecdsa.PublicKey)
	if err != nil || !ok {
		return sig, err
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: the signer gave no ECDSA signature", ErrAlgorithm)
	}
	size := (k.Curve.Params().BitSize + 7) / 8
	if max(rs.R.BitLen(), rs.S.BitLen()) > 8*size || min(rs.R.Sign(), rs.S.Sign()) <= 0 {
		return nil, fmt.Errorf("%w: the signer gave no signature of the curve", ErrAlgorithm)
	}
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
	return out, nil
}
