package badge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	keyword      = "openbadgecredential"
	olderKeyword = "openbadges"
)

func isPNG(data []byte) bool { return bytes.HasPrefix(data, []byte(pngSignature)) }

func isNone(err error) bool { return errors.Is(err, ErrNone) }

// chunk is one chunk of a PNG (PNG third edition section 5.3).
type chunk struct {
	kind string
	data []byte
	at   int // offset of its first byte in the file
}

// nextChunk reads the chunk at offset at. Lengths are compared with what is
// there before anything is sliced; nothing is ever allocated by a length.
func nextChunk(data []byte, at int) (c chunk, next int, err error) {
	rest := data[at:]
	if len(rest) < 12 {
		return c, 0, fmt.Errorf("%w: the PNG ends inside a chunk", ErrMalformed)
	}
	size := uint64(binary.BigEndian.Uint32(rest))
	if size > uint64(len(rest)-12) {
		return c, 0, fmt.Errorf("%w: a chunk claims %d bytes and %d are left", ErrMalformed, size, len(rest)-12)
	}
	n := int(size)
	c = chunk{kind: string(rest[4:8]), data: rest[8 : 8+n], at: at}
	for _, b := range rest[4:8] {
		if b|0x20 < 'a' || b|0x20 > 'z' {
			return c, 0, fmt.Errorf("%w: a chunk has no name of four letters", ErrMalformed)
		}
	}
	if crc32.ChecksumIEEE(rest[4:8+n]) != binary.BigEndian.Uint32(rest[8+n:]) {
		return c, 0, fmt.Errorf("%w: chunk %s", ErrChecksum, c.kind)
	}
	return c, at + 12 + n, nil
}

// unbakePNG walks all chunks, because a second credential is an error and an
// image that breaks off may hold one.
func unbakePNG(data []byte) ([]byte, error) {
	var text []byte
	found, older := false, false
	for at := len(pngSignature); ; {
		c, next, err := nextChunk(data, at)
		if err != nil {
			return nil, err
		}
		if first := at == len(pngSignature); first != (c.kind == "IHDR") {
			return nil, fmt.Errorf("%w: IHDR must be the first chunk and the only one of its name", ErrMalformed)
		}
		at = next
		word, body, _ := bytes.Cut(c.data, []byte{0})
		switch {
		case c.kind == "iTXt" && string(word) == keyword:
			if found {
				return nil, ErrSeveral
			}
			found = true
			if text, err = internationalText(body); err != nil {
				return nil, err
			}
		case c.kind == "zTXt" && string(word) == keyword:
			return nil, ErrCompressed
		case (c.kind == "iTXt" || c.kind == "tEXt") && string(word) == olderKeyword:
			older = true
		case c.kind == "IEND":
			switch {
			case len(c.data) != 0 || at != len(data):
				return nil, fmt.Errorf("%w: the PNG goes on after its end", ErrMalformed)
			case found:
				return text, nil
			case older:
				return nil, ErrOlder
			}
			return nil, ErrNone
		}
	}
}

// internationalText reads an iTXt chunk behind its keyword: compression flag
// and method, language tag, translated keyword, text (PNG section 11.3.3.4).
func internationalText(body []byte) ([]byte, error) {
	if len(body) < 2 || body[0] > 1 {
		return nil, fmt.Errorf("%w: the iTXt chunk has no compression flag", ErrMalformed)
	}
	if body[0] == 1 {
		return nil, ErrCompressed
	}
	rest := body[2:] // the method is to be ignored where nothing is compressed
	for _, name := range []string{"language tag", "translated keyword"} {
		_, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return nil, fmt.Errorf("%w: the iTXt chunk has no %s", ErrMalformed, name)
		}
		rest = after
	}
	return rest, nil
}

// bakePNG puts the chunk right behind IHDR, where readers that stop at the
// first match find it soonest. The image was walked by Unbake before.
func bakePNG(image, credential []byte) ([]byte, error) {
	_, after, err := nextChunk(image, len(pngSignature))
	if err != nil {
		return nil, err
	}
	data := append([]byte(keyword), 0, 0, 0, 0, 0)
	data = append(data, credential...)
	out := make([]byte, 0, len(image)+len(data)+12)
	out = append(out, image[:after]...)
	out = appendChunk(out, "iTXt", data)
	return append(out, image[after:]...), nil
}

func appendChunk(dst []byte, kind string, data []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(data)))
	from := len(dst)
	dst = append(dst, kind...)
	dst = append(dst, data...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[from:]))
}
