package trustlist

import (
	"bytes"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/bonafide-id/bonafide/proof/cert"
)

// Bounds of one list. The largest national lists have about 6 MiB.
const (
	MaxBytes    = 24 << 20
	maxElements = 1_000_000
	maxDepth    = 48
)

// Signer decides who may sign a list.
type Signer func(*x509.Certificate) bool

// Certificates are signers by their whole certificates.
func Certificates(list ...*x509.Certificate) Signer {
	return func(c *x509.Certificate) bool { return slices.ContainsFunc(list, c.Equal) }
}

// Pins are signers by the SHA-256 of their certificates (x5t#S256, as
// [cert.Thumbprint] writes it).
func Pins(thumbprints ...string) Signer {
	return func(c *x509.Certificate) bool { return slices.Contains(thumbprints, cert.Thumbprint(c.Raw)) }
}

// Read verifies the enveloped signature of a list (XML Signature, TS 119 612
// section 5.7) and reads what it covers. by decides who may sign it; at is the
// time at which the signer's certificate must be valid. Whether the list itself is
// still current is for [List.StaleAt]. Errors: [ErrTooLarge], [ErrXML],
// [ErrSigner], [ErrSignature], [ErrForm].
func Read(data []byte, by Signer, at time.Time) (l *List, err error) {
	if err := bounded(data); err != nil {
		return nil, err
	}
	// The signature library is made for documents of a few kilobytes from
	// configured partners; whatever it trips over is a list that is not valid.
	defer func() {
		if p := recover(); p != nil {
			l, err = nil, fmt.Errorf("%w: %v", ErrSignature, p)
		}
	}()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrXML, err)
	}
	root := doc.Root()
	if root == nil || root.NamespaceURI() != nsTSL || root.Tag != "TrustServiceStatusList" {
		return nil, fmt.Errorf("%w: no TrustServiceStatusList", ErrXML)
	}
	signer, err := shape(root)
	if err != nil {
		return nil, err
	}
	if !by(signer) {
		return nil, fmt.Errorf("%w: %s", ErrSigner, cert.Thumbprint(signer.Raw))
	}
	if at.Before(signer.NotBefore) || at.After(signer.NotAfter) {
		return nil, fmt.Errorf("%w: its certificate is not valid at %s", ErrSigner, at.UTC().Format(time.RFC3339))
	}
	v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{signer}})
	v.IdAttribute, v.Clock = idAttribute, dsig.NewFakeClockAt(at)
	covered, err := v.Validate(root)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	out := etree.NewDocument()
	out.SetRoot(covered)
	text, err := out.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrXML, err)
	}
	var x xmlList
	if err := xml.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if l, err = x.list(); err != nil {
		return nil, err
	}
	l.Signer = signer
	return l, nil
}

// bounded looks at the text once without building anything.
func bounded(data []byte) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), MaxBytes)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	depth, elements := 0, 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if elements == 0 {
				return fmt.Errorf("%w: it is empty", ErrXML)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrXML, err)
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return fmt.Errorf("%w: it has a document type", ErrXML)
		}
		if depth > maxDepth || elements > maxElements {
			return fmt.Errorf("%w: depth %d, %d elements", ErrTooLarge, depth, elements)
		}
	}
}
