// Package exchange keeps replicas alike: it fetches folders from peers and
// from the web, answers the questions of peers, and turns gossip into
// questions.
//
// The first calls to make are [New], then [Exchange.Handlers] and
// [Exchange.Gossip], which the caller wires to its peers, and [Exchange.Run].
// [Exchange.Sync] brings one folder up to date from one peer at a cost
// proportional to what changed; [Exchange.Acquire] finds the folder of an
// identifier that was never met, asking other holders before the issuer.
//
// It promises that nothing enters the replica but through its door, that
// gossip is only a hint and the questions are the truth, that a folder is
// always asked for whole and never one list of it, that every question and
// answer is bounded, and that a report says who was asked for what.
//
// It knows no transport: peers are strings, messages are bytes. It never
// announces what a plain verifier has looked at.
package exchange
