package credential

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didjwk "github.com/bonafide-id/bonafide/did/jwk"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	issuerID = "did:example:a" // its keys: #a asserts, #b authenticates
	holderID = "did:example:h" // likewise
	badges   = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
)

var moment = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func unix(t time.Time) json.Number { n, _ := json.Marshal(t.Unix()); return json.Number(n) }

// seeded is the Ed25519 key of a number; stranger is in no document.
func seeded(n byte) key.Private {
	seed := [32]byte{n}
	p, err := key.FromSeed(seed[:])
	if err != nil {
		panic(err)
	}
	return p
}

func generated(t testing.TB, kind key.Kind) key.Private {
	t.Helper()
	p, err := key.Generate(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func canonical(t testing.TB, v any) string {
	t.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// documents resolve did:example.
type documents map[string]*did.Resolution

func (d documents) Resolve(_ context.Context, name string, _ did.Options) (*did.Resolution, error) {
	if r, ok := d[name]; ok {
		return r, nil
	}
	return nil, did.ErrNotFound
}

// document makes one whose methods stand under the relationships named.
func document(t testing.TB, id string, methods map[string]key.Public, under map[did.Relationship][]string) *did.Resolution {
	t.Helper()
	tree := map[string]any{"id": id}
	var list []any
	for name, pub := range methods {
		m := map[string]any{"id": id + "#" + name, "type": "JsonWebKey", "controller": id, "publicKeyJwk": pub.JWK()}
		switch name {
		case "revoked":
			m["revoked"] = "2026-01-01T00:00:00Z"
		case "expired":
			m["expires"] = "2026-01-01T00:00:00Z"
		}
		list = append(list, m)
	}
	tree["verificationMethod"] = list
	for rel, names := range under {
		var refs []any
		for _, n := range names {
			refs = append(refs, "#"+n)
		}
		tree[string(rel)] = refs
	}
	doc, err := did.ParseDocument(tree)
	if err != nil {
		t.Fatal(err)
	}
	return &did.Resolution{DID: id, Document: doc, Source: "test"}
}

// world is the options under which all that is well-made passes.
func world(t testing.TB) Options {
	t.Helper()
	pair := func(a, b key.Private) map[string]key.Public {
		return map[string]key.Public{"a": a.Public(), "b": b.Public()}
	}
	rels := map[did.Relationship][]string{did.AssertionMethod: {"a"}, did.Authentication: {"b"}}
	// #a and #b of the moved one stand in its older version only.
	moved := document(t, "did:example:moved", map[string]key.Public{"c": seeded(5).Public()}, map[did.Relationship][]string{did.AssertionMethod: {"c"}, did.Authentication: {"c"}})
	moved.Versions = []did.Version{{Number: 1, Document: document(t, "did:example:moved", pair(seeded(1), seeded(2)), rels).Document},
		{Number: 2, Time: moment.AddDate(0, 0, -1), Document: moved.Document}}
	weak := document(t, "did:example:times", map[string]key.Public{"revoked": seeded(1).Public(), "expired": seeded(1).Public()},
		map[did.Relationship][]string{did.AssertionMethod: {"revoked", "expired"}, did.Authentication: {"revoked", "expired"}})
	return Options{At: moment, Resolver: did.Registry{"key": didkey.Resolver(), "jwk": didjwk.Resolver(), "example": documents{
		issuerID:            document(t, issuerID, pair(seeded(1), seeded(2)), rels),
		holderID:            document(t, holderID, pair(seeded(3), seeded(4)), rels),
		"did:example:two":   document(t, "did:example:two", pair(seeded(1), seeded(2)), map[did.Relationship][]string{did.AssertionMethod: {"a", "b"}}),
		"did:example:none":  document(t, "did:example:none", nil, nil),
		"did:example:times": weak,
		"did:example:empty": {DID: "did:example:empty", Source: "test"},
		"did:example:moved": moved,
		"did:example:closed": {DID: "did:example:closed", Meta: did.Metadata{Deactivated: true}, Source: "test", Versions: []did.Version{
			{Number: 1, Document: document(t, "did:example:closed", pair(seeded(1), seeded(2)), rels).Document}, {Number: 2, Deactivated: true}}},
	}}}
}

// token signs claims under a header as given; an alg in it replaces the key's.
func token(t testing.TB, s key.Signer, header, claims map[string]any) string {
	t.Helper()
	header = maps.Clone(header)
	if _, has := header["alg"]; !has {
		header["alg"] = s.Public().Algs()[0]
	}
	var input []string
	for _, m := range []map[string]any{header, claims} {
		input = append(input, base64.RawURLEncoding.EncodeToString([]byte(canonical(t, m))))
	}
	text := strings.Join(input, ".")
	sig, err := s.Sign(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// The three forms of a good token, each by issuerID with kid #a.

func newForm() (header, claims map[string]any) {
	claims = shape()
	claims["iss"], claims["iat"] = issuerID, unix(moment)
	return map[string]any{"typ": "vc+jwt", "cty": "vc", "kid": issuerID + "#a"}, claims
}

func oldForm() (header, claims map[string]any) {
	return map[string]any{"typ": "JWT", "kid": issuerID + "#a"}, map[string]any{
		"iss": issuerID, "sub": "did:example:b", "jti": "urn:uuid:1", "iat": unix(moment),
		"nbf": unix(moment.AddDate(0, -1, 0)), "exp": unix(moment.AddDate(1, 0, 0)),
		"vc": map[string]any{
			"@context": []any{ContextV1}, "type": []any{"VerifiableCredential"}, "id": "urn:uuid:1", "issuer": issuerID,
			"issuanceDate": "2026-05-01T12:00:00Z", "expirationDate": "2027-06-01T12:00:00Z", "credentialSubject": map[string]any{"id": "did:example:b"},
		}}
}

func badgeForm() (header, claims map[string]any) {
	return map[string]any{"kid": issuerID + "#a"}, map[string]any{
		"iss": issuerID, "sub": "did:example:b", "jti": "urn:uuid:1", "nbf": unix(moment.AddDate(0, -1, 0)), "exp": unix(moment.AddDate(1, 0, 0)),
		"@context": []any{ContextV2, badges}, "type": []any{"VerifiableCredential", "OpenBadgeCredential"}, "id": "urn:uuid:1",
		"issuer": map[string]any{"id": issuerID, "type": []any{"Profile"}}, "validFrom": "2026-05-01T12:00:00Z", "validUntil": "2027-06-01T12:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:b", "type": []any{"AchievementSubject"}}}
}

// issuedBy makes id the issuer of claims of any of the forms.
func issuedBy(c map[string]any, id string) {
	c["iss"] = id
	if vc, nested := c["vc"].(map[string]any); nested {
		vc["issuer"] = id
		return
	}
	c["issuer"] = id
}

// expect checks one outcome: OK where code is OK, else the worst row of the check.
func expect(t *testing.T, c *Checked, name verdict.CheckName, code verdict.Code) {
	t.Helper()
	if (code == verdict.OK) != c.OK {
		t.Errorf("OK is %v: %+v", c.OK, c.Checks)
	}
	if row := c.Row(name); code != verdict.OK && row.Code != code {
		t.Errorf("%s is %s %s %v, want %s", name, row.Result, row.Code, row.Params, code)
	}
	if (c.Document != nil) != (c.Credential != nil && passes(c.Checks, verdict.Integrity) && c.Row(verdict.Format).Result != verdict.Fail) {
		t.Errorf("a document is handed on: %v", c.Document != nil)
	}
	if c.Document != nil && c.Document["proof"] != nil {
		t.Error("with a proof in it")
	}
}

type form func() (header, claims map[string]any)

type rsaSigner struct {
	pub  key.Public
	priv *rsa.PrivateKey
}

func (s rsaSigner) Public() key.Public { return s.pub }
func (s rsaSigner) Sign(_ context.Context, msg []byte) ([]byte, error) {
	sum := sha256.Sum256(msg)
	return rsa.SignPKCS1v15(nil, s.priv, crypto.SHA256, sum[:])
}

var newRSA = sync.OnceValues(func() (rsaSigner, error) {
	priv, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return rsaSigner{}, err
	}
	pub, err := key.ParseJWK(map[string]any{"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(priv.N.Bytes())})
	return rsaSigner{pub, priv}, err
})

func didJWK(t testing.TB, pub key.Public) string {
	t.Helper()
	return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(canonical(t, pub.JWK())))
}
