package verdict

import (
	"maps"
	"slices"
	"time"
)

// Outcome is what a verdict comes to. The zero value is Indeterminate.
type Outcome uint8

// The outcomes. Their JSON form is the lower-case word.
const (
	Indeterminate Outcome = iota // neither shown to be good nor shown to be bad
	Invalid                      // shown to be bad
	Verified                     // everything the policy demands was shown
)

// Result is what one row of a check came to. The zero value is Unknown.
type Result uint8

// The results. Their JSON form is the lower-case word.
const (
	Unknown Result = iota // could not be established
	Skipped               // not asked for, or nothing to check
	Pass                  // established
	Warn                  // a finding that does not block
	Fail                  // established to be wrong
)

// CheckName names one of the thirteen checks of a verdict.
type CheckName string

// The checks, in the order in which a verdict shows them. The first six are
// mandatory under every policy.
const (
	Format        CheckName = "format"        // the bytes are a credential that we read in full
	Integrity     CheckName = "integrity"     // the signed bytes are unchanged
	Signer        CheckName = "signer"        // the key is the issuer's and may sign this
	Dates         CheckName = "dates"         // the time asked lies inside the validity
	Status        CheckName = "status"        // neither revoked nor suspended
	Freshness     CheckName = "freshness"     // the evidence is young enough
	Issuer        CheckName = "issuer"        // who the issuer is in law
	Authorisation CheckName = "authorisation" // recognition chain to a configured root
	Quality       CheckName = "quality"       // register evidence at the issuing date
	Holder        CheckName = "holder"        // whom the credential is about
	Place         CheckName = "place"         // where it was issued
	Awarding      CheckName = "awarding"      // is the awarding body the issuer
	Privacy       CheckName = "privacy"       // who was asked for what
)

// Names returns all check names in the order in which a verdict shows them.
func Names() []CheckName {
	return []CheckName{
		Format, Integrity, Signer, Dates, Status, Freshness,
		Issuer, Authorisation, Quality, Holder, Place, Awarding, Privacy,
	}
}

// Mandatory returns the six checks that must pass under every policy.
func Mandatory() []CheckName { return Names()[:mandatory] }

const mandatory = 6

// Code says why a row came to its result. Codes that a W3C specification
// names keep its spelling; ours are lower case with underscores.
type Code string

// Duration is a length of time in whole seconds; in JSON it is a number.
type Duration int64

// Seconds rounds d down to whole seconds. Negative lengths (evidence from the
// near future, within the allowed skew) become 0.
func Seconds(d time.Duration) Duration {
	if d < 0 {
		return 0
	}
	return Duration(d / time.Second)
}

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) * time.Second }

// Evidence is one thing that a row rests on.
type Evidence struct {
	// Kind says what it is: "did-log", "status-list", "head", "whois",
	// "recognition", "observation", "fork", ...
	Kind string `json:"kind"`
	// ID is its identifier or URL.
	ID string `json:"id,omitempty"`
	// Digest is its content address.
	Digest string `json:"digest,omitempty"`
	// By is who signed or attested it (a DID).
	By string `json:"by,omitempty"`
	// At is when it was signed or seen.
	At *time.Time `json:"at,omitempty"`
}

// Check is one row: what one check came to and why. Several rows may share a
// name (two status entries; a finding beside a pass); the worst counts.
type Check struct {
	Name   CheckName `json:"name"`
	Result Result    `json:"result"`
	Code   Code      `json:"code"`
	// Params fill the sentence that is later made from the code.
	Params   map[string]string `json:"params,omitempty"`
	Evidence []Evidence        `json:"evidence"`
	// Age is how old the evidence was at the verdict's AsOf; nil where the
	// row rests on nothing that ages.
	Age *Duration `json:"age,omitempty"`
	// Source says where the evidence came from: "credential", "stapled",
	// "replica", "peer", "origin", "mirror", "policy".
	Source string `json:"source,omitempty"`
	// Principle is the Union principle for micro-credentials (1 to 10 of
	// Annex II) that the check serves.
	Principle int `json:"principle"`
}

// New makes a row with the result and principle that the registry gives to
// code in the check called name. An unregistered pair gives result Unknown.
func New(name CheckName, code Code) Check {
	c := Check{Name: name, Code: code, Evidence: []Evidence{}, Principle: PrincipleOf(name)}
	if s, ok := find(name, code); ok {
		c.Result = s.Results[0]
	}
	return c
}

// With returns c with one more parameter; c itself is unchanged.
func (c Check) With(param, value string) Check {
	c.Params = maps.Clone(c.Params)
	if c.Params == nil {
		c.Params = make(map[string]string, 1)
	}
	c.Params[param] = value
	return c
}

// As returns c with another result. Decide counts a result that the registry
// does not allow for the code as Unknown.
func (c Check) As(r Result) Check { c.Result = r; return c }

// From returns c with its source.
func (c Check) From(source string) Check { c.Source = source; return c }

// Aged returns c with the age of its evidence.
func (c Check) Aged(d time.Duration) Check {
	s := Seconds(d)
	c.Age = &s
	return c
}

// On returns c with further evidence; c itself is unchanged.
func (c Check) On(evidence ...Evidence) Check {
	c.Evidence = append(slices.Clip(c.Evidence), evidence...)
	return c
}

// PolicyNote says under which policy the verdict was made.
type PolicyNote struct {
	// Name of the policy: "authentic", "recognised" or the operator's own.
	Name string `json:"name"`
	// Require lists the checks demanded beside the mandatory six.
	Require []CheckName `json:"require"`
	// Changes lists, as "setting=value", what the caller changed for this
	// verdict.
	Changes []string `json:"changes"`
}

// FieldState says how well a field about an organisation is known. The zero
// value is Absent.
type FieldState uint8

// The states. Their JSON form is the lower-case word.
const (
	Absent       FieldState = iota // nobody states it
	Claimed                        // stated by the issuer only, or by somebody not trusted
	Proven                         // attested by the sources listed in By
	Contradicted                   // a trusted source states something else
)

// The field names that every verdict uses for the same thing. Others may be
// added by the sources of evidence.
const (
	FieldLegalName  = "legalName"
	FieldIdentifier = "identifier" // value "SCHEME COUNTRY VALUE", for example "VAT ES A00000000"
	FieldLegalSeat  = "legalSeat"  // ISO 3166-1 alpha-2, then region and town when known
	FieldDomain     = "domain"     // proven only by an origin sighting
	FieldAltName    = "altName"
	FieldHomepage   = "homepage"
	FieldPartOf     = "partOf"     // the legal person that the issuer is a part of
	FieldOnBehalfOf = "onBehalfOf" // for whom the issuer says that it issues
)

// Field is one statement about the issuer with its provenance.
type Field struct {
	Name  string     `json:"name"`
	Value string     `json:"value,omitempty"`
	Lang  string     `json:"lang,omitempty"` // BCP 47
	State FieldState `json:"state"`
	// By names who proves, claims or contradicts it.
	By []string `json:"by"`
	// Of a proven field: whether the proof stands at the time of the verdict, and
	// whether it stood at the issuing date that the credential claims.
	Now        bool `json:"now,omitempty"`
	WhenIssued bool `json:"whenIssued,omitempty"`
}

// EvidenceView is one piece of evidence about the issuer, as it was judged.
type EvidenceView struct {
	Kind       string     `json:"kind"` // domain, register, recognition, ebsi, eidas-seal, x5t-binding
	By         string     `json:"by"`
	Level      string     `json:"level"`            // L2 to L6, what it is good for
	Join       string     `json:"join,omitempty"`   // rule by which it is taken to be about this issuer
	Source     string     `json:"source,omitempty"` // where it was found
	ID         string     `json:"id,omitempty"`
	Digest     string     `json:"digest,omitempty"`
	At         *time.Time `json:"at,omitempty"` // sealed, signed or observed
	From       *time.Time `json:"from,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
	Now        bool       `json:"now"`        // stands at the time of the verdict
	WhenIssued bool       `json:"whenIssued"` // stood at the issuing date that the credential claims
}

// QualityView is one decision of quality assurance, as a register has it. It is
// "observed in the register at that time", nothing more.
type QualityView struct {
	Register string     `json:"register"`
	Record   string     `json:"record,omitempty"` // address of the record in the register
	Agency   string     `json:"agency,omitempty"`
	Activity string     `json:"activity,omitempty"` // institutional, programme, ...
	Status   string     `json:"status,omitempty"`   // part of the obligatory system, or voluntary
	Decision string     `json:"decision"`           // in the register's words
	Negative bool       `json:"negative"`
	From     *time.Time `json:"from,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	Observed *time.Time `json:"observed,omitempty"`
	Digest   string     `json:"digest,omitempty"` // of the file that was imported, as sha256-...
	// UntilAssumed says that nobody decided the end: the register counts a term.
	UntilAssumed bool     `json:"untilAssumed,omitempty"`
	Programmes   []string `json:"programmes,omitempty"` // that the decision is about
	// Why is the code of what keeps the decision from counting at any time.
	Why string `json:"why,omitempty"`
	// Whether the decision, the agency's registration included, counts at the time of
	// the verdict and at the issuing date that the credential claims.
	Now        bool `json:"now"`
	WhenIssued bool `json:"whenIssued"`
}

// Recognition is one link of the chain from the issuer to a configured root.
type Recognition struct {
	By      string     `json:"by"`                // DID of the recogniser
	ByName  string     `json:"byName,omitempty"`  // its name, as far as the verifier's roots give one
	Of      string     `json:"of"`                // DID of the recognised
	Actions []string   `json:"actions,omitempty"` // what it may do, for example "issue"
	Types   []string   `json:"types,omitempty"`   // credential types in scope; empty: no limit stated
	From    *time.Time `json:"from,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	ID      string     `json:"id,omitempty"` // id of the recognition credential
	Root    bool       `json:"root"`         // By is a configured root
}

// IssuerView is what became known about the issuer. Who it is (Fields), what
// it may issue (Recognitions) and quality are kept apart.
type IssuerView struct {
	ID      string   `json:"id,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
	// Level is the highest of Levels, "L0" when nothing is known: L1 its own word,
	// L2 domain, L3 register, L4 recognised, L5 and L6 seals.
	Level        string         `json:"level"`
	Levels       []string       `json:"levels"`
	Fields       []Field        `json:"fields"`
	Recognitions []Recognition  `json:"recognitions"`
	Evidence     []EvidenceView `json:"evidence"`
	Quality      []QualityView  `json:"quality"`
	Closed       bool           `json:"closed"` // the identifier is deactivated
}

// Get returns the first field called name, preferring proven ones; a field
// that nobody states comes back with state Absent.
func (v IssuerView) Get(name string) Field {
	best := Field{Name: name}
	for _, f := range v.Fields {
		if f.Name == name && (best.State == Absent || f.State == Proven && best.State != Proven) {
			best = f
		}
	}
	return best
}

// SubjectView sums up what the credential says and about whom. It is the
// issuer's word: whether to believe it is what the outcome says.
type SubjectView struct {
	Credential  string   `json:"credential,omitempty"` // id of the credential
	Types       []string `json:"types"`
	ID          string   `json:"id,omitempty"`   // id of the holder
	Name        string   `json:"name,omitempty"` // name of the holder
	Achievement string   `json:"achievement,omitempty"`
	Credits     string   `json:"credits,omitempty"` // for example "4 ECTS"
	Level       string   `json:"level,omitempty"`   // for example "EQF 6"
	Awarding    string   `json:"awarding,omitempty"`
}

// DatesView holds the dates of the credential.
type DatesView struct {
	ValidFrom  *time.Time `json:"validFrom,omitempty"`
	ValidUntil *time.Time `json:"validUntil,omitempty"`
	Awarded    *time.Time `json:"awarded,omitempty"`
	// Signed is the proof's own word ("created"); it proves no time.
	Signed *time.Time `json:"signed,omitempty"`
	// ExistedBy is set only by independent time evidence.
	ExistedBy *time.Time `json:"existedBy,omitempty"`
}

// PlaceView is the place of issuance.
type PlaceView struct {
	Country  string     `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Region   string     `json:"region,omitempty"`
	Locality string     `json:"locality,omitempty"`
	State    FieldState `json:"state"`
	By       []string   `json:"by"`
}

// Verdict is the whole answer. Its JSON form is stable and described by
// docs/verdict.schema.json; times are written in UTC with whole seconds.
type Verdict struct {
	Outcome Outcome     `json:"outcome"`
	AsOf    time.Time   `json:"asOf"` // the time that the verdict is about
	Policy  PolicyNote  `json:"policy"`
	Checks  []Check     `json:"checks"`
	Issuer  IssuerView  `json:"issuer"`
	Subject SubjectView `json:"subject"`
	Dates   DatesView   `json:"dates"`
	Place   PlaceView   `json:"place"`
	// Annex lists the European standard elements (Annex I); empty where they do
	// not apply.
	Annex []Element `json:"annex"`
}

// Element is one of the European standard elements for describing a
// micro-credential (Annex I of Council Recommendation 2022/C 243/02).
type Element struct {
	Number    int       `json:"number"` // 1 to 11 mandatory, 12 to 16 optional
	Name      string    `json:"name"`   // stable word, for example "learningOutcomes"
	Mandatory bool      `json:"mandatory"`
	State     string    `json:"state"`          // present, missing or malformed
	Path      string    `json:"path,omitempty"` // where it stands in the credential
	Principle int       `json:"principle"`      // of Annex II, 1 to 10
	Findings  []Finding `json:"findings"`
}

// Finding is one thing that is odd about an element.
type Finding struct {
	Code     string `json:"code"`
	Path     string `json:"path"`
	Severity string `json:"severity"` // error, warn or info
	Text     string `json:"text"`
}

// Settle sets the outcome from the rows and from what the policy requires,
// and puts the rows into the order of Names (stable within a name).
func (v *Verdict) Settle() {
	slices.SortStableFunc(v.Checks, func(a, b Check) int { return index(a.Name) - index(b.Name) })
	v.Outcome = Decide(v.Checks, v.Policy.Require)
}

// Consistent reports whether the outcome follows from the rows. A client that
// receives a verdict over a wire should ask before it shows the outcome.
func (v Verdict) Consistent() bool { return v.Outcome == Decide(v.Checks, v.Policy.Require) }

// Worst returns the row that decides what the check called name came to:
// the first with the worst result, in the order fail, unknown, skipped, warn,
// pass. ok is false when there is no row of that name.
func (v Verdict) Worst(name CheckName) (row Check, ok bool) {
	rank := [...]int{Unknown: 3, Skipped: 2, Pass: 0, Warn: 1, Fail: 4}
	best := -1
	for _, c := range v.Checks {
		if c.Name != name {
			continue
		}
		if r := rank[effective(c)]; r > best {
			best, row, ok = r, c, true
		}
	}
	return row, ok
}
