package webvh

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

func goodSCID() string { return key.HashMultikey("some entry") }

// Checklist 1.1: one identifier a row; each invalid one breaks one rule.
func TestParseID(t *testing.T) {
	s := goodSCID()
	long := strings.Repeat("a", 63)
	for name, tc := range map[string]struct {
		in, host string
		port     int
		path     []string
		normal   string // "" when the same as in
		log      string
	}{
		"domain":                {in: "example.com", host: "example.com", log: "https://example.com/.well-known/did.jsonl"},
		"subdomain":             {in: "issuer.example.com", host: "issuer.example.com", log: "https://issuer.example.com/.well-known/did.jsonl"},
		"path":                  {in: "example.com:dids:issuer", host: "example.com", path: []string{"dids", "issuer"}, log: "https://example.com/dids/issuer/did.jsonl"},
		"port":                  {in: "example.com%3A3000", host: "example.com", port: 3000, log: "https://example.com:3000/.well-known/did.jsonl"},
		"port in lower case":    {in: "example.com%3a3000", host: "example.com", port: 3000, normal: "example.com%3A3000", log: "https://example.com:3000/.well-known/did.jsonl"},
		"port and path":         {in: "example.com%3A3000:dids:issuer", host: "example.com", port: 3000, path: []string{"dids", "issuer"}, log: "https://example.com:3000/dids/issuer/did.jsonl"},
		"highest port":          {in: "example.com%3A65535", host: "example.com", port: 65535, log: "https://example.com:65535/.well-known/did.jsonl"},
		"host in upper case":    {in: "EXAMPLE.com", host: "example.com", normal: "example.com", log: "https://example.com/.well-known/did.jsonl"},
		"encoded letter":        {in: "ex%61mple.com", host: "example.com", normal: "example.com", log: "https://example.com/.well-known/did.jsonl"},
		"internationalised":     {in: "jp%E7%B4%8D%E8%B1%86.%E4%BE%8B.jp:%E7%94%A8%E6%88%B7", host: "xn--jp-cd2fp15c.xn--fsq.jp", path: []string{"用户"}, normal: "xn--jp-cd2fp15c.xn--fsq.jp:%E7%94%A8%E6%88%B7", log: "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl"},
		"A-label":               {in: "xn--fsq.jp", host: "xn--fsq.jp", log: "https://xn--fsq.jp/.well-known/did.jsonl"},
		"longest label":         {in: long + ".example", host: long + ".example", log: "https://" + long + ".example/.well-known/did.jsonl"},
		"number within a name":  {in: "127.example", host: "127.example", log: "https://127.example/.well-known/did.jsonl"},
		"segment with a space":  {in: "example.com:a%20b", host: "example.com", path: []string{"a b"}, log: "https://example.com/a%20b/did.jsonl"},
		"segment with a tilde":  {in: "example.com:a%7Eb", host: "example.com", path: []string{"a~b"}, log: "https://example.com/a~b/did.jsonl"},
		"segment, lower hex":    {in: "example.com:a%c3%a4", host: "example.com", path: []string{"aä"}, normal: "example.com:a%C3%A4", log: "https://example.com/a%C3%A4/did.jsonl"},
		"segment, encoded once": {in: "example.com:a%252e", host: "example.com", path: []string{"a%2e"}, normal: "example.com:a%252e", log: "https://example.com/a%252e/did.jsonl"},
		"segment of dots":       {in: "example.com:...", host: "example.com", path: []string{"..."}, log: "https://example.com/.../did.jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := ParseID("did:webvh:" + s + ":" + tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if id.SCID != s || id.Host != tc.host || id.Port != tc.port || !slices.Equal(id.Path, tc.path) {
				t.Errorf("%+v", id)
			}
			want := tc.normal
			if want == "" {
				want = tc.in
			}
			if got := id.String(); got != "did:webvh:"+s+":"+want {
				t.Errorf("normal form %s", got)
			}
			if got := id.LogURL(); got != tc.log {
				t.Errorf("log at %s, want %s", got, tc.log)
			}
			if got, want := id.WitnessURL(), strings.TrimSuffix(tc.log, "did.jsonl")+"did-witness.json"; got != want {
				t.Errorf("witness file at %s, want %s", got, want)
			}
		})
	}
	p := "did:webvh:" + s + ":"
	for name, in := range map[string]string{
		"empty":                       "",
		"no method":                   "did:",
		"other method":                "did:web:example.com",
		"method in upper case":        "did:WEBVH:" + s + ":example.com",
		"scheme in upper case":        "DID:webvh:" + s + ":example.com",
		"fragment":                    p + "example.com#x",
		"query":                       p + "example.com?x=1",
		"path":                        p + "example.com/x",
		"white space":                 p + "example.com ",
		"raw letters beyond ASCII":    p + "bücher.example",
		"no SCID":                     "did:webvh:example.com",
		"placeholder":                 "did:webvh:{SCID}:example.com",
		"SCID of 45":                  "did:webvh:" + s[:45] + ":example.com",
		"SCID of 47":                  "did:webvh:" + s + "a:example.com",
		"SCID with a zero":            "did:webvh:" + s[:45] + "0:example.com",
		"SCID of another hash":        "did:webvh:" + key.Base58Encode(append([]byte{0x16, 0x20}, make([]byte, 32)...)) + ":example.com",
		"no domain":                   "did:webvh:" + s,
		"empty domain":                p,
		"one label":                   p + "localhost",
		"one label and a port":        p + "localhost%3A80",
		"dot at the end":              p + "example.com.",
		"dot at the start":            p + ".example.com",
		"two dots":                    p + "example..com",
		"underscore":                  p + "my_host.example",
		"hyphen at the start":         p + "-a.example",
		"hyphen at the end":           p + "a-.example",
		"label of 64":                 p + strings.Repeat("a", 64) + ".example",
		"name of 254":                 p + strings.Repeat(strings.Repeat("a", 62)+".", 4) + "ab",
		"bad A-label":                 p + "xn--a-ecp.example",
		"IPv4":                        p + "127.0.0.1",
		"IPv4 and a port":             p + "127.0.0.1%3A8080",
		"IPv4, port in lower case":    p + "127.0.0.1%3a8080",
		"IPv4, short":                 p + "127.1",
		"IPv4, octal":                 p + "0177.0.0.01",
		"IPv4, hexadecimal":           p + "0x7f.0x1",
		"IPv4, upper-case 0X":         p + "0X7F.0X1",
		"IPv4, hexadecimal end":       p + "a.0x",
		"name that ends in a number":  p + "example.1",
		"IPv4, all encoded":           p + "%31%32%37%2E%30%2E%30%2E%31",
		"IPv4, dots encoded":          p + "127%2E0%2E0%2E1",
		"IPv4, full-width digits":     p + "%EF%BC%91.%EF%BC%92",
		"IPv6":                        p + "%5B%3A%3A1%5D.a",
		"colon in the name":           p + "a%3Ab.example",
		"two ports":                   p + "example.com%3A80%3A81",
		"port 0":                      p + "example.com%3A0",
		"port 65536":                  p + "example.com%3A65536",
		"port of six digits":          p + "example.com%3A000080",
		"port with a sign":            p + "example.com%3A+80",
		"port without digits":         p + "example.com%3A",
		"port with letters":           p + "example.com%3A8o",
		"half a percent-encoding":     p + "example.com%3",
		"no hex in percent-encoding":  p + "example.c%6gm",
		"domain encoded twice":        p + "ex%2561mple.com",
		"slash in the name":           p + "example.com%2Fevil",
		"at sign in the name":         p + "a%40b.example",
		"not UTF-8 in the name":       p + "%FF.example",
		"empty segment":               p + "example.com::a",
		"empty last segment":          p + "example.com:",
		"segment .":                   p + "example.com:.",
		"segment ..":                  p + "example.com:..",
		"segment .. encoded":          p + "example.com:%2e%2E",
		"segment with a slash":        p + "example.com:a%2Fb",
		"segment with a backslash":    p + "example.com:a%5Cb",
		"segment with NUL":            p + "example.com:a%00",
		"segment with leading space":  p + "example.com:%20a",
		"segment with trailing tab":   p + "example.com:a%09",
		"segment with trailing space": p + "example.com:a%C2%A0",
		"segment not UTF-8":           p + "example.com:%FF",
		"too long":                    p + "example.com:" + strings.Repeat("a", 2048),
	} {
		t.Run("not "+name, func(t *testing.T) {
			id, err := ParseID(in)
			if !errors.Is(err, ErrID) || did.Code(err) != "INVALID_DID" {
				t.Errorf("%+v, %v", id, err)
			}
		})
	}
}

// Path, query and fragment are cut off before anything is made of the rest.
func TestURLPartsAreCutFirst(t *testing.T) {
	u, err := did.ParseURL("did:webvh:" + goodSCID() + ":example.com/status/3?x=1#y")
	if err != nil {
		t.Fatal(err)
	}
	id, err := ParseID(u.DID)
	if err != nil || id.Host != "example.com" || id.Path != nil {
		t.Fatalf("%+v, %v", id, err)
	}
	if got := id.FileURL(u.Path); got != "https://example.com/status/3" {
		t.Error(got)
	}
	u, err = did.ParseURL("did:webvh:" + goodSCID() + ":127.0.0.1#x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseID(u.DID); !errors.Is(err, ErrID) {
		t.Errorf("an IP address in front of a fragment: %v", err)
	}
}

func TestFileURL(t *testing.T) {
	id, err := ParseID("did:webvh:" + goodSCID() + ":example.com%3A444:a")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"status/3": "https://example.com:444/a/status/3", "/whois.vp": "https://example.com:444/a/whois.vp",
		"": "https://example.com:444/a/", "x/": "https://example.com:444/a/x/", "a%20b": "https://example.com:444/a/a%20b",
		"..": "", "a/../b": "", "%2e%2e/b": "", "a//b": "", "a%2Fb": "", "a\\b": "", "a?b": "", "a#b": "", "a\nb": "", "a%0Ab": "", "a%": "",
	} {
		if got := id.FileURL(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAlias(t *testing.T) {
	s := goodSCID()
	for in, ok := range map[string]bool{
		"did:scid:vh:1:" + s: true, "did:scid:vh:2:" + s: false, "did:scid:ke:1:" + s: false, "did:scid:vh:1:": false,
		"did:scid:vh:1:" + s + "?src=a.example": false, "did:scid:vh:1:" + s[:45] + "0": false, "did:webvh:" + s + ":a.example": false,
	} {
		got, err := ParseSCID(in)
		if ok && (err != nil || got != s) || !ok && !errors.Is(err, ErrID) {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	if Alias(s) != "did:scid:vh:1:"+s {
		t.Error(Alias(s))
	}
	for _, in := range []string{Alias(s), "did:webvh:" + s + ":a.example"} {
		if got, err := SCIDOf(in); got != s || err != nil {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"example.com", "example.com%3A3000:a:b", "127.0.0.1%3a80", "%31.%32", "xn--fsq.jp:%E7%94%A8", "a.b:%2e%2e"} {
		f.Add("did:webvh:" + goodSCID() + ":" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		again, err := ParseID(id.String())
		if err != nil || again.String() != id.String() || again.LogURL() != id.LogURL() || again.Host != id.Host || !slices.Equal(again.Path, id.Path) {
			t.Errorf("%q -> %q -> %+v, %v", s, id.String(), again, err)
		}
		if !strings.HasPrefix(id.LogURL(), "https://"+id.Host) {
			t.Errorf("%q leads to %q", s, id.LogURL())
		}
	})
}
