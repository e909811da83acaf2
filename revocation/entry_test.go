package revocation

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bonafide-id/bonafide/verdict"
)

func entryTree() map[string]any {
	return map[string]any{
		"id": "https://uni.example/status/1#7", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
		"statusListIndex": "7", "statusListCredential": "https://uni.example/status/1",
	}
}

// messages are as many as an entry of some bits has values.
func messages(n int) []any {
	var out []any
	for i := range n {
		out = append(out, map[string]any{"status": fmt.Sprintf("%#x", i), "message": "m"})
	}
	return out
}

func TestParseEntry(t *testing.T) {
	e, row, ok := ParseEntry(entryTree())
	if !ok || e.Index != 7 || e.Purpose != Revocation || e.List != "https://uni.example/status/1" {
		t.Fatalf("%+v %v %v", e, row, ok)
	}
	set := func(name string, v any) func(map[string]any) {
		return func(m map[string]any) { m[name] = v }
	}
	drop := func(name string) func(map[string]any) { return func(m map[string]any) { delete(m, name) } }
	two := func(m map[string]any) { m["statusSize"], m["statusMessage"] = json.Number("2"), messages(4) }
	cases := []struct {
		name string
		edit func(map[string]any)
		want verdict.Code // "" when it stays good
	}{
		{"no id", drop("id"), ""},
		{"size one", set("statusSize", json.Number("1")), ""},
		{"largest index", set("statusListIndex", "131071"), ""},
		{"zero", set("statusListIndex", "0"), ""},
		{"own purpose", set("statusPurpose", "observation"), ""},
		{"no type", drop("type"), verdict.UnknownStatusType},
		{"another type", set("type", "1EdTechRevocationList"), verdict.UnknownStatusType},
		{"no purpose", drop("statusPurpose"), verdict.MalformedValue},
		{"two purposes", set("statusPurpose", []any{"revocation", "suspension"}), verdict.MalformedValue},
		{"index as a number", set("statusListIndex", json.Number("7")), verdict.MalformedValue},
		{"index true", set("statusListIndex", true), verdict.MalformedValue},
		{"no index", drop("statusListIndex"), verdict.MalformedValue},
		{"empty index", set("statusListIndex", ""), verdict.MalformedValue},
		{"leading zeros", set("statusListIndex", "007"), verdict.MalformedValue},
		{"negative", set("statusListIndex", "-1"), verdict.MalformedValue},
		{"sign", set("statusListIndex", "+1"), verdict.MalformedValue},
		{"fraction", set("statusListIndex", "1.0"), verdict.MalformedValue},
		{"exponent", set("statusListIndex", "1e3"), verdict.MalformedValue},
		{"space", set("statusListIndex", " 7"), verdict.MalformedValue},
		{"hexadecimal", set("statusListIndex", "0x7"), verdict.MalformedValue},
		{"other digits", set("statusListIndex", "٣"), verdict.MalformedValue},
		{"beyond 64 bits", set("statusListIndex", "99999999999999999999"), ""}, // no list is that long
		{"two bits", two, verdict.StatusSizeUnsupported},
		{"no bits", set("statusSize", json.Number("0")), verdict.MalformedValue},
		{"no list", drop("statusListCredential"), verdict.MalformedValue},
		{"list is an object", set("statusListCredential", map[string]any{}), verdict.MalformedValue},
		{"id is the list", set("id", "https://uni.example/status/1"), verdict.MalformedValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := entryTree()
			c.edit(m)
			_, row, ok := ParseEntry(m)
			if ok != (c.want == "") || !ok && row.Code != c.want {
				t.Errorf("ok %v, code %q, want %q", ok, row.Code, c.want)
			}
			if !ok && row.Result == verdict.Pass {
				t.Error("an unreadable entry passes")
			}
		})
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("BitstringStatusListEntry", "revocation", "7", "https://a.example/1")
	f.Add("StatusList2021Entry", "suspension", "٣", "")
	f.Fuzz(func(t *testing.T, typ, purpose, index, list string) {
		e, _, ok := ParseEntry(map[string]any{"type": typ, "statusPurpose": purpose, "statusListIndex": index, "statusListCredential": list})
		if ok && (e.Index < 0 || e.List == "" || e.Purpose == "") {
			t.Fatalf("accepted %+v", e)
		}
	})
}
