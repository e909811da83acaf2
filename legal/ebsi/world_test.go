package ebsi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didebsi "github.com/bonafide-id/bonafide/did/ebsi"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/jose"
)

var (
	now      = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	fetched  = now.AddDate(0, 0, -5)
	issuedAt = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

const (
	atuFI = "http://publications.europa.eu/resource/authority/atu/FIN"
	tir   = "https://api-pilot.ebsi.eu/trusted-issuers-registry/v5/issuers/"
)

// party is a legal entity of EBSI: an identifier with one key.
type party struct {
	did string
	key key.Private
}

func newParty(t testing.TB, seed byte) party {
	t.Helper()
	id := make([]byte, 17)
	id[0], id[16] = 1, seed
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	return party{"did:ebsi:z" + key.Base58Encode(id), k}
}

func (p party) method() string { return p.did + "#" + p.key.Public().Thumbprint() }

func (p party) document() map[string]any {
	return map[string]any{"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"}, "id": p.did,
		"verificationMethod": []any{map[string]any{"id": p.method(), "type": "JsonWebKey2020", "controller": p.did, "publicKeyJwk": p.key.Public().JWK()}},
		"assertionMethod":    []any{p.method()}, "authentication": []any{p.method()}}
}

// link is an accreditation as it is to be made.
type link struct {
	by, of     party
	kind       string
	types      []string
	place      string
	id         string // attribute
	terms      []string
	from       string
	until      string
	issuerType string
	edit       func(claims map[string]any)
	body       func(jwt string) string
	signer     *party
}

func attributeID(name string) string {
	sum := sha256.Sum256([]byte("attribute " + name))
	return hex.EncodeToString(sum[:])
}

func (l link) claims() map[string]any {
	scope := map[string]any{"schemaId": "https://api-pilot.ebsi.eu/trusted-schemas-registry/v3/schemas/z3MgUFUkb722uq4x3dv5yAJmnNmzDFeK5UC8x83QoeLJM", "types": anys(l.types)}
	if l.place != "" {
		scope["limitJurisdiction"] = l.place
	}
	vc := map[string]any{"@context": []any{credential.ContextV1}, "id": "urn:uuid:" + l.id,
		"type":   anys([]string{"VerifiableCredential", "VerifiableAttestation", "VerifiableAccreditation", l.kind}),
		"issuer": l.by.did, "issuanceDate": l.from, "issued": l.from, "validFrom": l.from, "expirationDate": l.until,
		"credentialSubject": map[string]any{"id": l.of.did, "reservedAttributeId": attributeID(l.id), "accreditedFor": []any{scope}},
		"credentialStatus":  map[string]any{"id": tir + l.of.did + "/attributes/" + attributeID(l.id), "type": statusEntry},
		"credentialSchema":  map[string]any{"id": "https://api-pilot.ebsi.eu/trusted-schemas-registry/v3/schemas/z1", "type": "FullJsonSchemaValidator2021"}}
	var terms []any
	for _, u := range l.terms {
		terms = append(terms, map[string]any{"id": u, "type": termsType})
	}
	if terms != nil {
		vc["termsOfUse"] = terms
	}
	at := func(s string) int64 {
		t, _ := time.Parse(time.RFC3339, s)
		return t.Unix()
	}
	return map[string]any{"iss": l.by.did, "sub": l.of.did, "jti": vc["id"], "nbf": at(l.from), "exp": at(l.until), "iat": at(l.from), "vc": vc}
}

func anys(list []string) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// entry signs the link and makes the registry entry of it, v5.
func (l link) entry(t testing.TB) map[string]any {
	t.Helper()
	claims := l.claims()
	if l.edit != nil {
		l.edit(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signer := l.by
	if l.signer != nil {
		signer = *l.signer
	}
	jwt, err := jose.Sign(t.Context(), signer.key, map[string]any{"typ": "JWT", "kid": l.by.method()}, payload)
	if err != nil {
		t.Fatal(err)
	}
	if l.body != nil {
		jwt = l.body(jwt)
	}
	sum := sha256.Sum256([]byte(jwt))
	return map[string]any{"did": l.of.did, "attribute": map[string]any{"hash": hex.EncodeToString(sum[:]), "body": jwt, "issuerType": l.issuerType,
		"tao": l.by.did, "rootTao": l.by.did}}
}

// world is a chain of three links from a university to a root that the operator
// trusts; each test changes one thing.
type world struct {
	root, tao, uni, other party
	links                 map[string]*link // root, tao, uni
	more                  []link
	roots                 []legal.Root
	retrieved             map[string]time.Time
	noDocument            string
	req                   legal.Request
}

func under(of party, name string) []string {
	return []string{tir + of.did + "/attributes/" + attributeID(name)}
}

func newWorld(t testing.TB) *world {
	w := &world{root: newParty(t, 1), tao: newParty(t, 2), uni: newParty(t, 3), other: newParty(t, 4), retrieved: map[string]time.Time{}}
	from, until := "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
	w.links = map[string]*link{
		"root": {by: w.root, of: w.root, kind: KindChain, id: "root", from: from, until: until, issuerType: TypeRootTAO},
		"tao": {by: w.root, of: w.tao, kind: KindAccredit, types: []string{"VerifiableCredential", "VerifiableAttestation", "VerifiableAccreditation", KindAttest, "DiplomaCredential", "MicroCredential"},
			place: atuFI, id: "tao", terms: under(w.root, "root"), from: from, until: until, issuerType: TypeTAO},
		"uni": {by: w.tao, of: w.uni, kind: KindAttest, types: []string{"VerifiableCredential", "VerifiableAttestation", "DiplomaCredential"},
			place: atuFI + "_HEL", id: "uni", terms: under(w.tao, "tao"), from: from, until: until, issuerType: TypeTI},
	}
	w.roots = []legal.Root{{DID: w.root.did, Name: "Ministry", Authorisation: true}}
	w.req = legal.Request{Issuer: w.uni.did, At: now, IssuedAt: &issuedAt, Types: []string{"VerifiableCredential", "VerifiableAttestation", "DiplomaCredential"}}
	return w
}

func (w *world) book(t testing.TB) *Book {
	t.Helper()
	b := NewBook("ebsi")
	add := func(v any, at time.Time) {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		in, err := Read(body, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Merge(in, File{}); err != nil {
			t.Fatal(err)
		}
	}
	list := append([]link{}, w.more...)
	for _, name := range []string{"root", "tao", "uni"} {
		if l := w.links[name]; l != nil {
			list = append(list, *l)
		}
	}
	for _, l := range list {
		at := fetched
		if other, ok := w.retrieved[l.id]; ok {
			at = other
		}
		add(l.entry(t), at)
	}
	for _, p := range []party{w.root, w.tao, w.uni, w.other} {
		if p.did != w.noDocument {
			add(p.document(), fetched)
		}
	}
	return b
}

func (w *world) assess(t testing.TB, with ...legal.Source) legal.Identity {
	t.Helper()
	b := w.book(t)
	w.req.Roots = w.roots
	w.req.Check = credential.Options{Resolver: did.Registry{"ebsi": didebsi.Resolver(b)}, At: w.req.At}
	w.req.Sources = with
	if with == nil {
		w.req.Sources = []legal.Source{Source{Books: []*Book{b}, Roots: w.roots}}
	}
	return legal.Assess(t.Context(), w.req)
}

// claim changes a member of the vc claim.
func claim(name string, v any) func(map[string]any) {
	return func(claims map[string]any) {
		vc := maps.Clone(claims["vc"].(map[string]any))
		vc[name] = v
		claims["vc"] = vc
	}
}
