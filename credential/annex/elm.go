package annex

import (
	"slices"
)

// The European Learning Model, application profile for European Digital
// Credentials. Every member is read as one value or many.

// elm reads all elements of a European Digital Credential.
func (r *reader) elm() {
	subject := r.root.first("credentialSubject")
	if all := r.root.all("credentialSubject"); len(all) > 1 {
		r.note(learner, all[1], SeveralSubjects)
	}
	claims := achievements(subject.all("hasClaim"))
	r.elmLearner(subject)
	r.texts(title, follow(claims, "title"))
	if r.report.draft[title].State == "" {
		r.texts(title, follow(claims, "specifiedBy", "title"))
	}
	r.report.Facts.Title = r.report.draft[title].Value
	r.elmBodies(claims)
	r.elmPlace(claims)
	r.elmDates(claims)
	r.elmContent(claims)
	r.elmOptional(claims)
}

// achievements are the claims about what was achieved; where none is typed so,
// all of them.
func achievements(claims []node) []node {
	var out []node
	for _, c := range claims {
		if c.is("LearningAchievement") {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return claims
	}
	return out
}

// elmLearner: an id that means something, a national or other identifier, or
// the full name with the date of birth.
func (r *reader) elmLearner(subject node) {
	who := &r.report.Facts.Learner
	name := subject.first("fullName")
	if who.Name = name.text(); who.Name == "" {
		name = subject.first("givenName")
		who.Name = join(" ", name.text(), subject.first("familyName").text())
	}
	for _, n := range subject.all("dateOfBirth") {
		r.birthDate(n)
	}
	if who.ID = globalID(subject); who.ID != "" {
		r.take(learner, subject.to("id", -1, nil), who.ID)
	} else if id := subject.first("id"); id.value != nil {
		r.note(learner, id, LearnerLocalID)
	}
	for _, name := range []string{"nationalID", "nationalId", "identifier"} {
		for _, n := range subject.all(name) {
			if id, ok := elmIdentifier("", n); ok && len(who.Identifiers) < maxBodies {
				who.Identifiers = append(who.Identifiers, id)
				r.take(learner, n, id.Value)
			}
			if name != "identifier" {
				r.note(learner, n, NationalIDSpelling)
			}
		}
	}
	r.byName(name)
}

// byName lets a name count together with a date of birth, and only so.
func (r *reader) byName(at node) {
	switch who := r.report.Facts.Learner; {
	case who.Name == "":
	case who.BirthDate != "":
		r.take(learner, at, join(", ", who.Name, who.BirthDate))
	case r.report.draft[learner].State != Present:
		at.value = who.Name
		r.bad(learner, at, LearnerNameOnly)
	}
}

// elmIdentifier reads an Identifier or LegalIdentifier: notation, country, and
// the name of the scheme. Without a notation an id that is no URL and no label
// is the number, as sealing by Europass leaves it.
func elmIdentifier(scheme string, n node) (Identifier, bool) {
	value := n.first("notation").text()
	if s, ok := n.value.(string); ok {
		value = clip(s)
	}
	if id := n.member("id"); value == "" {
		if _, _, _, ok := semantic(id); ok {
			value = id
		}
	}
	if value == "" {
		return Identifier{}, false
	}
	if scheme == "" {
		scheme = n.first("schemeName").text()
	}
	from, _ := countryOf(n.first("spatial"))
	return identifier(scheme, from, value), true
}

// elmBody reads an Organisation.
func elmBody(n node) Body {
	b := Body{ID: globalID(n), Name: n.first("legalName").text()}
	if b.Name == "" {
		b.Name = n.first("altLabel").text()
	}
	for _, place := range n.all("location") {
		if b.Country == "" {
			b.Country, _ = elmCountry(place)
		}
	}
	for _, m := range []struct{ member, scheme string }{
		{"eIDASIdentifier", "EIDAS"}, {"registration", "NTR"}, {"vatIdentifier", "VAT"}, {"taxIdentifier", "TAX"}, {"identifier", ""},
	} {
		for _, x := range n.all(m.member) {
			if id, ok := elmIdentifier(m.scheme, x); ok && len(b.Identifiers) < maxBodies {
				id.Sealed = m.scheme == "EIDAS"
				b.Identifiers = append(b.Identifiers, id)
			}
		}
	}
	return b
}

// elmBodies: who seals and who awards are two, and the one is never taken for
// the other.
func (r *reader) elmBodies(claims []node) {
	facts := &r.report.Facts
	facts.Issuer = elmBody(r.root.first("issuer"))
	r.awarding(follow(claims, "awardedBy", "awardingBody"), elmBody)
	for _, e := range r.root.all("evidence", "dcType") {
		facts.Mandated = facts.Mandated || e.member("id") == mandateType
	}
}

// mandateType is the evidence type "mandate" of the European Learning Model.
const mandateType = "http://data.europa.eu/snb/evidence-type/c_18016257"

// awarding reads the awarding bodies; each organisation is listed once.
func (r *reader) awarding(list []node, read func(node) Body) {
	facts := &r.report.Facts
	for _, n := range list {
		b := read(n)
		if len(facts.Awarding) >= maxBodies || slices.ContainsFunc(facts.Awarding, b.equal) {
			continue
		}
		if b.Name == "" {
			r.bad(awardingBody, n, AwardingUnnamed)
		} else {
			r.take(awardingBody, n, b.Name)
		}
		if !b.registered() {
			r.note(awardingBody, n, AwardingNoID)
		}
		facts.Awarding = append(facts.Awarding, b)
	}
}

// elmCountry reads a Location: the country of an address, the place itself, or
// the country that the code of its region begins with.
func elmCountry(place node) (code string, at node) {
	for _, n := range slices.Concat(place.all("address", "countryCode"), place.all("spatial")) {
		if c, ok := countryOf(n); ok {
			return c, n
		}
	}
	for _, n := range place.all("spatialCode") {
		if c, ok := regionCountry(n); ok {
			return c, n
		}
	}
	return "", node{}
}

// elmPlace: the element asks for the issuer's country; the fact is where it
// was awarded.
func (r *reader) elmPlace(claims []node) {
	awarded := slices.Concat(follow(claims, "awardedBy", "location"), follow(claims, "awardedBy", "awardingBody", "location"))
	issuer := r.root.all("issuer", "location")
	facts := &r.report.Facts
	for _, place := range slices.Concat(awarded, issuer) {
		if c, _ := elmCountry(place); c != "" && facts.Country == "" {
			facts.Country, facts.Region = c, place.first("spatialCode").text()
		}
	}
	for _, place := range slices.Concat(issuer, awarded) {
		if c, at := elmCountry(place); c != "" {
			r.take(countryOfIssuer, at, c)
		}
		for _, n := range place.all("address", "countryCode") {
			if _, ok := countryOf(n); !ok {
				r.bad(countryOfIssuer, n, CountryUnknown)
			}
		}
	}
}

func (r *reader) elmDates(claims []node) {
	awarded := follow(claims, "awardedBy", "awardingDate")
	issued := slices.Concat(r.root.all("issued"), r.root.all("issuanceDate"))
	r.dates(awarded, issued)
}

// dates reads the date of award and of issuing. Only where neither is stated
// does the beginning of validity stand for it.
func (r *reader) dates(awarded, issued []node) {
	facts := &r.report.Facts
	facts.Issued = r.firstDate(issued)
	facts.Awarded = r.firstDate(awarded)
	if r.report.draft[date].State == "" {
		from := r.root.all("validFrom")
		if facts.Issued = r.firstDate(from); facts.Issued != nil {
			r.note(date, from[0], DateFromValidity)
		}
	}
	if facts.Awarded != nil && facts.Issued != nil && facts.Awarded.Sub(*facts.Issued).Hours() > 24 {
		r.note(date, awarded[0], AwardedAfterIssue)
	}
}

// elmContent: elements 6 to 11.
func (r *reader) elmContent(claims []node) {
	specs := follow(claims, "specifiedBy")
	activities := follow(claims, "influencedBy")
	exams := follow(claims, "provenBy")

	r.texts(learningOutcomes, slices.Concat(follow(specs, "learningOutcome"), follow(specs, "learningOutcomeSummary")))

	for _, c := range slices.Concat(follow(specs, "creditPoint"), follow(claims, "creditReceived")) {
		r.credits(c, c.first("point").value, isECTS(c.first("framework")))
	}
	for _, n := range slices.Concat(follow(specs, "volumeOfLearning"), follow(activities, "workload"), follow(activities, "specifiedBy", "volumeOfLearning")) {
		r.workload(n)
	}

	for _, n := range follow(specs, "eqfLevel") {
		value := n.member("id")
		if code := n.member("notation"); value == "" || len(code) == 1 {
			value = code
		}
		if s, ok := n.value.(string); ok {
			value = s
		}
		r.eqf(n, value)
	}
	r.texts(level, slices.Concat(follow(specs, "nqfLevel"), follow(specs, "educationLevel")))

	if types := follow(exams, "specifiedBy", "dcType"); len(types) > 0 {
		r.texts(assessment, types)
	} else if len(exams) > 0 && r.texts(assessment, slices.Concat(follow(exams, "specifiedBy", "title"), follow(exams, "title"))) {
		r.note(assessment, exams[0], AssessmentUntyped)
	}
	r.texts(participation, slices.Concat(follow(specs, "mode"), follow(activities, "specifiedBy", "mode")))

	quality := r.root.all("evidence", "accreditation")
	for _, from := range [][]node{follow(claims, "awardedBy", "awardingBody"), specs, r.root.all("issuer")} {
		quality = append(quality, follow(from, "accreditation")...)
	}
	if r.texts(qualityAssurance, quality) {
		r.note(qualityAssurance, quality[0], QualityClaimed)
	}
}

func isECTS(framework node) bool {
	return framework.member("id") == ectsFramework || framework.member("notation") == "ECTS" || framework.value == any(ectsFramework)
}

// elmOptional: elements 12 to 16.
func (r *reader) elmOptional(claims []node) {
	specs := follow(claims, "specifiedBy")
	exams := follow(claims, "provenBy")
	r.texts(prerequisites, follow(specs, "entryRequirement"))
	r.texts(supervision, follow(exams, "idVerification"))
	r.texts(grade, follow(exams, "grade"))
	for _, n := range follow(specs, "isPartialQualification") {
		if b, ok := n.value.(bool); !ok {
			r.bad(stackability, n, ValueMalformed)
		} else if b {
			r.take(stackability, n, "part of a qualification")
		} else {
			r.take(stackability, n, "a whole of its own")
		}
	}
	for _, name := range []string{"entitlesTo", "hasPart", "isPartOf"} {
		r.texts(stackability, slices.Concat(follow(claims, name), follow(specs, name)))
	}
	for _, from := range [][]node{{r.root}, claims, specs, follow(claims, "awardedBy", "awardingBody")} {
		for _, name := range []string{"additionalNote", "homepage", "supplementaryDocument"} {
			r.texts(furtherInformation, follow(from, name))
		}
	}
}
