// Package store says what a node keeps and how a storage engine must keep it.
//
// It holds plain row structs, the interfaces of a transaction grouped by area
// (Subjects, Blobs, Files, ... Publications) and the sentinels. It contains no
// engine: open one with store/sqlite, then call [Store.Update] to write and
// [Store.View] to read:
//
//	err := st.Update(ctx, issuer, func(tx store.Tx) error {
//		return tx.PutSubject(store.Subject{Subject: scid, DID: did})
//	})
//
// What every engine promises, and store/storetest checks:
//
//   - Update is one durable, serializable transaction. When it returned nil the
//     rows survive a crash of the process and of the machine. When it returned
//     an error, or fn panicked, nothing was written.
//   - View reads one consistent snapshot, the newest one committed when it
//     began, and neither waits for writers nor holds them up.
//   - Bodies are checked against their content address and rows against their
//     checksum on every read: right bytes or [ErrCorrupt], never wrong bytes.
//   - A full or read-only disk refuses writes ([ErrFull], [ErrReadOnly]); reads
//     go on, and writes resume when the disk does, without a restart.
//
// It never interprets what it keeps: which head is acceptable, which bit may be
// set or which list is open is decided by the packages above. Times are int64
// Unix milliseconds, and 0 means "none".
package store
