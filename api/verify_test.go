package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/api"
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/proof"
)

// vcalm is an answer of the verification routes.
type vcalm struct {
	Verified       bool
	ProblemDetails []struct{ Type, Title, Detail string }
	Credential     json.RawMessage
	Results        struct {
		ValidFrom        *result
		CredentialStatus []struct {
			result
			Value *int
		}
		Proof        []result
		Presentation struct {
			Challenge, Domain, Holder *result
			Proof                     []result
		}
		Credentials []struct{ Proof []result }
	}
	VerifiablePresentation json.RawMessage
}

type result struct {
	Verified bool
	Input    any
}

// body is {member: value, "options": options}.
func bodyOf(t *testing.T, member string, value, options any) string {
	t.Helper()
	m := map[string]any{member: value}
	if t, isTree := options.(tree); options != nil && !(isTree && t == nil) {
		m["options"] = options
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ask(t *testing.T, url, body string, status int) (v vcalm) {
	t.Helper()
	r := post(t, url, body)
	if err := json.Unmarshal(r.body, &v); r.status != status || err != nil {
		t.Fatalf("%d %v %.600s", r.status, err, r.body)
	}
	return v
}

type tree = map[string]any

// TestResults: what VCALM's results say about a credential, and what its options do.
func TestResults(t *testing.T) {
	f := newFace(t, "university.example")
	issued := f.issue(t)
	url := f.public.URL + "/credentials/verify"
	v := ask(t, url, bodyOf(t, "verifiableCredential", issued.Credential, tree{"checks": []string{"proof"}, "returnCredential": true}), 200)
	if !v.Verified || len(v.ProblemDetails) != 0 || v.Results.ValidFrom == nil || !v.Results.ValidFrom.Verified || len(v.Results.Proof) != 1 || !v.Results.Proof[0].Verified {
		t.Errorf("%+v", v)
	}
	if string(v.Credential) == "" {
		t.Error("the credential is not returned although it was asked for")
	}
	for _, s := range v.Results.CredentialStatus {
		if !s.Verified || s.Value == nil || *s.Value != 0 {
			t.Errorf("status %+v", s)
		}
	}
	v = ask(t, url, bodyOf(t, "verifiableCredential", issued.Credential, tree{"moon": 1, "returnResults": false}), 200)
	if !v.Verified || v.Credential != nil || v.Results.ValidFrom != nil || len(v.ProblemDetails) != 1 || !strings.HasSuffix(v.ProblemDetails[0].Type, "#UNKNOWN_OPTION_PROVIDED") {
		t.Errorf("an unknown option: %+v", v)
	}
	for name, o := range map[string]any{"a list": []any{}, "text in place of a switch": tree{"returnCredential": "yes"}, "challenge a number": tree{"challenge": 1}, "domain of numbers": tree{"domain": []int{1}}} {
		t.Run(name, func(t *testing.T) {
			problem(t, post(t, url, bodyOf(t, "verifiableCredential", issued.Credential, o)), 400)
		})
	}
	f.op(t, node.OpStatusSet, node.StatusRequest{Target: issued.ID, Action: "revoke", Now: true}, nil)
	v = ask(t, url, bodyOf(t, "verifiableCredential", issued.Credential, nil), 200)
	if v.Verified || len(v.Results.CredentialStatus) == 0 || *v.Results.CredentialStatus[0].Value != 1 || !v.Results.Proof[0].Verified {
		t.Errorf("revoked: %+v", v)
	}
}

// TestFailureStatus: a setting answers 400 where older suites look at nothing else.
func TestFailureStatus(t *testing.T) {
	f := newFace(t, "university.example", func(_ *node.Config, c *api.Config) { c.FailureStatus = http.StatusBadRequest })
	issued := f.issue(t)
	url := f.public.URL + "/credentials/verify"
	ask(t, url, bodyOf(t, "verifiableCredential", issued.Credential, nil), 200)
	changed := strings.Replace(string(issued.Credential), "Ana", "Eva", 1)
	if v := ask(t, url, `{"verifiableCredential":`+changed+`}`, 400); v.Verified || v.Results.Proof[0].Verified {
		t.Errorf("%+v", v)
	}
}

// TestPresentations: the holder's proof, what it has to answer, and envelopes.
func TestPresentations(t *testing.T) {
	f := newFace(t, "university.example")
	vc, err := strictjson.ParseObject(f.issue(t).Credential, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	holder, err := key.Generate(key.Ed25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := holder.Public().DIDKey()
	bare := tree{"@context": []any{credential.ContextV2}, "type": []any{"VerifiablePresentation"}, "holder": id, "verifiableCredential": []any{vc}}
	sign := func(change func(tree, *proof.SignOptions)) tree {
		t.Helper()
		doc := maps.Clone(bare)
		opt := proof.SignOptions{Suite: proof.EdDSAJCS2022, VerificationMethod: id + "#" + holder.Public().Multikey(),
			Purpose: proof.Authentication, Challenge: "42", Domain: "verifier.example", Created: time.Now(), Loader: jsonld.Builtin()}
		if change != nil {
			change(doc, &opt)
		}
		out, err := proof.Sign(t.Context(), doc, holder, opt)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	asked := tree{"challenge": "42", "domain": "verifier.example", "returnPresentation": true}
	url := f.public.URL + "/presentations/verify"
	v := ask(t, url, bodyOf(t, "verifiablePresentation", sign(nil), asked), 200)
	p := v.Results.Presentation
	if !v.Verified || p.Challenge == nil || !p.Challenge.Verified || !p.Domain.Verified || !p.Holder.Verified || len(p.Proof) != 1 || !p.Proof[0].Verified ||
		len(v.Results.Credentials) != 1 || !v.Results.Credentials[0].Proof[0].Verified || v.VerifiablePresentation == nil {
		t.Errorf("%+v", v)
	}
	for _, c := range []struct {
		name, member string
		vp           tree
		options      tree
		verified     bool
		problem      string
	}{
		{"rdfc", "verifiablePresentation", sign(func(_ tree, o *proof.SignOptions) { o.Suite = proof.EdDSARDFC2022 }), asked, true, ""},
		{"nothing asked", "verifiablePresentation", sign(nil), nil, true, ""},
		{"another challenge", "verifiablePresentation", sign(func(_ tree, o *proof.SignOptions) { o.Challenge = "43" }), asked, false, "INVALID_CHALLENGE_ERROR"},
		{"another domain", "verifiablePresentation", sign(func(_ tree, o *proof.SignOptions) { o.Domain = "x.example" }), asked, false, "INVALID_DOMAIN_ERROR"},
		{"another holder", "verifiablePresentation", sign(func(d tree, _ *proof.SignOptions) { d["holder"] = "did:example:eva" }), asked, false, "PROOF_VERIFICATION_ERROR"},
		{"signed for another purpose", "verifiablePresentation", sign(func(_ tree, o *proof.SignOptions) { o.Purpose = proof.AssertionMethod }), asked, false, "PROOF_VERIFICATION_ERROR"},
		{"unsigned where a proof was asked for", "verifiablePresentation", bare, asked, false, "PROOF_VERIFICATION_ERROR"},
		{"unsigned and nothing asked", "verifiablePresentation", bare, nil, true, ""},
		{"an envelope", "presentation", bare, nil, true, ""},
		{"an envelope with a challenge, which it cannot answer", "presentation", bare, asked, true, ""},
		{"no type", "verifiablePresentation", tree{"@context": []any{credential.ContextV2}}, nil, false, "MALFORMED_VALUE_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := ask(t, url, bodyOf(t, c.member, c.vp, c.options), 200)
			if v.Verified != c.verified {
				t.Errorf("%+v", v)
			}
			found := c.problem == ""
			for _, p := range v.ProblemDetails {
				found = found || strings.HasSuffix(p.Type, "#"+c.problem)
			}
			if !found {
				t.Errorf("no problem %s in %+v", c.problem, v.ProblemDetails)
			}
		})
	}
	for name, body := range map[string]string{"neither": `{}`, "text": `{"verifiablePresentation":"x"}`, "null": `{"verifiablePresentation":null}`,
		"proof null": bodyOf(t, "verifiablePresentation", tree{"proof": nil}, nil), "a proof in a proofless one": bodyOf(t, "presentation", sign(nil), nil)} {
		t.Run(name, func(t *testing.T) { problem(t, post(t, url, body), 400) })
	}
}
