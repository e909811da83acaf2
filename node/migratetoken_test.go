package node

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

const oldToken = "https://old.university.example/tokens/7"

// oldStatuses are the statuses of a list of n entries, in bits of the size given.
func oldStatuses(t *testing.T, n int64, size int, set map[int64]int) revocation.Statuses {
	t.Helper()
	b := make([]byte, n*int64(size)/8)
	for i, status := range set {
		at := i * int64(size)
		b[at/8] |= byte(status << (at % 8))
	}
	s, err := revocation.StatusesFromBytes(b, size)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oldStatusToken is a Status List Token signed by somebody else's software.
func oldStatusToken(t *testing.T, uri string, s revocation.Statuses, cwt bool) []byte {
	t.Helper()
	k, err := key.Generate(key.Ed25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	did := k.Public().DIDKey()
	spec := revocation.TokenSpec{URI: uri, Issuer: did, Statuses: s, IssuedAt: time.Now().Add(-time.Hour), Expires: time.Now().Add(time.Hour)}
	sign := revocation.SignStatusJWT
	if cwt {
		sign = revocation.SignStatusCWT
	}
	b, err := sign(t.Context(), spec, k, did+"#"+k.Public().Multikey())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// oldReferenced is an SD-JWT VC of the issuer itself that names the old list.
func oldReferenced(t *testing.T, n *Node, uri string, index int64) []byte {
	t.Helper()
	subject := n.ownSubjects()[0]
	h, err := n.ownLog(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := n.signer(subject, keystore.RoleCredential)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"iss": h.DID(), "iat": n.clock().Unix(), "vct": "https://university.example/diploma", "jti": fmt.Sprintf("urn:x:%d", index),
		"given_name": "Ana", "status": map[string]any{"status_list": map[string]any{"idx": index, "uri": uri}}}
	token, err := sdjwt.Issue(t.Context(), signer, sdjwt.TypeVC, h.DID()+"#"+signer.Public().Multikey(), claims, sdjwt.Frame{})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(token.String())
}

// A Token Status List of elsewhere goes on under its URI in both forms, with what it
// said of revocation and of suspension; this node and a follower look it up there.
func TestImportTokenList(t *testing.T) {
	for _, c := range []struct {
		name      string
		size      int
		cwt       bool
		set       map[int64]int
		suspended bool
	}{
		{"one bit, JWT", 1, false, map[int64]int{5: 1, 9: 1}, false},
		{"two bits, JWT", 2, false, map[int64]int{5: 1, 9: 1, 13: 2}, true},
		{"two bits, CWT", 2, true, map[int64]int{5: 1, 9: 1, 13: 2}, true},
		{"eight bits, CWT", 8, true, map[int64]int{5: 1, 9: 1, 13: 2}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			uni := begin(t, settings(t), "university.example", "")
			n := uni.Node
			body := oldStatusToken(t, oldToken, oldStatuses(t, 1024, c.size, c.set), c.cwt)
			q := ImportListRequest{URL: oldToken, List: body, Issued: "index\n5\n9\n12\n13\n14\n", DryRun: true}
			if r := call[ImportListResponse](t, n, OpStatusImport, q); r.Number != 0 || r.Set != int64(len(c.set)) || r.Allocated != 5 || r.Format != revocation.FormatToken {
				t.Errorf("dry run %+v", r)
			}
			q.DryRun = false
			r := call[ImportListResponse](t, n, OpStatusImport, q)
			if r.Number != 3 || r.Path != "status/3.jwt" || r.Size != revocation.MinEntries {
				t.Errorf("%+v", r)
			}
			if _, err := try[ImportListResponse](n, OpStatusImport, q); !errors.Is(err, revocation.ErrAdopted) {
				t.Errorf("imported twice: %v", err)
			}
			call[PublishResponse](t, n, OpPublish, PublishRequest{})
			for _, path := range []string{"/tokens/7", "/tokens/7.cwt"} {
				f, err := n.Folder(t.Context(), "old.university.example", path)
				if err != nil {
					t.Fatal(err)
				}
				claims, err := revocation.ReadClaims(f.Body, 0)
				if err != nil || claims.ID != oldToken {
					t.Fatalf("%s: %+v %v", path, claims, err)
				}
				for i := range int64(1024) {
					if got, err := claims.Statuses.Get(i); err != nil || got != c.set[i] {
						t.Fatalf("%s: index %d is %d, was %d (%v)", path, i, got, c.set[i], err)
					}
				}
			}
			standing, revoked, third := oldReferenced(t, n, oldToken, 12), oldReferenced(t, n, oldToken, 9), oldReferenced(t, n, oldToken, 13)
			third13 := verdict.Verified
			if c.suspended {
				third13 = verdict.Invalid
			}
			sees := func(n *Node, of []byte, want verdict.Outcome) {
				t.Helper()
				if v := judged(t, n, of); v.Outcome != want {
					t.Errorf("%s, want %s: %+v", v.Outcome, want, v.Checks)
				}
			}
			sees(n, standing, verdict.Verified)
			sees(n, revoked, verdict.Invalid)
			sees(n, third, third13)
			follower := begin(t, settings(t, uni.Info(t.Context()).Addrs[0]), "", "")
			until(t, "the folder is followed", func() bool {
				_, err := try[FollowResponse](follower.Node, OpFollow, FollowRequest{DID: n.Info(t.Context()).Issuers[0].DID})
				return err == nil && judged(t, follower.Node, standing).Outcome == verdict.Verified
			})
			sees(follower.Node, revoked, verdict.Invalid)
			// By the credential, which names the old URI; by the number; and lifted again.
			if r := call[StatusResponse](t, n, OpStatusSet, StatusRequest{Credential: standing, Action: "revoke", Now: true}); !r.Changed || r.Status[0].URL != oldToken {
				t.Errorf("%+v", r)
			}
			until(t, "the follower sees the revocation", func() bool { return judged(t, follower.Node, standing).Outcome == verdict.Invalid })
			call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: "3#14", Action: "suspend", Now: true})
			sees(n, oldReferenced(t, n, oldToken, 14), verdict.Invalid)
			call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: "3#14", Action: "reinstate", Now: true})
			sees(n, oldReferenced(t, n, oldToken, 14), verdict.Verified)
			if _, err := try[StatusResponse](n, OpStatusSet, StatusRequest{Target: "3#15", Action: "revoke"}); !errors.Is(err, revocation.ErrNotAllocated) {
				t.Errorf("%v", err)
			}
			if i := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Bo")}); i.Status[0].List != 1 {
				t.Errorf("a new credential was put into %+v", i.Status)
			}
			out := call[ExportResponse](t, n, OpFolderExport, ExportRequest{Dir: t.TempDir()})
			if len(out.Elsewhere) != 1 || out.Elsewhere[0] != (Elsewhere{URL: oldToken, File: "status/3.jwt"}) {
				t.Errorf("%+v", out.Elsewhere)
			}
			all, err := n.aggregation(t.Context(), n.ownSubjects()[0])
			if err != nil || !bytes.Contains(all, []byte(oldToken)) {
				t.Errorf("%s %v", all, err)
			}
			if r, err := n.fsck(t.Context(), Empty{}); err != nil || !r.Clean {
				t.Errorf("fsck %+v %v", r, err)
			}
		})
	}
}

// The same from lines of index and state.
func TestImportTokenStatuses(t *testing.T) {
	n := opened(t, "university.example", nil)
	r := call[ImportListResponse](t, n, OpStatusImport, ImportListRequest{URL: oldToken, Format: revocation.FormatToken,
		Statuses: "index,state\n1,revoked\n2,suspended\n3,valid\n"})
	if r.Set != 2 || r.Allocated != 3 || r.Number != 3 {
		t.Errorf("%+v", r)
	}
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	for index, want := range map[int64]verdict.Outcome{1: verdict.Invalid, 2: verdict.Invalid, 3: verdict.Verified} {
		if v := judged(t, n, oldReferenced(t, n, oldToken, index)); v.Outcome != want {
			t.Errorf("index %d: %s, want %s", index, v.Outcome, want)
		}
	}
}

func TestImportTokenRefusals(t *testing.T) {
	n := opened(t, "university.example", nil)
	good := oldStatuses(t, 1024, 2, map[int64]int{5: 1})
	for _, c := range []struct {
		name string
		edit func(*ImportListRequest)
		want error
	}{
		{"another list's URI", func(q *ImportListRequest) { q.URL += "7" }, ErrImport},
		{"a status of somebody's application", func(q *ImportListRequest) {
			q.List = oldStatusToken(t, oldToken, oldStatuses(t, 1024, 2, map[int64]int{5: 3}), false)
		}, revocation.ErrFormat},
		{"a purpose", func(q *ImportListRequest) { q.Purpose = "revocation" }, ErrImport},
		{"a forged list", func(q *ImportListRequest) { q.List = append(bytes.Clone(q.List[:len(q.List)-8]), "AAAAAAAA"...) }, ErrImport},
		{"no token", func(q *ImportListRequest) { q.List, q.Unverified = []byte("x.y.z"), true }, ErrImport},
		{"statuses and a purpose", func(q *ImportListRequest) {
			q.List, q.Statuses, q.Format, q.Purpose = nil, "1,valid\n", revocation.FormatToken, "suspension"
		}, ErrImport},
		{"statuses: an odd state", func(q *ImportListRequest) { q.List, q.Statuses, q.Format = nil, "1,3\n", revocation.FormatToken }, ErrImport},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := ImportListRequest{URL: oldToken, List: oldStatusToken(t, oldToken, good, false)}
			c.edit(&q)
			if r, err := try[ImportListResponse](n, OpStatusImport, q); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v (%+v)", err, c.want, r)
			}
		})
	}
	if lists := call[ListsResponse](t, n, OpLists, StatusListsRequest{}); len(lists.Lists) != 2 {
		t.Fatalf("refusals left %+v", lists)
	}
}

// A list that was imported after the backup comes back with its name: what the
// followers hold is taken over, and it goes on under the old URI.
func TestTokenListTakenOver(t *testing.T) {
	hub := begin(t, settings(t), "", "")
	cfg := settings(t, hub.Info(t.Context()).Addrs[0])
	uni := begin(t, cfg, "university.example", "")
	until(t, "the university may sign", func() bool { return uni.Info(t.Context()).Issuers[0].Signing })
	subject := uni.ownSubjects()[0]
	call[FollowResponse](t, hub.Node, OpFollow, FollowRequest{DID: uni.Info(t.Context()).Issuers[0].DID})
	file := filepath.Join(t.TempDir(), "old.tar")
	call[Backup](t, uni.Node, OpBackup, BackupRequest{File: file})
	body := oldStatusToken(t, oldToken, oldStatuses(t, 1024, 2, map[int64]int{5: 1, 13: 2}), false)
	call[ImportListResponse](t, uni.Node, OpStatusImport, ImportListRequest{URL: oldToken, List: body})
	call[PublishResponse](t, uni.Node, OpPublish, PublishRequest{})
	head := uni.Info(t.Context()).Issuers[0].Head
	until(t, "the hub holds the head and what it names", func() bool {
		v, err := hub.replica.Head(t.Context(), subject)
		if err != nil || v.Head.CID().String() != head {
			return false
		}
		for _, path := range []string{"issuer.json", "status/3", "status/3.jwt", "status/3.cwt", "status/4"} {
			if f, err := hub.replica.File(t.Context(), subject, path); err != nil || f.State != replica.Current {
				return false
			}
		}
		return true
	})
	uni.stop()
	home := filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(t.Context(), RestoreOptions{File: file, Home: home, Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	cfg.Home = home
	again := begin(t, cfg, "", "")
	until(t, "the restored node signs", func() bool { return again.Info(t.Context()).Issuers[0].Signing })
	call[PublishResponse](t, again.Node, OpPublish, PublishRequest{})
	f, err := again.Folder(t.Context(), "old.university.example", "/tokens/7")
	if err != nil {
		t.Fatal(err)
	}
	claims, err := revocation.ReadClaims(f.Body, 0)
	if err != nil || claims.ID != oldToken {
		t.Fatalf("%+v %v", claims, err)
	}
	for index, want := range map[int64]verdict.Outcome{5: verdict.Invalid, 13: verdict.Invalid, 14: verdict.Verified} {
		if v := judged(t, again.Node, oldReferenced(t, again.Node, oldToken, index)); v.Outcome != want {
			t.Errorf("index %d: %s, want %s: %+v", index, v.Outcome, want, v.Checks)
		}
	}
	if r, err := again.fsck(t.Context(), Empty{}); err != nil || !r.Clean {
		t.Errorf("fsck %+v %v", r, err)
	}
}
