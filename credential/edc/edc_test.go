package edc

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/proof/sealtest"
	"github.com/bonafide-id/bonafide/verdict"
)

// now is a time at which everything made here holds.
func now() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }

const countries = "http://publications.europa.eu/resource/authority/country/"

func legalID(notation, country string) map[string]any {
	return map[string]any{"id": "urn:id:1", "type": "LegalIdentifier", "notation": notation,
		"spatial": map[string]any{"id": countries + country, "type": "Concept"}}
}

// document is a small European Digital Credential, whole and right.
func document() map[string]any {
	return map[string]any{
		"@context": []any{credential.ContextV1, Context}, "id": "urn:credential:1", "type": []any{"VerifiableCredential", Type},
		"credentialSchema": map[string]any{"id": "http://data.europa.eu/snb/model/ap/edc-generic-full", "type": "ShaclValidator2017"},
		"issuanceDate":     "2026-03-01T00:00:00Z", "issued": "2026-03-01T00:00:00Z", "validFrom": "2026-02-01T00:00:00Z",
		"issuer": map[string]any{"id": "urn:epass:org:1", "type": "Organisation", "legalName": map[string]any{"en": "Test University"},
			"eIDASIdentifier": legalID("VATES-A00000000", "ESP")},
		"credentialSubject": map[string]any{"id": "urn:epass:person:1", "type": "Person", "fullName": map[string]any{"en": "Ana Andromeda"}},
	}
}

func write(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func check(file []byte, at time.Time, trust Trust) *credential.Checked {
	return credential.Check(context.Background(), file, credential.Options{At: at,
		Openers: map[string]credential.Opener{credential.MediaJOSE: Opener(trust)}})
}

func roots(list ...*sealtest.Authority) Trust {
	pool := x509.NewCertPool()
	for _, a := range list {
		c, err := x509.ParseCertificate(a.DER)
		if err != nil {
			panic(err)
		}
		pool.AddCert(c)
	}
	return Trust{Roots: pool}
}

// codes lists "check result code" of every row of the check called name.
func codes(c *credential.Checked, name verdict.CheckName) []string {
	var out []string
	for _, r := range c.Checks {
		if r.Name == name {
			out = append(out, r.Result.String()+" "+string(r.Code))
		}
	}
	return out
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expect compares rows by check; a check that is not named is not looked at.
func expect(t *testing.T, c *credential.Checked, want map[verdict.CheckName][]string) {
	t.Helper()
	for name, rows := range want {
		if got := codes(c, name); !slices.Equal(got, rows) {
			t.Errorf("%s: %q, want %q", name, got, rows)
		}
	}
}

type rows = map[verdict.CheckName][]string

func TestOfficialSample(t *testing.T) {
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	c := check(sample(t, "edc-mc-annex1-signed.jsonld"), at, Trust{})
	expect(t, c, rows{
		verdict.Format:    {"pass ok", "warn vcdm_1_1"},
		verdict.Integrity: {"pass ok"},
		verdict.Signer: {"warn time_stamp_unproven", "warn time_stamp_unproven",
			"unknown certificate_expired", "unknown certificate_chain_untrusted"},
		verdict.Dates:  {"pass ok"},
		verdict.Issuer: {"warn seal_other_identifier", "warn seal_other_identifier"},
	})
	if c.OK || c.Document == nil || c.Seal == nil || c.Seal.Level != cert.None || c.Seal.Identifier.Raw != "VATES-A00000000" ||
		c.Signer.Created == nil || c.MediaType != credential.MediaJOSE {
		t.Errorf("%+v", c)
	}
	if got := verdict.Decide(c.Checks, nil); got != verdict.Indeterminate {
		t.Errorf("outcome %v", got)
	}
	// While the certificate held, only the authority was missing.
	c = check(sample(t, "edc-mc-annex1-signed.jsonld"), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Trust{})
	if got := c.Row(verdict.Signer); got.Code != verdict.CertificateChainUntrusted {
		t.Errorf("signer %+v", got)
	}
	// The unsigned form carries no proof.
	c = check(sample(t, "edc-mc-annex1-unsigned.jsonld"), at, Trust{})
	if c.OK || c.Row(verdict.Integrity).Code != verdict.ProofMissing {
		t.Errorf("unsigned: %+v", c.Row(verdict.Integrity))
	}
}

func TestSampleWithAnotherIdentifier(t *testing.T) {
	c := check(sample(t, "edc-seal-valid-legalid-mismatch.jsonld"), time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC), Trust{})
	expect(t, c, rows{
		verdict.Format:    {"unknown unknown_context", "warn vcdm_1_1"},
		verdict.Integrity: {"pass ok"},
		verdict.Dates:     {"fail expired"},
		verdict.Issuer:    {"fail seal_contradicted"},
	})
	if got := verdict.Decide(c.Checks, nil); got != verdict.Invalid {
		t.Errorf("outcome %v", got)
	}
	// Before it expired, the contradiction alone makes it invalid.
	c = check(sample(t, "edc-seal-valid-legalid-mismatch.jsonld"), time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), Trust{})
	if got := verdict.Decide(c.Checks, nil); got != verdict.Invalid || c.Row(verdict.Dates).Result != verdict.Pass {
		t.Errorf("outcome %v, dates %+v", got, c.Row(verdict.Dates))
	}
	if name := c.Document["issuer"].(map[string]any)["legalName"].(map[string]any)["fr"]; name != "un nom lÃ©gal" {
		t.Errorf("the name was repaired: %q", name)
	}
}

// Every byte of the payload counts.
func TestFlippedByte(t *testing.T) {
	for _, name := range []string{"edc-mc-annex1-signed.jsonld", "edc-seal-valid-legalid-mismatch.jsonld"} {
		file := sample(t, name)
		i := bytes.Index(file, []byte("urn:credential:"))
		if i < 0 {
			t.Fatal("no id")
		}
		flipped := bytes.Clone(file)
		flipped[i+len("urn:credential:")] ^= 1
		c := check(flipped, now(), Trust{})
		expect(t, c, rows{verdict.Integrity: {"fail signature_invalid"}, verdict.Signer: {"unknown not_checked"}, verdict.Issuer: nil})
		if c.Document != nil || c.Seal != nil || c.OK {
			t.Error("something of a changed document was handed on")
		}
	}
}

func TestSeal(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	middle := root.Below(t, "Middle")
	leaf := root.Issue(t, nil)
	other := root.Issue(t, nil)
	low := middle.Issue(t, nil)
	person := root.Issue(t, func(c *x509.Certificate) {
		c.Subject.ExtraNames = append(c.Subject.ExtraNames, sealtest.OrganisationID("VATES-A00000000"))
		c.Subject.ExtraNames[0].Type = sealtest.OID("2.5.4.4")
		c.Subject.ExtraNames[0].Value = "Andromeda"
	})
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	x5c := func(c sealtest.Certificate) []any { return []any{base64.StdEncoding.EncodeToString(c.DER)} }
	covered := write(t, document())
	const otherText = "another text"
	for _, c := range []struct {
		name  string
		cert  sealtest.Certificate
		edit  func(d *sealtest.Draft)
		trust Trust
		at    time.Time
		want  rows
	}{
		{"to a configured root", leaf, nil, roots(root), now(), rows{
			verdict.Format: {"pass ok", "warn vcdm_1_1"}, verdict.Integrity: {"pass ok"}, verdict.Signer: {"pass ok"}, verdict.Dates: {"pass ok"}, verdict.Issuer: nil}},
		{"through one that came along", low, func(d *sealtest.Draft) { d.Header["etsiU"] = []any{sealtest.Values(middle.Certificate)} },
			roots(root), now(), rows{verdict.Signer: {"pass ok"}}},
		{"through one in x5c", low, func(d *sealtest.Draft) {
			d.Protected["x5c"] = append(x5c(low), base64.StdEncoding.EncodeToString(middle.DER))
		}, roots(root), now(), rows{verdict.Signer: {"pass ok"}}},
		{"without the one between", low, nil, roots(root), now(), rows{verdict.Signer: {"unknown certificate_chain_untrusted"}}},
		{"no roots", leaf, nil, Trust{}, now(), rows{verdict.Signer: {"unknown certificate_chain_untrusted"}}},
		{"roots of others", leaf, nil, roots(sealtest.NewAuthority(t, "Root")), now(), rows{verdict.Signer: {"unknown certificate_chain_untrusted"}}},
		{"self-signed", root.Certificate, nil, Trust{}, now(), rows{verdict.Signer: {"unknown certificate_self_signed", "unknown certificate_not_for_signing", "unknown seal_issuer_unbound"}}},
		{"certificate ended", leaf, nil, roots(root), sealtest.End().Add(time.Second), rows{
			verdict.Integrity: {"pass ok"}, verdict.Signer: {"unknown certificate_expired", "unknown certificate_chain_untrusted"}}},
		{"key for another use", root.Issue(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), nil, roots(root), now(),
			rows{verdict.Integrity: {"pass ok"}, verdict.Signer: {"unknown certificate_not_for_signing"}}},
		{"natural person", person, nil, roots(root), now(), rows{verdict.Signer: {"unknown seal_issuer_unbound"}, verdict.Issuer: {"fail natural_person"}}},
		{"two identifiers", root.Issue(t, func(c *x509.Certificate) {
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, sealtest.OrganisationID("VATES-B00000000"))
		}), nil, roots(root), now(), rows{verdict.Integrity: {"unknown key_unavailable"}, verdict.Signer: {"unknown not_checked"}}},
		{"weak key", root.IssueFor(t, weak, nil), nil, roots(root), now(), rows{verdict.Integrity: {"unknown key_unavailable"}, verdict.Signer: {"unknown not_checked"}}},
		{"signed ahead of the time asked", leaf, nil, roots(root), time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), rows{
			verdict.Integrity: {"fail proof_created_in_future"}, verdict.Dates: {"fail not_yet_valid"}}},
		{"signed a little ahead", leaf, func(d *sealtest.Draft) { d.Protected["sigT"] = now().Add(5 * time.Minute).Format(time.RFC3339) },
			roots(root), now(), rows{verdict.Integrity: {"pass ok"}}},

		{"payload in base64url", leaf, func(d *sealtest.Draft) {
			d.Payload = base64.RawURLEncoding.EncodeToString([]byte(covered))
			d.Protected["crit"] = []any{"sigT"}
			delete(d.Protected, "b64")
		}, roots(root), now(), rows{verdict.Format: {"pass ok", "warn vcdm_1_1"}, verdict.Integrity: {"pass ok"}, verdict.Signer: {"pass ok"}}},
		{"issuer is another kind of identifier", leaf, func(d *sealtest.Draft) {
			d.Payload = strings.Replace(covered, `"urn:epass:org:1"`, `"did:web:uni.test"`, 1)
		}, roots(root), now(), rows{verdict.Integrity: {"pass ok"}, verdict.Signer: {"unknown seal_issuer_unbound"}, verdict.Issuer: nil}},
		{"another certificate", leaf, func(d *sealtest.Draft) { d.Protected["x5c"] = x5c(other) }, roots(root), now(),
			rows{verdict.Integrity: {"fail proof_malformed"}, verdict.Signer: {"unknown not_checked"}}},
		{"another certificate and its thumbprint", leaf, func(d *sealtest.Draft) {
			d.Protected["x5c"], d.Protected["x5t#S256"] = x5c(other), cert.Thumbprint(other.DER)
		}, roots(root), now(), rows{verdict.Integrity: {"fail signature_invalid"}, verdict.Signer: {"unknown not_checked"}}},
		{"algorithm of another key", leaf, func(d *sealtest.Draft) { d.Protected["alg"] = "RS256" }, roots(root), now(), rows{verdict.Integrity: {"fail proof_malformed"}}},
		{"algorithm not known", leaf, func(d *sealtest.Draft) { d.Protected["alg"] = "ES512" }, roots(root), now(), rows{verdict.Integrity: {"unknown proof_unknown_suite"}}},
		{"critical header not known", leaf, func(d *sealtest.Draft) {
			d.Protected["sigPl"], d.Protected["crit"] = "x", []any{"b64", "sigPl"}
		}, roots(root), now(), rows{verdict.Integrity: {"unknown proof_unknown_suite"}}},

		{"stamps", leaf, func(d *sealtest.Draft) {
			d.Protected["adoTst"] = sealtest.Tokens(sealtest.Token(t, []byte(covered), now(), other))
		}, roots(root), now(), rows{verdict.Integrity: {"pass ok"}, verdict.Signer: {"warn time_stamp_unproven", "pass ok"}}},
		{"stamp of something else", leaf, func(d *sealtest.Draft) {
			d.Protected["adoTst"] = sealtest.Tokens(sealtest.Token(t, []byte(otherText), now(), other))
		}, roots(root), now(), rows{verdict.Integrity: {"pass ok", "warn time_stamp_other"}, verdict.Signer: {"pass ok"}}},
		{"stamp that cannot be read", leaf, func(d *sealtest.Draft) { d.Protected["adoTst"] = sealtest.Tokens([]byte{0x30, 0x80}) },
			roots(root), now(), rows{verdict.Integrity: {"pass ok"}, verdict.Signer: {"warn time_stamp_unproven", "pass ok"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := sealtest.NewDraft(covered, c.cert)
			if c.edit != nil {
				c.edit(d)
			}
			got := check(d.File(t), c.at, c.trust)
			expect(t, got, c.want)
			if pass := got.Row(verdict.Signer).Result == verdict.Pass || got.Row(verdict.Signer).Result == verdict.Warn; pass != (got.Seal != nil && got.Seal.Level == cert.Chain && got.OK) {
				t.Errorf("signer passes: %v, but %+v", pass, got.Seal)
			}
		})
	}
}

func TestDocument(t *testing.T) {
	root := sealtest.NewAuthority(t, "Root")
	leaf := root.Issue(t, nil)
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	good := rows{verdict.Format: {"pass ok", "warn vcdm_1_1"}, verdict.Dates: {"pass ok"}}
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		ok   bool
		want rows
	}{
		{"good", func(map[string]any) {}, true, good},
		{"ends later", set("validUntil", "2026-12-31T00:00:00Z"), true, good},
		{"another context", set("@context", []any{credential.ContextV1, "https://other.test/context"}), false, rows{verdict.Format: {"unknown unknown_context", "warn vcdm_1_1"}}},
		{"inline context", set("@context", []any{credential.ContextV1, Context, map[string]any{"issuer": "x:y"}}), false, rows{verdict.Format: {"unknown context_inline", "warn vcdm_1_1"}}},
		{"context inside", func(m map[string]any) {
			m["credentialSubject"].(map[string]any)["hasClaim"] = []any{map[string]any{"@context": Context}}
		}, false, rows{verdict.Format: {"unknown context_inline", "warn vcdm_1_1"}}},
		{"another type", set("type", []any{"VerifiableCredential"}), false, rows{verdict.Format: {"unknown unknown_format", "warn vcdm_1_1"}}},
		{"no issuer", func(m map[string]any) { delete(m, "issuer") }, false, rows{verdict.Format: {"fail MALFORMED_VALUE_ERROR", "warn vcdm_1_1"}, verdict.Signer: {"unknown seal_issuer_unbound"}}},
		{"no date of issuing", func(m map[string]any) { delete(m, "issuanceDate") }, false, rows{verdict.Format: {"fail MALFORMED_VALUE_ERROR", "warn vcdm_1_1"}}},
		{"validUntil passed", set("validUntil", "2026-05-31T00:00:00Z"), false, rows{verdict.Dates: {"fail expired"}}},
		{"expirationDate passed", set("expirationDate", "2026-05-31T00:00:00Z"), false, rows{verdict.Dates: {"fail expired"}}},
		{"expirationDate passed, validUntil not", func(m map[string]any) {
			m["expirationDate"], m["validUntil"] = "2026-05-31T00:00:00Z", "2026-12-31T00:00:00Z"
		}, false, rows{verdict.Dates: {"fail expired"}}},
		{"validFrom to come", set("validFrom", "2026-07-01T00:00:00Z"), false, rows{verdict.Dates: {"fail not_yet_valid"}}},
		{"validUntil a word", set("validUntil", "never"), false, rows{verdict.Dates: {"unknown date_unreadable", "pass ok"}}},
		{"validFrom without zone", set("validFrom", "2026-02-01T00:00:00"), true, rows{verdict.Format: {"pass ok", "warn vcdm_1_1", "warn zone_missing"}, verdict.Dates: {"pass ok"}}},
		{"look-alike name", func(m map[string]any) { m["credentialSubject"].(map[string]any)["fullN\u0430me"] = "x" }, true,
			rows{verdict.Format: {"pass ok", "warn vcdm_1_1", "warn confusable_name"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := document()
			c.edit(doc)
			got := check(sealtest.NewDraft(write(t, doc), leaf).File(t), now(), roots(root))
			expect(t, got, c.want)
			if got.OK != c.ok || codes(got, verdict.Integrity)[0] != "pass ok" {
				t.Errorf("OK %v, integrity %v", got.OK, codes(got, verdict.Integrity))
			}
		})
	}
	for name, payload := range map[string]string{
		"empty": "", "a list": "[]", "no JSON": "credential", "a member twice": `{"id":"a","id":"b"}`,
		"too deep":  strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat("}", 80),
		"too large": `{"a":"` + strings.Repeat("a", credential.MaxBytes) + `"}`,
	} {
		got := check(sealtest.NewDraft(payload, leaf).File(t), now(), roots(root))
		want := map[string]verdict.Code{"too deep": verdict.TooComplex, "too large": verdict.TooLarge}[name]
		if want == "" {
			want = verdict.ParsingError
		}
		if got.OK || got.Row(verdict.Format).Code != want || got.Row(verdict.Integrity).Code != verdict.OK || got.Row(verdict.Signer).Result != verdict.Unknown {
			t.Errorf("%s: %v", name, got.Checks)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		code verdict.Code
	}{
		"nothing": {"", verdict.ParsingError}, "a credential": {`{"id":"urn:a"}`, verdict.ParsingError},
		"too large": {`{"payload":"` + strings.Repeat("a", 5<<20) + `"}`, verdict.TooLarge},
		"too deep":  {`{"payload":` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `}`, verdict.TooComplex},
	} {
		got := Open(context.Background(), []byte(c.file), credential.Options{At: now()})
		if got.OK || got.Row(verdict.Format).Code != c.code || got.Credential != nil {
			t.Errorf("%s: %v", name, got.Checks)
		}
	}
	got := Open(context.Background(), []byte(`{"payload":"","signatures":[]}`), credential.Options{At: now(), Limits: strictjson.Limits{MaxBytes: 8}})
	if got.Row(verdict.Format).Code != verdict.TooLarge {
		t.Errorf("limit of the caller: %v", got.Checks)
	}
	got = Open(context.Background(), []byte(`{"payload":"","signatures":[]}`), credential.Options{At: now()})
	if got.OK || got.Row(verdict.Integrity).Code != verdict.ProofUnknownSuite {
		t.Errorf("no signature: %v", got.Checks)
	}
	got = Open(context.Background(), []byte(`{"payload":"","signatures":[{"protected":"e30","signature":""}]}`), credential.Options{At: now()})
	if got.OK || got.Row(verdict.Integrity).Code != verdict.ProofUnknownSuite {
		t.Errorf("no algorithm: %v", got.Checks)
	}
}

func FuzzPayload(f *testing.F) {
	root := sealtest.NewAuthority(f, "Root")
	leaf := root.Issue(f, nil)
	trust := roots(root)
	f.Add(write(f, document()))
	f.Add(`{"issuer":{"id":"urn:x","eIDASIdentifier":[{"notation":"VATES-A00000000"},"A00000000"],"vatIdentifier":{"id":"VATES-A00000000"}}}`)
	f.Add("")
	key := leaf.Key.(*ecdsa.PrivateKey)
	f.Fuzz(func(t *testing.T, payload string) {
		if strings.ToValidUTF8(payload, "") != payload {
			return // encoding/json would repair it
		}
		d := sealtest.NewDraft(payload, sealtest.Certificate{DER: leaf.DER, Key: key})
		got := check(d.File(t), now(), trust)
		if codes(got, verdict.Integrity)[0] != "pass ok" {
			t.Fatalf("%q: %v", payload, got.Checks)
		}
		if got.OK && (got.Document == nil || verdict.Decide(got.Checks, nil) == verdict.Invalid) {
			t.Errorf("%q: OK and yet %v", payload, got.Checks)
		}
	})
}
