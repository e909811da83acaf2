// Package key holds the public and private keys of issuers, witnesses and
// nodes, in every spelling that the specifications use for them.
//
// The first calls to make are [ParseMultikey], [ParseJWK] or [ParseDIDKey] on
// the reading side, followed by [Public.Verify], and [Generate] on the writing
// side, which gives a [Private] that is a [Signer].
//
// Issuing is done with Ed25519 (RFC 8032) and ECDSA over P-256 and P-384 (ES256,
// ES384); ECDSA over P-521 (ES512) and RSA of at least 2048 bits (RS256, PS256)
// are met in others' credentials and only verify. A [Public] is comparable and immutable, and its existence is
// a promise: whatever way it came in, it was of exact length, canonical, on its
// curve and not of small order. One rule for Ed25519 holds on every path: what
// crypto/ed25519.Verify accepts, and a public key that is canonical and not of
// small order. There is no batch verification.
//
// A [Private] never shows its bytes: no verb of fmt, no slog handler and no
// encoder can reach them, not even one that walks unexported fields. The one
// door is [Private.MarshalSecret], meant for key/keystore only.
//
// The package never resolves, never fetches, keeps no state and never decides
// what a key may be used for. ECDSA signatures have two valid forms each (high
// and low s): never use a signature as an identifier.
package key
