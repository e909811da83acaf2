package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestParseHostMap(t *testing.T) {
	good := []struct {
		name, entry, host, base string
	}{
		{"name", "Uni.Example=http://127.0.0.1:8480", "uni.example", "http://127.0.0.1:8480"},
		{"final slash", "uni.example=http://127.0.0.1:8480/", "uni.example", "http://127.0.0.1:8480"},
		{"star", "*=http://localhost:1", "*", "http://localhost:1"},
		{"port", "uni.example:8443=http://[::1]:1", "uni.example:8443", "http://[::1]:1"},
		{"no port", "uni.example=http://127.0.0.2", "uni.example", "http://127.0.0.2"},
	}
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseHostMap([]string{c.entry})
			if err != nil || len(m) != 1 || m[c.host] != c.base {
				t.Errorf("%v, %v", m, err)
			}
		})
	}
	bad := []struct {
		name    string
		entries []string
	}{
		{"no equals", []string{"uni.example"}},
		{"empty host", []string{"=http://127.0.0.1:1"}},
		{"empty URL", []string{"uni.example="}},
		{"https", []string{"uni.example=https://127.0.0.1:1"}},
		{"public", []string{"uni.example=http://93.184.216.34:1"}},
		{"private", []string{"uni.example=http://10.0.0.1:1"}},
		{"unspecified", []string{"uni.example=http://0.0.0.0:1"}},
		{"other name", []string{"uni.example=http://other.example:1"}},
		{"looks like localhost", []string{"uni.example=http://localhost.evil.example:1"}},
		{"path", []string{"uni.example=http://127.0.0.1:1/x"}},
		{"query", []string{"uni.example=http://127.0.0.1:1?x"}},
		{"fragment", []string{"uni.example=http://127.0.0.1:1#x"}},
		{"user", []string{"uni.example=http://a@127.0.0.1:1"}},
		{"port 0", []string{"uni.example=http://127.0.0.1:0"}},
		{"host is an address", []string{"10.0.0.1=http://127.0.0.1:1"}},
		{"host is a URL", []string{"https://uni.example=http://127.0.0.1:1"}},
		{"host with bad port", []string{"uni.example:x=http://127.0.0.1:1"}},
		{"star with port", []string{"*:1=http://127.0.0.1:1"}},
		{"twice", []string{"uni.example=http://127.0.0.1:1", "UNI.example=http://127.0.0.1:2"}},
	}
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			if m, err := ParseHostMap(c.entries); !errors.Is(err, ErrHostMap) {
				t.Errorf("%v, %v", m, err)
			}
		})
	}
}

func FuzzParseHostMap(f *testing.F) {
	for _, s := range []string{"uni.example=http://127.0.0.1:1", "*=http://localhost", "a.b:1=http://[::1]:2", "=", "x=http://127.0.0.1.evil.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseHostMap([]string{s})
		if err != nil {
			if !errors.Is(err, ErrHostMap) {
				t.Fatalf("foreign error %v", err)
			}
			return
		}
		for _, base := range m {
			if _, err := loopbackBase(base); err != nil {
				t.Fatalf("accepted %q gives %q: %v", s, base, err)
			}
		}
	})
}

// FuzzTarget: whatever the text, a Stranger's accepted URL is https to a
// public-looking name.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"https://example.com/a", "https://127.1/", "https://[::1]/", "http://x.y", "https://EXAMPLE.com.:8443/%2F?q"} {
		f.Add(s)
	}
	c := Stranger(Config{})
	f.Fuzz(func(t *testing.T, s string) {
		tg, err := c.target(s)
		if err != nil {
			if !errors.Is(err, ErrURL) && !errors.Is(err, ErrScheme) && !errors.Is(err, ErrForbiddenAddress) {
				t.Fatalf("foreign error %v", err)
			}
			return
		}
		if tg.url.Scheme != "https" || tg.url.User != nil || tg.mapped {
			t.Fatalf("%q gives %v", s, tg.url)
		}
		if _, err := netip.ParseAddr(tg.url.Hostname()); err == nil {
			t.Fatalf("%q gives the address %v", s, tg.url)
		}
		if again, err := c.target(tg.url.String()); err != nil || again.url.String() != tg.url.String() {
			t.Fatalf("%q: %q does not survive: %v", s, tg.url, err)
		}
	})
}

func TestHostMap(t *testing.T) {
	seen := make(chan string, 1)
	handler := func(rw http.ResponseWriter, r *http.Request) {
		seen <- r.Host + " " + r.URL.RequestURI()
		fmt.Fprint(rw, "x")
	}
	one, two := httptest.NewServer(http.HandlerFunc(handler)), httptest.NewServer(http.HandlerFunc(handler))
	defer one.Close()
	defer two.Close()
	var dialed string
	cfg := Config{
		HostMap: map[string]string{"uni.example": one.URL, "uni.example:8443": two.URL},
		Dial: func(ctx context.Context, network, a string) (net.Conn, error) {
			dialed = a
			return new(net.Dialer).DialContext(ctx, network, a)
		},
		Resolver: answers("127.0.0.1"),
	}
	c := closing(t, Stranger(cfg))
	if !c.Mapped() {
		t.Error("not mapped")
	}
	for _, k := range []struct{ url, want, server string }{
		{"https://uni.example/a%2Fb/did.jsonl?x=y", "uni.example /a%2Fb/did.jsonl?x=y", one.Listener.Addr().String()},
		{"https://UNI.example:444/", "uni.example:444 /", one.Listener.Addr().String()},
		{"https://uni.example:8443/p", "uni.example:8443 /p", two.Listener.Addr().String()},
	} {
		r, err := c.Get(t.Context(), k.url, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != k.want || dialed != k.server || r.URL != k.url {
			t.Errorf("%s: saw %q at %s, response of %q", k.url, got, dialed, r.URL)
		}
		c.Close() // so that each is dialled
	}
	// Hosts outside of the map are treated as ever.
	for _, k := range []struct {
		url  string
		want error
	}{
		{"https://other.example/", ErrForbiddenAddress},
		{"http://uni.example/", ErrScheme},
		{"https://127.0.0.1/", ErrForbiddenAddress},
	} {
		if _, err := c.Get(t.Context(), k.url, "", 0); !errors.Is(err, k.want) {
			t.Errorf("%s: %v", k.url, err)
		}
	}
}

func TestHostMapStar(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "x") }))
	defer srv.Close()
	c := closing(t, Stranger(Config{HostMap: map[string]string{"*": srv.URL}}))
	if _, err := c.Get(t.Context(), "https://any.example/", "", 0); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), "https://127.1/", "", 0); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("literal: %v", err)
	}
}

// TestHostMapUnusable: a map that was not understood is never passed over.
func TestHostMapUnusable(t *testing.T) {
	for name, m := range map[string]map[string]string{
		"base":       {"uni.example": "http://10.0.0.1"},
		"host":       {"10.0.0.1": "http://127.0.0.1:1"},
		"one of two": {"uni.example": "http://127.0.0.1:1", "b.example": "ftp://x"},
	} {
		c := Stranger(Config{HostMap: m})
		if _, err := c.Get(t.Context(), "https://uni.example/", "", 0); !errors.Is(err, ErrHostMap) {
			t.Errorf("%s: %v", name, err)
		}
		if !c.Mapped() {
			t.Errorf("%s: passes as not mapped", name)
		}
	}
}

// TestHostMapStaysOnLoopback: "localhost" that resolves elsewhere is refused.
func TestHostMapStaysOnLoopback(t *testing.T) {
	c := Stranger(Config{HostMap: map[string]string{"*": "http://localhost:1"}, Resolver: answers(public),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("dialled")
			return nil, errors.New("no")
		}})
	if _, err := c.Get(t.Context(), "https://uni.example/", "", 0); !errors.Is(err, ErrForbiddenAddress) {
		t.Errorf("got %v", err)
	}
}

func TestOperator(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/go" {
			http.Redirect(rw, r, "/", http.StatusFound)
			return
		}
		fmt.Fprint(rw, "x")
	}))
	defer srv.Close()
	c := closing(t, Operator(Config{}))
	if _, err := c.Get(t.Context(), srv.URL+"/", "", 0); err != nil {
		t.Error(err)
	}
	for _, k := range []struct {
		url  string
		max  int64
		want error
	}{
		{srv.URL + "/go", 0, ErrRedirect},
		{"file:///etc/passwd", 0, ErrScheme},
		{"http://user@127.0.0.1/", 0, ErrURL},
	} {
		if _, err := c.Get(t.Context(), k.url, "", k.max); !errors.Is(err, k.want) {
			t.Errorf("%s: %v", k.url, err)
		}
	}
}
