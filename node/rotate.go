package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// didRotate replaces the daily keys. A routine rotation leaves the old public
// keys in the document and destroys the private ones; a compromised key is
// dropped from the document, and a compromised head key voids its epoch.
func (n *Node) didRotate(ctx context.Context, q RotateRequest) (UpdateResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return UpdateResponse{}, err
	}
	roles := []keystore.Role{keystore.RoleCredential, keystore.RoleList, keystore.RoleHead}
	if q.Role != "" {
		roles = []keystore.Role{keystore.Role(q.Role)}
		if r := roles[0]; r != keystore.RoleCredential && r != keystore.RoleList && r != keystore.RoleHead {
			return UpdateResponse{}, fmt.Errorf("%w: role %q is not credential, list or head", ErrRequest, q.Role)
		}
	}
	since := n.statusSince(ctx, is.Subject)
	old, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return UpdateResponse{}, err
	}
	keys, err := n.currentKeys(old)
	if err != nil {
		return UpdateResponse{}, err
	}
	fresh := make(map[keystore.Role]key.Private)
	var entries []keystore.Entry
	var gone []key.Public
	folder := n.folderService(old)
	for _, r := range roles {
		k, err := n.newKey()
		if err != nil {
			return UpdateResponse{}, err
		}
		fresh[r] = k
		entries = append(entries, keystore.NewEntry(is.Subject, old.DID()+"#"+k.Public().Multikey(), r, k))
		slot := map[keystore.Role]*key.Public{keystore.RoleCredential: &keys.credential, keystore.RoleList: &keys.list, keystore.RoleHead: &keys.head}[r]
		gone = append(gone, *slot)
		if !q.Compromised && r != keystore.RoleHead {
			keys.retired = append(keys.retired, *slot)
		}
		*slot = k.Public()
		if r == keystore.RoleHead {
			if folder.LastHead, err = n.lastHead(ctx, is.Subject, q.LastGood); err != nil {
				return UpdateResponse{}, err
			}
		}
	}
	if err := n.addKeys(fileKeysOnline, entries...); err != nil {
		return UpdateResponse{}, err
	}
	h, err := n.change(ctx, is.Subject, func(_ *webvh.History, o *webvh.UpdateOptions) error {
		o.Document = keys.document(&folder)
		return nil
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	err = n.withKeys(fileKeysOnline, false, func(s *keystore.Store) error {
		for _, k := range gone {
			if err := s.Retire(k, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	if err := n.loadSigners(); err != nil {
		return UpdateResponse{}, err
	}
	if err := n.writePractice(ctx, is.Subject, h, since); err != nil {
		return UpdateResponse{}, err
	}
	if err := n.resignAll(ctx, is.Subject, h, fresh); err != nil {
		return UpdateResponse{}, err
	}
	var rows []KeyRow
	for _, e := range entries {
		rows = append(rows, keyRow(e, fileKeysOnline))
	}
	// Lists under a key that was dropped count for nobody: they do not wait for
	// their slot.
	return n.afterChange(ctx, is.Subject, h, rows, publishOptions{all: q.Compromised})
}

// folderService keeps what the document says about peers.
func (n *Node) folderService(h *webvh.History) did.FolderService {
	if doc, err := did.ParseDocument(h.Latest().State); err == nil {
		if f, ok := did.Folder(doc); ok {
			f.LastHead = nil
			return f
		}
	}
	return did.FolderService{Peers: n.cfg.Announce}
}

// lastHead names the last head that counts of the epoch that ends: the newest
// that this node signed, or the sequence that the operator gives.
func (n *Node) lastHead(ctx context.Context, subject string, sequence int64) (*did.LastHead, error) {
	var p store.Publication
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		p, err = tx.GetPublication(subject)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last := &did.LastHead{Epoch: p.Epoch, Sequence: p.Sequence, CID: p.HeadCID}
	if sequence > 0 && sequence < p.Sequence {
		digests, err := n.replica.Digests(ctx, subject, p.EpochVersion, int(sequence-1), int(sequence))
		if err != nil || len(digests) != 1 {
			return nil, fmt.Errorf("%w: no head %d in this epoch", ErrRequest, sequence)
		}
		last.Sequence, last.CID = sequence, record.CIDFromDigest(digests[0]).String()
	}
	return last, nil
}

// didDeactivate closes an identifier: a final head first, then the log entry.
func (n *Node) didDeactivate(ctx context.Context, q DeactivateRequest) (UpdateResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return UpdateResponse{}, err
	}
	if !q.Confirm {
		return UpdateResponse{}, fmt.Errorf("%w: closing %s", ErrConfirm, is.DID)
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{final: true}); err != nil {
		return UpdateResponse{}, err
	}
	h, err := n.change(ctx, is.Subject, func(_ *webvh.History, o *webvh.UpdateOptions) error {
		o.Deactivate, o.NextKeys = true, nil
		return nil
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	err = n.store.Update(ctx, is.Subject, func(tx store.Tx) error {
		row, err := tx.GetIssuer(is.Subject)
		if err != nil {
			return err
		}
		row.State = store.IssuerClosed
		return tx.PutIssuer(row)
	})
	if err != nil {
		return UpdateResponse{}, err
	}
	n.announce(ctx, is.Subject)
	return UpdateResponse{DID: h.DID(), VersionID: h.Latest().VersionID,
		Notes: []string{"The identifier is closed. Its last head never expires, so what it issued can still be checked."}}, nil
}
