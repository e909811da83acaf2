package exchange

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

var (
	// ErrNotHeld: a peer was asked for something that it does not hold, or
	// does not give out.
	ErrNotHeld = hint.New("exchange: not held here", "Ask another holder, or the issuer's own host.")
	// ErrQuestion: a question that cannot be read or asks for too much.
	ErrQuestion = hint.New("exchange: malformed question", "The two programs differ; update the older one.")
	// ErrAnswer: an answer that does not follow the protocol.
	ErrAnswer = hint.New("exchange: malformed answer", "Ask another holder; this peer does not follow the protocol.")
	// ErrNotFound: nobody who was asked holds the identifier.
	ErrNotFound = hint.New("exchange: nobody who was asked knows the identifier", "Check the spelling, add peers with `bonafide peers connect`, or give the log with --with.")
	// ErrOffline: the folder is not here and the policy forbids asking.
	ErrOffline = hint.New("exchange: not here, and the network is switched off", "Allow the network, follow the issuer beforehand, or give the evidence with --with.")
)

// Gossip topics.
const (
	TopicHeads = "bonafide/heads/1"
	TopicForks = "bonafide/forks/1"
)

// Peers carry questions and hints. p2p.Host does, through a small adapter.
type Peers interface {
	// Request asks one peer; each is called for every frame of the answer.
	Request(ctx context.Context, peer, op string, question []byte, each func(frame []byte) error) error
	Connected() []string
	Publish(ctx context.Context, topic string, data []byte) error
}

// Finder finds holders of a key beyond the connected peers, and connects.
type Finder interface {
	FindProviders(ctx context.Context, key []byte, n int) ([]string, error)
	Connect(ctx context.Context, addr string) (string, error)
}

// Web fetches files over HTTPS from a host that a stranger named.
type Web interface {
	Get(ctx context.Context, url, accept string, max int64) ([]byte, error)
}

// Writer takes the frames of an answer.
type Writer interface{ Frame(b []byte) error }

// Handler answers one question.
type Handler func(ctx context.Context, from string, question []byte, w Writer) error

// Config are the settings of an exchange.
type Config struct {
	Replica *replica.Replica
	Peers   Peers
	Finder  Finder // nil: only connected peers are asked
	Web     Web    // nil: no web
	// Interval is how often a random peer is asked for news; zero means 30 s.
	Interval time.Duration
	// ServeAll makes strangers' folders available to others too, as a public
	// resolver does. A plain verifier gives out only what it follows,
	// recognises or owns, so that nobody learns what it has looked at.
	ServeAll bool
	Clock    func() time.Time
	Logger   *slog.Logger
}

// Exchange moves folders between replicas. It is safe for concurrent use.
type Exchange struct {
	cfg   Config
	r     *replica.Replica
	log   *slog.Logger
	hints chan hintMsg

	mu      sync.Mutex
	running map[string]bool    // subjects being synced
	again   map[string]string  // subjects to sync once more, and from whom
	rate    map[string]*bucket // forwarding of heads that cannot be judged
}

type hintMsg struct{ subject, peer string }

// New makes an exchange.
func New(cfg Config) *Exchange {
	if cfg.Interval <= 0 {
		cfg.Interval = 30 * time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Exchange{cfg: cfg, r: cfg.Replica, log: cfg.Logger, hints: make(chan hintMsg, 256),
		running: make(map[string]bool), again: make(map[string]string), rate: make(map[string]*bucket)}
}

// Run follows hints and asks a random peer for news now and then, until ctx
// ends.
func (x *Exchange) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-ctx.Done():
					return
				case m := <-x.hints:
					x.follow(ctx, m)
				}
			}
		}()
	}
	for {
		t := time.NewTimer(x.cfg.Interval/2 + rand.N(x.cfg.Interval))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
			x.antiEntropy(ctx)
		}
	}
}

// Hint says that a peer seems to know something newer about a subject. It
// never blocks: anti-entropy finds what a full queue drops.
func (x *Exchange) Hint(subject, peer string) {
	select {
	case x.hints <- hintMsg{subject, peer}:
	default:
	}
}

// follow syncs one subject; hints that come meanwhile are folded into one
// more run.
func (x *Exchange) follow(ctx context.Context, m hintMsg) {
	x.mu.Lock()
	if x.running[m.subject] {
		x.again[m.subject] = m.peer
		x.mu.Unlock()
		return
	}
	x.running[m.subject] = true
	x.mu.Unlock()
	for {
		sctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		if _, err := x.Sync(sctx, m.subject, m.peer); err != nil && ctx.Err() == nil {
			x.log.Debug("sync", "subject", m.subject, "peer", m.peer, "err", err)
			x.elsewhere(sctx, m)
		}
		cancel()
		x.mu.Lock()
		next, more := x.again[m.subject]
		delete(x.again, m.subject)
		if !more || ctx.Err() != nil {
			delete(x.running, m.subject)
			x.mu.Unlock()
			return
		}
		m.peer = next
		x.mu.Unlock()
	}
}

// elsewhere looks for the news of a hint with others than the peer that brought it,
// which passes on what it does not hold: connected peers, then those that the issuer
// names, until one has brought something.
func (x *Exchange) elsewhere(ctx context.Context, m hintMsg) {
	tried := map[string]bool{m.peer: true}
	for _, list := range []func() []string{x.cfg.Peers.Connected, func() []string {
		if x.cfg.Finder == nil {
			return nil
		}
		return x.namedPeers(ctx, m.subject)
	}} {
		for i, p := range list() {
			if i == 8 || ctx.Err() != nil {
				break
			}
			if tried[p] {
				continue
			}
			tried[p] = true
			if rep, err := x.Sync(ctx, m.subject, p); err == nil && rep.Changed {
				return
			}
		}
	}
}

// antiEntropy compares what is held with what one random peer holds.
func (x *Exchange) antiEntropy(ctx context.Context) {
	peers := x.cfg.Peers.Connected()
	if len(peers) == 0 {
		return
	}
	x.Compare(ctx, peers[rand.N(len(peers))])
}

// Compare asks a peer what it holds and syncs whatever is held here too and
// newer there. It is what a node does on meeting a peer.
func (x *Exchange) Compare(ctx context.Context, peer string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for after := ""; ; {
		page, err := x.askSubjects(ctx, peer, after)
		if err != nil {
			x.log.Debug("compare", "peer", peer, "err", err)
			return
		}
		for _, s := range page {
			after = s.Subject
			if x.wants(ctx, s) {
				x.Hint(s.Subject, peer)
			}
		}
		if len(page) < pageSize {
			return
		}
	}
}

// wants tells whether a peer's state of a subject that is held here is worth
// a sync: newer, or of the same age and different.
func (x *Exchange) wants(ctx context.Context, s subjectRow) bool {
	row, err := x.r.Subject(ctx, s.Subject)
	if err != nil {
		return false
	}
	if s.Version > row.LogVersion || s.Version == row.LogVersion && s.VersionID != row.LogVersionID {
		return true
	}
	if s.Head == "" {
		return false
	}
	v, err := x.r.Head(ctx, s.Subject)
	if err != nil {
		return true
	}
	if v.Head.CID().String() != s.Head {
		return true
	}
	missing, err := x.due(ctx, s.Subject)
	return err == nil && len(missing) > 0
}

// Announce tells the peers of a new head or, without one, of a new log.
func (x *Exchange) Announce(ctx context.Context, subject string) error {
	if v, err := x.r.Head(ctx, subject); err == nil {
		return x.cfg.Peers.Publish(ctx, TopicHeads, v.Head.Bytes())
	}
	row, err := x.r.Subject(ctx, subject)
	if err != nil {
		return err
	}
	return x.cfg.Peers.Publish(ctx, TopicHeads, encodeNotice(notice{Subject: subject, VersionID: row.LogVersionID}))
}

// AnnounceFork tells the peers that there is evidence about a subject.
func (x *Exchange) AnnounceFork(ctx context.Context, f record.Fork) error {
	return x.cfg.Peers.Publish(ctx, TopicForks, encodeNotice(notice{Subject: f.Subject, VersionID: f.Parent}))
}

// gives tells whether a subject's folder is given out.
func (x *Exchange) gives(s store.Subject) bool {
	return x.cfg.ServeAll || s.Class != store.ClassStranger
}
