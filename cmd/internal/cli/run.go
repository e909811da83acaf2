package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/api"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/node"
)

func (a *app) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the node: publish, keep copies, answer peers and HTTP",
		Long: `Run the node of this home until SIGINT or SIGTERM. It publishes for its issuers,
keeps copies of the folders it follows, answers peers, and serves two listeners:

  public   resolver, verifier, issuers' folders, pages     (default 127.0.0.1:8480)
  admin    operations; needs the token of the home         (default 127.0.0.1:8481)

Put a web server with TLS in front of the public listener to serve it to others.
While the node runs, all other commands on this home go through it.

Every setting of config.toml is a flag here and an environment variable; a flag
goes before the environment, and that before the file.`,
		Example: `  bonafide run
  bonafide run --public 127.0.0.1:0 --admin 127.0.0.1:0 --json
  bonafide run --bootstrap /dns4/node.example/udp/8482/quic-v1/p2p/12D3Koo...
  bonafide run --dev-host-map '*=http://127.0.0.1:9000'     (tests only)`,
		Args: noArgs(),
	}
	settingFlags(c.Flags())
	c.Flags().BoolVar(&a.json, "json", false, "log as JSON, and print one line {\"event\":\"ready\",...} when ready")
	c.RunE = func(cmd *cobra.Command, _ []string) error { return a.runNode(cmd.Context(), cmd) }
	return c
}

// Time limits of the listeners. Streams of operations may take long to write.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = 15 * time.Minute
	idleTimeout   = 2 * time.Minute
	shutdownTime  = 5 * time.Second
)

// readyEvent is the line that run prints when everything answers.
type readyEvent struct {
	Event  string   `json:"event"`
	Home   string   `json:"home"`
	Public string   `json:"public"`
	Admin  string   `json:"admin"`
	PeerID string   `json:"peerId"`
	Addrs  []string `json:"addrs"`
	PID    int      `json:"pid"`
}

func (a *app) runNode(ctx context.Context, cmd *cobra.Command) (err error) {
	home, err := a.homeDir()
	if err != nil {
		return err
	}
	cfg, err := a.config(home, cmd.Flags())
	if err != nil {
		return err
	}
	if running, err := a.dial(ctx, home); err != nil {
		return err
	} else if running != nil {
		return errors.Join(fmt.Errorf("%w: %s", node.ErrRunning, home), running.Close())
	}
	log := a.logger(cfg)
	public, err := listen(ctx, &cfg.Public)
	if err != nil {
		return err
	}
	defer public.Close()
	admin, err := listen(ctx, &cfg.Admin)
	if err != nil {
		return err
	}
	defer admin.Close()
	if host, _, err := net.SplitHostPort(cfg.Admin); err == nil && !net.ParseIP(host).IsLoopback() {
		log.Warn("the admin listener is not on loopback: whoever has the token rules this node", "admin", cfg.Admin)
	}
	if len(cfg.DevHostMap) > 0 {
		log.Warn("development: web look-ups go to a test server, and every verdict says so", "dev_host_map", cfg.DevHostMap)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n, err := node.Open(ctx, cfg, node.Options{Passphrase: a.passphrase(cfg), Logger: log, Registerer: registry})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	faces := api.New(api.Config{Node: n, Logger: log, Registerer: registry, Version: node.Version, FailureStatus: cfg.FailureStatus})
	return a.serve(ctx, n, cfg, log, public, faces.Public(), admin, faces.Admin())
}

// serve runs node and listeners until ctx ends or one of them fails.
func (a *app) serve(ctx context.Context, n *node.Node, cfg node.Config, log *slog.Logger, public net.Listener, publicFace http.Handler, admin net.Listener, adminFace http.Handler) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	servers := []*http.Server{server(publicFace, log), server(adminFace, log)}
	for i, l := range []net.Listener{public, admin} {
		go func() {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("listener %s: %w", l.Addr(), err))
			}
		}()
	}
	ended := make(chan error, 1)
	go func() {
		ended <- n.Run(ctx, func() {
			if err := a.announce(ctx, n, cfg, log); err != nil {
				cancel(err)
			}
		})
	}()
	var err error
	select {
	case err = <-ended:
		ended <- nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}
	log.Info("stopping")
	// Whoever looks for the node must no longer find it.
	if rm := os.Remove(addressFile(cfg.Home)); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer done()
	for _, s := range servers {
		if s.Shutdown(grace) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	cancel(nil)
	return errors.Join(err, <-ended)
}

// announce writes the address file and says that the node is ready.
func (a *app) announce(ctx context.Context, n *node.Node, cfg node.Config, log *slog.Logger) error {
	at := address{Admin: "http://" + cfg.Admin, Public: "http://" + cfg.Public, PID: os.Getpid()}
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(addressFile(cfg.Home), append(text, '\n'), 0o600); err != nil {
		return err
	}
	info := n.Info(ctx)
	if a.json {
		line, err := json.Marshal(readyEvent{"ready", cfg.Home, at.Public, at.Admin, info.PeerID, info.Addrs, at.PID})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s\n", line)
		return err
	}
	p := a.painter(a.stdout)
	a.printf("%s (pid %d)\n", p.green("ready"), at.PID)
	a.pairs("home", cfg.Home, "public", at.Public, "admin", at.Admin, "peer", info.PeerID)
	for _, addr := range info.Addrs {
		a.pairs("reachable at", addr)
	}
	for _, is := range info.Issuers {
		a.pairs("issuer", is.DID)
		if !is.Signing {
			a.pairs("  not signing", is.Why)
		}
	}
	log.Debug("ready", "public", at.Public, "admin", at.Admin)
	return nil
}

// listen binds an address and writes back the one that came of it: port 0
// chooses a free one.
func listen(ctx context.Context, addr *string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", *addr)
	if err != nil {
		return nil, withCode(exitUnreachable, fmt.Errorf("%w: %w", ErrListen, err))
	}
	*addr = l.Addr().String()
	return l, nil
}

func server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// logger writes to standard error as the settings say.
func (a *app) logger(cfg node.Config) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(cfg.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	opt := &slog.HandlerOptions{Level: level}
	if a.json || cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(a.stderr, opt))
	}
	return slog.New(slog.NewTextHandler(a.stderr, opt))
}
