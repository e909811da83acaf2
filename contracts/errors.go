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
	// ErrEndpoint: a server of the chain cannot be asked or gives no usable
	// answer. Nothing is known then; ask another, or later.
	ErrEndpoint = hint.New("contracts: no answer from a server of the chain",
		"Look at the setting anchor_rpc and whether the server runs; the message names its host.")
	// ErrNoBlock: the server knows no such block, or its chain has none of that
	// name.
	ErrNoBlock = hint.New("contracts: no such block",
		"Wait until the server has caught up; set anchor_depth for a chain that finalizes nothing.")
	// ErrRefused: the contract would refuse the call. Do not send it.
	ErrRefused = hint.New("contracts: the contract refuses the call",
		"Read with bonafide anchor show what stands; an order number only grows.")
	// ErrSigner: the key cannot be opened, or the external signer did not sign
	// what it was given. Nothing was sent.
	ErrSigner = hint.New("contracts: no signature",
		"Look at the settings anchor_key, anchor_key_passphrase_file, anchor_signer and anchor_account; an external signer may be waiting for a person.")
	// ErrAddress: the text is no address of an account or contract.
	ErrAddress = hint.New("contracts: not an address",
		"Write 0x and 40 hex digits, in small letters or with the capitals of the checksum.")
	// ErrEvent: a log is not one of the contract's events.
	ErrEvent = hint.New("contracts: not an event of the contract",
		"Look whether the address is that of a copy of the contract.")
	// ErrProof: a StateProof does not lead from the trusted block to the slot, or
	// not to a copy of the contract. Nothing is known then; never take it for an
	// empty record.
	ErrProof = hint.New("contracts: not proven by this block",
		"Make the proof again, of the block whose hash is trusted and of the contract's address on that chain.")
)
