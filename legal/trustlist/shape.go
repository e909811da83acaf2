package trustlist

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/bonafide-id/bonafide/proof/cert"
)

const (
	nsDSig      = "http://www.w3.org/2000/09/xmldsig#"
	idAttribute = "Id"
)

// accepted are the algorithms of a list's signature (TS 119 312): no SHA-1, and
// only transforms that leave the whole list in.
func accepted(kind, algorithm string) bool {
	switch kind {
	case "SignatureMethod":
		switch algorithm {
		case dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
			dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod:
			return true
		}
	case "DigestMethod":
		switch algorithm {
		case "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512":
			return true
		}
	case "CanonicalizationMethod":
		switch dsig.AlgorithmID(algorithm) {
		case dsig.CanonicalXML10ExclusiveAlgorithmId, dsig.CanonicalXML10RecAlgorithmId, dsig.CanonicalXML11AlgorithmId:
			return true
		}
	}
	return false
}

// shape checks that root carries one signature, over the whole of root, in
// algorithms that are accepted, and returns the certificate that came with it.
// The library is more lenient in each of these.
func shape(root *etree.Element) (*x509.Certificate, error) {
	refuse := func(format string, args ...any) (*x509.Certificate, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrSignature}, args...)...)
	}
	var sig *etree.Element
	for _, e := range root.FindElements("//Signature") {
		if e.NamespaceURI() != nsDSig {
			continue
		}
		if sig != nil || e.Parent() != root {
			return refuse("there is not one signature at the top")
		}
		sig = e
	}
	if sig == nil {
		return refuse("there is none")
	}
	info, err := only(sig, "SignedInfo")
	if err != nil {
		return nil, err
	}
	method := ""
	for _, kind := range []string{"CanonicalizationMethod", "SignatureMethod"} {
		e, err := only(info, kind)
		if err != nil {
			return nil, err
		}
		if method = e.SelectAttrValue("Algorithm", ""); !accepted(kind, method) {
			return refuse("%s %.100q", kind, method)
		}
	}
	whole := 0
	for _, ref := range children(info, "Reference") {
		uri := ref.SelectAttrValue("URI", "-")
		digest, err := only(ref, "DigestMethod")
		if err != nil {
			return nil, err
		}
		if a := digest.SelectAttrValue("Algorithm", ""); !accepted("DigestMethod", a) {
			return refuse("DigestMethod %.100q", a)
		}
		id := root.SelectAttrValue(idAttribute, "")
		if uri != "" && (id == "" || uri != "#"+id) {
			if !strings.HasPrefix(uri, "#") || len(uri) < 2 {
				return refuse("a reference to %.100q", uri)
			}
			continue // the signature's own properties
		}
		whole++
		if err := transforms(ref); err != nil {
			return nil, err
		}
	}
	if whole != 1 {
		return refuse("%d references cover the list", whole)
	}
	signer, err := certificateOf(sig)
	if err != nil {
		return nil, err
	}
	return signer, plainECDSA(sig, signer)
}

// transforms allows the enveloped signature and one canonicalization.
func transforms(ref *etree.Element) error {
	list, err := only(ref, "Transforms")
	if err != nil {
		return err
	}
	enveloped, canonical := 0, 0
	for _, t := range list.ChildElements() {
		a := t.SelectAttrValue("Algorithm", "")
		switch {
		case dsig.AlgorithmID(a) == dsig.EnvelopedSignatureAltorithmId:
			enveloped++
		case accepted("CanonicalizationMethod", a):
			canonical++
		default:
			return fmt.Errorf("%w: transform %.100q", ErrSignature, a)
		}
	}
	if enveloped != 1 || canonical != 1 {
		return fmt.Errorf("%w: its transforms are not those of an enveloped signature", ErrSignature)
	}
	return nil
}

func children(e *etree.Element, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == nsDSig {
			out = append(out, c)
		}
	}
	return out
}

func only(e *etree.Element, tag string) (*etree.Element, error) {
	list := children(e, tag)
	if len(list) != 1 {
		return nil, fmt.Errorf("%w: %s has %d %s", ErrSignature, e.Tag, len(list), tag)
	}
	return list[0], nil
}

// certificateOf reads the signer's certificate, which must be the first in KeyInfo.
func certificateOf(sig *etree.Element) (*x509.Certificate, error) {
	e := sig
	for _, tag := range []string{"KeyInfo", "X509Data"} {
		var err error
		if e, err = only(e, tag); err != nil {
			return nil, err
		}
	}
	list := children(e, "X509Certificate")
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: it names no certificate", ErrSignature)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(list[0].Text()), ""))
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate: %w", ErrSignature, err)
	}
	c, err := cert.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return c, nil
}

// plainECDSA writes a signature of two numbers side by side (XML Signature 1.1
// section 6.4.3) in the form that the library hands to crypto/x509. A signature
// does not cover its own value.
func plainECDSA(sig *etree.Element, signer *x509.Certificate) error {
	value, err := only(sig, "SignatureValue")
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
	if err != nil {
		return fmt.Errorf("%w: its value: %w", ErrSignature, err)
	}
	if pub, ok := signer.PublicKey.(*ecdsa.PublicKey); ok {
		size := (pub.Curve.Params().BitSize + 7) / 8
		if len(raw) != 2*size {
			return fmt.Errorf("%w: its value has %d bytes, want %d", ErrSignature, len(raw), 2*size)
		}
		raw, err = asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:size]), new(big.Int).SetBytes(raw[size:])})
		if err != nil {
			return fmt.Errorf("%w: its value: %w", ErrSignature, err)
		}
	}
	value.SetText(base64.StdEncoding.EncodeToString(raw))
	return nil
}
