package badge

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

func TestMatchRecipient(t *testing.T) {
	// printf %s a@example.orgdeadsea | sha256sum
	const hash = "sha256$af9ceeb38da403253f8ba009aa7311772db0f46fc82293b1743453689d618ca3"
	good := func() map[string]any {
		return map[string]any{"type": "IdentityObject", "identityType": "emailAddress", "hashed": true, "salt": "deadsea", "identityHash": hash}
	}
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	for _, c := range []struct {
		name  string
		edit  func(map[string]any)
		match bool
		want  error
	}{
		{"hashed", func(map[string]any) {}, true, nil},
		{"hashed, digits in upper case", set("identityHash", "sha256$"+strings.ToUpper(hash[7:])), true, nil},
		{"another salt", set("salt", "deadsee"), false, nil},
		{"no salt", func(m map[string]any) { delete(m, "salt") }, false, nil},
		{"another kind", set("identityType", "studentId"), false, nil},
		{"plain", func(m map[string]any) { m["hashed"], m["identityHash"] = false, "a@example.org" }, true, nil},
		{"plain, another person", func(m map[string]any) { m["hashed"], m["identityHash"] = false, "b@example.org" }, false, nil},
		{"plain, other letters", func(m map[string]any) { m["hashed"], m["identityHash"] = false, "A@example.org" }, false, nil},
		{"a hash that is called plain", set("hashed", false), false, nil},
		{"md5", set("identityHash", "md5$d41d8cd98f00b204e9800998ecf8427e"), false, ErrWeakHash},
		{"sha1", set("identityHash", "sha1$da39a3ee5e6b4b0d3255bfef95601890afd80709"), false, ErrIdentifier},
		{"no algorithm", set("identityHash", hash[7:]), false, ErrIdentifier},
		{"a short hash", set("identityHash", hash[:len(hash)-2]), false, ErrIdentifier},
		{"no digits", set("identityHash", hash[:len(hash)-1]+"g"), false, ErrIdentifier},
		{"hashed in words", set("hashed", "true"), false, ErrIdentifier},
		{"no hash", set("identityHash", ""), false, ErrIdentifier},
		{"no kind", func(m map[string]any) { delete(m, "identityType") }, false, ErrIdentifier},
		{"a salt that is a number", set("salt", json.Number("1")), false, ErrIdentifier},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good()
			c.edit(m)
			if match, err := MatchRecipient(m, "emailAddress", "a@example.org"); match != c.match || !errors.Is(err, c.want) {
				t.Errorf("%v, %v", match, err)
			}
		})
	}
}

func sample(t testing.TB, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := strictjson.ParseObject(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestEndorsements(t *testing.T) {
	list, err := Endorsements(sample(t, "ob3-complete-endorsed-issuer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range list {
		paths = append(paths, e.Path)
		if e.Depth != 1 || e.Tree == nil || e.JWT != "" {
			t.Errorf("%s: %+v", e.Path, e)
		}
	}
	want := "endorsement[0] issuer.endorsement[0] credentialSubject.achievement.endorsement[0] " +
		"credentialSubject.achievement.creator.endorsement[0] credentialSubject.achievement.creator.endorsement[1]"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got %s", got)
	}
	// nest puts an endorsement into the issuer of an endorsement, n deep.
	nest := func(n int) map[string]any {
		doc := map[string]any{"id": "urn:x"}
		for range n {
			doc = map[string]any{"issuer": map[string]any{"endorsement": doc}}
		}
		return doc
	}
	many := func(n int) map[string]any {
		var l []any
		for range n {
			l = append(l, any(someJWT))
		}
		return map[string]any{"endorsementJwt": l}
	}
	for _, c := range []struct {
		name string
		doc  map[string]any
		n    int
		want error
	}{
		{"none", map[string]any{}, 0, nil},
		{"one token", map[string]any{"endorsementJwt": someJWT}, 1, nil},
		{"three deep", nest(3), 3, nil},
		{"four deep", nest(4), 3, ErrEndorsements},
		{"thirty-two", many(32), 32, nil},
		{"thirty-three", many(33), 32, ErrEndorsements},
		{"a link", map[string]any{"endorsement": "https://u.example/e"}, 0, ErrEndorsements},
		{"an object as a token", map[string]any{"endorsementJwt": map[string]any{}}, 0, ErrEndorsements},
		{"no token", map[string]any{"endorsementJwt": "e30.e30"}, 0, ErrEndorsements},
		{"one bad among good", map[string]any{"endorsementJwt": []any{someJWT, nil, someJWT}}, 2, ErrEndorsements},
		{"odd types", map[string]any{"issuer": []any{}, "credentialSubject": []any{nil, "x", map[string]any{"achievement": []any{"y"}}}}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Endorsements(c.doc)
			if len(list) != c.n || !errors.Is(err, c.want) {
				t.Errorf("%d, %v", len(list), err)
			}
		})
	}
}

func ExampleMatchRecipient() {
	ok, err := MatchRecipient(map[string]any{"identityType": "emailAddress", "hashed": false, "identityHash": "a@example.org"}, "emailAddress", "a@example.org")
	fmt.Println(ok, err)
	// Output: true <nil>
}
