// Package client is the Go client of a Bonafide node's HTTP listeners.
//
// The first call to make is [New], with the base URLs of the public and the
// admin listener and the token that the node keeps in its home; then
// [Client.Op] for an operation of the admin listener, [Client.Stream] for one
// that reports progress, or [Client.Do] for any route.
//
// It promises that an answer that is not a success becomes an error: a
// [*Problem] with what the node said (RFC 9457), or [ErrUnreachable] when no
// node answered. Every answer is read under a cap. The token is sent to the
// admin base URL only, is read anew for each request from its file, and is
// never part of an error.
//
// It never follows a redirect, never uses a proxy of the environment, and
// never repeats a request: whether an operation may be repeated is for the
// caller to know.
package client
