package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
)

// caller runs operations: on a running node, or in this process.
type caller interface {
	Op(ctx context.Context, name string, in, out any) error
	Close() error
}

// homeDir is the folder of state: flag, environment, platform.
func (a *app) homeDir() (string, error) {
	dir := a.home
	if dir == "" {
		dir = a.env("BONAFIDE_HOME")
	}
	if dir == "" {
		dir = node.DefaultHome()
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", usagef("--home %s: %v", dir, err)
	}
	return abs, nil
}

// settingFlags adds a flag for every setting of a node. The default shown is
// that of DefaultConfig; whether a flag was given is asked of the flag set.
func settingFlags(fs *pflag.FlagSet) {
	def := node.DefaultConfig()
	for _, s := range node.Settings() {
		text := s.Of(def)
		doc := s.Doc + " (" + s.Env + ")"
		switch s.Kind {
		case "bool":
			fs.Bool(s.Flag, text == "true", doc)
		case "list":
			var members []string
			if text != "" {
				members = strings.Split(text, ",")
			}
			fs.StringArray(s.Flag, members, doc+"; repeatable")
		default:
			fs.String(s.Flag, text, doc)
		}
	}
}

// config reads the settings of a home: flag before environment before
// config.toml before default. fs may be nil for commands without such flags.
func (a *app) config(home string, fs *pflag.FlagSet) (node.Config, error) {
	cfg, err := node.ReadConfig(home)
	if err != nil {
		return cfg, err
	}
	type change struct {
		name  string
		apply func() error
	}
	var changes []change
	for _, s := range node.Settings() {
		if v := a.env(s.Env); v != "" {
			changes = append(changes, change{s.Env, func() error { return cfg.Set(s.Key, v) }})
		}
	}
	if fs != nil {
		for _, s := range node.Settings() {
			f := fs.Lookup(s.Flag)
			if f == nil || !f.Changed {
				continue
			}
			changes = append(changes, change{"--" + s.Flag, func() error {
				if members, err := fs.GetStringArray(s.Flag); err == nil {
					return cfg.SetList(s.Key, members)
				}
				return cfg.Set(s.Key, f.Value.String())
			}})
		}
	}
	// Settings are held against each other at each step, so that one may be
	// right only after another: go round until nothing moves any more.
	for len(changes) > 0 {
		var left []change
		var first error
		for _, c := range changes {
			before := cfg
			if err := c.apply(); err != nil {
				cfg = before
				left = append(left, c)
				if first == nil {
					first = fmt.Errorf("%s: %w", c.name, err)
				}
			}
		}
		if len(left) == len(changes) {
			return cfg, withCode(exitUsage, first)
		}
		changes = left
	}
	return cfg, nil
}

// address is what `run` writes into the home while it runs.
type address struct {
	Admin  string `json:"admin"`
	Public string `json:"public"`
	PID    int    `json:"pid"`
}

func addressFile(home string) string { return filepath.Join(home, "admin.addr") }

func readAddress(home string) (address, bool) {
	var at address
	b, err := os.ReadFile(addressFile(home))
	if err != nil || len(b) > 4<<10 || json.Unmarshal(b, &at) != nil || at.Admin == "" {
		return address{}, false
	}
	return at, true
}

// dial returns a client of the node that runs on the home, or nil when none
// does. An address that a killed node left behind counts for nothing, also
// when somebody else's node answers there now.
func (a *app) dial(ctx context.Context, home string) (*client.Client, error) {
	at, ok := readAddress(home)
	if !ok {
		return nil, nil
	}
	c, err := client.New(client.Config{Admin: at.Admin, Public: at.Public, TokenFile: filepath.Join(home, "token"), Timeout: 10 * time.Minute})
	if err != nil {
		return nil, err
	}
	probe, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var info node.Info
	err = c.Op(probe, node.OpInfo, nil, &info)
	if err == nil && sameFolder(info.Home, home) {
		return c, nil
	}
	closeErr := c.Close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, closeErr
}

func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// opening says how a command wants the home.
type opening struct {
	flags *pflag.FlagSet
	// network is set for work that may need peers: a node opened in this
	// process then connects to the configured ones first.
	network bool
	// homeless is set for work that needs no home: one is made for it in a
	// temporary folder and removed afterwards.
	homeless bool
	// adjust changes the settings of a node opened in this process.
	adjust func(*node.Config)
}

// open finds the running node of the home, or opens the home.
func (a *app) open(ctx context.Context, o opening) (caller, error) {
	if node := a.env("BONAFIDE_NODE"); node != "" {
		return a.remote(node)
	}
	home, err := a.homeDir()
	if err != nil {
		return nil, err
	}
	running, err := a.dial(ctx, home)
	if err != nil {
		return nil, err
	}
	if running != nil {
		return running, nil
	}
	_, err = os.Stat(filepath.Join(home, "config.toml"))
	if errors.Is(err, fs.ErrNotExist) && o.homeless {
		return a.openTemporary(ctx, home, o)
	}
	return a.openHome(ctx, home, o)
}

// remote is a node named by BONAFIDE_NODE, for the holder of a token who has no
// home of it.
func (a *app) remote(node string) (caller, error) {
	token := a.env("BONAFIDE_TOKEN")
	if token == "" {
		return nil, usagef("BONAFIDE_NODE is set and BONAFIDE_TOKEN is not")
	}
	return client.New(client.Config{Admin: node, Token: token, Timeout: 10 * time.Minute})
}

func (a *app) openHome(ctx context.Context, home string, o opening) (caller, error) {
	cfg, err := a.config(home, o.flags)
	if err != nil {
		return nil, err
	}
	if o.adjust != nil {
		o.adjust(&cfg)
	}
	n, err := node.Open(ctx, cfg, node.Options{Passphrase: a.passphrase(cfg), Logger: a.quietLogger()})
	if err != nil {
		return nil, err
	}
	l := &local{node: n}
	if o.network && cfg.Network != "off" && (len(cfg.Bootstrap) > 0 || cfg.MDNS) {
		l.connect(ctx, len(cfg.Bootstrap) > 0)
	}
	return l, nil
}

// openTemporary makes a home for one command. Settings of the environment and
// of flags count; there is no config.toml.
func (a *app) openTemporary(ctx context.Context, home string, o opening) (caller, error) {
	cfg, err := a.config(home, o.flags)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bonafide-")
	if err != nil {
		return nil, fmt.Errorf("temporary home: %w", err)
	}
	cfg.Home, cfg.Store = dir, "" // for one command, and gone with it
	if _, err = node.Init(ctx, cfg, node.InitOptions{}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	saved := a.home
	a.home = dir
	c, err := a.openHome(ctx, dir, o)
	a.home = saved
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	l := c.(*local)
	l.remove = dir
	return l, nil
}

// quietLogger shows a one-shot command's warnings only with BONAFIDE_DEBUG.
func (a *app) quietLogger() *slog.Logger {
	if a.env("BONAFIDE_DEBUG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// passphrase asks a person where no setting, variable or file says it. It
// asks once. Nil leaves the search to the node.
func (a *app) passphrase(cfg node.Config) keystore.Passphrase {
	if cfg.PassphraseFile != "" || a.env("BONAFIDE_PASSPHRASE") != "" || !isTerminal(a.stdin) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(cfg.Home, "passphrase")); err == nil {
		return nil
	}
	return once(keystore.FromPrompt(keystore.Terminal{In: a.stdin.(*os.File), Out: a.stderr, Label: "the keys in " + cfg.Home}))
}

// once remembers an answer, so that nobody types a passphrase twice.
func once(ask keystore.Passphrase) keystore.Passphrase {
	var known []byte
	return func() ([]byte, error) {
		if known == nil {
			b, err := ask()
			if err != nil {
				return nil, err
			}
			known = b
		}
		return append([]byte(nil), known...), nil
	}
}

// local runs operations in this process.
type local struct {
	node   *node.Node
	remove string // temporary home
	stop   func() error
}

// connect puts the node on the network for the time of one command. Peers are
// waited for, but not for long: what can be answered without them is.
func (l *local) connect(ctx context.Context, wait bool) {
	run, cancel := context.WithCancel(ctx)
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- l.node.Run(run, func() { close(ready) }) }()
	l.stop = func() error { cancel(); return <-ended }
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		return
	}
	if !wait {
		return
	}
	until, done := context.WithTimeout(ctx, 3*time.Second)
	defer done()
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for l.node.Info(until).Peers == 0 {
		select {
		case <-until.Done():
			return
		case <-t.C:
		}
	}
}

// Op runs an operation as the owner of the home.
func (l *local) Op(ctx context.Context, name string, in, out any) error {
	if in == nil {
		in = struct{}{}
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	got, err := l.node.Op(ctx, name, node.Caller{Role: node.RoleOperator, By: "operator"}, raw)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	// The same type needs no detour through JSON.
	dst, src := reflect.ValueOf(out).Elem(), reflect.ValueOf(got)
	for src.IsValid() && src.Kind() == reflect.Pointer && !src.IsNil() && src.Type() != dst.Type() {
		src = src.Elem()
	}
	if src.IsValid() && src.Type() == dst.Type() {
		dst.Set(src)
		return nil
	}
	text, err := json.Marshal(got)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = text
		return nil
	}
	return json.Unmarshal(text, out)
}

func (l *local) Close() error {
	var errs []error
	if l.stop != nil {
		errs = append(errs, l.stop())
	}
	errs = append(errs, l.node.Close())
	if l.remove != "" {
		errs = append(errs, os.RemoveAll(l.remove))
	}
	return errors.Join(errs...)
}

// do opens the home, runs one operation and lets go again.
func (a *app) do(ctx context.Context, o opening, name string, in, out any) error {
	c, err := a.open(ctx, o)
	if err != nil {
		return err
	}
	err = c.Op(ctx, name, in, out)
	return errors.Join(err, c.Close())
}

// answer runs one operation and prints what it answered: as it is with
// --json, else through show.
func answer[T any](a *app, ctx context.Context, o opening, name string, in any, show func(T) error) error {
	if a.json {
		var raw json.RawMessage
		if err := a.do(ctx, o, name, in, &raw); err != nil {
			return err
		}
		return a.printJSON(raw)
	}
	var out T
	if err := a.do(ctx, o, name, in, &out); err != nil {
		return err
	}
	return show(out)
}
