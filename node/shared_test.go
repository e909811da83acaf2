package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

// sister opens another node on a copy of a home.
func sister(t *testing.T, n *Node, clock func() time.Time) *Node {
	t.Helper()
	cfg := n.cfg
	cfg.Home = filepath.Join(t.TempDir(), "sister")
	if err := os.CopyFS(cfg.Home, os.DirFS(n.cfg.Home)); err != nil {
		t.Fatal(err)
	}
	copyKeys(t, n.cfg.Home, cfg.Home)
	s, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func copyKeys(t *testing.T, from, to string) {
	t.Helper()
	for _, f := range []string{"keys/online.age", "keys/offline.age", "token"} {
		b, err := os.ReadFile(filepath.Join(from, f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(to, f)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, f), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Two nodes with one key and one database notice what the other one did.
func TestSisters(t *testing.T) {
	server := pgtest.Start(t)
	a := opened(t, "university.example", func(c *Config) { c.Store = server.Schema(t) })
	b := sister(t, a, nil)
	subject := a.Info(t.Context()).Issuers[0].Subject

	t.Run("publications follow each other", func(t *testing.T) {
		last := a.Info(t.Context()).Issuers[0].Sequence
		for i := range 6 {
			n := []*Node{a, b}[i%2]
			issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
			// Revoked on the other node than it was issued on.
			other := []*Node{b, a}[i%2]
			out := call[StatusResponse](t, other, OpStatusSet, StatusRequest{Target: issued.ID, Action: "revoke", Now: true})
			if out.Sequence != last+1 {
				t.Fatalf("sequence %d after %d", out.Sequence, last)
			}
			last = out.Sequence
		}
	})
	t.Run("the head of the sister is no foreign head", func(t *testing.T) {
		for _, sequence := range []int64{2, b.Info(t.Context()).Issuers[0].Sequence} {
			head := headOf(t, a, subject, sequence)
			if ours, err := b.signedHere(t.Context(), subject, head); err != nil || !ours {
				t.Errorf("head %d: ours %v, %v", sequence, ours, err)
			}
		}
		// One under the same key that neither wrote down.
		foreign := foreignNext(t, a, subject)
		if ours, err := b.signedHere(t.Context(), subject, foreign); err != nil || ours {
			t.Errorf("a head of somebody else's: ours %v, %v", ours, err)
		}
	})
	t.Run("a halt is for both", func(t *testing.T) {
		a.halt(t.Context(), subject, Halt{Why: "a test"})
		if _, err := try[PublishResponse](b, OpPublish, PublishRequest{}); !errors.Is(err, ErrHalted) {
			t.Errorf("publishing while the sister is halted: %v", err)
		}
		call[Info](t, b, OpResume, ResumeRequest{Alone: true})
		if _, err := try[PublishResponse](a, OpPublish, PublishRequest{}); err != nil {
			t.Errorf("publishing after the sister resumed: %v", err)
		}
	})
	t.Run("a clock a little behind", func(t *testing.T) {
		slow := sister(t, a, func() time.Time { return time.Now().Add(-5 * time.Second) })
		slower := sister(t, a, func() time.Time { return time.Now().Add(-time.Minute) })
		revoke := func(n *Node) error {
			issued := call[IssueResponse](t, a, OpIssue, IssueRequest{Credential: micro("Max Power")})
			_, err := try[StatusResponse](n, OpStatusSet, StatusRequest{Target: issued.ID, Action: "revoke", Now: true})
			return err
		}
		if err := revoke(a); err != nil {
			t.Fatal(err)
		}
		if err := revoke(slow); err != nil {
			t.Errorf("5 s behind: %v", err)
		}
		if err := revoke(slower); !errors.Is(err, ErrClock) {
			t.Errorf("a minute behind: %v, want ErrClock", err)
		}
	})
	t.Run("an issuer that the sister made", func(t *testing.T) {
		made := call[Created](t, a, OpDIDCreate, CreateRequest{Domain: "other.example"})
		if !b.isOwn(made.Subject) {
			t.Error("the sister's issuer is a stranger")
		}
		_, err := try[PublishResponse](b, OpPublish, PublishRequest{Issuer: made.DID})
		if !errors.Is(err, ErrNoKeys) {
			t.Errorf("publishing without its keys: %v, want ErrNoKeys", err)
		}
	})
	t.Run("keys that the sister rotated", func(t *testing.T) {
		did := a.Info(t.Context()).Issuers[0].DID
		for _, is := range a.Info(t.Context()).Issuers {
			if is.Subject == subject {
				did = is.DID
			}
		}
		call[UpdateResponse](t, a, OpDIDRotate, RotateRequest{Issuer: did})
		_, err := try[PublishResponse](b, OpPublish, PublishRequest{Issuer: did})
		if !errors.Is(err, ErrNoKeys) || !strings.Contains(err.Error(), "copy keys/online.age") {
			t.Errorf("publishing with the keys of the past: %v", err)
		}
		copyKeys(t, a.cfg.Home, b.cfg.Home)
		issued := call[IssueResponse](t, b, OpIssue, IssueRequest{Issuer: did, Credential: micro("John Doe")})
		call[StatusResponse](t, b, OpStatusSet, StatusRequest{Issuer: did, Target: issued.ID, Action: "revoke", Now: true})
	})
	for _, n := range []*Node{a, b} {
		if r := call[FsckReport](t, n, OpFsck, Empty{}); !r.Clean {
			t.Errorf("fsck: %v", r.Findings)
		}
	}
}

// A publication that the sister's overtakes between its reading and its writing
// is begun anew, and a revocation on both at once is published once each.
func TestSistersAtOnce(t *testing.T) {
	server := pgtest.Start(t)
	a := opened(t, "university.example", func(c *Config) { c.Store = server.Schema(t) })
	b := sister(t, a, nil)
	subject := a.Info(t.Context()).Issuers[0].Subject
	const each = 10
	type result struct {
		seq int64
		id  string
		err error
	}
	results := make(chan result, 2*each)
	for _, n := range []*Node{a, b} {
		go func() {
			for range each {
				issued, err := try[IssueResponse](n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
				if err != nil {
					results <- result{err: err}
					continue
				}
				out, err := try[StatusResponse](n, OpStatusSet, StatusRequest{Target: issued.ID, Action: "revoke", Now: true})
				results <- result{out.Sequence, issued.ID, err}
			}
		}()
	}
	for range 2 * each {
		if r := <-results; r.err != nil {
			t.Errorf("%s: %v", r.id, r.err)
		}
	}
	err := a.store.View(context.Background(), func(tx store.Tx) error {
		pub, err := tx.GetPublication(subject)
		if err != nil {
			return err
		}
		n, err := tx.HistoryLen(subject, pub.EpochVersion)
		if n != pub.Sequence-1 {
			t.Errorf("%d digests before head %d", n, pub.Sequence)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, n := range []*Node{a, b} {
		if r := call[FsckReport](t, n, OpFsck, Empty{}); !r.Clean {
			t.Errorf("fsck: %v", r.Findings)
		}
	}
}

func TestStorePassword(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got, err := readPassword(write("good", "right\nmore\n", 0o600)); err != nil || got != "right" {
		t.Errorf("%q, %v", got, err)
	}
	for name, path := range map[string]string{
		"others can read": write("loose", "right\n", 0o644),
		"empty":           write("empty", "\n", 0o600),
		"too long":        write("long", strings.Repeat("x", 5000), 0o600),
		"not there":       filepath.Join(dir, "none"),
	} {
		if _, err := readPassword(path); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
	cfg := DefaultConfig()
	if err := cfg.Set("store", "postgres://u:secret@localhost/db"); !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password in the setting: %v", err)
	}
}

// headOf reads a head of the epoch that goes on.
func headOf(t *testing.T, n *Node, subject string, sequence int64) record.Head {
	t.Helper()
	v, err := n.replica.Head(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var row store.Head
	err = n.store.View(t.Context(), func(tx store.Tx) (err error) {
		row, err = tx.GetHead(subject, v.EpochVersion, max(sequence, int64(v.Head.Sequence)-3))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := record.ParseHead(row.Body)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// foreignNext signs the next head with the node's key and past its book.
func foreignNext(t *testing.T, n *Node, subject string) record.Head {
	t.Helper()
	h, err := n.replica.History(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	v, err := n.replica.Head(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	digests, err1 := n.replica.Digests(t.Context(), subject, v.EpochVersion, 0, -1)
	manifest, err2 := n.replica.Manifest(t.Context(), subject)
	signer, err3 := n.signer(subject, keystore.RoleHead)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	head, err := replica.BuildHead(t.Context(), replica.HeadRequest{Log: h, Signer: signer, Manifest: manifest, Previous: &v.Head,
		Digests: digests, Published: v.Head.Published, Instance: [16]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	return head
}
