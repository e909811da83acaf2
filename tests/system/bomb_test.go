//go:build system

package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	cageSize = 128 << 20
	bombTime = 10 * time.Second // of one processor
	// On a machine that does other things too, waiting is not working; but a
	// bomb that makes the program wait is one as well.
	bombWait = time.Minute
)

// bomb is a file that wants to cost more than it is worth, and the row in
// which the verdict says why it does not.
type bomb struct {
	name string
	body func() []byte
	with []node.Staple
	row  verdict.CheckName
	code verdict.Code
	// tooLong is a file that the command line does not even read to its end.
	tooLong bool
}

func fixed(b []byte) func() []byte { return func() []byte { return b } }

// bombs are those of ../shared/notes/reliability.md, rows 26, 27 and 30, and
// those for each form that is read.
func bombs(t *testing.T, m *maker) []bomb {
	text := func(s string) func() []byte { return fixed([]byte(s)) }
	tree := func(f func() map[string]any) func() []byte { return func() []byte { return m.write(f()) } }
	bigList := gzipped(t)
	list := func(packed func() []byte) []node.Staple {
		return []node.Staple{{Name: "list", URL: listURL, Body: m.jcs(m.list(packed()))}}
	}
	inline := func(context any) func() []byte {
		return tree(func() map[string]any {
			return m.claimed(m.tree("@context", []any{credential.ContextV2, context}), 1)
		})
	}
	format, status, integrity := verdict.Format, verdict.Status, verdict.Integrity
	return []bomb{
		// Bytes and JSON.
		{name: "arrays in each other", body: text(`{"a":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + `}`), row: format, code: verdict.TooComplex},
		{name: "objects in each other", body: text(strings.Repeat(`{"a":`, 300_000)), row: format, code: verdict.TooComplex},
		{name: "eight hundred thousand members", body: func() []byte { return manyMembers(800_000) }, row: format, code: verdict.TooLarge},
		{name: "a million values", body: text(`{"a":[` + strings.Repeat("0,", 1_000_000) + `0]}`), row: format, code: verdict.TooLarge},
		{name: "as many signed members as are read", body: func() []byte {
			var subject map[string]any
			if err := json.Unmarshal(manyMembers(120_000), &subject); err != nil {
				t.Fatal(err)
			}
			return m.jcs(m.tree("credentialSubject", subject))
		}, row: format, code: verdict.DataLoss},
		{name: "a string of 100 MB", body: func() []byte { return longString(100 << 20) }, tooLong: true},
		{name: "a string of 9 MB", body: func() []byte { return longString(9 << 20) }, row: format, code: verdict.TooLarge},
		{name: "a token of 9 MB", body: text("e30." + strings.Repeat("A", 9<<20) + ".AAAA"), row: format, code: verdict.TooLarge},
		// Status lists, signed by the issuer of the credential.
		{name: "a list that unpacks to 512 MiB", body: fixed(m.listed()), with: list(bigList), row: status, code: verdict.TooLarge},
		{name: "the same in a token", body: fixed(m.listed()), with: []node.Staple{{Name: "list", URL: listURL,
			Body: []byte(m.token("vc+jwt", m.list(bigList())))}}, row: status, code: verdict.TooLarge},
		{name: "the same in zlib", body: fixed(m.listed()), with: list(func() []byte { return zlibbed(t) }), row: status, code: verdict.MalformedValue},
		{name: "a list of many members", body: fixed(m.listed()), with: list(func() []byte { return members(t) }), row: status, code: verdict.MalformedValue},
		// Graphs that are dear to canonicalise.
		{name: "a clique as data", body: tree(func() map[string]any { return m.graph(clique(60)) }), row: integrity, code: verdict.ProofMissing},
		{name: "a clique under a key", body: tree(func() map[string]any { return m.claimed(m.graph(clique(60)), 1) }), row: integrity, code: verdict.BudgetExceeded},
		{name: "a clique that was signed", body: tree(func() map[string]any {
			return m.sign(m.graph(clique(7)), proof.EdDSARDFC2022, 1<<30)
		}), row: integrity, code: verdict.BudgetExceeded},
		{name: "a clique under sixteen proofs", body: tree(func() map[string]any { return m.claimed(m.graph(clique(16)), 16) }), row: integrity, code: verdict.BudgetExceeded},
		{name: "the W3C's poison", body: tree(func() map[string]any { return m.claimed(m.graph(poison(t, "test045-in.nq")), 1) }), row: integrity, code: verdict.SignatureInvalid},
		{name: "a clique sixty-four times", body: func() []byte {
			return m.presentation(64, m.claimed(m.graph(clique(16)), 16))
		}, row: integrity, code: verdict.BudgetExceeded},
		// Contexts.
		{name: "terms that mean each other", body: inline(map[string]any{"a": "b:x", "b": "a:x"}), row: format, code: verdict.ContextInline},
		{name: "contexts that name the base", body: inline(manyTerms(5000, map[string]any{"@id": "urn:x", "@context": credential.ContextV2})), row: format, code: verdict.ContextInline},
		{name: "the base context again and again", body: tree(func() map[string]any {
			return m.claimed(m.tree("@context", slices.Repeat([]any{credential.ContextV2}, 40_000)), 1)
		}), row: format, code: verdict.TooComplex},
		// Images.
		{name: "PNG with a compressed text", body: fixed(png(chunk("iTXt", append([]byte("openbadgecredential\x00\x01\x00\x00\x00"), bigList()...)))), row: format, code: verdict.ParsingError},
		{name: "PNG that claims 4 GB", body: text("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR"), row: format, code: verdict.ParsingError},
		{name: "PNG with a text of 7 MB", body: func() []byte {
			return png(chunk("iTXt", append([]byte("openbadgecredential\x00\x00\x00\x00\x00"), longString(7<<20)...)))
		}, row: format, code: verdict.TooLarge},
		{name: "PNG of many chunks", body: func() []byte { return png(slices.Repeat([][]byte{chunk("tEXt", nil)}, 600_000)...) }, row: format, code: verdict.UnknownFormat},
		{name: "SVG with entities", body: fixed(svg(laughs(), "&e20;")), row: format, code: verdict.ParsingError},
		{name: "SVG in depth", body: fixed(svg("", strings.Repeat("<g>", 500_000))), row: format, code: verdict.TooComplex},
		{name: "SVG of many elements", body: fixed(svg("", strings.Repeat("<g/>", 500_000))), row: format, code: verdict.TooComplex},
		{name: "SVG of many attributes", body: fixed(svg("", "<g "+strings.Repeat("a='' ", 500_000)+"/>")), row: format, code: verdict.TooComplex},
		// Tokens.
		{name: "SD-JWT of 100,000 disclosures", body: func() []byte { return m.wide(100_000) }, row: format, code: verdict.TooLarge},
		{name: "SD-JWT of 20,000 disclosures", body: func() []byte { return m.wide(20_000) }, row: format, code: verdict.TooLarge},
		{name: "SD-JWT in depth", body: func() []byte { return m.deep(1000) }, row: format, code: verdict.TooComplex},
		{name: "seal of many properties", body: func() []byte { return m.sealed(20_000) }, row: format, code: verdict.TooLarge},
		{name: "tokens in each other", body: m.nested, row: format, code: verdict.MalformedValue},
		{name: "envelopes in each other", body: tree(func() map[string]any { return m.inEachOther(100) }), row: format, code: verdict.TooComplex},
		{name: "a presentation of 10,000", body: func() []byte { return m.presentation(10_000, map[string]any{"type": "VerifiableCredential"}) }, row: format, code: verdict.TooLarge},
		// What a credential names.
		{name: "schema that doubles", body: fixed(m.jcs(m.tree("credentialSchema", map[string]any{"id": schemaURL, "type": "JsonSchema"}))),
			with: []node.Staple{{Name: "schema", URL: schemaURL, Body: doubling(60)}}, row: format, code: verdict.TooComplex},
		{name: "schema that refers to itself", body: fixed(m.jcs(m.tree("credentialSchema", map[string]any{"id": schemaURL, "type": "JsonSchema"}))),
			with: []node.Staple{{Name: "schema", URL: schemaURL, Body: []byte(`{"$schema":"https://json-schema.org/draft/2020-12/schema","allOf":[{"$ref":"#"}]}`)}},
			row:  format, code: verdict.SchemaUnsupported},
	}
}

func manyMembers(n int) []byte {
	b := []byte("{")
	for i := range n {
		b = fmt.Appendf(b, `"m%d":0,`, i)
	}
	return append(b[:len(b)-1], '}')
}

func manyTerms(n int, each any) map[string]any {
	out := map[string]any{}
	for i := range n {
		out[fmt.Sprint("t", i)] = each
	}
	return out
}

func longString(n int) []byte { return []byte(`{"a":"` + strings.Repeat("a", n) + `"}`) }

// answer is what is looked at of a verdict on a credential or a presentation.
type answer struct {
	Outcome     verdict.Outcome
	Checks      []verdict.Check
	Credentials []struct{ Checks []verdict.Check }
}

func (b *bomb) judge(t *testing.T, a answer) {
	t.Helper()
	if a.Outcome == verdict.Verified {
		t.Error("verified")
	}
	rows := a.Checks
	for _, c := range a.Credentials {
		rows = append(rows, c.Checks...)
	}
	var got []string
	for _, r := range rows {
		if r.Name == b.row && r.Code == b.code {
			t.Logf("%s, %s %s: %.160s", a.Outcome, r.Name, r.Code, r.Params["detail"])
			return
		}
		if r.Result != verdict.Pass && len(got) < 12 {
			got = append(got, fmt.Sprintf("%s %s %.160s", r.Name, r.Code, r.Params["detail"]))
		}
	}
	t.Errorf("%s without %s %s:\n%s", a.Outcome, b.row, b.code, strings.Join(got, "\n"))
}

// Bombs on the command line, each in a cgroup of its own: no crash, no kill,
// an answer in time, and one that names the reason.
func TestBombsOnTheCommandLine(t *testing.T) {
	m := newMaker(t)
	dir := t.TempDir()
	for i, b := range bombs(t, m) {
		t.Run(b.name, func(t *testing.T) {
			file := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(file, b.body(), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"--json", "--offline", "--policy", "authentic", file}
			for j, s := range b.with {
				with := fmt.Sprint(file, "-", j)
				if err := os.WriteFile(with, s.Body, 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--with", s.URL+"="+with)
			}
			c := newCage(t, cageSize)
			began := time.Now()
			before := spent(t, "self")
			out, code := command(t, c.exec(), filepath.Join(dir, "none"), append([]string{"verify"}, args...)...)
			t.Logf("exit code %d, at most %d MiB", code, c.peak(t)>>20)
			inTime(t, time.Since(began), spent(t, "self")-before)
			if n := c.kills(t); n > 0 {
				t.Errorf("killed for want of memory")
			}
			if b.tooLong {
				if code != 2 || len(out) > 0 {
					t.Errorf("exit code %d: %.200s", code, out)
				}
				return
			}
			if code != 1 && code != 3 {
				t.Fatalf("exit code %d", code)
			}
			var a answer
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatalf("%v: %.200s", err, out)
			}
			b.judge(t, a)
		})
	}
}

// The same bombs against one node in a cgroup, by both doors, one after the
// other: it lives through all of them and then verifies a good credential.
func TestBombsAgainstANode(t *testing.T) {
	m := newMaker(t)
	home := filepath.Join(t.TempDir(), "home")
	done(t, nil, home, "init", "--yes")
	c := newCage(t, cageSize)
	r := start(t, home, c.exec())
	pid := strconv.Itoa(r.ready.PID)
	verify := func(t *testing.T, op string, q node.VerifyRequest) (a answer, err error) {
		q.Policy, q.Offline = "authentic", true
		return a, r.client.Op(t.Context(), op, q, &a)
	}
	for _, b := range bombs(t, m) {
		t.Run(b.name, func(t *testing.T) {
			body := b.body()
			op, path, member := node.OpVerify, "/credentials/verify", "verifiableCredential"
			if credential.IsPresentation(body) {
				op, path, member = node.OpPresentation, "/presentations/verify", "verifiablePresentation"
			}
			began, before := time.Now(), spent(t, pid)
			a, err := verify(t, op, node.VerifyRequest{Credential: body, With: b.with})
			t.Logf("the node's user: error %v, at most %d MiB so far", err, c.peak(t)>>20)
			inTime(t, time.Since(began), spent(t, pid)-before)
			switch {
			case b.tooLong:
				if err == nil {
					t.Error("100 MB were read")
				}
			case err != nil:
				t.Fatal(err)
			default:
				b.judge(t, a)
			}
			if body[0] != '{' {
				return // the public door takes objects alone
			}
			began, before = time.Now(), spent(t, pid)
			status := post(t, r.ready.Public+path, []byte(`{"`+member+`":`+string(body)+`}`))
			t.Logf("a stranger: status %d", status)
			inTime(t, time.Since(began), spent(t, pid)-before)
			if status != http.StatusOK && status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d", status)
			}
		})
	}
	a, err := verify(t, node.OpVerify, node.VerifyRequest{Credential: m.good()})
	if err != nil || a.Outcome != verdict.Verified {
		t.Fatalf("after all: %s, %v: %+v", a.Outcome, err, a.Checks)
	}
	if n := c.kills(t); n > 0 {
		t.Errorf("%d kills for want of memory", n)
	}
	t.Logf("a good credential still verifies; at most %d MiB", c.peak(t)>>20)
}

// Many strangers at once, each with as much as one may send: what one costs is
// not multiplied by their number.
func TestManyStrangers(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	done(t, nil, home, "init", "--yes")
	c := newCage(t, 2*cageSize)
	r := start(t, home, c.exec())
	values := []byte(`{"verifiableCredential":{"a":[` + strings.Repeat("0,", 480_000) + `"` + strings.Repeat("a", 8<<20) + `"]}}`)
	members := []byte(`{"verifiableCredential":` + string(manyMembers(490_000)) + `}`)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			body := [][]byte{values, members}[i%2]
			res, err := http.Post(r.ready.Public+"/credentials/verify", "application/json", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
		})
	}
	all.Wait()
	var a answer
	err := r.client.Op(t.Context(), node.OpVerify, node.VerifyRequest{Credential: newMaker(t).good(), Policy: "authentic", Offline: true}, &a)
	if err != nil || a.Outcome != verdict.Verified || c.kills(t) > 0 {
		t.Errorf("after all: %q, %v, %d kills", a.Outcome, err, c.kills(t))
	}
	t.Logf("at most %d MiB", c.peak(t)>>20)
}

// spent is the processor time of a running process, or for "self" that of the
// children of this one that have ended (proc(5), stat, in 1/100 s).
func spent(t *testing.T, pid string) time.Duration {
	t.Helper()
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')'):]))
	first := 12 // utime, stime, cutime, cstime
	if pid == "self" {
		first = 14
	}
	var ticks int
	for _, s := range f[first : first+2] {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func inTime(t *testing.T, took, worked time.Duration) {
	t.Helper()
	t.Logf("%v, of a processor %v", took.Round(time.Millisecond), worked)
	if worked > bombTime || took > bombWait {
		t.Errorf("it took %v, and of a processor %v", took, worked)
	}
}

// post sends JSON and returns the status; a server that hangs up on a body it
// does not want to read has said so before.
func post(t *testing.T, url string, body []byte) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}
