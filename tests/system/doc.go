// Package system holds tests that start real processes of the program: kills
// at random moments, and what has to be there afterwards.
//
// The first to read is kill_test.go. They need the built program (make build)
// and run under the build tag system (make system).
//
// It holds no code but its tests; everything it starts listens on loopback
// and is ended by the test that started it.
package system
