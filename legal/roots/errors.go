package roots

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrForm: bytes are no list of roots, or break a rule of its form.
	ErrForm = hint.New("roots: not a list of trust roots", "Ask the publisher for the list as it was signed; the message names the member.")
	// ErrThreshold: too few of the keys that have to sign a version have signed it.
	ErrThreshold = hint.New("roots: too few signatures", "Have more holders of the list's keys sign it; do not adopt it before.")
	// ErrFingerprint: the keys are not those that the operator was told of.
	ErrFingerprint = hint.New("roots: another fingerprint", "Compare the fingerprint with the one that the publisher gives by another way; do not adopt the list if they differ.")
	// ErrRollback: a version is older than the one that was adopted.
	ErrRollback = hint.New("roots: an older list than the one adopted", "Ask other holders of the publisher's folder; somebody shows an old state.")
	// ErrGap: a version between the one adopted and a later one is not at hand.
	ErrGap = hint.New("roots: a version in between is missing", "Fetch the publisher's folder again, with every version in it.")
	// ErrFork: two versions of one number are both signed.
	ErrFork = hint.New("roots: two lists of one number", "Do not adopt either; ask the publisher, and keep both as evidence.")
	// ErrExpired: the newest version is past its term.
	ErrExpired = hint.New("roots: the list is past its term", "Update the list; until a newer version is here its roots count for nothing.")
)
