package anchor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-id/bonafide/contracts"
)

// ChainConfig says which chain is meant and who is asked about it.
type ChainConfig struct {
	ChainID uint64
	// Servers are JSON-RPC endpoints, http or https. All that answer must agree,
	// and at least Quorum must answer (zero: all of them).
	Servers []string
	Quorum  int
	// Depth makes a block final that has this many above it, for chains without
	// the tag finalized; zero asks for the tag.
	Depth uint64
	// MaxLag is the greatest age of the newest final block; zero means 6 hours.
	MaxLag time.Duration
	// MaxSpread is how far the newest final blocks of two servers may be apart;
	// zero means 30 minutes.
	MaxSpread time.Duration
	// Timeout bounds one call of one server; zero means 10 seconds.
	Timeout    time.Duration
	Clock      func() time.Time
	Registerer prometheus.Registerer
}

// Chain is one chain, seen through all its servers at once. It is safe for
// concurrent use.
type Chain struct {
	cfg     ChainConfig
	servers []*contracts.Endpoint
	met     *metrics

	mu    sync.Mutex
	good  map[[20]byte]bool     // contracts whose code was seen
	floor map[slotKey]seenEntry // finals do not go back
}

type slotKey struct {
	contract [20]byte
	slot     [32]byte
}

type seenEntry struct{ number, block string }

// maxServers bounds what one question costs.
const maxServers = 16

// NewChain prepares a view of a chain; nothing is asked yet. The error is
// ErrConfig.
func NewChain(cfg ChainConfig) (*Chain, error) {
	switch {
	case cfg.ChainID == 0:
		return nil, fmt.Errorf("%w: no chain id", ErrConfig)
	case len(cfg.Servers) == 0 || len(cfg.Servers) > maxServers:
		return nil, fmt.Errorf("%w: %d servers, want 1 to %d", ErrConfig, len(cfg.Servers), maxServers)
	case cfg.Quorum < 0 || cfg.Quorum > len(cfg.Servers):
		return nil, fmt.Errorf("%w: a quorum of %d among %d servers", ErrConfig, cfg.Quorum, len(cfg.Servers))
	}
	if cfg.Quorum == 0 {
		cfg.Quorum = len(cfg.Servers)
	}
	if cfg.MaxLag <= 0 {
		cfg.MaxLag = 6 * time.Hour
	}
	if cfg.MaxSpread <= 0 {
		cfg.MaxSpread = 30 * time.Minute
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &Chain{cfg: cfg, good: map[[20]byte]bool{}, floor: map[slotKey]seenEntry{}, met: newMetrics(cfg.Registerer)}
	for _, s := range cfg.Servers {
		e, err := contracts.NewEndpoint(s, cfg.Timeout)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		c.servers = append(c.servers, e)
	}
	return c, nil
}

// ID is the chain in CAIP-2 form, such as eip155:1.
func (c *Chain) ID() string { return fmt.Sprintf("eip155:%d", c.cfg.ChainID) }

// Names are the hosts that are asked.
func (c *Chain) Names() []string {
	var out []string
	for _, s := range c.servers {
		out = append(out, s.Name())
	}
	return out
}

// Close lets go of the connections.
func (c *Chain) Close() error {
	for _, s := range c.servers {
		s.Close()
	}
	return nil
}

// answer is what one server said.
type answer[T any] struct {
	server *contracts.Endpoint
	value  T
	err    error
}

// askAll asks every server at once and keeps their order.
func askAll[T any](ctx context.Context, c *Chain, f func(ctx context.Context, s *contracts.Endpoint) (T, error)) []answer[T] {
	out := make([]answer[T], len(c.servers))
	var wg sync.WaitGroup
	for i, s := range c.servers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v, err := f(ctx, s)
			out[i] = answer[T]{s, v, err}
			c.met.called(s.Name(), err)
		}()
	}
	wg.Wait()
	return out
}

// heard are those that answered. Too few of them are ErrUnknown, and what is
// certain knowledge of one server (a call that the contract refuses) is no
// silence.
func heard[T any](c *Chain, what string, all []answer[T]) ([]answer[T], error) {
	var got []answer[T]
	var errs []error
	for _, a := range all {
		if a.err == nil {
			got = append(got, a)
		} else {
			errs = append(errs, a.err)
		}
	}
	if len(got) < c.cfg.Quorum {
		return nil, fmt.Errorf("%w: %s: %d of %d servers answered, want %d: %w", ErrUnknown, what, len(got), len(all), c.cfg.Quorum, errors.Join(errs...))
	}
	return got, nil
}

// agree asks every server and returns the answer that all who answer give.
func agree[T any](ctx context.Context, c *Chain, what string, same func(a, b T) bool, f func(ctx context.Context, s *contracts.Endpoint) (T, error)) (T, error) {
	var none T
	got, err := heard(c, what, askAll(ctx, c, f))
	if err != nil {
		return none, err
	}
	for _, a := range got[1:] {
		if !same(got[0].value, a.value) {
			return none, fmt.Errorf("%w: %s: %s and %s disagree", ErrUnknown, what, got[0].server.Name(), a.server.Name())
		}
	}
	return got[0].value, nil
}

func equal[T comparable](a, b T) bool { return a == b }

func sameBlock(a, b contracts.Block) bool {
	return a.Number == b.Number && a.Hash == b.Hash && a.Time.Equal(b.Time)
}

// Final is the newest block that all servers hold final. One that is older than
// MaxLag is ErrUnknown: what it does not have may have been anchored long since.
func (c *Chain) Final(ctx context.Context) (contracts.Block, error) {
	b, err := c.settled(ctx)
	if err != nil {
		return b, err
	}
	if age := c.cfg.Clock().Sub(b.Time); age > c.cfg.MaxLag {
		return contracts.Block{}, fmt.Errorf("%w: the newest final block is %s old", ErrUnknown, age.Round(time.Second))
	}
	return b, nil
}

// settled is Final without a bound of its age.
func (c *Chain) settled(ctx context.Context) (contracts.Block, error) {
	return c.common(ctx, "final block", func(ctx context.Context, s *contracts.Endpoint) (contracts.Block, error) {
		if c.cfg.Depth == 0 {
			return s.Block(ctx, contracts.Finalized)
		}
		b, err := s.Block(ctx, contracts.Latest)
		if err != nil {
			return b, err
		}
		return s.BlockAt(ctx, b.Number-min(b.Number, c.cfg.Depth))
	})
}

// Latest is the newest block that all servers have, which may yet be undone.
func (c *Chain) Latest(ctx context.Context) (contracts.Block, error) {
	return c.common(ctx, "newest block", func(ctx context.Context, s *contracts.Endpoint) (contracts.Block, error) {
		return s.Block(ctx, contracts.Latest)
	})
}

// common asks each server for the chain and a block, and returns the lowest of
// those blocks, which all must have.
func (c *Chain) common(ctx context.Context, what string, f func(ctx context.Context, s *contracts.Endpoint) (contracts.Block, error)) (contracts.Block, error) {
	type tip struct {
		chain uint64
		block contracts.Block
	}
	got, err := heard(c, what, askAll(ctx, c, func(ctx context.Context, s *contracts.Endpoint) (tip, error) {
		id, err := s.Chain(ctx)
		if err != nil || id != c.cfg.ChainID {
			return tip{chain: id}, err // the wrong chain is an answer, and a disagreement
		}
		b, err := f(ctx, s)
		return tip{id, b}, err
	}))
	if err != nil {
		return contracts.Block{}, err
	}
	low, high := got[0].value.block, got[0].value.block
	for _, a := range got {
		if a.value.chain != c.cfg.ChainID {
			return contracts.Block{}, fmt.Errorf("%w: %s is a server of chain %d, not %d", ErrUnknown, a.server.Name(), a.value.chain, c.cfg.ChainID)
		}
		if a.value.block.Number < low.Number {
			low = a.value.block
		}
		if a.value.block.Number > high.Number {
			high = a.value.block
		}
	}
	if spread := high.Time.Sub(low.Time); spread > c.cfg.MaxSpread {
		return contracts.Block{}, fmt.Errorf("%w: %s: a server is %s behind another", ErrUnknown, what, spread)
	}
	return c.BlockAt(ctx, low.Number)
}

// BlockAt is the block of a number, about which all must agree.
func (c *Chain) BlockAt(ctx context.Context, number uint64) (contracts.Block, error) {
	return agree(ctx, c, fmt.Sprint("block ", number), sameBlock, func(ctx context.Context, s *contracts.Endpoint) (contracts.Block, error) {
		b, err := s.BlockAt(ctx, number)
		if err == nil && b.Number != number {
			err = fmt.Errorf("%w: block %d for %d", contracts.ErrNoBlock, b.Number, number)
		}
		return b, err
	})
}

// Contract makes sure that a true copy of the contract stands at an address. The
// error is ErrContract, or ErrUnknown.
func (c *Chain) Contract(ctx context.Context, contract [20]byte, at contracts.Block) error {
	c.mu.Lock()
	good := c.good[contract]
	c.mu.Unlock()
	if good {
		return nil
	}
	want, err := contracts.CodeHash()
	if err != nil {
		return err
	}
	got, err := agree(ctx, c, "code of the contract", equal[[32]byte], func(ctx context.Context, s *contracts.Endpoint) ([32]byte, error) {
		return s.CodeHash(ctx, contract, at.Hash)
	})
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: %s on %s in block %d", ErrContract, contracts.FormatAddress(contract), c.ID(), at.Number)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.good) >= 1024 { // addresses come from documents
		clear(c.good)
	}
	c.good[contract] = true
	return nil
}

// entry reads a record in the state of a block.
func (c *Chain) entry(ctx context.Context, contract [20]byte, slot [32]byte, at contracts.Block) (contracts.Entry, error) {
	if err := c.Contract(ctx, contract, at); err != nil {
		return contracts.Entry{}, err
	}
	return agree(ctx, c, "record", sameEntry, func(ctx context.Context, s *contracts.Endpoint) (contracts.Entry, error) {
		return s.Entry(ctx, contract, slot, at.Hash)
	})
}

func sameEntry(a, b contracts.Entry) bool {
	return a.Block == b.Block && a.Time.Equal(b.Time) && a.Number.Cmp(b.Number) == 0
}

// events reads the events of an account in the block that wrote a record.
func (c *Chain) events(ctx context.Context, contract, account [20]byte, block uint64) ([]contracts.Event, contracts.Block, error) {
	b, err := c.BlockAt(ctx, block)
	if err != nil {
		return nil, b, err
	}
	list, err := agree(ctx, c, "events", sameEvents, func(ctx context.Context, s *contracts.Endpoint) ([]contracts.Event, error) {
		return s.Events(ctx, contract, account, b.Hash)
	})
	return list, b, err
}

func sameEvents(a, b []contracts.Event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Same(b[i]) {
			return false
		}
	}
	return true
}
