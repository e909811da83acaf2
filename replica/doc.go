// Package replica is the one door through which everything that others signed
// comes in, and the verified copies behind it.
//
// The first calls to make are [New] and [Replica.Accept]. An offer is a log of
// did:webvh, a head, a file or evidence of a fork, whoever sent it; the node's
// own output passes the same door. Accept answers with one of six outcomes:
// fresh (kept), known, stale (older than what is held), pending (something has
// to come first), forked (kept as evidence) or refused. Reading is by
// [Replica.Log], [Replica.Head], [Replica.File] and [Replica.Locate].
//
// It promises that a newer verified state is never replaced by an older one,
// whatever the order of offers; that the first branch seen of a log stays
// pinned and the other is kept as evidence; that the log outranks heads, so
// that a stolen head key costs an epoch and no more; that a file counts only
// where the newest head names it; and that a revocation bit once seen set is
// remembered. What it holds survives a restart, and is verified again when it
// is first read.
//
// It never fetches anything, knows no peer, and believes no domain: that an
// identifier was seen at its host is recorded as a sighting of its own.
package replica
