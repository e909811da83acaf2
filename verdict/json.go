package verdict

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// ErrWord says that a word of the JSON form (an outcome, a result, a state of
// a field) is none that this version knows. The caller should treat the
// verdict as indeterminate and update.
var ErrWord = hint.New("verdict: unknown word",
	"The verdict was made by another version of Bonafide; update this one and ask again.")

var (
	outcomeWords = [...]string{Indeterminate: "indeterminate", Invalid: "invalid", Verified: "verified"}
	resultWords  = [...]string{Unknown: "unknown", Skipped: "skipped", Pass: "pass", Warn: "warn", Fail: "fail"}
	stateWords   = [...]string{Absent: "absent", Claimed: "claimed", Proven: "proven", Contradicted: "contradicted"}
)

// word is the text of v; a value outside the list reads as the zero value,
// which is the cautious one in all three lists.
func word[T ~uint8](words []string, v T) string {
	if int(v) < len(words) {
		return words[v]
	}
	return words[0]
}

func parse[T ~uint8](words []string, text []byte, v *T) error {
	for i, w := range words {
		if w == string(text) {
			*v = T(i)
			return nil
		}
	}
	*v = 0
	return fmt.Errorf("%w: %.40q", ErrWord, text)
}

// String returns "indeterminate", "invalid" or "verified".
func (o Outcome) String() string { return word(outcomeWords[:], o) }

// MarshalText implements encoding.TextMarshaler.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; see ErrWord.
func (o *Outcome) UnmarshalText(b []byte) error { return parse(outcomeWords[:], b, o) }

// String returns the lower-case word of the result.
func (r Result) String() string { return word(resultWords[:], r) }

// MarshalText implements encoding.TextMarshaler.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; see ErrWord.
func (r *Result) UnmarshalText(b []byte) error { return parse(resultWords[:], b, r) }

// String returns the lower-case word of the state.
func (s FieldState) String() string { return word(stateWords[:], s) }

// MarshalText implements encoding.TextMarshaler.
func (s FieldState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; see ErrWord.
func (s *FieldState) UnmarshalText(b []byte) error { return parse(stateWords[:], b, s) }

// MarshalJSON writes the stable form: times in UTC with whole seconds, lists
// never null.
func (v Verdict) MarshalJSON() ([]byte, error) {
	type plain Verdict // without methods, or this would call itself
	p := plain(v)
	p.AsOf = whole(v.AsOf)
	p.Policy.Require = list(v.Policy.Require)
	p.Policy.Changes = list(v.Policy.Changes)
	p.Checks = wholeChecks(v.Checks)
	p.Issuer.Fields = make([]Field, len(v.Issuer.Fields))
	for i, f := range v.Issuer.Fields {
		f.By = list(f.By)
		p.Issuer.Fields[i] = f
	}
	p.Issuer.Recognitions = make([]Recognition, len(v.Issuer.Recognitions))
	for i, r := range v.Issuer.Recognitions {
		r.From, r.Until = wholePtr(r.From), wholePtr(r.Until)
		p.Issuer.Recognitions[i] = r
	}
	if p.Issuer.Level == "" {
		p.Issuer.Level = "L0"
	}
	p.Issuer.Levels = list(v.Issuer.Levels)
	p.Issuer.Evidence = make([]EvidenceView, len(v.Issuer.Evidence))
	for i, e := range v.Issuer.Evidence {
		e.At, e.From, e.Until = wholePtr(e.At), wholePtr(e.From), wholePtr(e.Until)
		p.Issuer.Evidence[i] = e
	}
	p.Issuer.Quality = make([]QualityView, len(v.Issuer.Quality))
	for i, q := range v.Issuer.Quality {
		q.From, q.Until, q.Observed = wholePtr(q.From), wholePtr(q.Until), wholePtr(q.Observed)
		p.Issuer.Quality[i] = q
	}
	p.Subject.Types = list(v.Subject.Types)
	p.Dates = DatesView{
		ValidFrom: wholePtr(v.Dates.ValidFrom), ValidUntil: wholePtr(v.Dates.ValidUntil),
		Awarded: wholePtr(v.Dates.Awarded), Signed: wholePtr(v.Dates.Signed), ExistedBy: wholePtr(v.Dates.ExistedBy),
	}
	p.Place.By = list(v.Place.By)
	p.Annex = make([]Element, len(v.Annex))
	for i, e := range v.Annex {
		e.Findings = list(e.Findings)
		p.Annex[i] = e
	}
	return json.Marshal(p)
}

func wholeChecks(checks []Check) []Check {
	out := make([]Check, len(checks))
	for i, c := range checks {
		ev := make([]Evidence, len(c.Evidence))
		for j, e := range c.Evidence {
			e.At = wholePtr(e.At)
			ev[j] = e
		}
		c.Evidence = ev
		out[i] = c
	}
	return out
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func wholePtr(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	w := whole(*t)
	return &w
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
