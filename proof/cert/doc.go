// Package cert reads the X.509 certificates behind electronic seals and says
// what they state about the organisation that holds the key (ETSI EN 319
// 412-1, -3 and -5; RFC 5280).
//
// The first call to make is [Parse], which bounds and reads one certificate,
// then [Read] for its [Facts] and [Build] for the [Path] above it:
//
//	leaf, err := cert.Parse(der)
//	facts, err := cert.Read(leaf)
//	path := cert.Build(leaf, intermediates, roots, at)
//
// It promises that a certificate over the bounds of size, names and keys is
// refused before it costs anything, that a path counts as trusted only when it
// ends in a root that the caller gave and holds at the time that the caller
// gave, and that what makes a certificate ambiguous (two organisation
// identifiers, a critical extension that nobody here understands) is an error
// and not a guess.
//
// It never uses the roots of the operating system, never fetches anything and
// knows no revocation. A statement that a certificate is qualified
// ([Statements.Compliance]) is only a claim of whoever signed it: without a
// match in a trusted list it proves nothing, and this package has no lists.
package cert
