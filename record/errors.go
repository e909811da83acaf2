package record

import "github.com/bonafide-id/bonafide/internal/hint"

// What this package refuses. Find them with errors.Is; the wrapping text says
// where in the input.
var (
	// ErrCID: text or bytes are no CIDv1 with codec raw and sha2-256. Refuse.
	ErrCID = hint.New("record: not a content address",
		"Content addresses start with bafkrei and have 59 characters; check that it was copied in full.")
	// ErrPath: a path breaks the rules of CheckPath. Refuse what names it.
	ErrPath = hint.New("record: path not allowed",
		"Use letters, digits, dot, underscore, tilde, hyphen and slash only, without empty or dot-only parts.")
	// ErrKind: the path or name is of none of the kinds that are replicated.
	// Carry it as an entry of a manifest, do not fetch it.
	ErrKind = hint.New("record: not a kind of record that is replicated",
		"Look at docs/protocol.md for the paths that a folder may hold.")
	// ErrTooLarge: more bytes than the kind may have. Refuse before parsing.
	ErrTooLarge = hint.New("record: too large",
		"Split the content; docs/protocol.md lists the largest size of each kind.")
	// ErrSubject: neither an SCID nor a DID. Refuse.
	ErrSubject = hint.New("record: not a subject",
		"Give the SCID of a did:webvh identifier, or another DID in full.")
	// ErrManifest: a line of a manifest is not in its one spelling, or lines
	// are unsorted or repeated. Refuse the manifest and try another source.
	ErrManifest = hint.New("record: malformed manifest",
		"Fetch the manifest again from another source; its lines must be sorted and in canonical form.")
	// ErrHead: a head breaks its format. Refuse it.
	ErrHead = hint.New("record: malformed head",
		"Fetch the head again from another source; if all give the same, the issuer's node is faulty.")
	// ErrNotCanonical: the bytes are not the JCS form (RFC 8785) of what they
	// say, so their content address would not be the only one. Refuse.
	ErrNotCanonical = hint.New("record: not in canonical form",
		"Fetch it again from another source; it must be exactly the bytes that were signed.")
	// ErrHistory: the bytes are no list of digests, or a position is outside
	// the history. Refuse, or ask for a position that exists.
	ErrHistory = hint.New("record: malformed history",
		"Fetch the history again from another source.")
	// ErrInclusion: an inclusion proof does not lead to the root. Refuse the
	// proof; it says nothing about the tree.
	ErrInclusion = hint.New("record: inclusion proof does not hold",
		"Fetch the proof again from another source.")
	// ErrConsistency: a consistency proof does not hold. Refuse the proof; it
	// is no evidence of a fork by itself.
	ErrConsistency = hint.New("record: consistency proof does not hold",
		"Fetch the proof again from another source.")

	// ErrEpoch: the two heads are of different issuers or epochs, so neither
	// extends the other. Ask the log which epoch counts.
	ErrEpoch = hint.New("record: heads of different epochs",
		"Compare the epochs with the issuer's log; the log outranks heads.")
	// ErrNotLater: the second head does not have a higher sequence. Keep the
	// first.
	ErrNotLater = hint.New("record: head is not later",
		"Keep the head that is already held.")
	// ErrHistoryLength: the list of digests is not as long as the second
	// head's sequence says. Ask for the right list.
	ErrHistoryLength = hint.New("record: history has the wrong length",
		"Ask for as many digests as the head's sequence minus one.")
	// ErrHistoryRoot: the list of digests does not have the root that the
	// second head signs. Ask another source for the list.
	ErrHistoryRoot = hint.New("record: history does not have the head's root",
		"Fetch the history again from another source.")
	// ErrInconsistent: the history that the second head signs does not begin
	// with the history that the first head signs. Keep the evidence: a fork.
	ErrInconsistent = hint.New("record: histories of heads are inconsistent",
		"Keep both heads as evidence and ask the issuer; its head key may be stolen.")
	// ErrNotInHistory: the history that the second head signs has another head
	// in the first one's place. Keep the evidence: a fork.
	ErrNotInHistory = hint.New("record: history has another head in this one's place",
		"Keep both heads as evidence and ask the issuer; its head key may be stolen.")
	// ErrPrevious: the second head names another previous head than its own
	// history does. Refuse the second head; its signer is faulty.
	ErrPrevious = hint.New("record: previous head is not the last of the history",
		"Refuse the head; the issuer's node is faulty.")

	// ErrFork: the evidence is malformed. Refuse it.
	ErrFork = hint.New("record: malformed fork evidence",
		"Ask for the evidence again from another source.")
	// ErrNoConflict: the evidence is well formed and shows no conflict.
	ErrNoConflict = hint.New("record: no conflict in the evidence",
		"Nothing to do: the two versions agree.")
	// ErrReconcile: the answers of a peer do not lead to the wanted manifest.
	// Drop the peer's answers and ask another, or fetch the whole manifest.
	ErrReconcile = hint.New("record: answers do not lead to the manifest",
		"Ask another peer, or fetch the whole manifest.")
)
