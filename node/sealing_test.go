package node

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/legal/trustlist/listtest"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jades"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

// pki is what stands behind a seal: the Commission's list of lists, a ministry's list,
// and an authority on it.
type pki struct {
	commission, ministry sealtest.Certificate
	ca                   *sealtest.Authority
}

func newPKI(t *testing.T) pki {
	t.Helper()
	root := sealtest.NewAuthority(t, "Root")
	return pki{listtest.Operator(t, "Commission"), listtest.Operator(t, "Ministry"), root.Below(t, "QC CA")}
}

// lists are the files that an operator takes; edit changes the national one.
func (p pki) lists(t *testing.T, edit func(*listtest.Draft), periods ...listtest.Period) ListsRequest {
	t.Helper()
	if len(periods) == 0 {
		periods = []listtest.Period{listtest.Granted()}
	}
	d := listtest.National(p.ca.Certificate, periods...)
	if edit != nil {
		edit(&d)
	}
	return ListsRequest{LOTL: listtest.Top(p.ministry).Sign(t, p.commission, nil, nil), Signers: []string{cert.Thumbprint(p.commission.DER)},
		National: []ListFile{{Name: "es.xml", Body: d.Sign(t, p.ministry, nil, nil)}}}
}

func withDevice(t *testing.T) func(c *x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions[0] = sealtest.Statements(t, sealtest.Statement("0.4.0.1862.1.1"), sealtest.Statement("0.4.0.1862.1.4"),
			sealtest.Statement("0.4.0.1862.1.6", sealtest.OID("0.4.0.1862.1.6.2")))
	}
}

// sealedIssuer is a node whose issuer has stated who it is, with a clock that begins
// at the first of March 2026.
func sealedIssuer(t *testing.T) (n *Node, now *time.Time) {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cfg := settings(t)
	pass := keystore.Fixed([]byte("correct horse"))
	if _, err := Init(t.Context(), cfg, InitOptions{Passphrase: pass, WorkFactor: 1}); err != nil {
		t.Fatal(err)
	}
	n, err := Open(t.Context(), cfg, Options{Passphrase: pass, WorkFactor: 1, Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	call[Created](t, n, OpDIDCreate, CreateRequest{Domain: "university.example"})
	org := university()
	org.LegalNames = []legal.Name{{Value: "Test University", Lang: "en"}, {Value: "Universidad de Prueba", Lang: "es"}}
	org.Identifiers = []legal.Identifier{{Scheme: "LEI", Value: "529900T8BM49AURSDO55"}}
	call[IdentityResponse](t, n, OpIdentitySet, IdentityRequest{Organisation: org})
	return n, &at
}

func sealStatement(t *testing.T, n *Node, by sealtest.Certificate, edit func(s *string)) []byte {
	t.Helper()
	s := call[StatementResponse](t, n, OpIdentityStatement, StatementRequest{}).Statement
	if edit != nil {
		edit(&s)
	}
	b, err := jades.Sign([]byte(s), by.Key, [][]byte{by.DER}, n.clock())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// who is what a verdict about a credential of the issuer says of it.
func who(t *testing.T, n *Node, body []byte) (view verdict.IssuerView, row verdict.Check, v verdict.Verdict) {
	t.Helper()
	v = call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: body, Policy: "authentic", Offline: true})
	row, _ = v.Worst(verdict.Issuer)
	return v.Issuer, row, v
}

// Through a node, with real lists: each step of the ladder is reached by an issuer that
// binds its seal, and lost again by one change.
func TestLadder(t *testing.T) {
	n, now := sealedIssuer(t)
	p := newPKI(t)
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	level := func() string {
		t.Helper()
		view, _, v := who(t, n, issued.Credential)
		if v.Outcome != verdict.Verified {
			t.Fatalf("the outcome rests on the seal: %s", rows(&v))
		}
		return view.Level
	}
	step := func(name, want string) {
		t.Helper()
		if got := level(); got != want {
			view, _, v := who(t, n, issued.Credential)
			t.Errorf("%s: %s, want %s\n%s\n%+v", name, got, want, rows(&v), view.Evidence)
		}
	}
	bind := func(by sealtest.Certificate) BindResponse {
		t.Helper()
		return call[BindResponse](t, n, OpIdentityBind, BindRequest{Sealed: sealStatement(t, n, by, nil)})
	}
	lists := func(seq int, edit func(*listtest.Draft), periods ...listtest.Period) {
		t.Helper()
		call[TrustedLists](t, n, OpListsImport, p.lists(t, func(d *listtest.Draft) {
			d.Sequence = seq
			if edit != nil {
				edit(d)
			}
		}, periods...))
	}
	state := func(status, from string) listtest.Period {
		return listtest.State(trustlist.ServiceCAQC, status, from, listtest.ForSeals)
	}

	step("none: its own word", "L1")
	*now = now.Add(time.Hour)
	if b := bind(selfSignedSeal(t)); b.Level != cert.Self {
		t.Errorf("self: %+v", b)
	}
	step("self: a certificate that nobody else signed", "L1")
	call[BindResponse](t, n, OpIdentityBind, BindRequest{Remove: true})
	if b := bind(p.ca.Issue(t, nil)); b.Level != cert.None || b.Why == "" {
		t.Errorf("without lists: %+v", b)
	}
	step("no lists are held", "L1")
	lists(7, nil)
	step("qualified certificate", "L5")
	view, row, _ := who(t, n, issued.Credential)
	if row.Result != verdict.Warn || view.Get(verdict.FieldIdentifier).State != verdict.Proven || view.Get(verdict.FieldLegalName).Value != "Test University" {
		t.Errorf("%+v %+v", row, view.Fields) // the worst row is the domain, which nobody has seen
	}
	if e := view.Evidence; len(e) != 1 || e[0].Kind != string(legal.KindSeal) || e[0].Join != "sealed-statement" || !e[0].Now || e[0].WhenIssued || e[0].Until == nil {
		t.Errorf("%+v", view.Evidence) // the credential is older than the seal
	}
	lists(8, nil, state(trustlist.StatusWithdrawn, "2026-02-01T00:00:00Z"), listtest.Granted())
	step("withdrawn before it was sealed", "L1")
	lists(9, nil, state(trustlist.StatusGranted, "2026-06-01T00:00:00Z"))
	step("granted only later", "L1")
	lists(10, nil, listtest.State(trustlist.ServiceCAQC, trustlist.StatusGranted, "2025-01-01T00:00:00Z", ""))
	step("not listed for seals", "L1")
	lists(11, nil)
	step("granted again", "L5")
	if b := bind(p.ca.Issue(t, withDevice(t))); b.Level != cert.QualifiedSeal || b.Seals != 2 || b.Until == nil {
		t.Errorf("%+v", b)
	}
	step("qualified seal", "L6")

	if got := call[BindResponse](t, n, OpIdentityBind, BindRequest{Remove: true}); got.Seals != 0 {
		t.Errorf("%+v", got)
	}
	step("taken out", "L1")
	bind(p.ca.Issue(t, withDevice(t)))
	step("bound again", "L6")
	// A credential that is issued now is within the term of the seal.
	*now = now.Add(time.Hour)
	later := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Max Power")})
	if view, _, _ := who(t, n, later.Credential); !view.Evidence[0].WhenIssued || !view.Evidence[0].Now {
		t.Errorf("%+v", view.Evidence)
	}
	shown := call[IdentityResponse](t, n, OpIdentityShow, IdentityShowRequest{})
	if shown.Issuer.Level != "L6" || len(shown.Issuer.Fields) < 5 {
		t.Errorf("%+v", shown.Issuer)
	}
	// Rotating the key signs the statement again, with its seals.
	call[UpdateResponse](t, n, OpDIDRotate, RotateRequest{Role: "credential"})
	step("under a new key", "L6")
	// The list is past its next update; then the certificate has ended.
	*now = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	if view := call[IdentityResponse](t, n, OpIdentityShow, IdentityShowRequest{}).Issuer; view.Level != "L1" {
		t.Errorf("by a stale list: %s", view.Level)
	}
	lists(12, func(d *listtest.Draft) { d.Next = "2028-01-01T00:00:00Z" })
	if view := call[IdentityResponse](t, n, OpIdentityShow, IdentityShowRequest{}).Issuer; view.Level != "L1" { // the list of lists is stale as well
		t.Errorf("by a stale list of lists: %s", view.Level)
	}
}

func selfSignedSeal(t *testing.T) sealtest.Certificate {
	t.Helper()
	k := sealtest.NewKey(t)
	tpl := sealtest.NewAuthority(t, "x").IssueFor(t, k, nil).Parsed(t)
	tpl.ExtraExtensions = nil
	tpl.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID("VATES-A00000000")}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return sealtest.Certificate{DER: der, Key: k}
}

// What is no binding is not published.
func TestBindRefusals(t *testing.T) {
	n, _ := sealedIssuer(t)
	p := newPKI(t)
	good := p.ca.Issue(t, nil)
	naming := func(id string) sealtest.Certificate {
		return p.ca.Issue(t, func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID(id)}
		})
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, ErrRequest},
		{"no seal", []byte("{}"), jades.ErrShape},
		{"the bare statement", []byte(call[StatementResponse](t, n, OpIdentityStatement, StatementRequest{}).Statement), jades.ErrShape},
		{"another DID", sealStatement(t, n, good, func(s *string) { *s = strings.ReplaceAll(*s, "university.example", "other.example") }), nil}, // the same SCID, which has moved
		{"another SCID", sealStatement(t, n, good, func(s *string) { *s = strings.Replace(*s, "did:webvh:", "did:webvh:Q", 1) }), seal.ErrOtherDID},
		{"another text", sealStatement(t, n, good, func(s *string) { *s = strings.Replace(*s, "controls", "rents", 1) }), seal.ErrStatement},
		{"another organisation", sealStatement(t, n, naming("VATES-B00000000"), nil), seal.ErrHolder},
		{"another organisation that is stated so", sealStatement(t, n, naming("VATES-B00000000"), func(s *string) { *s = strings.ReplaceAll(*s, "A00000000", "B00000000") }), seal.ErrHolder},
		{"a person", sealStatement(t, n, naming("PNOES-12345678Z"), nil), legal.ErrNaturalPerson},
		{"an exchanged certificate", sealStatement(t, n, sealtest.Certificate{DER: good.DER, Key: sealtest.NewKey(t)}, nil), key.ErrSignature},
		{"one that has ended", sealStatement(t, n, p.ca.Issue(t, func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Hour) }), nil), seal.ErrTime},
	} {
		_, err := try[BindResponse](n, OpIdentityBind, BindRequest{Sealed: c.file})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if f := FailureOf(err); err != nil && f.Status != 400 {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
	bad := university()
	bad.ID.Value = "A00000001"
	if _, err := try[IdentityResponse](n, OpIdentitySet, IdentityRequest{Organisation: bad}); !errors.Is(err, legal.ErrCheckDigits) {
		t.Errorf("wrong check digits: %v", err)
	}
	call[IdentityResponse](t, n, OpIdentitySet, IdentityRequest{Organisation: bad, Force: true})
	found := false
	for _, c := range call[IdentityResponse](t, n, OpIdentityShow, IdentityShowRequest{}).Checks {
		found = found || c.Code == verdict.IdentifierDigits
	}
	if !found {
		t.Error("wrong check digits are not told")
	}
}
