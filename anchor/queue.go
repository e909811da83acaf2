package anchor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-id/bonafide/contracts"
)

// Store keeps the queue's state, one value.
type Store interface {
	// Load returns nil where nothing was saved yet.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces old, which Load returned, by next, durably. ErrConflict where
	// something else stands there.
	Save(ctx context.Context, old, next []byte) error
}

// QueueConfig says what a queue anchors, and how.
type QueueConfig struct {
	Chain    *Chain
	Store    Store
	Signer   contracts.Signer
	Contract [20]byte
	Grade    Grade
	// FeeCap is the most that is paid for one gas, in wei. Required.
	FeeCap *big.Int
	// ReplaceAfter is how long a transaction may wait before it is replaced by one
	// that pays more; zero means 10 minutes.
	ReplaceAfter time.Duration
	Clock        func() time.Time
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
}

// Queue brings heads onto a chain, one transaction at a time. It is safe for
// concurrent use, also by several processes over one store.
type Queue struct {
	cfg QueueConfig
	mu  sync.Mutex
	met *metrics
}

// Bounds of a queue.
const (
	MaxWaiting = 4096 // heads
	keepDone   = 64   // transactions that are final
)

// NewQueue makes a queue; nothing is asked or sent before Step. The error is
// ErrConfig.
func NewQueue(cfg QueueConfig) (*Queue, error) {
	switch {
	case cfg.Chain == nil || cfg.Store == nil || cfg.Signer == nil:
		return nil, fmt.Errorf("%w: a queue needs a chain, a store and a signer", ErrConfig)
	case !cfg.Grade.Valid():
		return nil, fmt.Errorf("%w: grade %q", ErrConfig, cfg.Grade)
	case cfg.FeeCap == nil || cfg.FeeCap.Sign() < 0:
		return nil, fmt.Errorf("%w: no fee cap", ErrConfig)
	}
	if cfg.ReplaceAfter <= 0 {
		cfg.ReplaceAfter = 10 * time.Minute
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Queue{cfg: cfg, met: newMetrics(cfg.Registerer)}, nil
}

// JobState is how far a transaction has come.
type JobState string

// The states of a transaction. Only Final counts.
const (
	Submitted JobState = "submitted" // signed and handed out
	Included  JobState = "included"  // in a block that may yet be undone
	Final     JobState = "final"     // in a block that cannot
	Dropped   JobState = "dropped"   // nothing of it is needed any more, or the contract refused it
)

// Job is one transaction and the heads in it.
type Job struct {
	ID       string    `json:"id"` // digest of what is anchored
	Grade    Grade     `json:"grade"`
	State    JobState  `json:"state"`
	Heads    []Entry   `json:"heads"`
	Root     string    `json:"root,omitempty"`
	Nonce    uint64    `json:"nonce"`
	Tries    []Try     `json:"tries"`
	Tx       string    `json:"tx,omitempty"` // that was included
	Block    uint64    `json:"block,omitempty"`
	Hash     string    `json:"blockHash,omitempty"`
	Time     time.Time `json:"time,omitzero"` // of the block
	Batch    uint64    `json:"batch,omitempty"`
	Gas      uint64    `json:"gas,omitempty"`
	Price    string    `json:"price,omitempty"` // wei for one gas
	Reorgs   int       `json:"reorgs,omitempty"`
	Began    time.Time `json:"began"`
	Finished time.Time `json:"finished,omitzero"`
}

// Entry is one head of a job.
type Entry struct {
	Subject string `json:"subject"`
	Order   string `json:"order"`
	Head    string `json:"head"` // SHA-256, hex
}

func entryOf(m contracts.Member) Entry {
	return Entry{m.Subject.SCID(), m.Order.String(), hex.EncodeToString(m.Head[:])}
}

func (e Entry) member() (contracts.Member, error) { return parseMember(e.Subject, e.Order, e.Head) }

// Try is one signed form of a transaction; a later one pays more.
type Try struct {
	Hash string    `json:"hash"`
	Raw  []byte    `json:"raw"`
	Max  string    `json:"max"` // wei for one gas
	Tip  string    `json:"tip,omitempty"`
	At   time.Time `json:"at"`
}

// Status is all that a queue knows.
type Status struct {
	Waiting []Entry `json:"waiting"`
	Flight  *Job    `json:"flight,omitempty"`
	Done    []Job   `json:"done"` // oldest first
	Note    string  `json:"note,omitempty"`
	// Gas and Wei were spent on all transactions that became final, also those that
	// are no longer listed.
	Gas uint64 `json:"gas"`
	Wei string `json:"wei,omitempty"`
	// Count are the heads in them.
	Count uint64 `json:"count"`
}

func (q *Queue) load(ctx context.Context) (*Status, []byte, error) {
	b, err := q.cfg.Store.Load(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("anchor: queue: %w", err)
	}
	s := &Status{Waiting: []Entry{}, Done: []Job{}}
	if b == nil {
		return s, nil, nil
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, nil, fmt.Errorf("anchor: queue: %w", err)
	}
	return s, b, nil
}

func (q *Queue) save(ctx context.Context, s *Status, old []byte) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("anchor: queue: %w", err)
	}
	if bytes.Equal(b, old) {
		return old, nil
	}
	if err := q.cfg.Store.Save(ctx, old, b); err != nil {
		return nil, fmt.Errorf("anchor: queue: %w", err)
	}
	q.met.show(s)
	return b, nil
}

// Account and contract are those under which the queue anchors.
func (q *Queue) Account() (account, contract [20]byte) { return q.cfg.Signer.Address(), q.cfg.Contract }

// Status returns what the queue knows, without asking anybody.
func (q *Queue) Status(ctx context.Context) (Status, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, _, err := q.load(ctx)
	if err != nil {
		return Status{}, err
	}
	return *s, nil
}

// Submit puts heads into the queue and returns how many are new to it. Nobody is
// asked for that. A head that waits, flies or is final already is passed over,
// and so is one below a head of the same issuer that the queue has; of several
// that wait for one issuer only the newest is anchored. The error is ErrBusy, or
// that of the store.
func (q *Queue) Submit(ctx context.Context, heads ...contracts.Member) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, old, err := q.load(ctx)
	if err != nil {
		return 0, err
	}
	have := map[contracts.Subject]contracts.Order{}
	note := func(list []Entry) error {
		for _, e := range list {
			m, err := e.member()
			if err != nil {
				return fmt.Errorf("anchor: queue: %w", err)
			}
			if m.Order.Compare(have[m.Subject]) > 0 {
				have[m.Subject] = m.Order
			}
		}
		return nil
	}
	lists := [][]Entry{s.Waiting}
	if s.Flight != nil {
		lists = append(lists, s.Flight.Heads)
	}
	for _, j := range s.Done {
		if j.State == Final && j.Grade == q.cfg.Grade {
			lists = append(lists, j.Heads)
		}
	}
	for _, l := range lists {
		if err := note(l); err != nil {
			return 0, err
		}
	}
	added := 0
	for _, m := range heads {
		if m.Order.Compare(have[m.Subject]) <= 0 {
			continue
		}
		have[m.Subject] = m.Order
		scid := m.Subject.SCID()
		s.Waiting = slices.DeleteFunc(s.Waiting, func(e Entry) bool { return e.Subject == scid })
		s.Waiting = append(s.Waiting, entryOf(m))
		added++
	}
	if len(s.Waiting) > MaxWaiting {
		return 0, fmt.Errorf("%w: %d heads wait", ErrBusy, len(s.Waiting))
	}
	if added == 0 {
		return 0, nil
	}
	_, err = q.save(ctx, s, old)
	return added, err
}

// Step does the next thing that is due, and returns how the queue stands then.
// It is called again and again, by Run or by hand; it may be cut off anywhere. A
// chain that cannot be asked is an error and leaves everything as it was.
func (q *Queue) Step(ctx context.Context) (Status, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, old, err := q.load(ctx)
	if err != nil {
		return Status{}, err
	}
	s.Note = ""
	w := &work{q: q, s: s, old: old}
	if s.Flight != nil {
		err = w.follow(ctx)
	}
	if err == nil && s.Flight == nil && len(s.Waiting) > 0 {
		err = w.launch(ctx)
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		s.Note = err.Error()
	}
	if _, serr := q.save(ctx, s, w.old); serr != nil {
		err = errors.Join(err, serr)
	}
	return *s, err
}

// Run steps every interval until ctx ends.
func (q *Queue) Run(ctx context.Context, interval time.Duration) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		if _, err := q.Step(ctx); err != nil && ctx.Err() == nil {
			q.cfg.Logger.Warn("anchoring waits", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// work is one step.
type work struct {
	q   *Queue
	s   *Status
	old []byte
}

func (w *work) save(ctx context.Context) (err error) {
	w.old, err = w.q.save(ctx, w.s, w.old)
	return err
}

// launch makes a transaction of what waits.
func (w *work) launch(ctx context.Context) error {
	q := w.q
	latest, err := q.cfg.Chain.Latest(ctx)
	if err != nil {
		return err
	}
	if err := q.cfg.Chain.Contract(ctx, q.cfg.Contract, latest); err != nil {
		return err
	}
	members, err := w.needed(ctx, latest)
	if err != nil || len(members) == 0 {
		return err
	}
	call, root, err := q.call(members)
	if err != nil {
		return err
	}
	nonce, err := q.cfg.Chain.nonce(ctx, q.cfg.Signer.Address(), latest)
	if err != nil {
		return err
	}
	job := &Job{ID: jobID(q.cfg.Grade, members), Grade: q.cfg.Grade, State: Submitted, Nonce: nonce, Root: root, Began: q.cfg.Clock().UTC()}
	for _, m := range members {
		job.Heads = append(job.Heads, entryOf(m))
	}
	w.s.Flight = job
	if err := w.try(ctx, call, latest, nil); err != nil {
		w.s.Flight = nil
		return err
	}
	w.s.Waiting = slices.DeleteFunc(w.s.Waiting, func(e Entry) bool { return slices.Contains(job.Heads, e) })
	// What is handed out is written down before: a crash in between is a
	// transaction that is sent again, never one that nobody remembers.
	if err := w.save(ctx); err != nil {
		return err
	}
	q.cfg.Logger.Info("anchoring", "heads", len(job.Heads), "grade", job.Grade, "nonce", nonce)
	return w.send(ctx)
}

func jobID(g Grade, members []contracts.Member) string {
	h := sha256.New()
	fmt.Fprintln(h, g)
	for _, m := range members {
		fmt.Fprintln(h, m.Subject.SCID(), m.Order, hex.EncodeToString(m.Head[:]))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// needed takes as many heads as go into one transaction, without those that the
// contract would refuse because it has them or later ones.
func (w *work) needed(ctx context.Context, latest contracts.Block) ([]contracts.Member, error) {
	most := contracts.MaxMany
	if w.q.cfg.Grade == ExistedBy {
		most = MaxWaiting
	}
	var out []contracts.Member
	for _, e := range slices.Clone(w.s.Waiting) {
		m, err := e.member()
		if err != nil {
			return nil, err
		}
		if w.q.cfg.Grade == Floor {
			entry, err := w.q.cfg.Chain.entry(ctx, w.q.cfg.Contract, contracts.FloorSlot(w.q.cfg.Signer.Address(), m.Subject), latest)
			if err != nil {
				return nil, err
			}
			if entry.Number.Cmp(m.Order.Int()) >= 0 {
				// Anchored before this queue knew: another node, or a lost home.
				w.s.Waiting = slices.DeleteFunc(w.s.Waiting, func(x Entry) bool { return x == e })
				w.finish(Job{ID: jobID(Floor, []contracts.Member{m}), Grade: Floor, State: Dropped, Heads: []Entry{e}, Block: entry.Block,
					Time: entry.Time, Began: w.q.cfg.Clock().UTC()})
				continue
			}
		}
		if out = append(out, m); len(out) == most {
			break
		}
	}
	return out, nil
}

func (w *work) finish(j Job) {
	j.Finished = w.q.cfg.Clock().UTC()
	for i := range j.Tries {
		j.Tries[i].Raw = nil
	}
	w.s.Done = append(w.s.Done, j)
	if len(w.s.Done) > keepDone {
		w.s.Done = slices.Delete(w.s.Done, 0, len(w.s.Done)-keepDone)
	}
}

// call makes the call that anchors heads.
func (q *Queue) call(members []contracts.Member) (contracts.Call, string, error) {
	if q.cfg.Grade == Floor {
		c, err := contracts.FloorCall(q.cfg.Contract, members)
		return c, "", err
	}
	b, err := contracts.NewBatch(members)
	if err != nil {
		return contracts.Call{}, "", err
	}
	root, err := b.Root()
	if err != nil {
		return contracts.Call{}, "", err
	}
	return contracts.BatchCall(q.cfg.Contract, root), hex.EncodeToString(root[:]), nil
}
