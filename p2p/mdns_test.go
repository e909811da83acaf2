package p2p

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// cable is a link between the finders of one test: all hear all, themselves included.
type cable struct {
	mu   sync.Mutex
	ends []*cableEnd
}

type cableEnd struct {
	to     *cable
	in     chan []byte
	closed chan struct{}
}

func (c *cable) end() *cableEnd {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &cableEnd{to: c, in: make(chan []byte, 1000), closed: make(chan struct{})}
	c.ends = append(c.ends, e)
	return e
}

func (e *cableEnd) Send(b []byte) error {
	e.to.mu.Lock()
	defer e.to.mu.Unlock()
	for _, o := range e.to.ends {
		select {
		case o.in <- slices.Clone(b):
		default:
		}
	}
	return nil
}

func (e *cableEnd) Receive(b []byte) (int, error) {
	select {
	case p := <-e.in:
		return copy(b, p), nil
	case <-e.closed:
		return 0, net.ErrClosed
	}
}

func (e *cableEnd) Close() error { close(e.closed); return nil }

const (
	idA   = "12D3KooWDyxNEokbv9Rh6qHkCy22EyToFYjjxiZjzXUdcUXT8PZj"
	idB   = "12D3KooWRS9xaxMFMTNBg1h7AukWu22ax6y5FEKBs4HeiK2cA3x4"
	addrA = "/ip4/10.0.0.1/tcp/8482/p2p/" + idA
	addrB = "/ip4/10.0.0.2/udp/8482/quic-v1/p2p/" + idB
)

func TestFindersMeet(t *testing.T) {
	c := &cable{}
	found := make(chan string, 10)
	make1 := func(id, addr, name string) *finder {
		pid, err := peer.Decode(id)
		must(t, err)
		f := &finder{
			link: c.end(), self: pid, name: name + "." + mdnsService, now: time.Now,
			addrs: func() []string { return []string{addr} },
			found: func(ai peer.AddrInfo) { found <- id[len(id)-4:] + " found " + ai.String() },
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(f.listen)
		wg.Go(func() { f.ask(ctx) })
		t.Cleanup(func() { cancel(); _ = f.link.Close(); wg.Wait() })
		return f
	}
	make1(idA, addrA, "a")
	make1(idB, addrB, "b")
	seen := map[string]bool{}
	for len(seen) < 2 {
		select {
		case s := <-found:
			seen[s] = true
		case <-testCtx(t).Done():
			t.Fatalf("found only %v", seen)
		}
	}
	for s := range seen {
		a, b := strings.HasPrefix(s, "8PZj found {"+idB), strings.HasPrefix(s, "A3x4 found {"+idA)
		if !a && !b {
			t.Errorf("%s", s)
		}
	}
}

func TestParseMDNS(t *testing.T) {
	question, err := mdnsQuestion()
	must(t, err)
	answer, err := mdnsAnswer("x."+mdnsService, []string{addrA, addrB})
	must(t, err)
	pack := func(edit func(*dnsmessage.Message), from []byte) []byte {
		var m dnsmessage.Message
		must(t, m.Unpack(from))
		edit(&m)
		b, err := m.Pack()
		must(t, err)
		return b
	}
	texts := func(s ...string) []byte {
		return pack(func(m *dnsmessage.Message) { m.Additionals[0].Body = &dnsmessage.TXTResource{TXT: s} }, answer)
	}
	cases := []struct {
		name   string
		packet []byte
		asked  bool
		addrs  []string
		bad    bool
	}{
		{"question", question, true, nil, false},
		{"question for a unicast answer", pack(func(m *dnsmessage.Message) { m.Questions[0].Class |= 0x8000 }, question), true, nil, false},
		{"question in other letters", pack(func(m *dnsmessage.Message) {
			m.Questions[0].Name = dnsmessage.MustNewName("_BonaFide._UDP.local.")
		}, question), true, nil, false},
		{"question for another service", pack(func(m *dnsmessage.Message) {
			m.Questions[0].Name = dnsmessage.MustNewName("_p2p._udp.local.")
		}, question), false, nil, false},
		{"question of another type", pack(func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeA }, question), false, nil, false},
		{"answer", answer, false, []string{addrA, addrB}, false},
		{"answer that claims to be a question", pack(func(m *dnsmessage.Message) { m.Response = false }, answer), false, nil, false},
		{"answer of another service", pack(func(m *dnsmessage.Message) {
			m.Additionals[0].Header.Name = dnsmessage.MustNewName("x._p2p._udp.local.")
		}, answer), false, nil, false},
		{"text without prefix", texts(addrA), false, nil, false},
		{"text that is no address", texts("dnsaddr=/ip4/nonsense", "dnsaddr="+addrA), false, []string{addrA}, false},
		{"transport that does not run", texts("dnsaddr=/ip4/10.0.0.1/tcp/1/ws/p2p/" + idA), false, nil, false},
		{"relayed", texts("dnsaddr=" + addrB + "/p2p-circuit/p2p/" + idA), false, nil, false},
		{"too many addresses", texts(slices.Repeat([]string{"dnsaddr=" + addrA}, mdnsAddrs+1)...), false, slices.Repeat([]string{addrA}, mdnsAddrs), false},
		{"empty", nil, false, nil, true},
		{"cut", answer[:len(answer)-5], false, nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked, addrs, err := parseMDNS(c.packet)
			var got []string
			for _, a := range addrs {
				got = append(got, a.String())
			}
			if asked != c.asked || !slices.Equal(got, c.addrs) || (err != nil) != c.bad {
				t.Errorf("asked %v, addresses %q, error %v", asked, got, err)
			}
		})
	}
}

func TestMDNSAnswerIsBounded(t *testing.T) {
	many := slices.Repeat([]string{addrA}, 100)
	b, err := mdnsAnswer("x."+mdnsService, append(many, strings.Repeat("y", 300)))
	if err != nil || len(b) > mdnsPacket {
		t.Errorf("%d bytes (%v), limit %d", len(b), err, mdnsPacket)
	}
	if _, err := mdnsAnswer("x."+mdnsService, nil); err == nil {
		t.Error("an answer without addresses was made")
	}
}

func TestFinderLimits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := &cable{}
	ear := c.end()
	n := 0
	f := &finder{
		link: c.end(), name: "x." + mdnsService, addrs: func() []string { return []string{addrA} },
		found: func(peer.AddrInfo) { n++ }, now: func() time.Time { return now },
	}
	q, err := mdnsQuestion()
	must(t, err)
	for range 100 {
		f.handle(q)
	}
	now = now.Add(mdnsReplyGap)
	f.handle(q)
	if got := len(ear.in); got != 2 {
		t.Errorf("%d answers, want one a second, hence 2", got)
	}
	a, err := mdnsAnswer("y."+mdnsService, []string{addrB})
	must(t, err)
	for range 10 * mdnsPerTurn {
		f.handle(a)
	}
	if n != mdnsPerTurn {
		t.Errorf("%d hosts found, limit %d", n, mdnsPerTurn)
	}
	own, err := peer.Decode(idB)
	must(t, err)
	f.turn, n, f.self = 0, 0, own
	f.handle(a)
	if n != 0 {
		t.Error("found itself")
	}
}

// TestMDNS lets two hosts find each other over this machine's real network.
func TestMDNS(t *testing.T) {
	probe, err := openMulticast()
	if err != nil {
		vectors.Missing(t, "a network interface for multicast ("+err.Error()+")")
	}
	must(t, probe.Close())
	open := func() *Host {
		return newTestHost(t, func(c *Config) { c.Listen = []string{"/ip4/0.0.0.0/tcp/0"}; c.MDNS = true })
	}
	a, b := open(), open()
	awaitConnectedness(t, a, b.host.ID(), network.Connected)
}

func FuzzParseMDNS(f *testing.F) {
	q, err := mdnsQuestion()
	must(f, err)
	a, err := mdnsAnswer("x."+mdnsService, []string{addrA, addrB})
	must(f, err)
	f.Add(q)
	f.Add(a)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, addrs, err := parseMDNS(b)
		if err != nil && addrs != nil {
			t.Error("addresses with an error")
		}
		if len(addrs) > mdnsAddrs {
			t.Errorf("%d addresses", len(addrs))
		}
		for _, a := range addrs {
			if !isTCP(a) && !isQUIC(a) {
				t.Errorf("address %s", a)
			}
		}
	})
}
