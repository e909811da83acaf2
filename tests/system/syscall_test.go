//go:build system && linux

package system

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// fileCalls are the system calls that one revocation makes on the files of its
// home, with the step between those that are failed outside of a soak: all of
// the calls that write, some of those that read.
var fileCalls = []struct {
	names, errno string
	step         int
}{
	{"fsync,fdatasync", "EIO", 1}, {"ftruncate", "EIO", 1}, {"ftruncate", "ENOSPC", 2}, {"unlink,unlinkat", "EIO", 1},
	{"rename,renameat,renameat2,link,linkat", "EIO", 1}, {"flock", "EIO", 1}, {"write", "EIO", 1}, {"write", "ENOSPC", 1}, {"mmap", "ENOMEM", 1},
	{"pwrite64", "EIO", 4}, {"pwrite64", "ENOSPC", 5}, {"openat", "EIO", 1}, {"openat", "ENOSPC", 2}, {"open", "EIO", 4}, {"open", "ENOSPC", 5},
	{"fchown,fchmod,fchmodat", "EPERM", 4}, {"pread64,read", "EIO", 60}, {"fcntl", "EIO", 40}, {"stat,lstat,newfstatat", "EIO", 20}, {"fstat", "EIO", 25}, {"close", "EIO", 7},
}

// Every system call that one revocation makes on the files of its home fails
// in turn, on a fresh copy of the home each time. strace counts the calls of each
// thread by itself, so that one run may fail a call in more than one of them. Whatever fails: the command
// says done and it is, or it is refused; the change, its line of the audit trail
// and the order to publish are there together or not at all; everything that is
// stored holds; and the same revocation then succeeds.
func TestEveryFileCallOfARevocation(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		vectors.Missing(t, "strace")
	}
	soak := os.Getenv("BONAFIDE_SOAK") == "1"
	original := filepath.Join(t.TempDir(), "original")
	place := oneCredential(t, original)
	type tally struct{ failed, done, refused int }
	total := tally{}
	for _, c := range fileCalls {
		step := c.step
		if soak {
			step = 1
		}
		t.Run(c.names+" "+c.errno, func(t *testing.T) {
			got := tally{}
			for when := 1; ; when += step {
				home := filepath.Join(t.TempDir(), "home")
				if err := os.CopyFS(home, os.DirFS(original)); err != nil {
					t.Fatal(err)
				}
				trace := filepath.Join(filepath.Dir(home), "trace")
				args := []string{"-f", "-qqq", "-o", trace, "-e", "trace=" + present(c.names), "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", present(c.names), c.errno, when)}
				for _, f := range []string{"", "store.db", "store.db-wal", "store.db-shm", "node.lock", "config.toml", "token"} {
					args = append(args, "-P", filepath.Join(home, f))
				}
				cmd := exec.Command(strace, append(args, program(t), "status", "revoke", place, "--home", home, "--why", "w")...)
				said, err := cmd.CombinedOutput()
				if err != nil && !errors.As(err, new(*exec.ExitError)) {
					t.Fatal(err)
				}
				hit, err := os.ReadFile(trace)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(hit, []byte("INJECTED")) {
					break // the command makes no more of these calls
				}
				got.failed++
				code := cmd.ProcessState.ExitCode()
				there := wholeOrNothing(t, home, place)
				switch {
				case code == 0 && !there:
					t.Errorf("call %d: acknowledged and not there\n%s%s", when, hit, said)
				case code == 0:
					got.done++
				default:
					got.refused++
					if len(bytes.TrimSpace(said)) == 0 {
						t.Errorf("call %d: refused without a word, exit code %d", when, code)
					}
				}
				if t.Failed() {
					t.Fatalf("call %d: %s%s", when, hit, said)
				}
				done(t, nil, home, "status", "revoke", place)
				if !wholeOrNothing(t, home, place) {
					t.Errorf("call %d: not revoked by the second command", when)
				}
				if soak || when == 1 {
					done(t, nil, home, "fsck")
				}
				if err := os.RemoveAll(home); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d runs with a failed call: %d done, %d refused", got.failed, got.done, got.refused)
			total.failed, total.done, total.refused = total.failed+got.failed, total.done+got.done, total.refused+got.refused
		})
	}
	if total.failed < 40 || total.done == 0 || total.refused == 0 {
		t.Errorf("%+v: the test shows too little", total)
	}
	t.Logf("%d runs with a failure (soak: %v): %d done, %d refused, none half", total.failed, soak, total.done, total.refused)
}

// present leaves out the calls that this machine does not have.
func present(names string) string {
	out := strings.Split(names, ",")
	for i, n := range out {
		out[i] = "?" + n
	}
	return strings.Join(out, ",")
}

// oneCredential makes a home with one issued credential and returns its place.
func oneCredential(t *testing.T, home string) string {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.Home = home
	pass := keystore.Fixed([]byte("correct horse"))
	if _, err := node.Init(t.Context(), cfg, node.InitOptions{Passphrase: pass, Domain: "university.example", WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg, node.Options{Passphrase: pass, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	out, err := n.Op(t.Context(), node.OpIssue, node.Caller{Role: node.RoleOperator}, []byte(`{"credential":{"title":"x","holder":{"name":"Ana"},"place":{"country":"ES"}}}`))
	if err := errors.Join(err, n.Close()); err != nil {
		t.Fatal(err)
	}
	row := out.(node.IssueResponse).Status[0]
	return fmt.Sprintf("%d#%d", row.List, row.Index)
}

// wholeOrNothing reads the book of a home that nobody has open: whether the
// revocation is there, with all that belongs to it.
func wholeOrNothing(t *testing.T, home, place string) bool {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(home, "store.db"), sqlite.Config{Readers: 1})
	if err != nil {
		t.Fatalf("the store does not open any more: %v", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var list, index int64
	if _, err := fmt.Sscanf(place, "%d#%d", &list, &index); err != nil {
		t.Fatal(err)
	}
	there := false
	err = s.View(t.Context(), func(tx store.Tx) error {
		issuers, err := tx.ListIssuers()
		if err != nil {
			return err
		}
		subject := issuers[0].Subject
		c, err := tx.GetChange(subject, list, index, string(revocation.Revocation))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		there = c.Status == 1
		l, err := tx.GetList(subject, list)
		if err != nil {
			return err
		}
		audit, err := tx.ListAudit(subject, 0, 0)
		if err != nil {
			return err
		}
		lines := 0
		for _, a := range audit {
			if a.Action == "revoke" && a.Target == place {
				lines++
			}
		}
		if l.Dirty != there || (lines == 1) != there || lines > 1 {
			t.Errorf("half: set %v, marked for publication %v, %d lines of audit", there, l.Dirty, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}
