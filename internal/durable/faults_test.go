//go:build faults

package durable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/faults"
)

// steps are the points inside WriteFile.
var steps = []struct {
	name     string
	sync     bool // a failure here is ErrSync
	replaced bool // the new file is already in place
}{
	{"durable.write", false, false},
	{"durable.sync", true, false},
	{"durable.rename", false, false},
	{"durable.syncdir", true, true},
}

func TestEveryStepFails(t *testing.T) {
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			disarm, err := faults.Arm(s.name + "=error")
			if err != nil {
				t.Fatal(err)
			}
			defer disarm()
			err = WriteFile(path, []byte("new"), 0o600)
			if !errors.Is(err, faults.ErrInjected) {
				t.Fatalf("got %v, want the injected failure", err)
			}
			if errors.Is(err, ErrSync) != s.sync {
				t.Errorf("got %v; ErrSync wanted: %v", err, s.sync)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the path: %v", err)
			}
			want := "old"
			if s.replaced {
				want = "new"
			}
			check(t, path, want)
			if got := names(t, dir); len(got) != 1 {
				t.Errorf("litter: %q", got)
			}
			disarm()
			if err := WriteFile(path, []byte("newer"), 0o600); err != nil {
				t.Fatal(err)
			}
			check(t, path, "newer")
		})
	}
}

func TestProcessEndsAtEveryStep(t *testing.T) {
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := child(t, "write", path, "new")
			cmd.Env = append(cmd.Env, faults.Env+"="+s.name+"=exit")
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != faults.ExitCode {
				t.Fatalf("the child ended with %v: %s", err, out)
			}
			want := "old"
			if s.replaced {
				want = "new"
			}
			check(t, path, want)
			for _, n := range names(t, dir) {
				if n == "file" {
					continue
				}
				info, err := os.Stat(filepath.Join(dir, n))
				if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(n, ".file.") || !strings.HasSuffix(n, ".tmp") {
					t.Errorf("left behind: %s, %v, %v", n, info, err)
				}
			}
			if err := WriteFile(path, []byte("newer"), 0o600); err != nil {
				t.Fatal(err)
			}
			check(t, path, "newer")
		})
	}
}
