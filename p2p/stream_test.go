package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-varint"
)

// pair returns two connected hosts.
func pair(t testing.TB, edit ...func(*Config)) (a, b *Host) {
	t.Helper()
	a, b = newTestHost(t, edit...), newTestHost(t, edit...)
	connect(t, a, b)
	return a, b
}

// echo answers with the request, cut into frames of n bytes.
func echo(n int) Handler {
	return func(_ context.Context, _ string, req []byte, w Writer) error {
		for len(req) > 0 {
			k := min(n, len(req))
			if err := w.Frame(req[:k]); err != nil {
				return err
			}
			req = req[k:]
		}
		return nil
	}
}

// gather collects frames.
func gather(dst *[]string) func([]byte) error {
	return func(f []byte) error { *dst = append(*dst, string(f)); return nil }
}

func nothing([]byte) error { return nil }

func TestRequestRoundTrip(t *testing.T) {
	for _, via := range []string{viaTCP, viaQUIC} {
		t.Run(via, func(t *testing.T) {
			a, b := pair(t, func(c *Config) { c.Listen = []string{via} })
			seen := make(chan string, 1) // the handler runs in a goroutine of its own
			b.Handle("echo", func(ctx context.Context, peer string, req []byte, w Writer) error {
				seen <- peer
				return echo(4)(ctx, peer, req, w)
			}, OpLimits{})
			var got []string
			must(t, a.Request(testCtx(t), b.ID(), "echo", []byte("abcdefghij"), gather(&got)))
			if strings.Join(got, "|") != "abcd|efgh|ij" {
				t.Errorf("frames %q", got)
			}
			if from := <-seen; from != a.ID() {
				t.Errorf("handler saw %s, want %s", from, a.ID())
			}
			// The other direction needs no address: it uses the same connection.
			a.Handle("empty", echo(1), OpLimits{})
			got = nil
			must(t, b.Request(testCtx(t), a.ID(), "empty", nil, gather(&got)))
			if len(got) != 0 {
				t.Errorf("empty answer has frames %q", got)
			}
		})
	}
}

func TestRequestLargeAnswer(t *testing.T) {
	a, b := pair(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB, the default frame limit
	b.Handle("big", func(_ context.Context, _ string, _ []byte, w Writer) error {
		for range 16 {
			if err := w.Frame(big); err != nil {
				return err
			}
		}
		return nil
	}, OpLimits{})
	n := 0
	must(t, a.Request(testCtx(t), b.ID(), "big", nil, func(f []byte) error {
		if !bytes.Equal(f, big) {
			return errors.New("frame differs")
		}
		n++
		return nil
	}))
	if n != 16 {
		t.Errorf("%d frames, want 16", n)
	}
}

func TestRequestRefusals(t *testing.T) {
	a, b := pair(t)
	small := OpLimits{MaxRequest: 10, MaxFrame: 10, MaxResponse: 20}
	b.Handle("small", echo(5), small)
	a.Handle("small", nil, small)
	b.Handle("roomy", echo(1000), OpLimits{})
	a.Handle("roomy", nil, OpLimits{MaxFrame: 10, MaxResponse: 20})
	b.Handle("strict", echo(1000), small) // a asks with the default limits
	var failed error
	b.Handle("toolong", func(_ context.Context, _ string, _ []byte, w Writer) error {
		failed = w.Frame(make([]byte, 11))
		return failed
	}, small)
	b.Handle("toomuch", func(_ context.Context, _ string, _ []byte, w Writer) error {
		for failed = nil; failed == nil; {
			failed = w.Frame(make([]byte, 7))
		}
		return failed
	}, small)
	b.Handle("bad", func(context.Context, string, []byte, Writer) error { return Fail(CodeBad, "no such range") }, OpLimits{})
	b.Handle("gone", func(context.Context, string, []byte, Writer) error {
		return Fail(CodeNotFound, strings.Repeat("é", 300))
	}, OpLimits{})
	b.Handle("broken", func(context.Context, string, []byte, Writer) error { return errors.New("disk on fire at /secret") }, OpLimits{})
	b.Handle("panics", func(context.Context, string, []byte, Writer) error { panic("oh") }, OpLimits{})
	b.Handle("sheds", func(context.Context, string, []byte, Writer) error {
		return &RemoteError{Code: CodeBusy, RetryAfter: 1500 * time.Millisecond}
	}, OpLimits{})
	b.Handle("lies", func(context.Context, string, []byte, Writer) error { return Fail(CodeOK, "an error that says ok") }, OpLimits{})

	cases := []struct {
		name, op string
		req      int
		want     error
		code     Code
		retry    time.Duration
	}{
		{"request beyond the own limit", "small", 11, ErrTooLarge, 0, 0},
		{"request at the limit", "small", 10, nil, 0, 0},
		{"request beyond the other's limit", "strict", 11, ErrTooLarge, CodeTooLarge, 0},
		{"frame beyond the own limit", "roomy", 11, ErrTooLarge, 0, 0},
		{"handler's frame too long", "toolong", 0, ErrTooLarge, CodeInternal, 0},
		{"handler's answer too long", "toomuch", 0, ErrTooLarge, CodeInternal, 0},
		{"handler says bad", "bad", 0, ErrRemote, CodeBad, 0},
		{"handler says not found", "gone", 0, ErrRemote, CodeNotFound, 0},
		{"handler fails", "broken", 0, ErrRemote, CodeInternal, 0},
		{"handler panics", "panics", 0, ErrRemote, CodeInternal, 0},
		{"handler sheds", "sheds", 0, ErrBusy, CodeBusy, 1500 * time.Millisecond},
		{"handler returns an error with CodeOK", "lies", 0, ErrRemote, CodeInternal, 0},
		{"unknown operation", "never-heard-of", 0, ErrProtocol, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			failed = nil
			err := a.Request(testCtx(t), b.ID(), c.op, make([]byte, c.req), nothing)
			if failed != nil { // the handler met the limit, not the one who asked
				if !errors.Is(failed, c.want) {
					t.Errorf("handler got %v, want %v", failed, c.want)
				}
			} else if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var re *RemoteError
			if errors.As(err, &re) {
				if re.Code != c.code || re.RetryAfter != c.retry {
					t.Errorf("code %v after %v, want %v after %v", re.Code, re.RetryAfter, c.code, c.retry)
				}
				if strings.Contains(re.Message, "secret") || len(re.Message) > maxText {
					t.Errorf("message %q", re.Message)
				}
			} else if c.code != 0 {
				t.Errorf("no RemoteError in %v", err)
			}
		})
	}
	t.Run("answer beyond the own limit", func(t *testing.T) {
		a.Handle("roomy", nil, OpLimits{MaxFrame: 1000, MaxResponse: 20})
		if err := a.Request(testCtx(t), b.ID(), "roomy", make([]byte, 21), nothing); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	})
	t.Run("own function ends it", func(t *testing.T) {
		mine := errors.New("enough")
		if err := a.Request(testCtx(t), b.ID(), "strict", make([]byte, 10), func([]byte) error { return mine }); err != mine {
			t.Errorf("got %v, want the caller's own error", err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		other := newTestHost(t)
		if err := a.Request(testCtx(t), other.ID(), "small", nil, nothing); !errors.Is(err, ErrPeerUnreachable) {
			t.Errorf("got %v, want ErrPeerUnreachable", err)
		}
	})
	t.Run("not a peer id", func(t *testing.T) {
		if err := a.Request(testCtx(t), "nonsense", "small", nil, nothing); !errors.Is(err, ErrAddress) {
			t.Errorf("got %v, want ErrAddress", err)
		}
	})
}

// TestBrokenAnswers lets a raw peer answer in ways no host of ours does.
func TestBrokenAnswers(t *testing.T) {
	long := varint.ToUvarint(1 << 40)
	end := appendEnd(nil, end{code: CodeOK})
	cases := []struct {
		name   string
		answer []byte
		want   error
	}{
		{"whole", append(appendFrame(nil, []byte("x")), end...), nil},
		{"nothing", nil, ErrProtocol},
		{"frame without end", appendFrame(nil, []byte("x")), ErrProtocol},
		{"cut in a frame", appendFrame(nil, []byte("xyz"))[:3], ErrProtocol},
		{"cut in a length", []byte{kindFrame, 0x80}, ErrProtocol},
		{"unknown kind", []byte{2, 0}, ErrProtocol},
		{"length not minimal", []byte{kindFrame, 0x80, 0x00}, ErrProtocol},
		{"endless length", append([]byte{kindFrame}, long...), ErrTooLarge},
		{"end frame too long", append([]byte{kindEnd}, long...), ErrTooLarge},
		{"end frame without wait", []byte{kindEnd, 1, 0}, ErrProtocol},
		{"end frame not UTF-8", []byte{kindEnd, 3, 0, 0, 0xff}, ErrProtocol},
		{"unknown code", appendEnd(nil, endOf(77, nil)), ErrRemote},
	}
	a := newTestHost(t)
	r := rawHost(t)
	rawConnect(t, r, a)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			op := "raw" + string(rune('a'+i))
			r.SetStreamHandler(protocolOf(op), func(s network.Stream) {
				_, _ = s.Write(c.answer)
				_ = s.CloseWrite()
				_, _ = io.Copy(io.Discard, s)
			})
			err := a.Request(testCtx(t), r.ID().String(), op, []byte("q"), nothing)
			if !errors.Is(err, c.want) || (c.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestBrokenRequests lets a raw peer ask in ways no host of ours does.
func TestBrokenRequests(t *testing.T) {
	cases := []struct {
		name string
		req  []byte
		end  bool // close the writing side
		want Code // of the end frame; CodeOK stands for no end frame at all
	}{
		{"announces too much", varint.ToUvarint(1 << 30), false, CodeTooLarge},
		{"length not minimal", []byte{0x80, 0x00}, false, CodeOK},
		{"ends too early", []byte{5, 'a'}, true, CodeOK},
	}
	a := newTestHost(t)
	called := make(chan struct{}, 10)
	a.Handle("op", func(context.Context, string, []byte, Writer) error { called <- struct{}{}; return nil }, OpLimits{})
	r := rawHost(t)
	rawConnect(t, r, a)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := r.NewStream(testCtx(t), a.host.ID(), protocolOf("op"))
			must(t, err)
			_, err = s.Write(c.req)
			must(t, err)
			if c.end {
				must(t, s.CloseWrite())
			}
			b, err := io.ReadAll(s)
			switch {
			case c.want == CodeOK && err == nil:
				t.Errorf("stream was not reset, answer %x", b)
			case c.want != CodeOK:
				e, perr := parseEnd(b[2:])
				if err != nil || perr != nil || e.code != c.want {
					t.Errorf("answer %x (%v, %v), want code %v", b, err, perr, c.want)
				}
			}
		})
	}
	if len(called) > 0 {
		t.Error("the handler saw a broken request")
	}
}

func TestRequestCancelReachesHandler(t *testing.T) {
	a, b := pair(t)
	entered, ended := make(chan struct{}), make(chan error, 1)
	b.Handle("wait", func(ctx context.Context, _ string, _ []byte, w Writer) error {
		if err := w.Frame([]byte("on my way")); err != nil {
			return err
		}
		close(entered)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}, OpLimits{})
	ctx, cancel := context.WithCancel(testCtx(t))
	res := make(chan error, 1)
	go func() { res <- a.Request(ctx, b.ID(), "wait", nil, nothing) }()
	<-entered
	cancel()
	if err := <-res; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("handler's context ended with %v", err)
		}
	case <-testCtx(t).Done():
		t.Fatal("the handler was never told")
	}
}

// TestSlowReader: a peer that asks for much and does not read is cut.
func TestSlowReader(t *testing.T) {
	for _, via := range []string{viaTCP, viaQUIC} {
		t.Run(via, func(t *testing.T) {
			a := newTestHost(t, func(c *Config) {
				c.Listen = []string{via}
				c.Limits.IdleTimeout = 300 * time.Millisecond
			})
			res := make(chan error, 1)
			a.Handle("flood", func(_ context.Context, _ string, _ []byte, w Writer) error {
				frame := make([]byte, 1<<20)
				for {
					if err := w.Frame(frame); err != nil {
						res <- err
						return err
					}
				}
			}, OpLimits{MaxResponse: 1 << 40})
			r := newTestHost(t, func(c *Config) { c.Listen = []string{via} })
			connect(t, r, a)
			s, err := r.host.NewStream(testCtx(t), a.host.ID(), protocolOf("flood"))
			must(t, err)
			defer s.Reset()
			_, err = s.Write(appendRequest(nil, nil))
			must(t, err)
			select {
			case err := <-res:
				if !errors.Is(err, ErrTimeout) {
					t.Errorf("got %v, want ErrTimeout", err)
				}
			case <-testCtx(t).Done():
				t.Fatal("the slow reader was never cut")
			}
		})
	}
}

func TestSilentPeer(t *testing.T) {
	a := newTestHost(t, func(c *Config) { c.Limits.IdleTimeout = 200 * time.Millisecond })
	b := newTestHost(t)
	connect(t, a, b)
	b.Handle("silent", func(ctx context.Context, _ string, _ []byte, _ Writer) error {
		<-ctx.Done()
		return ctx.Err()
	}, OpLimits{})
	if err := a.Request(testCtx(t), b.ID(), "silent", nil, nothing); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
}

func TestRequestTimeout(t *testing.T) {
	a := newTestHost(t, func(c *Config) { c.Limits.RequestTimeout = 300 * time.Millisecond })
	b := newTestHost(t)
	connect(t, a, b)
	b.Handle("chatty", func(ctx context.Context, _ string, _ []byte, w Writer) error {
		for {
			if err := w.Frame([]byte("and another thing")); err != nil {
				return err
			}
		}
	}, OpLimits{MaxResponse: 1 << 40})
	a.Handle("chatty", nil, OpLimits{MaxResponse: 1 << 40})
	if err := a.Request(testCtx(t), b.ID(), "chatty", nil, nothing); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
}

// TestConcurrencyPerPeer: one peer gets its places and no more, another still
// gets its own.
func TestConcurrencyPerPeer(t *testing.T) {
	a := newTestHost(t, func(c *Config) { c.Limits.RequestsPerPeer = 2 })
	entered, release := make(chan struct{}), make(chan struct{})
	a.Handle("hold", func(context.Context, string, []byte, Writer) error {
		entered <- struct{}{}
		<-release
		return nil
	}, OpLimits{})
	greedy, honest := newTestHost(t), newTestHost(t)
	connect(t, greedy, a)
	connect(t, honest, a)
	var wg sync.WaitGroup
	held := make(chan error, 3)
	for range 2 {
		wg.Go(func() { held <- greedy.Request(testCtx(t), a.ID(), "hold", nil, nothing) })
		<-entered
	}
	err := greedy.Request(testCtx(t), a.ID(), "hold", nil, nothing)
	var re *RemoteError
	if !errors.Is(err, ErrBusy) || !errors.As(err, &re) || re.RetryAfter <= 0 {
		t.Errorf("third request: %v, want ErrBusy with a time to wait", err)
	}
	wg.Go(func() { held <- honest.Request(testCtx(t), a.ID(), "hold", nil, nothing) })
	<-entered
	close(release)
	wg.Wait()
	for range 3 {
		if err := <-held; err != nil {
			t.Errorf("held request: %v", err)
		}
	}
}

// TestRequestBudget: a peer that spent its requests is shed until time gives
// new ones; the clock is the test's.
func TestRequestBudget(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	a := newTestHost(t, func(c *Config) {
		c.Clock = clock
		c.Limits.RequestRate, c.Limits.RequestBurst = 1, 3
		c.Limits.ByteRate, c.Limits.ByteBurst = 1000, 1000
	})
	a.Handle("echo", echo(100), OpLimits{})
	greedy, honest := newTestHost(t), newTestHost(t)
	connect(t, greedy, a)
	connect(t, honest, a)
	ask := func(h *Host, n int) error { return h.Request(testCtx(t), a.ID(), "echo", make([]byte, n), nothing) }
	for range 3 {
		must(t, ask(greedy, 1))
	}
	if err := ask(greedy, 1); !errors.Is(err, ErrBusy) {
		t.Errorf("fourth request: %v, want ErrBusy", err)
	}
	must(t, ask(honest, 1))
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	must(t, ask(greedy, 5000)) // let in with bytes left, overdraws them
	mu.Lock()
	now = now.Add(2 * time.Second) // requests again, but still in debt for bytes
	mu.Unlock()
	err := ask(greedy, 1)
	var re *RemoteError
	if !errors.As(err, &re) || re.Code != CodeBusy || re.RetryAfter < 6*time.Second {
		t.Errorf("request in debt: %v, want busy for more than 6 s", err)
	}
	mu.Lock()
	now = now.Add(10 * time.Second)
	mu.Unlock()
	must(t, ask(greedy, 1))
}

// TestGreedyPeers: while twenty peers ask without end, a protected one is
// answered every time.
func TestGreedyPeers(t *testing.T) {
	a := newTestHost(t, func(c *Config) {
		c.Limits.Requests = 8
		c.Limits.RequestsPerPeer = 8
	})
	a.Handle("work", func(ctx context.Context, _ string, _ []byte, w Writer) error {
		return w.Frame(make([]byte, 64<<10))
	}, OpLimits{})
	kept := newTestHost(t)
	must(t, a.Protect(kept.Addrs()[0]))
	connect(t, kept, a)
	ctx, stop := context.WithCancel(testCtx(t))
	var wg sync.WaitGroup
	for range 20 {
		g := newTestHost(t, func(c *Config) { c.Listen = []string{viaTCP} })
		connect(t, g, a)
		for range 8 {
			wg.Go(func() {
				for ctx.Err() == nil {
					_ = g.Request(ctx, a.ID(), "work", nil, nothing)
				}
			})
		}
	}
	failed := 0
	for range 50 {
		if err := kept.Request(testCtx(t), a.ID(), "work", nil, nothing); err != nil {
			t.Log(err)
			failed++
		}
	}
	stop()
	wg.Wait()
	if failed > 0 {
		t.Errorf("%d of 50 requests of the protected peer failed", failed)
	}
}

// TestStreamFlood: raw streams without a request cost the flooder, not others.
func TestStreamFlood(t *testing.T) {
	a := newTestHost(t)
	a.Handle("echo", echo(100), OpLimits{})
	flooder := rawHost(t)
	rawConnect(t, flooder, a)
	opened := flood(t, flooder, a, 2000)
	if scopes := inbound(a, flooder); scopes > a.set.limits.StreamsPerPeer {
		t.Errorf("%d streams of one peer, limit %d", scopes, a.set.limits.StreamsPerPeer)
	}
	honest := newTestHost(t)
	connect(t, honest, a)
	var got []string
	must(t, honest.Request(testCtx(t), a.ID(), "echo", []byte("hi"), gather(&got)))
	t.Logf("%d streams opened by the flooder", opened)
}

// flood opens n streams and leaves them without a request.
func flood(t *testing.T, r host.Host, h *Host, n int) (opened int) {
	t.Helper()
	for range n {
		s, err := r.NewStream(testCtx(t), h.host.ID(), protocolOf("echo"))
		if err == nil {
			_, _ = s.Write([]byte{10}) // announces ten bytes and sends none
			opened++
		}
	}
	return opened
}

// inbound counts the streams that h holds open of r.
func inbound(h *Host, r host.Host) (n int) {
	for _, c := range h.host.Network().ConnsToPeer(r.ID()) {
		n += c.Stat().NumStreams
	}
	return n
}
