package anchor

import "github.com/bonafide-id/bonafide/internal/hint"

// What this package refuses. Find them with errors.Is.
var (
	// ErrUnknown: the servers of the chain are silent, too few, disagree, are of
	// another chain, or stand still. Nothing is known; go on as if there were no
	// anchor.
	ErrUnknown = hint.New("anchor: not known",
		"Look at anchor_rpc, anchor_chain and anchor_quorum; bonafide anchor show asks each server and says what it answers.")
	// ErrContract: other code stands at the address of the contract.
	ErrContract = hint.New("anchor: not our contract",
		"Check anchor_contract and anchor_chain; bonafide anchor deploy makes a copy.")
	// ErrConfig: the settings do not fit each other.
	ErrConfig = hint.New("anchor: settings cannot be used",
		"The message names the setting; docs/anchoring.md describes them.")
	// ErrBinding: the DID document names no account, or not this one.
	ErrBinding = hint.New("anchor: the account does not speak for the issuer",
		"Name it with bonafide anchor bind; a stranger's anchor says nothing about an issuer.")
	// ErrFee: gas costs more than the cap allows. Nothing was sent; wait.
	ErrFee = hint.New("anchor: gas is dearer than the cap",
		"Wait until it is cheaper, or raise anchor_fee_cap_gwei.")
	// ErrBusy: the queue is full.
	ErrBusy = hint.New("anchor: the queue is full",
		"Look with bonafide anchor show why nothing is being included.")
	// ErrProof: the proof is malformed, or does not show what it says. Nothing is
	// known then.
	ErrProof = hint.New("anchor: not proven",
		"Make the proof again with bonafide anchor prove, and trust the hash of its block for a reason of your own.")
	// ErrConflict: somebody else changed the queue meanwhile. Load it again.
	ErrConflict = hint.New("anchor: the queue was changed by another node",
		"Nothing is lost; the next step goes on from what is stored.")
)
