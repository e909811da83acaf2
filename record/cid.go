package record

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// CID is the content address of some bytes: a CIDv1 with codec raw (0x55) and
// multihash sha2-256 (0x12), written in base32. It is comparable. The zero
// value stands for "none" and has the text "".
type CID struct {
	digest [sha256.Size]byte
}

// cidPrefix is version 1, codec raw, hash sha2-256, 32 bytes.
const cidPrefix = "\x01\x55\x12\x20"

// CIDTextLen is the length in bytes of the text of a CID.
const CIDTextLen = 59

var cidBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// CIDOf returns the content address of body.
func CIDOf(body []byte) CID { return CID{sha256.Sum256(body)} }

// CIDFromDigest returns the content address whose SHA-256 digest is known.
func CIDFromDigest(digest [32]byte) CID { return CID{digest} }

// Digest returns the SHA-256 digest inside the address.
func (c CID) Digest() [32]byte { return c.digest }

// IsZero reports whether c is the zero value.
func (c CID) IsZero() bool { return c == CID{} }

// String returns the 59 characters of the address ("bafkrei..."), or "" for
// the zero value.
func (c CID) String() string {
	if c.IsZero() {
		return ""
	}
	return string(c.append(nil))
}

func (c CID) append(dst []byte) []byte {
	var raw [len(cidPrefix) + sha256.Size]byte
	copy(raw[:], cidPrefix)
	copy(raw[len(cidPrefix):], c.digest[:])
	return cidBase32.AppendEncode(append(dst, 'b'), raw[:])
}

// ParseCID reads the one spelling of an address that String writes. Anything
// else (other bases, codecs or hashes, upper case, padding, loose trailing
// bits) is ErrCID.
func ParseCID(s string) (CID, error) {
	if len(s) != CIDTextLen || s[0] != 'b' {
		return CID{}, fmt.Errorf("%w: %.70q", ErrCID, s)
	}
	raw, err := cidBase32.DecodeString(s[1:])
	// The decoder skips line feeds, so the length can be short.
	if err != nil || len(raw) != len(cidPrefix)+sha256.Size || !strings.HasPrefix(string(raw), cidPrefix) {
		return CID{}, fmt.Errorf("%w: %q", ErrCID, s)
	}
	c := CID{[sha256.Size]byte(raw[len(cidPrefix):])}
	if c.String() != s { // loose trailing bits, and the digest of all zeros
		return CID{}, fmt.Errorf("%w: %q is not the usual spelling", ErrCID, s)
	}
	return c, nil
}

// MarshalText implements encoding.TextMarshaler.
func (c CID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; the empty text gives the
// zero value.
func (c *CID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = CID{}
		return nil
	}
	parsed, err := ParseCID(string(b))
	*c = parsed
	return err
}
