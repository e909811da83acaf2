package annex

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

func parse(t testing.TB, b []byte) map[string]any {
	t.Helper()
	tree, err := strictjson.ParseObject(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func sample(t testing.TB, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	tree := parse(t, b)
	if payload, sealed := tree["payload"].(string); sealed {
		return parse(t, []byte(payload))
	}
	return tree
}

// The samples of the European Commission, 1EdTech and others, element by
// element. The Commission's own micro-credential with the elements of Annex I
// names no quality assurance, in the sealed form as little as in the unsealed.
func TestSamples(t *testing.T) {
	const claim = "credentialSubject.hasClaim."
	annexPaths := map[string]string{
		"learner": "credentialSubject.nationalID", "title": claim + "title",
		"awardingBody": claim + "awardedBy.awardingBody", "learningOutcomes": claim + "specifiedBy.learningOutcome[0]",
		"workload": claim + "specifiedBy.creditPoint", "level": claim + "specifiedBy.eqfLevel",
		"assessment": claim + "provenBy.specifiedBy.dcType", "participation": claim + "specifiedBy.mode",
		"prerequisites": claim + "specifiedBy.entryRequirement", "supervision": claim + "provenBy.idVerification",
		"grade": claim + "provenBy.grade", "stackability": claim + "specifiedBy.isPartialQualification",
		"furtherInformation": claim + "awardedBy.awardingBody.homepage",
	}
	with := func(more map[string]string) map[string]string {
		out := make(map[string]string)
		for _, m := range []map[string]string{annexPaths, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	annexFindings := "birth_date_shifted learner_local_id national_id_spelling duration_absurd"
	for _, c := range []struct {
		file, profile      string
		present            int
		missing, malformed string
		paths              map[string]string
		findings           string
	}{
		{"edc-mc-annex1-unsigned.jsonld", ELM, 10, "qualityAssurance", "learner workload",
			with(map[string]string{"country": "issuer.location.address.countryCode", "date": "validFrom"}),
			"birth_date_shifted learner_local_id national_id_spelling date_from_validity duration_absurd"},
		{"edc-mc-annex1-signed.jsonld", ELM, 10, "qualityAssurance", "learner workload",
			with(map[string]string{"country": "issuer.location[0].address.countryCode", "date": "issued"}), annexFindings},
		{"edc-seal-valid-legalid-mismatch.jsonld", ELM, 4, "learningOutcomes workload assessment participation qualityAssurance", "learner",
			map[string]string{"title": claim + "title", "country": "issuer.location[0].address.countryCode", "awardingBody": claim + "awardedBy.awardingBody", "date": "issued"},
			"learner_local_id learner_name_only"},
		{"elm-credential-sample-homoglyph.jsonld", ELM, 5, "learningOutcomes workload assessment participation qualityAssurance", "",
			map[string]string{"learner": "credentialSubject.id", "title": claim + "title", "country": "issuer.location.address.countryCode",
				"awardingBody": claim + "awardedBy.awardingBody", "date": "issued"},
			"awarding_body_without_identifier"},
		{"dc4eu-euhemc-simulated-signature.json", ELM, 9, "learningOutcomes qualityAssurance", "",
			map[string]string{"learner": "credentialSubject.id", "title": "credentialSubject.hasClaim[0].title",
				"country":      "credentialSubject.hasClaim[0].awardedBy.location.spatial",
				"awardingBody": "credentialSubject.hasClaim[0].awardedBy.awardingBody[0]", "date": "issued",
				"workload": "credentialSubject.hasClaim[0].specifiedBy.creditPoint[0]", "level": "credentialSubject.hasClaim[0].specifiedBy.eqfLevel",
				"assessment":    "credentialSubject.hasClaim[0].provenBy[0].specifiedBy[0].title",
				"participation": "credentialSubject.hasClaim[0].specifiedBy.mode[0]", "grade": "credentialSubject.hasClaim[0].provenBy[0].grade"},
			"assessment_untyped"},
		{"ob3-complete-endorsed-issuer.json", OpenBadges, 9, "participation", "",
			map[string]string{"learner": "credentialSubject.id", "title": "credentialSubject.achievement.name",
				"country": "issuer.address.addressCountryCode", "awardingBody": "issuer", "date": "validFrom",
				"learningOutcomes": "credentialSubject.achievement.alignment[0]", "workload": "credentialSubject.achievement.creditsAvailable",
				"assessment":       "credentialSubject.achievement.resultDescription[0].resultType",
				"qualityAssurance": "issuer.endorsement[0].issuer", "grade": "credentialSubject.result[0].value",
				"furtherInformation": "credentialSubject.achievement.criteria.id"},
			"awarding_body_without_identifier outcomes_by_alignment credits_without_framework credits_without_framework quality_claimed"},
		{"dcc-ob3-v2-eddsa-rdfc2022-valid.json", OpenBadges, 3, "country learningOutcomes workload assessment participation qualityAssurance", "learner",
			map[string]string{"title": "credentialSubject.achievement.name", "awardingBody": "issuer", "date": "validFrom"},
			"learner_name_only awarding_body_without_identifier"},
		{"dcc-ob3-v2-revoked.json", OpenBadges, 3, "country learningOutcomes workload assessment participation qualityAssurance", "learner",
			map[string]string{"title": "credentialSubject.achievement.name", "awardingBody": "issuer", "date": "validFrom"},
			"learner_name_only awarding_body_without_identifier"},
		{"ebsi-accreditation-to-attest.json", "", 0, "", "", nil, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := Read(sample(t, c.file))
			if r.Profile != c.profile || r.Present() != c.present {
				t.Errorf("profile %q, %d present", r.Profile, r.Present())
			}
			if got := strings.Join(r.Missing(), " "); got != c.missing {
				t.Errorf("missing: %s", got)
			}
			if got := strings.Join(r.Malformed(), " "); got != c.malformed {
				t.Errorf("malformed: %s", got)
			}
			for _, e := range r.Elements {
				if e.Path != c.paths[e.Name] || (e.State == Present) != (e.Path != "") || e.Path != "" && e.Value == "" {
					t.Errorf("%s: %s at %q: %q", e.Name, e.State, e.Path, e.Value)
				}
			}
			if got := codes(r); got != c.findings {
				t.Errorf("findings: %s", got)
			}
		})
	}
}

func codes(r *Report) string {
	var out []string
	for _, f := range r.Findings() {
		out = append(out, string(f.Code))
	}
	return strings.Join(out, " ")
}

// The traps of the Commission's sample stand where they stand.
func TestCommissionTraps(t *testing.T) {
	r := Read(sample(t, "edc-mc-annex1-unsigned.jsonld"))
	found := map[Code]Finding{}
	for _, f := range r.Findings() {
		found[f.Code] = f
	}
	if f := found[DurationAbsurd]; f.Path != "credentialSubject.hasClaim.influencedBy.specifiedBy.volumeOfLearning" || f.Value != "P60M" || f.Severity != Warn {
		t.Errorf("sixty months: %+v", f)
	}
	if f := found[BirthDateShifted]; f.Path != "credentialSubject.dateOfBirth" || f.Value != "1999-10-01T22:00:00Z" || f.Severity != Warn {
		t.Errorf("birth date: %+v", f)
	}
	rows := r.Rows()
	if len(rows) != 1 || rows[0].Code != verdict.AnnexIncomplete || rows[0].Result != verdict.Warn ||
		!reflect.DeepEqual(rows[0].Params, map[string]string{"missing": "qualityAssurance", "malformed": "learner, workload"}) {
		t.Errorf("%+v", rows)
	}
	who := Learner{Name: "Ana Andromeda", BirthDateWritten: "1999-10-01T22:00:00Z", Identifiers: []Identifier{{Country: "IT", Value: "LA-234218"}}}
	if !reflect.DeepEqual(r.Facts.Learner, who) {
		t.Errorf("%+v", r.Facts.Learner)
	}
}

// Who seals and who awards are two, and the seal's identifier is read.
func TestFactsOfSealed(t *testing.T) {
	f := Read(sample(t, "edc-mc-annex1-signed.jsonld")).Facts
	zed := []Identifier{{Scheme: "NTR", Country: "IE", Value: "0000"}, {Scheme: "VAT", Country: "IE", Value: "654321"}, {Scheme: "Research Alliance", Value: "Res1818"}}
	if len(f.Awarding) != 1 || !reflect.DeepEqual(f.Awarding[0], Body{Name: "University of Zed", Country: "IE", Identifiers: zed}) {
		t.Errorf("awarding: %+v", f.Awarding)
	}
	if f.Issuer.Name != "ORGANIZACION TEST" || f.Issuer.Identifiers[0] != (Identifier{Scheme: "VAT", Country: "ES", Value: "A00000000", Sealed: true}) {
		t.Errorf("issuer: %+v", f.Issuer)
	}
	issued := time.Date(2023, 9, 27, 11, 54, 17, 0, time.UTC)
	if f.Title != "Digital micro-credential creation" || f.Country != "IE" || f.Region != "Dublin city" || f.Awarded != nil || f.Issued == nil || !f.Issued.Equal(issued) {
		t.Errorf("%+v", f)
	}
}

func micro() credential.Micro {
	return credential.Micro{
		ID: "urn:uuid:1", Issuer: "did:example:uni", IssuerName: "University of Zed",
		Holder: credential.Holder{Name: "Ana Andromeda", BirthDate: "1999-10-02"},
		Title:  "Digital artefacts", Outcomes: []string{"Make one", "Judge one"}, ECTS: "2.5", Workload: "PT60H", EQF: 6, NQF: "RQF 6",
		Assessment: "artefact", Form: "blended", Quality: "ENQA review 2025", Awarded: "2026-06-01",
		Place: credential.MicroPlace{Country: "IE", Region: "Leinster", Locality: "Dublin"},
	}
}

// What we issue by default is complete.
func TestMicroIsComplete(t *testing.T) {
	now := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	tree, err := micro().Tree(now, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := Read(tree)
	if r.Profile != Bonafide || r.Present() != 11 || r.Rows() != nil {
		t.Errorf("%s, %d, %+v", r.Profile, r.Present(), r.Rows())
	}
	if got := codes(r); got != "awarding_body_without_identifier quality_claimed" {
		t.Errorf("findings: %s", got)
	}
	awarded := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	uni := Body{ID: "did:example:uni", Name: "University of Zed"}
	want := Facts{Learner: Learner{Name: "Ana Andromeda", BirthDate: "1999-10-02", BirthDateWritten: "1999-10-02"}, Title: "Digital artefacts", Credits: "2.5 ECTS", Level: "EQF 6",
		Country: "IE", Region: "Leinster", Locality: "Dublin", Awarded: &awarded, Issued: &now, Issuer: uni, Awarding: []Body{uni}}
	if !reflect.DeepEqual(r.Facts, want) {
		t.Errorf("%+v", r.Facts)
	}
	for name, value := range map[string]string{"learner": "Ana Andromeda, 1999-10-02", "learningOutcomes": "Make one; Judge one", "workload": "2.5 ECTS", "level": "EQF 6", "country": "IE", "participation": "blended"} {
		if e, _ := r.Element(name); e.Value != value {
			t.Errorf("%s: %q", name, e.Value)
		}
	}
}
