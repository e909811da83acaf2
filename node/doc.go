// Package node puts the rooms of the house together: one node with its home,
// its keys, its book, its replica, its peers, and the operations that people
// call on it.
//
// The first call to make is [Init] for a new home, then [Open]; [Node.Op] runs
// one of the operations listed by [Ops], whether or not the node is on the
// network, and [Node.Run] puts it there until its context ends. The command
// line and the HTTP listeners are two faces of the same operations.
//
// It promises that an acknowledged change of status is committed before it is
// acknowledged, that a head is signed only on top of the last one that was
// published and stored before it leaves, that a node which meets a head under
// its own key that it did not sign stops signing, and that its own output
// passes the same door as everybody else's. [FailureOf] is the one map from
// errors to HTTP status and exit code.
//
// It never serves HTTP itself, never prints, and never sends anything about a
// learner to anybody.
package node
