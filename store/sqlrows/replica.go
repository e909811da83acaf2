package sqlrows

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/store"
)

// PutSubject implements store.Subjects. Whose DID it is asked first: some engines
// end a transaction at a value that is taken.
func (t *Tx) PutSubject(s store.Subject) error {
	if !t.write {
		return store.ErrViewOnly
	}
	var holder string
	switch err := t.row("SELECT subject FROM subjects WHERE did = ? AND did <> ''", []any{s.DID}, &holder); {
	case err == nil && holder != s.Subject:
		return fmt.Errorf("DID %.200q of subject %.200q: %w", s.DID, holder, store.ErrExists)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	return upsert(t, t.tables.subjects, s)
}

// GetSubject implements store.Subjects.
func (t *Tx) GetSubject(subject string) (store.Subject, error) {
	return get(t, t.tables.subjects, subject)
}

// SubjectByDID implements store.Subjects.
func (t *Tx) SubjectByDID(did string) (store.Subject, error) {
	if did == "" {
		return store.Subject{}, fmt.Errorf("subject of no DID: %w", store.ErrNotFound)
	}
	c := t.tables.subjects
	s, err := one(t, c, c.selectSQL+" WHERE did = ? AND did <> ''", did)
	if !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	a, err := get(t, t.tables.aliases, did)
	if err != nil {
		return store.Subject{}, err
	}
	return t.GetSubject(a.Subject)
}

// PutAlias implements store.Subjects.
func (t *Tx) PutAlias(did, subject string) error {
	c := t.tables.aliases
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
func (t *Tx) ListAliases(subject string) ([]string, error) {
	c := t.tables.aliases
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
func (t *Tx) ListSubjects(after string, limit int, classes ...int) ([]store.Subject, error) {
	c := t.tables.subjects
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
func (t *Tx) DeleteSubject(subject string) error {
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
	blobPruneSQL = `DELETE FROM blobs WHERE cid IN (SELECT cid FROM blobs AS b
		WHERE NOT EXISTS (SELECT 1 FROM files WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM manifests WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM heads WHERE cid = b.cid)
		  AND NOT EXISTS (SELECT 1 FROM drafts WHERE cid = b.cid)
		LIMIT ?)`
)

// PutBlob implements store.Blobs.
func (t *Tx) PutBlob(cid string, body []byte) error {
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
func (t *Tx) GetBlob(cid string) ([]byte, error) {
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
func (t *Tx) HasBlob(cid string) (bool, error) {
	var n int64
	err := t.row(blobHasSQL, []any{cid}, &n)
	return n > 0, err
}

// DeleteOrphanBlobs implements store.Blobs.
func (t *Tx) DeleteOrphanBlobs(limit int) (int, error) {
	n, err := t.exec(blobPruneSQL, page(limit))
	return int(n), err
}

// PutFile implements store.Files.
func (t *Tx) PutFile(f store.File) error { return upsert(t, t.tables.files, f) }

// GetFile implements store.Files.
func (t *Tx) GetFile(subject, path string) (store.File, error) {
	return get(t, t.tables.files, subject, path)
}

// ListFiles implements store.Files.
func (t *Tx) ListFiles(subject, prefix, after string, limit int) ([]store.File, error) {
	c := t.tables.files
	if end := behind(prefix); end != "" {
		return list(t, c, false, c.selectSQL+" WHERE subject = ? AND path >= ? AND path < ? AND path > ? ORDER BY path LIMIT ?",
			subject, prefix, end, after, page(limit))
	}
	return list(t, c, false, c.selectSQL+" WHERE subject = ? AND path >= ? AND path > ? ORDER BY path LIMIT ?",
		subject, prefix, after, page(limit))
}

// behind returns the least text behind all that begin with prefix, "" when there
// is none. The bytes of UTF-8 order as its characters do, so the last character
// that has a next one is raised.
func behind(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch next := runes[i] + 1; {
		case next == 0xD800: // no characters lie here
			return string(append(runes[:i:i], 0xE000))
		case next <= utf8.MaxRune:
			return string(append(runes[:i:i], next))
		}
	}
	return ""
}

// DeleteFile implements store.Files.
func (t *Tx) DeleteFile(subject, path string) error {
	return t.remove("DELETE FROM files WHERE subject = ? AND path = ?", subject, path)
}

// remove deletes one row, or is ErrNotFound.
func (t *Tx) remove(query string, key ...any) error {
	n, err := t.exec(query, key...)
	if err == nil && n == 0 {
		err = fmt.Errorf("delete %.200q: %w", fmt.Sprint(key...), store.ErrNotFound)
	}
	return err
}

// PutHead implements store.Heads.
func (t *Tx) PutHead(h store.Head) error {
	c := t.tables.heads
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
func (t *Tx) LatestHead(subject string) (store.Head, error) {
	c := t.tables.heads
	h, err := one(t, c, c.selectSQL+
		" WHERE subject = ? AND voided = 0 ORDER BY epoch_version DESC, sequence DESC LIMIT 1", subject)
	if err != nil {
		return h, fmt.Errorf("latest head of %q: %w", subject, err)
	}
	return h, nil
}

// GetHead implements store.Heads.
func (t *Tx) GetHead(subject string, epochVersion, sequence int64) (store.Head, error) {
	return get(t, t.tables.heads, subject, epochVersion, sequence)
}

// ListHeads implements store.Heads.
func (t *Tx) ListHeads(subject string, epochVersion, afterSequence int64, limit int) ([]store.Head, error) {
	c := t.tables.heads
	return list(t, c, false, c.selectSQL+
		" WHERE subject = ? AND epoch_version = ? AND sequence > ? ORDER BY sequence LIMIT ?",
		subject, epochVersion, afterSequence, page(limit))
}

// VoidEpoch implements store.Heads. The rows are rewritten one by one, because
// each carries a checksum.
func (t *Tx) VoidEpoch(subject string, epochVersion, afterSequence int64) error {
	if !t.write {
		return store.ErrViewOnly
	}
	c := t.tables.heads
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
func (t *Tx) TrimHeads(subject string, keep int) (int, error) {
	if !t.write {
		return 0, store.ErrViewOnly
	}
	c := t.tables.heads
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
func (t *Tx) HistoryLen(subject string, epochVersion int64) (int64, error) {
	p, err := t.lastHistoryPage(subject, epochVersion)
	if err != nil || p == nil {
		return 0, err
	}
	return p.Page*historyPageLen + int64(len(p.Digests)/store.DigestLen), nil
}

func (t *Tx) lastHistoryPage(subject string, epochVersion int64) (*historyPage, error) {
	c := t.tables.histories
	p, err := one(t, c, c.selectSQL+" WHERE subject = ? AND epoch_version = ? ORDER BY page DESC LIMIT 1", subject, epochVersion)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &p, err
}

// AppendHistory implements store.Histories.
func (t *Tx) AppendHistory(subject string, epochVersion, from int64, digests [][]byte) error {
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
		if err := upsert(t, t.tables.histories, *p); err != nil {
			return err
		}
		digests = digests[n:]
	}
	return nil
}

// GetHistory implements store.Histories.
func (t *Tx) GetHistory(subject string, epochVersion, from, to int64) ([][]byte, error) {
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
	c := t.tables.histories
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
func (t *Tx) PutManifest(m store.Manifest) error { return upsert(t, t.tables.manifests, m) }

// GetManifest implements store.Manifests.
func (t *Tx) GetManifest(subject, headCID string) (store.Manifest, error) {
	return get(t, t.tables.manifests, subject, headCID)
}

// PutFork implements store.Forks.
func (t *Tx) PutFork(f store.Fork) error { return insert(t, t.tables.forks, f) }

// GetFork implements store.Forks.
func (t *Tx) GetFork(subject, kind, parent string) (store.Fork, error) {
	return get(t, t.tables.forks, subject, kind, parent)
}

// ListForks implements store.Forks.
func (t *Tx) ListForks(subject string) ([]store.Fork, error) {
	c := t.tables.forks
	if subject == "" {
		return list(t, c, false, c.selectSQL+" ORDER BY subject, kind, parent LIMIT ?", page(0))
	}
	return list(t, c, false, c.selectSQL+" WHERE subject = ? ORDER BY subject, kind, parent LIMIT ?", subject, page(0))
}

// PutSighting implements store.Sightings.
func (t *Tx) PutSighting(s store.Sighting) error {
	c := t.tables.sightings
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
func (t *Tx) ListSightings(subject string) ([]store.Sighting, error) {
	c := t.tables.sightings
	return list(t, c, false, c.selectSQL+
		" WHERE subject = ? ORDER BY host, url, observer LIMIT ?", subject, page(0))
}

// OrRevoked implements store.StickyBits. A damaged mask is not overwritten: the
// bits that it held would be lost.
func (t *Tx) OrRevoked(subject, path string, bits []byte) error {
	if len(bits) > store.MaxListBits/8 {
		return fmt.Errorf("sticky mask of %d bytes: %w", len(bits), store.ErrInvalid)
	}
	c := t.tables.sticky
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
func (t *Tx) GetRevoked(subject, path string) (store.Revoked, error) {
	return get(t, t.tables.sticky, subject, path)
}

// PutPeer implements store.Peers.
func (t *Tx) PutPeer(p store.Peer) error { return upsert(t, t.tables.peers, p) }

// ListPeers implements store.Peers.
func (t *Tx) ListPeers() ([]store.Peer, error) {
	c := t.tables.peers
	return list(t, c, false, c.selectSQL+" ORDER BY protected DESC, last_seen DESC, id LIMIT ?", page(0))
}

// DeletePeer implements store.Peers.
func (t *Tx) DeletePeer(id string) error { return t.remove("DELETE FROM peers WHERE id = ?", id) }

// GetMeta implements store.Metas.
func (t *Tx) GetMeta(key string) ([]byte, error) {
	m, err := get(t, t.tables.metas, key)
	return m.Value, err
}

// PutMeta implements store.Metas.
func (t *Tx) PutMeta(key string, value []byte) error {
	return upsert(t, t.tables.metas, metaRow{key, value})
}
