package jwk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// Resolver returns the resolver of did:jwk. Its errors: [did.ErrInvalid], for
// kinds of keys that are not supported [did.ErrFeature] and the key package's
// ErrKind, and [did.ErrFeature] when a version is asked for.
func Resolver() did.Resolver { return resolver{} }

type resolver struct{}

// Resolve builds the document. The one key is called "#0".
func (resolver) Resolve(ctx context.Context, name string, opt did.Options) (*did.Resolution, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	u, err := did.Parse(name)
	if err != nil {
		return nil, err
	}
	if u.Method != "jwk" {
		return nil, fmt.Errorf("%w: did:%s", did.ErrMethod, u.Method)
	}
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:jwk has one version", did.ErrFeature)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(u.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url without padding", did.ErrInvalid)
	}
	tree, err := strictjson.ParseObject(raw, strictjson.Limits{MaxDepth: 8, MaxValues: 256})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	if _, err := key.ParseJWK(tree); errors.Is(err, key.ErrKind) {
		return nil, fmt.Errorf("%w (%w)", err, did.ErrFeature)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	doc, err := did.ParseDocument(document(strings.Clone(name), tree))
	if err != nil {
		return nil, err
	}
	return &did.Resolution{
		DID: name, Document: doc, Source: "local",
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument},
	}, nil
}

func document(name string, tree map[string]any) map[string]any {
	id := name + "#0"
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"},
		"id":       name,
		"verificationMethod": []any{map[string]any{
			"id": id, "type": "JsonWebKey", "controller": name, "publicKeyJwk": tree,
		}},
	}
	rels := []did.Relationship{did.AssertionMethod, did.Authentication, did.CapabilityInvocation, did.CapabilityDelegation}
	// A key that says it is for signatures, or of a curve that can do nothing
	// else, agrees on no keys.
	if _, use := tree["use"]; !use && tree["kty"] == "EC" {
		rels = append(rels, did.KeyAgreement)
	}
	for _, rel := range rels {
		doc[string(rel)] = []any{id}
	}
	return doc
}
