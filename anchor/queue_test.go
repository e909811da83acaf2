package anchor

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

func TestQueueFloor(t *testing.T) {
	w := newWorld(t, 2)
	q := w.queue(t, Floor)
	one := member("uni", 1, 1)
	submit(t, q, 1, one)
	submit(t, q, 0, one) // the same again
	s := step(t, q)
	if s.Flight == nil || s.Flight.State != Submitted || len(s.Waiting) != 0 {
		t.Fatalf("after a step: %+v", s)
	}
	w.Backend.Commit()
	if s = step(t, q); s.Flight == nil || s.Flight.State != Included {
		t.Fatalf("after a block: %+v", s.Flight)
	}
	// While one flies, what comes later waits.
	two, other := member("uni", 1, 2), member("school", 1, 7)
	submit(t, q, 2, two, other)
	if s = step(t, q); s.Flight.State != Included || len(s.Waiting) != 2 {
		t.Fatalf("two in flight: %+v", s)
	}
	s = settle(t, w, q)
	if len(s.Done) != 2 || s.Done[0].State != Final || s.Done[1].State != Final || len(s.Done[1].Heads) != 2 {
		t.Fatalf("done: %+v", s.Done)
	}
	if s.Gas == 0 || s.Count != 3 || s.Wei == "" || s.Done[0].Gas < 40_000 {
		t.Errorf("cost: %d gas, %d heads, %q wei", s.Gas, s.Count, s.Wei)
	}
	if w.floor(t, two) != two.Order || w.floor(t, other) != other.Order {
		t.Errorf("on the chain: %s, %s", w.floor(t, two), w.floor(t, other))
	}
	// What is final is not anchored again, nor what stands before it.
	submit(t, q, 0, one, two, other)
}

func TestQueueBatch(t *testing.T) {
	w := newWorld(t, 1)
	q := w.queue(t, ExistedBy)
	a, b, c := member("a", 1, 3), member("b", 2, 1), member("c", 1, 1)
	submit(t, q, 3, a, b, c)
	s := settle(t, w, q)
	job := s.Done[len(s.Done)-1]
	records, err := q.Records(job)
	if err != nil || len(records) != 3 || job.Batch != 1 {
		t.Fatalf("batch %d, %d records, %v", job.Batch, len(records), err)
	}
	for _, m := range []contracts.Member{a, b, c} {
		body, err := records[m.Subject.SCID()].Encode()
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseRecord(body)
		if err != nil || r.Member != m || r.Batch != 1 || r.Block != job.Block {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}

// TestQueueRestart ends the process after every step, with what it has stored.
func TestQueueRestart(t *testing.T) {
	w := newWorld(t, 1)
	submit(t, w.queue(t, Floor), 1, member("uni", 1, 1))
	var s Status
	for range 8 {
		s = step(t, w.queue(t, Floor))
		w.Backend.Commit()
	}
	if s.Flight != nil || len(s.Done) != 1 || len(s.Done[0].Tries) != 1 || s.Done[0].State != Final {
		t.Fatalf("%+v", s)
	}
	if n, err := w.Client.NonceAt(t.Context(), w.Accounts[0].Address, nil); err != nil || n != 2 { // with that of the contract
		t.Errorf("%d transactions, %v", n, err)
	}
}

// TestQueueCrash: the state is written before anything is sent; where it cannot be
// written nothing is sent, and where the process dies between the two the same
// transaction is sent after.
func TestQueueCrash(t *testing.T) {
	w := newWorld(t, 1)
	q := w.queue(t, Floor)
	submit(t, q, 1, member("uni", 1, 1))
	full := errors.New("disk full")
	w.store.fail = full
	w.servers[0].Calls()
	if _, err := q.Step(t.Context()); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	for _, c := range w.servers[0].Calls() {
		if c == "eth_sendRawTransaction" {
			t.Error("sent before it was written down")
		}
	}
	w.store.fail = nil
	// The server dies on the way: stored, not sent.
	w.servers[0].Break(func(method string, p []any, next func() (json.RawMessage, error)) (any, error) {
		if method == "eth_sendRawTransaction" {
			return chaintest.Dead(method, p, next)
		}
		return next()
	})
	first := step(t, q).Flight.Tries[0].Hash
	w.servers[0].Break(nil)
	s := settle(t, w, w.queue(t, Floor))
	if got := s.Done[0]; got.State != Final || got.Tx != first || len(got.Tries) != 1 {
		t.Errorf("%+v, first %s", got, first)
	}
}

func TestQueueReplaces(t *testing.T) {
	w := newWorld(t, 1)
	q := w.queue(t, Floor)
	submit(t, q, 1, member("uni", 1, 1))
	s := step(t, q)
	before, _ := new(big.Int).SetString(s.Flight.Tries[0].Max, 10)
	w.pass(9 * time.Minute)
	if s = step(t, q); len(s.Flight.Tries) != 1 {
		t.Fatal("replaced before its time")
	}
	w.pass(2 * time.Minute)
	s = step(t, q)
	if len(s.Flight.Tries) != 2 {
		t.Fatalf("not replaced: %+v", s)
	}
	after, _ := new(big.Int).SetString(s.Flight.Tries[1].Max, 10)
	if least := new(big.Int).Div(new(big.Int).Mul(before, big.NewInt(9)), big.NewInt(8)); after.Cmp(least) < 0 {
		t.Errorf("%v after %v: less than an eighth more", after, before)
	}
	s = settle(t, w, q)
	if s.Done[0].Tx != s.Done[0].Tries[1].Hash {
		t.Errorf("included %s of %+v", s.Done[0].Tx, s.Done[0].Tries)
	}
}

func TestQueueFeeCap(t *testing.T) {
	w := newWorld(t, 1)
	q := w.queue(t, Floor, func(c *QueueConfig) { c.FeeCap = big.NewInt(1000) })
	submit(t, q, 1, member("uni", 1, 1))
	s, err := q.Step(t.Context())
	if !errors.Is(err, ErrFee) || s.Flight != nil || len(s.Waiting) != 1 || !strings.Contains(s.Note, "cap") {
		t.Fatalf("%v, %+v", err, s)
	}
	s = settle(t, w, w.queue(t, Floor)) // with the cap raised
	if s.Done[0].State != Final {
		t.Errorf("%+v", s.Done[0])
	}
	t.Run("one server names any price", func(t *testing.T) {
		w := newWorld(t, 3)
		w.servers[1].Break(func(method string, _ []any, next func() (json.RawMessage, error)) (any, error) {
			if method == "eth_maxPriorityFeePerGas" {
				return "0xffffffffffffffff", nil
			}
			return next()
		})
		q := w.queue(t, Floor)
		submit(t, q, 1, member("uni", 1, 1))
		settle(t, w, q)
	})
}

// TestQueueReorg undoes the block of an anchor: inclusion is taken back, the
// transaction is sent again, and only final counts.
func TestQueueReorg(t *testing.T) {
	w := newWorld(t, 1)
	w.depth = 4
	q := w.queue(t, Floor)
	m := member("uni", 1, 1)
	parent := w.Backend.Commit()
	submit(t, q, 1, m)
	step(t, q)
	w.Backend.Commit()
	s := step(t, q)
	if s.Flight.State != Included {
		t.Fatalf("%+v", s.Flight)
	}
	if r, err := w.chain(t).Read(t.Context(), w.bind(Floor), m.Subject.SCID()); err == nil && r.Entry.Written() {
		t.Error("counted before it was final")
	}
	if err := w.Backend.Fork(parent); err != nil {
		t.Fatal(err)
	}
	// The other branch becomes the longer one without the transaction.
	w.Backend.Rollback()
	w.Backend.Commit()
	w.Backend.Rollback()
	w.Backend.Commit()
	s = step(t, q)
	if s.Flight == nil || s.Flight.State != Submitted || s.Flight.Reorgs != 1 || s.Flight.Block != 0 {
		t.Fatalf("after the reorganisation: %+v", s.Flight)
	}
	s = settle(t, w, q)
	if got := s.Done[0]; got.State != Final || got.Reorgs != 1 {
		t.Fatalf("%+v", got)
	}
	if w.floor(t, m) != m.Order {
		t.Error("not on the chain")
	}
	r, err := w.chain(t).Read(t.Context(), w.bind(Floor), m.Subject.SCID())
	if err != nil || !r.Entry.Written() {
		t.Errorf("final and not seen: %+v, %v", r, err)
	}
}

// TestQueueForeignTransaction: somebody else uses the account.
func TestQueueForeignTransaction(t *testing.T) {
	w := newWorld(t, 1)
	q := w.queue(t, Floor)
	m := member("uni", 1, 1)
	submit(t, q, 1, m)
	drop := func(method string, p []any, next func() (json.RawMessage, error)) (any, error) {
		if method == "eth_sendRawTransaction" {
			return "0x" + strings.Repeat("0", 64), nil // taken, and forgotten
		}
		return next()
	}
	w.servers[0].Break(drop)
	step(t, q)
	call, err := contracts.FloorCall(w.contract, []contracts.Member{m})
	if err != nil {
		t.Fatal(err)
	}
	w.Send(t, w.Accounts[0], w.contract, call.Data) // the same anchor, by another node with the key
	w.servers[0].Break(nil)
	s := settle(t, w, q)
	if len(s.Done) != 1 || s.Done[0].State != Dropped || s.Done[0].Block == 0 {
		t.Fatalf("%+v", s.Done)
	}
}

// TestQueueDoubt: what the servers do not agree about changes nothing.
func TestQueueDoubt(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			q := w.queue(t, Floor)
			submit(t, q, 1, member("uni", 1, 1))
			step(t, q)
			w.Backend.Commit()
			w.servers[1].Break(fault(w))
			s, err := q.Step(t.Context())
			if !errors.Is(err, ErrUnknown) || s.Flight.State != Submitted {
				t.Fatalf("%v, %+v", err, s.Flight)
			}
			w.servers[1].Break(nil)
			if s := settle(t, w, q); s.Done[0].State != Final {
				t.Errorf("%+v", s.Done[0])
			}
		})
	}
}

// faults are servers that lie, lag, are of another chain, or are dead.
func faults() map[string]func(w *world) chaintest.Fault {
	return map[string]func(w *world) chaintest.Fault{
		"dead":        func(*world) chaintest.Fault { return chaintest.Dead },
		"wrong chain": func(*world) chaintest.Fault { return instead("eth_chainId", "0x1") },
		"lying": func(*world) chaintest.Fault {
			return func(method string, p []any, next func() (json.RawMessage, error)) (any, error) {
				switch method {
				case "eth_getBlockByNumber":
					raw, err := next()
					var b map[string]any
					if err == nil && json.Unmarshal(raw, &b) == nil && b != nil {
						b["hash"] = "0x" + strings.Repeat("11", 32)
						return b, nil
					}
					return raw, err
				}
				return next()
			}
		},
		"lagging": func(w *world) chaintest.Fault {
			return func(method string, p []any, next func() (json.RawMessage, error)) (any, error) {
				raw, err := next()
				if method == "eth_getBlockByNumber" && len(p) > 0 && p[0] == "latest" {
					var b map[string]any
					if json.Unmarshal(raw, &b) == nil {
						b["number"], b["timestamp"] = "0x0", "0x1"
						return b, nil
					}
				}
				return raw, err
			}
		},
	}
}

func instead(method string, answer any) chaintest.Fault {
	return func(m string, _ []any, next func() (json.RawMessage, error)) (any, error) {
		if m == method {
			return answer, nil
		}
		return next()
	}
}
