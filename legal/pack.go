package legal

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// A file of recognitions holds one credential as it is, or up to MaxPack of them
// in a presentation that nobody signs: each proves itself. Files of an accreditor of
// thousands are packs: each holds the recognitions of those whose subjects begin
// with some bits, so that who asks about one fetches some 40 and not all, and
// whoever gives out the file does not learn about which of them.
const (
	MaxPack      = 40
	maxPackBytes = 60 << 10
	// MaxPackBits bounds how often packs are halved.
	MaxPackBits = 24
)

const packRoot = "recognition/pack"

// PackPath names the pack of a subject at a depth: "recognition/pack" for 0, then
// with the first bits of the SHA-256 of the subject, as in "recognition/pack.0110".
func PackPath(subject string, bits int) string {
	if bits <= 0 {
		return packRoot
	}
	sum := sha256.Sum256([]byte(subject))
	b := []byte(packRoot + ".")
	for i := range min(bits, MaxPackBits) {
		b = append(b, '0'+sum[i/8]>>(7-i%8)&1)
	}
	return string(b)
}

// PackOrder is a text by which subjects of one pack are next to each other.
func PackOrder(subject string) string { return PackPath(subject, MaxPackBits) }

// IsPack tells whether a path is that of a pack, and how many bits it has.
func IsPack(path string) (bits int, ok bool) {
	rest, ok := strings.CutPrefix(path, packRoot)
	if !ok || rest == "" {
		return 0, ok
	}
	digits, ok := strings.CutPrefix(rest, ".")
	return len(digits), ok && digits != "" && len(digits) <= MaxPackBits && strings.Trim(digits, "01") == ""
}

// Pack writes credentials, each as JCS bytes, into one file; fits is false when they
// are too many or too large for one. The error is [ErrRecognition].
func Pack(holder string, credentials [][]byte) (body []byte, fits bool, err error) {
	if len(credentials) == 0 {
		return nil, false, fmt.Errorf("%w: nothing to pack", ErrRecognition)
	}
	size := 256 + len(holder)
	for _, c := range credentials {
		size += len(c) + 1
	}
	fits = len(credentials) <= MaxPack && size <= maxPackBytes
	if len(credentials) == 1 || !fits {
		return credentials[0], fits, nil
	}
	who, err := strictjson.Canonical(holder)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrRecognition, err)
	}
	// The members in the order of JCS around bodies that are in it already.
	b := make([]byte, 0, size)
	b = append(b, `{"@context":["`+credential.ContextV2+`"],"holder":`...)
	b = append(b, who...)
	b = append(b, `,"type":["VerifiablePresentation"],"verifiableCredential":[`...)
	b = append(b, bytes.Join(credentials, []byte(","))...)
	return append(b, "]}"...), true, nil
}

// Unpack returns the credentials of a file of recognitions, each as JCS bytes. It
// does not say that any is verified. The error is [ErrRecognition].
func Unpack(body []byte) ([][]byte, error) {
	tree, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: 64 << 10})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecognition, err)
	}
	inside, packed := tree["verifiableCredential"]
	if !packed {
		return [][]byte{body}, nil
	}
	list, ok := inside.([]any)
	if !ok || len(list) == 0 || len(list) > MaxPack {
		return nil, fmt.Errorf("%w: a pack holds 1 to %d credentials", ErrRecognition, MaxPack)
	}
	out := make([][]byte, 0, len(list))
	for i, c := range list {
		if _, ok := c.(map[string]any); !ok {
			return nil, fmt.Errorf("%w: member %d of the pack is no object", ErrRecognition, i)
		}
		b, err := strictjson.Canonical(c)
		if err != nil {
			return nil, fmt.Errorf("%w: member %d: %w", ErrRecognition, i, err)
		}
		out = append(out, b)
	}
	return out, nil
}
