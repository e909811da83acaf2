package vectors

import (
	"os"
	"path/filepath"
	"testing"
)

// Root returns the folder of the module that the running test belongs to.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("vectors: working directory: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("vectors: no go.mod above the test's folder")
		}
		dir = up
	}
}

// Path returns the absolute path of rel inside the shared folder, which is
// expected beside the module ("../shared"). It ends the test when the file or
// folder is absent: as a failure where CI=true, as a loud skip elsewhere.
func Path(t testing.TB, rel string) string {
	t.Helper()
	p := filepath.Join(Root(t), "..", "shared", filepath.FromSlash(rel))
	if _, err := os.Stat(p); err != nil {
		Missing(t, "shared/"+rel)
	}
	return p
}

// Missing ends a test that wants a component which is not there: a failure
// where CI=true, a skip that names the component elsewhere.
func Missing(t testing.TB, component string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT RUN: %s is absent, and in CI that is a failure", component)
	}
	t.Skipf("NOT RUN: %s is absent; this test proved nothing", component)
}
