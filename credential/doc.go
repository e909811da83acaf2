// Package credential reads, checks, builds and signs W3C Verifiable
// Credentials with embedded Data Integrity proofs.
//
// The first call to make is [Check]: bytes, a resolver and a time go in, and
// rows of a verdict come out for format, integrity, signer and dates, each
// with its own code. Everything above uses it: learners' credentials, status
// list credentials, recognitions and the self-statements of issuers all pass
// this one function. [Parse] alone gives a [Credential], which is read but
// not verified; only [Checked] tells what was established.
//
// It reads Verifiable Credentials Data Model 2.0 and 1.1, and writes 2.0: the
// default profile is [Micro], an Open Badges 3.0 achievement with the
// European standard elements for micro-credentials that Open Badges lack.
// [Practice] is the issuer's signed statement of which key does what.
//
// It promises that nothing but the signed bytes is read on, that a value
// which changed under an unchanged key fails integrity even where it also
// spoils the form, and that whatever could not be established is reported as
// unknown. It never fetches a JSON-LD context, never looks at a status list
// or a trust root, and never decides an outcome.
package credential
