package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const public = "93.184.216.34"

// resolverFunc answers every look-up.
type resolverFunc func(host string) ([]netip.Addr, error)

func (f resolverFunc) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return f(host)
}

func answers(ips ...string) resolverFunc {
	var out []netip.Addr
	for _, s := range ips {
		out = append(out, netip.MustParseAddr(s))
	}
	return func(string) ([]netip.Addr, error) { return out, nil }
}

// wire is a TLS server reached through net.Pipe: the dialler records what it
// was told to dial and hands the other end to the server.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu     sync.Mutex
	dialed []string
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}
func (w *wire) Close() error   { w.once.Do(func() { close(w.done) }); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (w *wire) dial(ctx context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dialed = append(w.dialed, address)
	w.mu.Unlock()
	a, b := net.Pipe()
	select {
	case w.conns <- b:
		return a, nil
	case <-w.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) addresses() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.dialed...)
}

// serve starts a TLS server for example.com behind a wire.
func serve(t *testing.T, h http.HandlerFunc) (*wire, Config) {
	t.Helper()
	w := newWire()
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = w
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return w, Config{RootCAs: pool, Dial: w.dial, Resolver: answers(public)}
}

func closing(t *testing.T, c *Client) *Client {
	t.Cleanup(func() { c.Close() })
	return c
}

func TestGet(t *testing.T) {
	w, cfg := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/a%2Fb/did.jsonl?x=1" || r.Host != "example.com" {
			t.Errorf("asked for %q of %q", r.URL.RequestURI(), r.Host)
		}
		for name, want := range map[string]string{
			"User-Agent": "bonafide", "Accept": "text/jsonl", "Accept-Encoding": "identity", "Cookie": "", "Referer": "", "Authorization": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		rw.Header().Set("Content-Type", "text/jsonl")
		rw.Header().Set("Date", "Mon, 23 Nov 2026 10:00:00 GMT")
		rw.Header().Set("Set-Cookie", "track=1")
		fmt.Fprint(rw, "line\n")
	})
	c := closing(t, Stranger(cfg))
	for range 2 { // the second time a cookie would come back
		r, err := c.Get(t.Context(), "https://EXAMPLE.com./a%2Fb/did.jsonl?x=1", "text/jsonl", 100)
		if err != nil {
			t.Fatal(err)
		}
		if string(r.Body) != "line\n" || r.ContentType != "text/jsonl" || r.Status != 200 || r.URL != "https://EXAMPLE.com./a%2Fb/did.jsonl?x=1" {
			t.Errorf("%+v", r)
		}
		if want := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC); !r.Date.Equal(want) {
			t.Errorf("date %s", r.Date)
		}
	}
	if got := w.addresses(); len(got) != 1 || got[0] != public+":443" {
		t.Errorf("dialled %v", got)
	}
	if c.Mapped() {
		t.Error("mapped without a map")
	}
}

func TestNoProxyFromEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	w, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "x") })
	if _, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 0); err != nil {
		t.Fatal(err)
	}
	if got := w.addresses(); len(got) != 1 || got[0] != public+":443" {
		t.Errorf("dialled %v", got)
	}
}

// TestRefusedBeforeTheWire: nothing is looked up or dialled for these.
func TestRefusedBeforeTheWire(t *testing.T) {
	cases := []struct {
		name, url string
		want      error
	}{
		{"http", "http://example.com/", ErrScheme},
		{"file", "file:///etc/passwd", ErrScheme},
		{"no scheme", "example.com/x", ErrScheme},
		{"opaque", "https:example.com", ErrURL},
		{"no host", "https:///x", ErrURL},
		{"user", "https://user@example.com/", ErrURL},
		{"user and password", "https://a:b@example.com/", ErrURL},
		{"fragment", "https://example.com/x#y", ErrURL},
		{"empty fragment", "https://example.com/x#", ErrURL},
		{"port 0", "https://example.com:0/", ErrURL},
		{"port 65536", "https://example.com:65536/", ErrURL},
		{"escaped host", "https://%31%32%37.0.0.1/", ErrURL},
		{"empty label", "https://example..com/", ErrURL},
		{"two final dots", "https://example.com../", ErrURL},
		{"space", "https://exa mple.com/", ErrURL},
		{"star", "https://*/", ErrURL},
		{"newline", "https://example.com/\nx", ErrURL},
		{"too long", "https://example.com/" + strings.Repeat("a", maxURLBytes), ErrURL},
		{"label of 64", "https://" + strings.Repeat("a", 64) + ".example.com/", ErrURL},
		{"loopback", "https://127.0.0.1/", ErrForbiddenAddress},
		{"public literal", "https://" + public + "/", ErrForbiddenAddress},
		{"short form", "https://127.1/", ErrForbiddenAddress},
		{"hex", "https://0x7f000001/", ErrForbiddenAddress},
		{"hex, upper case", "https://0X7F000001/", ErrForbiddenAddress},
		{"hex, dotted", "https://0x7f.0x0.0x0.0x1/", ErrForbiddenAddress},
		{"bare 0x", "https://0x/", ErrForbiddenAddress},
		{"decimal", "https://2130706433/", ErrForbiddenAddress},
		{"octal", "https://0177.0.0.01/", ErrForbiddenAddress},
		{"final dot", "https://127.0.0.1./", ErrForbiddenAddress},
		{"name ending in a number", "https://example.1/", ErrForbiddenAddress},
		{"full-width digits", "https://１２７.0.0.1/", ErrForbiddenAddress},
		{"full-width dot", "https://127。0。0。1/", ErrForbiddenAddress},
		{"IPv6 loopback", "https://[::1]/", ErrForbiddenAddress},
		{"IPv6 public", "https://[2606:4700::1]/", ErrForbiddenAddress},
		{"v4-mapped", "https://[::ffff:127.0.0.1]/", ErrForbiddenAddress},
		{"zone", "https://[fe80::1%25eth0]/", ErrForbiddenAddress},
		{"localhost", "https://localhost/", ErrForbiddenAddress},
		{"sub-domain of localhost", "https://x.localhost/", ErrForbiddenAddress},
		{"one label", "https://intranet/", ErrForbiddenAddress},
		{"metadata name", "https://metadata.google.internal/", ErrForbiddenAddress},
		{"mDNS", "https://printer.local/", ErrForbiddenAddress},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := closing(t, Stranger(Config{
				Resolver: resolverFunc(func(host string) ([]netip.Addr, error) {
					t.Errorf("looked up %q", host)
					return nil, errors.New("no")
				}),
				Dial: func(_ context.Context, _, a string) (net.Conn, error) {
					t.Errorf("dialled %q", a)
					return nil, errors.New("no")
				},
			}))
			_, err := client.Get(t.Context(), c.url, "", 0)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	gz := func() []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(bytes.Repeat([]byte("a"), 1<<20))
		z.Close()
		return b.Bytes()
	}()
	status := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("followed to %s", r.URL)
			}
			if code >= 300 && code < 400 {
				rw.Header().Set("Location", "https://example.com/next")
			}
			rw.WriteHeader(code)
		}
	}
	cases := []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"body at the cap", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, strings.Repeat("a", 1000)) }, nil},
		{"announced over the cap", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "1001")
			rw.(http.Flusher).Flush() // the body itself never comes
		}, ErrTooLarge},
		{"over the cap without length", func(rw http.ResponseWriter, _ *http.Request) {
			rw.(http.Flusher).Flush()
			fmt.Fprint(rw, strings.Repeat("a", 1001))
		}, ErrTooLarge},
		{"endless", func(rw http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := rw.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, ErrTooLarge},
		{"shorter than announced", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "500")
			fmt.Fprint(rw, "short")
		}, ErrUnreachable},
		{"headers over 64 KiB", func(rw http.ResponseWriter, _ *http.Request) {
			for i := range 70 {
				rw.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("a", 1000))
			}
		}, ErrTooLarge},
		{"gzip not asked for", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			rw.Write(gz)
		}, ErrEncoding},
		{"connection cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable},
		{"301", status(301), ErrRedirect}, {"302", status(302), ErrRedirect}, {"307", status(307), ErrRedirect}, {"308", status(308), ErrRedirect},
		{"404", status(404), ErrNotFound}, {"410", status(410), ErrNotFound},
		{"201", status(201), ErrStatus}, {"204", status(204), ErrStatus}, {"206", status(206), ErrStatus},
		{"403", status(403), ErrStatus}, {"429", status(429), ErrStatus}, {"500", status(500), ErrStatus},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, cfg := serve(t, c.handler)
			client := closing(t, Stranger(cfg))
			_, err := client.Get(t.Context(), "https://example.com/", "", 1000)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestNoDecompression: bytes that happen to be gzip arrive as they are.
func TestNoDecompression(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte("hello"))
	z.Close()
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { rw.Write(b.Bytes()) })
	r, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 0)
	if err != nil || !bytes.Equal(r.Body, b.Bytes()) {
		t.Errorf("%v: body changed", err)
	}
}

func TestConfiguredCapWins(t *testing.T) {
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, strings.Repeat("a", 101)) })
	cfg.MaxBytes = 100
	if _, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 1000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	_, cfg := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("request arrived") })
	cfg.RootCAs = x509.NewCertPool()
	if _, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 0); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	_, cfg = serve(t, func(http.ResponseWriter, *http.Request) { t.Error("request arrived") })
	if _, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://other.test.org/", "", 0); !errors.Is(err, ErrUnreachable) {
		t.Errorf("certificate of another name: %v", err)
	}
}

// TestSlow runs on a fake clock: nothing waits.
func TestSlow(t *testing.T) {
	cases := []struct {
		name    string
		handler http.HandlerFunc
		least   time.Duration
		most    time.Duration
	}{
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 30 * time.Second, 30 * time.Second},
		{"10 bytes per second", func(rw http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for {
				if _, err := rw.Write([]byte("a")); err != nil {
					return
				}
				rw.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
				}
			}
		}, 5 * time.Second, 6 * time.Second},
		{"stops half-way", func(rw http.ResponseWriter, r *http.Request) {
			rw.Write(make([]byte, 2048))
			rw.(http.Flusher).Flush()
			<-r.Context().Done()
		}, 7 * time.Second, 7 * time.Second},
		{"fast enough for the rate, not for the whole", func(rw http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				if _, err := rw.Write(make([]byte, 2048)); err != nil {
					return
				}
				rw.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
				}
			}
		}, 30 * time.Second, 30 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, cfg := serve(t, c.handler)
				client := closing(t, Stranger(cfg))
				start := time.Now()
				_, err := client.Get(t.Context(), "https://example.com/", "", 0)
				if took := time.Since(start); took < c.least || took > c.most {
					t.Errorf("gave up after %s", took)
				}
				if !errors.Is(err, ErrTimeout) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestSlowButSteady: the minimum rate does not cut a body that keeps up.
func TestSlowButSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			for range 20 {
				rw.Write(make([]byte, 1100))
				rw.(http.Flusher).Flush()
				<-time.After(time.Second)
			}
		})
		r, err := closing(t, Stranger(cfg)).Get(t.Context(), "https://example.com/", "", 0)
		if err != nil || len(r.Body) != 20*1100 {
			t.Errorf("%v", err)
		}
	})
}

func TestSlowDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tried := 0
		c := Stranger(Config{Resolver: answers("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "1.1.1.6"),
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				tried++
				<-ctx.Done()
				return nil, ctx.Err()
			}})
		start := time.Now()
		if _, err := c.Get(t.Context(), "https://example.com/", "", 0); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v", err)
		}
		if tried != maxAddresses || time.Since(start) != maxAddresses*dialTimeout {
			t.Errorf("%d addresses in %s", tried, time.Since(start))
		}
	})
}

func TestLookupErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, ErrUnreachable},
		{"time-out", &net.DNSError{Err: "timeout", IsTimeout: true}, ErrTimeout},
		{"no address", nil, ErrUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := Stranger(Config{Resolver: resolverFunc(func(string) ([]netip.Addr, error) { return nil, c.err })})
			if _, err := cl.Get(t.Context(), "https://example.com/", "", 0); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	_, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := closing(t, Stranger(cfg))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "https://example.com/", "", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		_, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := closing(t, Stranger(cfg))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Get(ctx, "https://example.com/", "", 0); !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMetric(t *testing.T) {
	reg := prometheus.NewRegistry()
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(404) })
	cfg.Registerer = reg
	a, b := closing(t, Stranger(cfg)), closing(t, Operator(cfg))
	a.Get(t.Context(), "https://example.com/", "", 0)
	b.Get(t.Context(), "https://example.com/", "", 0)
	got, err := reg.Gather()
	if err != nil || len(got) != 1 || len(got[0].Metric) != 2 {
		t.Fatalf("%v %v", got, err)
	}
	for _, m := range got[0].Metric {
		if m.GetCounter().GetValue() != 1 || len(m.Label) != 2 {
			t.Errorf("%v", m)
		}
	}
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), done: make(chan struct{})} }
