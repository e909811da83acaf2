// Package hint gives every error of the project a sentence that says what to
// do next.
//
// The first call to make is [New]: packages declare their sentinels with it
// instead of errors.New, so that a person who meets the error on a terminal,
// in a problem document or in a log is told the next step and not only the
// fact. [Of] finds the hint again, however deeply the error was wrapped.
//
// It promises that errors.Is and errors.As see through it, and that the text
// of the error itself never contains the hint. It never decides anything: no
// code may branch on a hint.
package hint
