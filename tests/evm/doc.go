// Package evm tests the anchor contract with the tools of its trade: the
// committed artefacts are compiled anew, a linter and a fuzzer go over the
// source, and the gas of each use is compared with two contracts of others that
// serve the same end, ERC-1056 (ethr-did-registry) and EAS, on the same chain.
//
// Start with artefacts_test.go. The tests have the build tag system; they need
// node and npm, and the packages of the lock file, the compiler among them:
//
//	npm ci --prefix tests/evm
//	go test -tags system -v ./tests/evm
//
// Nothing here speaks to a network: chain, compiler and fuzzer run in the
// process of the test or beside it. With -v the table of gas is printed.
package evm
