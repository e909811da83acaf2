package durable

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// The test binary is its own second process: with this variable set it does
// the work named there instead of running tests.
const childWork = "BONAFIDE_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childWork) {
	case "":
		os.Exit(m.Run())
	case "lock": // take the lock, say how it went, hold it until stdin ends
		l, err := Lock(os.Args[1])
		if err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("locked")
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		if l != nil {
			_ = l.Close()
		}
	case "write": // replace the file
		if err := WriteFile(os.Args[1], []byte(os.Args[2]), 0o600); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	default:
		fmt.Println("no such work")
		os.Exit(2)
	}
}

func child(t *testing.T, work string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), childWork+"="+work)
	return cmd
}

// locker is a second process that tried to take a lock.
type locker struct {
	cmd   *exec.Cmd
	stdin io.Closer
	said  string // "locked", or why not
}

func startLocker(t *testing.T, path string) *locker {
	t.Helper()
	cmd := child(t, "lock", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatalf("the second process said nothing: %v", cmd.Wait())
	}
	l := &locker{cmd, stdin, lines.Text()}
	t.Cleanup(l.end)
	return l
}

// end lets the process finish on its own.
func (l *locker) end() {
	_ = l.stdin.Close()
	_ = l.cmd.Wait()
}

// kill ends the process the way kill -9 does.
func (l *locker) kill() {
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
}
