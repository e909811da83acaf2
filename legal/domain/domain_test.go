package domain

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

const origin = "https://uni.example"

func now() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

func options() credential.Options {
	return credential.Options{Resolver: did.Registry{"key": didkey.Resolver()}, At: now()}
}

// owner is somebody with a key.
type owner struct {
	private key.Private
	did     string
}

func newOwner(t testing.TB) owner {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return owner{k, k.Public().DIDKey()}
}

func (o owner) method() string { return o.did + "#" + strings.TrimPrefix(o.did, "did:key:") }

// link signs one in both forms after a change.
func (o owner) link(t testing.TB, edit func(*Link)) (embedded map[string]any, token string) {
	t.Helper()
	l := Link{DID: o.did, Origin: origin, From: now().Add(-time.Hour), Until: now().Add(time.Hour)}
	if edit != nil {
		edit(&l)
	}
	embedded, token, err := l.Sign(t.Context(), o.private, o.method())
	if err != nil {
		t.Fatal(err)
	}
	return embedded, token
}

func file(t testing.TB, links ...any) []byte {
	t.Helper()
	b, err := Configuration(links)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Both forms link; each rule broken in one way does not.
func TestCheck(t *testing.T) {
	me, other := newOwner(t), newOwner(t)
	tree, token := me.link(t, nil)
	strange, strangeToken := other.link(t, nil)
	one := func(edit func(*Link)) (forms [][]byte) {
		a, b := me.link(t, edit)
		return [][]byte{file(t, a), file(t, b)}
	}
	changed := func(edit func(m map[string]any)) []byte {
		var m map[string]any
		b, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		edit(m)
		return file(t, m)
	}
	for _, c := range []struct {
		name  string
		files [][]byte
		want  error
	}{
		{"embedded", [][]byte{file(t, tree)}, nil},
		{"token", [][]byte{file(t, token)}, nil},
		{"behind another's", [][]byte{file(t, strange, strangeToken, token)}, nil},
		{"no JSON", [][]byte{[]byte("<html>")}, ErrConfiguration},
		{"another context", [][]byte{[]byte(`{"@context":"x","linked_dids":["` + token + `"]}`)}, ErrConfiguration},
		{"no list", [][]byte{[]byte(`{"@context":"` + Context + `"}`)}, ErrConfiguration},
		{"an empty list", [][]byte{file(t)}, ErrConfiguration},
		{"a number in the list", [][]byte{file(t, 1)}, ErrConfiguration},
		{"only another's", [][]byte{file(t, strange), file(t, strangeToken)}, ErrNotLinked},
		{"another origin", one(func(l *Link) { l.Origin = "https://other.example" }), ErrCredential},
		{"another port", one(func(l *Link) { l.Origin = origin + ":8443" }), ErrCredential},
		{"ended", one(func(l *Link) { l.Until = now().Add(-time.Minute) }), ErrCredential},
		{"not begun", one(func(l *Link) { l.From = now().Add(30 * time.Minute) }), ErrCredential},
		{"one letter of the origin", [][]byte{changed(func(m map[string]any) {
			m["credentialSubject"].(map[string]any)["origin"] = origin + "s"
		})}, ErrCredential},
		{"another type", [][]byte{changed(func(m map[string]any) { m["type"] = []any{"VerifiableCredential"} })}, ErrCredential},
		{"no proof", [][]byte{changed(func(m map[string]any) { delete(m, "proof") })}, ErrCredential},
		{"signature of another token", [][]byte{file(t, token[:strings.LastIndex(token, ".")]+strangeToken[strings.LastIndex(strangeToken, "."):])}, ErrCredential},
	} {
		for i, f := range c.files {
			l, err := Check(t.Context(), f, origin, func(d string) bool { return d == me.did }, options())
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s %d: %v, want %v", c.name, i, err, c.want)
			}
			if err == nil && (l.DID != me.did || l.Origin != origin || !l.Until.Equal(now().Add(time.Hour))) {
				t.Errorf("%s: %+v", c.name, l)
			}
		}
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"https://uni.example": origin, "uni.example": origin, "https://UNI.example/": origin, "https://uni.example:443": origin,
		"https://uni.example:8443": origin + ":8443", "http://uni.example": "", "https://uni.example/x": "", "https://uni.example?x": "",
		"https://u@uni.example": "", "": "", "https://": "", "uni.example/x": "",
	} {
		if got, err := Origin(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

// An issuer gains L2 by the origin that names it, and nothing where the origin is not
// to be asked, fails, or names somebody else.
func TestSource(t *testing.T) {
	me, other := newOwner(t), newOwner(t)
	_, mine := me.link(t, nil)
	_, theirs := other.link(t, nil)
	yes := func(context.Context) bool { return true }
	say := func(b []byte, err error) func(context.Context, string) ([]byte, error) {
		return func(context.Context, string) ([]byte, error) { return b, err }
	}
	doc, err := did.ParseDocument(map[string]any{"id": me.did, "service": []any{
		map[string]any{"id": "#d", "type": "LinkedDomains", "serviceEndpoint": map[string]any{"origins": []any{origin, "http://uni.example", 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		source Source
		edit   func(*legal.Request)
		level  legal.Level
		code   verdict.Code
	}{
		{"linked", Source{yes, say(file(t, mine), nil)}, nil, legal.L2, verdict.DomainLinked},
		{"by the document alone", Source{yes, say(file(t, mine), nil)}, func(q *legal.Request) { q.Domain, q.Document = "", doc }, legal.L2, verdict.DomainLinked},
		{"names somebody else", Source{yes, say(file(t, theirs), nil)}, nil, legal.L0, verdict.DomainClaimedOnly},
		{"never hosted", Source{yes, say(nil, errors.New("404"))}, nil, legal.L0, verdict.DomainClaimedOnly},
		{"not to be asked", Source{func(context.Context) bool { return false }, say(file(t, mine), nil)}, nil, legal.L0, verdict.DomainClaimedOnly},
		{"nobody to ask", Source{}, nil, legal.L0, verdict.DomainClaimedOnly},
		{"seen already", Source{yes, say(nil, errors.New("asked all the same"))}, func(q *legal.Request) { q.DomainProven = true }, legal.L2, verdict.DomainProven},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := legal.Request{Issuer: me.did, At: now(), Check: options(), Domain: "uni.example", Sources: []legal.Source{c.source}}
			if c.edit != nil {
				c.edit(&q)
			}
			id := legal.Assess(t.Context(), q)
			found := false
			for _, row := range id.Checks {
				found = found || row.Code == c.code && row.Params["domain"] == "uni.example"
			}
			if id.Level() != c.level || !found {
				t.Errorf("%s %+v", id.Level(), id.Checks)
			}
			row, _ := verdict.Verdict{Checks: id.Checks}.Worst(verdict.Issuer)
			if row.Result == verdict.Pass {
				t.Error("a domain says who somebody is in law")
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	me := newOwner(f)
	tree, token := me.link(f, nil)
	f.Add(file(f, tree))
	f.Add(file(f, token))
	f.Add([]byte(`{"@context":"` + Context + `","linked_dids":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := Check(t.Context(), b, "https://other.example", func(string) bool { return true }, options())
		if err == nil {
			t.Fatal("it links an origin that nobody signed for")
		}
	})
}
