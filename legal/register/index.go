package register

import (
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/legal"
)

// bookIndex finds entries by what they are joined and searched by. The lists hold
// places in Book.Entries.
type bookIndex struct {
	dids    map[string][]int
	ids     map[legal.Identifier][]int
	domains map[string][]int
	names   []foldedName
}

type foldedName struct {
	name  string
	entry int
}

// fold is the form in which names are searched; that two are equal in it proves
// nothing.
func fold(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

func (b *Book) find() *bookIndex {
	b.indexed.Do(func() {
		x := bookIndex{dids: map[string][]int{}, ids: map[legal.Identifier][]int{}, domains: map[string][]int{}}
		for i, e := range b.Entries {
			for _, d := range e.DIDs {
				x.dids[d] = append(x.dids[d], i)
			}
			for _, id := range e.Identifiers {
				c := id.Legal().Canonical()
				x.ids[c] = append(x.ids[c], i)
			}
			for _, d := range e.Domains {
				x.domains[d] = append(x.domains[d], i)
			}
			for _, n := range e.Names {
				x.names = append(x.names, foldedName{fold(n.Value), i})
			}
		}
		b.index = x
	})
	return &b.index
}

// ByDID returns the entries that name one of the identifiers that same is true
// for; id is tried first as it stands.
func (b *Book) ByDID(id string, same func(a, b string) bool) []Entry {
	x := b.find()
	if same == nil {
		return b.at(x.dids[id])
	}
	var at []int
	for d, list := range x.dids {
		if d == id || same(d, id) {
			at = append(at, list...)
		}
	}
	slices.Sort(at)
	return b.at(slices.Compact(at))
}

// ByIdentifier returns the entries with an identifier in any spelling.
func (b *Book) ByIdentifier(id legal.Identifier) []Entry {
	c := id.Canonical()
	if c.Value == "" {
		return nil
	}
	return b.at(b.find().ids[c])
}

// ByDomain returns the entries with a domain.
func (b *Book) ByDomain(host string) []Entry { return b.at(b.find().domains[host]) }

// ByName returns entries one of whose names contains the text, from the one after
// the record given on, at most limit. It is for people who search.
func (b *Book) ByName(text, after string, limit int) []Entry {
	text = fold(text)
	if text == "" {
		return nil
	}
	var at []int
	for _, n := range b.find().names {
		if b.Entries[n.entry].Record > after && strings.Contains(n.name, text) && !slices.Contains(at, n.entry) {
			if at = append(at, n.entry); len(at) == limit {
				break
			}
		}
	}
	return b.at(at)
}

// ByRecord returns the entry of a record.
func (b *Book) ByRecord(record string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(b.Entries, record, func(e Entry, r string) int { return strings.Compare(e.Record, r) })
	if !ok {
		return Entry{}, false
	}
	return b.Entries[i], true
}

func (b *Book) at(places []int) []Entry {
	var out []Entry
	for _, i := range places {
		out = append(out, b.Entries[i])
	}
	return out
}
