package seal

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a binding is refused. Compare with errors.Is.
var (
	// ErrStatement: what was sealed is no statement of control over a DID.
	ErrStatement = hint.New("seal: not a statement of control",
		"Make the statement with `bonafide identity bind-seal --statement-out FILE` and seal that file unchanged.")
	// ErrOtherDID: the statement is about another identifier.
	ErrOtherDID = hint.New("seal: the statement names another identifier",
		"Seal a statement that names the identifier it is published for.")
	// ErrNotQuoted: the DID's side does not quote this file, or quotes another.
	ErrNotQuoted = hint.New("seal: the identifier does not quote this seal",
		"Publish the binding again with `bonafide identity bind-seal`; both sides have to agree.")
	// ErrHolder: the certificate is not that of the organisation that is stated.
	ErrHolder = hint.New("seal: the certificate is that of another organisation",
		"State the identifier exactly as the certificate has it, or use the certificate of the organisation.")
	// ErrTime: the certificate does not hold at the time of the seal or now, or the
	// seal is said to be from the future.
	ErrTime = hint.New("seal: the certificate does not hold at the time that counts",
		"Seal the statement again under a certificate that is valid now.")
	// ErrUse: the certificate's key is not one for signatures.
	ErrUse = hint.New("seal: the certificate is not for signatures",
		"Use the certificate of an electronic seal.")
	// ErrLarge: the sealed file is larger than is published.
	ErrLarge = hint.New("seal: the sealed file is too large",
		"Seal without long-term evidence (baseline B); the statement is renewed, not archived.")
	// ErrThumbprint: a thumbprint in the DID document is malformed, or of another
	// certificate than the one beside it.
	ErrThumbprint = hint.New("seal: the thumbprint is not that of the certificate",
		"Write x5t#S256 as base64url of the SHA-256 of the certificate in DER, without padding.")
	// ErrOtherKey: the certificate is for another key than the one it stands at. It was
	// pasted there, and proves nothing.
	ErrOtherKey = hint.New("seal: the certificate is for another key",
		"Put x5t#S256 only at the key that the certificate is for.")
	// ErrNoCertificate: a thumbprint stands there and its certificate is not at hand.
	ErrNoCertificate = hint.New("seal: the certificate of the thumbprint is not at hand",
		"Put the certificate into x5c beside the key, or into the header of what it signs.")
	// ErrUnsigned: nothing that names the DID is signed with the key of the certificate.
	ErrUnsigned = hint.New("seal: nothing shows that the holder of the certificate wants this identifier",
		"Sign the statement about the issuer with the key of the certificate.")
	// ErrLevel: the path above the certificate ends nowhere that counts.
	ErrLevel = hint.New("seal: nobody who is trusted stands behind the certificate",
		"Import the trusted list of the country of the authority.")
	// ErrKeyFile: a file of key and certificates cannot be read.
	ErrKeyFile = hint.New("seal: key and certificate cannot be read",
		"Give PKCS#12, or PEM with one private key and the certificates, the signer's first.")
)
