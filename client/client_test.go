package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// node is a listener that answers with one handler.
func node(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// untilGone answers nothing for as long as the client is there. The server
// notices that it left only once the request was read to its end.
func untilGone(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func must(t *testing.T, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestNew(t *testing.T) {
	c := must(t, Config{})
	if c.public.String() != "http://127.0.0.1:8480" || c.admin.String() != "http://127.0.0.1:8481" {
		t.Errorf("defaults: %s, %s", c.public, c.admin)
	}
	for _, bad := range []string{"127.0.0.1:8481", "ftp://x", "http://", "http://a@x", "http://x?y", "http://x#y", "http://x y"} {
		if _, err := New(Config{Admin: bad}); !errors.Is(err, ErrConfig) {
			t.Errorf("admin %q: %v", bad, err)
		}
		if _, err := New(Config{Public: bad}); !errors.Is(err, ErrConfig) {
			t.Errorf("public %q: %v", bad, err)
		}
	}
}

func TestDo(t *testing.T) {
	type answer struct{ Method, URI, Body, Auth, ContentType string }
	echo := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]string{"Method": name + " " + r.Method, "URI": r.RequestURI, "Body": string(b),
				"Auth": r.Header.Get("Authorization"), "ContentType": r.Header.Get("Content-Type")})
		}
	}
	c := must(t, Config{Public: node(t, echo("public")), Admin: node(t, echo("admin")) + "/", Token: "secret"})
	cases := []struct {
		name string
		call func(out any) error
		want answer
	}{
		{"public", func(out any) error {
			return c.Do(t.Context(), "GET", "/1.0/identifiers/did%3Aweb%3Ax?versionId=1", nil, out)
		}, answer{"public GET", "/1.0/identifiers/did%3Aweb%3Ax?versionId=1", "", "", ""}},
		{"public with a body", func(out any) error {
			return c.Do(t.Context(), "POST", "/credentials/verify", map[string]int{"a": 1}, out)
		}, answer{"public POST", "/credentials/verify", `{"a":1}`, "", "application/json"}},
		{"bytes as they are", func(out any) error { return c.Do(t.Context(), "POST", "/x", []byte(`{ "a":1}`), out) },
			answer{"public POST", "/x", `{ "a":1}`, "", "application/json"}},
		{"raw as it is", func(out any) error { return c.Do(t.Context(), "POST", "/x", json.RawMessage(`{ }`), out) },
			answer{"public POST", "/x", `{ }`, "", "application/json"}},
		{"operation by path", func(out any) error { return c.Do(t.Context(), "POST", "/ops/x", 1, out) },
			answer{"admin POST", "/ops/x", "1", "Bearer secret", "application/json"}},
		{"operation", func(out any) error { return c.Op(t.Context(), "status.revoke", map[string]bool{"now": true}, out) },
			answer{"admin POST", "/ops/status.revoke", `{"now":true}`, "Bearer secret", "application/json"}},
		{"operation without input", func(out any) error { return c.Op(t.Context(), "peers", nil, out) },
			answer{"admin POST", "/ops/peers", `{}`, "Bearer secret", "application/json"}},
		{"admin route", func(out any) error { return c.Admin(t.Context(), "GET", "/metrics", nil, out) },
			answer{"admin GET", "/metrics", "", "Bearer secret", ""}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			var got answer
			if err := k.call(&got); err != nil || got != k.want {
				t.Errorf("%+v, %v", got, err)
			}
			var raw json.RawMessage
			if err := k.call(&raw); err != nil || !strings.HasPrefix(string(raw), "{") {
				t.Errorf("raw: %s, %v", raw, err)
			}
			var b []byte
			if err := k.call(&b); err != nil || string(b) != string(raw) {
				t.Errorf("bytes: %s, %v", b, err)
			}
			if err := k.call(nil); err != nil {
				t.Errorf("dropped: %v", err)
			}
		})
	}
	for _, path := range []string{"", "x", "//evil.example/x", "/x#y", "/%zz"} {
		if err := c.Do(t.Context(), "GET", path, nil, nil); !errors.Is(err, ErrConfig) {
			t.Errorf("path %q: %v", path, err)
		}
	}
	if err := c.Do(t.Context(), "BAD METHOD", "/x", nil, nil); !errors.Is(err, ErrConfig) {
		t.Errorf("method: %v", err)
	}
	if err := c.Do(t.Context(), "POST", "/x", func() {}, nil); !errors.Is(err, ErrConfig) {
		t.Errorf("request that is no JSON: %v", err)
	}
}

func TestToken(t *testing.T) {
	url := node(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%q", r.Header.Get("Authorization")) })
	file := filepath.Join(t.TempDir(), "token")
	c := must(t, Config{Public: url, Admin: url, TokenFile: file})
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Op(t.Context(), "x", nil, nil); !errors.Is(err, ErrToken) {
		t.Errorf("absent: %v", err)
	}
	for _, bad := range []string{"", " \n", "a b", "a\nb", "ä", strings.Repeat("a", maxTokenBytes+1)} {
		write(bad)
		if err := c.Op(t.Context(), "x", nil, nil); !errors.Is(err, ErrToken) || (bad != "" && len(bad) < 9 && strings.Contains(err.Error(), "a b")) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	for _, good := range []string{"one\n", "two"} { // read anew each time
		write(good)
		var got string
		if err := c.Op(t.Context(), "x", nil, &got); err != nil || got != "Bearer "+strings.TrimSpace(good) {
			t.Errorf("%q, %v", got, err)
		}
	}
	var got string
	if err := c.Do(t.Context(), "GET", "/x", nil, &got); err != nil || got != "" {
		t.Errorf("the public listener was sent %q, %v", got, err)
	}
}

func TestProblem(t *testing.T) {
	full := `{"type":"https://www.w3.org/ns/did#NOT_FOUND","title":"Not found","status":200,"detail":"no such\u001b[31m DID","hint":"Follow it.","exitCode":3,"more":1}`
	cases := []struct {
		name, contentType, body string
		status                  int
		want                    Problem
		text, hint              string
	}{
		{"full", "application/problem+json; charset=utf-8", full, 404,
			Problem{"https://www.w3.org/ns/did#NOT_FOUND", "Not found", 404, "no such\x1b[31m DID", "Follow it.", 3},
			"node: Not found: no such [31m DID (status 404)", "Follow it."},
		{"no hint", "application/json", `{"title":"T","detail":"D"}`, 400, Problem{Title: "T", Status: 400, Detail: "D"},
			"node: T: D (status 400)", ErrProblem.Hint()},
		{"not JSON", "text/html", `<h1>no</h1>`, 502, Problem{Title: "Bad Gateway", Status: 502}, "node: Bad Gateway (status 502)", ErrProblem.Hint()},
		{"JSON that is none", "application/problem+json", `{"title":"half`, 500, Problem{Title: "Internal Server Error", Status: 500},
			"node: Internal Server Error (status 500)", ErrProblem.Hint()},
		{"of another shape", "application/problem+json", `{"title":"x","exitCode":"no"}`, 500, Problem{Title: "Internal Server Error", Status: 500},
			"node: Internal Server Error (status 500)", ErrProblem.Hint()},
		{"empty", "", "", 401, Problem{Title: "Unauthorized", Status: 401}, "node: Unauthorized (status 401)", ErrProblem.Hint()},
		{"redirect", "", "", 302, Problem{Title: "Found", Status: 302}, "node: Found (status 302)", ErrProblem.Hint()},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			c := must(t, Config{Admin: node(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/ops/x" {
					t.Errorf("followed to %s", r.URL)
				}
				w.Header().Set("Content-Type", k.contentType)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(k.status)
				io.WriteString(w, k.body)
			})})
			for kind, err := range map[string]error{
				"op":     c.Op(t.Context(), "x", nil, nil),
				"stream": c.Stream(t.Context(), "x", nil, func(json.RawMessage) error { t.Error("a line"); return nil }),
			} {
				var p *Problem
				if !errors.As(err, &p) || *p != k.want {
					t.Fatalf("%s: %+v", kind, err)
				}
				if !errors.Is(err, ErrProblem) || err.Error() != k.text || hint.Of(err) != k.hint {
					t.Errorf("%s: %q, hint %q", kind, err, hint.Of(err))
				}
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	c := must(t, Config{Admin: url, Token: "secret"})
	err = c.Op(t.Context(), "private-name", nil, nil)
	if !errors.Is(err, ErrUnreachable) || hint.Of(err) != ErrUnreachable.Hint() {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "private-name") {
		t.Errorf("says too much: %v", err)
	}
	t.Run("broken off", func(t *testing.T) {
		c := must(t, Config{Admin: node(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
		})})
		if err := c.Op(t.Context(), "x", nil, nil); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("never answers", func(t *testing.T) {
		c := must(t, Config{Timeout: time.Millisecond, Admin: node(t, untilGone)})
		if err := c.Op(t.Context(), "x", nil, nil); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := must(t, Config{Admin: node(t, func(w http.ResponseWriter, r *http.Request) { cancel(); untilGone(w, r) })})
		if err := c.Op(ctx, "x", nil, nil); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
			t.Errorf("%v", err)
		}
	})
}

func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	t.Setenv("NO_PROXY", "")
	// net/http never uses a proxy for loopback, so the setting itself is
	// looked at.
	if c := must(t, Config{}); c.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy function is set")
	}
}

func TestCaps(t *testing.T) {
	send := func(n int, announce bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if !announce {
				w.(http.Flusher).Flush()
			}
			io.WriteString(w, `"`+strings.Repeat("a", n-2)+`"`)
		}
	}
	for _, k := range []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"at the cap", send(100, true), nil},
		{"over, announced", send(101, true), ErrTooLarge},
		{"over, not announced", send(101, false), ErrTooLarge},
		{"over, in a problem", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(400); send(101, false)(w, r) }, ErrTooLarge},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, ErrAnswer},
		{"two values", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `"a" "b"`) }, ErrAnswer},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, ErrAnswer},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := must(t, Config{MaxBytes: 100, Admin: node(t, k.handler)})
			var out string
			if err := c.Op(t.Context(), "x", nil, &out); !errors.Is(err, k.want) {
				t.Errorf("%v, want %v", err, k.want)
			}
		})
	}
}

func TestStream(t *testing.T) {
	stop := errors.New("enough")
	cases := []struct {
		name, contentType, body string
		each                    func(json.RawMessage) error
		lines                   int
		want                    error
	}{
		{"lines", ndjson, "{\"a\":1}\n\n  {\"b\":2} \r\n3\n", nil, 3, nil},
		{"none", ndjson, "", nil, 0, nil},
		{"with parameters", ndjson + "; charset=utf-8", "1\n", nil, 1, nil},
		{"one plain answer", "application/json", " {\"a\":1}\n", nil, 1, nil},
		{"plain and not JSON", "application/json", "x", nil, 0, ErrAnswer},
		{"page", "text/html", "<html>", nil, 0, ErrAnswer},
		{"line that is no JSON", ndjson, "1\n{\n3\n", nil, 1, ErrAnswer},
		{"unfinished line", ndjson, "1\n12", nil, 1, ErrUnreachable},
		{"line over the cap", ndjson, "1\n\"" + strings.Repeat("a", 5000) + "\"\n", nil, 1, ErrTooLarge},
		{"problem at the end", ndjson, "1\n{\"problem\":{\"title\":\"T\",\"status\":409,\"exitCode\":1}}\n3\n", nil, 1, ErrProblem},
		{"caller stops", ndjson, "1\n2\n", func(json.RawMessage) error { return stop }, 1, stop},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			c := must(t, Config{MaxBytes: 4096, Token: "secret", Admin: node(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/ops/demo" {
					t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
				}
				w.Header().Set("Content-Type", k.contentType)
				io.WriteString(w, k.body)
			})})
			n := 0
			err := c.Stream(t.Context(), "demo", nil, func(line json.RawMessage) error {
				n++
				if !json.Valid(line) {
					t.Errorf("line %q", line)
				}
				if k.each != nil {
					return k.each(line)
				}
				return nil
			})
			if !errors.Is(err, k.want) || n != k.lines {
				t.Errorf("%d lines, %v", n, err)
			}
			var p *Problem
			if errors.As(err, &p) && (p.Status != 409 || p.ExitCode != 1) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// TestStreamComesAsItIs: a line reaches the caller before the next is sent.
func TestStreamComesAsItIs(t *testing.T) {
	next := make(chan struct{})
	c := must(t, Config{Admin: node(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ndjson)
		for i := range 3 {
			fmt.Fprintln(w, i)
			w.(http.Flusher).Flush()
			<-next
		}
	})})
	n := 0
	err := c.Stream(t.Context(), "x", nil, func(json.RawMessage) error { n++; next <- struct{}{}; return nil })
	if err != nil || n != 3 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestStreamCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := must(t, Config{Timeout: 1 /* ns: does not apply */, Admin: node(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ndjson)
		fmt.Fprintln(w, 1)
		w.(http.Flusher).Flush()
		untilGone(w, r)
	})})
	err := c.Stream(ctx, "x", nil, func(json.RawMessage) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzProblem(f *testing.F) {
	f.Add(404, "application/problem+json", []byte(`{"title":"x","status":1}`))
	f.Add(500, "text/plain", []byte("\x1b[2J"))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		p := problemOf(status, contentType, body)
		if p.Status != status {
			t.Fatalf("status %d became %d", status, p.Status)
		}
		if strings.ContainsFunc(p.Error(), func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			t.Fatalf("control character in %q", p.Error())
		}
	})
}
