// Package key resolves did:key, whose document follows from the identifier
// alone.
//
// The first call to make is [Resolver]. Ed25519 and P-256 keys are known; the
// one key stands under authentication, assertionMethod, capabilityInvocation
// and capabilityDelegation, as a Multikey named by its own value. Other kinds
// of key are refused by name.
//
// It promises that equal identifiers give equal documents for ever. It never
// fetches anything, keeps no state, and has no history to offer: such an
// identifier cannot change its key.
package key
