package jades

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/sealtest"
)

// broken signs nothing that anybody could check.
type broken struct {
	crypto.Signer
	sig []byte
	err error
}

func (b broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.sig, b.err }

// What is sealed here is read back, byte for byte, under every kind of key, and what
// cannot be sealed is refused.
func TestSign(t *testing.T) {
	ca := sealtest.NewAuthority(t, "CA")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256 := sealtest.NewKey(t)
	gone := errors.New("the device is gone")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	for _, c := range []struct {
		name string
		key  crypto.Signer
		alg  string
		want error
	}{
		{"P-256", p256, "ES256", nil}, {"P-384", p384, "ES384", nil}, {"RSA", rsa2048, "RS256", nil},
		{"P-521", p521, "", ErrAlgorithm}, {"Ed25519", ed, "", ErrAlgorithm},
		{"a device that fails", broken{p256, nil, gone}, "", gone},
		{"a device that answers nonsense", broken{p256, []byte{1}, nil}, "", ErrAlgorithm},
		{"a device of another curve", broken{p256, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}, nil}, "", ErrAlgorithm},
	} {
		t.Run(c.name, func(t *testing.T) {
			leaf := ca.IssueFor(t, sealtest.NewKey(t), nil)
			if c.want == nil {
				leaf = ca.IssueFor(t, c.key, nil)
			}
			payload := []byte("{\"x\":\"<\u00e9\\\\>\"}\n")
			file, err := Sign(payload, c.key, [][]byte{leaf.DER, ca.DER}, at)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err != nil {
				return
			}
			s, err := Parse(file)
			if err != nil || s.Alg != c.alg || !s.SignedAt.Equal(at) || len(s.Certificates) != 2 {
				t.Fatalf("%+v %v", s, err)
			}
			pub, err := key.FromPKIX(leaf.Parsed(t).PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Verify(pub); err != nil || !bytes.Equal(got, payload) {
				t.Errorf("%q %v", got, err)
			}
		})
	}
	if _, err := Sign([]byte{0xff}, p256, [][]byte{ca.DER}, at); !errors.Is(err, ErrShape) {
		t.Errorf("no UTF-8: %v", err)
	}
	if _, err := Sign(nil, p256, nil, at); !errors.Is(err, ErrHeader) {
		t.Errorf("without a certificate: %v", err)
	}
}
