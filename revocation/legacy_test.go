package revocation

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// list2021 signs a StatusList2021Credential of VCDM 1.1 with the bits of m.
func (m *listMaker) list2021(t *testing.T, edit func(tree, subject map[string]any)) []byte {
	t.Helper()
	encoded, err := m.spec.Bits.Encode()
	if err != nil {
		t.Fatal(err)
	}
	subject := map[string]any{"id": m.spec.URL + "#list", "type": "StatusList2021", "statusPurpose": "revocation",
		"encodedList": strings.TrimPrefix(encoded, "u")}
	tree := map[string]any{
		"@context": []any{credential.ContextV1, "https://w3id.org/vc/status-list/2021/v1", "https://w3id.org/security/data-integrity/v2"},
		"id":       m.spec.URL, "type": []any{"VerifiableCredential", "StatusList2021Credential"}, "issuer": m.spec.Issuer,
		"issuanceDate": proof.FormatTime(m.spec.ValidFrom), "credentialSubject": subject,
	}
	if edit != nil {
		edit(tree, subject)
	}
	did := m.key.Public().DIDKey()
	signed, err := proof.Sign(t.Context(), tree, m.key, proof.SignOptions{Suite: proof.EdDSAJCS2022,
		VerificationMethod: did + "#" + m.key.Public().Multikey(), Created: m.spec.ValidFrom})
	if err != nil {
		t.Fatal(err)
	}
	b, err := strictjson.Canonical(signed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The forerunner of the bitstring list: its text has no prefix, and index 0 is
// the most significant bit there too.
func TestStatusList2021(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		bit  int64
		typ  string // of the entry; "" for StatusList2021Entry
		edit func(tree, subject map[string]any)
		want map[verdict.Code]verdict.Result
	}{
		{name: "clear", bit: 8, want: map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{name: "set", bit: 7, want: map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail}},
		{name: "the other end of the byte", bit: 0, want: map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{name: "with the prefix of the newer list", bit: 7, edit: func(_, s map[string]any) { s["encodedList"] = "u" + s["encodedList"].(string) },
			want: map[verdict.Code]verdict.Result{verdict.MalformedValue: verdict.Unknown}},
		{name: "subject of the newer list", bit: 7, edit: func(_, s map[string]any) { s["type"] = "BitstringStatusList" },
			want: map[verdict.Code]verdict.Result{verdict.MalformedValue: verdict.Unknown}},
		{name: "entry of the newer list", bit: 7, typ: TypeEntry, want: map[verdict.Code]verdict.Result{verdict.MalformedValue: verdict.Unknown}},
		{name: "another purpose", bit: 7, edit: func(_, s map[string]any) { s["statusPurpose"] = "suspension" },
			want: map[verdict.Code]verdict.Result{verdict.StatusPurposeMismatch: verdict.Unknown}},
		{name: "expired", bit: 7, edit: func(tree, _ map[string]any) { tree["expirationDate"] = "2026-06-01T11:59:59Z" },
			want: map[verdict.Code]verdict.Result{verdict.ListExpired: verdict.Unknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMaker(t, at)
			if err := m.spec.Bits.Set(c.bit); err != nil {
				t.Fatal(err)
			}
			entry := entryTree()
			if entry["type"] = c.typ; c.typ == "" {
				entry["type"] = typeEntry2021
			}
			opt := testOptions(at)
			opt.Source = fixed{&Found{Body: m.list2021(t, c.edit), Source: "origin"}}
			rows := Check(t.Context(), &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entry}}, opt).Checks
			got := codes(rows)
			for code, result := range c.want {
				if len(got) != len(c.want) || got[code] != result {
					t.Errorf("rows %+v, want %v", rows, c.want)
				}
			}
		})
	}
}

// A newer list answers an older entry, but its text has the prefix.
func TestNewListForOldEntry(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	entry := entryTree()
	entry["type"] = typeEntry2021
	opt := testOptions(at)
	opt.Source = fixed{&Found{Body: m.sign(t), Source: "origin"}}
	c := &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entry}}
	if got := codes(Check(t.Context(), c, opt).Checks); got[verdict.OK] != verdict.Pass || len(got) != 1 {
		t.Errorf("%v", got)
	}
	bare, err := m.spec.Bits.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(bare[1:], 0); err == nil {
		t.Error("a bitstring list without prefix is read")
	}
}

// An index that is a number is malformed; on demand it is read with a warning,
// when it is spelled as the text would be.
func TestNumericIndex(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	malformed := map[verdict.Code]verdict.Result{verdict.MalformedValue: verdict.Unknown}
	for _, c := range []struct {
		name    string
		typ     string
		index   any
		lenient bool
		want    map[verdict.Code]verdict.Result
	}{
		{"number", TypeEntry, json.Number("7"), false, malformed},
		{"number, lenient", TypeEntry, json.Number("7"), true, map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail, verdict.StatusIndexNotString: verdict.Warn}},
		{"number in an older entry, lenient", typeEntry2021, json.Number("8"), true, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.StatusIndexNotString: verdict.Warn}},
		{"text, lenient", TypeEntry, "7", true, map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail}},
		{"past the end, lenient", TypeEntry, json.Number("131072"), true, map[verdict.Code]verdict.Result{verdict.StatusRange: verdict.Unknown, verdict.StatusIndexNotString: verdict.Warn}},
		{"fraction, lenient", TypeEntry, json.Number("7.0"), true, malformed},
		{"exponent, lenient", TypeEntry, json.Number("7e0"), true, malformed},
		{"negative, lenient", TypeEntry, json.Number("-7"), true, malformed},
		{"minus zero, lenient", TypeEntry, json.Number("-0"), true, malformed},
		{"true, lenient", TypeEntry, true, true, malformed},
		{"null, lenient", TypeEntry, nil, true, malformed},
		{"leading zero, lenient", TypeEntry, "07", true, malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMaker(t, at)
			if err := m.spec.Bits.Set(7); err != nil {
				t.Fatal(err)
			}
			entry := entryTree()
			entry["type"], entry["statusListIndex"] = c.typ, c.index
			opt := testOptions(at)
			opt.Lenient = c.lenient
			opt.Source = fixed{&Found{Body: m.sign(t), Source: "origin"}}
			rows := Check(t.Context(), &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entry}}, opt).Checks
			got := codes(rows)
			for code, result := range c.want {
				if len(got) != len(c.want) || got[code] != result {
					t.Errorf("rows %+v, want %v", rows, c.want)
				}
			}
			if n, is := c.index.(json.Number); is && entry["statusListIndex"] != any(n) {
				t.Error("the credential was changed")
			}
		})
	}
}

// The sample of 1EdTech writes index 23 as a number; that bit is set in its list.
func TestNumericIndexInTheField(t *testing.T) {
	c, err := credential.Parse(sample(t, "ob3-numeric-statuslistindex.json"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, row, ok := ParseEntry(c.Status[0]); ok || row.Code != verdict.MalformedValue {
		t.Errorf("strict: %v", row)
	}
	m, number := numberToText(c.Status[0])
	e, row, ok := ParseEntry(m)
	if !number || !ok || e.Index != 23 {
		t.Fatalf("lenient: %+v %v", e, row)
	}
	list, err := credential.Parse(sample(t, "ob3-bitstring-status-list.json"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := unpack(list, list.Tree, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := l.Bits.Get(e.Index); err != nil || !set || l.Bits.Count() != 1 {
		t.Errorf("bit 23 is %v, %v; %d are set", set, err, l.Bits.Count())
	}
}
