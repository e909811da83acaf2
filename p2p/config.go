package p2p

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
)

// DHTMode says what part a host takes in the distributed hash table.
type DHTMode uint8

// The modes. Off is the zero value: a plain verifier announces nothing.
const (
	DHTOff    DHTMode = iota // no part; Provide and FindProviders return ErrNoDHT
	DHTClient                // asks, and provides, but stores nothing for others
	DHTServer                // also answers; for nodes that others can reach
)

// ParseDHTMode reads "off", "client" or "server".
func ParseDHTMode(s string) (DHTMode, error) {
	switch s {
	case "", "off":
		return DHTOff, nil
	case "client":
		return DHTClient, nil
	case "server":
		return DHTServer, nil
	}
	return DHTOff, fmt.Errorf("%w: DHT mode %q is none of off, client, server", ErrConfig, s)
}

// String returns the name that ParseDHTMode reads.
func (m DHTMode) String() string {
	switch m {
	case DHTClient:
		return "client"
	case DHTServer:
		return "server"
	}
	return "off"
}

// Config is what a host needs. The zero value works: it listens on UDP (QUIC)
// and TCP port 8482 of all IPv4 addresses with a fresh identity, knows nobody,
// and takes no part in discovery.
type Config struct {
	// Listen are multiaddrs of TCP or QUIC, without /p2p/. Nil means
	// /ip4/0.0.0.0/udp/8482/quic-v1 and /ip4/0.0.0.0/tcp/8482; an empty,
	// non-nil slice means not to listen at all. Every one must be free: a
	// half-open node would look healthy from one side.
	Listen []string

	// Identity is the Ed25519 key of the PEER, as 64 bytes private key or
	// 32 bytes seed; see [LoadOrCreateIdentity]. It is never an issuer's key
	// and gives no authority. Nil means a fresh one.
	Identity []byte

	// Bootstrap are multiaddrs with /p2p/ that are dialled while fewer than
	// four peers are connected. For peers to keep at all times call
	// [Host.Protect].
	Bootstrap []string

	// DHT is the part taken in the distributed hash table.
	DHT DHTMode

	// MDNS announces this host on the local network and connects to hosts of
	// the same service found there.
	MDNS bool

	// Announce, when not empty, are the only addresses that this host tells
	// others, instead of what it finds by itself.
	Announce []string

	// Relay offers circuit relay v2 to others. Only for hosts that everybody
	// can reach: it also tells libp2p that this one is public.
	Relay bool

	// UseRelays lets a host behind NAT keep a place at relays among its
	// peers, so that others can reach it through them.
	UseRelays bool

	// Limits bound what all peers together, and each of them, may cost.
	Limits Limits

	// Heartbeat is the interval of gossip upkeep; zero means one second.
	// Tests shorten it, networks must agree on about the same.
	Heartbeat time.Duration

	// Logger receives what this host has to say, libp2p's warnings included;
	// nil discards. libp2p logs per process: with several hosts in one
	// process its lines go to the first one's logger.
	Logger *slog.Logger

	// Registerer receives the metrics of this host and of libp2p; nil means
	// none.
	Registerer prometheus.Registerer

	// Clock is read for budgets and ages; nil means time.Now.
	Clock func() time.Time

	// Hooks for tests of this package.
	extra       []libp2p.Option
	extraGossip []pubsub.Option
	onScores    func()
}

// Limits bound the cost of peers. Zero fields take the default in brackets.
type Limits struct {
	Memory         int64   // bytes all connections and streams may hold [256 MiB]
	Files          int     // sockets [512]
	Conns          int     // connections, hard [512]
	ConnsLow       int     // trim down to this many [96] ...
	ConnsHigh      int     // ... when there are more than this [192]
	ConnsPerPeer   int     // connections of one peer [4]
	ConnsPerIP     int     // connections of one IPv4 address or IPv6 /56, loopback excepted [16]
	ConnRatePerIP  float64 // new connections a second of one such address [1]
	Streams        int     // streams, all peers [4096]
	StreamsPerPeer int     // streams of one peer, all protocols [128]

	GossipQueue int // messages waiting for one peer, and waiting to be validated [1024]
	Validators  int // validations at one time [64]

	MessageRate  float64 // gossip messages a second and neighbour, copies included [500]
	MessageBurst int     // [5000]

	Requests        int           // requests answered at one time [128]; a quarter is kept for protected peers
	RequestsPerPeer int           // of one peer [8]
	RequestRate     float64       // requests a second and peer [50]
	RequestBurst    int           // [400]
	ByteRate        float64       // bytes a second and peer, requests and answers [32 MiB]
	ByteBurst       int64         // [128 MiB]
	IdleTimeout     time.Duration // silence in which one frame must arrive or be taken [20 s]
	RequestTimeout  time.Duration // one request with its whole answer [5 min]

	ProviderRecords int // DHT records held for others [65536]
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	set(&l.Memory, 256<<20)
	set(&l.Files, 512)
	set(&l.Conns, 512)
	set(&l.ConnsLow, 96)
	set(&l.ConnsHigh, 192)
	set(&l.ConnsPerPeer, 4)
	set(&l.ConnsPerIP, 16)
	set(&l.ConnRatePerIP, 1)
	set(&l.Streams, 4096)
	set(&l.StreamsPerPeer, 128)
	set(&l.GossipQueue, 1024)
	set(&l.Validators, 64)
	set(&l.MessageRate, 500)
	set(&l.MessageBurst, 5000)
	set(&l.Requests, 128)
	set(&l.RequestsPerPeer, 8)
	set(&l.RequestRate, 50)
	set(&l.RequestBurst, 400)
	set(&l.ByteRate, 32<<20)
	set(&l.ByteBurst, 128<<20)
	set(&l.IdleTimeout, 20*time.Second)
	set(&l.RequestTimeout, 5*time.Minute)
	set(&l.ProviderRecords, 1<<16)
	return l
}

// set gives *p the value def if it is zero.
func set[T comparable](p *T, def T) {
	var zero T
	if *p == zero {
		*p = def
	}
}

// check refuses limits that contradict each other.
func (l Limits) check() error {
	for _, v := range []struct {
		name string
		n    int64
	}{
		{"Memory", l.Memory}, {"Files", int64(l.Files)}, {"Conns", int64(l.Conns)},
		{"ConnsLow", int64(l.ConnsLow)}, {"ConnsHigh", int64(l.ConnsHigh)},
		{"ConnsPerPeer", int64(l.ConnsPerPeer)}, {"ConnsPerIP", int64(l.ConnsPerIP)},
		{"Streams", int64(l.Streams)}, {"StreamsPerPeer", int64(l.StreamsPerPeer)},
		{"GossipQueue", int64(l.GossipQueue)}, {"Validators", int64(l.Validators)},
		{"MessageBurst", int64(l.MessageBurst)},
		{"Requests", int64(l.Requests)}, {"RequestsPerPeer", int64(l.RequestsPerPeer)},
		{"RequestBurst", int64(l.RequestBurst)}, {"ByteBurst", l.ByteBurst},
		{"IdleTimeout", int64(l.IdleTimeout)}, {"RequestTimeout", int64(l.RequestTimeout)},
		{"ProviderRecords", int64(l.ProviderRecords)},
	} {
		if v.n < 0 {
			return fmt.Errorf("%w: Limits.%s is negative", ErrConfig, v.name)
		}
	}
	if l.ConnsLow > l.ConnsHigh || l.ConnsHigh > l.Conns {
		return fmt.Errorf("%w: Limits: ConnsLow %d <= ConnsHigh %d <= Conns %d must hold", ErrConfig, l.ConnsLow, l.ConnsHigh, l.Conns)
	}
	if l.RequestRate < 0 || l.ByteRate < 0 || l.MessageRate < 0 || l.ConnRatePerIP < 0 {
		return fmt.Errorf("%w: Limits: a rate is negative", ErrConfig)
	}
	return nil
}

// OpLimits bound one operation. Zero fields take the default in brackets; both
// sides of an operation must use the same, and the one who asks enforces them
// too.
type OpLimits struct {
	MaxRequest  int   // bytes of the request [64 KiB]
	MaxFrame    int   // bytes of one frame of the answer [1 MiB]
	MaxResponse int64 // bytes of all frames of one answer [64 MiB]
}

func (l OpLimits) withDefaults() OpLimits {
	set(&l.MaxRequest, 64<<10)
	set(&l.MaxFrame, 1<<20)
	set(&l.MaxResponse, 64<<20)
	return l
}

// settings is a Config that was read and found usable.
type settings struct {
	listen    []ma.Multiaddr
	announce  []ma.Multiaddr
	bootstrap []peer.AddrInfo
	loopback  bool // every listen address is loopback: a test or a demo
	limits    Limits
	log       *slog.Logger
	now       func() time.Time
	heartbeat time.Duration
}

// defaultListen is where a node listens when nothing else is said.
func defaultListen() []string {
	return []string{"/ip4/0.0.0.0/udp/8482/quic-v1", "/ip4/0.0.0.0/tcp/8482"}
}

// read checks the configuration and fills the defaults.
func (c Config) read() (settings, error) {
	s := settings{limits: c.Limits.withDefaults(), log: c.Logger, now: c.Clock, heartbeat: c.Heartbeat}
	if err := s.limits.check(); err != nil {
		return s, err
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	set(&s.heartbeat, time.Second)
	if s.heartbeat < time.Millisecond || s.heartbeat > time.Minute {
		return s, fmt.Errorf("%w: heartbeat %v is outside 1ms..1min", ErrConfig, s.heartbeat)
	}
	if c.DHT > DHTServer {
		return s, fmt.Errorf("%w: unknown DHT mode %d", ErrConfig, c.DHT)
	}
	listen := c.Listen
	if listen == nil {
		listen = defaultListen()
	}
	s.loopback = len(listen) > 0
	for _, text := range listen {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return s, fmt.Errorf("%w: listen address %q: %w", ErrConfig, text, err)
		}
		if !isTCP(a) && !isQUIC(a) {
			return s, fmt.Errorf("%w: listen address %q is neither /tcp/PORT nor /udp/PORT/quic-v1", ErrConfig, text)
		}
		s.loopback = s.loopback && isLoopback(a)
		s.listen = append(s.listen, a)
	}
	for _, text := range c.Announce {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return s, fmt.Errorf("%w: announced address %q: %w", ErrConfig, text, err)
		}
		s.announce = append(s.announce, a)
	}
	for _, text := range c.Bootstrap {
		ai, err := parsePeer(text)
		if err != nil {
			return s, fmt.Errorf("%w: bootstrap: %w", ErrConfig, err)
		}
		s.bootstrap = append(s.bootstrap, ai)
	}
	return s, nil
}
