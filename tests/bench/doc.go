// Package bench measures what a verification costs. One fixture, an Open Badges
// 3.0 micro-credential of 3,152 bytes, is signed under each suite and checked in
// full (parse, form, integrity, signer, dates), beside the bare signature check
// of the standard library, beside the usual JSON-LD library for Go, and beside
// two npm stacks.
//
// The first call to make prints the table of all, taken in turns in one run:
//
//	go test -tags system -v -run TestFullChecks ./tests/bench
//
// It needs node and npm; BONAFIDE_NPM names a folder whose node_modules are
// taken instead of installing any. Benchmarks without peers, for profiles:
//
//	go test -run '^$' -bench Check -cpuprofile cpu.out ./tests/bench
//
// Figures are medians per second of CPU time, all threads counted. They promise
// nothing across machines: read ratios within one run. docs/performance.md says
// what they mean. No test here fails because something is slow; each fails when
// a side refuses the fixture or accepts a forged one.
package bench
