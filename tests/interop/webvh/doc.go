// Package webvh runs our did:webvh against another implementation, npm
// didwebvh-ts: logs of ours are judged by it and logs of its by us, and both
// are measured on the same logs in one run.
//
// The tests have the build tag system; they need node and npm and install the
// package into a temporary folder:
//
//	go test -tags system -v ./tests/interop/webvh
//
// Set DIDWEBVH_TS to a folder with node_modules/didwebvh-ts to install nothing.
package webvh
