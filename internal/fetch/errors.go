package fetch

import "github.com/bonafide-id/bonafide/internal/hint"

// Errors of this package. Compare with errors.Is; the text names the URL.
var (
	// ErrURL: the text is no absolute URL that may be fetched (no host, user
	// information, a fragment, a bad port). Refuse the input that carried it.
	ErrURL = hint.New("fetch: unusable URL", "Give an absolute URL of the form https://host/path without user name or fragment.")
	// ErrScheme: not https (or, for an Operator client, neither http nor
	// https). Refuse the input that carried it.
	ErrScheme = hint.New("fetch: scheme not allowed", "Use an https URL; http is accepted only for hosts that the operator configured.")
	// ErrForbiddenAddress: the host is an address literal, a name of the local
	// network, or resolves to addresses that are not public. Do not retry.
	ErrForbiddenAddress = hint.New("fetch: address not allowed", "Publish under a public host name; for tests on one machine map the host to loopback with --dev-host-map.")
	// ErrRedirect: the server answered with a redirect, which is never
	// followed. Ask the publisher to serve the file at its own URL.
	ErrRedirect = hint.New("fetch: redirect refused", "Serve the file at the URL itself; redirects are never followed.")
	// ErrNotFound: the server says 404 or 410. The file is not there; try
	// another source.
	ErrNotFound = hint.New("fetch: not found", "Check the identifier, or ask a peer or watcher that holds a copy.")
	// ErrStatus: any other answer than 200. Try later or elsewhere.
	ErrStatus = hint.New("fetch: unexpected status", "Try again later, or ask a peer or watcher that holds a copy.")
	// ErrTooLarge: body or headers are over the cap. Do not retry.
	ErrTooLarge = hint.New("fetch: answer too large", "The publisher must serve a smaller file; the caps are given in docs/protocol.md.")
	// ErrEncoding: the body is compressed although that was not asked for.
	ErrEncoding = hint.New("fetch: content encoding refused", "Serve the file without Content-Encoding when the client does not accept one.")
	// ErrTimeout: the whole took too long, or the bytes came too slowly. Try
	// later or elsewhere.
	ErrTimeout = hint.New("fetch: too slow", "Try again later, or ask a peer or watcher that holds a copy.")
	// ErrUnreachable: no connection, or it broke. Try later or elsewhere.
	ErrUnreachable = hint.New("fetch: host unreachable", "Check the network and the host name, or ask a peer or watcher that holds a copy.")
	// ErrBudget: this piece of work has fetched all it may. Stop and report
	// what is missing.
	ErrBudget = hint.New("fetch: budget used up", "The input names more web resources than one check may fetch; staple them with --with or raise the budget.")
	// ErrHostMap: an entry of a host map cannot be used. Mend the setting.
	ErrHostMap = hint.New("fetch: unusable host map", "Write HOST=http://127.0.0.1:PORT (or *=...), loopback and without a path.")
)
