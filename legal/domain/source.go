package domain

import (
	"context"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxOrigins bounds how many origins are asked about one issuer.
const maxOrigins = 3

// Source is the source of evidence that asks origins. The zero value asks nobody.
type Source struct {
	// Allowed tells whether origins may be asked in this context. Nil: never.
	Allowed func(ctx context.Context) bool
	// Fetch gets the configuration of an origin: origin + Path, at most MaxBytes,
	// through a client that is guarded against strangers' addresses.
	Fetch func(ctx context.Context, origin string) ([]byte, error)
}

// Kind is that of domains.
func (Source) Kind() legal.Kind { return legal.KindDomain }

// Concerns implements legal.Source.
func (Source) Concerns(q legal.Inquiry) bool { return len(origins(q)) > 0 }

// About asks the origins that the issuer names: the host in its identifier, unless its
// history was seen there, and LinkedDomains of its document.
func (s Source) About(ctx context.Context, q legal.Inquiry) (found []legal.Evidence, rows []verdict.Check, err error) {
	if s.Fetch == nil || s.Allowed == nil || !s.Allowed(ctx) {
		return nil, nil, nil
	}
	for _, origin := range origins(q) {
		body, err := s.Fetch(ctx, origin)
		if err == nil {
			var l Link
			if l, err = Check(ctx, body, origin, func(did string) bool { return q.Same(did, q.Issuer) }, q.Check); err == nil {
				from, until := l.From, l.Until
				found = append(found, legal.Evidence{Kind: legal.KindDomain, Level: legal.L2, By: origin, Source: "origin", ID: origin + Path,
					Organisation: legal.Organisation{Domain: strings.TrimPrefix(origin, "https://")}, Join: "did-configuration", At: q.At, From: &from, Until: &until})
				continue
			}
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		rows = append(rows, verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Warn).With("source", string(legal.KindDomain)).
			With("detail", origin+": "+err.Error()))
	}
	return found, rows, nil
}

// origins are those to be asked, each once.
func origins(q legal.Inquiry) []string {
	var named []string
	if q.Domain != "" && !q.DomainProven {
		named = append(named, q.Domain)
	}
	if q.Document != nil {
		for _, service := range q.Document.Services() {
			if slices.Contains(service.Types, "LinkedDomains") {
				named = append(named, endpoints(service)...)
			}
		}
	}
	var out []string
	for _, n := range named {
		if o, err := Origin(n); err == nil && !slices.Contains(out, o) && len(out) < maxOrigins {
			out = append(out, o)
		}
	}
	return out
}

// endpoints reads serviceEndpoint: an origin, a list of them, or an object whose member
// origins is a list.
func endpoints(s did.Service) []string {
	endpoint := s.Endpoint
	if m, ok := endpoint.(map[string]any); ok {
		endpoint = m["origins"]
	}
	switch x := endpoint.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, e := range x[:min(len(x), 16)] {
			if text, ok := e.(string); ok {
				out = append(out, text)
			}
		}
		return out
	}
	return nil
}
