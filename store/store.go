package store

import "context"

// Store is a storage engine. It is safe for concurrent use.
type Store interface {
	// Update runs fn in one durable, serializable transaction and commits when
	// fn returns nil. scope is the subject of the issuer whose book is written,
	// or "" for the replica; an engine may run transactions of different scopes
	// side by side. fn may be run more than once, so it has no side effects
	// outside tx; it does not keep tx, and does not call Update again (that
	// would wait for itself until ctx ends).
	//
	// The error of fn is returned as it is. A transaction that met ErrFull,
	// ErrReadOnly, ErrIO, ErrLocked, damage of the file itself or the end of ctx
	// is never committed, even if fn swallows the error; a single damaged row
	// (ErrCorrupt) may be replaced and the rest committed. After ErrFatal every
	// further Update fails with ErrFatal.
	Update(ctx context.Context, scope string, fn func(tx Tx) error) error

	// View runs fn over one consistent snapshot. Methods that write return
	// ErrViewOnly.
	View(ctx context.Context, fn func(tx Tx) error) error

	// Check reads everything and verifies it: the file, every checksum, every
	// body against its address, and the references between rows. It returns nil,
	// or a *CheckError (errors.Is ErrCorrupt) that lists what is wrong, or the
	// error that prevented the check.
	Check(ctx context.Context) error

	// Close waits for running transactions, then releases the store.
	Close() error
}

// Tx is a transaction. Methods that look up one row return ErrNotFound when
// there is none. Lists come in the order of their key unless said otherwise;
// after is the last key of the page before ("" or 0 for the first page), and
// limit counts rows (0 or less: MaxPage). Slices handed in are copied, slices
// handed out belong to the caller.
type Tx interface {
	Subjects
	Blobs
	Files
	Heads
	Histories
	Manifests
	Forks
	Sightings
	StickyBits
	Peers
	Metas
	Issuers
	Drafts
	Lists
	Changes
	Audits
	IssuedRows
	Publications
}

// Subjects are the identifiers whose folders are kept, and every DID by which
// they were ever known.
type Subjects interface {
	// PutSubject inserts or replaces the row.
	PutSubject(s Subject) error
	GetSubject(subject string) (Subject, error)
	// SubjectByDID finds a subject by its current DID or by an alias.
	SubjectByDID(did string) (Subject, error)
	// PutAlias records a DID of the subject's verified log. ErrExists when the
	// DID belongs to another subject.
	PutAlias(did, subject string) error
	// ListAliases returns the recorded DIDs of a subject.
	ListAliases(subject string) ([]string, error)
	// ListSubjects returns subjects of the given classes, or all when none is
	// given.
	ListSubjects(after string, limit int, classes ...int) ([]Subject, error)
	// DeleteSubject removes the subject and all its rows of the replica:
	// aliases, files, heads, histories, manifests, forks, sightings and sticky
	// masks. Blobs go with DeleteOrphanBlobs; the issuer's book is untouched.
	DeleteSubject(subject string) error
}

// Blobs are bodies by content address (record.CID in its text form).
type Blobs interface {
	// PutBlob stores body; a blob that is there already is left as it is, and
	// mended when it was damaged. ErrInvalid when cid is not the address of body.
	PutBlob(cid string, body []byte) error
	// GetBlob returns the body, ErrCorrupt when it no longer has its address.
	GetBlob(cid string) ([]byte, error)
	HasBlob(cid string) (bool, error)
	// DeleteOrphanBlobs removes up to limit blobs that no file, manifest, head
	// or draft names, and returns how many. A blob is put and named in one
	// transaction, else it is an orphan in between.
	DeleteOrphanBlobs(limit int) (int, error)
}

// Files are the current accepted bodies of each path.
type Files interface {
	// PutFile inserts or replaces the row of (Subject, Path).
	PutFile(f File) error
	GetFile(subject, path string) (File, error)
	// ListFiles returns files whose path starts with prefix, by path.
	ListFiles(subject, prefix, after string, limit int) ([]File, error)
	DeleteFile(subject, path string) error
}

// Heads are the accepted heads of each subject.
type Heads interface {
	// PutHead stores a head. The same head again is no error and changes
	// nothing; another CID under the same (Subject, EpochVersion, Sequence) is
	// ErrExists. ErrInvalid when CID is not the address of Body.
	PutHead(h Head) error
	// LatestHead returns the head of the highest EpochVersion, then Sequence,
	// among those that are not voided.
	LatestHead(subject string) (Head, error)
	GetHead(subject string, epochVersion, sequence int64) (Head, error)
	// ListHeads returns heads of one epoch with Sequence > afterSequence, by
	// sequence, voided ones included.
	ListHeads(subject string, epochVersion, afterSequence int64, limit int) ([]Head, error)
	// VoidEpoch marks every head of the epoch with Sequence > afterSequence.
	VoidEpoch(subject string, epochVersion, afterSequence int64) error
	// TrimHeads removes all but the newest keep heads of a subject, with their
	// manifests, and returns how many. LatestHead is never removed.
	TrimHeads(subject string, keep int) (int, error)
}

// Histories are the digests of all heads of an epoch, in order. Index 0 is the
// digest of the head with sequence 1.
type Histories interface {
	// AppendHistory appends digests of 32 bytes. ErrConflict when from is not
	// the number of digests held.
	AppendHistory(subject string, epochVersion, from int64, digests [][]byte) error
	// GetHistory returns the digests with from <= index < to, as far as they are
	// held; a negative to means all that follow.
	GetHistory(subject string, epochVersion, from, to int64) ([][]byte, error)
	// HistoryLen returns how many digests are held, 0 for an unknown epoch.
	HistoryLen(subject string, epochVersion int64) (int64, error)
}

// Manifests are the lists of contents behind heads; their bodies are blobs.
type Manifests interface {
	PutManifest(m Manifest) error
	GetManifest(subject, headCID string) (Manifest, error)
}

// Forks are evidence, first seen wins.
type Forks interface {
	// PutFork returns ErrExists when (Subject, Kind, Parent) has evidence.
	PutFork(f Fork) error
	GetFork(subject, kind, parent string) (Fork, error)
	// ListForks returns the evidence about a subject, or about all for "", at
	// most MaxPage rows.
	ListForks(subject string) ([]Fork, error)
}

// Sightings are observations of hosts.
type Sightings interface {
	// PutSighting keeps the row unless a newer one is there.
	PutSighting(s Sighting) error
	ListSightings(subject string) ([]Sighting, error)
}

// StickyBits are masks whose bits are never cleared.
type StickyBits interface {
	// OrRevoked adds the bits to the mask of (subject, path).
	OrRevoked(subject, path string, bits []byte) error
	// GetRevoked returns the mask, as long as the longest bits ever added.
	GetRevoked(subject, path string) (Revoked, error)
}

// Peers are the address book.
type Peers interface {
	PutPeer(p Peer) error
	// ListPeers returns up to MaxPage peers, protected ones first, then the most
	// recently seen.
	ListPeers() ([]Peer, error)
	DeletePeer(id string) error
}

// Metas are single values of the node.
type Metas interface {
	GetMeta(key string) ([]byte, error)
	PutMeta(key string, value []byte) error
}

// Issuers are the issuers that this node serves.
type Issuers interface {
	PutIssuer(i Issuer) error
	GetIssuer(subject string) (Issuer, error)
	ListIssuers() ([]Issuer, error)
}

// Drafts are the issuers' own folders before they are headed.
type Drafts interface {
	// PutDraft inserts or replaces the row of (Issuer, Path). ErrInvalid when
	// CID is not the address of Body.
	PutDraft(d Draft) error
	GetDraft(issuer, path string) (Draft, error)
	// ListDrafts returns every draft of an issuer by path, with Body left nil.
	ListDrafts(issuer string) ([]Draft, error)
	DeleteDraft(issuer, path string) error
}

// Lists are the status lists of an issuer's book.
type Lists interface {
	// PutList inserts or replaces the row of (Issuer, Number). Bits of Bitmap
	// are added to those already allocated (nil adds none), Allocated is
	// ignored: an index once given is never given back. ErrConflict when Size
	// differs from the row that is there; ErrInvalid when Bitmap is neither nil
	// nor (Size+7)/8 bytes long.
	PutList(l List) error
	// GetList returns the row with its Bitmap.
	GetList(issuer string, number int64) (List, error)
	// ListLists returns every list of an issuer by number, with Bitmap left nil.
	ListLists(issuer string) ([]List, error)
	// AllocBit allocates one index. ErrExists when it is taken, ErrInvalid when
	// it is not below Size. The cost does not depend on Size.
	AllocBit(issuer string, number, index int64) error
}

// Changes are the statuses that differ from "never touched".
type Changes interface {
	// PutChange inserts or replaces the row of (Issuer, List, Index, Purpose),
	// ignores Seq, and returns the sequence number assigned.
	PutChange(c Change) (int64, error)
	// PutChanges is PutChange for many rows of one issuer, numbered in the order
	// given; it returns the last number, 0 for none. No two rows may have one key.
	// ErrInvalid when they are of several issuers.
	PutChanges(rows []Change) (int64, error)
	GetChange(issuer string, list, index int64, purpose string) (Change, error)
	// ListChanges returns changes with Seq > afterSeq by Seq, of one list or,
	// with a negative list, of all.
	ListChanges(issuer string, list, afterSeq int64, limit int) ([]Change, error)
	// CountChanges counts the rows of one list or, with a negative list, of all.
	CountChanges(issuer string, list int64) (int64, error)
}

// Audits are an issuer's log of acts; rows are only ever added.
type Audits interface {
	// AppendAudit ignores Seq and returns the one assigned.
	AppendAudit(a Audit) (int64, error)
	// AppendAudits is AppendAudit for many rows of one issuer, numbered in the
	// order given; it returns the last number, 0 for none. ErrInvalid when they
	// are of several issuers.
	AppendAudits(rows []Audit) (int64, error)
	ListAudit(issuer string, after int64, limit int) ([]Audit, error)
}

// IssuedRows are the private register of issued credentials.
type IssuedRows interface {
	// PutIssued returns ErrExists when the ID, or the (List, Index), is taken.
	PutIssued(i Issued) error
	GetIssued(issuer, id string) (Issued, error)
	// FindIssued returns the rows that by selects, by ID; none is no error.
	FindIssued(issuer string, by IssuedKey) ([]Issued, error)
	// ListIssued returns rows by ID.
	ListIssued(issuer, after string, limit int) ([]Issued, error)
	// DeleteIssued erases a row. The index stays allocated in its list.
	DeleteIssued(issuer, id string) error
}

// Publications are the compare-and-swap cells that keep a sequence number from
// being used twice.
type Publications interface {
	GetPublication(issuer string) (Publication, error)
	// SwapPublication stores next when the current row is the Same as expected;
	// a zero expected (IsZero) stands for "no row". Else ErrConflict.
	SwapPublication(expected, next Publication) error
}
