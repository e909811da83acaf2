package key

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// Resolver returns the resolver of did:key. Its errors: [did.ErrInvalid], for
// kinds of keys that are not supported [did.ErrFeature] and the key package's
// ErrKind, and [did.ErrFeature] when a version is asked for.
func Resolver() did.Resolver { return &resolver{known: make(map[string]*did.Document)} }

// resolver keeps documents that it built: issuers come again and again, and a
// document follows from the name alone.
type resolver struct {
	mu    sync.Mutex
	known map[string]*did.Document
}

// maxKnown bounds the documents that are kept, at about 3 KB each.
const maxKnown = 512

func (r *resolver) recall(name string) *did.Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[name]
}

func (r *resolver) remember(doc *did.Document) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxKnown {
		clear(r.known)
	}
	r.known[doc.ID()] = doc
}

// Resolve builds the document, or finds the one that it built before.
func (r *resolver) Resolve(ctx context.Context, name string, opt did.Options) (*did.Resolution, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if doc := r.recall(name); doc != nil && !opt.Versioned() {
		return resolution(doc), nil
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
	fragment := ""
	pub, err := key.Public{}, error(nil)
	if text, multibase, ok := jwkBody(name); ok {
		fragment = multibase
		pub, err = parseJWK(text)
	} else if pub, err = key.ParseDIDKey(name); err == nil {
		fragment = pub.Multikey()
	}
	if errors.Is(err, key.ErrKind) {
		return nil, fmt.Errorf("%w (%w)", err, did.ErrFeature)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	// A copy of the name, as the document may outlive the text it was cut from.
	doc, err := did.ParseDocument(document(strings.Clone(name), strings.Clone(fragment), pub))
	if err != nil {
		return nil, err
	}
	r.remember(doc)
	return resolution(doc), nil
}

func resolution(doc *did.Document) *did.Resolution {
	return &did.Resolution{
		DID: doc.ID(), Document: doc, Source: "local",
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument},
	}
}

func document(name, fragment string, pub key.Public) map[string]any {
	id := name + "#" + fragment
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
