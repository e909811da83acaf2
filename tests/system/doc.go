// Package system holds tests that start real processes of the program: kills
// at random moments and what has to be there afterwards, an issuer that is
// dead, a restore and two clones, single system calls that fail, a full disk,
// what a check of a credential gives away on the network, and files that are
// made to exhaust memory or time, under a limit of 128 MiB.
//
// The first to read is process_test.go, with which the others start nodes and
// run commands. They need the built program (make build) and run under the
// build tag system (make system); silence_test.go also needs root, iproute2
// and strace, bomb_test.go a memory cgroup; they say NOT RUN without them.
//
// It holds no code but its tests; everything it starts listens on loopback or
// in a network namespace of its own, and is ended by the test that started it.
package system
