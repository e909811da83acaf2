package proof

import (
	"crypto"
	"crypto/sha256"
	"fmt"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
)

// hashRDFC is the transformation and hashing of eddsa-rdfc-2022 (DI EdDSA 1.0
// sections 3.2.3 to 3.2.5): SHA-256 of the canonical N-Quads of the proof
// configuration, followed by that of the document; 64 bytes.
func hashRDFC(doc, config map[string]any, opt Options) ([]byte, error) {
	if opt.Loader == nil {
		return nil, fmt.Errorf("%w: no JSON-LD contexts were given", ErrTransform)
	}
	// The configuration is read in the document's context, whatever the proof
	// carries: section 3.2.5 step 1 and 5.
	cfg := without(config, "proofValue", "@context")
	cfg["@context"] = doc["@context"]
	cq, err := opt.Loader.CanonicalNQuads(cfg, crypto.SHA256, opt.JSONLD)
	if err != nil {
		return nil, fmt.Errorf("%w: proof options: %w", ErrTransform, err)
	}
	dq, err := opt.Loader.CanonicalNQuads(doc, crypto.SHA256, opt.JSONLD)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	ch, dh := sha256.Sum256(cq), sha256.Sum256(dq)
	return append(ch[:], dh[:]...), nil
}

// verifyRDFC checks an eddsa-rdfc-2022 proof or its forerunner
// Ed25519Signature2020, which hashes alike and differs in the type only.
func verifyRDFC(doc, p map[string]any, pub key.Public, opt Options) error {
	if pub.Kind() != key.Ed25519 {
		return fmt.Errorf("%w: the suite wants an Ed25519 key", ErrSuite)
	}
	sig, err := signatureOf(p)
	if err != nil {
		return err
	}
	hash, err := hashRDFC(doc, p, opt)
	if err != nil {
		return err
	}
	if err := pub.Verify(hash, sig); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// VerifyLax checks the signature of one eddsa-rdfc-2022 or
// Ed25519Signature2020 proof over what is left of doc when everything without
// a meaning is dropped. It tells a document that was changed after signing
// (ErrSignature) from one whose signer was careless; success proves nothing,
// because what was dropped is not covered.
func VerifyLax(doc, proofObj map[string]any, pub key.Public, loader *jsonld.Loader, lim jsonld.Limits) error {
	return verifyRDFC(doc, proofObj, pub, Options{Loader: loader.Lax(), JSONLD: lim})
}
