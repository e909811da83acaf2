package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/legal"
)

// A register that knows the number of the seal, and nothing else of the issuer, is
// joined by it: once the seal proves the number, and not while the issuer only states
// it. The two axes stay apart.
func TestSealJoinsRegister(t *testing.T) {
	n, now := sealedIssuer(t)
	p := newPKI(t)
	call[TrustedLists](t, n, OpListsImport, p.lists(t, nil))
	file := strings.Replace(strings.Replace(registerFile("x"), `"dids":["x"],`, "", 1), `"domains":["university.example"],`, "", 1)
	call[RegisterImported](t, n, OpRegisterImport, RegisterImportRequest{Name: "qa", Format: "json", File: "/home/me/qa.json", Body: []byte(file),
		Retrieved: now.Format("2006-01-02T15:04:05Z"), Accept: true})
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	joined := func() (levels []string, rule string, quality bool) {
		view, _, v := who(t, n, issued.Credential)
		for _, e := range view.Evidence {
			if e.Kind == string(legal.KindRegister) {
				rule = e.Join
			}
		}
		return view.Levels, rule, slices.Contains(verdictCodes(&v), "quality quality_evidence")
	}
	if levels, rule, quality := joined(); rule != "" || quality || !slices.Equal(levels, []string{"L1"}) {
		t.Errorf("by a number that is only stated: %v %q %v", levels, rule, quality)
	}
	call[BindResponse](t, n, OpIdentityBind, BindRequest{Sealed: sealStatement(t, n, p.ca.Issue(t, nil), nil)})
	if levels, rule, quality := joined(); rule == "" || !quality || !slices.Equal(levels, []string{"L5", "L3", "L1"}) {
		t.Errorf("by the number of the seal: %v %q %v", levels, rule, quality)
	}
	call[BindResponse](t, n, OpIdentityBind, BindRequest{Remove: true})
	if _, rule, quality := joined(); rule != "" || quality {
		t.Errorf("after the seal is gone: %q %v", rule, quality)
	}
}
