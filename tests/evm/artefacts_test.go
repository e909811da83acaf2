//go:build system

package evm

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// made is what go generate makes.
var made = []string{"binding.go", "artefact/Anchor.abi", "artefact/Anchor.bin", "artefact/Anchor.json"}

// TestGenerate runs go generate in a copy of the module from which all that it
// makes was taken, and compares with what is committed.
func TestGenerate(t *testing.T) {
	modules := need(t, "solc")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	copyOf := t.TempDir()
	list, code := run(t, root, nil, "go", "list", "-deps", "-test", "-f", "{{.Dir}}", "./contracts")
	if code != 0 {
		t.Fatalf("go list: %d\n%s", code, list)
	}
	dirs := map[string]bool{}
	for dir := range strings.Lines(list) {
		if rel, err := filepath.Rel(root, strings.TrimSpace(dir)); err == nil && filepath.IsLocal(rel) {
			dirs[rel] = true
		}
	}
	if !dirs["contracts"] {
		t.Fatalf("go list: %s", list)
	}
	for dir := range dirs {
		files, err := filepath.Glob(filepath.Join(root, dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err != nil || info.IsDir() {
				continue
			}
			copyFile(t, f, filepath.Join(copyOf, dir, filepath.Base(f)))
		}
	}
	for _, f := range []string{"go.mod", "go.sum", "tests/evm/compile.mjs", "tests/evm/package.json"} {
		copyFile(t, filepath.Join(root, f), filepath.Join(copyOf, f))
	}
	if err := os.Symlink(filepath.Dir(modules), filepath.Join(copyOf, "tests", "evm", "node_modules")); err != nil {
		t.Fatal(err)
	}
	// What go generate makes must not be there before; but without a binding and
	// an artefact the package does not compile, so these two are spoilt instead.
	for _, f := range made {
		path := filepath.Join(copyOf, "contracts", f)
		switch f {
		case "binding.go":
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			put(t, path, append(body, "\n// spoilt\n"...))
		case "artefact/Anchor.json":
			put(t, path, []byte("{}"))
		default:
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out, code := run(t, filepath.Join(copyOf, "contracts"), nil, "go", "generate", "."); code != 0 {
		t.Fatalf("go generate: %d\n%s", code, out)
	}
	for _, f := range made {
		got, err := os.ReadFile(filepath.Join(copyOf, "contracts", f))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(root, "contracts", f))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("contracts/%s is not what go generate makes (%d bytes, committed %d)", f, len(got), len(want))
		}
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	put(t, to, body)
}

// TestLint holds the source against every rule of solhint but six:
// comprehensive-interface (an interface with one implementation), the two of
// forge's tests (there are none in the source), gas-indexed-events and
// gas-strict-inequalities (they would cost more here), and not-rely-on-time
// (the time is written down; nothing is decided by it).
func TestLint(t *testing.T) {
	program := need(t, "solhint", "solhint.js")
	lint := func(dir string) (string, int) {
		return run(t, dir, nil, "node", program, "--noPoster", "--max-warnings", "0", "-c", ".solhint.json", "Anchor.sol")
	}
	dir := lay(t, map[string]string{"Anchor.sol": contract, ".solhint.json": ".solhint.json"})
	if out, code := lint(dir); code != 0 {
		t.Errorf("solhint: %d\n%s", code, out)
	}
	put(t, filepath.Join(dir, "Anchor.sol"), replaced(t, "    /// @param root The root of the tree.\n", ""))
	if out, code := lint(dir); code == 0 {
		t.Errorf("solhint does not miss a removed @param:\n%s", out)
	}
}
