package jsonld

import (
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/hint"
)

const safeContext = `"@context": {
  "id": "@id", "type": "@type", "name": "urn:name", "T": "urn:T", "U": "urn:U",
  "ref": {"@id": "urn:ref", "@type": "@id"}, "voc": {"@id": "urn:voc", "@type": "@vocab"},
  "when": {"@id": "urn:when", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
  "list": {"@id": "urn:list", "@container": "@list"}, "set": {"@id": "urn:set", "@container": "@set"},
  "lang": {"@id": "urn:lang", "@container": "@language"}, "json": {"@id": "urn:json", "@type": "@json"},
  "idmap": {"@id": "urn:idmap", "@container": "@id"}, "typemap": {"@id": "urn:typemap", "@container": "@type"},
  "index": {"@id": "urn:index", "@container": "@index"}, "graph": {"@id": "urn:graph", "@container": "@graph"},
  "blank": "_:p", "void": null, "nest": "@nest", "rev": {"@reverse": "urn:rev"}
 }, `

// TestDataLoss changes one thing in a good document at a time.
func TestDataLoss(t *testing.T) {
	l := Builtin()
	good := []struct{ name, body string }{
		{"plain", `"name": "x"`},
		{"numbers and booleans", `"name": [1, 1.5, true, false, ""]`},
		{"empty array", `"name": "x", "set": []`},
		{"empty list", `"list": []`},
		{"empty node", `"ref": {}`},
		{"types", `"type": ["T", "U", "urn:V", "_:b"]`},
		{"absolute references", `"ref": ["urn:a", "_:b", "did:example:1#k", "https://e/?a=b#c"], "voc": "T"`},
		{"language", `"name": {"@value": "x", "@language": "en-GB-oed"}`},
		{"direction", `"name": {"@value": "x", "@language": "ar", "@direction": "rtl"}`},
		{"language map", `"lang": {"en": "x", "de-CH-1901": ["y"], "@none": "z"}`},
		{"JSON literal", `"json": {"a": null, "b": [null, {"@foo": 1}]}`},
		{"JSON literal null", `"json": null, "name": "x"`},
		{"id map", `"idmap": {"urn:a": {"name": "x"}, "@none": {"name": "y"}}`},
		{"type map", `"typemap": {"T": {"name": "x"}}`},
		{"graph", `"graph": {"name": "x"}`},
		{"nest", `"nest": {"name": "x"}`},
		{"reverse", `"rev": {"id": "urn:a"}`},
		{"included", `"@included": [{"id": "urn:a", "name": "x"}]`},
		{"absolute property", `"urn:other": "x"`},
		{"explicit datatype", `"name": {"@value": "x", "@type": "urn:dt"}`},
	}
	for _, tt := range good {
		t.Run("good/"+tt.name, func(t *testing.T) {
			doc := parseDoc(t, "{"+safeContext+`"id": "urn:s", `+tt.body+"}")
			if _, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{}); err != nil {
				t.Error(err)
			}
		})
	}
	bad := []struct{ name, body, says string }{
		{"undefined term", `"nam": "x"`, `"nam"`},
		{"undefined term deep inside", `"ref": [{"name": "x"}, {"name": {"id": "urn:q", "ref": {"odd": 1}}}]`, `$["ref"][1]["name"]["ref"]["odd"]`},
		{"term mapped to null", `"void": "x"`, `"void"`},
		{"keyword form", `"@foo": "x"`, `"@foo"`},
		{"undefined type", `"type": "V"`, `"V"`},
		{"undefined type in a list", `"type": ["T", "V"]`, `"V"`},
		{"keyword as a type", `"type": "@id"`, `"@id"`},
		{"relative id", `"name": {"id": "x"}`, `"x"`},
		{"empty id", `"ref": ""`, `""`},
		{"fragment only", `"ref": "#list"`, `"#list"`},
		{"relative reference", `"ref": ["urn:a", "b/c"]`, `"b/c"`},
		{"undefined vocabulary term", `"voc": "nope"`, `"nope"`},
		{"keyword as an id", `"ref": "@type"`, `"@type"`},
		{"keyword form as an id", `"ref": {"id": "@odd", "name": "x"}`, `"@odd"`},
		{"IRI with a space", `"ref": "https://e/a b"`, `ill-formed IRI`},
		{"IRI that ends its brackets", `"ref": "https://e/> <urn:p> <urn:o"`, `ill-formed IRI`},
		{"IRI with two fragments", `"ref": "https://e/#a#b"`, `ill-formed IRI`},
		{"property with a space", `"urn:a b": 1`, `ill-formed IRI`},
		{"type with a space", `"type": "urn:a b"`, `"urn:a b"`},
		{"blank node as a property", `"blank": "x"`, `"_:p"`},
		{"language with an underscore", `"name": {"@value": "x", "@language": "en_GB"}`, `"en_GB"`},
		{"empty language", `"name": {"@value": "x", "@language": ""}`, `language`},
		{"ill-formed key of a language map", `"lang": {"not a tag": "x"}`, `"not a tag"`},
		{"null", `"name": null`, `null`},
		{"null in an array", `"name": ["x", null]`, `["name"][1]`},
		{"null in a list", `"list": ["x", null]`, `null`},
		{"null in a language map", `"lang": {"en": null}`, `null`},
		{"null value object", `"name": {"@value": null}`, `null`},
		{"null list", `"list": {"@list": null}`, `null`},
		{"language without value", `"name": {"@language": "en"}`, `@language`},
		{"index", `"ref": {"@index": "i", "name": "x"}`, `@index`},
		{"index of a value", `"name": {"@value": "x", "@index": "i"}`, `@index`},
		{"index map", `"index": {"a": {"name": "x"}}`, `@index`},
		{"relative key of an id map", `"idmap": {"a": {"name": "x"}}`, `"a"`},
		{"undefined key of a type map", `"typemap": {"V": {"name": "x"}}`, `"V"`},
		{"value in a graph", `"@graph": ["x"], "name": "y"`, `belongs to no property`},
		{"identifier only in a graph", `"@graph": [{"id": "urn:a"}], "name": "y"`, `identifier only`},
		{"empty object in a graph", `"@graph": [{}], "name": "y"`, `empty object`},
		{"value object at the top", `"@graph": {"@value": "x"}, "name": "y"`, `belongs to no property`},
		{"undefined term in a nest", `"nest": {"nam": "x"}`, `"nam"`},
		{"context that ignores a term", `"ref": {"@context": {"@odd": "urn:odd"}, "name": "x"}`, `"@odd"`},
		{"context that ignores an IRI", `"ref": {"@context": {"odd": "@ignored"}, "name": "x"}`, `"@ignored"`},
		{"ill-formed default language", `"ref": {"@context": {"@language": "a b"}, "name": "x"}`, `"a b"`},
		{"ill-formed language of a term", `"ref": {"@context": {"n": {"@id": "urn:n", "@language": "a b"}}, "n": "x"}`, `"a b"`},
	}
	for _, tt := range bad {
		t.Run("bad/"+tt.name, func(t *testing.T) {
			doc := parseDoc(t, "{"+safeContext+`"id": "urn:s", `+tt.body+"}")
			_, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{})
			if !errors.Is(err, ErrDataLoss) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want ErrDataLoss that says %s", err, tt.says)
			}
			if hint.Of(err) == "" {
				t.Error("no hint")
			}
		})
	}
	for _, body := range []string{`{}`, `{"@context": {}}`, `{"@id": "urn:a"}`, `{"@value": "x"}`, `{"@list": []}`, `{"@language": "en"}`} {
		if _, err := l.Expand(parseDoc(t, body)); !errors.Is(err, ErrDataLoss) {
			t.Errorf("%s: got %v, want ErrDataLoss", body, err)
		}
	}
}

// TestInvalid has one violation of JSON-LD per case, beside those of the suites.
func TestInvalid(t *testing.T) {
	l := Builtin()
	tests := []struct{ name, doc, code string }{
		{"id is a number", `{` + safeContext + `"id": 1}`, codeInvalidID},
		{"two ids", `{` + safeContext + `"id": "urn:a", "@id": "urn:a"}`, codeCollidingKeywords},
		{"type is a number", `{` + safeContext + `"type": 1}`, codeInvalidTypeValue},
		{"protected term by an inline context", `{"@context": ["` + urlV2 + `", {"name": "urn:mine"}], "type": "VerifiableCredential", "name": "x"}`, codeProtectedRedefinition},
		{"protected term by a reverse one", `{"@context": ["` + urlV2 + `", {"name": {"@reverse": "https://schema.org/name"}}], "type": "VerifiableCredential"}`, codeProtectedRedefinition},
		{"protected term inside", `{"@context": "` + urlV2 + `", "type": "VerifiableCredential", "credentialSubject": {"@context": {"id": "urn:id"}, "id": "urn:s"}}`, codeProtectedRedefinition},
		{"null context over protected terms", `{"@context": ["` + urlV2 + `", null], "type": "VerifiableCredential"}`, codeInvalidNullification},
		{"null context inside", `{"@context": "` + urlV2 + `", "type": "VerifiableCredential", "credentialSubject": {"@context": null, "@id": "urn:s"}}`, codeInvalidNullification},
		{"null after an inline protected term", `{"@context": [{"p": {"@id": "urn:p", "@protected": true}}, null], "urn:p": 1}`, codeInvalidNullification},
		{"protected term of a type-scoped context", `{"@context": [{"p": {"@id": "urn:p", "@protected": true}, "T": {"@id": "urn:T", "@context": {"p": "urn:q"}}}], "@type": "T", "p": 1}`, codeProtectedRedefinition},
		{"version", `{"@context": {"@version": 1.0}, "urn:p": 1}`, codeInvalidVersion},
		{"cycle", `{"@context": {"a": "b:x", "b": "a:y"}, "urn:p": 1}`, codeCyclicIRIMapping},
		{"list with a property", `{` + safeContext + `"name": {"@list": [], "name": "x"}}`, codeInvalidSetOrList},
		{"set with an id", `{` + safeContext + `"name": {"@set": [], "id": "urn:a"}}`, codeInvalidSetOrList},
		{"set with a list", `{` + safeContext + `"name": {"@set": [], "@list": []}}`, codeInvalidSetOrList},
		{"value with an id", `{` + safeContext + `"name": {"@value": "x", "id": "urn:a"}}`, codeInvalidValueObject},
		{"value with type and language", `{` + safeContext + `"name": {"@value": "x", "@type": "urn:t", "@language": "en"}}`, codeInvalidValueObject},
		{"number with a language", `{` + safeContext + `"name": {"@value": 1, "@language": "en"}}`, codeInvalidLangValue},
		{"direction", `{` + safeContext + `"name": {"@value": "x", "@direction": "up"}}`, codeInvalidBaseDirection},
		{"object as a value", `{` + safeContext + `"name": {"@value": {}}}`, codeInvalidValueObjectValue},
		{"two types of a value", `{` + safeContext + `"name": {"@value": "x", "@type": ["urn:a", "urn:b"]}}`, codeInvalidTypedValue},
		{"reversed value", `{` + safeContext + `"rev": "x"}`, codeInvalidReverseValue},
		{"nested value", `{` + safeContext + `"nest": "x"}`, codeInvalidNest},
		{"context is a number", `{"@context": 1, "urn:p": 1}`, codeInvalidLocalContext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := l.CanonicalNQuads(parseDoc(t, tt.doc), crypto.SHA256, Limits{})
			if !errors.Is(err, ErrInvalid) || codeOf(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

func TestUnknownContext(t *testing.T) {
	l := Builtin()
	for name, doc := range map[string]string{
		"alone":          `{"@context": "https://example.com/x", "urn:p": 1}`,
		"second":         `{"@context": ["` + urlV2 + `", "https://example.com/x"], "urn:p": 1}`,
		"inside":         `{"@context": "` + urlV2 + `", "urn:p": {"@context": "https://example.com/x"}}`,
		"import":         `{"@context": {"@import": "https://example.com/x"}, "urn:p": 1}`,
		"scoped":         `{"@context": {"t": {"@id": "urn:t", "@context": "https://example.com/x"}}, "urn:p": 1}`,
		"relative":       `{"@context": "x", "urn:p": 1}`,
		"empty":          `{"@context": "", "urn:p": 1}`,
		"case":           `{"@context": "https://www.w3.org/ns/Credentials/v2", "urn:p": 1}`,
		"with fragment":  `{"@context": "` + urlV2 + `#", "urn:p": 1}`,
		"trailing slash": `{"@context": "` + urlV2 + `/", "urn:p": 1}`,
	} {
		if _, err := l.Expand(parseDoc(t, doc)); !errors.Is(err, ErrContext) {
			t.Errorf("%s: got %v, want ErrContext", name, err)
		}
	}
}

func TestLanguageTags(t *testing.T) {
	for _, s := range []string{"en", "de-CH-1901", "zh-yue-Hant-HK", "x-private", "sl-rozaj-biske-1994", "en-a-bbb-x-a-ccc", "i-klingon", "abcdefgh", "es-419", "az-Arab-x-AZE"} {
		if !langTag(s) {
			t.Errorf("%q is well-formed", s)
		}
	}
	for _, s := range []string{"", "e", "en-", "-en", "en--us", "en_US", "en us", "e1", "abcdefghi", "en-a", "x-", "x", "en-a-bbb-a-ccc", "de-1901-1901", "en-\u00e9", "419", strings.Repeat("en-", 100) + "en"} {
		if langTag(s) {
			t.Errorf("%q is ill-formed", s)
		}
	}
}
