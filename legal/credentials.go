package legal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/record"
)

// Context is the JSON-LD context of what this package signs. W3C Recognized
// Entities has no published context yet; when it has, recognitions under it
// are read as well.
const Context = "https://bonafide.id/contexts/legal-entity/v1"

// The credential types.
const (
	TypeStatement   = "LegalIdentityCredential"
	TypeRecognition = "RecognizedEntityCredential"
)

// The actions of a recognition (Recognized Entities, RecognizedAction).
const (
	ActionIssue     = "issue"
	ActionVerify    = "verify"
	ActionRecognize = "recognize"
)

// Statement is what an organisation says about itself.
type Statement struct {
	ID           string // URL of the credential
	DID          string // issuer and subject
	Organisation Organisation
	ValidFrom    time.Time
	ValidUntil   *time.Time
	// Seals quote statements of control over the DID that the organisation sealed.
	Seals []SealBinding
	// In are the DIDs of those who recognise the organisation, for whoever looks
	// for a way from it up to a root.
	In []string
}

// Bounds of what an issuer says about its seals.
const (
	MaxSeal  = 32 << 10 // bytes of one sealed statement
	MaxSeals = 4        // sealed statements that are quoted at a time
)

// SealBinding is the DID's side of a binding to an electronic seal: it quotes the
// sealed statement by the SHA-256 of its bytes, "sha256-" and base64.
type SealBinding struct {
	Digest  string `json:"digest"`
	Content []byte `json:"content,omitempty"` // the sealed file; nil when it travels apart
}

// Sign builds and signs the statement as JCS bytes, with a key that stands
// under assertionMethod. Errors: those of [Organisation.Validate].
func (s Statement) Sign(ctx context.Context, signer key.Signer, method string) ([]byte, error) {
	if err := s.Organisation.Validate(); err != nil {
		return nil, err
	}
	subject := s.Organisation.subject(s.DID, "Organization")
	tree := map[string]any{
		"@context":          []any{credential.ContextV2, Context},
		"type":              []any{"VerifiableCredential", TypeStatement},
		"issuer":            issuerObject(s.DID, "", "", s.In),
		"validFrom":         proof.FormatTime(s.ValidFrom),
		"credentialSubject": subject,
	}
	put(tree, "id", s.ID)
	if len(s.Seals) > MaxSeals {
		return nil, fmt.Errorf("%w: %d seals, at most %d", ErrStatement, len(s.Seals), MaxSeals)
	}
	if len(s.Seals) > 0 {
		subject["sealBinding"] = sealsTree(s.Seals)
	}
	if s.ValidUntil != nil {
		tree["validUntil"] = proof.FormatTime(*s.ValidUntil)
	}
	return sign(ctx, tree, signer, method, s.ValidFrom)
}

// SignStatement is [Statement.Sign] as a function.
func SignStatement(ctx context.Context, s Statement, signer key.Signer, method string) ([]byte, error) {
	return s.Sign(ctx, signer, method)
}

// ReadStatement reads a statement out of a credential, which must be about its
// own issuer. It does not say that the credential is verified. Errors:
// [ErrStatement], [ErrNaturalPerson], [ErrOrganisation].
func ReadStatement(c *credential.Credential) (Organisation, error) {
	if !c.Has(TypeStatement) || len(c.Subjects) != 1 || c.Subjects[0]["id"] != c.Issuer {
		return Organisation{}, ErrStatement
	}
	o, person, err := readOrganisation(c.Subjects[0])
	if person {
		return o, fmt.Errorf("%w: %s", ErrNaturalPerson, clip(c.Issuer))
	}
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	return o, nil
}

func sealsTree(list []SealBinding) []any {
	out := make([]any, len(list))
	for i, b := range list {
		m := map[string]any{"type": "SealBinding", "digest": b.Digest}
		if len(b.Content) > 0 {
			m["content"] = base64.RawURLEncoding.EncodeToString(b.Content)
		}
		out[i] = m
	}
	return out
}

// ReadSeals reads which sealed statements a statement of an organisation about itself
// quotes. It says neither that the credential is verified nor that a seal holds. The
// error is [ErrStatement].
func ReadSeals(c *credential.Credential) ([]SealBinding, error) {
	if !c.Has(TypeStatement) || len(c.Subjects) != 1 || c.Subjects[0]["id"] != c.Issuer {
		return nil, ErrStatement
	}
	raw, has := c.Subjects[0]["sealBinding"]
	if !has {
		return nil, nil
	}
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw}
	}
	if len(list) > MaxSeals {
		return nil, fmt.Errorf("%w: %d seals, at most %d", ErrStatement, len(list), MaxSeals)
	}
	var out []SealBinding
	for _, e := range list {
		m, _ := e.(map[string]any)
		var b SealBinding
		b.Digest, _ = m["digest"].(string)
		text, _ := m["content"].(string)
		content, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if b.Digest == "" || err != nil || len(content) > MaxSeal {
			return nil, fmt.Errorf("%w: sealBinding", ErrStatement)
		}
		b.Content = content
		out = append(out, b)
	}
	return out, nil
}

// Recognition is what a recogniser says about one entity (W3C Recognized
// Entities, RecognizedEntityCredential with one RecognizedEntity).
type Recognition struct {
	ID           string // URL of the credential
	By           string // DID of the recogniser
	ByName       string // what it calls itself; a claim
	Of           string // DID of the recognised
	Organisation Organisation
	// Actions are what the entity may do; none: it is known, and that is all.
	Actions []string
	// Types limits the actions to credentials of these types; empty: no limit.
	Types []string
	// Schemas says that the actions are limited by schemas that are not read
	// here, so that the scope is not known. Reading only.
	Schemas    bool
	ValidFrom  *time.Time
	ValidUntil *time.Time
	// In are the DIDs of those who recognise the recogniser (recognizedIn).
	In []string
	// Status are the entries in the recogniser's status lists. Writing only.
	Status []credential.StatusSlot
}

// SignRecognition builds and signs a RecognizedEntityCredential as JCS bytes,
// with a key of the recogniser that stands under assertionMethod. ValidFrom is
// required. Errors: [ErrRecognition], and those of [Organisation.Validate].
func SignRecognition(ctx context.Context, r Recognition, signer key.Signer, method string) ([]byte, error) {
	if err := r.Organisation.Validate(); err != nil {
		return nil, err
	}
	if r.ValidFrom == nil || r.By == "" || r.Of == "" || r.By == r.Of {
		return nil, fmt.Errorf("%w: needs a recogniser, another entity and validFrom", ErrRecognition)
	}
	subject := r.Organisation.subject(r.Of, "RecognizedEntity", "Organization")
	actions := make([]any, 0, len(r.Actions))
	for _, a := range r.Actions {
		action := map[string]any{"type": "RecognizedAction", "action": a, "recognizedBy": r.By}
		if len(r.Types) > 0 {
			types := make([]any, len(r.Types))
			for i, t := range r.Types {
				types[i] = t
			}
			action["credentialType"] = types
		}
		actions = append(actions, any(action))
	}
	if len(actions) > 0 {
		subject["recognizedTo"] = actions
	}
	tree := map[string]any{
		"@context":          []any{credential.ContextV2, Context},
		"type":              []any{"VerifiableCredential", TypeRecognition},
		"issuer":            issuerObject(r.By, "RecognizedIssuer", r.ByName, r.In),
		"validFrom":         proof.FormatTime(*r.ValidFrom),
		"credentialSubject": subject,
	}
	put(tree, "id", r.ID)
	if r.ValidUntil != nil {
		tree["validUntil"] = proof.FormatTime(*r.ValidUntil)
	}
	if len(r.Status) > 0 {
		tree["credentialStatus"] = credential.StatusEntries(r.Status)
	}
	return sign(ctx, tree, signer, method, *r.ValidFrom)
}

// issuerObject is the issuer of a credential: the bare DID where nothing is to be
// said of it. recognizedIn names the file of the recogniser's folder as a DID URL.
func issuerObject(id, typ, name string, in []string) any {
	out := map[string]any{"id": id}
	put(out, "type", typ)
	put(out, "name", name)
	refs := make([]any, 0, len(in))
	for _, by := range in {
		refs = append(refs, any(map[string]any{"id": by + "/recognition/" + FileName(id), "type": TypeRecognition}))
	}
	switch len(refs) {
	case 0:
	case 1:
		out["recognizedIn"] = refs[0]
	default:
		out["recognizedIn"] = refs
	}
	if len(out) == 1 {
		return id
	}
	return out
}

// FileName is the name under recognition/ of what is said about a DID: its subject,
// or, for one that is no file name, its digest.
func FileName(id string) string {
	subject := record.SubjectOf(id)
	if !strings.ContainsAny(subject, ":%/") {
		return subject
	}
	d := sha256.Sum256([]byte(subject))
	return hex.EncodeToString(d[:16])
}

// MaxIn bounds how many recognisers a credential may name.
const MaxIn = 4

// RecognisedIn reads whom a credential names as recognising its issuer: the DIDs in
// recognizedIn of its issuer and of the entity that is its issuer. It is a hint where
// to look, and proves nothing. At most [MaxIn].
func RecognisedIn(c *credential.Credential) []string {
	var out []string
	read := func(raw any) {
		for _, ref := range objects(raw) {
			id, _ := ref["id"].(string)
			u, err := did.ParseURL(id)
			if err != nil || len(out) == MaxIn || slices.Contains(out, u.DID) {
				continue
			}
			out = append(out, u.DID)
		}
	}
	if m, ok := c.Tree["issuer"].(map[string]any); ok {
		read(m["recognizedIn"])
	}
	for _, sub := range c.Subjects {
		if sub["id"] == c.Issuer {
			read(sub["recognizedIn"])
		}
	}
	return out
}

func sign(ctx context.Context, tree map[string]any, signer key.Signer, method string, at time.Time) ([]byte, error) {
	signed, err := proof.Sign(ctx, tree, signer, proof.SignOptions{
		Suite: proof.EdDSAJCS2022, VerificationMethod: method, Created: at,
	})
	if err != nil {
		return nil, fmt.Errorf("legal: sign: %w", err)
	}
	return strictjson.Canonical(signed)
}

const maxEntities = 10_000

// ReadRecognitions reads what a credential says about the entities whose
// identifier of returns true for. It does not say that the credential is
// verified. Errors: [ErrRecognition], [ErrOrganisation].
func ReadRecognitions(c *credential.Credential, of func(id string) bool) ([]Recognition, error) {
	if !c.Has(TypeRecognition) {
		return nil, fmt.Errorf("%w: type does not include %s", ErrRecognition, TypeRecognition)
	}
	if len(c.Subjects) > maxEntities {
		return nil, fmt.Errorf("%w: %d entities, at most %d", ErrRecognition, len(c.Subjects), maxEntities)
	}
	var out []Recognition
	for _, sub := range c.Subjects {
		id, _ := sub["id"].(string)
		if id == "" || !of(id) {
			continue
		}
		if !slices.Contains(texts(sub["type"]), "RecognizedEntity") {
			return nil, fmt.Errorf("%w: the entity is no RecognizedEntity", ErrRecognition)
		}
		org, person, err := readOrganisation(sub)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecognition, err)
		}
		if person {
			return nil, fmt.Errorf("%w: %w", ErrRecognition, ErrNaturalPerson)
		}
		r := Recognition{ID: c.ID, By: c.Issuer, ByName: c.IssuerName, Of: id, Organisation: org,
			ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil}
		if err := r.actions(sub["recognizedTo"]); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// actions reads recognizedTo. Each action may have a scope of its own, while
// the project writes one scope for all: the narrowest reading is taken, what
// every action allows.
func (r *Recognition) actions(raw any) error {
	if raw == nil {
		return nil
	}
	list := objects(raw)
	if len(list) == 0 || len(list) > 64 {
		return fmt.Errorf("%w: recognizedTo", ErrRecognition)
	}
	limited := false
	for _, a := range list {
		name, ok := a["action"].(string)
		if !ok || !slices.Contains(texts(a["type"]), "RecognizedAction") {
			return fmt.Errorf("%w: recognizedTo holds no RecognizedAction", ErrRecognition)
		}
		r.Actions = append(r.Actions, name)
		if _, has := a["outputValidation"]; has {
			r.Schemas = true
		}
		raw, has := a["credentialType"]
		if !has {
			continue
		}
		types := texts(raw)
		if len(types) == 0 {
			return fmt.Errorf("%w: credentialType", ErrRecognition)
		}
		if !limited {
			r.Types, limited = types, true
			continue
		}
		r.Types = intersect(r.Types, types)
		if len(r.Types) == 0 {
			r.Types = []string{""} // nothing is in scope: no type is empty
		}
	}
	return nil
}

// intersect returns what both lists hold.
func intersect(a, b []string) []string {
	var out []string
	for _, t := range a {
		if slices.Contains(b, t) {
			out = append(out, t)
		}
	}
	return out
}

// SignWhois builds the presentation for whois.vp: the credentials given, signed
// as JCS bytes with a key of the DID that stands under authentication
// (did:webvh 1.0, whois LinkedVP).
func SignWhois(ctx context.Context, holder string, credentials [][]byte, signer key.Signer, method string, at time.Time) ([]byte, error) {
	list := make([]any, 0, len(credentials))
	for i, body := range credentials {
		tree, err := strictjson.ParseObject(body, strictjson.Limits{})
		if err != nil {
			return nil, fmt.Errorf("%w: credential %d: %w", ErrWhois, i, err)
		}
		list = append(list, any(tree))
	}
	tree := map[string]any{
		"@context":             []any{credential.ContextV2},
		"type":                 []any{"VerifiablePresentation"},
		"holder":               holder,
		"verifiableCredential": list,
	}
	signed, err := proof.Sign(ctx, tree, signer, proof.SignOptions{
		Suite: proof.EdDSAJCS2022, VerificationMethod: method, Purpose: proof.Authentication, Created: at,
	})
	if err != nil {
		return nil, fmt.Errorf("legal: sign: %w", err)
	}
	return strictjson.Canonical(signed)
}

// WhoisMethod picks the key for [SignWhois] from a DID document: the first
// that stands under authentication. It is false when there is none.
func WhoisMethod(doc *did.Document) (did.VerificationMethod, bool) {
	if doc == nil {
		return did.VerificationMethod{}, false
	}
	list := doc.Methods(did.Authentication)
	if len(list) == 0 {
		return did.VerificationMethod{}, false
	}
	return list[0], true
}

// ReadWhois checks a presentation and returns the credentials inside, each
// with what was established about it. The presentation's own proof is not
// decisive, because every credential inside proves itself; but one that is
// there and does not hold, or a holder who is not subject, makes the whole
// file worthless. The error is [ErrWhois].
func ReadWhois(ctx context.Context, body []byte, subject func(id string) bool, opt credential.Options) ([]*credential.Checked, error) {
	p, err := credential.CheckPresentation(ctx, body, opt)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrWhois, err)
	case p.Err != nil:
		return nil, fmt.Errorf("%w: %w", ErrWhois, p.Err)
	case p.Holder != "" && !subject(p.Holder):
		return nil, fmt.Errorf("%w: it is held by %s", ErrWhois, clip(p.Holder))
	}
	return p.Credentials, nil
}
