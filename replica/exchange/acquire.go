package exchange

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

// Network says how far a look-up may go.
type Network string

// The policies: nothing leaves this machine; other holders before the issuer;
// the issuer's own host too, and first where a proof of the domain is wanted.
const (
	NetworkOff          Network = "off"
	NetworkReplicaFirst Network = "replica-first"
	NetworkOrigin       Network = "origin"
)

// Acquire makes the folder of an identifier available. One that is held is
// left as it is (its freshness is kept by gossip and anti-entropy). For one
// that is not, the order is: connected peers, the distributed table, the peers
// named in its document, its watchers, and its own host last; always the
// whole folder. NetworkOrigin asks the own host first, also about a folder that
// is held; where neither the host nor a peer has an answer, the held folder is
// what there is, and Report.Unreached says so. Errors: ErrOffline, ErrNotFound,
// did.ErrInvalid.
func (x *Exchange) Acquire(ctx context.Context, id string, mode Network) (*Report, error) {
	subject := record.SubjectOf(id)
	rep := &Report{Subject: subject}
	if record.CheckSubject(subject) != nil {
		return rep, fmt.Errorf("%w: %.200s", did.ErrInvalid, id)
	}
	_, err := x.r.History(ctx, subject)
	held := err == nil
	if held && mode != NetworkOrigin {
		return rep, nil
	}
	if mode == NetworkOff {
		return rep, fmt.Errorf("%w: %s", ErrOffline, id)
	}
	var origin error
	if mode == NetworkOrigin {
		if origin = x.fromOrigin(ctx, id, rep); origin == nil {
			return rep, nil
		}
	}
	if x.fromPeers(ctx, subject, rep) {
		return rep, nil
	}
	if mode != NetworkOrigin {
		if err := x.fromOrigin(ctx, id, rep); err == nil {
			return rep, nil
		} else if errors.Is(err, did.ErrInvalid) {
			return rep, err
		}
	}
	if ctx.Err() == nil {
		if _, err := x.r.History(ctx, subject); held || err == nil {
			// Held before, or a large folder of which only a part came in time.
			if origin != nil {
				rep.Unreached = origin.Error()
			}
			return rep, nil
		}
	}
	return rep, fmt.Errorf("%w: %s", ErrNotFound, id)
}

// fromPeers asks connected peers side by side, then those that the table
// names, and follows the addresses in the document to the issuer's own peers
// when nobody has the files.
func (x *Exchange) fromPeers(ctx context.Context, subject string, rep *Report) bool {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	tried := make(map[string]bool)
	found := x.askAll(ctx, subject, x.cfg.Peers.Connected(), tried, rep)
	if !found && x.cfg.Finder != nil {
		ids, err := x.cfg.Finder.FindProviders(ctx, []byte(subject), 8)
		if err != nil {
			x.log.Debug("providers", "subject", subject, "err", err)
		}
		found = x.askAll(ctx, subject, ids, tried, rep)
	}
	if !found {
		return false
	}
	if _, err := x.r.Head(ctx, subject); err != nil {
		x.askNamed(ctx, subject, tried, rep)
	}
	return true
}

// askAll asks several peers side by side; the first whole answer ends it.
func (x *Exchange) askAll(ctx context.Context, subject string, peers []string, tried map[string]bool, rep *Report) bool {
	const most = 8
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		rep *Report
		err error
	}
	results := make(chan result, most)
	n := 0
	for _, p := range peers {
		if tried[p] || n == most {
			continue
		}
		tried[p] = true
		n++
		go func() {
			r, err := x.Sync(ctx, subject, p)
			results <- result{r, err}
		}()
	}
	ok := false
	for range n {
		res := <-results
		rep.Asked, rep.Bytes = append(rep.Asked, res.rep.Asked...), rep.Bytes+res.rep.Bytes
		if res.err == nil && !ok {
			ok = true
			rep.Changed, rep.Files, rep.Incomplete = true, res.rep.Files, res.rep.Incomplete
			cancel() // the others are no longer needed
		}
	}
	return ok
}

// askNamed asks the peers that the issuer's document names.
func (x *Exchange) askNamed(ctx context.Context, subject string, tried map[string]bool, rep *Report) {
	if x.cfg.Finder != nil {
		x.askAll(ctx, subject, x.namedPeers(ctx, subject), tried, rep)
	}
}

// namedPeers connects to the peers that the issuer's document names.
func (x *Exchange) namedPeers(ctx context.Context, subject string) []string {
	h, err := x.r.History(ctx, subject)
	if err != nil {
		return nil
	}
	doc, err := did.ParseDocument(h.Latest().State)
	if err != nil {
		return nil
	}
	folder, ok := did.Folder(doc)
	if !ok {
		return nil
	}
	var ids []string
	for i, addr := range folder.Peers {
		if i == 4 {
			break
		}
		if id, err := x.cfg.Finder.Connect(ctx, addr); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// fewRecognitions is how many files of recognitions a folder may have that is taken
// whole although it was only looked at.
const fewRecognitions = 4

// due lists the files that a folder lacks and is to have. Of a stranger who
// recognises many, the recognitions stay away until one is asked for by [Bring]; one
// that is here is kept up to date like every other file.
func (x *Exchange) due(ctx context.Context, subject string) ([]record.Leaf, error) {
	missing, err := x.r.Missing(ctx, subject)
	if err != nil || len(missing) <= fewRecognitions {
		return missing, err
	}
	row, err := x.r.Subject(ctx, subject)
	if err != nil || row.Class != store.ClassStranger {
		return missing, err
	}
	m, err := x.r.Manifest(ctx, subject)
	if err != nil {
		return nil, err
	}
	many := 0
	for _, leaf := range m {
		if kind, _ := record.KindOf(leaf.Path); kind == record.KindRecognition {
			many++
		}
	}
	if many <= fewRecognitions {
		return missing, nil
	}
	var out []record.Leaf
	for _, leaf := range missing {
		if kind, _ := record.KindOf(leaf.Path); kind == record.KindRecognition {
			if v, err := x.r.File(ctx, subject, leaf.Path); err != nil || v.Body == nil {
				continue
			}
		}
		out = append(out, leaf)
	}
	return out, nil
}

// Bring makes one file of a folder available: the folder as [Exchange.Acquire] does
// and, where it holds the file back because it is one of many, the file too. Which of
// the paths is to be had is for pick, which is given the contents of the folder; none
// is no error. Errors are those of Acquire, and ErrNotHeld when nobody who was asked
// has the file.
func (x *Exchange) Bring(ctx context.Context, id string, mode Network, pick func(record.Manifest) []string) (*Report, error) {
	rep, err := x.Acquire(ctx, id, mode)
	if err != nil {
		return rep, err
	}
	m, err := x.r.Manifest(ctx, rep.Subject)
	if err != nil {
		return rep, err
	}
	var want []record.Leaf
	for _, path := range pick(m) {
		leaf, named := m.Find(path)
		if !named {
			continue
		}
		if v, err := x.r.File(ctx, rep.Subject, path); err == nil && v.State == replica.Current {
			continue
		}
		want = append(want, leaf)
	}
	if len(want) == 0 {
		return rep, nil
	}
	if mode == NetworkOff {
		return rep, fmt.Errorf("%w: %s of %s", ErrOffline, want[0].Path, rep.Subject)
	}
	for src := range x.holders(ctx, id, rep) {
		part := &Report{Subject: rep.Subject}
		err := x.take(ctx, rep.Subject, src, part, want)
		rep.Bytes, rep.Files = rep.Bytes+part.Bytes, rep.Files+part.Files
		if err == nil && len(part.Incomplete) == 0 {
			rep.Changed = true
			return rep, nil
		}
		if ctx.Err() != nil {
			return rep, ctx.Err()
		}
	}
	return rep, fmt.Errorf("%w: %s of %s", ErrNotHeld, want[0].Path, rep.Subject)
}

// holders yields who may have a folder, one after the other: connected peers, those
// that the table names, those in the issuer's document, its own host.
func (x *Exchange) holders(ctx context.Context, id string, rep *Report) iter.Seq[source] {
	return func(yield func(source) bool) {
		tried := make(map[string]bool)
		each := func(ids []string, most int) bool {
			for _, p := range ids {
				if tried[p] || most == 0 {
					continue
				}
				tried[p], most = true, most-1
				rep.ask("peer:"+p, "recognitions of "+rep.Subject)
				if !yield(&peerSource{x: x, peer: p, subject: rep.Subject}) {
					return false
				}
			}
			return true
		}
		if !each(x.cfg.Peers.Connected(), 8) {
			return
		}
		if x.cfg.Finder != nil {
			ids, err := x.cfg.Finder.FindProviders(ctx, []byte(rep.Subject), 8)
			if err != nil {
				x.log.Debug("providers", "subject", rep.Subject, "err", err)
			}
			if !each(ids, 8) || !each(x.namedPeers(ctx, rep.Subject), 4) {
				return
			}
		}
		if parsed, err := webvh.ParseID(id); err == nil && x.cfg.Web != nil {
			yield(&webSource{x: x, id: parsed, rep: rep})
		}
	}
}

// fromOrigin fetches the folder from the identifier's own host. That it was
// there is kept as a sighting: it is what proves the domain.
func (x *Exchange) fromOrigin(ctx context.Context, id string, rep *Report) error {
	if x.cfg.Web == nil {
		return ErrNotFound
	}
	parsed, err := webvh.ParseID(id)
	if err != nil {
		return err
	}
	src := &webSource{x: x, id: parsed, rep: rep}
	if err := x.syncLog(ctx, src, rep); err != nil {
		return err
	}
	h, err := x.r.History(ctx, parsed.SCID)
	if err != nil {
		return err
	}
	x.sighted(ctx, src, h)
	if err := x.sync(ctx, parsed.SCID, src, rep); err != nil && !errors.Is(err, ErrNotHeld) {
		x.log.Debug("folder at origin", "host", parsed.Host, "err", err)
	}
	return nil
}

// sighted records that the log which is held now was served by its host, when
// that host is the one the newest entry names.
func (x *Exchange) sighted(ctx context.Context, src *webSource, h *webvh.History) {
	if src.served == nil || string(src.served) != string(h.Log()) {
		return
	}
	now, err := webvh.ParseID(h.DID())
	if err != nil || now.Host != src.id.Host || now.Port != src.id.Port {
		return
	}
	err = x.r.Sight(ctx, store.Sighting{Subject: h.SCID(), Host: hostOf(src.id), URL: src.id.LogURL(),
		Digest: record.CIDOf(src.served).String(), At: x.cfg.Clock().UnixMilli()})
	if err != nil {
		x.log.Warn("sighting", "subject", h.SCID(), "err", err)
	}
}

// hostOf is the host with its port, as sightings name it.
func hostOf(id webvh.ID) string {
	u, err := url.Parse(id.LogURL())
	if err != nil {
		return id.Host
	}
	return u.Host
}

// webSource reads a folder as a plain web server offers it.
type webSource struct {
	x      *Exchange
	id     webvh.ID
	rep    *Report
	served []byte // the log as it was served
}

func (s *webSource) name() string { return "https:" + hostOf(s.id) }

func (s *webSource) get(ctx context.Context, rel, accept string, max int) ([]byte, error) {
	s.rep.ask(s.name(), rel)
	return s.x.cfg.Web.Get(ctx, s.id.FileURL(rel), accept, int64(max))
}

func (s *webSource) log(ctx context.Context) (*replica.LogOffer, error) {
	s.rep.ask(s.name(), replica.PathLog)
	log, err := s.x.cfg.Web.Get(ctx, s.id.LogURL(), "text/jsonl", int64(record.KindDIDLog.MaxBytes()))
	if err != nil {
		return nil, err
	}
	s.served = log
	offer := &replica.LogOffer{Log: log}
	if strings.Contains(string(log), `"witness"`) {
		w, err := s.x.cfg.Web.Get(ctx, s.id.WitnessURL(), "application/json", int64(record.KindDIDWitness.MaxBytes()))
		if err != nil && !errors.Is(err, fetch.ErrNotFound) {
			return nil, err
		}
		offer.Witness = w
	}
	return offer, nil
}

func (s *webSource) head(ctx context.Context, held *replica.HeadView, whole bool) ([]byte, int, [][32]byte, error) {
	body, err := s.get(ctx, "bonafide/head", "application/json", record.KindHead.MaxBytes())
	if errors.Is(err, fetch.ErrNotFound) {
		return nil, 0, nil, fmt.Errorf("%w: %w", ErrNotHeld, err)
	}
	if err != nil {
		return nil, 0, nil, err
	}
	head, err := record.ParseHead(body)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if head.Sequence == 1 || held != nil && held.Head.CID() == head.CID() {
		return body, 0, nil, nil
	}
	flat, err := s.get(ctx, "bonafide/history", "application/octet-stream", record.KindHistory.MaxBytes())
	if err != nil {
		return nil, 0, nil, err
	}
	h, err := record.ParseHistory(flat)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return body, 0, h.Digests(), nil
}

func (s *webSource) manifest(ctx context.Context, _ record.Head, _ record.Manifest) ([]byte, error) {
	return s.get(ctx, "bonafide/manifest", "application/jsonl", record.KindManifest.MaxBytes())
}

func (s *webSource) bodies(ctx context.Context, leaves []record.Leaf, each func(record.Leaf, []byte)) error {
	for _, leaf := range leaves {
		body, err := s.get(ctx, leaf.Path, "*/*", int(leaf.Size))
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			continue // named as incomplete
		}
		each(leaf, body)
	}
	return nil
}
