package credential

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
)

// The base contexts of the two versions of the data model.
const (
	ContextV2 = "https://www.w3.org/ns/credentials/v2"
	ContextV1 = "https://www.w3.org/2018/credentials/v1"
)

// MaxBytes is the default cap on the size of one credential.
const MaxBytes = 2 << 20

// Credential is a credential as it was read. Nothing in it is verified.
type Credential struct {
	// Tree is the whole document, proofs included.
	Tree map[string]any
	// Version is 2 for VCDM 2.0 and 1 for VCDM 1.1.
	Version    int
	ID         string
	Types      []string
	Contexts   []string // the @context entries that are URLs, in order
	Issuer     string   // URL: a DID or https
	IssuerName string   // what the issuer object calls itself; a claim
	ValidFrom  *time.Time
	ValidUntil *time.Time
	Subjects   []map[string]any
	Status     []map[string]any
	Schemas    []map[string]any
	// Findings are departures from the data model that do not change the
	// meaning, such as a date without a zone in VCDM 1.1.
	Findings []string
}

// Has tells whether the credential is of the given type.
func (c *Credential) Has(typ string) bool { return slices.Contains(c.Types, typ) }

// Parse reads one credential in JSON, bounded by lim (zero: 2 MiB, depth 64).
// The error is ErrParse when the bytes are no JSON object that the project
// accepts, and ErrMalformed, with the path of the member, when a rule of the
// data model is broken (VCDM 2.0 section 4; VCDM 1.1 section 4).
func Parse(body []byte, lim strictjson.Limits) (*Credential, error) {
	if lim.MaxBytes == 0 {
		lim.MaxBytes = MaxBytes
	}
	tree, err := strictjson.ParseObject(body, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	return read(tree)
}

// read makes a Credential of a tree; on error the partial result is returned
// too, because integrity is judged whatever the form.
func read(tree map[string]any) (*Credential, error) {
	c := &Credential{Tree: tree}
	r := reader{c: c}
	r.contexts()
	r.types()
	r.id()
	r.issuer()
	r.subjects()
	r.dates()
	c.Status = r.typed("credentialStatus")
	c.Schemas = r.typed("credentialSchema")
	for _, name := range []string{"refreshService", "termsOfUse", "evidence", "renderMethod", "confidenceMethod"} {
		r.typed(name)
	}
	r.status()
	r.texts()
	return c, r.err
}

// reader collects the first fault and goes on, so that what can be read is.
type reader struct {
	c   *Credential
	err error
}

func (r *reader) fail(path, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s: %s", ErrMalformed, path, fmt.Sprintf(format, args...))
	}
}

// contexts is VCDM 2.0 section 4.3: a list whose first entry is the base
// context. Inline context objects are reported: the caller refuses them.
func (r *reader) contexts() {
	list, ok := r.c.Tree["@context"].([]any)
	if !ok || len(list) == 0 {
		r.fail("@context", "must be a list that begins with %s", ContextV2)
		return
	}
	switch list[0] {
	case ContextV2:
		r.c.Version = 2
	case ContextV1:
		r.c.Version = 1
	default:
		r.fail("@context[0]", "must be %s", ContextV2)
	}
	for i, e := range list {
		switch x := e.(type) {
		case string:
			if !isURL(x) {
				r.fail(fmt.Sprintf("@context[%d]", i), "is not a URL")
			}
			r.c.Contexts = append(r.c.Contexts, x)
		case map[string]any:
		default:
			r.fail(fmt.Sprintf("@context[%d]", i), "is neither a URL nor an object")
		}
	}
}

func (r *reader) types() {
	list, err := stringOrList(r.c.Tree["type"])
	if err != nil || len(list) == 0 {
		r.fail("type", "must be a string or a list of strings")
		return
	}
	r.c.Types = list
	if !slices.Contains(list, "VerifiableCredential") {
		r.fail("type", "does not include VerifiableCredential")
	}
}

func (r *reader) id() {
	raw, has := r.c.Tree["id"]
	if !has {
		return
	}
	s, ok := raw.(string)
	if !ok || !isURL(s) {
		r.fail("id", "must be one URL")
		return
	}
	r.c.ID = s
}

func (r *reader) issuer() {
	switch x := r.c.Tree["issuer"].(type) {
	case string:
		r.c.Issuer = x
	case map[string]any:
		r.c.Issuer, _ = x["id"].(string)
		r.c.IssuerName = firstText(x["name"])
		r.text("issuer.name", x["name"])
		r.text("issuer.description", x["description"])
	}
	if !isURL(r.c.Issuer) {
		r.fail("issuer", "must be a URL or an object whose id is one")
	}
}

func (r *reader) subjects() {
	list, ok := objects(r.c.Tree["credentialSubject"])
	if !ok || len(list) == 0 {
		r.fail("credentialSubject", "must be one or more objects")
		return
	}
	for i, s := range list {
		if len(s) == 0 {
			r.fail(fmt.Sprintf("credentialSubject[%d]", i), "is empty")
		}
		if id, has := s["id"]; has {
			if u, ok := id.(string); !ok || !isURL(u) {
				r.fail(fmt.Sprintf("credentialSubject[%d].id", i), "must be one URL")
			}
		}
	}
	r.c.Subjects = list
}

// dates reads validFrom and validUntil, or their forerunners of VCDM 1.1,
// where the first is required and a zone may be absent (taken as UTC).
func (r *reader) dates() {
	from, until := "validFrom", "validUntil"
	if r.c.Version == 1 {
		from, until = "issuanceDate", "expirationDate"
		if _, has := r.c.Tree[from]; !has {
			r.fail(from, "is required in version 1.1")
		}
	}
	r.c.ValidFrom, r.c.ValidUntil = r.date(from), r.date(until)
	// Version 1.1 reserves the names of 2.0, and files use them: an end is an end
	// under either, and the earlier one counts.
	other := "validUntil"
	if r.c.Version != 1 {
		other = "expirationDate"
	}
	if t := r.date(other); t != nil && (r.c.ValidUntil == nil || t.Before(*r.c.ValidUntil)) {
		r.c.ValidUntil = t
	}
	if f, u := r.c.ValidFrom, r.c.ValidUntil; f != nil && u != nil && u.Before(*f) {
		r.fail(until, "is before %s", from)
	}
}

func (r *reader) date(name string) *time.Time {
	raw, has := r.c.Tree[name]
	if !has {
		return nil
	}
	s, _ := raw.(string)
	t, zoned, err := proof.ParseDateTime(s)
	if err != nil {
		r.fail(name, "is not a date and time")
		return nil
	}
	if !zoned {
		if r.c.Version != 1 {
			r.fail(name, "names no time zone")
			return nil
		}
		r.c.Findings = append(r.c.Findings, name+" names no time zone and is taken as UTC")
	}
	return &t
}

// typed reads a member that holds one or more objects, each with a type.
func (r *reader) typed(name string) []map[string]any {
	raw, has := r.c.Tree[name]
	if !has {
		return nil
	}
	list, ok := objects(raw)
	if !ok || len(list) == 0 {
		r.fail(name, "must be one or more objects")
		return nil
	}
	for i, o := range list {
		path := fmt.Sprintf("%s[%d]", name, i)
		if t, err := stringOrList(o["type"]); err != nil || len(t) == 0 {
			r.fail(path+".type", "is required")
		}
		if id, has := o["id"]; has {
			if u, ok := id.(string); !ok || !isURL(u) {
				r.fail(path+".id", "must be one URL")
			}
		} else if name == "credentialSchema" || name == "credentialStatus" && r.c.Version == 1 {
			r.fail(path+".id", "is required")
		}
	}
	return list
}

// status refuses an entry that would be skipped silently: a revocable
// credential with an unreadable status must not look like one without.
func (r *reader) status() {
	if raw, has := r.c.Tree["credentialStatus"]; has && raw == nil {
		r.fail("credentialStatus", "is null")
	}
}

// texts checks name and description (VCDM 2.0 section 4.6).
func (r *reader) texts() {
	if r.c.Version != 2 {
		return
	}
	r.text("name", r.c.Tree["name"])
	r.text("description", r.c.Tree["description"])
}

func (r *reader) text(path string, v any) {
	ok := true
	switch x := v.(type) {
	case nil, string:
	case map[string]any:
		ok = languageValue(x)
	case []any:
		for _, e := range x {
			m, isMap := e.(map[string]any)
			ok = ok && isMap && languageValue(m)
		}
	default:
		ok = false
	}
	if !ok && r.c.Version == 2 {
		r.fail(path, "must be a text or language value objects")
	}
}

func languageValue(m map[string]any) bool {
	if _, ok := m["@value"].(string); !ok {
		return false
	}
	for k := range m {
		if k != "@value" && k != "@language" && k != "@direction" {
			return false
		}
	}
	return true
}

// firstText returns a plain text of a member that may be language tagged.
func firstText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case map[string]any:
		s, _ := x["@value"].(string)
		return s
	case []any:
		if len(x) > 0 {
			return firstText(x[0])
		}
	}
	return ""
}

// objects reads one object or a list of objects.
func objects(v any) ([]map[string]any, bool) {
	switch x := v.(type) {
	case map[string]any:
		return []map[string]any{x}, true
	case []any:
		out := make([]map[string]any, 0, len(x))
		for _, e := range x {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, false
			}
			out = append(out, m)
		}
		return out, true
	}
	return nil, false
}

func stringOrList(v any) ([]string, error) {
	switch x := v.(type) {
	case string:
		return []string{x}, nil
	case []any:
		out := make([]string, 0, len(x))
		for _, e := range x {
			s, ok := e.(string)
			if !ok {
				return nil, ErrMalformed
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, ErrMalformed
}

// isURL accepts an absolute URL by its shape (RFC 3986: scheme, colon, rest,
// no spaces or control characters); what it means is the resolver's matter.
func isURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || len(s) > 4096 {
		return false
	}
	for i, c := range []byte(scheme) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	for _, c := range []byte(rest) {
		if c <= 0x20 || c == 0x7f || strings.IndexByte(`<>"{}|\^`+"`", c) >= 0 {
			return false
		}
	}
	return true
}
