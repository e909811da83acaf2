package did

import (
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// Relationship is a verification relationship (DID 1.1, section 5.3).
type Relationship string

// The relationships.
const (
	AssertionMethod      Relationship = "assertionMethod"
	Authentication       Relationship = "authentication"
	CapabilityInvocation Relationship = "capabilityInvocation"
	CapabilityDelegation Relationship = "capabilityDelegation"
	KeyAgreement         Relationship = "keyAgreement"
)

// Relationships lists all of them.
func Relationships() []Relationship {
	return []Relationship{AssertionMethod, Authentication, CapabilityInvocation, CapabilityDelegation, KeyAgreement}
}

// maxMethods bounds the verification methods and the references to them.
const maxMethods = 1000

// Document is a DID document, read-only and safe for concurrent use.
type Document struct {
	tree    map[string]any
	id      string
	methods map[string]*method // by absolute id
	order   []*method
	refs    map[Relationship][]*method // nil entries: references that lead nowhere
}

// method is a verification method as found, usable or not.
type method struct {
	VerificationMethod
	embedded bool  // stands inside one relationship and is for that one only
	err      error // why it cannot be used
}

// VerificationMethod is a key of a document.
type VerificationMethod struct {
	ID         string // absolute DID URL
	Type       string
	Controller string
	Key        key.Public
	Expires    *time.Time
	Revoked    *time.Time
}

// Service is a service entry (DID 1.1, section 5.4).
type Service struct {
	ID       string // absolute
	Types    []string
	Endpoint any // string, []any or map[string]any: read-only
}

// ParseDocument wraps the tree of a DID document, as internal/strictjson gives
// it; the tree must not be changed afterwards. The document's own shape is
// checked (id is a DID; members that are lists are lists; no id stands twice).
// A verification method that is malformed or of a kind we do not use does not
// make the document invalid: it is there, and asking for it is an error. The
// error is [ErrDocument].
func ParseDocument(tree map[string]any) (*Document, error) {
	id, ok := tree["id"].(string)
	if !ok {
		return nil, fmt.Errorf("%w: id is missing or not a string", ErrDocument)
	}
	if _, err := Parse(id); err != nil {
		return nil, fmt.Errorf("%w: id: %w", ErrDocument, err)
	}
	d := &Document{tree: tree, id: id, methods: map[string]*method{}, refs: map[Relationship][]*method{}}
	if _, err := d.strings("alsoKnownAs"); err != nil {
		return nil, err
	}
	list, err := d.list("verificationMethod")
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: verificationMethod %d is not an object", ErrDocument, i)
		}
		if _, err := d.addMethod(m); err != nil {
			return nil, err
		}
	}
	if err := d.relate(); err != nil {
		return nil, err
	}
	services, err := d.list("service")
	if err != nil {
		return nil, err
	}
	for i, e := range services {
		if _, ok := e.(map[string]any); !ok {
			return nil, fmt.Errorf("%w: service %d is not an object", ErrDocument, i)
		}
	}
	return d, nil
}

// relate reads the relationships; their entries are references, or methods
// embedded for that relationship alone.
func (d *Document) relate() error {
	for _, rel := range Relationships() {
		list, err := d.list(string(rel))
		if err != nil {
			return err
		}
		for i, e := range list {
			switch v := e.(type) {
			case string:
				m := d.methods[d.absolute(v)]
				if m != nil && m.embedded {
					m = nil // DID 1.1, section 5.3: embedded methods are not for others
				}
				d.refs[rel] = append(d.refs[rel], m)
			case map[string]any:
				m, err := d.addMethod(v)
				if err != nil {
					return err
				}
				m.embedded = true
				d.refs[rel] = append(d.refs[rel], m)
			default:
				return fmt.Errorf("%w: %s %d is neither a reference nor a method", ErrDocument, rel, i)
			}
		}
	}
	return nil
}

func (d *Document) list(name string) ([]any, error) {
	v, ok := d.tree[name]
	if !ok {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a list", ErrDocument, name)
	}
	if len(list) > maxMethods {
		return nil, fmt.Errorf("%w: %s has %d entries, at most %d", ErrDocument, name, len(list), maxMethods)
	}
	return list, nil
}

func (d *Document) strings(name string) ([]string, error) {
	list, err := d.list(name)
	if err != nil {
		return nil, err
	}
	var out []string
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("%w: %s %d is not a string", ErrDocument, name, i)
		}
		out = append(out, s)
	}
	return out, nil
}

// addMethod keeps a verification method. Only what makes the document as a
// whole ambiguous is an error here.
func (d *Document) addMethod(tree map[string]any) (*method, error) {
	m := &method{}
	id, ok := tree["id"].(string)
	if !ok || id == "" {
		m.err = fmt.Errorf("%w: verification method without an id", ErrDocument)
		d.order = append(d.order, m)
		return m, nil
	}
	m.ID = d.absolute(id)
	if d.methods[m.ID] != nil {
		return nil, fmt.Errorf("%w: two verification methods have the id %s", ErrDocument, m.ID)
	}
	m.err = m.read(tree)
	d.methods[m.ID] = m
	d.order = append(d.order, m)
	return m, nil
}

func (m *method) read(tree map[string]any) error {
	m.Type, _ = tree["type"].(string)
	m.Controller, _ = tree["controller"].(string)
	for _, name := range []string{"secretKeyMultibase", "secretKeyJwk", "privateKeyMultibase", "privateKeyJwk", "privateKeyBase58"} {
		if _, ok := tree[name]; ok {
			return fmt.Errorf("%s: %w: %s", m.ID, key.ErrPrivate, name)
		}
	}
	for name, at := range map[string]**time.Time{"expires": &m.Expires, "revoked": &m.Revoked} {
		v, ok := tree[name]
		if !ok {
			continue
		}
		s, _ := v.(string)
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return fmt.Errorf("%w: %s: %s is not a date and time", ErrDocument, m.ID, name)
		}
		*at = &t
	}
	return m.readKey(tree)
}

func (m *method) readKey(tree map[string]any) error {
	mb, hasMB := tree["publicKeyMultibase"]
	jwk, hasJWK := tree["publicKeyJwk"]
	if hasMB == hasJWK {
		return fmt.Errorf("%w: %s: want exactly one of publicKeyMultibase and publicKeyJwk", ErrDocument, m.ID)
	}
	var err error
	switch m.Type {
	case "Multikey", "Ed25519VerificationKey2020":
		s, ok := mb.(string)
		if !ok {
			return fmt.Errorf("%w: %s: publicKeyMultibase is not a string", ErrDocument, m.ID)
		}
		if m.Key, err = key.ParseMultikey(s); err != nil {
			return fmt.Errorf("%s: %w", m.ID, err)
		}
		if m.Type == "Ed25519VerificationKey2020" && m.Key.Kind() != key.Ed25519 {
			m.Key = key.Public{}
			return fmt.Errorf("%w: %s: type and key disagree", ErrDocument, m.ID)
		}
	case "JsonWebKey", "JsonWebKey2020":
		t, ok := jwk.(map[string]any)
		if !ok {
			return fmt.Errorf("%w: %s: publicKeyJwk is not an object", ErrDocument, m.ID)
		}
		if m.Key, err = key.ParseJWK(t); err != nil {
			return fmt.Errorf("%s: %w", m.ID, err)
		}
	default:
		return fmt.Errorf("%s: type %q: %w", m.ID, clip(m.Type), key.ErrKind)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

// absolute completes a relative reference ("#key-1") with the document's id.
func (d *Document) absolute(ref string) string {
	if strings.HasPrefix(ref, "#") || strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, "?") {
		return d.id + ref
	}
	return ref
}

// ID returns the document's own id.
func (d *Document) ID() string { return d.id }

// AlsoKnownAs returns the other names that the subject claims. They are claims.
func (d *Document) AlsoKnownAs() []string {
	out, _ := d.strings("alsoKnownAs") // its shape was checked at the parse
	return out
}

// Entries returns the objects under verificationMethod as they are written, in
// order; read-only. What they are worth is said by Method and Methods.
func (d *Document) Entries() []map[string]any {
	list, _ := d.list("verificationMethod") // its shape was checked at the parse
	out := make([]map[string]any, 0, len(list))
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Tree returns a copy of the document.
func (d *Document) Tree() map[string]any {
	m, _ := strictjson.Clone(d.tree).(map[string]any)
	return m
}

// MarshalJSON writes the document in canonical form.
func (d *Document) MarshalJSON() ([]byte, error) { return strictjson.Canonical(d.tree) }

// Services returns the service entries that have an id, a type and an
// endpoint, in order.
func (d *Document) Services() []Service {
	list, _ := d.list("service")
	var out []Service
	for _, e := range list {
		m, _ := e.(map[string]any)
		s := Service{Endpoint: m["serviceEndpoint"]}
		id, _ := m["id"].(string)
		switch t := m["type"].(type) {
		case string:
			s.Types = []string{t}
		case []any:
			for _, e := range t {
				if name, ok := e.(string); ok {
					s.Types = append(s.Types, name)
				}
			}
		}
		if id == "" || len(s.Types) == 0 || s.Endpoint == nil {
			continue
		}
		s.ID = d.absolute(id)
		out = append(out, s)
	}
	return out
}

// Service finds a service by the fragment of its id, for instance "files".
func (d *Document) Service(fragment string) (Service, bool) {
	for _, s := range d.Services() {
		if s.ID == d.id+"#"+fragment {
			return s, true
		}
	}
	return Service{}, false
}

// Methods returns the usable keys of a relationship: well-formed, of a kind we
// know, controlled by the document itself.
func (d *Document) Methods(rel Relationship) []VerificationMethod {
	var out []VerificationMethod
	for _, m := range d.refs[rel] {
		if m != nil && d.usable(m) == nil {
			out = append(out, m.VerificationMethod)
		}
	}
	return out
}

func (d *Document) usable(m *method) error {
	if m.err != nil {
		return m.err
	}
	if m.Controller != d.id {
		return fmt.Errorf("%w: %s", ErrController, m.ID)
	}
	return nil
}

// Method retrieves a verification method by its URL for a use, by the
// algorithm of Controlled Identifiers 1.0, section 3.3: the URL belongs to this
// document, the method is there, it is controlled by the document, and it
// stands under the relationship. Whether it has expired or been revoked is for
// the caller to judge, who knows the time of interest. Errors: [ErrMethodURL],
// [ErrMethodNotFound], [ErrRelationship], [ErrController], [ErrDocument] for a
// malformed method, or the error of package key.
func (d *Document) Method(url string, rel Relationship) (VerificationMethod, error) {
	u, err := ParseURL(url)
	if err != nil {
		return VerificationMethod{}, fmt.Errorf("%w: %w", ErrMethodURL, err)
	}
	if u.Fragment == "" {
		return VerificationMethod{}, fmt.Errorf("%w: no fragment", ErrMethodURL)
	}
	if u.DID != d.id || u.Path != "" || u.Query != "" {
		return VerificationMethod{}, fmt.Errorf("%w: %s is not of %s", ErrMethodURL, url, d.id)
	}
	m := d.methods[url]
	if m == nil {
		return VerificationMethod{}, fmt.Errorf("%w: %s", ErrMethodNotFound, url)
	}
	if err := d.usable(m); err != nil {
		return VerificationMethod{}, err
	}
	for _, r := range d.refs[rel] {
		if r == m {
			return m.VerificationMethod, nil
		}
	}
	return VerificationMethod{}, fmt.Errorf("%w: %s is not listed under %s", ErrRelationship, url, clip(string(rel)))
}

// FindKey finds the first usable method of a relationship that holds this key.
func (d *Document) FindKey(pub key.Public, rel Relationship) (VerificationMethod, bool) {
	if pub.IsZero() {
		return VerificationMethod{}, false
	}
	for _, m := range d.refs[rel] {
		if m != nil && m.Key == pub && d.usable(m) == nil {
			return m.VerificationMethod, true
		}
	}
	return VerificationMethod{}, false
}
