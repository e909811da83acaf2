package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// server answers from memory and remembers what it was asked.
type server struct {
	files map[string]string
	err   error
	asked []string
}

func (s *server) Get(_ context.Context, url, _ string, max int64) ([]byte, error) {
	s.asked = append(s.asked, fmt.Sprintf("%s %d", url, max))
	if s.err != nil {
		return nil, s.err
	}
	body, ok := s.files[url]
	if !ok {
		return nil, fmt.Errorf("%w: %s", fetch.ErrNotFound, url)
	}
	return []byte(body), nil
}

func TestResolve(t *testing.T) {
	for name, url := range map[string]string{
		"did:web:example.com":                       "https://example.com/.well-known/did.json",
		"did:web:example.com:user:alice":            "https://example.com/user/alice/did.json",
		"did:web:example.com%3A3000:user:alice":     "https://example.com:3000/user/alice/did.json",
		"did:web:example.com%3A3000":                "https://example.com:3000/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user%20b:%C3%A4": "https://w3c-ccg.github.io/user%20b/%C3%A4/did.json",
	} {
		s := &server{files: map[string]string{url: `{"id":"` + name + `"}`}}
		res, err := New(s).Resolve(t.Context(), name, did.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !res.LowAssurance || res.OriginProven || res.Document.ID() != name {
			t.Errorf("%+v", res)
		}
		if len(s.asked) != 1 || s.asked[0] != fmt.Sprintf("%s %d", url, MaxDocument) {
			t.Errorf("asked %q", s.asked)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	const url = "https://example.com/.well-known/did.json"
	good := "did:web:example.com"
	broken := errors.New("broken pipe")
	for desc, tc := range map[string]struct {
		did, body string
		err       error
		opt       did.Options
		want      error
		silent    bool // nothing may be fetched
	}{
		"other method":         {did: "did:key:z6Mk", want: did.ErrMethod, silent: true},
		"IPv4":                 {did: "did:web:127.0.0.1", want: did.ErrInvalid, silent: true},
		"IPv4 encoded":         {did: "did:web:127%2E0%2E0%2E1", want: did.ErrInvalid, silent: true},
		"localhost":            {did: "did:web:localhost%3A8080", want: did.ErrInvalid, silent: true},
		"path climbs":          {did: "did:web:example.com:..", want: did.ErrInvalid, silent: true},
		"empty segment":        {did: "did:web:example.com::a", want: did.ErrInvalid, silent: true},
		"a DID URL":            {did: "did:web:example.com#x", want: did.ErrInvalid, silent: true},
		"version":              {did: good, opt: did.Options{VersionNumber: 1}, want: did.ErrFeature, silent: true},
		"two versions":         {did: good, opt: did.Options{VersionNumber: 1, VersionID: "1"}, want: did.ErrOptions, silent: true},
		"absent":               {did: "did:web:other.example", want: did.ErrNotFound},
		"unreachable":          {did: good, err: broken, want: did.ErrUnavailable},
		"unreachable, cause":   {did: good, err: broken, want: broken},
		"not JSON":             {did: good, body: "<html>", want: strictjson.ErrSyntax},
		"duplicate member":     {did: good, body: `{"id":"did:web:example.com","id":"did:web:example.com"}`, want: strictjson.ErrDuplicate},
		"list":                 {did: good, body: `[]`, want: did.ErrDocument},
		"no id":                {did: good, body: `{}`, want: did.ErrDocument},
		"another id":           {did: good, body: `{"id":"did:web:evil.example"}`, want: did.ErrDocument},
		"id in another case":   {did: good, body: `{"id":"did:web:Example.com"}`, want: did.ErrDocument},
		"id with a fragment":   {did: good, body: `{"id":"did:web:example.com#x"}`, want: did.ErrDocument},
		"more than was wanted": {did: good, body: `{"id":"did:web:example.com"}` + strings.Repeat(" ", MaxDocument), want: did.ErrDocument},
	} {
		t.Run(desc, func(t *testing.T) {
			s := &server{files: map[string]string{url: tc.body}, err: tc.err}
			res, err := New(s).Resolve(t.Context(), tc.did, tc.opt)
			if res != nil || !errors.Is(err, tc.want) {
				t.Errorf("%v, %v", res, err)
			}
			if tc.silent && len(s.asked) > 0 {
				t.Errorf("asked %q", s.asked)
			}
		})
	}
	if _, err := New(nil).Resolve(t.Context(), good, did.Options{}); !errors.Is(err, did.ErrUnavailable) {
		t.Error(err)
	}
	if got, err := URL(good); got != url || err != nil {
		t.Error(got, err)
	}
}

// A document on an upper-case host is that of another identifier: the URL is
// the same, the name is not.
func TestNameIsExact(t *testing.T) {
	s := &server{files: map[string]string{"https://example.com/.well-known/did.json": `{"id":"did:web:example.com"}`}}
	if _, err := New(s).Resolve(t.Context(), "did:web:EXAMPLE.com", did.Options{}); !errors.Is(err, did.ErrDocument) {
		t.Error(err)
	}
}
