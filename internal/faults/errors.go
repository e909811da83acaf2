package faults

import "github.com/bonafide-id/bonafide/internal/hint"

// Env is the environment variable that arms points in a build with the tag
// "faults". See the package comment for its syntax.
const Env = "BONAFIDE_FAULTS"

// ExitCode is the status with which the action "exit" ends the process.
const ExitCode = 86

var (
	// ErrInjected is returned by a point armed with "error". Code treats it
	// like any other failure of the step; only tests look for it.
	ErrInjected = hint.New("faults: injected failure",
		"This is a test build and the failure was asked for; use an ordinary build.")
	// ErrOrder means that an order given to Arm or in BONAFIDE_FAULTS cannot
	// be read. Correct its spelling.
	ErrOrder = hint.New("faults: order cannot be read",
		"Write orders as NAME=error|exit|stall, optionally followed by :COUNT or :COUNT+, separated by commas.")
)
