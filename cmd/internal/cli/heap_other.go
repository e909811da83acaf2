//go:build !linux

package cli

// advise does nothing: only Linux asks which memory large pages are for.
func advise([]byte) {}
