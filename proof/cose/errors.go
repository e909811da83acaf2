package cose

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a message is refused. Compare with errors.Is.
var (
	// ErrMessage: the bytes are no COSE_Sign1 with its tag, or what is in it is no
	// CBOR that is read. Refuse.
	ErrMessage = hint.New("cose: not a signed message that can be read",
		"Check that the file was copied whole, as bytes and not as text.")
	// ErrMAC: the message is authenticated with a shared secret, which proves
	// nothing to third parties. Refuse.
	ErrMAC = hint.New("cose: authenticated with a shared secret",
		"Ask the issuer for a message that is signed.")
	// ErrHeader: the header asks for something that is never done. Refuse.
	ErrHeader = hint.New("cose: the message's header is not acceptable",
		"Ask the issuer for a message without the header parameter named.")
	// ErrAlg: the algorithm is none that is accepted, or not the key's. Refuse.
	ErrAlg = hint.New("cose: the message's algorithm is not acceptable",
		"Ask the issuer to sign with EdDSA, ES256 or ES384.")
	// ErrType: the message is of another type than the place demands. Refuse.
	ErrType = hint.New("cose: a message of another type",
		"Hand the message to the command or route that is made for its type.")
	// ErrTooLarge: the message is longer than is read. Refuse.
	ErrTooLarge = hint.New("cose: message too large",
		"Check where the message comes from; raise the limit only if you trust its source.")
	// ErrSignature: the signature is not one by this key over these bytes.
	ErrSignature = hint.New("cose: signature does not verify",
		"The message was changed after signing, or signed by another key: get it again from its issuer.")
)
