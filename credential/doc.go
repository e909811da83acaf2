// Package credential reads, checks, builds and signs W3C Verifiable
// Credentials and presentations of them.
//
// The first call to make is [Check]: bytes, a resolver and a time go in, and
// rows of a verdict come out for format, integrity, signer and dates, each
// with its own code. Everything above uses it: learners' credentials, status
// list credentials, recognitions and the self-statements of issuers all pass
// this one function. [Parse] alone gives a [Credential], which is read but
// not verified; only [Checked] tells what was established. [CheckPresentation]
// is the same for what a holder hands over, with each credential inside.
//
// It reads Verifiable Credentials Data Model 2.0 and 1.1: as JSON with proofs
// inside, as tokens (vc+jwt of VC-JOSE-COSE 1.0, JWTs of 1.1 and of Open
// Badges 3.0), and enveloped in each other, four times at most. Further forms,
// known by [Sniff], are read by an [Opener] that the caller brings. It writes
// 2.0, with a proof inside or by [SignToken]: the default profile is [Micro],
// an Open Badges 3.0 achievement with the European standard elements for
// micro-credentials that Open Badges lack. [Practice] is the issuer's signed
// statement of which key does what.
//
// It promises that nothing but the signed bytes is read on, that a value
// which changed under an unchanged key fails integrity even where it also
// spoils the form, that a document which says one thing in a claim and another
// in a member is refused, that the key and its algorithm come from the
// issuer's document and never from a header, and that whatever could not be
// established is reported as unknown. It never fetches a JSON-LD context or
// any other address, never looks at a status list or a trust root, and never
// decides an outcome.
package credential
