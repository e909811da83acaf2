// Package credentials runs our proofs and tokens against other implementations:
// npm packages of Digital Bazaar, the Digital Credentials Consortium, panva
// (jose), the Decentralized Identity Foundation (did-jwt-vc) and OpenWallet
// (sd-jwt). What we make is judged by them and what they make by us, each with
// a copy in which one thing was changed, and both sides have to agree on all.
//
// Start with judge_test.go, then read dataintegrity_test.go. The tests have the
// build tag system; they need node and npm, and the packages of the lock file:
//
//	npm ci --prefix tests/interop/credentials
//	go test -tags system -v ./tests/interop/credentials
//
// With -v a table ends the run: suite, direction, document and what each side
// said; docs/interop.md explains it. The other side is one process without a
// network; keys are made anew in each run, and none is kept.
package credentials
