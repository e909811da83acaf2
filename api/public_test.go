package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/api"
	"github.com/bonafide-id/bonafide/node"
)

// resolution holds an answer of /1.0/identifiers that is not a success to
// what DID Resolution says: an error object and no document.
func resolution(t testing.TB, r reply) {
	t.Helper()
	if ct := r.header.Get("Content-Type"); ct == "application/problem+json" {
		problem(t, r, r.status)
		return
	}
	var res struct {
		Document any `json:"didDocument"`
		Info     struct {
			Error *struct{ Type, Title string } `json:"error"`
		} `json:"didResolutionMetadata"`
	}
	if err := json.Unmarshal(r.body, &res); err != nil {
		t.Fatalf("status %d: %v: %.300s", r.status, err, r.body)
	}
	if res.Document != nil || res.Info.Error == nil || !strings.HasPrefix(res.Info.Error.Type, "https://www.w3.org/ns/did#") || res.Info.Error.Title == "" {
		t.Errorf("status %d: %.300s", r.status, r.body)
	}
}

const didKey = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

// Tricks with the path of an identifier: refused with a reason, never 500.
func TestIdentifierPaths(t *testing.T) {
	f := newFace(t, "university.example")
	own := f.info(t).Issuers[0].DID
	for _, good := range []string{didKey, strings.ReplaceAll(didKey, ":", "%3A"), "%64id:key:" + didKey[8:], own} {
		if r := raw(t, f.public, "/1.0/identifiers/"+good); r.status != 200 {
			t.Errorf("%s: %d %.300s", good, r.status, r.body)
		}
	}
	for _, c := range []struct {
		name, path string
		status     int
		bare       bool // net/http itself refuses
	}{
		{"nothing", "", 400, false},
		{"slash", "/", 400, false},
		{"no did", "nonsense", 400, false},
		{"only the scheme", "did:", 400, false},
		{"only the method", "did:key", 400, false},
		{"empty identifier", "did:key:", 400, false},
		{"path of a DID URL", didKey + "/whois", 400, false},
		{"encoded slash", didKey + "%2Fwhois", 400, false},
		{"slash encoded twice", didKey + "%252Fwhois", 400, false},
		{"dots before", "../identifiers/" + didKey, 400, false},
		{"dots after", didKey + "/..", 400, false},
		{"encoded dots", "%2e%2e/" + didKey, 400, false},
		{"dots and encoded slash", "..%2f..%2f" + didKey, 400, false},
		{"backslashes", `..\..\` + didKey, 400, false},
		{"encoded NUL", didKey + "%00", 400, false},
		{"encoded NUL in front", "%00" + didKey, 400, false},
		{"encoded line feed", didKey + "%0aX-Evil:%201", 400, false},
		{"encoded blank", didKey + "%20", 400, false},
		{"encoded fragment", didKey + "%23key", 400, false},
		{"fragment as it is", didKey + "#key", 400, false},
		{"encoded query", didKey + "%3FversionId=1", 400, false},
		{"not UTF-8", didKey + "%ff%fe", 400, false},
		{"letters of another script", "did:k%D0%B5y:x", 400, false},
		{"upper-case method", "did:KEY:" + didKey[8:], 400, false},
		{"encoded twice", strings.ReplaceAll(didKey, ":", "%253A"), 400, false},
		{"unfinished encoding within", "did:key:z%256", 400, false},
		{"too long", "did:key:z" + strings.Repeat("6", 4000), 400, false},
		{"too long in many parts", "did:web:" + strings.Repeat("a:", 2000) + "a", 400, false},
		{"no key", "did:key:z", 400, false},
		{"no JWK", "did:jwk:e30", 400, false},
		{"no SCID", "did:webvh:x:university.example", 400, false},
		{"no domain", "did:webvh:" + strings.Split(own, ":")[2], 400, false},
		{"unknown option twice", didKey + "?versionId=1&versionId=2", 400, false},
		{"contradicting options", own + "?versionId=1&versionNumber=2", 400, false},
		{"no version number", own + "?versionNumber=-1", 400, false},
		{"no time", own + "?versionTime=yesterday", 400, false},
		{"option badly encoded", didKey + "?versionId=%zz", 400, false},
		{"version that is not there", own + "?versionNumber=99", 404, false},
		{"bad encoding", didKey + "%zz", 400, true},
		{"encoding cut short", didKey + "%2", 400, true},
		{"NUL as it is", didKey + "\x00", 400, true},
		{"over the bound of headers", "did:key:z" + strings.Repeat("6", 2<<20), 431, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := raw(t, f.public, "/1.0/identifiers/"+c.path)
			if r.status != c.status {
				t.Errorf("status %d, want %d: %.300s", r.status, c.status, r.body)
			}
			if !c.bare {
				resolution(t, r)
			}
			if r.header.Get("X-Evil") != "" {
				t.Error("a header was smuggled")
			}
		})
	}
	// Supported by nobody here, and of somebody who is not here.
	for path, want := range map[string]int{"did:example:x": 501, "did:web:host.example": 502,
		"did:webvh:QmUvdmdcsVp9gTbEb3kXrGyWXMFFKqgWL9ijU7JmLYzxmz:a.example": 502, didKey + "?versionNumber=1": 501} {
		r := raw(t, f.public, "/1.0/identifiers/"+path)
		if r.status != want {
			t.Errorf("%s: status %d, want %d: %.300s", path, r.status, want, r.body)
		}
		resolution(t, r)
	}
	// These are refused before anybody is asked, also with the network on.
	open := newFace(t, "", func(c *node.Config, _ *api.Config) { c.Network = "replica-first" })
	for _, id := range []string{"did:web:127.0.0.1", "did:web:%255B%253A%253A1%255D", "did:web:user%2540host.example", "did:web:localhost",
		"did:web:host.example%253A99999", "did:webvh:QmUvdmdcsVp9gTbEb3kXrGyWXMFFKqgWL9ijU7JmLYzxmz:127.0.0.1",
		"did:webvh:QmUvdmdcsVp9gTbEb3kXrGyWXMFFKqgWL9ijU7JmLYzxmz:host.example:..:x"} {
		r := raw(t, open.public, "/1.0/identifiers/"+id)
		if r.status != 400 {
			t.Errorf("%s: status %d: %.300s", id, r.status, r.body)
		}
		resolution(t, r)
	}
}

// FuzzIdentifiersPath: whatever stands in the path, the router answers with a
// document or with a reason, and never by failing.
func FuzzIdentifiersPath(f *testing.F) {
	x := newFace(f, "university.example")
	h := api.New(api.Config{Node: x.node}).Public()
	for _, s := range []string{"", didKey, "did:key:%00", "..%2f..", didKey + "?versionId=1&versionId=2", "did:jwk:e30", "did:web:a%3A1:b",
		x.info(f).Issuers[0].DID, "did:webvh:QmUvdmdcsVp9gTbEb3kXrGyWXMFFKqgWL9ijU7JmLYzxmz:a.example?versionTime=2020-01-01T00:00:00Z", "%23", "%ff"} {
		f.Add(s, "application/did+json")
	}
	f.Fuzz(func(t *testing.T, path, accept string) {
		target := "/1.0/identifiers/" + path
		if strings.ContainsAny(target, " \r\n\t\v\f") {
			return // another request line
		}
		r, err := http.ReadRequest(newRequest(target))
		if err != nil {
			return // net/http refuses it
		}
		r.Header.Set("Accept", accept)
		r.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 500 {
			t.Fatalf("%q: %s", path, w.Body)
		}
		if w.Code >= 400 && w.Code != 410 {
			resolution(t, reply{w.Code, w.Header(), w.Body.Bytes()})
		} else if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q: status %d: %s", path, w.Code, w.Body)
		}
	})
}

func newRequest(target string) *bufio.Reader {
	return bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: node.example\r\n\r\n"))
}

// What is posted to be verified is counted, then read strictly; what cannot
// be a credential is a bad request and not a verdict.
func TestVerifyBodies(t *testing.T) {
	f := newFace(t, "university.example")
	good := f.issue(t).Credential
	var tree map[string]any
	if err := json.Unmarshal(good, &tree); err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) string {
		changed := map[string]any{}
		for k, v := range tree {
			changed[k] = v
		}
		changed[name] = value
		b, err := json.Marshal(map[string]any{"verifiableCredential": changed})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	url := f.public.URL + "/credentials/verify"
	var answer struct {
		Verified bool
		Verdict  json.RawMessage
	}
	r := post(t, url, `{"verifiableCredential":`+string(good)+`}`)
	if err := json.Unmarshal(r.body, &answer); r.status != 200 || err != nil || !answer.Verified {
		t.Fatalf("the credential as it was issued: %d %v %s", r.status, err, r.body)
	}
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"nothing", ``, 400},
		{"no JSON", `{`, 400},
		{"null", `null`, 400},
		{"list", `[]`, 400},
		{"text", `"x"`, 400},
		{"no member", `{}`, 400},
		{"member twice", `{"verifiableCredential":{},"verifiableCredential":{}}`, 400},
		{"more after it", `{"verifiableCredential":{}} x`, 400},
		{"not UTF-8", "{\"verifiableCredential\":{\"a\":\"\xff\"}}", 400},
		{"half a surrogate", `{"verifiableCredential":{"a":"\ud800"}}`, 400},
		{"credential is text", `{"verifiableCredential":"eyJ"}`, 400},
		{"credential is null", `{"verifiableCredential":null}`, 400},
		{"credential is a list", `{"verifiableCredential":[]}`, 400},
		{"credential is a number", `{"verifiableCredential":1}`, 400},
		{"too deep", `{"verifiableCredential":` + strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10001), 400},
		{"proof is null", with("proof", nil), 400},
		{"proof is text", with("proof", "x"), 400},
		{"proof is a list of nothing", with("proof", []any{}), 400},
		{"proof is a list of null", with("proof", []any{nil}), 400},
	} {
		t.Run(c.name, func(t *testing.T) { problem(t, post(t, url, c.body), c.status) })
	}
	// What has the form of a credential gets a verdict, and never a good one.
	for _, c := range []struct{ name, body string }{
		{"empty", `{"verifiableCredential":{}}`},
		{"proof is empty", with("proof", map[string]any{})},
		{"issuer is null", with("issuer", nil)},
		{"context is null", with("@context", nil)},
		{"subject is null", with("credentialSubject", nil)},
		{"status is null", with("credentialStatus", nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer.Verified = true
			r := post(t, url, c.body)
			if err := json.Unmarshal(r.body, &answer); err != nil || r.status != 200 || answer.Verified || len(answer.Verdict) == 0 {
				t.Errorf("%d %v %.300s", r.status, err, r.body)
			}
		})
	}
	for _, ct := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json", ";", "application/json, text/html"} {
		r := send(t, http.MethodPost, url, strings.NewReader(`{}`), func(r *http.Request) {
			if r.Header.Del("Content-Type"); ct != "" {
				r.Header.Set("Content-Type", ct)
			}
		})
		problem(t, r, 415)
	}
	problem(t, get(t, url), 405)
}

// Bodies over the bound end in 413, whether their length is told or not.
func TestBodyBounds(t *testing.T) {
	f := newFace(t, "")
	server := api.New(api.Config{Node: f.node})
	for _, c := range []struct {
		name, path string
		h          http.Handler
		most       int
	}{
		{"verify", "/credentials/verify", server.Public(), 10 << 20},
		{"issue", "/credentials/issue", server.Admin(), 10 << 20},
		{"operation", "/ops/" + node.OpVerify, server.Admin(), 60 << 20},
	} {
		for _, told := range []bool{true, false} {
			for _, over := range []int{0, 1} {
				t.Run(fmt.Sprintf("%s, %d over, length told %v", c.name, over, told), func(t *testing.T) {
					r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+c.path, io.LimitReader(blanks{}, int64(c.most+over)))
					r.ContentLength = -1
					if told {
						r.ContentLength = int64(c.most + over)
					}
					r.RemoteAddr = "127.0.0.1:1"
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer "+f.token)
					w := httptest.NewRecorder()
					c.h.ServeHTTP(w, r)
					problem(t, reply{w.Code, w.Header(), w.Body.Bytes()}, 400+13*over) // read, and no JSON; or not read
				})
			}
		}
	}
}

// blanks is white space without end.
type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// A client that asks more than its share is told to wait; others, this
// machine, and what costs nothing are not concerned.
func TestRate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := newFace(t, "")
	h := api.New(api.Config{Node: f.node, Rate: 1, Clock: func() time.Time { return now }}).Public()
	ask := func(from, path string) reply {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-For", "203.0.113."+strconv.Itoa(now.Nanosecond()%200))
		now = now.Add(time.Nanosecond)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return reply{w.Code, w.Header(), w.Body.Bytes()}
	}
	path := "/1.0/identifiers/" + didKey
	for i := range 10 {
		if r := ask("192.0.2.7:1000", path); r.status != 200 {
			t.Fatalf("request %d: %d %s", i+1, r.status, r.body)
		}
	}
	r := ask("192.0.2.7:1001", path)
	problem(t, r, 429)
	if s, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || s < 1 || s > 2 {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	for _, c := range []struct{ name, from, path string }{
		{"another client", "192.0.2.8:1000", path},
		{"this machine", "127.0.0.1:1000", path},
		{"a route that costs nothing", "192.0.2.7:1000", "/healthz"},
	} {
		if r := ask(c.from, c.path); r.status != 200 {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	now = now.Add(2 * time.Second)
	if r := ask("192.0.2.7:1000", path); r.status != 200 {
		t.Errorf("after the wait: %d %s", r.status, r.body)
	}
	// One IPv6 customer has a whole /64.
	for i := range 10 {
		ask("[2001:db8:1:2::"+strconv.Itoa(i+1)+"]:1", path)
	}
	problem(t, ask("[2001:db8:1:2:ffff::1]:1", path), 429)
	if r := ask("[2001:db8:1:3::1]:1", path); r.status != 200 {
		t.Errorf("the neighbour's /64: %d", r.status)
	}
}

func TestHealth(t *testing.T) {
	away := "/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWD4ceSH4GxzWK6VTRPMtnBaNTdfALUEz2RibgKATe3DNw"
	for _, c := range []struct {
		name, domain string
		edit         edit
		status       int
		reasons      int
	}{
		{"verifier", "", nil, 200, 0},
		{"issuer", "university.example", nil, 200, 0},
		{"test server for the web", "", func(c *node.Config, _ *api.Config) { c.DevHostMap = []string{"*=http://127.0.0.1:1"} }, 200, 1},
		{"issuer that has not read back its head", "university.example", func(c *node.Config, _ *api.Config) { c.Bootstrap = []string{away} }, 503, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			edits := []edit{}
			if c.edit != nil {
				edits = append(edits, c.edit)
			}
			f := newFace(t, c.domain, edits...)
			if r := get(t, f.public.URL+"/healthz"); r.status != 200 {
				t.Errorf("healthz: %d %s", r.status, r.body)
			}
			r := get(t, f.public.URL+"/readyz")
			var is struct {
				Ready   bool
				Reasons []string
			}
			if err := json.Unmarshal(r.body, &is); err != nil {
				t.Fatal(err)
			}
			if r.status != c.status || is.Ready != (c.status == 200) || len(is.Reasons) != c.reasons {
				t.Errorf("readyz: %d %s", r.status, r.body)
			}
		})
	}
}

// Own folders as a web server has them, with validators.
func TestFolders(t *testing.T) {
	f := newFace(t, "university.example")
	credential := f.issue(t)
	list := credential.Status[0].URL[strings.Index(credential.Status[0].URL, "/status/"):]
	for path, contentType := range map[string]string{"/.well-known/did.jsonl": "text/jsonl", "/.well-known/did.json": "application/did",
		list: "application/vc", "/bonafide/head": "application/json", "/bonafide/manifest": "application/jsonl", "/issuer.json": "application/json"} {
		t.Run(path, func(t *testing.T) {
			ask := func(method, match string) reply {
				return send(t, method, f.public.URL+path, nil, func(r *http.Request) {
					r.Host = "university.example"
					if match != "" {
						r.Header.Set("If-None-Match", match)
					}
				})
			}
			r := ask("GET", "")
			tag := r.header.Get("ETag")
			if r.status != 200 || len(r.body) == 0 || r.header.Get("Content-Type") != contentType || len(tag) < 10 {
				t.Fatalf("%d %v %.100s", r.status, r.header, r.body)
			}
			for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				if again := ask("GET", match); again.status != 304 || len(again.body) > 0 || again.header.Get("ETag") != tag {
					t.Errorf("If-None-Match %s: %d %v", match, again.status, again.header)
				}
			}
			for _, match := range []string{`"other"`, strings.Trim(tag, `"`), `"`} {
				if again := ask("GET", match); again.status != 200 || !bytes.Equal(again.body, r.body) {
					t.Errorf("If-None-Match %s: %d", match, again.status)
				}
			}
			if h := ask("HEAD", ""); h.status != 200 || len(h.body) > 0 || h.header.Get("Content-Length") != strconv.Itoa(len(r.body)) {
				t.Errorf("HEAD: %d %v", h.status, h.header)
			}
			problem(t, send(t, "POST", f.public.URL+path, nil, nil), 404)
		})
	}
	for _, path := range []string{"/", "/status/", "/status/999", "/status/../issuer.json", "/status/%2e%2e/issuer.json", "/.well-known/../issuer.json",
		"/did.jsonl", "/token", "/keys/online.age", "/..%2ftoken", "/%00", "/bonafide/bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"} {
		problem(t, raw(t, f.public, path), 404)
	}
}

// A plain verifier does not tell whom it has looked at: the watcher's routes
// give out what is followed and nothing else.
func TestWatcherGivesOutWhatIsFollowed(t *testing.T) {
	f := newFace(t, "")
	other := newFace(t, "university.example")
	is := other.info(t).Issuers[0]
	log := raw(t, other.public, "/.well-known/did.jsonl").body
	f.op(t, node.OpImportLog, node.ImportRequest{Log: log}, &node.ImportResponse{})
	url := f.public.URL + "/watcher/log?scid=" + is.Subject
	if r := get(t, url); r.status != 200 || !bytes.Equal(r.body, log) {
		t.Fatalf("followed: %d %s", r.status, r.body)
	}
	f.op(t, node.OpUnfollow, node.FollowRequest{DID: is.DID}, &node.FollowResponse{})
	problem(t, get(t, url), 404)
	for _, q := range []string{"", "?scid=", "?scid=x", "?scid=%00", "?scid=" + strings.Repeat("Q", 5000)} {
		for _, route := range []string{"log", "witness"} {
			problem(t, get(t, f.public.URL+"/watcher/"+route+q), 404)
		}
	}
	for _, path := range []string{"", "../token", "/etc/passwd", "status/../x", "%00"} {
		problem(t, get(t, f.public.URL+"/watcher/resource?scid="+is.Subject+"&path="+path), 400)
	}
}
