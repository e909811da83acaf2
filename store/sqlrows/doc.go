// Package sqlrows is the part that engines which speak SQL have in common: the
// rows of package store as tables, their checksums, and every method of a
// transaction, over an [Engine] that only runs statements.
//
// An engine makes one [Tx] for each transaction it opens:
//
//	tx := sqlrows.New(tables, engine, true)
//	err := fn(tx)
//
// What an engine's schema must have: the tables and columns of [NewTables] and
// a table blobs (cid, body), texts compared byte by byte, 64-bit integers for
// numbers and truth values, deferred foreign keys from the rows of a subject.
//
// It writes the SQL that its engines understand alike, with ? for arguments;
// an engine that spells them otherwise rewrites them. It opens nothing, knows no
// driver and never decides whether a transaction is committed.
package sqlrows
