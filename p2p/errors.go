package p2p

import (
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
)

var (
	// ErrConfig: New was given a setting that cannot work. Correct the setting
	// that the text names.
	ErrConfig = hint.New("p2p: unusable configuration", "Correct the setting named in the message and start again.")

	// ErrListen: no address, or not every address, could be opened. Free the
	// port or choose another one.
	ErrListen = hint.New("p2p: cannot listen", "Another program holds this port, or the address is not this machine's: choose another listen address.")

	// ErrIdentity: the file or the bytes are not an Ed25519 private key, or
	// others can read the file. Restore the file or delete it to be given a new
	// peer identity.
	ErrIdentity = hint.New("p2p: peer identity unusable", "Set the file's mode to 0600; if its content is damaged, delete it to get a new peer identity (no issuer key is lost).")

	// ErrAddress: not a multiaddr of a peer. Write it as
	// /ip4/…/tcp/…/p2p/<peer id>.
	ErrAddress = hint.New("p2p: not a peer address", "Write the address as /dns4/host.example/tcp/8482/p2p/<peer id>, as the other node prints it.")

	// ErrPeerUnreachable: no connection to the peer could be made, or it broke
	// before anything came. Try another peer, or later.
	ErrPeerUnreachable = hint.New("p2p: peer unreachable", "Check the address and that its port is open; other peers may hold the same data.")

	// ErrBusy: the peer (or this node, for requests to itself) sheds load. Wait
	// for the time in [RemoteError.RetryAfter] and ask again, or ask another.
	ErrBusy = hint.New("p2p: peer is busy", "Wait a moment and ask again, or ask another peer.")

	// ErrTooLarge: a message, request, frame or answer is beyond its limit.
	// Split it; a peer that sends too much is not worth asking again.
	ErrTooLarge = hint.New("p2p: larger than the limit", "Ask for less at once; what is published must be split into smaller records.")

	// ErrProtocol: the other side does not speak the operation, or breaks its
	// framing, or ended before the end frame. Do not use what came so far as
	// if it were complete.
	ErrProtocol = hint.New("p2p: peer broke the protocol", "Ask another peer; if it happens with every peer, one side runs an older release.")

	// ErrRemote: the peer answered with an error; [RemoteError] has the code.
	ErrRemote = hint.New("p2p: peer answered with an error", "The code says whether asking again can help.")

	// ErrTimeout: the other side was silent, or did not read, for too long.
	ErrTimeout = hint.New("p2p: peer too slow", "Ask another peer, or ask for less at once.")

	// ErrTopic: the topic was not joined, or joined twice.
	ErrTopic = hint.New("p2p: topic not joined, or joined twice", "Call Join once for each topic, before Publish.")

	// ErrNoDHT: the distributed hash table is switched off here.
	ErrNoDHT = hint.New("p2p: distributed hash table is off", "Switch it on in the configuration, or name peers by address.")

	// ErrClosed: the host was closed. Nothing more can be done with it.
	ErrClosed = hint.New("p2p: host is closed", "The node is shutting down; start it again.")
)

// Code is the result of an operation as it travels in the end frame.
type Code uint64

// The codes of end frames. Unknown codes are treated as CodeInternal.
const (
	CodeOK       Code = 0 // complete answer
	CodeBusy     Code = 1 // shed; ask later
	CodeTooLarge Code = 2 // the request is beyond the limit
	CodeBad      Code = 3 // the request is malformed; do not repeat it
	CodeNotFound Code = 4 // the peer does not hold what was asked for
	CodeInternal Code = 5 // the peer failed; its log says why
)

// String returns the name used in logs and texts.
func (c Code) String() string {
	switch c {
	case CodeOK:
		return "ok"
	case CodeBusy:
		return "busy"
	case CodeTooLarge:
		return "too large"
	case CodeBad:
		return "bad request"
	case CodeNotFound:
		return "not found"
	case CodeInternal:
		return "internal"
	}
	return fmt.Sprintf("code %d", uint64(c))
}

// RemoteError is an operation's refusal. A [Handler] returns one (see [Fail])
// to choose what the other side is told; any other error reaches it as
// CodeInternal without its text. [Host.Request] returns one wrapped in ErrRemote, or
// in ErrBusy for CodeBusy.
type RemoteError struct {
	Code       Code
	Message    string        // at most 256 bytes of UTF-8, for logs; never trusted
	RetryAfter time.Duration // with CodeBusy: when asking again may help; else 0
}

// Error returns code and message.
func (e *RemoteError) Error() string {
	if e.Message == "" {
		return "remote: " + e.Code.String()
	}
	return "remote: " + e.Code.String() + ": " + e.Message
}

// Unwrap says what the refusal means to the caller.
func (e *RemoteError) Unwrap() []error {
	switch e.Code {
	case CodeBusy:
		return []error{ErrBusy, ErrRemote}
	case CodeTooLarge:
		return []error{ErrTooLarge, ErrRemote}
	}
	return []error{ErrRemote}
}

// Fail makes the error by which a [Handler] tells the other side what is wrong.
func Fail(code Code, message string) error {
	return &RemoteError{Code: code, Message: message}
}

// isRemote finds a RemoteError in err.
func isRemote(err error) (*RemoteError, bool) {
	var re *RemoteError
	ok := errors.As(err, &re)
	return re, ok
}
