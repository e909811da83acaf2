//go:build system && unix

package webvh

import (
	"syscall"
	"testing"
)

// cpuNanos is the CPU time of this process so far, user and system.
func cpuNanos(t *testing.T) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
