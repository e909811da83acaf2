package jwk

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

func name(json string) string {
	return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(json))
}

// The P-256 and X25519 examples of the did:jwk specification.
const (
	exampleP256   = "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
	exampleX25519 = "did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9"
)

func TestResolve(t *testing.T) {
	ed, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	text, err := strictjson.Canonical(ed.Public().JWK())
	if err != nil {
		t.Fatal(err)
	}
	withUse := strings.Replace(string(text), "{", `{"use":"sig",`, 1)
	for _, tc := range []struct {
		did    string
		agrees bool
	}{{exampleP256, true}, {name(string(text)), false}, {name(withUse), false}, {name(" " + string(text)), false}} {
		res, err := Resolver().Resolve(t.Context(), tc.did, did.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, rel := range did.Relationships() {
			_, err := res.Document.Method(tc.did+"#0", rel)
			if want := rel != did.KeyAgreement || tc.agrees; (err == nil) != want {
				t.Errorf("%s: %v", rel, err)
			}
		}
		if res.Document.ID() != tc.did || res.OriginProven {
			t.Errorf("%+v", res)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	good := `{"kty":"OKP","crv":"Ed25519","x":"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"}`
	for desc, tc := range map[string]struct {
		did  string
		opt  did.Options
		want error
	}{
		"other method":      {"did:web:example.com", did.Options{}, did.ErrMethod},
		"padding":           {name(good) + "%3D", did.Options{}, did.ErrInvalid},
		"a dollar":          {name(good) + "$", did.Options{}, did.ErrInvalid},
		"not JSON":          {name("x"), did.Options{}, strictjson.ErrSyntax},
		"a list":            {name("[]"), did.Options{}, strictjson.ErrType},
		"duplicate member":  {name(`{"kty":"OKP",` + good[1:]), did.Options{}, strictjson.ErrDuplicate},
		"private":           {name(`{"d":"AAAA",` + good[1:]), did.Options{}, key.ErrPrivate},
		"for encryption":    {name(`{"use":"enc",` + good[1:]), did.Options{}, did.ErrInvalid},
		"X25519":            {exampleX25519, did.Options{}, key.ErrKind},
		"X25519, code":      {exampleX25519, did.Options{}, did.ErrFeature},
		"short RSA":         {name(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`), did.Options{}, key.ErrKey},
		"symmetric":         {name(`{"kty":"oct"}`), did.Options{}, key.ErrKind},
		"version asked for": {exampleP256, did.Options{VersionID: "1"}, did.ErrFeature},
	} {
		t.Run(desc, func(t *testing.T) {
			if res, err := Resolver().Resolve(t.Context(), tc.did, tc.opt); res != nil || !errors.Is(err, tc.want) {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
}

func FuzzResolve(f *testing.F) {
	f.Add(exampleP256)
	f.Add(exampleX25519)
	f.Add(name(`{"kty":"EC"}`))
	f.Fuzz(func(t *testing.T, s string) {
		res, err := Resolver().Resolve(t.Context(), s, did.Options{})
		if err == nil && (res.Document.ID() != s || len(res.Document.Methods(did.AssertionMethod)) != 1) {
			t.Errorf("%s", s)
		}
	})
}
