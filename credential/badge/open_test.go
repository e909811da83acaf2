package badge

import (
	"bytes"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// A baked badge is judged exactly as the file that was baked in, and a change
// of one letter in it is found although all checksums fit.
func TestOpen(t *testing.T) {
	body, err := os.ReadFile(vectors.Path(t, "samples/dcc-ob3-v2-eddsa-rdfc2022-valid.json"))
	if err != nil {
		t.Fatal(err)
	}
	opt := credential.Options{At: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Resolver: did.Registry{"key": didkey.Resolver()}}
	bare := credential.Check(t.Context(), body, opt)
	door := opt
	door.Openers = map[string]credential.Opener{credential.MediaPNG: Open, credential.MediaSVG: Open}
	for name, img := range map[string][]byte{"png": plainPNG(t), "svg": []byte(plainSVG)} {
		t.Run(name, func(t *testing.T) {
			got := Open(t.Context(), bake(t, img, string(body)), opt)
			if !got.OK || !reflect.DeepEqual(got.Checks, bare.Checks) {
				t.Errorf("%+v", got.Checks)
			}
			if got = credential.Check(t.Context(), bake(t, img, string(body)), door); !got.OK || got.MediaType != credential.MediaVC {
				t.Errorf("through the door: %+v", got.Checks)
			}
			changed := bytes.Replace(body, []byte("Taylor Tuna"), []byte("Tailor Tuna"), 1)
			if row := Open(t.Context(), bake(t, img, string(changed)), opt).Row(verdict.Integrity); row.Code != verdict.SignatureInvalid {
				t.Errorf("changed: %+v", row)
			}
		})
	}
}

// What cannot be opened is never more than unknown, and says why.
func TestOpenRefuses(t *testing.T) {
	deep := `<svg xmlns="http://www.w3.org/2000/svg">` + string(bytes.Repeat([]byte("<g>"), 200))
	damaged := bake(t, plainPNG(t), someJSON)
	damaged[60] ^= 1
	for _, c := range []struct {
		name string
		data []byte
		want verdict.Code
	}{
		{"no badge in it", plainPNG(t), verdict.UnknownFormat},
		{"no image", []byte("GIF89a"), verdict.UnknownFormat},
		{"damaged", damaged, verdict.ParsingError},
		{"too large", make([]byte, MaxImage+1), verdict.TooLarge},
		{"too deep", []byte(deep), verdict.TooComplex},
		{"a sealed file in it", bake(t, plainPNG(t), `{"payload":"{}","signatures":[]}`), verdict.ParsingError},
		{"unsigned", bake(t, plainPNG(t), someJSON), verdict.MalformedValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Open(t.Context(), c.data, credential.Options{At: time.Unix(1e9, 0)})
			if row := got.Row(verdict.Format); got.OK || got.Document != nil || row.Code != c.want || row.Params["detail"] == "" {
				t.Errorf("%+v", row)
			}
			for _, row := range got.Checks {
				if (row.Name == verdict.Integrity || row.Name == verdict.Signer) && row.Result == verdict.Pass {
					t.Errorf("passes: %+v", row)
				}
			}
		})
	}
}

// The same with a token, which an SVG holds in an attribute.
func TestOpenToken(t *testing.T) {
	k, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	issuer := k.Public().DIDKey()
	m := credential.Micro{ID: "urn:uuid:1", Issuer: issuer, Title: "T", Holder: credential.Holder{ID: "did:example:b"}, Place: credential.MicroPlace{Country: "ES"}}
	tree, err := m.Tree(at, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.SignToken(t.Context(), tree, k, credential.MediaVCJWT, issuer+"#"+k.Public().Multikey(), at, nil)
	if err != nil {
		t.Fatal(err)
	}
	opt := credential.Options{At: at, Resolver: did.Registry{"key": didkey.Resolver()}}
	for name, img := range map[string][]byte{"png": plainPNG(t), "svg": []byte(plainSVG)} {
		t.Run(name, func(t *testing.T) {
			if got := Open(t.Context(), bake(t, img, token), opt); !got.OK || got.MediaType != credential.MediaVCJWT || got.Credential.Issuer != issuer {
				t.Errorf("%+v", got.Checks)
			}
			cut := token[:len(token)-4] + "AAAA"
			if row := Open(t.Context(), bake(t, img, cut), opt).Row(verdict.Integrity); row.Code != verdict.SignatureInvalid {
				t.Errorf("another signature: %+v", row)
			}
		})
	}
}
