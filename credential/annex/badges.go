package annex

import (
	"slices"
	"strings"
)

// Open Badges 3.0, and the project's own profile, which adds terms to them.

// badge reads all elements of an Open Badge. own says that the terms of the
// project's context hold, by which credits are ECTS.
func (r *reader) badge(own bool) {
	subject := r.root.first("credentialSubject")
	if all := r.root.all("credentialSubject"); len(all) > 1 {
		r.note(learner, all[1], SeveralSubjects)
	}
	achievements := subject.all("achievement")
	r.badgeLearner(subject)
	if !r.texts(title, follow(achievements, "name")) {
		r.texts(title, r.root.all("name"))
	}
	r.report.Facts.Title = r.report.draft[title].Value
	r.badgeBodies()
	r.badgePlace()
	r.dates(r.root.all("awardedDate"), slices.Concat(r.root.all("issuanceDate"), r.root.all("validFrom")))
	r.badgeWorkload(subject, achievements, own)
	r.badgeContent(subject, achievements)
	r.badgeOptional(subject, achievements)
}

// badgeLearner: an id, an identifier, plain or hashed, or a name with the date
// of birth (AchievementSubject, IdentityObject).
func (r *reader) badgeLearner(subject node) {
	who := &r.report.Facts.Learner
	if who.ID = globalID(subject); who.ID != "" {
		r.take(learner, subject.to("id", -1, nil), who.ID)
	}
	name := subject.first("name")
	who.Name = name.text()
	for _, n := range subject.all("identifier") {
		value := n.first("identityHash")
		kind := n.member("identityType")
		hashed, ok := n.first("hashed").value.(bool)
		switch text := value.text(); {
		case text == "" || kind == "" || !ok:
			r.bad(learner, n, ValueMalformed)
		case hashed:
			r.take(learner, n, kind+", hashed")
		case kind == "name":
			if who.Name == "" {
				who.Name, name = text, value
			}
		case kind == "dateOfBirth" || kind == "ext:dateOfBirth":
			r.birthDate(value)
		default:
			r.take(learner, n, text)
			if len(who.Identifiers) < maxBodies {
				who.Identifiers = append(who.Identifiers, Identifier{Scheme: clip(kind), Value: text})
			}
		}
	}
	r.byName(name)
}

// badgeBody reads a Profile, or the id alone.
func badgeBody(n node) Body {
	b := Body{ID: globalID(n), Name: n.first("name").text()}
	b.Country, _ = addressCountry(n.first("address"))
	for _, x := range n.all("otherIdentifier") {
		if value := x.first("identifier").text(); value != "" && len(b.Identifiers) < maxBodies {
			b.Identifiers = append(b.Identifiers, identifier(x.member("identifierType"), "", value))
		}
	}
	return b
}

// badgeBodies: the issuer awards, unless the project's own term names others.
func (r *reader) badgeBodies() {
	issuer := r.root.first("issuer")
	r.report.Facts.Issuer = badgeBody(issuer)
	awarding := r.root.all("awardingBody")
	if len(awarding) == 0 && issuer.value != nil {
		awarding = []node{issuer}
	}
	r.awarding(awarding, badgeBody)
}

// addressCountry reads an Address: its country code, else a code that stands
// where the country's name belongs.
func addressCountry(address node) (string, node) {
	for _, name := range []string{"addressCountryCode", "addressCountry"} {
		if n := address.first(name); n.value != nil {
			if c, ok := countryOf(n); ok || name == "addressCountryCode" {
				return c, n
			}
		}
	}
	return "", address.first("addressCountry")
}

func (r *reader) badgePlace() {
	facts := &r.report.Facts
	for _, place := range slices.Concat(r.root.all("placeOfIssue"), r.root.all("issuer", "address")) {
		c, at := addressCountry(place)
		switch {
		case c != "":
			r.take(countryOfIssuer, at, c)
			if facts.Country == "" {
				facts.Country = c
				facts.Region, facts.Locality = place.first("addressRegion").text(), place.first("addressLocality").text()
			}
		case at.value != nil:
			r.bad(countryOfIssuer, at, CountryUnknown)
		}
	}
}

func (r *reader) badgeWorkload(subject node, achievements []node, own bool) {
	for _, n := range slices.Concat(follow(achievements, "creditsAvailable"), subject.all("creditsEarned")) {
		r.credits(n, n.value, own)
	}
	for _, n := range follow(achievements, "workload") {
		r.workload(n)
	}
}

// badgeContent: elements 6 and 8 to 11.
func (r *reader) badgeContent(subject node, achievements []node) {
	var aligned []node
	for _, n := range follow(achievements, "alignment") {
		if url := n.member("targetUrl"); strings.HasPrefix(url, eqfPrefix) {
			r.eqf(n, url)
		} else {
			aligned = append(aligned, n)
		}
	}
	if !r.texts(learningOutcomes, follow(achievements, "learningOutcome")) && r.texts(learningOutcomes, aligned) {
		r.note(learningOutcomes, aligned[0], OutcomesAligned)
	}
	for _, n := range follow(achievements, "eqfLevel") {
		value, _ := n.value.(string)
		r.eqf(n, value)
	}
	r.texts(level, follow(achievements, "nqfLevel"))

	if !r.texts(assessment, follow(achievements, "assessment")) && !r.texts(assessment, follow(achievements, "resultDescription", "resultType")) {
		if results := subject.all("result"); len(results) > 0 {
			r.take(assessment, results[0], "a result is stated")
			r.note(assessment, results[0], AssessmentUntyped)
		}
	}
	for _, n := range follow(achievements, "formOfParticipation") {
		switch n.value {
		case "online", "onsite", "blended":
			r.take(participation, n, n.text())
		default:
			r.bad(participation, n, FormUnknown)
		}
	}
	quality := follow(achievements, "qualityAssurance")
	for _, body := range slices.Concat(r.root.all("awardingBody"), r.root.all("issuer")) {
		quality = slices.Concat(quality, body.all("endorsement", "issuer"), body.all("endorsementJwt"))
	}
	if r.texts(qualityAssurance, quality) {
		r.note(qualityAssurance, quality[0], QualityClaimed)
	}
}

// badgeOptional: elements 14 to 16; Open Badges have no members for the
// conditions of entry and the supervision of an assessment.
func (r *reader) badgeOptional(subject node, achievements []node) {
	for _, name := range []string{"value", "status", "achievedLevel"} {
		r.texts(grade, subject.all("result", name))
	}
	r.texts(stackability, follow(achievements, "related"))
	r.texts(furtherInformation, follow(achievements, "criteria", "id"))
	for _, name := range []string{"url", "homepage"} {
		r.texts(furtherInformation, r.root.all("issuer", name))
	}
}

// plain reads what any credential may say about its subject and its issuer.
func (r *reader) plain() {
	subject, facts := r.root.first("credentialSubject"), &r.report.Facts
	facts.Learner.ID, facts.Learner.Name = globalID(subject), subject.first("name").text()
	facts.Title = r.root.first("name").text()
	facts.Issuer = badgeBody(r.root.first("issuer"))
	facts.Awarding = []Body{facts.Issuer}
	r.dates(nil, slices.Concat(r.root.all("issuanceDate"), r.root.all("validFrom")))
}
