package node

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// An awarding body issues a mandate with its node, the issuer publishes it with its
// own, and a verdict finds it there.
func TestPublishedMandate(t *testing.T) {
	uni, school, other := opened(t, "university.example", nil), opened(t, "school.example", nil), opened(t, "other.example", nil)
	did := func(n *Node) string { return n.Info(t.Context()).Issuers[0].DID }
	for _, n := range []*Node{school, other} {
		call[ImportResponse](t, uni, OpImportLog, ImportRequest{Log: logOf(t, n)})
	}
	mandate := func(by *Node, of string) json.RawMessage {
		tree, err := json.Marshal(map[string]any{"@context": []any{credential.ContextV2, legal.Context}, "type": []any{"VerifiableCredential", legal.TypeMandate},
			"issuer": did(by), "credentialSubject": map[string]any{"id": of, "type": []any{"MandatedIssuer"}}, "validFrom": "2026-01-01T00:00:00Z"})
		if err != nil {
			t.Fatal(err)
		}
		return call[IssueResponse](t, by, OpIssue, IssueRequest{Tree: tree, NoStatus: true}).Credential
	}
	m := micro("Ana Andromeda")
	m.Awarding = &credential.Awarding{ID: did(school), Name: "The School"}
	issued := call[IssueResponse](t, uni, OpIssue, IssueRequest{Credential: m})
	awarding := func() verdict.Code {
		t.Helper()
		v := call[verdict.Verdict](t, uni, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic", Offline: true})
		row, _ := v.Worst(verdict.Awarding)
		return row.Code
	}
	good := mandate(school, did(uni))
	if _, err := try[MandateResponse](uni, OpIdentityMandate, MandateRequest{Credential: good}); !errors.Is(err, ErrIdentity) {
		t.Errorf("before it has stated who it is: %v", err)
	}
	call[IdentityResponse](t, uni, OpIdentitySet, IdentityRequest{Organisation: university()})
	for name, c := range map[string]struct {
		q    MandateRequest
		want error
	}{
		"for somebody else":    {MandateRequest{Credential: mandate(school, did(other))}, legal.ErrMandate},
		"of itself":            {MandateRequest{Credential: mandate(uni, did(uni))}, legal.ErrMandate},
		"no mandate":           {MandateRequest{Credential: issued.Credential}, legal.ErrMandate},
		"changed":              {MandateRequest{Credential: json.RawMessage(strings.Replace(string(good), "2026-01-01", "2025-01-01", 1))}, legal.ErrMandate},
		"nothing to take out":  {MandateRequest{Remove: did(other)}, ErrTarget},
		"both":                 {MandateRequest{Credential: good, Remove: did(other)}, ErrRequest},
		"no credential at all": {MandateRequest{Credential: json.RawMessage(`{}`)}, legal.ErrMandate},
	} {
		if _, err := try[MandateResponse](uni, OpIdentityMandate, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got := awarding(); got != verdict.DiffersUnproven {
		t.Errorf("before: %s", got)
	}
	if got := call[MandateResponse](t, uni, OpIdentityMandate, MandateRequest{Credential: good}); len(got.Mandates) != 1 || got.Mandates[0].By != did(school) {
		t.Errorf("%+v", got)
	}
	if got := awarding(); got != verdict.MandateProven {
		t.Errorf("published: %s", got)
	}
	if got := call[MandateResponse](t, uni, OpIdentityMandate, MandateRequest{Remove: did(school)}); len(got.Mandates) != 0 {
		t.Errorf("%+v", got)
	}
	if got := awarding(); got != verdict.DiffersUnproven {
		t.Errorf("taken out: %s", got)
	}
}
