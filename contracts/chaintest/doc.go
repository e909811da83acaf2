// Package chaintest runs a chain inside of a test: one go-ethereum node without
// a network that makes a block when it is told to, and funded accounts.
//
// The first call to make is [New]; then [Chain.Deploy] and [Chain.Send], each of
// which puts one transaction into a block of its own and returns its receipt,
// also where the transaction was reverted. [Chain.Backend] is the node itself,
// for tests of reorganisations and of time.
//
// It promises that accounts and their addresses are the same in every run. It is
// imported from test files only, and never asserts anything about a contract.
package chaintest
