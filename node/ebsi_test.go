package node

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal/ebsi"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// ebsiParty is a legal entity of EBSI with one key.
type ebsiParty struct {
	did string
	key key.Private
}

func newEBSIParty(t *testing.T, seed byte) ebsiParty {
	t.Helper()
	id := make([]byte, 17)
	id[0], id[16] = 1, seed
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ebsiParty{"did:ebsi:z" + key.Base58Encode(id), k}
}

func (p ebsiParty) method() string { return p.did + "#" + p.key.Public().Thumbprint() }

func (p ebsiParty) document() any {
	return map[string]any{"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": p.did, "verificationMethod": []any{map[string]any{
		"id": p.method(), "type": "JsonWebKey2020", "controller": p.did, "publicKeyJwk": p.key.Public().JWK()}}, "assertionMethod": []any{p.method()}}
}

// jwt signs a credential of version 1.1.
func (p ebsiParty) jwt(t *testing.T, subject string, from, until time.Time, vc map[string]any) string {
	t.Helper()
	vc["@context"], vc["issuer"] = []any{credential.ContextV1}, p.did
	vc["issuanceDate"], vc["expirationDate"] = from.Format(time.RFC3339), until.Format(time.RFC3339)
	payload, err := json.Marshal(map[string]any{"iss": p.did, "sub": subject, "jti": vc["id"], "nbf": from.Unix(), "exp": until.Unix(), "iat": from.Unix(), "vc": vc})
	if err != nil {
		t.Fatal(err)
	}
	s, err := jose.Sign(t.Context(), p.key, map[string]any{"typ": "JWT", "kid": p.method()}, payload)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A credential of an EBSI issuer, from imported files to the verdict: what the
// registry says of its accreditation decides what it may issue, and nobody is named.
func TestEBSI(t *testing.T) {
	n := opened(t, "verifier.example", nil)
	now := n.clock().UTC().Truncate(time.Second)
	from, until := now.Add(-30*24*time.Hour), now.Add(300*24*time.Hour)
	root, uni := newEBSIParty(t, 1), newEBSIParty(t, 2)
	entry := func(issuerType string, types ...any) any {
		body := root.jwt(t, uni.did, from, until, map[string]any{"id": "urn:uuid:1", "type": []any{"VerifiableCredential", "VerifiableAttestation", "VerifiableAccreditation", ebsi.KindAttest},
			"credentialSubject": map[string]any{"id": uni.did, "accreditedFor": []any{map[string]any{"schemaId": "https://s.example/1", "types": types}}}})
		sum := sha256.Sum256([]byte(body))
		return map[string]any{"did": uni.did, "attributes": []any{map[string]any{"hash": hex.EncodeToString(sum[:]), "body": body, "issuerType": issuerType}}}
	}
	types := []any{"VerifiableCredential", "VerifiableAttestation", "DiplomaCredential"}
	diploma := uni.jwt(t, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", from, until, map[string]any{"id": "urn:uuid:2", "type": types,
		"credentialSubject": map[string]any{"id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}})
	check := func() []string {
		v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: []byte(diploma), Policy: "recognised", Offline: true})
		if v.Outcome == verdict.Verified {
			t.Errorf("verified, and nobody says who the issuer is")
		}
		return verdictCodes(&v)
	}
	at := now.Add(-time.Hour)
	take := func(v any) RegisterImported {
		t.Helper()
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute)
		return call[RegisterImported](t, n, OpRegisterImport, RegisterImportRequest{Format: "ebsi", File: "x.json", Body: body, Retrieved: at.Format(time.RFC3339)})
	}
	expect := func(step string, want ...string) {
		t.Helper()
		got := check()
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %v, want %s", step, got, w)
			}
		}
	}
	call[TrustList](t, n, OpTrustAdd, TrustRequest{DID: root.did, Name: "Ministry", Axes: []string{AxisAuthorisation}})
	expect("nothing imported", "signer did_unreachable")
	take(root.document())
	take(uni.document())
	if got := take(entry(ebsi.TypeTI, types...)); got.Entries != 3 || got.Accepted {
		t.Errorf("%+v", got)
	}
	expect("not accepted", "signer did_unreachable", "authorisation not_recognised")
	call[RegisterList](t, n, OpRegisterAccept, RegisterAcceptRequest{Name: "ebsi", Accepted: true})
	expect("accepted", "signer ok", "authorisation recognised", "issuer not_identified")
	take(entry(ebsi.TypeTI, "VerifiableCredential", "OtherCredential"))
	expect("another type", "authorisation type_not_in_scope")
	take(entry(ebsi.TypeRevoked, types...))
	expect("revoked", "authorisation recognition_revoked", "signer ok")
	take(entry(ebsi.TypeTI, types...))
	expect("again", "authorisation recognised")
	call[TrustList](t, n, OpTrustRemove, TrustRequest{DID: root.did})
	expect("nobody's root", "authorisation no_roots_configured")
	shown := call[RegisterEntries](t, n, OpRegisterShow, RegisterShowRequest{Name: "ebsi", Record: uni.did})
	if len(shown.Records) != 1 || len(shown.Records[0].Attributes) == 0 || shown.Records[0].Attributes[0].IssuerType == "" {
		t.Errorf("%+v", shown)
	}
	if r := call[RegisterList](t, n, OpRegisterList, Empty{}).Registers[0]; r.Format != "ebsi" || r.Entries != 3 || !slices.Equal(r.Axes, []string{AxisAuthorisation}) {
		t.Errorf("%+v", r)
	}
	if _, err := try[RegisterImported](n, OpRegisterImport, RegisterImportRequest{Format: "ebsi", File: "x.json", Body: []byte(`{"did":"x"}`), Retrieved: at.Format(time.RFC3339)}); err == nil || !strings.Contains(err.Error(), "x.json") {
		t.Errorf("%v", err)
	}
}
