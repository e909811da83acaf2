package seal

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

// finding tells of a binding that was there and did not hold. It decides nothing.
func finding(kind legal.Kind, err error) verdict.Check {
	return verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Warn).With("source", string(kind)).With("detail", err.Error())
}

// weak tells why a binding that holds is not worth more.
func (s Standing) weak(kind legal.Kind) (verdict.Check, bool) {
	if s.Level == cert.QualifiedCert || s.Level == cert.QualifiedSeal {
		return verdict.Check{}, false
	}
	err := fmt.Errorf("%w: %s", ErrLevel, s.Level)
	if s.Why != nil {
		err = fmt.Errorf("%w: %s: %w", ErrLevel, s.Level, s.Why)
	}
	return finding(kind, err), true
}

// Statements is the source of evidence that reads sealed statements of control. The
// zero value trusts nobody.
type Statements struct {
	Trust edc.Trust
	// Files finds a sealed file that was handed in apart, by its digest. Nil: none.
	Files func(digest string) []byte
}

// Kind is that of sealed statements.
func (Statements) Kind() legal.Kind { return legal.KindSeal }

// Concerns implements legal.Source.
func (Statements) Concerns(q legal.Inquiry) bool { return len(q.Whois) > 0 }

// About looks through the issuer's statements about itself for the seals that they
// quote. Only a statement that is verified and made by the issuer counts.
func (s Statements) About(ctx context.Context, q legal.Inquiry) (found []legal.Evidence, rows []verdict.Check, err error) {
	for _, c := range q.Whois {
		if !c.OK || !c.Credential.Has(legal.TypeStatement) || !q.Same(c.Credential.Issuer, q.Issuer) {
			continue
		}
		seals, err := legal.ReadSeals(c.Credential)
		if err != nil {
			rows = append(rows, finding(legal.KindSeal, err))
			continue
		}
		for _, b := range seals {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			e, st, err := s.read(q, c, b)
			if err != nil {
				rows = append(rows, finding(legal.KindSeal, err))
				continue
			}
			if row, weak := st.weak(legal.KindSeal); weak {
				rows = append(rows, row)
			}
			if e.Level > legal.L1 {
				found = append(found, e)
			}
		}
	}
	return found, rows, nil
}

func (s Statements) read(q legal.Inquiry, c *credential.Checked, quoted legal.SealBinding) (legal.Evidence, Standing, error) {
	file := quoted.Content
	if len(file) == 0 && s.Files != nil {
		file = s.Files(quoted.Digest)
	}
	if len(file) == 0 {
		return legal.Evidence{}, Standing{}, fmt.Errorf("%w: the file %.60s is not at hand", ErrNotQuoted, quoted.Digest)
	}
	if Digest(file) != quoted.Digest {
		return legal.Evidence{}, Standing{}, fmt.Errorf("%w: it quotes %.60s, and the file is %s", ErrNotQuoted, quoted.Digest, Digest(file))
	}
	b, err := Check(file, func(did string) bool { return q.Same(did, q.Issuer) }, s.Trust, q.At)
	if err != nil {
		return legal.Evidence{}, Standing{}, err
	}
	e := evidence(legal.KindSeal, b.Standing, b.Sealed)
	e.Digest, e.Join = b.Digest, "sealed-statement"
	if until := c.Credential.ValidUntil; until != nil && until.Before(*e.Until) {
		e.Until = until
	}
	return e, b.Standing, nil
}

// evidence makes evidence of a certificate that was used at a time.
func evidence(kind legal.Kind, s Standing, used time.Time) legal.Evidence {
	until := s.Facts.NotAfter
	return legal.Evidence{Kind: kind, Level: s.level(), By: s.by(), Source: "replica", ID: s.Facts.Thumbprint, Organisation: s.organisation(),
		At: used, From: &used, Until: &until}
}

// Sealed is the source of evidence that reads the seal of a credential itself, as
// European Digital Credentials have it: there the holder of the certificate is the
// issuer, and there is no DID.
type Sealed struct{ Trust edc.Trust }

// Kind is that of seals.
func (Sealed) Kind() legal.Kind { return legal.KindSeal }

// Concerns implements legal.Source.
func (Sealed) Concerns(q legal.Inquiry) bool { return q.Signed != nil && q.Signed.Seal != nil }

// About reads the certificate of the credential's seal. It proves who sealed when the
// signer of the credential was found to hold, which includes that the credential
// names the holder of the certificate as its issuer.
func (s Sealed) About(_ context.Context, q legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	c := q.Signed
	if c == nil || c.Seal == nil || c.Signer.Created == nil || !sound(c, verdict.Integrity) || !sound(c, verdict.Signer) {
		return nil, nil, nil
	}
	if c.Seal.NaturalPerson {
		return nil, nil, fmt.Errorf("%w: the certificate is that of a natural person", legal.ErrNaturalPerson)
	}
	st := Standing{Facts: *c.Seal, Level: c.Seal.Level}
	for _, row := range c.Checks {
		for _, e := range row.Evidence {
			if row.Name == verdict.Signer && row.Code == verdict.OK && e.Kind == "trusted-list" {
				st.By, st.List = e.By, e.ID
			}
		}
	}
	e := evidence(legal.KindSeal, st, *c.Signer.Created)
	e.Join, e.Source = "sealed-credential", "credential"
	var rows []verdict.Check
	if row, weak := st.weak(legal.KindSeal); weak {
		rows = append(rows, row)
	}
	if e.Level <= legal.L1 {
		return nil, rows, nil
	}
	return []legal.Evidence{e}, rows, nil
}

// sound tells whether a check passed, with notes or without; a time stamp that is not
// proven is a note.
func sound(c *credential.Checked, name verdict.CheckName) bool {
	passed := false
	for _, row := range c.Checks {
		if row.Name == name {
			passed = passed || row.Result == verdict.Pass
			if row.Result != verdict.Pass && row.Result != verdict.Warn {
				return false
			}
		}
	}
	return passed
}

// certificate parses a certificate that came along.
func certificate(der []byte) *x509.Certificate {
	c, err := cert.Parse(der)
	if err != nil {
		return nil
	}
	return c
}
