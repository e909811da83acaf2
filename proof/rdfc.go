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
	out, err := opt.Loader.AppendHash(cfg, doc, hash, opt.JSONLD, opt.Look)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	return out, nil
}

// hashConfig hashes the canonical N-Quads of the proof configuration, which is
// read in the document's context whatever the proof carries.
func hashConfig(doc, config map[string]any, hash crypto.Hash, opt Options) ([]byte, error) {
	if opt.Loader == nil {
		return nil, fmt.Errorf("%w: no JSON-LD contexts were given", ErrTransform)
	}
	// The signature itself is left out, and nothing else: a second one would be
	// an unsigned part of the proof.
	signature := "proofValue"
	if config["type"] == JSONWebSignature2020 {
		signature = "jws"
	}
	cfg := without(config, signature, "@context")
	cfg["@context"] = doc["@context"]
	out, err := opt.Loader.AppendHash(make([]byte, 0, 2*hash.Size()), cfg, hash, opt.JSONLD, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: proof options: %w", ErrTransform, err)
	}
	return out, nil
}

// VerifyLax checks the signature of one proof over RDF over what is left of doc
// when everything without a meaning is dropped. It tells a document that was
// changed after signing (ErrSignature) from one whose signer was careless;
// success proves nothing, because what was dropped is not covered.
func VerifyLax(doc, proofObj map[string]any, pub key.Public, loader *jsonld.Loader, lim jsonld.Limits) error {
	r := describe(0, proofObj)
	v, err := readValue(r.Suite, proofObj)
	if err != nil {
		return err
	}
	return v.verify(r.Suite, doc, proofObj, pub, Options{Loader: loader.Lax(), JSONLD: lim})
}
