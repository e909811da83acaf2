// Package web resolves did:web: the document is a file on a web server
// (did:web method specification, 2026-05-08).
//
// The first call to make is [New] with a way to fetch. Answers are of low
// assurance and say so: there is no history and no self-certification, so that
// whoever runs the server, or ever ran it, could put any key there unseen. A
// caller that wants to notice changes keeps what it saw.
//
// Domains follow the same rules as in did:webvh: at least two labels, no IP
// address in any spelling, everything decoded exactly once. The document's id
// must be the identifier, byte for byte. What the fetcher may reach is the
// fetcher's to guard (no redirects, public addresses only); the package opens
// no connection itself and keeps no cache.
package web
