package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/api"
	"github.com/bonafide-id/bonafide/node"
)

// listFace is a node that has published one pair of lists.
func listFace(t *testing.T) *face {
	t.Helper()
	f := newFace(t, "university.example", func(c *node.Config, _ *api.Config) { c.Cadence = "10m" })
	f.issue(t)
	f.op(t, node.OpPublish, node.PublishRequest{}, new(node.PublishResponse))
	return f
}

// ask gets a path with headers, in the order name, value.
func (f *face) ask(t *testing.T, method, path string, headers ...string) reply {
	t.Helper()
	return send(t, method, f.public.URL+path, nil, func(r *http.Request) {
		r.Header.Set("Accept-Encoding", "identity")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
	})
}

func TestListsByAccept(t *testing.T) {
	f := listFace(t)
	const jwt, cwt, vc, ld, js = "application/statuslist+jwt", "application/statuslist+cwt", "application/vc", "application/ld+json", "application/json"
	for _, c := range []struct{ path, accept, want string }{
		{"/status/1.jwt", "", jwt},
		{"/status/1.jwt", "*/*", jwt},
		{"/status/1.jwt", jwt, jwt},
		{"/status/1.jwt", cwt, cwt},
		{"/status/1.jwt", cwt + ";q=0.5, " + jwt, jwt},
		{"/status/1.jwt", cwt + ", " + jwt + ";q=0.5", cwt},
		{"/status/1.jwt", jwt + ";q=0, */*", cwt},
		{"/status/1.jwt", cwt + ";q=0, application/*", jwt},
		{"/status/1.jwt", cwt + ";q=x", jwt},
		{"/status/1.jwt", "text/html", jwt},
		{"/status/1.cwt", jwt, cwt},
		{"/status/1", "", vc},
		{"/status/1", vc, vc},
		{"/status/1", ld, ld},
		{"/status/1", js, js},
		{"/status/1", "text/html, */*;q=0.1", vc},
		{"/status/2", jwt, vc},
		{"/status/aggregation.json", "", js},
	} {
		r := f.ask(t, http.MethodGet, c.path, "Accept", c.accept)
		if r.status != http.StatusOK || r.header.Get("Content-Type") != c.want {
			t.Errorf("%s with %q: %d %s, want %s", c.path, c.accept, r.status, r.header.Get("Content-Type"), c.want)
		}
		if is := r.header.Get("Content-Type"); (is == cwt) != (r.body[0] == 0xd2) || (is == jwt) != bytes.HasPrefix(r.body, []byte("eyJ")) {
			t.Errorf("%s with %q: %s begins with %.10q", c.path, c.accept, is, r.body)
		}
		for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "Accept, Accept-Encoding", "Access-Control-Expose-Headers": "ETag"} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", c.path, name, got)
			}
		}
	}
	var all struct {
		Lists []string `json:"status_lists"`
	}
	if err := json.Unmarshal(f.ask(t, http.MethodGet, "/status/aggregation.json").body, &all); err != nil || len(all.Lists) != 1 || !strings.HasSuffix(all.Lists[0], "/status/1.jwt") {
		t.Errorf("%v %v", all, err)
	}
	if r := f.ask(t, http.MethodGet, "/status/3.jwt", "Accept", cwt); r.status != http.StatusNotFound {
		t.Errorf("a list that is not there: %d", r.status)
	}
}

// A token list that was begun elsewhere is given out under its old URI, which may
// have any name, in both forms.
func TestTokenListOfElsewhere(t *testing.T) {
	f := listFace(t)
	const jwt, cwt = "application/statuslist+jwt", "application/statuslist+cwt"
	f.op(t, node.OpStatusImport, node.ImportListRequest{URL: "https://old.example/tokens/7", Format: "token", Statuses: "1,revoked\n2,suspended\n"}, new(node.ImportListResponse))
	f.op(t, node.OpPublish, node.PublishRequest{}, new(node.PublishResponse))
	for _, c := range []struct{ host, accept, want string }{
		{"old.example", "", jwt},
		{"old.example", jwt, jwt},
		{"old.example", cwt, cwt},
		{"new.example", jwt, ""},
	} {
		r := send(t, http.MethodGet, f.public.URL+"/tokens/7", nil, func(r *http.Request) {
			r.Host = c.host
			r.Header.Set("Accept", c.accept)
		})
		if (r.status == http.StatusOK) != (c.want != "") || c.want != "" && r.header.Get("Content-Type") != c.want {
			t.Errorf("%s with %q: %d %s, want %s", c.host, c.accept, r.status, r.header.Get("Content-Type"), c.want)
		}
	}
}

// Caches: the ttl of the lists, one tag per form and coding, conditional requests.
func TestListsInCaches(t *testing.T) {
	f := listFace(t)
	tags := map[string]string{}
	for _, c := range []struct{ name, path, accept, coding string }{
		{"JWT", "/status/1.jwt", "", "identity"},
		{"JWT in gzip", "/status/1.jwt", "", "br, gzip;q=0.3"},
		{"CWT", "/status/1.jwt", "application/statuslist+cwt", "gzip"},
		{"the W3C's", "/status/1", "", "gzip;q=0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := f.ask(t, http.MethodGet, c.path, "Accept", c.accept, "Accept-Encoding", c.coding)
			tag := r.header.Get("ETag")
			if other, twice := tags[tag]; tag == "" || twice {
				t.Errorf("tag %s is that of %s too", tag, other)
			}
			tags[tag] = c.name
			if got := r.header.Get("Cache-Control"); got != "public, max-age=600" {
				t.Errorf("Cache-Control %s, and the lists have a ttl of 10 min", got)
			}
			head := f.ask(t, http.MethodHead, c.path, "Accept", c.accept, "Accept-Encoding", c.coding)
			if len(head.body) > 0 || head.header.Get("Content-Length") != strconv.Itoa(len(r.body)) || head.header.Get("ETag") != tag {
				t.Errorf("HEAD: %d bytes, %v", len(head.body), head.header)
			}
			again := f.ask(t, http.MethodGet, c.path, "Accept", c.accept, "Accept-Encoding", c.coding, "If-None-Match", `"x", W/`+tag)
			if again.status != http.StatusNotModified || len(again.body) > 0 || again.header.Get("Cache-Control") == "" || again.header.Get("Vary") == "" {
				t.Errorf("with its tag: %d, %d bytes", again.status, len(again.body))
			}
		})
	}
	for tag, name := range tags {
		if r := f.ask(t, http.MethodGet, "/status/1.jwt", "If-None-Match", tag); (r.status == http.StatusNotModified) != (name == "JWT") {
			t.Errorf("the tag of %s for the JWT: %d", name, r.status)
		}
	}
	if got := f.ask(t, http.MethodGet, "/bonafide/head").header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("the head: %s", got)
	}
}

func TestListsInGzip(t *testing.T) {
	f := listFace(t)
	for _, c := range []struct {
		path, coding string
		want         bool
	}{
		{"/bonafide/history", "gzip", false}, // a few bytes
		{"/.well-known/did.json", "gzip", true},
		{"/status/1", "gzip", true},
		{"/status/1", "*", true},
		{"/status/1", "deflate", false},
		{"/status/1", "gzip;q=0", false},
		{"/status/1", "gzip;q=0, *", false},
		{"/status/1.cwt", "gzip", false},
	} {
		plain, r := f.ask(t, http.MethodGet, c.path), f.ask(t, http.MethodGet, c.path, "Accept-Encoding", c.coding)
		if plain.status != r.status {
			t.Errorf("%s: %d and %d", c.path, plain.status, r.status)
		}
		coded := r.header.Get("Content-Encoding") == "gzip"
		if plain.status == http.StatusOK && coded != c.want {
			t.Errorf("%s with %s: coded %v, %d bytes", c.path, c.coding, coded, len(plain.body))
		}
		if !coded {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, plain.body) {
			t.Errorf("%s: not the same in gzip: %v", c.path, err)
		}
	}
}

// What a browser asks first, and what is not answered.
func TestListsAsked(t *testing.T) {
	f := listFace(t)
	r := f.ask(t, http.MethodOptions, "/status/1.jwt", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match", "Origin", "https://wallet.example")
	if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "If-None-Match") {
		t.Errorf("%d %v", r.status, r.header)
	}
	problem(t, f.ask(t, http.MethodOptions, "/status/1.jwt"), http.StatusNotFound)
	for path, want := range map[string]int{
		"/status/1.jwt?time=1686925000": 501, "/status/1.cwt?time=1": 501, "/status/1?timestamp=2026-01-01T00%3A00%3A00Z": 501,
		"/status/1.jwt?x=1": 200, "/status/1.jwt?timestamp=1": 200, "/did.jsonl?time=1": 404,
	} {
		r := f.ask(t, http.MethodGet, path)
		if r.status != want {
			t.Errorf("%s: %d, want %d", path, r.status, want)
		}
		if want == http.StatusNotImplemented {
			problem(t, r, want)
		}
	}
}
