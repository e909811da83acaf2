package seal

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jades"
)

// skew is how far ahead a seal's own time may be.
const skew = 5 * time.Minute

// Standing is what a certificate is worth: how far the path above it leads (see
// cert.Level), who vouches for it, and why it is not worth more.
type Standing struct {
	Facts cert.Facts
	Level cert.Level
	By    string // the provider that is listed
	List  string // the list: territory and number
	Why   error
}

// Level translates the ladder of certificates: an advanced seal with a qualified
// certificate is L5, a qualified seal L6. A path to a configured root alone is L2: it
// says that somebody whom the operator chose has signed the certificate, and no more.
func (s Standing) level() legal.Level {
	switch s.Level {
	case cert.QualifiedSeal:
		return legal.L6
	case cert.QualifiedCert:
		return legal.L5
	case cert.Chain:
		return legal.L2
	}
	return legal.L0
}

// by names the evidence for people.
func (s Standing) by() string {
	out := "seal of " + s.Facts.Identifier.Raw
	if s.Facts.Identifier.Raw == "" {
		out = "seal of " + s.Facts.Organisation
	}
	if s.List != "" {
		out += ", " + s.By + " in the trusted list " + s.List
	}
	return out
}

// organisation is what the certificate names. That is all that a seal proves.
func (s Standing) organisation() legal.Organisation {
	var o legal.Organisation
	if s.Facts.Organisation != "" {
		o.LegalNames = []legal.Name{{Value: s.Facts.Organisation}}
	}
	o.ID = identifier(s.Facts.Identifier)
	o.Seat.Country = s.Facts.Country
	return o
}

func identifier(id cert.Identifier) legal.Identifier {
	out := legal.Identifier{Scheme: id.Scheme, Country: id.Country, Value: id.Value}
	if out.Check() != nil {
		return legal.Identifier{}
	}
	return out.Canonical()
}

// stand judges a certificate for a seal that says that it was made at sealed.
func stand(trust edc.Trust, chain, extra [][]byte, sealed, at time.Time) (Standing, error) {
	var s Standing
	leaf, err := cert.Parse(chain[0])
	if err != nil {
		return s, err
	}
	if s.Facts, err = cert.Read(leaf); err != nil {
		return s, err
	}
	switch {
	case s.Facts.NaturalPerson:
		return s, fmt.Errorf("%w: the certificate is that of a natural person", legal.ErrNaturalPerson)
	case !s.Facts.MaySign:
		return s, ErrUse
	case sealed.After(at.Add(skew)):
		return s, fmt.Errorf("%w: sealed at %s, which is in the future", ErrTime, sealed.Format(time.RFC3339))
	case !s.Facts.ValidAt(sealed):
		return s, fmt.Errorf("%w: sealed at %s, valid from %s until %s", ErrTime, sealed.Format(time.RFC3339),
			s.Facts.NotBefore.Format(time.RFC3339), s.Facts.NotAfter.Format(time.RFC3339))
	case !s.Facts.ValidAt(at):
		// When it was sealed is only its own word.
		return s, fmt.Errorf("%w: it was valid from %s until %s", ErrTime, s.Facts.NotBefore.Format(time.RFC3339), s.Facts.NotAfter.Format(time.RFC3339))
	}
	var others []*x509.Certificate
	for _, der := range slices.Concat(chain[1:], extra) {
		if c, err := cert.Parse(der); err == nil {
			others = append(others, c)
		}
	}
	listed := trust.Judge(leaf, s.Facts, others, sealed, at)
	s.Level, s.By, s.List, s.Why = listed.Level, listed.By, listed.List, listed.Why
	if s.Level == cert.QualifiedCert || s.Level == cert.QualifiedSeal {
		s.Facts.Level = s.Level
		return s, nil
	}
	// What a list takes back, a configured root gives all the same: its own word.
	path := cert.Build(leaf, others, trust.Roots, at)
	if s.Level = path.Level; s.Why == nil {
		s.Why = path.Err
	}
	s.Facts.Level = s.Level
	return s, nil
}

// Binding is a sealed statement that was checked.
type Binding struct {
	Statement Statement
	Standing  Standing
	Sealed    time.Time // the seal's own word
	Digest    string
}

// Check verifies a sealed statement at a time: the signature by the key of the
// certificate, a certificate that holds when sealed and now and is of an organisation,
// a statement that names an identifier for which same returns true, and the
// organisation of the certificate among those it names. It does not say that the DID
// quotes the file. Errors: those of this package, of jades, of cert, and
// key.ErrSignature.
func Check(file []byte, same func(did string) bool, trust edc.Trust, at time.Time) (Binding, error) {
	b := Binding{Digest: Digest(file)}
	if len(file) > legal.MaxSeal {
		return b, fmt.Errorf("%w: %d bytes, at most %d", ErrLarge, len(file), legal.MaxSeal)
	}
	sealed, err := jades.Parse(file)
	if err != nil {
		return b, err
	}
	leaf, err := cert.Parse(sealed.Certificates[0])
	if err != nil {
		return b, err
	}
	pub, err := cert.Key(leaf)
	if err != nil {
		return b, err
	}
	payload, err := sealed.Verify(pub)
	if err != nil {
		return b, err
	}
	b.Sealed = sealed.SignedAt
	if b.Standing, err = stand(trust, sealed.Certificates, sealed.Extra, sealed.SignedAt, at); err != nil {
		return b, err
	}
	if b.Statement, err = ReadStatement(payload); err != nil {
		return b, err
	}
	if !same(b.Statement.DID) {
		return b, fmt.Errorf("%w: %.200s", ErrOtherDID, b.Statement.DID)
	}
	return b, b.held()
}

// Identifier is the one that the certificate names; zero when it has none that can be
// compared.
func (b Binding) Identifier() legal.Identifier { return identifier(b.Standing.Facts.Identifier) }

// held compares the statement with the certificate: one of its identifiers is the
// certificate's, and none excludes it.
func (b Binding) held() error {
	id := b.Identifier()
	if id.IsZero() {
		return fmt.Errorf("%w: the certificate has no organisation identifier that can be compared (%.100q)", ErrHolder, b.Standing.Facts.Identifier.Raw)
	}
	named := false
	for _, s := range b.Statement.Identifiers {
		switch {
		case s.Equal(id):
			named = true
		case s.Comparable(id):
			return fmt.Errorf("%w: it says %s, the statement %s", ErrHolder, id, s)
		}
	}
	if !named {
		return fmt.Errorf("%w: it says %s, which the statement does not name", ErrHolder, id)
	}
	return nil
}

// Make seals a statement with a key and its certificates, the signer's first, at the
// statement's date. What would be refused by everybody is not made. The error is one
// of [Check] or jades.Sign.
func Make(s Statement, by crypto.Signer, chain [][]byte) ([]byte, error) {
	payload, err := s.Bytes()
	if err != nil {
		return nil, err
	}
	file, err := jades.Sign(payload, by, chain, s.Date)
	if err != nil {
		return nil, err
	}
	_, err = Check(file, func(did string) bool { return did == s.DID }, edc.Trust{}, s.Date)
	return file, err
}
