// Package fetch is the HTTP client for everything a node reads from the web:
// logs, documents, status lists and folders of issuers.
//
// The first call to make is [Stranger] or [Operator], then [Client.Get].
// Stranger is for every URL that came out of somebody's bytes (a DID, a
// credential, a log): https only, public addresses only, and the address that
// was checked is the address that is dialled. Operator is for the few hosts
// that the operator of the node wrote into the configuration: loopback,
// private addresses and plain http are allowed there. Never hand a stranger's
// URL to an Operator client.
//
// Both promise: no redirects, no cookies, no proxy from the environment, no
// decompression, one body cap that is checked against Content-Length before
// the body is read, a header cap of 64 KiB, one deadline for the whole, a
// minimum rate, a limit of concurrent requests per host, and one request on
// the wire for equal GETs that are asked for at the same time. A [Budget] in
// the context bounds what one piece of work may fetch altogether.
//
// Implements the transport rules of did:webvh 1.0, "DID-to-HTTPS
// Transformation" and "Security and Privacy Considerations".
//
// It never follows what a server suggests, never caches, and never tells the
// server which node is asking.
package fetch
