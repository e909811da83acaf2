//go:build system && unix

package bench

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// wire passes the connections to a node on and counts the bytes, both ways.
type wire struct {
	addr  string // multiaddr at which the node can be reached over the wire
	bytes atomic.Int64
}

func newWire(t *testing.T, to *started) *wire {
	t.Helper()
	// /ip4/127.0.0.1/tcp/PORT/p2p/ID
	parts := strings.Split(to.Info(t.Context()).Addrs[0], "/")
	if len(parts) < 5 || parts[3] != "tcp" {
		t.Fatal(parts)
	}
	ln := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { _ = ln.Close() })
	w := &wire{}
	port := ln.Addr().(*net.TCPAddr).Port
	w.addr = strings.Join(append(append([]string{}, parts[:4]...), append([]string{strconv.Itoa(port)}, parts[5:]...)...), "/")
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", "127.0.0.1:"+parts[4])
			if err != nil {
				_ = in.Close()
				return
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(counter{pair[0], &w.bytes}, pair[1])
					_ = pair[0].Close()
				}()
			}
		}
	}()
	return w
}

type counter struct {
	net.Conn
	n *atomic.Int64
}

func (c counter) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.Add(int64(n))
	return n, err
}
