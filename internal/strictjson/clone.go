package strictjson

// Clone copies the maps and slices of a tree, so that changing the copy leaves
// the original alone. Strings, numbers and Go types that a tree does not have
// are shared. A tree deeper than 1000 is copied down to that depth and shared
// below it.
func Clone(v any) any { return clone(v, 0) }

func clone(v any, depth int) any {
	if depth > hardMaxDepth {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = clone(e, depth+1)
		}
		return m
	case []any:
		if v == nil {
			return v
		}
		a := make([]any, len(v))
		for i, e := range v {
			a[i] = clone(e, depth+1)
		}
		return a
	case []string:
		if v == nil {
			return v
		}
		return append(make([]string, 0, len(v)), v...)
	case map[string]string:
		if v == nil {
			return v
		}
		m := make(map[string]string, len(v))
		for k, e := range v {
			m[k] = e
		}
		return m
	}
	return v
}
