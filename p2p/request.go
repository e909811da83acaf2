package p2p

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

// Request asks peerID for op and calls each with every frame of the answer, in
// order; the frame is each's to keep. It returns nil only after the end frame
// of a complete answer. An error of each ends the request and is returned as
// it is. Otherwise:
//
//   - ErrPeerUnreachable: no connection, or it broke
//   - ErrBusy: the peer sheds load; [RemoteError.RetryAfter] says how long
//   - ErrTooLarge: the request, a frame or the answer exceeds op's limits
//   - ErrTimeout: silence, or longer than Limits.RequestTimeout in all
//   - ErrProtocol: op is unknown there, or the framing is broken
//   - ErrRemote: the peer refused, see [RemoteError]
//   - ctx's error when ctx ended first
//
// Frames that came before an error are genuine in so far as they prove
// themselves; that they are all is known only after nil.
func (h *Host) Request(ctx context.Context, peerID, op string, req []byte, each func(frame []byte) error) error {
	id, err := parseID(peerID)
	if err != nil {
		return err
	}
	lim := h.limitsOf(op)
	if len(req) > lim.MaxRequest {
		return fmt.Errorf("p2p: %s: %w: request of %d bytes, limit %d", op, ErrTooLarge, len(req), lim.MaxRequest)
	}
	if !h.enter() {
		return ErrClosed
	}
	defer h.leave()
	rctx, cancel := context.WithTimeoutCause(ctx, h.set.limits.RequestTimeout, ErrTimeout)
	defer cancel()
	detach := context.AfterFunc(h.ctx, cancel)
	defer detach()

	q := &question{host: h, id: id, op: op, limits: lim}
	err = q.ask(rctx, req, each)
	if err == nil {
		return nil
	}
	// Whatever broke the stream, the caller's own end explains it best.
	var callers *eachError
	switch {
	case errors.As(err, &callers):
		return callers.err
	case ctx.Err() != nil:
		err = ctx.Err()
	case h.ctx.Err() != nil:
		err = ErrClosed
	case rctx.Err() != nil:
		err = ErrTimeout
	}
	return fmt.Errorf("p2p: %s from %s: %w", op, id, err)
}

// eachError carries an error of the caller's own function through.
type eachError struct{ err error }

func (e *eachError) Error() string { return e.err.Error() }

// question is one request under way.
type question struct {
	host   *Host
	id     peer.ID
	op     string
	limits OpLimits
}

// ask opens the stream, sends the request and reads the answer.
func (q *question) ask(ctx context.Context, req []byte, each func([]byte) error) error {
	// An answer that fits through a relayed connection may come through it.
	s, err := q.host.host.NewStream(network.WithAllowLimitedConn(ctx, "bonafide request"), q.id, protocolOf(q.op))
	if err != nil {
		return q.explain(err, ErrPeerUnreachable)
	}
	defer func() { _ = s.Reset() }() // no effect on a stream that was closed
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	if err := s.Scope().SetService(serviceName); err != nil {
		return fmt.Errorf("%w: own limit: %w", ErrBusy, err)
	}
	dog := newWatchdog(s, q.host.set.limits.IdleTimeout)
	defer dog.stop()

	dog.start()
	_, werr := s.Write(appendRequest(nil, req))
	// A peer that refuses does so without reading the request: the reason is
	// in its answer, not in the failed write.
	r := bufio.NewReaderSize(s, 16<<10)
	var total int64
	for {
		dog.start()
		frame, fin, err := readAnswer(r, q.limits.MaxFrame)
		dog.pause()
		switch {
		case err != nil && dog.bit():
			return fmt.Errorf("%w: silent for %v", ErrTimeout, dog.idle)
		case err != nil && werr != nil:
			return q.explain(werr, ErrPeerUnreachable)
		case err != nil:
			return q.explain(err, ErrPeerUnreachable)
		case fin != nil:
			_ = s.Close()
			return fin.err()
		}
		if total += int64(len(frame)); total > q.limits.MaxResponse {
			return fmt.Errorf("%w: answer beyond %d bytes", ErrTooLarge, q.limits.MaxResponse)
		}
		if err := each(frame); err != nil {
			return &eachError{err}
		}
	}
}

// explain turns an error of libp2p into ours; other is for what it does not know.
func (q *question) explain(err error, other error) error {
	var unsupported multistream.ErrNotSupported[protocol.ID]
	var reset *network.StreamError
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrProtocol):
		return err
	case errors.As(err, &unsupported):
		return fmt.Errorf("%w: it does not know %s", ErrProtocol, protocolOf(q.op))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: answer without its end", ErrProtocol)
	case errors.Is(err, network.ErrResourceLimitExceeded):
		return fmt.Errorf("%w: own limit: %w", ErrBusy, err)
	case errors.As(err, &reset) && reset.Remote:
		switch reset.ErrorCode {
		case network.StreamResourceLimitExceeded, network.StreamRateLimited:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case network.StreamProtocolViolation, network.StreamProtocolNegotiationFailed:
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		case network.StreamGarbageCollected:
			return fmt.Errorf("%w: %w", ErrTimeout, err)
		}
	}
	return fmt.Errorf("%w: %w", other, err)
}
