package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/bonafide-id/bonafide/internal/hint"
	"golang.org/x/term"
)

// maxPassphrase bounds a passphrase in bytes.
const maxPassphrase = 1024

// Passphrase obtains a passphrase. It is called once by each Create and Open,
// and returns bytes that the receiver may clear.
type Passphrase func() ([]byte, error)

// Fixed returns a passphrase that the caller holds already. The bytes are copied
// at each call.
func Fixed(passphrase []byte) Passphrase {
	return func() ([]byte, error) { return bytes.Clone(passphrase), nil }
}

// FromFile reads the passphrase from a file of mode 0600 or stricter (a service
// credential), without one line end at its end. Errors: [ErrLoose],
// [ErrPassphrase].
func FromFile(path string) Passphrase {
	return func() ([]byte, error) {
		// Room for the line end as well.
		text, err := readPrivate(path, maxPassphrase+2)
		if err != nil {
			if errors.Is(err, ErrLoose) {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
		}
		if cut, ok := bytes.CutSuffix(text, []byte("\n")); ok {
			text = bytes.TrimSuffix(cut, []byte("\r"))
		}
		return text, nil
	}
}

// FromEnv reads the passphrase from an environment variable. Other processes of
// the same user can see it there; a file is the better place. The error is
// [ErrPassphrase].
func FromEnv(name string) Passphrase {
	return func() ([]byte, error) {
		text, ok := os.LookupEnv(name)
		if !ok {
			return nil, hint.Wrap(fmt.Errorf("%w: environment variable %s is not set", ErrPassphrase, name),
				"Set the variable, or give the passphrase in a file.")
		}
		return []byte(text), nil
	}
}

// Terminal says where FromPrompt asks. Its zero value asks on standard error and
// reads from standard input.
type Terminal struct {
	// In is read without echo and must be a terminal; nil means os.Stdin.
	In *os.File
	// Out gets the question; nil means os.Stderr.
	Out io.Writer
	// Label says what the passphrase opens, as in "Passphrase for LABEL: ".
	Label string
	// New asks twice and refuses two different answers. Set it when the passphrase
	// goes to [Create].
	New bool
}

// FromPrompt asks a person. The error is [ErrPassphrase].
func FromPrompt(t Terminal) Passphrase {
	return func() ([]byte, error) {
		in, out := t.In, t.Out
		if in == nil {
			in = os.Stdin
		}
		if out == nil {
			out = os.Stderr
		}
		if !term.IsTerminal(int(in.Fd())) {
			return nil, hint.Wrap(fmt.Errorf("%w: input is not a terminal", ErrPassphrase),
				"Give the passphrase in a file or in the environment when nobody sits at a terminal.")
		}
		ask := func(question string) ([]byte, error) {
			if _, err := io.WriteString(out, question); err != nil {
				return nil, fmt.Errorf("%w: ask: %w", ErrPassphrase, err)
			}
			text, err := term.ReadPassword(int(in.Fd()))
			// The person's return key was not echoed either.
			_, _ = io.WriteString(out, "\n")
			if err != nil {
				clear(text)
				return nil, fmt.Errorf("%w: read: %w", ErrPassphrase, err)
			}
			return text, nil
		}
		what := ""
		if t.Label != "" {
			what = " for " + t.Label
		}
		if !t.New {
			return ask("Passphrase" + what + ": ")
		}
		first, err := ask("New passphrase" + what + ": ")
		if err != nil {
			return nil, err
		}
		second, err := ask("The same again: ")
		defer clear(second)
		if err == nil && !bytes.Equal(first, second) {
			err = hint.Wrap(fmt.Errorf("%w: the two answers differ", ErrPassphrase),
				"Try again and type the same passphrase twice.")
		}
		if err != nil {
			clear(first)
			return nil, err
		}
		return first, nil
	}
}

// obtain calls pass and checks the length of what it gives.
func obtain(pass Passphrase) ([]byte, error) {
	if pass == nil {
		return nil, fmt.Errorf("%w: no source given", ErrPassphrase)
	}
	text, err := pass()
	if err != nil {
		return nil, err
	}
	if len(text) == 0 || len(text) > maxPassphrase {
		clear(text)
		return nil, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrPassphrase, len(text), maxPassphrase)
	}
	return text, nil
}

// readPrivate reads a regular file of at most limit bytes that only its owner
// may read and write. The mode is taken from the open file, so that it cannot be
// swapped between the check and the reading. Windows has no such modes; there
// the folder's access list has to do.
func readPrivate(path string, limit int64) (data []byte, err error) {
	// Looked at before it is opened, because opening a pipe would wait.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrDamaged, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if loose(info.Mode()) {
		return nil, fmt.Errorf("%w: %s has mode %04o, want 0600", ErrLoose, path, info.Mode().Perm())
	}
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		clear(data)
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrDamaged, path, limit)
	}
	return data, nil
}

// loose reports whether a mode lets anybody but the owner at the file.
func loose(mode fs.FileMode) bool {
	return runtime.GOOS != "windows" && mode.Perm()&^0o600 != 0
}
