package credential

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/proof"
)

// The contexts of what we issue by default, in this order.
const (
	ContextOpenBadges = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
	ContextMicro      = "https://bonafide.id/contexts/micro-credential/v1"
)

const eqfPrefix = "http://data.europa.eu/snb/eqf/"

// Micro is a micro-credential with the European standard elements (Council
// Recommendation 2022/C 243/02, Annex I), as a registrar fills it in. Its JSON
// form is the file that `bonafide issue` reads.
type Micro struct {
	ID         string     `json:"id,omitempty"` // URL; a random urn:uuid when empty
	Issuer     string     `json:"issuer,omitempty"`
	IssuerName string     `json:"issuerName,omitempty"`
	Holder     Holder     `json:"holder"`
	Title      string     `json:"title"`
	Summary    string     `json:"description,omitempty"`
	Criteria   string     `json:"criteria,omitempty"` // how it was earned
	Language   string     `json:"language,omitempty"` // BCP 47
	Outcomes   []string   `json:"learningOutcomes,omitempty"`
	ECTS       string     `json:"ects,omitempty"`     // decimal, for example "4" or "2.5"
	Workload   string     `json:"workload,omitempty"` // ISO 8601 duration, for example PT100H
	EQF        int        `json:"eqfLevel,omitempty"` // 1 to 8
	NQF        string     `json:"nqfLevel,omitempty"`
	Assessment string     `json:"assessment,omitempty"`
	Form       string     `json:"formOfParticipation,omitempty"` // online, onsite or blended
	Quality    string     `json:"qualityAssurance,omitempty"`
	Awarded    string     `json:"awarded,omitempty"` // date and time with zone, or a date
	ValidUntil string     `json:"validUntil,omitempty"`
	Place      MicroPlace `json:"place"`
	Awarding   *Awarding  `json:"awardingBody,omitempty"` // when it is not the issuer
}

// Holder is whom the credential is about: an identifier, or a name with a
// date of birth, or both.
type Holder struct {
	ID        string `json:"id,omitempty"` // URL, usually a DID
	Name      string `json:"name,omitempty"`
	BirthDate string `json:"birthDate,omitempty"` // YYYY-MM-DD
}

// MicroPlace is where the credential is issued.
type MicroPlace struct {
	Country  string `json:"country"` // ISO 3166-1 alpha-2
	Region   string `json:"region,omitempty"`
	Locality string `json:"locality,omitempty"`
}

// Awarding is the body that awards, where another one issues.
type Awarding struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

var (
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	isoDuration = regexp.MustCompile(`^P(\d+D)?(T(\d+H)?(\d+M)?)?$`)
	isoDate     = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	decimal     = regexp.MustCompile(`^\d{1,4}(\.\d{1,2})?$`)
)

// Validate names the first element that is missing or malformed. Holder,
// title, issuing country and date are demanded, because without them the
// credential could not answer principle 9; the others are checked in form.
func (m Micro) Validate() error {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s %s", ErrProfile, field, why) }
	switch {
	case strings.TrimSpace(m.Title) == "":
		return bad("title", "is missing")
	case m.Holder.ID == "" && m.Holder.Name == "":
		return bad("holder", "needs an id or a name")
	case m.Holder.ID != "" && !isURL(m.Holder.ID):
		return bad("holder.id", "is not a URL")
	case m.Holder.BirthDate != "" && !isoDate.MatchString(m.Holder.BirthDate):
		return bad("holder.birthDate", "is not a date such as 2001-12-31")
	case !countryCode.MatchString(m.Place.Country):
		return bad("place.country", "must be two letters of ISO 3166-1, such as ES")
	case m.EQF < 0 || m.EQF > 8:
		return bad("eqfLevel", "must be 1 to 8")
	case m.ECTS != "" && !decimal.MatchString(m.ECTS):
		return bad("ects", "must be a number such as 4 or 2.5")
	case m.Workload != "" && (!isoDuration.MatchString(m.Workload) || strings.HasSuffix(m.Workload, "P") || strings.HasSuffix(m.Workload, "T")):
		return bad("workload", "must be a duration in days, hours and minutes such as PT100H")
	case m.ID != "" && !isURL(m.ID):
		return bad("id", "is not a URL")
	}
	switch m.Form {
	case "", "online", "onsite", "blended":
	default:
		return bad("formOfParticipation", "must be online, onsite or blended")
	}
	if m.Quality != "" && len(m.Quality) > 1000 {
		return bad("qualityAssurance", "is longer than 1000 characters")
	}
	if m.Awarding != nil && m.Awarding.ID != "" && !isURL(m.Awarding.ID) {
		return bad("awardingBody.id", "is not a URL")
	}
	_, _, err := m.times(time.Unix(0, 0))
	return err
}

// times reads the dates; an absent award date is now.
func (m Micro) times(now time.Time) (awarded time.Time, until *time.Time, err error) {
	awarded = now
	if m.Awarded != "" {
		if awarded, err = DayOrTime(m.Awarded); err != nil {
			return awarded, nil, fmt.Errorf("%w: awarded: %w", ErrProfile, err)
		}
	}
	if m.ValidUntil != "" {
		u, err := DayOrTime(m.ValidUntil)
		if err != nil {
			return awarded, nil, fmt.Errorf("%w: validUntil: %w", ErrProfile, err)
		}
		until = &u
	}
	return awarded, until, nil
}

// DayOrTime reads a date, taken as its first moment in UTC, or a full time.
func DayOrTime(s string) (time.Time, error) {
	if isoDate.MatchString(s) {
		s += "T00:00:00Z"
	}
	return proof.ParseTime(s)
}

// StatusSlot is one entry that the credential will name.
type StatusSlot struct {
	List    string // URL of the status list credential
	Index   int64
	Purpose string // revocation or suspension
}

// Tree renders the unsigned credential: VCDM 2.0, Open Badges 3.0.3 and the
// project's context for what that lacks. now is the time of issuing.
func (m Micro) Tree(now time.Time, slots []StatusSlot) (map[string]any, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if !isURL(m.Issuer) || !isURL(m.ID) {
		return nil, fmt.Errorf("%w: issuer and id must be URLs", ErrProfile)
	}
	awarded, until, err := m.times(now)
	if err != nil {
		return nil, err
	}
	issuer := map[string]any{"id": m.Issuer, "type": []any{"Profile"}}
	setText(issuer, "name", m.IssuerName)
	tree := map[string]any{
		"@context":          []any{ContextV2, ContextOpenBadges, ContextMicro},
		"id":                m.ID,
		"type":              []any{"VerifiableCredential", "OpenBadgeCredential", "MicroCredentialCredential"},
		"name":              m.Title,
		"issuer":            issuer,
		"validFrom":         proof.FormatTime(now),
		"awardedDate":       proof.FormatTime(awarded),
		"placeOfIssue":      m.place(),
		"credentialSubject": m.subject(),
	}
	if until != nil {
		tree["validUntil"] = proof.FormatTime(*until)
	}
	if m.Awarding != nil {
		body := map[string]any{"type": []any{"Profile"}}
		setText(body, "id", m.Awarding.ID)
		setText(body, "name", m.Awarding.Name)
		tree["awardingBody"] = body
	}
	if len(slots) > 0 {
		tree["credentialStatus"] = StatusEntries(slots)
	}
	return tree, nil
}

// StatusEntries writes the value of credentialStatus: one object for one slot,
// else a list.
func StatusEntries(slots []StatusSlot) any {
	status := make([]any, 0, len(slots))
	for _, s := range slots {
		index := strconv.FormatInt(s.Index, 10)
		status = append(status, map[string]any{
			"id":                   s.List + "#" + index,
			"type":                 "BitstringStatusListEntry",
			"statusPurpose":        s.Purpose,
			"statusListIndex":      index,
			"statusListCredential": s.List,
		})
	}
	if len(status) == 1 {
		return status[0]
	}
	return status
}

func (m Micro) place() map[string]any {
	p := map[string]any{"type": []any{"Address"}, "addressCountryCode": m.Place.Country}
	setText(p, "addressRegion", m.Place.Region)
	setText(p, "addressLocality", m.Place.Locality)
	return p
}

func (m Micro) subject() map[string]any {
	s := map[string]any{"type": []any{"AchievementSubject"}, "achievement": m.achievement()}
	setText(s, "id", m.Holder.ID)
	setText(s, "name", m.Holder.Name)
	var ids []any
	identity := func(kind, value string) {
		if value != "" {
			ids = append(ids, any(map[string]any{"type": "IdentityObject", "hashed": false,
				"identityType": kind, "identityHash": value}))
		}
	}
	identity("name", m.Holder.Name)
	identity("ext:dateOfBirth", m.Holder.BirthDate)
	if len(ids) > 0 {
		s["identifier"] = ids
	}
	if m.ECTS != "" {
		s["creditsEarned"] = json.Number(m.ECTS)
	}
	return s
}

func (m Micro) achievement() map[string]any {
	a := map[string]any{
		"id":              m.ID + "#achievement",
		"type":            []any{"Achievement"},
		"achievementType": "MicroCredential",
		"name":            m.Title,
		"description":     orElse(m.Summary, m.Title),
		"criteria":        map[string]any{"narrative": orElse(m.Criteria, orElse(m.Assessment, "Awarded by the issuer."))},
	}
	setText(a, "inLanguage", m.Language)
	setText(a, "workload", m.Workload)
	setText(a, "nqfLevel", m.NQF)
	setText(a, "assessment", m.Assessment)
	setText(a, "formOfParticipation", m.Form)
	setText(a, "qualityAssurance", m.Quality)
	if m.ECTS != "" {
		a["creditsAvailable"] = json.Number(m.ECTS)
	}
	if m.EQF > 0 {
		a["eqfLevel"] = eqfPrefix + strconv.Itoa(m.EQF)
	}
	if len(m.Outcomes) > 0 {
		list := make([]any, len(m.Outcomes))
		for i, o := range m.Outcomes {
			list[i] = o
		}
		a["learningOutcome"] = list
	}
	return a
}

func setText(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
