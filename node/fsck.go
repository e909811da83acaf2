package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

func checkFirst(digests [][32]byte, h record.Head) error { return record.CheckFirst(digests, h) }

// fsckBook holds the issuer's book against what it has published: a list that
// is not marked for publication must show exactly the bits of the book, and a
// list that is may lack bits but never show one that the book does not know.
func (n *Node) fsckBook(ctx context.Context, subject string, note func(string, ...any)) {
	opt := revocation.Options{Credential: credential.Options{Resolver: n.replica.Resolver(), At: n.clock(), Loader: n.loader}}
	err := n.store.View(ctx, func(tx store.Tx) error {
		lists, err := tx.ListLists(subject)
		if err != nil {
			return err
		}
		for _, l := range lists {
			want, err := revocation.Render(tx, l)
			if err != nil {
				note("%s: list %d: %v", subject, l.Number, err)
				continue
			}
			if err := n.fsckAllocated(tx, l, want); err != nil {
				note("%s: list %d: %v", subject, l.Number, err)
			}
			d, err := tx.GetDraft(subject, fmt.Sprintf("status/%d", l.Number))
			if errors.Is(err, store.ErrNotFound) {
				if !l.Dirty {
					note("%s: list %d is marked as published and is not there", subject, l.Number)
				}
				continue
			}
			if err != nil {
				return err
			}
			got, row, ok := revocation.ReadList(ctx, d.Body, opt)
			if !ok {
				note("%s: list %d: %s %s", subject, l.Number, row.Code, row.Params["detail"])
				continue
			}
			if !l.Dirty && !bytes.Equal(got.Bits.Bytes(), want.Bytes()) {
				note("%s: list %d: the published bits are not those of the book", subject, l.Number)
			}
			if l.Purposes[0] == string(revocation.Revocation) && len(got.Bits.GoneIn(want, 1)) > 0 {
				note("%s: list %d: a published revocation is not in the book", subject, l.Number)
			}
		}
		return n.fsckTokens(ctx, tx, subject, opt, note)
	})
	if err != nil {
		note("%s: book: %v", subject, err)
	}
}

// fsckAllocated makes sure that every status belongs to a credential.
func (n *Node) fsckAllocated(tx store.Tx, l store.List, want revocation.Bitstring) error {
	full, err := tx.GetList(l.Issuer, l.Number)
	if err != nil {
		return err
	}
	if gone := want.GoneIn(revocation.FromBytes(full.Bitmap), 1); len(gone) > 0 {
		return fmt.Errorf("index %d has a status and was never given out", gone[0])
	}
	return nil
}
