package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
)

// Report says what a sync or an acquisition did, and whom it asked.
type Report struct {
	Subject string
	Changed bool
	// Asked lists who was asked for what: "peer:ID folder", "https:HOST did.jsonl".
	Asked []string
	// Files is how many bodies came, Bytes how much the sources sent.
	Files int
	Bytes int64
	// Incomplete lists paths that the head names and that could not be had.
	Incomplete []string
	// Unreached says why nobody could be asked, or had anything, where a held
	// folder is used in spite of that; empty otherwise.
	Unreached string
}

func (r *Report) ask(whom, what string) { r.Asked = append(r.Asked, whom+" "+what) }

// Sync brings one folder up to date from one peer: the log where it is newer
// there, the head with the digests in between, the manifest by its
// difference, then the bodies that are missing.
func (x *Exchange) Sync(ctx context.Context, subject, peer string) (*Report, error) {
	rep := &Report{Subject: subject}
	rep.ask("peer:"+peer, "folder of "+subject)
	src := &peerSource{x: x, peer: peer, subject: subject}
	err := x.sync(ctx, subject, src, rep)
	rep.Bytes += src.meta
	return rep, err
}

// source is where a folder comes from: a peer or a web server.
type source interface {
	name() string
	log(ctx context.Context) (*replica.LogOffer, error)
	// head returns the newest head there, with digests from the index given
	// on; errors.Is ErrNotHeld when there is none.
	head(ctx context.Context, held *replica.HeadView, whole bool) (body []byte, from int, digests [][32]byte, err error)
	manifest(ctx context.Context, head record.Head, have record.Manifest) ([]byte, error)
	bodies(ctx context.Context, leaves []record.Leaf, each func(record.Leaf, []byte)) error
}

func (x *Exchange) sync(ctx context.Context, subject string, src source, rep *Report) error {
	if _, err := x.r.History(ctx, subject); errors.Is(err, replica.ErrUnknown) {
		if err := x.syncLog(ctx, src, rep); err != nil {
			return err
		}
	}
	if err := x.syncHead(ctx, subject, src, rep); err != nil {
		if !errors.Is(err, ErrNotHeld) {
			return err
		}
		// A folder without heads: the log is all there is.
		return x.syncLog(ctx, src, rep)
	}
	return x.syncFiles(ctx, subject, src, rep)
}

func (x *Exchange) syncLog(ctx context.Context, src source, rep *Report) error {
	offer, err := src.log(ctx)
	if err != nil || offer == nil {
		return err
	}
	res := x.r.Accept(ctx, replica.Offer{Source: src.name(), Log: offer})
	switch res.Outcome {
	case record.Fresh:
		rep.Changed = true
	case record.Refused, record.Pending:
		return fmt.Errorf("exchange: log from %s: %w", src.name(), res.Err)
	}
	return nil
}

// syncHead takes the newest head of a source, fetching what it needs first.
func (x *Exchange) syncHead(ctx context.Context, subject string, src source, rep *Report) error {
	whole, logTried := false, false
	for range 6 {
		held, err := x.r.Head(ctx, subject)
		if err != nil && !errors.Is(err, replica.ErrUnknown) {
			return err
		}
		body, from, digests, err := src.head(ctx, held, whole)
		if err != nil {
			return err
		}
		head, err := record.ParseHead(body)
		if err != nil || head.Subject() != subject {
			return fmt.Errorf("%w: head of %s", ErrAnswer, subject)
		}
		if held != nil && held.Head.CID() == head.CID() {
			return nil
		}
		offer := &replica.HeadOffer{Head: body, From: from, Digests: digests}
		if offer.Manifest, err = x.manifestFor(ctx, subject, src, held, head); err != nil {
			return err
		}
		res := x.r.Accept(ctx, replica.Offer{Source: src.name(), Head: offer})
		switch {
		case res.Outcome == record.Fresh:
			rep.Changed = true
			return nil
		case res.Outcome == record.Pending && res.Need == replica.NeedLog && !logTried:
			logTried = true
			if err := x.syncLog(ctx, src, rep); err != nil {
				return err
			}
		case errors.Is(res.Err, record.ErrHistoryRoot) && !whole,
			res.Outcome == record.Pending && res.Need == replica.NeedHistory && !whole:
			// The other side disagrees further back: ask for all of its
			// history, so that the place where it parts can be shown.
			whole = true
		case res.Outcome == record.Stale, res.Outcome == record.Known, res.Outcome == record.Forked:
			return nil
		default:
			return fmt.Errorf("exchange: head from %s: %s: %w", src.name(), res.Outcome, res.Err)
		}
	}
	return fmt.Errorf("%w: the head needs ever more", ErrAnswer)
}

// manifestFor fetches the manifest of a head unless the one held fits.
func (x *Exchange) manifestFor(ctx context.Context, subject string, src source, held *replica.HeadView, head record.Head) ([]byte, error) {
	if held != nil && held.Head.Root == head.Root {
		return nil, nil
	}
	var have record.Manifest
	if held != nil {
		m, err := x.r.Manifest(ctx, subject)
		if err != nil {
			return nil, err
		}
		have = m
	}
	return src.manifest(ctx, head, have)
}

// syncFiles fetches what the head names and is not here.
func (x *Exchange) syncFiles(ctx context.Context, subject string, src source, rep *Report) error {
	missing, err := x.due(ctx, subject)
	if err != nil {
		return err
	}
	return x.take(ctx, subject, src, rep, missing)
}

// take fetches bodies and hands them to the door.
func (x *Exchange) take(ctx context.Context, subject string, src source, rep *Report, missing []record.Leaf) error {
	// The practice statement first: it says who else may sign lists.
	for i, leaf := range missing {
		if leaf.Path == replica.PathPractice {
			missing[0], missing[i] = missing[i], missing[0]
		}
	}
	in := inbox{x: x, subject: subject, source: src.name(), rep: rep, got: make(map[string]bool)}
	for len(missing) > 0 {
		n := min(len(missing), maxCIDs)
		batch := missing[:n]
		missing = missing[n:]
		err := src.bodies(ctx, batch, func(leaf record.Leaf, body []byte) { in.add(ctx, leaf, body) })
		in.flush(ctx)
		if err != nil {
			return err
		}
		for _, leaf := range batch {
			if !in.got[leaf.Path] {
				rep.Incomplete = append(rep.Incomplete, leaf.Path)
			}
		}
	}
	return nil
}

// inboxBytes is how much is gathered before it goes through the door at once.
const inboxBytes = 1 << 20

// inbox gathers bodies, so that small ones wait for the disk together.
type inbox struct {
	x               *Exchange
	subject, source string
	rep             *Report
	got             map[string]bool
	files           []replica.FileOffer
	bytes           int
}

func (b *inbox) add(ctx context.Context, leaf record.Leaf, body []byte) {
	b.rep.Bytes += int64(len(body))
	if record.CIDOf(body) != leaf.CID {
		return
	}
	b.files = append(b.files, replica.FileOffer{Subject: b.subject, Path: leaf.Path, Body: body})
	if b.bytes += len(body); b.bytes >= inboxBytes {
		b.flush(ctx)
	}
}

func (b *inbox) flush(ctx context.Context) {
	for i, res := range b.x.r.AcceptFiles(ctx, b.source, b.files) {
		if res.Outcome == record.Fresh || res.Outcome == record.Known {
			b.got[b.files[i].Path] = true
			b.rep.Files++
			b.rep.Changed = true
		}
	}
	b.files, b.bytes = nil, 0
}

// peerSource asks one peer.
type peerSource struct {
	x             *Exchange
	peer, subject string
	meta          int64 // bytes that came and are no bodies
}

func (s *peerSource) name() string { return "peer:" + s.peer }

// gather collects the frames of an answer: the first apart, the rest joined,
// at most limit bytes of it.
func (s *peerSource) gather(ctx context.Context, op string, q any, limit int) (first, rest []byte, err error) {
	n := 0
	err = s.x.cfg.Peers.Request(ctx, s.peer, op, encode(q), func(f []byte) error {
		s.meta += int64(len(f))
		if n++; n == 1 {
			first = bytes.Clone(f)
			return nil
		}
		if len(rest)+len(f) > limit {
			return fmt.Errorf("%w: more than %d bytes", ErrAnswer, limit)
		}
		rest = append(rest, f...)
		return nil
	})
	return first, rest, err
}

func (s *peerSource) log(ctx context.Context) (*replica.LogOffer, error) {
	q := logQ{Subject: s.subject}
	h, err := s.x.r.History(ctx, s.subject)
	if err == nil {
		q.Version, q.VersionID = int64(h.Len()), h.Latest().VersionID
	}
	limit := record.KindDIDLog.MaxBytes() + record.KindDIDWitness.MaxBytes()
	first, rest, err := s.gather(ctx, OpLog, q, limit)
	if err != nil {
		return nil, err
	}
	var a logA
	if err := answer(first, &a); err != nil {
		return nil, err
	}
	if a.Log < 0 || a.Witness < 0 || a.Log+a.Witness != len(rest) || a.Tail && h == nil {
		return nil, fmt.Errorf("%w: log of %d and witnesses of %d in %d bytes", ErrAnswer, a.Log, a.Witness, len(rest))
	}
	offer := &replica.LogOffer{Log: rest[:a.Log:a.Log], Witness: rest[a.Log:]}
	if a.Tail {
		held := h.Log()
		if len(held) > 0 && held[len(held)-1] != '\n' {
			held = append(held[:len(held):len(held)], '\n')
		}
		offer.Log = append(held[:len(held):len(held)], offer.Log...)
	}
	return offer, nil
}

func (s *peerSource) head(ctx context.Context, held *replica.HeadView, whole bool) ([]byte, int, [][32]byte, error) {
	q := headQ{Subject: s.subject}
	if held != nil && !whole {
		q.Epoch, q.Sequence = held.EpochVersion, int64(held.Head.Sequence)
	}
	var a headA
	var body, flat []byte
	n := 0
	err := s.x.cfg.Peers.Request(ctx, s.peer, OpHead, encode(q), func(f []byte) error {
		s.meta += int64(len(f))
		n++
		switch n {
		case 1:
			return answer(f, &a)
		case 2:
			body = bytes.Clone(f)
			return nil
		}
		if len(flat)+len(f) > 32*maxDigests {
			return fmt.Errorf("%w: a history of more than %d heads", ErrAnswer, maxDigests)
		}
		flat = append(flat, f...)
		return nil
	})
	if err != nil {
		return nil, 0, nil, err
	}
	if body == nil || a.From < 0 || a.Digests < 0 || len(flat) != 32*a.Digests {
		return nil, 0, nil, fmt.Errorf("%w: %d bytes for %d digests", ErrAnswer, len(flat), a.Digests)
	}
	digests := make([][32]byte, a.Digests)
	for i := range digests {
		copy(digests[i][:], flat[32*i:])
	}
	return body, a.From, digests, nil
}

func (s *peerSource) manifest(ctx context.Context, head record.Head, have record.Manifest) ([]byte, error) {
	rec := record.NewReconciler(have, head.Root, head.Leaves)
	for range 64 {
		ranges := rec.Next()
		if len(ranges) == 0 {
			m, err := rec.Manifest()
			if err != nil {
				return nil, err
			}
			return m.Encode(), nil
		}
		raw, err := record.EncodeRanges(ranges)
		if err != nil {
			return nil, err
		}
		first, _, err := s.gather(ctx, OpRanges, rangesQ{Subject: s.subject, Head: head.CID().String(), Ranges: json.RawMessage(raw)}, record.MaxExchange)
		if err != nil {
			return nil, err
		}
		answers, err := record.ParseAnswers(first)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		if err := rec.Feed(answers); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: the manifest does not come to an end", ErrAnswer)
}

func (s *peerSource) bodies(ctx context.Context, leaves []record.Leaf, each func(record.Leaf, []byte)) error {
	q := bodiesQ{Subject: s.subject}
	for _, l := range leaves {
		q.CIDs = append(q.CIDs, l.CID.String())
	}
	i := 0
	return s.x.cfg.Peers.Request(ctx, s.peer, OpBodies, encode(q), func(f []byte) error {
		if i >= len(leaves) || len(f) == 0 {
			return fmt.Errorf("%w: more bodies than asked for", ErrAnswer)
		}
		leaf := leaves[i]
		i++
		if f[0] == bodyMarkHas && int64(len(f)-1) == leaf.Size {
			each(leaf, bytes.Clone(f[1:]))
		}
		return nil
	})
}

func (x *Exchange) askSubjects(ctx context.Context, peer, after string) ([]subjectRow, error) {
	var page []subjectRow
	err := x.cfg.Peers.Request(ctx, peer, OpSubjects, encode(subjectsQ{After: after}), func(f []byte) error {
		var s subjectRow
		if err := answer(f, &s); err != nil {
			return err
		}
		if len(page) == pageSize || record.CheckSubject(s.Subject) != nil || s.Subject <= after {
			return ErrAnswer
		}
		after = s.Subject
		page = append(page, s)
		return nil
	})
	return page, err
}

// fetchForks takes the evidence that a peer has about a subject.
func (x *Exchange) fetchForks(ctx context.Context, subject, peer string) error {
	n := 0
	return x.cfg.Peers.Request(ctx, peer, OpForks, encode(forksQ{Subject: subject}), func(b []byte) error {
		if n++; n > maxForks {
			return ErrAnswer
		}
		f, err := record.ParseFork(b)
		if err != nil {
			return err
		}
		if f.Subject != subject {
			return ErrAnswer
		}
		x.r.Accept(ctx, replica.Offer{Source: "peer:" + peer, Fork: &f})
		return nil
	})
}

// HeadAt returns the newest head of a subject that a peer shows, not verified.
// The error is ErrNotHeld when it has none.
func (x *Exchange) HeadAt(ctx context.Context, peer, subject string) (record.Head, error) {
	src := &peerSource{x: x, peer: peer, subject: subject}
	body, _, _, err := src.head(ctx, nil, false)
	if err != nil {
		return record.Head{}, err
	}
	head, err := record.ParseHead(body)
	if err != nil || head.Subject() != subject {
		return record.Head{}, fmt.Errorf("%w: head of %s", ErrAnswer, subject)
	}
	return head, nil
}

// Holds tells whether a peer's newest head of a subject is the one given.
func (x *Exchange) Holds(ctx context.Context, peer, subject, head string) (bool, error) {
	src := &peerSource{x: x, peer: peer, subject: subject}
	body, _, _, err := src.head(ctx, nil, false)
	if err != nil {
		return false, err
	}
	return record.CIDOf(body).String() == head, nil
}
