package contracts

import "github.com/bonafide-id/bonafide/internal/hint"

// What this package refuses. Find them with errors.Is.
var (
	// ErrSubject: the text is no SCID, so there is no digest to anchor under.
	ErrSubject = hint.New("contracts: not an SCID",
		"Anchor issuers with a did:webvh identifier; the SCID is its third part, 46 characters beginning with Qm.")
	// ErrOrder: a version or sequence is 0 or too large for an order number.
	// Refuse the head or the word that it was read from.
	ErrOrder = hint.New("contracts: not an order number",
		"Log versions count from 1 to 4294967295 and sequences from 1; look at the head's epoch and sequence.")
	// ErrMember: the path does not lead from the member to the batch's root, or
	// the batch is empty or too large. The proof says nothing about the member.
	ErrMember = hint.New("contracts: not in the batch",
		"Ask the aggregator for the proof again; it must be of the batch whose root stands on the chain.")
	// ErrProof: a StateProof does not lead from the trusted block to the slot, or
	// not to a copy of the contract. Nothing is known then; never take it for an
	// empty record.
	ErrProof = hint.New("contracts: not proven by this block",
		"Make the proof again, of the block whose hash is trusted and of the contract's address on that chain.")
)
