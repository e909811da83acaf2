package record_test

import (
	"errors"
	"strings"
	"testing"

	gocid "github.com/ipfs/go-cid"
	"pgregory.net/rapid"

	. "github.com/bonafide-id/bonafide/record"
)

// oracle is the same address made by go-cid.
func oracle(t interface{ Fatal(...any) }, body []byte) string {
	c, err := gocid.Prefix{Version: 1, Codec: gocid.Raw, MhType: 0x12, MhLength: -1}.Sum(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.String()
}

func TestCIDAgreesWithGoCID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		c := CIDOf(body)
		if got, want := c.String(), oracle(t, body); got != want {
			t.Fatalf("CIDOf = %s, want %s", got, want)
		}
		back, err := ParseCID(c.String())
		if err != nil || back != c || CIDFromDigest(c.Digest()) != c {
			t.Fatalf("ParseCID(%s) = %v, %v", c, back, err)
		}
	})
}

func TestParseCIDRefuses(t *testing.T) {
	good := CIDOf([]byte("x")).String()
	tests := []struct{ name, in string }{
		{"empty", ""},
		{"one character short", good[:len(good)-1]},
		{"one character more", good + "a"},
		{"upper case", strings.ToUpper(good)},
		{"other multibase", "z" + good[1:]},
		{"loose trailing bits", good[:len(good)-1] + string(good[len(good)-1]+1)},
		{"line feed inside", good[:20] + "\n" + good[21:]},
		{"character outside base32", good[:20] + "1" + good[21:]},
		{"codec dag-pb", "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"},
		{"version 0", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"},
		{"digest of all zeros", "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if c, err := ParseCID(tt.in); !errors.Is(err, ErrCID) {
				t.Errorf("ParseCID(%q) = %v, %v, want ErrCID", tt.in, c, err)
			}
		})
	}
}

func TestCIDZero(t *testing.T) {
	var c CID
	if c.String() != "" || !c.IsZero() {
		t.Error("the zero CID has a text")
	}
	if err := c.UnmarshalText([]byte(CIDOf(nil).String())); err != nil || c != CIDOf(nil) {
		t.Errorf("UnmarshalText: %v, %v", c, err)
	}
	if err := c.UnmarshalText(nil); err != nil || !c.IsZero() {
		t.Errorf("UnmarshalText of nothing: %v, %v", c, err)
	}
}

func FuzzParseCID(f *testing.F) {
	f.Add(CIDOf(nil).String())
	f.Add("bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCID(s)
		if err != nil {
			return
		}
		if c.String() != s {
			t.Fatalf("%q reads as %q", s, c)
		}
		o, err := gocid.Decode(s)
		if err != nil || o.Prefix().Codec != gocid.Raw || o.Version() != 1 {
			t.Fatalf("go-cid does not agree on %q: %v", s, err)
		}
	})
}
