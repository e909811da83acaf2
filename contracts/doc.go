// Package contracts holds the anchor contract and what Go needs to speak to it:
// the generated binding, the order number of a head, the digest inside an SCID
// as the subject, the place of a record in the contract's storage, and the
// Merkle batch of many heads.
//
// The first call to make is [NewAnchor], which packs calls and unpacks events;
// [OrderOf] and [ParseSubject] make what goes into them, [NewBatch] the root
// of grade existed-by. [StateProof.Verify] shows one record against the hash of
// a trusted block, without a server; [FloorSlot] and [BatchSlot] say where the
// record is. [CodeHash] is what stands at the address of every true copy.
//
// It promises that Anchor.sol, the artefacts and the binding belong together:
// the code of the contract depends on nothing but its source and the pinned
// compiler, "go generate ./contracts" makes them again (it needs node and "npm
// ci --prefix tests/evm"), and tests compare. The contract has no owner, cannot
// be changed or paused, calls nobody, and lets an account write under its own
// address only.
//
// It never says that an anchor is about an issuer: whether the account speaks
// for the subject is in the issuer's DID document, which is not seen here. Only
// digests of organisations' heads go on a chain, never anything about a learner.
package contracts

//go:generate node ../tests/evm/compile.mjs Anchor.sol artefact
//go:generate go test -run ^TestBinding$ -write .
