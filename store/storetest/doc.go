// Package storetest is the behaviour that every engine of package store shows.
//
// An engine calls [Run] from its own tests with a function that opens an empty
// store, and [RunReopen] with one that can also open the same data again:
//
//	func TestBehaviour(t *testing.T) { storetest.Run(t, open) }
//
// What Run checks: the round trip of every row kind with every field set, the
// unique keys, pages, cascades and bounds that the interfaces document; that a
// transaction is all or nothing after an error, a panic, an ended goroutine or
// an ended context; that a reader keeps its snapshot; and that concurrent
// transactions never hand out one index, one sequence number or one publication
// twice.
//
// It never looks into an engine: tests that damage files or kill processes
// belong to the engine's own package.
package storetest
