package sdjwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
)

// typBinding is the typ of a KB-JWT (RFC 9901 section 4.3).
const typBinding = "kb+jwt"

// maxBinding bounds a KB-JWT; it holds four short claims.
const maxBinding = 16 << 10

// How old a key binding may be, and how far its clock may be ahead.
const (
	bindingAge  = 10 * time.Minute
	bindingSkew = 5 * time.Minute
)

// Binding is what a holder says when it shows a token to somebody (RFC 9901
// section 4.3).
type Binding struct {
	Audience string    // whom it is shown to
	Nonce    string    // what that one asked to be repeated
	IssuedAt time.Time // whole seconds
}

// Bind returns the token with a key binding by the holder's key over what the
// token shows, so it comes after [Token.Select]. It is not checked that cnf
// names the key. Errors: [ErrBinding] when the token is bound already or the
// binding lacks a part, those of [Token.Select] and of jose.Sign.
func (t *Token) Bind(ctx context.Context, s key.Signer, b Binding) (*Token, error) {
	if t.KeyBinding != "" {
		return nil, fmt.Errorf("%w: it is there already", ErrBinding)
	}
	if b.Audience == "" || b.Nonce == "" || b.IssuedAt.IsZero() {
		return nil, fmt.Errorf("%w: audience, nonce and time are required", ErrBinding)
	}
	payload, err := t.payload(Limits{})
	if err != nil {
		return nil, err
	}
	h, err := hashOf(payload)
	if err != nil {
		return nil, err
	}
	claims, err := strictjson.Canonical(map[string]any{
		"aud": b.Audience, "nonce": b.Nonce, "iat": b.IssuedAt.Unix(), "sd_hash": h.digest(t.unbound()),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBinding, err)
	}
	out := &Token{JWT: t.JWT, Disclosures: slices.Clone(t.Disclosures)}
	out.KeyBinding, err = jose.Sign(ctx, s, map[string]any{"typ": typBinding}, claims)
	return out, err
}

// Expected is what a verifier demands of a key binding. An empty nonce or
// audience is not compared, and the binding then shows only that the holder
// once signed, not that it is the one who presents.
type Expected struct {
	Nonce     string
	Audiences []string  // names of the verifier; one must be named
	At        time.Time // when the nonce is answered; not compared without one
}

// CheckBinding verifies the key binding with the key that the signed claims
// name for the holder (RFC 9901 section 7.3). Errors: [ErrBinding],
// [ErrBindingSignature], [ErrBindingHash], [ErrBindingTime], [ErrNonce] and
// [ErrAudience], in this order.
func (t *Token) CheckBinding(holder key.Public, h Hash, want Expected) (*Binding, error) {
	tok, err := jose.Parse([]byte(t.KeyBinding), maxBinding)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBinding, err)
	}
	if err := tok.Demand("application/" + typBinding); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBinding, err)
	}
	if err := tok.Verify(holder); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBindingSignature, err)
	}
	claims, err := tok.Object(strictjson.Limits{MaxBytes: maxBinding, MaxDepth: 8})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBinding, err)
	}
	b, hash, err := readBinding(claims)
	if err != nil {
		return nil, err
	}
	switch {
	case hash != h.digest(t.unbound()):
		return nil, ErrBindingHash
	case want.Nonce != "" && b.IssuedAt.After(want.At.Add(bindingSkew)):
		return nil, fmt.Errorf("%w: made in the future", ErrBindingTime)
	case want.Nonce != "" && b.IssuedAt.Before(want.At.Add(-bindingAge)):
		return nil, fmt.Errorf("%w: made more than %v ago", ErrBindingTime, bindingAge)
	case want.Nonce != "" && b.Nonce != want.Nonce:
		return nil, ErrNonce
	case len(want.Audiences) > 0 && !slices.Contains(want.Audiences, b.Audience):
		return nil, ErrAudience
	}
	return b, nil
}

func readBinding(claims map[string]any) (b *Binding, hash string, err error) {
	b = &Binding{}
	for name, dst := range map[string]*string{"aud": &b.Audience, "nonce": &b.Nonce, "sd_hash": &hash} {
		s, ok := claims[name].(string)
		if !ok || s == "" {
			return nil, "", fmt.Errorf("%w: %s is not a text", ErrBinding, name)
		}
		*dst = s
	}
	at, err := numericDate(claims, "iat")
	if err != nil || at == nil {
		return nil, "", fmt.Errorf("%w: iat is not a time", ErrBinding)
	}
	b.IssuedAt = *at
	for _, name := range []string{"exp", "nbf"} {
		if _, has := claims[name]; has {
			// Nothing that limits a statement is passed over.
			return nil, "", fmt.Errorf("%w: %s is not for a key binding", ErrBinding, name)
		}
	}
	return b, hash, nil
}

// confirmation reads cnf (RFC 7800 section 3): a key, or the DID URL of one.
// Both empty means that the credential is bound to nobody. The error is
// [ErrNoConfirmation], when there is a cnf of another kind.
func confirmation(claims map[string]any) (pub key.Public, method string, err error) {
	raw, has := claims["cnf"]
	if !has {
		return key.Public{}, "", nil
	}
	cnf, ok := raw.(map[string]any)
	if !ok {
		return key.Public{}, "", fmt.Errorf("%w: cnf is not an object", ErrNoConfirmation)
	}
	if jwk, has := cnf["jwk"]; has {
		m, ok := jwk.(map[string]any)
		if !ok {
			return key.Public{}, "", fmt.Errorf("%w: jwk is not an object", ErrNoConfirmation)
		}
		pub, err := key.ParseJWK(m)
		if err != nil {
			return key.Public{}, "", fmt.Errorf("%w: %w", ErrNoConfirmation, err)
		}
		return pub, "", nil
	}
	if kid, ok := cnf["kid"].(string); ok && strings.HasPrefix(kid, "did:") {
		return key.Public{}, kid, nil
	}
	return key.Public{}, "", fmt.Errorf("%w: neither jwk nor the DID URL of a key", ErrNoConfirmation)
}

// bindingFault tells a fault of the binding from one of the token.
func bindingFault(err error) bool {
	for _, e := range []error{ErrBinding, ErrNoConfirmation, ErrBindingSignature, ErrBindingHash, ErrBindingTime, ErrNonce, ErrAudience} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
