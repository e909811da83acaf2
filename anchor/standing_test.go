package anchor

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

// anchored brings heads onto the chain and makes them final.
func (w *world) anchored(t testing.TB, g Grade, heads ...contracts.Member) map[string]Record {
	t.Helper()
	q := w.queue(t, g)
	submit(t, q, len(heads), heads...)
	s := settle(t, w, q)
	r, err := q.Records(s.Done[len(s.Done)-1])
	if err != nil {
		t.Fatal(err)
	}
	for range w.depth {
		w.Backend.Commit()
	}
	return r
}

// held is a node that has a head and those before it.
func held(name string, version uint32, sequence uint64) Held {
	m := member(name, version, sequence)
	return Held{Subject: m.Subject.SCID(), Order: m.Order, Head: m.Head, Digest: func(o contracts.Order) ([32]byte, bool) {
		return member(name, o.Version, o.Sequence).Head, o.Version == version && o.Sequence <= sequence
	}}
}

func TestStandingFloor(t *testing.T) {
	w := newWorld(t, 1)
	w.anchored(t, Floor, member("uni", 3, 5))
	forged := held("uni", 3, 5)
	forged.Head = [32]byte{1}
	elder := held("uni", 3, 9)
	elder.Digest = func(contracts.Order) ([32]byte, bool) { return [32]byte{1}, true }
	for _, c := range []struct {
		name    string
		held    Held
		state   State
		blocked bool
	}{
		{"the anchored head", held("uni", 3, 5), Stands, false},
		{"a later head", held("uni", 3, 9), Later, false},
		{"a later epoch", held("uni", 4, 1), Later, false},
		{"an older head", held("uni", 3, 4), Rollback, true},
		{"an older epoch with a higher sequence", held("uni", 2, 99), Rollback, true},
		{"no head at all", Held{Subject: member("uni", 1, 1).Subject.SCID()}, Rollback, true},
		{"another head in its place", forged, Conflict, true},
		{"a history with another head in its place", elder, Conflict, true},
		{"an issuer that was never anchored", held("school", 1, 1), Unused, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := w.chain(t)
			r, err := chain.Read(t.Context(), w.bind(Floor), c.held.Subject)
			if err != nil {
				t.Fatal(err)
			}
			s := chain.Standing(t.Context(), r, c.held, 0)
			if s.State != c.state || s.Blocked != c.blocked {
				t.Errorf("%+v", s)
			}
			if c.state == Stands && (s.Block == 0 || s.Time.IsZero() || s.Final < s.Block || s.Anchor != "3/5") {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestStrangersAnchor: another account's anchor about the issuer is never seen.
func TestStrangersAnchor(t *testing.T) {
	w := newWorld(t, 1)
	own := w.key
	w.key, w.store = contracts.NewKey(w.Accounts[1].Key), &memory{}
	w.anchored(t, Floor, member("uni", 9, 9))
	w.key = own
	r, err := w.chain(t).Read(t.Context(), w.bind(Floor), member("uni", 1, 1).Subject.SCID())
	if err != nil || r.Entry.Written() {
		t.Errorf("%+v, %v", r.Entry, err)
	}
}

func TestStandingBatch(t *testing.T) {
	w := newWorld(t, 1)
	uni := member("uni", 1, 5)
	first := w.anchored(t, ExistedBy, uni, member("school", 1, 1))[uni.Subject.SCID()]
	for i := range 3 {
		w.anchored(t, ExistedBy, member("school", 1, uint64(i+2)))
	}
	body, err := first.Encode()
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*Record)) []byte {
		r, err := ParseRecord(body)
		if err != nil {
			t.Fatal(err)
		}
		f(&r)
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	forged := held("uni", 1, 5)
	forged.Head = [32]byte{1}
	for _, c := range []struct {
		name   string
		held   Held
		record []byte
		k      uint64
		from   uint64
		state  State
		why    string
	}{
		{"k batches behind", held("uni", 1, 5), body, 3, 0, Stands, ""},
		{"k+1 batches behind", held("uni", 1, 5), body, 2, 0, Behind, ""},
		{"of an earlier head", held("uni", 1, 8), body, 3, 0, Later, ""},
		{"of a later head than is held", held("uni", 1, 4), body, 3, 0, Rollback, ""},
		{"another head in its place", forged, body, 3, 0, Conflict, ""},
		{"no proof", held("uni", 1, 5), nil, 3, 0, Unproven, "proof of none"},
		{"no proof, named a moment ago", held("uni", 1, 5), nil, 3, 1, Unused, ""},
		{"of another issuer", held("school", 1, 1), body, 3, 0, Unproven, "another issuer"},
		{"of another aggregator", held("uni", 1, 5), change(func(r *Record) { r.Account[0] ^= 1 }), 3, 0, Unproven, "another aggregator"},
		{"of another head", held("uni", 1, 5), change(func(r *Record) { r.Member.Head[0] ^= 1 }), 3, 0, Unproven, "not in the batch"},
		{"of a batch that is not there", held("uni", 1, 5), change(func(r *Record) { r.Batch = 9 }), 3, 0, Unproven, "batch 9 of 4"},
		{"of another batch of that block", held("uni", 1, 5), change(func(r *Record) { r.Batch = 2 }), 3, 0, Unproven, "has no batch 2"},
		{"not a record", held("uni", 1, 5), []byte("{}"), 3, 0, Unproven, "record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := w.chain(t)
			b := w.bind(ExistedBy)
			b.From = c.from
			r, err := chain.Read(t.Context(), b, c.held.Subject)
			if err != nil {
				t.Fatal(err)
			}
			c.held.Record = func([20]byte) []byte { return c.record }
			s := chain.Standing(t.Context(), r, c.held, c.k)
			if s.State != c.state || !strings.Contains(s.Why, c.why) || s.Newest != 4 {
				t.Errorf("%+v", s)
			}
			if blocked := c.state == Behind || c.state == Rollback || c.state == Conflict || c.state == Unproven; s.Blocked != blocked {
				t.Errorf("blocked %v", s.Blocked)
			}
		})
	}
}

// TestReadDoubt: with one server that lies about anything that counts, nothing is
// known.
func TestReadDoubt(t *testing.T) {
	w := newWorld(t, 2)
	m := member("uni", 1, 5)
	w.anchored(t, Floor, m)
	all := faults()
	all["no code"] = func(*world) chaintest.Fault { return instead("eth_getCode", "0x") }
	all["another record"] = func(*world) chaintest.Fault { return instead("eth_getStorageAt", "0x"+strings.Repeat("0", 64)) }
	all["not a block"] = func(*world) chaintest.Fault { return instead("eth_getBlockByNumber", map[string]any{"number": "0x1"}) }
	all["no JSON-RPC"] = func(*world) chaintest.Fault { return instead("eth_chainId", map[string]any{}) }
	for name, fault := range all {
		t.Run(name, func(t *testing.T) {
			w.servers[1].Break(fault(w))
			defer w.servers[1].Break(nil)
			if r, err := w.chain(t).Read(t.Context(), w.bind(Floor), m.Subject.SCID()); !errors.Is(err, ErrUnknown) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	t.Run("other code, and all say so", func(t *testing.T) {
		b := w.bind(Floor)
		b.Contract = [20]byte{1}
		if _, err := w.chain(t).Read(t.Context(), b, m.Subject.SCID()); !errors.Is(err, ErrContract) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the chain stands still", func(t *testing.T) {
		w.pass(7 * time.Hour)
		defer w.pass(-7 * time.Hour)
		if _, err := w.chain(t).Read(t.Context(), w.bind(Floor), m.Subject.SCID()); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "old") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a final record goes back", func(t *testing.T) {
		c := w.chain(t)
		if _, err := c.Read(t.Context(), w.bind(Floor), m.Subject.SCID()); err != nil {
			t.Fatal(err)
		}
		for _, s := range w.servers {
			s.Break(instead("eth_getStorageAt", "0x"+strings.Repeat("0", 64)))
			defer s.Break(nil)
		}
		if _, err := c.Read(t.Context(), w.bind(Floor), m.Subject.SCID()); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a dead one is passed over where a quorum of one is set", func(t *testing.T) {
		w.servers[1].Break(chaintest.Dead)
		defer w.servers[1].Break(nil)
		c := w.chain(t, func(cfg *ChainConfig) { cfg.Quorum = 1 })
		if r, err := c.Read(t.Context(), w.bind(Floor), m.Subject.SCID()); err != nil || !r.Entry.Written() {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("but not one that disagrees", func(t *testing.T) {
		w.servers[1].Break(all["another record"](w))
		defer w.servers[1].Break(nil)
		c := w.chain(t, func(cfg *ChainConfig) { cfg.Quorum = 1 })
		if _, err := c.Read(t.Context(), w.bind(Floor), m.Subject.SCID()); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
	})
	t.Run("events that were pruned", func(t *testing.T) {
		for _, s := range w.servers {
			s.Break(instead("eth_getLogs", []any{}))
			defer s.Break(nil)
		}
		c := w.chain(t)
		r, err := c.Read(t.Context(), w.bind(Floor), m.Subject.SCID())
		if err != nil {
			t.Fatal(err)
		}
		for o, want := range map[uint64]State{5: Unknown, 4: Rollback} {
			if s := c.Standing(t.Context(), r, held("uni", 1, o), 0); s.State != want {
				t.Errorf("sequence %d: %+v", o, s)
			}
		}
	})
}

func TestChainConfig(t *testing.T) {
	good := ChainConfig{ChainID: 1, Servers: []string{"http://127.0.0.1:1", "https://rpc.example/secret"}}
	for name, f := range map[string]func(*ChainConfig){
		"no chain":      func(c *ChainConfig) { c.ChainID = 0 },
		"no server":     func(c *ChainConfig) { c.Servers = nil },
		"not http":      func(c *ChainConfig) { c.Servers = []string{"ws://x"} },
		"quorum of 3/2": func(c *ChainConfig) { c.Quorum = 3 },
	} {
		cfg := good
		f(&cfg)
		if _, err := NewChain(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := NewChain(good)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Final(t.Context())
	if !errors.Is(err, ErrUnknown) || strings.Contains(fmt.Sprint(err, c.Names()), "secret") {
		t.Errorf("%v", err)
	}
}

func TestRecordRefuses(t *testing.T) {
	w := newWorld(t, 1)
	uni := member("uni", 1, 5)
	r := w.anchored(t, ExistedBy, uni, member("b", 1, 1))[uni.Subject.SCID()]
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(m map[string]any){
		"type":     func(m map[string]any) { m["type"] = "x" },
		"chain":    func(m map[string]any) { m["contract"] = strings.Replace(m["contract"].(string), "1337", "1", 1) },
		"account":  func(m map[string]any) { m["account"] = "eip155:1337:0x1" },
		"batch 0":  func(m map[string]any) { m["batch"] = "0" },
		"batch 01": func(m map[string]any) { m["batch"] = "01" },
		"order":    func(m map[string]any) { m["order"] = "1" },
		"subject":  func(m map[string]any) { m["subject"] = "Qm" },
		"head":     func(m map[string]any) { m["head"] = "00" },
		"place":    func(m map[string]any) { m["index"] = 2 },
		"size":     func(m map[string]any) { m["size"] = 0 },
		"path too long": func(m map[string]any) {
			m["path"] = strings.Split(strings.Repeat(strings.Repeat("0", 64)+" ", 21), " ")[:21]
		},
		"unknown members": func(m map[string]any) { m["more"] = 1 },
	} {
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		b, _ := json.Marshal(m)
		if _, err := ParseRecord(b); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"type":"BonafideBatchProof"}`))
	m := member("uni", 1, 5)
	b, err := Record{Chain: 1, Batch: 1, Block: 1, Member: m, Path: contracts.MemberProof{Size: 1}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRecord(body)
		if err != nil {
			if !errors.Is(err, ErrProof) {
				t.Error(err)
			}
			return
		}
		out, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseRecord(out); err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Errorf("%v, %v", again, err)
		}
	})
}
