package key

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/asn1"
	"fmt"
	"io"
	"log/slog"
	"math/big"
)

// Signer signs with one key. [Private] implements it; a hardware module or a
// remote signer may as well.
type Signer interface {
	// Public returns the key that verifies what Sign makes.
	Public() Public
	// Sign returns the signature that Public.Verify accepts for msg: 64 bytes, 96
	// for P-384.
	Sign(ctx context.Context, msg []byte) ([]byte, error)
}

// Private is a private key held in memory. The zero value signs nothing.
//
// However it is printed, logged or encoded, only its public part is seen.
type Private struct {
	pub Public
	// box hides the secret from printers: they show a nested pointer as an
	// address, and behind it stand functions, into which reflection cannot look.
	box *box
}

// box closes over the secret.
type box struct {
	sign   func(msg []byte) ([]byte, error)
	secret func() []byte // header and raw key, a fresh copy
}

// Generate makes a new key of the given kind, Ed25519, P256 or P384, from 32
// (P384: 48) bytes of rand (nil means crypto/rand); for ECDSA more are read when a
// candidate is out of range. The same bytes give the same key. Errors:
// [ErrKind], or that of rand.
func Generate(kind Kind, random io.Reader) (Private, error) {
	if random == nil {
		random = rand.Reader
	}
	size := 32
	switch kind {
	case Ed25519, P256:
	case P384:
		size = 48
	default:
		return Private{}, fmt.Errorf("%w: %v", ErrKind, kind)
	}
	seed := make([]byte, size)
	defer clear(seed)
	// A sound source misses the range of P-256 once in 2^32 candidates.
	const attempts = 16
	for range attempts {
		if _, err := io.ReadFull(random, seed); err != nil {
			return Private{}, fmt.Errorf("key: read randomness: %w", err)
		}
		if kind == Ed25519 {
			return FromSeed(seed)
		}
		if p, err := fromScalar(kind, seed); err == nil {
			return p, nil
		}
	}
	return Private{}, fmt.Errorf("%w: the source of randomness is broken", ErrKey)
}

// FromSeed makes the Ed25519 key of a 32-byte seed (RFC 8032, 5.1.5). The seed
// is copied. The error is [ErrKey].
func FromSeed(seed []byte) (Private, error) {
	if len(seed) != ed25519.SeedSize {
		return Private{}, fmt.Errorf("%w: Ed25519 seed of %d bytes, want %d", ErrKey, len(seed), ed25519.SeedSize)
	}
	priv := ed25519.NewKeyFromSeed(seed)
	pub, err := newEd25519(priv[32:])
	if err != nil {
		return Private{}, err
	}
	return Private{pub: pub, box: &box{
		sign: func(msg []byte) ([]byte, error) { return ed25519.Sign(priv, msg), nil },
		secret: func() []byte {
			return append([]byte(headerEd25519Secret), priv[:32]...)
		},
	}}, nil
}

// fromScalar makes the ECDSA key of a big-endian scalar in 1..n-1.
func fromScalar(kind Kind, d []byte) (Private, error) {
	c, _ := curveOf(kind)
	header := headerP256Secret
	if kind == P384 {
		header = headerP384Secret
	}
	priv, err := ecdsa.ParseRawPrivateKey(c.curve, d)
	if err != nil {
		return Private{}, fmt.Errorf("%w: %s scalar out of range", ErrKey, c.name)
	}
	point, err := priv.PublicKey.Bytes()
	if err != nil {
		return Private{}, fmt.Errorf("%w: %s public key: %w", ErrKey, c.name, err)
	}
	pub, err := c.coordinates(point[1:1+c.size], point[1+c.size:])
	if err != nil {
		return Private{}, err
	}
	raw := bytes.Clone(d)
	return Private{pub: pub, box: &box{
		sign:   func(msg []byte) ([]byte, error) { return c.sign(priv, msg) },
		secret: func() []byte { return append([]byte(header), raw...) },
	}}, nil
}

// sign makes an ECDSA signature in P1363 form, with the deterministic nonce of
// RFC 6979, which crypto/ecdsa uses when it is given no randomness.
func (c curve) sign(priv *ecdsa.PrivateKey, msg []byte) ([]byte, error) {
	der, err := priv.Sign(nil, c.digest(msg), c.hash)
	if err != nil {
		return nil, fmt.Errorf("key: sign with %s: %w", c.name, err)
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &rs); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("key: sign with %s: signature of unknown form", c.name)
	}
	sig := make([]byte, 2*c.size)
	rs.R.FillBytes(sig[:c.size])
	rs.S.FillBytes(sig[c.size:])
	return sig, nil
}

// Public returns the public part, zero for the zero Private.
func (p Private) Public() Public { return p.pub }

// Sign signs msg: pure Ed25519, or ECDSA over the hash of msg. All are
// deterministic, 64 bytes long and for P-384 96. Errors: that of ctx, or [ErrKey] for the zero
// Private.
func (p Private) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.box == nil {
		return nil, fmt.Errorf("%w: no key to sign with", ErrKey)
	}
	return p.box.sign(msg)
}

// MarshalSecret returns the private key as the ASCII text of a
// secretKeyMultibase (CID 1.0, section 2.2.2): "z" and base58btc of header and
// raw key. Only a key store may call it; the caller clears the bytes after use.
// The error is [ErrKey] for the zero Private.
func (p Private) MarshalSecret() ([]byte, error) {
	if p.box == nil {
		return nil, fmt.Errorf("%w: no key", ErrKey)
	}
	raw := p.box.secret()
	defer clear(raw)
	return []byte("z" + Base58Encode(raw)), nil
}

// UnmarshalSecret reads what MarshalSecret wrote. Its errors, [ErrKey] and
// [ErrKind], never quote the text.
func UnmarshalSecret(text []byte) (Private, error) {
	if len(text) > maxMultikey {
		return Private{}, fmt.Errorf("%w: secret of %d characters", ErrKey, len(text))
	}
	rest, ok := bytes.CutPrefix(text, []byte("z"))
	if !ok {
		return Private{}, fmt.Errorf("%w: secret does not begin with z (base58btc)", ErrKey)
	}
	raw, err := Base58Decode(string(rest))
	if err != nil {
		return Private{}, fmt.Errorf("%w: secret: %w", ErrKey, err)
	}
	defer clear(raw)
	if seed, ok := bytes.CutPrefix(raw, []byte(headerEd25519Secret)); ok {
		return FromSeed(seed)
	}
	if d, ok := bytes.CutPrefix(raw, []byte(headerP256Secret)); ok {
		return fromScalar(P256, d)
	}
	if d, ok := bytes.CutPrefix(raw, []byte(headerP384Secret)); ok {
		return fromScalar(P384, d)
	}
	return Private{}, fmt.Errorf("%w: secret with another header", ErrKind)
}

// String names the key by its public part.
func (p Private) String() string {
	if p.pub.IsZero() {
		return "no private key"
	}
	return "private key of " + p.pub.Multikey()
}

// GoString is String.
func (p Private) GoString() string { return p.String() }

// Format writes String for every verb and flag.
func (p Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue gives slog the String.
func (p Private) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText gives encoders the String. There is no way back: private keys are
// read by UnmarshalSecret only.
func (p Private) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
