package schema

import (
	"crypto"
	"encoding/base64"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

func TestRelatedResource(t *testing.T) {
	v2, err := jsonld.Builtin().Document(credential.ContextV2)
	if err != nil {
		t.Fatal(err)
	}
	const file, text = "https://uni.example/rules.pdf", "the rules"
	malformed := func(detail string) []want { return []want{{verdict.MalformedValue, verdict.Fail, detail}} }
	entry := func(id string, more ...any) map[string]any {
		m := map[string]any{"id": id}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	sum := crypto.SHA256.New()
	sum.Write([]byte(text))
	hash := append([]byte{0x12, 0x20}, sum.Sum(nil)...)
	u, z := "u"+base64.RawURLEncoding.EncodeToString(hash), "z"+key.Base58Encode(hash)
	for _, c := range []struct {
		name  string
		value any
		want  []want
	}{
		{"a context as it is built in", entry(credential.ContextV2, "digestSRI", sri(crypto.SHA384, string(v2))), nil},
		{"the digest that the specification prints", entry(credential.ContextV2, "digestSRI", "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ="), nil},
		{"a context that differs", entry(credential.ContextV2, "digestSRI", sri(crypto.SHA384, string(v2)+" ")),
			[]want{{verdict.ResourceDiffers, verdict.Fail, credential.ContextV2}}},
		{"a file", entry(file, "digestSRI", sri(crypto.SHA256, text)), nil},
		{"in a list", []any{entry(file, "digestSRI", sri(crypto.SHA512, text)), entry(credential.ContextV2, "digestSRI", sri(crypto.SHA256, string(v2)))}, nil},
		{"multihash in base64url", entry(file, "digestMultibase", u), nil},
		{"multihash in base58", entry(file, "digestMultibase", z), nil},
		{"both digests", entry(file, "digestMultibase", z, "digestSRI", sri(crypto.SHA256, text)), nil},
		{"both digests, one differs", entry(file, "digestMultibase", z, "digestSRI", sri(crypto.SHA256, "x")), []want{{verdict.ResourceDiffers, verdict.Fail, file}}},
		{"the strongest hash decides", entry(file, "digestSRI", sri(crypto.SHA256, "x")+" "+sri(crypto.SHA512, text)), nil},
		{"a weaker hash cannot save it", entry(file, "digestSRI", sri(crypto.SHA256, text)+" "+sri(crypto.SHA512, "x")), []want{{verdict.ResourceDiffers, verdict.Fail, file}}},
		{"an unknown hash beside a known one", entry(file, "digestSRI", "sha3-512-AAAA "+sri(crypto.SHA384, text)), nil},
		{"only an unknown hash", entry(file, "digestSRI", "sha3-512-AAAA"), malformed("no digest of a kind")},
		{"only an unknown multihash", entry(file, "digestMultibase", "z"+key.Base58Encode([]byte{0x16, 0x01, 0x00})), malformed("no digest of a kind")},
		{"its media type", entry(file, "digestSRI", sri(crypto.SHA256, text), "mediaType", "application/pdf"), nil},
		{"another media type", entry(file, "digestSRI", sri(crypto.SHA256, text), "mediaType", "text/html"), []want{{verdict.ResourceDiffers, verdict.Fail, "application/pdf"}}},
		{"media type is no text", entry(file, "digestSRI", sri(crypto.SHA256, text), "mediaType", true), malformed("mediaType")},
		{"a file that is not at hand", entry(file+"x", "digestSRI", sri(crypto.SHA256, text)), []want{{verdict.ResourceUnavailable, verdict.Warn, "no such file"}}},
		{"no digest", entry(file), malformed("no digest")},
		{"no id", map[string]any{"digestSRI": sri(crypto.SHA256, text)}, malformed("URL")},
		{"id is a word", entry("rules", "digestSRI", sri(crypto.SHA256, text)), malformed("URL")},
		{"the same id twice", []any{entry(file, "digestSRI", sri(crypto.SHA256, text)), entry(file, "digestSRI", sri(crypto.SHA256, text))}, malformed("twice")},
		{"a URL alone", file, malformed("no object")},
		{"nothing", nil, malformed("no object")},
		{"a malformed hash", entry(file, "digestSRI", "sha256-AAAA"), malformed("digestSRI")},
		{"a list with a number", entry(file, "digestSRI", []any{true}), malformed("digestSRI")},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tree()
			delete(m, "credentialSchema")
			m["relatedResource"] = c.value
			s := &shelf{files: map[string]string{file: text}, media: map[string]string{file: "application/pdf; version=1"}}
			expect(t, check(t, m, Options{Source: s}), c.want...)
			for _, url := range s.asked {
				if url == credential.ContextV2 {
					t.Error("a built-in context was asked for")
				}
			}
		})
	}
	m := tree()
	m["relatedResource"] = entry(file, "digestSRI", sri(crypto.SHA256, text))
	delete(m, "credentialSchema")
	expect(t, check(t, m, Options{Demand: true}), want{verdict.ResourceUnavailable, verdict.Unknown, ""})
}

func TestDigests(t *testing.T) {
	value := sri(crypto.SHA256, "a")[len("sha256-"):]
	for _, c := range []struct {
		name, text string
		parse      func(string) (digests, error)
		count      int // -1 for an error
	}{
		{"one", "sha256-" + value, parseSRI, 1},
		{"with an option", "sha256-" + value + "?ct=text/plain", parseSRI, 1},
		{"white space around", " \n sha256-" + value + "\t", parseSRI, 1},
		{"no padding", "sha256-" + value[:43], parseSRI, 1},
		{"the other alphabet", "sha256-" + base64.URLEncoding.EncodeToString(crypto.SHA256.New().Sum(nil)), parseSRI, 1},
		{"unknown", "sha1-AAAA", parseSRI, 0},
		{"name in capitals", "SHA256-" + value, parseSRI, 0},
		{"empty", " ", parseSRI, -1},
		{"no hyphen", "sha256", parseSRI, -1},
		{"no value", "sha256-", parseSRI, -1},
		{"too short", "sha256-AAAA", parseSRI, -1},
		{"value of another hash", "sha512-" + value, parseSRI, -1},
		{"too much padding", "sha256-" + value + "==", parseSRI, -1},
		{"loose last bits", "sha256-" + value[:42] + "9=", parseSRI, -1},
		{"multibase of another base", "f1220", parseMultibase, 0},
		{"multibase empty", "", parseMultibase, -1},
		{"multibase without bytes", "z", parseMultibase, -1},
		{"multibase with a bad character", "z0", parseMultibase, -1},
		{"multihash of another length", "u" + base64.RawURLEncoding.EncodeToString([]byte{0x12, 0x01, 0x00}), parseMultibase, -1},
		{"multihash cut short", "u" + base64.RawURLEncoding.EncodeToString([]byte{0x12, 0x20, 0x00}), parseMultibase, -1},
		{"multihash padded", "u" + base64.URLEncoding.EncodeToString(make([]byte, 34)), parseMultibase, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := c.parse(c.text)
			if (err != nil) != (c.count < 0) || err == nil && len(d) != c.count {
				t.Errorf("%d digests, %v", len(d), err)
			}
		})
	}
	if (digests{}).match(nil) {
		t.Error("no digest matches")
	}
}

func FuzzDigest(f *testing.F) {
	f.Add(sri(crypto.SHA256, "a")+" "+sri(crypto.SHA512, "b")+"?x", "a")
	f.Add("zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", "")
	f.Add("uEiAB", "\n")
	f.Fuzz(func(t *testing.T, text, body string) {
		for _, member := range []string{"digestSRI", "digestMultibase"} {
			all, err := stated(map[string]any{member: text})
			if err == nil && (len(all) != 1 || len(all[0]) == 0) {
				t.Fatalf("%s %q: accepted without a digest", member, text)
			}
			for _, d := range all {
				for _, e := range d {
					if len(e.sum) != e.hash.Size() {
						t.Fatalf("%s %q: a sum of %d bytes", member, text, len(e.sum))
					}
				}
				if d.match([]byte(body)) && d.match([]byte(body+"x")) {
					t.Fatalf("%s %q matches two bodies", member, text)
				}
			}
		}
	})
}
