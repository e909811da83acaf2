package credential

import (
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/internal/jsonld"
)

const vocabulary = "https://www.w3.org/2018/credentials#"

// deciding are the members of a credential that decide about it.
var deciding = []string{"issuer", "credentialSubject", "credentialStatus", "validFrom", "validUntil", "issuanceDate", "expirationDate",
	"credentialSchema", "evidence", "termsOfUse", "refreshService", "relatedResource"}

// decidingIRIs are what deciding expands to.
var decidingIRIs = func() (out []string) {
	for _, name := range deciding {
		out = append(out, vocabulary+name)
	}
	return out
}()

// compacted holds a document to the compacted form that VCDM 2.0, section 1.3
// demands, as far as it matters here: what the graph says of the credential is
// what a reader of the JSON sees. An rdfc proof covers the graph alone, so the
// holder could else take the status or the end of validity out of sight, under
// a full IRI or a keyword, without breaking the signature. expanded is the
// expansion of tree. The error names the place.
func compacted(tree map[string]any, expanded jsonld.View) error {
	if place, found := oddName(tree, true); found {
		return fmt.Errorf("%w: %s is no term of a context", ErrMalformed, place)
	}
	if n := expanded.Len(); n != 1 {
		return fmt.Errorf("%w: %d nodes at the top", ErrMalformed, n)
	}
	for i, name := range deciding {
		if said, n := expanded.Count(decidingIRIs[i]), count(tree[name]); said != n {
			return fmt.Errorf("%w: %s stands %d times in the graph and %d times in the document", ErrMalformed, name, said, n)
		}
	}
	// In the graph, a node below that says something decisive of the same
	// identifier says it of the credential. Other words about it, as in an
	// endorsement, are free.
	if id := expanded.ID(); id != "" && expanded.Below(id, decidingIRIs) {
		return fmt.Errorf("%w: the credential is spoken of a second time inside of itself", ErrMalformed)
	}
	return nil
}

func count(v any) int {
	if list, ok := v.([]any); ok {
		return len(list)
	}
	if v == nil {
		return 0
	}
	return 1
}

// oddName finds a member whose name is an IRI, or a keyword that compacting never
// leaves where id and type are words, and returns its place. The members of the
// document itself are at the top.
func oddName(v any, top bool) (place string, found bool) {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if top && (name == "@context" || name == "proof") {
				continue
			}
			switch {
			case name == "@context", name == "@value", name == "@none":
			case (name == "@type" || name == "@language" || name == "@direction") && x["@value"] != nil && !top:
			case name == "@list" && !top:
			case strings.HasPrefix(name, "@"), strings.Contains(name, ":"):
				return clip(name), true
			}
			if odd, found := oddName(e, false); found {
				return placed(name, odd), true
			}
		}
	case []any:
		for i, e := range x {
			if odd, found := oddName(e, false); found {
				return placed(fmt.Sprintf("[%d]", i), odd), true
			}
		}
	}
	return "", false
}

// placed puts a step before the place below it. Places are written on the way
// back from what was found and never on the way there: a long name above many
// values would be copied for each of them.
func placed(step, below string) string {
	if below == "" || below[0] == '[' {
		return clip(step) + below
	}
	return clip(step) + "." + below
}

// clip shortens a name that somebody else chose.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}
