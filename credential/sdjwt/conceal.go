package sdjwt

import (
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Frame says which claims of a token its holder may withhold.
type Frame struct {
	// Hide are JSON pointers (RFC 6901) into the claims, such as
	// "/credentialSubject/name" or "/nationalities/0". A pointer below another
	// makes a disclosure inside a disclosure.
	Hide []string
	// Decoys is how many digests without a claim are put into each object in
	// which something is hidden, so that their number tells nothing.
	Decoys int
	Hash   Hash
	// Random gives the salts, 16 bytes each; nil means crypto/rand.
	Random io.Reader
}

// Conceal replaces the claims that the frame names by digests and returns the
// payload to sign with the disclosures to hand to the holder (RFC 9901 section
// 4.2). The claims are not changed. Errors: [ErrFrame], [ErrReserved],
// [ErrHash], that of the random source, and those of strictjson.Canonical.
func Conceal(claims map[string]any, f Frame) (map[string]any, []Disclosure, error) {
	if !f.Hash.valid() {
		return nil, nil, fmt.Errorf("%w: %s", ErrHash, f.Hash)
	}
	if name := findReserved(claims); name != "" {
		return nil, nil, fmt.Errorf("%w: %s", ErrReserved, name)
	}
	root := &hideNode{}
	for _, p := range f.Hide {
		if err := root.add(p); err != nil {
			return nil, nil, err
		}
	}
	if f.Random == nil {
		f.Random = rand.Reader
	}
	c := concealer{frame: f}
	out, err := c.object(claims, root)
	if err != nil {
		return nil, nil, err
	}
	if len(c.made) > 0 {
		h := f.Hash
		if h == "" {
			h = SHA256
		}
		out["_sd_alg"] = string(h)
	}
	return out, c.made, nil
}

// hideNode is a part of the claims below which something is hidden.
type hideNode struct {
	hide  bool
	below map[string]*hideNode
}

func (n *hideNode) add(pointer string) error {
	if !strings.HasPrefix(pointer, "/") {
		return fmt.Errorf("%w: %q is no pointer to a claim", ErrFrame, pointer)
	}
	for _, name := range strings.Split(pointer[1:], "/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		if n.below == nil {
			n.below = map[string]*hideNode{}
		}
		if n.below[name] == nil {
			n.below[name] = &hideNode{}
		}
		n = n.below[name]
	}
	n.hide = true
	return nil
}

type concealer struct {
	frame Frame
	made  []Disclosure
}

func (c *concealer) value(v any, n *hideNode) (any, error) {
	if len(n.below) == 0 {
		return v, nil
	}
	switch x := v.(type) {
	case map[string]any:
		return c.object(x, n)
	case []any:
		return c.array(x, n)
	}
	return nil, fmt.Errorf("%w: nothing is below a plain value", ErrFrame)
}

func (c *concealer) object(in map[string]any, n *hideNode) (map[string]any, error) {
	out := maps.Clone(in)
	var digests []string
	for _, name := range slices.Sorted(maps.Keys(n.below)) {
		v, has := in[name]
		if !has {
			return nil, fmt.Errorf("%w: there is no member %q", ErrFrame, name)
		}
		v, err := c.value(v, n.below[name])
		if err != nil {
			return nil, err
		}
		if !n.below[name].hide {
			out[name] = v
			continue
		}
		digest, err := c.disclose(Disclosure{Name: name, Value: v})
		if err != nil {
			return nil, err
		}
		delete(out, name)
		digests = append(digests, digest)
	}
	if len(digests) == 0 {
		return out, nil
	}
	for range c.frame.Decoys {
		salt, err := c.salt()
		if err != nil {
			return nil, err
		}
		digests = append(digests, c.frame.Hash.digest(salt))
	}
	// In the order of the digests nothing is left of that of the claims.
	slices.Sort(digests)
	list := make([]any, len(digests))
	for i, d := range digests {
		list[i] = d
	}
	out["_sd"] = list
	return out, nil
}

func (c *concealer) array(in []any, n *hideNode) ([]any, error) {
	out := slices.Clone(in)
	for _, name := range slices.Sorted(maps.Keys(n.below)) {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(in) || strconv.Itoa(i) != name {
			return nil, fmt.Errorf("%w: a list has no element %q", ErrFrame, name)
		}
		if out[i], err = c.value(in[i], n.below[name]); err != nil {
			return nil, err
		}
		if !n.below[name].hide {
			continue
		}
		digest, err := c.disclose(Disclosure{Element: true, Value: out[i]})
		if err != nil {
			return nil, err
		}
		out[i] = map[string]any{"...": digest}
	}
	return out, nil
}

func (c *concealer) disclose(d Disclosure) (digest string, err error) {
	if d.Salt, err = c.salt(); err != nil {
		return "", err
	}
	if err := d.encode(); err != nil {
		return "", err
	}
	c.made = append(c.made, d)
	return d.Digest(c.frame.Hash), nil
}

func (c *concealer) salt() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.frame.Random, b[:]); err != nil {
		return "", fmt.Errorf("sdjwt: salt: %w", err)
	}
	return b64.EncodeToString(b[:]), nil
}

// findReserved returns a member name that is not for claims, or "".
func findReserved(v any) string {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if reserved(name) {
				return name
			}
			if found := findReserved(e); found != "" {
				return found
			}
		}
	case []any:
		for _, e := range x {
			if found := findReserved(e); found != "" {
				return found
			}
		}
	}
	return ""
}
