package edc

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cert"
)

// The frameworks that are written as words (vocabularies of the European
// Learning Model).
const (
	ectsFramework = "http://data.europa.eu/snb/education-credit/6fcec5c5af"
	eqfPrefix     = "http://data.europa.eu/snb/eqf/"
)

// Summarise reads what a person wants to see out of a credential of the
// European Learning Model, as credential.Summarise does for others. What is
// absent stays empty. Of several claims the first is shown, but of several
// awarding bodies the first that is not the issuer: nothing hides behind
// another. A body is the issuer when their ids are one, or their eIDAS
// identifiers; then AwardingID is the issuer's id.
func Summarise(doc map[string]any) credential.Summary {
	var s credential.Summary
	issuer, _ := doc["issuer"].(map[string]any)
	s.Country = place(issuer)
	subject := first(doc["credentialSubject"])
	s.SubjectID, _ = subject["id"].(string)
	s.SubjectName = words(subject["fullName"])
	if s.SubjectName == "" {
		s.SubjectName = strings.TrimSpace(words(subject["givenName"]) + " " + words(subject["familyName"]))
	}
	claims := objects(subject["hasClaim"])
	if len(claims) > 0 {
		c := claims[0]
		s.Achievement = words(c["title"])
		spec := first(c["specifiedBy"])
		s.Credits = credits(spec["creditPoint"])
		s.Level = level(spec["eqfLevel"])
		process := first(c["awardedBy"])
		if at := place(process); at != "" {
			s.Country = at
		}
		s.Awarded = date(process["awardingDate"])
	}
	s.Awarding, s.AwardingID = awarding(issuer, claims)
	return s
}

// awarding returns the name and id of the body that awards.
func awarding(issuer map[string]any, claims []map[string]any) (name, id string) {
	for _, c := range claims {
		for _, process := range objects(c["awardedBy"]) {
			for _, body := range objects(process["awardingBody"]) {
				other, _ := body["id"].(string)
				if same(issuer, body) {
					other, _ = issuer["id"].(string)
				}
				differs := other == "" || other != issuer["id"]
				if name == "" && id == "" || differs {
					name, id = words(body["legalName"]), other
				}
				if differs {
					return name, id
				}
			}
		}
	}
	return name, id
}

// same tells whether two organisations are one by id or eIDAS identifier.
func same(a, b map[string]any) bool {
	if id, _ := a["id"].(string); id != "" && id == b["id"] {
		return true
	}
	x, y := claimsOf(a, "eIDASIdentifier"), claimsOf(b, "eIDASIdentifier")
	return len(x) == 1 && len(y) == 1 && x[0].identifier().Equal(y[0].identifier())
}

func (c claim) identifier() cert.Identifier {
	if id, err := cert.ParseIdentifier(strings.ToUpper(strings.TrimSpace(c.notation))); err == nil {
		return id
	}
	return cert.Identifier{Country: c.country, Value: c.notation}
}

// place reads the country of the first address, as alpha-2.
func place(o map[string]any) string {
	address := first(first(o["location"])["address"])
	return country(address["countryCode"])
}

func credits(v any) string {
	for _, c := range objects(v) {
		point := ""
		switch p := c["point"].(type) {
		case string:
			point = p
		case json.Number:
			point = p.String()
		}
		if id, _ := first(c["framework"])["id"].(string); id == ectsFramework && point != "" {
			return clip(point) + " ECTS"
		}
	}
	return ""
}

func level(v any) string {
	id, _ := first(v)["id"].(string)
	if n, ok := strings.CutPrefix(id, eqfPrefix); ok && len(n) == 1 && n >= "1" && n <= "8" {
		return "EQF " + n
	}
	return ""
}

func date(v any) *time.Time {
	text, _ := v.(string)
	t, _, err := proof.ParseDateTime(text)
	if err != nil {
		return nil
	}
	return &t
}

// words reads a text or a language map, whose values are texts or lists:
// English where there is some, else the first language by its tag.
func words(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []any:
		if len(x) > 0 {
			return words(x[0])
		}
	case map[string]any:
		if s := words(x["en"]); s != "" {
			return s
		}
		for _, lang := range slices.Sorted(maps.Keys(x)) {
			if s := words(x[lang]); s != "" {
				return s
			}
		}
	}
	return ""
}

// objects reads one object or a list; what is no object is passed over.
func objects(v any) []map[string]any {
	if m, ok := v.(map[string]any); ok {
		return []map[string]any{m}
	}
	var out []map[string]any
	list, _ := v.([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// first is the first of objects, nil when there is none.
func first(v any) map[string]any {
	if list := objects(v); len(list) > 0 {
		return list[0]
	}
	return nil
}
