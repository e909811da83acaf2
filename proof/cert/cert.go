package cert

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"

	"github.com/bonafide-id/bonafide/key"
)

// Bounds of what is read. Seal certificates in use have 1 to 3 KiB.
const (
	MaxBytes = 16 << 10 // one certificate in DER
	MaxNames = 64       // subject alternative names
	MaxAttrs = 64       // attributes of the subject or of the issuer
	MaxDepth = 8        // certificates in a path, leaf and root included
	MaxExtra = 32       // certificates that a path is built from
)

const oidSAN = "2.5.29.17"

// Parse reads one certificate in DER. The error is [ErrSize], [ErrParse],
// [ErrKey] or [ErrCritical]. What it returns is read, not trusted.
func Parse(der []byte) (*x509.Certificate, error) {
	if len(der) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrSize, len(der), MaxBytes)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	if n := max(len(c.Subject.Names), len(c.Issuer.Names)); n > MaxAttrs {
		return nil, fmt.Errorf("%w: a name of %d attributes, at most %d", ErrSize, n, MaxAttrs)
	}
	for _, e := range c.Extensions {
		if e.Id.String() == oidSAN && countNames(e.Value) > MaxNames {
			return nil, fmt.Errorf("%w: more than %d alternative names", ErrSize, MaxNames)
		}
	}
	if _, err := Key(c); err != nil {
		return nil, err
	}
	if len(c.UnhandledCriticalExtensions) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrCritical, c.UnhandledCriticalExtensions[0])
	}
	return c, nil
}

// countNames counts the general names of a subject alternative name, also of
// the kinds that crypto/x509 passes over.
func countNames(der []byte) int {
	var names []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &names); err != nil {
		return 0
	}
	return len(names)
}

// Key returns the certificate's key: RSA of 2048 to 8192 bits, ECDSA over
// P-256, P-384 or P-521, or Ed25519. The error is [ErrKey].
func Key(c *x509.Certificate) (key.Public, error) {
	pub, err := key.FromPKIX(c.PublicKey)
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return pub, nil
}

// Thumbprint returns the SHA-256 of a certificate in DER as base64url without
// padding, the value of x5t#S256 (RFC 7515 section 4.1.8).
func Thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
