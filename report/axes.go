package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

// Axis is one of the three things that are known of an issuer, in words: who it is,
// what it may issue, whether its quality is assured. They are never merged.
type Axis struct {
	Name   string         `json:"name"` // identity, authorisation or quality
	Title  string         `json:"title"`
	Result verdict.Result `json:"result"`
	Code   verdict.Code   `json:"code"`
	Says   string         `json:"says"`
	// Facts are the evidence behind it, one a line.
	Facts []string `json:"facts"`
}

// Axes tells the three axes of a verdict.
func Axes(v *verdict.Verdict) []Axis {
	return []Axis{identityAxis(v), authorisationAxis(v), qualityAxis(v)}
}

func axis(v *verdict.Verdict, check verdict.CheckName, title string) Axis {
	a := Axis{Name: string(check), Title: title, Facts: []string{}}
	if check == verdict.Issuer {
		a.Name = "identity"
	}
	// The domain is one field, and evidence that does not count is beside the point.
	rows := verdict.Verdict{Checks: slices.DeleteFunc(slices.Clone(v.Checks), func(c verdict.Check) bool {
		return c.Code == verdict.DomainClaimedOnly || c.Code == verdict.DomainProven || c.Code == verdict.EvidenceUnproven
	})}
	row, ok := rows.Worst(check)
	if !ok {
		row = verdict.New(check, verdict.NotChecked)
	}
	a.Result, a.Code, a.Says = row.Result, row.Code, meaning(row)
	if d := row.Params["detail"]; d != "" {
		a.Facts = append(a.Facts, d)
	}
	return a
}

func identityAxis(v *verdict.Verdict) Axis {
	a := axis(v, verdict.Issuer, "Who it is")
	name := v.Issuer.Get(verdict.FieldLegalName)
	switch {
	case name.State == verdict.Proven:
		a.Facts = append(a.Facts, fmt.Sprintf("%s, %s (proven by %s)", name.Value, v.Issuer.Get(verdict.FieldIdentifier).Value, strings.Join(name.By, ", ")))
	case name.State == verdict.Claimed:
		a.Facts = append(a.Facts, name.Value+" (claimed by the issuer only)")
	}
	if len(v.Issuer.Levels) > 0 {
		var levels []string
		for _, l := range v.Issuer.Levels {
			levels = append(levels, l+" "+levelWords(l))
		}
		a.Facts = append(a.Facts, "reached: "+strings.Join(levels, "; "))
	} else {
		a.Facts = append(a.Facts, "reached: L0 "+levelWords("L0"))
	}
	for _, e := range v.Issuer.Evidence {
		a.Facts = append(a.Facts, fmt.Sprintf("%s: %s%s, %s", e.Kind, e.By, span(e.From, e.Until), nowAndThen(e.Now, e.WhenIssued, v.Dates.ValidFrom)))
	}
	return a
}

// levelWords says what a level stands for.
func levelWords(level string) string {
	return map[string]string{"L0": "unknown", "L1": "its own word", "L2": "its domain", "L3": "a register", "L4": "recognised by a chain to a trust root",
		"L5": "advanced seal with a qualified certificate", "L6": "qualified seal"}[level]
}

func authorisationAxis(v *verdict.Verdict) Axis {
	a := axis(v, verdict.Authorisation, "What it may issue")
	for i, r := range v.Issuer.Recognitions {
		who := r.ByName
		if who == "" {
			who = r.By
		}
		whom := "the issuer"
		if i > 0 {
			whom = r.Of
			if n := v.Issuer.Recognitions[i-1].ByName; n != "" {
				whom = n
			}
		}
		line := fmt.Sprintf("%s recognises %s to %s", who, whom, join(r.Actions...))
		if len(r.Types) > 0 {
			line += " " + strings.Join(r.Types, ", ")
		}
		line += span(r.From, r.Until)
		if r.Root {
			line += "; it is your trust root"
		}
		a.Facts = append(a.Facts, line)
	}
	if len(v.Subject.Types) > 0 {
		a.Facts = append(a.Facts, "this credential: "+strings.Join(v.Subject.Types, ", "))
	}
	return a
}

func qualityAxis(v *verdict.Verdict) Axis {
	a := axis(v, verdict.Quality, "Quality assured")
	for _, q := range v.Issuer.Quality {
		a.Facts = append(a.Facts, fmt.Sprintf("%s: %s by %s%s, %s", q.Register, q.Decision, orUnnamed(q.Agency), span(q.From, q.Until), nowAndThen(q.Now, q.WhenIssued, v.Dates.ValidFrom)))
	}
	if len(v.Issuer.Quality) == 0 {
		a.Facts = append(a.Facts, "no register at hand says anything about the issuer")
	}
	return a
}

func orUnnamed(s string) string {
	if s == "" {
		return "an agency that is not named"
	}
	return s
}

func span(from, until *time.Time) string {
	day := func(t *time.Time) string { return t.UTC().Format(time.DateOnly) }
	switch {
	case from != nil && until != nil:
		return ", " + day(from) + " to " + day(until)
	case from != nil:
		return ", since " + day(from)
	case until != nil:
		return ", until " + day(until)
	}
	return ""
}

func nowAndThen(now, then bool, issued *time.Time) string {
	switch {
	case now && then:
		return "stands now and when issued"
	case now && issued == nil:
		return "stands now"
	case now:
		return "stands now, not at the issuing date claimed"
	case then:
		return "stood at the issuing date claimed, not now"
	}
	return "stands neither now nor at the issuing date claimed"
}

// axes writes the three axes into a report, one line each.
func (p *printer) axes(v *verdict.Verdict) {
	for _, a := range Axes(v) {
		p.line("  %-8s %-18s %s", mark(a.Result), a.Title, a.Says)
	}
}

// Explanation is why a verdict came out as it did.
type Explanation struct {
	Headline string           `json:"headline"`
	Axes     []Axis           `json:"axes"`
	Missing  []Missing        `json:"missing"`
	Verdict  *verdict.Verdict `json:"verdict"`
}

// Missing is something that kept a credential from being verified, and what to do.
type Missing struct {
	Check verdict.CheckName `json:"check"`
	Code  verdict.Code      `json:"code"`
	Says  string            `json:"says"`
	Do    string            `json:"do,omitempty"`
}

// Explain says why: the axes with their evidence, and what is missing.
func Explain(v *verdict.Verdict) Explanation {
	out := Explanation{Headline: Headline(v), Axes: Axes(v), Missing: []Missing{}, Verdict: v}
	counts := func(n verdict.CheckName) bool {
		return slices.Contains(verdict.Mandatory(), n) || slices.Contains(v.Policy.Require, n)
	}
	for _, c := range v.Checks {
		spec, _ := verdict.LookupIn(c.Name, c.Code)
		passes := c.Result == verdict.Pass || c.Result == verdict.Skipped && spec.AllowedSkip
		if passes || !counts(c.Name) && c.Result != verdict.Fail {
			continue
		}
		if c.Result == verdict.Warn && passed(v, c.Name) {
			continue // a finding beside what passed
		}
		m := Missing{Check: c.Name, Code: c.Code, Says: meaning(c), Do: spec.Hint}
		if d := c.Params["detail"]; d != "" {
			m.Says += " (" + d + ")"
		}
		out.Missing = append(out.Missing, m)
	}
	return out
}

// passed tells whether a check has a row that passes by itself.
func passed(v *verdict.Verdict, name verdict.CheckName) bool {
	return slices.ContainsFunc(v.Checks, func(c verdict.Check) bool {
		spec, _ := verdict.LookupIn(c.Name, c.Code)
		return c.Name == name && c.Result == verdict.Pass && !spec.Supporting
	})
}

// RenderExplanation writes it for people.
func RenderExplanation(w io.Writer, e Explanation, opt Options) error {
	p := &printer{w: w, opt: opt}
	p.line("%s", p.paint("1", e.Headline))
	p.line("  as of %s, policy %s, which demands: %s", e.Verdict.AsOf.Format(time.RFC3339), Quote(e.Verdict.Policy.Name), demands(e.Verdict))
	p.field("Issuer", e.Verdict.Issuer.ID)
	for _, a := range e.Axes {
		p.line("")
		p.line("%s", p.paint("1", a.Title))
		p.line("  %-8s %s", mark(a.Result), a.Says)
		for _, f := range a.Facts {
			p.line("           %s", Quote(f))
		}
	}
	p.line("")
	if len(e.Missing) == 0 {
		p.line("Nothing that the policy demands is missing.")
		return p.err
	}
	p.line("%s", p.paint("1", "What is missing"))
	for _, m := range e.Missing {
		p.line("  %-14s %s", m.Check, Quote(m.Says))
		if m.Do != "" {
			p.line("  %-14s -> %s", "", m.Do)
		}
	}
	return p.err
}

func demands(v *verdict.Verdict) string {
	if len(v.Policy.Require) == 0 {
		return "nothing about the issuer"
	}
	var out []string
	for _, r := range v.Policy.Require {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}
