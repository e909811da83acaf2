package fetch

import (
	"context"
	"sync"
)

// flight is one request on the wire and those who wait for it.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by flights.mu

	resp *Response // set before done is closed
	err  error
}

// flights merges equal GETs. A caller that gives up does not fail the others;
// the request is cancelled when the last one has left.
type flights struct {
	mu sync.Mutex
	m  map[string]*flight
}

// join returns the flight for key, started by this call when leader is true.
func (fs *flights) join(ctx context.Context, key string, do func(context.Context) (*Response, error)) (f *flight, leader bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.m[key]; ok {
		f.waiters++
		return f, false
	}
	// The values of ctx (the budget) travel along, its cancellation does not.
	fctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f = &flight{done: make(chan struct{}), cancel: cancel, waiters: 1}
	if fs.m == nil {
		fs.m = make(map[string]*flight)
	}
	fs.m[key] = f
	go func() {
		f.resp, f.err = do(fctx)
		fs.forget(key, f)
		close(f.done)
		cancel()
	}()
	return f, true
}

// leave is called by a waiter that no longer wants the answer.
func (fs *flights) leave(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if fs.m[key] == f {
			delete(fs.m, key)
		}
	}
}

func (fs *flights) forget(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.m[key] == f {
		delete(fs.m, key)
	}
}

// gates bounds how many requests run at once, per host and in all. Hosts
// nobody asks for take no memory.
type gates struct {
	all     chan struct{}
	perHost int
	mu      sync.Mutex
	hosts   map[string]*gate
}

type gate struct {
	sem  chan struct{}
	refs int
}

func newGates(all, perHost int) *gates {
	return &gates{all: make(chan struct{}, all), perHost: perHost, hosts: make(map[string]*gate)}
}

// enter waits for a place; the returned function gives it back.
func (g *gates) enter(ctx context.Context, host string) (leave func(), err error) {
	g.mu.Lock()
	h := g.hosts[host]
	if h == nil {
		h = &gate{sem: make(chan struct{}, g.perHost)}
		g.hosts[host] = h
	}
	h.refs++
	g.mu.Unlock()
	drop := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if h.refs--; h.refs == 0 {
			delete(g.hosts, host)
		}
	}
	// The host's own place first: a slow host's queue must not fill the
	// places that are there for all hosts.
	select {
	case h.sem <- struct{}{}:
	case <-ctx.Done():
		drop()
		return nil, context.Cause(ctx)
	}
	select {
	case g.all <- struct{}{}:
	case <-ctx.Done():
		<-h.sem
		drop()
		return nil, context.Cause(ctx)
	}
	return func() { <-g.all; <-h.sem; drop() }, nil
}
