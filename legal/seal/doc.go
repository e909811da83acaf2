// Package seal binds an identifier to the holder of an electronic seal: who the
// certificate of the seal names is who stands behind the DID (Regulation (EU)
// 910/2014 articles 35 to 40; ETSI TS 119 182-1; EN 319 412).
//
// The first call to make is [Make], which seals a [Statement] of control over a DID
// with a key and its certificate, or [Check] for a file that was sealed elsewhere.
// The issuer's statement about itself then quotes the file by its digest (see
// legal.SealBinding). As sources of evidence, [Statements] reads such bindings,
// [Keys] the other way (the key of the certificate stands in the DID document with
// x5t#S256 and has signed), and [Sealed] what a credential's own seal says.
//
// It promises that a binding counts only from both sides: the seal names the DID and
// the DID quotes the seal, or the key of the certificate is in the document and has
// signed for the DID; that the certificate must hold, and its authority be granted,
// both when the seal says that it was made and now; that what is proven is what the
// certificate names and nothing that the statement adds; and that a certificate that
// was only pasted proves nothing.
//
// It never fetches anything, knows no revocation of certificates and no trusted time
// stamp, so a certificate that has ended proves nothing more: the statement is
// sealed again under the next one. Certificates of natural persons are refused.
package seal
