package did

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseURL(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want URL
	}{
		"DID":              {"did:example:123", URL{DID: "did:example:123", Method: "example", ID: "123"}},
		"method of digits": {"did:3:k", URL{DID: "did:3:k", Method: "3", ID: "k"}},
		"colons":           {"did:web:a.b%3A80:c", URL{DID: "did:web:a.b%3A80:c", Method: "web", ID: "a.b%3A80:c"}},
		"empty part":       {"did:x::a", URL{DID: "did:x::a", Method: "x", ID: ":a"}},
		"all":              {"did:x:y/p/q;r?a=b&c#d/e?f", URL{DID: "did:x:y", Method: "x", ID: "y", Path: "/p/q;r", Query: "a=b&c", Fragment: "d/e?f"}},
		"fragment":         {"did:x:y#key-1", URL{DID: "did:x:y", Method: "x", ID: "y", Fragment: "key-1"}},
		"query":            {"did:x:y?versionId=1", URL{DID: "did:x:y", Method: "x", ID: "y", Query: "versionId=1"}},
		"slash in query":   {"did:x:y?a=/b", URL{DID: "did:x:y", Method: "x", ID: "y", Query: "a=/b"}},
		"encoded":          {"did:x:y/%C3%a4?%20#%2F", URL{DID: "did:x:y", Method: "x", ID: "y", Path: "/%C3%a4", Query: "%20", Fragment: "%2F"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseURL(tc.in)
			if err != nil || got != tc.want || got.String() != tc.in {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	for name, tc := range map[string]struct {
		in  string
		did bool // the DID itself is wrong
	}{
		"empty": {"", true}, "not a DID": {"https://a.example", true}, "scheme in upper case": {"DID:x:y", true},
		"method in upper case": {"did:Web:a.b", true}, "no method": {"did::y", true}, "no identifier": {"did:x:", true},
		"method only": {"did:x", true}, "hyphen in the method": {"did:x-y:z", true}, "colon at the end": {"did:x:y:", true},
		"half an encoding": {"did:x:y%2", true}, "no hex": {"did:x:y%g0", true}, "tilde": {"did:x:y~", true},
		"space": {"did:x:y z", true}, "letters beyond ASCII": {"did:x:ä", true}, "at sign": {"did:x:@", true},
		"space in the path": {"did:x:y/a b", false}, "backslash in the path": {"did:x:y/a\\b", false},
		"half an encoding in the query": {"did:x:y?a=%2", false}, "two fragments": {"did:x:y#a#b", false},
		"quote in the fragment": {`did:x:y#"`, false}, "too long": {"did:x:" + strings.Repeat("a", 2048), true},
		"bracket in the query": {"did:x:y?a[]=1", false}, "NUL": {"did:x:y\x00", true},
	} {
		t.Run("not "+name, func(t *testing.T) {
			_, err := ParseURL(tc.in)
			if !errors.Is(err, ErrInvalidURL) || errors.Is(err, ErrInvalid) != tc.did {
				t.Errorf("%v", err)
			}
			if want := map[bool]string{true: "INVALID_DID", false: "INVALID_DID_URL"}[tc.did]; Code(err) != want {
				t.Errorf("code %s", Code(err))
			}
		})
	}
	for _, s := range []string{"did:x:y#a", "did:x:y?a", "did:x:y/a", strings.Repeat("a", 3000)} {
		if _, err := Parse(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s is no bare DID: %v", s, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"did:example:123/a?b#c", "did:web:a%3A1:b", "did:x:y?", "did:x:y#", "did:x:%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			return
		}
		again, err := ParseURL(u.String())
		if err != nil || again != u {
			t.Errorf("%q -> %+v -> %+v, %v", s, u, again, err)
		}
		if !strings.HasPrefix(s, u.DID) || u.DID != "did:"+u.Method+":"+u.ID {
			t.Errorf("%q -> %+v", s, u)
		}
	})
}

func TestParseOptions(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for query, want := range map[string]Options{
		"": {}, "versionId=1-Qm": {VersionID: "1-Qm"}, "versionTime=2026-01-31T12:00:00Z": {VersionTime: at},
		"versionTime=2026-01-31T12%3A00%3A00Z": {VersionTime: at}, "versionNumber=7": {VersionNumber: 7},
		"noCache=true": {NoCache: true}, "noCache=false&versionNumber=1": {VersionNumber: 1}, "service=files&relativeRef=%2Fa": {},
	} {
		got, rest, err := ParseOptions(query)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", query, got, err)
		}
		if strings.HasPrefix(query, "service") && (rest["service"] != "files" || rest["relativeRef"] != "/a") {
			t.Errorf("%q: %v", query, rest)
		}
	}
	for query, want := range map[string]error{
		"versionId=":                                   ErrOptions,
		"versionTime=2026-01-31":                       ErrOptions,
		"versionTime=2026-01-31T12:00:00":              ErrOptions,
		"versionTime=2026-01-31T12:00:00.5Z":           ErrOptions,
		"versionTime=2026-01-31T12:00:00%2B01:00":      ErrOptions,
		"versionNumber=0":                              ErrOptions,
		"versionNumber=-1":                             ErrOptions,
		"versionNumber=01":                             ErrOptions,
		"versionNumber=99999999999":                    ErrOptions,
		"noCache=yes":                                  ErrOptions,
		"versionId=1&versionNumber=1":                  ErrOptions,
		"versionId=1&versionId=1":                      ErrInvalidURL,
		"a=1&a=2":                                      ErrInvalidURL,
		"a=%zz":                                        ErrInvalidURL,
		"versionTime=2026-01-31T12:00:00Z&versionId=1": ErrOptions,
	} {
		if _, _, err := ParseOptions(query); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", query, err, want)
		}
	}
}

func TestPlace(t *testing.T) {
	for in, folder := range map[string]string{
		"example.com": "https://example.com/", "EXAMPLE.com%3a80:a%20b": "https://example.com:80/a%20b/",
	} {
		p, err := ParsePlace(in)
		if err != nil || p.FolderURL() != folder {
			t.Errorf("%s: %s, %v", in, p.FolderURL(), err)
		}
		again, err := ParsePlace(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%s: %v", p, err)
		}
	}
	for _, in := range []string{"", "localhost", "127.0.0.1", "a.b:", "a.b:..", "a.b%3A0", "a.b%3Ax", "[::1]", "a.b:%2F"} {
		if _, err := ParsePlace(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
