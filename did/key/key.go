package key

import (
	"context"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	bkey "github.com/bonafide-id/bonafide/key"
)

type resolver struct{}

// Resolver returns the resolver of did:key. Its errors are did.ErrInvalid for
// a malformed identifier, joined with the reason of package key, and
// did.ErrFeature when a version is asked for.
func Resolver() did.Resolver { return resolver{} }

// Resolve builds the document (did:key section "Read").
func (resolver) Resolve(_ context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:key has no versions", did.ErrFeature)
	}
	pub, err := bkey.ParseDIDKey(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	method := id + "#" + pub.Multikey()
	ref := []any{method}
	doc, err := did.ParseDocument(map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       id,
		"verificationMethod": []any{map[string]any{
			"id": method, "type": "Multikey", "controller": id, "publicKeyMultibase": pub.Multikey(),
		}},
		"authentication": ref, "assertionMethod": ref, "capabilityInvocation": ref, "capabilityDelegation": ref,
	})
	if err != nil {
		return nil, err
	}
	return &did.Resolution{DID: id, Document: doc, Source: "local",
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument}}, nil
}
