//go:build system && unix

package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

// peerPackages are the releases that the figures in the documentation are about.
func peerPackages() []string {
	return []string{
		"@digitalbazaar/vc@7.3.0", "@digitalbazaar/eddsa-rdfc-2022-cryptosuite@1.3.0", "@digitalbazaar/vc-bitstring-status-list@2.0.1",
		"@digitalbazaar/data-integrity@2.5.0", "@digitalbazaar/ed25519-multikey@1.3.1", "@digitalbazaar/did-method-key@5.3.0",
		"@digitalbazaar/security-document-loader@3.2.0", "@digitalcredentials/verifier-core@1.0.0-beta.11",
	}
}

// peerFolder is a folder with the npm stacks, the script and the fixture.
func peerFolder(t *testing.T, l *jsonld.Loader, credential, statusList []byte) string {
	t.Helper()
	contexts := map[string]json.RawMessage{}
	for _, url := range []string{"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"} {
		contexts[url] = must(l.Document(url))(t)
	}
	return npmFolder(t, "BONAFIDE_NPM", peerPackages(), map[string][]byte{
		"peer.mjs":        must(os.ReadFile(filepath.Join("testdata", "peer.mjs")))(t),
		"credential.json": credential, "statuslist.json": statusList, "contexts.json": must(json.Marshal(contexts))(t),
	})
}

// npmFolder is a folder with files and installed packages, or with those of the
// folder that the environment variable names.
func npmFolder(t *testing.T, installed string, packages []string, files map[string][]byte) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			vectors.Missing(t, tool)
		}
	}
	dir := t.TempDir()
	if have := os.Getenv(installed); have != "" {
		if err := os.Symlink(filepath.Join(have, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
	} else {
		args := append([]string{"install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"}, packages...)
		install := exec.CommandContext(t.Context(), "npm", args...)
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Logf("%s", out)
			vectors.Missing(t, "the npm stacks")
		}
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// peer starts one stack and returns what measures it; its process is kept, so
// that its compiler has warmed up after the first round.
func peer(t *testing.T, dir, stack string) func(what string, ms int) measured {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "peer.mjs", stack)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in := must(cmd.StdinPipe())(t)
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	read := func(dst any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("%s ended", stack)
		}
		if err := json.Unmarshal(lines.Bytes(), dst); err != nil {
			t.Fatalf("%s: %v: %s", stack, err, lines.Bytes())
		}
	}
	var ready string
	read(&ready)
	return func(what string, ms int) (m measured) {
		t.Helper()
		if _, err := fmt.Fprintf(in, "{\"what\":%q,\"ms\":%d}\n", what, ms); err != nil {
			t.Fatal(err)
		}
		read(&m)
		return m
	}
}
