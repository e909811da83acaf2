package cli

import (
	"runtime"
	"runtime/debug"
)

// How the heap of a run over many credentials grows. Little of it lives, so that the
// collector would run every few megabytes; heapBallast is never touched and counts as
// alive, which lets at least three times as much gather.
const (
	heapBallast = 10 << 20
	heapPercent = 300
	heapRoom    = 56 << 20 // about what it comes to, where little lives
)

// roomyHeap sets that up for a run in this process, where nobody else has set how the
// heap is to grow. The function it returns undoes it.
func (a *app) roomyHeap(c caller) func() {
	if _, here := c.(*local); !here || a.env("GOGC") != "" {
		return func() {}
	}
	ballast, room := make([]byte, heapBallast), make([]byte, heapRoom)
	advise(room)
	runtime.KeepAlive(room)
	runtime.GC() // gives the room back to the allocator, and the advice stays
	percent := debug.SetGCPercent(heapPercent)
	return func() {
		debug.SetGCPercent(percent)
		runtime.KeepAlive(ballast)
	}
}
