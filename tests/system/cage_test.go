//go:build system

package system

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// cage is a memory cgroup, of version 1 or 2 as the machine has it, in which
// the kernel ends whoever takes more than its limit.
type cage struct {
	dir string
	v2  bool
}

// newCage makes a cgroup with a limit in bytes, without swap. Where none can be
// made the test has not run.
func newCage(t *testing.T, limit int64) cage {
	t.Helper()
	var why []string
	for _, c := range []cage{{"/sys/fs/cgroup/memory", false}, {"/sys/fs/cgroup", true}} {
		err := c.make(limit)
		if err == nil {
			t.Cleanup(func() { // the last process may still be on its way out
				eventually(t, 10*time.Second, "the cgroup is empty", func() bool { return os.Remove(c.dir) == nil })
			})
			return c
		}
		why = append(why, err.Error())
	}
	vectors.Missing(t, "a memory cgroup ("+strings.Join(why, "; ")+")")
	return cage{}
}

func (c *cage) make(limit int64) error {
	controllers := filepath.Join(c.dir, "cgroup.controllers")
	if _, err := os.Stat(controllers); (err == nil) != c.v2 {
		return fmt.Errorf("%s: not of this version", c.dir)
	}
	if c.v2 {
		// A parent that holds processes of its own refuses; then there is no limit
		// file below, and the write of it says so.
		_ = os.WriteFile(filepath.Join(c.dir, "cgroup.subtree_control"), []byte("+memory"), 0)
	}
	dir, err := os.MkdirTemp(c.dir, "bonafide-")
	if err != nil {
		return err
	}
	c.dir = dir
	name, swap, most := "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", limit
	if c.v2 {
		name, swap, most = "memory.max", "memory.swap.max", 0
	}
	if err := c.write(name, limit); err != nil {
		_ = os.Remove(dir)
		return err
	}
	_ = c.write(swap, most) // absent where the kernel counts no swap
	return nil
}

// write never creates: in a cgroup all files are there.
func (c cage) write(name string, n int64) error {
	f, err := os.OpenFile(filepath.Join(c.dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.FormatInt(n, 10))
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// exec is a command that runs another inside.
func (c cage) exec() []string {
	return []string{"sh", "-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(c.dir, "cgroup.procs")}
}

// peak is the most memory in bytes that was in use at once.
func (c cage) peak(t *testing.T) int64 {
	t.Helper()
	name := "memory.max_usage_in_bytes"
	if c.v2 {
		name = "memory.peak"
	}
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// kills is how often the kernel ended a process inside for want of memory.
func (c cage) kills(t *testing.T) int {
	t.Helper()
	name := "memory.oom_control"
	if c.v2 {
		name = "memory.events"
	}
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			k, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
	}
	t.Fatalf("%s does not count kills: %s", name, b)
	return 0
}
