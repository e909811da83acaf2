package p2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// sweepStep is how many accounts each admission looks at to forget idle ones:
// more than one, so that the number of accounts stays proportional to the
// peers that asked lately, whatever identities they invent.
const sweepStep = 4

// budget says which requests are answered: so many at one time, so many of one
// peer, and for each peer a bucket of requests and one of bytes that refill
// with time. A request is let in while both buckets hold something; an answer
// may then overdraw the bytes, up to its own limit, and the debt is paid by
// waiting. So an answer once begun is never cut for the budget's sake.
type budget struct {
	limits Limits
	now    func() time.Time

	mu       sync.Mutex
	active   int
	accounts map[peer.ID]*account
}

// account is one peer's state, exact at the time in at.
type account struct {
	active   int
	requests float64
	bytes    float64
	at       time.Time
}

func newBudget(l Limits, now func() time.Time) *budget {
	return &budget{limits: l, now: now, accounts: map[peer.ID]*account{}}
}

// admit lets one request of id in. If it does, release must be called once;
// if not, release is nil and wait says when asking again may help.
func (b *budget) admit(id peer.ID, protected bool) (release func(), wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.sweep(now)
	a := b.refilled(id, now)
	// The last quarter of the places is for peers that the operator named.
	places := b.limits.Requests
	if !protected {
		places = max(1, places*3/4)
	}
	switch {
	case b.active >= places || a.active >= b.limits.RequestsPerPeer:
		return nil, 100 * time.Millisecond
	case a.requests < 1:
		return nil, after(1-a.requests, b.limits.RequestRate)
	case a.bytes <= 0:
		return nil, after(1-a.bytes, b.limits.ByteRate)
	}
	a.requests--
	a.active++
	b.active++
	var once sync.Once
	return func() {
		once.Do(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			a.active--
			b.active--
		})
	}, 0
}

// spend charges n bytes to id.
func (b *budget) spend(id peer.ID, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refilled(id, b.now()).bytes -= float64(n)
}

// refilled returns the account of id as of now, making one if needed.
func (b *budget) refilled(id peer.ID, now time.Time) *account {
	a := b.accounts[id]
	if a == nil {
		a = &account{requests: float64(b.limits.RequestBurst), bytes: float64(b.limits.ByteBurst), at: now}
		b.accounts[id] = a
		return a
	}
	a.refill(b.limits, now)
	return a
}

// refill brings the account up to now. A clock that goes back refills nothing.
func (a *account) refill(l Limits, now time.Time) {
	s := now.Sub(a.at).Seconds()
	a.at = now
	if s <= 0 {
		return
	}
	a.requests = min(float64(l.RequestBurst), a.requests+s*l.RequestRate)
	a.bytes = min(float64(l.ByteBurst), a.bytes+s*l.ByteRate)
}

// sweep forgets some accounts that are as good as new.
func (b *budget) sweep(now time.Time) {
	n := 0
	for id, a := range b.accounts { // random order
		if a.active == 0 {
			a.refill(b.limits, now)
			if a.requests >= float64(b.limits.RequestBurst) && a.bytes >= float64(b.limits.ByteBurst) {
				delete(b.accounts, id)
			}
		}
		if n++; n == sweepStep {
			return
		}
	}
}

// after is the time in which rate gives missing, between 10 ms and a minute.
func after(missing, rate float64) time.Duration {
	d := time.Duration(missing / rate * float64(time.Second))
	return min(max(d, 10*time.Millisecond), time.Minute)
}
