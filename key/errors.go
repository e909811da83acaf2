package key

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrKey says that the text is no key at all: wrong alphabet, length, header,
	// member or point. Refuse the document that carries it.
	ErrKey = hint.New("key: malformed key",
		"Check that the key was copied whole and is a Multikey (z...), a JWK or a did:key.")

	// ErrKind says that the key is of a kind that this program does not use, for
	// instance secp256k1 or X25519. Treat what it signed as unknown, not as
	// false.
	ErrKind = hint.New("key: unsupported kind of key",
		"Use an Ed25519, P-256 or P-384 key.")

	// ErrAlg says that a signature names an algorithm that its key is not for.
	// Refuse the signature: whoever made it chose the algorithm himself.
	ErrAlg = hint.New("key: the algorithm does not fit the key",
		"Ask the issuer to sign with the one algorithm of its key.")

	// ErrPrivate says that private key material stands where a public key
	// belongs. Refuse the document and tell its owner that the key is burnt. The
	// error never quotes the material.
	ErrPrivate = hint.New("key: private key material in a public place",
		"Consider this key stolen: publish a document with a new key at once.")

	// ErrWeak says that the Ed25519 public key is of small order or not
	// canonically encoded, so that signatures under it prove nothing. Refuse it.
	ErrWeak = hint.New("key: Ed25519 public key is of small order or not canonical",
		"Refuse this key: anybody could sign for it. Ask the issuer for a sound one.")

	// ErrSignature says that the signature does not verify: wrong length, values
	// out of range, or not made by this key over these bytes. Refuse the bytes.
	ErrSignature = hint.New("key: signature does not verify",
		"The bytes were changed or signed by another key: get them again from their issuer.")

	// ErrBase58 says that a text is not base58btc, or longer than is decoded.
	// Refuse the text.
	ErrBase58 = hint.New("key: not base58btc",
		"Check that the value was copied whole: base58btc has no 0, O, I, l, spaces or padding.")
)
