package proof

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// HashJCS returns the 64 bytes that eddsa-jcs-2022 signs: SHA-256 of the
// canonical proof configuration, then SHA-256 of the canonical document (DI
// EdDSA 1.0 sections 3.3.3 to 3.3.5). A proofValue in config is left out; doc
// is hashed as it stands, so the caller removes the proof first.
//
// When config has an @context, the document's must begin with the same values
// in the same order, and the document is hashed with that of config (section
// 3.3.2 step 3). Errors: [ErrMalformed] where it does not, [ErrTransform].
func HashJCS(doc, config map[string]any) ([]byte, error) {
	return hashJCS(doc, config, crypto.SHA256)
}

// hashJCS is HashJCS with the hash of the key's curve, for ecdsa-jcs-2019 (DI
// ECDSA 1.0 sections 3.3.3 to 3.3.5).
func hashJCS(doc, config map[string]any, hash crypto.Hash) ([]byte, error) {
	if signed, ok := config["@context"]; ok {
		if signed == nil || !startsWith(doc["@context"], signed) {
			return nil, fmt.Errorf("%w: the document's @context does not begin with the proof's", ErrMalformed)
		}
		if !same(doc["@context"], signed) {
			doc = maps.Clone(doc)
			doc["@context"] = signed
		}
	}
	if _, ok := config["proofValue"]; ok {
		config = maps.Clone(config)
		delete(config, "proofValue")
	}
	// One buffer for both: they are hashed one after the other.
	scratch, _ := canonicalBuffers.Get().(*[]byte)
	if scratch == nil {
		scratch = new([]byte)
	}
	defer canonicalBuffers.Put(scratch)
	buf, err := strictjson.AppendCanonical((*scratch)[:0], config)
	if err != nil {
		return nil, fmt.Errorf("%w: proof: %w", ErrTransform, err)
	}
	out := appendSum(make([]byte, 0, 2*hash.Size()), hash, buf)
	buf, err = strictjson.AppendCanonical(buf[:0], doc)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	if cap(buf) <= maxScratch {
		*scratch = buf
	}
	return appendSum(out, hash, buf), nil
}

// canonicalBuffers are buffers for canonical text, which is hashed and gone. A
// larger one than maxScratch bytes is not kept for the next document.
var canonicalBuffers sync.Pool

const maxScratch = 64 << 10

// appendSum appends the SHA-256 or SHA-384 of data.
func appendSum(dst []byte, hash crypto.Hash, data []byte) []byte {
	if hash == crypto.SHA384 {
		sum := sha512.Sum384(data)
		return append(dst, sum[:]...)
	}
	sum := sha256.Sum256(data)
	return append(dst, sum[:]...)
}

// startsWith tells whether the @context have begins with the values of want.
// Both may be a single value or a list.
func startsWith(have, want any) bool {
	h, w := asList(have), asList(want)
	if len(h) < len(w) {
		return false
	}
	for i := range w {
		if !same(h[i], w[i]) {
			return false
		}
	}
	return true
}

// same tells whether two values have one canonical form.
func same(a, b any) bool {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x == y
		}
	case []any:
		if y, ok := b.([]any); ok {
			return slices.EqualFunc(x, y, same)
		}
	}
	x, errA := strictjson.Canonical(a)
	y, errB := strictjson.Canonical(b)
	return errA == nil && errB == nil && slices.Equal(x, y)
}

func asList(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// VerifyJCS checks one eddsa-jcs-2022 proof over doc, which comes without the
// proof (DI EdDSA 1.0 section 3.3.2). It looks at type, cryptosuite, @context
// and proofValue; purpose, times and whether pub is the key that the
// verificationMethod stands for are the caller's to check. Errors: [ErrSuite],
// [ErrMalformed], [ErrTransform], [ErrSignature].
func VerifyJCS(doc, proofObj map[string]any, pub key.Public) error {
	if proofObj["type"] != dataIntegrityProof {
		return fmt.Errorf("%w: type is not %s", ErrSuite, dataIntegrityProof)
	}
	if proofObj["cryptosuite"] != EdDSAJCS2022 {
		return fmt.Errorf("%w: cryptosuite is not %s", ErrSuite, EdDSAJCS2022)
	}
	if err := checkKind(EdDSAJCS2022, pub.Kind()); err != nil {
		return err
	}
	v, err := readValue(EdDSAJCS2022, proofObj)
	if err != nil {
		return err
	}
	return v.verify(EdDSAJCS2022, doc, proofObj, pub, Options{})
}

// SignJCS returns the proof object for doc, which comes without one: a copy of
// config with type, cryptosuite, the document's @context if it has one, and
// the proofValue (DI EdDSA 1.0 section 3.3.1). config gives at least
// verificationMethod and proofPurpose. Errors: [ErrMissing], [ErrSuite],
// [ErrTransform], or that of the signer.
func SignJCS(ctx context.Context, doc, config map[string]any, s key.Signer) (map[string]any, error) {
	for _, name := range []string{"verificationMethod", "proofPurpose"} {
		if v, ok := config[name].(string); !ok || v == "" {
			return nil, fmt.Errorf("%w: %s", ErrMissing, name)
		}
	}
	if s == nil || s.Public().Kind() != key.Ed25519 {
		return nil, fmt.Errorf("%w: %s wants an Ed25519 key", ErrSuite, EdDSAJCS2022)
	}
	p, _ := strictjson.Clone(config).(map[string]any)
	delete(p, "proofValue")
	p["type"], p["cryptosuite"] = dataIntegrityProof, EdDSAJCS2022
	delete(p, "@context")
	if c, ok := doc["@context"]; ok {
		p["@context"] = strictjson.Clone(c)
	}
	hash, err := HashJCS(doc, p)
	if err != nil {
		return nil, err
	}
	sig, err := s.Sign(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	p["proofValue"] = "z" + key.Base58Encode(sig)
	return p, nil
}
