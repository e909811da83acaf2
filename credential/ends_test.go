package credential

import (
	"testing"

	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// The end of a validity counts under the name of either version of the data model.
func TestEitherEnd(t *testing.T) {
	past, ahead := proof.FormatTime(moment.AddDate(0, 0, -1)), proof.FormatTime(moment.AddDate(0, 0, 1))
	for _, c := range []struct {
		name string
		one  bool // version 1.1
		ends map[string]any
		code verdict.Code
	}{
		{"1.1, none", true, nil, verdict.OK},
		{"1.1, its own name", true, map[string]any{"expirationDate": past}, verdict.Expired},
		{"1.1, the reserved name", true, map[string]any{"validUntil": past}, verdict.Expired},
		{"1.1, both, one ahead", true, map[string]any{"expirationDate": ahead, "validUntil": past}, verdict.Expired},
		{"1.1, both, the other ahead", true, map[string]any{"expirationDate": past, "validUntil": ahead}, verdict.Expired},
		{"1.1, both ahead", true, map[string]any{"expirationDate": ahead, "validUntil": ahead}, verdict.OK},
		{"2.0, its own name", false, map[string]any{"validUntil": past}, verdict.Expired},
		{"2.0, the old name", false, map[string]any{"validUntil": ahead, "expirationDate": past}, verdict.Expired},
		{"2.0, ahead", false, map[string]any{"validUntil": ahead}, verdict.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			// In an older token, where a word without a meaning is a finding.
			header, claims := badgeForm()
			tree := claims
			delete(claims, "validUntil")
			if c.one {
				header, claims = oldForm()
				tree = claims["vc"].(map[string]any)
				delete(tree, "expirationDate")
			}
			delete(claims, "exp")
			for name, v := range c.ends {
				tree[name] = v
			}
			got := Check(t.Context(), []byte(token(t, seeded(1), header, claims)), world(t))
			if row := got.Row(verdict.Dates); row.Code != c.code {
				t.Errorf("dates %s %v, want %s", row.Code, row.Params, c.code)
			}
			expect(t, got, verdict.Dates, c.code)
		})
	}
}
