package jsonld

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strconv"
	"sync/atomic"
)

// Limits bounds the work that one dataset may cause. Zero fields mean the defaults.
type Limits struct {
	// MaxQuads is the largest number of quads; default 100,000.
	MaxQuads int
	// MaxWork is the number of steps (nodes, statements and permutations looked
	// at) that telling apart similar blank nodes may take; default 500,000,
	// which is a fraction of a second. Usual credentials need none at all.
	MaxWork int
	// Budget, when set, is work that several datasets share.
	Budget *Budget
}

// Budget bounds the work of telling apart blank nodes for everything that one
// request causes: with a limit for each dataset alone, a document with many
// proofs, or many documents at once, would cost that limit each. It is safe for
// use by many goroutines.
type Budget struct{ left atomic.Int64 }

// NewBudget returns a budget of so many steps; see Limits.MaxWork.
func NewBudget(steps int) *Budget {
	b := new(Budget)
	b.left.Store(int64(steps))
	return b
}

// take reports whether n steps were left. A nil budget has no end.
func (b *Budget) take(n int) bool { return b == nil || b.left.Add(-int64(n)) >= 0 }

const (
	defaultMaxQuads = 100_000
	defaultMaxWork  = 500_000
)

func (l Limits) withDefaults() Limits {
	if l.MaxQuads <= 0 {
		l.MaxQuads = defaultMaxQuads
	}
	if l.MaxWork <= 0 {
		l.MaxWork = defaultMaxWork
	}
	return l
}

// span is where the parts of a quad stand in the arena. A line is
// S " " <P> " " O [" " G] " .\n", where blank nodes take no bytes.
type span struct {
	start, sEnd, oStart, oEnd, gStart, gEnd, end int32
}

// ends are the blank nodes of a quad, -1 for other terms.
type ends struct{ s, o, g int32 }

// canon is the canonicalization state of RDFC-1.0 section 4.2.
type canon struct {
	ends   []ends
	spans  []span
	arena  []byte
	blanks int // number of blank nodes, which are named 0, 1, ...

	table  []int32 // open hash table of the quads seen, by position plus one
	hashes []uint64
	seed   maphash.Seed

	mentions [][]int32 // blank node to quads, parts of all
	all      []int32
	digests  []byte // first degree hashes, size bytes each
	size     int
	issued   []int32 // canonical number of a blank node, -1 while it has none
	order    []int32 // blank nodes in the order in which they were issued
	byHash   []int32 // blank nodes in the order of their first degree hashes
	work     int     // left
	budget   *Budget // shared with others
	buf, out []byte
	lines    sortedLines
}

// maxArena keeps offsets into the arena within int32.
const maxArena = 1 << 30

// newCanon returns an empty state; ErrInvalid for a hash function other than
// SHA-256 and SHA-384.
func newCanon(hash crypto.Hash, lim Limits) (*canon, error) {
	c := new(canon)
	return c, c.start(hash, lim)
}

// start makes an empty state ready.
func (c *canon) start(hash crypto.Hash, lim Limits) error {
	c.work, c.budget, c.seed = lim.MaxWork, lim.Budget, maphash.MakeSeed()
	switch hash {
	case crypto.SHA256:
		c.size = sha256.Size
	case crypto.SHA384:
		c.size = sha512.Size384
	default:
		return invalid("", "hash function %v; SHA-256 and SHA-384 are supported", hash)
	}
	return nil
}

// sum appends the hash of data.
func (c *canon) sum(dst, data []byte) []byte {
	if c.size == sha256.Size {
		d := sha256.Sum256(data)
		return append(dst, d[:]...)
	}
	d := sha512.Sum384(data)
	return append(dst, d[:]...)
}

// canonicalize runs RDFC-1.0 on a caller's dataset. It returns the labels of
// the blank nodes in the order of their numbers.
func canonicalize(quads []Quad, hash crypto.Hash, lim Limits) (*canon, []string, error) {
	lim = lim.withDefaults()
	if len(quads) > lim.MaxQuads {
		return nil, nil, overBudget("more than %d quads", lim.MaxQuads)
	}
	c, err := newCanon(hash, lim)
	if err != nil {
		return nil, nil, err
	}
	var labels []string
	index := make(map[string]int32)
	internal := func(t *Term) term {
		if t.Kind != Blank {
			return term{kind: t.Kind, value: t.Value, datatype: t.Datatype, lang: t.Language}
		}
		n, ok := index[t.Value]
		if !ok {
			n = int32(len(labels))
			index[t.Value] = n
			labels = append(labels, t.Value)
		}
		return term{kind: Blank, blank: n}
	}
	for i := range quads {
		q := &quads[i]
		if err := q.check(); err != nil {
			return nil, nil, atIndex(err, i)
		}
		s, o, g := internal(&q.Subject), internal(&q.Object), internal(&q.Graph)
		if err := c.add(&s, q.Predicate, &o, &g); err != nil {
			return nil, nil, err
		}
	}
	return c, labels, c.run(len(labels))
}

// run names the blank nodes 0 to blanks-1 of the quads added.
func (c *canon) run(blanks int) error {
	c.blanks = blanks
	c.mention()
	c.firstDegree()
	return c.issueAll()
}

// add serializes a quad, unless it was added before.
func (c *canon) add(s *term, p string, o, g *term) error {
	if len(c.arena)+len(s.value)+len(p)+6*len(o.value)+len(o.datatype)+len(g.value) > maxArena {
		return overBudget("more than %d bytes of statements", maxArena)
	}
	a := c.arena
	var sp span
	sp.start = int32(len(a))
	a, e := appendNode(a, s), ends{-1, -1, -1}
	if s.kind == Blank {
		e.s = s.blank
	}
	sp.sEnd = int32(len(a))
	a = append(a, ' ', '<')
	a = append(a, p...)
	a = append(a, '>', ' ')
	sp.oStart = int32(len(a))
	a = appendNode(a, o)
	if o.kind == Blank {
		e.o = o.blank
	}
	sp.oEnd = int32(len(a))
	sp.gStart, sp.gEnd = sp.oEnd, sp.oEnd
	if g.kind != None {
		a = append(a, ' ')
		sp.gStart = int32(len(a))
		a = appendNode(a, g)
		sp.gEnd = int32(len(a))
		if g.kind == Blank {
			e.g = g.blank
		}
	}
	a = append(a, " .\n"...)
	sp.end = int32(len(a))
	if c.seen(a[sp.start:], e) {
		c.arena = a[:sp.start]
		return nil
	}
	c.arena = a
	c.spans = append(c.spans, sp)
	c.ends = append(c.ends, e)
	return nil
}

// seen reports whether a quad is there already and remembers it if not.
func (c *canon) seen(line []byte, e ends) bool {
	n := len(c.spans)
	if 2*(n+1) > len(c.table) {
		c.table = make([]int32, max(256, 4*(n+1)))
		for i, h := range c.hashes {
			at := int(h % uint64(len(c.table)))
			for c.table[at] != 0 {
				if at++; at == len(c.table) {
					at = 0
				}
			}
			c.table[at] = int32(i + 1)
		}
	}
	h := maphash.Bytes(c.seed, line) + uint64(uint32(e.s))*0x9e3779b97f4a7c15 + uint64(uint32(e.o))*0xc2b2ae3d27d4eb4f + uint64(uint32(e.g))*0x165667b19e3779f9
	h ^= h >> 32
	at := int(h % uint64(len(c.table)))
	for c.table[at] != 0 {
		i := c.table[at] - 1
		if c.hashes[i] == h && c.ends[i] == e {
			if o := c.spans[i]; bytes.Equal(c.arena[o.start:o.end], line) {
				return true
			}
		}
		if at++; at == len(c.table) {
			at = 0
		}
	}
	c.table[at] = int32(n + 1)
	c.hashes = append(c.hashes, h)
	return false
}

// appendNode appends a term; a blank node takes no bytes.
func appendNode(dst []byte, t *term) []byte {
	switch t.kind {
	case IRI:
		dst = append(dst, '<')
		dst = append(dst, t.value...)
		return append(dst, '>')
	case Literal:
		dst = append(dst, '"')
		dst = appendEscaped(dst, t.value)
		dst = append(dst, '"')
		switch {
		case t.lang != "":
			dst = append(dst, '@')
			dst = append(dst, t.lang...)
		case t.datatype != "" && t.datatype != xsdString:
			dst = append(dst, "^^<"...)
			dst = append(dst, t.datatype...)
			dst = append(dst, '>')
		}
	}
	return dst
}

// mention fills the map from blank nodes to quads.
func (c *canon) mention() {
	counts := resized(&c.issued, c.blanks) // not in use yet
	visit := func(e ends, f func(b int32)) {
		if e.s >= 0 {
			f(e.s)
		}
		if e.o >= 0 && e.o != e.s {
			f(e.o)
		}
		if e.g >= 0 && e.g != e.s && e.g != e.o {
			f(e.g)
		}
	}
	total := int32(0)
	for _, e := range c.ends {
		visit(e, func(b int32) { counts[b]++; total++ })
	}
	all := resized(&c.all, int(total))
	resized(&c.mentions, c.blanks)
	at := int32(0)
	for b, n := range counts {
		c.mentions[b] = all[at : at : at+n]
		at += n
	}
	for i, e := range c.ends {
		visit(e, func(b int32) { c.mentions[b] = append(c.mentions[b], int32(i)) })
	}
}

// forOutput is the value of line's self that asks for canonical labels.
const forOutput = -1

// name appends the label of a blank node: "_:a" for self and "_:z" for others
// when the first degree hash of self is computed, else its canonical label.
func (c *canon) name(dst []byte, b, self int32) []byte {
	switch self {
	case forOutput:
		return c.canonicalLabel(dst, b)
	case b:
		return append(dst, "_:a"...)
	}
	return append(dst, "_:z"...)
}

// line appends quad i with its blank nodes named.
func (c *canon) line(dst []byte, i, self int32) []byte {
	sp, e := &c.spans[i], &c.ends[i]
	from := sp.start
	if e.s >= 0 {
		dst = c.name(dst, e.s, self)
	}
	if e.o >= 0 {
		dst = append(dst, c.arena[from:sp.oStart]...)
		dst = c.name(dst, e.o, self)
		from = sp.oStart
	}
	if e.g >= 0 {
		dst = append(dst, c.arena[from:sp.gStart]...)
		dst = c.name(dst, e.g, self)
		from = sp.gStart
	}
	return append(dst, c.arena[from:sp.end]...)
}

// firstDegree computes the hash of every blank node (section 4.6).
func (c *canon) firstDegree() {
	c.digests = c.digests[:0]
	for b := range int32(c.blanks) {
		c.lines.reset()
		for _, i := range c.mentions[b] {
			c.lines.buf = c.line(c.lines.buf, i, b)
			c.lines.end()
		}
		c.buf = c.lines.sorted(c.buf[:0])
		c.digests = c.sum(c.digests, c.buf)
	}
}

func (c *canon) digest(b int32) []byte { return c.digests[int(b)*c.size : (int(b)+1)*c.size] }

// issueAll is steps 3 to 5 of the algorithm in section 4.4.
func (c *canon) issueAll() error {
	byHash := c.byHash[:0]
	for b := range resized(&c.issued, c.blanks) {
		c.issued[b] = -1
		if len(c.mentions[b]) > 0 { // one that no quad mentions is not in the dataset
			byHash = append(byHash, int32(b))
		}
	}
	c.byHash = byHash
	n := len(byHash)
	slices.SortStableFunc(byHash, func(a, b int32) int { return bytes.Compare(c.digest(a), c.digest(b)) })
	var shared [][]int32
	for i := 0; i < n; {
		j := i + 1
		for j < n && bytes.Equal(c.digest(byHash[i]), c.digest(byHash[j])) {
			j++
		}
		if j == i+1 {
			c.issue(byHash[i])
		} else {
			shared = append(shared, byHash[i:j])
		}
		i = j
	}
	for _, group := range shared {
		if err := c.issueGroup(group); err != nil {
			return err
		}
	}
	return nil
}

func (c *canon) issue(b int32) {
	if c.issued[b] < 0 {
		c.issued[b] = int32(len(c.order))
		c.order = append(c.order, b)
	}
}

// canonicalLabel appends "_:c14n" and the number of a blank node.
func (c *canon) canonicalLabel(dst []byte, b int32) []byte {
	return strconv.AppendInt(append(dst, "_:c14n"...), int64(c.issued[b]), 10)
}

// nquads returns the canonical N-Quads document, in memory of c.
func (c *canon) nquads() []byte {
	c.lines.reset()
	for i := range c.spans {
		c.lines.buf = c.line(c.lines.buf, int32(i), forOutput)
		c.lines.end()
	}
	c.out = c.lines.sorted(c.out[:0])
	return c.out
}

// sortedLines collects lines and hands them out in code point order, which for
// UTF-8 is byte order.
type sortedLines struct {
	buf  []byte
	cuts []cut
	at   int
}

type cut struct{ from, to int }

func (l *sortedLines) reset() { l.buf, l.cuts, l.at = l.buf[:0], l.cuts[:0], 0 }

// end marks the end of a line.
func (l *sortedLines) end() {
	l.cuts = append(l.cuts, cut{l.at, len(l.buf)})
	l.at = len(l.buf)
}

func (l *sortedLines) sorted(dst []byte) []byte {
	slices.SortFunc(l.cuts, func(a, b cut) int { return bytes.Compare(l.buf[a.from:a.to], l.buf[b.from:b.to]) })
	for _, k := range l.cuts {
		dst = append(dst, l.buf[k.from:k.to]...)
	}
	return dst
}

func appendHex(dst, digest []byte) []byte { return hex.AppendEncode(dst, digest) }

// resized makes *s a slice of n zero values, in the same memory if it suffices.
func resized[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	clear(*s)
	return *s
}
