// Package proof makes and checks Data Integrity proofs (W3C Verifiable
// Credential Data Integrity 1.0, Data Integrity EdDSA and ECDSA Cryptosuites
// 1.0) over trees as internal/strictjson gives them.
//
// The first calls to make are [Verify] and [Sign] for documents that carry
// their proofs, and [VerifyJCS] and [SignJCS] for formats that keep document
// and proof apart, as log entries of did:webvh, witness proofs and heads do.
//
// The suites eddsa-jcs-2022, eddsa-rdfc-2022, ecdsa-jcs-2019 and
// ecdsa-rdfc-2019 sign and verify; Ed25519Signature2020 and
// JsonWebSignature2020 only verify. Under ecdsa-sd-2023 [Sign] makes a base
// proof for the holder, who makes one for a verifier with [Derive]; [Verify]
// refuses the former. Whatever else a proof names is an error, never a proof
// that is looked away from, and the kind of the key has to fit the suite. What
// is no signature by its form is told before anybody is asked for a key. Every
// proof of a document is listed with its own result.
//
// The package never resolves an identifier, never fetches a context and keeps
// no state: keys come from the caller's [KeyFunc], contexts from the caller's
// loader. A proof's created is what the signer says, never proof of time.
package proof
