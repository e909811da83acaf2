package revocation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	edTechURL = "https://uni.example/revocations"
	edTechID  = "urn:uuid:1"
)

// A list of Open Badges changed in one thing at a time.
func TestUnsignedList(t *testing.T) {
	const good = `{"id":"https://uni.example/revocations","issuer":"https://uni.example/","revokedCredential":[{"id":"urn:uuid:2"}]}`
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type setup struct {
		found *Found
		cred  *credential.Credential
		opt   Options
	}
	body := func(old, now string) func(*setup) {
		return func(s *setup) {
			if !strings.Contains(good, old) {
				t.Fatalf("%s is not in the list", old)
			}
			s.found.Body = []byte(strings.Replace(good, old, now, 1))
		}
	}
	type rows = map[verdict.Code]verdict.Result
	clear := rows{verdict.OK: verdict.Pass, verdict.StatusListUnsigned: verdict.Warn}
	revoked := rows{verdict.Revoked: verdict.Fail, verdict.StatusListUnsigned: verdict.Warn}
	unknown := func(code verdict.Code) rows { return rows{code: verdict.Unknown} }
	for _, c := range []struct {
		name string
		edit func(*setup)
		want rows
	}{
		{"not listed", func(*setup) {}, clear},
		{"listed", body("urn:uuid:2", edTechID), revoked},
		{"listed, plural member", body(`revokedCredential":[{"id":"urn:uuid:2"`, `revokedCredentials":[{"id":"urn:uuid:1"`), revoked},
		{"listed under one of both members", body(`"revokedCredential"`, `"revokedCredentials":[{"id":"urn:uuid:1"}],"revokedCredential"`), revoked},
		{"listed as a text", body(`{"id":"urn:uuid:2"}`, `"urn:uuid:1"`), revoked},
		{"listed alone, not in an array", body(`[{"id":"urn:uuid:2"}]`, `{"id":"urn:uuid:1"}`), revoked},
		{"listed with true", body(`"urn:uuid:2"`, `"urn:uuid:1","revoked":true,"revocationReason":"lost"`), revoked},
		{"listed with false", body(`"urn:uuid:2"`, `"urn:uuid:1","revoked":false`), clear},
		{"listed with false and again", body(`{"id":"urn:uuid:2"}`, `{"id":"urn:uuid:1"},{"id":"urn:uuid:1","revoked":false}`), revoked},
		{"listed with another value", body(`"urn:uuid:2"`, `"urn:uuid:2","revoked":"no"`), unknown(verdict.MalformedValue)},
		{"an entry without id", body(`"id":"urn:uuid:2"`, `"name":"x"`), unknown(verdict.MalformedValue)},
		{"an entry that is a number", body(`{"id":"urn:uuid:2"}`, `7`), unknown(verdict.MalformedValue)},
		{"the member is null", body(`[{"id":"urn:uuid:2"}]`, `null`), unknown(verdict.MalformedValue)},
		{"no entry", body(`{"id":"urn:uuid:2"}`, ``), clear},
		{"no member", body(`,"revokedCredential":[{"id":"urn:uuid:2"}]`, ``), clear},
		{"no member and no issuer", body(`"issuer":"https://uni.example/","revokedCredential":[{"id":"urn:uuid:2"}]`, `"error":"gone"`), unknown(verdict.MalformedValue)},
		{"no member and no id", body(good, `{"issuer":"https://uni.example/"}`), unknown(verdict.MalformedValue)},
		{"no id", body(`"id":"https://uni.example/revocations",`, ``), clear},
		{"no issuer", body(`"issuer":"https://uni.example/",`, ``), clear},
		{"issuer as a profile", body(`"https://uni.example/",`, `{"id":"https://uni.example/"},`), clear},
		{"issuer is a number", body(`"https://uni.example/",`, `7,`), unknown(verdict.MalformedValue)},
		{"another issuer", body(`"https://uni.example/",`, `"https://else.example/",`), unknown(verdict.ListIssuerNotAuthorised)},
		{"another issuer, named in the practice", func(s *setup) {
			body(`"https://uni.example/",`, `"https://else.example/",`)(s)
			s.opt.Practice = &credential.Practice{ListIssuers: []string{"https://else.example/"}}
		}, clear},
		{"another id", body("revocations", "elsewhere"), unknown(verdict.StatusVerification)},
		{"another id, vouched for", func(s *setup) {
			body("revocations", "elsewhere")(s)
			s.found.Source, s.found.Vouched = "stapled", true
		}, rows{verdict.OK: verdict.Pass, verdict.StatusListUnsigned: verdict.Warn, verdict.StatusIDDiffers: verdict.Warn}},
		{"vouched for", func(s *setup) { s.found.Source, s.found.Vouched = "stapled", true }, clear},
		{"stapled by somebody", func(s *setup) { s.found.Source = "stapled" }, unknown(verdict.StatusVerification)},
		{"from a copy", func(s *setup) { s.found.Source = "replica" }, unknown(verdict.StatusVerification)},
		{"from a mirror", func(s *setup) { s.found.Source = "mirror" }, unknown(verdict.StatusVerification)},
		{"without TLS", func(s *setup) {
			s.cred.Status[0]["id"] = "http://uni.example/revocations"
			body("https://uni.example/revocations", "http://uni.example/revocations")(s)
		}, unknown(verdict.StatusVerification)},
		{"a member twice", body(`"issuer"`, `"id":"x","issuer"`), unknown(verdict.MalformedValue)},
		{"an array", body(good, `[]`), unknown(verdict.MalformedValue)},
		{"a page", body(good, `<html>`), unknown(verdict.MalformedValue)},
		{"larger than is read", func(s *setup) { s.opt.MaxListBytes = int64(len(good) - 1) }, unknown(verdict.TooLarge)},
		{"no answer", func(s *setup) { s.opt.Source = broken{} }, unknown(verdict.StatusRetrieval)},
		{"nothing at all", func(s *setup) { s.opt.Source = silent{} }, unknown(verdict.StatusRetrieval)},
		{"a credential without id", func(s *setup) { s.cred.ID = "" }, unknown(verdict.MalformedValue)},
		{"a status without id", func(s *setup) { delete(s.cred.Status[0], "id") }, unknown(verdict.MalformedValue)},
		{"beside an unreadable status", func(s *setup) { s.cred.Status = append(s.cred.Status, map[string]any{"type": "Odd"}) },
			rows{verdict.OK: verdict.Pass, verdict.StatusListUnsigned: verdict.Warn, verdict.UnknownStatusType: verdict.Unknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &setup{found: &Found{Body: []byte(good), Source: "origin"}, opt: testOptions(at),
				cred: &credential.Credential{ID: edTechID, Issuer: "https://uni.example/",
					Status: []map[string]any{{"id": edTechURL, "type": "1EdTechRevocationList"}}}}
			s.opt.Source = fixed{s.found}
			c.edit(s)
			res := Check(t.Context(), s.cred, s.opt)
			got := codes(res.Checks)
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("rows %+v, want %v", res.Checks, c.want)
			}
			for _, row := range res.Checks {
				if row.Code == verdict.OK && row.Params["signed"] != "no" {
					t.Errorf("row %+v does not say that the list is unsigned", row)
				}
			}
		})
	}
}

func TestUnsignedListAges(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	opt := testOptions(at)
	had := at.Add(-time.Hour)
	opt.Source = fixed{&Found{Body: []byte(`{"revokedCredential":["urn:uuid:1"]}`), Source: "origin", At: had}}
	c := &credential.Credential{ID: edTechID, Issuer: "did:example:a", Status: []map[string]any{{"id": edTechURL, "type": []any{"1EdTechRevocationList"}}}}
	res := Check(t.Context(), c, opt)
	if !res.Oldest.Equal(had) || res.Checks[0].Age == nil || res.Checks[0].Age.Std() != time.Hour {
		t.Errorf("oldest %v, rows %+v", res.Oldest, res.Checks)
	}
}

func FuzzUnsignedList(f *testing.F) {
	f.Add([]byte(`{"id":"https://uni.example/revocations","issuer":{"id":"x"},"revokedCredentials":["a",{"id":"b","revoked":false}]}`))
	f.Add([]byte(`{"error":"not found"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := readUnsigned(body, edTechURL, 1<<16)
		if err == nil && !strings.Contains(string(body), "evokedCredential") && !strings.Contains(string(body), `\u`) && (l.id != edTechURL || l.issuer == "" || len(l.revoked) > 0) {
			t.Fatalf("%q is read as a list", body)
		}
	})
}
