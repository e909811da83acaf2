// Package api is the HTTP face of a node: one public listener, which anybody
// may ask, and one admin listener, which wants the home's token.
//
// The first call to make is New, with the node; Server.Public and Server.Admin
// are its two handlers, and Server.PublicServer and Server.AdminServer wrap
// them with the time-outs that a listener on the internet needs:
//
//	s := api.New(api.Config{Node: n})
//	err := s.PublicServer().Serve(listener)
//
// The public listener resolves identifiers (W3C DID Resolution, HTTP binding),
// verifies credentials and presentations (VCALM, and what older clients of
// VC-API send), answers as a did:webvh watcher, and serves the folders of the
// node's own issuers at the paths of their identifiers. The admin listener runs
// operations and issues. openapi.json lists every route of both; it is made from
// the router's own tables.
//
// It promises that every answer that is not a success is a problem document
// (RFC 9457) with a hint and the command line's exit code, or the error object
// that DID Resolution puts in its place; that a body is counted before it is
// read and read before it is parsed; that a panic becomes a problem without
// text; that nothing on the admin listener happens without the token, through
// a foreign Host or Origin, or by GET; and that no address of a client is kept
// or logged.
//
// It never decides anything: verdicts come from package verify, and the map
// from errors to statuses is node.FailureOf.
package api
