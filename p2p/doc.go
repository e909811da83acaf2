// Package p2p carries bytes between nodes: hints by gossip, questions and
// answers over streams, and where to find whom. It knows no identifier of an
// issuer, no kind of record and no document format.
//
// The first call to make is [New] with a [Config]; its zero value listens on
// UDP and TCP port 8482. A Host answers as soon as New returns; [Host.Run]
// then keeps the configured peers, the distributed hash table and the local
// discovery alive until its context ends, and [Host.Close] ends everything.
//
// Three services stand on one host:
//
//   - Gossip ([Host.Join], [Host.Publish]) is a hint channel of at most 8 KiB a
//     message. It may lose, repeat and reorder. Messages carry neither author
//     nor signature, because their content proves itself; their identity is
//     the digest of topic and content, so the same content is handled once,
//     whoever sends it. Nothing is retried here: what was missed is found by
//     comparing, over streams.
//   - Streams ([Host.Handle], [Host.Request]) carry one request and its frames
//     under "/bonafide/<op>/1". Every size, time, number and rate has a limit,
//     and an answer without its end frame is an error, never a short answer.
//   - Discovery ([Host.Provide], [Host.FindProviders], mDNS) runs under our own
//     protocol names and never joins a public network. It yields hints: a peer
//     identifier gives nobody any authority.
//
// It promises that one hostile peer costs bounded memory and work, that peers
// named by the operator are never trimmed and are dialled for ever, and that a
// stranger cannot make it dial loopback or link-local addresses. It never
// runs WebRTC, WebTransport or WebSocket, and never stores a message.
package p2p
