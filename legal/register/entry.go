package register

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/country"
	"github.com/bonafide-id/bonafide/legal"
)

// What one register may hold, and one entry.
const (
	MaxBytes   = 40 << 20 // of one file
	MaxEntries = 50_000
	maxList    = 64 // names, identifiers, domains, DIDs of one entry
	maxText    = 500
	// maxDecisions of one entry; large universities have some hundred.
	maxDecisions  = 2_000
	maxProgrammes = 64
	maxAgencies   = 2_000
)

// Kinds of names.
const (
	NameLegal = "legal" // as registered
	NameAlt   = "alt"   // acronym, brand, or the part of an institution that the entry is about
)

// Name is one name with its language and time.
type Name struct {
	Value string `json:"value"`
	Lang  string `json:"lang,omitempty"` // BCP 47
	Kind  string `json:"kind,omitempty"` // legal (the default) or alt
	From  *Date  `json:"from,omitempty"`
	Until *Date  `json:"until,omitempty"`
}

// Identifier is one identifier with its time.
type Identifier struct {
	Scheme  string `json:"scheme"`
	Country string `json:"country,omitempty"`
	Value   string `json:"value"`
	From    *Date  `json:"from,omitempty"`
	Until   *Date  `json:"until,omitempty"`
}

// Legal is the identifier without its time.
func (i Identifier) Legal() legal.Identifier {
	return legal.Identifier{Scheme: i.Scheme, Country: i.Country, Value: i.Value}
}

// Seat is where the register places the institution: for DEQAR the system that
// recognises it, which need not be the place of incorporation.
type Seat struct {
	Country  string `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Region   string `json:"region,omitempty"`
	Locality string `json:"locality,omitempty"`
}

// Outcomes of decisions.
const (
	Positive    = "positive"
	Conditional = "conditional" // positive with conditions
	Negative    = "negative"
	None        = "none" // the report decides nothing, or in words that are not known
)

// Decision is one decision of quality assurance.
type Decision struct {
	Report   string `json:"report"` // address or number
	Agency   string `json:"agency"`
	AgencyID string `json:"agencyId,omitempty"`
	// When the agency was registered; both nil: not known.
	AgencyFrom  *Date `json:"agencyFrom,omitempty"`
	AgencyUntil *Date `json:"agencyUntil,omitempty"`
	// Activity is institutional, programme, joint programme or
	// institutional/programme.
	Activity string `json:"activity"`
	Status   string `json:"status,omitempty"` // part of the obligatory system, or voluntary
	Decision string `json:"decision"`         // in the register's words
	Outcome  string `json:"outcome"`          // positive, conditional, negative or none
	From     *Date  `json:"from"`
	Until    *Date  `json:"until,omitempty"`
	// UntilAssumed says that nobody decided the end: the register counts six years.
	UntilAssumed bool     `json:"untilAssumed,omitempty"`
	Programmes   []string `json:"programmes,omitempty"`
	Observed     Observed `json:"observed"`
}

// Observed is where and when something was read.
type Observed struct {
	RetrievedAt  time.Time `json:"retrievedAt"`
	SourceSHA256 string    `json:"sourceSHA256"` // of the file, hexadecimal
}

// Entry is one organisation in a register.
type Entry struct {
	Record string `json:"record"` // its address or number in the register
	// DIDs that the register itself records for it.
	DIDs        []string     `json:"dids,omitempty"`
	Names       []Name       `json:"names,omitempty"`
	Seat        Seat         `json:"seat"`
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// Domains are DNS domains, as SCHAC has them.
	Domains   []string   `json:"domains,omitempty"`
	Homepage  string     `json:"homepage,omitempty"`
	PartOf    string     `json:"partOf,omitempty"` // record of the organisation above
	Founded   *Date      `json:"founded,omitempty"`
	Closed    *Date      `json:"closed,omitempty"`
	Decisions []Decision `json:"decisions,omitempty"`
	// Partial: only that the record exists is known, from a report about it.
	Partial  bool     `json:"partial,omitempty"`
	Observed Observed `json:"observed"`
}

// Agency is an agency of quality assurance and the time of its registration.
type Agency struct {
	ID       string   `json:"id"`
	Name     string   `json:"name,omitempty"`
	Acronym  string   `json:"acronym,omitempty"`
	From     *Date    `json:"from,omitempty"`
	Until    *Date    `json:"until,omitempty"`
	Observed Observed `json:"observed"`
}

// check refuses an entry that cannot be kept. Errors: [ErrForm], [ErrPerson],
// [ErrTooLarge].
func (e *Entry) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: record %s: %s", ErrForm, quote(e.Record), what) }
	if !word(e.Record) {
		return bad("record is missing, too long or no plain text")
	}
	for what, n := range map[string]int{"dids": len(e.DIDs), "names": len(e.Names), "identifiers": len(e.Identifiers), "domains": len(e.Domains)} {
		if n > maxList {
			return fmt.Errorf("%w: record %s: %d %s", ErrTooLarge, quote(e.Record), n, what)
		}
	}
	if len(e.Decisions) > maxDecisions {
		return fmt.Errorf("%w: record %s: %d decisions", ErrTooLarge, quote(e.Record), len(e.Decisions))
	}
	for _, d := range e.DIDs {
		if _, err := did.Parse(d); err != nil {
			return bad("a DID is none")
		}
	}
	for _, n := range e.Names {
		if !word(n.Value) || n.Kind != NameLegal && n.Kind != NameAlt || !ordered(n.From, n.Until) || !plain(n.Lang) || len(n.Lang) > 35 {
			return bad("a name cannot be used")
		}
	}
	for _, i := range e.Identifiers {
		if person(i.Scheme) {
			return fmt.Errorf("%w: record %s", ErrPerson, quote(e.Record))
		}
		if i.Legal().Check() != nil || !ordered(i.From, i.Until) {
			return bad("identifier " + quote(i.Legal().String()) + " is malformed for its scheme")
		}
	}
	for _, d := range e.Domains {
		if !domain(d) {
			return bad("a domain is none")
		}
	}
	if e.Seat.Country != "" && !country.Is(e.Seat.Country) || !plain(e.Seat.Region) || !plain(e.Seat.Locality) {
		return bad("seat")
	}
	if !plain(e.Homepage) || !plain(e.PartOf) {
		return bad("homepage or partOf")
	}
	if !ordered(e.Founded, e.Closed) {
		return bad("closed is before founded")
	}
	for i := range e.Decisions {
		if err := e.Decisions[i].check(); err != nil {
			return fmt.Errorf("record %s: %w", quote(e.Record), err)
		}
	}
	return nil
}

func (d *Decision) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: decision %s: %s", ErrForm, quote(d.Report), what) }
	switch {
	case !word(d.Report), !word(d.Agency), !word(d.Decision):
		return bad("report, agency and decision must be there")
	case !plain(d.AgencyID), !plain(d.Status):
		return bad("agencyId or status")
	case !slices.Contains([]string{Positive, Conditional, Negative, None}, d.Outcome):
		return bad("outcome must be positive, conditional, negative or none")
	case !slices.Contains(activities(), d.Activity):
		return bad("activity must be " + strings.Join(activities(), ", "))
	case d.From == nil:
		return bad("from is missing")
	case !ordered(d.From, d.Until), !ordered(d.AgencyFrom, d.AgencyUntil):
		return bad("an end is before its beginning")
	case len(d.Programmes) > maxProgrammes:
		return fmt.Errorf("%w: decision %s: %d programmes", ErrTooLarge, quote(d.Report), len(d.Programmes))
	}
	for _, p := range d.Programmes {
		if !word(p) {
			return bad("a programme's name cannot be used")
		}
	}
	return nil
}

// Activities of quality assurance, as DEQAR has them.
const (
	Institutional          = "institutional"
	Programme              = "programme"
	JointProgramme         = "joint programme"
	InstitutionalProgramme = "institutional/programme"
)

func activities() []string {
	return []string{Institutional, Programme, JointProgramme, InstitutionalProgramme}
}

// person tells whether a scheme numbers natural persons (ETSI EN 319 412-1
// section 5.1.3).
func person(scheme string) bool {
	return slices.Contains([]string{"PAS", "IDC", "PNO", "TIN", "TAX-PERSON", "SSN"}, strings.ToUpper(strings.TrimSpace(scheme)))
}

// domain accepts a host name in lower case with at least two labels.
func domain(s string) bool {
	p, err := did.ParsePlace(s)
	return err == nil && p.Host == s && p.Port == 0 && len(p.Path) == 0
}

// word is plain text that is there.
func word(s string) bool { return strings.TrimSpace(s) != "" && plain(s) }

// plain refuses what could not be shown: control and formatting characters, broken
// UTF-8 and undue length.
func plain(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

func ordered(from, until *Date) bool {
	return from == nil || until == nil || !until.End().Before(*from.Start())
}

// quote shortens a text for a message.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	return fmt.Sprintf("%q", s)
}
