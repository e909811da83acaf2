package revocation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zlib"
)

// The statuses of a Token Status List (draft-ietf-oauth-status-list-20 section
// 7.1). What else there is belongs to somebody's application or is reserved.
const (
	StatusValid     = 0x00
	StatusInvalid   = 0x01 // revoked
	StatusSuspended = 0x02
)

// Statuses are the statuses of a Token Status List, of 1, 2, 4 or 8 bits each.
// Index 0 is at the least significant bits of the first byte (draft-ietf-oauth-
// status-list-20 section 4.1), the other way round than in a [Bitstring].
type Statuses struct {
	b    []byte
	size uint8 // bits of one status
}

// Revoked returns the list of one bit each in which the same indices are set.
func Revoked(revoked Bitstring) Statuses {
	out := make([]byte, len(revoked.b))
	for i, b := range revoked.b {
		out[i] = bits.Reverse8(b)
	}
	return Statuses{out, 1}
}

// Merge returns the list of two bits each of what two lists of bits say on the
// same indices: whoever is revoked is not suspended too. Of lists that differ in
// length the error is ErrRange.
func Merge(revoked, suspended Bitstring) (Statuses, error) {
	if len(revoked.b) != len(suspended.b) {
		return Statuses{}, fmt.Errorf("%w: lists of %d and %d bits are no pair", ErrRange, revoked.Len(), suspended.Len())
	}
	out := make([]byte, 2*len(revoked.b))
	for i, r := range revoked.b {
		if s := suspended.b[i] &^ r; r|s != 0 {
			pair := spread(bits.Reverse8(r)) | spread(bits.Reverse8(s))<<1
			out[2*i], out[2*i+1] = byte(pair), byte(pair>>8)
		}
	}
	return Statuses{out, 2}, nil
}

// Split is the way back from [Merge]: the bits of who is revoked and who is
// suspended. The error is ErrFormat when there is another status, whose meaning
// somebody's application knows.
func (s Statuses) Split() (revoked, suspended Bitstring, err error) {
	for i := range s.Len() {
		if status, err := s.Get(i); err != nil || status > StatusSuspended {
			return revoked, suspended, fmt.Errorf("%w: status %d at index %d is neither valid, revoked nor suspended", ErrFormat, status, i)
		}
	}
	return s.Where(StatusInvalid), s.Where(StatusSuspended), nil
}

// spread moves bit i to bit 2i.
func spread(b byte) uint16 {
	x := uint16(b)
	x = (x | x<<4) & 0x0f0f
	x = (x | x<<2) & 0x3333
	return (x | x<<1) & 0x5555
}

// StatusesFromBytes returns the statuses of size bits in b, which it keeps. The
// error is ErrEncoding for a size that is not 1, 2, 4 or 8.
func StatusesFromBytes(b []byte, size int) (Statuses, error) {
	switch size {
	case 1, 2, 4, 8:
		return Statuses{b, uint8(size)}, nil
	}
	return Statuses{}, fmt.Errorf("%w: bits %d", ErrEncoding, size)
}

// Bits is the size of one status, zero for the zero Statuses.
func (s Statuses) Bits() int { return int(s.size) }

// Len is the number of statuses.
func (s Statuses) Len() int64 {
	if s.size == 0 {
		return 0
	}
	return int64(len(s.b)) * 8 / int64(s.size)
}

// Bytes returns the bytes behind the statuses; the caller must not change them.
func (s Statuses) Bytes() []byte { return s.b }

// Get reads one status, which is one code as a whole. The error is ErrRange.
func (s Statuses) Get(i int64) (int, error) {
	if i < 0 || i >= s.Len() {
		return 0, ErrRange
	}
	at := i * int64(s.size)
	return int(s.b[at>>3]>>(at&7)) & (1<<s.size - 1), nil
}

// Where returns a list of bits in which the indices of one status are set.
func (s Statuses) Where(status int) Bitstring {
	out := NewBitstring(s.Len())
	if s.size == 1 && status == 1 {
		for i, b := range s.b {
			out.b[i] = bits.Reverse8(b)
		}
		return out
	}
	for i, b := range s.b {
		if b == 0 && status != 0 {
			continue
		}
		per := 8 / int(s.size)
		for j := range per {
			if int(b>>(j*int(s.size)))&(1<<s.size-1) == status {
				n := i*per + j
				out.b[n>>3] |= 0x80 >> (n & 7)
			}
		}
	}
	return out
}

// Pack compresses the statuses: DEFLATE in the ZLIB format (section 4.1, which
// recommends the highest level; see packLevel).
func (s Statuses) Pack() ([]byte, error) {
	return compress(&zlibWriters, func(w io.Writer) (packer, error) { return zlib.NewWriterLevel(w, packLevel) }, s.b)
}

// Unpack inflates statuses of size bits. It stops as soon as more than max bytes
// come out (zero: 8 MiB). Errors: ErrEncoding for another size than 1, 2, 4 or 8,
// another format than ZLIB, damage, a preset dictionary or trailing bytes;
// ErrTooLarge.
func Unpack(packed []byte, size int, max int64) (Statuses, error) {
	if max <= 0 {
		max = MaxListBytes
	}
	s, err := StatusesFromBytes(nil, size)
	if err != nil {
		return s, err
	}
	if len(packed) > maxEncoded {
		return Statuses{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(packed))
	}
	in := bytes.NewReader(packed) // an io.ByteReader, so nothing is read ahead
	z, err := zlib.NewReader(in)
	if err != nil {
		return Statuses{}, fmt.Errorf("%w: no ZLIB header", ErrEncoding)
	}
	// ZLIB does not say how much will come out; most lists are nearly empty.
	s.b, err = readAll(io.LimitReader(z, max+1), min(max, 64<<10+4*int64(len(packed))))
	switch {
	case errors.Is(err, zlib.ErrChecksum):
		return Statuses{}, fmt.Errorf("%w: the ZLIB check sum is wrong", ErrEncoding)
	case err != nil:
		return Statuses{}, fmt.Errorf("%w: the ZLIB data is damaged", ErrEncoding)
	case int64(len(s.b)) > max:
		return Statuses{}, fmt.Errorf("%w: more than %d bytes come out", ErrTooLarge, max)
	case in.Len() > 0:
		return Statuses{}, fmt.Errorf("%w: %d bytes follow the ZLIB data", ErrEncoding, in.Len())
	}
	return s, nil
}
