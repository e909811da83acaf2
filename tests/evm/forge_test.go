//go:build system

package evm

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestForge runs the fuzzer over the contract, and over one copy with a fault
// that it has to find.
func TestForge(t *testing.T) {
	binary, _ := forgeBinary(t), need(t, "solc")
	solc, err := filepath.Abs("solc")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"foundry.toml": "foundry.toml", "src/Anchor.sol": contract, "test/Anchor.t.sol": "forge/Anchor.t.sol"}
	env := []string{"FOUNDRY_SOLC=" + solc, "NO_COLOR=1"}
	if os.Getenv("BONAFIDE_SOAK") == "" { // foundry.toml has the long form
		env = append(env, "FOUNDRY_FUZZ_RUNS=256", "FOUNDRY_INVARIANT_RUNS=32")
	}
	t.Run("the contract", func(t *testing.T) {
		out, code := run(t, lay(t, files), env, binary, "test")
		if code != 0 || !regexp.MustCompile(`\b4 tests passed, 0 failed, 0 skipped`).MatchString(out) {
			t.Errorf("forge: %d\n%s", code, out)
		}
		for _, l := range regexp.MustCompile(`(?m)^\[PASS\].*$`).FindAllString(out, -1) {
			t.Log(l)
		}
	})
	t.Run("a planted fault", func(t *testing.T) {
		dir := lay(t, files)
		put(t, filepath.Join(dir, "src", "Anchor.sol"), replaced(t, "if (order <= uint96(old))", "if (order < uint96(old))"))
		out, code := run(t, dir, env, binary, "test")
		if code == 0 || !strings.Contains(out, "testFuzz_manyEqualsSingles") || !strings.Contains(out, "[FAIL") {
			t.Errorf("forge: %d\n%s", code, out)
		}
	})
}
