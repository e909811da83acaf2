//go:build system

package credentials

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// TestVersions keeps the versions in docs/interop.md those that are installed.
func TestVersions(t *testing.T) {
	body, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var pkg struct{ Dependencies map[string]string }
	if err := json.Unmarshal(body, &pkg); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join(vectors.Root(t), "docs", "interop.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range pkg.Dependencies {
		if want := path.Base(name) + " " + version; !strings.Contains(string(doc), want) {
			t.Errorf("docs/interop.md does not say %q", want)
		}
	}
}
