package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

// Options are what Check needs beside the bytes.
type Options struct {
	// Resolver finds the documents behind DIDs. Nil makes every signer unknown.
	Resolver did.Resolver
	// At is the time that the verdict is about. Required.
	At time.Time
	// Loader holds the contexts; nil means the built-in ones.
	Loader *jsonld.Loader
	// Limits bound the JSON (zero: 2 MiB, depth 64), JSONLD the graph.
	Limits strictjson.Limits
	JSONLD jsonld.Limits
	// Skew is how far ahead a proof's created may be; zero means 5 minutes.
	Skew time.Duration
	// RetiredBefore, when set, is asked whether a key that stands only in an older
	// version may be used, because independent evidence proves that the
	// signature came before its removal. Nil: never.
	RetiredBefore func(method string, removed time.Time) bool
	// Openers check the forms that this package does not read itself, by media
	// type as Sniff gives it.
	Openers map[string]Opener
	// Challenge and Domain are what a proof by the holder has to answer; empty
	// where nothing was asked.
	Challenge string
	Domain    []string
	// Legacy lets in forms that no specification allows any more and that are met
	// all the same: typ vc+ld+jwt, and version 2.0 inside a vc claim.
	Legacy bool

	depth int // envelopes opened so far
}

func (o Options) skew() time.Duration {
	if o.Skew <= 0 {
		return 5 * time.Minute
	}
	return o.Skew
}

func (o Options) limits() strictjson.Limits {
	if o.Limits.MaxBytes == 0 {
		o.Limits.MaxBytes = MaxBytes
	}
	return o.Limits
}

func (o Options) loader() *jsonld.Loader {
	if o.Loader != nil {
		return o.Loader
	}
	return jsonld.Builtin()
}

// Signer is what is known about the key that made the decisive proof.
type Signer struct {
	Method     did.VerificationMethod
	DID        string          // the identifier that the method belongs to
	Resolution *did.Resolution // how its document was found; nil when not
	Retired    bool            // the key stands in an older version only
	Created    *time.Time      // the proof's own word, which proves no time
	Chain      [][]byte        // certificates (DER) of a token, leaf first; without an anchor they prove nothing
}

// Checked is a credential with what was established about it.
type Checked struct {
	// Credential is nil when the bytes could not be read at all.
	Credential *Credential
	// Document is the secured document, without proofs; nil unless integrity
	// passed and no rule of its form is broken. Only this may be read on.
	Document map[string]any
	// Checks are rows for format, integrity, signer and dates.
	Checks []verdict.Check
	Signer Signer
	// MediaType is the form that the credential came in.
	MediaType string
	// Bound tells that a proof by the holder came along, inside the credential's
	// own form, and answers what was asked.
	Bound bool
	// Seal is what the certificate of the seal states; nil unless the credential
	// came sealed and integrity passed. It is worth what its Level says.
	Seal *cert.Facts
	// OK is true when all four pass.
	OK bool

	once *Lasting // what of it lasts; nil unless one proof holds
}

// Row returns the worst row of the check called name.
func (c *Checked) Row(name verdict.CheckName) verdict.Check {
	row, _ := verdict.Verdict{Checks: c.Checks}.Worst(name)
	return row
}

// Check reads a credential in any form and establishes that it is well-formed,
// that the signed bytes are unchanged, that the key is the issuer's and may sign,
// and that the time lies inside its validity (VCDM 2.0 section 7, Data Integrity
// 1.0 section 4, VC-JOSE-COSE 1.0, CID 1.0 section 3.3). It never returns an
// error: every problem is a row.
//
// Integrity is judged even where the form is broken, so that a changed value
// that also spoils the form is reported as what it is.
func Check(ctx context.Context, body []byte, opt Options) *Checked {
	form := Sniff(body)
	if form == "" {
		form = MediaVC // whose parser says what is wrong
	}
	return open(ctx, form, body, opt)
}

// CheckTree is Check for a credential that stands inside another document
// which was read already.
func CheckTree(ctx context.Context, tree map[string]any, opt Options) *Checked {
	if hasType(tree, "EnvelopedVerifiableCredential") {
		return checkEnveloped(ctx, tree, opt)
	}
	out := &Checked{MediaType: MediaVC}
	c, shape := read(tree)
	out.Credential = c
	sig := out.integrity(ctx, opt)
	out.Checks = slices.Concat(formatRows(c, shape, opt, sig), out.Checks, dateRows(c, shape, opt.At))
	out.fill()
	return out
}

func passes(rows []verdict.Check, name verdict.CheckName) bool {
	some := false
	for _, r := range rows {
		if r.Name != name {
			continue
		}
		switch r.Result {
		case verdict.Pass:
			some = true
		case verdict.Warn:
		default:
			return false
		}
	}
	return some
}

func unreadable(err error) *Checked {
	code := verdict.ParsingError
	if errors.Is(err, strictjson.ErrTooLarge) {
		code = verdict.TooLarge
	} else if errors.Is(err, strictjson.ErrDepth) {
		code = verdict.TooComplex
	}
	return Closed(MediaVC, code, err)
}

const fromCredential = "credential"

// maxContextRows bounds how many contexts are named that stand in the way.
const maxContextRows = 16

// covered is what checking the signature said about the form of a credential.
type covered struct {
	// words: it covers the text as written, so that a word without a meaning is a
	// finding only.
	words bool
	// expanded: the document was expanded already, and odd is what compacted said.
	expanded bool
	odd      error
	err      error // of the expansion
}

// formatRows judges shape, contexts and meaning.
func formatRows(c *Credential, shape error, opt Options, sig covered) []verdict.Check {
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Format, code).From(fromCredential) }
	var rows []verdict.Check
	if shape != nil {
		rows = append(rows, row(verdict.MalformedValue).With("detail", shape.Error()))
	}
	if list, _ := c.Tree["@context"].([]any); true {
		for _, e := range list {
			if len(rows) >= maxContextRows {
				break // more say nothing new
			}
			if u, ok := e.(string); ok && !opt.loader().Has(u) {
				rows = append(rows, row(verdict.UnknownContext).With("context", u))
			} else if _, inline := e.(map[string]any); inline {
				rows = append(rows, row(verdict.ContextInline))
			}
		}
	}
	if path, found := nestedContext(c.Tree, opt.loader().Has); found {
		rows = append(rows, row(verdict.ContextInline).With("path", path))
	}
	if len(rows) == 0 {
		if !sig.expanded {
			sig.err = opt.loader().Look(without(c.Tree, "proof"), func(v jsonld.View) { sig.odd = compacted(c.Tree, v) })
		}
		switch code := expansionCode(sig.err); {
		case sig.err == nil && (sig.words || sig.odd == nil):
		case sig.err == nil:
			rows = append(rows, row(verdict.MalformedValue).With("detail", sig.odd.Error()))
		case sig.words && code == verdict.DataLoss:
			rows = append(rows, row(verdict.OK), row(verdict.WordUndefined).With("detail", sig.err.Error()))
		default:
			rows = append(rows, row(code).With("detail", sig.err.Error()))
		}
	}
	if len(rows) == 0 {
		rows = append(rows, row(verdict.OK))
	}
	if c.Version == 1 {
		rows = append(rows, row(verdict.VCDM11))
	}
	for _, f := range c.Findings {
		rows = append(rows, row(verdict.ZoneMissing).With("detail", f))
	}
	return rows
}

func expansionCode(err error) verdict.Code {
	switch {
	case errors.Is(err, jsonld.ErrContext):
		return verdict.UnknownContext
	case errors.Is(err, jsonld.ErrBudget):
		return verdict.TooComplex
	}
	return verdict.DataLoss
}

// nestedContext finds an @context below the top, which could give signed
// words another meaning (Data Integrity 1.0 section 4.6, context validation).
// Proofs carry theirs by rule; a credential inside, such as an endorsement, has
// one of its own, which may name known contexts only.
func nestedContext(tree map[string]any, known func(url string) bool) (place string, found bool) {
	var walk func(v any) (string, bool)
	walk = func(v any) (string, bool) {
		switch x := v.(type) {
		case map[string]any:
			if c, has := x["@context"]; has && !(hasType(x, "VerifiableCredential") && allKnown(c, known)) {
				return "", true
			}
			for k, e := range x {
				if k == "proof" || k == "@context" {
					continue
				}
				if below, found := walk(e); found {
					return placed(k, below), true
				}
			}
		case []any:
			for i, e := range x {
				if below, found := walk(e); found {
					return placed(fmt.Sprintf("[%d]", i), below), true
				}
			}
		}
		return "", false
	}
	for k, v := range tree {
		if k == "@context" || k == "proof" {
			continue
		}
		if below, found := walk(v); found {
			return placed(k, below), true
		}
	}
	return "", false
}

// allKnown tells whether an @context consists of known URLs alone.
func allKnown(c any, known func(url string) bool) bool {
	list, err := stringOrList(c)
	return err == nil && !slices.ContainsFunc(list, func(u string) bool { return !known(u) })
}

func dateRows(c *Credential, shape error, at time.Time) []verdict.Check {
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Dates, code).From(fromCredential) }
	from, until := c.ValidFrom, c.ValidUntil
	names := []string{"validFrom", "validUntil"}
	if c.Version == 1 {
		names = []string{"issuanceDate", "expirationDate"}
	}
	for i, t := range []*time.Time{from, until} {
		if _, has := c.Tree[names[i]]; has && t == nil {
			return []verdict.Check{row(verdict.DateUnreadable).With("member", names[i])}
		}
	}
	switch {
	case from != nil && until != nil && until.Before(*from):
		return []verdict.Check{row(verdict.DatesDisordered)}
	case until != nil && !at.Before(*until) && !at.Equal(*until):
		return []verdict.Check{row(verdict.Expired).With("until", proof.FormatTime(*until))}
	case from != nil && at.Before(*from):
		return []verdict.Check{row(verdict.NotYetValid).With("from", proof.FormatTime(*from))}
	}
	rows := []verdict.Check{row(verdict.OK)}
	if from == nil {
		rows = append(rows, row(verdict.NoValidity))
	}
	return rows
}

// integrity verifies the proofs and then asks whose key it was.
func (c *Checked) integrity(ctx context.Context, opt Options) (sig covered) {
	keys := NewKeys(ctx, opt)
	report, err := proof.Verify(ctx, c.Credential.Tree, keys.Find, proof.Options{
		Purpose: proof.AssertionMethod, Now: opt.At, Skew: opt.Skew, Loader: opt.loader(), JSONLD: opt.JSONLD,
		Look: func(v jsonld.View) { sig.odd = compacted(c.Credential.Tree, v) },
	})
	if err != nil {
		code := verdict.ProofMalformed
		if errors.Is(err, proof.ErrMissing) {
			code = verdict.ProofMissing
		}
		c.Checks = append(c.Checks,
			verdict.New(verdict.Integrity, code).With("detail", err.Error()).From(fromCredential),
			verdict.New(verdict.Signer, verdict.NotChecked).As(verdict.Unknown))
		return sig
	}
	best := decisive(report.Proofs, c.Credential.Issuer)
	row := c.integrityRow(report.Proofs[best], opt)
	c.Checks = append(c.Checks, row)
	for i, p := range report.Proofs {
		if i != best {
			c.Checks = append(c.Checks, extraRow(p))
		}
	}
	if row.Result == verdict.Pass {
		c.Document = report.Document
	}
	c.signerRows(report.Proofs[best], keys, opt)
	c.remember(report.Proofs, opt)
	sig.expanded = report.Expanded
	return sig
}

// decisive picks the proof that counts: the issuer's own, a good one before
// a bad one; with none by the issuer, the first.
func decisive(proofs []proof.Result, issuer string) int {
	best, rank := 0, -1
	for i, p := range proofs {
		r := 0
		if controllerOf(p.VerificationMethod) == issuer {
			r += 2
		}
		if p.Err == nil {
			r++
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return best
}

// extraRow reports a further proof. One that fails is a failure of the whole
// set (Data Integrity 1.0 section 4.5): somebody's signature does not fit.
func extraRow(p proof.Result) verdict.Check {
	if p.Err != nil && (errors.Is(p.Err, proof.ErrSignature) || errors.Is(p.Err, proof.ErrChain)) {
		return verdict.New(verdict.Integrity, verdict.SignatureInvalid).With("method", p.VerificationMethod).With("detail", p.Err.Error()).From(fromCredential)
	}
	row := verdict.New(verdict.Integrity, verdict.ProofExtra).With("method", p.VerificationMethod).From(fromCredential)
	if p.Err != nil {
		row = row.With("detail", p.Err.Error())
	}
	return row
}

func (c *Checked) integrityRow(p proof.Result, opt Options) verdict.Check {
	row := func(code verdict.Code) verdict.Check {
		r := verdict.New(verdict.Integrity, code).With("suite", p.Suite).From(fromCredential)
		if p.Err != nil {
			r = r.With("detail", p.Err.Error())
		}
		return r
	}
	switch err := p.Err; {
	case err == nil:
		return row(verdict.OK)
	case errors.Is(err, errNoKey):
		return row(verdict.KeyUnavailable)
	case outOfTime(err):
		return row(verdict.BudgetExceeded)
	case errors.Is(err, proof.ErrBaseProof):
		return row(verdict.ProofNotDerived)
	case errors.Is(err, jsonld.ErrBudget):
		return row(verdict.BudgetExceeded)
	case errors.Is(err, proof.ErrTransform):
		return c.untransformed(p, row, opt)
	case errors.Is(err, proof.ErrSuite):
		return row(verdict.ProofUnknownSuite)
	case errors.Is(err, proof.ErrPurpose):
		return row(verdict.ProofWrongPurpose)
	case errors.Is(err, proof.ErrFuture):
		return row(verdict.ProofCreatedInFuture)
	case errors.Is(err, proof.ErrExpired):
		return row(verdict.ProofExpired)
	case errors.Is(err, proof.ErrMissing), errors.Is(err, proof.ErrMalformed), errors.Is(err, proof.ErrTooMany):
		return row(verdict.ProofMalformed)
	case errors.Is(err, proof.ErrSignature), errors.Is(err, proof.ErrChain):
		return row(verdict.SignatureInvalid)
	case errors.Is(err, key.ErrWeak):
		return row(verdict.CryptographicError)
	}
	return row(verdict.NotChecked).As(verdict.Unknown)
}

// outOfTime tells whether the work was ended and not done.
func outOfTime(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// untransformed judges a document that has no canonical form under the strict
// rules. Where the signature does not even fit what a lax reader would have
// signed, the content was changed, and that is the answer; otherwise nothing
// can be said, because words without a meaning are not covered.
func (c *Checked) untransformed(p proof.Result, row func(verdict.Code) verdict.Check, opt Options) verdict.Check {
	if errors.Is(p.Err, jsonld.ErrDataLoss) && !p.Key.IsZero() {
		list, _ := objects(c.Credential.Tree["proof"])
		if p.Index < len(list) {
			err := proof.VerifyLax(without(c.Credential.Tree, "proof"), list[p.Index], p.Key, opt.loader(), opt.JSONLD)
			if errors.Is(err, proof.ErrSignature) {
				return row(verdict.SignatureInvalid)
			}
		}
	}
	return row(verdict.NotChecked).As(verdict.Unknown)
}

// without returns m lacking one member: a shallow copy, or m where it has none of that
// name.
func without(m map[string]any, name string) map[string]any {
	if _, has := m[name]; !has {
		return m
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}
