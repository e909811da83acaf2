// Package anchor keeps an issuer's heads anchored in the contract of package
// contracts, and says what an anchor shows about a head that is held.
//
// The first call to make is [NewChain], a view of one chain through several
// servers that must agree. [NewQueue] over it brings heads onto the chain: one
// transaction in flight, submitted, included, final; [Chain.Standing] holds what a
// node has of an issuer against what the chain has; [Chain.Prove] and
// [Proof.Verify] carry an anchor to where no server can be asked. [BindingsOf]
// reads which accounts speak for an issuer out of its DID document.
//
// It promises that what one server says counts for nothing where others are
// configured: silence, disagreement, another chain, another contract or a chain
// that stands still is [ErrUnknown], and unknown never makes a verdict better.
// Only final blocks count. A head that is submitted twice is anchored once, also
// over a crash at any point and a reorganisation of the chain.
//
// It never speaks for an issuer whose document does not name the account, never
// sends anything while a head is being published, and knows no store, no peer and
// nothing about learners. Digests of heads are all that it puts on a chain.
package anchor
