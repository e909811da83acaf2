// Package web resolves did:web: the document that a web server shows at the
// moment.
//
// The first call to make is [New] with something that fetches; the rules for
// fetching on behalf of strangers are the fetcher's. [URL] alone maps an
// identifier to where its document stands.
//
// It promises that the document is about the identifier asked for, that
// identifiers which name an IP address are refused, and that every answer is
// marked as of low assurance: there is no history, so whoever runs the server
// can put any key there unseen. It keeps no state and no copy.
package web
