package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

// refusals are all reasons for which Parse may refuse bytes.
var refusals = []error{ErrSyntax, ErrDuplicate, ErrUTF8, ErrSurrogate, ErrBOM, ErrControl, ErrNumber, ErrDepth, ErrTooLarge, ErrTrailing}

func seed(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"A":2}`, `{"a":1,"a":2}`, `["\ude00\ud83d"]`, "\"\xff\"", "{\"\xff\":1}", `1e400`, `-0`, `[9007199254740993]`,
		`9007199254740993.0`, nest(65), `{}{}`, "\uFEFF1", "\"\n\"", `"\ud83d\ude00"`, `1e-400`, `{"\u0061":1,"b":[true,null,-1.5e-7]}`,
		"{\"\U0001F600\":1,\"\uffff\":2}", `"\u2028<>&\/"`, `{"":{"":[[],{}]}}`, `123456789012345678901234567890.5`, `1E21`, `0.000001`,
	} {
		f.Add([]byte(s))
	}
	for _, dir := range []string{"vectors/jcs/input", "samples"} {
		files, err := filepath.Glob(filepath.Join(vectors.Path(f, dir), "*.json"))
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s (%v)", dir, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

// FuzzCanonicalize compares with an independent canonicalizer. What both
// accept must come out alike; what only the other accepts must be refused here
// for one of the reasons by which this package is stricter; it must accept
// whatever this package accepts.
func FuzzCanonicalize(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Canonicalize(data, Limits{})
		want, werr := jcs.Transform(data)
		if err != nil {
			if got != nil {
				t.Fatalf("bytes came with the error: %s", got)
			}
			checkRefusal(t, data, err, werr == nil)
			return
		}
		// The other library takes only arrays and objects at the top.
		if werr != nil && len(got) > 0 && (got[0] == '{' || got[0] == '[') {
			t.Fatalf("only we accept %q: %v", data, werr)
		}
		if werr == nil && !bytes.Equal(got, want) {
			t.Fatalf("we say %q, the other %q", got, want)
		}
		again, err := Canonicalize(got, Limits{})
		// A double above 2^53 is written like an integer and is then refused
		// as one; everything else is a fixed point.
		if err != nil && !errors.Is(err, ErrNumber) {
			t.Fatalf("our own output %q: %v", got, err)
		}
		if err == nil && !bytes.Equal(again, got) {
			t.Fatalf("not stable: %q, then %q", got, again)
		}
	})
}

// checkRefusal fails unless err is one of the stated reasons, and, when the
// other reader was content, one by which we are stricter on purpose.
func checkRefusal(t *testing.T, data []byte, err error, otherAccepts bool) {
	t.Helper()
	known := false
	for _, r := range refusals {
		known = known || errors.Is(err, r)
	}
	if !known {
		t.Fatalf("refused without a stated reason: %v", err)
	}
	if !otherAccepts || !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrTrailing) {
		return
	}
	// We call it no JSON and the other does not: the standard library decides.
	if json.Valid(data) {
		t.Fatalf("refused although it is JSON: %q: %v", data, err)
	}
}

// FuzzParse compares with encoding/json. What we accept it must accept, with
// the same tree; what we refuse as no JSON it must refuse; every other refusal
// must have its cause in the document.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{})
		if err != nil {
			checkRefusal(t, data, err, json.Valid(data))
			if json.Valid(data) {
				checkCause(t, data, err)
			}
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("only we accept %q: %v", data, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Fatalf("we accept trailing data in %q", data)
		}
		if !reflect.DeepEqual(v, want) {
			t.Fatalf("we read %#v, encoding/json %#v", v, want)
		}
		if !reflect.DeepEqual(Clone(v), v) {
			t.Fatal("Clone differs")
		}
		var any1 any
		if err := DecodeValue(v, &any1); err != nil || !reflect.DeepEqual(any1, v) {
			t.Fatalf("DecodeValue: %v", err)
		}
		out, err := Canonical(v)
		if err != nil {
			t.Fatalf("Parse accepts what Canonical refuses: %v", err)
		}
		if !json.Valid(out) {
			t.Fatalf("Canonical wrote %q", out)
		}
	})
}

// checkCause looks for the cause of a refusal of valid JSON by other means
// than the parser's own.
func checkCause(t *testing.T, data []byte, err error) {
	t.Helper()
	switch {
	case errors.Is(err, ErrDuplicate):
		// The standard decoder keeps one of the duplicates, so that its tree
		// has fewer members than the text.
		if members, values := countMembers(t, data); members == values {
			t.Fatalf("no duplicate in %q", data)
		}
	case errors.Is(err, ErrNumber):
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		for {
			tok, terr := dec.Token()
			if terr != nil {
				t.Fatalf("no number out of range in %q", data)
			}
			if n, ok := tok.(json.Number); ok {
				f, ferr := strconv.ParseFloat(string(n), 64)
				if ferr != nil || f == 0 || math.Abs(f) > maxSafe {
					return
				}
			}
		}
	}
}

// countMembers counts the members in the text and in the tree that
// encoding/json makes of it.
func countMembers(t *testing.T, data []byte) (text, tree int) {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return 1, 0 // a number that does not fit; nothing to compare
	}
	var count func(any)
	count = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			tree += len(v)
			for _, e := range v {
				count(e)
			}
		case []any:
			for _, e := range v {
				count(e)
			}
		}
	}
	count(v)
	dec := json.NewDecoder(bytes.NewReader(data))
	var open []byte
	name := false
	for {
		tok, err := dec.Token()
		if err != nil {
			return text, tree
		}
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			open = open[:len(open)-1]
			name = len(open) > 0 && open[len(open)-1] == '{'
			continue
		}
		if name {
			text++
			name = false
			continue
		}
		if d, ok := tok.(json.Delim); ok {
			open = append(open, byte(d))
			name = d == '{'
			continue
		}
		name = len(open) > 0 && open[len(open)-1] == '{'
	}
}

// FuzzNumber compares the form of doubles with the other library and with the
// round trip.
func FuzzNumber(f *testing.F) {
	for _, bits := range []uint64{0, 1 << 63, 1, 0x7fefffffffffffff, 0x44b52d02c7e14af6, 0x3eb0c6f7a0b5ed8d, 0x4340000000000000} {
		f.Add(bits)
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		x := math.Float64frombits(bits)
		got, err := Canonical(x)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			if !errors.Is(err, ErrNumber) {
				t.Fatalf("%v: %v", x, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.NumberToJSON(x)
		if err != nil || string(got) != want {
			t.Fatalf("%016x: we say %s, the other %s, %v", bits, got, want, err)
		}
		back, err := strconv.ParseFloat(string(got), 64)
		if err != nil || back != x {
			t.Fatalf("%s reads back as %v, want %v", got, back, x)
		}
	})
}

// FuzzDecode wants no panic and no unstated error from the struct decoder.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"s":"x","l":[{"name":"y"}],"raw":{"a":1.0},"levels":["low"],"m":{"a":1},"pair":[1,2]}`))
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","S":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var dst outer
		err := Decode(data, Limits{}, &dst)
		if err == nil || errors.Is(err, ErrType) || errors.Is(err, ErrUnknownMember) {
			return
		}
		if _, perr := Parse(data, Limits{}); perr == nil {
			t.Fatalf("Decode alone refuses %q: %v", data, err)
		}
	})
}
