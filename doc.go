// Package bonafide is the map of the house; it holds no code.
//
// Bonafide lets an issuer of micro-credentials say who it is in law and which
// of its credentials still stand, and lets anybody else check that, without a
// central server and without telling the issuer who is being checked. An
// issuer publishes a small signed folder; every node is a watcher that keeps a
// copy.
//
// The first package to read depends on what you want to do:
//
//   - run a node or embed one: package node
//   - check a credential: packages verify and verdict
//   - resolve or maintain did:webvh identifiers: package did/webvh
//   - read and write the bytes that travel: packages record and replica
//   - talk to a running node: package client
//
// ARCHITECTURE.md lists every package with its floor. A package imports only
// packages of ours on a lower floor; the tests in this folder read that table
// and fail when the tree no longer agrees with it.
package bonafide
