package edc

import (
	"testing"

	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

// What the credential says of its issuer against what its seal says.
func TestLegal(t *testing.T) {
	const (
		none = ""
		fail = verdict.SealContradicted
		warn = verdict.SealOtherIdentifier
	)
	bare := func(notation string) map[string]any { return map[string]any{"notation": notation} }
	for _, c := range []struct {
		name   string
		seal   string
		issuer map[string]any
		want   verdict.Code
		named  bool
	}{
		{"the same", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("VATES-A00000000", "ESP")}, none, true},
		{"value and country", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("A00000000", "ESP")}, none, true},
		{"value and alpha-2", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("A00000000", "ES")}, none, true},
		{"value alone", "VATES-A00000000", map[string]any{"eIDASIdentifier": bare("A00000000")}, none, true},
		{"value with its prefix", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("ESA00000000", "ESP")}, none, true},
		{"small letters, spaces and dots", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID(" vates-a 000.000.00", "ESP")}, none, true},
		{"a text", "VATES-A00000000", map[string]any{"eIDASIdentifier": "VATES-A00000000"}, none, true},
		{"in the id", "VATES-A00000000", map[string]any{"registration": map[string]any{"id": "VATES-A00000000"}}, none, true},
		{"Greece", "VATEL-123456789", map[string]any{"eIDASIdentifier": legalID("123456789", "GRC")}, none, true},
		{"Northern Ireland", "VATXI-123456789", map[string]any{"eIDASIdentifier": legalID("GB123456789", "GBR")}, none, true},
		{"LEI", "LEIXG-529900T8BM49AURSDO55", map[string]any{"eIDASIdentifier": legalID("529900T8BM49AURSDO55", "DEU")}, none, true},
		{"form of its own", "Q2818002D", map[string]any{"eIDASIdentifier": legalID("q2818002-d", "ESP")}, none, true},
		{"tax number equal", "VATES-A00000000", map[string]any{"vatIdentifier": legalID("A00000000", "ESP")}, none, true},
		{"tax number of another country", "VATES-A00000000", map[string]any{
			"eIDASIdentifier": legalID("VATES-A00000000", "ESP"), "vatIdentifier": legalID("654321", "IRL")}, warn, true},
		{"two tax numbers, one equal", "VATES-A00000000", map[string]any{
			"vatIdentifier": []any{legalID("B00000000", "ESP"), legalID("A00000000", "ESP")}}, warn, true},
		{"another register number", "NTRES-1", map[string]any{
			"eIDASIdentifier": legalID("NTRES-1", "ESP"), "registration": legalID("2", "ESP")}, warn, true},

		{"another value", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("VATES-B00000000", "ESP")}, fail, false},
		{"another bare value", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("B00000000", "ESP")}, fail, false},
		{"same value, another country", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("A00000000", "FRA")}, fail, false},
		{"same value, another scheme", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("NTRES-A00000000", "ESP")}, fail, false},
		{"a word", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("eidasIdentifier123", "FRA")}, fail, false},
		{"another text", "VATES-A00000000", map[string]any{"eIDASIdentifier": "VATFR-1"}, fail, false},
		{"one right, one other", "VATES-A00000000", map[string]any{
			"eIDASIdentifier": []any{legalID("VATES-A00000000", "ESP"), legalID("VATES-B00000000", "ESP")}}, fail, true},
		{"register number right, identifier other", "VATES-A00000000", map[string]any{
			"eIDASIdentifier": legalID("x", "FRA"), "registration": map[string]any{"id": "VATES-A00000000"}}, fail, true},
		{"another tax number of the country", "VATES-A00000000", map[string]any{"vatIdentifier": legalID("B00000000", "ESP")}, fail, false},
		{"Cyrillic letter in the value", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("VATES-\u041000000000", "ESP")}, fail, false},

		{"nothing stated", "VATES-A00000000", map[string]any{}, none, false},
		{"no issuer", "VATES-A00000000", nil, none, false},
		{"a number", "VATES-A00000000", map[string]any{"eIDASIdentifier": 1}, warn, false},
		{"empty", "VATES-A00000000", map[string]any{"eIDASIdentifier": legalID("", "ESP")}, warn, false},
		{"the certificate names none", "", map[string]any{"eIDASIdentifier": legalID("VATES-A00000000", "ESP")}, warn, false},
		{"both name none", "", map[string]any{"eIDASIdentifier": legalID("", "ESP")}, warn, false},
		{"tax number under a register seal", "NTRES-A00000000", map[string]any{"vatIdentifier": legalID("B00000000", "ESP")}, warn, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, _ := cert.ParseIdentifier(c.seal)
			rows, named, contradicted := legal(c.issuer, &cert.Facts{Identifier: id})
			code := verdict.Code(none)
			if len(rows) > 0 {
				code = rows[len(rows)-1].Code
			}
			if code != c.want && (len(rows) == 0 || rows[0].Code != c.want) || named != c.named || contradicted != (c.want == fail) {
				t.Errorf("rows %v, named %v, contradicted %v", rows, named, contradicted)
			}
		})
	}
}

// However many identifiers stand there, all are looked at and few are told.
func TestLegalMany(t *testing.T) {
	list := make([]any, 1000)
	for i := range list {
		list[i] = legalID("654321", "IRL")
	}
	id, _ := cert.ParseIdentifier("VATES-A00000000")
	rows, _, contradicted := legal(map[string]any{"vatIdentifier": append(list, legalID("B00000000", "ESP"))}, &cert.Facts{Identifier: id})
	if len(rows) > maxRows+1 || !contradicted {
		t.Errorf("%d rows, contradicted %v", len(rows), contradicted)
	}
}
