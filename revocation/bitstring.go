package revocation

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

const (
	// MinEntries is the fewest entries of a list that protect the holders
	// (Bitstring Status List 1.0 section 3.2: 131,072, which are 16 KiB).
	MinEntries = 131_072
	// MaxListBytes is the default cap on an unpacked list: 8 MiB.
	MaxListBytes = 8 << 20
	// packLevel is how hard lists are compressed: the highest level takes seven times
	// as long on a list with one in a hundred set and saves 5 % of its 2 KB.
	packLevel = 8
	// maxEncoded caps the encoded text: 12 MiB.
	maxEncoded = 12 << 20
)

// Bitstring is a list of bits. Index 0 is the left-most, which is the most
// significant bit of the first byte (Bitstring Status List 1.0 section 2.2).
type Bitstring struct{ b []byte }

// NewBitstring returns n zero bits; n is rounded up to whole bytes.
func NewBitstring(n int64) Bitstring { return Bitstring{make([]byte, (n+7)/8)} }

// FromBytes returns the bits of b, which it keeps.
func FromBytes(b []byte) Bitstring { return Bitstring{b} }

// Len is the number of bits.
func (s Bitstring) Len() int64 { return int64(len(s.b)) * 8 }

// Bytes returns the bytes behind the bits; the caller must not change them.
func (s Bitstring) Bytes() []byte { return s.b }

// Get reads one bit. The error is ErrRange.
func (s Bitstring) Get(i int64) (bool, error) {
	if i < 0 || i>>3 >= int64(len(s.b)) {
		return false, ErrRange
	}
	return s.b[i>>3]&(0x80>>(i&7)) != 0, nil
}

// Set sets one bit to 1. The error is ErrRange.
func (s Bitstring) Set(i int64) error {
	if i < 0 || i>>3 >= int64(len(s.b)) {
		return ErrRange
	}
	s.b[i>>3] |= 0x80 >> (i & 7)
	return nil
}

// Count is the number of bits that are set.
func (s Bitstring) Count() int {
	n := 0
	for _, b := range s.b {
		n += bits.OnesCount8(b)
	}
	return n
}

// GoneIn returns the first few indices that are set here and not set in next,
// at most limit; in a list of purpose revocation there must be none.
func (s Bitstring) GoneIn(next Bitstring, limit int) []int64 {
	var gone []int64
	for i, b := range s.b {
		var n byte
		if i < len(next.b) {
			n = next.b[i]
		}
		for lost := b &^ n; lost != 0 && len(gone) < limit; {
			at := bits.LeadingZeros8(lost)
			gone = append(gone, int64(i)*8+int64(at))
			lost &^= 0x80 >> at
		}
		if len(gone) == limit {
			break
		}
	}
	return gone
}

// Encode packs the bits as an encodedList: "u", then base64url without padding
// of one GZIP member without name or time, so that equal bits give equal text
// from this version of the program.
func (s Bitstring) Encode() (string, error) {
	packed, err := compress(&gzipWriters, func(w io.Writer) (packer, error) { return gzip.NewWriterLevel(w, packLevel) }, s.b)
	if err != nil {
		return "", err
	}
	return multibase + base64.RawURLEncoding.EncodeToString(packed), nil
}

// packer is a compressor that serves one list after another: it has a megabyte of
// tables.
type packer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

var gzipWriters, zlibWriters sync.Pool // of packer

// compress packs b with a compressor of the pool, or a new one.
func compress(pool *sync.Pool, fresh func(io.Writer) (packer, error), b []byte) ([]byte, error) {
	var buf bytes.Buffer
	z, ok := pool.Get().(packer)
	if ok {
		z.Reset(&buf)
	} else {
		var err error
		if z, err = fresh(&buf); err != nil {
			return nil, fmt.Errorf("revocation: pack: %w", err)
		}
	}
	if g, ok := z.(*gzip.Writer); ok {
		g.ModTime = time.Unix(0, 0) // which is written as "none"
	}
	if _, err := z.Write(b); err != nil {
		return nil, fmt.Errorf("revocation: pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("revocation: pack: %w", err)
	}
	pool.Put(z)
	return buf.Bytes(), nil
}

// Decode unpacks an encodedList (section 3.3, expand). It stops as soon as
// more than max bytes come out (zero: 8 MiB). Errors: ErrEncoding for a missing
// "u", padding, a damaged or second GZIP member or trailing bytes; ErrTooLarge.
func Decode(encoded string, max int64) (Bitstring, error) {
	bare, ok := strings.CutPrefix(encoded, multibase)
	if !ok {
		return Bitstring{}, errPrefix()
	}
	return decodeBare(bare, max)
}

// multibase is the prefix of base64url without padding.
const multibase = "u"

func errPrefix() error { return fmt.Errorf("%w: the multibase prefix u is missing", ErrEncoding) }

// decodeBare unpacks the text of a StatusList2021, which has no prefix.
func decodeBare(encoded string, max int64) (Bitstring, error) {
	var u unpacker
	b, err := u.unpack(encoded, max)
	return Bitstring{b}, err
}

// unpacker is the memory that unpacking takes, so that one list after another
// can have it. The zero value is ready.
type unpacker struct {
	z       gzip.Reader
	in      bytes.Reader // an io.ByteReader, so nothing is read ahead
	text    []byte
	packed  []byte
	out     bytes.Buffer
	limited io.LimitedReader
}

// maxSpare is the most memory in bytes that an unpacker keeps for the next list.
const maxSpare = 256 << 10

// large tells whether an unpacker has grown too much to be kept.
func (u *unpacker) large() bool { return cap(u.text)+cap(u.packed)+u.out.Cap() > maxSpare }

// unpack returns bits in memory of the unpacker.
func (u *unpacker) unpack(encoded string, max int64) ([]byte, error) {
	if max <= 0 {
		max = MaxListBytes
	}
	if len(encoded) > maxEncoded {
		return nil, fmt.Errorf("%w: %d characters", ErrTooLarge, len(encoded))
	}
	// The decoder skips line feeds, which have no place in a multibase text.
	u.text = append(u.text[:0], encoded...)
	u.packed = slices.Grow(u.packed[:0], base64.RawURLEncoding.DecodedLen(len(encoded)))
	n, err := base64.RawURLEncoding.Strict().Decode(u.packed[:cap(u.packed)], u.text)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, fmt.Errorf("%w: not base64url without padding", ErrEncoding)
	}
	u.packed = u.packed[:n]
	u.in.Reset(u.packed)
	if err := u.z.Reset(&u.in); err != nil {
		return nil, fmt.Errorf("%w: no GZIP header", ErrEncoding)
	}
	u.z.Multistream(false)
	u.limited = io.LimitedReader{R: &u.z, N: max + 1}
	u.out.Reset()
	u.out.Grow(int(min(max, claimedSize(u.packed))) + bytes.MinRead)
	if _, err := u.out.ReadFrom(&u.limited); err != nil {
		if errors.Is(err, gzip.ErrChecksum) {
			return nil, fmt.Errorf("%w: the GZIP check sum is wrong", ErrEncoding)
		}
		return nil, fmt.Errorf("%w: the GZIP data is damaged", ErrEncoding)
	}
	if int64(u.out.Len()) > max {
		return nil, fmt.Errorf("%w: more than %d bytes come out", ErrTooLarge, max)
	}
	if u.in.Len() > 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the GZIP member", ErrEncoding, u.in.Len())
	}
	return u.out.Bytes(), nil
}

// claimedSize is what the end of a GZIP member says that will come out, at most
// what can: Deflate packs 1032 to 1 at best.
func claimedSize(packed []byte) int64 {
	if len(packed) < 4 {
		return 0
	}
	return min(int64(binary.LittleEndian.Uint32(packed[len(packed)-4:])), 1032*int64(len(packed)))
}

// readAll is io.ReadAll into memory for size bytes, more where that was wrong.
func readAll(r io.Reader, size int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}
