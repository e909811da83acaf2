package jades

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/proof/sealtest"
)

func TestReadToken(t *testing.T) {
	tsa := sealtest.NewAuthority(t, "Authority").Issue(t, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(5) })
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	good := sealtest.Token(t, []byte("text"), at, tsa)
	st := readToken(good, []byte("text"))
	if st.Err != nil || !st.At.Equal(at) || !st.Covers || st.By != tsa.Parsed(t).Subject.String() {
		t.Errorf("%+v", st)
	}
	if st := readToken(good, []byte("texT")); st.Err != nil || st.Covers || !st.At.Equal(at) {
		t.Errorf("other text: %+v", st)
	}
	replace := func(from, to string) []byte {
		out, a, b := slices.Clone(good), mustMarshal(t, sealtest.OID(from)), mustMarshal(t, sealtest.OID(to))
		if len(a) != len(b) {
			t.Fatalf("%s and %s differ in length", from, to)
		}
		for i := range len(out) - len(a) {
			if slices.Equal(out[i:i+len(a)], a) {
				copy(out[i:], b)
				return out
			}
		}
		t.Fatalf("%s is not there", from)
		return nil
	}
	for name, der := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-1], "one byte more": append(slices.Clone(good), 0), "too large": make([]byte, maxToken+1),
		"indefinite length":        append([]byte{0x30, 0x80}, good[4:]...),
		"another kind of envelope": replace(oidSigned, "1.2.840.113549.1.7.3"),
		"another kind of content":  replace(oidTSTInfo, "1.2.840.113549.1.9.16.1.5"),
	} {
		if st := readToken(der, []byte("text")); !errors.Is(st.Err, ErrStamp) || st.Covers || !st.At.IsZero() || st.By != "" {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if st := readToken(replace(oidSHA256, "2.16.840.1.101.3.4.2.4"), []byte("text")); st.Err != nil || st.Covers {
		t.Errorf("a digest that is not known covers: %+v", st)
	}
}

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func FuzzToken(f *testing.F) {
	tsa := sealtest.NewAuthority(f, "Authority").Issue(f, nil)
	f.Add(sealtest.Token(f, []byte("text"), sealtest.Start(), tsa))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		st := readToken(der, []byte("text"))
		if st.Err != nil && (st.Covers || !st.At.IsZero() || !errors.Is(st.Err, ErrStamp)) {
			t.Errorf("%+v", st)
		}
	})
}
