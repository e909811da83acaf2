package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/contracts"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verify"
)

// anchoring is the node's side of a chain. Publishing knows nothing of it: it
// reads the heads that were published.
type anchoring struct {
	chain *anchor.Chain

	mu       sync.Mutex
	queue    *anchor.Queue // made when it is first needed: opening a key takes a second
	readings map[readingKey]keptReading
	watched  bool // a loop keeps the readings of followed issuers fresh
}

type readingKey struct {
	binding anchor.Binding
	subject string
}

// keptReading is a reading, or why there is none, and when that was.
type keptReading struct {
	reading anchor.Reading
	err     error
	at      time.Time
}

// How long a reading counts, and how long it is not asked again after a failure.
// The loop asks more often than a reading ages.
const (
	readingAge  = 5 * time.Minute
	failureAge  = 30 * time.Second
	watchEvery  = time.Minute
	maxReadings = 4096
	deployWait  = 2 * time.Minute
)

func (c AnchorConfig) newChain(clock func() time.Time, reg prometheus.Registerer) (*anchor.Chain, error) {
	id, err := c.chainID()
	if err != nil {
		return nil, err
	}
	return anchor.NewChain(anchor.ChainConfig{ChainID: id, Servers: c.RPC, Quorum: c.Quorum, Depth: uint64(c.Depth),
		MaxLag: duration(c.MaxLag), Clock: clock, Registerer: reg})
}

// openAnchoring prepares the chain, if one is set; nobody is asked yet.
func (n *Node) openAnchoring() error {
	if len(n.cfg.RPC) == 0 {
		return nil
	}
	c, err := n.cfg.newChain(n.clock, n.reg)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	n.anchor = &anchoring{chain: c, readings: map[readingKey]keptReading{}}
	return nil
}

// anchorSigner opens the account's key.
func (n *Node) anchorSigner() (contracts.Signer, error) {
	switch {
	case n.cfg.ExternalSigner != "":
		a, err := contracts.ParseAddress(n.cfg.Account)
		if err != nil {
			return nil, fmt.Errorf("%w: anchor_signer needs anchor_account: %w", ErrConfig, err)
		}
		return contracts.NewClef(n.cfg.ExternalSigner, a, deployWait)
	case n.cfg.Key != "":
		return contracts.OpenKeyFile(n.cfg.Key, n.cfg.KeyPassphrase)
	}
	return nil, fmt.Errorf("%w: neither anchor_key nor anchor_signer is set", ErrConfig)
}

// anchorQueue is the queue of this node.
func (n *Node) anchorQueue() (*anchor.Queue, error) {
	if n.anchor == nil {
		return nil, fmt.Errorf("%w: anchor_rpc is not set", ErrConfig)
	}
	n.anchor.mu.Lock()
	defer n.anchor.mu.Unlock()
	if n.anchor.queue != nil {
		return n.anchor.queue, nil
	}
	if n.cfg.Grade == "" || n.cfg.Contract == "" {
		return nil, fmt.Errorf("%w: anchor_grade and anchor_contract are needed to anchor", ErrConfig)
	}
	contract, err := contracts.ParseAddress(n.cfg.Contract)
	if err != nil {
		return nil, fmt.Errorf("%w: anchor_contract: %w", ErrConfig, err)
	}
	fee, err := n.cfg.feeCap()
	if err != nil {
		return nil, err
	}
	signer, err := n.anchorSigner()
	if err != nil {
		return nil, err
	}
	q, err := anchor.NewQueue(anchor.QueueConfig{Chain: n.anchor.chain, Store: queueStore{n.store}, Signer: signer,
		Contract: contract, Grade: anchor.Grade(n.cfg.Grade), FeeCap: fee, Clock: n.clock, Logger: n.log, Registerer: n.reg})
	if err != nil {
		return nil, err
	}
	n.anchor.queue = q
	return q, nil
}

// metaQueue is the row of the queue's state.
const metaQueue = "anchor.queue"

// queueStore keeps the queue in a row of the store.
type queueStore struct{ s store.Store }

func (q queueStore) Load(ctx context.Context) (out []byte, err error) {
	err = q.s.View(ctx, func(tx store.Tx) error {
		out, err = tx.GetMeta(metaQueue)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return out, err
}

func (q queueStore) Save(ctx context.Context, old, next []byte) error {
	return q.s.Update(ctx, "", func(tx store.Tx) error {
		now, err := tx.GetMeta(metaQueue)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if !bytes.Equal(now, old) {
			return anchor.ErrConflict
		}
		return tx.PutMeta(metaQueue, next)
	})
}

// bindingsOf reads the accounts that an issuer's newest document names.
func bindingsOf(h *webvh.History) []anchor.Binding {
	for i := h.Len() - 1; i >= 0; i-- {
		doc, err := did.ParseDocument(h.Entry(i).State)
		if err != nil {
			continue
		}
		// The last entry of a closed log may have a document that says nothing.
		if list := anchor.BindingsOf(doc); len(list) > 0 || !h.Deactivated() {
			return list
		}
	}
	return nil
}

// heldOf is what this node has of a subject.
func (n *Node) heldOf(ctx context.Context, subject string) (anchor.Held, error) {
	out := anchor.Held{Subject: subject}
	v, err := n.replica.Head(ctx, subject)
	if errors.Is(err, replica.ErrUnknown) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if out.Order, err = contracts.OrderOf(uint64(v.Head.EpochNumber()), v.Head.Sequence); err != nil {
		return out, err
	}
	out.Head = v.Head.CID().Digest()
	out.Digest = func(o contracts.Order) ([32]byte, bool) {
		if o.Sequence == 0 || o.Sequence > 1<<53 {
			return [32]byte{}, false
		}
		d, err := n.replica.Digests(ctx, subject, int64(o.Version), int(o.Sequence-1), int(o.Sequence))
		if err != nil || len(d) != 1 {
			return [32]byte{}, false
		}
		return d[0], true
	}
	out.Record = func(account [20]byte) []byte {
		id, err := n.cfg.chainID()
		if err != nil {
			return nil
		}
		f, err := n.replica.File(ctx, subject, anchor.RecordPath(id, account))
		if err != nil || f.State != replica.Current {
			return nil
		}
		return f.Body
	}
	return out, nil
}

// read returns what the chain says about a binding, from memory where that is
// young. Followed issuers are looked after by a loop, so that checking one of
// their credentials asks nobody.
func (n *Node) readAnchor(ctx context.Context, b anchor.Binding, subject string, anew bool) (anchor.Reading, error) {
	a, key, now := n.anchor, readingKey{b, subject}, n.clock()
	a.mu.Lock()
	k, ok := a.readings[key]
	watched := a.watched
	a.mu.Unlock()
	age := now.Sub(k.at)
	if ok && !anew && (k.err == nil && age < readingAge || k.err != nil && age < failureAge) {
		return k.reading, k.err
	}
	if n.network(ctx) == exchange.NetworkOff {
		return anchor.Reading{}, fmt.Errorf("%w: the chain is not asked", exchange.ErrOffline)
	}
	if ok && !anew && watched {
		if s, err := n.subjectClass(ctx, subject); err == nil && s >= store.ClassRecognised {
			return anchor.Reading{}, fmt.Errorf("%w: what was read last is %s old", anchor.ErrUnknown, age.Round(time.Second))
		}
	}
	for _, name := range a.chain.Names() {
		trace(ctx, "rpc:"+name+" anchor of the issuer")
	}
	r, err := a.chain.Read(ctx, b, subject)
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.readings) >= maxReadings {
		clear(a.readings)
	}
	a.readings[key] = keptReading{r, err, now}
	return r, err
}

func (n *Node) subjectClass(ctx context.Context, subject string) (class int, err error) {
	err = n.store.View(ctx, func(tx store.Tx) error {
		s, err := tx.GetSubject(subject)
		class = s.Class
		return err
	})
	return class, err
}

// standings holds what is held of a subject against what its accounts say; anew
// where it may not come from memory.
func (n *Node) standings(ctx context.Context, subject string, anew bool) ([]anchor.Standing, error) {
	h, err := n.replica.History(ctx, subject)
	if errors.Is(err, replica.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := bindingsOf(h)
	if len(list) == 0 {
		return nil, nil
	}
	held, err := n.heldOf(ctx, subject)
	if err != nil {
		return nil, err
	}
	id, err := n.cfg.chainID()
	if err != nil {
		return nil, err
	}
	var out []anchor.Standing
	for _, b := range list {
		s := anchor.Standing{State: anchor.Unknown, Grade: b.Grade, Account: b.AccountID()}
		if b.Chain != id {
			s.State, s.Why = anchor.Elsewhere, "this node asks chain "+n.cfg.Chain
			out = append(out, s)
			continue
		}
		r, err := n.readAnchor(ctx, b, subject, anew)
		if err != nil {
			s.Why = err.Error()
			out = append(out, s)
			continue
		}
		out = append(out, n.anchor.chain.Standing(ctx, r, held, uint64(n.cfg.BatchesBehind)))
	}
	return out, nil
}

// anchors is what a verification sees of the chain.
type anchors struct {
	n    *Node
	over *verify.Overlay
}

// anchorsFor returns nil where no chain is set: then nothing is said about it.
func (n *Node) anchorsFor(over *verify.Overlay) verify.Anchors {
	if n.anchor == nil {
		return nil
	}
	return anchors{n, over}
}

var anchorStates = map[anchor.State]verify.AnchorState{
	anchor.Stands: verify.AnchorStands, anchor.Later: verify.AnchorStands, anchor.Unused: verify.AnchorNone,
	anchor.Rollback: verify.AnchorNewer, anchor.Conflict: verify.AnchorOther, anchor.Behind: verify.AnchorBehind,
	anchor.Unproven: verify.AnchorUnproven,
}

// Standing is part of verify.Anchors.
func (a anchors) Standing(ctx context.Context, issuer string) ([]verify.Anchor, error) {
	if folderless(issuer) {
		return nil, nil
	}
	list, err := a.n.standings(ctx, subjectOf(issuer), false)
	var out []verify.Anchor
	for _, s := range list {
		v := verify.Anchor{State: anchorStates[s.State], Grade: string(s.Grade), Account: s.Account, Order: s.Anchor,
			Block: s.Block, Time: s.Time, Why: s.Why}
		if s.Newest > s.Batch && s.Batch > 0 {
			v.Batches = s.Newest - s.Batch
		}
		out = append(out, v)
	}
	return out, err
}

// ExistedBy is part of verify.Anchors: by a proof that was handed in, whose blocks
// the chain has and holds final.
func (a anchors) ExistedBy(ctx context.Context, body []byte) (time.Time, bool) {
	if a.n.network(ctx) == exchange.NetworkOff {
		return time.Time{}, false
	}
	var first time.Time
	for _, b := range a.over.Anchors {
		p, err := anchor.ParseProof(b)
		if err != nil || !p.Covers(body) {
			continue
		}
		trace(ctx, "rpc:"+fmt.Sprint(a.n.anchor.chain.Names())+" blocks of a proof")
		s, err := a.n.anchor.chain.TimeOf(ctx, p)
		if err != nil {
			a.n.log.Debug("a proof of an anchor does not hold", "err", err)
			continue
		}
		if first.IsZero() || s.Time.Before(first) {
			first = s.Time
		}
	}
	return first, !first.IsZero()
}

// keptHead is a head that was put into the queue, kept because newer heads push
// it out of the replica before it is final.
type keptHead struct {
	Head     []byte `json:"head"`
	Manifest []byte `json:"manifest,omitempty"`
}

// maxKeptManifest bounds what is kept beside a head; without it no single file
// can be proven later.
const maxKeptManifest = 256 << 10

func keptHeadKey(subject string, o contracts.Order) string {
	return "anchor.head." + subject + "." + o.String()
}

// candidates are the newest heads that this node is to anchor: those of own
// issuers under floor; under existed-by also those of others that it holds. All
// must name the account.
func (n *Node) candidates(ctx context.Context, only string, account, contract [20]byte) ([]contracts.Member, error) {
	id, err := n.cfg.chainID()
	if err != nil {
		return nil, err
	}
	classes := []int{store.ClassOwn}
	if anchor.Grade(n.cfg.Grade) == anchor.ExistedBy {
		classes = append(classes, store.ClassFollowed, store.ClassRecognised)
	}
	subjects, err := n.replica.Subjects(ctx, "", 0, classes...)
	if err != nil {
		return nil, err
	}
	var out []contracts.Member
	for _, s := range subjects {
		if only != "" && s.Subject != only {
			continue
		}
		h, err := n.replica.History(ctx, s.Subject)
		if err != nil {
			continue
		}
		named := false
		for _, b := range bindingsOf(h) {
			named = named || b.Chain == id && b.Account == account && b.Contract == contract && string(b.Grade) == n.cfg.Grade
		}
		if !named {
			if only != "" {
				return nil, fmt.Errorf("%w: %s does not name %s for %s", anchor.ErrBinding, s.DID, contracts.FormatAddress(account), n.cfg.Grade)
			}
			continue
		}
		m, err := n.keepHead(ctx, s.Subject)
		if errors.Is(err, replica.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// keepHead makes the newest head of a subject a member of the queue.
func (n *Node) keepHead(ctx context.Context, subject string) (m contracts.Member, err error) {
	v, err := n.replica.Head(ctx, subject)
	if err != nil {
		return m, err
	}
	if m.Subject, err = contracts.ParseSubject(subject); err != nil {
		return m, err
	}
	if m.Order, err = contracts.OrderOf(uint64(v.Head.EpochNumber()), v.Head.Sequence); err != nil {
		return m, err
	}
	m.Head = v.Head.CID().Digest()
	k := keptHead{Head: v.Head.Bytes()}
	if manifest, err := n.replica.Manifest(ctx, subject); err == nil && manifest.Root() == v.Head.Root {
		if b := manifest.Encode(); len(b) <= maxKeptManifest {
			k.Manifest = b
		}
	}
	b, err := json.Marshal(k)
	if err != nil {
		return m, fmt.Errorf("node: kept head: %w", err)
	}
	return m, n.store.Update(ctx, "", func(tx store.Tx) error { return tx.PutMeta(keptHeadKey(subject, m.Order), b) })
}

// headOf finds an anchored head: among those kept, or in the replica.
func (n *Node) headOf(ctx context.Context, subject string, o contracts.Order) (k keptHead, err error) {
	err = n.store.View(ctx, func(tx store.Tx) error {
		b, err := tx.GetMeta(keptHeadKey(subject, o))
		if err == nil {
			return json.Unmarshal(b, &k)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		row, err := tx.GetHead(subject, int64(o.Version), int64(o.Sequence))
		k.Head = row.Body
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: the anchored head %s of %s is not here any more", replica.ErrUnknown, o, subject)
	}
	if err == nil && k.Manifest == nil {
		if m, merr := n.replica.Manifest(ctx, subject); merr == nil {
			if h, perr := record.ParseHead(k.Head); perr == nil && m.Root() == h.Root {
				k.Manifest = m.Encode()
			}
		}
	}
	return k, err
}
