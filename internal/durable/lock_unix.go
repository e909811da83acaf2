//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package durable

import (
	"errors"
	"os"
	"syscall"
)

const errHeld = syscall.EWOULDBLOCK

// lockFile locks the open file, not the path: another handle in this process
// is refused as well, and a child process does not inherit it because Go opens
// files close-on-exec.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
