package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Hash names how digests are made, as _sd_alg does. The zero value is sha-256.
type Hash string

// The hash algorithms that are accepted.
const (
	SHA256 Hash = "sha-256"
	SHA384 Hash = "sha-384"
	SHA512 Hash = "sha-512"
)

func (h Hash) valid() bool {
	return h == "" || h == SHA256 || h == SHA384 || h == SHA512
}

// digest returns the base64url form of the hash of text.
func (h Hash) digest(text string) string {
	switch h {
	case SHA384:
		sum := sha512.Sum384([]byte(text))
		return b64.EncodeToString(sum[:])
	case SHA512:
		sum := sha512.Sum512([]byte(text))
		return b64.EncodeToString(sum[:])
	}
	sum := sha256.Sum256([]byte(text))
	return b64.EncodeToString(sum[:])
}

// hashOf reads _sd_alg (RFC 9901 section 4.1.1). The error is [ErrHash].
func hashOf(payload map[string]any) (Hash, error) {
	raw, has := payload["_sd_alg"]
	if !has {
		return SHA256, nil
	}
	name, ok := raw.(string)
	if h := Hash(name); ok && name != "" && h.valid() {
		return h, nil
	}
	return "", fmt.Errorf("%w: %v", ErrHash, raw)
}

// b64 is base64url without padding whose unused last bits must be zero.
var b64 = base64.RawURLEncoding.Strict()

// decode64 reads base64url. Unlike the package base64 it takes no line breaks.
func decode64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := b64.DecodeString(s)
	return b, err == nil
}

// Disclosure is one claim that the holder chose to show (RFC 9901 section
// 4.2). It proves nothing until a signed digest refers to it.
type Disclosure struct {
	// Encoded is the text as it was sent; digests are made of it.
	Encoded string
	Salt    string
	// Element says that it is an element of a list and has no name.
	Element bool
	Name    string
	Value   any // a tree of internal/strictjson
}

// ParseDisclosure reads the base64url text of a disclosure, bounded by lim.
// Errors: [ErrDisclosure], [ErrArity], [ErrReserved], [ErrTooLarge],
// [ErrDepth].
func ParseDisclosure(encoded string, lim Limits) (Disclosure, error) {
	lim = lim.withDefaults()
	if len(encoded) > lim.MaxBytes {
		return Disclosure{}, fmt.Errorf("%w: a disclosure of %d bytes", ErrTooLarge, len(encoded))
	}
	data, ok := decode64(encoded)
	if !ok {
		return Disclosure{}, fmt.Errorf("%w: not base64url", ErrDisclosure)
	}
	v, err := strictjson.Parse(data, lim.json())
	if err != nil {
		return Disclosure{}, jsonFault(ErrDisclosure, err)
	}
	list, ok := v.([]any)
	if !ok {
		return Disclosure{}, fmt.Errorf("%w: not a list", ErrDisclosure)
	}
	d := Disclosure{Encoded: encoded}
	switch len(list) {
	case 2:
		d.Element = true
	case 3:
		if d.Name, ok = list[1].(string); !ok {
			return Disclosure{}, fmt.Errorf("%w: its name is not a string", ErrDisclosure)
		}
		if reserved(d.Name) {
			return Disclosure{}, fmt.Errorf("%w: %s", ErrReserved, d.Name)
		}
	default:
		return Disclosure{}, fmt.Errorf("%w: %d parts", ErrArity, len(list))
	}
	if d.Salt, ok = list[0].(string); !ok {
		return Disclosure{}, fmt.Errorf("%w: its salt is not a string", ErrDisclosure)
	}
	d.Value = list[len(list)-1]
	return d, nil
}

// jsonFault tells what exceeds a bound from what is malformed.
func jsonFault(malformed, err error) error {
	switch {
	case errors.Is(err, strictjson.ErrTooLarge):
		malformed = ErrTooLarge
	case errors.Is(err, strictjson.ErrDepth):
		malformed = ErrDepth
	}
	return fmt.Errorf("%w: %w", malformed, err)
}

// Digest returns what stands for the disclosure in the signed claims: the hash
// of its ASCII text in base64url (section 4.2.3).
func (d Disclosure) Digest(h Hash) string { return h.digest(d.Encoded) }

// encode makes the text of a disclosure that we issue.
func (d *Disclosure) encode() error {
	parts := []any{d.Salt, d.Name, d.Value}
	if d.Element {
		parts = []any{d.Salt, d.Value}
	}
	data, err := strictjson.Canonical(parts)
	if err != nil {
		return err
	}
	d.Encoded = b64.EncodeToString(data)
	return nil
}

// reserved tells whether no claim may have the name, at any depth.
func reserved(name string) bool { return name == "_sd" || name == "..." || name == "_sd_alg" }
