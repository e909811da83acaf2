package verify

import (
	"context"
	"errors"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// Presentation judges a presentation and each credential inside on its own (VCDM
// 2.0 section 4.13). Where the policy sets a challenge or a domain, the envelope
// has to be signed by its holder and to answer them. It always returns an
// answer.
func (v *Verifier) Presentation(ctx context.Context, body []byte, p Policy, at time.Time) *verdict.Presentation {
	if at.IsZero() {
		at = v.cfg.Clock()
	}
	out := &verdict.Presentation{AsOf: at.UTC().Truncate(time.Second), Checks: []verdict.Check{}, Credentials: []*verdict.Verdict{}}
	ctx, cancel := context.WithTimeout(ctx, v.cfg.Timeout)
	defer cancel()
	first := v.newRun(new(verdict.Verdict), p, at)
	var pres *credential.Presentation
	err := errors.New("the program failed")
	first.guard(verdict.Format, func() { pres, err = credential.CheckPresentation(ctx, body, first.options()) })
	if pres == nil {
		out.Checks = append(out.Checks, unreadable(err).With("detail", err.Error()).From("presentation"))
		out.Settle()
		return out
	}
	out.Holder = pres.Holder
	out.Checks = append(out.Checks, verdict.New(verdict.Format, verdict.OK).From("presentation"))
	asked := p.asks()
	switch row := pres.ProofRow(); {
	case row.Code == verdict.ProofMissing && !asked:
		out.Unsigned = true
	default:
		out.Checks = append(out.Checks, row)
	}
	bound := pres.Signed && asked
	if bound {
		out.Checks = append(out.Checks, verdict.New(verdict.Holder, verdict.HolderBound).From("presentation"))
	} else {
		out.Checks = append(out.Checks, verdict.New(verdict.Holder, verdict.NotBound).From("presentation"))
	}
	for _, c := range pres.Credentials {
		r := v.newRun(new(verdict.Verdict), p, at)
		r.checked, r.work = c, first.work
		if bound && pres.Holder != "" {
			r.holder = pres.Holder
		}
		out.Credentials = append(out.Credentials, r.judge(ctx))
	}
	out.Settle()
	return out
}

// unreadable says why bytes are no presentation.
func unreadable(err error) verdict.Check {
	switch {
	case errors.Is(err, jose.ErrAlg):
		return verdict.New(verdict.Integrity, verdict.AlgorithmRefused)
	case errors.Is(err, jose.ErrType):
		return verdict.New(verdict.Format, verdict.TokenType)
	case errors.Is(err, jose.ErrTooLarge), errors.Is(err, strictjson.ErrTooLarge):
		return verdict.New(verdict.Format, verdict.TooLarge)
	case errors.Is(err, strictjson.ErrDepth):
		return verdict.New(verdict.Format, verdict.TooComplex)
	case errors.Is(err, credential.ErrParse), errors.Is(err, jose.ErrToken), errors.Is(err, jose.ErrHeader):
		return verdict.New(verdict.Format, verdict.ParsingError)
	}
	return verdict.New(verdict.Format, verdict.MalformedValue)
}
