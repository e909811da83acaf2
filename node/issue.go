package node

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// issue signs one micro-credential. The index and the line in the private
// register are one transaction, before the signature; nothing is published.
func (n *Node) issue(ctx context.Context, q IssueRequest) (IssueResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return IssueResponse{}, err
	}
	if is.State != store.IssuerLive {
		return IssueResponse{}, fmt.Errorf("%w: %s", ErrClosed, is.DID)
	}
	if err := n.mayIssue(ctx, is.Subject); err != nil {
		return IssueResponse{}, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return IssueResponse{}, err
	}
	signer, err := n.signer(is.Subject, keystore.RoleCredential)
	if err != nil {
		return IssueResponse{}, err
	}
	if q.HolderRef != "" && !n.cfg.RegisterHolder {
		return IssueResponse{}, fmt.Errorf("%w: holderRef: the register keeps no references to holders; switch register_holder on", ErrRequest)
	}
	now := n.clock()
	draft, err := n.draftOf(q, h, is)
	if err != nil {
		return IssueResponse{}, err
	}
	// A form fault is found before an index is spent.
	if _, err := draft(now, nil); err != nil {
		return IssueResponse{}, err
	}
	out := IssueResponse{ID: "", Status: []StatusRow{}}
	var slots []credential.StatusSlot
	var tree map[string]any
	if q.NoStatus {
		if tree, err = draft(now, nil); err != nil {
			return IssueResponse{}, err
		}
		if err := n.register(ctx, is.Subject, tree, q, now); err != nil {
			return IssueResponse{}, err
		}
	} else {
		id, err := webvh.ParseID(h.DID())
		if err != nil {
			return IssueResponse{}, err
		}
		_, err = n.book.Allocate(ctx, is.Subject, func(tx store.Tx, s revocation.Slot) error {
			slots, out.Status = nil, []StatusRow{}
			out.Warning = n.fewHolders(s.Given)
			for _, p := range []revocation.Purpose{revocation.Revocation, revocation.Suspension} {
				url, err := n.listURL(tx, is.Subject, s.Lists[p], id)
				if err != nil {
					return err
				}
				slots = append(slots, credential.StatusSlot{List: url, Index: s.Index, Purpose: string(p)})
				out.Status = append(out.Status, StatusRow{List: s.Lists[p], Index: s.Index, Purpose: string(p), URL: url})
			}
			var err error
			if tree, err = draft(now, slots); err != nil {
				return err
			}
			return putIssued(tx, is.Subject, tree, s.Lists[revocation.Revocation], s.Index, q, now)
		})
		if err != nil {
			return IssueResponse{}, err
		}
	}
	secured, err := n.secure(ctx, q, tree, signer, h.DID()+"#"+signer.Public().Multikey(), now)
	if err != nil {
		return IssueResponse{}, err
	}
	out.Credential, out.Token = secured.Credential, secured.Token
	out.ID, _, _ = noteOf(tree)
	n.kickIfNewLists(ctx, is.Subject)
	return out, nil
}

// draftOf returns how to write the unsigned credential, from the fields of a
// micro-credential or from a tree that was given.
func (n *Node) draftOf(q IssueRequest, h *webvh.History, is store.Issuer) (func(time.Time, []credential.StatusSlot) (map[string]any, error), error) {
	id, err := n.newURN()
	if err != nil {
		return nil, err
	}
	if q.Format == FormatSDJWTVC {
		return claimsOf(q, h.DID(), id)
	}
	if len(q.Tree) == 0 {
		m := q.Credential
		m.Issuer = h.DID()
		if m.IssuerName == "" {
			m.IssuerName = is.Name
		}
		if m.ID == "" {
			m.ID = id
		}
		return m.Tree, nil
	}
	base, err := strictjson.ParseObject(q.Tree, strictjson.Limits{MaxBytes: credential.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", credential.ErrParse, err)
	}
	if _, has := base["proof"]; has {
		return nil, fmt.Errorf("%w: the credential is signed already", ErrRequest)
	}
	return func(now time.Time, slots []credential.StatusSlot) (map[string]any, error) {
		tree, _ := strictjson.Clone(base).(map[string]any)
		switch x := tree["issuer"].(type) {
		case nil:
			tree["issuer"] = h.DID()
		case string:
			if x != h.DID() {
				return nil, fmt.Errorf("%w: issuer is %.200s", ErrRequest, x)
			}
		case map[string]any:
			if x["id"] != h.DID() {
				return nil, fmt.Errorf("%w: issuer.id is not %s", ErrRequest, h.DID())
			}
		}
		if _, has := tree["id"]; !has {
			tree["id"] = id
		}
		if _, has := tree["validFrom"]; !has {
			tree["validFrom"] = proof.FormatTime(now)
		}
		if _, has := tree["credentialStatus"]; has && len(slots) > 0 {
			return nil, fmt.Errorf("%w: credentialStatus is set by the node; leave it out", ErrRequest)
		}
		if len(slots) > 0 {
			tree["credentialStatus"] = credential.StatusEntries(slots)
		}
		return tree, nil
	}, nil
}

// newURN makes a random urn:uuid (version 4).
func (n *Node) newURN() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(n.random, b[:]); err != nil {
		return "", fmt.Errorf("node: random numbers: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:])
	return "urn:uuid:" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

// register notes a credential without a status.
func (n *Node) register(ctx context.Context, subject string, tree map[string]any, q IssueRequest, now time.Time) error {
	return n.store.Update(ctx, subject, func(tx store.Tx) error {
		return putIssued(tx, subject, tree, -1, -1, q, now)
	})
}

// putIssued adds a line to the private register: no data about the learner, but
// what the issuer itself calls the credential and, where that is switched on, the
// holder.
func putIssued(tx store.Tx, subject string, tree map[string]any, list, index int64, q IssueRequest, now time.Time) error {
	id, typ, until := noteOf(tree)
	row := store.Issued{Issuer: subject, ID: id, List: list, Index: index, LocalRef: q.LocalRef, HolderRef: q.HolderRef, At: now.UnixMilli(), Type: typ}
	if !until.IsZero() {
		row.ValidUntil = until.UnixMilli()
	}
	err := tx.PutIssued(row)
	if errors.Is(err, store.ErrExists) {
		return fmt.Errorf("%w: a credential with id %s was issued before", ErrRequest, id)
	}
	return err
}

// listURL is the name of an own list: that of the signed list, or, before it
// is first signed, its place under the present identifier.
func (n *Node) listURL(tx store.Tx, subject string, number int64, id webvh.ID) (string, error) {
	path := listPath(number)
	d, err := tx.GetDraft(subject, path)
	if errors.Is(err, store.ErrNotFound) {
		return n.unsignedURL(tx, subject, number, id)
	}
	if err != nil {
		return "", err
	}
	if u := listID(d.Body); u != "" {
		return u, nil
	}
	return id.FileURL(path), nil
}

// unsignedURL is the name of a list that was not signed here yet.
func (n *Node) unsignedURL(tx store.Tx, subject string, number int64, id webvh.ID) (string, error) {
	lists, err := tx.ListLists(subject)
	for _, l := range lists {
		if l.Number == number && l.URL != "" {
			return l.URL, nil
		}
	}
	return id.FileURL(listPath(number)), err
}

// kickIfNewLists publishes soon when an issue opened new lists, which nobody
// can find before.
func (n *Node) kickIfNewLists(ctx context.Context, subject string) {
	lists, err := n.book.Lists(ctx, subject)
	if err != nil {
		return
	}
	for _, l := range lists {
		if l.RenderedAt == 0 {
			n.kick(subject)
			return
		}
	}
}

// target finds what a status operation is about: LIST#INDEX, a credential's id, an
// own reference, or the credential itself. For a credential with a list of each
// purpose, purpose chooses; "" takes the first.
func (n *Node) target(ctx context.Context, subject, name string, body []byte, purpose revocation.Purpose) (list, index int64, err error) {
	if len(body) > 0 {
		return n.targetOfCredential(ctx, subject, body, purpose)
	}
	err = n.store.View(ctx, func(tx store.Tx) error {
		list, index, err = targetIn(tx, subject, name)
		return err
	})
	return list, index, err
}

// targetOfCredential reads list and index out of a credential of this issuer, in
// whichever form it is. Whether it still holds does not matter here: an expired
// credential can be revoked too.
func (n *Node) targetOfCredential(ctx context.Context, subject string, body []byte, purpose revocation.Purpose) (int64, int64, error) {
	c := credential.Check(ctx, body, n.checkOptions(ctx, n.clock())).Credential
	if c == nil {
		return 0, 0, fmt.Errorf("%w: it cannot be read as a credential", ErrTarget)
	}
	if subjectOf(c.Issuer) != subject {
		return 0, 0, fmt.Errorf("%w: it is by %s", ErrTarget, c.Issuer)
	}
	list, index := int64(0), int64(0)
	for _, m := range c.Status {
		e, _, ok := revocation.EntryOf(m)
		if !ok {
			continue
		}
		number, err := n.ownList(ctx, c.Issuer, e.List)
		if err != nil {
			continue
		}
		if list == 0 || e.Purpose == purpose {
			list, index = number, e.Index
		}
		if purpose == "" || e.Purpose == purpose {
			break
		}
	}
	if list == 0 {
		return 0, 0, fmt.Errorf("%w: it names no status list of this issuer", ErrTarget)
	}
	return list, index, nil
}

// ownList is the number of an own list by the URL that a credential prints.
func (n *Node) ownList(ctx context.Context, issuer, url string) (int64, error) {
	_, path, err := n.replica.Locate(ctx, issuer, url)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(path, "status/"), formJWT), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %.200s", ErrTarget, path)
	}
	return number, nil
}
