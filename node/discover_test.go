package node

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

func orgOf(name, number string) legal.Organisation {
	o := university()
	o.LegalNames, o.ID.Value = []legal.Name{{Value: name}}, number
	return o
}

// dated issues a credential that says it was issued at a time.
func dated(t *testing.T, n *started, from string) []byte {
	t.Helper()
	first := call[IssueResponse](t, n.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	tree, err := strictjson.ParseObject(first.Credential, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	delete(tree, "proof")
	delete(tree, "credentialStatus")
	delete(tree, "id")
	tree["validFrom"] = from
	raw, err := strictjson.Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	return call[IssueResponse](t, n.Node, OpIssue, IssueRequest{Tree: raw}).Credential
}

func authorised(v *verdict.Verdict) verdict.Check {
	row, _ := v.Worst(verdict.Authorisation)
	return row
}

func didOf(t *testing.T, n *started) string { return n.Info(t.Context()).Issuers[0].DID }

// many recognises count further entities that nobody ever asks about.
func many(t *testing.T, n *started, count int, more ...RecognizeLine) {
	t.Helper()
	lines := more
	for i := range count {
		lines = append(lines, RecognizeLine{Line: int64(i), DID: fmt.Sprintf("did:web:school-%d.example", i),
			Organisation: orgOf(fmt.Sprintf("School %d", i), fmt.Sprintf("A%08d", i+1))})
	}
	for len(lines) > 0 {
		k := min(len(lines), MaxRecognize)
		r := call[BatchResponse](t, n.Node, OpRecognizeMany, RecognizeManyRequest{Lines: lines[:k]})
		if r.Failed != 0 || r.Changed != int64(k) {
			t.Fatalf("%+v", r)
		}
		lines = lines[k:]
	}
	call[PublishResponse](t, n.Node, OpPublish, PublishRequest{})
}

// A tree of four levels, root, agency, association and college, in which the agency
// recognises thousands: an employer who trusts the root alone finds the way from a
// college that it never heard of, fetching little. When the agency ends one link as of
// a date and voids another, what was issued before the date stands, what came after
// falls, and so does all below what is void.
func TestDiscovery(t *testing.T) {
	count := 400
	if os.Getenv("BONAFIDE_SOAK") != "" {
		count = 20_000
	}
	root := begin(t, settings(t), "ministry.example", "Ministry")
	hub := root.Info(t.Context()).Addrs[0]
	nodes := map[string]*started{"root": root}
	for _, name := range []string{"agency", "association", "university", "college"} {
		nodes[name] = begin(t, settings(t, hub), name+".example", name)
	}
	employer := begin(t, settings(t, hub), "", "")
	agency, association, uni, college := nodes["agency"], nodes["association"], nodes["university"], nodes["college"]
	for name, n := range nodes {
		until(t, name+" may sign", func() bool { return n.Info(t.Context()).Issuers[0].Signing })
		call[IdentityResponse](t, n.Node, OpIdentitySet, IdentityRequest{Organisation: orgOf(name, "B00000091")})
	}
	const since = "2020-01-01T00:00:00Z"
	line := func(n *started, name string, actions ...string) RecognizeLine {
		return RecognizeLine{DID: didOf(t, n), Organisation: orgOf(name, "B00000091"), Actions: actions, From: since}
	}
	many(t, root, 0, line(agency, "agency", legal.ActionIssue, legal.ActionRecognize))
	began := time.Now()
	many(t, agency, count, line(association, "association", legal.ActionIssue, legal.ActionRecognize), line(uni, "university", legal.ActionIssue))
	t.Logf("the agency recognised and published %d entities in %v", count+2, time.Since(began).Round(time.Millisecond))
	many(t, association, 0, line(college, "college", legal.ActionIssue))
	call[RecognizedBy](t, agency.Node, OpRecognizedBy, RecognizedByRequest{DIDs: []string{didOf(t, root)}})
	call[RecognizedBy](t, association.Node, OpRecognizedBy, RecognizedByRequest{DIDs: []string{didOf(t, agency)}})
	call[RecognizedBy](t, uni.Node, OpRecognizedBy, RecognizedByRequest{DIDs: []string{didOf(t, agency)}})
	call[RecognizedBy](t, college.Node, OpRecognizedBy, RecognizedByRequest{DIDs: []string{didOf(t, association)}})

	deep, early, late := dated(t, college, "2024-06-01T00:00:00Z"), dated(t, uni, "2024-06-01T00:00:00Z"), dated(t, uni, "2025-06-01T00:00:00Z")
	// Status lists go out in their turn; here at once.
	for _, n := range nodes {
		call[PublishResponse](t, n.Node, OpPublish, PublishRequest{})
	}
	call[TrustList](t, employer.Node, OpTrustAdd, TrustRequest{DID: didOf(t, root), Name: "The ministry"})
	until(t, "the root's folder is here", func() bool {
		return call[TrustList](t, employer.Node, OpTrustList, Empty{}).Roots[0].Held
	})
	check := func(body []byte) *verdict.Verdict {
		v := call[verdict.Verdict](t, employer.Node, OpVerify, VerifyRequest{Credential: body, Policy: "employer"})
		return &v
	}
	var v *verdict.Verdict
	tried := 0
	defer func() {
		if t.Failed() {
			t.Log(rows(v))
		}
	}()
	took := until(t, "the way from the college to the root", func() bool {
		tried++
		v = check(deep)
		return v.Outcome == verdict.Verified
	})
	if len(v.Issuer.Recognitions) != 3 || !v.Issuer.Recognitions[2].Root {
		t.Fatalf("chain %s", rows(v))
	}
	fetched := employer.walked.Load()
	t.Logf("discovery of one unknown issuer, 3 links to the root, among %d entities: %v, %d bytes in folders of recognisers, %d tries", count, took.Round(time.Millisecond), fetched, tried)
	if fetched == 0 || fetched > 1<<20 {
		t.Errorf("%d bytes were fetched to find one issuer", fetched)
	}
	for _, c := range []struct {
		name string
		body []byte
	}{{"before", early}, {"after", late}} {
		until(t, "the university's credential "+c.name+" the date", func() bool { v = check(c.body); return v.Outcome == verdict.Verified })
	}

	// The agency ends the university's recognition as of a date.
	call[RecognizeResponse](t, agency.Node, OpRecognize, RecognizeRequest{DID: didOf(t, uni), Revoke: true, AsOf: "2025-01-01T00:00:00Z", Confirm: true})
	took = until(t, "what was issued after the date falls", func() bool {
		v = check(late)
		return v.Outcome == verdict.Indeterminate && authorised(v).Code == verdict.RecognitionExpired
	})
	t.Logf("an end as of a date was seen on another node after %v", took.Round(time.Millisecond))
	until(t, "what was issued before the date stands", func() bool {
		v = check(early)
		return v.Outcome == verdict.Verified && authorised(v).Code == verdict.RecognisedWhenIssued
	})
	// Under a policy that does not take the claimed date, nothing of it is verified.
	strict := call[verdict.Verdict](t, employer.Node, OpVerify, VerifyRequest{Credential: early, Policy: "recognised"})
	if row := authorised(&strict); strict.Outcome != verdict.Indeterminate || row.Code != verdict.RecognisedWhenIssued || row.Result != verdict.Warn {
		t.Errorf("under recognised: %s", rows(&strict))
	}

	// The agency voids the association: the college below it falls, whatever its date.
	call[RecognizeResponse](t, agency.Node, OpRecognize, RecognizeRequest{DID: didOf(t, association), Revoke: true, Confirm: true})
	took = until(t, "what is below falls", func() bool {
		v = check(deep)
		row := authorised(v)
		return v.Outcome == verdict.Indeterminate && row.Code == verdict.NotRecognised && strings.HasSuffix(row.Params["detail"], string(verdict.RecognitionRevoked))
	})
	t.Logf("a void link was seen on another node after %v", took.Round(time.Millisecond))
	until(t, "the university beside it stands", func() bool { v = check(early); return v.Outcome == verdict.Verified })
	page := call[Recognitions](t, agency.Node, OpRecognizeList, RecognitionsRequest{DID: didOf(t, association)})
	if len(page.Rows) != 1 || page.Rows[0].State != "void" {
		b, _ := json.Marshal(page)
		t.Errorf("%s", b)
	}
}
