//go:build unix

package pgtest

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy carries connections to a server and cuts them on demand.
type Proxy struct {
	server   *Server
	listener net.Listener
	cut      atomic.Int64
	cuts     atomic.Int64
	early    atomic.Bool // cut before the server has the COMMIT
	hold     atomic.Bool // leave the server's side open
	onCut    atomic.Pointer[func()]

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// NewProxy listens until the test ends.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{server: s, listener: l, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

// Address is an address of the server, seen through the proxy.
func (p *Proxy) Address(direct string) string {
	_, port, _ := net.SplitHostPort(p.listener.Addr().String())
	before, query, _ := strings.Cut(direct, "?")
	_, database, _ := strings.Cut(before, "@/")
	var rest []string
	for _, kv := range strings.Split(query, "&") {
		if !strings.HasPrefix(kv, "host=") {
			rest = append(rest, kv)
		}
	}
	return "postgres://" + User + "@127.0.0.1:" + port + "/" + database + "?" + strings.Join(append(rest, "sslmode=disable"), "&")
}

// CutAfterCommit makes each of the next n connections that pass a COMMIT break
// right after it: the server has it, and no answer comes back.
func (p *Proxy) CutAfterCommit(n int) { p.set(n, false, false) }

// CutBeforeCommit is the same, but the COMMIT is lost too.
func (p *Proxy) CutBeforeCommit(n int) { p.set(n, true, false) }

// HoldBeforeCommit loses the COMMIT, and the server does not notice that its
// client is gone.
func (p *Proxy) HoldBeforeCommit(n int) { p.set(n, true, true) }

func (p *Proxy) set(n int, early, hold bool) {
	p.early.Store(early)
	p.hold.Store(hold)
	p.cut.Store(int64(n))
}

// OnCut is called at each cut, after what the server was to get; nil calls nothing.
func (p *Proxy) OnCut(f func()) {
	if f == nil {
		p.onCut.Store(nil)
	} else {
		p.onCut.Store(&f)
	}
}

// Cuts is the number of connections cut so far.
func (p *Proxy) Cuts() int { return int(p.cuts.Load()) }

func (p *Proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", p.server.Socket())
		if err != nil {
			_ = in.Close()
			continue
		}
		p.track(in, true)
		p.track(out, true)
		c := &carried{proxy: p, in: in, out: out}
		p.wg.Go(c.requests)
		p.wg.Go(c.answers)
	}
}

func (p *Proxy) track(c net.Conn, there bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if there {
		p.conns[c] = true
	} else {
		delete(p.conns, c)
	}
}

// carried is one connection through the proxy.
type carried struct {
	proxy   *Proxy
	in, out net.Conn
	mute    atomic.Bool
}

func (c *carried) close() {
	for _, conn := range []net.Conn{c.in, c.out} {
		_ = conn.Close()
		c.proxy.track(conn, false)
	}
}

// requests carries what the client says. The store sends COMMIT as one message
// by itself.
func (c *carried) requests() {
	held := false
	defer func() {
		if held {
			_ = c.in.Close() // the other side is closed with the test
		} else {
			c.close()
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.in.Read(buf)
		if n > 0 {
			cut := bytes.Contains(buf[:n], []byte("COMMIT\x00")) && c.proxy.take()
			if cut {
				c.mute.Store(true) // before the server can answer
				if held = c.proxy.hold.Load(); c.proxy.early.Load() {
					return
				}
			}
			_, werr := c.out.Write(buf[:n])
			if f := c.proxy.onCut.Load(); cut && f != nil {
				(*f)()
			}
			if werr != nil || cut {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) take() bool {
	for {
		left := p.cut.Load()
		if left <= 0 {
			return false
		}
		if p.cut.CompareAndSwap(left, left-1) {
			p.cuts.Add(1)
			return true
		}
	}
}

// answers carries what the server says, until the connection is to be mute.
func (c *carried) answers() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.out.Read(buf)
		if c.mute.Load() {
			_ = c.in.Close()
			return
		}
		if n > 0 {
			if _, werr := c.in.Write(buf[:n]); werr != nil {
				c.close()
				return
			}
		}
		if err != nil {
			c.close()
			return
		}
	}
}
