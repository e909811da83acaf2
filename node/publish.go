package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// Drafts under bonafide/ belong to the head itself; the manifest does not list
// them.
const (
	pathHead     = "bonafide/head"
	pathManifest = "bonafide/manifest"
)

// publishOptions say which lists a publication signs: those whose slot it is,
// those of some pairs, or all that changed. Lists that were never published go
// out with any of them, other lists of an issuer with none.
type publishOptions struct {
	final bool
	slot  time.Time // zero: out of turn
	pairs []int64   // odd numbers
	all   bool
}

// putDraft makes a body the current one of an own path.
func (n *Node) putDraft(tx store.Tx, subject, path string, b []byte, until time.Time) error {
	kind, ok := record.KindOf(path)
	if !ok {
		return fmt.Errorf("%w: %s", record.ErrKind, path)
	}
	if len(b) > kind.MaxBytes() {
		return fmt.Errorf("%w: %s has %d bytes", record.ErrTooLarge, path, len(b))
	}
	d := store.Draft{Issuer: subject, Path: path, Body: b, CID: record.CIDOf(b).String(), Kind: string(kind), Updated: n.clock().UnixMilli()}
	if !until.IsZero() {
		d.ValidUntil = until.UnixMilli()
	}
	return tx.PutDraft(d)
}

// portion is how many groups of lists are signed in one transaction and under one
// head. While it runs, nobody's revocation can be acknowledged, so that it may
// take seconds and not minutes.
const portion = 256

// publish publishes what is due, in portions.
//
// Of two nodes that share a book and publish at once, one comes second: it finds
// the other's head and begins anew.
func (n *Node) publish(ctx context.Context, subject string, opt publishOptions) (out PublishResponse, err error) {
	unlock := n.lockIssuer(subject)
	defer unlock()
	changed := 0
	for try, more := 1, true; more; {
		out, more, err = n.publishPortion(ctx, subject, opt)
		switch {
		case err == nil:
			changed += out.Changed
		case errors.Is(err, store.ErrConflict) && try < publishTries:
			n.log.Debug("another node published first", "issuer", subject, "err", err)
			try, more = try+1, true
		default:
			return PublishResponse{}, err
		}
	}
	out.Changed = changed
	return out, nil
}

// publishTries is how often a publication is begun anew. Each time another node
// has published in between.
const publishTries = 20

// publishPortion renders what changed, signs it and the next head, and stores
// all of it in one transaction before anything leaves. Then it goes through the
// same door as everybody's, and out to the peers. more tells that lists are left.
func (n *Node) publishPortion(ctx context.Context, subject string, opt publishOptions) (_ PublishResponse, more bool, _ error) {
	if err := n.maySign(ctx, subject); err != nil {
		return PublishResponse{}, false, err
	}
	h, err := n.offerOwnLog(ctx, subject)
	if err != nil {
		return PublishResponse{}, false, err
	}
	if err := n.recoverOwn(ctx, subject); err != nil {
		return PublishResponse{}, false, err
	}
	listKey, err := n.standingSigner(subject, keystore.RoleList, h)
	if err != nil {
		return PublishResponse{}, false, err
	}
	headKey, err := n.standingSigner(subject, keystore.RoleHead, h)
	if err != nil {
		return PublishResponse{}, false, err
	}
	p := publication{n: n, subject: subject, log: h, listKey: listKey, headKey: headKey, opt: opt, now: n.moment(opt, time.Time{})}
	if held, err := n.replica.Head(ctx, subject); err == nil {
		p.previous = held
		if p.digests, err = n.replica.Digests(ctx, subject, held.EpochVersion, 0, -1); err != nil {
			return PublishResponse{}, false, err
		}
		p.now = n.moment(opt, held.Head.Published)
		if behind := held.Head.Published.Sub(p.now); behind > 0 && behind <= clockTolerance && n.shared() {
			p.now = held.Head.Published // signed by a node whose clock is a little ahead
		}
		if p.now.Before(held.Head.Published) {
			return PublishResponse{}, false, fmt.Errorf("%w: it says %s, the last head %s", ErrClock, p.now, held.Head.Published)
		}
	} else if !errors.Is(err, replica.ErrUnknown) {
		return PublishResponse{}, false, err
	}
	if err := n.store.Update(ctx, subject, func(tx store.Tx) error { return p.run(ctx, tx) }); err != nil {
		return PublishResponse{}, false, fmt.Errorf("node: publish: %w", err)
	}
	if p.head == nil {
		last := p.previous.Head
		return PublishResponse{Head: last.CID().String(), Sequence: int64(last.Sequence)}, false, nil
	}
	if err := faults.Point("node.publish.stored"); err != nil {
		return PublishResponse{}, false, err
	}
	if err := n.recoverOwn(ctx, subject); err != nil {
		return PublishResponse{}, false, err
	}
	n.log.Info("published", "issuer", subject, "epoch", p.head.EpochNumber(), "sequence", p.head.Sequence, "changed", p.changed)
	n.announce(ctx, subject)
	if !p.more {
		n.exportOwn(ctx, subject)
	}
	return PublishResponse{Head: p.head.CID().String(), Sequence: int64(p.head.Sequence), Changed: p.changed}, p.more, nil
}

// clockTolerance is how far the clocks of nodes that share a book may differ.
const clockTolerance = 10 * time.Second

// offerOwnLog makes sure that the replica has the newest own log.
func (n *Node) offerOwnLog(ctx context.Context, subject string) (*webvh.History, error) {
	ownLog := func() (log []byte, err error) {
		err = n.store.View(ctx, func(tx store.Tx) error {
			d, err := tx.GetDraft(subject, replica.PathLog)
			log = d.Body
			return err
		})
		return log, err
	}
	log, err := ownLog()
	if err != nil {
		return nil, err
	}
	res := n.replica.Accept(ctx, replica.Offer{Source: replica.SourceOwn, Log: &replica.LogOffer{Log: log}})
	switch res.Outcome {
	case record.Fresh, record.Known:
	case record.Stale:
		if now, err := ownLog(); err != nil || !bytes.Equal(now, log) {
			return nil, errors.Join(err, fmt.Errorf("node: own log: %w", store.ErrConflict))
		}
		return nil, fmt.Errorf("%w: others hold a newer log of %s", ErrHalted, subject)
	default:
		return nil, fmt.Errorf("node: own log: %s: %w", res.Outcome, res.Err)
	}
	if err := n.replica.SetClass(ctx, subject, store.ClassOwn); err != nil {
		return nil, err
	}
	return n.replica.History(ctx, subject)
}

// recoverOwn hands the last stored publication to the replica. After a crash
// between the two this is where it goes on; otherwise it changes nothing.
func (n *Node) recoverOwn(ctx context.Context, subject string) error {
	var pub store.Publication
	var held store.Head
	var head, manifest store.Draft
	var drafts []store.Draft
	// What the book and the replica say is read at one moment: another node may
	// be publishing.
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		if pub, err = tx.GetPublication(subject); err != nil {
			return err
		}
		if held, err = tx.LatestHead(subject); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if head, err = tx.GetDraft(subject, pathHead); err != nil {
			return err
		}
		if manifest, err = tx.GetDraft(subject, pathManifest); err != nil {
			return err
		}
		drafts, err = tx.ListDrafts(subject)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // nothing was published yet
	}
	if err != nil {
		return err
	}
	if held.CID != pub.HeadCID {
		offer := &replica.HeadOffer{Head: head.Body, Manifest: manifest.Body}
		if held.CID != "" && held.EpochVersion == pub.EpochVersion {
			// The replica has all digests up to the head it holds, and that is
			// the one before: the digests it holds suffice.
			offer.From = int(held.Sequence)
		}
		res := n.replica.Accept(ctx, replica.Offer{Source: replica.SourceOwn, Head: offer})
		switch res.Outcome {
		case record.Fresh, record.Known:
		case record.Stale, record.Forked:
			if now, err := n.published(ctx, subject); err != nil || !now.Same(pub) {
				return errors.Join(err, fmt.Errorf("node: own head %d: %w", pub.Sequence, store.ErrConflict))
			}
			n.halt(ctx, subject, Halt{Why: fmt.Sprintf("the replica holds another head than sequence %d, which was signed here", pub.Sequence)})
			return fmt.Errorf("%w: %w", ErrHalted, res.Err)
		default:
			return fmt.Errorf("node: own head: %s: %w", res.Outcome, res.Err)
		}
	}
	return n.offerDrafts(ctx, subject, drafts)
}

// published is the last publication in the book, zero when there is none.
func (n *Node) published(ctx context.Context, subject string) (pub store.Publication, err error) {
	err = n.store.View(ctx, func(tx store.Tx) error {
		pub, err = tx.GetPublication(subject)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return pub, err
}

// offerDrafts hands the own files to the replica where it lacks them.
func (n *Node) offerDrafts(ctx context.Context, subject string, drafts []store.Draft) error {
	missing, err := n.replica.Missing(ctx, subject)
	if err != nil {
		return err
	}
	wanted := make(map[string]record.CID, len(missing))
	for _, leaf := range missing {
		wanted[leaf.Path] = leaf.CID
	}
	// The practice first: it says who may sign lists. The others go in portions,
	// each of which is one wait for the disk.
	const most = 128
	var due []store.Draft
	for _, practice := range []bool{true, false} {
		for _, d := range drafts {
			if cid, want := wanted[d.Path]; want && cid.String() == d.CID && (d.Path == replica.PathPractice) == practice {
				due = append(due, d)
			}
		}
	}
	for len(due) > 0 {
		k, size := 0, int64(0)
		for k < len(due) && k < most && (k == 0 || size+due[k].Size <= 1<<20) {
			size += due[k].Size
			k++
		}
		if err := n.offerPortion(ctx, subject, due[:k]); err != nil {
			return err
		}
		due = due[k:]
	}
	return nil
}

// offerPortion hands some own files to the replica at once.
func (n *Node) offerPortion(ctx context.Context, subject string, drafts []store.Draft) error {
	var files []replica.FileOffer
	err := n.store.View(ctx, func(tx store.Tx) error {
		files = files[:0]
		for _, d := range drafts {
			full, err := tx.GetDraft(subject, d.Path)
			if err == nil && full.CID != d.CID {
				err = fmt.Errorf("node: own %s: %w", d.Path, store.ErrConflict)
			}
			if err != nil {
				return err
			}
			files = append(files, replica.FileOffer{Subject: subject, Path: d.Path, Body: full.Body})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, res := range n.replica.AcceptFiles(ctx, replica.SourceOwn, files) {
		if res.Outcome == record.Stale && errors.Is(res.Err, replica.ErrNotNamed) {
			return fmt.Errorf("node: own %s: %w: %w", files[i].Path, store.ErrConflict, res.Err)
		}
		if res.Outcome != record.Fresh && res.Outcome != record.Known {
			return fmt.Errorf("node: own %s: %s: %w", files[i].Path, res.Outcome, res.Err)
		}
	}
	return nil
}

// publication is the work inside the one transaction.
type publication struct {
	n                *Node
	subject          string
	log              *webvh.History
	listKey, headKey key.Signer
	previous         *replica.HeadView
	digests          [][32]byte
	opt              publishOptions
	now              time.Time

	head    *record.Head
	changed int
	more    bool // lists are left for the next portion
}

func (p *publication) run(ctx context.Context, tx store.Tx) error {
	p.head, p.changed, p.more = nil, 0, false
	if err := p.n.notHalted(tx, p.subject, p.n.unwrittenHalt(p.subject)); err != nil {
		return err
	}
	if err := p.renderLists(ctx, tx); err != nil {
		return err
	}
	manifest, err := p.manifest(tx)
	if err != nil {
		return err
	}
	if prev := p.previous; prev != nil {
		same := prev.Head.Root == manifest.Root() && prev.Head.VersionID == p.versionID() && prev.Head.Final == p.opt.final
		due := p.now.Sub(prev.Head.Published) >= duration(p.n.cfg.Heartbeat)
		if same && (!due || prev.Head.Final) {
			return nil
		}
	}
	q := replica.HeadRequest{Log: p.log, Signer: p.headKey, Manifest: manifest, Published: p.now,
		Lifetime: duration(p.n.cfg.HeadLifetime), Final: p.opt.final, Instance: p.n.instance, Digests: p.digests}
	if p.previous != nil {
		q.Previous = &p.previous.Head
	}
	head, err := replica.BuildHead(ctx, q)
	if err != nil {
		return err
	}
	if err := p.n.putDraft(tx, p.subject, pathHead, head.Bytes(), time.Time{}); err != nil {
		return err
	}
	if err := p.n.putDraft(tx, p.subject, pathManifest, manifest.Encode(), time.Time{}); err != nil {
		return err
	}
	expected, err := tx.GetPublication(p.subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := p.follows(expected, head); err != nil {
		if p.n.shared() { // another node has published since ours was begun
			return fmt.Errorf("%w: head %d was published meanwhile", store.ErrConflict, expected.Sequence)
		}
		return err
	}
	next := store.Publication{Issuer: p.subject, EpochVersion: int64(head.EpochNumber()), Epoch: head.Epoch,
		Sequence: int64(head.Sequence), HeadCID: head.CID().String(), Instance: p.n.instance[:], At: p.now.UnixMilli()}
	if err := tx.SwapPublication(expected, next); err != nil {
		return err
	}
	p.head = &head
	return nil
}

// follows makes sure that the new head comes right after the one that was
// published last, in the book's own memory: no sequence is used twice.
func (p *publication) follows(last store.Publication, head record.Head) error {
	if last.IsZero() || int64(head.EpochNumber()) > last.EpochVersion {
		return nil
	}
	if int64(head.EpochNumber()) == last.EpochVersion && int64(head.Sequence) == last.Sequence+1 && head.Previous.String() == last.HeadCID {
		return nil
	}
	return fmt.Errorf("%w: head %d does not follow the published %d", ErrHalted, head.Sequence, last.Sequence)
}

func (p *publication) versionID() string { return p.log.Latest().VersionID }

// renderLists signs the lists whose turn it is.
func (p *publication) renderLists(ctx context.Context, tx store.Tx) error {
	lists, err := tx.ListLists(p.subject)
	if err != nil {
		return err
	}
	id, err := webvh.ParseID(p.log.DID())
	if err != nil {
		return err
	}
	fixed, groups := p.n.fixed(len(lists)), 0
	for _, group := range together(lists) {
		due := false
		for _, l := range group {
			old, err := tx.GetDraft(p.subject, listPath(l.Number))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			due = due || p.wanted(l, old, fixed)
		}
		missing, err := p.tokensMissing(tx, group)
		if err != nil {
			return err
		}
		if !due && !missing {
			continue
		}
		if groups++; groups > portion && !p.opt.final {
			p.more = true
			return nil
		}
		if err := p.renderPair(ctx, tx, group, id); err != nil {
			return err
		}
	}
	return nil
}

// listURL is the name of a list, which never changes: once signed, it is read
// from the list that stands, also after the identifier has moved.
func (p *publication) listURL(l store.List, old store.Draft, id webvh.ID, path string) string {
	if l.URL != "" && l.Format != revocation.FormatToken {
		return l.URL
	}
	if old.Body != nil {
		if u := listID(old.Body); u != "" {
			return u
		}
	}
	return id.FileURL(path)
}

// manifest lists all drafts but those of the head itself.
func (p *publication) manifest(tx store.Tx) (record.Manifest, error) {
	drafts, err := tx.ListDrafts(p.subject)
	if err != nil {
		return nil, err
	}
	var leaves []record.Leaf
	for _, d := range drafts {
		if d.Path == pathHead || d.Path == pathManifest {
			continue
		}
		cid, err := record.ParseCID(d.CID)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, record.Leaf{Path: d.Path, CID: cid, Size: d.Size})
	}
	return record.NewManifest(leaves)
}

// listID reads the id of a list that we signed.
func listID(b []byte) string {
	c, err := credential.Parse(b, listLimits)
	if err != nil {
		return ""
	}
	return c.ID
}

// resignAll renders everything again that was signed with keys which are gone
// from the document.
func (n *Node) resignAll(ctx context.Context, subject string, h *webvh.History, fresh map[keystore.Role]key.Private) error {
	err := n.store.Update(ctx, subject, func(tx store.Tx) error {
		if _, changed := fresh[keystore.RoleList]; !changed {
			return nil
		}
		lists, err := tx.ListLists(subject)
		if err != nil {
			return err
		}
		for _, l := range lists {
			l.Dirty, l.Bitmap = true, nil
			if err := tx.PutList(l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, changed := fresh[keystore.RoleCredential]; changed {
		return n.resignStatements(ctx, subject, h)
	}
	return nil
}
