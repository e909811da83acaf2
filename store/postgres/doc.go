// Package postgres keeps the rows of package store in a PostgreSQL database, so
// that several nodes can work for the same issuers.
//
// The first call is [Open]; it brings the schema up to date:
//
//	st, err := postgres.Open(ctx, "postgres://bonafide@/bonafide?host=/run/postgresql", postgres.Config{})
//
// It promises, beyond what package store asks of every engine:
//
//   - every Update is a SERIALIZABLE transaction with synchronous_commit at least
//     on; transactions of one scope take turns, also between processes (by an
//     advisory lock that the server drops with the connection), and one that the
//     server refuses for the sake of order is run again;
//   - when the connection breaks after COMMIT was sent, the server is asked what
//     became of that transaction: Update returns nil when it was committed and runs
//     fn again when it was not. Only when nobody could be asked for
//     Config.InDoubt does it return store.ErrInDoubt;
//   - a server that is away is store.ErrUnreachable, for each call by itself: no
//     restart is needed when it is back;
//   - checksums in every row and content addresses on every body, as in sqlite.
//
// It uses the server's own knowledge of transactions (pg_xact_status, version 13
// or newer) and session locks, so it wants a connection of its own to the server,
// not one through a pooler that changes servers between transactions.
//
// Built with the tag faults it has the failure points store.migrate, store.commit
// and store.committed of package sqlite.
package postgres
