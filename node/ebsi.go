package node

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/ebsi"
	"github.com/bonafide-id/bonafide/legal/register"
)

// legalRoots are the trust roots as evidence is weighed by them.
func (t trustFile) legalRoots() []legal.Root {
	var out []legal.Root
	for _, r := range t.Roots {
		root := legal.Root{DID: r.DID, Name: r.Name}
		for _, a := range r.Axes {
			root.Identity = root.Identity || a == AxisIdentity
			root.Authorisation = root.Authorisation || a == AxisAuthorisation
		}
		out = append(out, root)
	}
	return out
}

// ebsiBooks are the accepted copies of EBSI's registries.
func (n *Node) ebsiBooks(trust trustFile) []*ebsi.Book {
	var out []*ebsi.Book
	n.eachAccepted(trust, func(_ registerEntry, h heldRegister) {
		if h.ebsi != nil {
			out = append(out, h.ebsi)
		}
	})
	return out
}

// ebsiDocuments finds DID documents in them; the one that was fetched last counts.
type ebsiDocuments struct{ n *Node }

// EBSIDocument implements the interface of did/ebsi.
func (d ebsiDocuments) EBSIDocument(ctx context.Context, id string) (tree map[string]any, at time.Time, err error) {
	trust, err := d.n.readTrust()
	if err != nil {
		return nil, at, err
	}
	err = did.ErrNotFound
	for _, b := range d.n.ebsiBooks(trust) {
		if t, when, bad := b.EBSIDocument(ctx, id); bad == nil && (tree == nil || when.After(at)) {
			tree, at, err = t, when, nil
		}
	}
	return tree, at, err
}

// mergeEBSI takes one file into a copy of EBSI's registries and returns what is to be
// written.
func (n *Node) mergeEBSI(q RegisterImportRequest, held heldRegister, file register.File) ([]byte, register.Changes, int, error) {
	in, err := ebsi.Read(q.Body, file.Retrieved)
	if err != nil {
		return nil, register.Changes{}, 0, fmt.Errorf("%.200s: %w", q.File, err)
	}
	book := held.ebsi
	if book == nil {
		book = ebsi.NewBook(q.Name)
	}
	done, err := book.Merge(in, ebsi.File(file))
	if err != nil {
		return nil, register.Changes{}, 0, err
	}
	body, err := book.Encode()
	records, documents := book.Len()
	return body, register.Changes{Added: done.Added, Changed: done.Changed, Same: done.Same, Findings: append([]string{}, in.Findings...)}, records + documents, err
}
