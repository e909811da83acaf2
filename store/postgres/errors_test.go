package postgres

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bonafide-id/bonafide/store"
)

func TestTranslate(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		err   error
		want  error
		again bool
	}{
		{"serialization failure", t.Context(), &pgconn.PgError{Code: "40001"}, store.ErrLocked, true},
		{"deadlock", t.Context(), &pgconn.PgError{Code: "40P01"}, store.ErrLocked, true},
		{"value taken meanwhile", t.Context(), &pgconn.PgError{Code: "23505"}, store.ErrExists, true},
		{"parent missing", t.Context(), &pgconn.PgError{Code: "23503"}, store.ErrNotFound, false},
		{"disk full", t.Context(), &pgconn.PgError{Code: "53100"}, store.ErrFull, false},
		{"read-only server", t.Context(), &pgconn.PgError{Code: "25006"}, store.ErrReadOnly, false},
		{"no privilege", t.Context(), &pgconn.PgError{Code: "42501"}, store.ErrReadOnly, false},
		{"disk error", t.Context(), &pgconn.PgError{Code: "58030"}, store.ErrIO, false},
		{"damaged page", t.Context(), &pgconn.PgError{Code: "XX001"}, store.ErrCorrupt, false},
		{"table gone", t.Context(), &pgconn.PgError{Code: "42P01"}, store.ErrCorrupt, false},
		{"lock not had in time", t.Context(), &pgconn.PgError{Code: "55P03"}, store.ErrLocked, false},
		{"shutting down", t.Context(), &pgconn.PgError{Code: "57P01"}, store.ErrUnreachable, false},
		{"starting up", t.Context(), &pgconn.PgError{Code: "57P03"}, store.ErrUnreachable, false},
		{"password wrong", t.Context(), &pgconn.PgError{Code: "28P01"}, store.ErrUnreachable, false},
		{"too many connections", t.Context(), &pgconn.PgError{Code: "53300"}, store.ErrUnreachable, false},
		{"value out of range", t.Context(), &pgconn.PgError{Code: "22003"}, store.ErrInvalid, false},
		{"unknown", t.Context(), &pgconn.PgError{Code: "XX000"}, store.ErrIO, false},
		{"no code", t.Context(), &pgconn.PgError{}, store.ErrIO, false},
		{"connection lost", t.Context(), io.ErrUnexpectedEOF, store.ErrUnreachable, false},
		{"connection lost because the context ended", ended, io.ErrUnexpectedEOF, context.Canceled, false},
		{"cancelled because the context ended", ended, &pgconn.PgError{Code: "57014"}, context.Canceled, false},
		{"about one row", ended, store.ErrConflict, store.ErrConflict, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := translate(c.ctx, c.err)
			var again *errAgain
			if !errors.Is(got, c.want) || errors.As(got, &again) != c.again {
				t.Errorf("%v (again %v), want %v (again %v)", got, again != nil, c.want, c.again)
			}
		})
	}
	if err := translate(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
