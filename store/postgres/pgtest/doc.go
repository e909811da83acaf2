// Package pgtest runs a PostgreSQL server of its own for tests, in a temporary
// folder and reachable by a socket in it.
//
// The first call is [Start]:
//
//	server := pgtest.Start(t)
//	st, err := postgres.Open(ctx, server.Schema(t), postgres.Config{})
//
// It finds the programs of the Debian package "postgresql" (or those in PATH);
// without them a test does not pass: it is skipped with a line that says so, and
// fails where CI=true. The server keeps its usual settings, fsync included. As root,
// which initdb refuses, it runs as the user postgres or nobody.
//
// [Proxy] stands between a store and the server and cuts connections where a test
// wants them cut.
package pgtest
