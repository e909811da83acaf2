//go:build system

package system

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

// ledger is what the node acknowledged, kept outside of it.
type ledger struct {
	mu      sync.Mutex
	revoked []string
	heads   map[string]string // epoch and sequence -> CID
}

func (l *ledger) head(t *testing.T, epoch string, sequence int64, cid string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := epoch + " " + strconv.FormatInt(sequence, 10)
	if old, ok := l.heads[key]; ok && old != cid {
		t.Errorf("sequence %s was used for %s and for %s", key, old, cid)
	}
	l.heads[key] = cid
}

var course = node.IssueRequest{Credential: credential.Micro{Title: "x", Holder: credential.Holder{Name: "Ana Andromeda"}, Place: credential.MicroPlace{Country: "ES"}}}

// revokeUntilDead issues and revokes as fast as it goes until the node dies.
func (l *ledger) revokeUntilDead(t *testing.T, c *client.Client, epoch string) {
	ctx := context.Background()
	for i := 0; ; i++ {
		var issued node.IssueResponse
		if c.Op(ctx, node.OpIssue, course, &issued) != nil {
			return
		}
		var done node.StatusResponse
		err := c.Op(ctx, node.OpStatusSet, node.StatusRequest{Target: issued.ID, Action: "revoke", Now: i%2 == 0}, &done)
		if err != nil {
			return // not acknowledged: it may be there or not
		}
		l.mu.Lock()
		l.revoked = append(l.revoked, issued.ID)
		l.mu.Unlock()
		if done.Published {
			l.head(t, epoch, done.Sequence, done.Head)
		}
	}
}

func (l *ledger) check(t *testing.T, c *client.Client, from int) {
	t.Helper()
	l.mu.Lock()
	ids := append([]string(nil), l.revoked[max(0, from):]...)
	l.mu.Unlock()
	for _, id := range ids {
		var s node.StatusShowResponse
		if err := c.Op(t.Context(), node.OpStatusShow, node.StatusShowRequest{Target: id}, &s); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if len(s.Status) == 0 || !s.Status[0].Set {
			t.Fatalf("the acknowledged revocation of %s is gone", id)
		}
	}
}

// kills is how often a node is killed: BONAFIDE_KILLS, or 500 in a soak.
func kills(t *testing.T) int {
	t.Helper()
	if n := os.Getenv("BONAFIDE_KILLS"); n != "" {
		rounds, err := strconv.Atoi(n)
		if err != nil || rounds < 1 {
			t.Fatalf("BONAFIDE_KILLS = %q", n)
		}
		return rounds
	}
	if os.Getenv("BONAFIDE_SOAK") != "" {
		return 500
	}
	return 40
}

// Kill -9 at random moments under a stream of revocations, on either store.
func TestKillUnderRevocations(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killUnderRevocations(t, "") })
	t.Run("postgres", func(t *testing.T) { killUnderRevocations(t, pgtest.Start(t).Schema(t)) })
}

func killUnderRevocations(t *testing.T, address string) {
	rounds := kills(t)
	home := filepath.Join(t.TempDir(), "home")
	cfg := node.DefaultConfig()
	cfg.Home, cfg.Store = home, address
	// Keys that open at once: the kills are to hit the stream and not the opening.
	if _, err := node.Init(t.Context(), cfg, node.InitOptions{Domain: "university.example", Name: "U", WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	l := &ledger{heads: map[string]string{}}
	for round := range rounds {
		r := start(t, home, nil)
		var info node.Info
		if err := r.client.Op(t.Context(), node.OpInfo, nil, &info); err != nil {
			t.Fatal(err)
		}
		is := info.Issuers[0]
		if !is.Signing {
			t.Fatalf("round %d: not signing: %s", round, is.Why)
		}
		l.head(t, is.Epoch, is.Sequence, is.Head)
		l.check(t, r.client, len(l.revoked)-50)
		// Opening the keys takes as long as the machine is slow: the kill is to
		// hit the stream and not this.
		if err := r.client.Op(t.Context(), node.OpIssue, course, nil); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { defer wg.Done(); l.revokeUntilDead(t, r.client, is.Epoch) }()
		<-time.After(300*time.Millisecond + rand.N(400*time.Millisecond))
		r.kill()
		wg.Wait()
	}
	r := start(t, home, nil)
	l.check(t, r.client, 0)
	r.kill()
	out, err := exec.Command(program(t), "fsck", "--home", home).CombinedOutput()
	if err != nil {
		t.Fatalf("fsck: %v: %s", err, out)
	}
	if len(l.revoked) < rounds {
		t.Errorf("only %d revocations were acknowledged in %d rounds: the test shows too little", len(l.revoked), rounds)
	}
	t.Logf("%d kills, %d acknowledged revocations all there, %d heads seen, no sequence twice; %s", rounds, len(l.revoked), len(l.heads), out)
}
