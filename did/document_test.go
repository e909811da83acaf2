package did

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

func pub(t testing.TB, n byte) key.Public {
	t.Helper()
	seed := make([]byte, 32)
	seed[0] = n
	k, err := key.FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func parse(t testing.TB, text string) *Document {
	t.Helper()
	m, err := strictjson.ParseObject([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDocument(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sample has one method of each kind of trouble beside sound ones.
func sample(t testing.TB) *Document {
	mk, mk2 := pub(t, 1).Multikey(), pub(t, 2).Multikey()
	x := pub(t, 3).JWK()["x"]
	return parse(t, fmt.Sprintf(`{
	 "id":"did:x:a","alsoKnownAs":["did:x:b"],
	 "verificationMethod":[
	  {"id":"did:x:a#good","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s"},
	  {"id":"#relative","type":"Ed25519VerificationKey2020","controller":"did:x:a","publicKeyMultibase":"%[2]s","expires":"2026-01-01T00:00:00Z","revoked":"2025-01-01T00:00:00Z"},
	  {"id":"#jwk","type":"JsonWebKey","controller":"did:x:a","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"%[3]s"}},
	  {"id":"#unlisted","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s"},
	  {"id":"#foreign","type":"Multikey","controller":"did:x:other","publicKeyMultibase":"%[1]s"},
	  {"id":"#nocontroller","type":"Multikey","publicKeyMultibase":"%[1]s"},
	  {"id":"#two","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s","publicKeyJwk":{}},
	  {"id":"#none","type":"Multikey","controller":"did:x:a"},
	  {"id":"#secret","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s","secretKeyMultibase":"z"},
	  {"id":"#kind","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"},
	  {"id":"#type","type":"EcdsaSecp256k1RecoveryMethod2020","controller":"did:x:a","publicKeyMultibase":"%[1]s"},
	  {"id":"#date","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s","revoked":"soon"},
	  {"id":"did:x:other#good","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[1]s"},
	  {"type":"Multikey"}],
	 "assertionMethod":["did:x:a#good","#relative","#jwk","#foreign","#nocontroller","#two","#none","#secret","#kind","#type","#date","#gone","did:x:other#good",
	  {"id":"#embedded","type":"Multikey","controller":"did:x:a","publicKeyMultibase":"%[2]s"}],
	 "authentication":["#embedded","#relative"],
	 "service":[{"id":"#s","type":["A","B"],"serviceEndpoint":"https://a.example"},{"id":"did:x:a#t","type":"C","serviceEndpoint":{"u":[1]}},{"id":"#noendpoint","type":"C"},{"type":"C","serviceEndpoint":"x"}]}`,
		mk, mk2, x))
}

func TestMethod(t *testing.T) {
	d := sample(t)
	for name, tc := range map[string]struct {
		url  string
		rel  Relationship
		want error
	}{
		"listed":                         {"did:x:a#good", AssertionMethod, nil},
		"relative id":                    {"did:x:a#relative", AssertionMethod, nil},
		"JWK":                            {"did:x:a#jwk", AssertionMethod, nil},
		"embedded":                       {"did:x:a#embedded", AssertionMethod, nil},
		"embedded elsewhere":             {"did:x:a#embedded", Authentication, ErrRelationship},
		"other relationship":             {"did:x:a#good", Authentication, ErrRelationship},
		"unknown relationship":           {"did:x:a#good", "nonsense", ErrRelationship},
		"not listed":                     {"did:x:a#unlisted", AssertionMethod, ErrRelationship},
		"not there":                      {"did:x:a#gone", AssertionMethod, ErrMethodNotFound},
		"not there at all":               {"did:x:a#nothing", AssertionMethod, ErrMethodNotFound},
		"of another document":            {"did:x:other#good", AssertionMethod, ErrMethodURL},
		"without fragment":               {"did:x:a", AssertionMethod, ErrMethodURL},
		"relative reference":             {"#good", AssertionMethod, ErrMethodURL},
		"with a query":                   {"did:x:a?versionId=1#good", AssertionMethod, ErrMethodURL},
		"with a path":                    {"did:x:a/x#good", AssertionMethod, ErrMethodURL},
		"no URL":                         {"good", AssertionMethod, ErrMethodURL},
		"controlled by another":          {"did:x:a#foreign", AssertionMethod, ErrController},
		"controlled by nobody":           {"did:x:a#nocontroller", AssertionMethod, ErrController},
		"two keys":                       {"did:x:a#two", AssertionMethod, ErrDocument},
		"no key":                         {"did:x:a#none", AssertionMethod, ErrDocument},
		"private key":                    {"did:x:a#secret", AssertionMethod, key.ErrPrivate},
		"key of another kind":            {"did:x:a#kind", AssertionMethod, key.ErrKind},
		"type of another kind":           {"did:x:a#type", AssertionMethod, key.ErrKind},
		"revoked at no date":             {"did:x:a#date", AssertionMethod, ErrDocument},
		"wrong relationship and foreign": {"did:x:a#foreign", Authentication, ErrController},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := d.Method(tc.url, tc.rel)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err != nil && m != (VerificationMethod{}) {
				t.Error("a key came out beside the error")
			}
			if err == nil && (m.Key.IsZero() || m.ID != tc.url || m.Controller != "did:x:a") {
				t.Errorf("%+v", m)
			}
		})
	}
	m, err := d.Method("did:x:a#relative", Authentication)
	if err != nil || m.Expires == nil || m.Revoked == nil || !m.Revoked.Equal(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", m, err)
	}
	var got []string
	for _, m := range d.Methods(AssertionMethod) {
		got = append(got, m.ID)
	}
	// "did:x:other#good" is controlled by the document and usable by its key, but
	// no URL of this document reaches it.
	if want := []string{"did:x:a#good", "did:x:a#relative", "did:x:a#jwk", "did:x:other#good", "did:x:a#embedded"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if m, ok := d.FindKey(pub(t, 3), AssertionMethod); !ok || m.ID != "did:x:a#jwk" {
		t.Errorf("%+v", m)
	}
	for name, k := range map[string]key.Public{"zero": {}, "stranger": pub(t, 9)} {
		if _, ok := d.FindKey(k, AssertionMethod); ok {
			t.Errorf("%s key found", name)
		}
	}
	if _, ok := d.FindKey(pub(t, 1), Authentication); ok {
		t.Error("found under another relationship")
	}
}

func TestServices(t *testing.T) {
	d := sample(t)
	got := d.Services()
	if len(got) != 2 || got[0].ID != "did:x:a#s" || len(got[0].Types) != 2 || got[1].ID != "did:x:a#t" {
		t.Errorf("%+v", got)
	}
	if _, ok := d.Service("s"); !ok {
		t.Error("not found by fragment")
	}
	if _, ok := d.Service("x"); ok {
		t.Error("found what is not there")
	}
	if len(d.AlsoKnownAs()) != 1 {
		t.Error("alsoKnownAs")
	}
	tree := d.Tree()
	tree["id"] = "changed"
	if d.Tree()["id"] != "did:x:a" {
		t.Error("Tree gives the document's own map away")
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	many := `"` + strings.Repeat(`#a","`, 1000) + `#a"`
	for name, text := range map[string]string{
		"no id": `{}`, "id is a number": `{"id":1}`, "id is no DID": `{"id":"https://a.example"}`, "id is a DID URL": `{"id":"did:x:a#b"}`,
		"methods are an object":  `{"id":"did:x:a","verificationMethod":{}}`,
		"method is a string":     `{"id":"did:x:a","verificationMethod":["x"]}`,
		"one id twice":           `{"id":"did:x:a","verificationMethod":[{"id":"#a"},{"id":"did:x:a#a"}]}`,
		"embedded id twice":      `{"id":"did:x:a","verificationMethod":[{"id":"#a"}],"authentication":[{"id":"#a"}]}`,
		"reference is a number":  `{"id":"did:x:a","authentication":[1]}`,
		"relationship is a text": `{"id":"did:x:a","authentication":"#a"}`,
		"too many references":    `{"id":"did:x:a","authentication":[` + many + `]}`,
		"services are an object": `{"id":"did:x:a","service":{}}`,
		"service is a string":    `{"id":"did:x:a","service":["x"]}`,
		"alsoKnownAs is a text":  `{"id":"did:x:a","alsoKnownAs":"did:x:b"}`,
		"alsoKnownAs of numbers": `{"id":"did:x:a","alsoKnownAs":[1]}`,
	} {
		m, err := strictjson.ParseObject([]byte(text), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := ParseDocument(m); d != nil || !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	text, _ := sample(f).MarshalJSON()
	f.Add(text)
	f.Add([]byte(`{"id":"did:x:a","assertionMethod":[{"id":"#a","type":"Multikey","controller":"did:x:a"}],"service":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := strictjson.ParseObject(data, strictjson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			return
		}
		d, err := ParseDocument(m)
		if err != nil {
			return
		}
		d.Services()
		Folder(d)
		for _, rel := range Relationships() {
			for _, m := range d.Methods(rel) {
				if m.Key.IsZero() || m.Controller != d.ID() {
					t.Errorf("%+v", m)
				}
				if got, err := d.Method(m.ID, rel); err == nil && got.Key != m.Key {
					t.Errorf("%s gives another key", m.ID)
				}
			}
		}
	})
}

func TestSpecAndFolder(t *testing.T) {
	in := FolderService{Peers: []string{"/dns4/uni.example/tcp/4001"}, LastHead: &LastHead{Epoch: "3-Qm", Sequence: 9, CID: "bafk"}}
	spec := Spec{ID: "did:x:a", AlsoKnownAs: []string{"did:x:b"}, Assertion: []key.Public{pub(t, 1), pub(t, 2)}, Authentication: []key.Public{pub(t, 1)},
		Invocation: []key.Public{pub(t, 3)}, Services: []Service{{ID: "#s", Types: []string{"A", "B"}, Endpoint: "https://a.example"}}, Folder: &in}
	tree, err := spec.Build()
	if err != nil {
		t.Fatal(err)
	}
	text, err := strictjson.Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	d := parse(t, string(text))
	out, ok := Folder(d)
	if !ok || !slices.Equal(out.Peers, in.Peers) || *out.LastHead != *in.LastHead {
		t.Errorf("%+v, %v", out, ok)
	}
	if n := len(tree["verificationMethod"].([]any)); n != 3 {
		t.Errorf("%d methods for three keys", n)
	}
	for k, rels := range map[byte][]Relationship{1: {AssertionMethod, Authentication}, 2: {AssertionMethod}, 3: {CapabilityInvocation}} {
		for _, rel := range Relationships() {
			if _, ok := d.FindKey(pub(t, k), rel); ok != slices.Contains(rels, rel) {
				t.Errorf("key %d under %s: %v", k, rel, ok)
			}
		}
	}
	for name, s := range map[string]Spec{
		"no id": {}, "zero key": {ID: "did:x:a", Invocation: []key.Public{{}}},
		"service without type": {ID: "did:x:a", Services: []Service{{ID: "#s", Endpoint: "x"}}},
	} {
		if _, err := s.Build(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFolderMalformed(t *testing.T) {
	entry := func(typ, endpoint string) string {
		return `{"id":"did:x:a","service":[{"id":"#bonafide","type":"` + typ + `","serviceEndpoint":` + endpoint + `}]}`
	}
	if _, ok := Folder(parse(t, entry("BonafideFolder", `{"peers":[]}`))); !ok {
		t.Error("no peers is a folder all the same")
	}
	for name, text := range map[string]string{
		"no service": `{"id":"did:x:a"}`, "another type": entry("Folder", `{"peers":[]}`), "endpoint is a text": entry("BonafideFolder", `"https://a.example"`),
		"peers is a text": entry("BonafideFolder", `{"peers":"a"}`), "empty peer": entry("BonafideFolder", `{"peers":[""]}`),
		"unknown member": entry("BonafideFolder", `{"peers":[],"x":1}`), "sequence 0": entry("BonafideFolder", `{"peers":[],"lastHead":{"epoch":"1-a","sequence":0,"cid":"b"}}`),
		"no epoch":       entry("BonafideFolder", `{"peers":[],"lastHead":{"sequence":1,"cid":"b"}}`),
		"fraction":       entry("BonafideFolder", `{"peers":[],"lastHead":{"epoch":"1-a","sequence":1.5,"cid":"b"}}`),
		"too many peers": entry("BonafideFolder", `{"peers":[`+strings.Repeat(`"a",`, 64)+`"a"]}`),
	} {
		if f, ok := Folder(parse(t, text)); ok {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, ok := Folder(nil); ok {
		t.Error("folder of no document")
	}
}

type fake struct{ err error }

func (f fake) Resolve(_ context.Context, did string, _ Options) (*Resolution, error) {
	return &Resolution{DID: did}, f.err
}

func TestRegistry(t *testing.T) {
	r := Registry{"b": fake{}, "a": fake{ErrNotFound}, "nil": nil}
	for did, want := range map[string]error{
		"did:b:x": nil, "did:a:x": ErrNotFound, "did:c:x": ErrMethod, "did:nil:x": ErrMethod, "x": ErrInvalid, "did:b:x#y": ErrInvalid,
	} {
		if _, err := r.Resolve(t.Context(), did, Options{}); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", did, err)
		}
	}
	if _, err := r.Resolve(t.Context(), "did:b:x", Options{VersionID: "1", VersionNumber: 1}); !errors.Is(err, ErrOptions) {
		t.Error(err)
	}
	if got := r.Methods(); !slices.Equal(got, []string{"a", "b", "nil"}) {
		t.Errorf("%q", got)
	}
}

func TestResultJSON(t *testing.T) {
	created := time.Date(2026, 1, 1, 0, 0, 0, 999, time.FixedZone("x", 3600))
	res := &Resolution{DID: "did:x:a", Document: parse(t, `{"id":"did:x:a"}`), Info: ResolutionInfo{ContentType: MediaTypeDocument},
		Meta: Metadata{VersionID: "1", Created: &created, CanonicalID: "did:x:b", EquivalentID: []string{"did:x:c"}, Extra: map[string]any{"ttl": "60", "versionId": "never"}}}
	got, err := json.Marshal(res)
	want := `{"didDocument":{"id":"did:x:a"},"didDocumentMetadata":{"canonicalId":"did:x:b","created":"2025-12-31T23:00:00Z","equivalentId":["did:x:c"],"ttl":"60","versionId":"1"},"didResolutionMetadata":{"contentType":"application/did"}}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	got, err = json.Marshal(&Resolution{DID: "did:x:a", Meta: Metadata{Deactivated: true}})
	if err != nil || string(got) != `{"didDocument":null,"didDocumentMetadata":{"deactivated":true},"didResolutionMetadata":{}}` {
		t.Errorf("%v, %s", err, got)
	}
	f := Failure("did:x:a", fmt.Errorf("%w: here", ErrNotFound))
	f.Meta.VersionID = "must not show"
	got, err = json.Marshal(f)
	want = `{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":{"detail":"did: not found: here. ` + ErrNotFound.Hint() + `","title":"Not found","type":"https://www.w3.org/ns/did#NOT_FOUND"}}}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

func TestCode(t *testing.T) {
	for err, want := range map[error]string{
		nil: "", ErrInvalid: "INVALID_DID", ErrInvalidURL: "INVALID_DID_URL", ErrNotFound: "NOT_FOUND", ErrMethod: "METHOD_NOT_SUPPORTED",
		ErrOptions: "INVALID_OPTIONS", ErrFeature: "FEATURE_NOT_SUPPORTED", ErrDocument: "INVALID_DID_DOCUMENT",
		ErrRepresentation: "REPRESENTATION_NOT_SUPPORTED", ErrUnavailable: "INTERNAL_ERROR", errors.New("x"): "INTERNAL_ERROR",
	} {
		if got := Code(err); got != want {
			t.Errorf("%v: %s", err, got)
		}
		if err != nil && hint.Of(err) == "" && err.Error() != "x" {
			t.Errorf("%v: no hint", err)
		}
		if want != "" && title(want) == "" {
			t.Errorf("%s: no title", want)
		}
	}
}

// After a move the document carries another id than the one asked for; a key
// named under the former one is found under the canonical.
func TestResolutionMethod(t *testing.T) {
	d := sample(t)
	moved := &Resolution{DID: "did:x:old", Document: d, Meta: Metadata{CanonicalID: "did:x:a"}}
	if m, err := moved.Method("did:x:old#good", AssertionMethod); err != nil || m.ID != "did:x:a#good" {
		t.Errorf("%+v, %v", m, err)
	}
	for name, tc := range map[string]struct {
		r    *Resolution
		url  string
		want error
	}{
		"a third name":     {moved, "did:x:third#good", ErrMethodURL},
		"no canonical id":  {&Resolution{DID: "did:x:old", Document: d}, "did:x:old#good", ErrMethodURL},
		"another":          {&Resolution{DID: "did:x:old", Document: d, Meta: Metadata{CanonicalID: "did:x:z"}}, "did:x:old#good", ErrMethodURL},
		"deactivated":      {&Resolution{DID: "did:x:a"}, "did:x:a#good", ErrMethodNotFound},
		"prefix of a name": {moved, "did:x:olde#good", ErrMethodURL},
	} {
		if _, err := tc.r.Method(tc.url, AssertionMethod); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
