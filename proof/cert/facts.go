package cert

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Facts is what a certificate states about its holder. Every field is the
// word of the authority that signed it, worth what the path above it is worth.
type Facts struct {
	Organisation string     // organizationName, the first
	Country      string     // countryName, the first, in upper case
	CommonName   string     // commonName
	Identifier   Identifier // organizationIdentifier; zero when absent
	// NaturalPerson is set when the subject is a human being: given name or
	// surname, or an identifier of persons. Such facts are personal data.
	NaturalPerson bool
	Statements    Statements
	Policies      []string // certificate policies, as OIDs
	NotBefore     time.Time
	NotAfter      time.Time
	Thumbprint    string // x5t#S256
	Serial        string // in hexadecimal
	Authority     string // distinguished name of whoever signed the certificate
	Key           string // for example "RSA 2048" or "EC P-256"
	// MaySign is false when the key usage excludes signatures over content
	// (RFC 5280 section 4.2.1.3).
	MaySign bool
	// Level is what the path above the certificate came to. [Read] leaves it
	// at None; it is set by whoever calls [Build].
	Level Level
}

// Attribute types of a subject (X.520; EN 319 412-1).
const (
	attrSurname      = "2.5.4.4"
	attrSerialNumber = "2.5.4.5"
	attrGivenName    = "2.5.4.42"
	attrOrgID        = "2.5.4.97"
)

// Read takes the facts out of a certificate that [Parse] returned. The error
// is [ErrSubject] when the subject has two organisation identifiers, and
// [ErrStatements]. An identifier in a form of its own is no error: then only
// Identifier.Raw is set.
func Read(c *x509.Certificate) (Facts, error) {
	f := Facts{
		CommonName: c.Subject.CommonName, NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Thumbprint: Thumbprint(c.Raw), Serial: fmt.Sprintf("%x", c.SerialNumber), Authority: c.Issuer.String(),
		Key: keyName(c.PublicKey), Level: None,
		MaySign: c.KeyUsage == 0 || c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0,
	}
	if len(c.Subject.Organization) > 0 {
		f.Organisation = c.Subject.Organization[0]
	}
	if len(c.Subject.Country) > 0 {
		f.Country = strings.ToUpper(c.Subject.Country[0])
	}
	for _, p := range c.Policies {
		f.Policies = append(f.Policies, p.String())
	}
	for _, a := range c.Subject.Names {
		text, _ := a.Value.(string)
		switch a.Type.String() {
		case attrOrgID:
			if !f.Identifier.IsZero() && f.Identifier.Raw != text {
				return Facts{}, fmt.Errorf("%w: two organisation identifiers", ErrSubject)
			}
			f.Identifier, _ = ParseIdentifier(text)
			f.NaturalPerson = f.NaturalPerson || f.Identifier.NaturalPerson()
		case attrSurname, attrGivenName:
			f.NaturalPerson = true
		case attrSerialNumber:
			id, _ := ParseIdentifier(text)
			f.NaturalPerson = f.NaturalPerson || id.NaturalPerson()
		}
	}
	for _, e := range c.Extensions {
		if e.Id.String() != oidQCStatements {
			continue
		}
		var err error
		if f.Statements, err = readStatements(e.Value); err != nil {
			return Facts{}, err
		}
	}
	f.NaturalPerson = f.NaturalPerson || f.Statements.Semantics == SemanticsNatural
	return f, nil
}

// ValidAt tells whether t lies in the certificate's validity, both ends
// included (RFC 5280 section 4.1.2.5).
func (f Facts) ValidAt(t time.Time) bool { return !t.Before(f.NotBefore) && !t.After(f.NotAfter) }

// ClaimsQualifiedSeal tells whether the certificate calls itself a qualified
// one for electronic seals. Without a trusted list that is a claim only.
func (f Facts) ClaimsQualifiedSeal() bool {
	return f.Statements.Compliance && slices.Contains(f.Statements.Types, "eseal")
}

func keyName(pub any) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC " + k.Curve.Params().Name
	}
	return ""
}
