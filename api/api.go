package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/verdict"
)

// Resolver resolves identifiers. Errors wrap the sentinels of package did.
type Resolver interface {
	Resolve(ctx context.Context, did string, opt did.Options) (*did.Resolution, error)
	Methods() []string
}

// Verifier makes verdicts. An error means that no verdict could be made at
// all; everything that is wrong with a credential is in the verdict.
type Verifier interface {
	VerifyFull(ctx context.Context, q node.VerifyRequest) (*verdict.Verdict, error)
	VerifyPresentation(ctx context.Context, q node.VerifyRequest) (*verdict.Presentation, error)
}

// Folders gives out the folders of the node's own issuers by host and URL
// path, and copies of held folders by SCID, as a did:webvh watcher does.
type Folders interface {
	Folder(ctx context.Context, host, path string) (node.FolderFile, error)
	WatcherLog(ctx context.Context, scid string) ([]byte, error)
	WatcherWitness(ctx context.Context, scid string) ([]byte, error)
	WatcherResource(ctx context.Context, scid, path string) (node.FolderFile, error)
}

// Directory tells what is held about issuers, and finds them. Nothing is fetched.
type Directory interface {
	Issuer(ctx context.Context, did string) (node.IssuerAnswer, error)
	IssuerSearch(ctx context.Context, q node.SearchRequest) (node.SearchAnswer, error)
}

// Operator runs operations for the holder of a token.
type Operator interface {
	Authorise(token string) (node.Caller, bool)
	Op(ctx context.Context, name string, who node.Caller, in json.RawMessage) (any, error)
}

// Health tells whether the node is ready (no reasons), and whether web
// look-ups are sent to a test server.
type Health interface {
	Ready(ctx context.Context) []string
	HostMapped() bool
}

// Node is everything that the listeners ask of a node; *node.Node is one.
type Node interface {
	Resolver
	Verifier
	Folders
	Directory
	Operator
	Health
}

// Config configures the listeners. Only Node must be set.
type Config struct {
	Node Node
	// FailureStatus is the HTTP status of a verification that was carried out
	// and did not come to "verified": 200 as VCALM has it (the default), or 400
	// as older clients of VC-API expect.
	FailureStatus int
	// AdminHosts are Host names by which the admin listener may be called beside
	// loopback ones, without port.
	AdminHosts []string
	// Rate bounds the requests per second of one client to the routes that cost
	// work, with bursts of ten times as many. 0: 50; negative: no bound.
	Rate int
	// Version is told at /1.0/properties.
	Version string

	Logger     *slog.Logger          // nil: discarded
	Clock      func() time.Time      // nil: the real one
	Registerer prometheus.Registerer // nil: requests are not counted
	Gatherer   prometheus.Gatherer   // nil: no /metrics
}

// Server is the two listeners' handlers. It is safe for concurrent use and
// has nothing to close.
type Server struct {
	cfg     Config
	log     *slog.Logger
	limit   *limiter
	work    chan struct{} // one slot for each costly request under way
	large   chan struct{} // the same for those whose bodies are large
	metrics *metrics
	public  []route
	admin   []route
}

// Costly requests under way: those with small bodies, and those with bodies of
// up to 10 MiB, whose memory is what strangers can take at once.
const (
	maxWork   = 32
	maxLarge  = 2
	smallBody = 64 << 10
)

// New makes the handlers. It starts nothing.
func New(cfg Config) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.FailureStatus != http.StatusBadRequest {
		cfg.FailureStatus = http.StatusOK
	}
	if cfg.Rate == 0 {
		cfg.Rate = 50
	}
	s := &Server{cfg: cfg, log: cfg.Logger, work: make(chan struct{}, maxWork), large: make(chan struct{}, maxLarge), metrics: newMetrics(cfg.Registerer)}
	if cfg.Rate > 0 {
		s.limit = newLimiter(float64(cfg.Rate), 10*float64(cfg.Rate), cfg.Clock)
	}
	s.public, s.admin = s.publicRoutes(), s.adminRoutes()
	return s
}

// Public is the handler of the public listener.
func (s *Server) Public() http.Handler {
	return s.handler("public", s.public, s.folder, nil)
}

// Admin is the handler of the admin listener.
func (s *Server) Admin() http.Handler {
	return s.handler("admin", s.admin, nil, s.guardAdmin)
}

// PublicServer is an HTTP server for the public listener: slow headers, slow
// bodies and idle connections end. The caller serves and shuts it down.
func (s *Server) PublicServer() *http.Server {
	return &http.Server{
		Handler: s.Public(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		// net/http would log addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// AdminServer is PublicServer for the admin listener; operations may take
// minutes.
func (s *Server) AdminServer() *http.Server {
	srv := s.PublicServer()
	srv.Handler, srv.WriteTimeout = s.Admin(), opTimeout+time.Minute
	return srv
}
