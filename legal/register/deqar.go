package register

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/country"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
)

// Addresses of records in DEQAR.
const (
	deqarInstitution = "https://data.deqar.eu/institution/"
	deqarReport      = "https://data.deqar.eu/report/"
	deqarAgency      = "https://data.deqar.eu/agency/"
)

// assumedYears is the term that DEQAR counts where an agency named no end.
const assumedYears = 6

// deqar reads what the Web API v2 and the Connect API of DEQAR answer:
// institutions, reports, agencies, pages and lists of these, report credentials;
// and tables in CSV whose columns have the names of the API.
func (r *reader) deqar(body []byte) error {
	first := bytes.TrimLeft(body, " \t\r\n")
	if len(first) == 0 || first[0] != '{' && first[0] != '[' {
		return r.deqarCSV(body)
	}
	v, err := strictjson.Parse(body, limits())
	if err != nil {
		return unreadable(err)
	}
	return r.deqarValue(v, 0)
}

// deqarValue tells by its members what a value is.
func (r *reader) deqarValue(v any, depth int) error {
	if depth > 4 {
		return fmt.Errorf("%w: lists inside lists", ErrForm)
	}
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if err := r.deqarValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%w: a value is neither an object nor a list", ErrForm)
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := m[n]; return !ok })
	}
	switch {
	case has("results"):
		return r.deqarValue(m["results"], depth+1)
	case has("status", "data", "institution"): // the log of issued credentials
		return r.deqarValue(m["data"], depth+1)
	case has("credentialSubject"):
		return r.deqarCredential(m)
	case has("registration_start"):
		return r.deqarAgency(m)
	case has("valid_from", "decision"):
		return r.deqarReport(m)
	case has("id", "identifiers") || has("id", "name_primary", "website_link"):
		return r.deqarInstitution(m)
	}
	return fmt.Errorf("%w: an object is neither an institution, a report, an agency nor a report credential of DEQAR", ErrForm)
}

// number reads an id that is a number or a text of digits.
func number(v any) (string, bool) {
	s := text(v)
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	return s, true
}

// text reads a text or a number; null and others are "".
func text(v any) string {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x)
	case json.Number:
		return x.String()
	}
	return ""
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any { l, _ := v.([]any); return l }

// date reads an optional date.
func date(m map[string]any, name string) (*Date, error) {
	s := text(m[name])
	if s == "" {
		return nil, nil
	}
	d, err := ParseDate(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// dates reads several optional dates; the first error is returned.
func dates(m map[string]any, into map[string]**Date) (err error) {
	for name, dst := range into {
		d, bad := date(m, name)
		if bad != nil && err == nil {
			err = bad
		}
		*dst = d
	}
	return err
}

// deqarInstitution reads one institution, from a list or in full.
func (r *reader) deqarInstitution(m map[string]any) error {
	id, ok := number(m["id"])
	if !ok {
		return fmt.Errorf("%w: the id of an institution", ErrForm)
	}
	e, err := r.fresh(deqarInstitution + id)
	if err != nil {
		return err
	}
	e.Homepage, e.Names = text(m["website_link"]), nil // a report may have named it before
	if err := dates(m, map[string]**Date{"founding_date": &e.Founded, "closure_date": &e.Closed}); err != nil {
		return err
	}
	r.identify(e, Identifier{Scheme: "DEQARINST", Value: id})
	if s := text(m["eter_id"]); s != "" {
		r.identify(e, Identifier{Scheme: "ETER", Value: s})
	}
	for _, v := range list(m["names"]) {
		if err := r.deqarNames(e, object(v)); err != nil {
			return err
		}
	}
	if len(e.Names) == 0 {
		r.name(e, Name{Value: text(m["name_primary"])})
	}
	for _, v := range list(m["countries"]) {
		if err := r.deqarSeat(e, object(v)); err != nil {
			return err
		}
	}
	for _, v := range list(m["identifiers"]) {
		if err := r.deqarIdentifier(e, object(v)); err != nil {
			return err
		}
	}
	if above := list(object(m["hierarchical_relationships"])["part_of"]); len(above) == 1 {
		if id, ok := number(object(object(above[0])["institution"])["id"]); ok {
			e.PartOf = deqarInstitution + id
		}
	}
	return nil
}

// name adds a name that is there and not there yet.
func (r *reader) name(e *Entry, n Name) {
	if n.Kind == "" {
		n.Kind = NameLegal
	}
	n.Value = strings.Join(strings.Fields(n.Value), " ")
	switch {
	case n.Value == "":
	case !plain(n.Value):
		r.note("record %s: a name cannot be shown", quote(e.Record))
	case slices.ContainsFunc(e.Names, func(have Name) bool {
		return have.Value == n.Value && (have.Until == nil) == (n.Until == nil)
	}):
	default:
		e.Names = append(e.Names, n)
	}
}

// deqarNames reads the names of one period: official, transliterated, English.
func (r *reader) deqarNames(e *Entry, m map[string]any) error {
	until, err := date(m, "name_valid_to")
	if err != nil {
		return err
	}
	r.name(e, Name{Value: text(m["name_official"]), Until: until})
	r.name(e, Name{Value: text(m["name_english"]), Lang: "en", Until: until})
	r.name(e, Name{Value: text(m["name_official_transliterated"]), Kind: NameAlt, Until: until})
	r.name(e, Name{Value: text(m["acronym"]), Kind: NameAlt, Until: until})
	return nil
}

// deqarSeat takes the one location that is marked as the legal seat, or the only
// one there is.
func (r *reader) deqarSeat(e *Entry, m map[string]any) error {
	if until := text(m["country_valid_to"]); until != "" {
		return nil
	}
	marked := m["country_verified"] == true
	if _, told := m["country_verified"]; told && !marked {
		return nil
	}
	code := ""
	switch c := m["country"].(type) {
	case map[string]any:
		code = country.Canonical(text(c["iso_3166_alpha2"]))
		if code == "" {
			code = country.Canonical(text(c["iso_3166_alpha3"]))
		}
	case string: // lists give the English name only
	}
	if code != "" && !country.Is(code) {
		r.note("record %s: country %s", quote(e.Record), quote(code))
		return nil
	}
	if e.Seat.Country != "" && e.Seat.Country != code {
		r.note("record %s: more than one legal seat; none is taken", quote(e.Record))
		e.Seat = Seat{Country: e.Seat.Country}
		return nil
	}
	if code != "" {
		e.Seat = Seat{Country: code, Locality: text(m["city"])}
	}
	return nil
}

// deqarIdentifier reads one identifier by the resource that it is of.
func (r *reader) deqarIdentifier(e *Entry, m map[string]any) error {
	i := Identifier{Value: text(m["identifier"])}
	if err := dates(m, map[string]**Date{"identifier_valid_from": &i.From, "identifier_valid_to": &i.Until}); err != nil {
		return err
	}
	if i.Value == "" || text(m["agency"]) != "" { // an agency's own number
		return nil
	}
	r.resource(e, text(m["resource"]), i)
	return nil
}

// resource adds an identifier under the name that DEQAR gives its kind.
func (r *reader) resource(e *Entry, resource string, i Identifier) {
	switch resource {
	case "DID-EBSI", "DID":
		if i.Until == nil { // one that ended says nothing now
			e.DIDs = append(e.DIDs, i.Value)
		}
		return
	case "SCHAC":
		if i.Until == nil {
			r.host(e, strings.TrimPrefix(i.Value, "urn:schac:homeOrganization:"))
		}
		return
	case "EU-VAT":
		v := strings.ReplaceAll(strings.ReplaceAll(i.Value, " ", ""), ".", "")
		if len(v) < 4 || !country.Is(country.Canonical(v[:2])) {
			r.note("record %s: EU-VAT %s names no country", quote(e.Record), quote(i.Value))
			return
		}
		i.Scheme, i.Country, i.Value = "VAT", v[:2], v[2:]
	case "EU-PIC":
		i.Scheme = "PIC"
	case "Erasmus":
		i.Scheme = "ERASMUS"
	case "ETER", "WHED", "LEI", "EUID", "EORI":
		i.Scheme = resource
	case "ROR":
		i.Scheme, i.Value = "ROR", i.Value[strings.LastIndex(i.Value, "/")+1:]
	default:
		return // local and national numbers whose scheme is not told
	}
	r.identify(e, i)
}

// deqarAgency reads an agency's registration. Contacts are passed over.
func (r *reader) deqarAgency(m map[string]any) error {
	id, ok := number(m["id"])
	if !ok {
		return fmt.Errorf("%w: the id of an agency", ErrForm)
	}
	a := Agency{ID: deqarAgency + id, Name: text(m["name_primary"]), Acronym: text(m["acronym_primary"]), Observed: r.seen}
	if err := dates(m, map[string]**Date{"registration_start": &a.From, "registration_valid_to": &a.Until}); err != nil {
		return err
	}
	r.out.Agencies = append(r.out.Agencies, a)
	return nil
}

// deqarReport reads one report: a decision about each institution that it names.
func (r *reader) deqarReport(m map[string]any) error {
	id, ok := number(m["id"])
	if !ok {
		return fmt.Errorf("%w: the id of a report", ErrForm)
	}
	d := Decision{Report: deqarReport + id, Agency: text(m["agency_name"]), Status: text(m["status"]), Observed: r.seen}
	if d.Agency == "" {
		d.Agency = text(m["agency_acronym"])
	}
	if a, ok := number(m["agency_id"]); ok {
		d.AgencyID = deqarAgency + a
	} else if a := lastNumber(text(m["agency_url"])); a != "" {
		d.AgencyID = deqarAgency + a
	}
	if err := dates(m, map[string]**Date{"valid_from": &d.From, "valid_to": &d.Until}); err != nil {
		return err
	}
	d.Activity = activity(text(m["agency_esg_activity_type"]))
	if d.Activity == "" {
		for _, a := range list(m["agency_esg_activities"]) {
			if t := object(a)["activity_type"]; d.Activity == "" && t != nil {
				d.Activity = activity(text(t))
			}
		}
	}
	d.decide(text(m["decision"]))
	for _, p := range list(m["programmes"]) {
		if s := text(object(p)["name_primary"]); word(s) && len(d.Programmes) < maxProgrammes {
			d.Programmes = append(d.Programmes, s)
		}
	}
	d.assume()
	some := false
	for _, v := range list(m["institutions"]) {
		inst := object(v)
		id, ok := number(inst["id"])
		if !ok {
			continue
		}
		e, err := r.entry(deqarInstitution + id)
		if err != nil {
			return err
		}
		if e.Partial {
			r.identify(e, Identifier{Scheme: "DEQARINST", Value: id})
			r.name(e, Name{Value: text(inst["name_primary"]), Kind: NameAlt})
		}
		r.decided(e, d)
		some = true
	}
	if !some {
		r.note("report %s names no institution", id)
	}
	return nil
}

// decided adds a decision, unless something essential of it is missing: then it is
// told and counts for nothing.
func (r *reader) decided(e *Entry, d Decision) {
	if err := d.check(); err != nil {
		r.note("record %s: %v", quote(e.Record), err)
		return
	}
	if slices.ContainsFunc(e.Decisions, func(have Decision) bool { return have.Report == d.Report }) {
		return
	}
	e.Decisions = append(e.Decisions, d)
}

// activity reads a type of activity; "" when it is none that is known.
func activity(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	switch s {
	case "institutional/programme", "institutional / programme", "joint":
		return InstitutionalProgramme
	}
	if slices.Contains(activities(), s) {
		return s
	}
	return ""
}

// decide reads a decision by its words, or by the number that submissions use.
func (d *Decision) decide(s string) {
	d.Decision, d.Outcome = s, None
	switch strings.ToLower(s) {
	case "positive", "1":
		d.Outcome = Positive
	case "positive with conditions or restrictions", "positive with conditions", "2":
		d.Outcome = Conditional
	case "negative", "3":
		d.Outcome = Negative
	case "":
		d.Decision = "not stated"
	}
}

// assume fills in the end that DEQAR counts where the agency gave none, and marks
// it as what it is.
func (d *Decision) assume() {
	if d.Until == nil && d.From != nil {
		d.Until, d.UntilAssumed = &Date{T: d.From.T.AddDate(assumedYears, 0, 0), Day: d.From.Day}, true
	}
}

func lastNumber(url string) string {
	parts := strings.Split(strings.TrimRight(url, "/"), "/")
	if s, ok := number(parts[len(parts)-1]); ok {
		return s
	}
	return ""
}

// midnight reads a date of a report credential: DEQAR writes the days of its
// records as midnights.
func midnight(m map[string]any, name string) (*Date, error) {
	d, err := date(m, name)
	if d != nil && d.T.Equal(d.T.Truncate(24*time.Hour)) {
		d.Day = true
	}
	return d, err
}

// deqarCredential reads a report credential of DEQAR. Its signature is not
// checked: the file counts as what the operator fetched. What is easily misread:
// there is one for negative reports too; issuanceDate is the beginning of the
// report's term and expirationDate may be invented; the register's word is as old
// as the proof; the subject is an address, and its name may be that of a part.
func (r *reader) deqarCredential(m map[string]any) error {
	types := list(m["type"])
	if !slices.Contains(types, any("DeqarReport")) && !strings.HasPrefix(text(m["id"]), deqarReport) {
		return fmt.Errorf("%w: a credential that is no report of DEQAR", ErrForm)
	}
	id := lastNumber(text(m["id"]))
	if id == "" || text(m["id"]) != deqarReport+id {
		return fmt.Errorf("%w: the id of a report credential", ErrForm)
	}
	seen := r.seen
	if at, err := proof.ParseTime(text(object(m["proof"])["created"])); err == nil && at.Before(seen.RetrievedAt) {
		seen.RetrievedAt = at.UTC()
	}
	agency := object(object(m["issuer"])["onBehalfOf"])
	base := Decision{Report: deqarReport + id, AgencyID: text(agency["id"]), Agency: text(agency["name"]), Observed: seen}
	var err error
	if base.From, err = midnight(m, "validFrom"); err != nil {
		return err
	}
	if base.Until, err = midnight(m, "expirationDate"); err != nil {
		return err
	}
	if base.AgencyFrom, err = midnight(agency, "registrationValidFrom"); err != nil {
		return err
	}
	if base.AgencyUntil, err = midnight(agency, "registrationExpirationDate"); err != nil {
		return err
	}
	if base.From != nil && base.Until != nil && base.Until.T.Equal(base.From.T.AddDate(assumedYears, 0, 0)) {
		base.UntilAssumed = true
	}
	base.assume()
	subjects := list(m["credentialSubject"])
	if one, ok := m["credentialSubject"].(map[string]any); ok {
		subjects = []any{one}
	}
	if len(subjects) == 0 || len(subjects) > maxList {
		return fmt.Errorf("%w: report %s has %d subjects", ErrForm, id, len(subjects))
	}
	for _, v := range subjects {
		if err := r.deqarSubject(object(v), base, seen); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) deqarSubject(sub map[string]any, d Decision, seen Observed) error {
	id := lastNumber(text(sub["id"]))
	if id == "" || text(sub["id"]) != deqarInstitution+id {
		return fmt.Errorf("%w: a subject that is no institution of DEQAR", ErrForm)
	}
	e, err := r.entry(deqarInstitution + id)
	if err != nil {
		return err
	}
	if e.Partial {
		e.Observed, e.Partial, e.Names = seen, false, nil
		r.identify(e, Identifier{Scheme: "DEQARINST", Value: id})
		r.name(e, Name{Value: text(sub["legalName"])})
		r.name(e, Name{Value: text(sub["name"]), Kind: NameAlt})
		for _, v := range list(sub["identifiers"]) {
			i := object(v)
			r.resource(e, text(i["resource"]), Identifier{Value: text(i["identifier"])})
		}
	}
	claims := object(sub["authorizationClaims"])
	d.Status, d.Activity = text(claims["accreditationStatus"]), activity(text(claims["accreditationType"]))
	d.decide(text(claims["decision"]))
	for _, q := range list(claims["limitQualification"]) {
		if s := text(object(q)["title"]); word(s) && len(d.Programmes) < maxProgrammes {
			d.Programmes = append(d.Programmes, s)
		}
	}
	r.decided(e, d)
	return nil
}
