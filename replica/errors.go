package replica

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrOffer: an offer that is empty or holds two things at once.
	ErrOffer = hint.New("replica: not one offer", "This is a defect of the calling program; offer one thing at a time.")
	// ErrUnknown: nothing is held under that identifier. Acquire it first.
	ErrUnknown = hint.New("replica: nothing is held about this identifier", "Follow the issuer, or allow the network so that its folder can be fetched.")
	// ErrNeedsLog: the subject's log, or a newer version of it, must come first.
	ErrNeedsLog = hint.New("replica: the identifier's log must come first", "Fetch did.jsonl from the same source and offer it before.")
	// ErrNeedsHistory: the digests of the heads in between must come too.
	ErrNeedsHistory = hint.New("replica: the history of heads is missing", "Fetch the history from the same source and offer it with the head.")
	// ErrNeedsManifest: the list of contents must come too.
	ErrNeedsManifest = hint.New("replica: the manifest is missing", "Fetch the manifest from the same source and offer it with the head.")
	// ErrHeadKey: the head is not signed by a key that may sign heads.
	ErrHeadKey = hint.New("replica: not a head by the issuer's head key", "Get the head from another source; if all give the same, ask the issuer.")
	// ErrHeadEpoch: the head names another epoch than its key has.
	ErrHeadEpoch = hint.New("replica: the head names a wrong epoch", "Get the head from another source; if all give the same, ask the issuer.")
	// ErrVoidEpoch: the log has dropped the head's key; its epoch is over.
	ErrVoidEpoch = hint.New("replica: the head's epoch was ended by the log", "Nothing is to be done; the issuer goes on under a new key.")
	// ErrFuture: the head says it was published at a time still to come.
	ErrFuture = hint.New("replica: the head is from the future", "Check this machine's clock; if it is right, ask the issuer.")
	// ErrTime: the head is older than the one before it.
	ErrTime = hint.New("replica: the head's time goes backwards", "Ask the issuer to check its clock.")
	// ErrManifest: the manifest is not the one that the head signs.
	ErrManifest = hint.New("replica: the manifest does not fit the head", "Fetch the manifest again from another source.")
	// ErrNotNamed: the newest head does not name this file with this content.
	ErrNotNamed = hint.New("replica: the newest head does not name this file", "Fetch the newest head first; the file may be older than it.")
	// ErrFile: a file's own proof or form does not hold.
	ErrFile = hint.New("replica: the file does not hold by itself", "Ask the issuer to publish the file named again.")
	// ErrForked: the offer conflicts with what is pinned; both are kept.
	ErrForked = hint.New("replica: two versions of one thing", "Run `bonafide fork verify` on the evidence and ask the issuer; what was seen first stays.")
	// ErrEvidence: evidence of a fork that does not prove one.
	ErrEvidence = hint.New("replica: the evidence proves no fork", "Nothing is to be done; whoever sent it may be in error.")
	// ErrSigner: a head cannot be built with this key.
	ErrSigner = hint.New("replica: this key cannot sign heads of the issuer", "Use the head key that the issuer's current document lists under capabilityInvocation.")
)
