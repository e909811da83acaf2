package verify

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// asked keeps what evidence was asked for with.
type asked struct {
	known
	q *legal.Request
}

func (a asked) Evidence(_ context.Context, _ string, q *legal.Request) error { *a.q = *q; return nil }

// A challenge is for who shows the credential. The issuer's own presentation at
// whois.vp, its lists and the endorsements were made for everybody and answer none.
func TestChallengeIsForTheHolderAlone(t *testing.T) {
	tree, v, _ := signed(t, proof.SignOptions{})
	var q legal.Request
	v.cfg.Issuers = asked{q: &q}
	p, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	p.Challenge, p.Domain = "c", []string{"https://verifier.example"}
	// And a bare credential answers nothing: whoever has a copy could show it.
	got := v.Verify(t.Context(), jsonOf(t, tree), p, time.Time{})
	if row, _ := got.Worst(verdict.Integrity); got.Outcome != verdict.Indeterminate || row.Code != verdict.ProofMissing {
		t.Errorf("%s, integrity %s", got.Outcome, row.Code)
	}
	if q.Check.Resolver == nil || q.Check.Challenge != "" || q.Check.Domain != nil {
		t.Errorf("evidence has to answer %q for %q", q.Check.Challenge, q.Check.Domain)
	}
}
