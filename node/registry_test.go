package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// folderOf reads every file of an exported folder.
func folderOf(t *testing.T, n *Node) map[string]string {
	t.Helper()
	dir := t.TempDir()
	call[ExportResponse](t, n, OpFolderExport, ExportRequest{Dir: dir})
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path[len(dir):]] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// issueMany issues with the references r0, r1 ...
func issueMany(t *testing.T, n *Node, count int) []IssueResponse {
	t.Helper()
	var out []IssueResponse
	for i := range count {
		out = append(out, call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana"), LocalRef: "r" + strconv.Itoa(i)}))
	}
	return out
}

func TestAllocationChangesNothingPublished(t *testing.T) {
	n := opened(t, "university.example", nil)
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	before := folderOf(t, n)
	for _, r := range issueMany(t, n, 5) {
		if !strings.Contains(r.Warning, "credentials only") {
			t.Errorf("no warning that few share the list: %q", r.Warning)
		}
	}
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	if after := folderOf(t, n); !maps.Equal(before, after) {
		for name := range after {
			if before[name] != after[name] {
				t.Errorf("%s changed", name)
			}
		}
		t.Errorf("%d files before, %d after", len(before), len(after))
	}
	lists := call[ListsResponse](t, n, OpLists, StatusListsRequest{})
	if len(lists.Lists) != 2 || lists.Lists[0].Allocated != 5 || lists.Lists[0].Note == "" {
		t.Errorf("%+v", lists)
	}
	// After a revocation it does change, else the comparison shows nothing.
	call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: "r0", Action: "revoke", Now: true})
	if after := folderOf(t, n); before["/status/1"] == after["/status/1"] {
		t.Error("a revocation changed nothing that is published")
	}
}

func TestBatch(t *testing.T) {
	n := opened(t, "university.example", nil)
	issued := issueMany(t, n, 4)
	call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana"), LocalRef: "twice"})
	call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana"), LocalRef: "twice"})
	call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana"), LocalRef: "bare", NoStatus: true})
	at := func(i int) string { return fmt.Sprintf("%d#%d", issued[i].Status[0].List, issued[i].Status[0].Index) }
	q := BatchRequest{Action: "revoke", Why: "programme closed", DryRun: true, Lines: []BatchLine{
		{Line: 1, Target: issued[0].ID}, {Line: 2, Target: "r1", Why: "withdrawn"}, {Line: 3, Target: at(2)},
		{Line: 4, Target: "r3", Action: "suspend"},
		{Line: 5, Target: "nobody"}, {Line: 6, Target: "twice"}, {Line: 7, Target: "bare"}, {Line: 8, Target: "1#x"}, {Line: 9, Target: ""},
		{Line: 10, Target: "r0", Action: "unrevoke"}, {Line: 11, Target: "r0", Action: "nonsense"}, {Line: 12, Target: "77#1"},
		{Line: 13, Target: issued[0].ID, Action: "reinstate"},
	}}
	want := map[int64]string{5: "no such credential", 6: "2 credentials have", 7: "without a status", 8: "is not LIST#INDEX", 9: "no such credential",
		10: "final", 11: "is not revoke", 12: "no such status list", 13: "final"}
	check := func(what string, r BatchResponse, changed, unchanged int64) {
		t.Helper()
		if r.Changed != changed || r.Unchanged != unchanged || r.Failed != int64(len(want)) {
			t.Errorf("%s: %+v", what, r)
		}
		for _, f := range r.Failures {
			if want[f.Line] == "" || !strings.Contains(f.Error, want[f.Line]) {
				t.Errorf("%s: line %d: %s", what, f.Line, f.Error)
			}
		}
	}
	check("dry run", call[BatchResponse](t, n, OpStatusBatch, q), 4, 0)
	if log := call[LogResponse](t, n, OpStatusLog, LogRequest{Action: "revoke"}); len(log.Rows) != 0 {
		t.Fatalf("a dry run left %+v", log)
	}
	q.DryRun = false
	check("run", call[BatchResponse](t, n, OpStatusBatch, q), 4, 0)
	check("again", call[BatchResponse](t, n, OpStatusBatch, q), 0, 4)
	log := call[LogResponse](t, n, OpStatusLog, LogRequest{Target: "r1"})
	if len(log.Rows) != 1 || log.Rows[0].Why != "withdrawn" || log.Rows[0].By != "test" || log.Rows[0].Target != at(1) {
		t.Errorf("log %+v", log)
	}
	if log = call[LogResponse](t, n, OpStatusLog, LogRequest{By: "nobody"}); len(log.Rows) != 0 {
		t.Errorf("log of nobody %+v", log)
	}
	page := call[LogResponse](t, n, OpStatusLog, LogRequest{Action: "revoke", Limit: 2})
	rest := call[LogResponse](t, n, OpStatusLog, LogRequest{Action: "revoke", Limit: 2, After: page.Next})
	if len(page.Rows) != 2 || len(rest.Rows) != 1 || rest.Next != 0 || rest.Rows[0].Why != "programme closed" {
		t.Errorf("pages %+v, %+v", page, rest)
	}
	if log = call[LogResponse](t, n, OpStatusLog, LogRequest{Until: "2020-01-01"}); len(log.Rows) != 0 {
		t.Errorf("before everything: %+v", log)
	}
	q.Lines = make([]BatchLine, MaxBatch+1)
	if _, err := try[BatchResponse](n, OpStatusBatch, q); !errors.Is(err, ErrRequest) {
		t.Errorf("%v", err)
	}
	// The private reason is nowhere in what is published.
	call[PublishResponse](t, n, OpPublish, PublishRequest{})
	for name, text := range folderOf(t, n) {
		if strings.Contains(text, "withdrawn") || strings.Contains(text, "programme closed") || strings.Contains(text, issued[1].ID) {
			t.Errorf("%s carries something of the private book", name)
		}
	}
}

func TestRegister(t *testing.T) {
	n := opened(t, "university.example", func(c *Config) { c.RegisterHolder = true })
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n.clock = func() time.Time { return now }
	subject := n.ownSubjects()[0]
	issue := func(ref, holder, until string) IssueResponse {
		m := micro("Ana")
		m.ValidUntil = until
		return call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: m, LocalRef: ref, HolderRef: holder})
	}
	first := issue("a", "student-1", "2026-04-01T00:00:00Z")
	issue("b", "student-1", "")
	issue("c", "student-2", "2027-04-01T00:00:00Z")
	at := fmt.Sprintf("%d#%d", first.Status[0].List, first.Status[0].Index)
	other := fmt.Sprintf("%d#%d", first.Status[1].List, first.Status[1].Index)
	call[StatusResponse](t, n, OpStatusSet, StatusRequest{Target: "a", Action: "revoke", Why: "error"})
	for _, c := range []struct {
		name string
		q    IssuedFindRequest
		refs []string
	}{
		{"id", IssuedFindRequest{ID: first.ID}, []string{"a"}},
		{"reference", IssuedFindRequest{LocalRef: "b"}, []string{"b"}},
		{"holder", IssuedFindRequest{HolderRef: "student-1"}, []string{"a", "b"}},
		{"place", IssuedFindRequest{Place: at}, []string{"a"}},
		{"place in the other list", IssuedFindRequest{Place: other}, []string{"a"}},
		{"any: id", IssuedFindRequest{Any: first.ID}, []string{"a"}},
		{"any: holder", IssuedFindRequest{Any: "student-2"}, []string{"c"}},
		{"any: place", IssuedFindRequest{Any: at}, []string{"a"}},
		{"nobody", IssuedFindRequest{Any: "nobody"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Status = true
			got := call[IssuedRows](t, n, OpIssuedFind, c.q)
			var refs []string
			for _, r := range got.Rows {
				refs = append(refs, r.LocalRef)
				if (r.LocalRef == "a") != (r.Status == "revoked") {
					t.Errorf("%+v", r)
				}
			}
			slices.Sort(refs)
			if !slices.Equal(refs, c.refs) {
				t.Errorf("found %q, want %q", refs, c.refs)
			}
		})
	}
	for _, q := range []IssuedFindRequest{{}, {ID: "x", LocalRef: "y"}} {
		if _, err := try[IssuedRows](n, OpIssuedFind, q); !errors.Is(err, ErrRequest) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	page := call[IssuedRows](t, n, OpIssuedList, IssuedListRequest{Limit: 2})
	rest := call[IssuedRows](t, n, OpIssuedList, IssuedListRequest{Limit: 2, After: page.Next})
	if len(page.Rows) != 2 || len(rest.Rows) != 1 || rest.Next != "" {
		t.Errorf("pages %+v %+v", page, rest)
	}

	// Retention: only what ended long enough ago goes.
	now = time.Date(2027, 4, 2, 0, 0, 1, 0, time.UTC) // 366 days after a ended, one after c did
	if r := call[ErasedResponse](t, n, OpIssuedPrune, IssuedPruneRequest{DryRun: true}); r.Rows != 1 {
		t.Errorf("would prune %+v", r)
	}
	if r := call[ErasedResponse](t, n, OpIssuedPrune, IssuedPruneRequest{}); r.Rows != 1 {
		t.Errorf("pruned %+v", r)
	}
	if r := call[IssuedRows](t, n, OpIssuedFind, IssuedFindRequest{HolderRef: "student-1"}); len(r.Rows) != 1 || r.Rows[0].LocalRef != "b" {
		t.Errorf("left %+v", r)
	}

	// Erasure: asked for, then done; the index stays given out and the status stands.
	erase := IssuedEraseRequest{HolderRef: "student-1"}
	if r := call[ErasedResponse](t, n, OpIssuedErase, erase); r.Rows != 1 || !r.DryRun {
		t.Errorf("%+v", r)
	}
	erase.Confirm = true
	if r := call[ErasedResponse](t, n, OpIssuedErase, erase); r.Rows != 1 || r.DryRun {
		t.Errorf("%+v", r)
	}
	if _, err := try[ErasedResponse](n, OpIssuedErase, erase); !errors.Is(err, ErrTarget) {
		t.Errorf("erased twice: %v", err)
	}
	if s := call[StatusShowResponse](t, n, OpStatusShow, StatusShowRequest{Target: at}); !s.Status[0].Set {
		t.Errorf("the revocation went with the row: %+v", s)
	}
	if lists := call[ListsResponse](t, n, OpLists, StatusListsRequest{}); lists.Lists[0].Allocated != 3 {
		t.Errorf("an index was given back: %+v", lists)
	}
	err := n.store.View(t.Context(), func(tx store.Tx) error {
		rows, err := tx.ListAudit(subject, 0, 0)
		b, _ := json.Marshal(rows)
		if strings.Contains(string(b), "student-1") {
			t.Error("the audit trail names the holder who was erased")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestHolderReferenceIsOffByDefault(t *testing.T) {
	n := opened(t, "university.example", nil)
	_, err := try[IssueResponse](n, OpIssue, IssueRequest{Credential: micro("Ana"), HolderRef: "student-1"})
	if !errors.Is(err, ErrRequest) {
		t.Errorf("%v, want ErrRequest", err)
	}
	issueMany(t, n, 1)
	rows := call[IssuedRows](t, n, OpIssuedList, IssuedListRequest{})
	b, _ := json.Marshal(rows)
	if strings.Contains(string(b), "Ana") || strings.Contains(string(b), "2001-02-03") {
		t.Errorf("the register holds data of the subject: %s", b)
	}
	if _, err := try[StatusResponse](n, OpStatusSet, StatusRequest{Target: "r0", Action: "unrevoke"}); !errors.Is(err, revocation.ErrFinal) {
		t.Errorf("%v", err)
	}
}
