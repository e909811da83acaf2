package proof

import (
	"crypto"
	"fmt"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
)

// hashRDFC is the transformation and hashing of the rdfc suites (DI EdDSA 1.0
// sections 3.2.3 to 3.2.5, DI ECDSA 1.0 sections 3.2.3 to 3.2.5): the hash of
// the canonical N-Quads of the proof configuration, followed by that of the
// document.
func hashRDFC(doc, config map[string]any, hash crypto.Hash, opt Options) ([]byte, error) {
	cfg, err := hashConfig(doc, config, hash, opt)
	if err != nil {
		return nil, err
	}
	quads, err := opt.Loader.CanonicalNQuads(doc, hash, opt.JSONLD)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	h := hash.New()
	h.Write(quads)
	return h.Sum(cfg), nil
}

// hashConfig hashes the canonical N-Quads of the proof configuration, which is
// read in the document's context whatever the proof carries.
func hashConfig(doc, config map[string]any, hash crypto.Hash, opt Options) ([]byte, error) {
	if opt.Loader == nil {
		return nil, fmt.Errorf("%w: no JSON-LD contexts were given", ErrTransform)
	}
	cfg := without(config, "proofValue", "jws", "@context")
	cfg["@context"] = doc["@context"]
	quads, err := opt.Loader.CanonicalNQuads(cfg, hash, opt.JSONLD)
	if err != nil {
		return nil, fmt.Errorf("%w: proof options: %w", ErrTransform, err)
	}
	h := hash.New()
	h.Write(quads)
	return h.Sum(nil), nil
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
	hash, err := hashRDFC(doc, p, crypto.SHA256, opt)
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
