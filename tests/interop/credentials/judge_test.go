//go:build system

package credentials

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didjwk "github.com/bonafide-id/bonafide/did/jwk"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// A side says why it refuses, "" when it accepts.
type side func(t testing.TB, body []byte) string

// accepts is how the table says that a side accepts.
const accepts = "accepted"

// exhibit is something signed that both sides are asked about.
type exhibit struct {
	suite, direction, document string
	body                       []byte
	changed                    []byte // one thing in it is not what was signed
	theirs                     side
	ours                       side
	refusal                    verdict.Code // what we have to say of the changed one
}

// judge asks both sides about an exhibit and about its changed copy.
func judge(t *testing.T, e exhibit) {
	t.Helper()
	if bytes.Equal(e.body, e.changed) {
		t.Fatal("nothing was changed")
	}
	row := []string{e.suite, e.direction, e.document, accepts, accepts, "refused by both"}
	if why := e.ours(t, e.body); why != "" {
		row[3] = why
		t.Errorf("we refuse it: %s", why)
	}
	if why := e.ours(t, e.changed); why != string(e.refusal) {
		row[5] = "we say " + why
		t.Errorf("of the changed one we say %q, want %q", why, e.refusal)
	}
	if why := e.theirs(t, e.body); why != "" {
		row[4] = why
		t.Errorf("they refuse it: %s\n%s", why, e.body)
	}
	if why := e.theirs(t, e.changed); why == "" {
		row[5] = "they accept it"
		t.Error("they accept the changed one")
	} else {
		t.Log("they say of the changed one:", why)
	}
	table = append(table, row)
}

// compare asks both sides about something on which they may differ: we have to
// say want ("" accepts), and they to accept it or not.
func compare(t *testing.T, suite, what string, body []byte, theirs, ours side, want verdict.Code, accepted bool) {
	t.Helper()
	we, they := ours(t, body), theirs(t, body)
	t.Log("they say:", they)
	if we != string(want) {
		t.Errorf("we say %q, want %q", we, want)
	}
	if (they == "") != accepted {
		t.Errorf("they accept: %t, want %t", they == "", accepted)
	}
	if (we == "") != (they == "") {
		table = append(table, []string{suite, "difference", what, cmp.Or(we, accepts), cmp.Or(they, accepts), ""})
	}
}

// table is printed at the end of a verbose run.
var table [][]string

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		if err := started.close(); err != nil {
			fmt.Fprintln(os.Stderr, "the other side:", err)
			code = 1
		}
	}
	if testing.Verbose() {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "suite\tdirection\tdocument\twe say\tthey say\tchanged copy")
		for _, row := range table {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		_ = w.Flush()
	}
	os.Exit(code)
}

// change alters the signed word where it first stands.
func change(body []byte) []byte {
	return bytes.Replace(body, []byte(signedWord), []byte(changedWord), 1)
}

// changeToken alters it in the payload of a compact JWS.
func changeToken(t testing.TB, token string) []byte {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(change(payload))
	return []byte(strings.Join(parts, "."))
}

func options() credential.Options {
	return credential.Options{At: time.Now(), Resolver: did.Registry{"key": didkey.Resolver(), "jwk": didjwk.Resolver()}}
}

// us checks a credential whatever form it has. The reason is the code of the
// first row that is not ok, integrity before the others.
func us(t testing.TB, body []byte) string {
	t.Helper()
	return refusal(t, credential.Check(t.Context(), body, options()))
}

func refusal(t testing.TB, got *credential.Checked) string {
	t.Helper()
	if got.OK {
		return ""
	}
	rows := append([]verdict.Check{got.Row(verdict.Integrity)}, got.Checks...)
	for _, row := range rows {
		if row.Result != verdict.Pass {
			t.Logf("%s: %v", row.Name, row.Params)
			return string(row.Code)
		}
	}
	return "not ok, and no row says why"
}

// them asks an operation that takes a document.
func them(op string) side {
	return func(t testing.TB, body []byte) string {
		t.Helper()
		return reason(ask(t, request{Op: op, Document: body}))
	}
}

// themToken asks an operation that takes a token.
func themToken(r request) side {
	return func(t testing.TB, body []byte) string {
		t.Helper()
		asked := r
		asked.Token = string(body)
		return reason(ask(t, asked))
	}
}

func reason(a answer) string {
	if a.OK {
		return ""
	}
	return "refused: " + a.Error
}

// ourKey makes a key and the URL of its verification method.
func ourKey(t testing.TB, kind key.Kind) (k key.Private, issuer, method string) {
	t.Helper()
	k, err := key.Generate(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	issuer = k.Public().DIDKey()
	return k, issuer, issuer + "#" + k.Public().Multikey()
}

const (
	oursToThem = "ours -> theirs"
	theirsToUs = "theirs -> ours"
)
