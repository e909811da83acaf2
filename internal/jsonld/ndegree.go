package jsonld

import (
	"bytes"
	"slices"
	"strconv"
)

// issuer hands out temporary names b0, b1, ... (section 4.5).
type issuer struct{ order []int32 }

func (s issuer) number(b int32) int { return slices.Index(s.order, b) }

func (s *issuer) issue(b int32) int {
	if i := s.number(b); i >= 0 {
		return i
	}
	s.order = append(s.order, b)
	return len(s.order) - 1
}

func (s issuer) copy() issuer {
	return issuer{order: append(make([]int32, 0, len(s.order)+4), s.order...)}
}

func appendTemporary(dst []byte, n int) []byte {
	return strconv.AppendInt(append(dst, "_:b"...), int64(n), 10)
}

// spend takes steps off the work of this dataset and of all together.
func (c *canon) spend(n int) error {
	if c.work -= n; c.work < 0 || !c.budget.take(n) {
		return overBudget("the blank nodes are too entangled to be told apart")
	}
	return nil
}

// pathResult is what hashing one node gives.
type pathResult struct {
	digest []byte
	issuer issuer
}

// issueGroup names the blank nodes that share a first degree hash (step 5).
func (c *canon) issueGroup(group []int32) error {
	results := make([]pathResult, 0, len(group))
	for _, b := range group {
		if c.issued[b] >= 0 {
			continue
		}
		var temporary issuer
		temporary.issue(b)
		r, err := c.nDegree(b, temporary, 0)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	slices.SortStableFunc(results, func(a, b pathResult) int { return bytes.Compare(a.digest, b.digest) })
	for _, r := range results {
		for _, b := range r.issuer.order {
			c.issue(b)
		}
	}
	return nil
}

// relation is one entry of Hn: the blank nodes that are related in one way.
type relation struct {
	digest  []byte
	related []int32
}

// relations computes Hn (steps 1 to 3), sorted by hash.
func (c *canon) relations(b int32, is issuer) ([]relation, error) {
	var list []relation
	index := map[string]int{}
	for _, i := range c.mentions[b] {
		if err := c.spend(1 + len(is.order)/64); err != nil {
			return nil, err
		}
		e := c.ends[i]
		for _, x := range [...]struct {
			b   int32
			pos byte
		}{{e.s, 's'}, {e.o, 'o'}, {e.g, 'g'}} {
			if x.b < 0 || x.b == b {
				continue
			}
			d := c.hashRelated(x.b, i, is, x.pos)
			at, ok := index[string(d)]
			if !ok {
				at = len(list)
				index[string(d)] = at
				list = append(list, relation{digest: d})
			}
			list[at].related = append(list[at].related, x.b)
		}
	}
	slices.SortFunc(list, func(a, b relation) int { return bytes.Compare(a.digest, b.digest) })
	return list, nil
}

// hashRelated is the hash related blank node algorithm of section 4.7.
func (c *canon) hashRelated(related, quad int32, is issuer, pos byte) []byte {
	in := append(c.buf[:0], pos)
	if pos != 'g' {
		sp := c.spans[quad]
		in = append(in, c.arena[sp.sEnd+1:sp.oStart-1]...)
	}
	if c.issued[related] >= 0 {
		in = c.canonicalLabel(in, related)
	} else if n := is.number(related); n >= 0 {
		in = appendTemporary(in, n)
	} else {
		in = appendHex(in, c.digest(related))
	}
	c.buf = in
	return c.sum(nil, in)
}

// maxGossip bounds the recursion of nDegree.
const maxGossip = 5000

// nDegree is the hash n-degree quads algorithm of section 4.8.
func (c *canon) nDegree(b int32, is issuer, depth int) (pathResult, error) {
	if depth > maxGossip {
		return pathResult{}, overBudget("a chain of more than %d similar blank nodes", maxGossip)
	}
	relations, err := c.relations(b, is)
	if err != nil {
		return pathResult{}, err
	}
	var data []byte
	for _, r := range relations {
		data = appendHex(data, r.digest)
		p := pathSearch{c: c, base: is, depth: depth}
		if err := p.permute(r.related); err != nil {
			return pathResult{}, err
		}
		data = append(data, p.path...)
		is = p.issuer
	}
	return pathResult{digest: c.sum(nil, data), issuer: is}, nil
}

// pathSearch looks for the shortest gossip path among the permutations of one
// relation (step 5.4).
type pathSearch struct {
	c      *canon
	base   issuer
	depth  int
	path   []byte // chosen path, nil before the first
	issuer issuer // chosen issuer
}

// permute tries all orders of related, in Heap's sequence. Which sequence is
// taken does not matter: equal paths come from isomorphic choices.
func (p *pathSearch) permute(related []int32) error {
	list := slices.Clone(related)
	slices.Sort(list)
	for {
		if err := p.try(list); err != nil {
			return err
		}
		// Next permutation in lexical order; repeated entries are not permuted
		// among themselves.
		i := len(list) - 2
		for i >= 0 && list[i] >= list[i+1] {
			i--
		}
		if i < 0 {
			return nil
		}
		j := len(list) - 1
		for list[j] <= list[i] {
			j--
		}
		list[i], list[j] = list[j], list[i]
		slices.Reverse(list[i+1:])
	}
}

// worse reports whether a path cannot be chosen any more.
func (p *pathSearch) worse(path []byte) bool {
	return p.path != nil && len(path) >= len(p.path) && bytes.Compare(path, p.path) > 0
}

// try follows one permutation (steps 5.4.1 to 5.4.6).
func (p *pathSearch) try(list []int32) error {
	c := p.c
	if err := c.spend(1 + len(list) + len(p.base.order)/64); err != nil {
		return err
	}
	is := p.base.copy()
	path := make([]byte, 0, 64)
	var recurse []int32
	for _, b := range list {
		if c.issued[b] >= 0 {
			path = c.canonicalLabel(path, b)
		} else {
			if is.number(b) < 0 {
				recurse = append(recurse, b)
			}
			path = appendTemporary(path, is.issue(b))
		}
		if p.worse(path) {
			return nil
		}
	}
	for _, b := range recurse {
		r, err := c.nDegree(b, is, p.depth+1)
		if err != nil {
			return err
		}
		path = appendTemporary(path, is.issue(b))
		path = append(path, '<')
		path = appendHex(path, r.digest)
		path = append(path, '>')
		is = r.issuer
		if p.worse(path) {
			return nil
		}
	}
	if p.path == nil || bytes.Compare(path, p.path) < 0 {
		p.path, p.issuer = path, is
	}
	return nil
}
