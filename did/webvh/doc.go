// Package webvh is did:webvh 1.0: identifiers whose whole history can be
// verified from a log file, wherever the bytes come from.
//
// The first call to make is [Verify]: it takes the bytes of a did.jsonl and,
// where the identifier has witnesses, of a did-witness.json, and returns a
// [History] in which every entry was checked. [History.Resolve] answers for the
// newest version or for an old one; [History.Extend] takes a newer copy of the
// same log and checks only what is new. [Create] and [History.Update] write
// logs, signing through key.Signer, and pass their own output through the same
// verification.
//
// The package is pure: bytes, a clock reading and a remembered state come in,
// a history or an error comes out. It opens no connection, keeps no store and
// reads no clock. [ID.LogURL] and [ID.WitnessURL] say where a caller may fetch.
//
// It promises that every rule of the specification that a log can break has a
// sentinel error of its own, that nothing of an entry counts before all of it
// and all before it was checked, that one changed byte never gives another
// document, and that a log once seen longer is never taken back to a shorter
// one or to another branch when the caller hands in its [Memory]. Longer never
// wins over first seen: two branches are a [Relation] to report, not to settle.
//
// A domain in an identifier, and all the more one that the identifier claims
// to have had before, is a claim. Nothing here takes it as proven.
//
// docs/webvh.md lists the rules with their sentinels and tests.
package webvh
