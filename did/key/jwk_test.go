package key

import (
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

// vector is EBSI's example of a did:key with a JWK.
const (
	vector = "did:key:z2dmzD81cgPx8Vki7JbuuMmFYrWPgYoytykUZ3eyqht1j9KbpybdA8UrgNm7BhUsZBpZRvG4MXL6v46b9hUmi4WCQjyWAEELqfnh6EKQ3fgeJ6Eab7W6V8uhiScQyGQK9Ru3v74GuPUmQq1ps6E7cpxAsLCws7k5ReCrosph6p234vMDLp"
	x      = "Qyzx0y4llbpAfFWYkYjS1oqRrN90QAHQGM_lj-ES4Zs"
	y      = "3RiRelQqt6hvWLvzG0SYL4K-xAVDN3G9d9y1ipRx8JI"
)

func ofText(text string) string {
	return "did:key:z" + key.Base58Encode(append([]byte(headerJWK), text...))
}

func TestJWK(t *testing.T) {
	plain := `{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`
	if ofText(plain) != vector {
		t.Fatal("the vector is not the text")
	}
	res, err := Resolver().Resolve(t.Context(), vector, did.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := res.Document.Method(vector+"#"+vector[len("did:key:"):], did.AssertionMethod)
	if err != nil || m.Key.JWK()["x"] != x {
		t.Fatalf("%v %v", m, err)
	}
	if other := m.Key.DIDKey(); other == vector {
		t.Error("the Multikey form is the same name")
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"with a space", `{"crv":"P-256", "kty":"EC","x":"` + x + `","y":"` + y + `"}`, did.ErrInvalid},
		{"members in another order", `{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `"}`, did.ErrInvalid},
		{"a further member", `{"alg":"ES256","crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`, did.ErrInvalid},
		{"a member twice", `{"crv":"P-256","crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`, did.ErrInvalid},
		{"not on the curve", `{"crv":"P-256","kty":"EC","x":"` + y + `","y":"` + x + `"}`, did.ErrInvalid},
		{"private", `{"crv":"P-256","d":"` + x + `","kty":"EC","x":"` + x + `","y":"` + y + `"}`, did.ErrInvalid},
		{"secp256k1", `{"crv":"secp256k1","kty":"EC","x":"` + x + `","y":"` + y + `"}`, did.ErrFeature},
		{"no JSON", `crv kty x y crv kty x y crv kty x y crv kty x y crv kty x y crv kty x y crv kty x y crv kty x y crv kty`, did.ErrInvalid},
	} {
		if _, err := Resolver().Resolve(t.Context(), ofText(c.text), did.Options{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzJWK(f *testing.F) {
	f.Add(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`)
	f.Fuzz(func(t *testing.T, text string) {
		res, err := Resolver().Resolve(t.Context(), ofText(text), did.Options{})
		if err == nil && res.Document.ID() != ofText(text) {
			t.Error("of another name")
		}
	})
}
