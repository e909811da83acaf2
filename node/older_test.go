package node

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/verdict"
)

// frozen is a peer that answers out of a copy of a home and learns nothing: it
// has the exchange's handlers and none of its loops.
func frozen(t *testing.T, cfg Config) (n *Node, addr, id string) {
	t.Helper()
	cfg.Home = copyHome(t, cfg.Home)
	n, err := Open(t.Context(), cfg, Options{Passphrase: keystore.Fixed([]byte("correct horse")), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	host, err := n.openHost()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, host.Addrs()[0], host.ID()
}

// copyHome copies a home that no node runs on; the copy is another peer.
func copyHome(t *testing.T, home string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, filePeerKey)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A wiped verifier is offered an older head and a shorter log by one peer and
// the newer by another. Whoever comes first, it ends on the newer, and nothing
// that the older peer offers afterwards brings it back, a restart with only
// that peer included.
func TestOlderPeerNeverWins(t *testing.T) {
	uni := begin(t, settings(t), "university.example", "")
	is := uni.Info(t.Context()).Issuers[0]
	issued := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	uni.stop()
	old, oldAddr, oldID := frozen(t, uni.cfg)
	uni = begin(t, uni.cfg, "", "")
	ttl := 120
	call[UpdateResponse](t, uni.Node, OpDIDUpdate, UpdateRequest{TTL: &ttl})
	call[StatusResponse](t, uni.Node, OpStatusSet, StatusRequest{Credential: issued.Credential, Action: "revoke", Now: true})
	newAddr := uni.Info(t.Context()).Addrs[0]
	newest := state(t, uni.Node, is.Subject)
	if before := state(t, old, is.Subject); before.log >= newest.log || before.head >= newest.head {
		t.Fatalf("the older peer holds %+v and the newer %+v", before, newest)
	}

	for _, c := range []struct {
		name  string
		peers []string // met in this order, each followed from before the next
	}{
		{"older first", []string{oldAddr, newAddr}},
		{"newer first", []string{newAddr, oldAddr}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := begin(t, settings(t), "", "")
			for i, addr := range c.peers {
				call[PeerList](t, v.Node, OpConnect, ConnectRequest{Addr: addr})
				call[FollowResponse](t, v.Node, OpFollow, FollowRequest{DID: is.DID})
				if i == 0 && addr == oldAddr {
					if got := outcome(t, v.Node, issued.Credential); got != verdict.Verified {
						t.Fatalf("with the older peer alone: %s", got)
					}
				}
			}
			staysNewest(t, v, old, oldID, is.Subject, newest, issued.Credential)
			// Wiped of all peers but the older one, it remembers.
			v.stop()
			v.cfg.Bootstrap = []string{oldAddr}
			v = begin(t, v.cfg, "", "")
			until(t, "the older peer is met again", func() bool { return v.Info(t.Context()).Peers == 1 })
			staysNewest(t, v, old, oldID, is.Subject, newest, issued.Credential)
		})
	}
	t.Run("both at once", func(t *testing.T) {
		v := begin(t, settings(t, oldAddr, newAddr), "", "")
		until(t, "both peers are met", func() bool { return v.Info(t.Context()).Peers == 2 })
		call[FollowResponse](t, v.Node, OpFollow, FollowRequest{DID: is.DID})
		staysNewest(t, v, old, oldID, is.Subject, newest, issued.Credential)
	})
}

// staysNewest waits for the newest state, has the older peer offer all that it
// has, by every way there is, and looks again.
func staysNewest(t *testing.T, v *started, old *Node, oldID, subject string, newest held, credential []byte) {
	t.Helper()
	until(t, "the newest state is here, with its files", func() bool {
		return state(t, v.Node, subject) == newest && outcome(t, v.Node, credential) == verdict.Invalid
	})
	log, witness, err := old.replica.LogFiles(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := v.exchange.Sync(t.Context(), subject, oldID); err != nil {
			t.Errorf("asking the older peer: %v", err)
		}
		v.exchange.Compare(t.Context(), oldID)
		res := v.replica.Accept(t.Context(), replica.Offer{Source: "peer:" + oldID, Log: &replica.LogOffer{Log: log, Witness: witness}})
		if res.Outcome != record.Stale {
			t.Errorf("the shorter log is %s, want stale (%v)", res.Outcome, res.Err)
		}
		if got := state(t, v.Node, subject); got != newest {
			t.Fatalf("the older peer brought it back to %+v from %+v", got, newest)
		}
		if got := outcome(t, v.Node, credential); got != verdict.Invalid {
			t.Fatalf("the revoked credential is %s", got)
		}
	}
}

// held is how much of a folder a node has.
type held struct{ log, head int64 }

func state(t *testing.T, n *Node, subject string) (h held) {
	t.Helper()
	if row, err := n.replica.Subject(t.Context(), subject); err == nil {
		h.log = row.LogVersion
	}
	if v, err := n.replica.Head(t.Context(), subject); err == nil {
		h.head = int64(v.Head.Sequence)
	}
	return h
}

func outcome(t *testing.T, n *Node, credential []byte) verdict.Outcome {
	t.Helper()
	v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: credential, Policy: "authentic"})
	return v.Outcome
}
