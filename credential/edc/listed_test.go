package edc

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

// TestListed holds what trusted lists say, at the time of the seal and at the
// time asked, against the rows of the signer.
func TestListed(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	leaf := root.Issue(t, nil)
	sealed := now()
	asked := sealed.Add(24 * time.Hour)
	missing := errors.New("not listed")
	say := func(then, later cert.Level) Trust {
		return Trust{Listed: func(_ *x509.Certificate, _ []*x509.Certificate, at time.Time) Listing {
			l := Listing{Level: later, By: "Seals Ltd", List: "ES 7"}
			if at.Before(asked) {
				l.Level = then
			}
			if l.Level == cert.None {
				l.Why = missing
			}
			return l
		}}
	}
	both := say(cert.QualifiedSeal, cert.QualifiedSeal)
	both.Roots = roots(root).Roots
	for _, c := range []struct {
		name  string
		trust Trust
		at    time.Time
		level cert.Level
		want  []string
	}{
		{"qualified then and now", say(cert.QualifiedSeal, cert.QualifiedSeal), asked, cert.QualifiedSeal, []string{"pass ok"}},
		{"the lower of the two counts", say(cert.QualifiedCert, cert.QualifiedSeal), asked, cert.QualifiedCert, []string{"pass ok"}},
		{"the lower of the two counts, the other way", say(cert.QualifiedSeal, cert.QualifiedCert), asked, cert.QualifiedCert, []string{"pass ok"}},
		{"no longer", say(cert.QualifiedSeal, cert.None), asked, cert.None, []string{"unknown certificate_time_unproven"}},
		{"not yet then", say(cert.None, cert.QualifiedSeal), asked, cert.None, []string{"unknown certificate_chain_untrusted"}},
		{"never", say(cert.None, cert.None), asked, cert.None, []string{"unknown certificate_chain_untrusted"}},
		{"a configured root is not needed and not in the way", both, asked, cert.QualifiedSeal, []string{"pass ok"}},
		{"the certificate ended", say(cert.QualifiedSeal, cert.QualifiedSeal), sealtest.End().Add(time.Second), cert.None,
			[]string{"unknown certificate_expired", "unknown certificate_chain_untrusted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := check(sealtest.NewDraft(write(t, document()), leaf).File(t), c.at, c.trust)
			expect(t, got, rows{verdict.Signer: c.want})
			if got.Seal.Level != c.level {
				t.Errorf("level %s, want %s", got.Seal.Level, c.level)
			}
			if row := got.Row(verdict.Signer); row.Result == verdict.Pass && (row.Params["level"] != string(c.level) || len(row.Evidence) != 1 || row.Evidence[0].ID != "ES 7" || row.Evidence[0].By != "Seals Ltd") {
				t.Errorf("%+v", row)
			}
		})
	}
	// Without lists, a withdrawn root stays what the operator made of it.
	if got := check(sealtest.NewDraft(write(t, document()), leaf).File(t), asked, roots(root)); got.Seal.Level != cert.Chain || got.Row(verdict.Signer).Params["level"] != "chain" {
		t.Errorf("%+v", got.Seal)
	}
}
