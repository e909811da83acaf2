// Package did reads decentralized identifiers and what they resolve to: DID
// and DID URL syntax, documents, verification methods, and resolution results
// (DID 1.1, Controlled Identifiers 1.0, DID Resolution).
//
// The first calls to make are [ParseURL] for an identifier and
// [ParseDocument] for a document; [Document.Method] then finds the key behind a
// verification method as the Controlled Identifiers algorithm demands, and
// [Registry] picks the [Resolver] of a method. [Spec.Build] writes a document.
//
// The package promises that a key it hands out stood in the document under the
// asked relationship, with the document itself as its controller, and that a
// method it cannot read is an error and never a key.
//
// It never fetches, keeps no state and knows no method: those live in the
// sub-packages webvh, web, key and jwk. Whether a domain that stands in an
// identifier has anything to do with its controller is not decided here.
package did
