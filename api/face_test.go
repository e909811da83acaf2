package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/api"
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
)

// face is a node on a fresh home, without a network, behind both listeners.
type face struct {
	node          *node.Node
	public, admin *httptest.Server
	token         string
}

// edit changes the settings of node and listeners before they are used.
type edit func(*node.Config, *api.Config)

func newFace(t testing.TB, domain string, edits ...edit) *face {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.Home, cfg.Network = filepath.Join(t.TempDir(), "home"), "off"
	var set api.Config
	for _, e := range edits {
		e(&cfg, &set)
	}
	pass := keystore.Fixed([]byte("correct horse"))
	if _, err := node.Init(t.Context(), cfg, node.InitOptions{Passphrase: pass, Domain: domain, Name: "University", WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg, node.Options{Passphrase: pass, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(cfg.Home, "token"))
	if err != nil {
		t.Fatal(err)
	}
	set.Node = n
	s := api.New(set)
	f := &face{node: n, public: httptest.NewServer(s.Public()), admin: httptest.NewServer(s.Admin()), token: strings.TrimSpace(string(token))}
	t.Cleanup(func() {
		f.public.Close()
		f.admin.Close()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func send(t testing.TB, method, url string, body io.Reader, edit func(*http.Request)) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(r)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t testing.TB, res *http.Response) reply {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, b}
}

func get(t testing.TB, url string) reply { return send(t, http.MethodGet, url, nil, nil) }

func post(t testing.TB, url, body string) reply {
	return send(t, http.MethodPost, url, strings.NewReader(body), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
	})
}

// op runs an operation as the holder of the token.
func (f *face) op(t testing.TB, name string, in, out any) reply {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := send(t, http.MethodPost, f.admin.URL+"/ops/"+name, bytes.NewReader(b), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+f.token)
	})
	if out == nil {
		return r
	}
	if r.status != http.StatusOK {
		t.Fatalf("%s: %d %s", name, r.status, r.body)
	}
	if err := json.Unmarshal(r.body, out); err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *face) info(t testing.TB) (info node.Info) {
	t.Helper()
	f.op(t, node.OpInfo, node.Empty{}, &info)
	return info
}

func (f *face) issue(t testing.TB) node.IssueResponse {
	t.Helper()
	var out node.IssueResponse
	f.op(t, node.OpIssue, node.IssueRequest{Credential: credential.Micro{Title: "Data Literacy",
		Holder: credential.Holder{Name: "Ana Andromeda"}, Place: credential.MicroPlace{Country: "ES"}}}, &out)
	return out
}

// problem is an error as it is told: a problem document with a hint and an
// exit code.
func problem(t testing.TB, r reply, status int) {
	t.Helper()
	var p struct {
		Type, Title, Hint string
		Status, ExitCode  int
	}
	if r.status != status {
		t.Errorf("status %d, want %d: %.300s", r.status, status, r.body)
	}
	if ct := r.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q: %.300s", ct, r.body)
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%v: %.300s", err, r.body)
	}
	if p.Status != r.status || p.Type == "" || p.Title == "" || p.Hint == "" || p.ExitCode < 1 || p.ExitCode > 4 {
		t.Errorf("incomplete problem: %s", r.body)
	}
}

// raw sends a request line as it stands, which no client would.
func raw(t testing.TB, server *httptest.Server, target string) reply {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET "+target+" HTTP/1.1\r\nHost: node.example\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.60s: %v", target, err)
	}
	return read(t, res)
}
