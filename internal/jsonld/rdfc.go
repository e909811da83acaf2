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
)

// Limits bounds the work that one dataset may cause. Zero fields mean the defaults.
type Limits struct {
	// MaxQuads is the largest number of quads; default 100,000.
	MaxQuads int
	// MaxWork is the number of steps (nodes, statements and permutations looked
	// at) that telling apart similar blank nodes may take; default 500,000,
	// which is a fraction of a second. Usual credentials need none at all.
	MaxWork int
}

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
// S " " <P> " " O [" " G] " .\n".
type span struct {
	start, sEnd, oStart, oEnd, gStart, gEnd, end int32
}

// ends are the blank nodes of a quad, -1 for other terms.
type ends struct{ s, o, g int32 }

// canon is the canonicalization state of RDFC-1.0 section 4.2.
type canon struct {
	quads  []Quad
	ends   []ends
	spans  []span
	arena  []byte
	labels []string // of blank nodes, in order of appearance

	mentions [][]int32 // blank node to quads
	digests  []byte    // first degree hashes, size bytes each
	size     int
	sum      func(dst, data []byte) []byte
	issued   []int32 // canonical number of a blank node, -1 while it has none
	order    []int32 // blank nodes in the order in which they were issued
	work     int     // left
	buf      []byte
}

// maxArena keeps offsets into the arena within int32.
const maxArena = 1 << 30

// canonicalize runs RDFC-1.0. trusted says that check has nothing to find.
func canonicalize(quads []Quad, hash crypto.Hash, lim Limits, trusted bool) (*canon, error) {
	lim = lim.withDefaults()
	if len(quads) > lim.MaxQuads {
		return nil, overBudget("more than %d quads", lim.MaxQuads)
	}
	c := &canon{work: lim.MaxWork}
	switch hash {
	case crypto.SHA256:
		c.size = sha256.Size
		c.sum = func(dst, data []byte) []byte { d := sha256.Sum256(data); return append(dst, d[:]...) }
	case crypto.SHA384:
		c.size = sha512.Size384
		c.sum = func(dst, data []byte) []byte { d := sha512.Sum384(data); return append(dst, d[:]...) }
	default:
		return nil, invalid("", "hash function %v; SHA-256 and SHA-384 are supported", hash)
	}
	if err := c.load(quads, trusted); err != nil {
		return nil, err
	}
	c.mention()
	c.firstDegree()
	return c, c.issueAll()
}

// load serializes each quad once and drops repetitions.
func (c *canon) load(quads []Quad, trusted bool) error {
	n := len(quads)
	total := 0
	for i := range quads {
		q := &quads[i]
		if !trusted {
			if err := q.check(); err != nil {
				return atIndex(err, i)
			}
		}
		total += len(q.Subject.Value) + len(q.Predicate) + len(q.Object.Value) + len(q.Object.Datatype) + len(q.Graph.Value) + 32
		if total > maxArena/8 { // escapes grow a literal sixfold at most
			return overBudget("more than %d bytes of statements", maxArena/8)
		}
	}
	c.arena = make([]byte, 0, total)
	c.quads = make([]Quad, 0, n)
	c.ends = make([]ends, 0, n)
	c.spans = make([]span, 0, n)
	index := make(map[string]int32)
	blank := func(t *Term) int32 {
		if t.Kind != Blank {
			return -1
		}
		i, ok := index[t.Value]
		if !ok {
			i = int32(len(c.labels))
			index[t.Value] = i
			c.labels = append(c.labels, t.Value)
		}
		return i
	}
	size := 4
	for size < 2*n {
		size *= 2
	}
	table := make([]int32, size)
	seed := maphash.MakeSeed()
	for i := range quads {
		q := &quads[i]
		sp := c.serialize(q)
		at := int(maphash.Bytes(seed, c.arena[sp.start:sp.end])) & (size - 1)
		twin := false
		for ; table[at] != 0 && !twin; at = (at + 1) & (size - 1) {
			o := c.spans[table[at]-1]
			twin = bytes.Equal(c.arena[o.start:o.end], c.arena[sp.start:sp.end])
		}
		if twin {
			c.arena = c.arena[:sp.start]
			continue
		}
		c.quads = append(c.quads, *q)
		c.spans = append(c.spans, sp)
		c.ends = append(c.ends, ends{blank(&q.Subject), blank(&q.Object), blank(&q.Graph)})
		table[at] = int32(len(c.quads))
	}
	return nil
}

// serialize appends a quad with its own labels to the arena.
func (c *canon) serialize(q *Quad) span {
	a := c.arena
	put := func(t *Term) {
		if t.Kind == Blank {
			a = append(a, '_', ':')
			a = append(a, t.Value...)
			return
		}
		a = appendTerm(a, t)
	}
	var sp span
	sp.start = int32(len(a))
	put(&q.Subject)
	sp.sEnd = int32(len(a))
	a = append(a, ' ', '<')
	a = append(a, q.Predicate...)
	a = append(a, '>', ' ')
	sp.oStart = int32(len(a))
	put(&q.Object)
	sp.oEnd = int32(len(a))
	if q.Graph.Kind != None {
		a = append(a, ' ')
		sp.gStart = int32(len(a))
		put(&q.Graph)
		sp.gEnd = int32(len(a))
	} else {
		sp.gStart, sp.gEnd = sp.oEnd, sp.oEnd
	}
	a = append(a, " .\n"...)
	sp.end = int32(len(a))
	c.arena = a
	return sp
}

// mention fills the map from blank nodes to quads.
func (c *canon) mention() {
	counts := make([]int32, len(c.labels))
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
	all := make([]int32, total)
	c.mentions = make([][]int32, len(c.labels))
	at := int32(0)
	for b, n := range counts {
		c.mentions[b] = all[at : at : at+n]
		at += n
	}
	for i, e := range c.ends {
		visit(e, func(b int32) { c.mentions[b] = append(c.mentions[b], int32(i)) })
	}
}

// line appends quad i with blank nodes named by name.
func (c *canon) line(dst []byte, i int32, name func(dst []byte, b int32) []byte) []byte {
	sp, e := c.spans[i], c.ends[i]
	from := sp.start
	if e.s >= 0 {
		dst = name(dst, e.s)
		from = sp.sEnd
	}
	if e.o >= 0 {
		dst = append(dst, c.arena[from:sp.oStart]...)
		dst = name(dst, e.o)
		from = sp.oEnd
	}
	if e.g >= 0 {
		dst = append(dst, c.arena[from:sp.gStart]...)
		dst = name(dst, e.g)
		from = sp.gEnd
	}
	return append(dst, c.arena[from:sp.end]...)
}

// firstDegree computes the hash of every blank node (section 4.6).
func (c *canon) firstDegree() {
	c.digests = make([]byte, 0, len(c.labels)*c.size)
	var lines sortedLines
	var joined []byte
	for b := range int32(len(c.labels)) {
		lines.reset()
		for _, i := range c.mentions[b] {
			lines.buf = c.line(lines.buf, i, func(dst []byte, other int32) []byte {
				if other == b {
					return append(dst, "_:a"...)
				}
				return append(dst, "_:z"...)
			})
			lines.end()
		}
		joined = lines.sorted(joined[:0])
		c.digests = c.sum(c.digests, joined)
	}
}

func (c *canon) digest(b int32) []byte { return c.digests[int(b)*c.size : (int(b)+1)*c.size] }

// issueAll is steps 3 to 5 of the algorithm in section 4.4.
func (c *canon) issueAll() error {
	n := len(c.labels)
	c.issued = make([]int32, n)
	c.order = make([]int32, 0, n)
	byHash := make([]int32, n)
	for b := range byHash {
		byHash[b] = int32(b)
		c.issued[b] = -1
	}
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

// nquads returns the canonical N-Quads document.
func (c *canon) nquads() []byte {
	var lines sortedLines
	lines.buf = make([]byte, 0, len(c.arena)+8*len(c.quads))
	lines.cuts = make([]cut, 0, len(c.quads))
	for i := range c.quads {
		lines.buf = c.line(lines.buf, int32(i), c.canonicalLabel)
		lines.end()
	}
	return lines.sorted(make([]byte, 0, len(lines.buf)))
}

// mapping returns the canonical label of every blank node label of the input.
func (c *canon) mapping() map[string]string {
	m := make(map[string]string, len(c.labels))
	for b, l := range c.labels {
		m[l] = "c14n" + strconv.Itoa(int(c.issued[b]))
	}
	return m
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
