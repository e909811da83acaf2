package revocation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// bsl is one reading of one entry in one list, as the lines of the checklist for
// Bitstring Status List 1.0 want it; each case changes one thing.
type bsl struct {
	t     *testing.T
	m     *listMaker
	entry map[string]any
	// tree changes the list before it is signed, body after.
	tree  func(map[string]any)
	body  func([]byte) []byte
	cred  *credential.Credential
	found *Found
	opt   Options
}

func (b *bsl) set(i int64) {
	b.t.Helper()
	if err := b.m.spec.Bits.Set(i); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bsl) at(to time.Time) { b.opt.At, b.opt.Credential.At = to, to }

// subject changes the list's credentialSubject.
func (b *bsl) subject(name string, v any) {
	b.tree = func(tree map[string]any) {
		s := tree["credentialSubject"].(map[string]any)
		if v == nil {
			delete(s, name)
			return
		}
		s[name] = v
	}
}

// encoded replaces the encodedList by what f makes of it.
func (b *bsl) encoded(f func(string) string) {
	b.tree = func(tree map[string]any) {
		s := tree["credentialSubject"].(map[string]any)
		s["encodedList"] = f(s["encodedList"].(string))
	}
}

// packed replaces the GZIP data.
func (b *bsl) packed(f func([]byte) []byte) {
	b.encoded(func(s string) string {
		raw, err := base64.RawURLEncoding.DecodeString(s[1:])
		if err != nil {
			b.t.Fatal(err)
		}
		return "u" + base64.RawURLEncoding.EncodeToString(f(raw))
	})
}

func (b *bsl) run() map[verdict.Code]verdict.Result {
	b.t.Helper()
	did := b.m.key.Public().DIDKey()
	body := b.m.sign(b.t)
	if b.tree != nil {
		tree, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: 32 << 20})
		if err != nil {
			b.t.Fatal(err)
		}
		delete(tree, "proof")
		b.tree(tree)
		signed, err := proof.Sign(b.t.Context(), tree, b.m.key, proof.SignOptions{Suite: proof.EdDSAJCS2022,
			VerificationMethod: did + "#" + b.m.key.Public().Multikey(), Created: b.m.spec.ValidFrom})
		if err != nil {
			b.t.Fatal(err)
		}
		if body, err = strictjson.Canonical(signed); err != nil {
			b.t.Fatal(err)
		}
	}
	if b.body != nil {
		body = b.body(body)
	}
	b.found.Body = body
	b.opt.Source = fixed{b.found}
	return codes(Check(b.t.Context(), b.cred, b.opt).Checks)
}

func zip(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestBSL goes through the lines of the checklist that concern reading. Those on
// writing are TestBSLWriting; on the book BSL-30 to BSL-33 are TestDrawIsUniform, TestAllocationIsUnseen and TestConcurrentIssuersNeverShareAnIndex in
// book_test.go; BSL-29 is at the replica's door.
func TestBSL(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type want = map[verdict.Code]verdict.Result
	ok, malformed := want{verdict.OK: verdict.Pass}, want{verdict.MalformedValue: verdict.Unknown}
	proofFails := want{verdict.StatusVerification: verdict.Unknown}
	entry := func(name string, v any) func(*bsl) { return func(b *bsl) { b.entry[name] = v } }
	cases := []struct {
		name string
		edit func(*bsl)
		want want
	}{
		{"BSL-1 as it should be", func(*bsl) {}, ok},
		{"BSL-1 another type", entry("type", "StatusList2017"), want{verdict.UnknownStatusType: verdict.Unknown}},
		{"BSL-1 no id", func(b *bsl) { delete(b.entry, "id") }, ok},
		{"BSL-1 id no URL", entry("id", "7"), malformed},
		{"BSL-1 id no text", entry("id", json.Number("7")), malformed},
		{"BSL-1 id is the list", entry("id", "https://uni.example/status/1"), malformed},
		{"BSL-2 suspension", func(b *bsl) {
			b.m.spec.Purpose, b.entry["statusPurpose"] = Suspension, "suspension"
			b.set(7)
		}, want{verdict.Suspended: verdict.Fail}},
		{"BSL-2 no purpose", func(b *bsl) { delete(b.entry, "statusPurpose") }, malformed},
		{"BSL-3 index larger than 64 bits", entry("statusListIndex", strings.Repeat("9", 40)), want{verdict.StatusRange: verdict.Unknown}},
		{"BSL-3 index of 2^32+7", func(b *bsl) { b.entry["statusListIndex"] = "4294967303"; b.set(7) }, want{verdict.StatusRange: verdict.Unknown}},
		{"BSL-3 index as a number", entry("statusListIndex", json.Number("7")), malformed},
		{"BSL-3 index NaN", entry("statusListIndex", "NaN"), malformed},
		{"BSL-4 not a URL", entry("statusListCredential", "status/1"), malformed},
		{"BSL-4 what is there is no list", func(b *bsl) {
			b.tree = func(tree map[string]any) { tree["type"] = []any{"VerifiableCredential"} }
		}, malformed},
		{"BSL-5 size one", entry("statusSize", json.Number("1")), ok},
		{"BSL-5 size as a text", entry("statusSize", "1"), malformed},
		{"BSL-5 size zero", entry("statusSize", json.Number("0")), malformed},
		{"BSL-5 size negative", entry("statusSize", json.Number("-1")), malformed},
		{"BSL-5, BSL-14 size two", func(b *bsl) { b.entry["statusSize"], b.entry["statusMessage"] = json.Number("2"), messages(4) },
			want{verdict.StatusSizeUnsupported: verdict.Unknown}},
		{"BSL-6 two messages for one bit", entry("statusMessage", messages(2)), ok},
		{"BSL-6 one message for one bit", entry("statusMessage", messages(1)), malformed},
		{"BSL-6 two bits without messages", entry("statusSize", json.Number("2")), malformed},
		{"BSL-6 a message without words", entry("statusMessage", []any{map[string]any{"status": "0x0"}, map[string]any{"status": "0x1"}}), malformed},
		{"BSL-7 two references", entry("statusReference", []any{"https://a.example/", "https://b.example/"}), ok},
		{"BSL-7 a reference that is no URL", entry("statusReference", "see our page"), malformed},
		{"BSL-8 revoked beside not suspended", func(b *bsl) {
			b.set(7)
			b.subject("statusPurpose", []any{"revocation", "suspension"})
			other := entryTree()
			other["statusPurpose"], other["statusListIndex"] = "suspension", "8"
			b.cred.Status = append(b.cred.Status, other)
		}, want{verdict.Revoked: verdict.Fail, verdict.OK: verdict.Pass}},
		{"BSL-8 one entry that cannot be read", func(b *bsl) {
			other := entryTree()
			other["statusListIndex"] = "-"
			b.cred.Status = append(b.cred.Status, other)
		}, want{verdict.MalformedValue: verdict.Unknown, verdict.OK: verdict.Pass}},
		{"BSL-9 list without id", func(b *bsl) { b.tree = func(tree map[string]any) { delete(tree, "id") } }, proofFails},
		{"BSL-9 list B for list A", func(b *bsl) { b.m.spec.URL = "https://uni.example/status/3" }, proofFails},
		{"BSL-10 two purposes", func(b *bsl) { b.subject("statusPurpose", []any{"suspension", "revocation"}) }, ok},
		{"BSL-10 purpose a number", func(b *bsl) { b.subject("statusPurpose", []any{json.Number("1")}) }, malformed},
		{"BSL-10 no purpose", func(b *bsl) { b.subject("statusPurpose", nil) }, malformed},
		{"BSL-10 subject of another type", func(b *bsl) { b.subject("type", "BitstringStatusListEntry") }, proofFails}, // there encodedList has no meaning
		{"BSL-10 no list inside", func(b *bsl) { b.subject("encodedList", nil) }, malformed},
		{"BSL-11 without u", func(b *bsl) { b.encoded(func(s string) string { return s[1:] }) }, malformed},
		{"BSL-11 another base", func(b *bsl) { b.encoded(func(s string) string { return "z" + s[1:] }) }, malformed},
		{"BSL-11 padded", func(b *bsl) { b.encoded(func(s string) string { return s + "=" }) }, malformed},
		{"BSL-12 8 entries short", func(b *bsl) { b.m.spec.Bits = NewBitstring(MinEntries - 8) }, want{verdict.StatusListLength: verdict.Unknown}},
		{"BSL-12 a lower bound by policy", func(b *bsl) { b.m.spec.Bits, b.opt.MinLength = NewBitstring(MinEntries-8), 1000 }, ok},
		{"BSL-13 the left-most bit", func(b *bsl) { b.entry["statusListIndex"] = "0"; b.m.spec.Bits.b[0] = 0x80 }, want{verdict.Revoked: verdict.Fail}},
		{"BSL-13 not the right-most", func(b *bsl) { b.entry["statusListIndex"] = "0"; b.m.spec.Bits.b[0] = 0x7f }, ok},
		{"BSL-15 past its ttl", func(b *bsl) { b.m.spec.TTL = time.Second }, ok},
		{"BSL-15 ttl as a text", func(b *bsl) { b.subject("ttl", "300000") }, malformed},
		{"BSL-15 ttl negative", func(b *bsl) { b.subject("ttl", json.Number("-1")) }, malformed},
		{"BSL-16 within its ttl, past its term", func(b *bsl) { b.m.spec.TTL = 48 * time.Hour; b.at(at.Add(2 * time.Hour)) }, want{verdict.ListExpired: verdict.Unknown}},
		{"BSL-16 before its term", func(b *bsl) { b.m.spec.ValidFrom = at.Add(time.Minute) }, want{verdict.ListNotYetValid: verdict.Unknown}},
		{"BSL-18 by another", func(b *bsl) { b.cred.Issuer = newMaker(b.t, at).spec.Issuer }, want{verdict.ListIssuerNotAuthorised: verdict.Unknown}},
		{"BSL-18 by another whom the issuer names", func(b *bsl) {
			b.cred.Issuer = newMaker(b.t, at).spec.Issuer
			b.opt.Practice = &credential.Practice{ListIssuers: []string{b.m.spec.Issuer}}
		}, ok},
		{"BSL-18 by another, another is named", func(b *bsl) {
			b.cred.Issuer = newMaker(b.t, at).spec.Issuer
			b.opt.Practice = &credential.Practice{ListIssuers: []string{newMaker(b.t, at).spec.Issuer}}
		}, want{verdict.ListIssuerNotAuthorised: verdict.Unknown}},
		{"BSL-18 its path is not in the head", func(b *bsl) { b.found.InHead = No }, want{verdict.ListPathNotInHead: verdict.Unknown}},
		{"BSL-19 as a token", func(b *bsl) {
			b.set(7)
			b.body = func(body []byte) []byte {
				tree, err := strictjson.ParseObject(body, strictjson.Limits{})
				if err != nil {
					b.t.Fatal(err)
				}
				delete(tree, "proof")
				text, err := credential.SignToken(b.t.Context(), tree, b.m.key, credential.MediaVCJWT, b.m.spec.Issuer+"#"+b.m.key.Public().Multikey(), at, nil)
				if err != nil {
					b.t.Fatal(err)
				}
				return []byte(text)
			}
		}, want{verdict.Revoked: verdict.Fail}},
		{"BSL-21 nothing signed", func(b *bsl) {
			b.body = func(body []byte) []byte { return []byte(strings.Replace(string(body), `"proof"`, `"prof"`, 1)) }
		}, proofFails},
		{"BSL-21 changed after signing", func(b *bsl) {
			b.body = func(body []byte) []byte {
				return []byte(strings.Replace(string(body), "2026-06-01T13", "2027-06-01T13", 1))
			}
		}, proofFails},
		{"BSL-21 purposes differ", func(b *bsl) { b.m.spec.Purpose = Suspension }, want{verdict.StatusPurposeMismatch: verdict.Unknown}},
		{"BSL-21 range", entry("statusListIndex", "131072"), want{verdict.StatusRange: verdict.Unknown}},
		{"BSL-22 bytes after the member", func(b *bsl) { b.packed(func(p []byte) []byte { return append(p, 0) }) }, malformed},
		{"BSL-22 two members", func(b *bsl) { b.packed(func(p []byte) []byte { return append(p, p...) }) }, malformed},
		{"BSL-22 a wrong check sum", func(b *bsl) { b.packed(func(p []byte) []byte { p[len(p)-8] ^= 1; return p }) }, malformed},
		{"BSL-22 a wrong length", func(b *bsl) { b.packed(func(p []byte) []byte { p[len(p)-4] ^= 1; return p }) }, malformed},
		{"BSL-22 cut short", func(b *bsl) { b.packed(func(p []byte) []byte { return p[:len(p)-9] }) }, malformed},
		{"BSL-23 refresh is no revocation", func(b *bsl) {
			b.m.spec.Purpose, b.entry["statusPurpose"] = Refresh, "refresh"
			b.set(7)
		}, want{verdict.RefreshAvailable: verdict.Warn, verdict.NoStatusNamed: verdict.Skipped}},
		{"BSL-23 a message is no revocation", func(b *bsl) {
			b.m.spec.Purpose, b.entry["statusPurpose"] = Message, "message"
			b.set(7)
		}, want{verdict.MessageSet: verdict.Warn, verdict.NoStatusNamed: verdict.Skipped}},
		{"BSL-24 nothing could be had", func(b *bsl) { b.found = nil }, want{verdict.StatusRetrieval: verdict.Unknown}},
		{"BSL-26 asked about a time outside its term", func(b *bsl) { b.at(at.Add(-90 * time.Minute)); b.m.spec.ValidFrom = at.Add(-85 * time.Minute) },
			want{verdict.ListNotYetValid: verdict.Unknown}},
		{"BSL-26 asked about a time in its term", func(b *bsl) { b.at(at.Add(-30 * time.Minute)) }, ok},
		{"BSL-27 brought along", func(b *bsl) { b.found.Source = "stapled" }, ok},
		{"BSL-34 8 MiB come out", func(b *bsl) { b.packed(func([]byte) []byte { return zip(b.t, make([]byte, MaxListBytes)) }) }, ok},
		{"BSL-34 one byte more", func(b *bsl) { b.packed(func([]byte) []byte { return zip(b.t, make([]byte, MaxListBytes+1)) }) }, want{verdict.TooLarge: verdict.Unknown}},
		{"BSL-34 a bomb of 64 MiB", func(b *bsl) { b.packed(func([]byte) []byte { return zip(b.t, make([]byte, 64<<20)) }) }, want{verdict.TooLarge: verdict.Unknown}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, index := range []*Index{nil, NewIndex(IndexConfig{})} {
				b := &bsl{t: t, m: newMaker(t, at), entry: entryTree(), opt: testOptions(at), found: &Found{Source: "replica", InHead: Yes}}
				b.opt.Index = index
				b.cred = &credential.Credential{Issuer: b.m.spec.Issuer, Status: []map[string]any{b.entry}}
				c.edit(b)
				var got want
				if b.found == nil {
					b.opt.Source = silent{}
					got = codes(Check(t.Context(), b.cred, b.opt).Checks)
				} else {
					got = b.run()
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("with an index %v: %v, want %v", index != nil, got, c.want)
				}
			}
		})
	}
}

// The problem types of BSL-24, each from the row that a check ends in.
func TestBSLProblemTypes(t *testing.T) {
	const list, model = "https://www.w3.org/ns/credentials/status-list#", "https://www.w3.org/TR/vc-data-model#"
	for code, want := range map[verdict.Code]string{
		verdict.StatusRetrieval: list + "STATUS_RETRIEVAL_ERROR", verdict.StatusVerification: list + "STATUS_VERIFICATION_ERROR",
		verdict.StatusPurposeMismatch: list + "STATUS_VERIFICATION_ERROR", verdict.StatusListLength: list + "STATUS_LIST_LENGTH_ERROR",
		verdict.StatusRange: model + "RANGE_ERROR", verdict.MalformedValue: model + "MALFORMED_VALUE_ERROR",
	} {
		if spec, ok := verdict.LookupIn(verdict.Status, code); !ok || spec.Problem != want {
			t.Errorf("%s has the problem type %q, want %q", code, spec.Problem, want)
		}
	}
}

// What is written: BSL-10, BSL-11, BSL-15, BSL-17, BSL-20 and BSL-35, and that
// nothing in it is a word without a meaning.
func TestBSLWriting(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	m.spec.TTL = 15 * time.Minute
	if err := m.spec.Bits.Set(94567); err != nil {
		t.Fatal(err)
	}
	body := m.sign(t)
	tree, err := strictjson.ParseObject(body, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	subject := tree["credentialSubject"].(map[string]any)
	if subject["ttl"] != json.Number("900000") || subject["statusPurpose"] != "revocation" || subject["type"] != "BitstringStatusList" {
		t.Errorf("%v", subject)
	}
	for _, name := range []string{"statusSize", "statusMessages", "statusMessage"} {
		if _, has := subject[name]; has {
			t.Errorf("BSL-17: %s is written on the list", name)
		}
	}
	text := subject["encodedList"].(string)
	packed, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "u"))
	if err != nil || text[0] != 'u' {
		t.Fatal(err, text[:1])
	}
	if !bytes.Equal(packed[:4], []byte{0x1f, 0x8b, 8, 0}) || !bytes.Equal(packed[4:8], make([]byte, 4)) {
		t.Errorf("BSL-20: a GZIP header with flags or a time: %x", packed[:10])
	}
	if again, err := m.spec.Bits.Encode(); err != nil || again != text {
		t.Errorf("BSL-20: equal bits give another text: %v", err)
	}
	if len(packed) > 300 {
		t.Errorf("BSL-35: %d bytes for one bit", len(packed))
	}
	delete(tree, "proof")
	if _, err := jsonld.Builtin().Expand(tree); err != nil {
		t.Errorf("a word without a meaning: %v", err)
	}
}
