//go:build system

package evm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// local is a chain that runs as a process of its own, with an account that has
// money.
type local struct {
	url           string
	chain         string
	key, password string // keystore file, and the file of its passphrase
	final         string // flag that makes blocks final
	cmd           *exec.Cmd
}

// launch starts a program and waits for the line that has its address.
func launch(t *testing.T, address *regexp.Regexp, program string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
	found := make(chan string, 1)
	var last bytes.Buffer
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			if m := address.FindStringSubmatch(s.Text()); m != nil {
				select {
				case found <- m[1]:
				default:
				}
			} else if last.Len() < 4<<10 {
				last.WriteString(s.Text() + "\n")
			}
		}
	}()
	select {
	case at := <-found:
		return cmd, "http://" + at
	case <-time.After(time.Minute):
		end(cmd)
		t.Fatalf("%s did not start:\n%s", program, &last)
		return nil, ""
	}
}

// end stops a process that the test started.
func end(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill() // it may be gone already
		_ = cmd.Wait()
	}
}

// anvil finalizes two blocks behind the newest, so that the tag is what counts.
func anvil(t *testing.T) *local {
	t.Helper()
	arch := map[string]string{"amd64": "amd64", "arm64": "arm64"}[runtime.GOARCH]
	binary := need(t, "@foundry-rs", "anvil-"+runtime.GOOS+"-"+arch, "bin", "anvil")
	cmd, url := launch(t, regexp.MustCompile(`Listening on (127\.0\.0\.1:\d+)`), binary, "--port", "0", "--block-time", "1", "--slots-in-an-epoch", "1")
	l := &local{url: url, chain: "eip155:31337", final: "0", cmd: cmd}
	l.key, l.password = keyFile(t, "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80") // its first account, known to all
	return l
}

// geth is the program of the module version that go.mod names. It is built once,
// which takes minutes, and kept in bin.
func geth(t *testing.T) *local {
	t.Helper()
	root, dir := vectors.Root(t), t.TempDir()
	version, code := run(t, root, nil, "go", "list", "-m", "-f", "{{.Version}}", "github.com/ethereum/go-ethereum")
	if version = strings.TrimSpace(version); code != 0 {
		t.Fatal(version)
	}
	bin := filepath.Join(root, "bin", "geth-"+version)
	binary := filepath.Join(bin, "geth")
	if _, err := os.Stat(binary); err != nil {
		began := time.Now()
		if out, code := run(t, dir, []string{"GOBIN=" + bin}, "go", "install", "github.com/ethereum/go-ethereum/cmd/geth@"+version); code != 0 {
			t.Fatalf("geth cannot be built: %s", out)
		}
		t.Logf("geth built in %s", time.Since(began).Round(time.Second))
	}
	cmd, url := launch(t, regexp.MustCompile(`HTTP server started\s+endpoint=(127\.0\.0\.1:\d+)`), binary, "--dev", "--dev.period", "1",
		"--datadir", filepath.Join(dir, "data"), "--ipcdisable", "--http", "--http.port", "0", "--authrpc.port", "0")
	files, err := filepath.Glob(filepath.Join(dir, "data", "keystore", "UTC--*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("keystore: %v, %v", files, err)
	}
	put(t, filepath.Join(dir, "empty"), nil)
	// In this mode it finalizes whole epochs of 32 blocks; a depth is quicker.
	return &local{url: url, chain: "eip155:1337", final: "2", cmd: cmd, key: files[0], password: filepath.Join(dir, "empty")}
}

// ask calls the chain past all code under test.
func (l *local) ask(t *testing.T, out any, method string, params ...any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(l.url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	answer := struct{ Result any }{out}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
}

// bonafide is the program with settings for the chain.
type bonafide struct {
	binary, home string
	env          []string
}

func (b *bonafide) try(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return run(t, b.home, b.env, b.binary, args...)
}

// must runs a command and reads what it prints as JSON.
func (b *bonafide) must(t *testing.T, out any, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.binary, append(args, "--json")...)
	cmd.Dir, cmd.Env = b.home, append(os.Environ(), b.env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	body, err := cmd.Output()
	if err != nil {
		t.Fatalf("bonafide %s: %v\n%s%s", strings.Join(args, " "), err, body, &errs)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatalf("bonafide %s: %v\n%s", strings.Join(args, " "), err, body)
		}
	}
}

// node starts a node and returns how to kill it.
func (b *bonafide) node(t *testing.T) (kill func()) {
	t.Helper()
	cmd := exec.Command(b.binary, "run", "--json", "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/udp/0/quic-v1")
	cmd.Dir, cmd.Env = b.home, append(os.Environ(), b.env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "ready") {
		end(cmd)
		t.Fatalf("the node did not start: %s %v %s", line, err, &errs)
	}
	return func() { end(cmd) }
}

// TestChains: deploy, anchor, a node that is killed in between, verify, prove, and
// verify offline when the chain is gone, with the program itself.
func TestChains(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bonafide")
	if out, code := run(t, vectors.Root(t), nil, "go", "build", "-o", binary, "./cmd/bonafide"); code != 0 {
		t.Fatal(out)
	}
	for name, make := range map[string]func(*testing.T) *local{"anvil": anvil, "geth": geth} {
		t.Run(name, func(t *testing.T) { story(t, binary, make(t)) })
	}
}

func story(t *testing.T, binary string, chain *local) {
	home := t.TempDir()
	b := &bonafide{binary: binary, home: home, env: []string{"BONAFIDE_HOME=" + filepath.Join(home, "node"), "BONAFIDE_CADENCE=1h",
		"BONAFIDE_ANCHOR_RPC=" + chain.url, "BONAFIDE_ANCHOR_CHAIN=" + chain.chain, "BONAFIDE_ANCHOR_DEPTH=" + chain.final,
		"BONAFIDE_ANCHOR_KEY=" + chain.key, "BONAFIDE_ANCHOR_KEY_PASSPHRASE_FILE=" + chain.password, "BONAFIDE_ANCHOR_FEE_CAP_GWEI=1000",
		"BONAFIDE_ANCHOR_GRADE=floor", "BONAFIDE_ANCHOR_POLL=1h"}}
	b.must(t, nil, "init", "--yes", "--domain", "university.example", "--name", "Universidad de Ejemplo")
	var deployed struct {
		Contract string
		Gas      uint64
	}
	b.must(t, &deployed, "anchor", "deploy")
	t.Logf("deployed for %d gas", deployed.Gas)
	b.env = append(b.env, "BONAFIDE_ANCHOR_CONTRACT="+deployed.Contract)
	b.must(t, nil, "anchor", "bind")
	put(t, filepath.Join(home, "course.json"), []byte(`{"title":"Data Literacy","holder":{"name":"Ana Andromeda","birthDate":"2001-02-03"},"place":{"country":"ES"},"ects":"4"}`))
	b.must(t, nil, "issue", "course.json")
	out, code := b.try(t, "issue", "course.json")
	if code != 0 {
		t.Fatal(out)
	}
	put(t, filepath.Join(home, "ana.json"), []byte(out[strings.Index(out, "{"):]))

	kill := b.node(t)
	var sent struct {
		Added  int
		Status struct {
			Flight *struct{ State string }
			Done   []struct {
				State, Tx string
				Block     uint64
				Gas       uint64
				Tries     []struct{ Hash string }
			}
		}
	}
	b.must(t, &sent, "anchor", "submit")
	if sent.Status.Flight == nil { // the node may have been quicker, at its first cadence
		t.Fatalf("submitted: %+v", sent)
	}
	kill()
	b.node(t)
	b.must(t, &sent, "anchor", "submit", "--wait", "90s")
	if len(sent.Status.Done) == 0 || sent.Status.Done[0].State != "final" || len(sent.Status.Done[0].Tries) != 1 {
		t.Fatalf("after the restart: %+v", sent)
	}
	t.Logf("anchored in block %d for %d gas", sent.Status.Done[0].Block, sent.Status.Done[0].Gas)
	var report struct {
		Known   bool
		Issuers []struct{ Standings []struct{ State string } }
		Cost    struct{ Heads, Gas uint64 }
	}
	b.must(t, &report, "anchor", "show")
	if !report.Known || len(report.Issuers) != 1 || report.Issuers[0].Standings[0].State != "stands" || report.Cost.Gas == 0 {
		t.Errorf("show: %+v", report)
	}
	if out, code := b.try(t, "verify", "--policy", "authentic", "--json", "ana.json"); code != 0 || !strings.Contains(out, `"anchored"`) {
		t.Errorf("verify: %d\n%s", code, out)
	}
	var proof struct{ Proof json.RawMessage }
	b.must(t, &proof, "anchor", "prove")
	put(t, filepath.Join(home, "proof.json"), proof.Proof)
	var block struct{ Hash string }
	var receipt struct{ BlockHash string }
	chain.ask(t, &receipt, "eth_getTransactionReceipt", "0x"+sent.Status.Done[0].Tx)
	chain.ask(t, &block, "eth_getBlockByHash", receipt.BlockHash, false)
	end(chain.cmd)
	offline := &bonafide{binary: binary, home: home, env: []string{"BONAFIDE_HOME=" + filepath.Join(home, "none")}}
	var shown struct {
		DID, Order string
		Newest     bool
	}
	offline.must(t, &shown, "anchor", "verify", "proof.json", "--block", block.Hash)
	if !shown.Newest || !strings.Contains(shown.DID, "university.example") {
		t.Errorf("offline: %+v", shown)
	}
	if out, code := offline.try(t, "anchor", "verify", "proof.json", "--block", "0x"+strings.Repeat("1", 64)); code != 1 {
		t.Errorf("another block: %d\n%s", code, out)
	}
	// With the chain gone a verification goes on without it.
	if out, code := b.try(t, "verify", "--policy", "authentic", "--json", "ana.json"); code != 0 {
		t.Errorf("verify without the chain: %d\n%s", code, out)
	}
}
