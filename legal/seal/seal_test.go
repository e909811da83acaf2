package seal

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/jades"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

func now() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

func university() legal.Organisation {
	return legal.Organisation{LegalNames: []legal.Name{{Value: "Test University", Lang: "en"}},
		ID: legal.Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000"}, Seat: legal.Seat{Country: "ES"}}
}

// world is an issuer with a key, a seal and a statement about itself.
type world struct {
	did       string
	private   key.Private
	ca        *sealtest.Authority
	leaf      sealtest.Certificate
	statement Statement
	org       legal.Organisation
	at        time.Time
	trust     edc.Trust
	// after changes the sealed file, quote what the DID's side says of it.
	after func(file []byte) []byte
	quote func(b *legal.SealBinding)
	files func(digest string) []byte
}

func newWorld(t *testing.T) *world {
	t.Helper()
	private, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{did: private.Public().DIDKey(), private: private, ca: sealtest.NewAuthority(t, "QC CA"), org: university(), at: now().Add(24 * time.Hour)}
	w.leaf = w.ca.Issue(t, nil)
	w.statement = For(w.did, w.org, now())
	w.trust = lists(cert.QualifiedCert)
	return w
}

// lists say the same of every certificate at every time.
func lists(level cert.Level) edc.Trust {
	return edc.Trust{Listed: func(*x509.Certificate, []*x509.Certificate, time.Time) edc.Listing {
		l := edc.Listing{Level: level, By: "Seals Ltd", List: "ES 7"}
		if level == cert.None {
			l.Why = errors.New("not listed")
		}
		return l
	}}
}

func (w *world) assess(t *testing.T) legal.Identity {
	t.Helper()
	payload, err := w.statement.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file, err := jades.Sign(payload, w.leaf.Key, [][]byte{w.leaf.DER}, w.statement.Date)
	if err != nil {
		t.Fatal(err)
	}
	b := legal.SealBinding{Digest: Digest(file), Content: file}
	if w.after != nil {
		b.Content = w.after(file)
		b.Digest = Digest(b.Content)
	}
	if w.quote != nil {
		w.quote(&b)
	}
	method := w.did + "#" + strings.TrimPrefix(w.did, "did:key:")
	s, err := legal.SignStatement(t.Context(), legal.Statement{DID: w.did, Organisation: w.org, ValidFrom: now(), Seals: []legal.SealBinding{b}}, w.private, method)
	if err != nil {
		t.Fatal(err)
	}
	whois, err := legal.SignWhois(t.Context(), w.did, [][]byte{s}, w.private, method, now())
	if err != nil {
		t.Fatal(err)
	}
	return legal.Assess(t.Context(), legal.Request{Issuer: w.did, At: w.at, Whois: whois,
		Check:   credential.Options{Resolver: did.Registry{"key": didkey.Resolver()}, At: w.at},
		Sources: []legal.Source{Statements{Trust: w.trust, Files: w.files}}})
}

// edited issues the certificate of the seal anew after a change.
func (w *world) edited(t *testing.T, edit func(*x509.Certificate)) { w.leaf = w.ca.Issue(t, edit) }

// The ladder: each step is reached, and lost again by one change. A refused binding
// leaves a finding that says why, and never more than the issuer's own word.
func TestStatements(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(t *testing.T, w *world)
		level legal.Level
		want  error // in the finding
	}{
		{"qualified certificate", func(*testing.T, *world) {}, legal.L5, nil},
		{"qualified seal", func(_ *testing.T, w *world) { w.trust = lists(cert.QualifiedSeal) }, legal.L6, nil},
		{"configured root only", func(t *testing.T, w *world) {
			pool := x509.NewCertPool()
			pool.AddCert(w.ca.Parsed(t))
			w.trust = edc.Trust{Roots: pool}
		}, legal.L2, ErrLevel},
		{"self-signed", func(t *testing.T, w *world) {
			w.leaf = selfSigned(t)
			w.trust = edc.Trust{}
		}, legal.L1, ErrLevel},
		{"nobody behind it", func(_ *testing.T, w *world) { w.trust = edc.Trust{} }, legal.L1, ErrLevel},
		{"no longer granted", func(_ *testing.T, w *world) {
			w.trust.Listed = func(_ *x509.Certificate, _ []*x509.Certificate, at time.Time) edc.Listing {
				if at.After(now()) {
					return edc.Listing{Level: cert.None, Why: errors.New("withdrawn")}
				}
				return edc.Listing{Level: cert.QualifiedSeal}
			}
		}, legal.L1, ErrLevel},
		{"granted only later", func(_ *testing.T, w *world) {
			w.trust.Listed = func(_ *x509.Certificate, _ []*x509.Certificate, at time.Time) edc.Listing {
				if at.After(now()) {
					return edc.Listing{Level: cert.QualifiedSeal}
				}
				return edc.Listing{Level: cert.None, Why: errors.New("not yet")}
			}
		}, legal.L1, ErrLevel},

		{"names another DID", func(_ *testing.T, w *world) { w.statement.DID = "did:web:other.example" }, legal.L1, ErrOtherDID},
		{"another digest is quoted", func(_ *testing.T, w *world) {
			w.quote = func(b *legal.SealBinding) { b.Digest = Digest([]byte("x")) }
		}, legal.L1, ErrNotQuoted},
		{"the quoted file is not at hand", func(_ *testing.T, w *world) {
			w.quote = func(b *legal.SealBinding) { b.Content = nil }
		}, legal.L1, ErrNotQuoted},
		{"one byte of the payload", func(_ *testing.T, w *world) {
			w.after = func(f []byte) []byte {
				return []byte(strings.Replace(string(f), "Test University", "Test Universitz", 1))
			}
		}, legal.L1, key.ErrSignature},
		{"the certificate was exchanged", func(t *testing.T, w *world) {
			other := w.ca.Issue(t, nil)
			w.leaf.DER = other.DER // stolen: its key is not at hand
		}, legal.L1, key.ErrSignature},
		{"no seal at all", func(_ *testing.T, w *world) { w.after = func([]byte) []byte { return []byte("{}") } }, legal.L1, jades.ErrShape},

		{"the certificate ended before it was sealed", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) { c.NotAfter = now().Add(-time.Hour) })
		}, legal.L1, ErrTime},
		{"the certificate ended since", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) { c.NotAfter = now().Add(time.Hour) })
		}, legal.L1, ErrTime},
		{"the certificate had not begun", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) { c.NotBefore = now().Add(time.Hour) })
		}, legal.L1, ErrTime},
		{"sealed in the future", func(_ *testing.T, w *world) { w.statement.Date = w.at.Add(time.Hour) }, legal.L1, ErrTime},
		{"a key that may not sign", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
		}, legal.L1, ErrUse},

		{"personal number", naming("PNOES-12345678Z"), legal.L1, legal.ErrNaturalPerson},
		{"identity card", naming("IDCES-1"), legal.L1, legal.ErrNaturalPerson},
		{"passport", naming("PASES-1"), legal.L1, legal.ErrNaturalPerson},
		{"tax number of a person", naming("TINES-1"), legal.L1, legal.ErrNaturalPerson},
		{"given name", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) {
				c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: "Ana"})
			})
		}, legal.L1, legal.ErrNaturalPerson},

		{"another organisation's certificate", naming("VATES-B00000000"), legal.L1, ErrHolder},
		{"a number of another scheme", naming("NTRES-1"), legal.L1, ErrHolder},
		{"no identifier in the certificate", func(t *testing.T, w *world) {
			w.edited(t, func(c *x509.Certificate) { c.Subject.ExtraNames = nil })
		}, legal.L1, ErrHolder},
		{"the statement names one of two", func(_ *testing.T, w *world) {
			w.statement.Identifiers = append(w.statement.Identifiers, legal.Identifier{Scheme: "LEI", Value: "529900T8BM49AURSDO55"})
		}, legal.L5, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.edit(t, w)
			id := w.assess(t)
			if id.Level() != c.level {
				t.Errorf("level %s, want %s", id.Level(), c.level)
			}
			detail := ""
			for _, row := range id.Checks {
				if row.Code == verdict.EvidenceUnproven {
					detail += row.Params["detail"]
				}
			}
			if c.want == nil && detail != "" || c.want != nil && !strings.Contains(detail, c.want.Error()) {
				t.Errorf("finding %q, want %v", detail, c.want)
			}
			row, _ := verdict.Verdict{Checks: id.Checks}.Worst(verdict.Issuer)
			if proven := c.level >= legal.L3; proven != (row.Result == verdict.Pass) {
				t.Errorf("%+v", row)
			}
			for _, f := range id.Fields {
				if proven := f.State == verdict.Proven; proven && c.level < legal.L3 {
					t.Errorf("proven without proof: %+v", f)
				}
			}
		})
	}
}

func naming(id string) func(t *testing.T, w *world) {
	return func(t *testing.T, w *world) {
		w.edited(t, func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID(id)}
		})
	}
}

// selfSigned is a certificate of the test university by nobody but itself.
func selfSigned(t *testing.T) sealtest.Certificate {
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

// What is proven is what the certificate names; the statement's other words stay
// claims, and a number that the issuer states against the seal is contradicted.
func TestProvenFields(t *testing.T) {
	w := newWorld(t)
	w.org.Identifiers = []legal.Identifier{{Scheme: "VAT", Country: "IE", Value: "6433435F"}}
	w.org.LegalNames = []legal.Name{{Value: "Universidad de Prueba", Lang: "es"}}
	w.statement = For(w.did, w.org, now())
	id := w.assess(t)
	for _, want := range []struct {
		name, value string
		state       verdict.FieldState
	}{
		{verdict.FieldIdentifier, "VAT ES A00000000", verdict.Proven}, {verdict.FieldIdentifier, "VAT IE 6433435F", verdict.Claimed},
		{verdict.FieldLegalName, "Test University", verdict.Proven}, {verdict.FieldLegalName, "Universidad de Prueba", verdict.Claimed},
		{verdict.FieldLegalSeat, "ES", verdict.Proven},
	} {
		ok := false
		for _, f := range id.Fields {
			ok = ok || f.Name == want.name && f.Value == want.value && f.State == want.state
		}
		if !ok {
			t.Errorf("no %+v in %+v", want, id.Fields)
		}
	}
	w.org.ID.Value = "B00000000" // the DID states another number than its seal proves
	id = w.assess(t)
	if id.Checks[0].Code != verdict.Disputed {
		t.Errorf("%+v", id.Checks)
	}
	// A file that travels apart counts as one inside does.
	w = newWorld(t)
	kept := map[string][]byte{}
	w.quote = func(b *legal.SealBinding) { kept[b.Digest], b.Content = b.Content, nil }
	w.files = func(digest string) []byte { return kept[digest] }
	if id := w.assess(t); id.Level() != legal.L5 {
		t.Errorf("apart: %s %+v", id.Level(), id.Checks)
	}
}

// Make refuses what everybody would refuse.
func TestMake(t *testing.T) {
	ca := sealtest.NewAuthority(t, "CA")
	good := ca.Issue(t, nil)
	for _, c := range []struct {
		name string
		leaf sealtest.Certificate
		edit func(*Statement)
		want error
	}{
		{"good", good, func(*Statement) {}, nil},
		{"certificate of a person", ca.Issue(t, func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID("PNOES-1")}
		}), func(*Statement) {}, legal.ErrNaturalPerson},
		{"certificate that has ended", good, func(s *Statement) { s.Date = sealtest.End().Add(time.Hour) }, ErrTime},
		{"key of another", sealtest.Certificate{DER: good.DER, Key: sealtest.NewKey(t)}, func(*Statement) {}, key.ErrSignature},
		{"other organisation", good, func(s *Statement) { s.Identifiers[0].Value = "B00000000" }, ErrHolder},
		{"personal number in the statement", good, func(s *Statement) {
			s.Identifiers = append(s.Identifiers, legal.Identifier{Scheme: "PNO", Country: "ES", Value: "1"})
		}, legal.ErrNaturalPerson},
		{"no name", good, func(s *Statement) { s.LegalNames = nil }, ErrStatement},
	} {
		s := For("did:web:uni.example", university(), now())
		c.edit(&s)
		if _, err := Make(s, c.leaf.Key, [][]byte{c.leaf.DER}); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Each member of a statement in one wrong way.
func TestReadStatement(t *testing.T) {
	good, err := For("did:web:uni.example", university(), now()).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadStatement(good)
	if err != nil || s.DID != "did:web:uni.example" || !s.Date.Equal(now()) || s.LegalNames[0].Lang != "en" || !s.Identifiers[0].Equal(university().ID) {
		t.Fatalf("%+v %v", s, err)
	}
	for name, edit := range map[string]func(m map[string]any){
		"another type":         func(m map[string]any) { m["type"] = "Contract" },
		"another purpose":      func(m map[string]any) { m["purpose"] = "I owe you" },
		"a member more":        func(m map[string]any) { m["more"] = 1 },
		"no did":               func(m map[string]any) { delete(m, "did") },
		"a date that is none":  func(m map[string]any) { m["date"] = "yesterday" },
		"names are a text":     func(m map[string]any) { m["legalNames"] = "x" },
		"no identifiers":       func(m map[string]any) { m["identifiers"] = []any{} },
		"a wrong identifier":   func(m map[string]any) { m["identifiers"] = []any{map[string]any{"scheme": "VAT", "value": "1"}} },
		"an identifier is odd": func(m map[string]any) { m["identifiers"] = []any{1} },
		"no seat":              func(m map[string]any) { delete(m, "legalSeat") },
	} {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		edit(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadStatement(b); !errors.Is(err, ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	s, err := For("did:web:uni.example", university(), now()).Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add([]byte(`{"payload":"","signatures":[{"protected":"` + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","x5c":[""]}`)) + `","signature":""}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ReadStatement(b); err == nil {
			again, err := s.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := ReadStatement(again); err == nil && back.DID != s.DID {
				t.Fatal("the statement changed on its way")
			}
		}
		if _, err := Check(b, func(string) bool { return true }, edc.Trust{}, now()); err == nil {
			t.Fatal("something that nobody sealed is a binding")
		}
	})
}
