package key

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// maxMultikey bounds a Multikey in characters. Ours have 48 to 95; the longest
// other kind in the did:key table, BLS12-381 G2, stays under 140.
const maxMultikey = 256

const didKeyPrefix = "did:key:"

// Multicodec headers as unsigned varints (CID 1.0, section 2.2.2).
const (
	headerEd25519       = "\xed\x01"
	headerP256          = "\x80\x24"
	headerP384          = "\x81\x24"
	headerP521          = "\x82\x24"
	headerEd25519Secret = "\x80\x26"
	headerP256Secret    = "\x86\x26"
	headerP384Secret    = "\x87\x26"
)

// ParseMultikey reads a publicKeyMultibase value of type Multikey (CID 1.0,
// section 2.2.2): base58btc with the prefix "z", an exact header and an exact
// length. The text is the only one for its key: Multikey gives it back. Errors:
// [ErrKey], [ErrKind], [ErrPrivate] and [ErrWeak].
func ParseMultikey(s string) (Public, error) {
	if len(s) > maxMultikey {
		return Public{}, fmt.Errorf("%w: multikey of %d characters", ErrKey, len(s))
	}
	rest, ok := strings.CutPrefix(s, "z")
	if !ok {
		return Public{}, fmt.Errorf("%w: multikey does not begin with z (base58btc)", ErrKey)
	}
	b, err := Base58Decode(rest)
	if err != nil {
		return Public{}, fmt.Errorf("%w: multikey: %w", ErrKey, err)
	}
	if body, ok := bytes.CutPrefix(b, []byte(headerEd25519)); ok {
		return newEd25519(body)
	}
	for _, kind := range []Kind{P256, P384, P521} {
		c, _ := curveOf(kind)
		if body, ok := bytes.CutPrefix(b, []byte(c.header)); ok {
			return c.compressed(body)
		}
	}
	return Public{}, headerError(b)
}

// headerError says why a header is not one of ours.
func headerError(b []byte) error {
	code, n := binary.Uvarint(b)
	switch {
	case n <= 0:
		return fmt.Errorf("%w: multikey without a header", ErrKey)
	case isSecretCode(code):
		return ErrPrivate
	case len(binary.AppendUvarint(nil, code)) != n:
		return fmt.Errorf("%w: multikey header is not a minimal varint", ErrKey)
	}
	return fmt.Errorf("%w: multikey header 0x%x", ErrKind, code)
}

// isSecretCode reports whether a multicodec code belongs to private keys: the
// block 0x1300..0x13ff, which also holds some public shares that we do not use,
// and the Lamport keys.
func isSecretCode(code uint64) bool {
	return code >= 0x1300 && code <= 0x13ff || code >= 0x1a24 && code <= 0x1a3f
}

// Multikey returns the publicKeyMultibase value, "z6Mk...", "zDn..." or "z82...".
// It is "" for the zero Public and for RSA.
func (p Public) Multikey() string {
	switch p.kind {
	case Ed25519:
		return "z" + Base58Encode(append([]byte(headerEd25519), p.enc[:32]...))
	}
	if c, ok := curveOf(p.kind); ok {
		return "z" + Base58Encode(append([]byte(c.header), p.compress()...))
	}
	return ""
}

// ParseDIDKey reads a did:key identifier, "did:key:z6Mk..." or with its version
// "did:key:1:z6Mk..." (did:key, sections 2 and 3.1.3). It takes a DID, not a DID
// URL: cut path, query and fragment off first. Versions other than 1 are not
// defined yet and give [ErrKind]; other errors as from [ParseMultikey].
func ParseDIDKey(did string) (Public, error) {
	if len(did) > maxMultikey {
		return Public{}, fmt.Errorf("%w: did:key of %d characters", ErrKey, len(did))
	}
	body, ok := strings.CutPrefix(did, didKeyPrefix)
	if !ok {
		return Public{}, fmt.Errorf("%w: not a did:key", ErrKey)
	}
	if version, rest, ok := strings.Cut(body, ":"); ok {
		if !isPositive(version) {
			return Public{}, fmt.Errorf("%w: did:key version is not a positive integer", ErrKey)
		}
		if version != "1" {
			return Public{}, fmt.Errorf("%w: did:key version %s", ErrKind, version)
		}
		body = rest
	}
	return ParseMultikey(body)
}

// isPositive reports whether s is a decimal integer of at least 1, without sign
// or leading zeros.
func isPositive(s string) bool {
	if s == "" || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// DIDKey returns the did:key identifier in its plain form, without a version.
// It is "" for the zero Public and for RSA.
func (p Public) DIDKey() string {
	if m := p.Multikey(); m != "" {
		return didKeyPrefix + m
	}
	return ""
}

// HashMultikey returns what did:webvh puts into nextKeyHashes for a key
// (did:webvh 1.0, Pre-Rotation Key Hash Generation): base58btc, without a
// multibase prefix, of the SHA-256 multihash of the ASCII bytes of the multikey
// itself. It does not check that s is a multikey.
func HashMultikey(s string) string {
	sum := sha256.Sum256([]byte(s))
	return Base58Encode(append([]byte{0x12, 0x20}, sum[:]...))
}
