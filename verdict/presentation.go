package verdict

import (
	"encoding/json"
	"time"
)

// Presentation is the answer about a presentation: what was established about its
// envelope, and a verdict for each credential inside.
type Presentation struct {
	Outcome Outcome   `json:"outcome"`
	AsOf    time.Time `json:"asOf"`
	// Holder is whom the presentation names; what binds it is in Checks.
	Holder string `json:"holder,omitempty"`
	// Unsigned says that no proof by a holder is there and none was asked for: the
	// presentation is a mere envelope, and only its credentials count.
	Unsigned bool `json:"unsigned"`
	// Checks are rows of format, integrity and holder about the envelope.
	Checks      []Check    `json:"checks"`
	Credentials []*Verdict `json:"credentials"`
}

// Settle sets the outcome: invalid when a row of the envelope fails or a
// credential is invalid; verified when the envelope's format passes, its
// integrity too unless it is Unsigned, and every credential, at least one, is
// verified; else indeterminate.
func (p *Presentation) Settle() { p.Outcome = p.decide() }

func (p *Presentation) decide() Outcome {
	out := Verified
	if len(p.Credentials) == 0 {
		out = Indeterminate
	}
	for _, c := range p.Credentials {
		switch {
		case c == nil:
			out = Indeterminate
		case c.Outcome == Invalid:
			return Invalid
		case c.Outcome != Verified:
			out = Indeterminate
		}
	}
	passed := map[CheckName]bool{}
	for _, c := range p.Checks {
		switch effective(c) {
		case Fail:
			return Invalid
		case Pass:
			passed[c.Name] = true
		case Warn:
		default:
			out = Indeterminate
		}
	}
	if !passed[Format] || !passed[Integrity] && !p.Unsigned {
		return Indeterminate
	}
	return out
}

// MarshalJSON writes the stable form, as with Verdict.
func (p Presentation) MarshalJSON() ([]byte, error) {
	type plain Presentation // without methods, or this would call itself
	q := plain(p)
	q.AsOf, q.Checks, q.Credentials = whole(p.AsOf), wholeChecks(p.Checks), list(p.Credentials)
	return json.Marshal(q)
}
