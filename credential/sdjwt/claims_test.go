package sdjwt

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// raw makes a disclosure out of any text.
func raw(text string) string { return b64.EncodeToString([]byte(text)) }

// digestOf is the digest of a disclosure that raw made.
func digestOf(text string) string { return SHA256.digest(raw(text)) }

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	m, err := strictjson.ParseObject([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func canonical(t *testing.T, v any) string {
	t.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readVector(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// The digests that RFC 9901 prints in 4.2.3, 4.2.4.2 and 5.1.
func TestDigestsOfTheRFC(t *testing.T) {
	for text, want := range map[string]string{
		`["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]`:      "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
		`["lklxF5jMYlGTPUovMNIvCA", "FR"]`:                          "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
		`["2GLC42sKQveCfGfryNRN9w", "given_name", "John"]`:          "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
		`["Qg_O64zqAxe412a108iroA", "phone_number_verified", true]`: "XQ_3kPKt1XyX7KANkqVR6yZ2Va5NrPIvPYbyMvRKBMM",
		`["nPuoQnkRFq3BIeAm7AnXFA", "DE"]`:                          "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0",
	} {
		d, err := ParseDisclosure(raw(text), Limits{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := d.Digest(SHA256); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// The tokens of RFC 9901 sections 5.1 and 5.2 and what is read out of them.
func TestReconstructTheRFC(t *testing.T) {
	for file, want := range map[string]string{
		"rfc9901-5.1.txt": `{"address":{"country":"US","locality":"Anytown","region":"Anystate","street_address":"123 Main St"},"birthdate":"1940-01-01","cnf":{"jwk":{"crv":"P-256","kty":"EC","x":"TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc","y":"ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"}},"email":"johndoe@example.com","exp":1883000000,"family_name":"Doe","given_name":"John","iat":1683000000,"iss":"https://issuer.example.com","nationalities":["US","DE"],"phone_number":"+1-202-555-0101","phone_number_verified":true,"sub":"user_42","updated_at":1570000000}`,
		"rfc9901-5.2.txt": `{"address":{"country":"US","locality":"Anytown","region":"Anystate","street_address":"123 Main St"},"cnf":{"jwk":{"crv":"P-256","kty":"EC","x":"TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc","y":"ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"}},"exp":1883000000,"family_name":"Doe","given_name":"John","iat":1683000000,"iss":"https://issuer.example.com","nationalities":["US"],"sub":"user_42"}`,
	} {
		text := readVector(t, file)
		tok, err := Parse(text, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if tok.String() != text {
			t.Errorf("%s: String gives another text", file)
		}
		payload, err := tok.payload(Limits{})
		if err != nil {
			t.Fatal(err)
		}
		before := canonical(t, payload)
		c, err := Reconstruct(payload, tok.Disclosures, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if got := canonical(t, c.Tree); got != want {
			t.Errorf("%s: %s", file, got)
		}
		if canonical(t, payload) != before {
			t.Errorf("%s: the payload was changed", file)
		}
	}
}

func TestParseRules(t *testing.T) {
	const jwt = "e30.e30.c2ln"
	d := raw(`["salt","a",1]`)
	for _, c := range []struct {
		name, token string
		want        error
	}{
		{"no disclosures", jwt + "~", nil},
		{"one", jwt + "~" + d + "~", nil},
		{"one and a binding", jwt + "~" + d + "~e30.e30.c2ln", nil},
		{"an empty name is a name", jwt + "~" + raw(`["s","",1]`) + "~", nil},
		{"empty", "", ErrFormat},
		{"a plain JWT", jwt, ErrFormat},
		{"the last ~ is missing", jwt + "~" + d, ErrFormat},
		{"an empty disclosure", jwt + "~~" + d + "~", ErrFormat},
		{"two parts", "e30.e30~", ErrFormat},
		{"four parts", "e30.e30.e30.e30~", ErrFormat},
		{"JSON form", `{"payload":"e30"}~`, ErrFormat},
		{"a blank in the JWT", "e30.e 30.c2ln~", ErrFormat},
		{"a binding of two parts", jwt + "~e30.e30", ErrFormat},
		{"padding", jwt + "~" + d + "=~", ErrDisclosure},
		{"line break", jwt + "~" + d[:4] + "\n" + d[4:] + "~", ErrDisclosure},
		{"last bits", jwt + "~W10b~", ErrDisclosure},
		{"last bits set", jwt + "~" + strings.TrimSuffix(raw(`["s",1]x`[:7]), "Q") + "R~", ErrDisclosure},
		{"plain alphabet", jwt + "~WyJz+yIsIDFd~", ErrDisclosure},
		{"not JSON", jwt + "~" + raw(`["s","a",`) + "~", ErrDisclosure},
		{"an object", jwt + "~" + raw(`{"s":1}`) + "~", ErrDisclosure},
		{"duplicate members inside", jwt + "~" + raw(`["s","a",{"x":1,"x":2}]`) + "~", ErrDisclosure},
		{"salt is a number", jwt + "~" + raw(`[1,"a",1]`) + "~", ErrDisclosure},
		{"name is a number", jwt + "~" + raw(`["s",1,1]`) + "~", ErrDisclosure},
		{"one part", jwt + "~" + raw(`["s"]`) + "~", ErrArity},
		{"four parts in a disclosure", jwt + "~" + raw(`["s","a",1,2]`) + "~", ErrArity},
		{"named _sd", jwt + "~" + raw(`["s","_sd",[]]`) + "~", ErrReserved},
		{"named ...", jwt + "~" + raw(`["s","...","x"]`) + "~", ErrReserved},
		{"named _sd_alg", jwt + "~" + raw(`["s","_sd_alg","sha-512"]`) + "~", ErrReserved},
		{"too deep", jwt + "~" + raw(`["s","a",`+strings.Repeat("[", 65)+strings.Repeat("]", 65)+`]`) + "~", ErrDepth},
		{"too large", jwt + "~" + strings.Repeat("A", 1<<20), ErrTooLarge},
		{"too many", jwt + "~" + strings.Repeat(d+"~", 1025), ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, err := Parse(c.token, Limits{})
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && tok.String() != c.token {
				t.Errorf("String: %s", tok)
			}
		})
	}
}

// Each rule of RFC 9901 section 7.1 broken once; the first case is the one
// that all others differ from in one thing.
func TestReconstructRules(t *testing.T) {
	member, element, inner := `["s1","name","Ana"]`, `["s2","ES"]`, `["s3","day",1]`
	outer := `["s4","born",{"_sd":["` + digestOf(inner) + `"]}]`
	good := `{"iss":"i","_sd":["` + digestOf(member) + `","decoy"],"list":["PT",{"...":"` + digestOf(element) + `"}],"_sd_alg":"sha-256"}`
	all := []string{member, element}
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, c := range []struct {
		name, payload string
		disclosures   []string
		want          error
		tree          string
	}{
		{"good", good, all, nil, `{"iss":"i","list":["PT","ES"],"name":"Ana"}`},
		{"nothing shown", good, nil, nil, `{"iss":"i","list":["PT"]}`},
		{"no algorithm", `{"_sd":["` + digestOf(member) + `"]}`, []string{member}, nil, `{"name":"Ana"}`},
		{"inside a disclosure", `{"_sd":["` + digestOf(outer) + `"]}`, []string{inner, outer}, nil, `{"born":{"day":1}}`},
		{"inside one and not shown", `{"_sd":["` + digestOf(outer) + `"]}`, []string{outer}, nil, `{"born":{}}`},
		{"sha-512", `{"_sd":["` + SHA512.digest(raw(member)) + `"],"_sd_alg":"sha-512"}`, []string{member}, nil, `{"name":"Ana"}`},
		{"sha-384", `{"_sd":["` + SHA384.digest(raw(member)) + `"],"_sd_alg":"sha-384"}`, []string{member}, nil, `{"name":"Ana"}`},
		{"empty _sd", `{"_sd":[]}`, nil, nil, `{}`},

		{"algorithm by another name", strings.Replace(good, "sha-256", "SHA-256", 1), all, ErrHash, ""},
		{"weak algorithm", strings.Replace(good, "sha-256", "md5", 1), all, ErrHash, ""},
		{"algorithm is empty", strings.Replace(good, `"sha-256"`, `""`, 1), all, ErrHash, ""},
		{"algorithm is a number", strings.Replace(good, `"sha-256"`, `256`, 1), all, ErrHash, ""},
		{"algorithm of other digests", strings.Replace(good, "sha-256", "sha-512", 1), all, ErrUnreferenced, ""},
		{"left over", good, append(all, inner), ErrUnreferenced, ""},
		{"inner without its outer", `{"_sd":["` + digestOf(outer) + `"]}`, []string{inner}, ErrUnreferenced, ""},
		{"sent twice", good, append(all, member), ErrRepeated, ""},
		{"digest twice in one list", strings.Replace(good, "decoy", digestOf(member), 1), all, ErrRepeatedDigest, ""},
		{"decoy twice", strings.Replace(good, `"decoy"`, `"decoy","decoy"`, 1), all, ErrRepeatedDigest, ""},
		{"digest twice in two places", strings.Replace(good, "decoy", digestOf(element), 1), []string{member}, ErrRepeatedDigest, ""},
		{"digest in a disclosure and outside", `{"_sd":["` + digestOf(outer) + `"],"x":{"_sd":["` + digestOf(inner) + `"]}}`, []string{outer}, ErrRepeatedDigest, ""},
		{"element as a member", strings.Replace(good, "decoy", digestOf(`["s9",1]`), 1), append(all, `["s9",1]`), ErrArity, ""},
		{"member as an element", strings.Replace(good, digestOf(element), digestOf(inner), 1), []string{member, inner}, ErrArity, ""},
		{"clash with a plain claim", strings.Replace(good, `"iss"`, `"name"`, 1), all, ErrClash, ""},
		{"clash with a disclosed claim", strings.Replace(good, "decoy", digestOf(`["s9","name",1]`), 1), append(all, `["s9","name",1]`), ErrClash, ""},
		{"_sd is a text", `{"_sd":"x"}`, nil, ErrPlaceholder, ""},
		{"_sd is null", `{"_sd":null}`, nil, ErrPlaceholder, ""},
		{"_sd holds a number", `{"_sd":[1]}`, nil, ErrPlaceholder, ""},
		{"... holds a number", `{"list":[{"...":1}]}`, nil, ErrPlaceholder, ""},
		{"... has company", `{"list":[{"...":"x","a":1}]}`, nil, ErrPlaceholder, ""},
		{"... outside of a list", `{"a":{"...":"x"}}`, nil, ErrReserved, ""},
		{"... at the top", `{"...":"x"}`, nil, ErrReserved, ""},
		{"... as the value of a disclosure", `{"_sd":["` + digestOf(`["s","a",{"...":"x"}]`) + `"]}`, []string{`["s","a",{"...":"x"}]`}, ErrReserved, ""},
		{"_sd_alg below the top", `{"a":{"_sd_alg":"sha-256"}}`, nil, ErrReserved, ""},
		{"_sd_alg in a disclosure", `{"_sd":["` + digestOf(`["s","a",{"_sd_alg":"sha-256"}]`) + `"]}`, []string{`["s","a",{"_sd_alg":"sha-256"}]`}, ErrReserved, ""},
		{"at the depth allowed", deep(64), nil, nil, deep(64)},
		{"one too deep", `{"_sd":["` + digestOf(`["s","a",`+deep(64)+`]`) + `"]}`, []string{`["s","a",` + deep(64) + `]`}, ErrDepth, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []Disclosure
			for _, text := range c.disclosures {
				d, err := ParseDisclosure(raw(text), Limits{})
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, d)
			}
			got, err := Reconstruct(object(t, c.payload), list, Limits{})
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && canonical(t, got.Tree) != c.tree {
				t.Errorf("%s", canonical(t, got.Tree))
			}
		})
	}
}

// A disclosure that names a reserved claim is refused also when it did not
// come through ParseDisclosure.
func TestReconstructTrustsNoCaller(t *testing.T) {
	d := Disclosure{Encoded: raw(`["s","_sd",1]`), Name: "_sd", Value: json.Number("1")}
	_, err := Reconstruct(map[string]any{"_sd": []any{d.Digest("")}}, []Disclosure{d}, Limits{})
	if !errors.Is(err, ErrReserved) {
		t.Fatal(err)
	}
}

func TestPlacesOfDisclosures(t *testing.T) {
	claims := object(t, `{"a/b":{"~":[0,{"x":1},2]},"plain":1}`)
	payload, list, err := Conceal(claims, Frame{Hide: []string{"/a~1b", "/a~1b/~0/1", "/a~1b/~0/1/x", "/a~1b/~0/2"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Reconstruct(payload, list, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/a~1b/~0/1/x", "/a~1b/~0/1", "/a~1b/~0/2", "/a~1b"}; !reflect.DeepEqual(c.Disclosed, want) {
		t.Errorf("%v", c.Disclosed)
	}
	if canonical(t, c.Tree) != canonical(t, claims) {
		t.Errorf("%s", canonical(t, c.Tree))
	}
}

// Long names times many disclosures must not become memory.
func TestPointersAreBounded(t *testing.T) {
	name := strings.Repeat("n", 20_000)
	list := make([]any, 500)
	frame := Frame{}
	for i := range list {
		list[i] = json.Number("1")
		frame.Hide = append(frame.Hide, "/"+name+"/"+jsonInt(i))
	}
	payload, ds, err := Conceal(map[string]any{name: list}, frame)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Reconstruct(payload, ds, Limits{}); !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
}

func jsonInt(i int) string { b, _ := json.Marshal(i); return string(b) }

func TestWithholdable(t *testing.T) {
	names := []string{"iss", "status"}
	for _, c := range []struct{ name, hide, show, want string }{
		{"something else", "/name", "/name", ""},
		{"a longer name", "/issuer", "/issuer", ""},
		{"whole and shown", "/iss", "/iss", "iss"},
		{"a part, shown", "/status/status_list/idx", "/status/status_list/idx", "status"},
		{"a part, not shown", "/status/status_list/idx", "", "status"},
		{"an element, not shown", "/status/others/0", "", "status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload, list, err := Conceal(object(t, `{"iss":"i","issuer":"j","name":"n","status":{"status_list":{"idx":1,"uri":"u"},"others":[1]}}`), Frame{Hide: []string{c.hide}})
			if err != nil {
				t.Fatal(err)
			}
			if c.show == "" {
				list = nil
			}
			claims, err := Reconstruct(payload, list, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := withholdable(payload, claims, names); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}
