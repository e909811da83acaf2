package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/proto"
)

const topic = "bonafide/test"

// TestGossipThroughMesh: a message reaches hosts that are not neighbours of
// its author, once, after the mesh has formed.
func TestGossipThroughMesh(t *testing.T) {
	const n = 4 // a line: 0-1-2-3
	hosts := make([]*Host, n)
	got := make([]chan string, n)
	for i := range hosts {
		hosts[i] = newTestHost(t)
		var v Validator
		v, got[i] = collect(10)
		must(t, hosts[i].Join(topic, v))
	}
	for i := range n - 1 {
		connect(t, hosts[i], hosts[i+1])
	}
	for i, h := range hosts { // every connection is a link of the mesh
		want := 2
		if i == 0 || i == n-1 {
			want = 1
		}
		w := watchOf(t, h)
		w.wait(t, "mesh", func() bool { return w.links() == want })
	}
	must(t, hosts[0].Publish(testCtx(t), topic, []byte("hello")))
	for i := 1; i < n; i++ {
		expect(t, got[i], "hello")
	}
	// The same content from elsewhere is the same message: nobody hears it
	// again, so the next thing heard is the next message.
	must(t, hosts[n-1].Publish(testCtx(t), topic, []byte("hello")))
	must(t, hosts[n-1].Publish(testCtx(t), topic, []byte("world")))
	for i := range n - 1 {
		expect(t, got[i], "world")
	}
	if len(got[0]) > 0 || len(got[n-1]) > 0 {
		t.Error("an author heard its own message")
	}
}

// TestFirstMessageArrives: flood publish carries what is published before any
// heartbeat has built a mesh.
func TestFirstMessageArrives(t *testing.T) {
	slow := func(c *Config) { c.Heartbeat = time.Minute }
	a, b := newTestHost(t, slow), newTestHost(t, slow)
	v, got := collect(1)
	accept, _ := collect(1)
	must(t, a.Join(topic, accept))
	must(t, b.Join(topic, v))
	connect(t, a, b)
	awaitSubscriber(t, a, topic, b.host.ID())
	must(t, a.Publish(testCtx(t), topic, []byte("first")))
	expect(t, got, "first")
}

// TestJoinAfterConnect: subscriptions told before a topic was joined here are
// asked for again.
func TestJoinAfterConnect(t *testing.T) {
	a, b := newTestHost(t), newTestHost(t)
	v, got := collect(1)
	must(t, b.Join(topic, v))
	other, _ := collect(1)
	must(t, a.Join("bonafide/other", other))
	must(t, b.Join("bonafide/other", other))
	connect(t, a, b)
	awaitSubscriber(t, a, "bonafide/other", b.host.ID()) // so its greeting was read
	accept, _ := collect(1)
	must(t, a.Join(topic, accept))
	awaitSubscriber(t, a, topic, b.host.ID())
	must(t, a.Publish(testCtx(t), topic, []byte("late")))
	expect(t, got, "late")
}

func TestGossipRefusals(t *testing.T) {
	h := newTestHost(t)
	v, _ := collect(1)
	must(t, h.Join(topic, v))
	ctx := testCtx(t)
	cases := []struct {
		name string
		do   func() error
		want error
	}{
		{"message at the limit", func() error { return h.Publish(ctx, topic, make([]byte, MaxMessage)) }, nil},
		{"message beyond the limit", func() error { return h.Publish(ctx, topic, make([]byte, MaxMessage+1)) }, ErrTooLarge},
		{"topic never joined", func() error { return h.Publish(ctx, "other", nil) }, ErrTopic},
		{"topic joined twice", func() error { return h.Join(topic, v) }, ErrTopic},
		{"topic without name", func() error { return h.Join("", v) }, ErrTopic},
		{"topic with too long a name", func() error { return h.Join(strings.Repeat("x", maxTopicName+1), v) }, ErrTopic},
		{"no validator", func() error { return h.Join("third", nil) }, ErrTopic},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.want) || (c.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// rawNeighbour connects a raw host that takes part in gossip as far as h can
// see, and opens a gossip stream from it.
func rawNeighbour(t testing.TB, h *Host) (host.Host, network.Stream) {
	t.Helper()
	r := rawHost(t)
	greeted := make(chan struct{}, 16)
	r.SetStreamHandler(gossipProtocol, func(s network.Stream) {
		b := make([]byte, 1)
		if _, err := s.Read(b); err == nil {
			greeted <- struct{}{}
			_, _ = io.Copy(io.Discard, s)
		}
		_ = s.Reset()
	})
	rawConnect(t, r, h)
	select { // h has greeted, so it counts r among its neighbours
	case <-greeted:
	case <-testCtx(t).Done():
		t.Fatal("no greeting came")
	}
	return r, rawGossip(t, r, h)
}

// rawGossip opens a gossip stream from a raw host.
func rawGossip(t testing.TB, r host.Host, h *Host) network.Stream {
	t.Helper()
	s, err := r.NewStream(testCtx(t), h.host.ID(), gossipProtocol)
	must(t, err)
	return s
}

// sendRPC writes one packet of the gossip protocol.
func sendRPC(s network.Stream, rpc *pb.RPC) error {
	b, err := proto.Marshal(rpc)
	if err != nil {
		return err
	}
	_, err = s.Write(append(binary.AppendUvarint(nil, uint64(len(b))), b...))
	return err
}

// rawMessage is a packet with one message.
func rawMessage(topic string, data []byte) *pb.RPC {
	return &pb.RPC{Publish: []*pb.Message{{Topic: proto.String(topic), Data: data}}}
}

// TestRawMessages: what our own Publish would never send is not heard.
func TestRawMessages(t *testing.T) {
	a := newTestHost(t)
	v, got := collect(10)
	must(t, a.Join(topic, v))
	signed := rawMessage(topic, []byte("signed"))
	signed.Publish[0].From = []byte("somebody")
	signed.Publish[0].Seqno = []byte{1}
	signed.Publish[0].Signature = []byte{1, 2, 3}
	cases := []struct {
		name string
		rpc  *pb.RPC
	}{
		{"one byte too long", rawMessage(topic, make([]byte, MaxMessage+1))},
		{"longer than any packet", rawMessage(topic, make([]byte, maxPacket+1))},
		{"with author and signature", signed},
		{"on a topic not joined", rawMessage("bonafide/elsewhere", []byte("x"))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, s := rawNeighbour(t, a)
			_ = sendRPC(s, c.rpc)
			// A new stream replaces the first, so this is read after it.
			s = rawGossip(t, r, a)
			must(t, sendRPC(s, rawMessage(topic, []byte("after "+c.name))))
			expect(t, got, "after "+c.name)
		})
	}
	t.Run("at the limit is heard", func(t *testing.T) {
		_, s := rawNeighbour(t, a)
		full := bytes.Repeat([]byte("x"), MaxMessage)
		must(t, sendRPC(s, rawMessage(topic, full)))
		expect(t, got, string(full))
	})
}

// TestOversizedMessageIsPenalised: the wrapped validator never runs, and the
// sender pays.
func TestOversizedMessageIsPenalised(t *testing.T) {
	a := newTestHost(t)
	called := false
	v := a.validator(topic, func(context.Context, string, []byte) Verdict { called = true; return Accept })
	m := &pubsub.Message{Message: &pb.Message{Data: make([]byte, MaxMessage+1)}}
	if got := v(t.Context(), "stranger", m); got != pubsub.ValidationReject || called {
		t.Errorf("verdict %v, validator called %v", got, called)
	}
}

func TestValidatorVerdicts(t *testing.T) {
	a := newTestHost(t)
	cases := []struct {
		name string
		v    Validator
		want pubsub.ValidationResult
	}{
		{"accept", func(context.Context, string, []byte) Verdict { return Accept }, pubsub.ValidationAccept},
		{"ignore", func(context.Context, string, []byte) Verdict { return Ignore }, pubsub.ValidationIgnore},
		{"reject", func(context.Context, string, []byte) Verdict { return Reject }, pubsub.ValidationReject},
		{"unknown verdict", func(context.Context, string, []byte) Verdict { return 99 }, pubsub.ValidationIgnore},
		{"panic", func(context.Context, string, []byte) Verdict { panic("oh") }, pubsub.ValidationIgnore},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := &pubsub.Message{Message: &pb.Message{Data: []byte("x")}}
			if got := a.validator(topic, c.v)(t.Context(), "stranger", m); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestGarbageFlood: five attackers send well-formed garbage as fast as they
// can while an honest host publishes; the honest messages arrive, the
// attackers end below the threshold at which nothing of them is read.
func TestGarbageFlood(t *testing.T) {
	var garbage, honest atomic.Int64
	got := make(chan string, 1000)
	victim := newTestHost(t)
	must(t, victim.Join(topic, func(_ context.Context, _ string, data []byte) Verdict {
		if !bytes.HasPrefix(data, []byte("good")) {
			garbage.Add(1)
			return Reject
		}
		honest.Add(1)
		got <- string(data)
		return Accept
	}))
	author := newTestHost(t)
	accept, _ := collect(1)
	must(t, author.Join(topic, accept))
	connect(t, author, victim)
	awaitSubscriber(t, author, topic, victim.host.ID())

	ctx, stop := context.WithCancel(testCtx(t))
	var sent atomic.Int64
	var wg sync.WaitGroup
	attackers := make([]host.Host, 5)
	for i := range attackers {
		r, s := rawNeighbour(t, victim)
		attackers[i] = r
		wg.Go(func() {
			for j := 0; ctx.Err() == nil; j++ {
				if sendRPC(s, rawMessage(topic, fmt.Appendf(nil, "junk %d %d", i, j))) != nil {
					return
				}
				sent.Add(1)
			}
		})
	}
	const messages = 200
	for i := range messages {
		want := fmt.Sprintf("good %d", i)
		must(t, author.Publish(ctx, topic, []byte(want)))
		select {
		case <-got:
		case <-ctx.Done():
			t.Fatalf("after %d of %d honest messages nothing more came", i, messages)
		}
	}
	ignored := func() (n int) {
		for _, p := range victim.Peers() {
			for _, r := range attackers {
				if p.ID == r.ID().String() && p.Score < ignoreBelow {
					n++
				}
			}
		}
		return n
	}
	watchOf(t, victim).wait(t, "attackers are ignored", func() bool { return ignored() == len(attackers) })
	stop()
	for _, r := range attackers {
		_ = r.Close()
	}
	wg.Wait()
	t.Logf("%d garbage packets sent, %d judged, %d honest messages of %d arrived", sent.Load(), garbage.Load(), honest.Load(), messages)
	for _, p := range victim.Peers() {
		if p.ID == author.ID() && p.Score < 0 {
			t.Errorf("the honest author has score %v", p.Score)
		}
	}
}

// TestLateIsNotPunished: messages that are ignored cost their sender nothing.
func TestLateIsNotPunished(t *testing.T) {
	a := newTestHost(t)
	seen := make(chan struct{}, 100)
	must(t, a.Join(topic, func(context.Context, string, []byte) Verdict { seen <- struct{}{}; return Ignore }))
	b := newTestHost(t)
	accept, _ := collect(1)
	must(t, b.Join(topic, accept))
	connect(t, b, a)
	awaitSubscriber(t, b, topic, a.host.ID())
	for i := range 100 {
		must(t, b.Publish(testCtx(t), topic, fmt.Appendf(nil, "old %d", i)))
	}
	for range 100 {
		select {
		case <-seen:
		case <-testCtx(t).Done():
			t.Fatal("not all messages came")
		}
	}
	before := a.scores.Load()
	watchOf(t, a).wait(t, "scores newer than the messages", func() bool { return a.scores.Load() != before })
	if s := (*a.scores.Load())[b.host.ID()]; s < 0 {
		t.Errorf("score %v, want not below zero", s)
	}
}

// TestTopicFlood: a raw peer subscribes to a hundred thousand invented topics,
// over ten connections; memory stays where it was.
func TestTopicFlood(t *testing.T) {
	a := newTestHost(t)
	v, got := collect(10)
	must(t, a.Join(topic, v))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	const conns, perConn, perPacket = 10, 10_000, 50
	for c := range conns {
		r, s := rawNeighbour(t, a)
		for i := 0; i < perConn; i += perPacket {
			rpc := &pb.RPC{}
			for j := range perPacket {
				rpc.Subscriptions = append(rpc.Subscriptions, &pb.RPC_SubOpts{
					Subscribe: proto.Bool(true), Topicid: proto.String(fmt.Sprintf("invented/%d/%d", c, i+j)),
				})
			}
			must(t, sendRPC(s, rpc))
		}
		mark := fmt.Sprintf("read to the end %d", c)
		must(t, sendRPC(s, rawMessage(topic, []byte(mark))))
		expect(t, got, mark)
		must(t, r.Close())
		awaitConnectedness(t, a, r.ID(), network.NotConnected)
	}
	after := heap()
	growth := int64(after) - int64(before)
	t.Logf("heap %d KiB before, %d KiB after %d topics, growth %d KiB", before>>10, after>>10, conns*perConn, growth>>10)
	if growth > 10<<20 {
		t.Errorf("heap grew by %d bytes, limit 10 MiB", growth)
	}
	a.filter.mu.Lock()
	defer a.filter.mu.Unlock()
	if n := len(a.filter.foreign); n > 1 { // the last one's disconnection may still be told
		t.Errorf("topics of %d peers that are gone are remembered", n)
	}
}

func TestTopicFilter(t *testing.T) {
	sub := func(on bool, topics ...string) (out []*pb.RPC_SubOpts) {
		for _, name := range topics {
			out = append(out, &pb.RPC_SubOpts{Subscribe: proto.Bool(on), Topicid: proto.String(name)})
		}
		return out
	}
	invented := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("invented %d", i))
		}
		return out
	}
	cases := []struct {
		name string
		subs []*pb.RPC_SubOpts
		want int // admitted
		err  error
	}{
		{"joined", sub(true, topic), 1, nil},
		{"joined, left", sub(false, topic), 1, nil},
		{"one foreign", sub(true, "other"), 1, nil},
		{"as many foreign as allowed", sub(true, invented(maxForeign)...), maxForeign, nil},
		{"one foreign too many", sub(true, invented(maxForeign+1)...), maxForeign, nil},
		{"foreign with too long a name", sub(true, strings.Repeat("x", maxTopicName+1)), 0, nil},
		{"foreign left, never named", sub(false, "other"), 0, nil},
		{"the same twice", sub(true, topic, topic), 1, nil},
		{"as many as allowed", sub(true, append(invented(maxAnnounced-1), topic)...), maxForeign + 1, nil},
		{"one too many, the joined included", sub(true, append(invented(maxAnnounced), topic)...), 0, pubsub.ErrTooManySubscriptions},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newTopicFilter(10)
			f.join(topic)
			got, err := f.FilterIncomingSubscriptions("p", c.subs)
			if len(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("%d admitted, %v; want %d, %v", len(got), err, c.want, c.err)
			}
		})
	}
	t.Run("the last word counts", func(t *testing.T) {
		f := newTopicFilter(10)
		f.join(topic)
		got, _ := f.FilterIncomingSubscriptions("p", append(sub(true, topic), sub(false, topic)...))
		if len(got) != 1 || got[0].GetSubscribe() {
			t.Errorf("got %v", got)
		}
	})
	t.Run("places are given back", func(t *testing.T) {
		f := newTopicFilter(10)
		_, _ = f.FilterIncomingSubscriptions("p", sub(true, invented(maxForeign)...))
		if got, _ := f.FilterIncomingSubscriptions("p", sub(true, "more")); len(got) != 0 {
			t.Error("more than the allowed number over two packets")
		}
		_, _ = f.FilterIncomingSubscriptions("p", sub(false, "invented 0"))
		if got, _ := f.FilterIncomingSubscriptions("p", sub(true, "more")); len(got) != 1 {
			t.Error("a place left was not given again")
		}
		f.forget("p")
		if len(f.foreign) != 0 {
			t.Error("a peer that is gone is remembered")
		}
	})
	t.Run("peers are bounded", func(t *testing.T) {
		f := newTopicFilter(10)
		for i := range 100 {
			_, _ = f.FilterIncomingSubscriptions(peer.ID(fmt.Sprint(i)), sub(true, "x"))
		}
		if len(f.foreign) != 10 {
			t.Errorf("%d peers remembered, limit 10", len(f.foreign))
		}
	})
}

// TestStrangersMessages: a peer that speaks and does not listen is not heard,
// because the router would not score it.
func TestStrangersMessages(t *testing.T) {
	a := newTestHost(t)
	v, got := collect(10)
	must(t, a.Join(topic, v))
	deaf := rawHost(t) // has no handler for gossip
	rawConnect(t, deaf, a)
	s := rawGossip(t, deaf, a)
	must(t, sendRPC(s, rawMessage(topic, []byte("unheard"))))
	w := watchOf(t, a)
	w.wait(t, "the stranger's packet is read", func() bool { return w.packets(deaf.ID()) > 0 })
	_, s2 := rawNeighbour(t, a)
	must(t, sendRPC(s2, rawMessage(topic, []byte("heard"))))
	expect(t, got, "heard")
	_ = s.Reset()
}

// TestMessageRate: what a neighbour sends beyond its rate is dropped before it
// is judged, and time gives new messages; the clock is the test's.
func TestMessageRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	n := newNeighbours(Limits{MessageRate: 2, MessageBurst: 3}, func() time.Time { return now }, nil)
	n.OnNewOutboundStream("p", "")
	pass := func(k int) int {
		rpc := &pubsub.RPC{}
		for range k {
			rpc.Publish = append(rpc.Publish, &pb.Message{})
		}
		must(t, n.inspect("p", rpc))
		return len(rpc.Publish)
	}
	for i, c := range []struct{ wait, send, want int }{
		{0, 2, 2}, {0, 2, 1}, {0, 1, 0}, {1, 5, 2}, {100, 9, 3}, {-50, 1, 0}, {1, 9, 2},
	} {
		now = now.Add(time.Duration(c.wait) * time.Second)
		if got := pass(c.send); got != c.want {
			t.Errorf("step %d: %d of %d passed, want %d", i, got, c.send, c.want)
		}
	}
	n.OnClosedOutboundStream("p")
	if got := pass(1); got != 0 {
		t.Error("a peer without a stream to it was heard")
	}
}

func TestMessageID(t *testing.T) {
	id := func(topic, data string) string { return messageID(rawMessage(topic, []byte(data)).Publish[0]) }
	if first, again := id("t", "x"), id("t", "x"); first != again {
		t.Error("the same content has two identities")
	}
	by := rawMessage("t", []byte("x")).Publish[0]
	by.From, by.Seqno = []byte("somebody"), []byte{7}
	if messageID(by) != id("t", "x") {
		t.Error("author and number change the identity")
	}
	for _, other := range []string{id("t", "y"), id("u", "x"), id("tx", ""), id("", "tx")} {
		if other == id("t", "x") {
			t.Error("different messages have one identity")
		}
	}
}
