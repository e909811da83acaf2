package sdjwt

import (
	"fmt"
	"strings"
)

// Select returns the token with only those disclosures that show the claims at
// the pointers (RFC 6901 into the claims with everything disclosed), and those
// above them that they stand in. What is hidden below a pointer stays hidden
// unless it is named too. Without pointers nothing is shown. The signature is
// not looked at, because the holder has verified its credential when it came.
// Errors: [ErrFrame] for a pointer to no disclosure, [ErrFormat] and those of
// [Reconstruct] where the token is not sound, [ErrBinding] where somebody
// bound it already (RFC 9901 section 7.2).
func (t *Token) Select(pointers ...string) (*Token, error) {
	if t.KeyBinding != "" {
		return nil, fmt.Errorf("%w: it is there already", ErrBinding)
	}
	payload, err := t.payload(Limits{})
	if err != nil {
		return nil, err
	}
	c, err := Reconstruct(payload, t.Disclosures, Limits{})
	if err != nil {
		return nil, err
	}
	show := make([]bool, len(t.Disclosures))
	for _, p := range pointers {
		found := false
		for i, where := range c.Disclosed {
			if p == where || strings.HasPrefix(p, where+"/") {
				show[i] = true
				found = found || p == where
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: %q is not selectively disclosable", ErrFrame, p)
		}
	}
	out := &Token{JWT: t.JWT}
	for i, d := range t.Disclosures {
		if show[i] {
			out.Disclosures = append(out.Disclosures, d)
		}
	}
	return out, nil
}
