package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

const diploma = `{"vct":"https://uni.example/types/diploma","sub":"did:example:ana","name":"Ana Andromeda"}`

func draft(t testing.TB, n *Node, subject, path string) store.Draft {
	t.Helper()
	var d store.Draft
	err := n.store.View(t.Context(), func(tx store.Tx) (err error) {
		d, err = tx.GetDraft(subject, path)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d
}

// What is issued in three forms is revoked and suspended by its file, and all
// four files of the pair say so with one moment and one end of term.
func TestListsOfAPairAgree(t *testing.T) {
	uni := opened(t, "university.example", nil)
	is := uni.Info(t.Context()).Issuers[0]
	issue := func(q IssueRequest) []byte {
		t.Helper()
		r := call[IssueResponse](t, uni, OpIssue, q)
		if r.Token != "" {
			return []byte(r.Token)
		}
		return r.Credential
	}
	vc := func() []byte {
		return issue(IssueRequest{Tree: json.RawMessage(diploma), Format: FormatSDJWTVC, Hide: []string{"/name"}})
	}
	whole, gone, paused, back, badge := vc(), vc(), vc(), vc(), issue(IssueRequest{Credential: micro("Ana Andromeda")})
	change := func(body []byte, action string) {
		t.Helper()
		call[StatusResponse](t, uni, OpStatusSet, StatusRequest{Credential: body, Action: action})
	}
	change(gone, "revoke")
	change(paused, "suspend")
	change(back, "suspend")
	change(back, "reinstate")
	change(badge, "suspend")
	change(badge, "revoke")
	call[PublishResponse](t, uni, OpPublish, PublishRequest{})
	for _, c := range []struct {
		name string
		body []byte
		want verdict.Outcome
		code verdict.Code
	}{
		{"valid", whole, verdict.Verified, verdict.OK},
		{"revoked", gone, verdict.Invalid, verdict.Revoked},
		{"suspended", paused, verdict.Invalid, verdict.Suspended},
		{"reinstated", back, verdict.Verified, verdict.OK},
		{"the W3C's form, revoked and suspended", badge, verdict.Invalid, verdict.Revoked},
	} {
		v := call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: c.body, Policy: "authentic"})
		if row, _ := v.Worst(verdict.Status); v.Outcome != c.want || row.Code != c.code {
			t.Errorf("%s: %s", c.name, rows(&v))
		}
	}

	opt := revocation.Options{Credential: uni.checkOptions(t.Context(), uni.clock())}
	read := func(path string) *revocation.List {
		t.Helper()
		body := draft(t, uni, is.Subject, path).Body
		l, row, ok := revocation.ReadList(t.Context(), body, opt)
		if strings.Contains(path, ".") {
			l, row, ok = revocation.ReadStatusToken(t.Context(), body, "", opt)
		}
		if !ok {
			t.Fatalf("%s: %+v", path, row)
		}
		return l
	}
	revoked, suspended, jwt, cwt := read("status/1"), read("status/2"), read("status/1.jwt"), read("status/1.cwt")
	for _, l := range []*revocation.List{suspended, jwt, cwt} {
		if !l.ValidFrom.Equal(*revoked.ValidFrom) || !l.ValidUntil.Equal(*revoked.ValidUntil) || l.TTL != revoked.TTL || l.Issuer != revoked.Issuer {
			t.Errorf("%s: %v to %v for %v by %s, and the list of revocations %v to %v for %v by %s", l.ID, l.ValidFrom, l.ValidUntil, l.TTL, l.Issuer,
				revoked.ValidFrom, revoked.ValidUntil, revoked.TTL, revoked.Issuer)
		}
	}
	want, err := revocation.Merge(revoked.Bits, suspended.Bits)
	if err != nil {
		t.Fatal(err)
	}
	if want.Where(revocation.StatusInvalid).Count() != 2 || want.Where(revocation.StatusSuspended).Count() != 1 {
		t.Errorf("%d revoked and %d suspended", want.Where(revocation.StatusInvalid).Count(), want.Where(revocation.StatusSuspended).Count())
	}
	for _, l := range []*revocation.List{jwt, cwt} {
		if l.ID != revoked.ID+".jwt" || !bytes.Equal(l.Statuses.Bytes(), want.Bytes()) || l.Aggregation != strings.TrimSuffix(revoked.ID, "1")+"aggregation.json" {
			t.Errorf("%s, %s: not what the two lists of bits say", l.ID, l.Aggregation)
		}
	}
	if r := call[FsckReport](t, uni, OpFsck, Empty{}); !r.Clean {
		t.Errorf("fsck: %v", r.Findings)
	}

	dir := t.TempDir()
	call[ExportResponse](t, uni, OpFolderExport, ExportRequest{Dir: dir})
	for _, path := range []string{"status/1", "status/2", "status/1.jwt", "status/1.cwt"} {
		if b, err := os.ReadFile(filepath.Join(dir, path)); err != nil || !bytes.Equal(b, draft(t, uni, is.Subject, path).Body) {
			t.Errorf("%s is not what was published: %v", path, err)
		}
	}
	all, err := os.ReadFile(filepath.Join(dir, "status", "aggregation.json"))
	if err != nil || string(all) != `{"status_lists":["`+jwt.ID+`"]}` {
		t.Errorf("aggregation %s, %v", all, err)
	}
	// A node that has only this folder comes to the same.
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	verifier := opened(t, "", func(c *Config) { c.DevHostMap = []string{"*=" + server.URL} })
	for want, body := range map[verdict.Code][]byte{verdict.OK: whole, verdict.Revoked: gone, verdict.Suspended: paused} {
		v := call[verdict.Verdict](t, verifier, OpVerify, VerifyRequest{Credential: body, Policy: "authentic"})
		if row, _ := v.Worst(verdict.Status); row.Code != want || row.Source != "replica" {
			t.Errorf("elsewhere, want %s: %s", want, rows(&v))
		}
	}
}

// What a request for an SD-JWT VC may not say.
func TestClaimsRefused(t *testing.T) {
	uni := opened(t, "university.example", nil)
	for _, c := range []struct {
		name string
		q    IssueRequest
		want error
	}{
		{"as it is", IssueRequest{Tree: json.RawMessage(diploma)}, nil},
		{"no status", IssueRequest{Tree: json.RawMessage(diploma), NoStatus: true}, nil},
		{"the fields of a micro-credential", IssueRequest{Credential: micro("Ana")}, ErrRequest},
		{"no vct", IssueRequest{Tree: json.RawMessage(`{"name":"Ana"}`)}, ErrRequest},
		{"its own status", IssueRequest{Tree: json.RawMessage(`{"vct":"x","status":{}}`)}, ErrRequest},
		{"another issuer", IssueRequest{Tree: json.RawMessage(`{"vct":"x","iss":"did:example:x"}`)}, ErrRequest},
		{"the status left to the holder", IssueRequest{Tree: json.RawMessage(diploma), Hide: []string{"/status"}}, sdjwt.ErrHidden},
		{"a part of the status left to the holder", IssueRequest{Tree: json.RawMessage(diploma), Hide: []string{"/status/status_list/idx"}}, sdjwt.ErrHidden},
	} {
		c.q.Format = FormatSDJWTVC
		r, err := uni.issue(t.Context(), c.q)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if has := strings.Contains(string(r.Credential), FormatSDJWTVC); has != (c.want == nil) {
			t.Errorf("%s: %.100s", c.name, r.Credential)
		}
	}
}

var errBroken = hint.New("node: the key is broken in this test", "Look at the test.")

// fails is a key that signs a few times and then no more.
type fails struct {
	key.Signer
	left int
}

func (f *fails) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	if f.left--; f.left < 0 {
		return nil, errBroken
	}
	return f.Signer.Sign(ctx, msg)
}

// Whichever of the four signatures fails, none of the lists is published.
func TestPairIsPublishedWholeOrNot(t *testing.T) {
	uni := opened(t, "university.example", nil)
	subject := uni.Info(t.Context()).Issuers[0].Subject
	issued := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	call[PublishResponse](t, uni, OpPublish, PublishRequest{})
	call[StatusResponse](t, uni, OpStatusSet, StatusRequest{Credential: issued.Credential, Action: "revoke"})
	paths := []string{"status/1", "status/2", "status/1.jwt", "status/1.cwt"}
	before := map[string]string{}
	for _, p := range paths {
		before[p] = draft(t, uni, subject, p).CID
	}
	for left := range 5 {
		h, err := uni.ownLog(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		listKey, err := uni.signer(subject, keystore.RoleList)
		if err != nil {
			t.Fatal(err)
		}
		p := publication{n: uni, subject: subject, log: h, opt: publishOptions{all: true}, listKey: &fails{listKey, left}, now: uni.clock().UTC().Truncate(time.Second).Add(time.Second)}
		err = uni.store.Update(t.Context(), subject, func(tx store.Tx) error { return p.renderLists(t.Context(), tx) })
		if left < 4 && !errors.Is(err, errBroken) || left == 4 && err != nil {
			t.Fatalf("%d signatures: %v", left, err)
		}
		for _, path := range paths {
			if changed := draft(t, uni, subject, path).CID != before[path]; changed != (left == 4) {
				t.Errorf("with %d signatures %s changed: %v", left, path, changed)
			}
		}
	}
}

// Which lists are rendered in one step.
func TestTogether(t *testing.T) {
	list := func(n int64, p revocation.Purpose) store.List {
		return store.List{Number: n, Purposes: []string{string(p)}, Size: revocation.MinEntries}
	}
	r, s := list(1, revocation.Revocation), list(2, revocation.Suspension)
	elsewhere := r
	elsewhere.URL, elsewhere.Format = "https://old.example/1", "bitstring"
	longer := s
	longer.Size *= 2
	for _, c := range []struct {
		name  string
		lists []store.List
		want  string
	}{
		{"a pair", []store.List{r, s}, "1+2"},
		{"two pairs", []store.List{r, s, list(3, revocation.Revocation), list(4, revocation.Suspension)}, "1+2 3+4"},
		{"one that came from elsewhere", []store.List{elsewhere, s}, "1 2"},
		{"of two lengths", []store.List{r, longer}, "1 2"},
		{"the second alone", []store.List{s}, "2"},
		{"a gap between", []store.List{r, list(3, revocation.Revocation), list(4, revocation.Suspension)}, "1 3+4"},
		{"not by turns", []store.List{list(2, revocation.Revocation), list(3, revocation.Suspension)}, "2 3"},
	} {
		var got []string
		for _, group := range together(c.lists) {
			var names []string
			for _, l := range group {
				names = append(names, strings.TrimPrefix(listPath(l.Number), "status/"))
			}
			got = append(got, strings.Join(names, "+"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	if _, ok := record.KindOf(pathAggregation); ok {
		t.Error("the list of lists became a record, and is signed by nobody")
	}
}
