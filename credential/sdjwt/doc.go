// Package sdjwt reads, checks, issues and presents selectively disclosable
// JWTs (RFC 9901), as SD-JWT VC (application/dc+sd-jwt) and as W3C credentials
// (application/vc+sd-jwt).
//
// The first call to make is [Open]: bytes and options go in, and the same
// [credential.Checked] comes out that Check gives for other forms; it fits
// credential.Options.Openers. [Parse] and [Reconstruct] are the parts of RFC
// 9901 alone, [Issue] makes a token, [Token.Select] and [Token.Bind] are what a
// holder does with it.
//
// It promises that a claim counts only when the issuer signed it or its
// digest, that each disclosure is used once and none is left over, and that
// who issued a credential, what kind it is, how long it stands and where its
// status is cannot be withheld by its holder. The way to a key follows from
// the issuer, never from the header.
//
// It never fetches a key, a type or a certificate, never uses a key that a
// header carries as proof of who signed, and never decides an outcome.
package sdjwt
