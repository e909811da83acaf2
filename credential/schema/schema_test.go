package schema

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	schemaURL = "https://uni.example/schema/1"
	goodJSON  = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
"properties":{"credentialSubject":{"type":"object","required":["mark"],"properties":{"mark":{"type":"integer","maximum":10},"mail":{"format":"email"}}}}}`
)

var at = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// shelf is a Source of files, which counts what it is asked for.
type shelf struct {
	files map[string]string
	media map[string]string
	asked []string
}

func (s *shelf) Resource(_ context.Context, url string) ([]byte, string, error) {
	s.asked = append(s.asked, url)
	if body, ok := s.files[url]; ok {
		return []byte(body), s.media[url], nil
	}
	return nil, "", errors.New("no such file")
}

// tree is a credential that fits the schema at schemaURL.
func tree() map[string]any {
	return map[string]any{
		"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "id": "urn:uuid:1",
		"issuer": "did:example:a", "validFrom": "2026-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:b", "mark": json.Number("9"), "mail": "no address"},
		"credentialSchema":  map[string]any{"id": schemaURL, "type": "JsonSchema"},
	}
}

func parse(t testing.TB, m map[string]any) *credential.Credential {
	t.Helper()
	b, err := strictjson.Canonical(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := credential.Parse(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check judges a credential as if its proof had been verified.
func check(t testing.TB, m map[string]any, opt Options) []verdict.Check {
	t.Helper()
	c := parse(t, m)
	rows := Check(t.Context(), c, c.Tree, opt)
	for _, r := range rows {
		spec, ok := verdict.LookupIn(verdict.Format, r.Code)
		if !ok || r.Name != verdict.Format || !slices.Contains(spec.Results, r.Result) {
			t.Errorf("row %+v is not one of the registry", r)
		}
		if r.Result == verdict.Pass {
			t.Errorf("row %+v passes", r)
		}
	}
	return rows
}

func sri(h crypto.Hash, body string) string {
	sum := h.New()
	sum.Write([]byte(body))
	return fmt.Sprintf("sha%d-%s", h.Size()*8, base64.StdEncoding.EncodeToString(sum.Sum(nil)))
}

// want is what one row should say; detail is a part of its params.
type want struct {
	code   verdict.Code
	result verdict.Result
	detail string
}

func expect(t *testing.T, rows []verdict.Check, wants ...want) {
	t.Helper()
	if len(rows) != len(wants) {
		t.Fatalf("rows %+v, want %v", rows, wants)
	}
	for i, w := range wants {
		if rows[i].Code != w.code || rows[i].Result != w.result || !strings.Contains(fmt.Sprint(rows[i].Params), w.detail) {
			t.Errorf("row %+v, want %v", rows[i], w)
		}
	}
}

func TestCredentialSchema(t *testing.T) {
	entry := func(name string, v any) func(map[string]any, *shelf) {
		return func(m map[string]any, _ *shelf) { m["credentialSchema"].(map[string]any)[name] = v }
	}
	subject := func(name string, v any) func(map[string]any, *shelf) {
		return func(m map[string]any, _ *shelf) { m["credentialSubject"].(map[string]any)[name] = v }
	}
	file := func(old, now string) func(map[string]any, *shelf) {
		return func(_ map[string]any, s *shelf) {
			if !strings.Contains(goodJSON, old) {
				t.Fatalf("%s is not in the schema", old)
			}
			s.files[schemaURL] = strings.Replace(goodJSON, old, now, 1)
		}
	}
	const dialect2020 = "https://json-schema.org/draft/2020-12/schema"
	long := strings.Repeat("1", maxNumber+1)
	for _, c := range []struct {
		name string
		edit func(map[string]any, *shelf)
		want []want
	}{
		{"fits", func(map[string]any, *shelf) {}, nil},
		{"no schema named", func(m map[string]any, _ *shelf) { delete(m, "credentialSchema") }, nil},
		{"does not fit", subject("mark", json.Number("11")), []want{{verdict.SchemaViolated, verdict.Fail, "/credentialSubject/mark: maximum"}}},
		{"a member is missing", func(m map[string]any, _ *shelf) { delete(m["credentialSubject"].(map[string]any), "mark") },
			[]want{{verdict.SchemaViolated, verdict.Fail, "/credentialSubject: required mark"}}},
		{"values are not reported", subject("mark", "a name"), []want{{verdict.SchemaViolated, verdict.Fail, "/credentialSubject/mark: type"}}},
		{"fits the older dialect", file(dialect2020, "https://json-schema.org/draft/2019-09/schema"), nil},
		{"fits draft-07", file(dialect2020, "http://json-schema.org/draft-07/schema#"), nil},
		{"draft-06", file(dialect2020, "http://json-schema.org/draft-06/schema#"), []want{{verdict.SchemaUnsupported, verdict.Unknown, "draft-06"}}},
		{"a dialect of its own", file(dialect2020, "https://uni.example/dialect"), []want{{verdict.SchemaUnsupported, verdict.Unknown, "dialect"}}},
		{"no $schema", file(`"$schema":"`+dialect2020+`",`, ""), []want{{verdict.SchemaUnsupported, verdict.Unknown, "$schema"}}},
		{"broken JSON", file("{", ""), []want{{verdict.SchemaUnsupported, verdict.Unknown, "json"}}},
		{"not a schema", file(`"maximum":10`, `"maximum":"ten"`), []want{{verdict.SchemaUnsupported, verdict.Unknown, ""}}},
		{"a pattern that is not of the language", file(`"maximum":10`, `"pattern":"(?!a)"`), []want{{verdict.SchemaUnsupported, verdict.Unknown, ""}}},
		{"a long number in it", file(`"maximum":10`, `"maximum":1.`+long), []want{{verdict.SchemaUnsupported, verdict.Unknown, "digits"}}},
		{"refers to itself", file(`"type":"object",`, `"$ref":"#",`), []want{{verdict.SchemaUnsupported, verdict.Unknown, "itself"}}},
		{"too many values", file(`"maximum":10`, `"enum":[9`+strings.Repeat(",1", maxValues)+`]`), []want{{verdict.BudgetExceeded, verdict.Unknown, ""}}},
		{"too large", file(`"maximum":10`, `"title":"`+strings.Repeat("a", MaxBytes)+`"`), []want{{verdict.BudgetExceeded, verdict.Unknown, ""}}},
		{"not at hand", entry("id", "https://uni.example/schema/2"), []want{{verdict.SchemaUnavailable, verdict.Warn, "no such file"}}},
		{"a part of the file", entry("id", schemaURL+"#/properties/credentialSubject"), []want{{verdict.SchemaViolated, verdict.Fail, "required mark"}}},
		{"no such part", entry("id", schemaURL+"#/none"), []want{{verdict.SchemaUnsupported, verdict.Unknown, ""}}},
		{"Open Badges", func(m map[string]any, s *shelf) {
			entry("type", "1EdTechJsonSchemaValidator2019")(m, s)
			file(dialect2020, "https://json-schema.org/draft/2019-09/schema#")(m, s)
		}, nil},
		{"shapes", entry("type", "ShaclValidator2017"), []want{{verdict.SchemaNotEvaluated, verdict.Warn, ""}}},
		{"unknown type", entry("type", "XmlSchema"), []want{{verdict.SchemaUnsupported, verdict.Unknown, "XmlSchema"}}},
		{"two known types", entry("type", []any{"JsonSchema", "ShaclValidator2017"}), []want{{verdict.SchemaUnsupported, verdict.Unknown, "type"}}},
		{"its digest", entry("digestSRI", sri(crypto.SHA384, goodJSON)), nil},
		{"another digest", entry("digestSRI", sri(crypto.SHA384, goodJSON+" ")), []want{{verdict.ResourceDiffers, verdict.Fail, schemaURL}}},
		{"a digest of an unknown kind", entry("digestSRI", "md5-AAAA"), []want{{verdict.MalformedValue, verdict.Fail, "digest"}}},
		{"an embedded reference", file(`"type":"object",`, `"type":"object","$defs":{"n":{"type":"string"}},"allOf":[{"properties":{"id":{"$ref":"#/$defs/n"}}}],`), nil},
		{"a reference to another file", func(m map[string]any, s *shelf) {
			file(`"type":"integer"`, `"$ref":"2#/$defs/n"`)(m, s)
			s.files["https://uni.example/schema/2"] = `{"$schema":"` + dialect2020 + `","$defs":{"n":{"type":"string"}}}`
		}, []want{{verdict.SchemaViolated, verdict.Fail, "/credentialSubject/mark: type"}}},
		{"a reference to a file that is not at hand", file(`"type":"integer"`, `"$ref":"https://else.example/x"`),
			[]want{{verdict.SchemaUnavailable, verdict.Warn, "else.example"}}},
		{"a reference to a file on this machine", file(`"type":"integer"`, `"$ref":"file:///etc/hostname"`),
			[]want{{verdict.SchemaUnavailable, verdict.Warn, "no such file"}}},
		{"a schema of schemas", file(`"type":"integer"`, `"not":{"$ref":"`+dialect2020+`"}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := tree(), &shelf{files: map[string]string{schemaURL: goodJSON}}
			c.edit(m, s)
			expect(t, check(t, m, Options{Source: s}), c.want...)
		})
	}
}

// What is not at hand or not evaluated is a warning, and unknown on demand;
// what is at hand and cannot be evaluated is unknown always.
func TestDemand(t *testing.T) {
	for _, c := range []struct {
		name, typ string
		want      want
		demanded  verdict.Result
	}{
		{"not at hand", "JsonSchema", want{verdict.SchemaUnavailable, verdict.Warn, ""}, verdict.Unknown},
		{"shapes", "ShaclValidator2017", want{verdict.SchemaNotEvaluated, verdict.Warn, ""}, verdict.Unknown},
		{"unknown type", "Odd", want{verdict.SchemaUnsupported, verdict.Unknown, ""}, verdict.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tree()
			m["credentialSchema"].(map[string]any)["type"] = c.typ
			expect(t, check(t, m, Options{}), c.want)
			c.want.result = c.demanded
			expect(t, check(t, m, Options{Demand: true}), c.want)
		})
	}
}

func TestEachSchemaCounts(t *testing.T) {
	m := tree()
	m["credentialSchema"] = []any{
		map[string]any{"id": schemaURL, "type": "JsonSchema"},
		map[string]any{"id": "https://uni.example/none", "type": "JsonSchema"},
		map[string]any{"id": schemaURL, "type": "Odd"},
	}
	s := &shelf{files: map[string]string{schemaURL: goodJSON}}
	expect(t, check(t, m, Options{Source: s}), want{verdict.SchemaUnavailable, verdict.Warn, "none"}, want{verdict.SchemaUnsupported, verdict.Unknown, "Odd"})
	many := make([]any, maxSchemas+1)
	for i := range many {
		many[i] = map[string]any{"id": schemaURL, "type": "JsonSchema"}
	}
	m["credentialSchema"] = many
	expect(t, check(t, m, Options{Source: s}), want{verdict.BudgetExceeded, verdict.Unknown, ""})
}

// Without a document whose proof holds nothing is evaluated.
func TestNothingVerified(t *testing.T) {
	c := parse(t, tree())
	s := &shelf{files: map[string]string{schemaURL: goodJSON}}
	expect(t, Check(t.Context(), c, nil, Options{Source: s}), want{verdict.NotChecked, verdict.Unknown, ""})
	if len(s.asked) > 0 {
		t.Errorf("asked for %v", s.asked)
	}
}

type noisy struct{}

func (noisy) Resource(context.Context, string) ([]byte, string, error) {
	return nil, "", errors.New(strings.Repeat("a page of HTML ", 1000))
}

func TestSourceErrorsAreClipped(t *testing.T) {
	rows := check(t, tree(), Options{Source: noisy{}})
	expect(t, rows, want{verdict.SchemaUnavailable, verdict.Warn, "HTML"})
	if n := len(rows[0].Params["detail"]); n > 400 {
		t.Errorf("%d bytes of detail", n)
	}
}

func TestBudgetOfDocuments(t *testing.T) {
	m := tree()
	s := &shelf{files: map[string]string{}}
	for i := range maxDocuments + 5 {
		s.files[fmt.Sprintf("https://uni.example/schema/%d", i+1)] = fmt.Sprintf(
			`{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"$ref":"%d"}}}`, i+2)
	}
	expect(t, check(t, m, Options{Source: s}), want{verdict.BudgetExceeded, verdict.Unknown, ""})
	if len(s.asked) != maxDocuments {
		t.Errorf("asked for %d documents", len(s.asked))
	}
	big := strings.Replace(goodJSON, `"type":"object"`, `"type":"object","title":"`+strings.Repeat("a", MaxBytes-1000)+`"`, 1)
	list := make([]any, 6)
	for i := range list {
		u := fmt.Sprintf("https://uni.example/big/%d", i)
		s.files[u], list[i] = big, map[string]any{"id": u, "type": "JsonSchema"}
	}
	m["credentialSchema"] = list
	expect(t, check(t, m, Options{Source: s}), want{verdict.BudgetExceeded, verdict.Unknown, ""}, want{verdict.BudgetExceeded, verdict.Unknown, ""})
}

// signer makes credentials that hold a schema.
type signer struct {
	key key.Private
	id  string
}

func newSigner(t *testing.T) signer {
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{k, k.Public().DIDKey()}
}

func (s signer) sign(t *testing.T, m map[string]any) string {
	t.Helper()
	signed, err := proof.Sign(t.Context(), m, s.key, proof.SignOptions{Suite: proof.EdDSAJCS2022,
		VerificationMethod: s.id + "#" + s.key.Public().Multikey(), Created: at})
	if err != nil {
		t.Fatal(err)
	}
	b, err := strictjson.Canonical(signed)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSchemaCredential(t *testing.T) {
	verify := func(ctx context.Context, body []byte) *credential.Checked {
		return credential.Check(ctx, body, credential.Options{At: at, Resolver: did.Registry{"key": didkey.Resolver()}})
	}
	unsupported := func(detail string) []want { return []want{{verdict.SchemaUnsupported, verdict.Unknown, detail}} }
	for _, c := range []struct {
		name string
		edit func(holder, subject, schema map[string]any)
		late func(string) string
		opt  Options
		want []want
	}{
		{name: "fits", opt: Options{Credential: verify}},
		{name: "does not fit", edit: func(_, _, schema map[string]any) { schema["required"] = []any{"evidence"} },
			opt: Options{Credential: verify}, want: []want{{verdict.SchemaViolated, verdict.Fail, "evidence"}}},
		{name: "changed after signing", late: func(b string) string { return strings.Replace(b, `"mark"`, `"park"`, 1) },
			opt: Options{Credential: verify}, want: unsupported("does not hold")},
		{name: "expired", edit: func(holder, _, _ map[string]any) { holder["validUntil"] = "2026-02-01T00:00:00Z" },
			opt: Options{Credential: verify}, want: unsupported("does not hold")},
		{name: "another id", edit: func(holder, _, _ map[string]any) { holder["id"] = "https://uni.example/schema/9" },
			opt: Options{Credential: verify}, want: unsupported("another one")},
		{name: "another type", edit: func(holder, _, _ map[string]any) { holder["type"] = []any{"VerifiableCredential"} },
			opt: Options{Credential: verify}, want: unsupported("another one")},
		{name: "no schema inside", edit: func(_, subject, _ map[string]any) { delete(subject, "jsonSchema") },
			opt: Options{Credential: verify}, want: unsupported("holds none")},
		{name: "no $schema", edit: func(_, _, schema map[string]any) { delete(schema, "$schema") },
			opt: Options{Credential: verify}, want: unsupported("$schema")},
		{name: "nobody to verify it", want: unsupported("not to be verified")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigner(t)
			schema, err := strictjson.ParseObject([]byte(goodJSON), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			subject := map[string]any{"id": "https://uni.example/schema.json", "type": "JsonSchema", "jsonSchema": schema}
			holder := map[string]any{"@context": []any{credential.ContextV2}, "id": schemaURL,
				"type": []any{"VerifiableCredential", "JsonSchemaCredential"}, "issuer": s.id, "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": subject}
			if c.edit != nil {
				c.edit(holder, subject, schema)
			}
			body := s.sign(t, holder)
			if c.late != nil {
				body = c.late(body)
			}
			m := tree()
			m["credentialSchema"].(map[string]any)["type"] = "JsonSchemaCredential"
			c.opt.Source = &shelf{files: map[string]string{schemaURL: body}}
			expect(t, check(t, m, c.opt), c.want...)
		})
	}
}
