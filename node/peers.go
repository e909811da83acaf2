package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/p2p"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
)

func (n *Node) peerHost() *p2p.Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.host
}

// openHost starts the peer-to-peer host and wires the exchange to it.
func (n *Node) openHost() (*p2p.Host, error) {
	id, err := p2p.LoadOrCreateIdentity(n.cfg.path(filePeerKey))
	if err != nil {
		return nil, err
	}
	mode := p2p.DHTClient
	switch n.cfg.DHT {
	case "off":
		mode = p2p.DHTOff
	case "server":
		mode = p2p.DHTServer
	case "auto":
		// Whoever serves issuers or others serves the table too.
		if n.cfg.ServeAll || n.cfg.Relay || len(n.ownSubjects()) > 0 {
			mode = p2p.DHTServer
		}
	}
	host, err := p2p.New(p2p.Config{Listen: n.cfg.Listen, Announce: n.cfg.Announce, Bootstrap: n.cfg.Bootstrap,
		Identity: id, DHT: mode, MDNS: n.cfg.MDNS, Relay: n.cfg.Relay, UseRelays: n.cfg.UseRelays,
		Heartbeat: duration(n.cfg.Gossip), Logger: n.log, Registerer: n.reg, Clock: n.clock})
	if err != nil {
		return nil, err
	}
	limits := p2p.OpLimits{MaxRequest: exchange.MaxQuestion, MaxFrame: exchange.MaxFrame}
	for op, h := range n.exchange.Handlers() {
		host.Handle(op, func(ctx context.Context, from string, req []byte, w p2p.Writer) error {
			return refusal(h(ctx, from, req, w))
		}, limits)
	}
	for _, topic := range []string{exchange.TopicHeads, exchange.TopicForks} {
		err := host.Join(topic, func(ctx context.Context, from string, data []byte) p2p.Verdict {
			switch n.exchange.Gossip(ctx, topic, from, data) {
			case exchange.Forward:
				return p2p.Accept
			case exchange.Reject:
				return p2p.Reject
			}
			return p2p.Ignore
		})
		if err != nil {
			return nil, errors.Join(err, host.Close())
		}
	}
	return host, nil
}

// refusal turns the exchange's errors into what the other side is told.
func refusal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exchange.ErrNotHeld):
		return p2p.Fail(p2p.CodeNotFound, "not held")
	case errors.Is(err, exchange.ErrQuestion):
		return p2p.Fail(p2p.CodeBad, "malformed question")
	}
	return err
}

// peers carries the exchange's questions over the host.
type peers struct{ n *Node }

func (p peers) Request(ctx context.Context, peer, op string, question []byte, each func([]byte) error) error {
	host := p.n.peerHost()
	if host == nil {
		return p2p.ErrPeerUnreachable
	}
	err := host.Request(ctx, peer, op, question, each)
	var remote *p2p.RemoteError
	if errors.As(err, &remote) && remote.Code == p2p.CodeNotFound {
		return fmt.Errorf("%w: %w", exchange.ErrNotHeld, err)
	}
	return err
}

func (p peers) Connected() []string {
	host := p.n.peerHost()
	if host == nil {
		return nil
	}
	var ids []string
	for _, info := range host.Peers() {
		ids = append(ids, info.ID)
	}
	return ids
}

func (p peers) Publish(ctx context.Context, topic string, data []byte) error {
	host := p.n.peerHost()
	if host == nil {
		return p2p.ErrPeerUnreachable
	}
	return host.Publish(ctx, topic, data)
}

// finder finds holders through the distributed table.
type finder struct{ n *Node }

func (f finder) FindProviders(ctx context.Context, key []byte, most int) ([]string, error) {
	host := f.n.peerHost()
	if host == nil {
		return nil, nil
	}
	return host.FindProviders(ctx, key, most)
}

func (f finder) Connect(ctx context.Context, addr string) (string, error) {
	host := f.n.peerHost()
	if host == nil {
		return "", p2p.ErrPeerUnreachable
	}
	return host.Connect(ctx, addr)
}

// webGetter fetches for strangers.
type webGetter struct{ c *fetch.Client }

func (w webGetter) Get(ctx context.Context, url, accept string, max int64) ([]byte, error) {
	r, err := w.c.Get(ctx, url, accept, max)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// bootstrapConnected are the configured peers that are connected now.
func (n *Node) bootstrapConnected() []string {
	host := n.peerHost()
	if host == nil {
		return nil
	}
	var ids []string
	for _, info := range host.Peers() {
		if info.Protected {
			ids = append(ids, info.ID)
		}
	}
	return ids
}

// announce tells the peers of the newest head.
func (n *Node) announce(ctx context.Context, subject string) {
	if n.peerHost() == nil {
		return
	}
	if err := n.exchange.Announce(ctx, subject); err != nil {
		n.log.Debug("announce", "subject", subject, "err", err)
	}
}

// greet compares folders with every peer soon after it connects, so that a
// node that was away catches up without waiting for its turn.
func (n *Node) greet(ctx context.Context) {
	met := make(map[string]time.Time)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		for _, id := range (peers{n}).Connected() {
			if at, ok := met[id]; ok && n.clock().Sub(at) < time.Hour {
				continue
			}
			met[id] = n.clock()
			go n.exchange.Compare(ctx, id)
		}
		if len(met) > 4096 {
			clear(met)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// provide tells the distributed table what this node gives out: the folders
// of its own issuers and of those it follows or recognises. A plain verifier
// that follows somebody says so too; what it has merely looked at is never
// announced.
func (n *Node) provide(ctx context.Context) {
	told := make(map[string]time.Time)
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for {
		if host := n.peerHost(); host != nil && len(host.Peers()) > 0 && n.serves() {
			list, err := n.replica.Subjects(ctx, "", 0, store.ClassOwn, store.ClassFollowed, store.ClassRecognised)
			if err != nil {
				n.log.Debug("provide", "err", err)
			}
			for _, s := range list {
				if at, ok := told[s.Subject]; ok && n.clock().Sub(at) < 12*time.Hour {
					continue
				}
				pctx, cancel := context.WithTimeout(ctx, 30*time.Second)
				if err := host.Provide(pctx, []byte(s.Subject)); err == nil {
					told[s.Subject] = n.clock()
				}
				cancel()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// serves tells whether this node is more than a plain verifier.
func (n *Node) serves() bool { return n.cfg.ServeAll || len(n.ownSubjects()) > 0 }

// listPeers lists the connected peers.
func (n *Node) listPeers(context.Context, Empty) (PeerList, error) {
	out := PeerList{Addrs: []string{}, Peers: []PeerRow{}}
	host := n.peerHost()
	if host == nil {
		return out, nil
	}
	out.Self, out.Addrs = host.ID(), host.Addrs()
	for _, p := range host.Peers() {
		row := PeerRow{ID: p.ID, Addrs: p.Addrs, Direction: fmt.Sprint(p.Direction), Kept: p.Protected}
		if p.Latency > 0 {
			row.Latency = p.Latency.Round(time.Microsecond).String()
		}
		out.Peers = append(out.Peers, row)
	}
	return out, nil
}

// connect connects to a peer and keeps it.
func (n *Node) connect(ctx context.Context, q ConnectRequest) (PeerList, error) {
	host := n.peerHost()
	if host == nil {
		return PeerList{}, p2p.ErrPeerUnreachable
	}
	if _, err := host.Connect(ctx, q.Addr); err != nil {
		return PeerList{}, err
	}
	if err := host.Protect(q.Addr); err != nil {
		return PeerList{}, err
	}
	return n.listPeers(ctx, Empty{})
}

// follow fetches a folder and keeps it.
func (n *Node) follow(ctx context.Context, q FollowRequest) (FollowResponse, error) {
	return n.keep(ctx, q.DID, store.ClassFollowed)
}

// keep fetches a folder and gives it a class that is not evicted.
func (n *Node) keep(ctx context.Context, id string, class int) (FollowResponse, error) {
	rep, err := n.exchange.Acquire(ctx, id, n.network(ctx))
	if err != nil {
		return FollowResponse{}, err
	}
	row, err := n.replica.Subject(ctx, rep.Subject)
	if err != nil {
		return FollowResponse{}, err
	}
	if row.Class < class {
		if err := n.replica.SetClass(ctx, rep.Subject, class); err != nil {
			return FollowResponse{}, err
		}
	}
	out := FollowResponse{Subject: rep.Subject, DID: row.DID, Asked: append([]string{}, rep.Asked...)}
	if v, err := n.replica.Head(ctx, rep.Subject); err == nil {
		out.Sequence = int64(v.Head.Sequence)
		if m, err := n.replica.Manifest(ctx, rep.Subject); err == nil {
			out.Files = len(m)
		}
		if missing, err := n.replica.Missing(ctx, rep.Subject); err == nil {
			out.Missing = len(missing)
		}
	}
	return out, nil
}

// unfollow lets a folder go: it is kept as a stranger's until evicted.
func (n *Node) unfollow(ctx context.Context, q FollowRequest) (FollowResponse, error) {
	subject := subjectOf(q.DID)
	row, err := n.replica.Subject(ctx, subject)
	if err != nil {
		return FollowResponse{}, err
	}
	if row.Class == store.ClassOwn {
		return FollowResponse{}, fmt.Errorf("%w: %s is an issuer of this node", ErrRequest, row.DID)
	}
	if err := n.replica.SetClass(ctx, subject, store.ClassStranger); err != nil {
		return FollowResponse{}, err
	}
	return FollowResponse{Subject: subject, DID: row.DID, Asked: []string{}}, nil
}

// follows lists what is held.
func (n *Node) follows(ctx context.Context, _ Empty) (FollowList, error) {
	out := FollowList{Subjects: []SubjectRow{}}
	list, err := n.replica.Subjects(ctx, "", 0)
	if err != nil {
		return out, err
	}
	for _, s := range list {
		row := SubjectRow{Subject: s.Subject, DID: s.DID, VersionID: s.LogVersionID, Contested: s.Contested,
			Class: map[int]string{store.ClassStranger: "stranger", store.ClassRecognised: "recognised",
				store.ClassFollowed: "followed", store.ClassOwn: "own"}[s.Class]}
		if v, err := n.replica.Head(ctx, s.Subject); err == nil {
			row.Sequence = int64(v.Head.Sequence)
			at := v.Head.Published
			row.Published = &at
		}
		out.Subjects = append(out.Subjects, row)
	}
	return out, nil
}
