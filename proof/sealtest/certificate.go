package sealtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// Start and End bound the validity of every certificate made here.
func Start() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }

// End is the last moment of that validity.
func End() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }

// Certificate is a certificate with its private key.
type Certificate struct {
	DER []byte
	Key crypto.Signer
}

// Parsed returns the certificate as crypto/x509 has it.
func (c Certificate) Parsed(t testing.TB) *x509.Certificate {
	t.Helper()
	out, err := x509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Authority signs certificates.
type Authority struct {
	Certificate
	template *x509.Certificate
}

// NewAuthority makes a self-signed authority.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	tpl := authorityTemplate(name)
	key := NewKey(t)
	return &Authority{Certificate{create(t, tpl, tpl, key, key), key}, tpl}
}

// Below makes an authority that a signs.
func (a *Authority) Below(t testing.TB, name string) *Authority {
	t.Helper()
	tpl := authorityTemplate(name)
	key := NewKey(t)
	return &Authority{Certificate{create(t, tpl, a.template, key, a.Key), key}, tpl}
}

func authorityTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: Start(), NotAfter: End(),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte(name),
	}
}

// Issue makes the certificate of a seal: organisation "Test University",
// identifier VATES-A00000000, a qualified certificate for seals by its own
// word. edit, when not nil, changes the template before it is signed.
func (a *Authority) Issue(t testing.TB, edit func(*x509.Certificate)) Certificate {
	t.Helper()
	return a.IssueFor(t, NewKey(t), edit)
}

// IssueFor is Issue with a key that the caller made.
func (a *Authority) IssueFor(t testing.TB, key crypto.Signer, edit func(*x509.Certificate)) Certificate {
	t.Helper()
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(42), NotBefore: Start(), NotAfter: End(),
		Subject: pkix.Name{CommonName: "SEAL", Organization: []string{"Test University"}, Country: []string{"ES"},
			ExtraNames: []pkix.AttributeTypeAndValue{OrganisationID("VATES-A00000000")}},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		ExtraExtensions: []pkix.Extension{Statements(t, Statement("0.4.0.1862.1.1"),
			Statement("0.4.0.1862.1.6", OID("0.4.0.1862.1.6.2")))},
	}
	if edit != nil {
		edit(tpl)
	}
	return Certificate{create(t, tpl, a.template, key, a.Key), key}
}

// OrganisationID is an attribute organizationIdentifier.
func OrganisationID(id string) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 97}, Value: id}
}

// QC is one statement of the extension qcStatements.
type QC struct {
	ID   asn1.ObjectIdentifier
	Info []asn1.ObjectIdentifier `asn1:"optional,omitempty"`
}

// Statement makes a statement whose information is a list of OIDs.
func Statement(id string, info ...asn1.ObjectIdentifier) QC { return QC{OID(id), info} }

// Statements is the extension qcStatements.
func Statements(t testing.TB, list ...QC) pkix.Extension {
	t.Helper()
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}, Value: marshal(t, list)}
}

// OID reads an object identifier in dots.
func OID(s string) asn1.ObjectIdentifier {
	var out asn1.ObjectIdentifier
	n := 0
	for _, c := range []byte(s + ".") {
		if c == '.' {
			out, n = append(out, n), 0
		} else {
			n = n*10 + int(c-'0')
		}
	}
	return out
}

// NewKey makes a key on P-256.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func create(t testing.TB, tpl, parent *x509.Certificate, key, by crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tpl, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
