// Package sqlite keeps the rows of package store in one SQLite file, without
// cgo.
//
// The first call is [Open]; it creates the file with mode 0600 when there is
// none, brings its schema up to date and verifies it:
//
//	st, err := sqlite.Open(ctx, filepath.Join(home, "bonafide.db"), sqlite.Config{})
//
// It promises, beyond what package store asks of every engine:
//
//   - write-ahead log with synchronous=FULL: a commit has been through fsync
//     before Update returns;
//   - one writing connection, handed out in turn and given up waiting for when
//     the context ends; a pool of reading connections, each View on its own
//     snapshot;
//   - a failed fsync is final: the store returns store.ErrFatal to every later
//     write, because the system may have dropped the pages that it could not
//     write;
//   - a checksum in every row and a content address on every body, verified on
//     each read, and the whole file verified at open (Config.OpenCheck);
//   - schema changes in numbered files, each applied in one transaction; a file
//     of a newer program is refused with store.ErrSchema.
//
// Two processes that open one file do not damage it (they wait for each other,
// then get store.ErrLocked), but the exclusive use of a home folder is the
// business of the caller. A key that is damaged while the store is open can
// hide its row until the next Check or Open; damage never yields wrong bytes.
//
// Built with the tag faults it has the failure points store.migrate (before a
// step of the schema is committed), store.commit and store.committed (before and
// after a commit is durable; after it, the caller has no answer).
//
// It never decides what may be stored, and it never deletes on its own.
package sqlite
