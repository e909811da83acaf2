//go:build system

package credentials

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// request is one operation of the scripts in testdata/peer.
type request struct {
	Op        string          `json:"op"`
	Suite     string          `json:"suite,omitempty"`
	Key       string          `json:"key,omitempty"`
	Document  json.RawMessage `json:"document,omitempty"`
	Token     string          `json:"token,omitempty"`
	Typ       string          `json:"typ,omitempty"`
	JWK       map[string]any  `json:"jwk,omitempty"`
	Algorithm string          `json:"algorithm,omitempty"`
	Mandatory []string        `json:"mandatory,omitempty"`
	Pointers  []string        `json:"pointers,omitempty"`
	Frame     map[string]any  `json:"frame,omitempty"`
	Challenge string          `json:"challenge,omitempty"`
	Domain    string          `json:"domain,omitempty"`

	// For lists: what to make, or what to read at which places.
	URL       string         `json:"url,omitempty"`
	From      int64          `json:"from,omitempty"`
	Length    int            `json:"length,omitempty"`
	Bits      int            `json:"bits,omitempty"`
	Set       map[string]int `json:"set,omitempty"`
	Indices   []int64        `json:"indices,omitempty"`
	Documents map[string]any `json:"documents,omitempty"`
}

// answer is what became of it; Error says why not OK.
type answer struct {
	OK       bool              `json:"ok"`
	Error    string            `json:"error"`
	Document json.RawMessage   `json:"document"`
	Token    string            `json:"token"`
	Keys     map[string]string `json:"keys"` // identifiers by the name of the key
	Statuses []int             `json:"statuses"`
}

// peer is the process of the other implementations.
type peer struct {
	mu    sync.Mutex
	in    io.WriteCloser
	out   *bufio.Reader
	close func() error
}

// running is started by the first test that needs it; started, which is nil until
// then, is ended by TestMain.
var (
	running = sync.OnceValues(start)
	started *peer
)

// absent is a component that is not there.
type absent string

func (a absent) Error() string { return string(a) }

func start() (*peer, error) {
	for _, tool := range []string{"node", filepath.Join("node_modules", ".package-lock.json")} {
		_, err := exec.LookPath(tool)
		if _, stat := os.Stat(tool); err != nil && stat != nil {
			return nil, absent(tool + " (npm ci)")
		}
	}
	dir, err := os.MkdirTemp("", "contexts")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "contexts.json")
	if err := writeContexts(file); err != nil {
		return nil, err
	}
	cmd := exec.Command("node", filepath.Join("testdata", "peer", "main.mjs"), file)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	started = &peer{in: in, out: bufio.NewReader(out), close: func() error {
		return errors.Join(in.Close(), cmd.Wait(), os.RemoveAll(dir))
	}}
	return started, nil
}

// writeContexts hands over the contexts that are embedded in the program.
func writeContexts(file string) error {
	l, all := jsonld.Builtin(), map[string]json.RawMessage{}
	for _, url := range l.URLs() {
		body, err := l.Document(url)
		if err != nil {
			return err
		}
		all[url] = body
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}

// ask runs one operation.
func ask(t testing.TB, r request) answer {
	t.Helper()
	p, err := running()
	if a := absent(""); errors.As(err, &a) {
		vectors.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.in.Write(append(body, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return a
}

// must is ask for what has to work, such as making something.
func must(t testing.TB, r request) answer {
	t.Helper()
	a := ask(t, r)
	if !a.OK {
		t.Fatalf("%s: %s", r.Op, a.Error)
	}
	return a
}

// theirKey returns the identifier of one of their keys.
func theirKey(t testing.TB, group, name string) string {
	t.Helper()
	id := must(t, request{Op: group + ".keys"}).Keys[name]
	if id == "" {
		t.Fatalf("%s has no key %s", group, name)
	}
	return id
}

func tree(t testing.TB, body []byte) map[string]any {
	t.Helper()
	m, err := strictjson.ParseObject(body, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func encode(t testing.TB, m map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
