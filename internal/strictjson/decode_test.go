package strictjson

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

type colour string

type level uint8

func (l *level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return errors.New("no such level")
	}
	return nil
}

type inner struct {
	Name string `json:"name"`
}

type outer struct {
	S      string            `json:"s"`
	C      colour            `json:"c,omitempty"`
	B      bool              `json:"b"`
	I      int               `json:"i"`
	I8     int8              `json:"i8"`
	U      uint64            `json:"u"`
	F      float64           `json:"f"`
	F32    float32           `json:"f32"`
	N      json.Number       `json:"n"`
	Any    any               `json:"any"`
	Raw    Raw               `json:"raw"`
	P      *inner            `json:"p"`
	In     inner             `json:"in"`
	L      []inner           `json:"l"`
	Pair   [2]int            `json:"pair"`
	M      map[string]int    `json:"m"`
	CM     map[colour]string `json:"cm"`
	Level  level             `json:"level"`
	Levels []*level          `json:"levels"`
	Time   time.Time         `json:"time"`
	Plain  string
	Hidden string `json:"-"`
	own    string
}

func TestDecode(t *testing.T) {
	low, high := level(1), level(2)
	cases := []struct {
		name, in string
		want     outer
	}{
		{"nothing", `{}`, outer{}},
		{"string", `{"s":"x"}`, outer{S: "x"}},
		{"named string", `{"c":"red"}`, outer{C: "red"}},
		{"bool", `{"b":true}`, outer{B: true}},
		{"int", `{"i":-9007199254740991}`, outer{I: -9007199254740991}},
		{"int8", `{"i8":-128}`, outer{I8: -128}},
		{"uint64", `{"u":9007199254740991}`, outer{U: 9007199254740991}},
		{"float64", `{"f":1.5e3}`, outer{F: 1500}},
		{"float64 from an integer", `{"f":2}`, outer{F: 2}},
		{"float32", `{"f32":0.5}`, outer{F32: 0.5}},
		{"json.Number keeps its spelling", `{"n":1.50}`, outer{N: "1.50"}},
		{"any", `{"any":{"a":[1]}}`, outer{Any: map[string]any{"a": []any{json.Number("1")}}}},
		{"any null", `{"any":null}`, outer{}},
		{"raw", `{"raw":{"b":1.0,"a":"x"}}`, outer{Raw: Raw(`{"a":"x","b":1}`)}},
		{"raw null", `{"raw":null}`, outer{Raw: Raw("null")}},
		{"pointer", `{"p":{"name":"x"}}`, outer{P: &inner{"x"}}},
		{"null pointer", `{"p":null}`, outer{}},
		{"struct", `{"in":{"name":"x"}}`, outer{In: inner{"x"}}},
		{"list", `{"l":[{"name":"x"},{}]}`, outer{L: []inner{{"x"}, {}}}},
		{"empty list", `{"l":[]}`, outer{L: []inner{}}},
		{"null list", `{"l":null}`, outer{}},
		{"array", `{"pair":[1,2]}`, outer{Pair: [2]int{1, 2}}},
		{"map", `{"m":{"a":1}}`, outer{M: map[string]int{"a": 1}}},
		{"null map", `{"m":null}`, outer{}},
		{"map with a named key", `{"cm":{"red":"x"}}`, outer{CM: map[colour]string{"red": "x"}}},
		{"text", `{"level":"high"}`, outer{Level: high}},
		{"texts", `{"levels":["low",null,"high"]}`, outer{Levels: []*level{&low, nil, &high}}},
		{"time", `{"time":"2026-01-02T03:04:05Z"}`, outer{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		{"field without a tag", `{"Plain":"x"}`, outer{Plain: "x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got outer
			if err := Decode([]byte(c.in), Limits{}, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	cases := []struct {
		name, in string
		want     error
		text     string
	}{
		{"unknown member", `{"x":1}`, ErrUnknownMember, `json: unknown member "x"`},
		{"name in other case", `{"S":"x"}`, ErrUnknownMember, `json: unknown member "S"`},
		{"name of the Go field beside its tag", `{"Any":1}`, ErrUnknownMember, ""},
		{"untagged field in other case", `{"plain":"x"}`, ErrUnknownMember, ""},
		{"hidden field", `{"Hidden":"x"}`, ErrUnknownMember, ""},
		{"tag of a hidden field", `{"-":"x"}`, ErrUnknownMember, ""},
		{"unexported field", `{"own":"x"}`, ErrUnknownMember, ""},
		{"smallest unknown name is told", `{"z":1,"s":"x","y":1}`, ErrUnknownMember, `json: unknown member "y"`},
		{"unknown inside", `{"l":[{},{"nome":"x"}]}`, ErrUnknownMember, `json: unknown member "nome" at $.l[1]`},
		{"unknown in a pointer", `{"p":{"Name":"x"}}`, ErrUnknownMember, ""},
		{"number for a string", `{"s":1}`, ErrType, "json: value of the wrong type: number 1 does not fit string at $.s"},
		{"null for a string", `{"s":null}`, ErrType, ""},
		{"null for a bool", `{"b":null}`, ErrType, ""},
		{"null for a number", `{"i":null}`, ErrType, ""},
		{"null for a struct", `{"in":null}`, ErrType, ""},
		{"null for a text", `{"level":null}`, ErrType, ""},
		{"string for a number", `{"i":"1"}`, ErrType, "json: value of the wrong type: a string cannot be read as int at $.i"},
		{"string for a json.Number", `{"n":"1"}`, ErrType, ""},
		{"string for a bool", `{"b":"true"}`, ErrType, ""},
		{"number for a bool", `{"b":1}`, ErrType, ""},
		{"fraction for an int", `{"i":1.5}`, ErrType, ""},
		{"fraction of zero for an int", `{"i":1.0}`, ErrType, ""},
		{"exponent for an int", `{"i":1e2}`, ErrType, ""},
		{"overflow of int8", `{"i8":128}`, ErrType, ""},
		{"negative for a uint", `{"u":-1}`, ErrType, ""},
		{"overflow of float32", `{"f32":1e39}`, ErrType, ""},
		{"array for a struct", `{"in":[]}`, ErrType, ""},
		{"object for an array", `{"l":{}}`, ErrType, ""},
		{"array for a map", `{"m":[]}`, ErrType, ""},
		{"wrong type in a map", `{"m":{"a":"x"}}`, ErrType, "json: value of the wrong type: a string cannot be read as int at $.m.a"},
		{"too few elements", `{"pair":[1]}`, ErrType, ""},
		{"too many elements", `{"pair":[1,2,3]}`, ErrType, ""},
		{"text that is refused", `{"level":"middle"}`, ErrType, ""},
		{"number for a text", `{"level":1}`, ErrType, ""},
		{"object for a time", `{"time":{}}`, ErrType, ""},
		{"array at the top", `[]`, ErrType, ""},
		{"duplicate", `{"s":"x","s":"x"}`, ErrDuplicate, ""},
		{"syntax", `{"s"}`, ErrSyntax, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got outer
			err := Decode([]byte(c.in), Limits{}, &got)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if got.own != "" {
				t.Errorf("an unexported field was filled: %q", got.own)
			}
			if c.text != "" && err.Error() != c.text {
				t.Errorf("got %q, want %q", err, c.text)
			}
		})
	}
}

func TestDecodeDestinations(t *testing.T) {
	type embedded struct{ inner }
	type loop struct{ Next *loop }
	deep := any(nil)
	for range 2000 {
		deep = map[string]any{"Next": deep}
	}
	cases := []struct {
		name string
		v    any
		dst  any
		want error
	}{
		{"nil", "a", nil, ErrType},
		{"no pointer", "a", "", ErrType},
		{"nil pointer", "a", (*string)(nil), ErrType},
		{"embedded struct", map[string]any{"name": "x"}, new(embedded), ErrType},
		{"channel", "a", new(chan int), ErrType},
		{"interface with methods", "a", new(error), ErrType},
		{"map with number keys", map[string]any{}, new(map[int]string), ErrType},
		{"bytes from a string", "a", new([]byte), ErrType},
		{"too deep", deep, new(loop), ErrDepth},
		{"bad json.Number", json.Number("1x"), new(float64), ErrNumber},
		{"NaN", math.NaN(), new(float64), ErrNumber},
		{"Raw of a bad tree", make(chan int), new(Raw), ErrType},
		{"Go numbers: int", 5, new(int), nil},
		{"Go numbers: int64", int64(5), new(uint8), nil},
		{"Go numbers: uint64", uint64(5), new(int), nil},
		{"Go numbers: float64", 1e300, new(float64), nil},
		{"Go numbers: float64 that is an integer", 5.0, new(int), nil},
		{"Go numbers: float64 that is none", 5.5, new(int), ErrType},
		{"short form of an object", map[string]string{"name": "x"}, new(inner), nil},
		{"short form of an array", []string{"x"}, new([]string), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := DecodeValue(c.v, c.dst); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRawMarshals(t *testing.T) {
	for _, c := range []struct {
		in   Raw
		want string
	}{{Raw(`{"a":1}`), `{"r":{"a":1}}`}, {nil, `{"r":null}`}} {
		got, err := json.Marshal(map[string]Raw{"r": c.in})
		if err != nil || string(got) != c.want {
			t.Errorf("got %s, %v; want %s", got, err, c.want)
		}
	}
}

func TestClone(t *testing.T) {
	tree := map[string]any{
		"a": []any{map[string]any{"b": "c"}, json.Number("1"), nil, true},
		"s": []string{"x"},
		"m": map[string]string{"k": "v"},
	}
	before, err := Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	c := Clone(tree).(map[string]any)
	if !reflect.DeepEqual(c, tree) {
		t.Fatalf("got %v, want %v", c, tree)
	}
	c["a"].([]any)[0].(map[string]any)["b"] = "changed"
	c["a"].([]any)[1] = "changed"
	c["s"].([]string)[0] = "changed"
	c["m"].(map[string]string)["k"] = "changed"
	delete(c, "s")
	if after, err := Canonical(tree); err != nil || string(after) != string(before) {
		t.Errorf("the original changed: %s, %v", after, err)
	}
	for _, v := range []any{map[string]any(nil), []any(nil), []string(nil), map[string]string(nil), nil, "x"} {
		if got := Clone(v); !reflect.DeepEqual(got, v) {
			t.Errorf("got %#v, want %#v", got, v)
		}
	}
}
