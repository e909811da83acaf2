package sqlrows

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// Check reads every row of a transaction and adds what is wrong to found. first
// are the checks that only the engine can make of what it stands on. Every check
// is made even when an earlier one met damage: mend is called after an error
// that is damage, so that reading can go on where it can. The error is one that
// prevented the check.
func Check(t *Tx, found *store.CheckError, place string, mend func(), first ...func() error) error {
	c := &checker{t, found}
	m := t.tables
	for _, step := range append(first,
		func() error { return checkRows(c, m.subjects) },
		func() error { return checkRows(c, m.aliases) },
		func() error { return checkRows(c, m.files) },
		func() error { return checkRows(c, m.heads) },
		func() error { return checkRows(c, m.histories) },
		func() error { return checkRows(c, m.manifests) },
		func() error { return checkRows(c, m.forks) },
		func() error { return checkRows(c, m.sightings) },
		func() error { return checkRows(c, m.sticky) },
		func() error { return checkRows(c, m.peers) },
		func() error { return checkRows(c, m.metas) },
		func() error { return checkRows(c, m.issuers) },
		func() error { return checkRows(c, m.drafts) },
		func() error { return checkRows(c, m.lists) },
		func() error { return checkRows(c, m.listPages) },
		func() error { return checkRows(c, m.changes) },
		func() error { return checkRows(c, m.audits) },
		func() error { return checkRows(c, m.issued) },
		func() error { return checkRows(c, m.publications) },
		c.blobs, c.missingBlobs, c.histories, c.historyHeads, c.publications, c.lists, c.changes, c.issued,
	) {
		err := step()
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		if err != nil {
			found.Add(store.FindingFile, place, "%v", err)
			mend()
		}
	}
	return nil
}

type checker struct {
	t     *Tx
	found *store.CheckError
}

// checkRows reads every row of a table, and its body where it has one.
func checkRows[T any](c *checker, m *codec[T]) error {
	return c.t.e.Query(m.selectSQL, nil, func(scan Scan) error {
		row, err := m.read(scan, false)
		if err == nil {
			return nil
		}
		kind := store.FindingChecksum
		var body *bodyError
		if errors.As(err, &body) {
			kind = store.FindingBody
		}
		c.found.Add(kind, m.name(&row), "%v", err)
		return nil
	})
}

func (c *checker) blobs() error {
	return c.t.e.Query("SELECT cid, body FROM blobs", nil, func(scan Scan) error {
		var cid string
		var body []byte
		if err := scan(&cid, &body); err != nil {
			return err
		}
		if got := record.CIDOf(body).String(); got != cid {
			c.found.Add(store.FindingBody, fmt.Sprintf("blobs %.80q", cid), "the body has address %s", got)
		}
		return nil
	})
}

func (c *checker) missingBlobs() error {
	return c.t.e.Query(`SELECT 'files', subject, path, cid FROM files AS f
			WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE cid = f.cid)
		UNION ALL SELECT 'manifests', subject, head_cid, cid FROM manifests AS m
			WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE cid = m.cid)`, nil, func(scan Scan) error {
		var table, subject, key, cid string
		if err := scan(&table, &subject, &key, &cid); err != nil {
			return err
		}
		c.found.Add(store.FindingMissingBlob, fmt.Sprintf("%s %q/%q", table, subject, key), "body %s is not held", cid)
		return nil
	})
}

// histories looks for pages that are missing or not full.
func (c *checker) histories() error {
	var last historyPage
	lastLen := -1
	return c.t.e.Query("SELECT subject, epoch_version, page, length(digests) FROM histories ORDER BY subject, epoch_version, page",
		nil, func(scan Scan) error {
			var p historyPage
			var n int
			if err := scan(&p.Subject, &p.EpochVersion, &p.Page, &n); err != nil {
				return err
			}
			row := fmt.Sprintf("histories %q/%d/%d", p.Subject, p.EpochVersion, p.Page)
			follows := lastLen >= 0 && last.Subject == p.Subject && last.EpochVersion == p.EpochVersion
			switch {
			case !follows && p.Page != 0:
				c.found.Add(store.FindingHistoryGap, row, "the pages before it are missing")
			case follows && (p.Page != last.Page+1 || lastLen != historyPageLen*store.DigestLen):
				c.found.Add(store.FindingHistoryGap, row, "follows page %d of %d bytes", last.Page, lastLen)
			}
			if n == 0 || n%store.DigestLen != 0 || n > historyPageLen*store.DigestLen {
				c.found.Add(store.FindingHistoryGap, row, "%d bytes are no digests", n)
			}
			last, lastLen = p, n
			return nil
		})
}

// historyHeads compares the heads that stand with the histories of their epochs.
func (c *checker) historyHeads() error {
	m := c.t.tables.heads
	var heads []store.Head
	err := c.t.e.Query(m.lightSQL+" WHERE voided = 0 AND sequence > 0", nil, func(scan Scan) error {
		if h, err := m.read(scan, true); err == nil { // damage is reported by checkRows
			heads = append(heads, h)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, h := range heads {
		digests, err := c.t.GetHistory(h.Subject, h.EpochVersion, h.Sequence-1, h.Sequence)
		if errors.Is(err, store.ErrCorrupt) && c.t.e.Failed() == nil {
			continue // reported by histories
		}
		if err != nil {
			return err
		}
		cid, err := record.ParseCID(h.CID)
		if err != nil || len(digests) == 0 {
			continue // the newest head may not be in the history yet
		}
		if cid.Digest() != [32]byte(digests[0]) {
			c.found.Add(store.FindingHistoryHead, m.name(&h), "the history has another digest at sequence %d", h.Sequence)
		}
	}
	return nil
}

// publications compares what an issuer published last with the heads held: the
// same number with another head, or a later head, means that the book is older
// than what was signed.
func (c *checker) publications() error {
	return c.t.e.Query(`SELECT p.issuer, p.sequence, p.head_cid, h.sequence, h.cid FROM publications AS p
		JOIN heads AS h ON h.subject = p.issuer AND h.epoch_version = p.epoch_version AND h.voided = 0
		JOIN subjects AS s ON s.subject = p.issuer AND s.class = ?
		WHERE h.sequence > p.sequence OR h.sequence = p.sequence AND h.cid <> p.head_cid`, []any{store.ClassOwn},
		func(scan Scan) error {
			var issuer, cid, headCID string
			var sequence, headSequence int64
			if err := scan(&issuer, &sequence, &cid, &headSequence, &headCID); err != nil {
				return err
			}
			c.found.Add(store.FindingPublication, fmt.Sprintf("publications %q", issuer),
				"published sequence %d (%s), but a head with sequence %d (%s) is held", sequence, cid, headSequence, headCID)
			return nil
		})
}

// lists counts the bits of every bitmap.
func (c *checker) lists() error {
	m := c.t.tables.lists
	var all []store.List
	err := c.t.e.Query(m.selectSQL, nil, func(scan Scan) error {
		if l, err := m.read(scan, false); err == nil {
			all = append(all, l)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, row := range all {
		l, err := c.t.GetList(row.Issuer, row.Number)
		if errors.Is(err, store.ErrCorrupt) && c.t.e.Failed() == nil {
			c.found.Add(store.FindingBitmap, m.name(&row), "%v", err)
			continue
		}
		if err != nil {
			return err
		}
		n := int64(0)
		for _, b := range l.Bitmap {
			n += int64(bits.OnesCount8(b))
		}
		if n != l.Allocated {
			c.found.Add(store.FindingAllocated, m.name(&row), "%d indices counted as allocated, %d bits set", l.Allocated, n)
		}
		if l.Size%8 != 0 && l.Bitmap[len(l.Bitmap)-1]<<(l.Size%8) != 0 {
			c.found.Add(store.FindingBitmap, m.name(&row), "bits beyond the size of %d", l.Size)
		}
	}
	return nil
}

func (c *checker) changes() error {
	return c.t.e.Query(`SELECT c.issuer, c.list, c.idx, c.purpose, l.size FROM changes AS c
		LEFT JOIN lists AS l ON l.issuer = c.issuer AND l.number = c.list
		WHERE l.size IS NULL OR c.idx < 0 OR c.idx >= l.size`, nil, func(scan Scan) error {
		var issuer, purpose string
		var number, index int64
		var size *int64
		if err := scan(&issuer, &number, &index, &purpose, &size); err != nil {
			return err
		}
		row := fmt.Sprintf("changes %q/%d/%d/%q", issuer, number, index, purpose)
		if size == nil {
			c.found.Add(store.FindingChangeList, row, "list %d is not there", number)
		} else {
			c.found.Add(store.FindingChangeRange, row, "the list has %d indices", *size)
		}
		return nil
	})
}

// issued finds credentials whose index could be given to another one.
func (c *checker) issued() error {
	return c.t.e.Query(fmt.Sprintf(`SELECT i.issuer, i.id, i.list, i.idx, p.bits FROM issued AS i
		LEFT JOIN list_pages AS p ON p.issuer = i.issuer AND p.number = i.list AND p.page = i.idx / %d
		WHERE i.list >= 0`, listPageLen*8), nil, func(scan Scan) error {
		var issuer, id string
		var number, index int64
		var page []byte
		if err := scan(&issuer, &id, &number, &index, &page); err != nil {
			return err
		}
		at := index / 8 % listPageLen
		if index < 0 || at >= int64(len(page)) || page[at]&(0x80>>(index%8)) == 0 {
			c.found.Add(store.FindingUnallocated, fmt.Sprintf("issued %q/%q", issuer, id),
				"index %d of list %d is not allocated", index, number)
		}
		return nil
	})
}
