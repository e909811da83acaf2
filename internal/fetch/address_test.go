package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
)

// listener is a real socket that counts connections.
func listener(t *testing.T) (port string, count func() int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() int64 {
		// One connection of our own shows that the stub does count.
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.Read(make([]byte, 1))
		c.Close()
		l.Close()
		<-ended
		return n.Load() - 1
	}
}

// TestForbiddenAddresses: a name that resolves to a forbidden address is
// refused with the real dialler, and the stub that listens there is not
// reached. One case per range.
func TestForbiddenAddresses(t *testing.T) {
	for _, ip := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"100.64.0.1", "100.100.100.200", "169.254.1.1", "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.2.1",
		"192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
		"100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
		"fec0::1", "ff02::1", "5f00::1", "4000::1",
	} {
		t.Run(ip, func(t *testing.T) {
			port, count := listener(t)
			c := closing(t, Stranger(Config{Resolver: answers(ip)}))
			_, err := c.Get(t.Context(), "https://evil.example.com:"+port+"/", "", 0)
			if !errors.Is(err, ErrForbiddenAddress) {
				t.Errorf("got %v", err)
			}
			if n := count(); n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestPublicAddresses(t *testing.T) {
	g := newGuard()
	for _, ip := range []string{public, "1.1.1.1", "::ffff:1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1", "2001:4860::8888"} {
		if err := g.check(netip.MustParseAddr(ip)); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := g.check(netip.Addr{}); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("no address: %v", err)
	}
}

// TestSocketGuard: the check at the socket refuses by itself, even if the
// check after the look-up were passed over.
func TestSocketGuard(t *testing.T) {
	port, count := listener(t)
	d := newDialer(Config{}, newGuard().check, true)
	if _, err := d.dial(t.Context(), "tcp", "127.0.0.1:"+port); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("got %v", err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestRebinding: a name server that changes its mind at every question
// reaches no private address, and what is dialled is what was checked.
func TestRebinding(t *testing.T) {
	var asked atomic.Int64
	refuse := errors.New("nobody there")
	inside := 0
	c := closing(t, Stranger(Config{
		Resolver: resolverFunc(func(host string) ([]netip.Addr, error) {
			if host != "rebind.example.com." {
				t.Fatalf("asked for %q: a search list could apply", host)
			}
			if asked.Add(1)%2 == 1 {
				return []netip.Addr{netip.MustParseAddr(public)}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}),
		Dial: func(_ context.Context, _, a string) (net.Conn, error) {
			if a != public+":443" {
				inside++
			}
			return nil, refuse
		},
	}))
	for i := range 1000 {
		before := asked.Load()
		_, err := c.Get(t.Context(), "https://rebind.example.com/", "", 0)
		if asked.Load()-before != 1 {
			t.Fatalf("try %d: %d look-ups for one connection", i, asked.Load()-before)
		}
		want := error(ErrUnreachable)
		if asked.Load()%2 == 0 {
			want = ErrForbiddenAddress
		}
		if !errors.Is(err, want) {
			t.Fatalf("try %d: %v, want %v", i, err, want)
		}
	}
	if inside != 0 {
		t.Errorf("%d connections to the inside", inside)
	}
}

// TestMixedAnswer: of several addresses only the public ones are dialled.
func TestMixedAnswer(t *testing.T) {
	w, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "x") })
	cfg.Resolver = answers("127.0.0.1", "::1", public)
	if _, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 0); err != nil {
		t.Fatal(err)
	}
	if got := w.addresses(); len(got) != 1 || got[0] != public+":443" {
		t.Errorf("dialled %v", got)
	}
}
