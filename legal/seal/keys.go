package seal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

// Keys is the source of evidence that reads DID documents in which the key of a seal
// certificate stands: a publicKeyJwk with x5t#S256 (RFC 7517 section 4.9). It counts
// when the key is that of the certificate and something that names the DID is signed
// with it, because both thumbprint and key can be copied by anybody.
type Keys struct {
	Trust edc.Trust
	// Certificates finds a certificate by its x5t#S256, beside those in the document
	// and in the headers of what is signed. Nil: none.
	Certificates func(thumbprint string) []byte
}

// Kind is that of bindings by key.
func (Keys) Kind() legal.Kind { return legal.KindSealKey }

// maxKeys bounds the keys of a document that are looked at.
const maxKeys = 16

// Concerns implements legal.Source: only a publicKeyJwk can name a certificate.
func (Keys) Concerns(q legal.Inquiry) bool {
	return slices.ContainsFunc(methods(q), func(method map[string]any) bool { return method["publicKeyJwk"] != nil })
}

func methods(q legal.Inquiry) []map[string]any {
	if q.Document == nil {
		return nil
	}
	list := q.Document.Entries()
	return list[:min(len(list), maxKeys)]
}

// About looks through the keys of the issuer's document.
func (k Keys) About(ctx context.Context, q legal.Inquiry) (found []legal.Evidence, rows []verdict.Check, err error) {
	for _, method := range methods(q) {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		jwk, _ := method["publicKeyJwk"].(map[string]any)
		print, named, err := thumbprintOf(jwk)
		if err != nil {
			rows = append(rows, finding(legal.KindSealKey, err))
			continue
		}
		if !named {
			if _, pasted := jwk["x5c"]; pasted {
				rows = append(rows, finding(legal.KindSealKey, fmt.Errorf("%w: x5c without x5t#S256", ErrThumbprint)))
			}
			continue
		}
		id, _ := method["id"].(string)
		b, err := k.read(q, id, jwk, print)
		if err != nil {
			rows = append(rows, finding(legal.KindSealKey, err))
			continue
		}
		if row, weak := b.Standing.weak(legal.KindSealKey); weak {
			rows = append(rows, row)
		}
		ev := evidence(legal.KindSealKey, b.Standing, b.Sealed)
		ev.Join = "x5t#S256"
		if ev.Level > legal.L1 {
			found = append(found, ev)
		}
	}
	return found, rows, nil
}

// thumbprintOf reads x5t#S256. A member that only looks like it, in another letter case
// or another encoding, is an error and never an alias.
func thumbprintOf(jwk map[string]any) (print string, named bool, err error) {
	for name, v := range jwk {
		if !strings.EqualFold(strings.TrimSpace(name), "x5t#S256") {
			continue
		}
		text, _ := v.(string)
		if b, err := base64.RawURLEncoding.Strict().DecodeString(text); name != "x5t#S256" || err != nil || len(b) != sha256.Size {
			return "", true, fmt.Errorf("%w: member %q is %.80q", ErrThumbprint, name, text)
		}
		print, named = text, true
	}
	return print, named, nil
}

// read holds one key against its certificate and looks for a signature with it.
func (k Keys) read(q legal.Inquiry, id string, jwk map[string]any, print string) (Binding, error) {
	var b Binding
	pub, err := key.ParseJWK(jwk)
	if err != nil {
		return b, err
	}
	method, ok := q.Document.FindKey(pub, did.AssertionMethod)
	if !ok {
		return b, fmt.Errorf("%w: the key %.200s may not sign credentials", ErrUse, id)
	}
	signed := k.signed(q, pub)
	chain := k.chain(jwk, signed, print)
	if chain == nil {
		return b, fmt.Errorf("%w: %s", ErrNoCertificate, print)
	}
	leaf := certificate(chain[0])
	if leaf == nil {
		return b, fmt.Errorf("%w: %s cannot be read", ErrNoCertificate, print)
	}
	held, err := cert.Key(leaf)
	if err != nil {
		return b, err
	}
	if held != method.Key {
		return b, fmt.Errorf("%w: %s at %.200s", ErrOtherKey, print, id)
	}
	if signed == nil {
		return b, fmt.Errorf("%w: %s", ErrUnsigned, print)
	}
	b.Sealed = q.At
	if at := signed.Signer.Created; at != nil {
		b.Sealed = *at
	} else if at := signed.Credential.ValidFrom; at != nil {
		b.Sealed = *at
	}
	b.Standing, err = stand(k.Trust, chain, nil, b.Sealed, q.At)
	return b, err
}

// signed finds something by the issuer that is signed with the key: what it says about
// itself, or the credential that the question is about.
func (k Keys) signed(q legal.Inquiry, pub key.Public) *credential.Checked {
	list := q.Whois
	if q.Signed != nil {
		list = append(list[:len(list):len(list)], q.Signed)
	}
	var oldest *credential.Checked
	when := func(c *credential.Checked) time.Time {
		if c.Signer.Created != nil {
			return *c.Signer.Created
		}
		return time.Time{}
	}
	for _, c := range list {
		if c == nil || c.Credential == nil || c.Signer.Retired || c.Signer.Method.Key != pub || !q.Same(c.Credential.Issuer, q.Issuer) ||
			c.Row(verdict.Integrity).Result != verdict.Pass || c.Row(verdict.Signer).Result != verdict.Pass {
			continue
		}
		if oldest == nil || when(c).Before(when(oldest)) {
			oldest = c
		}
	}
	return oldest
}

// chain finds the certificate of a thumbprint with those that came along.
func (k Keys) chain(jwk map[string]any, signed *credential.Checked, print string) [][]byte {
	var inDocument [][]byte
	if list, ok := jwk["x5c"].([]any); ok && len(list) <= cert.MaxDepth {
		for _, e := range list {
			text, _ := e.(string)
			der, err := base64.StdEncoding.Strict().DecodeString(text)
			if err != nil {
				break
			}
			inDocument = append(inDocument, der)
		}
	}
	if len(inDocument) > 0 && cert.Thumbprint(inDocument[0]) == print {
		return inDocument
	}
	if signed != nil && len(signed.Signer.Chain) > 0 && cert.Thumbprint(signed.Signer.Chain[0]) == print {
		return signed.Signer.Chain
	}
	if k.Certificates != nil {
		if der := k.Certificates(print); der != nil && cert.Thumbprint(der) == print {
			return [][]byte{der}
		}
	}
	return nil
}
