package badge

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

var _ credential.Opener = Open

// Open takes the credential out of a PNG or SVG and checks it with the same
// options as a bare one; it is the credential.Opener of both media types. Like
// credential.Check it never returns an error: an image that cannot be read
// gives a row of format, and nothing else is judged. MediaType is the form of
// the credential inside, JSON or a compact JWT; any other is refused, an image
// above all.
func Open(ctx context.Context, data []byte, opt credential.Options) *credential.Checked {
	form := credential.Sniff(data)
	inner, err := Unbake(data)
	if err != nil {
		return credential.Closed(form, codeOf(err), err)
	}
	if what := credential.Sniff(inner); what != credential.MediaVC && what != credential.MediaJWT {
		return credential.Closed(form, verdict.ParsingError, fmt.Errorf("%w: it is %q", ErrInner, what))
	}
	return credential.Check(ctx, inner, opt)
}

// codeOf says whether an image is broken, is more than we read, or is simply
// no badge.
func codeOf(err error) verdict.Code {
	for _, c := range []struct {
		is   error
		code verdict.Code
	}{
		{ErrTooLarge, verdict.TooLarge}, {ErrTooComplex, verdict.TooComplex},
		{ErrNotImage, verdict.UnknownFormat}, {ErrNone, verdict.UnknownFormat}, {ErrOlder, verdict.UnknownFormat},
	} {
		if errors.Is(err, c.is) {
			return c.code
		}
	}
	return verdict.ParsingError
}
