package register

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrForm: a file is not what the format says. Nothing of it was taken.
	ErrForm = hint.New("register: not a file of this format",
		"Download the file again, or name another format: deqar, csv, json, dcc or ebsi; docs/registers.md shows what each looks like.")
	// ErrTooLarge: a file, or a register in all, has more than is read.
	ErrTooLarge = hint.New("register: too large",
		"Import the part that you need: the entries of the issuers that you meet.")
	// ErrDuplicate: one key stands twice in a file, with what may be different
	// values; which one is meant cannot be known.
	ErrDuplicate = hint.New("register: one key stands twice",
		"Ask whoever keeps the register which of the two entries is right, and import a file that has it once.")
	// ErrPerson: an entry is about a natural person.
	ErrPerson = hint.New("register: an entry is about a natural person",
		"Take the entry out of the file; only organisations are kept.")
)
