package jades

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Stamp is what a time stamp token (RFC 3161) states. Its signature is not
// checked, because no time stamping authority is trusted here: At is what By
// is said to have stated, never a proven time.
type Stamp struct {
	At time.Time
	// By is the name of the authority's certificate, or of whoever made that.
	By string
	// Covers tells whether the token's digest is that of the bytes that it
	// stands beside. False is a finding about the stamp, not about the seal.
	Covers bool
	// Err is [ErrStamp] when the token could not be read; then nothing else is
	// set. Tokens must be in DER.
	Err error
}

const (
	maxToken    = 64 << 10
	maxTSACert  = 16 << 10
	oidSigned   = "1.2.840.113549.1.7.2"
	oidTSTInfo  = "1.2.840.113549.1.9.16.1.4"
	oidSHA256   = "2.16.840.1.101.3.4.2.1"
	oidSHA384   = "2.16.840.1.101.3.4.2.2"
	oidSHA512   = "2.16.840.1.101.3.4.2.3"
	maxTSACerts = 8
)

// stamps reads a container {"tstTokens":[{"val":...}]} (TS 119 182-1 section
// 5.4.3.3) whose tokens stand for covered. The error is ErrHeader or
// ErrTooMany; an unreadable token is a Stamp with an Err.
func stamps(v any, covered []byte) ([]Stamp, error) {
	m, _ := v.(map[string]any)
	list, ok := m["tstTokens"].([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%w: time stamp without tokens", ErrHeader)
	}
	if len(list) > maxStamps {
		return nil, fmt.Errorf("%w: %d time stamps", ErrTooMany, len(list))
	}
	out := make([]Stamp, 0, len(list))
	for _, e := range list {
		t, _ := e.(map[string]any)
		text, _ := t["val"].(string)
		der, err := decodeStd(text)
		if err != nil || text == "" {
			return nil, fmt.Errorf("%w: a time stamp token is no base64", ErrHeader)
		}
		out = append(out, readToken(der, covered))
	}
	return out, nil
}

// The parts of CMS (RFC 5652 sections 3 and 5) and of TSTInfo (RFC 3161
// section 2.4.2) that are read. encoding/asn1 passes over what follows the
// last field of a sequence.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      asn1.RawValue
		Content      contentInfo
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		Revocation   asn1.RawValue `asn1:"optional,tag:1"`
		Signers      []signerInfo  `asn1:"set"`
	}
	signerInfo struct {
		Version int
		ID      asn1.RawValue
	}
	issuerAndSerial struct {
		Issuer pkix.RDNSequence
		Serial *big.Int
	}
	tstInfo struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Serial *big.Int
		Time   time.Time `asn1:"generalized"`
	}
)

// readToken reads one token in DER.
func readToken(der, covered []byte) Stamp {
	fail := func(what string) Stamp { return Stamp{Err: fmt.Errorf("%w: %s", ErrStamp, what)} }
	if len(der) > maxToken {
		return fail("too large")
	}
	var outer contentInfo
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 || outer.Type.String() != oidSigned {
		return fail("no signed data")
	}
	var sd signedData
	if rest, err := asn1.Unmarshal(outer.Content.Bytes, &sd); err != nil || len(rest) > 0 {
		return fail("no signed data")
	}
	var body []byte
	if rest, err := asn1.Unmarshal(sd.Content.Content.Bytes, &body); err != nil || len(rest) > 0 || sd.Content.Type.String() != oidTSTInfo {
		return fail("no content of the type TSTInfo")
	}
	var info tstInfo
	if rest, err := asn1.Unmarshal(body, &info); err != nil || len(rest) > 0 || info.Version != 1 {
		return fail("no TSTInfo")
	}
	digest := digestOf(info.Imprint.Algorithm.Algorithm.String(), covered)
	return Stamp{
		At: info.Time.UTC(), By: authority(sd),
		Covers: digest != nil && bytes.Equal(digest, info.Imprint.Digest),
	}
}

func digestOf(algorithm string, b []byte) []byte {
	switch algorithm {
	case oidSHA256:
		d := sha256.Sum256(b)
		return d[:]
	case oidSHA384:
		d := sha512.Sum384(b)
		return d[:]
	case oidSHA512:
		d := sha512.Sum512(b)
		return d[:]
	}
	return nil
}

// authority names whose token it is said to be: the subject of the embedded
// certificate that the signer's entry points to, else that entry's issuer.
func authority(sd signedData) string {
	var id issuerAndSerial
	if len(sd.Signers) == 0 {
		return ""
	}
	if _, err := asn1.Unmarshal(sd.Signers[0].ID.FullBytes, &id); err != nil || id.Serial == nil {
		return ""
	}
	rest := sd.Certificates.Bytes
	for range maxTSACerts {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			break
		}
		if len(one.FullBytes) > maxTSACert {
			continue
		}
		if c, err := x509.ParseCertificate(one.FullBytes); err == nil && c.SerialNumber.Cmp(id.Serial) == 0 {
			return c.Subject.String()
		}
	}
	return id.Issuer.String()
}
