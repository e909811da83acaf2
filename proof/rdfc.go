package proof

import (
	"crypto"
	"fmt"
	"strings"

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
	if err := namesOf(cfg); err != nil {
		return nil, err
	}
	var odd error
	out, err := opt.Loader.AppendHash(make([]byte, 0, 2*hash.Size()), cfg, hash, opt.JSONLD, func(v jsonld.View) { odd = asRead(cfg, v) })
	if err != nil {
		return nil, fmt.Errorf("%w: proof options: %w", ErrTransform, err)
	}
	return out, odd
}

// namesOf refuses a member of a proof that is no word. The error is
// [ErrMalformed].
func namesOf(cfg map[string]any) error {
	for name := range cfg {
		if name != "@context" && (strings.HasPrefix(name, "@") || strings.Contains(name, ":")) {
			return fmt.Errorf("%w: %.80q is no word of a proof", ErrMalformed, name)
		}
	}
	return nil
}

// readIRIs are the words of a proof that are read where they stand, and what they
// are in the graph.
var readIRIs = map[string]string{
	"created":   "http://purl.org/dc/terms/created",
	"expires":   "https://w3id.org/security#expiration",
	"domain":    "https://w3id.org/security#domain",
	"challenge": "https://w3id.org/security#challenge",
}

// asRead makes sure that the options say in JSON, where they are read, what they
// say in the graph, which is all that is signed: whoever has the document could
// else write the end of a proof's term under its IRI or under another word for
// it, and nobody would see it. The error is [ErrMalformed].
func asRead(cfg map[string]any, graph jsonld.View) error {
	if n := graph.Len(); n != 1 {
		return fmt.Errorf("%w: the proof is %d nodes", ErrMalformed, n)
	}
	for name, iri := range readIRIs {
		if graph.Count(iri) > len(asList(cfg[name])) {
			return fmt.Errorf("%w: %s is said in other words", ErrMalformed, name)
		}
	}
	return nil
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
