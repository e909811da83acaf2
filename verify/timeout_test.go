package verify

import (
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// When its time is over a verification ends, however many proofs and credentials are
// left, and what was not done is unknown: neither good nor bad.
func TestTimeout(t *testing.T) {
	tree, v, now := signed(t, proof.SignOptions{})
	s, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	method := tree["proof"].(object)["verificationMethod"].(string)
	show, err := proof.Sign(t.Context(), object{"@context": []any{credential.ContextV2}, "type": []any{"VerifiablePresentation"},
		"verifiableCredential": []any{tree, tree}}, s, proof.SignOptions{Suite: proof.EdDSARDFC2022, Purpose: proof.Authentication, VerificationMethod: method, Created: now, Loader: jsonld.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		in   time.Duration
		out  verdict.Outcome
		code verdict.Code
	}{
		{"in time", time.Minute, verdict.Verified, verdict.OK},
		{"out of time", time.Nanosecond, verdict.Indeterminate, verdict.BudgetExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			v.cfg.Timeout = c.in
			got := judged(t, v, tree)
			if row, _ := got.Worst(verdict.Integrity); got.Outcome != c.out || row.Code != c.code {
				t.Errorf("%s, integrity %s; want %s, %s", got.Outcome, row.Code, c.out, c.code)
			}
			all := v.Presentation(t.Context(), jsonOf(t, show), p, time.Time{})
			if row := all.Checks[1]; all.Outcome != c.out || row.Name != verdict.Integrity || row.Code != c.code || len(all.Credentials) != 2 {
				t.Errorf("%s, %s %s, %d credentials", all.Outcome, row.Name, row.Code, len(all.Credentials))
			}
			for _, one := range all.Credentials {
				if one.Outcome != c.out {
					t.Errorf("inside: %s", one.Outcome)
				}
			}
		})
	}
}
