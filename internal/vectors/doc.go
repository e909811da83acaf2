// Package vectors finds the shared conformance vectors and sample credentials
// that stand beside the project, for tests only.
//
// The first call to make is [Path] with a name relative to that folder, such
// as "vectors/jcs". When the folder is absent the test is skipped with a line
// that says what was not run; where the environment variable CI is "true" the
// absence fails the test instead, so that a green run means they were run.
//
// It never copies a vector into the project and never reaches the network.
package vectors
