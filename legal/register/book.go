package register

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Book is all that is held of one register.
type Book struct {
	Name     string   `json:"name"`
	Format   string   `json:"format"`
	Files    []File   `json:"files"`
	Entries  []Entry  `json:"entries"`
	Agencies []Agency `json:"agencies,omitempty"`

	indexed sync.Once
	index   bookIndex // built when first asked
}

// File is one file that was imported.
type File struct {
	Name       string    `json:"name"`
	SHA256     string    `json:"sha256"`
	Retrieved  time.Time `json:"retrieved"`
	ImportedAt time.Time `json:"importedAt"`
}

// maxFiles that are remembered of one register.
const maxFiles = 5_000

// maxBook bounds a register as it is written down.
const maxBook = 4 * MaxBytes

// Changes are what a merge did.
type Changes struct {
	Added    int      `json:"added"`
	Changed  int      `json:"changed"`
	Same     int      `json:"same"` // older than what is held, or equal to it
	Findings []string `json:"findings"`
}

// Merge adds what a file holds: a later observation of a record takes the place
// of an earlier one, and decisions are merged by their report. An earlier
// observation changes nothing. The error is [ErrTooLarge]; then the book is as it
// was.
func (b *Book) Merge(in Batch, file File) (Changes, error) {
	var next struct {
		Files    []File
		Entries  []Entry
		Agencies []Agency
	}
	next.Files, next.Entries, next.Agencies = slices.Clone(b.Files), slices.Clone(b.Entries), slices.Clone(b.Agencies)
	if !slices.ContainsFunc(next.Files, func(f File) bool { return f.SHA256 == file.SHA256 && f.Retrieved.Equal(file.Retrieved) }) {
		next.Files = append(next.Files, file)
	}
	at := map[string]int{}
	for i, e := range next.Entries {
		at[e.Record] = i
	}
	out := Changes{Findings: append([]string{}, in.Findings...)}
	for _, e := range in.Entries {
		i, held := at[e.Record]
		if !held {
			at[e.Record] = len(next.Entries)
			next.Entries = append(next.Entries, e)
			out.Added++
			continue
		}
		merged, changed, err := next.Entries[i].merge(e)
		if err != nil {
			return Changes{}, err
		}
		if changed {
			next.Entries[i] = merged
			out.Changed++
		} else {
			out.Same++
		}
	}
	for _, a := range in.Agencies {
		i := slices.IndexFunc(next.Agencies, func(have Agency) bool { return have.ID == a.ID })
		switch {
		case i < 0:
			next.Agencies = append(next.Agencies, a)
			out.Added++
		case a.Observed.RetrievedAt.After(next.Agencies[i].Observed.RetrievedAt):
			next.Agencies[i] = a
			out.Changed++
		default:
			out.Same++
		}
	}
	if len(next.Entries) > MaxEntries || len(next.Agencies) > maxAgencies || len(next.Files) > maxFiles {
		return Changes{}, fmt.Errorf("%w: %d entries, %d agencies and %d files in %s", ErrTooLarge, len(next.Entries), len(next.Agencies), len(next.Files), quote(b.Name))
	}
	slices.SortFunc(next.Entries, func(x, y Entry) int { return cmp.Compare(x.Record, y.Record) })
	slices.SortFunc(next.Agencies, func(x, y Agency) int { return cmp.Compare(x.ID, y.ID) })
	b.Files, b.Entries, b.Agencies = next.Files, next.Entries, next.Agencies
	b.indexed, b.index = sync.Once{}, bookIndex{}
	return out, nil
}

// merge returns what is known after another observation of the record.
func (e Entry) merge(in Entry) (out Entry, changed bool, err error) {
	newer := in.Observed.RetrievedAt.After(e.Observed.RetrievedAt)
	out = e
	if e.Partial && !in.Partial || e.Partial == in.Partial && newer {
		out, changed = in, true
		out.Decisions = e.Decisions
	}
	decisions := slices.Clone(e.Decisions)
	for _, d := range in.Decisions {
		i := slices.IndexFunc(decisions, func(have Decision) bool { return have.Report == d.Report })
		switch {
		case i < 0:
			decisions, changed = append(decisions, d), true
		case d.Observed.RetrievedAt.After(decisions[i].Observed.RetrievedAt):
			decisions[i], changed = d, true
		}
	}
	if len(decisions) > maxDecisions {
		return e, false, fmt.Errorf("%w: record %s: %d decisions", ErrTooLarge, quote(e.Record), len(decisions))
	}
	out.Decisions = decisions
	return out, changed, nil
}

// Encode writes the book down.
func (b *Book) Encode() ([]byte, error) {
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("register: %s: %w", b.Name, err)
	}
	if len(out) > maxBook {
		return nil, fmt.Errorf("%w: %d bytes in all", ErrTooLarge, len(out))
	}
	return out, nil
}

// OpenBook reads what [Book.Encode] wrote. Errors: [ErrForm], [ErrTooLarge].
func OpenBook(body []byte) (*Book, error) {
	var b struct {
		Name     string   `json:"name"`
		Format   string   `json:"format"`
		Files    []File   `json:"files"`
		Entries  []Entry  `json:"entries"`
		Agencies []Agency `json:"agencies"`
	}
	err := strictjson.Decode(body, strictjson.Limits{MaxBytes: maxBook, MaxDepth: 32, MaxValues: 16_000_000}, &b)
	if err != nil {
		return nil, unreadable(err)
	}
	if !ValidName(b.Name) || len(b.Entries) > MaxEntries {
		return nil, fmt.Errorf("%w: not a register that was written here", ErrForm)
	}
	for i := range b.Entries {
		if err := b.Entries[i].check(); err != nil {
			return nil, err
		}
	}
	return &Book{Name: b.Name, Format: b.Format, Files: b.Files, Entries: b.Entries, Agencies: b.Agencies}, nil
}

// ValidName tells whether a register may be called so: letters, digits, dots and
// hyphens, at most 40.
func ValidName(s string) bool {
	return s != "" && len(s) <= 40 && s[0] != '.' && s[0] != '-' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// agency finds the registration of the agency that decided: what the decision
// carries itself, else the record of the agency.
func (b *Book) agency(d Decision) (from, until *Date, known bool) {
	if d.AgencyFrom != nil || d.AgencyUntil != nil {
		return d.AgencyFrom, d.AgencyUntil, d.AgencyFrom != nil
	}
	for _, a := range b.Agencies {
		if d.AgencyID != "" && a.ID == d.AgencyID {
			return a.From, a.Until, a.From != nil
		}
	}
	return nil, nil, false
}
