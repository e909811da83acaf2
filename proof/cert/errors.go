package cert

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a certificate or a path is refused. Compare with
// errors.Is; the text of the wrapping error says what was met.
var (
	// ErrSize: more bytes or names than a seal certificate has. Refuse.
	ErrSize = hint.New("cert: too large",
		"Check where the certificate comes from; it is larger than any seal certificate needs to be.")
	// ErrParse: no certificate in DER (RFC 5280). Refuse.
	ErrParse = hint.New("cert: not a certificate that can be read",
		"Check that the certificate was copied whole; it must be one X.509 certificate.")
	// ErrKey: the key is too short, absurdly long or of an unknown kind.
	ErrKey = hint.New("cert: key not accepted",
		"Ask the issuer to seal with RSA of 2048 to 8192 bits or with ECDSA over P-256 or P-384.")
	// ErrCritical: a critical extension that is not understood here (RFC 5280
	// section 4.2). Refuse.
	ErrCritical = hint.New("cert: critical extension not understood",
		"Check the seal with software that knows the extension named.")
	// ErrSubject: the subject names two different organisations. Refuse.
	ErrSubject = hint.New("cert: ambiguous subject",
		"Ask the issuer for a seal under a certificate with one organisation identifier.")
	// ErrIdentifier: not an identifier of EN 319 412-1 section 5.1.4, or its
	// check digits are wrong. Treat the identifier as not stated.
	ErrIdentifier = hint.New("cert: organisation identifier not understood",
		"Compare the identifier with the form VATES-A00000000; ask the issuer if it differs.")
	// ErrStatements: the extension with qualified certificate statements
	// cannot be read (EN 319 412-5). Refuse.
	ErrStatements = hint.New("cert: statements about qualification cannot be read",
		"Ask the issuer which authority made the certificate; it does not follow EN 319 412-5.")
	// ErrDepth: more certificates than a path may have.
	ErrDepth = hint.New("cert: path too long",
		"Check where the certificates come from; a path has at most eight.")
	// ErrDangling: nobody at hand signed the last certificate of the path.
	ErrDangling = hint.New("cert: the path ends before a root",
		"Add the missing certificate of the authority, or configure its root.")
	// ErrUntrusted: the path ends in a self-signed certificate that is no
	// configured root.
	ErrUntrusted = hint.New("cert: the path ends in a root that was not configured",
		"Configure the root if you trust the authority; anybody can make such a certificate.")
)
