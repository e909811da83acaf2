package strictjson

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func nest(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestParseAccepts(t *testing.T) {
	cases := []struct {
		name, in string
		want     any
	}{
		{"null", "null", nil},
		{"true with space around", " \t\r\n true \n", true},
		{"false", "false", false},
		{"string", `"a"`, "a"},
		{"empty string", `""`, ""},
		{"all escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9"`, "\"\\/\b\f\n\r\tA\u00e9"},
		{"escape after text", `"abc\u0064ef\n"`, "abcdef\n"},
		{"escaped NUL", `"\u0000"`, "\x00"},
		{"surrogate pair", `"\ud83d\ude00"`, "\U0001F600"},
		{"surrogate pair in upper case", `"\uD83D\uDE00x"`, "\U0001F600x"},
		{"lowest pair", `"\ud800\udc00"`, "\U00010000"},
		{"highest pair", `"\udbff\udfff"`, "\U0010FFFF"},
		{"raw four bytes", "\"\U0001F600\"", "\U0001F600"},
		{"BOM character inside a string", "\"\uFEFF\"", "\uFEFF"},
		{"DEL needs no escape", "\"\x7f\"", "\x7f"},
		{"noncharacter", "\"\uFFFE\"", "\uFFFE"},
		{"number zero", "0", json.Number("0")},
		{"minus zero keeps its spelling", "-0", json.Number("-0")},
		{"largest safe integer", "9007199254740991", json.Number("9007199254740991")},
		{"smallest safe integer", "-9007199254740991", json.Number("-9007199254740991")},
		{"exponents", "1E+2", json.Number("1E+2")},
		{"large double", "1E30", json.Number("1E30")},
		{"largest double", "1.7976931348623157e308", json.Number("1.7976931348623157e308")},
		{"smallest double", "5e-324", json.Number("5e-324")},
		{"many digits and a negative exponent", strings.Repeat("9", 320) + "e-300", json.Number(strings.Repeat("9", 320) + "e-300")},
		{"exponent with leading zeros", "1e-0000000005", json.Number("1e-0000000005")},
		{"zero with a huge exponent", "0e999999", json.Number("0e999999")},
		{"empty array", "[]", []any{}},
		{"empty object", "{ }", map[string]any{}},
		{"array", `[1, "a", [], {}]`, []any{json.Number("1"), "a", []any{}, map[string]any{}}},
		{"object", `{"a": {"b": [null]}, "": 1}`, map[string]any{"a": map[string]any{"b": []any{nil}}, "": json.Number("1")}},
		{"names that differ in case are two", `{"a":1,"A":2}`, map[string]any{"a": json.Number("1"), "A": json.Number("2")}},
		{"names that differ in normal form are two", "{\"\u00e9\":1,\"e\u0301\":2}", map[string]any{"\u00e9": json.Number("1"), "e\u0301": json.Number("2")}},
		{"same name in two objects", `[{"a":1},{"a":1}]`, []any{map[string]any{"a": json.Number("1")}, map[string]any{"a": json.Number("1")}}},
		{"same name in parent and child", `{"a":{"a":true}}`, map[string]any{"a": map[string]any{"a": true}}},
		{"__proto__ is a name like any other", `{"__proto__":1}`, map[string]any{"__proto__": json.Number("1")}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.in), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, want %#v", got, c.want)
			}
		})
	}
	if _, err := Parse([]byte(nest(64)), Limits{}); err != nil {
		t.Errorf("depth 64: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	cases := []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrSyntax},
		{"only space", "  ", ErrSyntax},
		{"NUL", "\x00", ErrSyntax},
		{"NUL after the value", "1\x00", ErrTrailing},
		{"bare word", "nul", ErrSyntax},
		{"word in upper case", "NULL", ErrSyntax},
		{"NaN", "NaN", ErrSyntax},
		{"Infinity", "-Infinity", ErrSyntax},
		{"single quotes", "'a'", ErrSyntax},
		{"comment", "/*a*/1", ErrSyntax},
		{"form feed is no white space", "\f1", ErrSyntax},
		{"no-break space is no white space", "\u00a01", ErrSyntax},
		{"open array", "[1", ErrSyntax},
		{"open array after a comma", "[1,", ErrSyntax},
		{"comma before the end of an array", "[1,]", ErrSyntax},
		{"comma at the start of an array", "[,1]", ErrSyntax},
		{"two commas", "[1,,2]", ErrSyntax},
		{"no comma", "[1 2]", ErrSyntax},
		{"wrong bracket", "[1}", ErrSyntax},
		{"open object", `{"a":1`, ErrSyntax},
		{"object without a value", `{"a"}`, ErrSyntax},
		{"object without a colon", `{"a" 1}`, ErrSyntax},
		{"comma before the end of an object", `{"a":1,}`, ErrSyntax},
		{"name without quotes", `{a:1}`, ErrSyntax},
		{"number as a name", `{1:1}`, ErrSyntax},
		{"open string", `"a`, ErrSyntax},
		{"open string after a backslash", `"a\`, ErrSyntax},
		{"open string after an escape", `"a\n`, ErrSyntax},
		{"unknown escape", `"\x41"`, ErrSyntax},
		{"upper-case escape", `"\U0041"`, ErrSyntax},
		{"short escape", `"\u004"`, ErrSyntax},
		{"escape with a sign", `"\u+041"`, ErrSyntax},
		{"leading zero", "01", ErrSyntax},
		{"minus leading zero", "-01", ErrSyntax},
		{"plus", "+1", ErrSyntax},
		{"minus alone", "-", ErrSyntax},
		{"no digit before the point", ".5", ErrSyntax},
		{"no digit after the point", "1.", ErrSyntax},
		{"no digit in the exponent", "1e", ErrSyntax},
		{"no digit after the exponent's sign", "1e+", ErrSyntax},
		{"hexadecimal", "0x10", ErrTrailing},
		{"trailing value", "{} {}", ErrTrailing},
		{"trailing bracket", "[]]", ErrTrailing},
		{"trailing comma", "1,", ErrTrailing},
		{"byte order mark", "\uFEFF{}", ErrBOM},
		{"byte order mark at the end", "{}\uFEFF", ErrTrailing},
		{"duplicate", `{"a":1,"a":1}`, ErrDuplicate},
		{"duplicate far apart", `{"a":1,"b":2,"c":3,"a":4}`, ErrDuplicate},
		{"duplicate by escape", `{"a":1,"\u0061":1}`, ErrDuplicate},
		{"duplicate empty name", `{"":1,"":2}`, ErrDuplicate},
		{"duplicate of null", `{"a":null,"a":null}`, ErrDuplicate},
		{"duplicate inside", `{"x":[{"a":1,"a":2}]}`, ErrDuplicate},
		{"invalid UTF-8 in a string", "\"\xff\"", ErrUTF8},
		{"invalid UTF-8 in a name", "{\"\xff\":1}", ErrUTF8},
		{"cut UTF-8", "\"\xe2\x82\"", ErrUTF8},
		{"overlong slash", "\"\xc0\xaf\"", ErrUTF8},
		{"beyond U+10FFFF", "\"\xf4\x90\x80\x80\"", ErrUTF8},
		{"raw surrogate", "\"\xed\xa0\xbd\"", ErrSurrogate},
		{"raw surrogate pair (CESU-8)", "\"\xed\xa0\xbd\xed\xb8\x80\"", ErrSurrogate},
		{"raw surrogate in a name", "{\"\xed\xb8\x80\":1}", ErrSurrogate},
		{"lone high surrogate", `"\ud83d"`, ErrSurrogate},
		{"lone low surrogate", `"\ude00"`, ErrSurrogate},
		{"reversed pair", `["\ude00\ud83d"]`, ErrSurrogate},
		{"two high surrogates", `"\ud83d\ud83d"`, ErrSurrogate},
		{"high surrogate and text", `"\ud83dxxxxxx"`, ErrSurrogate},
		{"high surrogate and an escape", `"\ud83d\u0041"`, ErrSurrogate},
		{"high surrogate and a broken escape", `"\ud83d\uzzzz"`, ErrSurrogate},
		{"lone surrogate in a name", `{"\ud83d":1}`, ErrSurrogate},
		{"line feed in a string", "\"a\nb\"", ErrControl},
		{"NUL in a string", "\"\x00\"", ErrControl},
		{"tab in a name", "{\"a\tb\":1}", ErrControl},
		{"control character after an escape", "\"\\n\x1f\"", ErrControl},
		{"too large a double", "1e400", ErrNumber},
		{"too small a double", "-1e400", ErrNumber},
		{"just past the largest double", "1.7976931348623159e308", ErrNumber},
		{"becomes zero", "1e-400", ErrNumber},
		{"becomes infinity without an exponent", strings.Repeat("9", 310) + ".5", ErrNumber},
		{"becomes zero without an exponent", "0." + strings.Repeat("0", 330) + "1", ErrNumber},
		{"becomes infinity by digits and exponent", strings.Repeat("9", 200) + "e200", ErrNumber},
		{"becomes zero by digits and exponent", "0." + strings.Repeat("0", 200) + "1e-200", ErrNumber},
		{"exponent beyond any integer type", "1e99999999999999999999", ErrNumber},
		{"2^53", "9007199254740992", ErrNumber},
		{"2^53+1", "9007199254740993", ErrNumber},
		{"-(2^53+1)", "-9007199254740993", ErrNumber},
		{"integer beyond int64", "[18446744073709551616]", ErrNumber},
		{"depth 65", nest(65), ErrDepth},
		{"depth 65, objects", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), ErrDepth},
		{"depth 65, never closed", strings.Repeat("[", 65), ErrDepth},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.in), Limits{})
			if !errors.Is(err, c.want) {
				t.Errorf("got %#v, %v; want %v", v, err, c.want)
			}
			if err != nil && v != nil {
				t.Errorf("a value came with the error: %#v", v)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	cases := []struct {
		name, in string
		lim      Limits
		want     error
	}{
		{"bytes, just enough", `"abc"`, Limits{MaxBytes: 5}, nil},
		{"bytes, one too many", `"abc"`, Limits{MaxBytes: 4}, ErrTooLarge},
		{"depth, just enough", "[[]]", Limits{MaxDepth: 2}, nil},
		{"depth, one too many", "[[]]", Limits{MaxDepth: 1}, ErrDepth},
		{"depth counts open containers only", "[[],[],[]]", Limits{MaxDepth: 2}, nil},
		{"depth of full siblings", `[[1],{"a":1},[1]]`, Limits{MaxDepth: 2}, nil},
		{"values, just enough", `{"a":[1,2]}`, Limits{MaxValues: 4}, nil},
		{"values, one too many", `{"a":[1,2]}`, Limits{MaxValues: 3}, ErrTooLarge},
		{"default bytes", strings.Repeat(" ", 10<<20) + "1", Limits{}, ErrTooLarge},
		{"default values", "[" + strings.Repeat("0,", 500_000) + "0]", Limits{}, ErrTooLarge},
		{"negative means default", "[]", Limits{-1, -1, -1}, nil},
		{"no limit above the hard one", nest(1001), Limits{MaxDepth: 1 << 30}, ErrDepth},
		{"the hard limit", nest(1000), Limits{MaxDepth: 1 << 30}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in), c.lim)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestParseObject(t *testing.T) {
	for _, in := range []string{"[]", "null", `"a"`, "1", "true"} {
		if _, err := ParseObject([]byte(in), Limits{}); !errors.Is(err, ErrType) {
			t.Errorf("%s: got %v, want ErrType", in, err)
		}
	}
	if m, err := ParseObject([]byte(`{"a":true}`), Limits{}); err != nil || m["a"] != true {
		t.Errorf("got %v, %v", m, err)
	}
	if _, err := ParseObject([]byte(`{`), Limits{}); !errors.Is(err, ErrSyntax) {
		t.Errorf("got %v, want ErrSyntax", err)
	}
}

func TestErrorsNameTheOffset(t *testing.T) {
	cases := []struct{ in, want string }{
		{`{"a": x}`, "json: syntax error at byte 6"},
		{`[1e400]`, "json: number out of range: 1e400 at byte 1"},
		{`["ok","` + "\xff" + `"]`, "json: invalid UTF-8 at byte 7"},
		{`["\ud800"]`, "json: unpaired surrogate at byte 2"},
		{`[{"a":1,"a":2}]`, `json: duplicate member name "a" in the object at byte 1`},
	}
	for _, c := range cases {
		if _, err := Parse([]byte(c.in), Limits{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.in, err, c.want)
		}
	}
}

func TestParseDoesNotShareTheInput(t *testing.T) {
	data := []byte(`["abc"]`)
	v, err := Parse(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'z'
	}
	if got := v.([]any)[0]; got != "abc" {
		t.Errorf("the tree changed with the input: %q", got)
	}
}
