package annex

import (
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/verdict"
)

// The profiles of Report.Profile.
const (
	ELM        = "elm"        // European Learning Model, as Europass issues it
	OpenBadges = "openbadges" // Open Badges 3.0
	Bonafide   = "bonafide"   // Open Badges 3.0 with the project's context
)

// State says whether an element is there.
type State string

// The states of an element.
const (
	Present   State = "present"
	Missing   State = "missing"
	Malformed State = "malformed" // something stands there that does not serve
)

// Severity says how much a finding, or the want of an element, matters.
type Severity string

// The severities. Without what is an Error principle 9 cannot be answered.
const (
	Error Severity = "error"
	Warn  Severity = "warn"
	Info  Severity = "info"
)

// Report is what was found in one credential. Facts are read of every one; where
// Annex I does not apply, Profile is empty and there are no elements.
type Report struct {
	Profile  string    `json:"profile,omitempty"`
	Elements []Element `json:"elements"` // 16, in the order of Annex I, or none
	Facts    Facts     `json:"facts"`

	draft [elementCount]Element // what Elements is of
}

// Element is one of the European standard elements.
type Element struct {
	Number    int    `json:"number"` // 1 to 11 mandatory, 12 to 16 optional
	Name      string `json:"name"`   // stable word, for example "learningOutcomes"
	Mandatory bool   `json:"mandatory"`
	State     State  `json:"state"`
	Path      string `json:"path,omitempty"`  // where the first good value stands
	Value     string `json:"value,omitempty"` // at most 160 characters
	Principle int    `json:"principle"`       // of Annex II, 1 to 10
	// Severity is the worst of what is wrong; "" when nothing is.
	Severity Severity  `json:"severity,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is one thing that is odd about an element, where it stands.
type Finding struct {
	Code     Code     `json:"code"`
	Text     string   `json:"text"`
	Path     string   `json:"path"`
	Value    string   `json:"value,omitempty"`
	Severity Severity `json:"severity"`
}

// standard is one line of Annex I.
type standard struct {
	name      string
	principle int
	missing   Severity // how much it matters when it is missing
}

// Annex I part 1 (mandatory) and part 2 (optional, where relevant).
const (
	learner = iota
	title
	countryOfIssuer
	awardingBody
	date
	learningOutcomes
	workload
	level
	assessment
	participation
	qualityAssurance
	prerequisites
	supervision
	grade
	stackability
	furtherInformation
	elementCount

	mandatory = prerequisites
)

func standards() [elementCount]standard {
	return [elementCount]standard{
		learner:            {"learner", 9, Error},
		title:              {"title", 2, Error},
		countryOfIssuer:    {"country", 9, Error},
		awardingBody:       {"awardingBody", 9, Error},
		date:               {"date", 9, Error},
		learningOutcomes:   {"learningOutcomes", 3, Warn},
		workload:           {"workload", 2, Warn},
		level:              {"level", 6, Info}, // "if applicable"
		assessment:         {"assessment", 4, Warn},
		participation:      {"participation", 8, Warn},
		qualityAssurance:   {"qualityAssurance", 1, Warn},
		prerequisites:      {"prerequisites", 2, ""},
		supervision:        {"supervision", 4, ""},
		grade:              {"grade", 4, ""},
		stackability:       {"stackability", 5, ""},
		furtherInformation: {"furtherInformation", 10, ""},
	}
}

// Read reports on a secured document as strictjson parsed it: for a W3C
// credential Checked.Document, for a sealed one the payload. What it finds is
// the issuer's word.
func Read(doc map[string]any) *Report {
	r := new(Report)
	r.Read(doc)
	return r
}

// Read is the function of that name for a report whose memory is at hand, and for a
// caller who does not keep it.
func (to *Report) Read(doc map[string]any) {
	root := begin(doc)
	defer root.trail.end()
	*to = Report{Elements: []Element{}}
	r := &reader{root: root, report: to}
	switch profile := profileOf(root); profile {
	case ELM:
		r.elm()
		r.report.Profile = profile
	case OpenBadges, Bonafide:
		r.badge(profile == Bonafide)
		r.report.Profile = profile
	default:
		r.plain()
		return
	}
	r.finish()
}

// Issuer reads only what Read would put into Facts.Issuer.
func Issuer(doc map[string]any) Body {
	root := begin(doc)
	defer root.trail.end()
	if profileOf(root) == ELM {
		return elmBody(root.first("issuer"))
	}
	return badgeBody(root.first("issuer"))
}

// profileOf goes by the types that the credential claims, then by the member
// that only one family has.
func profileOf(root node) string {
	types := root.words("type")
	subject := root.all("credentialSubject")
	switch {
	case slices.Contains(types, "EuropeanDigitalCredential"), len(follow(subject, "hasClaim")) > 0:
		return ELM
	case slices.Contains(types, "MicroCredentialCredential"):
		return Bonafide
	case slices.Contains(types, "OpenBadgeCredential"), slices.Contains(types, "AchievementCredential"),
		len(follow(subject, "achievement")) > 0:
		return OpenBadges
	}
	return ""
}

// Applies tells whether the credential is of a profile that Annex I fits.
func (r *Report) Applies() bool { return r.Profile != "" }

// Element returns the element of that name.
func (r *Report) Element(name string) (Element, bool) {
	i := slices.IndexFunc(r.Elements, func(e Element) bool { return e.Name == name })
	if i < 0 {
		return Element{}, false
	}
	return r.Elements[i], true
}

// Present counts the mandatory elements that are there, of 11.
func (r *Report) Present() int {
	n := 0
	for _, e := range r.Elements {
		if e.Mandatory && e.State == Present {
			n++
		}
	}
	return n
}

// Missing names the mandatory elements that are not there, but for those that
// are asked for only where applicable.
func (r *Report) Missing() []string {
	return r.names(func(e Element) bool { return e.Mandatory && e.State == Missing && e.Severity != Info })
}

// Malformed names the elements in which something does not serve, also where
// another place in the credential states the same well.
func (r *Report) Malformed() []string {
	return r.names(func(e Element) bool {
		return e.State == Malformed || slices.ContainsFunc(e.Findings, func(f Finding) bool { return f.Severity != Info })
	})
}

func (r *Report) names(is func(Element) bool) []string {
	var out []string
	for _, e := range r.Elements {
		if is(e) {
			out = append(out, e.Name)
		}
	}
	return out
}

// Findings lists the findings of all elements in the order of Annex I.
func (r *Report) Findings() []Finding {
	var out []Finding
	for _, e := range r.Elements {
		out = append(out, e.Findings...)
	}
	return out
}

// Rows are the rows that a verdict gets: none when Annex I does not apply or
// is met, else one warning of format that names the elements, separated by
// commas, in the parameters missing and malformed.
func (r *Report) Rows() []verdict.Check {
	missing, malformed := r.Missing(), r.Malformed()
	if len(missing)+len(malformed) == 0 {
		return nil
	}
	row := verdict.New(verdict.Format, verdict.AnnexIncomplete).From("credential")
	if len(missing) > 0 {
		row = row.With("missing", strings.Join(missing, ", "))
	}
	if len(malformed) > 0 {
		row = row.With("malformed", strings.Join(malformed, ", "))
	}
	return []verdict.Check{row}
}
