package register

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// The formats of files.
const (
	FormatDEQAR = "deqar" // institutions, reports, agencies and report credentials of DEQAR, JSON or CSV
	FormatCSV   = "csv"   // the columns of docs/registers.md
	FormatJSON  = "json"  // entries as this package writes them
	FormatDCC   = "dcc"   // the flat issuer registry of the Digital Credentials Consortium
)

// Formats lists them.
func Formats() []string { return []string{FormatDEQAR, FormatCSV, FormatJSON, FormatDCC} }

// Batch is what one file holds.
type Batch struct {
	Entries  []Entry
	Agencies []Agency
	// Findings are things in the file that were passed over, and why.
	Findings []string
}

// Digest is the SHA-256 of a file in hexadecimal, as observations have it.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// limits of the JSON of one file. A dump of a register has millions of values.
func limits() strictjson.Limits {
	return strictjson.Limits{MaxBytes: MaxBytes, MaxDepth: 32, MaxValues: 4_000_000}
}

// Read reads one file. retrieved is when the operator fetched it. Errors:
// [ErrForm], [ErrTooLarge], [ErrDuplicate], [ErrPerson].
func Read(format string, body []byte, retrieved time.Time) (Batch, error) {
	if len(body) > MaxBytes {
		return Batch{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), MaxBytes)
	}
	r := &reader{seen: Observed{RetrievedAt: retrieved.UTC().Truncate(time.Second), SourceSHA256: Digest(body)},
		entries: map[string]int{}}
	var err error
	switch format {
	case FormatDEQAR:
		err = r.deqar(body)
	case FormatCSV:
		err = r.csv(body)
	case FormatJSON:
		err = r.json(body)
	case FormatDCC:
		err = r.dcc(body)
	default:
		err = fmt.Errorf("%w: there is no format %s", ErrForm, quote(format))
	}
	if err != nil {
		return Batch{}, err
	}
	return r.finish()
}

// reader collects what a file holds.
type reader struct {
	seen    Observed
	out     Batch
	entries map[string]int // by record
	more    int            // findings that are counted only
}

// note remembers something that is passed over.
func (r *reader) note(format string, args ...any) {
	if len(r.out.Findings) >= 200 {
		r.more++
		return
	}
	r.out.Findings = append(r.out.Findings, fmt.Sprintf(format, args...))
}

// entry returns the entry of a record, a new one where there is none.
func (r *reader) entry(record string) (*Entry, error) {
	if i, ok := r.entries[record]; ok {
		return &r.out.Entries[i], nil
	}
	if len(r.out.Entries) >= MaxEntries {
		return nil, fmt.Errorf("%w: more than %d entries", ErrTooLarge, MaxEntries)
	}
	r.entries[record] = len(r.out.Entries)
	r.out.Entries = append(r.out.Entries, Entry{Record: record, Observed: r.seen, Partial: true})
	return &r.out.Entries[len(r.out.Entries)-1], nil
}

// fresh is entry for a record that must stand once. The error is [ErrDuplicate].
func (r *reader) fresh(record string) (*Entry, error) {
	if i, ok := r.entries[record]; ok && !r.out.Entries[i].Partial {
		return nil, fmt.Errorf("%w: record %s", ErrDuplicate, quote(record))
	}
	e, err := r.entry(record)
	if err == nil {
		e.Partial = false
	}
	return e, err
}

// identify adds an identifier where it has the form of its scheme, and notes it
// where it has not.
func (r *reader) identify(e *Entry, i Identifier) {
	c := i.Legal().Canonical()
	if err := c.Check(); err != nil {
		r.note("record %s: %v", quote(e.Record), err)
		return
	}
	i.Scheme, i.Country, i.Value = c.Scheme, c.Country, c.Value
	if !slices.ContainsFunc(e.Identifiers, func(have Identifier) bool { return have.Legal().Equal(c) }) {
		e.Identifiers = append(e.Identifiers, i)
	}
}

// host adds a domain.
func (r *reader) host(e *Entry, s string) {
	s = strings.ToLower(strings.TrimSpace(s))
	if !domain(s) {
		r.note("record %s: %s is no domain", quote(e.Record), quote(s))
		return
	}
	if !slices.Contains(e.Domains, s) {
		e.Domains = append(e.Domains, s)
	}
}

// finish judges all that was collected.
func (r *reader) finish() (Batch, error) {
	if len(r.out.Entries)+len(r.out.Agencies) == 0 {
		return Batch{}, fmt.Errorf("%w: it holds no entry", ErrForm)
	}
	if len(r.out.Agencies) > maxAgencies {
		return Batch{}, fmt.Errorf("%w: %d agencies", ErrTooLarge, len(r.out.Agencies))
	}
	for i := range r.out.Entries {
		if err := r.out.Entries[i].check(); err != nil {
			return Batch{}, err
		}
	}
	for _, a := range r.out.Agencies {
		if !word(a.ID) || !plain(a.Name) || !plain(a.Acronym) || !ordered(a.From, a.Until) {
			return Batch{}, fmt.Errorf("%w: agency %s", ErrForm, quote(a.ID))
		}
	}
	if r.more > 0 {
		r.out.Findings = append(r.out.Findings, fmt.Sprintf("and %d more", r.more))
	}
	return r.out, nil
}
