package did

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Options choose a version. At most one of the three may be set.
type Options struct {
	VersionID     string
	VersionTime   time.Time // the version in force at that time
	VersionNumber int       // counted from 1
	// NoCache asks for an answer from the source rather than from memory.
	NoCache bool
}

// Versioned tells whether a version other than the newest may be meant.
func (o Options) Versioned() bool {
	return o.VersionID != "" || !o.VersionTime.IsZero() || o.VersionNumber != 0
}

// Check refuses options that contradict each other. The error is [ErrOptions].
func (o Options) Check() error {
	n := 0
	for _, set := range []bool{o.VersionID != "", !o.VersionTime.IsZero(), o.VersionNumber != 0} {
		if set {
			n++
		}
	}
	if n > 1 {
		return fmt.Errorf("%w: versionId, versionTime and versionNumber exclude each other", ErrOptions)
	}
	if o.VersionNumber < 0 {
		return fmt.Errorf("%w: versionNumber %d", ErrOptions, o.VersionNumber)
	}
	return nil
}

// ParseOptions reads the options out of the query of a DID URL and returns the
// other parameters by name (DID Resolution, section on options). Errors:
// [ErrInvalidURL] for a parameter given twice, [ErrOptions] for a bad value.
func ParseOptions(query string) (Options, map[string]string, error) {
	var o Options
	rest := map[string]string{}
	if query == "" {
		return o, rest, nil
	}
	seen := map[string]bool{}
	for _, part := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		value, err := unescape(value)
		if err != nil {
			return Options{}, nil, fmt.Errorf("%w: query parameter %s", ErrInvalidURL, clip(name))
		}
		if seen[name] {
			return Options{}, nil, fmt.Errorf("%w: query parameter %s stands twice", ErrInvalidURL, clip(name))
		}
		seen[name] = true
		if err := o.set(name, value, rest); err != nil {
			return Options{}, nil, err
		}
	}
	return o, rest, o.Check()
}

// set takes one option, or puts what is no option of ours into rest.
func (o *Options) set(name, value string, rest map[string]string) error {
	switch name {
	case "versionId":
		if value == "" {
			return fmt.Errorf("%w: versionId is empty", ErrOptions)
		}
		o.VersionID = value
	case "versionTime":
		t, err := time.Parse("2006-01-02T15:04:05Z", value)
		// Parse lets a fraction through that the layout does not have.
		if err != nil || len(value) != len("2006-01-02T15:04:05Z") {
			return fmt.Errorf("%w: versionTime is not like 2026-01-31T12:00:00Z", ErrOptions)
		}
		o.VersionTime = t
	case "versionNumber":
		n, ok := decimal(value)
		if !ok {
			return fmt.Errorf("%w: versionNumber is not a positive integer", ErrOptions)
		}
		o.VersionNumber = n
	case "noCache":
		if value != "true" && value != "false" {
			return fmt.Errorf("%w: noCache is neither true nor false", ErrOptions)
		}
		o.NoCache = value == "true"
	default:
		rest[name] = value
	}
	return nil
}

// decimal reads 1..999999999 without sign or leading zeros.
func decimal(s string) (int, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func unescape(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return "", ErrInvalidURL
		}
		b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
		i += 2
	}
	return b.String(), nil
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// Resolver resolves the DIDs of one method or of many. Errors wrap the
// sentinels of this package; [Code] names them.
type Resolver interface {
	Resolve(ctx context.Context, did string, opt Options) (*Resolution, error)
}

// Resolution is the answer about one DID.
type Resolution struct {
	DID      string    // as asked
	Document *Document // nil when deactivated, or on an error
	Meta     Metadata
	Info     ResolutionInfo
	// Versions lists all verified versions, oldest first, for methods with
	// history. It is shared: do not change it.
	Versions []Version
	Source   string // "local", "replica", "https://host", "peer"
	SeenAt   time.Time
	// LowAssurance says that the method keeps no history: whoever runs the web
	// server, and whoever did so before, could put any key there unseen.
	LowAssurance bool
	// OriginProven says that this identifier's history was fetched from the
	// domain it names. Otherwise the domain is only a claim.
	OriginProven bool
	// Contested says that two valid histories of this identifier are known.
	Contested bool
}

// Version is one verified version of an identifier.
type Version struct {
	ID          string
	Number      int
	Time        time.Time
	Document    *Document // nil when its document is malformed
	Deactivated bool      // this version closed the identifier
}

// Metadata is the DID document metadata (DID Resolution).
type Metadata struct {
	VersionID     string
	NextVersionID string
	Created       *time.Time
	Updated       *time.Time
	Deactivated   bool
	CanonicalID   string
	EquivalentID  []string
	// Extra holds members of the method. They never replace those above.
	Extra map[string]any
}

// MarshalJSON writes the members that are set; times are UTC in whole seconds.
func (m Metadata) MarshalJSON() ([]byte, error) { return strictjson.Canonical(m.tree()) }

func (m Metadata) tree() map[string]any {
	out := maps.Clone(m.Extra)
	if out == nil {
		out = map[string]any{}
	}
	for name, s := range map[string]string{"versionId": m.VersionID, "nextVersionId": m.NextVersionID, "canonicalId": m.CanonicalID} {
		if s != "" {
			out[name] = s
		}
	}
	for name, t := range map[string]*time.Time{"created": m.Created, "updated": m.Updated} {
		if t != nil {
			out[name] = FormatTime(*t)
		}
	}
	if m.Deactivated {
		out["deactivated"] = true
	}
	if len(m.EquivalentID) > 0 {
		out["equivalentId"] = slices.Clone(m.EquivalentID)
	}
	return out
}

// FormatTime writes a time as resolution results have it: UTC, whole seconds.
func FormatTime(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// ResolutionInfo is the DID resolution metadata.
type ResolutionInfo struct {
	ContentType string // of the document; "" on an error
	Error       *Problem
	Extra       map[string]any
}

// Problem is the error object of a resolution result (RFC 9457).
type Problem struct {
	Type   string // "https://www.w3.org/ns/did#NOT_FOUND"
	Title  string
	Detail string
}

func (i ResolutionInfo) tree() map[string]any {
	out := maps.Clone(i.Extra)
	if out == nil {
		out = map[string]any{}
	}
	if i.ContentType != "" {
		out["contentType"] = i.ContentType
	}
	if i.Error != nil {
		out["error"] = map[string]any{"type": i.Error.Type, "title": i.Error.Title, "detail": i.Error.Detail}
	}
	return out
}

// MarshalJSON writes the members that are set.
func (i ResolutionInfo) MarshalJSON() ([]byte, error) { return strictjson.Canonical(i.tree()) }

// MediaTypes of resolution answers and documents (DID Resolution, DID 1.1).
const (
	MediaTypeResolution = "application/did-resolution"
	MediaTypeDocument   = "application/did"
)

// MarshalJSON writes the resolution result, media type
// "application/did-resolution": didDocument, didDocumentMetadata and
// didResolutionMetadata. On an error the document is null and its metadata
// empty.
func (r *Resolution) MarshalJSON() ([]byte, error) {
	out := map[string]any{
		"didDocument":           nil,
		"didDocumentMetadata":   map[string]any{},
		"didResolutionMetadata": r.Info.tree(),
	}
	if r.Info.Error == nil {
		out["didDocumentMetadata"] = r.Meta.tree()
		if r.Document != nil {
			out["didDocument"] = r.Document.tree
		}
	}
	return strictjson.Canonical(out)
}

var _ json.Marshaler = (*Resolution)(nil)

// Failure makes the result that reports err, with the hint of err, if there is
// one, at the end of the detail.
func Failure(did string, err error) *Resolution {
	code := Code(err)
	detail := err.Error()
	if h := hint.Of(err); h != "" {
		detail += ". " + h
	}
	// The error may quote what was asked, and bytes that are no text would keep the
	// result from being written.
	detail = strings.ToValidUTF8(detail, "\ufffd")
	return &Resolution{DID: did, Info: ResolutionInfo{
		Error: &Problem{Type: "https://www.w3.org/ns/did#" + code, Title: title(code), Detail: detail},
	}}
}

// Method finds a verification method like [Document.Method], and also when url
// names the identifier as it was asked for while the document carries its
// canonical one, as after a move of a did:webvh. Errors as there, and
// [ErrMethodNotFound] without a document.
func (r *Resolution) Method(url string, rel Relationship) (VerificationMethod, error) {
	if r.Document == nil {
		return VerificationMethod{}, fmt.Errorf("%w: %s is deactivated", ErrMethodNotFound, r.DID)
	}
	if own := r.Document.ID(); own != r.DID && own == r.Meta.CanonicalID {
		if fragment, ok := strings.CutPrefix(url, r.DID+"#"); ok {
			url = own + "#" + fragment
		}
	}
	return r.Document.Method(url, rel)
}

// Registry resolves by method name.
type Registry map[string]Resolver

// Resolve hands the DID to the resolver of its method. The error is
// [ErrInvalid] for what is no DID, [ErrMethod] for an unknown method, or that
// of the resolver.
func (r Registry) Resolve(ctx context.Context, did string, opt Options) (*Resolution, error) {
	u, err := Parse(did)
	if err != nil {
		return nil, err
	}
	res, ok := r[u.Method]
	if !ok || res == nil {
		return nil, fmt.Errorf("%w: did:%s", ErrMethod, clip(u.Method))
	}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	return res.Resolve(ctx, did, opt)
}

// Methods lists the names of the known methods, sorted.
func (r Registry) Methods() []string { return slices.Sorted(maps.Keys(r)) }
