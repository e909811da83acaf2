package sdjwt

import (
	"strconv"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// What is parsed is written as it was, nothing makes the reader panic, and
// nothing but what the issuer signed is accepted.
func FuzzParse(f *testing.F) {
	good := goodVC()
	good.random = new(counter) // each worker process makes the same token
	token := good.token(f)
	signed, _, _ := strings.Cut(token, "~")
	f.Add(token)
	f.Add(readVector(f, "rfc9901-5.1.txt"))
	f.Add(readVector(f, "rfc9901-5.2.txt"))
	f.Add("e30.e30.~")
	f.Add("e30.e30.c2ln~" + raw(`["s",1]`) + "~e30.e30.c2ln")
	f.Fuzz(func(t *testing.T, text string) {
		if got := Open(ctx, []byte(text), good.opt); got.OK && !strings.HasPrefix(strings.TrimSpace(text), signed+"~") {
			t.Errorf("accepted: %q", text)
		}
		tok, err := Parse(text, Limits{})
		if err != nil {
			return
		}
		if tok.String() != text {
			t.Errorf("%q became %q", text, tok.String())
		}
		payload, err := tok.payload(Limits{})
		if err != nil {
			return
		}
		if c, err := Reconstruct(payload, tok.Disclosures, Limits{}); err == nil {
			clean(t, c.Tree)
		}
	})
}

// Whatever payload and disclosures, what comes out holds no digest, and each
// disclosure stands where it is said to stand.
func FuzzDisclosures(f *testing.F) {
	member, element := `["s","a",{"b":[1]}]`, `["s",2]`
	f.Add(`{"_sd":["`+digestOf(member)+`"],"l":[{"...":"`+digestOf(element)+`"}]}`, member+"\n"+element)
	f.Add(`{"_sd_alg":"sha-384"}`, "")
	f.Add(`{"a":1,"_sd":["`+digestOf(member)+`"]}`, member)
	f.Fuzz(func(t *testing.T, payload, disclosures string) {
		tree, err := strictjson.ParseObject([]byte(payload), strictjson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			return
		}
		var list []Disclosure
		for _, text := range strings.Split(disclosures, "\n") {
			d, err := ParseDisclosure(raw(text), Limits{})
			if err != nil {
				return
			}
			list = append(list, d)
		}
		c, err := Reconstruct(tree, list, Limits{})
		if err != nil {
			return
		}
		clean(t, c.Tree)
		for i, p := range c.Disclosed {
			at, ok := follow(c.Tree, p)
			if !ok {
				t.Errorf("disclosure %d is not at %s", i, p)
			}
			if _, plain := list[i].Value.(string); plain && at != list[i].Value {
				t.Errorf("%s is %v", p, at)
			}
		}
	})
}

func clean(t *testing.T, tree map[string]any) {
	t.Helper()
	if name := findReserved(tree); name != "" {
		t.Errorf("%s is left in %v", name, tree)
	}
}

// follow finds the value behind a JSON pointer.
func follow(v any, pointer string) (any, bool) {
	for _, name := range strings.Split(pointer, "/")[1:] {
		switch x := v.(type) {
		case map[string]any:
			e, ok := x[strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")]
			if !ok {
				return nil, false
			}
			v = e
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}
