package edc

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jades"
	"github.com/bonafide-id/bonafide/verdict"
)

// Trust is what an operator trusts about seals. The zero value trusts nobody.
type Trust struct {
	// Roots are the authorities whose certificates may identify an issuer.
	// Nil means none; the roots of the operating system are never used.
	Roots *x509.CertPool
	// Listed says what EU trusted lists make of a certificate that sealed
	// something at a time. Nil means that no list is at hand.
	Listed func(leaf *x509.Certificate, others []*x509.Certificate, sealed time.Time) Listing
}

// Listing is what trusted lists say about a certificate at one time.
type Listing struct {
	// Level is cert.QualifiedSeal, cert.QualifiedCert, or cert.None when the
	// lists do not raise it; Why says what is missing from the next.
	Level cert.Level
	By    string // the provider that is listed
	List  string // the list: territory and number
	Why   error
}

// Opener returns an opener of sealed credentials, for credential.Options.Openers
// under credential.MediaJOSE.
func Opener(trust Trust) credential.Opener {
	return func(ctx context.Context, data []byte, opt credential.Options) *credential.Checked {
		return open(ctx, data, opt, trust)
	}
}

// Open checks a sealed credential without trusting any authority: its signer is
// never more than unknown. data is the whole file, a JWS in general JSON
// serialisation. It never fails: what is wrong becomes rows.
func Open(ctx context.Context, data []byte, opt credential.Options) *credential.Checked {
	return open(ctx, data, opt, Trust{})
}

func open(ctx context.Context, data []byte, opt credential.Options, trust Trust) *credential.Checked {
	lim := opt.Limits
	if lim.MaxBytes == 0 {
		lim.MaxBytes = credential.MaxBytes
	} else if len(data) > lim.MaxBytes {
		return credential.Closed(credential.MediaJOSE, verdict.TooLarge, fmt.Errorf("%w: %d bytes", strictjson.ErrTooLarge, len(data)))
	}
	seal, err := jades.Parse(data)
	if err != nil {
		return closed(err)
	}
	o := opening{seal: seal, opt: opt, e: credential.Envelope{MediaType: credential.MediaJOSE, Created: &seal.SignedAt}}
	intact := o.integrity()
	o.document(lim)
	if intact {
		o.signer(trust)
		o.e.Seal = o.facts
	} else {
		o.e.Signer = []verdict.Check{row(verdict.Signer, verdict.NotChecked).As(verdict.Unknown)}
	}
	return credential.CheckEnvelope(ctx, o.e, opt)
}

func row(name verdict.CheckName, code verdict.Code) verdict.Check {
	return verdict.New(name, code).From("credential")
}

// closed tells why a file is no seal that can be judged: what is not
// understood is unknown, what is broken is broken.
func closed(err error) *credential.Checked {
	code := verdict.ProofMalformed
	switch {
	case errors.Is(err, strictjson.ErrTooLarge), errors.Is(err, jades.ErrTooMany):
		return credential.Closed(credential.MediaJOSE, verdict.TooLarge, err)
	case errors.Is(err, strictjson.ErrDepth):
		return credential.Closed(credential.MediaJOSE, verdict.TooComplex, err)
	case errors.Is(err, jades.ErrShape):
		return credential.Closed(credential.MediaJOSE, verdict.ParsingError, err)
	case errors.Is(err, jades.ErrCritical), errors.Is(err, jades.ErrAlgorithm), errors.Is(err, jades.ErrStamp), errors.Is(err, jades.ErrCount):
		code = verdict.ProofUnknownSuite
	}
	return credential.CheckEnvelope(context.Background(), credential.Envelope{MediaType: credential.MediaJOSE,
		Rows: []verdict.Check{row(verdict.Integrity, code).With("detail", err.Error())}}, credential.Options{})
}

// opening is one sealed credential on its way.
type opening struct {
	seal  *jades.Seal
	opt   credential.Options
	e     credential.Envelope
	leaf  *x509.Certificate
	facts *cert.Facts
}

func (o *opening) add(rows ...verdict.Check) { o.e.Rows = append(o.e.Rows, rows...) }

// integrity checks the signature with the key of the certificate.
func (o *opening) integrity() bool {
	suite := "JAdES " + o.seal.Alg
	bad := func(code verdict.Code, err error) bool {
		o.add(row(verdict.Integrity, code).With("suite", suite).With("detail", err.Error()))
		return false
	}
	leaf, err := cert.Parse(o.seal.Certificates[0])
	if err != nil {
		return bad(verdict.KeyUnavailable, err)
	}
	facts, err := cert.Read(leaf)
	if err != nil {
		return bad(verdict.KeyUnavailable, err)
	}
	pub, err := cert.Key(leaf)
	if err != nil {
		return bad(verdict.KeyUnavailable, err)
	}
	if _, err = o.seal.Verify(pub); errors.Is(err, key.ErrSignature) {
		return bad(verdict.SignatureInvalid, err)
	} else if err != nil {
		return bad(verdict.ProofMalformed, err)
	}
	o.leaf, o.facts = leaf, &facts
	if ahead := o.seal.SignedAt.Sub(o.opt.At); ahead > skew(o.opt) {
		return bad(verdict.ProofCreatedInFuture, fmt.Errorf("%w: signed at %s", jades.ErrHeader, o.seal.SignedAt.Format(time.RFC3339)))
	}
	o.add(row(verdict.Integrity, verdict.OK).With("suite", suite))
	return true
}

func skew(opt credential.Options) time.Duration {
	if opt.Skew <= 0 {
		return 5 * time.Minute
	}
	return opt.Skew
}

// signer says how far the certificate carries. Several rows may stand
// together: each says one thing that is missing.
func (o *opening) signer(trust Trust) {
	f := o.facts
	path := cert.Build(o.leaf, o.others(), trust.Roots, o.opt.At)
	f.Level = path.Level
	add := func(code verdict.Code, detail string) {
		r := row(verdict.Signer, code).With("certificate", f.Thumbprint)
		if detail != "" {
			r = r.With("detail", detail)
		}
		o.e.Signer = append(o.e.Signer, r)
	}
	if !f.ValidAt(o.opt.At) {
		add(verdict.CertificateExpired, fmt.Sprintf("valid from %s until %s", f.NotBefore.Format(time.RFC3339), f.NotAfter.Format(time.RFC3339)))
	}
	listed := o.listed(trust)
	switch {
	case listed.Level == cert.QualifiedCert || listed.Level == cert.QualifiedSeal:
		f.Level = listed.Level
	case listed.Level != cert.None && listed.Why != nil:
		add(verdict.CertificateTimeUnproven, listed.Why.Error())
	case path.Level == cert.Chain:
	case path.Level == cert.Self && len(path.Certificates) == 1:
		add(verdict.CertificateSelfSigned, "")
	default:
		why := path.Err.Error()
		if listed.Why != nil {
			why += "; " + listed.Why.Error()
		}
		add(verdict.CertificateChainUntrusted, why)
	}
	if !f.MaySign {
		add(verdict.CertificateNotForSigning, "")
	}
	if why := o.bound(); why != "" {
		add(verdict.SealIssuerUnbound, why)
	}
	if len(o.e.Signer) == 0 {
		r := row(verdict.Signer, verdict.OK).With("certificate", f.Thumbprint).With("level", string(f.Level))
		if listed.List != "" {
			r = r.On(verdict.Evidence{Kind: "trusted-list", ID: listed.List, By: listed.By})
		}
		o.e.Signer = append(o.e.Signer, r)
	}
	o.stamps()
}

// listed is what the trusted lists say of the seal.
func (o *opening) listed(trust Trust) Listing {
	return trust.Judge(o.leaf, *o.facts, o.others(), o.seal.SignedAt, o.opt.At)
}

// Judge asks the trusted lists about the time at which something says that it was
// sealed and about the time asked. The first is only a claim, so that an authority
// must have been granted at both; where it was at the first only, the level is
// cert.Chain and Why says so. A certificate that does not hold at the time asked is
// worth cert.None.
func (t Trust) Judge(leaf *x509.Certificate, facts cert.Facts, others []*x509.Certificate, sealed, at time.Time) Listing {
	if t.Listed == nil || !facts.ValidAt(at) {
		return Listing{Level: cert.None}
	}
	then := t.Listed(leaf, others, sealed)
	if then.Level == cert.None {
		return then
	}
	now := t.Listed(leaf, others, at)
	switch {
	case now.Level == cert.None:
		now.Level, now.Why = cert.Chain, fmt.Errorf("sealed, by its own word, when the authority was still granted: %w", now.Why)
		return now
	case then.Level == cert.QualifiedCert:
		return then
	}
	return now
}

// others are the certificates that came along, those that can be read.
func (o *opening) others() []*x509.Certificate {
	var out []*x509.Certificate
	for _, der := range slices.Concat(o.seal.Certificates[1:], o.seal.Extra) {
		if c, err := cert.Parse(der); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// stamps tells of the time stamps that came along. Each is a finding only.
func (o *opening) stamps() {
	for _, s := range slices.Concat(o.seal.ContentStamps, o.seal.SignatureStamps) {
		switch {
		case s.Err != nil:
			o.add(row(verdict.Signer, verdict.TimeStampUnproven).With("detail", s.Err.Error()))
		case !s.Covers:
			o.add(row(verdict.Integrity, verdict.TimeStampOther).With("at", s.At.Format(time.RFC3339)).With("by", s.By))
		default:
			o.add(row(verdict.Signer, verdict.TimeStampUnproven).With("at", s.At.Format(time.RFC3339)).With("by", s.By))
		}
	}
}
