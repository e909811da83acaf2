package key

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// Resolver returns the resolver of did:key. Its errors: [did.ErrInvalid], for
// kinds of keys that are not supported [did.ErrFeature] and the key package's
// ErrKind, and [did.ErrFeature] when a version is asked for.
func Resolver() did.Resolver { return resolver{} }

type resolver struct{}

// Resolve builds the document.
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
	if u.Method != "key" {
		return nil, fmt.Errorf("%w: did:%s", did.ErrMethod, u.Method)
	}
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:key has one version", did.ErrFeature)
	}
	pub, err := key.ParseDIDKey(name)
	if errors.Is(err, key.ErrKind) {
		return nil, fmt.Errorf("%w (%w)", err, did.ErrFeature)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	doc, err := did.ParseDocument(document(name, pub))
	if err != nil {
		return nil, err
	}
	return &did.Resolution{
		DID: name, Document: doc, Source: "local",
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument},
	}, nil
}

func document(name string, pub key.Public) map[string]any {
	id := name + "#" + pub.Multikey()
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       name,
		"verificationMethod": []any{map[string]any{
			"id": id, "type": "Multikey", "controller": name, "publicKeyMultibase": pub.Multikey(),
		}},
	}
	for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation} {
		doc[string(rel)] = []any{id}
	}
	return doc
}
