package sdjwt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxPointers bounds the text of all pointers of one token together, so that
// long names cannot be multiplied by many disclosures.
const maxPointers = 4 << 20

// Claims are the signed claims with the disclosures put in their places.
type Claims struct {
	// Tree holds no digests, no _sd and no _sd_alg.
	Tree map[string]any
	// Disclosed says by a JSON pointer (RFC 6901) into Tree where each of the
	// token's disclosures went, in their order.
	Disclosed []string
	Hash      Hash
}

// Reconstruct puts disclosures into the payload of an issuer-signed JWT (RFC
// 9901 section 7.1, from step 2.b on) and takes the digests out. The payload
// is not changed; the caller has verified its signature. Errors: [ErrHash],
// [ErrPlaceholder], [ErrReserved], [ErrArity], [ErrClash],
// [ErrRepeatedDigest], [ErrRepeated], [ErrUnreferenced], [ErrDepth],
// [ErrTooLarge].
func Reconstruct(payload map[string]any, disclosures []Disclosure, lim Limits) (*Claims, error) {
	h, err := hashOf(payload)
	if err != nil {
		return nil, err
	}
	b := &builder{
		list: disclosures, index: make(map[string]int, len(disclosures)), seen: map[string]bool{},
		where: make([]string, len(disclosures)), maxDepth: lim.withDefaults().MaxDepth,
	}
	for i, d := range disclosures {
		digest := d.Digest(h)
		if _, twice := b.index[digest]; twice {
			return nil, fmt.Errorf("%w: number %d", ErrRepeated, i)
		}
		b.index[digest] = i
	}
	tree, err := b.object(payload, true)
	if err != nil {
		return nil, err
	}
	for i, p := range b.where {
		if p == "" {
			return nil, fmt.Errorf("%w: number %d", ErrUnreferenced, i)
		}
	}
	return &Claims{Tree: tree, Disclosed: b.where, Hash: h}, nil
}

// builder copies a tree while it replaces digests by disclosures.
type builder struct {
	list     []Disclosure
	index    map[string]int  // digest to disclosure
	seen     map[string]bool // digests met so far
	where    []string        // pointer of each disclosure, "" until it is met
	path     []string        // of the value at work, escaped
	pointers int             // bytes of where
	maxDepth int
}

func (b *builder) value(name string, v any) (any, error) {
	b.path = append(b.path, name)
	defer func() { b.path = b.path[:len(b.path)-1] }()
	switch x := v.(type) {
	case map[string]any:
		return b.object(x, false)
	case []any:
		return b.array(x)
	}
	return v, nil
}

func (b *builder) object(in map[string]any, top bool) (map[string]any, error) {
	if len(b.path) >= b.maxDepth {
		return nil, ErrDepth
	}
	out := make(map[string]any, len(in))
	// In order, so that the same bytes always give the same error.
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "_sd" || name == "_sd_alg" && top {
			continue
		}
		if reserved(name) {
			return nil, fmt.Errorf("%w: %s at %q", ErrReserved, name, b.pointer())
		}
		var err error
		if out[name], err = b.value(escapePointer(name), in[name]); err != nil {
			return nil, err
		}
	}
	raw, has := in["_sd"]
	if !has {
		return out, nil
	}
	digests, ok := raw.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: _sd at %q is not a list", ErrPlaceholder, b.pointer())
	}
	for _, e := range digests {
		d, found, err := b.find(e, false)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		name := b.list[d].Name
		if reserved(name) {
			return nil, fmt.Errorf("%w: %s", ErrReserved, name)
		}
		if _, there := out[name]; there {
			return nil, fmt.Errorf("%w: %q at %q", ErrClash, name, b.pointer())
		}
		if out[name], err = b.place(d, escapePointer(name)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *builder) array(in []any) ([]any, error) {
	if len(b.path) >= b.maxDepth {
		return nil, ErrDepth
	}
	out := make([]any, 0, len(in))
	for _, e := range in {
		name := strconv.Itoa(len(out))
		digest, hidden, err := placeholder(e)
		if err != nil {
			return nil, err
		}
		var v any
		if hidden {
			d, found, err := b.find(digest, true)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			if v, err = b.place(d, name); err != nil {
				return nil, err
			}
		} else if v, err = b.value(name, e); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// placeholder returns the digest that stands for an element of a list.
func placeholder(e any) (digest any, hidden bool, err error) {
	o, ok := e.(map[string]any)
	if !ok {
		return nil, false, nil
	}
	digest, hidden = o["..."]
	if hidden && len(o) != 1 {
		return nil, false, fmt.Errorf("%w: a member beside \"...\"", ErrPlaceholder)
	}
	return digest, hidden, nil
}

// find returns the disclosure of a digest. A digest without one is a claim
// that is not shown, or a decoy.
func (b *builder) find(raw any, element bool) (index int, found bool, err error) {
	digest, ok := raw.(string)
	if !ok {
		return 0, false, fmt.Errorf("%w: a digest is not a string", ErrPlaceholder)
	}
	if b.seen[digest] {
		return 0, false, fmt.Errorf("%w: at %q", ErrRepeatedDigest, b.pointer())
	}
	b.seen[digest] = true
	index, found = b.index[digest]
	if found && b.list[index].Element != element {
		return 0, false, fmt.Errorf("%w: number %d", ErrArity, index)
	}
	return index, found, nil
}

func (b *builder) place(d int, name string) (any, error) {
	b.where[d] = b.pointer() + "/" + name
	if b.pointers += len(b.where[d]); b.pointers > maxPointers {
		return nil, fmt.Errorf("%w: names are too long", ErrTooLarge)
	}
	return b.value(name, b.list[d].Value)
}

// pointer names the value at work.
func (b *builder) pointer() string {
	if len(b.path) == 0 {
		return ""
	}
	return "/" + strings.Join(b.path, "/")
}

func escapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// withholdable returns the first of the named members of the top that a
// holder can show or not, in whole or in part, or "".
func withholdable(payload map[string]any, c *Claims, names []string) string {
	for _, name := range names {
		if holdsDigest(payload[name]) {
			return name
		}
		for _, p := range c.Disclosed {
			if first, _, _ := strings.Cut(p[1:], "/"); first == escapePointer(name) {
				return name
			}
		}
	}
	return ""
}

// holdsDigest tells whether something below v is replaced by a digest.
func holdsDigest(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if name == "_sd" || name == "..." || holdsDigest(e) {
				return true
			}
		}
	case []any:
		for _, e := range x {
			if holdsDigest(e) {
				return true
			}
		}
	}
	return false
}
