package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

const recognitionDir = "recognition/"

// recogniser writes the recognitions of one issuer of this node. Each recognition is
// a credential with a status of its own; those of one entity lie in one file, and an
// accreditor of thousands keeps them in packs (see legal.Pack).
type recogniser struct {
	n      *Node
	is     store.Issuer
	h      *webvh.History
	id     webvh.ID
	signer key.Signer
	above  []string // who recognises the issuer itself
	actor  string
}

func (n *Node) recogniser(ctx context.Context, is store.Issuer, actor string) (*recogniser, error) {
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return nil, err
	}
	r := &recogniser{n: n, is: is, h: h, actor: actor}
	if r.signer, err = n.signer(is.Subject, keystore.RoleCredential); err != nil {
		return nil, err
	}
	if r.id, err = webvh.ParseID(h.DID()); err != nil {
		return nil, err
	}
	r.above, err = n.recognisedIn(ctx, is.Subject)
	return r, err
}

func (r *recogniser) method() string { return r.h.DID() + "#" + r.signer.Public().Multikey() }

// kept is one recognition as it lies in a file.
type kept struct {
	body []byte
	c    *credential.Credential
	of   string // subject
}

// shelves are the files of recognitions within one transaction.
type shelves struct {
	r     *recogniser
	tx    store.Tx
	ctx   context.Context
	paths map[string]bool
	open  map[string][]kept
	dirty map[string]bool
	ops   []revocation.Op
}

func (r *recogniser) shelves(ctx context.Context, tx store.Tx) (*shelves, error) {
	s := &shelves{r: r, tx: tx, ctx: ctx, paths: map[string]bool{}, open: map[string][]kept{}, dirty: map[string]bool{}}
	drafts, err := tx.ListDrafts(r.is.Subject)
	for _, d := range drafts {
		if strings.HasPrefix(d.Path, recognitionDir) {
			s.paths[d.Path] = true
		}
	}
	return s, err
}

// find names the file with the recognitions of a subject, or "" where there is none
// in which they could lie.
func (s *shelves) find(subject string) string {
	if p := recognitionDir + legal.FileName(subject); s.paths[p] {
		return p
	}
	for bits := range legal.MaxPackBits + 1 {
		if p := legal.PackPath(subject, bits); s.paths[p] {
			return p
		}
	}
	return ""
}

// fresh names the pack in which the first recognition of a subject is to lie.
func (s *shelves) fresh(subject string) string {
	if p := s.find(subject); p != "" {
		return p
	}
	// A pack that was halved has left its place to its halves, of which one may not be
	// there yet: its place is one bit after where the names of the others part.
	order, depth := bitsOf(legal.PackOrder(subject)), 0
	for p := range s.paths {
		if _, ok := legal.IsPack(p); !ok {
			continue
		}
		common, name := 0, bitsOf(p)
		for common < len(name) && name[common] == order[common] {
			common++
		}
		depth = max(depth, common+1)
	}
	return legal.PackPath(subject, depth)
}

// bitsOf are the digits in the name of a pack.
func bitsOf(path string) string {
	_, digits, _ := strings.Cut(path, ".")
	return digits
}

func (s *shelves) load(path string) ([]kept, error) {
	if list, ok := s.open[path]; ok || !s.paths[path] {
		return list, nil
	}
	d, err := s.tx.GetDraft(s.r.is.Subject, path)
	if err != nil {
		return nil, err
	}
	bodies, err := legal.Unpack(d.Body)
	if err != nil {
		return nil, err
	}
	var list []kept
	for _, b := range bodies {
		k, err := readKept(b)
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	s.open[path] = list
	return list, nil
}

func readKept(body []byte) (kept, error) {
	c, err := credential.Parse(body, strictjson.Limits{})
	if err != nil {
		return kept{}, err
	}
	k := kept{body: body, c: c}
	if len(c.Subjects) == 1 {
		id, _ := c.Subjects[0]["id"].(string)
		k.of = subjectOf(id)
	}
	return k, nil
}

func (k kept) recognition() (legal.Recognition, error) {
	list, err := legal.ReadRecognitions(k.c, func(id string) bool { return subjectOf(id) == k.of })
	if err != nil {
		return legal.Recognition{}, err
	}
	if len(list) != 1 {
		return legal.Recognition{}, fmt.Errorf("%w: %d entities", legal.ErrRecognition, len(list))
	}
	return list[0], nil
}

// void tells whether the status bit of a recognition is set, counting what is to be
// set in this transaction, and since when.
func (s *shelves) void(k kept) (list, index int64, since *time.Time, err error) {
	row, err := s.tx.GetIssued(s.r.is.Subject, k.c.ID)
	if errors.Is(err, store.ErrNotFound) { // erased: the credential names its place itself
		row, err = placeOf(k)
	}
	if err != nil {
		return 0, 0, nil, err
	}
	for _, op := range s.ops {
		if op.List == row.List && op.Index == row.Index {
			now := s.r.n.clock()
			return row.List, row.Index, &now, nil
		}
	}
	ch, err := s.tx.GetChange(s.r.is.Subject, row.List, row.Index, string(revocation.Revocation))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return row.List, row.Index, nil, nil
	case err != nil:
		return 0, 0, nil, err
	case ch.Status != 0:
		at := time.UnixMilli(ch.At)
		since = &at
	}
	return row.List, row.Index, since, nil
}

func placeOf(k kept) (store.Issued, error) {
	for _, m := range k.c.Status {
		e, _, ok := revocation.EntryOf(m)
		if !ok || e.Purpose != revocation.Revocation {
			continue
		}
		if number, err := strconv.ParseInt(e.List[strings.LastIndex(e.List, "/")+1:], 10, 64); err == nil {
			return store.Issued{List: number, Index: e.Index}, nil
		}
	}
	return store.Issued{}, fmt.Errorf("%w: %s has no status", ErrTarget, k.c.ID)
}

func (s *shelves) revoke(k kept, why string) error {
	list, index, since, err := s.void(k)
	if err == nil && since == nil {
		s.ops = append(s.ops, revocation.Op{Issuer: s.r.is.Subject, List: list, Index: index, Purpose: revocation.Revocation,
			Set: true, By: s.r.actor, Why: why})
	}
	return err
}

// sign gives a recognition its status and its signature.
func (s *shelves) sign(rec legal.Recognition, path string) (kept, error) {
	r := s.r
	var err error
	if rec.ID, err = r.n.newURN(); err != nil {
		return kept{}, err
	}
	rec.By, rec.ByName, rec.In = r.h.DID(), r.is.Name, r.above
	slot, err := r.n.book.AllocateIn(s.tx, r.is.Subject)
	if err != nil {
		return kept{}, err
	}
	list := slot.Lists[revocation.Revocation]
	url, err := r.n.listURL(s.tx, r.is.Subject, list, r.id)
	if err != nil {
		return kept{}, err
	}
	rec.Status = []credential.StatusSlot{{List: url, Index: slot.Index, Purpose: string(revocation.Revocation)}}
	body, err := legal.SignRecognition(s.ctx, rec, r.signer, r.method())
	if err != nil {
		return kept{}, err
	}
	err = s.tx.PutIssued(store.Issued{Issuer: r.is.Subject, ID: rec.ID, List: list, Index: slot.Index,
		LocalRef: recognitionDir + legal.FileName(rec.Of), At: r.n.clock().UnixMilli(), Type: legal.TypeRecognition})
	if err != nil {
		return kept{}, err
	}
	return readKept(body)
}

// add recognises. What is so already changes nothing. Of a recognition that stands
// with another content the new one takes the place where it begins at the same time;
// else the old one ends where the new one begins, and is kept. One that was ended or
// void is not revived: again is said which says so, by a begin that comes after.
func (s *shelves) add(rec legal.Recognition, path string, again bool) (changed bool, body []byte, err error) {
	subject := subjectOf(rec.Of)
	if subject == s.r.is.Subject {
		return false, nil, fmt.Errorf("%w: nobody recognises itself", ErrRequest)
	}
	list, err := s.load(path)
	if err != nil {
		return false, nil, err
	}
	var next []kept
	for _, k := range list {
		if k.of != subject {
			next = append(next, k)
			continue
		}
		_, _, over, err := s.void(k)
		if err != nil {
			return false, nil, err
		}
		old, err := k.recognition()
		if err != nil {
			return false, nil, err
		}
		if over == nil && sameRecognition(old, rec) {
			return false, k.body, nil
		}
		if over == nil && old.ValidUntil != nil && (rec.ValidUntil == nil || rec.ValidUntil.After(*old.ValidUntil)) {
			over = old.ValidUntil
		}
		switch {
		case over != nil && (!again || rec.ValidFrom.Before(over.Truncate(time.Second))):
			return false, nil, fmt.Errorf("%w: its recognition was ended as of %s; to recognise it again name a begin after that",
				ErrRequest, over.UTC().Format(time.RFC3339))
		case over != nil:
			next = append(next, k)
		case old.ValidFrom.Before(*rec.ValidFrom):
			if err := s.revoke(k, "issued again with an end"); err != nil {
				return false, nil, err
			}
			old.ValidUntil = rec.ValidFrom
			ended, err := s.sign(old, path)
			if err != nil {
				return false, nil, err
			}
			next = append(next, ended)
		default:
			if err := s.revoke(k, "replaced"); err != nil {
				return false, nil, err
			}
		}
	}
	k, err := s.sign(rec, path)
	if err != nil {
		return false, nil, err
	}
	s.set(path, append(next, k))
	return true, k.body, nil
}

func (s *shelves) set(path string, list []kept) {
	s.paths[path], s.open[path], s.dirty[path] = true, list, true
}

// sameRecognition compares what is said, and since when if both say so to the day.
func sameRecognition(a, b legal.Recognition) bool {
	plain := func(r legal.Recognition) string {
		b, err := json.Marshal([]any{r.Organisation, r.Actions, r.Types, r.ValidUntil})
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	a.Organisation.ID, b.Organisation.ID = a.Organisation.ID.Canonical(), b.Organisation.ID.Canonical()
	return plain(a) == plain(b) && !a.ValidFrom.After(*b.ValidFrom)
}

// end takes recognitions of a subject back: as of a date, by issuing what stands
// again with that end, or, with none, as void from the start. It returns how many.
func (s *shelves) end(did string, asOf *time.Time) (int, error) {
	subject := subjectOf(did)
	path := s.find(subject)
	if path == "" {
		return 0, fmt.Errorf("%w: %s is not recognised here", ErrTarget, did)
	}
	list, err := s.load(path)
	if err != nil {
		return 0, err
	}
	count, known := 0, false
	next := slices.Clone(list)
	for i, k := range list {
		if k.of != subject {
			continue
		}
		known = true
		_, _, since, err := s.void(k)
		if err != nil {
			return 0, err
		}
		rec, err := k.recognition()
		if err != nil {
			return 0, err
		}
		switch {
		case since != nil:
			continue
		case asOf == nil:
			err = s.revoke(k, "recognition void from the start")
		case rec.ValidUntil != nil && !rec.ValidUntil.After(*asOf):
			continue // it has ended before
		case !rec.ValidFrom.Before(*asOf):
			return 0, fmt.Errorf("%w: the recognition begins on %s; one that never held is ended with void", ErrRequest, rec.ValidFrom.Format(time.RFC3339))
		default:
			if err = s.revoke(k, "issued again with an end"); err != nil {
				return 0, err
			}
			end := *asOf
			rec.ValidUntil = &end
			next[i], err = s.sign(rec, path)
		}
		if err != nil {
			return 0, err
		}
		count++
	}
	if !known {
		return 0, fmt.Errorf("%w: %s is not recognised here", ErrTarget, did)
	}
	if count > 0 {
		s.set(path, next)
	}
	return count, nil
}

// flush writes the files that changed, halving packs that have grown too large, and
// the status bits.
func (s *shelves) flush() (pairs []int64, err error) {
	for len(s.dirty) > 0 {
		for _, path := range slices.Sorted(maps.Keys(s.dirty)) {
			delete(s.dirty, path)
			if err := s.write(path); err != nil {
				return nil, err
			}
		}
	}
	done, err := s.r.n.book.SetIn(s.tx, s.r.is.Subject, s.ops)
	if err != nil {
		return nil, err
	}
	for i, d := range done {
		if d.Err != nil {
			return nil, d.Err
		}
		if p := pairOf(s.ops[i].List); !slices.Contains(pairs, p) {
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

func (s *shelves) write(path string) error {
	list := s.open[path]
	bodies := make([][]byte, len(list))
	for i, k := range list {
		bodies[i] = k.body
	}
	body, fits, err := legal.Pack(s.r.h.DID(), bodies)
	if err != nil {
		return err
	}
	if fits {
		return s.r.n.putDraft(s.tx, s.r.is.Subject, path, body, time.Time{})
	}
	bits, pack := legal.IsPack(path)
	if !pack || bits >= legal.MaxPackBits {
		return fmt.Errorf("%w: %s has no room for more recognitions of one entity", record.ErrTooLarge, path)
	}
	halves := map[string][]kept{}
	for _, k := range list {
		p := legal.PackPath(k.of, bits+1)
		halves[p] = append(halves[p], k)
	}
	delete(s.paths, path)
	delete(s.open, path)
	if err := s.tx.DeleteDraft(s.r.is.Subject, path); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for p, half := range halves {
		s.set(p, half)
	}
	return nil
}

// shelve runs work over the files in one transaction.
func (r *recogniser) shelve(ctx context.Context, work func(s *shelves) error) (pairs []int64, err error) {
	err = r.n.store.Update(ctx, r.is.Subject, func(tx store.Tx) error {
		pairs = nil
		s, err := r.shelves(ctx, tx)
		if err != nil {
			return err
		}
		if err := work(s); err != nil {
			return err
		}
		pairs, err = s.flush()
		return err
	})
	return pairs, err
}

// resignRecognitions signs the recognitions again after the credential key changed.
func (n *Node) resignRecognitions(ctx context.Context, subject string, h *webvh.History) error {
	is, err := n.issuer(ctx, subject)
	if err != nil {
		return err
	}
	r, err := n.recogniser(ctx, is, "operator")
	if err != nil {
		return err
	}
	r.h = h
	_, err = r.shelve(ctx, func(s *shelves) error {
		for path := range maps.Clone(s.paths) {
			list, err := s.load(path)
			if err != nil {
				return err
			}
			for i, k := range list {
				tree := maps.Clone(k.c.Tree)
				delete(tree, "proof")
				signed, err := signTree(ctx, tree, r.signer, r.method(), n.clock())
				if err != nil {
					return err
				}
				if list[i], err = readKept(signed); err != nil {
					return err
				}
			}
			s.set(path, list)
		}
		return nil
	})
	return err
}
