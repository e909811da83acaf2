package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bonafide-id/bonafide/store"
)

// logical reports errors that concern one row: the transaction goes on and may
// still commit. None of them comes from the server.
func logical(err error) bool {
	for _, e := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrInvalid, store.ErrViewOnly, store.ErrCorrupt} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errAgain marks an error after which the transaction is known not to have
// happened and may be run again.
type errAgain struct{ err error }

func (e *errAgain) Error() string { return e.err.Error() }
func (e *errAgain) Unwrap() error { return e.err }

// translate maps an error of the driver to a sentinel of package store, keeping
// the text of the server. The end of ctx comes before what it led to.
func translate(ctx context.Context, err error) error {
	var again *errAgain
	switch {
	case err == nil, errors.As(err, &again), logical(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case sentinel(err):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return store.ErrNotFound
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		// Not an answer of the server: the way to it is broken. Values that a column
		// cannot have do not come up, since the driver knows the columns' types.
		var scan pgx.ScanArgError
		if errors.As(err, &scan) {
			return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		return fmt.Errorf("%w: %w", store.ErrUnreachable, err)
	}
	mapped := fmt.Errorf("%w: %s (SQLSTATE %s)", classify(e.Code), e.Message, e.Code)
	if retriable(e.Code) {
		return &errAgain{mapped}
	}
	return mapped
}

// sentinel reports errors that need no translation.
func sentinel(err error) bool {
	for _, e := range []error{store.ErrFull, store.ErrReadOnly, store.ErrIO, store.ErrFatal, store.ErrSchema,
		store.ErrLocked, store.ErrClosed, store.ErrUnreachable, store.ErrInDoubt} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// retriable reports that the server refused a transaction for the sake of order.
// A value that is taken is among them: under SERIALIZABLE it stands for "taken
// since you looked", because what was taken before is seen beforehand.
func retriable(code string) bool {
	switch code {
	case "40001", "40P01", "23505":
		return true
	}
	return false
}

// classify maps an SQLSTATE.
func classify(code string) error {
	switch code {
	case "40001", "40P01": // serialization failure, deadlock
		return store.ErrLocked
	case "55P03", "57014": // lock not available in time; cancelled
		return store.ErrLocked
	case "23503":
		return store.ErrNotFound
	case "23505":
		return store.ErrExists
	case "53100":
		return store.ErrFull
	case "25006", "42501": // read-only transaction; insufficient privilege
		return store.ErrReadOnly
	case "58030":
		return store.ErrIO
	case "58P01", "XX001", "XX002", "42P01", "42703": // file, page, index, table or column not as written
		return store.ErrCorrupt
	case "25P03", "57P01", "57P02", "57P03", "57P04", "57P05", "53300", "3D000", "3F000":
		return store.ErrUnreachable
	}
	switch code[:min(2, len(code))] {
	case "08", "28": // connection, authorization
		return store.ErrUnreachable
	case "22", "23", "54": // value, constraint, size
		return store.ErrInvalid
	}
	return store.ErrIO
}
