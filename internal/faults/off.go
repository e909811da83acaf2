//go:build !faults

package faults

// Enabled reports whether this build can be told to fail.
const Enabled = false

// Point marks a step that tests can make fail. In this build it does nothing
// and returns nil.
func Point(name string) error { return nil }
