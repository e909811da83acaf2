package register

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/internal/country"
)

// maxColumns bounds the columns of a table.
const maxColumns = 128

// columns lists the columns of the format csv. One line is one entry with at most
// one decision; further lines of the same record add decisions. A column for an
// identifier is called id:SCHEME or id:SCHEME:CC.
func columns() []string {
	return []string{"record", "did", "legal_name", "legal_name_lang", "alt_name", "country", "region", "locality", "domain", "homepage",
		"part_of", "founded", "closed", "report", "agency", "agency_from", "agency_until", "activity", "status", "decision", "outcome",
		"decision_from", "decision_until", "programme"}
}

// table is a CSV file with named columns (RFC 4180).
type table struct {
	r    *csv.Reader
	head []string
	row  []string
	line int
}

// openTable reads the names of the columns. known, when set, tells which names
// may stand there.
func openTable(body []byte, known func(name string) bool) (*table, error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	t := &table{r: csv.NewReader(bytes.NewReader(body))}
	first, _, _ := bytes.Cut(body, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		t.r.Comma = ';'
	}
	t.r.ReuseRecord = true
	head, err := t.r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: the first line: %w", ErrForm, err)
	}
	if len(head) > maxColumns {
		return nil, fmt.Errorf("%w: %d columns", ErrTooLarge, len(head))
	}
	for _, name := range head {
		name = strings.TrimSpace(name)
		if slices.Contains(t.head, name) {
			return nil, fmt.Errorf("%w: column %s", ErrDuplicate, quote(name))
		}
		if known != nil && !known(name) {
			return nil, fmt.Errorf("%w: there is no column %s", ErrForm, quote(name))
		}
		t.head = append(t.head, name)
	}
	return t, nil
}

// next reads a line; it is false at the end.
func (t *table) next() (bool, error) {
	row, err := t.r.Read()
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%w: %w", ErrForm, err)
	}
	t.row, t.line = row, t.line+1
	return true, nil
}

// get is a field of the line, "" where there is no such column.
func (t *table) get(names ...string) string {
	for _, name := range names {
		if i := slices.Index(t.head, name); i >= 0 && i < len(t.row) {
			if s := strings.TrimSpace(t.row[i]); s != "" {
				return strings.Clone(s)
			}
		}
	}
	return ""
}

// tree is the line as an object, for readers of objects.
func (t *table) tree(names ...string) map[string]any {
	m := map[string]any{}
	for _, name := range names {
		if s := t.get(name); s != "" {
			m[name] = s
		}
	}
	return m
}

func (t *table) where(err error) error { return fmt.Errorf("line %d: %w", t.line+1, err) }

// csv reads the documented columns.
func (r *reader) csv(body []byte) error {
	t, err := openTable(body, func(name string) bool {
		return slices.Contains(columns(), name) || strings.HasPrefix(name, "id:") && strings.Count(name, ":") <= 2
	})
	if err != nil {
		return err
	}
	if !slices.Contains(t.head, "record") {
		return fmt.Errorf("%w: the column record is missing", ErrForm)
	}
	for {
		more, err := t.next()
		if err != nil || !more {
			return err
		}
		if err := r.csvLine(t); err != nil {
			return t.where(err)
		}
	}
}

func (r *reader) csvLine(t *table) error {
	record := t.get("record")
	if !word(record) {
		return fmt.Errorf("%w: record is empty", ErrForm)
	}
	known, again := r.entries[record]
	if again && !r.same(t, &r.out.Entries[known]) {
		return fmt.Errorf("%w: record %s, with another name, seat or identifier", ErrDuplicate, quote(record))
	}
	e, err := r.entry(record)
	if err != nil {
		return err
	}
	if !again {
		e.Partial = false
		if err := r.csvEntry(t, e); err != nil {
			return err
		}
	}
	if t.get("report") == "" {
		if again {
			return fmt.Errorf("%w: record %s", ErrDuplicate, quote(record))
		}
		return nil
	}
	d := Decision{Report: t.get("report"), Agency: t.get("agency"), Activity: activity(t.get("activity")), Status: t.get("status"),
		Observed: r.seen}
	d.decide(t.get("decision"))
	if o := t.get("outcome"); o != "" {
		d.Outcome = o
	}
	m := t.tree("agency_from", "agency_until", "decision_from", "decision_until")
	if err := dates(m, map[string]**Date{"agency_from": &d.AgencyFrom, "agency_until": &d.AgencyUntil, "decision_from": &d.From, "decision_until": &d.Until}); err != nil {
		return err
	}
	if p := t.get("programme"); p != "" {
		d.Programmes = []string{p}
	}
	d.assume()
	if slices.ContainsFunc(e.Decisions, func(have Decision) bool { return have.Report == d.Report }) {
		return fmt.Errorf("%w: report %s", ErrDuplicate, quote(d.Report))
	}
	e.Decisions = append(e.Decisions, d)
	return d.check()
}

// same tells whether a further line of a record says of it what the first said, or
// nothing.
func (r *reader) same(t *table, e *Entry) bool {
	probe := reader{seen: r.seen, entries: map[string]int{}}
	other := Entry{Record: e.Record}
	if probe.csvEntry(t, &other) != nil {
		return false
	}
	for _, n := range other.Names {
		if !slices.ContainsFunc(e.Names, func(have Name) bool { return have.Value == n.Value && have.Kind == n.Kind }) {
			return false
		}
	}
	for _, i := range other.Identifiers {
		if !slices.ContainsFunc(e.Identifiers, func(have Identifier) bool { return have.Legal().Equal(i.Legal()) }) {
			return false
		}
	}
	for _, d := range other.DIDs {
		if !slices.Contains(e.DIDs, d) {
			return false
		}
	}
	for _, d := range other.Domains {
		if !slices.Contains(e.Domains, d) {
			return false
		}
	}
	return other.Seat == (Seat{}) || other.Seat == e.Seat
}

// csvEntry reads what a line says of the organisation itself.
func (r *reader) csvEntry(t *table, e *Entry) error {
	e.DIDs = fields(t.get("did"))
	r.name(e, Name{Value: t.get("legal_name"), Lang: t.get("legal_name_lang")})
	r.name(e, Name{Value: t.get("alt_name"), Kind: NameAlt})
	e.Seat = Seat{Country: country.Canonical(t.get("country")), Region: t.get("region"), Locality: t.get("locality")}
	e.Homepage, e.PartOf = t.get("homepage"), t.get("part_of")
	for _, d := range fields(t.get("domain")) {
		if !domain(strings.ToLower(d)) {
			return fmt.Errorf("%w: domain %s", ErrForm, quote(d))
		}
		r.host(e, d)
	}
	if err := dates(t.tree("founded", "closed"), map[string]**Date{"founded": &e.Founded, "closed": &e.Closed}); err != nil {
		return err
	}
	for _, name := range t.head {
		scheme, ok := strings.CutPrefix(name, "id:")
		if v := t.get(name); ok && v != "" {
			scheme, cc, _ := strings.Cut(scheme, ":")
			i := Identifier{Scheme: scheme, Country: cc, Value: v}
			if person(scheme) {
				return fmt.Errorf("%w: column %s", ErrPerson, quote(name))
			}
			c := i.Legal().Canonical()
			if err := c.Check(); err != nil {
				return fmt.Errorf("%w: %w", ErrForm, err)
			}
			r.identify(e, i)
		}
	}
	return nil
}

// fields splits a field that holds several words.
func fields(s string) []string {
	list := strings.Fields(s)
	if len(list) == 0 {
		return nil
	}
	return list
}

// deqarCSV reads tables of institutions, of reports or of agencies, whose columns
// have the names of the Web API; identifiers stand in columns named by their kind.
// Further columns are passed over.
func (r *reader) deqarCSV(body []byte) error {
	t, err := openTable(body, nil)
	if err != nil {
		return err
	}
	has := func(name string) bool { return slices.Contains(t.head, name) }
	var line func(t *table) error
	switch {
	case has("registration_start") && has("id"):
		line = func(t *table) error {
			return r.deqarAgency(t.tree("id", "name_primary", "acronym_primary", "registration_start", "registration_valid_to"))
		}
	case has("valid_from") && has("decision") && (has("id") || has("report_id")) && has("institution_id"):
		line = r.deqarCSVReport
	case has("id") && (has("name_primary") || has("name_official")):
		line = r.deqarCSVInstitution
	default:
		return fmt.Errorf("%w: the columns are those of neither institutions, reports nor agencies of DEQAR", ErrForm)
	}
	for {
		more, err := t.next()
		if err != nil || !more {
			return err
		}
		if err := line(t); err != nil {
			return t.where(err)
		}
	}
}

func (r *reader) deqarCSVReport(t *table) error {
	m := t.tree("agency_id", "agency_name", "agency_acronym", "agency_url", "agency_esg_activity_type", "valid_from", "valid_to", "status", "decision")
	m["id"] = t.get("report_id", "id")
	if p := t.get("programme_name", "programme"); p != "" {
		m["programmes"] = []any{map[string]any{"name_primary": p}}
	}
	m["institutions"] = []any{map[string]any{"id": t.get("institution_id"), "name_primary": t.get("institution_name", "institution_name_primary")}}
	return r.deqarReport(m)
}

func (r *reader) deqarCSVInstitution(t *table) error {
	m := t.tree("id", "eter_id", "website_link", "name_primary", "founding_date", "closure_date")
	if t.get("name_official") != "" {
		m["names"] = []any{any(t.tree("name_official", "name_english", "name_official_transliterated", "acronym"))}
	}
	if c := t.get("iso_3166_alpha2", "country_code", "iso_3166_alpha3", "country"); country.Is(country.Canonical(c)) {
		m["countries"] = []any{map[string]any{"country": map[string]any{"iso_3166_alpha2": c}, "city": t.get("city")}}
	}
	var ids []any
	for _, kind := range []string{"DID-EBSI", "EU-VAT", "SCHAC", "EU-PIC", "Erasmus", "WHED", "ROR", "LEI"} {
		if v := t.get(kind); v != "" {
			ids = append(ids, map[string]any{"resource": kind, "identifier": v})
		}
	}
	m["identifiers"] = ids
	return r.deqarInstitution(m)
}
