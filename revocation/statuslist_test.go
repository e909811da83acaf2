package revocation

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/cose"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

const tokenURI = "https://uni.example/status/1.jwt"

// tokenMaker signs Status List Tokens, each wrong in one thing at most.
type tokenMaker struct {
	key    key.Private
	header map[string]any // of the JWT
	claims map[string]any
	list   map[string]any
}

func newTokenMaker(t testing.TB, at time.Time) *tokenMaker {
	t.Helper()
	k, err := key.Generate(key.Ed25519, nil)
	if err != nil {
		t.Fatal(err)
	}
	did := k.Public().DIDKey()
	m := &tokenMaker{key: k, header: map[string]any{"typ": "statuslist+jwt", "kid": did + "#" + k.Public().Multikey()},
		claims: map[string]any{"sub": tokenURI, "iat": at.Add(-time.Hour).Unix(), "exp": at.Add(time.Hour).Unix(), "ttl": 900}}
	m.statuses(t, 2, map[int64]int{7: 1, 8: 2, 9: 3})
	return m
}

// statuses sets the list: n entries of size bits.
func (m *tokenMaker) statuses(t testing.TB, size int, set map[int64]int) {
	t.Helper()
	b := make([]byte, MinEntries*size/8)
	for i, v := range set {
		b[i*int64(size)>>3] |= byte(v) << (i * int64(size) & 7)
	}
	s, err := StatusesFromBytes(b, size)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := s.Pack()
	if err != nil {
		t.Fatal(err)
	}
	m.list = map[string]any{"bits": size, "lst": base64.RawURLEncoding.EncodeToString(packed)}
}

func (m *tokenMaker) jwt(t testing.TB) []byte {
	t.Helper()
	if m.list != nil {
		m.claims["status_list"] = m.list
	}
	payload, err := strictjson.Canonical(m.claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jose.Sign(t.Context(), m.key, m.header, payload)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

func referenced(index string) map[string]any {
	return map[string]any{"type": credential.TokenStatusEntry, "idx": json.Number(index), "uri": tokenURI}
}

// What a referenced token comes to by its list. Each case differs from the first
// in one thing.
func TestTokenStatus(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type setup struct {
		m     *tokenMaker
		index string
		entry map[string]any
		found Found
		opt   Options
		body  func([]byte) []byte
	}
	one := func(code verdict.Code, r verdict.Result) map[verdict.Code]verdict.Result {
		return map[verdict.Code]verdict.Result{code: r}
	}
	unknown := func(code verdict.Code) map[verdict.Code]verdict.Result { return one(code, verdict.Unknown) }
	for _, c := range []struct {
		name string
		edit func(*testing.T, *setup)
		want map[verdict.Code]verdict.Result
	}{
		{"valid", func(*testing.T, *setup) {}, one(verdict.OK, verdict.Pass)},
		{"revoked", func(_ *testing.T, s *setup) { s.index = "7" }, one(verdict.Revoked, verdict.Fail)},
		{"suspended", func(_ *testing.T, s *setup) { s.index = "8" }, one(verdict.Suspended, verdict.Fail)},
		{"a code of somebody's own", func(_ *testing.T, s *setup) { s.index = "9" }, unknown(verdict.UnknownStatusType)},
		{"the whole value is one code", func(t *testing.T, s *setup) { s.m.statuses(t, 8, map[int64]int{6: 0x81}) }, unknown(verdict.UnknownStatusType)},
		{"1 bit", func(t *testing.T, s *setup) { s.m.statuses(t, 1, map[int64]int{6: 1}) }, one(verdict.Revoked, verdict.Fail)},
		{"4 bits", func(t *testing.T, s *setup) { s.m.statuses(t, 4, map[int64]int{6: 2}) }, one(verdict.Suspended, verdict.Fail)},
		{"the last place", func(_ *testing.T, s *setup) { s.index = "131071" }, one(verdict.OK, verdict.Pass)},
		{"past the end", func(_ *testing.T, s *setup) { s.index = "131072" }, unknown(verdict.StatusRange)},
		{"index a text", func(_ *testing.T, s *setup) { s.entry["idx"] = "6" }, unknown(verdict.MalformedValue)},
		{"index below", func(_ *testing.T, s *setup) { s.index = "-1" }, unknown(verdict.MalformedValue)},
		{"index with a fraction", func(_ *testing.T, s *setup) { s.index = "6.0" }, unknown(verdict.MalformedValue)},
		{"index minus zero", func(_ *testing.T, s *setup) { s.index = "-0" }, unknown(verdict.MalformedValue)},
		{"no URI", func(_ *testing.T, s *setup) { delete(s.entry, "uri") }, unknown(verdict.MalformedValue)},
		{"another mechanism alone", func(_ *testing.T, s *setup) { s.entry["type"] = credential.UnknownStatusEntry }, unknown(verdict.UnknownStatusType)},
		{"sub differs", func(_ *testing.T, s *setup) { s.m.claims["sub"] = tokenURI + "/" }, unknown(verdict.StatusVerification)},
		{"no sub", func(_ *testing.T, s *setup) { delete(s.m.claims, "sub") }, unknown(verdict.MalformedValue)},
		{"no iat", func(_ *testing.T, s *setup) { delete(s.m.claims, "iat") }, unknown(verdict.MalformedValue)},
		{"iat a text", func(_ *testing.T, s *setup) { s.m.claims["iat"] = "1" }, unknown(verdict.MalformedValue)},
		{"iat ahead", func(_ *testing.T, s *setup) { s.m.claims["iat"] = at.Add(time.Second).Unix() }, unknown(verdict.ListNotYetValid)},
		{"no exp and no ttl", func(_ *testing.T, s *setup) { delete(s.m.claims, "exp"); delete(s.m.claims, "ttl") }, one(verdict.OK, verdict.Pass)},
		{"exp past", func(_ *testing.T, s *setup) { s.m.claims["exp"] = at.Add(-time.Second).Unix() }, unknown(verdict.ListExpired)},
		{"exp now", func(_ *testing.T, s *setup) { s.m.claims["exp"] = at.Unix() }, unknown(verdict.ListExpired)},
		{"revoked and over", func(_ *testing.T, s *setup) { s.index = "7"; s.m.claims["exp"] = at.Unix() }, unknown(verdict.ListExpired)},
		{"exp beyond all years", func(_ *testing.T, s *setup) { s.m.claims["exp"] = json.Number("1e30") }, unknown(verdict.MalformedValue)},
		{"ttl zero", func(_ *testing.T, s *setup) { s.m.claims["ttl"] = 0 }, unknown(verdict.MalformedValue)},
		{"ttl a text", func(_ *testing.T, s *setup) { s.m.claims["ttl"] = "900" }, unknown(verdict.MalformedValue)},
		{"no list", func(_ *testing.T, s *setup) { s.m.list = nil }, unknown(verdict.MalformedValue)},
		{"bits 3", func(_ *testing.T, s *setup) { s.m.list["bits"] = 3 }, unknown(verdict.MalformedValue)},
		{"bits a text", func(_ *testing.T, s *setup) { s.m.list["bits"] = "2" }, unknown(verdict.MalformedValue)},
		{"list with padding", func(_ *testing.T, s *setup) { s.m.list["lst"] = s.m.list["lst"].(string) + "=" }, unknown(verdict.MalformedValue)},
		{"list with the prefix of the W3C's", func(_ *testing.T, s *setup) { s.m.list["lst"] = "u" + s.m.list["lst"].(string) }, unknown(verdict.MalformedValue)},
		{"list empty", func(_ *testing.T, s *setup) { s.m.list["lst"] = "" }, unknown(verdict.MalformedValue)},
		{"list too large", func(_ *testing.T, s *setup) { s.opt.MaxListBytes = 32767 }, unknown(verdict.TooLarge)},
		{"aggregation_uri a number", func(_ *testing.T, s *setup) { s.m.list["aggregation_uri"] = 1 }, unknown(verdict.MalformedValue)},
		{"other claims beside", func(_ *testing.T, s *setup) { s.m.claims["x"] = map[string]any{"y": 1} }, one(verdict.OK, verdict.Pass)},
		{"another typ", func(_ *testing.T, s *setup) { s.m.header["typ"] = "JWT" }, unknown(verdict.MalformedValue)},
		{"no typ", func(_ *testing.T, s *setup) { delete(s.m.header, "typ") }, unknown(verdict.MalformedValue)},
		{"typ written out", func(_ *testing.T, s *setup) { s.m.header["typ"] = MediaStatusJWT }, one(verdict.OK, verdict.Pass)},
		{"crit", func(_ *testing.T, s *setup) {
			s.body = func(b []byte) []byte { return reheader(b, `{"alg":"EdDSA","crit":["x"],"typ":"statuslist+jwt"}`) }
		}, unknown(verdict.StatusVerification)},
		{"MAC", func(_ *testing.T, s *setup) {
			s.body = func(b []byte) []byte { return reheader(b, `{"alg":"HS256","typ":"statuslist+jwt"}`) }
		}, unknown(verdict.StatusVerification)},
		{"none", func(_ *testing.T, s *setup) {
			s.body = func(b []byte) []byte { return reheader(b, `{"alg":"none","typ":"statuslist+jwt"}`) }
		}, unknown(verdict.StatusVerification)},
		{"signature changed", func(_ *testing.T, s *setup) { s.body = flip }, unknown(verdict.StatusVerification)},
		{"signed by another key", func(t *testing.T, s *setup) { s.m.key = newTokenMaker(t, at).key }, unknown(verdict.StatusVerification)},
		{"issuer named too", func(_ *testing.T, s *setup) { s.m.claims["iss"] = s.m.key.Public().DIDKey() }, one(verdict.OK, verdict.Pass)},
		{"issuer named is another", func(t *testing.T, s *setup) {
			s.m.claims["iss"] = newTokenMaker(t, at).key.Public().DIDKey()
		}, unknown(verdict.StatusVerification)},
		{"kid within the issuer's document", func(_ *testing.T, s *setup) { s.m.header["kid"] = s.m.key.Public().Multikey() }, one(verdict.OK, verdict.Pass)},
		{"kid a word", func(_ *testing.T, s *setup) { s.m.header["kid"] = "12" }, unknown(verdict.StatusVerification)},
		{"no kid", func(_ *testing.T, s *setup) { delete(s.m.header, "kid") }, unknown(verdict.StatusVerification)},
		{"by somebody else", func(t *testing.T, s *setup) {
			other := newTokenMaker(t, at)
			s.m.key, s.m.header = other.key, other.header
		}, unknown(verdict.ListIssuerNotAuthorised)},
		{"by somebody whom the issuer names", func(t *testing.T, s *setup) {
			other := newTokenMaker(t, at)
			s.m.key, s.m.header = other.key, other.header
			s.opt.Practice = &credential.Practice{ListIssuers: []string{other.key.Public().DIDKey()}}
		}, one(verdict.OK, verdict.Pass)},
		{"path not in the head", func(_ *testing.T, s *setup) { s.found.InHead = No }, unknown(verdict.ListPathNotInHead)},
		{"once seen revoked", func(t *testing.T, s *setup) {
			mask := NewBitstring(MinEntries)
			if err := mask.Set(6); err != nil {
				t.Fatal(err)
			}
			s.found.Sticky = mask.Bytes()
		}, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.RevocationSeenBefore: verdict.Fail}},
		{"a credential in the list's place", func(t *testing.T, s *setup) {
			s.body = func([]byte) []byte { return newMaker(t, at).sign(t) }
		}, unknown(verdict.MalformedValue)},
		{"the form in CBOR", func(t *testing.T, s *setup) {
			s.body = func([]byte) []byte { return sampleToken(t, s.m, SignStatusCWT) }
		}, unknown(verdict.MalformedValue)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newTokenMaker(t, at)
			s := setup{m: m, index: "6", entry: referenced("6"), found: Found{Source: "origin"}, opt: testOptions(at)}
			issuer := m.key.Public().DIDKey()
			c.edit(t, &s)
			if s.index != "6" {
				s.entry["idx"] = json.Number(s.index)
			}
			s.found.Body = m.jwt(t)
			if s.body != nil {
				s.found.Body = s.body(s.found.Body)
			}
			s.opt.Source = fixed{&s.found}
			rows := Check(t.Context(), &credential.Credential{Issuer: issuer, Status: []map[string]any{s.entry}}, s.opt).Checks
			got := codes(rows)
			if len(got) != len(c.want) {
				t.Errorf("rows %+v, want %v", rows, c.want)
			}
			for code, result := range c.want {
				if got[code] != result {
					t.Errorf("rows %+v, want %v", rows, c.want)
				}
			}
		})
	}
}

func reheader(token []byte, header string) []byte {
	_, rest, _ := bytes.Cut(token, []byte("."))
	return append([]byte(base64.RawURLEncoding.EncodeToString([]byte(header))+"."), rest...)
}

// flip changes one bit of the signature of a JWT.
func flip(token []byte) []byte {
	out := bytes.Clone(token)
	at := bytes.LastIndexByte(out, '.') + 1
	if out[at] == 'A' {
		out[at] = 'B'
	} else {
		out[at] = 'A'
	}
	return out
}

// signing is one of SignStatusJWT and SignStatusCWT.
type signing func(context.Context, TokenSpec, key.Signer, string) ([]byte, error)

func sampleToken(t testing.TB, m *tokenMaker, sign signing) []byte {
	t.Helper()
	b, err := sign(t.Context(), sampleSpec(t, m.key), m.key, m.key.Public().DIDKey()+"#"+m.key.Public().Multikey())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sampleSpec(t testing.TB, k key.Private) TokenSpec {
	t.Helper()
	bits := NewBitstring(MinEntries)
	if err := bits.Set(7); err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(bits, NewBitstring(MinEntries))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)
	return TokenSpec{URI: tokenURI, Issuer: k.Public().DIDKey(), Statuses: merged, IssuedAt: at, Expires: at.Add(2 * time.Hour),
		TTL: 15 * time.Minute, Aggregation: "https://uni.example/status/aggregation.json"}
}

// Both forms say the same, byte for byte of the list.
func TestTokenForms(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, kind := range []key.Kind{key.Ed25519, key.P256} {
		k, err := key.Generate(kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		spec := sampleSpec(t, k)
		method := spec.Issuer + "#" + k.Public().Multikey()
		for media, sign := range map[string]signing{MediaStatusJWT: SignStatusJWT, MediaStatusCWT: SignStatusCWT} {
			t.Run(kind.String()+"/"+media, func(t *testing.T) {
				body, err := sign(t.Context(), spec, k, method)
				if err != nil {
					t.Fatal(err)
				}
				l, row, ok := ReadStatusToken(t.Context(), body, "", testOptions(at))
				if !ok {
					t.Fatalf("%+v", row)
				}
				if l.ID != spec.URI || l.Issuer != spec.Issuer || l.MediaType != media || l.TTL != spec.TTL || l.Aggregation != spec.Aggregation ||
					!l.ValidFrom.Equal(spec.IssuedAt) || !l.ValidUntil.Equal(spec.Expires) || !bytes.Equal(l.Statuses.Bytes(), spec.Statuses.Bytes()) {
					t.Errorf("%+v", l)
				}
				if NameOfToken(body) != spec.URI || !TokenIssuedAt(body).Equal(spec.IssuedAt) {
					t.Errorf("%s, %s", NameOfToken(body), TokenIssuedAt(body))
				}
				for i := range body { // one bit anywhere
					changed := bytes.Clone(body)
					changed[i] ^= 1
					if i%7 != 0 || bytes.Equal(bytes.TrimSpace(changed), body) {
						continue
					}
					if l, _, ok := ReadStatusToken(t.Context(), changed, "", testOptions(at)); ok && l.MediaType == media {
						t.Fatalf("byte %d was changed and the token is read", i)
					}
				}
			})
		}
	}
}

// The token of the draft, signed by other software, whose key has no DID.
func TestDraftTokens(t *testing.T) {
	pub, err := key.ParseJWK(map[string]any{"kty": "EC", "crv": "P-256",
		"x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo", "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M"})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"status_list_jwt_raw.md", "status_list_cwt.md"} {
		text, err := os.ReadFile(vectors.Path(t, "vectors/token-status-list/"+file))
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.Join(strings.Fields(string(text)), "")
		body := []byte(joined)
		if file == "status_list_cwt.md" {
			if body, err = hex.DecodeString(joined); err != nil {
				t.Fatal(err)
			}
		}
		u, err := parseStatusToken(body)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if u.sub != "https://example.com/statuslists/1" || u.iat.Unix() != 1686920170 || u.exp.Unix() != 2291720170 || u.ttl != 43200*time.Second || u.kid != "12" {
			t.Errorf("%s: %+v", file, u)
		}
		if u.jws != nil {
			err = u.jws.Verify(pub)
		} else {
			err = u.message.Verify(pub)
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if s, err := Unpack(u.packed, u.bits, 0); err != nil || hex.EncodeToString(s.Bytes()) != "b9a3" {
			t.Errorf("%s: %x, %v", file, s.Bytes(), err)
		}
		// Nothing says whose key 12 is.
		_, row, ok := ReadStatusToken(t.Context(), body, "", testOptions(time.Unix(1700000000, 0)))
		if ok || row.Code != verdict.StatusVerification {
			t.Errorf("%s: %+v", file, row)
		}
	}
}

// A list is inflated only after its signature: what a stranger sends stays packed.
func TestSignatureBeforeInflating(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newTokenMaker(t, at)
	bomb, err := Revoked(NewBitstring(8 << 26)).Pack()
	if err != nil {
		t.Fatal(err)
	}
	m.list["bits"], m.list["lst"] = 1, base64.RawURLEncoding.EncodeToString(bomb)
	good := m.jwt(t)
	if _, row, ok := ReadStatusToken(t.Context(), good, "", testOptions(at)); ok || row.Code != verdict.TooLarge {
		t.Errorf("a signed bomb: %+v", row)
	}
	if _, row, ok := ReadStatusToken(t.Context(), flip(good), "", testOptions(at)); ok || row.Code != verdict.StatusVerification {
		t.Errorf("a bomb that nobody signed: %+v", row)
	}
}

// FuzzStatusToken: whatever comes in is a token or one of the typed refusals.
func FuzzStatusToken(f *testing.F) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newTokenMaker(f, at)
	f.Add(m.jwt(f))
	f.Add(sampleToken(f, m, SignStatusJWT))
	f.Add(sampleToken(f, m, SignStatusCWT))
	typed := []error{ErrToken, ErrTooLarge, jose.ErrToken, jose.ErrHeader, jose.ErrAlg, jose.ErrType, jose.ErrTooLarge,
		cose.ErrMessage, cose.ErrMAC, cose.ErrHeader, cose.ErrAlg, cose.ErrType, cose.ErrTooLarge}
	opt := testOptions(at)
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := parseStatusToken(b)
		if err != nil {
			for _, want := range typed {
				if errors.Is(err, want) {
					return
				}
			}
			t.Fatal(err)
		}
		if u.sub == "" || u.iat.Unix() < 0 || u.ttl < 0 || u.bits&(u.bits-1) != 0 || u.bits < 1 || u.bits > 8 {
			t.Fatalf("%+v", u)
		}
		if _, row, ok := ReadStatusToken(t.Context(), b, "", opt); !ok && row.Result != verdict.Unknown {
			t.Fatalf("%+v", row)
		}
	})
}

// FuzzTokenEntry: the status of a token is an entry that can be used, or a row.
func FuzzTokenEntry(f *testing.F) {
	for _, s := range []string{`{"status_list":{"idx":0,"uri":"https://a.example/1"}}`, `{"status_list":{"idx":"0"}}`, `{"x":{}}`, `{"status_list":{"idx":-1,"uri":"u"}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, err := strictjson.Parse(b, strictjson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			return
		}
		m, err := credential.TokenStatus(raw)
		if err != nil && (!errors.Is(err, credential.ErrClaim) || m["type"] != credential.UnknownStatusEntry) {
			t.Fatalf("%v: %v", m, err)
		}
		e, row, ok := EntryOf(m)
		if ok && (e.Index < 0 || e.List == "") || !ok && row.Result != verdict.Unknown {
			t.Fatalf("%+v %+v", e, row)
		}
	})
}
