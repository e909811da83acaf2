//go:build system

package system

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

func program(t *testing.T) string {
	t.Helper()
	p := filepath.Join(vectors.Root(t), "bin", "bonafide")
	if _, err := os.Stat(p); err != nil {
		vectors.Missing(t, "bin/bonafide (make build)")
	}
	return p
}

// running is a node in a process of its own.
type running struct {
	home   string
	cmd    *exec.Cmd
	ready  readyLine
	client *client.Client // of no use for a node in another network namespace
	killed chan struct{}  // closed by kill
}

type readyLine struct {
	Event, Public, Admin string
	Addrs                []string
	PID                  int
}

// start runs a node on a home until the test or kill ends it. wrap is a
// command to run it under; settings go before those of the tests.
func start(t *testing.T, home string, wrap []string, settings ...string) *running {
	t.Helper()
	args := append(append([]string(nil), wrap...), program(t), "run", "--home", home, "--json", "--public", "127.0.0.1:0",
		"--admin", "127.0.0.1:0", "--log-level", "error")
	if len(settings) == 0 {
		settings = []string{"--listen", loopback, "--cadence", "1h"}
	}
	args = append(args, settings...)
	r := &running{home: home, cmd: exec.Command(args[0], args[1:]...), killed: make(chan struct{})}
	var stderr bytes.Buffer
	r.cmd.Stderr = &stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	if !s.Scan() || json.Unmarshal(s.Bytes(), &r.ready) != nil || r.ready.Event != "ready" {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		t.Fatalf("the node did not start: %s%s", s.Text(), &stderr)
	}
	go func() {
		for s.Scan() { // so that the node never waits for us
		}
	}()
	r.client, err = client.New(client.Config{Public: r.ready.Public, Admin: r.ready.Admin, TokenFile: filepath.Join(home, "token")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	return r
}

const loopback = "/ip4/127.0.0.1/udp/0/quic-v1"

// kill ends the node as a power cut would. A second call does nothing.
func (r *running) kill() {
	if r.cmd.ProcessState != nil {
		return
	}
	close(r.killed)
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	_ = r.client.Close()
}

// command runs the program on a home, under wrap, and returns what it printed
// and its exit code.
func command(t *testing.T, wrap []string, home string, args ...string) ([]byte, int) {
	t.Helper()
	line := append(append(append([]string(nil), wrap...), program(t), args[0], "--home", home), args[1:]...)
	cmd := exec.Command(line[0], line[1:]...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%v: %v", line, err)
	}
	if stderr.Len() > 0 {
		t.Logf("%s: %s", args[0], &stderr)
	}
	return out.Bytes(), cmd.ProcessState.ExitCode()
}

// done is command for what has to work.
func done(t *testing.T, wrap []string, home string, args ...string) []byte {
	t.Helper()
	out, code := command(t, wrap, home, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, out)
	}
	return out
}

// verdictOf verifies a credential through the command line, which asks the
// running node of the home.
func verdictOf(t *testing.T, wrap []string, home, file string, flags ...string) (verdict.Verdict, int) {
	t.Helper()
	out, code := command(t, wrap, home, append([]string{"verify", "--json", file}, flags...)...)
	var v verdict.Verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("verify: exit code %d: %v: %s", code, err, out)
	}
	return v, code
}

// eventually asks again until ok, for at most the time given.
func eventually(t *testing.T, atMost time.Duration, what string, ok func() bool) {
	t.Helper()
	end := time.After(atMost)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end:
			t.Fatalf("not in %v: %s", atMost, what)
		case <-tick.C:
		}
	}
}
