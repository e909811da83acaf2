package jwk

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

const prefix = "did:jwk:"

var limits = strictjson.Limits{MaxBytes: 4 << 10, MaxDepth: 4, MaxValues: 64}

type resolver struct{}

// Resolver returns the resolver of did:jwk. Its errors are did.ErrInvalid,
// joined with the reason, and did.ErrFeature when a version is asked for.
func Resolver() did.Resolver { return resolver{} }

// Resolve builds the document (did:jwk section "Read").
func (resolver) Resolve(_ context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:jwk has no versions", did.ErrFeature)
	}
	text, ok := strings.CutPrefix(id, prefix)
	if !ok || len(text) > 8<<10 {
		return nil, fmt.Errorf("%w: not a did:jwk", did.ErrInvalid)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("%w: not base64url without padding", did.ErrInvalid)
	}
	jwk, err := strictjson.ParseObject(raw, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	if _, err := key.ParseJWK(jwk); err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	method := id + "#0"
	ref := []any{method}
	doc, err := did.ParseDocument(map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"},
		"id":       id,
		"verificationMethod": []any{map[string]any{
			"id": method, "type": "JsonWebKey", "controller": id, "publicKeyJwk": jwk,
		}},
		"authentication": ref, "assertionMethod": ref, "capabilityInvocation": ref, "capabilityDelegation": ref,
	})
	if err != nil {
		return nil, err
	}
	return &did.Resolution{DID: id, Document: doc, Source: "local",
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument}}, nil
}
