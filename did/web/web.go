package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

const (
	prefix   = "did:web:"
	maxBytes = 1 << 20
)

// Fetcher gets one file over HTTPS, at most max bytes.
type Fetcher interface {
	Get(ctx context.Context, url, accept string, max int64) ([]byte, error)
}

type resolver struct {
	f   Fetcher
	now func() time.Time
}

// New returns a resolver of did:web over a fetcher.
func New(f Fetcher) did.Resolver { return resolver{f: f, now: time.Now} }

// URL maps a did:web to the URL of its document (did:web section "Read"): the
// error is did.ErrInvalid, also for hosts that are IP addresses.
func URL(id string) (string, error) {
	rest, ok := strings.CutPrefix(id, prefix)
	if !ok || strings.ContainsAny(rest, "/?#") {
		return "", fmt.Errorf("%w: not a did:web", did.ErrInvalid)
	}
	place, err := did.ParsePlace(rest)
	if err != nil {
		return "", fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return place.DocumentURL("did.json"), nil
}

// Resolve fetches the document. Errors: did.ErrInvalid, did.ErrDocument when
// what answers is no document about id, and those of the fetcher.
func (r resolver) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if opt.Versioned() {
		return nil, fmt.Errorf("%w: did:web has no versions", did.ErrFeature)
	}
	at, err := URL(id)
	if err != nil {
		return nil, err
	}
	body, err := r.f.Get(ctx, at, "application/did, application/did+json, application/json", maxBytes)
	if err != nil {
		return nil, fmt.Errorf("did:web: %s: %w", at, err)
	}
	return Read(id, body, at, r.now())
}

// Read takes a document that somebody vouches for as the answer for id.
func Read(id string, body []byte, source string, seen time.Time) (*did.Resolution, error) {
	tree, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: maxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrDocument, err)
	}
	doc, err := did.ParseDocument(tree)
	if err != nil {
		return nil, err
	}
	if doc.ID() != id {
		return nil, fmt.Errorf("%w: it is about %.200s", did.ErrDocument, doc.ID())
	}
	if u, err := url.Parse(source); err == nil && u.Host != "" {
		source = "https://" + u.Host
	}
	return &did.Resolution{DID: id, Document: doc, Source: source, SeenAt: seen, LowAssurance: true,
		Info: did.ResolutionInfo{ContentType: did.MediaTypeDocument}}, nil
}
