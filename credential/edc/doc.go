// Package edc reads and checks sealed European Digital Credentials for
// Learning (Europass), and finds look-alike names in any credential of the
// European Learning Model.
//
// The first call to make is [Open] for one file, or [Opener] for an opener
// that knows roots of certificates. A sealed file is a JAdES signature that
// envelops a credential of data model 1.1; there is no identifier of the
// issuer that could be resolved: what stands behind the seal is a certificate,
// and its organisation identifier is the issuer's only lasting name.
//
// It promises that integrity is judged over the sealed bytes as they were
// sent, that the signer passes only where the certificate holds at the time
// asked, leads to a configured root, and is the certificate of the
// organisation that the credential itself names as its issuer, and that a
// credential whose own legal identifier is another than that of its seal is
// told as a contradiction. What the issuer typed beside that is never treated
// as proven.
//
// It never fetches the context of the European Learning Model: the seal
// covers raw bytes, members are read by their exact names, and
// [Confusables] tells where a name only looks like a known one. It knows no
// revocation of certificates, no trusted list and no trusted time stamp, so a
// certificate that has ended leaves the signer unknown.
package edc
