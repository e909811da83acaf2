package anchor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

// memory is a store that counts, and can be made to fail.
type memory struct {
	mu   sync.Mutex
	body []byte
	fail error
}

func (m *memory) Load(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.body), nil
}

func (m *memory) Save(_ context.Context, old, next []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if !bytes.Equal(old, m.body) {
		return ErrConflict
	}
	m.body = bytes.Clone(next)
	return nil
}

// world is a chain with a copy of the contract, several servers in front of it,
// and a clock that tests move.
type world struct {
	*chaintest.Chain
	servers  []*chaintest.Server
	contract [20]byte
	key      contracts.Signer
	store    *memory
	depth    uint64

	mu    sync.Mutex
	ahead time.Duration
}

func newWorld(t testing.TB, servers int) *world {
	t.Helper()
	w := &world{Chain: chaintest.New(t, 2), store: &memory{}, depth: 2}
	for range servers {
		w.servers = append(w.servers, w.Serve(t))
	}
	w.key = contracts.NewKey(w.Accounts[0].Key)
	w.contract, _ = w.Chain.Deploy(t, w.Accounts[0], contracts.Deploy().Data)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) chain(t testing.TB, change ...func(*ChainConfig)) *Chain {
	t.Helper()
	cfg := ChainConfig{ChainID: chaintest.ChainID, Depth: w.depth, Clock: w.clock}
	for _, s := range w.servers {
		cfg.Servers = append(cfg.Servers, s.URL)
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := NewChain(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// queue is one as a node has it after a start.
func (w *world) queue(t testing.TB, g Grade, change ...func(*QueueConfig)) *Queue {
	t.Helper()
	cfg := QueueConfig{Chain: w.chain(t), Store: w.store, Signer: w.key, Contract: w.contract, Grade: g,
		FeeCap: big.NewInt(1e12), Clock: w.clock}
	for _, f := range change {
		f(&cfg)
	}
	q, err := NewQueue(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func member(name string, version uint32, sequence uint64) contracts.Member {
	return contracts.Member{Subject: sha256.Sum256([]byte(name)), Order: contracts.Order{Version: version, Sequence: sequence},
		Head: sha256.Sum256([]byte(name + contracts.Order{Version: version, Sequence: sequence}.String()))}
}

func step(t testing.TB, q *Queue) Status {
	t.Helper()
	s, err := q.Step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func submit(t testing.TB, q *Queue, want int, heads ...contracts.Member) {
	t.Helper()
	if n, err := q.Submit(t.Context(), heads...); err != nil || n != want {
		t.Fatalf("submitted %d, %v; want %d", n, err, want)
	}
}

// settle steps and makes blocks until all is final.
func settle(t testing.TB, w *world, q *Queue) Status {
	t.Helper()
	for range 12 {
		if s := step(t, q); s.Flight == nil && len(s.Waiting) == 0 {
			return s
		}
		w.Backend.Commit()
	}
	t.Fatal("not final after 12 blocks")
	return Status{}
}

// number reads a record at the newest block.
func (w *world) floor(t testing.TB, m contracts.Member) contracts.Order {
	t.Helper()
	e, err := contracts.EntryFromWord(w.Storage(t, w.contract, contracts.FloorSlot(w.key.Address(), m.Subject)))
	if err != nil {
		t.Fatal(err)
	}
	o, err := contracts.OrderFromInt(e.Number)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// bind is the binding of the world's account.
func (w *world) bind(g Grade) Binding {
	return Binding{Chain: chaintest.ChainID, Account: w.key.Address(), Contract: w.contract, Grade: g}
}
