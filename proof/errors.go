package proof

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a proof is refused. Compare with errors.Is; the text
// of the wrapping error names the proof or the member.
var (
	// ErrMissing: no proof at all, or a proof without a required member. Treat
	// the document as unsigned.
	ErrMissing = hint.New("proof: required part is missing",
		"Ask the issuer for the signed form of this document.")
	// ErrMalformed: a member of the proof has the wrong type or form. Refuse.
	ErrMalformed = hint.New("proof: malformed",
		"Check that the document was copied whole; otherwise ask the issuer to sign it again.")
	// ErrSuite: the suite is not supported, or does not fit the key. Treat what
	// it secures as unknown.
	ErrSuite = hint.New("proof: unsupported cryptosuite",
		"Ask the issuer for a proof of suite eddsa-jcs-2022 or eddsa-rdfc-2022.")
	// ErrPurpose: the proof was made for another purpose. Refuse.
	ErrPurpose = hint.New("proof: made for another purpose",
		"Ask the issuer to sign with the purpose that this use demands.")
	// ErrDomain: the presentation was made for somebody else. Refuse.
	ErrDomain = hint.New("proof: bound to another domain",
		"Ask the holder for a presentation made for your own domain.")
	// ErrChallenge: the presentation answers another question. Refuse.
	ErrChallenge = hint.New("proof: bound to another challenge",
		"Send the holder a fresh challenge and ask for a new presentation.")
	// ErrTransform: the document could not be brought into canonical form.
	ErrTransform = hint.New("proof: document has no canonical form",
		"Check the contexts and terms of the document; those this program knows are built in.")
	// ErrSignature: the signature is not one by this key over these bytes.
	ErrSignature = hint.New("proof: signature does not verify",
		"The document was changed after signing, or signed by another key: get it again from its issuer.")
	// ErrExpired: the proof's expires is past.
	ErrExpired = hint.New("proof: expired",
		"Ask the issuer for a document with a fresh proof.")
	// ErrFuture: the proof's created lies ahead by more than the tolerance.
	ErrFuture = hint.New("proof: created in the future",
		"Check the clock of this machine, then that of the signer.")
	// ErrChain: a previousProof is missing, does not hold, or leads in a circle.
	ErrChain = hint.New("proof: broken chain of proofs",
		"Ask for the document with all the proofs that the last one builds on.")
	// ErrTooMany: more proofs than are read.
	ErrTooMany = hint.New("proof: too many proofs",
		"Check where the document comes from; no honest document carries this many proofs.")
	// ErrBaseProof: an issuer's proof for selective disclosure that was made for
	// the holder alone. It says nothing about validity; ask for a derived one.
	ErrBaseProof = hint.New("proof: base proof of ecdsa-sd-2023, which is for its holder only",
		"Derive first: the holder chooses what to show and hands on the derived document; a base proof gives everything away.")
	// ErrPointer: a JSON pointer selects nothing, or less than a statement.
	ErrPointer = hint.New("proof: JSON pointer does not fit the document",
		"Write pointers like /credentialSubject/name; each must lead to a member of this document that makes statements of its own.")
	// ErrTime: a text is no XML Schema date and time as the format demands.
	ErrTime = hint.New("proof: not a date and time",
		"Write times like 2026-01-31T12:00:00Z.")
)
