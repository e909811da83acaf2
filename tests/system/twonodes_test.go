//go:build system

package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

// sisters are two homes of one issuer: the same keys, one database, each with a
// name of its own in the peer network.
func sisters(t *testing.T, address string) (a, b string) {
	t.Helper()
	a, b = filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	cfg := node.DefaultConfig()
	cfg.Home, cfg.Store = a, address
	if _, err := node.Init(t.Context(), cfg, node.InitOptions{Domain: "university.example", Name: "U", WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(b, os.DirFS(a)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"peer.key", "node.lock"} {
		if err := os.Remove(filepath.Join(b, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"keys/online.age", "keys/offline.age", "token", "passphrase"} {
		if err := os.Chmod(filepath.Join(b, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

// shared is what both nodes acknowledged together.
type shared struct {
	ledger
	slots map[string]string // list and index -> credential
}

func (s *shared) issued(t *testing.T, r node.IssueResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range r.Status {
		key := fmt.Sprint(row.List, "#", row.Index)
		if other, taken := s.slots[key]; taken {
			t.Errorf("%s was given to %s and to %s", key, other, r.ID)
		}
		s.slots[key] = r.ID
	}
}

// work issues and revokes on a node until stop or its end.
func (s *shared) work(t *testing.T, r *running, epoch string, stop <-chan struct{}) {
	ctx := context.Background()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		var issued node.IssueResponse
		if err := r.client.Op(ctx, node.OpIssue, course, &issued); err != nil {
			s.failed(t, r, "issue", err)
			return
		}
		s.issued(t, issued)
		var done node.StatusResponse
		if err := r.client.Op(ctx, node.OpStatusSet, node.StatusRequest{Target: issued.ID, Action: "revoke", Now: i%2 == 0}, &done); err != nil {
			s.failed(t, r, "revoke", err)
			return
		}
		s.mu.Lock()
		s.revoked = append(s.revoked, issued.ID)
		s.mu.Unlock()
		if done.Published {
			s.head(t, epoch, done.Sequence, done.Head)
		}
	}
}

// failed is only right for a node that was killed.
func (s *shared) failed(t *testing.T, r *running, what string, err error) {
	select {
	case <-r.killed:
	default:
		t.Errorf("%s on a living node: %v", what, err)
	}
}

func (s *shared) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.revoked)
}

// Two nodes with one key and one database issue, revoke and publish at the same
// time. Again and again one of them is killed in the middle of it, and the other
// goes on alone.
func TestTwoNodesOneBook(t *testing.T) {
	rounds := max(3, kills(t)/20)
	a, b := sisters(t, pgtest.Start(t).Schema(t))
	s := &shared{ledger: ledger{heads: map[string]string{}}, slots: map[string]string{}}
	settings := func(more ...string) []string {
		return append([]string{"--listen", loopback, "--cadence", "1s"}, more...)
	}
	for round := range rounds {
		first := start(t, a, nil, settings()...)
		// They are peers too, so that each hears of the other's heads.
		second := start(t, b, nil, settings("--bootstrap", first.ready.Addrs[0])...)
		signing := func(r *running) (is node.IssuerInfo, ok bool) {
			var info node.Info
			if err := r.client.Op(t.Context(), node.OpInfo, nil, &info); err != nil {
				t.Fatal(err)
			}
			return info.Issuers[0], info.Issuers[0].Signing
		}
		eventually(t, 60*time.Second, "both nodes may sign", func() bool {
			_, one := signing(first)
			_, two := signing(second)
			return one && two
		})
		is, _ := signing(first)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for _, r := range []*running{first, first, second, second} {
			wg.Go(func() { s.work(t, r, is.Epoch, stop) })
		}
		had := s.count()
		eventually(t, 120*time.Second, "revocations on both", func() bool { return s.count() > had+10 })
		dies, lives := first, second
		if round%2 == 1 {
			dies, lives = second, first
		}
		dies.kill()
		had = s.count()
		eventually(t, 120*time.Second, "revocations on the one that is left", func() bool { return s.count() > had+6 })
		close(stop)
		wg.Wait()
		if is, ok := signing(lives); !ok {
			t.Fatalf("round %d: the node that is left does not sign: %s", round, is.Why)
		}
		var pub node.PublishResponse
		if err := lives.client.Op(t.Context(), node.OpPublish, node.PublishRequest{}, &pub); err != nil {
			t.Fatalf("round %d: publish: %v", round, err)
		}
		s.head(t, is.Epoch, pub.Sequence, pub.Head)
		s.check(t, lives.client, len(s.revoked)-40)
		lives.kill()
	}
	last := start(t, b, nil, settings()...)
	s.check(t, last.client, 0)
	last.kill()
	for _, home := range []string{a, b} {
		if out := done(t, nil, home, "fsck"); !strings.Contains(string(out), "clean") {
			t.Errorf("fsck: %s", out)
		}
	}
	t.Logf("%d rounds: %d acknowledged revocations all there, %d indices given once each, %d heads seen, no sequence twice",
		rounds, len(s.revoked), len(s.slots), len(s.heads))
}

// A database that is away is said to be: exit code 4, and no home is left behind.
func TestDatabaseAway(t *testing.T) {
	server := pgtest.Start(t)
	a, b := sisters(t, server.Schema(t))
	r := start(t, a, nil)
	server.Stop(t)
	out, code := command(t, nil, a, "status", "show")
	if code != 4 {
		t.Errorf("through the running node: exit code %d: %s", code, out)
	}
	if out, code = command(t, nil, b, "fsck"); code != 4 {
		t.Errorf("on the home: exit code %d: %s", code, out)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	if out, code = command(t, nil, fresh, "init", "--yes", "--store", server.Address("postgres")); code != 4 {
		t.Errorf("init: exit code %d: %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(fresh, "config.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("init left half a home: %v", err)
	}
	server.Run(t)
	var issued node.IssueResponse
	if err := r.client.Op(t.Context(), node.OpIssue, course, &issued); err != nil {
		t.Errorf("the same node, with the database back: %v", err)
	}
	r.kill()
	done(t, nil, b, "fsck")
}
