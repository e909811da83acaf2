package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

// ForkStatus is the kind under which two lists that take back a revocation
// are kept as evidence; the body is a JSON list of the two credentials.
const ForkStatus = "status"

// acceptFile judges one file: the newest head must name it with exactly this
// content, and it must hold by itself.
func (r *Replica) acceptFile(ctx context.Context, o Offer) Result {
	return r.acceptFiles(ctx, o.Source, []FileOffer{*o.File})[0]
}

// AcceptFiles is Accept for several files of one subject, which are kept in one
// transaction: many small files cost one wait for the disk. The result at each
// place is that of the file there.
func (r *Replica) AcceptFiles(ctx context.Context, source string, files []FileOffer) []Result {
	out := r.acceptFiles(ctx, source, files)
	for i := range out {
		if out[i].Outcome == record.Refused && isStoreError(out[i].Err) {
			out[i].Outcome = record.Pending
		}
		r.log.Debug("offer", "source", source, "subject", out[i].Subject, "path", files[i].Path, "outcome", out[i].Outcome.String(), "why", out[i].Err)
	}
	return out
}

func (r *Replica) acceptFiles(ctx context.Context, source string, files []FileOffer) []Result {
	out := make([]Result, len(files))
	if len(files) == 0 {
		return out
	}
	subject := files[0].Subject
	defer r.lock(subject)()
	b := fileBatch{r: r, source: source, subject: subject, out: out}
	snap, err := r.newest(ctx, subject)
	if err == nil {
		b.held, b.manifest = &snap.HeadView, snap.manifest
	} else if !errors.Is(err, ErrUnknown) {
		for i := range out {
			out[i] = refused(subject, err)
		}
		return out
	}
	for i, f := range files {
		if f.Subject != subject {
			out[i] = refused(f.Subject, fmt.Errorf("%w: files of two subjects", ErrOffer))
			continue
		}
		c, res := b.judge(ctx, f)
		if out[i] = res; c == nil {
			continue
		}
		b.add(i, c)
		if c.rec.Kind == record.KindPractice {
			b.keep(ctx) // it says who may sign the lists that follow
		}
	}
	b.keep(ctx)
	return out
}

// fileBatch is files of one subject on their way into the store.
type fileBatch struct {
	r               *Replica
	source, subject string
	held            *HeadView // under which all of them are judged; nil without a head
	manifest        record.Manifest
	out             []Result
	places          []int
	checked         []*fileCheck
}

func (b *fileBatch) add(place int, c *fileCheck) {
	b.places, b.checked = append(b.places, place), append(b.checked, c)
}

// judge returns a check that passed, or what became of the file.
func (b *fileBatch) judge(ctx context.Context, f FileOffer) (*fileCheck, Result) {
	subject, r := b.subject, b.r
	rec, err := record.New(subject, f.Path, f.Body)
	if err != nil {
		return nil, refused(subject, err)
	}
	if !travels(rec.Kind) {
		return nil, refused(subject, fmt.Errorf("%w: %s does not come as a file", ErrOffer, rec.Path))
	}
	h, err := r.History(ctx, subject)
	if errors.Is(err, ErrUnknown) {
		return nil, pending(subject, NeedLog, ErrNeedsLog)
	}
	if err != nil {
		return nil, refused(subject, err)
	}
	if b.held == nil {
		return nil, pending(subject, NeedHead, ErrNotNamed)
	}
	leaf, named := b.manifest.Find(rec.Path)
	if !named || leaf.CID != rec.CID {
		return nil, stale(subject, fmt.Errorf("%w: %s", ErrNotNamed, rec.Path))
	}
	old, err := r.fileRow(ctx, subject, rec.Path)
	if err != nil {
		return nil, refused(subject, err)
	}
	if old != nil && old.CID == rec.CID.String() {
		return nil, Result{Outcome: record.Known, Subject: subject}
	}
	c := &fileCheck{r: r, h: h, rec: rec, source: b.source}
	if err := c.run(ctx); err != nil {
		return nil, refused(subject, fmt.Errorf("%w: %s: %w", ErrFile, rec.Path, err))
	}
	return c, Result{}
}

// keep stores what has passed, in one transaction.
func (b *fileBatch) keep(ctx context.Context) {
	if len(b.checked) == 0 {
		return
	}
	now := b.r.cfg.Clock().UnixMilli()
	paths := make([]string, 0, len(b.checked))
	err := b.r.store.Update(ctx, "", func(tx store.Tx) error {
		if err := unmoved(tx, b.subject, b.held); err != nil {
			return err
		}
		for _, c := range b.checked {
			if err := put(tx, b.subject, c.rec.Path, c.rec.Kind, c.rec.Body, b.source, now); err != nil {
				return err
			}
			if err := c.keep(tx, now); err != nil {
				return err
			}
		}
		return nil
	})
	for i, place := range b.places {
		if b.out[place] = (Result{Outcome: record.Fresh, Subject: b.subject}); err != nil {
			b.out[place] = refused(b.subject, err)
		}
		paths = append(paths, b.checked[i].rec.Path)
	}
	b.places, b.checked = b.places[:0], b.checked[:0]
	if err == nil {
		b.r.changed(Change{Subject: b.subject, Paths: paths, Source: b.source})
	}
}

// fileCheck verifies one file by what it is.
type fileCheck struct {
	r      *Replica
	h      *webvh.History
	rec    record.Record
	source string

	// What a status list leaves behind.
	sticky   []byte
	evidence []byte
}

func (c *fileCheck) options() credential.Options {
	return credential.Options{Resolver: c.r.Resolver(), At: c.r.cfg.Clock(), Loader: c.r.cfg.Loader, Skew: c.r.cfg.Skew}
}

func (c *fileCheck) run(ctx context.Context) error {
	switch c.rec.Kind {
	case record.KindStatusList:
		return c.statusList(ctx)
	case record.KindStatusToken, record.KindStatusCWT:
		return c.statusToken(ctx)
	case record.KindWhois:
		return c.whois(ctx)
	case record.KindRecognition:
		return c.recognition(ctx)
	case record.KindPractice:
		doc, err := c.document()
		if err != nil {
			return err
		}
		_, err = credential.CheckPractice(ctx, c.rec.Body, doc)
		return err
	case record.KindAnchor:
		// What it proves is held against a chain when it is used.
		_, err := strictjson.ParseObject(c.rec.Body, strictjson.Limits{MaxBytes: record.KindAnchor.MaxBytes()})
		return err
	case record.KindSchema:
		_, err := strictjson.ParseObject(c.rec.Body, strictjson.Limits{MaxBytes: record.KindSchema.MaxBytes()})
		return err
	}
	return record.ErrKind
}

// document is the newest document of the identifier.
func (c *fileCheck) document() (*did.Document, error) { return document(c.h) }

func document(h *webvh.History) (*did.Document, error) {
	n := lastLive(h)
	for i := h.Len() - 1; i >= 0; i-- {
		if e := h.Entry(i); e.Number == n {
			return did.ParseDocument(e.State)
		}
	}
	return nil, did.ErrNotFound
}

// locations are the URLs that a path has had: one for each name in the log.
func locations(h *webvh.History, path string) []string {
	var urls []string
	for _, d := range h.DIDs() {
		if id, err := webvh.ParseID(d); err == nil {
			urls = append(urls, id.FileURL(path))
		}
	}
	return urls
}

func (c *fileCheck) statusList(ctx context.Context) error {
	list, row, ok := revocation.ReadList(ctx, c.rec.Body, revocation.Options{Credential: c.options()})
	if !ok {
		return fmt.Errorf("%s: %s", row.Code, row.Params["detail"])
	}
	if err := c.named(ctx, list, c.rec.Path); err != nil {
		return err
	}
	return c.against(ctx, list)
}

// named holds the name of a list and its issuer against the log: path is the one
// that its name ends in.
func (c *fileCheck) named(ctx context.Context, list *revocation.List, path string) error {
	p, err := c.r.Practice(ctx, c.h.SCID())
	if err != nil {
		p = nil
	}
	at := p != nil && p.Lists[list.ID] == path
	for _, u := range locations(c.h, path) {
		at = at || u == list.ID
	}
	if !at {
		return fmt.Errorf("the list calls itself %.200s", list.ID)
	}
	if record.SubjectOf(list.Issuer) != c.h.SCID() {
		if p == nil || !contains(p.ListIssuers, list.Issuer) {
			return fmt.Errorf("the list is by %.200s, whom the issuer does not name for lists", list.Issuer)
		}
	}
	return nil
}

// against compares a list with the one held under its path: it must not be
// older, and no revocation may be gone.
func (c *fileCheck) against(ctx context.Context, list *revocation.List) error {
	var old []byte
	var mask store.Revoked
	err := c.r.store.View(ctx, func(tx store.Tx) (err error) {
		old, mask = nil, store.Revoked{}
		if old, err = body(tx, c.rec.Subject, c.rec.Path); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if mask, err = tx.GetRevoked(c.rec.Subject, c.rec.Path); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if old != nil {
		if before := c.begun(old); before != nil && list.ValidFrom != nil && list.ValidFrom.Before(*before) {
			return fmt.Errorf("the list is older than the one held, from %s", before)
		}
	}
	revoked := list.Bits
	if list.MediaType != "" {
		revoked = list.Statuses.Where(revocation.StatusInvalid)
	} else if !containsPurpose(list.Purposes, revocation.Revocation) {
		return nil
	}
	c.sticky = revoked.Bytes()
	if gone := revocation.FromBytes(mask.Bits).GoneIn(revoked, 1); len(gone) > 0 && old != nil {
		c.evidence, err = c.pair(old)
		c.r.log.Warn("a revocation was taken back", "subject", c.rec.Subject, "path", c.rec.Path)
	}
	return err
}

// keep records what a status list leaves behind, in the file's transaction.
func (c *fileCheck) keep(tx store.Tx, now int64) error {
	if c.sticky != nil {
		if err := tx.OrRevoked(c.rec.Subject, c.rec.Path, c.sticky); err != nil {
			return err
		}
	}
	if c.evidence == nil {
		return nil
	}
	err := tx.PutFork(store.Fork{Subject: c.rec.Subject, Kind: ForkStatus, Parent: c.rec.Path, Body: c.evidence, SeenAt: now})
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// whois must be a presentation by the identifier; what is in it may be by
// issuers that are not at hand yet, but nothing in it may be forged.
func (c *fileCheck) whois(ctx context.Context) error {
	p, err := credential.CheckPresentation(ctx, c.rec.Body, c.options())
	if err != nil {
		return err
	}
	if !p.Signed {
		return fmt.Errorf("the presentation is not signed by the identifier: %w", orMissing(p.Err))
	}
	if record.SubjectOf(p.Holder) != c.h.SCID() {
		return fmt.Errorf("the presentation is by %.200s", p.Holder)
	}
	for i, inside := range p.Credentials {
		if row := inside.Row(verdict.Integrity); row.Result == verdict.Fail {
			return fmt.Errorf("credential %d: %s %s", i, row.Code, row.Params["detail"])
		}
	}
	return nil
}

func orMissing(err error) error {
	if err == nil {
		return credential.ErrHolder
	}
	return err
}

// recognition must be credentials by the identifier itself: one, or a pack of them.
func (c *fileCheck) recognition(ctx context.Context) error {
	bodies, err := legal.Unpack(c.rec.Body)
	if err != nil {
		return err
	}
	for i, b := range bodies {
		if err := c.byItself(ctx, b); err != nil {
			if len(bodies) > 1 {
				err = fmt.Errorf("credential %d: %w", i, err)
			}
			return err
		}
	}
	return nil
}

func (c *fileCheck) byItself(ctx context.Context, body []byte) error {
	checked := credential.Check(ctx, body, c.options())
	if checked.Credential == nil {
		return credential.ErrParse
	}
	for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer} {
		row := checked.Row(name)
		// A key that was retired since, and only that, may stay unknown.
		if row.Result == verdict.Fail || row.Result == verdict.Unknown && row.Code != verdict.SignerRetired {
			return fmt.Errorf("%s: %s %s", name, row.Code, row.Params["detail"])
		}
	}
	if record.SubjectOf(checked.Credential.Issuer) != c.h.SCID() {
		return fmt.Errorf("the credential is by %.200s", checked.Credential.Issuer)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

func containsPurpose(list []revocation.Purpose, p revocation.Purpose) bool {
	for _, e := range list {
		if e == p {
			return true
		}
	}
	return false
}
