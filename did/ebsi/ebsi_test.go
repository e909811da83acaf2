package ebsi

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

const good = "did:ebsi:zZeKyEJfUTGwajhNyNX928z"

func TestCheck(t *testing.T) {
	bytes := func(n int, first byte) string {
		b := make([]byte, n)
		b[0] = first
		return "did:ebsi:z" + key.Base58Encode(b)
	}
	for _, c := range []struct {
		name, id string
		want     error
	}{
		{"of the accreditation sample", good, nil},
		{"of the registry samples", "did:ebsi:zrCaMa5923UdhhWA69hArZS", nil},
		{"built", bytes(17, 1), nil},
		{"the early form", "did:ebsi:00001234", did.ErrInvalid},
		{"no multibase", "did:ebsi:ZeKyEJfUTGwajhNyNX928z", did.ErrInvalid},
		{"version 2", bytes(17, 2), did.ErrInvalid},
		{"32 bytes, as natural persons had", bytes(33, 2), did.ErrInvalid},
		{"15 bytes", bytes(16, 1), did.ErrInvalid},
		{"not base58", "did:ebsi:z0OIl", did.ErrInvalid},
		{"with a path", good + ":x", did.ErrInvalid},
		{"another method", "did:web:a.example", did.ErrMethod},
		{"no DID", "zZeKyEJfUTGwajhNyNX928z", did.ErrInvalid},
	} {
		if err := Check(c.id); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

type one map[string]any

func (o one) EBSIDocument(context.Context, string) (map[string]any, time.Time, error) {
	if o == nil {
		return nil, time.Time{}, did.ErrNotFound
	}
	return o, time.Unix(1, 0), nil
}

func TestResolve(t *testing.T) {
	doc := func(id string) one { return one{"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": id} }
	for _, c := range []struct {
		name string
		docs one
		id   string
		opt  did.Options
		want error
	}{
		{"imported", doc(good), good, did.Options{}, nil},
		{"not imported", nil, good, did.Options{}, did.ErrUnavailable},
		{"of another", doc("did:ebsi:zrCaMa5923UdhhWA69hArZS"), good, did.Options{}, did.ErrDocument},
		{"no document", one{}, good, did.Options{}, did.ErrDocument},
		{"malformed", doc("did:ebsi:1"), "did:ebsi:1", did.Options{}, did.ErrInvalid},
		{"an older version", doc(good), good, did.Options{VersionNumber: 1}, did.ErrFeature},
		{"two versions", doc(good), good, did.Options{VersionNumber: 1, VersionID: "a"}, did.ErrOptions},
	} {
		res, err := Resolver(c.docs).Resolve(t.Context(), c.id, c.opt)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if errors.Is(err, did.ErrNotFound) {
			t.Errorf("%s: what was not imported is called not to be", c.name)
		}
		if err == nil && (res.Source != "file" || res.SeenAt.IsZero() || len(res.Versions) != 1) {
			t.Errorf("%s: %+v", c.name, res)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(good)
	f.Add("did:ebsi:z")
	f.Fuzz(func(t *testing.T, s string) {
		if Check(s) == nil && len(s) < len("did:ebsi:z")+17 {
			t.Errorf("%q is accepted", s)
		}
	})
}
