package p2p

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const (
	viaTCP  = "/ip4/127.0.0.1/tcp/0"
	viaQUIC = "/ip4/127.0.0.1/udp/0/quic-v1"
)

// testCtx ends with the test, at the latest after half a minute.
func testCtx(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// newTestHost opens a host on loopback, runs it, and closes both with the test.
func newTestHost(t testing.TB, edit ...func(*Config)) *Host {
	t.Helper()
	cfg := Config{Listen: []string{viaQUIC, viaTCP}, Heartbeat: 50 * time.Millisecond}
	w := newWatch()
	cfg.extraGossip = []pubsub.Option{pubsub.WithRawTracer(w)}
	cfg.onScores = w.poke
	for _, e := range edit {
		e(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	watches.Store(h, w)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		watches.Delete(h)
	})
	return h
}

// connect connects a to b and fails the test if it cannot.
func connect(t testing.TB, a, b *Host) {
	t.Helper()
	id, err := a.Connect(testCtx(t), b.Addrs()[0])
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	if id != b.ID() {
		t.Fatalf("Connect returned %s, want %s", id, b.ID())
	}
}

// rawHost is a plain libp2p host that keeps to none of our rules.
func rawHost(t testing.TB) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.NoListenAddrs, libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableMetrics(), libp2p.ResourceManager(&network.NullResourceManager{}))
	if err != nil {
		t.Fatalf("raw host: %v", err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// rawConnect connects a raw host to h over TCP.
func rawConnect(t testing.TB, r host.Host, h *Host) {
	t.Helper()
	if err := r.Connect(testCtx(t), peer.AddrInfo{ID: h.host.ID(), Addrs: h.host.Addrs()}); err != nil {
		t.Fatalf("raw connect: %v", err)
	}
}

// awaitSubscriber waits until h knows that id takes part in topic.
func awaitSubscriber(t testing.TB, h *Host, topic string, id peer.ID) {
	t.Helper()
	w := watchOf(t, h)
	events, err := h.topic(topic).EventHandler()
	must(t, err)
	defer events.Cancel()
	ctx, cancel := context.WithCancel(testCtx(t))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		for {
			if _, err := events.NextPeerEvent(ctx); err != nil {
				return
			}
			w.poke()
		}
	})
	w.wait(t, id.String()+" takes part in "+topic, func() bool {
		return slices.Contains(h.Subscribers(topic), id.String())
	})
}

// awaitConnectedness waits until h's connection to id is as wanted.
func awaitConnectedness(t testing.TB, h *Host, id peer.ID, want network.Connectedness) {
	t.Helper()
	ctx := testCtx(t)
	sub, err := h.host.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged))
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	defer sub.Close()
	for h.host.Network().Connectedness(id) != want {
		select {
		case <-sub.Out():
		case <-ctx.Done():
			t.Fatalf("connectedness of %s never became %v", id, want)
		}
	}
}

// collect returns a validator that accepts all, and the messages it got.
func collect(n int) (Validator, chan string) {
	got := make(chan string, n)
	return func(_ context.Context, _ string, data []byte) Verdict {
		got <- string(data)
		return Accept
	}, got
}

// expect waits for one message.
func expect(t testing.TB, got <-chan string, want string) {
	t.Helper()
	select {
	case m := <-got:
		if m != want {
			t.Fatalf("got message %.40q, want %.40q", m, want)
		}
	case <-testCtx(t).Done():
		t.Fatalf("message %.40q never came", want)
	}
}

// poll looks every few milliseconds, where libp2p tells of no event to wait for.
func poll(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := testCtx(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watch follows a host's gossip, so that tests can wait for what happens there.
type watch struct {
	*neighbours // for the events of no interest

	mu      sync.Mutex
	mesh    map[peer.ID]bool
	read    map[peer.ID]int // packets
	changed chan struct{}   // closed at the next change
}

func newWatch() *watch {
	return &watch{
		neighbours: newNeighbours(Limits{}, time.Now, nil),
		mesh:       map[peer.ID]bool{},
		read:       map[peer.ID]int{},
		changed:    make(chan struct{}),
	}
}

// poke wakes those who wait.
func (w *watch) poke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watch) OnNewOutboundStream(p peer.ID, proto protocol.ID) {
	w.neighbours.OnNewOutboundStream(p, proto)
	// The list of peers is complete only after this event.
	w.poke()
}

func (w *watch) Graft(p peer.ID, _ string) {
	w.mu.Lock()
	w.mesh[p] = true
	w.mu.Unlock()
	w.poke()
}

func (w *watch) RecvRPC(rpc *pubsub.RPC) {
	w.mu.Lock()
	w.read[rpc.From()]++
	w.mu.Unlock()
	w.poke()
}

// packets returns how many packets of a peer were read.
func (w *watch) packets(p peer.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.read[p]
}

// links returns how many peers were ever linked.
func (w *watch) links() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.mesh)
}

// wait returns when ok does, looking again at every change.
func (w *watch) wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := testCtx(t)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// watches finds the watch of a test host.
var watches sync.Map // *Host -> *watch

func watchOf(t testing.TB, h *Host) *watch {
	t.Helper()
	w, ok := watches.Load(h)
	if !ok {
		t.Fatal("not a host of newTestHost")
	}
	return w.(*watch)
}
