package revocation

import (
	"container/list"
	"context"
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	// IndexBytes is the default bound of an Index: 64 MiB, some 4,000 lists of
	// 131,072 entries.
	IndexBytes = 64 << 20
	// heldOverhead is what a list takes beside its bits, in bytes, rounded up.
	heldOverhead = 1024
	// guestShare is the part of an index, one in so many, that lists may take
	// which came along with a request.
	guestShare = 8
)

// IndexConfig are the settings of an index. The zero value works.
type IndexConfig struct {
	// MaxBytes bounds what is kept, bits and all; zero means 64 MiB. The lists
	// longest unused go first, and one that is larger than an eighth is not kept.
	MaxBytes int64
}

// Index keeps lists that were verified and unpacked, so that each is verified
// once however many credentials name it. One bit is one bit of memory; lists in
// which nothing is set share theirs. It is safe for concurrent use.
//
// A list is kept under the digest of its bytes, and what is kept of it is only
// what these bytes decide: that the proof fits a key, and the bits. Whether that
// key is still the issuer's and may sign is asked at each use, through the
// resolver of that request; the head, the term, the purpose, the length and what
// was seen before are judged by [Check] each time. So nothing that is kept can
// outlive what would change an answer, and a newer version is another list.
//
// What was refused is never kept, nor shared with others who asked meanwhile.
type Index struct {
	max int64

	mu      sync.Mutex
	held    map[[32]byte]*list.Element // of *held
	names   map[listName]*list.Element // the newest version of each list of a folder
	folders room                       // lists that a source found by itself
	guests  room                       // lists that came along with a request
	flights map[[32]byte]*flight
	zeros   []byte
	stats   IndexStats
	spares  sync.Pool // of *unpacker
}

// room is a part of an index with a bound of its own.
type room struct {
	order list.List // most recently used first
	bytes int64
	max   int64
}

// listName tells versions of one list from another list.
type listName struct{ issuer, id string }

// held is one list in memory.
type held struct {
	sum   [32]byte
	list  List
	proof credential.Lasting
	bytes int64
	room  *room
}

// flight is a verification that others wait for.
type flight struct {
	done chan struct{}
	held *held // nil: nothing that could be shared
}

// IndexStats are counts since the index was made, and what it holds now.
type IndexStats struct {
	Lists int
	// Bytes is what the lists take, at most IndexConfig.MaxBytes.
	Bytes int64
	// Hits counts reads that found a verified list, Misses those that verified.
	Hits, Misses, Evicted int64
}

// NewIndex makes an empty index.
func NewIndex(cfg IndexConfig) *Index {
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = IndexBytes
	}
	x := &Index{max: cfg.MaxBytes, held: map[[32]byte]*list.Element{}, names: map[listName]*list.Element{}, flights: map[[32]byte]*flight{}}
	x.zeros = make([]byte, MinEntries/8)
	x.guests.max = cfg.MaxBytes / guestShare
	x.folders.max = cfg.MaxBytes - x.guests.max
	return x
}

// Stats returns the counts.
func (x *Index) Stats() IndexStats {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.stats
	s.Lists, s.Bytes = len(x.held), x.folders.bytes+x.guests.bytes
	return s
}

// Read is [ReadList] that verifies equal bytes once. The list is shared and must
// not be changed. Its Bits are what a look-up in process takes: Get reads the
// slice and then one byte, and allocates nothing. They stay as they are when a
// newer version of the list arrives, so a caller that keeps them reads again at
// each of its own intervals. A nil index keeps nothing.
func (x *Index) Read(ctx context.Context, f *Found, opt Options) (*List, verdict.Check, bool) {
	if x == nil {
		return ReadList(ctx, f.Body, opt)
	}
	opt.Index = x
	keys := opt.keys
	if keys == nil {
		keys = credential.NewKeys(ctx, opt.Credential)
	}
	sum := sha256.Sum256(f.Body)
	h, fl, first := x.find(sum)
	if first {
		return x.verify(ctx, f, opt, sum, fl)
	}
	if fl != nil {
		select {
		case <-fl.done:
			h = fl.held
		case <-ctx.Done():
		}
	}
	if h == nil || int64(len(h.list.Bits.b)) > opt.maxListBytes() || !h.proof.Holds(ctx, keys) {
		// ReadList says what is wrong, or that under these options all is well.
		return ReadList(ctx, f.Body, opt)
	}
	x.hit(h, f)
	return &h.list, verdict.Check{}, true
}

// hit counts a use. A list that came along at first and that a folder names too
// moves to those of folders.
func (x *Index) hit(h *held, f *Found) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stats.Hits++
	if e := x.held[h.sum]; e != nil && f.InHead == Yes && e.Value.(*held).room == &x.guests {
		x.drop(e)
		moved := *h
		moved.room = &x.folders
		x.keep(&moved)
	}
}

// unpacker returns memory to unpack a list in, which spare takes back.
func (x *Index) unpacker() *unpacker {
	if x != nil {
		if u, ok := x.spares.Get().(*unpacker); ok {
			return u
		}
	}
	return new(unpacker)
}

func (x *Index) spare(u *unpacker) {
	if x != nil && !u.large() {
		x.spares.Put(u)
	}
}

// find returns what is held, or the verification to wait for; first tells that
// the caller has to do it.
func (x *Index) find(sum [32]byte) (h *held, fl *flight, first bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.held[sum]; e != nil {
		h = e.Value.(*held)
		h.room.order.MoveToFront(e)
		return h, nil, false
	}
	if fl = x.flights[sum]; fl != nil {
		return nil, fl, false
	}
	fl = &flight{done: make(chan struct{})}
	x.flights[sum] = fl
	return nil, fl, true
}

// verify reads a list for all who wait for it.
func (x *Index) verify(ctx context.Context, f *Found, opt Options, sum [32]byte, fl *flight) (*List, verdict.Check, bool) {
	defer func() { // also when a dependency panics
		x.mu.Lock()
		delete(x.flights, sum)
		x.stats.Misses++
		x.mu.Unlock()
		close(fl.done)
	}()
	l, lasting, row, ok := readList(ctx, f.Body, opt)
	if !ok || lasting == nil {
		return l, row, ok
	}
	h := &held{sum: sum, list: *l, proof: *lasting, bytes: heldOverhead + int64(len(l.ID)+len(l.Issuer))}
	// Texts may be parts of the whole document, which is not to be kept.
	h.list.ID, h.list.Issuer = strings.Clone(l.ID), strings.Clone(l.Issuer)
	h.list.Purposes = make([]Purpose, len(l.Purposes))
	for i, p := range l.Purposes {
		h.list.Purposes[i] = Purpose(strings.Clone(string(p)))
		h.bytes += int64(len(p)) + 16
	}
	x.mu.Lock()
	h.list.Bits = x.compact(l.Bits, &h.bytes)
	h.room = &x.guests
	if f.InHead == Yes {
		h.room = &x.folders
	}
	x.keep(h)
	x.mu.Unlock()
	fl.held = h
	return &h.list, verdict.Check{}, true
}

// compact adds what the bits take to bytes; a list of the usual length in which
// nothing is set takes nothing of its own.
func (x *Index) compact(s Bitstring, bytes *int64) Bitstring {
	if len(s.b) <= len(x.zeros) && s.Count() == 0 {
		return Bitstring{x.zeros[:len(s.b):len(s.b)]}
	}
	*bytes += int64(len(s.b))
	return s
}

// keep puts a list in its room. The caller holds mu.
func (x *Index) keep(h *held) {
	if h.bytes > x.max/guestShare {
		return
	}
	e := h.room.order.PushFront(h)
	x.held[h.sum] = e
	h.room.bytes += h.bytes
	if h.room == &x.folders {
		name := listName{h.list.Issuer, h.list.ID}
		if old := x.names[name]; old != nil {
			x.drop(old)
		}
		x.names[name] = e
	}
	for h.room.bytes > h.room.max {
		x.stats.Evicted++
		x.drop(h.room.order.Back())
	}
}

// drop forgets a list. The caller holds mu.
func (x *Index) drop(e *list.Element) {
	h := e.Value.(*held)
	h.room.order.Remove(e)
	h.room.bytes -= h.bytes
	delete(x.held, h.sum)
	if name := (listName{h.list.Issuer, h.list.ID}); x.names[name] == e {
		delete(x.names, name)
	}
}
