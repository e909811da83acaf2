package sdjwt

import (
	"context"
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
)

// The media types of a credential in a token, as they stand in typ.
const (
	TypeVC  = "dc+sd-jwt" // IETF SD-JWT VC
	TypeW3C = "vc+sd-jwt" // a W3C credential, VC-JOSE-COSE section 3.2
)

// Issue signs claims as a credential of one of the two types whose holder may
// withhold what the frame names. kid is the DID URL of the signer's key; the
// DID must be the issuer in the claims. The claims are those that a verifier
// will read: an SD-JWT VC with iss and vct, or a W3C credential of version 2.0.
// Errors: [ErrTyp], [ErrClaims], [ErrSigner], [ErrHidden], those of [Conceal]
// and of jose.Sign.
func Issue(ctx context.Context, s key.Signer, typ, kid string, claims map[string]any, f Frame) (*Token, error) {
	header := map[string]any{"typ": typ, "kid": kid}
	visible := alwaysVisible()
	if typ == TypeW3C {
		header["cty"], visible = "vc", alwaysVisibleW3C()
	}
	who, err := issuerIn(typ, claims)
	if err != nil {
		return nil, err
	}
	if controllerOf(kid) != who {
		return nil, fmt.Errorf("%w: kid %q is not a key of %q", ErrSigner, kid, who)
	}
	payload, disclosures, err := Conceal(claims, f)
	if err != nil {
		return nil, err
	}
	c, err := Reconstruct(payload, disclosures, Limits{})
	if err != nil {
		return nil, err
	}
	if name := withholdable(payload, c, visible); name != "" {
		return nil, fmt.Errorf("%w: %s", ErrHidden, name)
	}
	body, err := strictjson.Canonical(payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	jwt, err := jose.Sign(ctx, s, header, body)
	if err != nil {
		return nil, err
	}
	return &Token{JWT: jwt, Disclosures: disclosures}, nil
}

// issuerIn returns the issuer of claims that a verifier could read. They are
// read back from their bytes, because Go code may have put other types of
// numbers in than a reader will find.
func issuerIn(typ string, claims map[string]any) (string, error) {
	data, err := strictjson.Canonical(claims)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrClaims, err)
	}
	var c *credential.Credential
	switch typ {
	case TypeVC:
		tree, perr := strictjson.ParseObject(data, Limits{}.withDefaults().json())
		if perr != nil {
			return "", fmt.Errorf("%w: %w", ErrClaims, perr)
		}
		c, err = readVC(tree)
	case TypeW3C:
		if c, err = credential.Parse(data, strictjson.Limits{}); err != nil {
			err = fmt.Errorf("%w: %w", ErrClaims, err)
		}
	default:
		return "", fmt.Errorf("%w: %q", ErrTyp, typ)
	}
	if err != nil {
		return "", err
	}
	return c.Issuer, nil
}
