//go:build !faults

package faults

import (
	"testing"
)

func TestPointDoesNothing(t *testing.T) {
	if Enabled {
		t.Fatal("Enabled without the tag")
	}
	t.Setenv(Env, "a.b=exit")
	if err := Point("a.b"); err != nil {
		t.Errorf("got %v", err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = Point("a.b") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
