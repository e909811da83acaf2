package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-id/bonafide/did"
	didebsi "github.com/bonafide-id/bonafide/did/ebsi"
	didjwk "github.com/bonafide-id/bonafide/did/jwk"
	didkey "github.com/bonafide-id/bonafide/did/key"
	didweb "github.com/bonafide-id/bonafide/did/web"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/p2p"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// Version of the program; the build may set it.
const Version = "0.1.0"

// Options are what Open needs beside the settings.
type Options struct {
	// Passphrase opens the keys; nil looks for the setting, the environment
	// and the file that init made.
	Passphrase keystore.Passphrase
	Logger     *slog.Logger
	Clock      func() time.Time
	Registerer prometheus.Registerer
	// Random is the source of keys and indices; nil means crypto/rand.
	Random io.Reader
	// WorkFactor of the key files; zero means the key store's default. Tests
	// lower it.
	WorkFactor int
}

// Node is one node with its home. Open makes it; it is safe for concurrent use.
type Node struct {
	cfg        Config
	log        *slog.Logger
	links      linkCache
	clock      func() time.Time
	random     io.Reader
	pass       keystore.Passphrase
	workFactor int
	reg        prometheus.Registerer
	lock       io.Closer
	store      store.Store
	loader     *jsonld.Loader
	replica    *replica.Replica
	exchange   *exchange.Exchange
	book       *revocation.Book
	index      *revocation.Index
	web        *fetch.Client
	registry   did.Registry
	instance   [16]byte
	token      string
	started    time.Time
	keyFiles   sync.Mutex
	kicks      chan string
	anchor     *anchoring   // nil: no chain is set
	walked     atomic.Int64 // bytes that looking for recognitions has cost

	mu          sync.Mutex
	host        *p2p.Host
	signers     map[string]map[keystore.Role]key.Signer
	issuerLocks map[string]*sync.Mutex
	own         map[string]bool
	halted      map[string]Halt // not written down yet
	lists       listCache
	regs        registerCache
	rootLists   map[string]rootsCache
	readBack    map[string]bool
	names       map[string][2]string // of lists begun elsewhere; see elsewhere
	namesAt     time.Time
}

// Open takes the home's lock and opens what is in it, without going on the
// network. Errors: ErrNoHome, ErrRunning when another process has the home,
// ErrConfig, and those of the store.
func Open(ctx context.Context, cfg Config, opt Options) (_ *Node, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := isHome(cfg); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, log: opt.Logger, clock: opt.Clock, random: opt.Random, pass: opt.Passphrase,
		workFactor: opt.WorkFactor, reg: opt.Registerer, loader: jsonld.Builtin(), kicks: make(chan string, 64),
		issuerLocks: make(map[string]*sync.Mutex), own: make(map[string]bool),
		halted: make(map[string]Halt), readBack: make(map[string]bool)}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.clock == nil {
		n.clock = time.Now
	}
	if n.random == nil {
		n.random = rand.Reader
	}
	if n.pass == nil {
		n.pass = cfg.passphrase()
	}
	n.started = n.clock()
	if _, err := io.ReadFull(n.random, n.instance[:]); err != nil {
		return nil, fmt.Errorf("node: random numbers: %w", err)
	}
	if n.lock, err = durable.Lock(cfg.path(fileLock)); err != nil {
		if errors.Is(err, durable.ErrLocked) {
			return nil, fmt.Errorf("%w: %w", ErrRunning, err)
		}
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if b, err := os.ReadFile(cfg.path(fileToken)); err == nil {
		n.token = strings.TrimSpace(string(b))
	}
	if n.store, err = openStore(ctx, cfg, n.log); err != nil {
		return nil, err
	}
	return n, n.assemble(ctx)
}

// assemble puts the rooms together over an open store.
func (n *Node) assemble(ctx context.Context) error {
	hosts, err := fetch.ParseHostMap(n.cfg.DevHostMap)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	n.web = fetch.Stranger(fetch.Config{HostMap: hosts, Logger: n.log, Registerer: n.reg, Clock: n.clock})
	n.replica, err = replica.New(replica.Config{Store: n.store, Clock: n.clock, Loader: n.loader, Own: n.isOwn,
		Shared: n.shared(), OnOwnConflict: n.foreignHead, OnChange: n.onChange, Logger: n.log})
	if err != nil {
		return err
	}
	n.index = revocation.NewIndex(revocation.IndexConfig{MaxBytes: int64(n.cfg.StatusMemory) << 20})
	n.book = revocation.NewBook(revocation.BookConfig{Store: n.store, Clock: n.clock, Rand: n.random, Fill: n.cfg.ListFill,
		Size: int64(n.cfg.ListSize), MaxAge: time.Duration(n.cfg.ListMaxDays) * 24 * time.Hour, Logger: n.log})
	n.exchange = exchange.New(exchange.Config{Replica: n.replica, Peers: peers{n}, Finder: finder{n}, Web: webGetter{n.web},
		Interval: duration(n.cfg.SyncInterval), ServeAll: n.cfg.ServeAll, Clock: n.clock, Logger: n.log})
	n.registry = did.Registry{"webvh": webvhResolver{n}, "scid": webvhResolver{n},
		"key": didkey.Resolver(), "jwk": didjwk.Resolver(), "web": guarded{n, didweb.New(webGetter{n.web})},
		"ebsi": didebsi.Resolver(ebsiDocuments{n})}
	if err := n.openAnchoring(); err != nil {
		return err
	}
	return n.loadIssuers(ctx)
}

// loadIssuers learns which issuers are our own, and finishes a publication that a
// crash interrupted.
func (n *Node) loadIssuers(ctx context.Context) error {
	if err := n.applyRestored(ctx); err != nil {
		return err
	}
	list, err := n.learnIssuers(ctx)
	if err != nil {
		return err
	}
	for _, is := range list {
		// Where an issuer is halted or restored the replica may be ahead of the
		// book, and rightly.
		if err := n.mayIssue(ctx, is.Subject); errors.Is(err, ErrHalted) || errors.Is(err, ErrRestored) {
			continue
		} else if err != nil {
			return err
		}
		if err := n.settle(ctx, is); err != nil {
			n.log.Error("an own folder could not be settled", "issuer", is.DID, "err", err)
		}
	}
	return nil
}

// settle brings the replica up to what the book says was published.
func (n *Node) settle(ctx context.Context, is store.Issuer) error {
	if is.State == store.IssuerClosed {
		return nil
	}
	unlock := n.lockIssuer(is.Subject)
	defer unlock()
	if _, err := n.offerOwnLog(ctx, is.Subject); err != nil {
		return err
	}
	return n.recoverOwn(ctx, is.Subject)
}

// Run puts the node on the network and publishes for its issuers until ctx
// ends. ready, if not nil, is called once peers can connect.
func (n *Node) Run(ctx context.Context, ready func()) error {
	host, err := n.openHost()
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.host = host
	n.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	start := func(f func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := f(); err != nil && ctx.Err() == nil {
				errs <- err
				cancel()
			}
		}()
	}
	start(func() error { return host.Run(ctx) })
	start(func() error { return n.exchange.Run(ctx) })
	start(func() error { n.publisher(ctx); return nil })
	start(func() error { n.readBackAll(ctx); return nil })
	start(func() error { n.provide(ctx); return nil })
	start(func() error { n.fetchRoots(ctx); return nil })
	start(func() error { n.upkeep(ctx); return nil })
	start(func() error { n.anchorLoop(ctx); return nil })
	for _, addr := range n.cfg.Bootstrap {
		if err := host.Protect(addr); err != nil {
			n.log.Warn("bootstrap peer", "addr", addr, "err", err)
		}
	}
	start(func() error { n.greet(ctx); return nil })
	if ready != nil {
		ready()
	}
	<-ctx.Done()
	cancel()
	wg.Wait()
	n.mu.Lock()
	n.host = nil
	n.mu.Unlock()
	err = host.Close()
	select {
	case first := <-errs:
		return errors.Join(first, err)
	default:
		return err
	}
}

// Close lets go of the home.
func (n *Node) Close() error {
	var errs []error
	if n.web != nil {
		errs = append(errs, n.web.Close())
	}
	if n.anchor != nil {
		errs = append(errs, n.anchor.chain.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.lock != nil {
		errs = append(errs, n.lock.Close())
	}
	return errors.Join(errs...)
}

// onChange passes news on: what this node made is announced by the publisher,
// evidence of a fork by everybody who finds it.
func (n *Node) onChange(c replica.Change) {
	if c.Fork == nil || n.peerHost() == nil {
		return
	}
	f := *c.Fork
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := n.exchange.AnnounceFork(ctx, f); err != nil {
			n.log.Debug("announce fork", "subject", f.Subject, "err", err)
		}
	}()
}

// HostMapped tells whether web look-ups are sent to a test server.
func (n *Node) HostMapped() bool { return len(n.cfg.DevHostMap) > 0 }

// Settings returns the node's settings.
func (n *Node) Settings() Config { return n.cfg }
