package exchange

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

// Handlers are the questions that this node answers, by operation.
func (x *Exchange) Handlers() map[string]Handler {
	return map[string]Handler{
		OpSubjects: x.serveSubjects, OpLog: x.serveLog, OpHead: x.serveHead,
		OpRanges: x.serveRanges, OpBodies: x.serveBodies, OpForks: x.serveForks,
	}
}

// open finds a subject that is given out.
func (x *Exchange) open(ctx context.Context, subject string) (store.Subject, error) {
	if record.CheckSubject(subject) != nil {
		return store.Subject{}, ErrQuestion
	}
	s, err := x.r.Subject(ctx, subject)
	if errors.Is(err, replica.ErrUnknown) || err == nil && !x.gives(s) {
		return s, fmt.Errorf("%w: %s", ErrNotHeld, subject)
	}
	return s, err
}

func (x *Exchange) serveSubjects(ctx context.Context, _ string, q []byte, w Writer) error {
	var in subjectsQ
	if err := question(q, &in); err != nil {
		return err
	}
	classes := []int{store.ClassRecognised, store.ClassFollowed, store.ClassOwn}
	if x.cfg.ServeAll {
		classes = nil
	}
	list, err := x.r.Subjects(ctx, in.After, pageSize, classes...)
	if err != nil {
		return err
	}
	for _, s := range list {
		row := subjectRow{Subject: s.Subject, Version: s.LogVersion, VersionID: s.LogVersionID}
		if v, err := x.r.Head(ctx, s.Subject); err == nil {
			row.Head = v.Head.CID().String()
		}
		if err := w.Frame(encode(row)); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exchange) serveLog(ctx context.Context, _ string, q []byte, w Writer) error {
	var in logQ
	if err := question(q, &in); err != nil {
		return err
	}
	if _, err := x.open(ctx, in.Subject); err != nil {
		return err
	}
	h, err := x.r.History(ctx, in.Subject)
	if err != nil {
		return err
	}
	log, witness, err := x.r.LogFiles(ctx, in.Subject)
	if err != nil {
		return err
	}
	head := logA{Witness: len(witness)}
	if n := int(in.Version); n > 0 && n <= h.Len() && h.Entry(n-1).VersionID == in.VersionID {
		log = afterLines(log, n)
		head.Tail = true
	}
	head.Log = len(log)
	if err := w.Frame(encode(head)); err != nil {
		return err
	}
	return chunks(w, append(log[:len(log):len(log)], witness...))
}

// afterLines cuts the first n lines off.
func afterLines(b []byte, n int) []byte {
	for i, c := range b {
		if c == '\n' {
			if n--; n == 0 {
				return b[i+1:]
			}
		}
	}
	return nil
}

func chunks(w Writer, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), chunk)
		if err := w.Frame(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (x *Exchange) serveHead(ctx context.Context, _ string, q []byte, w Writer) error {
	var in headQ
	if err := question(q, &in); err != nil {
		return err
	}
	if _, err := x.open(ctx, in.Subject); err != nil {
		return err
	}
	v, err := x.r.Head(ctx, in.Subject)
	if errors.Is(err, replica.ErrUnknown) {
		return fmt.Errorf("%w: no head of %s", ErrNotHeld, in.Subject)
	}
	if err != nil {
		return err
	}
	// The digest of the head that the other side holds is sent again, so
	// that a different one shows.
	from := 0
	if in.Epoch == v.EpochVersion && in.Sequence > 0 {
		from = int(min(in.Sequence-1, int64(v.Head.Sequence)-1))
	}
	digests, err := x.r.Digests(ctx, in.Subject, v.EpochVersion, from, int(v.Head.Sequence)-1)
	if err != nil {
		return err
	}
	if err := w.Frame(encode(headA{From: from, Digests: len(digests)})); err != nil {
		return err
	}
	if err := w.Frame(v.Head.Bytes()); err != nil {
		return err
	}
	flat := make([]byte, 0, 32*len(digests))
	for i := range digests {
		flat = append(flat, digests[i][:]...)
	}
	return chunks(w, flat)
}

func (x *Exchange) serveRanges(ctx context.Context, _ string, q []byte, w Writer) error {
	var in rangesQ
	if err := question(q, &in); err != nil {
		return err
	}
	if _, err := x.open(ctx, in.Subject); err != nil {
		return err
	}
	raw, err := strictjson.Canonical(in.Ranges)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrQuestion, err)
	}
	asked, err := record.ParseRanges(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrQuestion, err)
	}
	v, err := x.r.Head(ctx, in.Subject)
	if err != nil || v.Head.CID().String() != in.Head {
		return fmt.Errorf("%w: the manifest of head %.80s", ErrNotHeld, in.Head)
	}
	m, err := x.r.Manifest(ctx, in.Subject)
	if err != nil {
		return err
	}
	answers, err := m.Answer(asked)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrQuestion, err)
	}
	b, err := record.EncodeAnswers(answers)
	if err != nil {
		return err
	}
	return w.Frame(b)
}

func (x *Exchange) serveBodies(ctx context.Context, _ string, q []byte, w Writer) error {
	var in bodiesQ
	if err := question(q, &in); err != nil {
		return err
	}
	if _, err := x.open(ctx, in.Subject); err != nil {
		return err
	}
	if len(in.CIDs) > maxCIDs {
		return fmt.Errorf("%w: %d bodies, at most %d", ErrQuestion, len(in.CIDs), maxCIDs)
	}
	m, err := x.r.Manifest(ctx, in.Subject)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrNotHeld, in.Subject)
	}
	// Of all that the folder has only what is asked for is looked at, because
	// there may be thousands of files.
	asked := make(map[record.CID]bool, len(in.CIDs))
	for _, s := range in.CIDs {
		if cid, err := record.ParseCID(s); err == nil {
			asked[cid] = false
		}
	}
	for _, leaf := range m {
		if _, ok := asked[leaf.CID]; ok {
			asked[leaf.CID] = true
		}
	}
	for _, s := range in.CIDs {
		frame := []byte{0}
		if cid, err := record.ParseCID(s); err == nil && asked[cid] {
			if b, err := x.r.BodyByCID(ctx, in.Subject, cid); err == nil {
				frame = append([]byte{bodyMarkHas}, b...)
			}
		}
		if err := w.Frame(frame); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exchange) serveForks(ctx context.Context, _ string, q []byte, w Writer) error {
	var in forksQ
	if err := question(q, &in); err != nil {
		return err
	}
	if record.CheckSubject(in.Subject) != nil {
		return ErrQuestion
	}
	list, err := x.r.Forks(ctx, in.Subject)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range list {
		if f.Kind == replica.ForkStatus || len(f.Body) > MaxFrame || n == maxForks {
			continue
		}
		n++
		if err := w.Frame(f.Body); err != nil {
			return err
		}
	}
	return nil
}
