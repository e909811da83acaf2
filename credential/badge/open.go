package badge

import (
	"context"
	"errors"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

// Open takes the credential out of a PNG or SVG and checks it with the same
// options as a bare one. Like credential.Check it never returns an error: an
// image that cannot be read gives a row of format, and nothing else is judged.
func Open(ctx context.Context, data []byte, opt credential.Options) *credential.Checked {
	inner, err := Unbake(data)
	if err != nil {
		return unopened(err)
	}
	return credential.Check(ctx, inner, opt)
}

func unopened(err error) *credential.Checked {
	code := verdict.ParsingError
	for _, c := range []struct {
		is   error
		code verdict.Code
	}{
		{ErrTooLarge, verdict.TooLarge}, {ErrTooComplex, verdict.TooComplex},
		{ErrNotImage, verdict.UnknownFormat}, {ErrNone, verdict.UnknownFormat}, {ErrOlder, verdict.UnknownFormat},
	} {
		if errors.Is(err, c.is) {
			code = c.code
			break
		}
	}
	out := &credential.Checked{Checks: []verdict.Check{
		verdict.New(verdict.Format, code).With("detail", err.Error()).From("credential"),
	}}
	for _, name := range []verdict.CheckName{verdict.Integrity, verdict.Signer, verdict.Dates} {
		out.Checks = append(out.Checks, verdict.New(name, verdict.NotChecked).As(verdict.Unknown))
	}
	return out
}
