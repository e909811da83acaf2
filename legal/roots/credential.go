package roots

import (
	"context"
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
)

// TypeList is the type of the credential in which a version travels in its publisher's
// folder.
const TypeList = "TrustRootListCredential"

// Path is where a version lies in the publisher's folder.
func Path(version int64) string { return fmt.Sprintf("recognition/roots.%d", version) }

// Wrap puts a version into a credential of its publisher for the folder, signed with a
// key of the publisher that stands under assertionMethod. The error is [ErrThreshold]
// for a list that too few have signed.
func Wrap(ctx context.Context, l *List, s key.Signer, method string) ([]byte, error) {
	if err := l.Signed(); err != nil {
		return nil, err
	}
	body, err := l.Bytes()
	if err != nil {
		return nil, err
	}
	tree := map[string]any{
		"@context":  []any{credential.ContextV2, legal.Context},
		"type":      []any{"VerifiableCredential", TypeList},
		"issuer":    l.Publisher,
		"validFrom": proof.FormatTime(l.Issued), "validUntil": proof.FormatTime(l.Expires),
		"credentialSubject": map[string]any{"id": l.Publisher, "type": "TrustRootList", "rootList": string(body)},
	}
	signed, err := proof.Sign(ctx, tree, s, proof.SignOptions{Suite: proof.EdDSAJCS2022, VerificationMethod: method, Created: l.Issued})
	if err != nil {
		return nil, fmt.Errorf("roots: sign: %w", err)
	}
	return strictjson.Canonical(signed)
}

// Unwrap takes a version out of its credential. The credential proves nothing about
// what the list says. The error is [ErrForm].
func Unwrap(body []byte) (*List, error) {
	c, err := credential.Parse(body, strictjson.Limits{MaxBytes: 64 << 10})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !c.Has(TypeList) || len(c.Subjects) != 1 {
		return nil, fmt.Errorf("%w: no %s", ErrForm, TypeList)
	}
	text, _ := c.Subjects[0]["rootList"].(string)
	l, err := Parse([]byte(text))
	if err == nil && c.Issuer != l.Publisher {
		err = fmt.Errorf("%w: published by %.200s and not by %.200s", ErrForm, c.Issuer, l.Publisher)
	}
	return l, err
}
