// Package ebsi reads did:ebsi, the identifiers of legal entities in the European
// Blockchain Services Infrastructure.
//
// The first call to make is [Resolver]: it answers from documents that the
// operator imported from EBSI's DID registry. [Check] tells whether a text is such
// an identifier.
//
// It promises that a document answers for the identifier that it carries and for
// no other, and that what an imported copy lacks is unknown rather than refuted,
// because the registry may have it by now. It fetches nothing: there is no ledger
// and no registry behind it.
package ebsi

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// idBytes are the bytes of an identifier of version 1: the version and 16 random
// bytes (EBSI DID Method for Legal Entities, section 3).
const idBytes = 17

// Check demands "did:ebsi:z" and the base58btc text of a version byte of 1 and 16
// bytes. The error wraps [did.ErrInvalid], or [did.ErrMethod] for another method.
func Check(name string) error {
	u, err := did.Parse(name)
	if err != nil {
		return err
	}
	if u.Method != "ebsi" {
		return fmt.Errorf("%w: did:%s", did.ErrMethod, u.Method)
	}
	rest, ok := strings.CutPrefix(u.ID, "z")
	if !ok || len(rest) > 32 {
		return fmt.Errorf("%w: did:ebsi is not base58btc", did.ErrInvalid)
	}
	b, err := key.Base58Decode(rest)
	if err != nil || len(b) != idBytes || b[0] != 1 || key.Base58Encode(b) != rest {
		return fmt.Errorf("%w: did:ebsi is not a version 1 and 16 bytes", did.ErrInvalid)
	}
	return nil
}

// Documents finds imported documents; did.ErrNotFound where there is none.
type Documents interface {
	EBSIDocument(ctx context.Context, name string) (tree map[string]any, retrieved time.Time, err error)
}

// Resolver returns the resolver of did:ebsi over imported documents. Its errors:
// those of [Check], [did.ErrUnavailable] where no document was imported,
// [did.ErrDocument], and [did.ErrFeature] when a version is asked for.
func Resolver(d Documents) did.Resolver { return resolver{d} }

type resolver struct{ documents Documents }

// Resolve implements did.Resolver.
func (r resolver) Resolve(ctx context.Context, name string, opt did.Options) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if err := Check(name); err != nil {
		return nil, err
	}
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: one version of a did:ebsi is imported", did.ErrFeature)
	}
	tree, at, err := r.documents.EBSIDocument(ctx, name)
	if err != nil { // that it was not imported does not mean that it is nowhere
		return nil, fmt.Errorf("%w: no document of %s was imported: %v", did.ErrUnavailable, name, err)
	}
	doc, err := did.ParseDocument(tree)
	if err != nil {
		return nil, err
	}
	if doc.ID() != name {
		return nil, fmt.Errorf("%w: it is of %s", did.ErrDocument, doc.ID())
	}
	// The version says that there may be others, so that a key that is not in this
	// one is not known, rather than known not to be.
	return &did.Resolution{DID: name, Document: doc, Source: "file", SeenAt: at, Versions: []did.Version{{ID: "imported", Number: 1, Time: at, Document: doc}},
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument}}, nil
}
