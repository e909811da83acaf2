// Package jwk resolves did:jwk: the identifier is a JWK in base64url, and the
// document follows from it (did:jwk, 2023-08-19).
//
// The first call to make is [Resolver]. Ed25519, P-256, P-384, P-521 and RSA keys
// are supported; the key of any other kind is an error that says so, and so is a
// JWK that is not for signatures. Every spelling of a JWK is an identifier of its
// own: nothing is canonicalised, compare the whole string.
//
// The package is pure: it fetches nothing and keeps nothing. There are no
// versions, and nothing can be revoked.
package jwk
