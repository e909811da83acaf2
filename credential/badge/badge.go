package badge

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// The caps on hostile images.
const (
	MaxImage      = 8 << 20 // bytes of one image
	MaxCredential = 2 << 20 // bytes of the credential in it
)

// Unbake takes the credential out of a PNG or SVG: one JSON object or one
// compact JWT, without the space around it (Open Badges 3.0 section 5.3).
// Nothing is verified. The errors are the sentinels of this package.
func Unbake(data []byte) ([]byte, error) {
	if len(data) > MaxImage {
		return nil, fmt.Errorf("%w: the image has %d bytes", ErrTooLarge, len(data))
	}
	var inner []byte
	var err error
	switch {
	case isPNG(data):
		inner, err = unbakePNG(data)
	case isSVG(data):
		inner, err = unbakeSVG(data)
	default:
		return nil, ErrNotImage
	}
	if err != nil {
		return nil, err
	}
	inner = bytes.TrimSpace(inner)
	if len(inner) > MaxCredential {
		return nil, fmt.Errorf("%w: the credential has %d bytes", ErrTooLarge, len(inner))
	}
	if !isObject(inner) && !isJWT(string(inner)) {
		return nil, ErrInner
	}
	return inner, nil
}

// Bake puts a signed credential, a JSON object or a compact JWT, into a PNG
// or SVG that holds none yet. What Unbake finds in the result is the same
// JSON value or the same JWT; in a PNG it is the same bytes.
func Bake(image, credential []byte) ([]byte, error) {
	credential = bytes.TrimSpace(credential)
	if isObject(credential) {
		if _, err := strictjson.ParseObject(credential, strictjson.Limits{MaxBytes: MaxCredential}); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInner, err)
		}
	} else if !isJWT(string(credential)) {
		return nil, ErrInner
	}
	var out []byte
	var err error
	switch _, found := Unbake(image); {
	case found == nil:
		return nil, ErrBaked
	case !isNone(found):
		return nil, found
	case isPNG(image):
		out, err = bakePNG(image, credential)
	default:
		out, err = bakeSVG(image, credential)
	}
	if err != nil {
		return nil, err
	}
	return out, proveBaked(out, credential)
}

// proveBaked reads back what was written: XML changes line ends and cannot
// carry every character that JSON can.
func proveBaked(image, credential []byte) error {
	inner, err := Unbake(image)
	if err != nil {
		return err
	}
	if bytes.Equal(inner, credential) {
		return nil
	}
	lim := strictjson.Limits{MaxBytes: MaxCredential}
	got, err := strictjson.Canonicalize(inner, lim)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInner, err)
	}
	if want, err := strictjson.Canonicalize(credential, lim); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("%w: the image format cannot carry it unchanged", ErrInner)
	}
	return nil
}

func isObject(b []byte) bool { return len(b) > 1 && b[0] == '{' && b[len(b)-1] == '}' }

// isJWT is the shape of a JWS in compact serialization (RFC 7515 section 7.1).
func isJWT(s string) bool {
	if strings.Count(s, ".") != 2 {
		return false
	}
	for p := range strings.SplitSeq(s, ".") {
		if p == "" || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
