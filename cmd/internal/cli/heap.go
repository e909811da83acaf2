package cli

import (
	"math"
	"runtime"
	"runtime/debug"
)

// What a run over many credentials may gather before garbage is collected: the heap
// is small, so that the collector would otherwise run every few megabytes. Above
// heapLimit it becomes eager again, however much of that is in use.
const (
	heapRoom  = 56 << 20
	heapLimit = 128 << 20
)

// roomyHeap sets that up for a run in this process, where nobody else has set how the
// heap is to grow. The function it returns undoes it.
func (a *app) roomyHeap(c caller) func() {
	if _, here := c.(*local); !here || a.env("GOGC") != "" {
		return func() {}
	}
	heap := make([]byte, heapRoom)
	advise(heap)
	runtime.KeepAlive(heap)
	runtime.GC() // gives the room back to the allocator, and the advice stays
	percent, limit := debug.SetGCPercent(800), debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		debug.SetMemoryLimit(heapLimit)
	}
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
