package schema

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/verdict"
)

// MaxBytes is the cap on one JSON Schema.
const MaxBytes = 1 << 20

const (
	maxSchemas   = 16      // entries of credentialSchema
	maxRelated   = 64      // entries of relatedResource
	maxDocuments = 16      // asked of the Source for one credential
	maxTotal     = 4 << 20 // bytes of them together
)

// Source has schemas and other resources at hand.
type Source interface {
	// Resource returns the bytes behind a URL without a fragment, and their
	// media type where that is known, else "". Any error means that it is not
	// at hand; the text becomes the row's detail. More than 4 MiB are not used.
	Resource(ctx context.Context, url string) (body []byte, mediaType string, err error)
}

// Options are what Check needs beside the credential. The zero value has
// nothing at hand.
type Options struct {
	Source Source
	// Loader holds the contexts that a relatedResource may name; nil means the
	// built-in ones.
	Loader *jsonld.Loader
	// Credential verifies a credential that carries a schema (the type
	// JsonSchemaCredential); nil makes such a schema unknown.
	Credential func(ctx context.Context, body []byte) *credential.Checked
	// Demand says that the policy demands schemas and resources: one that is
	// not at hand or not evaluated is then unknown instead of a warning.
	Demand bool
}

// Check holds a credential against what it says about schemas and resources.
// doc is its secured document, [credential.Checked].Document, and the only thing
// that is evaluated; without one, a credential that names a schema or a resource
// is unknown. What fits adds no row.
//
//	schema_violated            fail     the credential does not fit
//	schema_unavailable         warn     not at hand (unknown on Demand)
//	schema_not_evaluated       warn     SHACL shapes (unknown on Demand)
//	schema_unsupported         unknown  type, version or schema not usable
//	resource_differs           fail     not what its digest or media type says
//	resource_unavailable       warn     not at hand (unknown on Demand)
//	MALFORMED_VALUE_ERROR      fail     an entry breaks the data model
//	too_complex, budget_exceeded  unknown
func Check(ctx context.Context, c *credential.Credential, doc map[string]any, opt Options) []verdict.Check {
	_, related := c.Tree["relatedResource"]
	related = related && c.Version == 2
	if len(c.Schemas) == 0 && !related {
		return nil
	}
	if doc == nil {
		return []verdict.Check{verdict.New(verdict.Format, verdict.NotChecked).As(verdict.Unknown).From(fromCredential)}
	}
	r := &run{ctx: ctx, opt: opt, got: make(map[string]resource), schemas: census{refs: make(map[string]bool)}}
	if related {
		r.related(doc["relatedResource"])
	}
	if len(c.Schemas) > maxSchemas {
		r.add(row(verdict.BudgetExceeded).With("detail", fmt.Sprintf("%d schemas", len(c.Schemas))))
		return r.rows
	}
	for _, entry := range c.Schemas {
		r.entry(entry, doc)
	}
	return r.rows
}

const fromCredential = "credential"

func row(code verdict.Code) verdict.Check {
	return verdict.New(verdict.Format, code).From(fromCredential)
}

// run is one call of Check.
type run struct {
	ctx       context.Context // of the one call that run lives in
	opt       Options
	rows      []verdict.Check
	got       map[string]resource
	documents int
	bytes     int
	schemas   census // of all schemas that were read
}

// resource is what the Source answered.
type resource struct {
	body      []byte
	mediaType string
	err       error
}

func (r *run) add(rows ...verdict.Check) { r.rows = append(r.rows, rows...) }

// missing adds a row for something that is not at hand or not evaluated.
func (r *run) missing(c verdict.Check) {
	if !r.opt.Demand {
		c = c.As(verdict.Warn)
	}
	r.add(c)
}

// get asks the Source, once for each URL. Errors: errUnavailable, errBudget.
func (r *run) get(u string) (resource, error) {
	u, _, _ = strings.Cut(u, "#")
	if res, ok := r.got[u]; ok {
		return res, res.err
	}
	res := r.ask(u)
	r.got[u] = res
	return res, res.err
}

func (r *run) ask(u string) resource {
	if r.opt.Source == nil {
		return resource{err: errUnavailable}
	}
	if r.documents++; r.documents > maxDocuments {
		return resource{err: fmt.Errorf("%w: more than %d", errBudget, maxDocuments)}
	}
	body, mediaType, err := r.opt.Source.Resource(r.ctx, u)
	if err != nil {
		return resource{err: fmt.Errorf("%w: %w", errUnavailable, err)}
	}
	if body == nil {
		return resource{err: errUnavailable}
	}
	if r.bytes += len(body); r.bytes > maxTotal {
		return resource{err: fmt.Errorf("%w: more than %d bytes", errBudget, maxTotal)}
	}
	return resource{body: body, mediaType: mediaType}
}

// The kinds of schema that are known (VC JSON Schema 1.0 section 2; the
// validator of 1EdTech in Open Badges 3.0; European Learning Model).
const (
	typeJSON       = "JsonSchema"
	typeOpenBadges = "1EdTechJsonSchemaValidator2019"
	typeCredential = "JsonSchemaCredential"
	typeSHACL      = "ShaclValidator2017"
)

// entry judges one credentialSchema.
func (r *run) entry(entry, doc map[string]any) {
	id, _ := entry["id"].(string)
	note := func(c verdict.Check) verdict.Check { return c.With("schema", id) }
	malformed := func(detail string) {
		r.add(note(row(verdict.MalformedValue).With("detail", "credentialSchema: "+detail)))
	}
	u, err := url.Parse(id)
	if err != nil || !u.IsAbs() {
		malformed("id is not a URL")
		return
	}
	types, ok := texts(entry["type"])
	if !ok || len(types) == 0 {
		malformed("no type")
		return
	}
	digests, err := stated(entry)
	if err != nil {
		malformed(clip(err))
		return
	}
	evaluate := r.json
	switch kindOf(types) {
	case typeJSON, typeOpenBadges:
	case typeCredential:
		evaluate = r.inCredential
	case typeSHACL:
		r.missing(note(row(verdict.SchemaNotEvaluated)))
		return
	default:
		r.add(note(row(verdict.SchemaUnsupported).With("detail", fmt.Sprintf("type %.80q", types))))
		return
	}
	res, err := r.get(id)
	if err == nil {
		for _, d := range digests {
			if !d.match(res.body) {
				r.add(note(row(verdict.ResourceDiffers)))
				return
			}
		}
		err = evaluate(id, res.body, doc)
	}
	r.report(err, note)
}

// kindOf finds the one known kind among the types of an entry.
func kindOf(types []string) string {
	found := ""
	for _, t := range types {
		switch t {
		case "JsonSchemaValidator2018", "FullJsonSchemaValidator2021":
			t = typeJSON // older names, met with DEQAR and EBSI
		}
		switch t {
		case typeJSON, typeOpenBadges, typeCredential, typeSHACL:
			if found != "" {
				return ""
			}
			found = t
		}
	}
	return found
}

// report adds the row that an error of an evaluation stands for.
func (r *run) report(err error, note func(verdict.Check) verdict.Check) {
	var misfit *violation
	switch detail := func(code verdict.Code) verdict.Check { return note(row(code).With("detail", clip(err))) }; {
	case err == nil:
	case errors.As(err, &misfit):
		r.add(detail(verdict.SchemaViolated))
	case errors.Is(err, errUnavailable):
		r.missing(detail(verdict.SchemaUnavailable))
	case errors.Is(err, errBudget):
		r.add(detail(verdict.BudgetExceeded))
	case errors.Is(err, errWork):
		r.add(detail(verdict.TooComplex))
	default:
		r.add(detail(verdict.SchemaUnsupported))
	}
}

// clip is the text of an error, which may hold what a stranger's server said.
func clip(err error) string { return fmt.Sprintf("%.400s", err.Error()) }

// inCredential evaluates the schema inside a credential (VC JSON Schema 1.0
// section 2.2), once that credential itself is verified.
func (r *run) inCredential(id string, body []byte, doc map[string]any) error {
	if r.opt.Credential == nil {
		return fmt.Errorf("%w: it stands in a credential that was not to be verified", errSchema)
	}
	c := r.opt.Credential(r.ctx, body)
	if c == nil || !c.OK || c.Document == nil || c.Credential == nil {
		return fmt.Errorf("%w: the credential around it does not hold", errSchema)
	}
	if !c.Credential.Has(typeCredential) || c.Credential.ID != "" && c.Credential.ID != id {
		return fmt.Errorf("%w: the credential around it is another one", errSchema)
	}
	subject, _ := c.Document["credentialSubject"].(map[string]any)
	schema, ok := subject["jsonSchema"].(map[string]any)
	if kind, _ := subject["type"].(string); !ok || kind != typeJSON {
		return fmt.Errorf("%w: the credential around it holds none", errSchema)
	}
	if err := r.spend(schema); err != nil {
		return err
	}
	return r.evaluate(id, schema, doc)
}
