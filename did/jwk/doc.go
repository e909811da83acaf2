// Package jwk resolves did:jwk, whose identifier is a public JSON Web Key.
//
// The first call to make is [Resolver]. The key is named "#0"; with use "sig"
// or without use it may sign under every relationship. Ed25519 and P-256 keys
// are known.
//
// It promises that a private key is refused wherever it stands. Two spellings
// of one key are two identifiers: nothing is brought into a common form. It
// never fetches anything and keeps no state.
package jwk
