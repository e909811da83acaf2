package jsonld

// scratch is the memory that working on one document takes. A Loader hands it
// on from one document to the next, because most of the time would otherwise
// go into getting it and clearing it away.
type scratch struct {
	run   run
	canon canon
}

// What is larger than this is not kept: one huge document must not make the
// program large for good.
const (
	maxKeptBlocks = 32
	maxKeptBytes  = 1 << 18
)

// borrow returns scratch memory for one document.
func (l *Loader) borrow() *scratch {
	s, _ := l.spare.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	s.run.l = l
	return s
}

// giveBack takes scratch memory back. Nothing points into the document any more,
// and the next one sees zero values only; the bytes of statements stay in buffers
// of length zero until they are written over. It is not called on the way out of
// a panic.
func (l *Loader) giveBack(s *scratch) {
	s.run.reset()
	if !s.canon.reset() {
		s.canon = canon{}
	}
	l.spare.Put(s)
}

// with expands doc and lets use see the objects, which are gone afterwards.
func (l *Loader) with(doc any, use func(s *scratch, objects []*object) error) error {
	s := l.borrow()
	objects, err := s.run.expandDocument(l.root(), doc)
	if err == nil {
		err = use(s, objects)
	}
	l.giveBack(s)
	return err
}

func (r *run) reset() {
	clear(r.keys[:cap(r.keys)])
	*r = run{keys: r.keys[:0], objects: r.objects, links: r.links, slots: r.slots, names: r.names}
	if cap(r.keys) > maxKeptBytes/16 {
		r.keys = nil
	}
	r.objects.reset()
	r.links.reset()
	r.slots.reset()
	r.names.reset()
}

// reset empties the state; false when it has grown too large to be kept.
func (c *canon) reset() bool {
	if cap(c.arena) > maxKeptBytes || cap(c.spans) > maxKeptBytes/64 || c.blanks > maxKeptBytes/64 {
		return false
	}
	clear(c.table)
	clear(c.mentions)
	*c = canon{ends: c.ends[:0], spans: c.spans[:0], arena: c.arena[:0], table: c.table, hashes: c.hashes[:0],
		mentions: c.mentions[:0], all: c.all[:0], digests: c.digests[:0], issued: c.issued[:0], order: c.order[:0],
		byHash: c.byHash[:0], buf: c.buf[:0], out: c.out[:0], lines: c.lines}
	return true
}

// slab hands out zero values from blocks, and takes all of them back at once.
type slab[T any] struct {
	blocks [][]T
	at     int // the block in use
	used   int // of its values
}

const slabBlock = 64

// take returns n zero values. Appending to them does not touch others.
func (s *slab[T]) take(n int) []T {
	if n > slabBlock {
		return make([]T, n)
	}
	if s.at == len(s.blocks) || s.used+n > slabBlock {
		if s.at < len(s.blocks) {
			s.at++
		}
		if s.at == len(s.blocks) {
			s.blocks = append(s.blocks, make([]T, slabBlock))
		}
		s.used = 0
	}
	out := s.blocks[s.at][s.used : s.used+n : s.used+n]
	s.used += n
	return out
}

// one returns a pointer to a zero value.
func (s *slab[T]) one() *T { return &s.take(1)[0] }

// reset clears what was handed out.
func (s *slab[T]) reset() {
	for i := range s.at {
		clear(s.blocks[i])
	}
	if s.used > 0 {
		clear(s.blocks[s.at][:s.used])
	}
	if len(s.blocks) > maxKeptBlocks {
		clear(s.blocks[maxKeptBlocks:])
		s.blocks = s.blocks[:maxKeptBlocks]
	}
	s.at, s.used = 0, 0
}
