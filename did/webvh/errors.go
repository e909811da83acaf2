package webvh

import (
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/hint"
)

const askOwner = "The log does not verify: fetch it from another source, and if that copy is the same, tell the owner of the identifier."

// One sentinel for each rule. A log that breaks one is refused from that entry
// on; what stands before it stays good and is in [VerifyError].
var (
	// ErrID: the text is no did:webvh identifier. Refuse it.
	ErrID = hint.New("webvh: not a did:webvh identifier",
		"Check that the identifier was copied whole, and that it names a domain and not an IP address.")
	// ErrTooLarge: the log, a line or the witness file exceeds the limits.
	ErrTooLarge = hint.New("webvh: too large",
		"Check where the file comes from; raise the limits only for an identifier you trust.")
	// ErrEmpty: the log holds no entry.
	ErrEmpty = hint.New("webvh: log is empty",
		"Check that the file is the did.jsonl and was fetched whole.")
	// ErrLine: a line is no log entry: not one JSON object with exactly the
	// members versionId, versionTime, parameters, state and proof.
	ErrLine = hint.New("webvh: line is not a log entry", askOwner)
	// ErrVersionID: not "<number>-<hash>", or the number does not follow.
	ErrVersionID = hint.New("webvh: versionId is malformed or out of sequence", askOwner)
	// ErrVersionTime: no UTC time, or not after that of the entry before.
	ErrVersionTime = hint.New("webvh: versionTime is malformed or does not grow", askOwner)
	// ErrFutureTime: a versionTime lies ahead of now by more than the skew.
	ErrFutureTime = hint.New("webvh: versionTime lies in the future",
		"Check the clock of this machine; if it is right, wait, or tell the owner of the identifier.")
	// ErrMethodVersion: a method version other than did:webvh:1.0.
	ErrMethodVersion = hint.New("webvh: unknown method version",
		"Update this program if the log is written for a newer version of did:webvh.")
	// ErrParameter: a parameter is unknown, missing, misplaced or malformed.
	ErrParameter = hint.New("webvh: invalid parameter", askOwner)
	// ErrSCID: the SCID is malformed, does not match the first entry, or a
	// document carries another one.
	ErrSCID = hint.New("webvh: SCID does not match", askOwner)
	// ErrStateID: the id of a document is no bare did:webvh identifier.
	ErrStateID = hint.New("webvh: document id is not a did:webvh identifier", askOwner)
	// ErrState: the DID document itself is malformed.
	ErrState = hint.New("webvh: DID document is malformed", askOwner)
	// ErrEntryHash: the hash in versionId is not that of the entry.
	ErrEntryHash = hint.New("webvh: entry hash does not match", askOwner)
	// ErrUpdateKey: the proof is by a key that is not allowed to update.
	ErrUpdateKey = hint.New("webvh: signed by a key that may not update", askOwner)
	// ErrKeyReference: a verificationMethod is not did:key:X#X with both the
	// same.
	ErrKeyReference = hint.New("webvh: key reference is not did:key:X#X", askOwner)
	// ErrCryptosuite: the proof is not of suite eddsa-jcs-2022.
	ErrCryptosuite = hint.New("webvh: proof is not eddsa-jcs-2022", askOwner)
	// ErrProof: an entry's proof is missing, malformed or does not verify.
	ErrProof = hint.New("webvh: proof does not verify", askOwner)
	// ErrPreRotation: updateKeys or nextKeyHashes are missing while
	// pre-rotation is active, or a key was not committed to.
	ErrPreRotation = hint.New("webvh: pre-rotation is not kept", askOwner)
	// ErrWitness: the witness parameter is malformed.
	ErrWitness = hint.New("webvh: invalid witness parameter", askOwner)
	// ErrWitnessFile: the witness file is malformed.
	ErrWitnessFile = hint.New("webvh: witness file is malformed",
		"Fetch the did-witness.json again, from another source if need be.")
	// ErrWitnessProof: an entry lacks the witness proofs that its log demands.
	ErrWitnessProof = hint.New("webvh: not enough witness proofs",
		"Fetch the did-witness.json that belongs to this log; it is published before the log.")
	// ErrPortable: moved without being portable, made portable later, or moved
	// without naming the identifier it had before.
	ErrPortable = hint.New("webvh: identifier is not portable", askOwner)
	// ErrDeactivated: an entry follows the one that closed the identifier, or
	// an update of a closed identifier was asked for.
	ErrDeactivated = hint.New("webvh: identifier is deactivated",
		"Nothing can follow a deactivation: use another identifier.")
	// ErrDIDMismatch: no entry carries the identifier that was asked for.
	ErrDIDMismatch = hint.New("webvh: log is that of another identifier",
		"Check the identifier; this log was copied from somewhere else.")
	// ErrTruncated: the log is valid but shorter than one verified before.
	// Keep what is remembered and mark the source.
	ErrTruncated = hint.New("webvh: log is shorter than one seen before",
		"This source is behind or hides updates: ask another one.")
	// ErrForked: the log is valid but another branch than the one verified
	// before. Keep what is remembered; the pair is evidence.
	ErrForked = hint.New("webvh: log is another branch than the one seen before",
		"Two valid histories exist: ask the owner and its witnesses which one stands, and keep both as evidence.")
	// ErrSigner: a key handed in for writing cannot sign this entry.
	ErrSigner = hint.New("webvh: this key cannot sign the next entry",
		"Use the update key that the newest entry commits to.")
)

// VerifyError says where a log stopped being valid.
type VerifyError struct {
	// Err wraps the sentinel of the broken rule.
	Err error
	// Code is "invalidParameters", "invalidProof", "invalidDid" or "notFound".
	Code string
	// Entry is the number of the broken entry, from 1; 0 when the fault is not
	// that of an entry.
	Entry int
	// LastValid is the versionId of the last valid entry, "" when there is none.
	LastValid string
	// History holds the valid entries before the fault, nil when there are
	// none. For ErrTruncated and ErrForked it is the whole log that came in.
	History *History
}

// Error names the entry and the reason.
func (e *VerifyError) Error() string {
	if e.Entry == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("entry %d: %v", e.Entry, e.Err)
}

// Unwrap gives the reason and [did.ErrInvalid], the method's one word for it.
func (e *VerifyError) Unwrap() []error { return []error{e.Err, did.ErrInvalid} }

// code sorts a reason into the words that the public vectors use.
func code(err error) string {
	for _, c := range []struct {
		code string
		errs []error
	}{
		{"invalidProof", []error{ErrProof, ErrCryptosuite, ErrUpdateKey, ErrKeyReference, ErrWitnessProof, ErrWitnessFile}},
		{"invalidParameters", []error{ErrParameter, ErrPreRotation, ErrWitness}},
		{"notFound", []error{ErrEmpty}},
	} {
		for _, e := range c.errs {
			if errors.Is(err, e) {
				return c.code
			}
		}
	}
	return "invalidDid"
}
