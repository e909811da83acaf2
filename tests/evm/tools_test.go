//go:build system

package evm

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// contract is the source under test.
var contract = filepath.Join("..", "..", "contracts", "Anchor.sol")

// need returns the absolute path of a file of an npm package.
func need(t testing.TB, elem ...string) string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		vectors.Missing(t, "node")
	}
	p, err := filepath.Abs(filepath.Join(append([]string{"node_modules"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p); err != nil {
		vectors.Missing(t, filepath.Join(elem...)+" (npm ci --prefix tests/evm)")
	}
	return p
}

// forgeBinary is the program inside of the package for this machine.
func forgeBinary(t testing.TB) string {
	t.Helper()
	arch := map[string]string{"amd64": "amd64", "arm64": "arm64"}[runtime.GOARCH]
	return need(t, "@foundry-rs", "forge-"+runtime.GOOS+"-"+arch, "bin", "forge")
}

// lay copies files into a new folder: target path to source path.
func lay(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range files {
		body, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, to), body)
	}
	return dir
}

func put(t testing.TB, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
}

// run starts a program in a folder and returns what it printed and its exit code.
func run(t testing.TB, dir string, env []string, program string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", program, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// replaced returns the contract with one thing changed.
func replaced(t testing.TB, old, new string) []byte {
	t.Helper()
	body, err := os.ReadFile(contract)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(body, []byte(old)) != 1 {
		t.Fatalf("%q does not stand in the source exactly once", old)
	}
	return bytes.Replace(body, []byte(old), []byte(new), 1)
}
