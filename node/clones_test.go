package node

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// Two copies that could not see each other both went on after the same head. The
// one that meets the other's head halts and has it as evidence; what it
// acknowledged can be listed; a new epoch on the other ends the fork, and with
// the lines entered there nothing is lost.
func TestClonesThatForked(t *testing.T) {
	hub := begin(t, settings(t), "", "")
	addr := hub.Info(t.Context()).Addrs[0]
	uni := begin(t, settings(t, addr), "university.example", "")
	until(t, "the university may sign", func() bool { return uni.Info(t.Context()).Issuers[0].Signing })
	did := uni.Info(t.Context()).Issuers[0].DID
	call[FollowResponse](t, hub.Node, OpFollow, FollowRequest{DID: did})
	var places []string
	for range 3 {
		out := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
		places = append(places, fmt.Sprintf("%d#%d", out.Status[0].List, out.Status[0].Index))
	}
	uni.stop()
	clone := uni.cfg
	clone.Home = copyHome(t, uni.cfg.Home)
	clone.Bootstrap = nil
	for _, f := range []string{"keys/online.age", "keys/offline.age", "token"} {
		if err := os.Chmod(clone.path(f), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	since := time.Now().Add(-time.Second).UTC().Format(time.RFC3339)
	alone := begin(t, clone, "", "")
	call[StatusResponse](t, alone.Node, OpStatusSet, StatusRequest{Target: places[0], Action: "revoke", Now: true})
	original := begin(t, uni.cfg, "", "")
	until(t, "the original may sign", func() bool { return original.Info(t.Context()).Issuers[0].Signing })
	call[StatusResponse](t, original.Node, OpStatusSet, StatusRequest{Target: places[1], Action: "revoke", Now: true})
	head := original.Info(t.Context()).Issuers[0].Head
	until(t, "the hub holds the original's head", func() bool {
		v, err := hub.replica.Head(t.Context(), original.ownSubjects()[0])
		return err == nil && v.Head.CID().String() == head
	})
	call[PeerList](t, alone.Node, OpConnect, ConnectRequest{Addr: addr})
	until(t, "the copy halts", func() bool { return !alone.Info(t.Context()).Issuers[0].Signing })
	s := call[Standing](t, alone.Node, OpStanding, StandingRequest{})
	if s.Halt == nil || !s.Halt.Forked || s.Halt.Instance == s.Halt.Here || len(s.ToDo) == 0 {
		t.Errorf("%+v", s)
	}
	rows := call[Unpublished](t, alone.Node, OpUnpublished, UnpublishedRequest{Since: since}).Changes
	if len(rows) != 1 || rows[0].Target != places[0] || rows[0].Action != "revoke" {
		t.Fatalf("what the copy acknowledged: %+v", rows)
	}
	if _, err := try[Unpublished](alone.Node, OpUnpublished, UnpublishedRequest{Since: "yesterday"}); !errors.Is(err, ErrRequest) {
		t.Errorf("a time that is none: %v", err)
	}
	alone.stop()
	// The original may have heard of the other head too; a new epoch ends the fork
	// in either case.
	call[UpdateResponse](t, original.Node, OpDIDRotate, RotateRequest{Role: "head"})
	if !original.Info(t.Context()).Issuers[0].Signing {
		call[Info](t, original.Node, OpResume, ResumeRequest{Alone: true})
	}
	for _, r := range rows {
		call[StatusResponse](t, original.Node, OpStatusSet, StatusRequest{Target: r.Target, Action: r.Action, Why: r.Why})
	}
	call[PublishResponse](t, original.Node, OpPublish, PublishRequest{})
	is := original.Info(t.Context()).Issuers[0]
	until(t, "the hub holds the new epoch", func() bool {
		v, err := hub.replica.Head(t.Context(), is.Subject)
		return err == nil && v.Head.CID().String() == is.Head && v.Head.Epoch == is.Epoch
	})
	for i, want := range []bool{true, true, false} {
		got := call[StatusShowResponse](t, original.Node, OpStatusShow, StatusShowRequest{Target: places[i]})
		if got.Status[0].Set != want {
			t.Errorf("credential %d: revoked %v, want %v", i, got.Status[0].Set, want)
		}
	}
	if r := call[FsckReport](t, original.Node, OpFsck, Empty{}); !r.Clean {
		t.Errorf("fsck: %v", r.Findings)
	}
}
