package strictjson

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

func TestSharedVectors(t *testing.T) {
	root := vectors.Path(t, "vectors/jcs")
	files, err := filepath.Glob(filepath.Join(root, "input", "*.json"))
	if err != nil || len(files) < 4 {
		t.Fatalf("only %d inputs in %s (%v)", len(files), root, err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		t.Run(name, func(t *testing.T) {
			in := read(t, f)
			got, err := Canonicalize(in, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if want := read(t, filepath.Join(root, "output", name)); !bytes.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			text := string(read(t, filepath.Join(root, "outhex", strings.TrimSuffix(name, ".json")+".txt")))
			want, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCanonicalize(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"RFC 8785 3.2.2",
			`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"RFC 8785 3.2.3 order of names",
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		{"order of arrays is kept", `[3,1,2]`, `[3,1,2]`},
		{"short name before long", `{"aa":1,"a":2,"":3}`, `{"":3,"a":2,"aa":1}`},
		{"upper case before lower", `{"a":1,"A":2}`, `{"A":2,"a":1}`},
		{"control characters", `"\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f"`, "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\u007f\""},
		{"no escape of < > & / and line separators", `"<>&\/\u2028\u2029"`, "\"<>&/\u2028\u2029\""},
		{"nested", ` { "b" : [ { } , [ ] ] , "a" : { "d" : 1 , "c" : 2 } } `, `{"a":{"c":2,"d":1},"b":[{},[]]}`},
		{"more than a dozen names", `{"n":1,"m":1,"l":1,"k":1,"j":1,"i":1,"h":1,"g":1,"f":1,"e":1,"d":1,"c":1,"b":1,"a":1}`,
			`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Canonicalize([]byte(c.in), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			again, err := Canonicalize(got, Limits{})
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("not stable: %s, %v", again, err)
			}
		})
	}
}

// TestNumbersRFC8785 is the table of RFC 8785 appendix B.
func TestNumbersRFC8785(t *testing.T) {
	cases := []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0xffefffffffffffff, "-1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0xc340000000000000, "-9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555553, "333333333.3333332"},
		{0x41b3de4355555554, "333333333.33333325"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0x41b3de4355555556, "333333333.3333334"},
		{0x41b3de4355555557, "333333333.33333343"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
	}
	for _, c := range cases {
		got, err := Canonical(math.Float64frombits(c.bits))
		if err != nil || string(got) != c.want {
			t.Errorf("%016x: got %s, %v; want %s", c.bits, got, err, c.want)
		}
	}
}

func TestNumberSpellings(t *testing.T) {
	cases := []struct{ in, want string }{
		{"-0", "0"}, {"-0.0", "0"}, {"0e5", "0"}, {"-0E-5", "0"}, {"1.0", "1"}, {"10e-1", "1"},
		{"1e2", "100"}, {"1E21", "1e+21"}, {"123456789e12", "123456789000000000000"},
		{"0.000001", "0.000001"}, {"0.0000001", "1e-7"}, {"1.5e-10", "1.5e-10"}, {"1e100", "1e+100"},
		{"9007199254740991", "9007199254740991"}, {"-9007199254740991", "-9007199254740991"},
		{"9007199254740993.0", "9007199254740992"}, // a double, not an integer, by its spelling
		{"0.1", "0.1"}, {"0.10000000000000001", "0.1"}, {"100", "100"},
	}
	for _, c := range cases {
		if got, err := Canonicalize([]byte(c.in), Limits{}); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestCanonicalGoTypes(t *testing.T) {
	cases := []struct {
		name string
		in   any
		want string
	}{
		{"int", -5, "-5"},
		{"int64", int64(9007199254740991), "9007199254740991"},
		{"uint64", uint64(9007199254740991), "9007199254740991"},
		{"float64", 0.5, "0.5"},
		{"minus zero", math.Copysign(0, -1), "0"},
		{"strings", []string{"b", "a"}, `["b","a"]`},
		{"map of strings", map[string]string{"b": "1", "a": "2"}, `{"a":"2","b":"1"}`},
		{"nil map", map[string]any(nil), "{}"},
		{"nil slice", []any(nil), "[]"},
		{"nil strings", []string(nil), "[]"},
		{"nil", nil, "null"},
		{"json.Number", json.Number("1.50"), "1.5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Canonical(c.in)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	cyclic := map[string]any{}
	cyclic["a"] = []any{cyclic}
	cases := []struct {
		name string
		in   any
		want error
	}{
		{"invalid UTF-8", "a\xff", ErrUTF8},
		{"encoded surrogate", "\xed\xa0\x80", ErrUTF8},
		{"invalid UTF-8 after an escape", "\n\xff", ErrUTF8},
		{"invalid UTF-8 in a name", map[string]any{"\xff": 1}, ErrUTF8},
		{"invalid UTF-8 in a list", []string{"\xff"}, ErrUTF8},
		{"invalid UTF-8 in a map of strings", map[string]string{"a": "\xff"}, ErrUTF8},
		{"NaN", math.NaN(), ErrNumber},
		{"infinity", math.Inf(-1), ErrNumber},
		{"int 2^53", 1 << 53, ErrNumber},
		{"int64 -2^53", int64(-1 << 53), ErrNumber},
		{"uint64 2^53", uint64(1 << 53), ErrNumber},
		{"uint64 maximum", uint64(math.MaxUint64), ErrNumber},
		{"json.Number empty", json.Number(""), ErrNumber},
		{"json.Number that is text", json.Number("1,\"x\":2"), ErrNumber},
		{"json.Number NaN", json.Number("NaN"), ErrNumber},
		{"json.Number with space", json.Number("1 "), ErrNumber},
		{"json.Number 1e400", json.Number("1e400"), ErrNumber},
		{"json.Number 2^53+1", json.Number("9007199254740993"), ErrNumber},
		{"cyclic", cyclic, ErrDepth},
		{"struct", struct{}{}, ErrType},
		{"bytes", []byte("a"), ErrType},
		{"float32", float32(1), ErrType},
		{"inside", map[string]any{"a": []any{1, make(chan int)}}, ErrType},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dst := []byte("before")
			got, err := AppendCanonical(dst, c.in)
			if !errors.Is(err, c.want) {
				t.Errorf("got %s, %v; want %v", got, err, c.want)
			}
			if string(got) != "before" {
				t.Errorf("dst came back as %q", got)
			}
		})
	}
	_, err := Canonical(map[string]any{"a": []any{1, math.NaN()}})
	if want := "json: number out of range: NaN at $.a[1]"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAppendCanonical(t *testing.T) {
	got, err := AppendCanonical([]byte("x="), []any{1})
	if err != nil || string(got) != "x=[1]" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestCompareUTF16(t *testing.T) {
	names := []string{"", "a", "aa", "b", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uefff",
		"\uf000", "\uffff", "\U00010000", "\U0001F600", "\U0010FFFF", "a\U00010000", "a\uffff", "\U0001F600a", "\U0001F601"}
	for _, a := range names {
		for _, b := range names {
			want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
			if got := compareUTF16(a, b); sign(got) != want {
				t.Errorf("%q, %q: got %d, want %d", a, b, got, want)
			}
		}
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
