package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// MaxDocument bounds a document in bytes.
const MaxDocument = 256 << 10

const accept = "application/did, application/did+json, application/did+ld+json;q=0.9, application/json;q=0.8"

// Fetcher gets the body at an https URL, or an error: fetch.ErrNotFound or
// [did.ErrNotFound] where there is none.
type Fetcher interface {
	Get(ctx context.Context, url, accept string, max int64) ([]byte, error)
}

// New returns the resolver of did:web. Its errors: [did.ErrInvalid],
// [did.ErrNotFound], [did.ErrUnavailable], [did.ErrDocument], and
// [did.ErrFeature] when a version is asked for.
func New(f Fetcher) did.Resolver { return resolver{f} }

type resolver struct{ fetcher Fetcher }

// URL returns where the document of a did:web is published. The error is
// [did.ErrInvalid].
func URL(name string) (string, error) {
	_, url, err := locate(name)
	return url, err
}

func locate(name string) (did.Place, string, error) {
	u, err := did.Parse(name)
	if err != nil {
		return did.Place{}, "", err
	}
	if u.Method != "web" {
		return did.Place{}, "", fmt.Errorf("%w: did:%s", did.ErrMethod, u.Method)
	}
	p, err := did.ParsePlace(u.ID)
	if err != nil {
		return did.Place{}, "", err
	}
	return p, p.DocumentURL("did.json"), nil
}

// Resolve fetches and checks the document.
func (r resolver) Resolve(ctx context.Context, name string, opt did.Options) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	place, url, err := locate(name)
	if err != nil {
		return nil, err
	}
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:web keeps no versions", did.ErrFeature)
	}
	if r.fetcher == nil {
		return nil, fmt.Errorf("%w: no way to fetch", did.ErrUnavailable)
	}
	body, err := r.fetcher.Get(ctx, url, accept, MaxDocument)
	switch {
	case errors.Is(err, fetch.ErrNotFound) || errors.Is(err, did.ErrNotFound):
		return nil, fmt.Errorf("%w: %s", did.ErrNotFound, url)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", did.ErrUnavailable, err)
	}
	if len(body) > MaxDocument {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", did.ErrDocument, len(body), MaxDocument)
	}
	tree, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: MaxDocument})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrDocument, err)
	}
	doc, err := did.ParseDocument(tree)
	if err != nil {
		return nil, err
	}
	if doc.ID() != name {
		return nil, fmt.Errorf("%w: its id is %s", did.ErrDocument, doc.ID())
	}
	return &did.Resolution{
		DID: name, Document: doc, Source: "https://" + place.Host, LowAssurance: true,
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument},
	}, nil
}
