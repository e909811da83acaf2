package cli

import (
	"runtime/debug"
	"testing"
)

// A run sets how the heap grows and puts it back; where somebody has set it, or the
// work is done elsewhere, it is left alone.
func TestRoomyHeap(t *testing.T) {
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	before := percent()
	for _, c := range []struct {
		name    string
		gogc    string
		caller  caller
		changes bool
	}{
		{"here", "", &local{}, true},
		{"GOGC is set", "50", &local{}, false},
		{"a node elsewhere", "", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &app{env: func(name string) string {
				if name == "GOGC" {
					return c.gogc
				}
				return ""
			}}
			undo := a.roomyHeap(c.caller)
			if during := percent(); (during != before) != c.changes {
				t.Errorf("GC percent %d, before %d", during, before)
			}
			undo()
			if percent() != before {
				t.Errorf("left %d behind", percent())
			}
		})
	}
}
