package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// sample is the certificate of an official Europass sample.
func sample(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(vectors.Path(t, "samples/edc-seal-leaf-cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

func TestOfficialSample(t *testing.T) {
	c, err := Parse(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(c)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Identifier{"VAT", "ES", "A00000000", "VATES-A00000000"}); f.Identifier != want {
		t.Errorf("identifier %+v", f.Identifier)
	}
	if f.Organisation != "ORGANIZACION TEST" || f.Country != "ES" || f.CommonName != "TEST SEAL" || f.NaturalPerson || !f.MaySign {
		t.Errorf("subject %+v", f)
	}
	if s := f.Statements; !s.Compliance || s.SSCD || !slices.Equal(s.Types, []string{"eseal"}) || !slices.Equal(s.Other, []string{"0.4.0.1862.1.3"}) {
		t.Errorf("statements %+v", s)
	}
	if !f.ClaimsQualifiedSeal() || !slices.Contains(f.Policies, PolicyQCPL) || slices.Contains(f.Policies, PolicyQCPLQSCD) {
		t.Errorf("policies %v", f.Policies)
	}
	if f.Thumbprint != "yFhiSlOALcqZZiW0-YfDctVcCXm96bUTtj5xN6pqvwQ" || f.Serial != "3378f4d568b289fb8ed0c03" || f.Key != "RSA 2048" {
		t.Errorf("thumbprint %s, serial %s, key %s", f.Thumbprint, f.Serial, f.Key)
	}
	if f.ValidAt(f.NotBefore.Add(-1)) || !f.ValidAt(f.NotBefore) || !f.ValidAt(f.NotAfter) || f.ValidAt(f.NotAfter.Add(1)) {
		t.Error("validity does not include its two ends, or more than them")
	}
}

func TestParseRefuses(t *testing.T) {
	ca := sealtest.NewAuthority(t, "Root")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	names := func(n int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for i := range n {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("%d.test", i))
			}
		}
	}
	good := ca.Issue(t, names(MaxNames))
	for _, c := range []struct {
		name string
		der  []byte
		want error
	}{
		{"good", good.DER, nil},
		{"one name too many", ca.Issue(t, names(MaxNames+1)).DER, ErrSize},
		{"fifty thousand names", ca.Issue(t, names(50000)).DER, ErrSize},
		{"too many attributes", ca.Issue(t, func(c *x509.Certificate) {
			for range MaxAttrs {
				c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: sealtest.OID("2.5.4.11"), Value: "unit"})
			}
		}).DER, ErrSize},
		{"nothing", nil, ErrParse},
		{"cut", good.DER[:len(good.DER)-1], ErrParse},
		{"one byte more", append(slices.Clone(good.DER), 0), ErrParse},
		{"short RSA", ca.IssueFor(t, short, nil).DER, ErrKey},
		{"P-224", ca.IssueFor(t, p224, nil).DER, ErrKey},
		{"unknown critical extension", ca.Issue(t, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: sealtest.OID("1.2.3.4"), Critical: true, Value: []byte{5, 0}})
		}).DER, ErrCritical},
		{"unknown extension, not critical", ca.Issue(t, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: sealtest.OID("1.2.3.4"), Value: []byte{5, 0}})
		}).DER, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, err := Parse(c.der); !errors.Is(err, c.want) || (out == nil) != (c.want != nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func read(t testing.TB, c sealtest.Certificate) (Facts, error) {
	t.Helper()
	parsed, err := Parse(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	return Read(parsed)
}

func TestReadSubject(t *testing.T) {
	ca := sealtest.NewAuthority(t, "Root")
	attr := func(oid, value string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: sealtest.OID(oid), Value: value})
		}
	}
	only := func(id string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{sealtest.OrganisationID(id)}
		}
	}
	for _, c := range []struct {
		name   string
		edit   func(*x509.Certificate)
		person bool
		id     string // raw
		want   error
	}{
		{"organisation", nil, false, "VATES-A00000000", nil},
		{"the identifier twice", attr("2.5.4.97", "VATES-A00000000"), false, "VATES-A00000000", nil},
		{"two identifiers", attr("2.5.4.97", "VATES-B00000000"), false, "", ErrSubject},
		{"no identifier", func(c *x509.Certificate) { c.Subject.ExtraNames = nil }, false, "", nil},
		{"identifier of its own form", only("Q2818002D"), false, "Q2818002D", nil},
		{"passport as organisation", only("PASES-AAA000000"), true, "PASES-AAA000000", nil},
		{"identity card as organisation", only("IDCES-00000000T"), true, "IDCES-00000000T", nil},
		{"personal number as serial number", attr("2.5.4.5", "PNOES-00000000T"), true, "VATES-A00000000", nil},
		{"tax number of a person", attr("2.5.4.5", "TINES-00000000T"), true, "VATES-A00000000", nil},
		{"serial number of an organisation", attr("2.5.4.5", "A00000000"), false, "VATES-A00000000", nil},
		{"surname", attr("2.5.4.4", "Andromeda"), true, "VATES-A00000000", nil},
		{"given name", attr("2.5.4.42", "Ana"), true, "VATES-A00000000", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := read(t, ca.Issue(t, c.edit))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && (f.NaturalPerson != c.person || f.Identifier.Raw != c.id) {
				t.Errorf("person %v, identifier %+v", f.NaturalPerson, f.Identifier)
			}
		})
	}
	f, err := read(t, ca.Issue(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }))
	if err != nil || f.MaySign {
		t.Errorf("a key for key agreement may sign: %v", err)
	}
}

func TestReadStatements(t *testing.T) {
	ca := sealtest.NewAuthority(t, "Root")
	with := func(value []byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtraExtensions[0].Value = value }
	}
	list := func(qc ...sealtest.QC) []byte { return sealtest.Statements(t, qc...).Value }
	oid := sealtest.OID
	many := make([]sealtest.QC, maxStatements+1)
	for i := range many {
		many[i] = sealtest.Statement("1.2.3.4")
	}
	for _, c := range []struct {
		name  string
		value []byte
		want  Statements
		err   error
	}{
		{"none", list(), Statements{}, nil},
		{"qualified seal in a device", list(sealtest.Statement(oidQcCompliance), sealtest.Statement(oidQcSSCD), sealtest.Statement(oidQcType, oid(oidQcType+".2"))),
			Statements{Compliance: true, SSCD: true, Types: []string{"eseal"}}, nil},
		{"signature and web", list(sealtest.Statement(oidQcType, oid(oidQcType+".1"), oid(oidQcType+".3"))), Statements{Types: []string{"esign", "web"}}, nil},
		{"a later type", list(sealtest.Statement(oidQcType, oid("1.2.3"))), Statements{Types: []string{"1.2.3"}}, nil},
		{"semantics", list(sealtest.Statement(oidQcSyntaxV2, oid(SemanticsLegal))), Statements{Semantics: SemanticsLegal}, nil},
		{"semantics of a person", list(sealtest.Statement(oidQcSyntaxV1, oid(SemanticsNatural))), Statements{Semantics: SemanticsNatural}, nil},
		{"semantics without information", list(sealtest.Statement(oidQcSyntaxV2)), Statements{}, nil},
		{"another statement", list(sealtest.Statement("0.4.0.1862.1.5")), Statements{Other: []string{"0.4.0.1862.1.5"}}, nil},
		{"type without information", list(sealtest.Statement(oidQcType)), Statements{}, ErrStatements},
		{"too many", list(many...), Statements{}, ErrStatements},
		{"no list", []byte{0x05, 0x00}, Statements{}, ErrStatements},
		{"bytes after the list", append(list(), 0), Statements{}, ErrStatements},
		{"cut", []byte{0x30, 0x03, 0x30}, Statements{}, ErrStatements},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := read(t, ca.Issue(t, with(c.value)))
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if got := f.Statements; fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if f.NaturalPerson != (c.want.Semantics == SemanticsNatural) {
				t.Errorf("person %v", f.NaturalPerson)
			}
		})
	}
}

func FuzzFacts(f *testing.F) {
	ca := sealtest.NewAuthority(f, "Root")
	f.Add(ca.DER)
	f.Add(ca.Issue(f, nil).DER)
	f.Add([]byte{})
	if os.Getenv("CI") == "true" {
		f.Add(sample(f))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := Parse(der)
		if err != nil {
			return
		}
		facts, err := Read(c)
		if err != nil {
			return
		}
		if facts.Level != None || facts.Thumbprint != Thumbprint(der) {
			t.Errorf("facts of %x: %+v", der, facts)
		}
		if p := Build(c, []*x509.Certificate{c}, x509.NewCertPool(), facts.NotBefore); p.Level == Chain || p.Err == nil {
			t.Errorf("trusted without a root: %+v", p)
		}
	})
}
