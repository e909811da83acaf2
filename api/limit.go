package api

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// maxClients bounds what a limiter remembers, whoever asks.
const maxClients = 4096

// limiter is a token bucket for each client: an IPv4 address or an IPv6 /64.
// Buckets live in memory only and are dropped when full again. Requests from
// the machine itself are not counted: they are its user's, or those of a
// reverse proxy, which knows the clients and bounds them itself.
type limiter struct {
	rate, burst float64 // tokens per second, and at most
	clock       func() time.Time

	mu      sync.Mutex
	clients map[netip.Prefix]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate, burst float64, clock func() time.Time) *limiter {
	return &limiter{rate: rate, burst: burst, clock: clock, clients: map[netip.Prefix]bucket{}}
}

// take spends one token of a client; otherwise it returns how long to wait.
func (l *limiter) take(remote string) time.Duration {
	client, ok := clientOf(remote)
	if !ok {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	b, ok := l.clients[client]
	if !ok {
		l.makeRoom(now)
		b = bucket{tokens: l.burst, at: now}
	}
	b = l.refill(b, now)
	if b.tokens < 1 {
		l.clients[client] = b
		return time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	}
	b.tokens--
	l.clients[client] = b
	return 0
}

func (l *limiter) refill(b bucket, now time.Time) bucket {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = math.Min(l.burst, b.tokens+d.Seconds()*l.rate)
	}
	b.at = now
	return b
}

// makeRoom drops buckets that are full again, and if that is not enough, any
// eighth of them: a flood from many addresses costs accuracy and not memory.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.clients) < maxClients {
		return
	}
	for c, b := range l.clients {
		if l.refill(b, now).tokens >= l.burst {
			delete(l.clients, c)
		}
	}
	for c := range l.clients {
		if len(l.clients) <= maxClients-maxClients/8 {
			return
		}
		delete(l.clients, c)
	}
}

// clientOf names the client behind an address; false for the machine itself
// and for what is no address.
func clientOf(remote string) (netip.Prefix, bool) {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}, false
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.IsLoopback() {
		return netip.Prefix{}, false
	}
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	return p, err == nil
}

func tooMany(wait time.Duration) *problem {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return &problem{Status: http.StatusTooManyRequests, Title: "Too many requests", ExitCode: 4,
		Detail: "This client has asked more than its share.", Hint: "Wait " + seconds + " s, or run a node of your own.",
		header: map[string]string{"Retry-After": seconds}}
}
