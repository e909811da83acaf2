package p2p

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Handler answers one request of the peer from: it writes frames to w and
// returns nil for a complete answer, an error made with [Fail] to tell the
// other side why not, or any other error, which is logged here and reaches
// the other side as CodeInternal. ctx ends when nobody listens any more, when
// the request has taken too long, or when the host closes. req is the
// handler's own. A handler that panics answers CodeInternal.
type Handler func(ctx context.Context, from string, req []byte, w Writer) error

// Writer takes the frames of an answer.
type Writer interface {
	// Frame sends b, which the caller may reuse afterwards. It returns
	// ErrTooLarge (and sends nothing) if the frame or the answer would exceed
	// its limit, ErrTimeout if the other side does not read, and another error
	// if it is gone.
	Frame(b []byte) error
}

// operation is what is known of one op.
type operation struct {
	name   string
	fn     Handler // nil: asked for here, not answered
	limits OpLimits
}

// protocolOf returns the protocol identifier of op.
func protocolOf(op string) protocol.ID { return protocol.ID("/bonafide/" + op + "/1") }

// Handle answers op with fn, within lim. A nil fn answers nothing and only
// sets the limits under which this host asks for op; without either, the
// default limits hold. Handling an op again replaces it.
func (h *Host) Handle(op string, fn Handler, lim OpLimits) {
	o := &operation{name: op, fn: fn, limits: lim.withDefaults()}
	h.mu.Lock()
	closed := h.closed
	if !closed {
		h.ops[op] = o
	}
	h.mu.Unlock()
	if closed || fn == nil {
		return
	}
	h.host.SetStreamHandler(protocolOf(op), func(s network.Stream) {
		// The host's wait group holds Close back until the handler is gone.
		if !h.enter() {
			_ = s.Reset()
			return
		}
		defer h.leave()
		h.serve(o, s)
	})
}

// limitsOf returns the limits under which op is asked.
func (h *Host) limitsOf(op string) OpLimits {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.ops[op]; o != nil {
		return o.limits
	}
	return OpLimits{}.withDefaults()
}

// serve answers one stream.
func (h *Host) serve(o *operation, s network.Stream) {
	from := s.Conn().RemotePeer()
	code := CodeOK
	defer func() { h.met.request(o.name, code) }()

	if err := s.Scope().SetService(serviceName); err != nil {
		code = CodeBusy
		_ = s.ResetWithError(network.StreamResourceLimitExceeded)
		return
	}
	dog := newWatchdog(s, h.set.limits.IdleTimeout)
	defer dog.stop()

	release, wait := h.budget.admit(from, h.isKept(from))
	if release == nil {
		code = CodeBusy
		finish(s, dog, end{code: CodeBusy, retry: wait})
		return
	}
	defer release()
	// What one request may hold in memory at a time: itself and one frame.
	if err := s.Scope().ReserveMemory(o.limits.MaxRequest+o.limits.MaxFrame, network.ReservationPriorityAlways); err != nil {
		code = CodeBusy
		finish(s, dog, end{code: CodeBusy, retry: time.Second})
		return
	}

	r := bufio.NewReaderSize(s, 4<<10)
	dog.start()
	req, err := readRequest(r, o.limits.MaxRequest)
	dog.pause()
	if err != nil {
		code = CodeBad
		if errors.Is(err, ErrTooLarge) {
			code = CodeTooLarge
			finish(s, dog, end{code: CodeTooLarge, text: fmt.Sprintf("request limit is %d bytes", o.limits.MaxRequest)})
			return
		}
		_ = s.ResetWithError(network.StreamProtocolViolation)
		return
	}
	h.budget.spend(from, len(req))

	ctx, cancel := context.WithTimeout(h.ctx, h.set.limits.RequestTimeout)
	defer cancel()
	// A slow handler must not outlive its time on the wire either.
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	gone := make(chan struct{})
	go func() { // ends when either side ends the stream
		defer close(gone)
		_, _ = r.ReadByte()
		cancel()
	}()

	w := &writer{s: s, dog: dog, limits: o.limits, budget: h.budget, from: from}
	err = h.call(ctx, o, from, req, w)
	code = h.answerCode(o, from, err)
	if w.err == nil && stop() { // stop: the stream was not reset for its time
		finish(s, dog, endOf(code, err))
	} else {
		_ = s.Reset()
	}
	<-gone
}

// readRequest reads the one request of a stream.
func readRequest(r *bufio.Reader, limit int) ([]byte, error) {
	n, err := readLength(r, limit)
	if err != nil {
		return nil, err
	}
	return readBody(r, n)
}

// call runs the handler and turns a panic into an error: one request must not
// end the node.
func (h *Host) call(ctx context.Context, o *operation, from peer.ID, req []byte, w Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.log.Error("handler panicked", "op", o.name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("p2p: handler of %s panicked", o.name)
		}
	}()
	return o.fn(ctx, from.String(), req, w)
}

// answerCode says what the other side is told, and logs what it is not told.
func (h *Host) answerCode(o *operation, from peer.ID, err error) Code {
	if err == nil {
		return CodeOK
	}
	if re, ok := isRemote(err); ok && re.Code != CodeOK {
		return re.Code
	}
	if errors.Is(err, ErrBusy) {
		return CodeBusy
	}
	if !errors.Is(err, context.Canceled) {
		h.log.Warn("request failed", "op", o.name, "peer", from.String(), "err", err)
	}
	return CodeInternal
}

// endOf makes the end frame for a handler's error.
func endOf(code Code, err error) end {
	e := end{code: code}
	if re, ok := isRemote(err); ok && re.Code == code {
		e.text, e.retry = re.Message, re.RetryAfter
	}
	return e
}

// finish sends the end frame and closes the stream.
func finish(s network.Stream, dog *watchdog, e end) {
	dog.start()
	_, err := s.Write(appendEnd(nil, e))
	dog.pause()
	if err != nil {
		_ = s.Reset()
		return
	}
	_ = s.Close()
}

// writer sends the frames of one answer.
type writer struct {
	s      network.Stream
	dog    *watchdog
	limits OpLimits
	budget *budget
	from   peer.ID

	sent int64
	buf  []byte
	err  error // of the stream: nothing can be sent any more
}

// Frame implements Writer.
func (w *writer) Frame(b []byte) error {
	switch {
	case w.err != nil:
		return w.err
	case len(b) > w.limits.MaxFrame:
		return fmt.Errorf("%w: frame of %d bytes, limit %d", ErrTooLarge, len(b), w.limits.MaxFrame)
	case w.sent+int64(len(b)) > w.limits.MaxResponse:
		return fmt.Errorf("%w: answer beyond %d bytes", ErrTooLarge, w.limits.MaxResponse)
	}
	w.sent += int64(len(b))
	w.budget.spend(w.from, len(b))
	w.buf = appendFrame(w.buf[:0], b)
	w.dog.start()
	_, err := w.s.Write(w.buf)
	w.dog.pause()
	if err != nil {
		if w.dog.bit() {
			err = fmt.Errorf("%w: %s did not read for %v", ErrTimeout, w.from, w.dog.idle)
		} else {
			err = fmt.Errorf("p2p: answer to %s: %w", w.from, err)
		}
		w.err = err
	}
	return err
}

// watchdog resets a stream on which one read or write takes too long. It is a
// timer and not a socket deadline, so that it bounds the whole of the frame
// and not each packet: a reader that takes one byte at a time is cut too.
type watchdog struct {
	idle  time.Duration
	fired atomic.Bool
	timer *time.Timer
}

func newWatchdog(s network.Stream, idle time.Duration) *watchdog {
	d := &watchdog{idle: idle}
	d.timer = time.AfterFunc(idle, func() {
		d.fired.Store(true)
		_ = s.ResetWithError(network.StreamGarbageCollected)
	})
	d.timer.Stop()
	return d
}

func (d *watchdog) start()    { d.timer.Reset(d.idle) }
func (d *watchdog) pause()    { d.timer.Stop() }
func (d *watchdog) stop()     { d.timer.Stop() }
func (d *watchdog) bit() bool { return d.fired.Load() }
