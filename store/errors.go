package store

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrNotFound: there is no such row, or a written row names a subject that
	// is not in the store. Callers treat it as "we hold nothing".
	ErrNotFound = hint.New("store: no such row", "Check the name; if it belongs to another node, follow or fetch the subject first.")

	// ErrExists: the key, or another unique value of the row, is taken (an
	// allocated index, an issued id, a DID of another subject, a fork already
	// kept). Callers choose another key; they never overwrite.
	ErrExists = hint.New("store: already there", "Use another index or id; what is recorded first stays.")

	// ErrConflict: the row is not what the caller expected (lost compare and
	// swap, history not contiguous, size of a list changed). Callers read again
	// and decide anew; they never force it.
	ErrConflict = hint.New("store: changed by somebody else meanwhile", "Read the current state and repeat the operation; if it persists, make sure that no second node runs for this issuer.")

	// ErrCorrupt: stored bytes are not those that were written. Callers treat
	// the row as absent knowledge, fetch it again where they can, and tell the
	// operator.
	ErrCorrupt = hint.New("store: stored data is damaged", "Run `bonafide fsck`; replicated data is fetched again from peers, the issuer's own book comes back from a backup.")

	// ErrFull: the disk is full. Nothing was written, reads go on, and the same
	// call succeeds once there is space again.
	ErrFull = hint.New("store: disk is full", "Free space on the disk of the home folder; no restart is needed.")

	// ErrReadOnly: the disk or the database file cannot be written. Nothing was
	// written, reads go on.
	ErrReadOnly = hint.New("store: disk or file is read-only", "Make the home folder writable for this user again (mount options, permissions); no restart is needed.")

	// ErrIO: the disk answered with an error that is none of the others.
	// Nothing was written. Callers may try again.
	ErrIO = hint.New("store: input/output error", "Look at the system log for disk errors and run `bonafide fsck`.")

	// ErrFatal: the system could not say whether written data reached the disk
	// (fsync failed). Every further write is refused: the caller ends the
	// process, and the next start finds only what was acknowledged.
	ErrFatal = hint.New("store: the disk could not confirm a write", "Check the disk, then start the node again; it will not write before that.")

	// ErrSchema: the file was written by a newer version of the program.
	ErrSchema = hint.New("store: written by a newer version", "Run the newer version of bonafide again, or restore a backup made by this one.")

	// ErrLocked: another process holds the store and did not let go in time.
	// Callers may try again.
	ErrLocked = hint.New("store: in use by another process", "Wait for the other command to end, or send the command to the running node.")

	// ErrUnreachable: the database server cannot be reached or refuses us. Nothing
	// was written. Callers may try again; no restart is needed once it is back.
	ErrUnreachable = hint.New("store: the database cannot be reached", "Make sure that the database server runs and that the setting `store`, user and password are right; once it is back no restart is needed.")

	// ErrInDoubt: the connection broke while a write was being confirmed, and the
	// database could not be asked since whether it was. It is the one error after
	// which something may have been written. Callers look before they repeat.
	ErrInDoubt = hint.New("store: not known whether a write was recorded", "When the database is back, look at the state and repeat the command if need be; repeating a revocation is harmless.")

	// ErrClosed: the store was closed.
	ErrClosed = hint.New("store: closed", "The node is shutting down; start it again.")

	// ErrViewOnly: a method that writes was called inside View, which is a
	// mistake in the calling code.
	ErrViewOnly = hint.New("store: write inside a read transaction", "Report this as a defect of the program.")

	// ErrInvalid: an argument is outside the documented bounds, or a body is not
	// what its content address says. Nothing was written by that call.
	ErrInvalid = hint.New("store: invalid row", "Report this as a defect of the program; the message names the value.")
)
