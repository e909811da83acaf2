package sealtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // ES384
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"
)

// Draft is a seal before it is made. Tests change what they like.
type Draft struct {
	Protected map[string]any
	Header    map[string]any
	Payload   string
	Key       crypto.Signer
}

// NewDraft makes a draft under b64 false, signed at the start of March 2026
// with ES256, ES384 or RS256 as the key has it.
func NewDraft(payload string, by Certificate) *Draft {
	alg := "RS256"
	if k, ok := by.Key.(*ecdsa.PrivateKey); ok {
		alg = map[int]string{256: "ES256", 384: "ES384"}[k.Curve.Params().BitSize]
	}
	sum := crypto.SHA256.New()
	sum.Write(by.DER)
	return &Draft{
		Protected: map[string]any{"alg": alg, "b64": false, "crit": []any{"b64", "sigT"}, "sigT": "2026-03-01T00:00:00Z",
			"x5c": []any{base64.StdEncoding.EncodeToString(by.DER)}, "x5t#S256": base64.RawURLEncoding.EncodeToString(sum.Sum(nil))},
		Header: map[string]any{}, Payload: payload, Key: by.Key,
	}
}

// File seals the draft and returns the file.
func (d *Draft) File(t testing.TB) []byte {
	t.Helper()
	out, err := json.Marshal(d.Tree(t))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Tree seals the draft and returns the file before it is written as JSON.
func (d *Draft) Tree(t testing.TB) map[string]any {
	t.Helper()
	head, err := json.Marshal(d.Protected)
	if err != nil {
		t.Fatal(err)
	}
	protected := base64.RawURLEncoding.EncodeToString(head)
	one := map[string]any{"protected": protected, "signature": d.sign(t, protected+"."+d.Payload)}
	if len(d.Header) > 0 {
		one["header"] = d.Header
	}
	return map[string]any{"payload": d.Payload, "signatures": []any{one}}
}

func (d *Draft) sign(t testing.TB, input string) string {
	t.Helper()
	alg, _ := d.Protected["alg"].(string)
	hash := crypto.SHA256
	if strings.HasSuffix(alg, "384") {
		hash = crypto.SHA384
	}
	sum := hash.New()
	sum.Write([]byte(input))
	digest := sum.Sum(nil)
	var sig []byte
	var err error
	switch k := d.Key.(type) {
	case *ecdsa.PrivateKey:
		r, s, e := ecdsa.Sign(rand.Reader, k, digest)
		size := (k.Curve.Params().BitSize + 7) / 8
		sig, err = make([]byte, 2*size), e
		if err == nil {
			r.FillBytes(sig[:size])
			s.FillBytes(sig[size:])
		}
	case *rsa.PrivateKey:
		var opts crypto.SignerOpts = hash
		if alg == "PS256" {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
		sig, err = k.Sign(rand.Reader, digest, opts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sig)
}

// Tokens is a container of one time stamp token in DER.
func Tokens(der []byte) map[string]any {
	return map[string]any{"tstTokens": []any{map[string]any{"val": base64.StdEncoding.EncodeToString(der)}}}
}

// Values is an unsigned property xVals.
func Values(list ...Certificate) map[string]any {
	var out []any
	for _, c := range list {
		out = append(out, map[string]any{"x509Cert": map[string]any{"val": base64.StdEncoding.EncodeToString(c.DER)}})
	}
	return map[string]any{"xVals": out}
}

// Token makes a time stamp token (RFC 3161) over covered with the shape of a
// real one; its signature is none.
func Token(t testing.TB, covered []byte, at time.Time, by Certificate) []byte {
	t.Helper()
	sum := crypto.SHA256.New()
	sum.Write(covered)
	info := marshal(t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Serial *big.Int
		Time   time.Time `asn1:"generalized"`
	}{1, OID("1.2.3.4"), struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: OID("2.16.840.1.101.3.4.2.1")}, sum.Sum(nil)}, big.NewInt(7), at})
	c := by.Parsed(t)
	type content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	explicit := func(inner []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}
	}
	signed := marshal(t, struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      content
		Certificates asn1.RawValue
		Signers      []struct {
			Version int
			ID      struct {
				Issuer asn1.RawValue
				Serial *big.Int
			}
		} `asn1:"set"`
	}{3, nil, content{OID("1.2.840.113549.1.9.16.1.4"), explicit(marshal(t, info))}, explicit(by.DER), []struct {
		Version int
		ID      struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}
	}{{1, struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}{asn1.RawValue{FullBytes: c.RawIssuer}, c.SerialNumber}}}})
	return marshal(t, content{OID("1.2.840.113549.1.7.2"), explicit(signed)})
}
