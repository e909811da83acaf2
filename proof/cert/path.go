package cert

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Level says how far the path above a certificate leads. The two highest need a
// trusted list; they are given by whoever holds one, never by this package.
type Level string

// The levels, from the weakest.
const (
	None  Level = "none"  // nobody at hand signed the last certificate
	Self  Level = "self"  // ends in a self-signed certificate that is no configured root
	Chain Level = "chain" // ends in a configured root and holds at the time asked

	QualifiedCert Level = "qualified-cert" // and an authority granted for seals calls it qualified
	QualifiedSeal Level = "qualified-seal" // and its key is in a qualified device
)

// Path is the way from a certificate upwards.
type Path struct {
	// Certificates begin with the leaf; each signed the one before it.
	Certificates []*x509.Certificate
	Level        Level
	// Err says why the level is not Chain: [ErrDangling], [ErrUntrusted] or
	// [ErrDepth], with the reason of crypto/x509 where roots were given.
	Err error
}

// Build looks for the path from leaf to one of roots through intermediates, as
// it stands at the time at (RFC 5280 section 6, without revocation). Extended
// key usages are not looked at: those of seal certificates say nothing about
// seals. No roots means none, never those of the operating system. At most
// [MaxExtra] intermediates are used; nil ones are passed over.
func Build(leaf *x509.Certificate, intermediates []*x509.Certificate, roots *x509.CertPool, at time.Time) Path {
	intermediates = intermediates[:min(len(intermediates), MaxExtra)]
	var why error
	if roots != nil {
		chain, err := rooted(leaf, intermediates, roots, at)
		if err == nil {
			return Path{Certificates: chain, Level: Chain}
		}
		why = err
	}
	p := walk(leaf, intermediates)
	if why != nil {
		p.Err = fmt.Errorf("%w: %w", p.Err, why)
	}
	return p
}

// rooted returns the shortest path that ends in one of roots.
func rooted(leaf *x509.Certificate, intermediates []*x509.Certificate, roots *x509.CertPool, at time.Time) ([]*x509.Certificate, error) {
	pool := x509.NewCertPool()
	for _, c := range intermediates {
		if c != nil {
			pool.AddCert(c)
		}
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: pool, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, err
	}
	best := chains[0]
	for _, c := range chains[1:] {
		if len(c) < len(best) {
			best = c
		}
	}
	if len(best) > MaxDepth {
		return nil, fmt.Errorf("%w: %d certificates", ErrDepth, len(best))
	}
	return best, nil
}

// walk goes up as far as signatures lead, without trust and without time.
func walk(leaf *x509.Certificate, intermediates []*x509.Certificate) Path {
	p := Path{Certificates: []*x509.Certificate{leaf}, Level: None}
	for {
		last := p.Certificates[len(p.Certificates)-1]
		if SelfSigned(last) {
			p.Level, p.Err = Self, ErrUntrusted
			return p
		}
		up := signerOf(last, intermediates, p.Certificates)
		if up == nil {
			p.Err = ErrDangling
			return p
		}
		if len(p.Certificates) == MaxDepth {
			p.Err = fmt.Errorf("%w: more than %d certificates", ErrDepth, MaxDepth)
			return p
		}
		p.Certificates = append(p.Certificates, up)
	}
}

// signerOf finds the certificate that signed c and is not yet in use.
func signerOf(c *x509.Certificate, from, used []*x509.Certificate) *x509.Certificate {
	for _, up := range from {
		if up == nil || !bytes.Equal(up.RawSubject, c.RawIssuer) || contains(used, up) {
			continue
		}
		if c.CheckSignatureFrom(up) == nil {
			return up
		}
	}
	return nil
}

func contains(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, e := range list {
		if e.Equal(c) {
			return true
		}
	}
	return false
}

// SelfSigned tells whether a certificate is signed with its own key. Old roots
// signed with SHA-1 count by their names: it makes none of them trusted.
func SelfSigned(c *x509.Certificate) bool {
	if !bytes.Equal(c.RawIssuer, c.RawSubject) {
		return false
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	_, insecure := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || insecure
}
