//go:build unix

package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// User is the name of the superuser of the server.
const User = "bonafide"

// Server is a running server. Its methods end the test when they fail.
type Server struct {
	bin, dir string
	options  []string
	cred     *syscall.Credential
	mu       sync.Mutex // held while it is started or stopped, which a proxy does too
	cmd      *exec.Cmd
	exited   chan struct{}
	log      *bytes.Buffer
	count    atomic.Int64
}

// Start makes a cluster and runs a server on it until the test ends. options are
// settings of the server, "name=value".
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	s := begin(t, options)
	t.Cleanup(func() { s.Stop(t); _ = os.RemoveAll(s.dir) })
	return s
}

// Shared is one server for all tests of a package that leave it running. Its
// Close belongs into TestMain.
type Shared struct {
	mu     sync.Mutex
	server *Server
}

// Get starts the server when there is none yet.
func (s *Shared) Get(t testing.TB) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		s.server = begin(t, nil)
	}
	return s.server
}

// Close stops the server, if one was started.
func (s *Shared) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.stop(syscall.SIGINT)
		_ = os.RemoveAll(s.server.dir)
	}
}

func begin(t testing.TB, options []string) *Server {
	t.Helper()
	s := &Server{bin: programs(t), options: options}
	dir, err := os.MkdirTemp("", "bonafide-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s.dir = dir
	if os.Geteuid() == 0 {
		s.cred = unprivileged(t)
		if err := os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	s.Run(t)
	return s
}

// programs finds the folder of the server's programs.
func programs(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(found) > 0 {
		sort.Slice(found, func(i, j int) bool { return major(found[i]) < major(found[j]) })
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		vectors.Missing(t, "a PostgreSQL server (Debian package postgresql)")
	}
	return filepath.Dir(path)
}

func major(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	vectors.Missing(t, "a user postgres or nobody to run the server as")
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Socket is the file of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	// A group of its own: what interrupts the test does not reach the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	return cmd
}

// Run starts the server, also again after Stop or Kill, and waits until it takes
// connections.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	end := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.cmd == nil {
			s.launch(t)
		}
		select {
		case <-s.exited: // processes of a server that was killed may still be there
			s.cmd = nil
		case <-end:
			t.Fatalf("the server does not start: %s", s.log)
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			conn, err := pgx.Connect(ctx, s.Address("postgres"))
			if err == nil {
				err = conn.Close(ctx)
			}
			cancel()
			if err == nil {
				return
			}
		}
	}
}

func (s *Server) launch(t testing.TB) {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, o := range s.options {
		args = append(args, "-c", o)
	}
	cmd := s.command("postgres", args...)
	s.log = new(bytes.Buffer)
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // that it ended is all that counts; its log says why
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
}

// Stop shuts the server down; running transactions are broken off. A second call
// does nothing.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

// Crash ends the server at once and without a checkpoint; the next Run recovers.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.stop(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
}

func (s *Server) stop(with syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(with); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(60 * time.Second):
		return errors.Join(errors.New("the server does not stop"), cmd.Process.Kill())
	}
}

// Address is the address of a database for postgres.Open.
func (s *Server) Address(database string) string {
	return "postgres://" + User + "@/" + database + "?" + url.Values{"host": {s.dir}}.Encode()
}

// Schema makes an empty schema and returns the address under which a store has it
// for itself.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.count.Add(1))
	s.Exec(t, "CREATE SCHEMA "+name)
	return s.Address("postgres") + "&search_path=" + name
}

// DemandPasswords makes every user but the superuser show a password.
func (s *Server) DemandPasswords(t testing.TB) {
	t.Helper()
	rules := "local all " + User + " trust\nlocal all all scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "SELECT pg_reload_conf()")
}

// Exec runs SQL without arguments as the superuser.
func (s *Server) Exec(t testing.TB, sql string) {
	t.Helper()
	if err := Exec(s.Address("postgres"), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Exec runs SQL without arguments on an address.
func Exec(address, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
