package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verify"
)

// listURL is where the fixture says that its status list is.
const listURL = "https://issuer.example/status/3"

// now is when the fixture is checked; issued is when it was signed.
func now() time.Time    { return time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) }
func issued() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// issuerKey gives the key of issuer n. Issuer 0 with an Ed25519 key is the one
// of the npm stacks' own fixture, so that signatures can be compared.
func issuerKey(t testing.TB, kind key.Kind, n int) key.Private {
	t.Helper()
	if kind != key.Ed25519 {
		return must(key.Generate(kind, nil))(t)
	}
	seed := bytes.Repeat([]byte{7}, 32)
	if n > 0 {
		d := sha256.Sum256([]byte("issuer " + strconv.Itoa(n)))
		seed = d[:]
	}
	return must(key.FromSeed(seed))(t)
}

// method is the URL of the one key of a did:key.
func method(k key.Private) string { return k.Public().DIDKey() + "#" + k.Public().Multikey() }

// unsigned is the fixture with another issuer; change may alter it further.
func unsigned(t testing.TB, issuer string, change func(tree map[string]any)) map[string]any {
	t.Helper()
	body := must(os.ReadFile(filepath.Join("testdata", "micro.json")))(t)
	tree := must(strictjson.ParseObject(body, strictjson.Limits{}))(t)
	tree["issuer"].(map[string]any)["id"] = issuer
	if change != nil {
		change(tree)
	}
	return tree
}

// suite is one way to secure the fixture.
type suite struct {
	name string
	kind key.Kind
}

const vcJWT = "vc+jwt"

func suites() []suite {
	return []suite{
		{proof.EdDSAJCS2022, key.Ed25519}, {proof.EdDSARDFC2022, key.Ed25519},
		{proof.ECDSAJCS2019, key.P256}, {proof.ECDSARDFC2019, key.P256}, {proof.ECDSASD2023, key.P256},
		{vcJWT, key.Ed25519}, {vcJWT, key.P256},
	}
}

func (s suite) String() string { return s.name + " " + s.kind.String() }

// secure signs a tree and returns what a verifier is handed. Under
// ecdsa-sd-2023 that is what a holder shows: all but the results, and without
// the allowed grades, because a list cannot be disclosed in parts.
func (s suite) secure(t testing.TB, tree map[string]any, k key.Private, l *jsonld.Loader) []byte {
	t.Helper()
	if s.name == vcJWT {
		return []byte(must(credential.SignToken(t.Context(), tree, k, credential.MediaVCJWT, method(k), issued(), nil))(t))
	}
	if s.name == proof.ECDSASD2023 {
		achievement := tree["credentialSubject"].(map[string]any)["achievement"].(map[string]any)
		delete(achievement["resultDescription"].([]any)[0].(map[string]any), "allowedValue")
	}
	signed := must(proof.Sign(t.Context(), tree, k, proof.SignOptions{
		Suite: s.name, VerificationMethod: method(k), Created: issued(), Loader: l}))(t)
	if s.name == proof.ECDSASD2023 {
		signed = must(proof.Derive(signed, []string{"/name", "/credentialSubject/achievement"}, l, jsonld.Limits{}))(t)
	}
	return must(strictjson.Canonical(signed))(t)
}

// statusList is a list of 131,072 entries by the issuer, one in a hundred set,
// in the suite that the npm stacks read.
func statusList(t testing.TB, k key.Private, l *jsonld.Loader) []byte {
	t.Helper()
	bits := revocation.NewBitstring(131072)
	for i := int64(0); i < bits.Len(); i += 97 {
		if i != 94567 {
			if err := bits.Set(i); err != nil {
				t.Fatal(err)
			}
		}
	}
	body := must(revocation.SignList(t.Context(), revocation.ListSpec{URL: listURL, Issuer: k.Public().DIDKey(),
		Purpose: revocation.Revocation, Bits: bits, ValidFrom: now().Add(-time.Hour), ValidUntil: now().AddDate(10, 0, 0)}, k, method(k)))(t)
	tree := must(strictjson.ParseObject(body, strictjson.Limits{}))(t)
	delete(tree, "proof")
	return suite{proof.EdDSARDFC2022, key.Ed25519}.secure(t, tree, k, l)
}

// registry resolves did:key, as a node does.
func registry() did.Registry { return did.Registry{"key": didkey.Resolver()} }

// list is a source that has one list in memory.
type list []byte

func (l list) StatusList(context.Context, revocation.Request) (*revocation.Found, error) {
	return &revocation.Found{Body: l, Source: "replica"}, nil
}

// verifier is a whole verifier that has everything at hand.
func verifier(l *jsonld.Loader, body []byte) *verify.Verifier {
	return verify.New(verify.Config{Resolver: registry(), Status: list(body), Loader: l, Clock: now})
}

// policy is the shipped one that wants nothing from the network, with the age of
// lists left aside: a fixture does not get younger.
func policy(t testing.TB) verify.Policy {
	t.Helper()
	p := must(verify.Shipped("authentic"))(t)
	p.MaxStatusAge = 20 * 365 * 24 * time.Hour
	return p
}
