package ebsi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didebsi "github.com/bonafide-id/bonafide/did/ebsi"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// What one file, one record and a book may hold.
const (
	MaxBytes      = 8 << 20
	maxBody       = 64 << 10 // of one accreditation
	maxAttributes = 256      // of one issuer
	maxRecords    = 20_000
	maxDocument   = 64 << 10
)

// Format is what files of EBSI are called.
const Format = "ebsi"

// The issuer types of registry entries.
const (
	TypeRootTAO   = "RootTAO"
	TypeTAO       = "TAO"
	TypeTI        = "TI"
	TypeRevoked   = "Revoked"
	TypeUndefined = "Undefined"
)

// Attribute is one registry entry: an accreditation and what the registry says of
// it.
type Attribute struct {
	ID         string    `json:"id,omitempty"` // by which termsOfUse name it
	Hash       string    `json:"hash"`         // SHA-256 of Body in hexadecimal
	Body       string    `json:"body"`         // JWT
	IssuerType string    `json:"issuerType"`
	TAO        string    `json:"tao,omitempty"`
	RootTAO    string    `json:"rootTao,omitempty"`
	Retrieved  time.Time `json:"retrievedAt"`
	Source     string    `json:"sourceSHA256"`
}

// Record is what the registry holds of one issuer.
type Record struct {
	DID        string      `json:"did"`
	Attributes []Attribute `json:"attributes"`
	// Complete: all entries of the issuer were in the file.
	Complete bool `json:"complete,omitempty"`
}

// Document is a DID document.
type Document struct {
	DID       string         `json:"did"`
	Tree      strictjson.Raw `json:"document"`
	Retrieved time.Time      `json:"retrievedAt"`
	Source    string         `json:"sourceSHA256"`
}

// Batch is what one file holds.
type Batch struct {
	Records   []Record
	Documents []Document
	Findings  []string // what was passed over, and why
}

type reader struct {
	out       Batch
	retrieved time.Time
	source    string
}

// Read reads one answer, or a list of them: an issuer with its attributes inline
// (Trusted Issuers Registry API v4), an issuer, a page of attributes or one
// attribute (v5), a DID document or a resolution result. retrieved is when the
// operator fetched it. Errors: [ErrForm], [ErrHash], [ErrTooLarge].
func Read(body []byte, retrieved time.Time) (Batch, error) {
	if len(body) > MaxBytes {
		return Batch{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), MaxBytes)
	}
	v, err := strictjson.Parse(body, strictjson.Limits{MaxBytes: MaxBytes, MaxDepth: 32})
	if err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	sum := sha256.Sum256(body)
	r := reader{retrieved: retrieved.UTC().Truncate(time.Second), source: hex.EncodeToString(sum[:])}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return Batch{}, fmt.Errorf("%w: a value is no object", ErrForm)
		}
		if err := r.object(m); err != nil {
			return Batch{}, err
		}
	}
	if len(r.out.Records)+len(r.out.Documents)+len(r.out.Findings) == 0 {
		return Batch{}, fmt.Errorf("%w: it holds nothing", ErrForm)
	}
	return r.out, nil
}

// object tells by its members what an object is.
func (r *reader) object(m map[string]any) error {
	id, _ := m["did"].(string)
	attributes, inline := m["attributes"].([]any)
	_, address := m["attributes"].(string)
	inner, single := m["attribute"].(map[string]any)
	items, page := m["items"].([]any)
	document, resolved := m["didDocument"].(map[string]any)
	organisation, organised := m["issuer"].(map[string]any)
	switch {
	case resolved:
		return r.document(document)
	case m["verificationMethod"] != nil:
		return r.document(m)
	case id != "" && inline:
		return r.record(id, attributes, true)
	case id != "" && single:
		return r.record(id, []any{inner}, false)
	case id != "" && (address || m["hasAttributes"] != nil):
		r.note("the record of %s names its attributes elsewhere: fetch each of them and import it", clip(id))
		return nil
	case page:
		r.note("a page that names %d attributes: fetch each of them and import it", len(items))
		return nil
	case organised && organisation["organizationInfo"] != nil:
		r.note("a record of an organisation was passed over: nothing proves its names and numbers")
		return nil
	}
	return fmt.Errorf("%w: an object is neither a record, an attribute, a page nor a document", ErrForm)
}

func (r *reader) note(format string, args ...any) {
	if len(r.out.Findings) < 200 {
		r.out.Findings = append(r.out.Findings, fmt.Sprintf(format, args...))
	}
}

func (r *reader) record(id string, list []any, complete bool) error {
	if err := didebsi.Check(id); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if len(list) > maxAttributes {
		return fmt.Errorf("%w: %s has %d attributes", ErrTooLarge, id, len(list))
	}
	rec := Record{DID: id, Attributes: []Attribute{}, Complete: complete}
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%w: an attribute of %s is no object", ErrForm, id)
		}
		a := Attribute{Retrieved: r.retrieved, Source: r.source}
		for name, dst := range map[string]*string{"hash": &a.Hash, "body": &a.Body, "issuerType": &a.IssuerType, "tao": &a.TAO, "rootTao": &a.RootTAO} {
			raw, has := m[name]
			s, isText := raw.(string)
			if has && raw != nil && !isText {
				return fmt.Errorf("%w: %s of an attribute of %s", ErrForm, name, id)
			}
			*dst = s
		}
		if a.Body == "" && a.IssuerType == TypeUndefined {
			r.note("an attribute of %s is reserved and empty", id)
			continue
		}
		if err := a.check(); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		a.ID = idOf(a.Body)
		rec.Attributes = append(rec.Attributes, a)
	}
	r.out.Records = append(r.out.Records, rec)
	return nil
}

// check judges the shape of an entry and the hash of its body.
func (a Attribute) check() error {
	if !slices.Contains([]string{TypeRootTAO, TypeTAO, TypeTI, TypeRevoked, TypeUndefined}, a.IssuerType) {
		return fmt.Errorf("%w: issuerType %s", ErrForm, clip(a.IssuerType))
	}
	if a.Body == "" || len(a.Body) > maxBody || len(a.TAO) > 200 || len(a.RootTAO) > 200 {
		return fmt.Errorf("%w: the body of an attribute is missing, or a member is too long", ErrForm)
	}
	sum := sha256.Sum256([]byte(a.Body))
	if strings.TrimPrefix(strings.ToLower(a.Hash), "0x") != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("%w: %s", ErrHash, clip(a.Hash))
	}
	return nil
}

// idOf reads, without believing it, by which id a body says that the registry
// holds it; its hash where it says none.
func idOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	own := hex.EncodeToString(sum[:])
	parts := strings.Split(body, ".")
	if len(parts) != 3 {
		return own
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return own
	}
	claims, err := strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: maxBody, MaxDepth: 32})
	if err != nil {
		return own
	}
	vc, _ := claims["vc"].(map[string]any)
	sub, _ := vc["credentialSubject"].(map[string]any)
	if s, ok := sub["reservedAttributeId"].(string); ok && isID(s) {
		return strings.ToLower(strings.TrimPrefix(s, "0x"))
	}
	return own
}

// isID tells whether a text is 64 hexadecimal digits, 0x before them or not.
func isID(s string) bool {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	return err == nil && len(b) == 32
}

func (r *reader) document(tree map[string]any) error {
	doc, err := did.ParseDocument(tree)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if err := didebsi.Check(doc.ID()); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	raw, err := strictjson.Canonical(tree)
	if err != nil || len(raw) > maxDocument {
		return fmt.Errorf("%w: the document of %s", ErrTooLarge, doc.ID())
	}
	r.out.Documents = append(r.out.Documents, Document{DID: doc.ID(), Tree: raw, Retrieved: r.retrieved, Source: r.source})
	return nil
}

func clip(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	return fmt.Sprintf("%q", s)
}
