package revocation

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/proof/cose"
	"github.com/bonafide-id/bonafide/store"
)

func sum(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }

// The known answers for both formats, from rows of a store: 131,072 entries,
// revoked {0,1,7,8,94567,131071}, suspended {2,8,500}.
func TestBothFormatsFromOneBook(t *testing.T) {
	b, s := openBook(t, 50)
	ctx := t.Context()
	if err := b.Open(ctx, testIssuer); err != nil {
		t.Fatal(err)
	}
	revoked, suspended := []int64{0, 1, 7, 8, 94567, 131071}, []int64{2, 8, 500}
	err := s.Update(ctx, testIssuer, func(tx store.Tx) error {
		for number := int64(1); number <= 2; number++ {
			for _, i := range []int64{0, 1, 2, 7, 8, 500, 94567, 131071} {
				if err := tx.AllocBit(testIssuer, number, i); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for purpose, indices := range map[Purpose][]int64{Revocation: revoked, Suspension: suspended} {
		for _, i := range indices {
			if _, err := b.Set(ctx, Op{Issuer: testIssuer, List: 1, Index: i, Purpose: purpose, Set: true, By: "t"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var bits [2]Bitstring
	err = s.View(ctx, func(tx store.Tx) error {
		for i := range bits {
			l, err := tx.GetList(testIssuer, int64(i+1))
			if err != nil {
				return err
			}
			if bits[i], err = Render(tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(bits[0], bits[1])
	if err != nil {
		t.Fatal(err)
	}
	one := Revoked(bits[0])
	for _, c := range []struct {
		name  string
		b     []byte
		start string
		at    map[int]byte
		sum   string
	}{
		{"bitstring, revocation", bits[0].Bytes(), "c180", map[int]byte{11820: 0x01, 16383: 0x01}, "0d8da1ecf6d028971f0c1c1fb33462b96678a53efcb766bec441a7afac47bf92"},
		{"bitstring, suspension", bits[1].Bytes(), "2080", nil, "4286550e9bb321f3c6fafde9978039e2ab73ce020359c3772bdcfed793292f83"},
		{"token list, 1 bit", one.Bytes(), "8301", map[int]byte{11820: 0x80, 16383: 0x80}, "b04d6634a2501d037505f4fbad0cbe83b0248778c1b53345abd090a067d1c017"},
		{"token list, 2 bits", merged.Bytes(), "25400100", nil, "422e617c93b839245a12fb71655323d5a5222c8dc595692009d6f1f738e5a5cf"},
	} {
		want := 16384
		if c.name == "token list, 2 bits" {
			want = 32768
		}
		if len(c.b) != want || hex.EncodeToString(c.b[:len(c.start)/2]) != c.start || sum(c.b) != c.sum {
			t.Errorf("%s: %d bytes, %x..., %s", c.name, len(c.b), c.b[:4], sum(c.b))
		}
		for i, v := range c.at {
			if c.b[i] != v {
				t.Errorf("%s: byte %d is %02x, want %02x", c.name, i, c.b[i], v)
			}
		}
	}
	// Every index says the same in both forms, the revoked one before all.
	for i := range merged.Len() {
		r, _ := bits[0].Get(i)
		sus, _ := bits[1].Get(i)
		want := StatusValid
		switch {
		case r:
			want = StatusInvalid
		case sus:
			want = StatusSuspended
		}
		single, err := one.Get(i)
		if err != nil || single != map[bool]int{true: 1}[r] {
			t.Fatalf("index %d, 1 bit: %d, %v", i, single, err)
		}
		if got, err := merged.Get(i); err != nil || got != want {
			t.Fatalf("index %d: %d, want %d, %v", i, got, want, err)
		}
	}
	for _, s := range []Statuses{one, merged} {
		if !bytes.Equal(s.Where(StatusInvalid).Bytes(), bits[0].Bytes()) {
			t.Errorf("%d bits: the revoked indices do not come back", s.Bits())
		}
		packed, err := s.Pack()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Unpack(packed, s.Bits(), 0)
		if err != nil || !bytes.Equal(back.Bytes(), s.Bytes()) {
			t.Errorf("%d bits: packed and unpacked differ: %v", s.Bits(), err)
		}
	}
	if got := merged.Where(StatusSuspended); got.Count() != 2 {
		t.Errorf("%d suspended, want 2: index 8 is revoked", got.Count())
	}
	if _, err := Merge(bits[0], NewBitstring(8)); !errors.Is(err, ErrRange) {
		t.Errorf("lists of two lengths: %v", err)
	}
}

// The short examples of the draft, as files of its repository and in its text.
func TestDraftExamples(t *testing.T) {
	for file, raw := range map[string]string{"status_list_encoding_json.md": "b9a3", "status_list_encoding2_json.md": "c944f9"} {
		text, err := os.ReadFile(vectors.Path(t, "vectors/token-status-list/"+file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?s)"bits": (\d),\s*"lst": "([^"]+)"`).FindSubmatch(text)
		bits, _ := strconv.Atoi(string(m[1]))
		packed, err := base64.RawURLEncoding.DecodeString(string(m[2]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(packed, bits, 0)
		if err != nil || hex.EncodeToString(got.Bytes()) != raw {
			t.Errorf("%s: %x, %v", file, got.Bytes(), err)
		}
	}
	// As bits of the W3C's list the same set is 9dc5.
	one, err := StatusesFromBytes([]byte{0xb9, 0xa3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := one.Where(StatusInvalid); hex.EncodeToString(got.Bytes()) != "9dc5" || !bytes.Equal(Revoked(got).Bytes(), one.Bytes()) {
		t.Errorf("%x", got.Bytes())
	}
	text, err := os.ReadFile(vectors.Path(t, "vectors/token-status-list/status_list_encoding_cbor.md"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := hex.DecodeString(string(bytes.TrimSpace(bytes.SplitN(text, []byte("encoded:"), 2)[1])))
	if err != nil {
		t.Fatal(err)
	}
	m, err := cose.Decode(list)
	if err != nil || m["bits"] != int64(1) {
		t.Fatal(m, err)
	}
	if got, err := Unpack(m["lst"].([]byte), 1, 0); err != nil || hex.EncodeToString(got.Bytes()) != "b9a3" {
		t.Errorf("%x, %v", got.Bytes(), err)
	}
}

// The test vectors in the draft's appendix: 2^20 entries of 1, 2, 4 and 8 bits, in
// JSON and in CBOR.
func TestDraftVectors(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "token-status-list.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Lists []struct {
			Bits   int
			Lst    string
			CBOR   string
			Status map[string]int
		}
	}
	if err := json.Unmarshal(body, &file); err != nil || len(file.Lists) != 4 {
		t.Fatal(len(file.Lists), err)
	}
	for _, v := range file.Lists {
		packed, err := base64.RawURLEncoding.DecodeString(v.Lst)
		if err != nil {
			t.Fatal(err)
		}
		inJSON, err := Unpack(packed, v.Bits, 0)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(v.CBOR)
		if err != nil {
			t.Fatal(err)
		}
		m, err := cose.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		inCBOR, err := Unpack(m["lst"].([]byte), int(m["bits"].(int64)), 0)
		if err != nil || !bytes.Equal(inCBOR.Bytes(), inJSON.Bytes()) {
			t.Errorf("%d bits: JSON and CBOR differ: %v", v.Bits, err)
		}
		if inJSON.Len() != 1<<20 {
			t.Errorf("%d bits: %d entries", v.Bits, inJSON.Len())
		}
		found := 0
		for i := range inJSON.Len() {
			got, err := inJSON.Get(i)
			if want := v.Status[strconv.FormatInt(i, 10)]; err != nil || got != want {
				t.Fatalf("%d bits: status[%d] is %d, want %d: %v", v.Bits, i, got, want, err)
			}
			if got != 0 {
				found++
			}
		}
		for _, want := range v.Status {
			if want != 0 {
				found--
			}
		}
		if found != 0 {
			t.Errorf("%d bits: %d more are set than are named", v.Bits, found)
		}
		if set := inJSON.Where(1); set.Count() == 0 {
			t.Errorf("%d bits: nothing is 1", v.Bits)
		}
	}
}

func TestStatusesRefused(t *testing.T) {
	good, err := Revoked(NewBitstring(MinEntries)).Pack()
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 1; return b }
	var dict bytes.Buffer
	z, err := zlib.NewWriterLevelDict(&dict, zlib.BestCompression, make([]byte, 64))
	if err == nil {
		_, err = z.Write(make([]byte, 16384))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	gz, err := NewBitstring(MinEntries).Encode()
	if err != nil {
		t.Fatal(err)
	}
	gzipped, err := base64.RawURLEncoding.DecodeString(gz[1:])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		packed []byte
		bits   int
		max    int64
		want   error
	}{
		{"as it is", good, 1, 0, nil},
		{"exactly as much as is read", good, 1, 16384, nil},
		{"one byte more than is read", good, 1, 16383, ErrTooLarge},
		{"no size", good, 0, 0, ErrEncoding},
		{"a size that does not exist", good, 3, 0, ErrEncoding},
		{"nothing", nil, 1, 0, ErrEncoding},
		{"cut short", good[:len(good)-1], 1, 0, ErrEncoding},
		{"a byte behind", append(bytes.Clone(good), 0), 1, 0, ErrEncoding},
		{"check sum", changed(len(good) - 1), 1, 0, ErrEncoding},
		{"header", changed(0), 1, 0, ErrEncoding},
		{"a preset dictionary", dict.Bytes(), 1, 0, ErrEncoding},
		{"GZIP", gzipped, 1, 0, ErrEncoding},
		{"longer than any list", make([]byte, maxEncoded+1), 1, 0, ErrTooLarge},
	} {
		if _, err := Unpack(c.packed, c.bits, c.max); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	four, err := StatusesFromBytes([]byte{0x2c}, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int64]error{-1: ErrRange, 0: nil, 1: nil, 2: ErrRange, 1 << 62: ErrRange} {
		if _, err := four.Get(i); !errors.Is(err, want) {
			t.Errorf("index %d: %v, want %v", i, err, want)
		}
	}
	if _, err := (Statuses{}).Get(0); !errors.Is(err, ErrRange) {
		t.Errorf("the zero list: %v", err)
	}
}

// FuzzUnpack: what inflates is bounded and comes back from what we pack.
func FuzzUnpack(f *testing.F) {
	for _, size := range []int{1, 2, 4, 8} {
		s, err := StatusesFromBytes(bytes.Repeat([]byte{0x21, 0}, 300), size)
		if err != nil {
			f.Fatal(err)
		}
		packed, err := s.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, uint8(size))
	}
	f.Fuzz(func(t *testing.T, packed []byte, size uint8) {
		const most = 1 << 12
		s, err := Unpack(packed, int(size), most)
		if err != nil {
			if !errors.Is(err, ErrEncoding) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		if len(s.Bytes()) > most {
			t.Fatalf("%d bytes", len(s.Bytes()))
		}
		counted := 0
		for code := range 1 << s.Bits() {
			counted += s.Where(code).Count()
		}
		if int64(counted) < s.Len() {
			t.Fatalf("%d of %d statuses were found", counted, s.Len())
		}
		again, err := s.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Unpack(again, s.Bits(), most); err != nil || !bytes.Equal(back.Bytes(), s.Bytes()) {
			t.Fatalf("not the same: %v", err)
		}
	})
}

// The example of Bitstring Status List 1.0 section 2.2: a list in which nobody is
// revoked.
func TestSpecificationExample(t *testing.T) {
	const example = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
	bits, err := Decode(example, 0)
	if err != nil {
		t.Fatal(err)
	}
	if bits.Len() != MinEntries || bits.Count() != 0 || sum(bits.Bytes()) != "4fe7b59af6de3b665b67788cc2f99892ab827efae3a467342b3bb4e3bc8e5bfe" {
		t.Errorf("%d entries, %d set, %s", bits.Len(), bits.Count(), sum(bits.Bytes()))
	}
	own, err := NewBitstring(MinEntries).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode(own, 0); err != nil || !bytes.Equal(back.Bytes(), bits.Bytes()) {
		t.Errorf("our own list of nobody: %v", err)
	}
}
