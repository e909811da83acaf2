package verdict

import (
	"slices"
	"sync"
)

// Spec is one line of the registry: what a code means in one check.
type Spec struct {
	Code  Code
	Check CheckName
	// Results are the results that a row with this code may have; the first
	// is the one that New gives.
	Results []Result
	// Contradiction marks a failure that makes a credential invalid in
	// whichever check it stands: facts in the credential's own signed bytes,
	// or from configured roots, exclude each other.
	Contradiction bool
	// AllowedSkip marks the code under which a skipped status counts as a pass.
	AllowedSkip bool
	// Supporting marks a pass that adds to a check but cannot carry it alone.
	Supporting bool
	// Meaning is one plain sentence, Hint says what to do next ("" where
	// there is nothing to do).
	Meaning, Hint string
	// Problem is the problem type (RFC 9457) that a W3C specification gives
	// to this case; "" where none does.
	Problem string
	// ELM is the IRI of the European Learning Model's verification type that
	// the check corresponds to; "" where none does.
	ELM string
	// Principle is the Union principle, 1 to 10 of Annex II.
	Principle int
}

// Lookup returns the first line of the registry with this code. A code that
// stands in several checks (OK, NotChecked, ...) has one line in each; use
// LookupIn to get a particular one.
func Lookup(code Code) (Spec, bool) {
	t := registry()
	for i := range t.rows {
		if t.rows[i].Code == code {
			return t.rows[i].clone(), true
		}
	}
	return Spec{}, false
}

// LookupIn returns what code means in the check called name.
func LookupIn(name CheckName, code Code) (Spec, bool) {
	if s, ok := find(name, code); ok {
		return s.clone(), true
	}
	return Spec{}, false
}

// Codes returns the whole registry in the order of Names. The caller may
// change what it gets.
func Codes() []Spec {
	rows := registry().rows
	out := make([]Spec, len(rows))
	for i := range rows {
		out[i] = rows[i].clone()
	}
	return out
}

func (s *Spec) clone() Spec {
	c := *s
	c.Results = slices.Clone(s.Results)
	return c
}

// find is LookupIn without the copy; what it returns must not be changed.
func find(name CheckName, code Code) (*Spec, bool) {
	s, ok := registry().byKey[key{name, code}]
	return s, ok
}

type key struct {
	name CheckName
	code Code
}

type table struct {
	rows  []Spec
	byKey map[key]*Spec
}

// registry builds the table once, on first use; it is never written again.
var registry = sync.OnceValue(func() *table {
	t := &table{byKey: make(map[key]*Spec)}
	for _, name := range Names() {
		for _, s := range slices.Concat(specsOf(name), everywhere()) {
			s.Check, s.ELM, s.Principle = name, elmOf(name), PrincipleOf(name)
			t.rows = append(t.rows, s)
		}
	}
	for i := range t.rows {
		s := &t.rows[i]
		t.byKey[key{s.Check, s.Code}] = s
	}
	return t
})

// PrincipleOf returns the Union principle for micro-credentials (Annex II of
// Council Recommendation 2022/C 243/02) that the check serves; 0 for a name
// that does not exist.
func PrincipleOf(name CheckName) int {
	switch name {
	case Quality:
		return 1 // quality
	case Authorisation:
		return 6 // recognition
	case Format, Privacy:
		return 7 // portable: open standards, data protection
	case Integrity, Signer, Dates, Status, Freshness, Issuer, Holder, Place, Awarding:
		return 9 // authentic
	}
	return 0
}

const elm = "http://data.europa.eu/snb/verification/"

// elmOf maps a check to the European Learning Model's verification types.
func elmOf(name CheckName) string {
	switch name {
	case Format:
		return elm + "2f5b89b96f"
	case Integrity, Signer:
		return elm + "f9c2016fe9" // seal
	case Dates:
		return elm + "94d828f160" // expiry
	case Status:
		return elm + "271aef9eb4" // revocation
	case Authorisation, Quality:
		return elm + "e2bbc86a28" // accreditation
	case Holder:
		return elm + "1faf8d450f" // owner
	}
	return ""
}

// ELMStatus maps a result to the European Learning Model's verification
// status. Its vocabulary has no word for "could not be established", so
// Unknown and Fail are both "error".
func ELMStatus(r Result) string {
	const ns = "http://data.europa.eu/snb/verification-status/"
	switch r {
	case Pass, Warn:
		return ns + "9895008394"
	case Skipped:
		return ns + "641f0c5e5d"
	}
	return ns + "9d26eb9a37"
}
