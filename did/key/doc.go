// Package key resolves did:key: the identifier is the key, and the document
// follows from it (did:key, W3C CCG report of 2025-11-02).
//
// The first call to make is [Resolver]. Ed25519, P-256, P-384 and P-521 keys are
// supported, as Multikey or, as EBSI has it, as the canonical text of a JWK
// (jwk_jcs-pub); the key of any other kind is an error that says so. Documents name
// the key for authentication, assertionMethod, capabilityInvocation and
// capabilityDelegation, in the form Multikey; no key agreement key is derived.
//
// The package is pure: it fetches nothing, and a resolver keeps nothing but a
// few hundred documents that it would build alike again. There are no versions,
// and nothing can be revoked: whoever relies on a did:key relies on that key for
// ever.
package key
