package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/store"
)

// PutSubject implements store.Subjects.
func (t *tx) PutSubject(s store.Subject) error { return upsert(t, t.store.tables.subjects, s) }

// GetSubject implements store.Subjects.
func (t *tx) GetSubject(subject string) (store.Subject, error) {
	return get(t, t.store.tables.subjects, subject)
}

// SubjectByDID implements store.Subjects.
func (t *tx) SubjectByDID(did string) (store.Subject, error) {
	if did == "" {
		return store.Subject{}, fmt.Errorf("subject of no DID: %w", store.ErrNotFound)
	}
	c := t.store.tables.subjects
	s, err := one(t, c, c.selectSQL+" WHERE did = ? AND did <> ''", did)
	if !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	a, err := get(t, t.store.tables.aliases, did)
	if err != nil {
		return store.Subject{}, err
	}
	return t.GetSubject(a.Subject)
}

// PutAlias implements store.Subjects.
func (t *tx) PutAlias(did, subject string) error {
	c := t.store.tables.aliases
	err := insert(t, c, aliasRow{did, subject})
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	held, getErr := get(t, c, did)
	if getErr != nil {
		return getErr
	}
	if held.Subject != subject {
		return err
	}
	return nil
}

// ListAliases implements store.Subjects.
func (t *tx) ListAliases(subject string) ([]string, error) {
	c := t.store.tables.aliases
	rows, err := list(t, c, false, c.selectSQL+" WHERE subject = ? ORDER BY did LIMIT ?", subject, page(0))
	if err != nil {
		return nil, err
	}
	dids := make([]string, 0, len(rows))
	for _, r := range rows {
		dids = append(dids, r.DID)
	}
	return dids, nil
}

// ListSubjects implements store.Subjects.
func (t *tx) ListSubjects(after string, limit int, classes ...int) ([]store.Subject, error) {
	c := t.store.tables.subjects
	if len(classes) == 0 {
		return list(t, c, false, c.selectSQL+" WHERE subject > ? ORDER BY subject LIMIT ?", after, page(limit))
	}
	// The engine keeps every distinct text of a query prepared, so their number
	// is bounded here.
	if len(classes) > 16 {
		return nil, fmt.Errorf("%d classes: %w", len(classes), store.ErrInvalid)
	}
	args := make([]any, 0, len(classes)+2)
	for _, class := range classes {
		args = append(args, class)
	}
	return list(t, c, false, c.selectSQL+" WHERE class IN (?"+strings.Repeat(", ?", len(classes)-1)+
		") AND subject > ? ORDER BY subject LIMIT ?", append(args, after, page(limit))...)
}

// DeleteSubject implements store.Subjects. Tables with a foreign key follow.
func (t *tx) DeleteSubject(subject string) error {
	n, err := t.exec("DELETE FROM subjects WHERE subject = ?", subject)
	if err != nil {
		return err
	}
	for _, table := range []string{"forks", "sightings"} {
		if _, err := t.exec("DELETE FROM "+table+" WHERE subject = ?", subject); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("subject %q: %w", subject, store.ErrNotFound)
	}
	return nil
}

const (
	blobSQL      = "SELECT body FROM blobs WHERE cid = ?"
	blobPutSQL   = "INSERT INTO blobs (cid, body) VALUES (?, ?) ON CONFLICT (cid) DO UPDATE SET body = excluded.body"
	blobHasSQL   = "SELECT count(*) FROM blobs WHERE cid = ?"
	blobPruneSQL = `DELETE FROM blobs WHERE rowid IN (SELECT rowid FROM blobs AS b
		WHERE NOT EXISTS (SELECT 1 FROM files WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM manifests WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM heads WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM drafts WHERE cid = b.cid)
		LIMIT ?)`
)

// PutBlob implements store.Blobs.
func (t *tx) PutBlob(cid string, body []byte) error {
	if !t.write {
		return store.ErrViewOnly
	}
	if err := checkBody(cid, body); err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	switch _, err := t.GetBlob(cid); {
	case err == nil:
		return nil
	case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrCorrupt):
		return err
	}
	_, err := t.exec(blobPutSQL, cid, notNil(body))
	return err
}

// GetBlob implements store.Blobs.
func (t *tx) GetBlob(cid string) ([]byte, error) {
	var body []byte
	if err := t.row(blobSQL, []any{cid}, &body); err != nil {
		return nil, fmt.Errorf("blob %.80q: %w", cid, err)
	}
	if err := verifyBody(cid, body); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return body, nil
}

// HasBlob implements store.Blobs.
func (t *tx) HasBlob(cid string) (bool, error) {
	var n int64
	err := t.row(blobHasSQL, []any{cid}, &n)
	return n > 0, err
}

// DeleteOrphanBlobs implements store.Blobs.
func (t *tx) DeleteOrphanBlobs(limit int) (int, error) {
	n, err := t.exec(blobPruneSQL, page(limit))
	return int(n), err
}

// PutFile implements store.Files.
func (t *tx) PutFile(f store.File) error { return upsert(t, t.store.tables.files, f) }

// GetFile implements store.Files.
func (t *tx) GetFile(subject, path string) (store.File, error) {
	return get(t, t.store.tables.files, subject, path)
}

// ListFiles implements store.Files. Text is compared byte by byte, and no UTF-8
// contains the byte FF, so prefix+FF lies behind every path with the prefix.
func (t *tx) ListFiles(subject, prefix, after string, limit int) ([]store.File, error) {
	c := t.store.tables.files
	return list(t, c, false, c.selectSQL+" WHERE subject = ? AND path >= ? AND path < ? AND path > ? ORDER BY path LIMIT ?",
		subject, prefix, prefix+"\xff", after, page(limit))
}

// DeleteFile implements store.Files.
func (t *tx) DeleteFile(subject, path string) error {
	return t.remove("DELETE FROM files WHERE subject = ? AND path = ?", subject, path)
}

// remove deletes one row, or is ErrNotFound.
func (t *tx) remove(query string, key ...any) error {
	n, err := t.exec(query, key...)
	if err == nil && n == 0 {
		err = fmt.Errorf("delete %.200q: %w", fmt.Sprint(key...), store.ErrNotFound)
	}
	return err
}

// PutHead implements store.Heads.
func (t *tx) PutHead(h store.Head) error {
	c := t.store.tables.heads
	err := insert(t, c, h)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	held, getErr := get(t, c, h.Subject, h.EpochVersion, h.Sequence)
	if errors.Is(getErr, store.ErrCorrupt) {
		return upsert(t, c, h)
	}
	if getErr != nil {
		return getErr
	}
	if held.CID != h.CID {
		return err
	}
	return nil
}

// LatestHead implements store.Heads.
func (t *tx) LatestHead(subject string) (store.Head, error) {
	c := t.store.tables.heads
	h, err := one(t, c, c.selectSQL+
		" WHERE subject = ? AND voided = 0 ORDER BY epoch_version DESC, sequence DESC LIMIT 1", subject)
	if err != nil {
		return h, fmt.Errorf("latest head of %q: %w", subject, err)
	}
	return h, nil
}

// GetHead implements store.Heads.
func (t *tx) GetHead(subject string, epochVersion, sequence int64) (store.Head, error) {
	return get(t, t.store.tables.heads, subject, epochVersion, sequence)
}

// ListHeads implements store.Heads.
func (t *tx) ListHeads(subject string, epochVersion, afterSequence int64, limit int) ([]store.Head, error) {
	c := t.store.tables.heads
	return list(t, c, false, c.selectSQL+
		" WHERE subject = ? AND epoch_version = ? AND sequence > ? ORDER BY sequence LIMIT ?",
		subject, epochVersion, afterSequence, page(limit))
}

// VoidEpoch implements store.Heads. The rows are rewritten one by one, because
// each carries a checksum.
func (t *tx) VoidEpoch(subject string, epochVersion, afterSequence int64) error {
	if !t.write {
		return store.ErrViewOnly
	}
	c := t.store.tables.heads
	for {
		heads, err := list(t, c, false, c.selectSQL+
			" WHERE subject = ? AND epoch_version = ? AND sequence > ? AND voided = 0 ORDER BY sequence LIMIT 100",
			subject, epochVersion, afterSequence)
		if err != nil || len(heads) == 0 {
			return err
		}
		for _, h := range heads {
			h.Voided = true
			if err := upsert(t, c, h); err != nil {
				return err
			}
		}
	}
}

// TrimHeads implements store.Heads.
func (t *tx) TrimHeads(subject string, keep int) (int, error) {
	if !t.write {
		return 0, store.ErrViewOnly
	}
	c := t.store.tables.heads
	latest, err := t.LatestHead(subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, err
	}
	trimmed := 0
	for {
		rows, err := list(t, c, true, c.lightSQL+
			" WHERE subject = ? ORDER BY epoch_version DESC, sequence DESC LIMIT 101 OFFSET ?", subject, max(keep, 0))
		if err != nil {
			return trimmed, err
		}
		before := trimmed
		for _, h := range rows {
			if h.EpochVersion == latest.EpochVersion && h.Sequence == latest.Sequence {
				continue
			}
			if err := t.remove("DELETE FROM heads WHERE subject = ? AND epoch_version = ? AND sequence = ?",
				subject, h.EpochVersion, h.Sequence); err != nil {
				return trimmed, err
			}
			if _, err := t.exec("DELETE FROM manifests WHERE subject = ? AND head_cid = ?", subject, h.CID); err != nil {
				return trimmed, err
			}
			trimmed++
		}
		if trimmed == before {
			return trimmed, nil
		}
	}
}

// historyPageLen is the number of digests in one page.
const historyPageLen = 128

// HistoryLen implements store.Histories.
func (t *tx) HistoryLen(subject string, epochVersion int64) (int64, error) {
	p, err := t.lastHistoryPage(subject, epochVersion)
	if err != nil || p == nil {
		return 0, err
	}
	return p.Page*historyPageLen + int64(len(p.Digests)/store.DigestLen), nil
}

func (t *tx) lastHistoryPage(subject string, epochVersion int64) (*historyPage, error) {
	c := t.store.tables.histories
	p, err := one(t, c, c.selectSQL+" WHERE subject = ? AND epoch_version = ? ORDER BY page DESC LIMIT 1", subject, epochVersion)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &p, err
}

// AppendHistory implements store.Histories.
func (t *tx) AppendHistory(subject string, epochVersion, from int64, digests [][]byte) error {
	if !t.write {
		return store.ErrViewOnly
	}
	p, err := t.lastHistoryPage(subject, epochVersion)
	if err != nil {
		return err
	}
	if p == nil {
		p = &historyPage{Subject: subject, EpochVersion: epochVersion}
	}
	held := p.Page*historyPageLen + int64(len(p.Digests)/store.DigestLen)
	if from != held {
		return fmt.Errorf("history of %q epoch %d: %d digests held, append at %d: %w", subject, epochVersion, held, from, store.ErrConflict)
	}
	for _, d := range digests {
		if len(d) != store.DigestLen {
			return fmt.Errorf("history digest of %d bytes: %w", len(d), store.ErrInvalid)
		}
	}
	for len(digests) > 0 {
		if len(p.Digests) == historyPageLen*store.DigestLen {
			p.Page, p.Digests = p.Page+1, nil
		}
		n := min(len(digests), historyPageLen-len(p.Digests)/store.DigestLen)
		for _, d := range digests[:n] {
			p.Digests = append(p.Digests, d...)
		}
		if err := upsert(t, t.store.tables.histories, *p); err != nil {
			return err
		}
		digests = digests[n:]
	}
	return nil
}

// GetHistory implements store.Histories.
func (t *tx) GetHistory(subject string, epochVersion, from, to int64) ([][]byte, error) {
	if from < 0 {
		return nil, fmt.Errorf("history from %d: %w", from, store.ErrInvalid)
	}
	held, err := t.HistoryLen(subject, epochVersion)
	if err != nil {
		return nil, err
	}
	if to < 0 || to > held {
		to = held
	}
	if from >= to {
		return nil, nil
	}
	c := t.store.tables.histories
	pages, err := list(t, c, false, c.selectSQL+
		" WHERE subject = ? AND epoch_version = ? AND page >= ? AND page <= ? ORDER BY page",
		subject, epochVersion, from/historyPageLen, (to-1)/historyPageLen)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, 0, to-from)
	at := from / historyPageLen
	for _, p := range pages {
		if p.Page != at || len(p.Digests)%store.DigestLen != 0 {
			break
		}
		at++
		for i := int64(0); i < int64(len(p.Digests)/store.DigestLen); i++ {
			if n := p.Page*historyPageLen + i; n >= from && n < to {
				out = append(out, p.Digests[i*store.DigestLen:(i+1)*store.DigestLen:(i+1)*store.DigestLen])
			}
		}
	}
	if int64(len(out)) != to-from {
		return nil, fmt.Errorf("history of %q epoch %d has a gap in page %d: %w", subject, epochVersion, at, store.ErrCorrupt)
	}
	return out, nil
}

// PutManifest implements store.Manifests.
func (t *tx) PutManifest(m store.Manifest) error { return upsert(t, t.store.tables.manifests, m) }

// GetManifest implements store.Manifests.
func (t *tx) GetManifest(subject, headCID string) (store.Manifest, error) {
	return get(t, t.store.tables.manifests, subject, headCID)
}

// PutFork implements store.Forks.
func (t *tx) PutFork(f store.Fork) error { return insert(t, t.store.tables.forks, f) }

// GetFork implements store.Forks.
func (t *tx) GetFork(subject, kind, parent string) (store.Fork, error) {
	return get(t, t.store.tables.forks, subject, kind, parent)
}

// ListForks implements store.Forks.
func (t *tx) ListForks(subject string) ([]store.Fork, error) {
	c := t.store.tables.forks
	return list(t, c, false, c.selectSQL+
		" WHERE ?1 = '' OR subject = ?1 ORDER BY subject, kind, parent LIMIT ?2", subject, page(0))
}

// PutSighting implements store.Sightings.
func (t *tx) PutSighting(s store.Sighting) error {
	c := t.store.tables.sightings
	held, err := get(t, c, s.Subject, s.Host, s.URL, s.Observer)
	switch {
	case err == nil && held.At > s.At:
		if !t.write {
			return store.ErrViewOnly
		}
		return nil
	case err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrCorrupt):
		return err
	}
	return upsert(t, c, s)
}

// ListSightings implements store.Sightings.
func (t *tx) ListSightings(subject string) ([]store.Sighting, error) {
	c := t.store.tables.sightings
	return list(t, c, false, c.selectSQL+
		" WHERE subject = ? ORDER BY host, url, observer LIMIT ?", subject, page(0))
}

// OrRevoked implements store.StickyBits. A damaged mask is not overwritten: the
// bits that it held would be lost.
func (t *tx) OrRevoked(subject, path string, bits []byte) error {
	if len(bits) > store.MaxListBits/8 {
		return fmt.Errorf("sticky mask of %d bytes: %w", len(bits), store.ErrInvalid)
	}
	c := t.store.tables.sticky
	held, err := get(t, c, subject, path)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	sum := make([]byte, max(len(bits), len(held.Bits)))
	copy(sum, held.Bits)
	changed := len(sum) != len(held.Bits) || err != nil
	for i, b := range bits {
		changed = changed || sum[i]|b != sum[i]
		sum[i] |= b
	}
	if !changed && t.write {
		return nil
	}
	return upsert(t, c, store.Revoked{Subject: subject, Path: path, Bits: sum})
}

// GetRevoked implements store.StickyBits.
func (t *tx) GetRevoked(subject, path string) (store.Revoked, error) {
	return get(t, t.store.tables.sticky, subject, path)
}

// PutPeer implements store.Peers.
func (t *tx) PutPeer(p store.Peer) error { return upsert(t, t.store.tables.peers, p) }

// ListPeers implements store.Peers.
func (t *tx) ListPeers() ([]store.Peer, error) {
	c := t.store.tables.peers
	return list(t, c, false, c.selectSQL+" ORDER BY protected DESC, last_seen DESC, id LIMIT ?", page(0))
}

// DeletePeer implements store.Peers.
func (t *tx) DeletePeer(id string) error { return t.remove("DELETE FROM peers WHERE id = ?", id) }

// GetMeta implements store.Metas.
func (t *tx) GetMeta(key string) ([]byte, error) {
	m, err := get(t, t.store.tables.metas, key)
	return m.Value, err
}

// PutMeta implements store.Metas.
func (t *tx) PutMeta(key string, value []byte) error {
	return upsert(t, t.store.tables.metas, metaRow{key, value})
}
