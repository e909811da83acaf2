package jades

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a seal is refused. Compare with errors.Is; the text of
// the wrapping error names the member.
var (
	// ErrShape: no JWS in general JSON serialisation (RFC 7515 section 7.2.1).
	ErrShape = hint.New("jades: not a sealed document",
		"Check that the file was copied whole; it must be one JSON object with payload and signatures.")
	// ErrCount: none or several signatures. Refuse: which one is meant is open.
	ErrCount = hint.New("jades: not exactly one signature",
		"Ask the issuer for the document under one seal.")
	// ErrHeader: a header of a wrong type, missing, or in the wrong place.
	ErrHeader = hint.New("jades: header not valid",
		"Check that the file was copied whole; otherwise ask the issuer to seal the document again.")
	// ErrCritical: a critical header that is not understood (RFC 7515 section
	// 4.1.11). Treat as not checked, never as good.
	ErrCritical = hint.New("jades: critical header not understood",
		"Check the seal with software that knows the header named.")
	// ErrAlgorithm: the algorithm is none of RS256, PS256, ES256 and ES384.
	ErrAlgorithm = hint.New("jades: algorithm not accepted",
		"Check the seal with software that knows the algorithm named.")
	// ErrThumbprint: x5t#S256 is not the digest of the first certificate.
	ErrThumbprint = hint.New("jades: the certificate is not the one that the seal names",
		"Do not rely on this copy: its certificate was exchanged. Ask for the original.")
	// ErrTooMany: more certificates, stamps or properties than are read.
	ErrTooMany = hint.New("jades: too many parts",
		"Check where the file comes from; it has more parts than any seal needs.")
	// ErrStamp: a time stamp that cannot be read (RFC 3161).
	ErrStamp = hint.New("jades: time stamp cannot be read",
		"Ask the issuer which time stamping authority was used; the seal itself may be sound.")
)
