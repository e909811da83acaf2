package node

import (
	"net"
	"slices"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/verdict"
)

// A verifier whose setting is to ask the issuer's own site first keeps verifying
// when that site is dead, by what it holds and as far as the policy allows its
// age, and says that nobody answered.
func TestOriginIsDead(t *testing.T) {
	uni := begin(t, settings(t), "university.example", "")
	info := uni.Info(t.Context())
	id := info.Issuers[0].DID
	kept := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	revoked := call[IssueResponse](t, uni.Node, OpIssue, IssueRequest{Credential: micro("Max Power")})
	call[StatusResponse](t, uni.Node, OpStatusSet, StatusRequest{Target: revoked.ID, Action: "revoke", Now: true})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := settings(t, info.Addrs[0])
	cfg.Network, cfg.DevHostMap = "origin", []string{"university.example=http://" + dead}
	v := begin(t, cfg, "", "")
	until(t, "the verifier meets the university", func() bool { return v.Info(t.Context()).Peers > 0 })
	until(t, "the folder is here", func() bool {
		res := call[FollowResponse](t, v.Node, OpFollow, FollowRequest{DID: id})
		return res.Missing == 0 && res.Sequence >= uni.Info(t.Context()).Issuers[0].Sequence
	})
	uni.stop()
	for _, c := range []struct {
		name string
		q    VerifyRequest
		out  verdict.Outcome
		rows []verdict.Code // of freshness, in any order
	}{
		{"young enough", VerifyRequest{Credential: kept.Credential}, verdict.Verified, []verdict.Code{verdict.OK, verdict.Unreached}},
		{"revoked", VerifyRequest{Credential: revoked.Credential}, verdict.Invalid, []verdict.Code{verdict.OK, verdict.Unreached}},
		{"too old for the policy", VerifyRequest{Credential: kept.Credential, MaxAge: "1ns"}, verdict.Indeterminate, []verdict.Code{verdict.TooOld, verdict.Unreached}},
		{"nobody is to be asked", VerifyRequest{Credential: kept.Credential, Offline: true}, verdict.Verified, []verdict.Code{verdict.OK}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Policy = "authentic"
			out := call[verdict.Verdict](t, v.Node, OpVerify, c.q)
			var got []verdict.Code
			for _, row := range out.Checks {
				if row.Name == verdict.Freshness {
					got = append(got, row.Code)
				}
			}
			slices.Sort(got)
			slices.Sort(c.rows)
			if out.Outcome != c.out || !slices.Equal(got, c.rows) {
				t.Errorf("%s with %v, want %s with %v", out.Outcome, got, c.out, c.rows)
			}
		})
	}
	// Who asks for an answer that is not kept gets none.
	if _, err := v.Resolve(t.Context(), id, did.Options{NoCache: true}); err == nil {
		t.Error("resolved without a cache, though nobody could be asked")
	}
	if _, err := v.Resolve(t.Context(), id, did.Options{}); err != nil {
		t.Error(err)
	}
}
