package proof

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// selection is a tree of what JSON pointers point at.
type selection struct {
	whole bool // the value itself is selected, with all below it
	parts map[string]*selection
}

// maxPointers and maxPointer bound what is asked for; credentials have a few
// dozen members.
const (
	maxPointers = 1024
	maxPointer  = 4096 // characters
)

// parsePointers reads JSON pointers (RFC 6901 section 3); the empty one is the
// whole document. The error is [ErrPointer].
func parsePointers(pointers []string) (*selection, error) {
	if len(pointers) > maxPointers {
		return nil, fmt.Errorf("%w: %d pointers, at most %d are taken", ErrPointer, len(pointers), maxPointers)
	}
	root := &selection{}
	for _, p := range pointers {
		if p == "" {
			root.whole = true
			continue
		}
		if p[0] != '/' || len(p) > maxPointer {
			return nil, fmt.Errorf("%w: %.80q does not begin with a slash, or is too long", ErrPointer, p)
		}
		at := root
		for _, step := range strings.Split(p[1:], "/") {
			step, ok := unescapeStep(step)
			if !ok {
				return nil, fmt.Errorf("%w: %.80q: ~ stands before 0 or 1 only", ErrPointer, p)
			}
			if at.parts == nil {
				at.parts = make(map[string]*selection)
			}
			if at.parts[step] == nil {
				at.parts[step] = &selection{}
			}
			at = at.parts[step]
		}
		at.whole = true
	}
	return root, nil
}

// unescapeStep turns ~1 into / and ~0 into ~ (RFC 6901 section 4).
func unescapeStep(s string) (string, bool) {
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return "", false
		}
	}
	return strings.NewReplacer("~0", "~", "~1", "/").Replace(s), true
}

// selectFrom returns the part of doc that the pointers select, with the
// identifiers and types of every object on the way (DI ECDSA 1.0 section
// 3.4.13). Arrays become dense. It shares nothing with doc. Nothing selected
// gives nil. The error is [ErrPointer] for a pointer that leads nowhere.
func selectFrom(doc map[string]any, pointers []string) (map[string]any, error) {
	if len(pointers) == 0 {
		return nil, nil
	}
	sel, err := parsePointers(pointers)
	if err != nil {
		return nil, err
	}
	if err := sel.exists(doc, ""); err != nil {
		return nil, err
	}
	m, _ := sel.of(doc).(map[string]any)
	return m, nil
}

// exists makes sure that every step from here leads to something; at names the
// place in errors.
func (s *selection) exists(value any, at string) error {
	for _, name := range slices.Sorted(maps.Keys(s.parts)) {
		var inner any
		found := false
		switch v := value.(type) {
		case map[string]any:
			inner, found = v[name]
		case []any:
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v) && strconv.Itoa(i) == name {
				inner, found = v[i], true
			}
		}
		if !found {
			return fmt.Errorf("%w: there is no %.80q", ErrPointer, at+"/"+name)
		}
		if err := s.parts[name].exists(inner, at+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// of applies a selection, of which everything exists, to a value.
func (s *selection) of(value any) any {
	if s.whole {
		return strictjson.Clone(value)
	}
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(s.parts)+2)
		for name, e := range v {
			if isIdentity(name) {
				out[name] = strictjson.Clone(e)
			} else if part := s.parts[name]; part != nil {
				out[name] = part.of(e)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(s.parts))
		for i, e := range v {
			if part := s.parts[strconv.Itoa(i)]; part != nil {
				out = append(out, part.of(e))
			}
		}
		return out
	}
	return value
}

// isIdentity tells the members that go with every selected part of an object.
func isIdentity(name string) bool {
	switch name {
	case "@context", "id", "@id", "type", "@type":
		return true
	}
	return false
}
