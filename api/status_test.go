package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/node"
)

func (f *face) admins(t testing.TB, method, path, token, body string) reply {
	t.Helper()
	return send(t, method, f.admin.URL+path, strings.NewReader(body), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
	})
}

// The status of a credential by VCALM's route, each refusal by one change.
func TestStatusRoute(t *testing.T) {
	f := newFace(t, "university.example")
	var issued node.IssueResponse
	m := credential.Micro{Title: "T", Holder: credential.Holder{Name: "Ana"}, ECTS: "4", EQF: 6, Outcomes: []string{"x"}, Workload: "PT100H",
		Form: "online", Assessment: "x", Quality: "x", Place: credential.MicroPlace{Country: "ES"}}
	f.op(t, node.OpIssue, node.IssueRequest{Credential: m, LocalRef: "r1"}, &issued)
	do := func(change func(q map[string]any, entry map[string]any)) reply {
		entry := map[string]any{"type": "BitstringStatusListEntry", "statusPurpose": "suspension"}
		q := map[string]any{"credentialId": issued.ID, "credentialStatus": entry, "status": true}
		change(q, entry)
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		return f.admins(t, http.MethodPost, "/credentials/status", f.token, string(b))
	}
	for _, c := range []struct {
		name   string
		change func(q, entry map[string]any)
		status int
	}{
		{"no credential", func(q, _ map[string]any) { delete(q, "credentialId") }, 400},
		{"credential that is no text", func(q, _ map[string]any) { q["credentialId"] = 1 }, 400},
		{"credential of nobody", func(q, _ map[string]any) { q["credentialId"] = "urn:x" }, 404},
		{"no entry", func(q, _ map[string]any) { delete(q, "credentialStatus") }, 400},
		{"two entries", func(q, e map[string]any) { q["credentialStatus"] = []any{e, e} }, 400},
		{"no type", func(_, e map[string]any) { delete(e, "type") }, 400},
		{"type of nobody", func(_, e map[string]any) { e["type"] = "Odd" }, 400},
		{"no purpose is not taken for revocation", func(_, e map[string]any) { delete(e, "statusPurpose") }, 400},
		{"purpose of nobody", func(_, e map[string]any) { e["statusPurpose"] = "refresh" }, 400},
		{"no status", func(q, _ map[string]any) { delete(q, "status") }, 400},
		{"status that is neither", func(q, _ map[string]any) { q["status"] = "yes" }, 400},
		{"revocation taken back", func(q, e map[string]any) { e["statusPurpose"], q["status"] = "revocation", false }, 409},
		{"another index", func(_, e map[string]any) { e["statusListIndex"] = fmt.Sprint(issued.Status[1].Index + 1) }, 400},
		{"another list", func(_, e map[string]any) { e["statusListCredential"] = issued.Status[0].URL }, 400},
	} {
		t.Run(c.name, func(t *testing.T) { problem(t, do(c.change), c.status) })
	}
	var log node.LogResponse
	f.op(t, node.OpStatusLog, node.LogRequest{Action: "suspend"}, &log)
	if len(log.Rows) != 0 {
		t.Fatalf("refusals left %+v", log)
	}
	for _, c := range []struct {
		name   string
		change func(q, entry map[string]any)
		set    bool
	}{
		{"as VCALM has it", func(map[string]any, map[string]any) {}, true},
		{"lifted", func(q, _ map[string]any) { q["status"] = false }, false},
		{"with its place", func(_, e map[string]any) {
			e["statusListIndex"], e["statusListCredential"] = fmt.Sprint(issued.Status[1].Index), issued.Status[1].URL
		}, true},
		{"as the older VC-API has it", func(q, e map[string]any) {
			delete(q, "status")
			e["status"] = "0"
			q["credentialStatus"] = []any{e}
		}, false},
		{"by reference", func(q, _ map[string]any) { q["credentialId"] = "r1" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := do(c.change)
			var out node.StatusResponse
			if err := json.Unmarshal(r.body, &out); err != nil || r.status != 200 || !out.Changed || out.Status[1].Set != c.set {
				t.Errorf("%d %s %v", r.status, r.body, err)
			}
		})
	}
}

func TestStatusListsRoute(t *testing.T) {
	f := newFace(t, "university.example")
	for name, body := range map[string]string{"no purpose": `{}`, "purpose of nobody": `{"statusPurpose":"message"}`,
		"a name of the caller's": `{"statusPurpose":"revocation","id":"https://x.example/1"}`, "no object": `[]`} {
		t.Run(name, func(t *testing.T) { problem(t, f.admins(t, http.MethodPost, "/status-lists", f.token, body), 400) })
	}
	r := f.admins(t, http.MethodPost, "/status-lists", f.token, `{"statusPurpose":"suspension"}`)
	var made struct {
		ID   string          `json:"id"`
		List json.RawMessage `json:"verifiableCredential"`
	}
	if err := json.Unmarshal(r.body, &made); err != nil || r.status != 201 || r.header.Get("Location") != made.ID ||
		!strings.HasSuffix(made.ID, "/status/4") || !strings.Contains(string(made.List), `"statusPurpose":"suspension"`) {
		t.Errorf("%d %s %v", r.status, r.body, err)
	}
	r = f.admins(t, http.MethodGet, "/status-lists", f.token, "")
	var got node.ListsResponse
	if err := json.Unmarshal(r.body, &got); err != nil || r.status != 200 || len(got.Lists) != 4 {
		t.Errorf("%d %s %v", r.status, r.body, err)
	}
}

// Tokens of lesser roles reach what they may, on every route.
func TestTokenRoles(t *testing.T) {
	f := newFace(t, "university.example")
	token := func(role string) string {
		var made node.TokenCreated
		f.op(t, node.OpTokenCreate, node.TokenCreateRequest{Name: role, Role: role}, &made)
		return made.Secret
	}
	reader, registrar := token("reader"), token("registrar")
	for _, o := range node.Ops() {
		if o.Role != node.RoleReader {
			problem(t, f.admins(t, http.MethodPost, "/ops/"+o.Name, reader, "{}"), 403)
		}
		if o.Role == node.RoleOperator {
			problem(t, f.admins(t, http.MethodPost, "/ops/"+o.Name, registrar, "{}"), 403)
		}
	}
	entry := `{"credentialId":"1#1","credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":"revocation"},"status":true}`
	for path, body := range map[string]string{"/credentials/status": entry, "/status-lists": `{"statusPurpose":"revocation"}`, "/credentials/issue": `{"credential":{}}`} {
		problem(t, f.admins(t, http.MethodPost, path, reader, body), 403)
		problem(t, f.admins(t, http.MethodPost, path, reader+"x", body), 401)
	}
	if r := f.admins(t, http.MethodGet, "/status-lists", reader, ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	problem(t, f.admins(t, http.MethodPost, "/credentials/status", registrar, entry), 400) // an index of nobody: it was let in
}
