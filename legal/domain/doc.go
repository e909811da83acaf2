// Package domain binds an identifier to a web domain from both sides, as DIF Well
// Known DID Configuration 1.0 has it: the domain's server gives out, at
// /.well-known/did-configuration.json, a credential that the identifier signed and
// that names the domain.
//
// The first call to make is [Check] for a file that was fetched, or [Link.Sign] and
// [Configuration] to publish one. [Source] is the same as evidence about an issuer:
// the domain in its identifier, and those that its DID document names as
// LinkedDomains, are asked as far as the caller allows.
//
// It promises that only a file from the origin itself counts, that the credential in
// it must be signed by the identifier in question with a key that may assert, name
// exactly that origin, and be within its term, and that the result is evidence of a
// domain (L2) and of nothing else: whose domain it is says nobody here.
//
// It never follows what the file names, and never takes a domain in an identifier for
// proven because it stands there. That a log was seen at its origin is another kind
// of evidence; joins with registers go by that one alone.
package domain
