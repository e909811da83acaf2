package node

import (
	"testing"

	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/verdict"
)

// Whoever shows a credential also chooses the evidence that comes along. An older
// log or list, though genuine, never makes the node forget what it knows.
func TestStaplesDoNotRollBack(t *testing.T) {
	uni := opened(t, "university.example", nil)
	is := uni.Info(t.Context()).Issuers[0]
	issue := func(name string) IssueResponse {
		return call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: micro(name)})
	}
	revoked, suspended, stolen := issue("Ana Andromeda"), issue("Max Power"), issue("John Doe")
	h, err := uni.ownLog(t.Context(), is.Subject)
	if err != nil {
		t.Fatal(err)
	}
	old := []Staple{{Name: "did.jsonl", Body: h.Log()}}
	for _, url := range []string{revoked.Status[0].URL, revoked.Status[1].URL} {
		_, path, err := uni.replica.Locate(t.Context(), is.DID, url)
		if err != nil {
			t.Fatal(err)
		}
		v, err := uni.replica.File(t.Context(), is.Subject, path)
		if err != nil || v.State != replica.Current {
			t.Fatal(err, v)
		}
		old = append(old, Staple{Name: path, Body: v.Body})
	}
	check := func(body []byte, with ...Staple) *verdict.Verdict {
		v := call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: body, Policy: "authentic", With: with})
		return &v
	}
	for _, c := range []IssueResponse{revoked, suspended, stolen} {
		if v := check(c.Credential, old...); v.Outcome != verdict.Verified {
			t.Fatal(rows(v))
		}
	}
	call[IdentityResponse](t, uni, OpIdentitySet, IdentityRequest{Organisation: university()})
	whois, err := uni.replica.File(t.Context(), is.Subject, replica.PathWhois)
	if err != nil {
		t.Fatal(err)
	}
	renamed := university()
	renamed.LegalNames[0].Value = "Universidad Nueva"
	call[IdentityResponse](t, uni, OpIdentitySet, IdentityRequest{Organisation: renamed})
	if name := check(stolen.Credential, Staple{Name: "whois.vp", Body: whois.Body}).Issuer.Get(verdict.FieldLegalName); name.Value != "Universidad Nueva" {
		t.Errorf("the issuer calls itself %s", name.Value)
	}
	call[StatusResponse](t, uni, OpStatusSet, StatusRequest{Credential: revoked.Credential, Action: "revoke", Now: true})
	call[StatusResponse](t, uni, OpStatusSet, StatusRequest{Credential: suspended.Credential, Action: "suspend", Now: true})
	call[UpdateResponse](t, uni, OpDIDRotate, RotateRequest{Role: "credential", Compromised: true})
	for _, c := range []struct {
		name  string
		body  []byte
		check verdict.CheckName
		code  verdict.Code
		out   verdict.Outcome
	}{
		{"revoked since", revoked.Credential, verdict.Status, verdict.Revoked, verdict.Invalid},
		{"suspended since", suspended.Credential, verdict.Status, verdict.Suspended, verdict.Invalid},
		{"its key dropped since", stolen.Credential, verdict.Signer, verdict.SignerRetired, verdict.Indeterminate},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, with := range [][]Staple{nil, old} {
				v := check(c.body, with...)
				if row, _ := v.Worst(c.check); v.Outcome != c.out || row.Code != c.code {
					t.Errorf("with %d pieces of evidence: %s, %s; want %s, %s", len(with), v.Outcome, row.Code, c.out, c.code)
				}
			}
		})
	}
}
