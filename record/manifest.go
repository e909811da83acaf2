package record

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxLeaves is the greatest number of entries in a manifest.
const MaxLeaves = 1 << 16

// maxSize is the greatest integer that JSON carries without loss, 2^53-1.
const maxSize = 1<<53 - 1

// Leaf is one entry of a manifest.
type Leaf struct {
	Path string
	CID  CID
	Size int64 // bytes of the body
}

// Bytes returns the leaf's data in the tree: the JCS form of
// [path, cid, size].
func (l Leaf) Bytes() []byte { return l.append(nil) }

// append writes the JCS form. Paths and addresses hold no character that JSON
// escapes, and integers below 2^53 are written in full.
func (l Leaf) append(dst []byte) []byte {
	dst = append(dst, `["`...)
	dst = append(dst, l.Path...)
	dst = append(dst, `","`...)
	dst = l.CID.append(dst)
	dst = append(dst, `",`...)
	dst = strconv.AppendInt(dst, l.Size, 10)
	return append(dst, ']')
}

func (l Leaf) hash() [32]byte {
	var buf [256]byte
	return LeafHash(l.append(buf[:0]))
}

func (l Leaf) check() error {
	if err := CheckPath(l.Path); err != nil {
		return err
	}
	if strings.HasPrefix(l.Path, reserved) {
		return fmt.Errorf("%w: %s describes the folder and cannot be in it", ErrPath, l.Path)
	}
	if l.CID.IsZero() {
		return fmt.Errorf("%w: none for %s", ErrCID, l.Path)
	}
	if l.Size < 0 || l.Size > maxSize {
		return fmt.Errorf("%w: %s has size %d", ErrManifest, l.Path, l.Size)
	}
	return nil
}

// Manifest is the contents of a folder: its entries sorted by the bytes of
// their paths, each path once. Make it with NewManifest or ParseManifest; the
// methods rely on that order. The nil Manifest is the empty folder.
type Manifest []Leaf

// NewManifest sorts the entries and checks them. Errors are ErrManifest (too
// many, repeated path, size), ErrPath and ErrCID.
func NewManifest(leaves []Leaf) (Manifest, error) {
	m := Manifest(slices.Clone(leaves))
	slices.SortFunc(m, func(a, b Leaf) int { return strings.Compare(a.Path, b.Path) })
	return m, m.Check()
}

// Check reports whether m is what NewManifest would return.
func (m Manifest) Check() error {
	if len(m) > MaxLeaves {
		return fmt.Errorf("%w: %d entries, at most %d", ErrManifest, len(m), MaxLeaves)
	}
	for i := range m {
		if err := m[i].check(); err != nil {
			return err
		}
		if i > 0 && m[i-1].Path >= m[i].Path {
			return fmt.Errorf("%w: %s does not come after %s", ErrManifest, m[i].Path, m[i-1].Path)
		}
	}
	return nil
}

// Find returns the entry under path.
func (m Manifest) Find(path string) (Leaf, bool) {
	if i, ok := m.search(path); ok {
		return m[i], true
	}
	return Leaf{}, false
}

func (m Manifest) search(path string) (int, bool) {
	return slices.BinarySearchFunc(m, path, func(l Leaf, p string) int { return strings.Compare(l.Path, p) })
}

// Root returns the RFC 6962 root over the entries.
func (m Manifest) Root() [32]byte { return fold(m.hashes()) }

func (m Manifest) hashes() [][32]byte {
	out := make([][32]byte, len(m))
	for i := range m {
		out[i] = m[i].hash()
	}
	return out
}

// InclusionProof returns the audit path of entry i (RFC 6962 section 2.1.1),
// nil where i is out of range. Check it with VerifyInclusion, the LeafHash of
// Leaf.Bytes, and the head's leaf count and root.
func (m Manifest) InclusionProof(i int) [][32]byte {
	if i < 0 || i >= len(m) {
		return nil
	}
	return newTree(m.hashes()).path(i, 0, len(m), nil)
}

// Encode writes one entry a line, each as Leaf.Bytes and a line feed.
func (m Manifest) Encode() []byte {
	out := make([]byte, 0, len(m)*104)
	for i := range m {
		out = append(m[i].append(out), '\n')
	}
	return out
}

// ParseManifest reads what Encode wrote, and nothing else: every entry has
// one spelling. Errors are ErrTooLarge, ErrManifest, ErrPath and ErrCID.
func ParseManifest(body []byte) (Manifest, error) {
	if len(body) > KindManifest.MaxBytes() {
		return nil, fmt.Errorf("%w: manifest of %d bytes, at most %d", ErrTooLarge, len(body), KindManifest.MaxBytes())
	}
	if n := bytes.Count(body, []byte{'\n'}); n > MaxLeaves {
		return nil, fmt.Errorf("%w: %d entries, at most %d", ErrManifest, n, MaxLeaves)
	}
	m := Manifest{}
	text := string(body) // one copy that all paths share
	for text != "" {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, fmt.Errorf("%w: line %d does not end", ErrManifest, len(m)+1)
		}
		leaf, err := parseLeaf(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(m)+1, err)
		}
		m, text = append(m, leaf), rest
	}
	return m, m.Check()
}

// parseLeaf reads the one spelling of a leaf. Bytes that JSON would escape
// are no bytes of a path, which Check refuses.
func parseLeaf(s string) (Leaf, error) {
	line := s
	s, ok := strings.CutPrefix(s, `["`)
	path, s, ok2 := strings.Cut(s, `","`)
	if !ok || !ok2 || len(s) < CIDTextLen {
		return Leaf{}, fmt.Errorf("%w: %.120q", ErrManifest, line)
	}
	cid, err := ParseCID(s[:CIDTextLen])
	if err != nil {
		return Leaf{}, err
	}
	s, ok = strings.CutPrefix(s[CIDTextLen:], `",`)
	number, ok2 := strings.CutSuffix(s, "]")
	size, err := strconv.ParseInt(number, 10, 64)
	if !ok || !ok2 || err != nil || strconv.FormatInt(size, 10) != number {
		return Leaf{}, fmt.Errorf("%w: %.120q", ErrManifest, line)
	}
	return Leaf{Path: path, CID: cid, Size: size}, nil
}

// Changes lists what leads from old to m: entries to put, and paths to drop.
func (m Manifest) Changes(old Manifest) (put []Leaf, drop []string) {
	for len(m) > 0 || len(old) > 0 {
		switch {
		case len(old) == 0 || len(m) > 0 && m[0].Path < old[0].Path:
			put, m = append(put, m[0]), m[1:]
		case len(m) == 0 || old[0].Path < m[0].Path:
			drop, old = append(drop, old[0].Path), old[1:]
		default:
			if m[0] != old[0] {
				put = append(put, m[0])
			}
			m, old = m[1:], old[1:]
		}
	}
	return put, drop
}

// Folder is a manifest that is being changed, with its tree kept: replacing
// an entry costs O(log n) hashes, adding or dropping one rehashes the entries
// behind it. The zero value is the empty folder. It is not safe for
// concurrent use.
type Folder struct {
	leaves Manifest
	tree   *tree
}

// NewFolder starts from a manifest, which it does not change.
func NewFolder(m Manifest) *Folder {
	return &Folder{leaves: slices.Clone(m), tree: newTree(m.hashes())}
}

// Put adds or replaces an entry. Errors are those of NewManifest.
func (f *Folder) Put(leaf Leaf) error {
	if err := leaf.check(); err != nil {
		return err
	}
	i, found := f.leaves.search(leaf.Path)
	if found {
		f.leaves[i] = leaf
		f.tree.set(i, leaf.hash())
		return nil
	}
	if len(f.leaves) == MaxLeaves {
		return fmt.Errorf("%w: more than %d entries", ErrManifest, MaxLeaves)
	}
	f.rebuild(i, slices.Insert(f.leaves, i, leaf), leaf.hash())
	return nil
}

// Drop removes the entry under path and reports whether there was one.
func (f *Folder) Drop(path string) bool {
	i, found := f.leaves.search(path)
	if found {
		f.rebuild(i, slices.Delete(f.leaves, i, i+1))
	}
	return found
}

// rebuild makes the tree of leaves, which equal the old ones before i; at i
// the hashes added stand, behind them those of the old entries that remain.
func (f *Folder) rebuild(i int, leaves Manifest, added ...[32]byte) {
	if f.tree == nil {
		f.tree = &tree{}
	}
	var hashes [][32]byte
	if f.tree.size() > 0 {
		hashes = f.tree.levels[0]
	}
	kept := len(leaves) - i - len(added) // entries behind the change
	tail := slices.Concat(added, hashes[len(hashes)-kept:])
	f.tree.truncate(i)
	for _, h := range tail {
		f.tree.append(h)
	}
	f.leaves = leaves
}

// Root returns the root over the present entries.
func (f *Folder) Root() [32]byte {
	if f.tree == nil {
		return EmptyRoot()
	}
	return f.tree.root(0, f.tree.size())
}

// Manifest returns a copy of the present entries.
func (f *Folder) Manifest() Manifest { return slices.Clone(f.leaves) }
