package verify

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/domain"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// told is what is known of issuers in a test.
type told struct {
	whois   map[string][]byte
	sources []legal.Source
	domain  string
	more    func(q *legal.Request)
}

func (told) State(context.Context, string) (*State, error) { return nil, nil }

func (told) Practice(context.Context, string) (*credential.Practice, error) { return nil, nil }

func (w told) Evidence(_ context.Context, issuer string, q *legal.Request) error {
	q.Whois, q.Sources, q.Domain = w.whois[issuer], w.sources, w.domain
	if w.more != nil {
		w.more(q)
	}
	return nil
}

// party is somebody with a did:key.
type party struct {
	private key.Private
	did     string
}

func newParty(t *testing.T) party {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return party{k, k.Public().DIDKey()}
}

func (p party) method() string { return p.did + "#" + strings.TrimPrefix(p.did, "did:key:") }

func (p party) sign(t *testing.T, tree map[string]any, at time.Time) []byte {
	t.Helper()
	signed, err := proof.Sign(t.Context(), tree, p.private, proof.SignOptions{VerificationMethod: p.method(), Created: at})
	if err != nil {
		t.Fatal(err)
	}
	return jsonOf(t, signed)
}

// badge is a credential by p whose issuer and awarding body say what is given.
func (p party) badge(t *testing.T, at time.Time, issuer, awarding map[string]any) []byte {
	t.Helper()
	m := credential.Micro{ID: "urn:uuid:1b2c3d4e-0000-4000-8000-000000000001", Title: "Data Literacy", Holder: credential.Holder{Name: "Ana Andromeda"}, Place: credential.MicroPlace{Country: "ES"}, Issuer: p.did, IssuerName: "Test University"}
	tree, err := m.Tree(at, nil)
	if err != nil {
		t.Fatal(err)
	}
	who, _ := tree["issuer"].(map[string]any)
	if who == nil {
		who = map[string]any{"id": p.did, "type": []any{"Profile"}, "name": "Test University"}
	}
	for name, v := range issuer {
		who[name] = v
	}
	tree["issuer"] = who
	if awarding != nil {
		tree["awardingBody"] = awarding
	}
	return p.sign(t, tree, at)
}

// stated is the whois of p with a statement about an organisation and more beside it.
func (p party) stated(t *testing.T, at time.Time, o legal.Organisation, seals []legal.SealBinding, more ...[]byte) []byte {
	t.Helper()
	s, err := legal.SignStatement(t.Context(), legal.Statement{DID: p.did, Organisation: o, ValidFrom: at, Seals: seals}, p.private, p.method())
	if err != nil {
		t.Fatal(err)
	}
	return p.whois(t, at, append([][]byte{s}, more...)...)
}

func (p party) whois(t *testing.T, at time.Time, list ...[]byte) []byte {
	t.Helper()
	w, err := legal.SignWhois(t.Context(), p.did, list, p.private, p.method(), at)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func testUniversity() legal.Organisation {
	return legal.Organisation{LegalNames: []legal.Name{{Value: "Test University"}}, ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: legal.Seat{Country: "ES"}}
}

func listing(level cert.Level) edc.Trust {
	return edc.Trust{Listed: func(*x509.Certificate, []*x509.Certificate, time.Time) edc.Listing {
		return edc.Listing{Level: level, By: "Seals Ltd", List: "ES 7"}
	}}
}

// sealedBy seals a statement of p about an organisation, and quotes it.
func (p party) sealedBy(t *testing.T, at time.Time, o legal.Organisation, leaf sealtest.Certificate) []legal.SealBinding {
	t.Helper()
	file, err := seal.Make(seal.For(p.did, o, at), leaf.Key, [][]byte{leaf.DER})
	if err != nil {
		t.Fatal(err)
	}
	return []legal.SealBinding{{Digest: seal.Digest(file), Content: file}}
}

func keyVerifier(at time.Time, who Issuers) *Verifier {
	return New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Issuers: who, Status: noLists{}, Clock: func() time.Time { return at }})
}

// noLists has no status list; what names none needs none.
type noLists struct{}

func (noLists) StatusList(context.Context, revocation.Request) (*revocation.Found, error) {
	return nil, errors.New("there are none")
}

func identified(t *testing.T) Policy {
	t.Helper()
	p, err := Parse("name = \"identified\"\nrequire = [\"issuer\"]")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// broken is a source in place of another one.
type broken struct {
	how  string
	kind legal.Kind
}

func (b broken) Kind() legal.Kind { return b.kind }

func (broken) Concerns(legal.Inquiry) bool { return true }

func (b broken) About(ctx context.Context, _ legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	everything := []legal.Evidence{{Kind: b.kind, Level: legal.L6, By: "nobody", Organisation: testUniversity(), Issues: true}}
	good := []verdict.Check{verdict.New(verdict.Issuer, verdict.Identified), verdict.New(verdict.Status, verdict.OK), verdict.New(verdict.Authorisation, verdict.Recognised)}
	switch b.how {
	case "error":
		return everything, good, errors.New("the disk is gone")
	case "panic":
		panic("a source that breaks")
	case "hang":
		<-ctx.Done()
		return nil, nil, ctx.Err()
	case "late":
		<-ctx.Done()
		return everything, good, nil
	case "flood":
		return slices.Repeat(everything, 100), good, nil
	}
	return nil, nil, nil
}

// Each source of evidence, and all of them, made to fail in each way: no outcome is
// better than without the source, under no policy and for no credential.
func TestBrokenSourcesImproveNothing(t *testing.T) {
	for _, how := range []string{"error", "panic", "hang", "late", "flood", "empty"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { breakEach(t, how) })
		})
	}
}

func breakEach(t *testing.T, how string) {
	// The clock of the bubble stands still while nobody waits; certificates are of 2025.
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p := newParty(t)
	leaf := sealtest.NewAuthority(t, "CA").Issue(t, nil)
	whois := map[string][]byte{p.did: p.stated(t, at, testUniversity(), p.sealedBy(t, at, testUniversity(), leaf))}
	_, token, err := domain.Link{DID: p.did, Origin: "https://uni.example", From: at, Until: at.Add(time.Hour)}.Sign(t.Context(), p.private, p.method())
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := domain.Configuration([]any{token})
	if err != nil {
		t.Fatal(err)
	}
	trust := listing(cert.QualifiedSeal)
	all := []legal.Source{seal.Sealed{Trust: trust}, seal.Statements{Trust: trust}, seal.Keys{Trust: trust},
		domain.Source{Allowed: func(context.Context) bool { return true }, Fetch: func(context.Context, string) ([]byte, error) { return configuration, nil }}}
	good := p.badge(t, at, nil, nil)
	forged := []byte(strings.Replace(string(good), "Data Literacy", "Data Mastery!", 1))
	m := credential.Micro{ID: "urn:uuid:1b2c3d4e-0000-4000-8000-000000000002", Title: "Old", Holder: credential.Holder{Name: "Ana"}, Place: credential.MicroPlace{Country: "ES"}, Issuer: p.did, ValidUntil: "2026-02-01T00:00:00Z"}
	tree, err := m.Tree(at.AddDate(0, -3, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string][]byte{"good": good, "forged": forged, "expired": p.sign(t, tree, at.AddDate(0, -3, 0)), "sealed": sample(t, "edc-mc-annex1-signed.jsonld"),
		"another's": newParty(t).badge(t, at, nil, nil)}
	authentic, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	recognised, err := Shipped("recognised")
	if err != nil {
		t.Fatal(err)
	}
	rank := map[verdict.Outcome]int{verdict.Invalid: 0, verdict.Indeterminate: 1, verdict.Verified: 2}
	judge := func(body []byte, policy Policy, sources []legal.Source) *verdict.Verdict {
		return keyVerifier(at, told{whois: whois, sources: sources, domain: "uni.example"}).Verify(t.Context(), body, policy, time.Time{})
	}
	if v := judge(good, identified(t), all); v.Outcome != verdict.Verified || v.Issuer.Level != "L6" || v.Issuer.Get(verdict.FieldDomain).State != verdict.Proven {
		t.Fatalf("%s: the sources are not what this test is about: %+v", v.Outcome, v.Checks)
	}
	for name, body := range bodies {
		for _, policy := range []Policy{authentic, recognised, identified(t)} {
			for i := range len(all) + 1 {
				with, without := slices.Clone(all), slices.Clone(all)
				if i < len(all) {
					with[i] = broken{how, all[i].Kind()}
					without = slices.Delete(without, i, i+1)
				} else {
					without = nil
					for j := range with {
						with[j] = broken{how, all[j].Kind()}
					}
				}
				a, b := judge(body, policy, with), judge(body, policy, without)
				if rank[a.Outcome] > rank[b.Outcome] || a.Issuer.Level > b.Issuer.Level || len(a.Issuer.Recognitions) > len(b.Issuer.Recognitions) {
					t.Errorf("%s under %s, source %d: %s %s, without it %s %s", name, policy.Name, i, a.Outcome, a.Issuer.Level, b.Outcome, b.Issuer.Level)
				}
				if !a.Consistent() {
					t.Errorf("%s under %s, source %d: the outcome does not follow from the rows", name, policy.Name, i)
				}
			}
		}
	}
}

// What the samples that carry an identity say of their issuer, through a whole
// verification.
func TestSampleIdentities(t *testing.T) {
	const spanish, irish = "VAT ES A00000000", "VAT IE 654321"
	valid, later := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, file string
		at         time.Time
		trust      edc.Trust
		outcome    verdict.Outcome
		level      string
		code       verdict.Code // of a row of the check issuer
		states     map[string]verdict.FieldState
	}{
		{"official sample, authority listed", "edc-mc-annex1-signed.jsonld", valid, listing(cert.QualifiedCert), verdict.Indeterminate, "L5", verdict.Identified,
			map[string]verdict.FieldState{spanish: verdict.Proven, irish: verdict.Claimed}},
		{"official sample, nobody trusted", "edc-mc-annex1-signed.jsonld", valid, edc.Trust{}, verdict.Indeterminate, "L1", verdict.SelfClaimed,
			map[string]verdict.FieldState{spanish: verdict.Claimed, irish: verdict.Claimed}},
		{"official sample, certificate ended", "edc-mc-annex1-signed.jsonld", later, listing(cert.QualifiedCert), verdict.Indeterminate, "L1", verdict.SelfClaimed,
			map[string]verdict.FieldState{spanish: verdict.Claimed, irish: verdict.Claimed}},
		{"another number than the seal's", "edc-seal-valid-legalid-mismatch.jsonld", time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), listing(cert.QualifiedSeal), verdict.Invalid, "L1",
			verdict.SealContradicted, nil},
		{"endorsed Open Badge", "ob3-complete-endorsed-issuer.json", later, listing(cert.QualifiedSeal), verdict.Indeterminate, "L1", verdict.SelfClaimed,
			map[string]verdict.FieldState{"1EdTech University": verdict.Claimed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Clock: func() time.Time { return c.at }, Openers: Openers(c.trust),
				Issuers: told{sources: []legal.Source{seal.Sealed{Trust: c.trust}, seal.Statements{Trust: c.trust}, seal.Keys{Trust: c.trust}}}})
			policy, err := Shipped("authentic")
			if err != nil {
				t.Fatal(err)
			}
			got := v.Verify(t.Context(), sample(t, c.file), policy, time.Time{})
			if got.Outcome != c.outcome || got.Issuer.Level != c.level || !has(got, verdict.Issuer, c.code) {
				t.Errorf("%s %s, want %s %s and a row %s", got.Outcome, got.Issuer.Level, c.outcome, c.level, c.code)
			}
			for value, state := range c.states {
				if !slices.ContainsFunc(got.Issuer.Fields, func(f verdict.Field) bool { return f.Value == value && f.State == state }) {
					t.Errorf("%s is not %v in %+v", value, state, got.Issuer.Fields)
				}
			}
			for _, f := range got.Issuer.Fields {
				if f.State == verdict.Proven && c.level < "L3" {
					t.Errorf("proven by nobody: %+v", f)
				}
			}
			if t.Failed() {
				for _, row := range got.Checks {
					t.Logf("%s %s %s %v", row.Name, row.Result, row.Code, row.Params)
				}
			}
		})
	}
}

func has(v *verdict.Verdict, name verdict.CheckName, code verdict.Code) bool {
	return slices.ContainsFunc(v.Checks, func(c verdict.Check) bool { return c.Name == name && c.Code == code })
}

// Who copies the outside of an organisation gains nothing: not its name, however it is
// spelled, nor its certificate, its seal or its number.
func TestImpostors(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ca := sealtest.NewAuthority(t, "CA")
	leaf := ca.Issue(t, nil)
	trust := listing(cert.QualifiedSeal)
	uni := newParty(t)
	theirSeals := uni.sealedBy(t, at, testUniversity(), leaf)
	named := func(name string) legal.Organisation {
		o := testUniversity()
		o.LegalNames = []legal.Name{{Value: name}}
		o.ID = legal.Identifier{Scheme: "VAT", Country: "ES", Value: "B58378431"}
		return o
	}
	own := ca.Issue(t, func(c *x509.Certificate) {
		c.Subject.ExtraNames[0] = sealtest.OrganisationID("VATES-B58378431")
		c.Subject.Organization = []string{"Impostor Ltd"}
	})
	person := func(p party) []byte {
		return p.whois(t, at, p.sign(t, map[string]any{"@context": []any{credential.ContextV2, legal.Context}, "type": []any{"VerifiableCredential", legal.TypeStatement},
			"issuer": p.did, "validFrom": proof.FormatTime(at), "credentialSubject": map[string]any{"id": p.did, "type": []any{"Person"}, "legalName": "Ana Andromeda",
				"legalIdentifier": map[string]any{"type": "LegalIdentifier", "scheme": "PNO", "country": "ES", "value": "12345678Z"}}}, at))
	}
	for _, c := range []struct {
		name   string
		whois  func(p party) []byte
		issuer map[string]any // members of the credential's issuer
		level  string
		code   verdict.Code
		proven string // the only legal name that may be proven
	}{
		{"the organisation itself", nil, nil, "L6", verdict.Identified, "Test University"},
		{"the same name", func(p party) []byte { return p.stated(t, at, named("Test University"), nil) }, nil, "L1", verdict.SelfClaimed, ""},
		{"the same number and name", func(p party) []byte { return p.stated(t, at, testUniversity(), nil) }, nil, "L1", verdict.SelfClaimed, ""},
		{"a Cyrillic letter", func(p party) []byte { return p.stated(t, at, named("T\u0435st University"), nil) }, nil, "L1", verdict.NameLookAlike, ""},
		{"full width", func(p party) []byte { return p.stated(t, at, named("\uff34est University"), nil) }, nil, "L1", verdict.NameLookAlike, ""},
		{"a mark of direction in the credential", func(p party) []byte { return nil }, map[string]any{"name": "Test\u202eytisrevinU"}, "L1", verdict.NameLookAlike, ""},
		{"their seal is quoted", func(p party) []byte { return p.stated(t, at, testUniversity(), theirSeals) }, nil, "L1", verdict.EvidenceUnproven, ""},
		{"own seal under their name", func(p party) []byte {
			return p.stated(t, at, named("Test University"), p.sealedBy(t, at, named("Test University"), own))
		}, nil, "L6", verdict.Identified, "Impostor Ltd"},
		{"own seal beside their number", func(p party) []byte {
			return p.stated(t, at, testUniversity(), p.sealedBy(t, at, named("Test University"), own))
		}, nil, "L6", verdict.Disputed, "Impostor Ltd"},
		{"a natural person", person, nil, "L1", verdict.NaturalPerson, ""},
		{"a number with a slip", func(p party) []byte {
			o := testUniversity()
			o.ID.Value = "A00000001"
			return p.stated(t, at, o, nil)
		}, nil, "L1", verdict.IdentifierDigits, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newParty(t)
			if c.whois == nil {
				p = uni
				c.whois = func(p party) []byte { return p.stated(t, at, testUniversity(), theirSeals) }
			}
			v := keyVerifier(at, told{whois: map[string][]byte{p.did: c.whois(p)}, sources: []legal.Source{seal.Statements{Trust: trust}, seal.Keys{Trust: trust}}})
			got := v.Verify(t.Context(), p.badge(t, at, c.issuer, nil), identified(t), time.Time{})
			wantOutcome := verdict.Indeterminate
			if c.code == verdict.Identified {
				wantOutcome = verdict.Verified
			}
			if got.Issuer.Level != c.level || !has(got, verdict.Issuer, c.code) || got.Outcome != wantOutcome && c.code != verdict.Disputed {
				t.Errorf("%s %s %+v", got.Outcome, got.Issuer.Level, got.Checks)
			}
			for _, f := range got.Issuer.Fields {
				if f.Name == verdict.FieldLegalName && f.State == verdict.Proven && f.Value != c.proven {
					t.Errorf("proven: %+v", f)
				}
				if f.Name == verdict.FieldIdentifier && f.State == verdict.Proven && f.Value == "VAT ES A00000000" && p.did != uni.did {
					t.Errorf("their number is proven for an impostor: %+v", f)
				}
			}
		})
	}
}

// A credential whose issuer calls itself a person in the signed bytes says so in the
// verdict, and nothing is claimed for it.
func TestPersonIssues(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p := newParty(t)
	body := p.sign(t, map[string]any{"@context": []any{credential.ContextV2, legal.Context}, "type": []any{"VerifiableCredential"}, "validFrom": proof.FormatTime(at),
		"issuer": map[string]any{"id": p.did, "type": []any{"Person"}, "legalName": "Ana Andromeda"}, "credentialSubject": map[string]any{"id": "urn:uuid:1"}}, at)
	got := keyVerifier(at, told{}).Verify(t.Context(), body, identified(t), time.Time{})
	if !has(got, verdict.Issuer, verdict.NaturalPerson) || got.Issuer.Level != "L0" || len(got.Issuer.Fields) != 0 || got.Outcome == verdict.Verified {
		t.Errorf("%s %+v %+v", got.Outcome, got.Issuer, got.Checks)
	}
}

// An awarding body that is not the issuer is proven by its own word alone, or by a
// number that the issuer is proven to have.
func TestMandates(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	before, day := at.Add(-48*time.Hour), 24*time.Hour
	issuer, school, stranger := newParty(t), newParty(t), newParty(t)
	ca := sealtest.NewAuthority(t, "CA")
	leaf := ca.Issue(t, nil)
	trust := listing(cert.QualifiedSeal)
	mandate := func(by party, edit func(m *legal.Mandate)) []byte {
		m := legal.Mandate{By: by.did, Of: issuer.did, From: &before}
		if edit != nil {
			edit(&m)
		}
		b, err := legal.SignMandate(t.Context(), m, by.private, by.method())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	byDID := map[string]any{"id": school.did, "type": []any{"Profile"}, "name": "The School"}
	byNumber := map[string]any{"type": []any{"Profile"}, "name": "The School", "otherIdentifier": []any{
		map[string]any{"type": "IdentifierEntry", "identifier": "VATES-A00000000", "identifierType": "ext:vat"}}}
	sealed := school.stated(t, at, testUniversity(), school.sealedBy(t, at, testUniversity(), leaf))
	for _, c := range []struct {
		name     string
		body     map[string]any
		mandates [][]byte
		whois    map[string][]byte
		code     verdict.Code
		result   verdict.Result
	}{
		{"no mandate", byDID, nil, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"of the body, stapled", byDID, [][]byte{mandate(school, nil)}, nil, verdict.MandateProven, verdict.Pass},
		{"of the body, in whois", byDID, nil, map[string][]byte{issuer.did: issuer.whois(t, at, mandate(school, nil))}, verdict.MandateProven, verdict.Pass},
		{"of a stranger", byDID, [][]byte{mandate(stranger, nil)}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"of the issuer about itself", byDID, [][]byte{issuer.sign(t, map[string]any{"@context": []any{credential.ContextV2, legal.Context},
			"type": []any{"VerifiableCredential", legal.TypeMandate}, "issuer": issuer.did, "validFrom": proof.FormatTime(before),
			"credentialSubject": map[string]any{"id": issuer.did, "type": []any{"MandatedIssuer"}}}, before)}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"for somebody else", byDID, [][]byte{mandate(school, func(m *legal.Mandate) { m.Of = stranger.did })}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"for another type", byDID, [][]byte{mandate(school, func(m *legal.Mandate) { m.Types = []string{"Diploma"} })}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"not begun", byDID, [][]byte{mandate(school, func(m *legal.Mandate) { later := at.Add(day); m.From = &later })}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"ended before the credential", byDID, [][]byte{mandate(school, func(m *legal.Mandate) { end := at.Add(-time.Hour); m.Until = &end })}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"one letter changed", byDID, [][]byte{[]byte(strings.Replace(string(mandate(school, func(m *legal.Mandate) { m.Types = []string{"Diploma"} })), "Diploma", "DiplomA", 1))}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"a status that nobody can read", byDID, [][]byte{mandate(school, func(m *legal.Mandate) {
			m.Status = []credential.StatusSlot{{List: "https://school.example/status/1", Index: 1, Purpose: "revocation"}}
		})}, nil, verdict.DiffersUnproven, verdict.Unknown},
		{"by a number that its giver is proven to have", byNumber, [][]byte{mandate(school, nil)}, map[string][]byte{school.did: sealed}, verdict.MandateProven, verdict.Pass},
		{"by a number that its giver only claims", byNumber, [][]byte{mandate(school, nil)}, map[string][]byte{school.did: school.stated(t, at, testUniversity(), nil)}, verdict.DiffersUnproven, verdict.Unknown},
		{"the issuer is proven to have the number", byNumber, nil, map[string][]byte{issuer.did: issuer.stated(t, at, testUniversity(), issuer.sealedBy(t, at, testUniversity(), leaf))}, verdict.SameEntity, verdict.Pass},
		{"the issuer only claims the number", byNumber, nil, map[string][]byte{issuer.did: issuer.stated(t, at, testUniversity(), nil)}, verdict.DiffersUnproven, verdict.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := keyVerifier(at, told{whois: c.whois, sources: []legal.Source{seal.Statements{Trust: trust}}, more: func(q *legal.Request) { q.Mandates = c.mandates }})
			got := v.Verify(t.Context(), issuer.badge(t, at, nil, c.body), identified(t), time.Time{})
			row, _ := got.Worst(verdict.Awarding)
			if row.Code != c.code || row.Result != c.result {
				t.Errorf("%s %s %v, want %s", row.Result, row.Code, row.Params, c.code)
			}
			if c.code == verdict.MandateProven && row.Params["body"] != school.did {
				t.Errorf("the name that only the issuer says is shown as proven: %v", row.Params)
			}
		})
	}
	// A mandate that has ended since covers what was issued before, as a note.
	ended := mandate(school, func(m *legal.Mandate) { end := at.Add(day); m.Until = &end })
	v := keyVerifier(at.Add(2*day), told{more: func(q *legal.Request) { q.Mandates = [][]byte{ended} }})
	got := v.Verify(t.Context(), issuer.badge(t, at, nil, byDID), identified(t), time.Time{})
	if row, _ := got.Worst(verdict.Awarding); row.Code != verdict.MandateProven || row.Result != verdict.Warn {
		t.Errorf("%s %s", row.Result, row.Code)
	}
	// Stapled by the verifier, it is found by its type.
	over, err := NewOverlay([]Staple{{Name: "mandate", Body: ended}, {Name: "seal", Body: school.sealedBy(t, at, testUniversity(), leaf)[0].Content}}, at)
	if err != nil || len(over.Mandates) != 1 || len(over.sealed) != 1 || len(over.Ignored) != 0 {
		t.Errorf("%+v %v", over, err)
	}
}
