package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestBudgetFetches(t *testing.T) {
	var served atomic.Int64
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { served.Add(1); fmt.Fprint(rw, "x") })
	c := closing(t, Stranger(cfg))
	ctx := WithBudget(t.Context(), Budget{Fetches: 3, Bytes: 1000})
	for i := range 10 {
		_, err := c.Get(ctx, fmt.Sprintf("https://example.com/%d", i), "", 0)
		if i < 3 && err != nil {
			t.Errorf("fetch %d: %v", i, err)
		}
		if i >= 3 && !errors.Is(err, ErrBudget) {
			t.Errorf("fetch %d: %v", i, err)
		}
	}
	if served.Load() != 3 {
		t.Errorf("%d requests left", served.Load())
	}
	if b, ok := Remaining(ctx); !ok || b.Fetches != 0 || b.Bytes != 997 {
		t.Errorf("left: %+v", b)
	}
	if _, ok := Remaining(t.Context()); ok {
		t.Error("a budget from nowhere")
	}
}

func TestBudgetBytes(t *testing.T) {
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, strings.Repeat("a", 100)) })
	c := closing(t, Stranger(cfg))
	ctx := WithBudget(t.Context(), Budget{Fetches: 10, Bytes: 150})
	if _, err := c.Get(ctx, "https://example.com/1", "", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "https://example.com/2", "", 0); !errors.Is(err, ErrBudget) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Get(t.Context(), "https://example.com/3", "", 0); err != nil {
		t.Errorf("work without a budget was stopped: %v", err)
	}
}

// TestBudgetInside: a callee can tighten a budget and not widen it.
func TestBudgetInside(t *testing.T) {
	_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "x") })
	c := closing(t, Stranger(cfg))
	outer := WithBudget(t.Context(), Budget{Fetches: 1, Bytes: 100})
	inner := WithBudget(outer, Budget{Fetches: 100, Bytes: 1000})
	if _, err := c.Get(inner, "https://example.com/1", "", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(inner, "https://example.com/2", "", 0); !errors.Is(err, ErrBudget) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Get(WithBudget(t.Context(), Budget{}), "https://example.com/3", "", 0); !errors.Is(err, ErrBudget) {
		t.Errorf("zero budget: %v", err)
	}
}

// TestSingleFlight: twenty equal GETs, one of them given up, are one request.
func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served atomic.Int64
		release := make(chan struct{})
		_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			served.Add(1)
			<-release
			fmt.Fprint(rw, "body")
		})
		c := closing(t, Stranger(cfg))
		quit, cancel := context.WithCancel(t.Context())
		type result struct {
			body []byte
			err  error
		}
		results := make(chan result, 20)
		for i := range 20 {
			ctx := t.Context()
			if i == 0 {
				ctx = quit
			}
			go func() {
				r, err := c.Get(ctx, "https://example.com/", "", 0)
				if err != nil {
					results <- result{nil, err}
					return
				}
				results <- result{r.Body, nil}
			}()
			synctest.Wait() // the first is the leader, and it is the one that quits
		}
		cancel()
		if r := <-results; !errors.Is(r.err, context.Canceled) {
			t.Errorf("the one that gave up: %v", r.err)
		}
		close(release)
		for range 19 {
			r := <-results
			if r.err != nil || string(r.body) != "body" {
				t.Fatalf("%q, %v", r.body, r.err)
			}
			r.body[0] = 'X' // nobody else's answer
		}
		if served.Load() != 1 {
			t.Errorf("%d requests", served.Load())
		}
	})
}

// TestLastOneOut: the request is cancelled when nobody waits for it.
func TestLastOneOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		_, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); close(gone) })
		c := closing(t, Stranger(cfg))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := c.Get(ctx, "https://example.com/", "", 0); done <- err }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		<-gone
	})
}

// TestPoorLeader: one caller's empty budget is not another's failure.
func TestPoorLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		_, cfg := serve(t, func(rw http.ResponseWriter, _ *http.Request) { <-release; fmt.Fprint(rw, "four") })
		c := closing(t, Stranger(cfg))
		poor, rich, thin := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		get := func(ctx context.Context, to chan error) {
			_, err := c.Get(ctx, "https://example.com/", "", 0)
			to <- err
		}
		go get(WithBudget(t.Context(), Budget{Fetches: 1, Bytes: 1}), poor)
		synctest.Wait()
		go get(t.Context(), rich)
		go get(WithBudget(t.Context(), Budget{Fetches: 1, Bytes: 3}), thin)
		synctest.Wait()
		close(release)
		if err := <-poor; !errors.Is(err, ErrBudget) {
			t.Errorf("poor: %v", err)
		}
		if err := <-rich; err != nil {
			t.Errorf("rich: %v", err)
		}
		if err := <-thin; !errors.Is(err, ErrBudget) {
			t.Errorf("joined with too little: %v", err)
		}
	})
}

// TestLimits: never more at once than allowed, per host and in all, and a
// waiting place counts against the time of the whole.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name             string
		perHost, all     int
		hosts            []string
		wantAtOnce, jobs int
	}{
		{"per host", 2, 64, []string{"example.com"}, 2, 6},
		{"in all", 4, 3, []string{"example.com", "www.example.com", "a.example.com"}, 3, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now, most atomic.Int64
				release := make(chan struct{})
				client := closing(t, Operator(Config{
					PerHost: c.perHost, Concurrent: c.all, HostMap: map[string]string{"*": "http://127.0.0.1:80"},
					Dial: plainServer(t, func(rw http.ResponseWriter, _ *http.Request) {
						n := now.Add(1)
						for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
						}
						<-release
						now.Add(-1)
					}),
				}))
				done := make(chan error, c.jobs)
				for i := range c.jobs {
					go func() {
						_, err := client.Get(t.Context(), fmt.Sprintf("https://%s/%d", c.hosts[i%len(c.hosts)], i), "", 0)
						done <- err
					}()
				}
				synctest.Wait()
				if now.Load() != int64(c.wantAtOnce) {
					t.Errorf("%d at once, want %d", now.Load(), c.wantAtOnce)
				}
				close(release)
				for range c.jobs {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
				if most.Load() > int64(c.wantAtOnce) {
					t.Errorf("%d at once at the most", most.Load())
				}
				if len(client.gates.hosts) != 0 {
					t.Errorf("%d hosts remembered", len(client.gates.hosts))
				}
			})
		})
	}
}

func TestWaitingCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		cfg.PerHost = 1
		c := closing(t, Stranger(cfg))
		done := make(chan error, 2)
		for i := range 2 {
			go func() {
				_, err := c.Get(t.Context(), fmt.Sprintf("https://example.com/%d", i), "", 0)
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; !errors.Is(err, ErrTimeout) {
				t.Error(err)
			}
		}
		if len(c.gates.hosts) != 0 || len(c.gates.all) != 0 {
			t.Error("places were not given back")
		}
	})
}

// plainServer serves http through pipes.
func plainServer(t *testing.T, h http.HandlerFunc) DialFunc {
	w := newWire()
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = w
	srv.Start()
	t.Cleanup(srv.Close)
	return w.dial
}
