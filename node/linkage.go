package node

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal/domain"
	"github.com/bonafide-id/bonafide/replica/exchange"
)

// The term of a domain linkage credential, and for how long one is given out.
const (
	linkTerm  = 90 * 24 * time.Hour
	linkReuse = 24 * time.Hour
)

// fileLinkage is the name of the configuration under .well-known.
const fileLinkage = "did-configuration.json"

// linkCache keeps the credentials that were signed last, by subject.
type linkCache struct {
	mu   sync.Mutex
	kept map[string]keptLink
}

type keptLink struct {
	method, origin string
	at             time.Time
	links          []any
}

// originOf is the origin that an identifier names.
func originOf(h *webvh.History) (string, error) {
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return "", err
	}
	u, err := url.Parse(id.LogURL())
	if err != nil {
		return "", err
	}
	return domain.Origin("https://" + u.Host)
}

// linkage is the DID configuration (DIF Well Known DID Configuration) of the issuers
// of this node whose origin is that of host, or of all where none is, because a server
// in front may have changed the name. The error is ErrNoIssuer.
func (n *Node) linkage(ctx context.Context, host string) ([]byte, error) {
	var exact, all []any
	for _, subject := range n.ownSubjects() {
		links, origin, err := n.linksOf(ctx, subject)
		if err != nil {
			n.log.Debug("no domain linkage", "issuer", subject, "err", err)
			continue
		}
		if o, err := domain.Origin(host); err == nil && o == origin {
			exact = append(exact, links...)
		}
		all = append(all, links...)
	}
	if len(exact) > 0 {
		all = exact
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: none links itself to %.200s", ErrNoIssuer, host)
	}
	return domain.Configuration(all)
}

// linksOf signs the credentials by which one issuer links itself to its origin, or
// gives those of the last day out again.
func (n *Node) linksOf(ctx context.Context, subject string) (links []any, origin string, err error) {
	h, err := n.ownLog(ctx, subject)
	if err != nil {
		return nil, "", err
	}
	if origin, err = originOf(h); err != nil {
		return nil, "", err
	}
	if err := n.maySign(ctx, subject); err != nil {
		return nil, "", err
	}
	signer, err := n.signer(subject, keystore.RoleCredential)
	if err != nil {
		return nil, "", err
	}
	// By the day, so that it tells nothing of when this node did what.
	method, now := h.DID()+"#"+signer.Public().Multikey(), n.clock().UTC().Truncate(linkReuse)
	n.links.mu.Lock()
	defer n.links.mu.Unlock()
	k := n.links.kept[subject]
	if k.method == method && k.origin == origin && k.at.Equal(now) {
		return k.links, origin, nil
	}
	embedded, token, err := domain.Link{DID: h.DID(), Origin: origin, From: now, Until: now.Add(linkTerm)}.Sign(ctx, signer, method)
	if err != nil {
		return nil, "", err
	}
	if n.links.kept == nil {
		n.links.kept = map[string]keptLink{}
	}
	k = keptLink{method, origin, now, []any{embedded, token}}
	n.links.kept[subject] = k
	return k.links, origin, nil
}

// mayAskOrigins tells whether the policy lets origins be asked.
func (n *Node) mayAskOrigins(ctx context.Context) bool {
	return n.network(ctx) == exchange.NetworkOrigin
}

// configurationOf fetches the DID configuration of an origin through the client that
// is guarded against strangers' addresses.
func (n *Node) configurationOf(ctx context.Context, origin string) ([]byte, error) {
	trace(ctx, "https:"+strings.TrimPrefix(origin, "https://")+" DID configuration")
	r, err := n.web.Get(ctx, origin+domain.Path, "application/json", domain.MaxBytes)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}
