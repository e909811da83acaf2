package schema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

const (
	// maxValues and maxRefs cap the JSON values and the distinct references of
	// all schemas of one credential: the compiler's work grows with the square of
	// the one and with their product.
	maxValues = 20_000
	maxRefs   = 500
	// maxNumber caps the digits of one number; arithmetic is exact.
	maxNumber = 400
)

// dialects are the versions of JSON Schema that are evaluated, by the value of
// $schema without an empty fragment (VC JSON Schema 1.0 section 3).
var dialects = map[string]*jsonschema.Draft{
	"https://json-schema.org/draft/2020-12/schema": jsonschema.Draft2020,
	"https://json-schema.org/draft/2019-09/schema": jsonschema.Draft2019,
	"http://json-schema.org/draft-07/schema":       jsonschema.Draft7,
}

// violation says where a credential does not fit.
type violation struct{ at string }

func (v *violation) Error() string { return v.at }

// json evaluates a schema document.
func (r *run) json(id string, body []byte, doc map[string]any) error {
	schema, err := r.parse(body)
	if err != nil {
		return err
	}
	return r.evaluate(id, schema, doc)
}

// parse reads one schema document within what is left of the budget.
func (r *run) parse(body []byte) (map[string]any, error) {
	v, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: MaxBytes, MaxValues: maxValues})
	switch {
	case errors.Is(err, strictjson.ErrTooLarge):
		return nil, fmt.Errorf("%w: %w", errBudget, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errSchema, err)
	}
	return v, r.spend(v)
}

// spend counts a schema into the budget of the credential.
func (r *run) spend(v any) error {
	r.schemas.take(v)
	switch {
	case r.schemas.long:
		return fmt.Errorf("%w: a number of more than %d digits", errSchema, maxNumber)
	case r.schemas.values > maxValues:
		return fmt.Errorf("%w: more than %d values", errBudget, maxValues)
	case len(r.schemas.refs) > maxRefs:
		return fmt.Errorf("%w: more than %d references", errBudget, maxRefs)
	}
	return nil
}

// evaluate holds doc against a schema that was found at id. The error is nil
// when it fits, a *violation when it does not, else errSchema, errUnavailable,
// errBudget or errWork.
func (r *run) evaluate(id string, schema, doc map[string]any) (err error) {
	name, _ := schema["$schema"].(string)
	draft := dialects[strings.TrimSuffix(name, "#")]
	if draft == nil {
		return fmt.Errorf("%w: $schema is %.100q", errSchema, name)
	}
	var c census
	if c.take(doc); c.long {
		return fmt.Errorf("%w: a number of more than %d digits", errWork, maxNumber)
	}
	m := &meter{ctx: r.ctx, work: maxWork, steps: maxSteps}
	defer func() {
		switch recover().(type) {
		case nil:
		case exhausted:
			err = errWork
		default:
			err = fmt.Errorf("%w: the evaluation broke off", errSchema)
		}
	}()
	root, _, _ := strings.Cut(id, "#")
	docs := &documents{run: r, have: map[string]map[string]any{root: schema}}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(draft)
	compiler.UseLoader(docs)
	compiler.UseRegexpEngine(m.regexp)
	compiled, err := compiler.Compile(id)
	if err == nil {
		m.count(compiled)
		err = docs.dynamic(func(at string) error {
			s, err := compiler.Compile(at)
			if err == nil {
				m.count(s)
			}
			return err
		})
	}
	switch {
	case docs.err != nil:
		return docs.err
	case err != nil:
		return fmt.Errorf("%w: %.300s", errSchema, err.Error())
	}
	return verdictOf(compiled.Validate(any(doc)))
}

// documents gives the compiler what the Source has. It keeps the first error,
// which the compiler wraps beyond recognition.
type documents struct {
	run  *run
	have map[string]map[string]any
	err  error
}

// Load is the compiler's loader of URLs other than those of the built-in
// meta-schemas.
func (d *documents) Load(u string) (any, error) {
	if v, ok := d.have[u]; ok {
		return v, nil
	}
	res, err := d.run.get(u)
	var v map[string]any
	if err == nil {
		v, err = d.run.parse(res.body)
	}
	if err != nil {
		d.err = cmp.Or(d.err, fmt.Errorf("%.200s: %w", u, err))
		return nil, err
	}
	d.have[u] = v
	return v, nil
}

// dynamic calls f with the place of every schema that only a $dynamicRef can
// reach, because what the compiler returns does not lead there.
func (d *documents) dynamic(f func(at string) error) error {
	var walk func(at string, v any) error
	walk = func(at string, v any) error {
		switch x := v.(type) {
		case map[string]any:
			if _, has := x["$dynamicAnchor"].(string); has {
				if err := f(at); err != nil {
					return err
				}
			}
			for k, e := range x {
				if err := walk(at+"/"+url.PathEscape(pointer(k)), e); err != nil {
					return err
				}
			}
		case []any:
			for i, e := range x {
				if err := walk(at+"/"+strconv.Itoa(i), e); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for u, v := range d.have {
		if err := walk(u+"#", v); err != nil {
			return err
		}
	}
	return nil
}

// pointer escapes one step of a JSON pointer (RFC 6901).
func pointer(step string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
}

// verdictOf turns the evaluator's error into ours: the first place, in the
// order of places, that does not fit.
func verdictOf(err error) error {
	var root *jsonschema.ValidationError
	if err == nil {
		return nil
	}
	if !errors.As(err, &root) {
		return fmt.Errorf("%w: %.300s", errSchema, err.Error())
	}
	first := ""
	var walk func(e *jsonschema.ValidationError) error
	walk = func(e *jsonschema.ValidationError) error {
		switch e.ErrorKind.(type) {
		case *kind.RefCycle:
			return fmt.Errorf("%w: it refers to itself without end", errSchema)
		case *kind.InvalidJsonValue:
			return fmt.Errorf("%w: the document is no JSON", errSchema)
		}
		for _, cause := range e.Causes {
			if err := walk(cause); err != nil {
				return err
			}
		}
		if len(e.Causes) == 0 {
			if at := place(e); first == "" || at < first {
				first = at
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return err
	}
	return &violation{first}
}

// place names where and by which keyword, and no value of the credential.
func place(e *jsonschema.ValidationError) string {
	at := ""
	for _, step := range e.InstanceLocation {
		at += "/" + pointer(step)
	}
	if at == "" {
		at = "/"
	}
	if e.ErrorKind == nil {
		return fmt.Sprintf("%.300s", at)
	}
	word := strings.Join(e.ErrorKind.KeywordPath(), "/")
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		names := slices.Sorted(slices.Values(missing.Missing))
		word += " " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("%.300s: %.100s", at, word)
}

// census counts what makes a tree costly to work on.
type census struct {
	values int
	long   bool            // a number has more digits than are read
	refs   map[string]bool // distinct values of $ref and its kin
}

// take adds a tree to the census.
func (c *census) take(v any) {
	c.values++
	switch x := v.(type) {
	case json.Number:
		c.long = c.long || len(x) > maxNumber
	case map[string]any:
		for k, e := range x {
			if ref, ok := e.(string); ok && c.refs != nil && strings.HasSuffix(strings.ToLower(k), "ref") {
				c.refs[ref] = true
			}
			c.take(e)
		}
	case []any:
		for _, e := range x {
			c.take(e)
		}
	}
}

// size is the number of values in a tree.
func size(v any) int {
	var c census
	c.take(v)
	return c.values
}
