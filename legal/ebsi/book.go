package ebsi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Book is all that is held of EBSI's registries.
type Book struct {
	Name      string
	Files     []File
	records   map[string]Record
	documents map[string]Document
}

// File is one file that was imported.
type File struct {
	Name       string    `json:"name"`
	SHA256     string    `json:"sha256"`
	Retrieved  time.Time `json:"retrieved"`
	ImportedAt time.Time `json:"importedAt"`
}

// written is a book as it is written down.
type written struct {
	Format    string     `json:"format"` // the first member, by which it is told apart
	Name      string     `json:"name"`
	Files     []File     `json:"files"`
	Records   []Record   `json:"records"`
	Documents []Document `json:"documents"`
}

// maxBook bounds a book as it is written down.
const maxBook = 64 << 20

// NewBook returns an empty one.
func NewBook(name string) *Book {
	return &Book{Name: name, records: map[string]Record{}, documents: map[string]Document{}}
}

// Changes are what a merge did.
type Changes struct{ Added, Changed, Same int }

// Merge adds what a file holds. A later observation of an entry or a document
// takes the place of an earlier one, never the reverse; a later answer that has all
// entries of an issuer takes away those that it no longer has. The error is
// [ErrTooLarge]; then the book is as it was.
func (b *Book) Merge(in Batch, f File) (out Changes, err error) {
	records, documents := maps.Clone(b.records), maps.Clone(b.documents)
	count := func(had, changed bool) {
		switch {
		case !had:
			out.Added++
		case changed:
			out.Changed++
		default:
			out.Same++
		}
	}
	for _, r := range in.Records {
		held, had := records[r.DID]
		next, changed := held.merge(r)
		if len(next.Attributes) > maxAttributes {
			return Changes{}, fmt.Errorf("%w: %s has %d attributes", ErrTooLarge, r.DID, len(next.Attributes))
		}
		records[r.DID] = next
		count(had, changed)
	}
	for _, d := range in.Documents {
		held, had := documents[d.DID]
		newer := !had || d.Retrieved.After(held.Retrieved)
		if newer {
			documents[d.DID] = d
		}
		count(had, newer)
	}
	if len(records)+len(documents) > maxRecords || len(b.Files) >= maxRecords {
		return Changes{}, fmt.Errorf("%w: more than %d records, documents or files", ErrTooLarge, maxRecords)
	}
	b.records, b.documents, b.Files = records, documents, append(slices.Clone(b.Files), f)
	return out, nil
}

func (r Record) merge(in Record) (Record, bool) {
	out, changed := Record{DID: in.DID, Attributes: slices.Clone(r.Attributes)}, false
	if in.Complete && len(in.Attributes) > 0 { // what it no longer has is gone, unless it was read later
		at := in.Attributes[0].Retrieved
		out.Attributes = slices.DeleteFunc(out.Attributes, func(have Attribute) bool {
			gone := at.After(have.Retrieved) && !slices.ContainsFunc(in.Attributes, func(a Attribute) bool { return a.ID == have.ID })
			changed = changed || gone
			return gone
		})
	}
	for _, a := range in.Attributes {
		i := slices.IndexFunc(out.Attributes, func(have Attribute) bool { return have.ID == a.ID })
		switch {
		case i < 0:
			out.Attributes, changed = append(out.Attributes, a), true
		case a.Retrieved.After(out.Attributes[i].Retrieved):
			out.Attributes[i], changed = a, true
		}
	}
	return out, changed
}

// Len counts records and documents.
func (b *Book) Len() (records, documents int) { return len(b.records), len(b.documents) }

// Record returns what is held of an issuer.
func (b *Book) Record(id string) (Record, bool) { r, ok := b.records[id]; return r, ok }

// Records returns the records after a DID, at most limit.
func (b *Book) Records(after string, limit int) []Record {
	var out []Record
	for _, id := range slices.Sorted(maps.Keys(b.records)) {
		if id > after && len(out) < limit {
			out = append(out, b.records[id])
		}
	}
	return out
}

// EBSIDocument finds an imported document; did.ErrNotFound where there is none.
func (b *Book) EBSIDocument(_ context.Context, id string) (map[string]any, time.Time, error) {
	d, ok := b.documents[id]
	if !ok {
		return nil, time.Time{}, did.ErrNotFound
	}
	tree, err := strictjson.ParseObject(d.Tree, strictjson.Limits{MaxBytes: maxDocument, MaxDepth: 32})
	return tree, d.Retrieved, err
}

// Encode writes the book down.
func (b *Book) Encode() ([]byte, error) {
	w := written{Format: Format, Name: b.Name, Files: b.Files, Records: []Record{}, Documents: []Document{}}
	for _, r := range b.records {
		w.Records = append(w.Records, r)
	}
	for _, d := range b.documents {
		w.Documents = append(w.Documents, d)
	}
	slices.SortFunc(w.Records, func(x, y Record) int { return cmp.Compare(x.DID, y.DID) })
	slices.SortFunc(w.Documents, func(x, y Document) int { return cmp.Compare(x.DID, y.DID) })
	out, err := json.Marshal(w)
	if err == nil && len(out) > maxBook {
		err = fmt.Errorf("%w: %d bytes in all", ErrTooLarge, len(out))
	}
	return out, err
}

// IsBook tells by its first bytes whether a file is what [Book.Encode] writes.
func IsBook(body []byte) bool {
	return strings.HasPrefix(string(body[:min(len(body), 20)]), `{"format":"ebsi",`)
}

// OpenBook reads what [Book.Encode] wrote; hashes are checked again. Errors:
// [ErrForm], [ErrHash], [ErrTooLarge].
func OpenBook(body []byte) (*Book, error) {
	if len(body) > maxBook {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(body))
	}
	var w written
	if err := strictjson.Decode(body, strictjson.Limits{MaxBytes: maxBook, MaxDepth: 32, MaxValues: 4_000_000}, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if w.Format != Format || len(w.Records)+len(w.Documents) > maxRecords {
		return nil, fmt.Errorf("%w: not a book that was written here", ErrForm)
	}
	b := NewBook(w.Name)
	b.Files = w.Files
	for _, r := range w.Records {
		if len(r.Attributes) > maxAttributes {
			return nil, fmt.Errorf("%w: %s", ErrTooLarge, clip(r.DID))
		}
		for _, a := range r.Attributes {
			if err := a.check(); err != nil {
				return nil, err
			}
		}
		b.records[r.DID] = r
	}
	for _, d := range w.Documents {
		b.documents[d.DID] = d
	}
	return b, nil
}
