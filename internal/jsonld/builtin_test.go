package jsonld

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
)

const (
	urlV1    = "https://www.w3.org/2018/credentials/v1"
	urlV2    = "https://www.w3.org/ns/credentials/v2"
	urlOB    = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
	urlMicro = "https://bonafide.id/contexts/micro-credential/v1"
)

// TestBuiltinTable holds table, files, README and digests together.
func TestBuiltinTable(t *testing.T) {
	readme := string(readFile(t, filepath.Join("contexts", "README.md")))
	var files []string
	for _, b := range builtins() {
		files = append(files, b.file)
		body := b.body()
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != b.embedded {
			t.Errorf("%s: SHA-256 %s, table says %s", b.file, got, b.embedded)
		}
		if b.published != "" && b.published != b.embedded {
			t.Errorf("%s: published digest is %s", b.file, b.published)
		}
		if !strings.Contains(readme, "| "+b.url+" | "+b.file+" |") || !strings.Contains(readme, b.embedded) {
			t.Errorf("README.md has no row for %s", b.url)
		}
		if _, err := (&run{l: Builtin()}).apply(newGeneration("").root, b.url, "", how{}); err != nil {
			t.Errorf("%s does not compile: %v", b.url, err)
		}
	}
	onDisk, err := filepath.Glob("contexts/*.json*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range onDisk {
		if name := filepath.Base(f); name != "layouts.json" && !slices.Contains(files, name) {
			t.Errorf("%s is in no row of the table", name)
		}
	}
	if urls := Builtin().URLs(); len(urls) != len(builtins()) || !slices.IsSorted(urls) {
		t.Errorf("URLs() = %v", urls)
	}
}

// TestBuiltinContent compares the embedded files with reference copies that
// come from other sources.
func TestBuiltinContent(t *testing.T) {
	dir := vectors.Path(t, "contexts")
	compared := 0
	for _, b := range builtins() {
		reference, err := os.ReadFile(filepath.Join(dir, b.file))
		if errors.Is(err, os.ErrNotExist) && b.published == "" {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", b.file, err)
			continue
		}
		compared++
		got, err := strictjson.Parse(b.body(), strictjson.Limits{})
		if err != nil {
			t.Errorf("%s: %v", b.file, err)
		}
		want, err := strictjson.Parse(reference, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !equalTree(got, want) {
			t.Errorf("%s differs in content from the reference copy", b.file)
		}
		// The reference of did-v1 comes from a source with other white space.
		if string(b.body()) != string(reference) && b.file != "did-v1.jsonld" {
			t.Errorf("%s differs in bytes from the reference copy", b.file)
		}
	}
	if compared != 17 {
		t.Errorf("compared %d files, want 17", compared)
	}
}

// microCredential uses every term of our own context beside Open Badges.
const microCredential = `{
 "@context": ["` + urlV2 + `", "` + urlOB + `", "` + urlMicro + `"],
 "id": "urn:uuid:0b6a4f0e-4f5a-4a3e-9d55-0d6f1d6c2f00",
 "type": ["VerifiableCredential", "OpenBadgeCredential", "MicroCredentialCredential"],
 "name": "Soil science",
 "issuer": {"id": "did:example:uni", "type": ["Profile", "BonafideOrganisation"], "name": "Universidad",
  "legalName": "Universidad de Ejemplo", "altName": "UdE", "homepage": "https://uni.example/",
  "legalSeat": {"type": ["Address"], "addressCountryCode": "ES"},
  "legalIdentifier": [{"type": "LegalIdentifier", "scheme": "VAT", "country": "ES", "value": "A00000000"}, {"scheme": "LEI", "value": "5493"}]},
 "validFrom": "2026-01-01T00:00:00Z",
 "awardedDate": "2026-01-01T00:00:00Z",
 "placeOfIssue": {"type": ["Address"], "addressCountryCode": "ES", "addressLocality": "Madrid"},
 "placeCountry": "ES",
 "awardingBody": {"type": ["Profile"], "id": "did:example:awarding", "name": "Ministry"},
 "credentialSubject": {"type": ["AchievementSubject"], "id": "did:example:holder", "name": "Ana", "creditsEarned": 2.5,
  "identifier": [{"type": "IdentityObject", "hashed": false, "identityType": "ext:dateOfBirth", "identityHash": "2001-12-31"}],
  "achievement": {"id": "urn:uuid:0b6a4f0e-4f5a-4a3e-9d55-0d6f1d6c2f00#achievement", "type": ["Achievement"],
   "achievementType": "MicroCredential", "name": "Soil science", "description": "Soil", "criteria": {"narrative": "Exam"},
   "inLanguage": "en", "workload": "PT60H", "nqfLevel": "MECES 2", "eqfLevel": "http://data.europa.eu/snb/eqf/6",
   "assessment": "written", "formOfParticipation": "online", "qualityAssurance": "internal", "learningOutcome": ["a", "b"]}},
 "credentialStatus": {"id": "https://uni.example/status/1#5", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
  "statusListIndex": "5", "statusListCredential": "https://uni.example/status/1"}
}`

func parseDoc(t testing.TB, s string) map[string]any {
	t.Helper()
	m, err := strictjson.ParseObject([]byte(s), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMicroContext checks that our context stands beside the others: no term
// that they protect is redefined, and no member of a credential is lost.
func TestMicroContext(t *testing.T) {
	l := Builtin()
	doc := parseDoc(t, microCredential)
	got, err := l.CanonicalNQuads(doc, crypto.SHA256, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<http://data.europa.eu/snb/model/elm/EQFLevel> <http://data.europa.eu/snb/eqf/6> .`,
		`<http://data.europa.eu/snb/model/elm/NQFLevel> "MECES 2" .`,
		`<http://data.europa.eu/snb/model/elm/workload> "PT60H"^^<http://www.w3.org/2001/XMLSchema#duration> .`,
		`<http://data.europa.eu/snb/model/elm/mode> "online" .`,
		`<http://data.europa.eu/snb/model/elm/awardingBody> <did:example:awarding> .`,
		`<did:example:uni> <http://www.w3.org/ns/regorg#legalName> "Universidad de Ejemplo" .`,
		`<http://www.w3.org/2004/02/skos/core#notation> "A00000000" .`,
		`<https://bonafide.id/vocab#qualityAssurance> "internal" .`,
		`<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://bonafide.id/vocab#MicroCredentialCredential> .`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no statement %s in\n%s", want, got)
		}
	}
	ours, err := strictjson.ParseObject(mustDocument(t, l, urlMicro), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for term := range ours["@context"].(map[string]any) {
		if term[0] != '@' && !strings.Contains(microCredential, `"`+term+`"`) && term != "BonafidePractice" {
			t.Errorf("the sample does not use the term %s", term)
		}
	}
	for _, others := range [][]any{
		{urlV2, urlMicro}, {urlV1, urlMicro}, {urlV2, urlMicro, urlOB},
		{urlV2, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", urlMicro},
		// The older Open Badges contexts type "description" and so cannot stand beside credentials/v2.
		{urlV1, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", urlMicro},
		{urlV1, "https://purl.imsglobal.org/spec/ob/v3p0/context.json", urlMicro},
		{urlV2, urlOB, "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", urlMicro},
		{urlV2, urlMicro, "https://w3id.org/security/data-integrity/v2", "https://w3id.org/vc/status-list/2021/v1"},
	} {
		small := map[string]any{"@context": others, "type": "VerifiableCredential", "legalName": "A", "eqfLevel": "urn:x"}
		if _, err := l.CanonicalNQuads(small, crypto.SHA256, Limits{}); err != nil {
			t.Errorf("%v: %v", others, err)
		}
	}
}

// TestOwnContextsNameOnce: selective disclosure by the specification expands and
// compacts (VC DI ECDSA 1.0 section 3.4.8), and what has two names comes back
// under one of them, so that the JSON pointer of a holder leads nowhere.
func TestOwnContextsNameOnce(t *testing.T) {
	l := Builtin()
	for _, b := range builtins() {
		if b.published == "" {
			namedOnce(t, b.url, parseDoc(t, string(mustDocument(t, l, b.url))))
		}
	}
}

func namedOnce(t *testing.T, where string, holder map[string]any) {
	t.Helper()
	context, _ := holder["@context"].(map[string]any)
	names := map[string]string{}
	for term, v := range context {
		iri, _ := v.(string)
		if inner, ok := v.(map[string]any); ok {
			iri, _ = inner["@id"].(string)
			namedOnce(t, where+" "+term, inner)
		}
		if other := names[iri]; other != "" && iri != "" {
			t.Errorf("%s: %s is both %s and %s", where, iri, term, other)
		}
		names[iri] = term
	}
}

func mustDocument(t *testing.T, l *Loader, url string) []byte {
	t.Helper()
	b, err := l.Document(url)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWith(t *testing.T) {
	base := Builtin()
	const url = "https://example.com/ctx"
	doc := map[string]any{"@context": url, "p": "v"}
	if _, err := base.Expand(doc); !errors.Is(err, ErrContext) || !strings.Contains(err.Error(), url) {
		t.Errorf("unknown context: got %v", err)
	}
	l, err := base.With(url, []byte(`{"@context":{"p":"urn:p"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Expand(doc); err != nil {
		t.Error(err)
	}
	if !l.Has(url) || base.Has(url) || len(l.URLs()) != len(base.URLs())+1 {
		t.Error("With must add to a new loader and leave the old one alone")
	}
	if l2, err := l.With(url, []byte(`{"@context":{"p":"urn:q"}}`)); err != nil {
		t.Error(err)
	} else if out, _ := l2.Expand(doc); len(out) != 1 || out[0].(map[string]any)["urn:q"] == nil {
		t.Errorf("a replaced context still counts: %v", out)
	}
	for name, tt := range map[string]struct{ url, body string }{
		"relative URL":     {"ctx", `{"@context":{}}`},
		"not JSON":         {url, `{`},
		"member twice":     {url, `{"@context":{},"@context":{}}`},
		"no @context":      {url, `{"context":{}}`},
		"not an object":    {url, `[]`},
		"URL with a space": {"https://example.com/a b", `{"@context":{}}`},
	} {
		if _, err := base.With(tt.url, []byte(tt.body)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if _, err := base.Document(url); !errors.Is(err, ErrContext) {
		t.Errorf("Document of an unknown context: %v", err)
	}
}
