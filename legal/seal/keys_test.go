package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

// named has the public half of a key of ours, for the certificate of it.
type named struct{ pub *ecdsa.PublicKey }

func (n named) Public() crypto.PublicKey { return n.pub }

func (named) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("only its name is needed")
}

func publicOf(t *testing.T, p key.Private) *ecdsa.PublicKey {
	t.Helper()
	jwk := p.Public().JWK()
	point := []byte{4}
	for _, name := range []string{"x", "y"} {
		text, _ := jwk[name].(string)
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		point = append(point, b...)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

// bound is an issuer whose document names the certificate of its key.
type bound struct {
	private key.Private
	jwk     map[string]any
	leaf    sealtest.Certificate
	ca      *sealtest.Authority
	signer  key.Private // who signs the statement; its method stands in the document
	issuer  string
	sign    bool
	trust   edc.Trust
}

const boundDID = "did:web:uni.example"

type static struct{ doc *did.Document }

func (s static) Resolve(_ context.Context, id string, _ did.Options) (*did.Resolution, error) {
	return &did.Resolution{DID: id, Document: s.doc}, nil
}

func newKey(t *testing.T, kind key.Kind) key.Private {
	t.Helper()
	k, err := key.Generate(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newBound(t *testing.T) *bound {
	t.Helper()
	b := &bound{private: newKey(t, key.P256), ca: sealtest.NewAuthority(t, "QC CA"), issuer: boundDID, sign: true, trust: lists(cert.QualifiedSeal)}
	b.signer = b.private
	b.leaf = b.ca.IssueFor(t, named{publicOf(t, b.private)}, nil)
	b.jwk = b.private.Public().JWK()
	b.jwk["x5t#S256"] = cert.Thumbprint(b.leaf.DER)
	b.jwk["x5c"] = []any{base64.StdEncoding.EncodeToString(b.leaf.DER)}
	return b
}

func (b *bound) assess(t *testing.T) legal.Identity {
	t.Helper()
	method := func(name string, jwk map[string]any) map[string]any {
		return map[string]any{"id": boundDID + name, "type": "JsonWebKey", "controller": boundDID, "publicKeyJwk": jwk}
	}
	doc, err := did.ParseDocument(map[string]any{"id": boundDID,
		"verificationMethod": []any{method("#seal", b.jwk), method("#signer", b.signer.Public().JWK())},
		"assertionMethod":    []any{boundDID + "#seal", boundDID + "#signer"}})
	if err != nil {
		t.Fatal(err)
	}
	q := legal.Request{Issuer: boundDID, At: now(), Document: doc, Sources: []legal.Source{Keys{Trust: b.trust}}}
	if b.sign {
		tree := map[string]any{"@context": []any{credential.ContextV2, legal.Context}, "type": []any{"VerifiableCredential", "EducationCredential"},
			"issuer": b.issuer, "validFrom": proof.FormatTime(now()), "credentialSubject": map[string]any{"id": "urn:uuid:1"}}
		name := "#signer"
		if b.signer.Public() == b.private.Public() {
			name = "#seal"
		}
		suite := proof.ECDSAJCS2019
		signed, err := proof.Sign(t.Context(), tree, b.signer, proof.SignOptions{Suite: suite, VerificationMethod: boundDID + name, Created: now()})
		if err != nil {
			t.Fatal(err)
		}
		q.Signed = credential.CheckTree(t.Context(), signed, credential.Options{Resolver: did.Registry{"web": static{doc}}, At: now()})
	}
	return legal.Assess(t.Context(), q)
}

// The same key in the document and in the certificate, and a signature with it: each
// of the three alone proves nothing.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(t *testing.T, b *bound)
		level legal.Level
		want  error
	}{
		{"bound", func(*testing.T, *bound) {}, legal.L6, nil},
		{"no device", func(_ *testing.T, b *bound) { b.trust = lists(cert.QualifiedCert) }, legal.L5, nil},
		{"not listed", func(_ *testing.T, b *bound) { b.trust = lists(cert.None) }, legal.L0, ErrLevel},
		{"nothing is signed with it", func(_ *testing.T, b *bound) { b.sign = false }, legal.L0, ErrUnsigned},
		{"signed with another key of the document", func(t *testing.T, b *bound) { b.signer = newKey(t, key.P256) }, legal.L0, ErrUnsigned},
		{"stolen certificate at another key", func(t *testing.T, b *bound) {
			other := b.ca.Issue(t, nil)
			b.jwk["x5t#S256"] = cert.Thumbprint(other.DER)
			b.jwk["x5c"] = []any{base64.StdEncoding.EncodeToString(other.DER)}
		}, legal.L0, ErrOtherKey},
		{"stolen certificate and its key, which cannot sign", func(t *testing.T, b *bound) {
			b.signer = newKey(t, key.P256)
		}, legal.L0, ErrUnsigned},
		{"certificate without a thumbprint", func(_ *testing.T, b *bound) { delete(b.jwk, "x5t#S256") }, legal.L0, ErrThumbprint},
		{"thumbprint of another certificate", func(_ *testing.T, b *bound) {
			b.jwk["x5t#S256"] = cert.Thumbprint([]byte("x"))
		}, legal.L0, ErrNoCertificate},
		{"certificate not at hand", func(_ *testing.T, b *bound) { delete(b.jwk, "x5c") }, legal.L0, ErrNoCertificate},
		{"small letter in the name", func(_ *testing.T, b *bound) {
			b.jwk["x5t#s256"] = b.jwk["x5t#S256"]
			delete(b.jwk, "x5t#S256")
		}, legal.L0, ErrThumbprint},
		{"hexadecimal", func(_ *testing.T, b *bound) {
			sum := sha256.Sum256(b.leaf.DER)
			b.jwk["x5t#S256"] = hex.EncodeToString(sum[:])
		}, legal.L0, ErrThumbprint},
		{"padded", func(_ *testing.T, b *bound) {
			sum := sha256.Sum256(b.leaf.DER)
			b.jwk["x5t#S256"] = base64.URLEncoding.EncodeToString(sum[:])
		}, legal.L0, ErrThumbprint},
		{"certificate of a person", func(t *testing.T, b *bound) {
			b.leaf = b.ca.IssueFor(t, named{publicOf(t, b.private)}, func(c *x509.Certificate) {
				c.Subject.ExtraNames[0] = sealtest.OrganisationID("PNOES-12345678Z")
			})
			b.jwk["x5t#S256"] = cert.Thumbprint(b.leaf.DER)
			b.jwk["x5c"] = []any{base64.StdEncoding.EncodeToString(b.leaf.DER)}
		}, legal.L0, legal.ErrNaturalPerson},
		{"no certificate named", func(_ *testing.T, b *bound) { delete(b.jwk, "x5t#S256"); delete(b.jwk, "x5c") }, legal.L0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBound(t)
			c.edit(t, b)
			id := b.assess(t)
			expect(t, id, c.level, c.want)
		})
	}
}

// expect holds level and findings of an answer against what a case says.
func expect(t *testing.T, id legal.Identity, level legal.Level, want error) {
	t.Helper()
	if id.Level() != level {
		t.Errorf("level %s, want %s", id.Level(), level)
	}
	detail := ""
	for _, row := range id.Checks {
		if row.Code == verdict.EvidenceUnproven {
			detail += row.Params["detail"]
		}
	}
	if want == nil && detail != "" || want != nil && !strings.Contains(detail, want.Error()) {
		t.Errorf("finding %q, want %v", detail, want)
	}
}

// The document of the European pilot spells the member in another letter case and
// writes 52 hexadecimal digits: it is refused, and told.
func TestSampleBinding(t *testing.T) {
	b, err := os.ReadFile(vectors.Path(t, "samples/dc4eu-did-ebsi-x5t-binding.json"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := strictjson.ParseObject(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := did.ParseDocument(tree)
	if err != nil {
		t.Fatal(err)
	}
	id := legal.Assess(t.Context(), legal.Request{Issuer: doc.ID(), At: now(), Document: doc, Sources: []legal.Source{Keys{Trust: lists(cert.QualifiedSeal)}}})
	expect(t, id, legal.L0, ErrThumbprint)
}
