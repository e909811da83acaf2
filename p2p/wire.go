package p2p

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/multiformats/go-varint"
)

// The framing of "/bonafide/<op>/1". The one who asks sends
//
//	uvarint length, request
//
// and keeps its side open, so that the end of that side tells the other that
// nobody listens any more. The answer is any number of
//
//	0x00, uvarint length, frame
//
// and exactly one
//
//	0x01, uvarint length, uvarint code, uvarint milliseconds to wait, text
//
// after which nothing follows. Lengths are minimal uvarints and are checked
// against the limits before a byte is read or reserved.
const (
	kindFrame byte = 0
	kindEnd   byte = 1

	maxText  = 256            // bytes of text in an end frame
	maxEnd   = 2*10 + maxText // bytes of an end frame's content
	maxRetry = time.Hour      // longer waits are read as this
)

// end is the content of an end frame.
type end struct {
	code  Code
	retry time.Duration
	text  string
}

// readLength reads a length of at most limit.
func readLength(r *bufio.Reader, limit int) (int, error) {
	n, err := varint.ReadUvarint(r)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.ErrUnexpectedEOF
		}
		if isFraming(err) {
			return 0, fmt.Errorf("%w: length: %w", ErrProtocol, err)
		}
		return 0, err
	}
	if n > uint64(limit) {
		return 0, fmt.Errorf("%w: %d bytes announced, limit %d", ErrTooLarge, n, limit)
	}
	return int(n), nil
}

// isFraming tells a malformed uvarint from a failing stream.
func isFraming(err error) bool {
	return errors.Is(err, varint.ErrNotMinimal) || errors.Is(err, varint.ErrOverflow)
}

// readBody reads exactly n bytes.
func readBody(r *bufio.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// appendRequest appends the wire form of a request.
func appendRequest(dst, req []byte) []byte {
	dst = append(dst, varint.ToUvarint(uint64(len(req)))...)
	return append(dst, req...)
}

// appendFrame appends the wire form of one frame.
func appendFrame(dst, frame []byte) []byte {
	dst = append(dst, kindFrame)
	dst = append(dst, varint.ToUvarint(uint64(len(frame)))...)
	return append(dst, frame...)
}

// appendEnd appends the wire form of an end frame.
func appendEnd(dst []byte, e end) []byte {
	text := e.text
	if len(text) > maxText {
		text = text[:maxText]
		for len(text) > 0 && !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	body := varint.ToUvarint(uint64(e.code))
	body = append(body, varint.ToUvarint(uint64(max(e.retry, 0)/time.Millisecond))...)
	body = append(body, text...)
	dst = append(dst, kindEnd)
	dst = append(dst, varint.ToUvarint(uint64(len(body)))...)
	return append(dst, body...)
}

// readAnswer reads the next frame, or the end. Exactly one of the first two
// results is set when the error is nil.
func readAnswer(r *bufio.Reader, maxFrame int) ([]byte, *end, error) {
	kind, err := r.ReadByte()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the end frame is missing
		}
		return nil, nil, err
	}
	switch kind {
	case kindFrame:
		n, err := readLength(r, maxFrame)
		if err != nil {
			return nil, nil, err
		}
		b, err := readBody(r, n)
		return b, nil, err
	case kindEnd:
		n, err := readLength(r, maxEnd)
		if err != nil {
			return nil, nil, err
		}
		b, err := readBody(r, n)
		if err != nil {
			return nil, nil, err
		}
		e, err := parseEnd(b)
		if err != nil {
			return nil, nil, err
		}
		return nil, &e, nil
	}
	return nil, nil, fmt.Errorf("%w: unknown kind of frame 0x%02x", ErrProtocol, kind)
}

// parseEnd reads the content of an end frame.
func parseEnd(b []byte) (end, error) {
	code, n, err := varint.FromUvarint(b)
	if err != nil {
		return end{}, fmt.Errorf("%w: end frame: code: %w", ErrProtocol, err)
	}
	b = b[n:]
	wait, n, err := varint.FromUvarint(b)
	if err != nil {
		return end{}, fmt.Errorf("%w: end frame: time to wait: %w", ErrProtocol, err)
	}
	b = b[n:]
	if len(b) > maxText {
		return end{}, fmt.Errorf("%w: end frame: text of %d bytes, limit %d", ErrProtocol, len(b), maxText)
	}
	if !utf8.Valid(b) {
		return end{}, fmt.Errorf("%w: end frame: text is not UTF-8", ErrProtocol)
	}
	e := end{code: Code(code), retry: maxRetry, text: string(b)}
	if wait < uint64(maxRetry/time.Millisecond) {
		e.retry = time.Duration(wait) * time.Millisecond
	}
	return e, nil
}

// err returns what the end means to the one who asked: nil for CodeOK.
func (e end) err() error {
	if e.code == CodeOK {
		return nil
	}
	return &RemoteError{Code: e.code, Message: e.text, RetryAfter: e.retry}
}
