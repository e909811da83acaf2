package webvh

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// entry is a verified entry.
type entry struct {
	versionID string
	number    int
	time      time.Time
	params    *Params // in force after it
	state     map[string]any
	did       string // id of state
	raw       []byte // the line without its line feed
	doc       atomic.Pointer[parsedState]
}

// parsedState is what did.ParseDocument said of a state.
type parsedState struct {
	doc *did.Document
	err error
}

// document parses the state on first use.
func (e *entry) document() (*did.Document, error) {
	if p := e.doc.Load(); p != nil {
		return p.doc, p.err
	}
	doc, err := did.ParseDocument(e.state)
	if err != nil {
		err = fmt.Errorf("%w: version %s: %w", ErrState, e.versionID, err)
	}
	e.doc.CompareAndSwap(nil, &parsedState{doc, err})
	p := e.doc.Load()
	return p.doc, p.err
}

// Entry is one verified entry of a log.
type Entry struct {
	VersionID string
	Number    int // from 1
	Time      time.Time
	Params    Params         // in force after the entry
	State     map[string]any // the DID document; shared, read-only
	Line      []byte         // as received, without the line feed; read-only
}

func (e *entry) public() Entry {
	return Entry{e.versionID, e.number, e.time, *e.params, e.state, e.raw}
}

// History is a verified log. It is immutable and safe for concurrent use; only
// [Verify], [History.Extend] and the writing functions make one.
type History struct {
	entries  []*entry
	size     int      // of the log in bytes
	dids     []string // every id that an entry carried, in order of appearance
	versions func() []did.Version
}

// newHistory wraps verified entries. The first done of them are those of known.
func newHistory(known *History, done int, entries []*entry) *History {
	h := &History{entries: slices.Clip(entries)}
	if known != nil && done == len(known.entries) {
		h.size, h.dids = known.size, slices.Clip(known.dids)
	} else {
		done = 0
	}
	for _, e := range h.entries[done:] {
		h.size += len(e.raw) + 1
		if !slices.Contains(h.dids, e.did) {
			h.dids = append(h.dids, e.did)
		}
	}
	h.versions = sync.OnceValue(h.listVersions)
	return h
}

func (h *History) last() *entry { return h.entries[len(h.entries)-1] }

// SCID returns the self-certifying part of the identifier.
func (h *History) SCID() string { return h.entries[0].params.SCID }

// DID returns the identifier that the newest entry carries.
func (h *History) DID() string { return h.last().did }

// DIDs returns every identifier that some entry carried, oldest first. Those
// before the newest are claims: a log can name a domain it never stood at.
func (h *History) DIDs() []string { return slices.Clone(h.dids) }

// Len returns the number of entries.
func (h *History) Len() int { return len(h.entries) }

// Entry returns entry i, counted from 0. Its Number is i+1. It is the zero
// Entry for an i that does not exist.
func (h *History) Entry(i int) Entry {
	if i < 0 || i >= len(h.entries) {
		return Entry{}
	}
	return h.entries[i].public()
}

// Latest returns the newest entry.
func (h *History) Latest() Entry { return h.last().public() }

// Active returns the parameters in force.
func (h *History) Active() Params { return *h.last().params }

// Deactivated tells whether the identifier is closed.
func (h *History) Deactivated() bool { return h.last().params.Deactivated }

// Memory returns what to remember of this history.
func (h *History) Memory() Memory {
	return Memory{VersionID: h.last().versionID, Number: h.last().number}
}

// Log returns the log as a file: each line as it was received and a line feed.
func (h *History) Log() []byte {
	out := make([]byte, 0, h.size)
	for _, e := range h.entries {
		out = append(append(out, e.raw...), '\n')
	}
	return out
}

// find returns the index of a versionId, or -1.
func (h *History) find(versionID string) int {
	n, _, err := splitVersionID(versionID)
	if err != nil || n > len(h.entries) || h.entries[n-1].versionID != versionID {
		return -1
	}
	return n - 1
}

// Warnings lists what the specification lets a resolver warn of.
func (h *History) Warnings() []string {
	var out []string
	first := h.entries[0]
	if l, err := parseLine(first.raw, len(first.raw)); err == nil {
		if _, ok := l.parameters["portable"]; !ok {
			out = append(out, "the first entry does not say whether the identifier is portable")
		}
	}
	if !h.Deactivated() && len(h.Active().UpdateKeys) == 0 {
		out = append(out, "updateKeys is empty: the identifier can never be updated again")
	}
	return out
}

// KeyEpoch returns the entry that introduced a key under a relationship: the
// first of the unbroken run of entries that list it and that reaches entry
// number atNumber. It is false when that entry does not list it.
func (h *History) KeyEpoch(pub key.Public, rel did.Relationship, atNumber int) (Entry, bool) {
	if atNumber < 1 || atNumber > len(h.entries) {
		return Entry{}, false
	}
	i := atNumber
	for i > 0 && h.entries[i-1].lists(pub, rel) {
		i--
	}
	if i == atNumber {
		return Entry{}, false
	}
	return h.entries[i].public(), true
}

func (e *entry) lists(pub key.Public, rel did.Relationship) bool {
	doc, err := e.document()
	if err != nil {
		return false
	}
	_, ok := doc.FindKey(pub, rel)
	return ok
}

// RelationKind says how two histories of one identifier stand to each other.
type RelationKind uint8

// The kinds. The zero value means that the two have no SCID in common.
const (
	Unrelated RelationKind = iota
	Equal                  // the same entries
	Extends                // a is b and more
	Behind                 // b is a and more
	Forked                 // two valid entries with one predecessor
)

// String returns the name of the kind in lower case.
func (k RelationKind) String() string {
	switch k {
	case Equal:
		return "equal"
	case Extends:
		return "extends"
	case Behind:
		return "behind"
	case Forked:
		return "forked"
	}
	return "unrelated"
}

// Relation is the outcome of [Compare].
type Relation struct {
	Kind RelationKind
	// For Forked: the last entry in common, "" for none, and the two that
	// follow it. Together with the log up to the parent they are evidence that
	// anybody can check.
	ParentVersionID string
	A, B            Entry
}

// Compare says how history a stands to history b. Entries are compared by
// versionId, which is a hash of all but the proof: two spellings of a line, or
// two proofs over it, are one entry. Neither is preferred.
func Compare(a, b *History) Relation {
	if a.SCID() != b.SCID() {
		return Relation{}
	}
	n := min(a.Len(), b.Len())
	for i := range n {
		x, y := a.entries[i], b.entries[i]
		if x == y || x.versionID == y.versionID {
			continue
		}
		r := Relation{Kind: Forked, A: x.public(), B: y.public()}
		if i > 0 {
			r.ParentVersionID = a.entries[i-1].versionID
		}
		return r
	}
	switch {
	case a.Len() > n:
		return Relation{Kind: Extends}
	case b.Len() > n:
		return Relation{Kind: Behind}
	}
	return Relation{Kind: Equal}
}
