package node

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verify"
)

// Resolve answers about any DID of the methods that the node knows. What is
// held answers first; how far an unknown identifier is looked for is the
// policy of the context or of the node.
func (n *Node) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	return n.registry.Resolve(ctx, id, opt)
}

// Methods lists the DID methods that the node resolves.
func (n *Node) Methods() []string { return n.registry.Methods() }

// webvhResolver resolves did:webvh, and its alias did:scid:vh:1, from the
// replica, acquiring the folder when it is not held.
type webvhResolver struct{ n *Node }

func (r webvhResolver) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	n := r.n
	mode := n.network(ctx)
	if opt.NoCache && mode != exchange.NetworkOff {
		mode = exchange.NetworkOrigin
	}
	rep, err := n.exchange.Acquire(ctx, id, mode)
	trace(ctx, rep.Asked...)
	switch {
	case errors.Is(err, exchange.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", did.ErrNotFound, err)
	case errors.Is(err, exchange.ErrOffline):
		return nil, fmt.Errorf("%w: %w", did.ErrUnavailable, err)
	case err != nil:
		return nil, err
	case rep.Unreached != "" && opt.NoCache:
		return nil, fmt.Errorf("%w: %s", did.ErrUnavailable, rep.Unreached)
	case rep.Unreached != "":
		verify.Unreached(ctx, rep.Unreached)
	}
	h, err := n.replica.History(ctx, rep.Subject)
	if err != nil {
		return nil, err
	}
	res, err := h.Resolve(opt, id)
	if err != nil {
		return nil, err
	}
	row, err := n.replica.Subject(ctx, rep.Subject)
	if err != nil {
		return nil, err
	}
	res.Source, res.Contested = "replica", row.Contested
	if len(rep.Asked) > 0 {
		res.Source = "peer"
	}
	res.SeenAt = time.UnixMilli(row.Updated).UTC()
	res.OriginProven = n.originProven(ctx, h)
	return res, nil
}

// originProven tells whether the domain in the identifier's newest name was
// seen to serve its log, by this node or by an observer the operator names.
func (n *Node) originProven(ctx context.Context, h *webvh.History) bool {
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return false
	}
	u, err := url.Parse(id.LogURL())
	if err != nil {
		return false
	}
	s, err := n.replica.Seen(ctx, h.SCID(), u.Host, n.cfg.Observers...)
	// At the very address of the log: who may write below a path of a host has not
	// been seen at its root.
	return err == nil && s != nil && s.URL == id.LogURL()
}

// guarded keeps a resolver that needs the web within the network policy.
type guarded struct {
	n    *Node
	next did.Resolver
}

func (g guarded) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if g.n.network(ctx) == exchange.NetworkOff {
		return nil, fmt.Errorf("%w: the network is switched off", did.ErrUnavailable)
	}
	trace(ctx, "https: did document of "+id)
	res, err := g.next.Resolve(ctx, id, opt)
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", did.ErrNotFound, err)
	case errors.Is(err, fetch.ErrUnreachable), errors.Is(err, fetch.ErrTimeout), errors.Is(err, fetch.ErrForbiddenAddress):
		return nil, fmt.Errorf("%w: %w", did.ErrUnavailable, err)
	}
	return res, err
}

// Info says what the node is and how it stands.
func (n *Node) Info(ctx context.Context) Info {
	out := Info{Version: Version, Home: n.cfg.Home, Addrs: []string{}, Issuers: []IssuerInfo{}, Started: n.started.UTC(),
		HostMap: n.HostMapped(), Readiness: n.Ready(ctx), Admin: "http://" + n.cfg.Admin, Public: "http://" + n.cfg.Public}
	if host := n.peerHost(); host != nil {
		out.PeerID, out.Addrs, out.Peers = host.ID(), host.Addrs(), len(host.Peers())
		out.Isolated = out.Peers == 0
	}
	var issuers []store.Issuer
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		if issuers, err = tx.ListIssuers(); err != nil {
			return err
		}
		for after := ""; ; {
			page, err := tx.ListSubjects(after, 0)
			if err != nil || len(page) == 0 {
				return err
			}
			out.Subjects += len(page)
			after = page[len(page)-1].Subject
		}
	})
	if err != nil {
		out.Readiness = append(out.Readiness, "the store cannot be read")
		return out
	}
	for _, is := range issuers {
		row := IssuerInfo{DID: is.DID, Subject: is.Subject, Name: is.Name, State: is.State, Pending: n.pendingFor(ctx, is.Subject)}
		if err := n.maySign(ctx, is.Subject); err != nil {
			row.Why = err.Error()
		} else {
			row.Signing = true
		}
		if v, err := n.replica.Head(ctx, is.Subject); err == nil {
			at := v.Head.Published
			row.Epoch, row.Sequence, row.Head, row.Published = v.Head.Epoch, int64(v.Head.Sequence), v.Head.CID().String(), &at
		}
		out.Issuers = append(out.Issuers, row)
	}
	return out
}

// Ready lists the reasons why the node is not ready; none when it is.
func (n *Node) Ready(ctx context.Context) []string {
	reasons := []string{}
	if n.HostMapped() {
		reasons = append(reasons, "development: web look-ups are sent to a test server (dev_host_map)")
	}
	for _, subject := range n.ownSubjects() {
		if err := n.maySign(ctx, subject); err != nil && !errors.Is(err, ErrClosed) {
			reasons = append(reasons, err.Error())
		}
	}
	if host := n.peerHost(); host != nil && len(n.cfg.Bootstrap) > 0 && len(host.Peers()) == 0 {
		reasons = append(reasons, "isolated: no peer is connected")
	}
	if err := n.store.View(ctx, func(tx store.Tx) error { _, err := tx.ListIssuers(); return err }); err != nil {
		reasons = append(reasons, "the store cannot be read")
	}
	return reasons
}

// didCreate makes another issuer on a running or open node.
func (n *Node) didCreate(ctx context.Context, q CreateRequest) (*Created, error) {
	return n.createIssuer(ctx, q)
}

// fsck verifies everything that is stored from its bytes.
func (n *Node) fsck(ctx context.Context, _ Empty) (FsckReport, error) {
	out := FsckReport{Findings: []string{}}
	note := func(format string, args ...any) { out.Findings = append(out.Findings, fmt.Sprintf(format, args...)) }
	var ce *store.CheckError
	switch err := n.store.Check(ctx); {
	case errors.As(err, &ce):
		note("store: %v", ce)
	case err != nil:
		return out, err
	}
	out.Checked++
	for after := ""; ; {
		page, err := n.replica.Subjects(ctx, after, 0)
		if err != nil {
			return out, err
		}
		for _, s := range page {
			after = s.Subject
			out.Checked++
			n.fsckSubject(ctx, s, note)
		}
		if len(page) == 0 {
			break
		}
	}
	for _, subject := range n.ownSubjects() {
		out.Checked++
		n.fsckBook(ctx, subject, note)
	}
	out.Clean = len(out.Findings) == 0
	return out, nil
}

// fsckSubject verifies log, head and history of one folder again.
func (n *Node) fsckSubject(ctx context.Context, s store.Subject, note func(string, ...any)) {
	log, witness, err := n.replica.LogFiles(ctx, s.Subject)
	if err != nil {
		note("%s: log: %v", s.Subject, err)
		return
	}
	h, err := webvh.Verify(log, witness, webvh.VerifyOptions{Now: n.clock()})
	if err != nil {
		note("%s: log: %v", s.Subject, err)
		return
	}
	v, err := n.replica.Head(ctx, s.Subject)
	if errors.Is(err, replica.ErrUnknown) {
		return
	}
	if err != nil {
		note("%s: head: %v", s.Subject, err)
		return
	}
	if err := replica.CheckHead(h, v.Head); err != nil {
		note("%s: head %d: %v", s.Subject, v.Head.Sequence, err)
	}
	digests, err := n.replica.Digests(ctx, s.Subject, v.EpochVersion, 0, -1)
	if err == nil {
		err = checkFirst(digests, v.Head)
	}
	if err != nil {
		note("%s: history: %v", s.Subject, err)
	}
	m, err := n.replica.Manifest(ctx, s.Subject)
	switch {
	case err != nil:
		note("%s: manifest: %v", s.Subject, err)
	case m.Root() != v.Head.Root || len(m) != v.Head.Leaves:
		note("%s: the manifest is not that of head %d", s.Subject, v.Head.Sequence)
	}
}
