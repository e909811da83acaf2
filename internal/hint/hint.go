package hint

import "errors"

// Error is a sentinel error with advice. Compare it with errors.Is.
type Error struct {
	msg, hint string
}

// New makes a sentinel. msg says what is wrong ("webvh: log is truncated"),
// hint says what the reader should do next, as a full sentence.
func New(msg, hint string) *Error { return &Error{msg: msg, hint: hint} }

// Error returns the message without the hint.
func (e *Error) Error() string { return e.msg }

// Hint returns the advice.
func (e *Error) Hint() string { return e.hint }

// wrapped overrides the advice of an error without changing what it is.
type wrapped struct {
	err  error
	hint string
}

func (w *wrapped) Error() string { return w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }
func (w *wrapped) Hint() string  { return w.hint }

// Wrap returns err with another, more specific hint. It returns nil for nil.
func Wrap(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &wrapped{err: err, hint: hint}
}

// Of returns the outermost hint found in the tree of err, or "".
func Of(err error) string {
	for err != nil {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				if h := Of(e); h != "" {
					return h
				}
			}
			return ""
		}
		err = errors.Unwrap(err)
	}
	return ""
}
