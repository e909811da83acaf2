package record

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// The bounds of one exchange of ranges.
const (
	MaxRanges = 64 // ranges in one question
	ways      = 16 // parts into which an answer splits a range that differs
	few       = 16 // entries that are sent at once instead of split
	maxWays   = 64 // parts, or entries, that one answer may hold
)

// Range sums up the entries of a manifest whose paths lie from Lo (included)
// to Hi (excluded, "" for no end).
type Range struct {
	Lo, Hi string
	Count  int
	// Fingerprint is the SHA-256 of what Manifest.Encode writes of them.
	Fingerprint [32]byte
}

// slice returns the entries from lo to hi.
func (m Manifest) slice(lo, hi string) Manifest {
	i, _ := m.search(lo)
	j := len(m)
	if hi != "" {
		j, _ = m.search(hi)
	}
	return m[i:max(i, j)]
}

// Fingerprint sums up the entries from lo to hi. Its cost is linear in them.
func (m Manifest) Fingerprint(lo, hi string) Range {
	part := m.slice(lo, hi)
	h := sha256.New()
	var buf [256]byte
	for i := range part {
		h.Write(append(part[i].append(buf[:0]), '\n'))
	}
	r := Range{Lo: lo, Hi: hi, Count: len(part)}
	h.Sum(r.Fingerprint[:0])
	return r
}

// Split cuts the range from lo to hi into at most n ranges with about as many
// entries each, that cover it without gap or overlap. There is always one.
func (m Manifest) Split(lo, hi string, n int) []Range {
	part := m.slice(lo, hi)
	n = max(1, min(n, len(part)))
	out := make([]Range, 0, n)
	from := lo
	for i := range n {
		to := hi
		if i+1 < n {
			to = part[(i+1)*len(part)/n].Path
		}
		out = append(out, m.Fingerprint(from, to))
		from = to
	}
	return out
}

// Answer is what a peer says about one range that it was asked for and holds
// otherwise: all its entries there, or, where these are many, the ranges into
// which it splits them.
type Answer struct {
	Lo, Hi string
	Leaves []Leaf  // when Split is empty
	Split  []Range // two or more
}

// Answer compares the ranges of a peer with m and answers those that differ.
// It keeps nothing between calls, and its cost is linear in m, whatever is
// asked. Ranges that are too many, unsorted or overlapping are ErrReconcile.
func (m Manifest) Answer(asked []Range) ([]Answer, error) {
	if err := checkRanges(asked); err != nil {
		return nil, err
	}
	var out []Answer
	for _, r := range asked {
		own := m.Fingerprint(r.Lo, r.Hi)
		switch {
		case own == r:
		case own.Count <= few:
			out = append(out, Answer{Lo: r.Lo, Hi: r.Hi, Leaves: slices.Clone(m.slice(r.Lo, r.Hi))})
		default:
			out = append(out, Answer{Lo: r.Lo, Hi: r.Hi, Split: m.Split(r.Lo, r.Hi, ways)})
		}
	}
	return out, nil
}

// checkRanges checks that ranges are few, well formed, ascending and disjoint.
func checkRanges(rs []Range) error {
	if len(rs) > MaxRanges {
		return fmt.Errorf("%w: %d ranges, at most %d", ErrReconcile, len(rs), MaxRanges)
	}
	for i, r := range rs {
		if err := r.check(); err != nil {
			return err
		}
		if i > 0 && (rs[i-1].Hi == "" || r.Lo < rs[i-1].Hi) {
			return fmt.Errorf("%w: range from %q overlaps the one before", ErrReconcile, r.Lo)
		}
	}
	return nil
}

func (r Range) check() error {
	for _, p := range []string{r.Lo, r.Hi} {
		if p != "" && CheckPath(p) != nil {
			return fmt.Errorf("%w: bound %.80q", ErrReconcile, p)
		}
	}
	if r.Hi != "" && r.Lo >= r.Hi || r.Count < 0 || r.Count > MaxLeaves {
		return fmt.Errorf("%w: range from %q to %q with %d entries", ErrReconcile, r.Lo, r.Hi, r.Count)
	}
	return nil
}

// Reconciler turns a manifest that is held into the one that a head names, by
// asking a peer for what differs. Per differing entry it costs O(log n) bytes.
// Its work is bounded whatever the peer answers. Call Next, send the ranges,
// hand the answers to Feed, and repeat until Next returns none; then take the
// Manifest. It is not safe for concurrent use.
type Reconciler struct {
	have     Manifest
	root     [32]byte
	leaves   int
	todo     []Range // own fingerprints of ranges that differ, ascending
	asked    int     // how many of todo Next returned last
	resolved []Answer
	budget   int // ranges and entries that the peer may still send
}

// NewReconciler starts from have, which it does not change, towards the
// manifest with the given root and number of leaves.
func NewReconciler(have Manifest, root [32]byte, leaves int) *Reconciler {
	r := &Reconciler{have: have, root: root, leaves: leaves}
	// An honest peer sends each entry once, and fewer ranges than entries.
	r.budget = 4*(len(have)+min(max(leaves, 0), MaxLeaves)) + 16*MaxRanges
	if have.Root() != root || len(have) != leaves {
		r.todo = have.Split("", "", ways)
	}
	return r
}

// Next returns the ranges to ask for, at most MaxRanges; none when done.
func (r *Reconciler) Next() []Range {
	r.asked = min(len(r.todo), MaxRanges)
	return slices.Clone(r.todo[:r.asked])
}

// Feed takes the answers to what Next returned last. A range without an
// answer counts as equal. The error is ErrReconcile; drop the Reconciler then.
func (r *Reconciler) Feed(answers []Answer) error {
	asked, rest := r.todo[:r.asked], r.todo[r.asked:]
	var next []Range
	for _, a := range answers {
		for len(asked) > 0 && asked[0].Lo < a.Lo {
			asked = asked[1:]
		}
		if len(asked) == 0 || asked[0].Lo != a.Lo || asked[0].Hi != a.Hi {
			return fmt.Errorf("%w: answer for %q to %q was not asked for", ErrReconcile, a.Lo, a.Hi)
		}
		asked = asked[1:]
		if err := a.check(); err != nil {
			return err
		}
		if r.budget -= len(a.Split) + len(a.Leaves) + 1; r.budget < 0 {
			return fmt.Errorf("%w: the peer sends more than the manifest holds", ErrReconcile)
		}
		if len(a.Split) == 0 {
			r.resolved = append(r.resolved, a)
			continue
		}
		for _, part := range a.Split {
			if own := r.have.Fingerprint(part.Lo, part.Hi); own != part {
				next = append(next, own)
			}
		}
	}
	r.todo, r.asked = append(next, rest...), 0
	return nil
}

// check tells whether an answer keeps to its range.
func (a Answer) check() error {
	bad := func(why string) error {
		return fmt.Errorf("%w: answer for %.80q to %.80q %s", ErrReconcile, a.Lo, a.Hi, why)
	}
	if len(a.Split) > maxWays || len(a.Leaves) > maxWays {
		return bad("is too long")
	}
	if len(a.Split) == 0 {
		for i, l := range a.Leaves {
			if err := l.check(); err != nil {
				return fmt.Errorf("%w: %w", ErrReconcile, err)
			}
			if l.Path < a.Lo || a.Hi != "" && l.Path >= a.Hi || i > 0 && a.Leaves[i-1].Path >= l.Path {
				return bad("holds an entry out of place")
			}
		}
		return nil
	}
	if len(a.Split) == 1 || len(a.Leaves) > 0 {
		return bad("does not narrow it")
	}
	at := a.Lo
	for i, r := range a.Split {
		if err := r.check(); err != nil {
			return err
		}
		if r.Lo != at || i > 0 && at == "" {
			return bad("does not go from part to part")
		}
		at = r.Hi
	}
	if at != a.Hi {
		return bad("does not cover it")
	}
	return nil
}

// Manifest returns the manifest that was wanted. It is ErrReconcile while
// ranges are open, and when the answers led to another root.
func (r *Reconciler) Manifest() (Manifest, error) {
	if len(r.todo) > 0 {
		return nil, fmt.Errorf("%w: %d ranges are open", ErrReconcile, len(r.todo))
	}
	// Answers come in the order of rounds; each range was resolved once.
	slices.SortFunc(r.resolved, func(a, b Answer) int { return strings.Compare(a.Lo, b.Lo) })
	out := make(Manifest, 0, max(r.leaves, 0))
	from := ""
	for _, a := range r.resolved {
		if a.Lo != "" {
			out = append(out, r.have.slice(from, a.Lo)...)
		}
		out = append(out, a.Leaves...)
		from = a.Hi
		if from == "" {
			break
		}
	}
	if n := len(r.resolved); n == 0 || r.resolved[n-1].Hi != "" {
		out = append(out, r.have.slice(from, "")...)
	}
	if len(out) != r.leaves || out.Root() != r.root {
		return nil, fmt.Errorf("%w: other root", ErrReconcile)
	}
	return out, out.Check()
}
