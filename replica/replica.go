package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// Names of the files of a folder that the replica treats by themselves.
const (
	PathLog      = "did.jsonl"
	PathWitness  = "did-witness.json"
	PathWhois    = "whois.vp"
	PathPractice = "issuer.json"
)

// Config are the settings of a replica. The zero value works, apart from Store.
type Config struct {
	Store  Store
	Clock  func() time.Time
	Loader *jsonld.Loader // nil: the built-in contexts
	// Skew is how far ahead a head may be; zero means 5 minutes.
	Skew time.Duration
	// Strangers is how many identifiers are kept that nobody follows or
	// recognises; zero means 1000. The one longest untouched goes first.
	Strangers int
	// Cached is how many verified logs are kept in memory; zero means 256.
	Cached int
	// Shared says that others write to the store too: what is kept in memory is held
	// against it before it counts.
	Shared bool
	// Own tells whether this node signs for a subject. Nil: for none.
	Own func(subject string) bool
	// OnOwnConflict is told of a valid head under an own key that this node
	// did not sign; forked when it excludes the one that is held. It must not
	// call back into the replica.
	OnOwnConflict func(subject string, head record.Head, forked bool)
	// OnChange is told, after the commit, of everything that was kept.
	OnChange func(Change)
	Logger   *slog.Logger
}

// Store is what the replica needs of a store.
type Store interface {
	Update(ctx context.Context, scope string, fn func(store.Tx) error) error
	View(ctx context.Context, fn func(store.Tx) error) error
}

// Change is something new that was kept.
type Change struct {
	Subject string
	Paths   []string // files; PathLog for a log
	Head    *record.Head
	Fork    *record.Fork
	Source  string
}

// Replica holds the verified copies. It is safe for concurrent use.
type Replica struct {
	cfg   Config
	store Store
	log   *slog.Logger

	// stripes serialise the offers about one subject, so that two of them
	// are never judged against the same past.
	stripes [64]sync.Mutex

	snaps snapshots

	mu    sync.Mutex
	cache map[string]*webvh.History
	order []string // least recently used first
}

// New makes a replica over a store.
func New(cfg Config) (*Replica, error) {
	if cfg.Store == nil {
		return nil, fmt.Errorf("%w: no store", ErrOffer)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Loader == nil {
		cfg.Loader = jsonld.Builtin()
	}
	if cfg.Skew <= 0 {
		cfg.Skew = 5 * time.Minute
	}
	if cfg.Strangers <= 0 {
		cfg.Strangers = 1000
	}
	if cfg.Cached <= 0 {
		cfg.Cached = 256
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Replica{cfg: cfg, store: cfg.Store, log: cfg.Logger, cache: make(map[string]*webvh.History)}, nil
}

func (r *Replica) own(subject string) bool { return r.cfg.Own != nil && r.cfg.Own(subject) }

// lock serialises work on one subject.
func (r *Replica) lock(subject string) func() {
	h := uint32(2166136261)
	for i := range len(subject) {
		h = (h ^ uint32(subject[i])) * 16777619
	}
	m := &r.stripes[h%uint32(len(r.stripes))]
	m.Lock()
	return m.Unlock
}

func (r *Replica) remember(h *webvh.History) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := h.SCID()
	if _, ok := r.cache[s]; ok {
		r.touch(s)
	} else {
		r.order = append(r.order, s)
	}
	r.cache[s] = h
	for len(r.order) > r.cfg.Cached {
		delete(r.cache, r.order[0])
		r.order = r.order[1:]
	}
}

// touch moves a subject to the end; the caller holds mu.
func (r *Replica) touch(subject string) {
	for i, s := range r.order {
		if s == subject {
			r.order = append(append(r.order[:i:i], r.order[i+1:]...), subject)
			return
		}
	}
}

func (r *Replica) forget(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.cache, subject)
	for i, s := range r.order {
		if s == subject {
			r.order = append(r.order[:i:i], r.order[i+1:]...)
			return
		}
	}
}

// History returns the verified log of a subject. Errors: ErrUnknown, or that
// of the store. A log that was stored is verified again when it is first read.
func (r *Replica) History(ctx context.Context, subject string) (*webvh.History, error) {
	r.mu.Lock()
	h, ok := r.cache[subject]
	if ok {
		r.touch(subject)
	}
	r.mu.Unlock()
	if ok && r.cfg.Shared {
		var err error
		if ok, err = r.stillCurrent(ctx, h); err != nil {
			return nil, err
		}
	}
	if ok {
		return h, nil
	}
	var log, witness []byte
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		if log, err = body(tx, subject, PathLog); err != nil {
			return err
		}
		witness, err = body(tx, subject, PathWitness)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, subject)
	}
	if err != nil {
		return nil, fmt.Errorf("replica: log of %s: %w", subject, err)
	}
	h, err = webvh.Verify(log, witness, webvh.VerifyOptions{Now: r.cfg.Clock(), Skew: r.cfg.Skew})
	if err != nil {
		return nil, fmt.Errorf("replica: stored log of %s: %w", subject, err)
	}
	r.remember(h)
	return h, nil
}

// stillCurrent tells whether a log in memory is the one in the store.
func (r *Replica) stillCurrent(ctx context.Context, h *webvh.History) (bool, error) {
	var s store.Subject
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		s, err = tx.GetSubject(h.SCID())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		r.forget(h.SCID())
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("replica: subject %s: %w", h.SCID(), err)
	}
	return s.LogVersionID == h.Latest().VersionID, nil
}

// unmoved is store.ErrConflict when the newest head is no longer the one against
// which an offer was judged: another process took a later one meanwhile.
func unmoved(tx store.Tx, subject string, held *HeadView) error {
	now, err := tx.LatestHead(subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	want := ""
	if held != nil {
		want = held.Head.CID().String()
	}
	if now.CID != want {
		return fmt.Errorf("replica: head of %s: %w", subject, store.ErrConflict)
	}
	return nil
}

// body reads the current body of a path.
func body(tx store.Tx, subject, path string) ([]byte, error) {
	f, err := tx.GetFile(subject, path)
	if err != nil {
		return nil, err
	}
	return tx.GetBlob(f.CID)
}

// Resolver resolves, from what is held and nothing else, did:webvh and the
// methods that need no look-up. It serves the checks of files at the door.
func (r *Replica) Resolver() did.Resolver {
	return did.Registry{"webvh": heldLogs{r}, "scid": heldLogs{r}, "key": didkey.Resolver()}
}

type heldLogs struct{ r *Replica }

// Resolve answers from a held log. The error is did.ErrNotFound when none is.
func (l heldLogs) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	subject := record.SubjectOf(id)
	h, err := l.r.History(ctx, subject)
	if errors.Is(err, ErrUnknown) {
		return nil, fmt.Errorf("%w: %s", did.ErrNotFound, id)
	}
	if err != nil {
		return nil, err
	}
	res, err := h.Resolve(opt, id)
	if err != nil {
		return nil, err
	}
	res.Source = "replica"
	return res, nil
}
