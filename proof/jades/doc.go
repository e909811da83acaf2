// Package jades reads and checks JAdES seals that envelop a document (ETSI TS
// 119 182-1; RFC 7515; RFC 7797), the form in which European Digital
// Credentials are sealed.
//
// The first call to make is [Parse], then [Seal.Verify] with the key of the
// first of [Seal.Certificates]:
//
//	seal, err := jades.Parse(file)
//	payload, err := seal.Verify(pub)
//
// It reads the general JSON serialisation with exactly one signature. The
// signed bytes are those of the payload as it was sent, and they are handed on
// byte for byte: nothing is parsed and written again on the way.
//
// It promises that every critical header that is accepted was also obeyed,
// that the key never comes from a header that points elsewhere (kid, jku, x5u
// and jwk are not looked at), and that bytes are bounded before they are
// parsed. Whose certificate it is, and whether it holds, is not judged here:
// the certificate is handed on in DER for proof/cert.
//
// A time stamp is read, not verified: [Stamp] says what an authority is said
// to have stated, and no such word proves a time. sigT and iat are the
// signer's own word.
package jades
