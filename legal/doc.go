// Package legal says who an issuer is in law and who recognises it.
//
// The first call to make is [Assess]: it takes what is at hand about an issuer
// (its whois presentation, recognitions of it, the roots that the operator
// configured) and returns, field by field, what is proven by whom, what is
// only claimed and what is contradicted, together with the rows of the checks
// issuer and authorisation. To publish, [SignStatement] makes the statement of
// an organisation about itself, [SignRecognition] a W3C
// RecognizedEntityCredential about another, [Pack] a file of many of them,
// [SignMandate] leave to issue in one's name, and [SignWhois] the presentation that
// carries them at whois.vp. Further kinds of evidence are a [Source] each, in the
// packages below this one.
//
// It promises that only a chain of verified recognitions to a configured root
// proves a name, a number or a seat; that rights shrink along such a chain and
// never grow; that equal identifiers prove and equal names never do; that a
// domain counts as proven only by a sighting at its origin that was handed in;
// and that a contradiction comes from a configured root or not at all, never
// from a stranger. Chains are walked at most [MaxDepth] links, each recogniser
// once, within a budget of credentials.
//
// It never fetches, and never looks up a status: the caller hands in how. It
// publishes organisations only: natural persons are refused where they declare
// themselves, sole traders pass by explicit flag.
package legal
