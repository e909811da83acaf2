package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bonafide-id/bonafide/client"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/node"
)

// Exit codes of the program.
const (
	exitOK            = 0 // verified, or done
	exitRefused       = 1 // invalid, or refused
	exitUsage         = 2 // the call was wrong
	exitIndeterminate = 3 // could not be established
	exitUnreachable   = 4 // a node, or something it needs, could not be reached
	exitInterrupted   = 130
)

// Errors of this package. Compare with errors.Is.
var (
	// ErrUsage: the call is wrong. Nothing was done.
	ErrUsage = hint.New("wrong usage", "Add --help to the command to see what it takes, with examples.")
	// ErrInput: a file or stream that was named cannot be read.
	ErrInput = hint.New("input cannot be read", "Check the path, and that the file may be read; inputs are at most 10 MiB.")
	// ErrDeclined: the person at the terminal said no. Nothing was done.
	ErrDeclined = hint.New("not confirmed", "Nothing was changed. Repeat the command when you are sure; --yes answers for you.")
	// ErrListen: an address of a listener cannot be bound.
	ErrListen = hint.New("cannot listen", "Choose another address with --public or --admin; port 0 takes a free one.")
	// ErrStory: a step of the demo did not come out as told.
	ErrStory = hint.New("the demo did not come out as told", "The logs of the nodes stand above; run it again with --keep to look into the nodes.")
	// ErrBuild: the program cannot be started a second time.
	ErrBuild = hint.New("the program cannot start itself", "Run the program from a file that stays where it is, as \"make build\" makes it.")
)

// codeError is an error whose exit code is known, or, with a nil err, an exit
// code that needs no words because the answer has been printed.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

// exit ends a command whose answer has been printed. nil for exitOK.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return &codeError{code: code}
}

// withCode gives an error its exit code.
func withCode(code int, err error) error { return &codeError{code: code, err: err} }

// usagef reports a wrong call.
func usagef(format string, args ...any) error {
	return withCode(exitUsage, fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...)))
}

// exitCode maps an error to the program's exit code. The map for errors of the
// domain is node.FailureOf.
func exitCode(err error) int {
	var known *codeError
	var said *client.Problem
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &known):
		return known.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &said):
		if said.ExitCode > 0 {
			return said.ExitCode
		}
		return exitRefused
	case errors.Is(err, client.ErrUnreachable):
		return exitUnreachable
	case errors.Is(err, ErrUsage), errors.Is(err, ErrInput):
		return exitUsage
	}
	return node.FailureOf(err).ExitCode
}

// printError writes an error and what to do about it.
func (a *app) printError(err error) {
	var silent *codeError
	if errors.As(err, &silent) && silent.err == nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.stderr, "interrupted")
		return
	}
	p := a.painter(a.stderr)
	writeError(a.stderr, p, err)
}

func writeError(w io.Writer, p painter, err error) {
	fmt.Fprintf(w, "%s %s\n", p.red("error:"), oneLine(err.Error()))
	if h := hint.Of(err); h != "" {
		fmt.Fprintf(w, "%s %s\n", p.dim("hint:"), oneLine(h))
	}
}
