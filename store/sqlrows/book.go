package sqlrows

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/bonafide-id/bonafide/store"
)

// PutIssuer implements store.Issuers.
func (t *Tx) PutIssuer(i store.Issuer) error { return upsert(t, t.tables.issuers, i) }

// GetIssuer implements store.Issuers.
func (t *Tx) GetIssuer(subject string) (store.Issuer, error) {
	return get(t, t.tables.issuers, subject)
}

// ListIssuers implements store.Issuers.
func (t *Tx) ListIssuers() ([]store.Issuer, error) {
	c := t.tables.issuers
	return list(t, c, false, c.selectSQL+" ORDER BY subject LIMIT ?", page(0))
}

// PutDraft implements store.Drafts.
func (t *Tx) PutDraft(d store.Draft) error {
	d.Size = int64(len(d.Body))
	return upsert(t, t.tables.drafts, d)
}

// GetDraft implements store.Drafts.
func (t *Tx) GetDraft(issuer, path string) (store.Draft, error) {
	return get(t, t.tables.drafts, issuer, path)
}

// ListDrafts implements store.Drafts. It reads to the end: a folder is built of
// all its drafts or not at all.
func (t *Tx) ListDrafts(issuer string) ([]store.Draft, error) {
	c := t.tables.drafts
	return list(t, c, true, c.lightSQL+" WHERE issuer = ? ORDER BY path", issuer)
}

// DeleteDraft implements store.Drafts.
func (t *Tx) DeleteDraft(issuer, path string) error {
	return t.remove("DELETE FROM drafts WHERE issuer = ? AND path = ?", issuer, path)
}

// listPageLen is the number of bytes of a bitmap in one page.
const listPageLen = 512

// PutList implements store.Lists.
func (t *Tx) PutList(l store.List) error {
	if !t.write {
		return store.ErrViewOnly
	}
	length := (l.Size + 7) / 8
	if l.Size <= 0 || l.Size > store.MaxListBits {
		return fmt.Errorf("list of %d bits: %w", l.Size, store.ErrInvalid)
	}
	if l.Bitmap != nil && int64(len(l.Bitmap)) != length {
		return fmt.Errorf("bitmap of %d bytes for a list of %d bits: %w", len(l.Bitmap), l.Size, store.ErrInvalid)
	}
	if l.Bitmap != nil && l.Size%8 != 0 && l.Bitmap[length-1]<<(l.Size%8) != 0 {
		return fmt.Errorf("bitmap has bits beyond the %d of the list: %w", l.Size, store.ErrInvalid)
	}
	held, err := get(t, t.tables.lists, l.Issuer, l.Number)
	isNew := errors.Is(err, store.ErrNotFound)
	switch {
	case err != nil && !isNew:
		return err
	case !isNew && held.Size != l.Size:
		return fmt.Errorf("list %d of %q has %d bits, not %d: %w", l.Number, l.Issuer, held.Size, l.Size, store.ErrConflict)
	}
	l.Allocated = held.Allocated
	if isNew || l.Bitmap != nil {
		added, err := t.orPages(l, isNew)
		if err != nil {
			return err
		}
		l.Allocated += added
	}
	return upsert(t, t.tables.lists, l)
}

// orPages adds the bits of l.Bitmap to the pages of the list, which are made
// first for a new list, and returns how many bits were added.
func (t *Tx) orPages(l store.List, isNew bool) (int64, error) {
	c := t.tables.listPages
	length := (l.Size + 7) / 8
	added := int64(0)
	for at := int64(0); at < length; at += listPageLen {
		n := min(listPageLen, length-at)
		p := listPage{Issuer: l.Issuer, Number: l.Number, Page: at / listPageLen, Bits: make([]byte, n)}
		if !isNew {
			var err error
			if p, err = t.listPage(l.Issuer, l.Number, at/listPageLen, n); err != nil {
				return 0, err
			}
		}
		changed := isNew
		if l.Bitmap != nil {
			for i, b := range l.Bitmap[at : at+n] {
				fresh := b &^ p.Bits[i]
				added += int64(bits.OnesCount8(fresh))
				p.Bits[i] |= fresh
				changed = changed || fresh != 0
			}
		}
		if changed {
			if err := upsert(t, c, p); err != nil {
				return 0, err
			}
		}
	}
	return added, nil
}

// listPage returns one page of a bitmap of the expected length. A missing page
// is damage: taken as zeros it would give an index twice.
func (t *Tx) listPage(issuer string, number, page, length int64) (listPage, error) {
	p, err := get(t, t.tables.listPages, issuer, number, page)
	if errors.Is(err, store.ErrNotFound) || err == nil && int64(len(p.Bits)) != length {
		return p, fmt.Errorf("bitmap of list %d of %q, page %d of %d bytes: %w", number, issuer, page, len(p.Bits), store.ErrCorrupt)
	}
	return p, err
}

// GetList implements store.Lists.
func (t *Tx) GetList(issuer string, number int64) (store.List, error) {
	l, err := get(t, t.tables.lists, issuer, number)
	if err != nil {
		return l, err
	}
	c := t.tables.listPages
	pages, err := list(t, c, false, c.selectSQL+" WHERE issuer = ? AND number = ? ORDER BY page", issuer, number)
	if err != nil {
		return store.List{}, err
	}
	length := int((l.Size + 7) / 8)
	l.Bitmap = make([]byte, 0, length)
	for i, p := range pages {
		if p.Page != int64(i) || len(l.Bitmap)%listPageLen != 0 {
			break
		}
		l.Bitmap = append(l.Bitmap, p.Bits...)
	}
	if len(l.Bitmap) != length {
		return store.List{}, fmt.Errorf("bitmap of list %d of %q: %d of %d bytes: %w", number, issuer, len(l.Bitmap), length, store.ErrCorrupt)
	}
	return l, nil
}

// ListLists implements store.Lists.
func (t *Tx) ListLists(issuer string) ([]store.List, error) {
	c := t.tables.lists
	return list(t, c, false, c.selectSQL+" WHERE issuer = ? ORDER BY number", issuer)
}

// AllocBit implements store.Lists: it rewrites one page and the row of the list.
func (t *Tx) AllocBit(issuer string, number, index int64) error {
	if !t.write {
		return store.ErrViewOnly
	}
	l, err := get(t, t.tables.lists, issuer, number)
	if err != nil {
		return err
	}
	if index < 0 || index >= l.Size {
		return fmt.Errorf("index %d of list %d of %q, which has %d: %w", index, number, issuer, l.Size, store.ErrInvalid)
	}
	at := index / 8
	page := at / listPageLen
	p, err := t.listPage(issuer, number, page, min(listPageLen, (l.Size+7)/8-page*listPageLen))
	if err != nil {
		return err
	}
	mask := byte(0x80) >> (index % 8)
	if p.Bits[at%listPageLen]&mask != 0 {
		return fmt.Errorf("index %d of list %d of %q: %w", index, number, issuer, store.ErrExists)
	}
	p.Bits[at%listPageLen] |= mask
	if err := upsert(t, t.tables.listPages, p); err != nil {
		return err
	}
	l.Allocated++
	return upsert(t, t.tables.lists, l)
}

// PutChange implements store.Changes. The next sequence number lies above every
// one in use: rows are never deleted, so it never returns to an old one.
func (t *Tx) PutChange(ch store.Change) (int64, error) { return t.PutChanges([]store.Change{ch}) }

// PutChanges implements store.Changes.
func (t *Tx) PutChanges(rows []store.Change) (int64, error) {
	return numbered(t, t.tables.changes.table, rows,
		func(r *store.Change) string { return r.Issuer },
		func(r store.Change, seq int64) error { r.Seq = seq; return upsert(t, t.tables.changes, r) })
}

// numbered writes rows of one issuer under the next sequence numbers of a table.
func numbered[T any](t *Tx, table string, rows []T, issuer func(*T) string, write func(row T, seq int64) error) (int64, error) {
	if !t.write {
		return 0, store.ErrViewOnly
	}
	if len(rows) == 0 {
		return 0, nil
	}
	var last int64
	if err := t.row("SELECT coalesce(max(seq), 0) FROM "+table+" WHERE issuer = ?", []any{issuer(&rows[0])}, &last); err != nil {
		return 0, err
	}
	for i := range rows {
		if issuer(&rows[i]) != issuer(&rows[0]) {
			return 0, fmt.Errorf("%s of %q and of %q in one call: %w", table, issuer(&rows[0]), issuer(&rows[i]), store.ErrInvalid)
		}
		last++
		if err := write(rows[i], last); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// GetChange implements store.Changes.
func (t *Tx) GetChange(issuer string, list, index int64, purpose string) (store.Change, error) {
	return get(t, t.tables.changes, issuer, list, index, purpose)
}

// ListChanges implements store.Changes.
func (t *Tx) ListChanges(issuer string, number, afterSeq int64, limit int) ([]store.Change, error) {
	c := t.tables.changes
	if number < 0 {
		return list(t, c, false, c.selectSQL+" WHERE issuer = ? AND seq > ? ORDER BY seq LIMIT ?",
			issuer, afterSeq, page(limit))
	}
	return list(t, c, false, c.selectSQL+" WHERE issuer = ? AND list = ? AND seq > ? ORDER BY seq LIMIT ?",
		issuer, number, afterSeq, page(limit))
}

// CountChanges implements store.Changes.
func (t *Tx) CountChanges(issuer string, number int64) (int64, error) {
	var n int64
	if number < 0 {
		err := t.row("SELECT count(*) FROM changes WHERE issuer = ?", []any{issuer}, &n)
		return n, err
	}
	err := t.row("SELECT count(*) FROM changes WHERE issuer = ? AND list = ?", []any{issuer, number}, &n)
	return n, err
}

// AppendAudit implements store.Audits.
func (t *Tx) AppendAudit(a store.Audit) (int64, error) { return t.AppendAudits([]store.Audit{a}) }

// AppendAudits implements store.Audits.
func (t *Tx) AppendAudits(rows []store.Audit) (int64, error) {
	return numbered(t, t.tables.audits.table, rows,
		func(r *store.Audit) string { return r.Issuer },
		func(r store.Audit, seq int64) error { r.Seq = seq; return insert(t, t.tables.audits, r) })
}

// ListAudit implements store.Audits.
func (t *Tx) ListAudit(issuer string, after int64, limit int) ([]store.Audit, error) {
	c := t.tables.audits
	return list(t, c, false, c.selectSQL+" WHERE issuer = ? AND seq > ? ORDER BY seq LIMIT ?", issuer, after, page(limit))
}

// PutIssued implements store.IssuedRows.
func (t *Tx) PutIssued(i store.Issued) error { return insert(t, t.tables.issued, i) }

// GetIssued implements store.IssuedRows.
func (t *Tx) GetIssued(issuer, id string) (store.Issued, error) {
	return get(t, t.tables.issued, issuer, id)
}

// FindIssued implements store.IssuedRows.
func (t *Tx) FindIssued(issuer string, by store.IssuedKey) ([]store.Issued, error) {
	c := t.tables.issued
	if by.LocalRef != "" {
		return list(t, c, false, c.selectSQL+
			" WHERE issuer = ? AND local_ref = ? AND local_ref <> '' ORDER BY id LIMIT ?", issuer, by.LocalRef, page(0))
	}
	if by.HolderRef != "" {
		return list(t, c, false, c.selectSQL+
			" WHERE issuer = ? AND holder_ref = ? AND holder_ref <> '' ORDER BY id LIMIT ?", issuer, by.HolderRef, page(0))
	}
	return list(t, c, false, c.selectSQL+
		" WHERE issuer = ? AND list = ? AND idx = ? AND list >= 0 ORDER BY id LIMIT ?", issuer, by.List, by.Index, page(0))
}

// ListIssued implements store.IssuedRows.
func (t *Tx) ListIssued(issuer, after string, limit int) ([]store.Issued, error) {
	c := t.tables.issued
	return list(t, c, false, c.selectSQL+" WHERE issuer = ? AND id > ? ORDER BY id LIMIT ?", issuer, after, page(limit))
}

// DeleteIssued implements store.IssuedRows.
func (t *Tx) DeleteIssued(issuer, id string) error {
	return t.remove("DELETE FROM issued WHERE issuer = ? AND id = ?", issuer, id)
}

// GetPublication implements store.Publications.
func (t *Tx) GetPublication(issuer string) (store.Publication, error) {
	return get(t, t.tables.publications, issuer)
}

// SwapPublication implements store.Publications.
func (t *Tx) SwapPublication(expected, next store.Publication) error {
	if !t.write {
		return store.ErrViewOnly
	}
	if !expected.IsZero() && expected.Issuer != next.Issuer {
		return fmt.Errorf("publication of %q expected, of %q next: %w", expected.Issuer, next.Issuer, store.ErrInvalid)
	}
	held, err := t.GetPublication(next.Issuer)
	switch {
	case errors.Is(err, store.ErrNotFound):
		held = store.Publication{}
	case err != nil:
		return err
	}
	if held.IsZero() != expected.IsZero() || !held.IsZero() && !held.Same(expected) {
		return fmt.Errorf("publication of %q is at epoch %d sequence %d, not at epoch %d sequence %d: %w", next.Issuer,
			held.EpochVersion, held.Sequence, expected.EpochVersion, expected.Sequence, store.ErrConflict)
	}
	return upsert(t, t.tables.publications, next)
}
