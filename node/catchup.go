package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// A restored home is behind: what its issuer published after the backup is with
// others. It signs nothing until it has asked them and has taken over what they
// hold. `bonafide restore` is the operator's word for that, and it is good for
// once; a newer head that turns up later is that of a clone, and halts.

// Restored is what a home remembers of its restore until it has caught up.
type Restored struct {
	At       time.Time `json:"at"`
	Backup   time.Time `json:"backup"` // when the backup was made
	Sequence int64     `json:"sequence"`
	Head     string    `json:"head,omitempty"` // last head in the backup
}

func restoredKey(subject string) string { return "restored:" + subject }

// markRestored closes what the backup had open and makes an issuer wait until
// it was read back. It is one transaction with whatever else the caller does.
func markRestored(tx store.Tx, book *revocation.Book, subject string, at, backup time.Time) (Restored, error) {
	mark := Restored{At: at.UTC(), Backup: backup.UTC()}
	pub, err := tx.GetPublication(subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return mark, err
	}
	mark.Sequence, mark.Head = pub.Sequence, pub.HeadCID
	closed, err := book.CloseOpen(tx, subject, 0)
	if err != nil {
		return mark, err
	}
	raw, err := json.Marshal(mark)
	if err != nil {
		return mark, err
	}
	if err := tx.PutMeta(restoredKey(subject), raw); err != nil {
		return mark, err
	}
	_, err = tx.AppendAudit(store.Audit{Issuer: subject, At: at.UnixMilli(), Actor: "operator", Action: "restore",
		Target: pub.HeadCID, Detail: fmt.Sprintf("backup of %s, %d lists closed", mark.Backup.Format(time.RFC3339), closed)})
	return mark, err
}

// readRestored returns the mark of an issuer, nil when it has caught up.
func readRestored(tx store.Tx, subject string) (*Restored, error) {
	raw, err := tx.GetMeta(restoredKey(subject))
	if errors.Is(err, store.ErrNotFound) || err == nil && len(raw) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	mark := new(Restored)
	if err := json.Unmarshal(raw, mark); err != nil {
		return nil, fmt.Errorf("node: %s: %w: %w", restoredKey(subject), store.ErrCorrupt, err)
	}
	return mark, nil
}

func (n *Node) restoredMark(ctx context.Context, subject string) (mark *Restored, err error) {
	err = n.store.View(ctx, func(tx store.Tx) error {
		mark, err = readRestored(tx, subject)
		return err
	})
	return mark, err
}

// catchUp asks every source of a restored issuer. It is through when all that
// are configured have answered and one of them holds the last head of the
// backup or a newer one: a source that was away at the time proves nothing.
func (n *Node) catchUp(ctx context.Context, subject string, mark *Restored) bool {
	asked := make(map[string]bool)
	confirmed := mark.Head == ""
	for _, peer := range n.bootstrapConnected() {
		ok, err := n.askBack(ctx, subject, peer, mark)
		if err != nil {
			n.log.Debug("catch up", "issuer", subject, "peer", peer, "err", err)
			continue
		}
		asked[peer], confirmed = true, confirmed || ok
	}
	silent := slices.DeleteFunc(n.sources(), func(id string) bool { return asked[id] })
	if len(asked) == 0 || len(silent) > 0 || !confirmed {
		n.log.Info("restored and not caught up", "issuer", subject, "answered", len(asked), "silent", strings.Join(silent, ","), "holds the last head", confirmed)
		return false
	}
	if err := n.caughtUp(ctx, subject); err != nil {
		n.log.Error("catch up", "issuer", subject, "err", err)
		return false
	}
	return true
}

// sources are the peer ids of the configured bootstrap addresses.
func (n *Node) sources() []string {
	var ids []string
	for _, addr := range n.cfg.Bootstrap {
		if _, id, ok := strings.Cut(addr, "/p2p/"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// askBack syncs one folder from one source and tells whether that source holds
// the last head of the backup or one that came after it.
func (n *Node) askBack(ctx context.Context, subject, peer string, mark *Restored) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	theirs, err := n.exchange.HeadAt(ctx, peer, subject)
	if errors.Is(err, exchange.ErrNotHeld) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := n.exchange.Sync(ctx, subject, peer); err != nil {
		return false, err
	}
	if theirs.CID().String() == mark.Head {
		return true, nil
	}
	// Newer counts only as what the replica has verified and kept.
	held, err := n.replica.Head(ctx, subject)
	return err == nil && held.Head.CID() == theirs.CID(), nil
}

// caughtUp ends the wait of a restored issuer: it takes over what is newer.
func (n *Node) caughtUp(ctx context.Context, subject string) error {
	unlock := n.lockIssuer(subject)
	defer unlock()
	newer, err := n.ahead(ctx, subject)
	if err != nil {
		return err
	}
	if !newer {
		return n.goOn(ctx, subject, "read back", "nothing newer was found")
	}
	out, err := n.takeOver(ctx, subject, true)
	if err != nil {
		return err
	}
	n.log.Warn("took over what was published after the backup", "issuer", subject, "head", out.Sequence, "changes", out.Changes, "lists", out.Lists)
	return nil
}

// ahead tells whether the replica holds a head of an own issuer that is newer
// than the last one in the book.
func (n *Node) ahead(ctx context.Context, subject string) (bool, error) {
	held, err := n.replica.Head(ctx, subject)
	if errors.Is(err, replica.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	pub, err := n.published(ctx, subject)
	if err != nil {
		return false, err
	}
	return held.EpochVersion > pub.EpochVersion || held.EpochVersion == pub.EpochVersion && int64(held.Head.Sequence) > pub.Sequence, nil
}

// goOn lets an issuer sign again from where its book stands. The caller holds
// the lock of the issuer.
func (n *Node) goOn(ctx context.Context, subject, action, detail string) error {
	err := n.store.Update(ctx, subject, func(tx store.Tx) error {
		return n.clearMarks(tx, subject, action, "", detail)
	})
	if err == nil {
		n.signAgain(subject)
	}
	return err
}

func (n *Node) clearMarks(tx store.Tx, subject, action, target, detail string) error {
	for _, k := range []string{haltKey(subject), restoredKey(subject)} {
		if err := tx.PutMeta(k, nil); err != nil {
			return err
		}
	}
	_, err := tx.AppendAudit(store.Audit{Issuer: subject, At: n.clock().UnixMilli(), Actor: "operator", Action: action, Target: target, Detail: detail})
	return err
}

func (n *Node) signAgain(subject string) {
	n.mu.Lock()
	delete(n.halted, subject)
	n.readBack[subject] = true
	n.mu.Unlock()
	n.kick(subject)
}

// TakenOver says what a take-over brought into the book.
type TakenOver struct {
	Head     string `json:"head"`
	Sequence int64  `json:"sequence"`
	Lists    int    `json:"lists"`
	Changes  int    `json:"changes"` // of status, new to the book
	Files    int    `json:"files"`
}

// takeOver makes the book the successor of the newest head that the replica
// holds, in one transaction: the log, the files that the head names, what the
// lists say, and the place in the sequence. behind says that the book is an
// earlier state of the one that published (a restore); else it is that of a
// clone, whose unpublished changes and files stay. Either way no list that was
// open is given from again. The caller holds the lock of the issuer.
func (n *Node) takeOver(ctx context.Context, subject string, behind bool) (TakenOver, error) {
	held, err := n.replica.Head(ctx, subject)
	if err != nil {
		return TakenOver{}, err
	}
	missing, err := n.replica.Missing(ctx, subject)
	if err != nil {
		return TakenOver{}, err
	}
	if len(missing) > 0 {
		return TakenOver{}, fmt.Errorf("%w: of head %d, %d files, the first %s", ErrIncomplete, held.Head.Sequence, len(missing), missing[0].Path)
	}
	manifest, err := n.replica.Manifest(ctx, subject)
	if err != nil {
		return TakenOver{}, err
	}
	history, err := n.replica.History(ctx, subject)
	if err != nil {
		return TakenOver{}, err
	}
	w := succession{n: n, subject: subject, behind: behind, head: held.Head, manifest: manifest, history: history,
		out: TakenOver{Head: held.Head.CID().String(), Sequence: int64(held.Head.Sequence)}}
	err = n.store.Update(ctx, subject, func(tx store.Tx) error {
		w.out.Lists, w.out.Changes, w.out.Files = 0, 0, 0
		if err := w.files(ctx, tx); err != nil {
			return err
		}
		is, err := tx.GetIssuer(subject)
		if err != nil {
			return err
		}
		if is.DID = history.DID(); history.Deactivated() {
			is.State = store.IssuerClosed
		}
		if err := tx.PutIssuer(is); err != nil {
			return err
		}
		if _, err := n.book.CloseOpen(tx, subject, w.highest()); err != nil {
			return err
		}
		if err := w.place(tx, held.EpochVersion); err != nil {
			return err
		}
		return n.clearMarks(tx, subject, "take over", w.out.Head, fmt.Sprintf("%d changes in %d lists from head %d", w.out.Changes, w.out.Lists, w.out.Sequence))
	})
	if err != nil {
		return TakenOver{}, fmt.Errorf("node: take over: %w", err)
	}
	n.signAgain(subject)
	return w.out, nil
}

// succession is the work of a take-over inside its transaction.
type succession struct {
	n        *Node
	subject  string
	behind   bool
	head     record.Head
	manifest record.Manifest
	history  *webvh.History
	out      TakenOver
}

// highest is the greatest number of a list in the manifest.
func (w *succession) highest() (most int64) {
	for _, leaf := range w.manifest {
		if number, ok := listNumber(leaf.Path); ok {
			most = max(most, number)
		}
	}
	return most
}

// listNumber reads status/<n>, and status/<n>.jwt.
func listNumber(path string) (int64, bool) {
	name, ok := strings.CutPrefix(path, "status/")
	if !ok {
		return 0, false
	}
	name, _, _ = strings.Cut(name, ".")
	number, err := strconv.ParseInt(name, 10, 64)
	return number, err == nil && number > 0
}

// files makes the drafts those of the manifest. What a clone changed and has not
// published is kept: its draft differs from what its own last manifest names.
func (w *succession) files(ctx context.Context, tx store.Tx) error {
	drafts, err := tx.ListDrafts(w.subject)
	if err != nil {
		return err
	}
	own, err := w.ownManifest(tx)
	if err != nil {
		return err
	}
	local := make(map[string]bool)
	for _, d := range drafts {
		leaf, named := own.Find(d.Path)
		changed := !w.behind && (!named || leaf.CID.String() != d.CID)
		_, isList := listNumber(d.Path)
		switch {
		case d.Path == pathHead, d.Path == pathManifest, d.Path == replica.PathLog, d.Path == replica.PathWitness:
		case changed && !isList:
			local[d.Path] = true
		case changed: // a list that only the clone has opened
		default:
			if _, named := w.manifest.Find(d.Path); !named {
				if err := tx.DeleteDraft(w.subject, d.Path); err != nil {
					return err
				}
			}
		}
	}
	for _, leaf := range w.manifest {
		if local[leaf.Path] {
			continue
		}
		f, err := tx.GetFile(w.subject, leaf.Path)
		if errors.Is(err, store.ErrNotFound) {
			continue // of a kind that this program does not know
		}
		if err != nil {
			return err
		}
		body, err := tx.GetBlob(f.CID)
		if err != nil {
			return err
		}
		if err := w.file(ctx, tx, leaf.Path, body); err != nil {
			return err
		}
		w.out.Files++
	}
	return nil
}

func (w *succession) ownManifest(tx store.Tx) (record.Manifest, error) {
	d, err := tx.GetDraft(w.subject, pathManifest)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return record.ParseManifest(d.Body)
}

// file takes one body over; a list first into the book.
func (w *succession) file(ctx context.Context, tx store.Tx, path string, body []byte) error {
	var until time.Time
	if number, ok := listNumber(path); ok && path == "status/"+strconv.FormatInt(number, 10) {
		list, err := w.read(ctx, path, body)
		if err != nil {
			return err
		}
		if list.ValidUntil != nil {
			until = *list.ValidUntil
		}
		p := revocation.Published{Number: number, Purpose: list.Purposes[0], Bits: list.Bits, By: "recovered",
			Why: fmt.Sprintf("recovered from head %d", w.head.Sequence)}
		if !slices.Contains(w.own(path), list.ID) {
			p.URL, p.Format = list.ID, list.Claims().Format
		}
		if !w.behind {
			if p.Base, err = w.base(ctx, tx, path, list.Bits.Len()); err != nil {
				return err
			}
		}
		changes, err := w.n.book.TakeOver(tx, w.subject, p)
		if err != nil {
			return err
		}
		w.out.Lists++
		w.out.Changes += changes
	} else if ok && strings.HasSuffix(path, formJWT) {
		// The pair goes on under a name of elsewhere when its token does.
		if uri := revocation.NameOfToken(body); uri != "" && !slices.Contains(w.own(path), uri) {
			l, err := tx.GetList(w.subject, number)
			if err != nil {
				return err
			}
			if l.URL, l.Format, l.Bitmap = uri, revocation.FormatToken, nil; l.Number%2 == 1 {
				if err := tx.PutList(l); err != nil {
					return err
				}
			}
		}
	}
	return w.n.putDraft(tx, w.subject, path, body, until)
}

// own are the names of a file under all identifiers that the issuer ever had.
func (w *succession) own(path string) (urls []string) {
	for _, d := range w.history.DIDs() {
		if id, err := webvh.ParseID(d); err == nil {
			urls = append(urls, id.FileURL(path))
		}
	}
	return urls
}

func (w *succession) read(ctx context.Context, path string, body []byte) (*revocation.List, error) {
	opt := revocation.Options{Credential: credential.Options{Resolver: w.n.replica.Resolver(), At: w.n.clock(), Loader: w.n.loader}}
	list, row, ok := revocation.ReadList(ctx, body, opt)
	if !ok {
		return nil, fmt.Errorf("%w: %s: %s %s", ErrIncomplete, path, row.Code, row.Params["detail"])
	}
	if len(list.Purposes) == 0 {
		return nil, fmt.Errorf("%w: %s is of a form that is not read back", ErrIncomplete, path)
	}
	return list, nil
}

// base is what the clone itself published last of a list; nothing set when it
// never did.
func (w *succession) base(ctx context.Context, tx store.Tx, path string, length int64) (*revocation.Bitstring, error) {
	bits := revocation.NewBitstring(length)
	d, err := tx.GetDraft(w.subject, path)
	if errors.Is(err, store.ErrNotFound) {
		return &bits, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := w.read(ctx, path, d.Body)
	if err != nil {
		return nil, err
	}
	return &list.Bits, nil
}

// place moves the publication cell, so that the next head follows this one.
func (w *succession) place(tx store.Tx, epochVersion int64) error {
	if err := w.n.putDraft(tx, w.subject, pathHead, w.head.Bytes(), time.Time{}); err != nil {
		return err
	}
	if err := w.n.putDraft(tx, w.subject, pathManifest, w.manifest.Encode(), time.Time{}); err != nil {
		return err
	}
	expected, err := tx.GetPublication(w.subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.SwapPublication(expected, store.Publication{Issuer: w.subject, EpochVersion: epochVersion, Epoch: w.head.Epoch,
		Sequence: int64(w.head.Sequence), HeadCID: w.out.Head, Instance: w.head.Instance[:], At: w.head.Published.UnixMilli()})
}
