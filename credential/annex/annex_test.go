package annex

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// put replaces the value at a path such as "a.b[0].c"; nil removes it.
func put(t testing.TB, tree map[string]any, path string, v any) {
	t.Helper()
	steps := strings.Split(strings.ReplaceAll(path, "[0]", ""), ".")
	at := tree
	for _, s := range steps[:len(steps)-1] {
		next := at[s]
		if list, ok := next.([]any); ok {
			next = list[0]
		}
		m, ok := next.(map[string]any)
		if !ok {
			t.Fatalf("%s: nothing at %s", path, s)
		}
		at = m
	}
	last := steps[len(steps)-1]
	if v == nil {
		delete(at, last)
	} else {
		at[last] = v
	}
}

// goodELM is a European Digital Credential with all eleven elements.
const goodELM = `{"type":["VerifiableCredential","EuropeanDigitalCredential"],"issued":"2026-06-02T00:00:00Z",
"issuer":{"id":"did:example:a","legalName":{"en":"A"},"location":{"address":{"countryCode":{"id":"http://publications.europa.eu/resource/authority/country/IRL"}}}},
"credentialSubject":{"id":"urn:epass:person:1","type":"Person","fullName":{"en":"Ana"},"dateOfBirth":"1999-10-02","hasClaim":{"type":"LearningAchievement","title":{"fr":"Titre","de":"Titel"},
"awardedBy":{"awardingDate":"2026-06-01","awardingBody":{"legalName":{"en":"A"},"vatIdentifier":{"notation":"1","spatial":{"id":"http://publications.europa.eu/resource/authority/country/IRL"}},"accreditation":{"title":{"en":"Reviewed"}}}},
"influencedBy":{"specifiedBy":{"volumeOfLearning":"PT60M"}},
"provenBy":{"specifiedBy":{"dcType":{"id":"urn:x","type":"Concept","prefLabel":{"en":"written examination"}}}},
"specifiedBy":{"learningOutcome":[{"title":{"en":"Know"}}],"creditPoint":{"framework":{"id":"http://data.europa.eu/snb/education-credit/6fcec5c5af"},"point":"2"},
"eqfLevel":{"id":"http://data.europa.eu/snb/eqf/6","type":"Concept"},"mode":{"id":"http://data.europa.eu/snb/learning-assessment/920fbb3cbe","type":"Concept"}}}}}`

// Each element broken in one way, in both families.
func TestElements(t *testing.T) {
	const (
		claim = "credentialSubject.hasClaim."
		ach   = "credentialSubject.achievement."
	)
	num := func(s string) any { return json.Number(s) }
	elm := func() map[string]any { return parse(t, []byte(goodELM)) }
	own := func() map[string]any {
		tree, err := micro().Tree(time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	elmHours := func() map[string]any { // states its workload as hours only
		tree := elm()
		put(t, tree, claim+"specifiedBy.creditPoint", nil)
		return tree
	}
	ownCredits := func() map[string]any { // states its workload as credits only
		tree := own()
		put(t, tree, ach+"workload", nil)
		put(t, tree, "credentialSubject.creditsEarned", nil)
		return tree
	}
	badge := func() map[string]any {
		tree := own()
		tree["type"] = []any{"VerifiableCredential", "OpenBadgeCredential"}
		return tree
	}
	identity := func(kind, hash string, hashed any) any {
		return map[string]any{"identityType": kind, "identityHash": hash, "hashed": hashed}
	}
	type doc func() map[string]any
	for _, c := range []struct {
		name    string
		doc     doc
		path    string
		value   any
		element string
		state   State
		code    Code // among the element's findings; "" means no warning there
	}{
		{"as it is", elm, "issued", "2026-06-02T00:00:00Z", "date", Present, ""},
		{"title in the first language", elm, claim + "more", "x", "title", Present, ""},

		{"no birth date", elm, "credentialSubject.dateOfBirth", nil, "learner", Malformed, LearnerNameOnly},
		{"birth date shifted to UTC", elm, "credentialSubject.dateOfBirth", "1999-10-01T22:00:00Z", "learner", Malformed, BirthDateShifted},
		{"birth date shifted in winter", elm, "credentialSubject.dateOfBirth", "1999-12-01T23:00:00Z", "learner", Malformed, BirthDateShifted},
		{"birth date at midnight", elm, "credentialSubject.dateOfBirth", "1999-10-02T00:00:00+02:00", "learner", Present, BirthDateWithTime},
		{"birth date of February 30", elm, "credentialSubject.dateOfBirth", "1999-02-30", "learner", Malformed, BirthDateMalformed},
		{"birth date in words", elm, "credentialSubject.dateOfBirth", "spring", "learner", Malformed, BirthDateMalformed},
		{"birth date as a number", elm, "credentialSubject.dateOfBirth", num("1999"), "learner", Malformed, BirthDateMalformed},
		{"a DID", elm, "credentialSubject.id", "did:example:b", "learner", Present, ""},
		{"no learner", elm, "credentialSubject.fullName", nil, "learner", Missing, ""},
		{"national id", elm, "credentialSubject.nationalID", map[string]any{"notation": "1"}, "learner", Present, NationalIDSpelling},
		{"national id in the other spelling", elm, "credentialSubject.nationalId", map[string]any{"notation": "1"}, "learner", Present, NationalIDSpelling},

		{"no title", elm, claim + "title", nil, "title", Missing, ""},
		{"an empty title", elm, claim + "title", map[string]any{"en": " "}, "title", Malformed, ValueMalformed},
		{"country by its code", elm, "issuer.location.address.countryCode", "IE", "country", Present, ""},
		{"country as Europass seals it", elm, "issuer.location.address.countryCode", map[string]any{"id": "ES"}, "country", Present, ""},
		{"country that does not exist", elm, "issuer.location.address.countryCode.id", "http://publications.europa.eu/resource/authority/country/XYZ", "country", Malformed, CountryUnknown},
		{"country in words", elm, "issuer.location.address.countryCode", "Ireland", "country", Malformed, CountryUnknown},
		{"country of a region", elm, "issuer.location", map[string]any{"spatialCode": map[string]any{"id": "http://publications.europa.eu/resource/authority/atu/IRL_CTH_DUB"}}, "country", Present, ""},
		{"no location", elm, "issuer.location", nil, "country", Missing, ""},
		{"no awarding body", elm, claim + "awardedBy.awardingBody", nil, "awardingBody", Missing, ""},
		{"awarding body without name", elm, claim + "awardedBy.awardingBody.legalName", nil, "awardingBody", Malformed, AwardingUnnamed},
		{"awarding body without identifier", elm, claim + "awardedBy.awardingBody.vatIdentifier", nil, "awardingBody", Present, AwardingNoID},
		{"awarded two days after issue", elm, claim + "awardedBy.awardingDate", "2026-06-04", "date", Present, AwardedAfterIssue},
		{"awarded the next day", elm, claim + "awardedBy.awardingDate", "2026-06-03", "date", Present, ""},
		{"award date in words", elm, claim + "awardedBy.awardingDate", "spring", "date", Present, DateMalformed},
		{"issue date in words", elm, "issued", "spring", "date", Present, DateMalformed},
		{"no outcomes", elm, claim + "specifiedBy.learningOutcome", nil, "learningOutcomes", Missing, ""},
		{"a summary of outcomes", elm, claim + "specifiedBy", map[string]any{"learningOutcomeSummary": map[string]any{"noteLiteral": map[string]any{"en": "Know"}}}, "learningOutcomes", Present, ""},

		{"sixty months", elm, claim + "influencedBy.specifiedBy.volumeOfLearning", "P60M", "workload", Present, DurationAbsurd},
		{"a duration in words", elm, claim + "influencedBy.specifiedBy.volumeOfLearning", "60 hours", "workload", Present, DurationMalformed},
		{"an hour", elmHours, claim + "influencedBy.specifiedBy.volumeOfLearning", "PT1H", "workload", Present, ""},
		{"nothing but sixty months", elmHours, claim + "influencedBy.specifiedBy.volumeOfLearning", "P60M", "workload", Malformed, DurationAbsurd},
		{"nothing but no time", elmHours, claim + "influencedBy.specifiedBy.volumeOfLearning", "PT0S", "workload", Malformed, DurationAbsurd},
		{"nothing but a debt of time", elmHours, claim + "influencedBy.specifiedBy.volumeOfLearning", "-PT1H", "workload", Malformed, DurationAbsurd},
		{"nothing but a number", elmHours, claim + "influencedBy.specifiedBy.volumeOfLearning", num("60"), "workload", Malformed, DurationMalformed},
		{"91 credits", elm, claim + "specifiedBy.creditPoint.point", "91", "workload", Present, CreditsAbsurd},
		{"60 credits", elm, claim + "specifiedBy.creditPoint.point", num("60"), "workload", Present, ""},
		{"no hours", elm, claim + "influencedBy.specifiedBy", map[string]any{}, "workload", Present, ""},
		{"credits of another system", elm, claim + "specifiedBy.creditPoint.framework", nil, "workload", Present, CreditsUnframed},
		{"EQF 9", elm, claim + "specifiedBy.eqfLevel.id", eqfPrefix + "9", "level", Malformed, LevelMalformed},
		{"EQF 0", elm, claim + "specifiedBy.eqfLevel.id", eqfPrefix + "0", "level", Malformed, LevelMalformed},
		{"EQF of another table", elm, claim + "specifiedBy.eqfLevel.id", "http://other.example/6", "level", Malformed, LevelMalformed},
		{"EQF by its digit", elm, claim + "specifiedBy.eqfLevel", map[string]any{"type": "Concept", "notation": "5"}, "level", Present, ""},
		{"no level", elm, claim + "specifiedBy.eqfLevel", nil, "level", Missing, ""},
		{"assessment without type", elm, claim + "provenBy.specifiedBy", map[string]any{"title": map[string]any{"en": "Examination"}}, "assessment", Present, AssessmentUntyped},
		{"no assessment", elm, claim + "provenBy", nil, "assessment", Missing, ""},
		{"no form", elm, claim + "specifiedBy.mode", nil, "participation", Missing, ""},
		{"no quality assurance", elm, claim + "awardedBy.awardingBody.accreditation", nil, "qualityAssurance", Missing, ""},
		{"quality as evidence", elm, "evidence", map[string]any{"accreditation": map[string]any{"title": map[string]any{"en": "R"}}}, "qualityAssurance", Present, QualityClaimed},
		{"a flag in words", elm, claim + "specifiedBy.isPartialQualification", "yes", "stackability", Malformed, ValueMalformed},
		{"a flag", elm, claim + "specifiedBy.isPartialQualification", true, "stackability", Present, ""},
		{"several subjects", elm, "credentialSubject", []any{map[string]any{"id": "did:example:b"}, map[string]any{"hasClaim": map[string]any{}}}, "learner", Present, SeveralSubjects},

		{"own, as it is", own, "more", "x", "learner", Present, ""},
		{"own, a hashed identifier", own, "credentialSubject.identifier", identity("emailAddress", "sha256$00", true), "learner", Present, ""},
		{"own, hashed in words", own, "credentialSubject.identifier", identity("emailAddress", "a@b", "no"), "learner", Malformed, ValueMalformed},
		{"own, a name only", own, "credentialSubject.identifier", identity("name", "Ana", false), "learner", Malformed, LearnerNameOnly},
		{"own, birth date shifted", own, "credentialSubject.identifier", identity("ext:dateOfBirth", "1999-10-01T22:00:00Z", false), "learner", Malformed, BirthDateShifted},
		{"own, country in words", own, "placeOfIssue.addressCountryCode", "Ireland", "country", Malformed, CountryUnknown},
		{"own, no country", own, "placeOfIssue", nil, "country", Missing, ""},
		{"own, country of three letters", own, "placeOfIssue.addressCountryCode", "IRL", "country", Present, ""},
		{"own, awarding body without name", own, "awardingBody", map[string]any{"id": "did:example:c"}, "awardingBody", Malformed, AwardingUnnamed},
		{"own, awarded later", own, "awardedDate", "2026-07-01T00:00:00Z", "date", Present, AwardedAfterIssue},
		{"own, awarded in words", own, "awardedDate", "summer", "date", Present, DateMalformed},
		{"own, no credits", own, ach + "creditsAvailable", num("0"), "workload", Present, CreditsMalformed},
		{"own, nothing but credits in words", ownCredits, ach + "creditsAvailable", "four", "workload", Malformed, CreditsMalformed},
		{"own, credits in words", own, ach + "creditsAvailable", "four", "workload", Present, CreditsMalformed},
		{"own, credits below nothing", own, ach + "creditsAvailable", num("-1"), "workload", Present, CreditsMalformed},
		{"own, 61 credits", own, ach + "creditsAvailable", num("61"), "workload", Present, CreditsAbsurd},
		{"own, EQF 9", own, ach + "eqfLevel", eqfPrefix + "9", "level", Present, LevelMalformed}, // the national level stays
		{"own, odd form", own, ach + "formOfParticipation", "mixed", "participation", Malformed, FormUnknown},
		{"own, quality is a word", own, ach + "qualityAssurance", "peers", "qualityAssurance", Present, QualityClaimed},
		{"badge, credits of no system", badge, ach + "creditsAvailable", num("90"), "workload", Present, CreditsUnframed},
		{"badge, outcomes as links", badge, ach + "learningOutcome", nil, "learningOutcomes", Missing, ""},
		{"badge, level by alignment", badge, ach + "alignment", map[string]any{"targetUrl": eqfPrefix + "7", "targetName": "EQF 7"}, "level", Present, ""},
		{"badge, issuer is an id", badge, "issuer", "did:example:uni", "awardingBody", Malformed, AwardingUnnamed},
		{"badge, no issuer", badge, "issuer", nil, "awardingBody", Missing, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := c.doc()
			put(t, tree, c.path, c.value)
			r := Read(tree)
			e, ok := r.Element(c.element)
			if !ok || e.State != c.state {
				t.Errorf("%+v", e)
			}
			found := c.code == ""
			for _, f := range e.Findings {
				found = found || f.Code == c.code
				if c.code == "" && f.Severity != Info {
					t.Errorf("%+v", f)
				}
			}
			if !found {
				t.Errorf("%s is not among %+v", c.code, e.Findings)
			}
		})
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]string{
		"PT60H": "2.5", "P60M": "1825", "PT60M": "0.0416667", "P1Y": "365", "P2W": "14", "P1DT12H": "1.5", "PT0.5H": "0.0208333", "-P1D": "-1", "PT0S": "0", "P1Y2M10DT2H30M": "435.937",
		"": "", "P": "", "PT": "", "P1DT": "", "60H": "", "P1H": "", "PT1D": "", "P-1D": "", "P1M1Y": "", "P1e3D": "", "P9999999Y": "", "pt1h": "", "PT1H ": "", "P1,5D": "",
	} {
		got, ok := days(text)
		if ok != (want != "") || ok && fmt.Sprintf("%.6g", got) != want {
			t.Errorf("%q: %.6g, %v", text, got, ok)
		}
	}
}

// Any tree gives a report that is whole and bounded.
func FuzzReport(f *testing.F) {
	f.Add([]byte(goodELM))
	for _, name := range []string{"dcc-ob3-v2-revoked.json", "dc4eu-euhemc-simulated-signature.json"} { // small ones, which mutate fast
		b, err := strictjson.Canonical(sample(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"type":"MicroCredentialCredential","credentialSubject":[[{"achievement":[[]]}],null],"issuer":[1],"placeOfIssue":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := strictjson.ParseObject(b, strictjson.Limits{MaxBytes: 1 << 20})
		if err != nil {
			return
		}
		r := Read(tree)
		if n := len(r.Elements); n != 0 && n != elementCount || (n == 0) != !r.Applies() {
			t.Fatalf("%d elements", n)
		}
		for _, e := range r.Elements {
			if e.State != Present && e.State != Missing && e.State != Malformed || len(e.Findings) > maxFindings || (e.State == Present) != (e.Value != "") {
				t.Fatalf("%+v", e)
			}
			for _, s := range append([]string{e.Value}, findingTexts(e)...) {
				if len(s) > maxText || !utf8.ValidString(s) {
					t.Fatalf("%q", s)
				}
			}
		}
		if out, err := json.Marshal(r); err != nil || len(out) > 1<<20 {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
}

func findingTexts(e Element) []string {
	var out []string
	for _, f := range e.Findings {
		out = append(out, f.Value)
	}
	return out
}
