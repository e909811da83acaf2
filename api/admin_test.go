package api_test

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/node"
)

// A request that is let in, and the same with one thing changed.
func TestAdminGuard(t *testing.T) {
	f := newFace(t, "")
	at := strings.TrimPrefix(f.admin.URL, "http://")
	port := at[strings.LastIndex(at, ":"):]
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"as it should be", func(*http.Request) {}, 200},
		{"by the name localhost", func(r *http.Request) { r.Host = "localhost" + port }, 200},
		{"by ::1", func(r *http.Request) { r.Host = "[::1]" + port }, 200},
		{"own origin", func(r *http.Request) { r.Header.Set("Origin", f.admin.URL) }, 200},
		{"charset named", func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200},

		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"empty token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401},
		{"wrong token", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+strings.Repeat("A", len(f.token)))
		}, 401},
		{"token cut short", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+f.token[:len(f.token)-1]) }, 401},
		{"token and more", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+f.token+"x") }, 401},
		{"another scheme", func(r *http.Request) { r.Header.Set("Authorization", "Basic "+f.token) }, 401},
		{"token in the query", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "access_token=" + f.token
		}, 401},
		{"token in a cookie", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Cookie", "token="+f.token)
		}, 401},
		{"foreign host", func(r *http.Request) { r.Host = "evil.example" + port }, 403},
		{"host that begins like ours", func(r *http.Request) { r.Host = "127.0.0.1.evil.example" + port }, 403},
		{"localhost of somebody", func(r *http.Request) { r.Host = "localhost.evil.example" + port }, 403},
		{"public address", func(r *http.Request) { r.Host = "192.0.2.1" + port }, 403},
		{"unspecified address", func(r *http.Request) { r.Host = "0.0.0.0" + port }, 403},
		{"foreign origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{"origin of a sandbox", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"another port's origin", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, 403},
		{"simple form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		{"plain text, as a form may send", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		{"multipart form", func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }, 415},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		{"compressed", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		{"no such operation", func(r *http.Request) { r.URL.Path = "/ops/nonsense" }, 404},
		{"no such path", func(r *http.Request) { r.URL.Path = "/nonsense" }, 404},
		{"get", func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"head", func(r *http.Request) { r.Method = http.MethodHead }, 405},
		{"put", func(r *http.Request) { r.Method = http.MethodPut }, 405},
		{"preflight", func(r *http.Request) { r.Method = http.MethodOptions }, 405},
		{"unknown member", func(r *http.Request) { body(r, `{"odd":1}`) }, 400},
		{"no object", func(r *http.Request) { body(r, `[1]`) }, 400},
		{"two objects", func(r *http.Request) { body(r, `{}{}`) }, 400},
		{"member twice", func(r *http.Request) { body(r, `{"odd":1,"odd":1}`) }, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := send(t, http.MethodPost, f.admin.URL+"/ops/"+node.OpInfo, strings.NewReader("{}"), func(r *http.Request) {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+f.token)
				c.change(r)
			})
			if r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("a page of another origin may read this")
			}
			if c.status == 200 {
				if r.status != 200 {
					t.Errorf("status %d: %s", r.status, r.body)
				}
				return
			}
			if c.name == "head" { // the answer to HEAD has no body
				if r.status != c.status || len(r.body) > 0 {
					t.Errorf("status %d, %d bytes", r.status, len(r.body))
				}
				return
			}
			problem(t, r, c.status)
			if strings.Contains(string(r.body), f.token) {
				t.Error("the answer carries the token")
			}
			if c.status == 401 && r.header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

func body(r *http.Request, s string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
}

// No operation runs by GET or without the token, whatever it is; nothing of
// the node has changed afterwards.
func TestNoChangeByGET(t *testing.T) {
	f := newFace(t, "university.example")
	before := f.info(t)
	withToken := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+f.token) }
	paths := []string{"/credentials/issue"}
	for _, o := range node.Ops() {
		paths = append(paths, "/ops/"+o.Name)
	}
	for _, p := range paths {
		problem(t, send(t, http.MethodGet, f.admin.URL+p, nil, withToken), 405)
		problem(t, post(t, f.admin.URL+p, "{}"), 401)
		// The public listener has none of them.
		if r := post(t, f.public.URL+p, "{}"); r.status != 404 && r.status != 405 {
			t.Errorf("POST %s on the public listener: %d", p, r.status)
		}
	}
	after := f.info(t)
	if !reflect.DeepEqual(before, after) {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// VC-API's way to issue needs the token as all else, and says what is wrong.
func TestIssueRoute(t *testing.T) {
	f := newFace(t, "university.example")
	do := func(s string) reply {
		return send(t, http.MethodPost, f.admin.URL+"/credentials/issue", strings.NewReader(s), func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+f.token)
		})
	}
	for name, s := range map[string]string{"nothing": `{}`, "null": `{"credential":null}`, "text": `{"credential":"x"}`,
		"number": `{"credential":1}`, "list": `{"credential":[]}`, "empty": `{"credential":{}}`} {
		t.Run(name, func(t *testing.T) { problem(t, do(s), 400) })
	}
}
