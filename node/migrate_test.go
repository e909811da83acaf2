package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

const oldList = "https://old.university.example/credentials/status/3"

// oldStatusList is a list signed by somebody else's software.
func oldStatusList(t *testing.T, format, url string, purpose revocation.Purpose, set ...int64) ([]byte, revocation.Bitstring) {
	t.Helper()
	k, err := key.Generate(key.Ed25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	bits := revocation.NewBitstring(revocation.MinEntries)
	for _, i := range set {
		if err := bits.Set(i); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	did := k.Public().DIDKey()
	b, err := revocation.SignList(t.Context(), revocation.ListSpec{URL: url, Issuer: did, Purpose: purpose, Bits: bits, Format: format,
		ValidFrom: now.Add(-time.Hour), ValidUntil: now.Add(time.Hour)}, k, did+"#"+k.Public().Multikey())
	if err != nil {
		t.Fatal(err)
	}
	return b, bits
}

// oldCredential names the old list and is by the issuer itself.
func oldCredential(t *testing.T, n *Node, format, url string, index int64) []byte {
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
	typ := "BitstringStatusListEntry"
	if format == revocation.Format2021 {
		typ = "StatusList2021Entry"
	}
	m := micro("Ana")
	m.Issuer, m.IssuerName, m.ID = h.DID(), "University", fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", index)
	tree, err := m.Tree(n.clock(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if contexts, ok := tree["@context"].([]any); ok && format == revocation.Format2021 {
		tree["@context"] = append(contexts, "https://w3id.org/vc/status-list/2021/v1")
	}
	tree["credentialStatus"] = map[string]any{"type": typ, "statusPurpose": "revocation",
		"statusListIndex": fmt.Sprint(index), "statusListCredential": url}
	b, err := signTree(t.Context(), tree, signer, h.DID()+"#"+signer.Public().Multikey(), n.clock())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func judged(t *testing.T, n *Node, body []byte) *verdict.Verdict {
	t.Helper()
	v, err := n.VerifyFull(t.Context(), VerifyRequest{Credential: body, Policy: "authentic", Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A list of elsewhere goes on under its name: same bits, found by the old URL by
// this node and by a follower, and a revocation in it is seen.
func TestImportList(t *testing.T) {
	for _, format := range []string{revocation.FormatBitstring, revocation.Format2021} {
		t.Run(format, func(t *testing.T) {
			uni := begin(t, settings(t), "university.example", "")
			n := uni.Node
			body, bits := oldStatusList(t, format, oldList, revocation.Revocation, 5, 9)
			q := ImportListRequest{URL: oldList, List: body, Issued: "index\n5\n9\n12\n13\n", DryRun: true}
			if r := call[ImportListResponse](t, n, OpStatusImport, q); r.Number != 0 || r.Set != 2 || r.Allocated != 4 || r.Format != format {
				t.Errorf("dry run %+v", r)
			}
			q.DryRun = false
			r := call[ImportListResponse](t, n, OpStatusImport, q)
			if r.Number != 3 || r.Path != "status/3" || r.State != store.ListClosed {
				t.Errorf("%+v", r)
			}
			if _, err := try[ImportListResponse](n, OpStatusImport, q); !errors.Is(err, revocation.ErrAdopted) {
				t.Errorf("imported twice: %v", err)
			}
			call[PublishResponse](t, n, OpPublish, PublishRequest{})
			// The first publication: the old bits under the old name, also where a proxy asks for it.
			f, err := n.Folder(t.Context(), "old.university.example", "/credentials/status/3")
			if err != nil {
				t.Fatal(err)
			}
			claims, err := revocation.ReadClaims(f.Body, 0)
			if err != nil || claims.ID != oldList || claims.Format != format || !bytes.Equal(claims.Bits.Bytes(), bits.Bytes()) {
				t.Errorf("%+v %v", claims, err)
			}
			standing, revoked := oldCredential(t, n, format, oldList, 12), oldCredential(t, n, format, oldList, 9)
			if v := judged(t, n, standing); v.Outcome != verdict.Verified {
				t.Errorf("%s %+v", v.Outcome, v.Checks)
			}
			if v := judged(t, n, revoked); v.Outcome != verdict.Invalid {
				t.Errorf("%s %+v", v.Outcome, v.Checks)
			}
			follower := begin(t, settings(t, uni.Info(t.Context()).Addrs[0]), "", "")
			until(t, "the folder is followed", func() bool {
				_, err := try[FollowResponse](follower.Node, OpFollow, FollowRequest{DID: n.Info(t.Context()).Issuers[0].DID})
				return err == nil && judged(t, follower.Node, standing).Outcome == verdict.Verified
			})
			// By the credential itself, which names the old URL.
			if r := call[StatusResponse](t, n, OpStatusSet, StatusRequest{Credential: standing, Action: "revoke", Now: true}); !r.Changed || r.Status[0].URL != oldList {
				t.Errorf("%+v", r)
			}
			until(t, "the follower sees the revocation", func() bool { return judged(t, follower.Node, standing).Outcome == verdict.Invalid })
			// An index that was not issued cannot be revoked, and new credentials go elsewhere.
			if _, err := try[StatusResponse](n, OpStatusSet, StatusRequest{Target: "3#14", Action: "revoke"}); !errors.Is(err, revocation.ErrNotAllocated) {
				t.Errorf("%v", err)
			}
			if i := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Bo")}); i.Status[0].List != 1 {
				t.Errorf("a new credential was put into %+v", i.Status)
			}
			e := call[ExportListResponse](t, n, OpStatusExport, ExportListRequest{List: 3})
			if e.Lines != "5,revoked\n9,revoked\n12,revoked\n13,valid\n" || e.Next != 0 {
				t.Errorf("export %+v", e)
			}
			out := call[ExportResponse](t, n, OpFolderExport, ExportRequest{Dir: t.TempDir()})
			if len(out.Elsewhere) != 1 || out.Elsewhere[0] != (Elsewhere{URL: oldList, File: "status/3"}) {
				t.Errorf("%+v", out.Elsewhere)
			}
			if r, err := n.fsck(t.Context(), Empty{}); err != nil || !r.Clean {
				t.Errorf("fsck %+v %v", r, err)
			}
		})
	}
}

// What a name is claimed for: the claimant's own credentials. Another issuer's, which
// print the same URL, are not looked up in the claimant's folder.
func TestClaimedNameIsForOwnCredentials(t *testing.T) {
	thief := opened(t, "thief.example", nil)
	victim := opened(t, "victim.example", nil)
	url := "https://lists.victim.example/status/1"
	body, _ := oldStatusList(t, revocation.FormatBitstring, url, revocation.Revocation)
	call[ImportListResponse](t, thief, OpStatusImport, ImportListRequest{URL: url, List: body})
	call[PublishResponse](t, thief, OpPublish, PublishRequest{})
	own, foreign := oldCredential(t, thief, "", url, 4), oldCredential(t, victim, "", url, 4)
	if v := judged(t, thief, own); v.Outcome != verdict.Verified {
		t.Errorf("its own: %s %+v", v.Outcome, v.Checks)
	}
	call[ImportResponse](t, thief, OpImportLog, ImportRequest{Log: logOf(t, victim)})
	v := judged(t, thief, foreign)
	if v.Outcome != verdict.Indeterminate {
		t.Errorf("another's: %s %+v", v.Outcome, v.Checks)
	}
	for _, c := range v.Checks {
		if c.Name == verdict.Status && c.Result == verdict.Pass {
			t.Errorf("a list of somebody else passes: %+v", c)
		}
	}
}

func logOf(t *testing.T, n *Node) []byte {
	t.Helper()
	b, err := n.WatcherLog(context.Background(), n.ownSubjects()[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImportRefusals(t *testing.T) {
	n := opened(t, "university.example", nil)
	good, _ := oldStatusList(t, "", oldList, revocation.Revocation, 5)
	message, _ := oldStatusList(t, "", oldList, revocation.Message)
	forged := bytes.Replace(good, []byte(`"statusPurpose":"revocation"`), []byte(`"statusPurpose":"suspension"`), 1)
	for _, c := range []struct {
		name string
		edit func(*ImportListRequest)
		want error
	}{
		{"no URL", func(q *ImportListRequest) { q.URL = "" }, ErrImport},
		{"plain http", func(q *ImportListRequest) { q.URL = strings.Replace(oldList, "https", "http", 1) }, ErrImport},
		{"fragment", func(q *ImportListRequest) { q.URL += "#list" }, ErrImport},
		{"another list's URL", func(q *ImportListRequest) { q.URL += "0" }, ErrImport},
		{"a place of the own folder", func(q *ImportListRequest) { q.URL = "https://university.example/status/1" }, ErrImport},
		{"the place of the log", func(q *ImportListRequest) { q.URL = "https://university.example/.well-known/did.jsonl" }, ErrImport},
		{"forged", func(q *ImportListRequest) { q.List = forged }, ErrImport},
		{"no list", func(q *ImportListRequest) { q.List = []byte("{}") }, ErrImport},
		{"no list, on the operator's word", func(q *ImportListRequest) { q.List, q.Unverified = []byte("{}"), true }, ErrImport},
		{"purpose of nobody", func(q *ImportListRequest) { q.List = message }, revocation.ErrPurpose},
		{"another purpose than asked for", func(q *ImportListRequest) { q.Purpose = "suspension" }, ErrImport},
		{"index outside", func(q *ImportListRequest) { q.Issued = "131072\n" }, ErrImport},
		{"index twice", func(q *ImportListRequest) { q.Issued = "7\n7\n" }, ErrImport},
		{"no index", func(q *ImportListRequest) { q.Issued = "seven\n" }, ErrImport},
		{"leading zero", func(q *ImportListRequest) { q.Issued = "07\n" }, ErrImport},
		{"cut short", func(q *ImportListRequest) { q.Issued = "7\n71" }, ErrImport},
		{"statuses of a format that is none", func(q *ImportListRequest) { q.List, q.Statuses, q.Format = nil, "1,valid\n", "crl" }, revocation.ErrFormat},
		{"list and statuses", func(q *ImportListRequest) { q.Statuses = "1,valid\n" }, ErrRequest},
		{"format of a signed list", func(q *ImportListRequest) { q.Format = "bitstring" }, ErrRequest},
		{"statuses: odd state", func(q *ImportListRequest) { q.List, q.Statuses = nil, "1,gone\n" }, ErrImport},
		{"statuses: suspended for revocation", func(q *ImportListRequest) { q.List, q.Statuses = nil, "1,suspended\n" }, ErrImport},
		{"statuses: one cell", func(q *ImportListRequest) { q.List, q.Statuses = nil, "1\n" }, ErrImport},
		{"statuses: none", func(q *ImportListRequest) { q.List, q.Statuses = nil, "index,state\n" }, ErrImport},
		{"statuses: cut short", func(q *ImportListRequest) { q.List, q.Statuses = nil, "1,valid\n2,valid" }, ErrImport},
		{"statuses: size that is too small", func(q *ImportListRequest) { q.List, q.Statuses, q.Size = nil, "200000,valid\n", 131072 }, ErrImport},
		{"statuses: size below the least", func(q *ImportListRequest) { q.List, q.Statuses, q.Size = nil, "1,valid\n", 64 }, revocation.ErrLength},
		{"statuses: size of no bytes", func(q *ImportListRequest) { q.List, q.Statuses, q.Size = nil, "1,valid\n", 131073 }, ErrImport},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := ImportListRequest{URL: oldList, List: good}
			c.edit(&q)
			if r, err := try[ImportListResponse](n, OpStatusImport, q); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v (%+v)", err, c.want, r)
			}
		})
	}
	if lists := call[ListsResponse](t, n, OpLists, StatusListsRequest{}); len(lists.Lists) != 2 {
		t.Fatalf("refusals left %+v", lists)
	}
	// On the operator's word, and padded.
	r := call[ImportListResponse](t, n, OpStatusImport, ImportListRequest{URL: oldList, Statuses: "index,state\n1,revoked\n9,valid\n", Size: 64, Pad: true, Format: revocation.Format2021})
	if r.Size != revocation.MinEntries || r.Set != 1 || r.Allocated != 2 {
		t.Errorf("%+v", r)
	}
	other := oldList + "9"
	unsigned, _ := oldStatusList(t, "", other, revocation.Suspension, 7)
	unsigned = bytes.Replace(unsigned, []byte(`"proofValue":"z`), []byte(`"proofValue":"z1`), 1)
	r = call[ImportListResponse](t, n, OpStatusImport, ImportListRequest{URL: other, List: unsigned, Unverified: true})
	if r.Purpose != "suspension" || r.Number != 6 || r.Set != 1 || r.Allocated != revocation.MinEntries || len(r.Notes) < 3 {
		t.Errorf("%+v", r)
	}
	p, err := n.replica.Practice(t.Context(), n.ownSubjects()[0])
	if err != nil && p != nil {
		t.Fatal(err)
	}
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	if p, err = n.replica.Practice(t.Context(), n.ownSubjects()[0]); err != nil || p.Lists[oldList] != "status/3" || p.Lists[other] != "status/6" {
		t.Errorf("%+v %v", p, err)
	}
}

// A list that was begun under the folder's own base, which is the usual case, is
// found there and exported to there.
func TestImportUnderOwnBase(t *testing.T) {
	n := opened(t, "university.example", nil)
	url := "https://university.example/credentials/lists/7"
	body, _ := oldStatusList(t, "", url, revocation.Revocation, 5)
	call[ImportListResponse](t, n, OpStatusImport, ImportListRequest{URL: url, List: body})
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	if v := judged(t, n, oldCredential(t, n, "", url, 5)); v.Outcome != verdict.Invalid {
		t.Errorf("%s %+v", v.Outcome, v.Checks)
	}
	files := folderOf(t, n)
	if files["/credentials/lists/7"] == "" || files["/credentials/lists/7"] != files["/status/3"] {
		t.Errorf("%d bytes there, %d bytes in the folder", len(files["/credentials/lists/7"]), len(files["/status/3"]))
	}
}

func FuzzImportLines(f *testing.F) {
	for _, s := range []string{"", "1,valid\n", "index,state\n1,revoked\n", "1,valid\n1,valid\n", "\"1\n\",valid\n", "# c\n2,0\n", "1", "-1,1\n", "9999999999999999999,1\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, given, err := statusesOf(ImportListRequest{Statuses: s})
		if err != nil {
			if !errors.Is(err, ErrImport) {
				t.Errorf("%v", err)
			}
			return
		}
		if !strings.HasSuffix(s, "\n") {
			t.Error("a text that may be cut short was read")
		}
		marked, err := markAll(given, a.Bits.Len())
		if err == nil && a.Bits.Count() > marked.Count() {
			t.Errorf("%d set of %d given", a.Bits.Count(), marked.Count())
		}
	})
}
