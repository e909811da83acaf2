package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// pathAggregation names all Status List Tokens of an issuer (draft-ietf-oauth-
// status-list-20 section 9.3). It follows from the other files, so that it is
// served and exported and stands in no manifest.
const pathAggregation = "status/aggregation.json"

// What is put behind the path of a list of purpose revocation for the token lists
// of its pair. Both forms have the name of the first, because sub is what the
// referenced tokens carry.
const (
	formJWT = ".jwt"
	formCWT = ".cwt"
)

func listPath(number int64) string { return fmt.Sprintf("status/%d", number) }

// pathAt is the file that a list's URL stands for: that of a Token Status List
// which was begun elsewhere is the token of its pair.
func pathAt(l store.List) string {
	if l.Format == revocation.FormatToken {
		return listPath(l.Number) + formJWT
	}
	return listPath(l.Number)
}

// together groups lists by what is rendered in one step: the book's own pairs,
// revocation first, and each other list by itself.
func together(lists []store.List) [][]store.List {
	byNumber := make(map[int64]store.List, len(lists))
	for _, l := range lists {
		byNumber[l.Number] = l
	}
	own := func(l store.List, p revocation.Purpose) bool {
		return (l.URL == "" && l.Format == "" || l.Format == revocation.FormatToken) && len(l.Purposes) == 1 && l.Purposes[0] == string(p)
	}
	var out [][]store.List
	for _, l := range lists {
		before, after := byNumber[l.Number-1], byNumber[l.Number+1]
		switch {
		case l.Number%2 == 1 && own(l, revocation.Revocation) && own(after, revocation.Suspension) && after.Size == l.Size:
			out = append(out, []store.List{l, after})
		case l.Number%2 == 0 && own(l, revocation.Suspension) && own(before, revocation.Revocation) && before.Size == l.Size:
			// It came with the one before.
		default:
			out = append(out, []store.List{l})
		}
	}
	return out
}

// renderPair signs the lists of a group from the rows of the book, all with the
// same moment and the same end of term, inside the caller's transaction: they
// cannot disagree, and where one fails none is published.
func (p *publication) renderPair(ctx context.Context, tx store.Tx, group []store.List, id webvh.ID) error {
	life := duration(p.n.cfg.ListValidity)
	until := p.now.Add(life)
	if p.opt.final {
		until = p.now.AddDate(100, 0, 0) // nobody will renew it
	}
	method := p.log.DID() + "#" + p.listKey.Public().Multikey()
	ttl := duration(p.n.cfg.Cadence)
	rendered := make([]revocation.Bitstring, 0, 2)
	first := ""
	for _, l := range group {
		path := listPath(l.Number)
		old, err := tx.GetDraft(p.subject, path)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		bits, err := revocation.Render(tx, l)
		if err != nil {
			return err
		}
		url := p.listURL(l, old, id, path)
		body, err := revocation.SignList(ctx, revocation.ListSpec{URL: url, Issuer: p.log.DID(),
			Purpose: revocation.Purpose(l.Purposes[0]), Bits: bits, ValidFrom: p.now, ValidUntil: until, TTL: ttl,
			Format: l.Format}, p.listKey, method)
		if err != nil {
			return err
		}
		if err := p.n.putDraft(tx, p.subject, path, body, until); err != nil {
			return err
		}
		l.Dirty, l.RenderedAt, l.Bitmap = false, p.now.UnixMilli(), nil
		if err := tx.PutList(l); err != nil {
			return err
		}
		if rendered = append(rendered, bits); first == "" {
			first = url
		}
		p.changed++
	}
	if len(group) != 2 {
		return nil
	}
	statuses, err := revocation.Merge(rendered[0], rendered[1])
	if err != nil {
		return err
	}
	uri := first + formJWT
	if group[0].Format == revocation.FormatToken {
		uri = group[0].URL
	}
	spec := revocation.TokenSpec{URI: uri, Issuer: p.log.DID(), Statuses: statuses, IssuedAt: p.now, Expires: until,
		TTL: ttl, Aggregation: id.FileURL(pathAggregation)}
	jwt, err := revocation.SignStatusJWT(ctx, spec, p.listKey, method)
	if err != nil {
		return err
	}
	cwt, err := revocation.SignStatusCWT(ctx, spec, p.listKey, method)
	if err != nil {
		return err
	}
	if err := p.n.putDraft(tx, p.subject, listPath(group[0].Number)+formJWT, jwt, until); err != nil {
		return err
	}
	return p.n.putDraft(tx, p.subject, listPath(group[0].Number)+formCWT, cwt, until)
}

// tokensMissing tells whether a pair was published by a version of the program
// that made no token lists yet.
func (p *publication) tokensMissing(tx store.Tx, group []store.List) (bool, error) {
	if len(group) != 2 {
		return false, nil
	}
	for _, form := range []string{formJWT, formCWT} {
		_, err := tx.GetDraft(p.subject, listPath(group[0].Number)+form)
		if errors.Is(err, store.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// aggregation is the document that names all token lists of an issuer.
func (n *Node) aggregation(ctx context.Context, subject string) ([]byte, error) {
	uris := []any{}
	err := n.store.View(ctx, func(tx store.Tx) error {
		uris = uris[:0]
		drafts, err := tx.ListDrafts(subject)
		if err != nil {
			return err
		}
		for _, d := range drafts {
			if !strings.HasPrefix(d.Path, "status/") || !strings.HasSuffix(d.Path, formJWT) {
				continue
			}
			full, err := tx.GetDraft(subject, d.Path)
			if err != nil {
				return err
			}
			if uri := revocation.NameOfToken(full.Body); uri != "" {
				uris = append(uris, uri)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(map[string]any{"status_lists": uris})
}

// uriOf is the URI of the token that a list of the book goes on as, "" when it is no
// Token Status List of elsewhere.
func uriOf(tx store.Tx, subject string, list int64) (string, error) {
	l, err := tx.GetList(subject, list-(list+1)%2)
	if err != nil || l.Format != revocation.FormatToken {
		return "", err
	}
	return l.URL, nil
}

// fsckTokens holds the token lists of a pair that is not marked for publication
// against the bits of the book.
func (n *Node) fsckTokens(ctx context.Context, tx store.Tx, subject string, opt revocation.Options, note func(string, ...any)) error {
	lists, err := tx.ListLists(subject)
	if err != nil {
		return err
	}
	for _, group := range together(lists) {
		if len(group) != 2 || group[0].Dirty || group[1].Dirty {
			continue
		}
		revoked, err := revocation.Render(tx, group[0])
		if err != nil {
			continue // told with the list itself
		}
		suspended, err := revocation.Render(tx, group[1])
		if err != nil {
			continue
		}
		want, err := revocation.Merge(revoked, suspended)
		if err != nil {
			note("%s: list %d: %v", subject, group[0].Number, err)
			continue
		}
		for _, form := range []string{formJWT, formCWT} {
			path := listPath(group[0].Number) + form
			d, err := tx.GetDraft(subject, path)
			if errors.Is(err, store.ErrNotFound) {
				continue // published before there were any; the next publication makes them
			}
			if err != nil {
				return err
			}
			got, row, ok := revocation.ReadStatusToken(ctx, d.Body, "", opt)
			switch {
			case !ok:
				note("%s: %s: %s %s", subject, path, row.Code, row.Params["detail"])
			case got.Statuses.Bits() != want.Bits() || !bytes.Equal(got.Statuses.Bytes(), want.Bytes()):
				note("%s: %s: the published statuses are not those of the book", subject, path)
			}
		}
	}
	return nil
}
