package schema

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // linked in for crypto.Hash
	_ "crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/key"
)

const (
	maxDigests     = 16
	maxDigestBytes = 4096
)

// digest is one stated hash value.
type digest struct {
	hash crypto.Hash // SHA256, SHA384 or SHA512
	sum  []byte
}

// digests are the hash values that one member states for one resource. Only
// the strongest algorithm among them counts (SRI section 3.3.3).
type digests []digest

// match reports whether body has one of the strongest digests.
func (d digests) match(body []byte) bool {
	best := crypto.Hash(0)
	for _, e := range d {
		if best == 0 || e.hash.Size() > best.Size() {
			best = e.hash
		}
	}
	if best == 0 {
		return false
	}
	h := best.New()
	h.Write(body)
	sum := h.Sum(nil)
	for _, e := range d {
		if e.hash == best && bytes.Equal(e.sum, sum) {
			return true
		}
	}
	return false
}

// stated reads the members digestSRI and digestMultibase of an entry; each that
// is there must match by itself. Both absent gives none and no error. Errors:
// errDigest for a value that is malformed, errAlgorithm for a member that has
// no digest of a kind that we compute.
func stated(entry map[string]any) ([]digests, error) {
	var all []digests
	for _, member := range []struct {
		name  string
		parse func(string) (digests, error)
	}{{"digestSRI", parseSRI}, {"digestMultibase", parseMultibase}} {
		raw, has := entry[member.name]
		if !has {
			continue
		}
		list, ok := texts(raw)
		if !ok || len(list) == 0 || len(list) > maxDigests {
			return nil, fmt.Errorf("%w: %s is not one or more texts", errDigest, member.name)
		}
		var known digests
		for _, text := range list {
			if len(text) > maxDigestBytes {
				return nil, fmt.Errorf("%w: %s is %d bytes long", errDigest, member.name, len(text))
			}
			d, err := member.parse(text)
			if err != nil {
				return nil, fmt.Errorf("%w in %s", err, member.name)
			}
			known = append(known, d...)
		}
		if len(known) == 0 {
			return nil, fmt.Errorf("%w in %s", errAlgorithm, member.name)
		}
		all = append(all, known)
	}
	return all, nil
}

// parseSRI reads integrity metadata (Subresource Integrity section 3.5):
// "sha384-BASE64", several separated by white space, options after "?" unused.
// Hashes of algorithms that we do not compute are left out.
func parseSRI(text string) (digests, error) {
	var out digests
	list := strings.Fields(text)
	if len(list) == 0 || len(list) > maxDigests {
		return nil, fmt.Errorf("%w: %d hashes", errDigest, len(list))
	}
	for _, item := range list {
		item, _, _ = strings.Cut(item, "?")
		name, value, ok := strings.Cut(item, "-")
		if !ok || name == "" || value == "" {
			return nil, fmt.Errorf("%w: a hash is no name, hyphen and base64", errDigest)
		}
		h, known := map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}[name]
		if !known {
			continue
		}
		sum, err := sriValue(value)
		if err != nil || len(sum) != h.Size() {
			return nil, fmt.Errorf("%w: not the base64 of a %s value", errDigest, name)
		}
		out = append(out, digest{h, sum})
	}
	return out, nil
}

// sriValue decodes base64 with either alphabet, padded or not, as the grammar
// of the specification allows.
func sriValue(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errDigest
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	bare := strings.TrimRight(s, "=")
	if pad := len(s) - len(bare); pad > 0 && len(s)%4 != 0 || pad > 2 {
		return nil, errDigest
	}
	return encoding.Strict().DecodeString(bare)
}

// parseMultibase reads a multihash in base58btc or base64url (Data Integrity
// 1.0 section 2.6; CID 1.0 sections 2.4 and 2.5). A base or a hash function
// that we do not know gives no digest and no error.
func parseMultibase(text string) (digests, error) {
	if text == "" {
		return nil, fmt.Errorf("%w: empty", errDigest)
	}
	var b []byte
	var err error
	switch text[0] {
	case 'z':
		b, err = key.Base58Decode(text[1:])
	case 'u':
		if strings.ContainsAny(text, "\r\n") {
			return nil, fmt.Errorf("%w: line break", errDigest)
		}
		b, err = base64.RawURLEncoding.Strict().DecodeString(text[1:])
	default:
		return nil, nil
	}
	if err != nil || len(b) < 2 {
		return nil, fmt.Errorf("%w: not a multibase multihash", errDigest)
	}
	h, known := map[byte]crypto.Hash{0x12: crypto.SHA256, 0x20: crypto.SHA384, 0x13: crypto.SHA512}[b[0]]
	if !known {
		return nil, nil
	}
	if int(b[1]) != h.Size() || len(b)-2 != h.Size() {
		return nil, fmt.Errorf("%w: a multihash of the wrong length", errDigest)
	}
	return digests{{h, b[2:]}}, nil
}

// texts reads a text or a list of texts.
func texts(v any) ([]string, bool) {
	switch x := v.(type) {
	case string:
		return []string{x}, true
	case []any:
		out := make([]string, 0, len(x))
		for _, e := range x {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}
