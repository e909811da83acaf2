package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bonafide-id/bonafide/verdict"
)

// Options change how a report looks.
type Options struct {
	Color   bool // ANSI colours, for a terminal
	Verbose bool // checks that passed too, with their evidence
}

// Headline says in one line what a verdict came to and why.
func Headline(v *verdict.Verdict) string {
	word := map[verdict.Outcome]string{verdict.Verified: "VERIFIED", verdict.Invalid: "INVALID"}[v.Outcome]
	if word == "" {
		word = "NOT ESTABLISHED"
	}
	if v.Outcome != verdict.Verified {
		for _, want := range []verdict.Result{verdict.Fail, verdict.Unknown, verdict.Skipped} {
			if c, ok := reason(v, want); ok {
				word += ": " + meaning(c)
				break
			}
		}
	}
	if v.Issuer.Get(verdict.FieldLegalName).State != verdict.Proven {
		word += " (issuer not identified)"
	}
	return word
}

// reason finds the first row with a result among the checks that decide.
func reason(v *verdict.Verdict, want verdict.Result) (verdict.Check, bool) {
	for _, c := range v.Checks {
		if c.Result == want && (slices.Contains(verdict.Mandatory(), c.Name) || slices.Contains(v.Policy.Require, c.Name)) {
			return c, true
		}
	}
	return verdict.Check{}, false
}

func meaning(c verdict.Check) string {
	if s, ok := verdict.LookupIn(c.Name, c.Code); ok {
		return s.Meaning
	}
	return string(c.Code)
}

// Render writes a report of a verdict.
func Render(w io.Writer, v *verdict.Verdict, opt Options) error {
	p := &printer{w: w, opt: opt}
	colour := map[verdict.Outcome]string{verdict.Verified: "32;1", verdict.Invalid: "31;1", verdict.Indeterminate: "33;1"}[v.Outcome]
	p.line("%s", p.paint(colour, Headline(v)))
	p.line("")
	p.field("What", join(v.Subject.Achievement, v.Subject.Credits, v.Subject.Level))
	p.field("Who holds it", join(v.Subject.Name, v.Subject.ID))
	for _, f := range v.Issuer.Fields {
		p.field(title(f.Name), fmt.Sprintf("%s (%s)", Quote(f.Value), standing(f)))
	}
	p.field("Issuer", v.Issuer.ID)
	p.field("Where", join(v.Place.Locality, v.Place.Region, v.Place.Country))
	p.field("When", dates(v))
	p.field("As of", fmt.Sprintf("%s, policy %s", v.AsOf.Format(time.RFC3339), v.Policy.Name))
	// Also where all is well: how old the word is on which that rests.
	if row, ok := v.Worst(verdict.Freshness); ok && row.Age != nil {
		p.field("Evidence", Age(row.Age.Std())+" old")
	}
	if len(v.Policy.Changes) > 0 {
		p.field("Changed", strings.Join(v.Policy.Changes, ", "))
	}
	p.line("")
	p.axes(v)
	p.line("")
	for _, c := range v.Checks {
		if c.Result == verdict.Pass && !opt.Verbose {
			continue
		}
		p.check(c)
	}
	p.elements(v)
	if !opt.Verbose {
		p.line("%s", p.paint("2", fmt.Sprintf("%d checks in all; --verbose shows those that passed.", len(v.Checks))))
	}
	return p.err
}

// RenderPresentation writes a report of a presentation and of each credential
// inside.
func RenderPresentation(w io.Writer, v *verdict.Presentation, opt Options) error {
	p := &printer{w: w, opt: opt}
	word := map[verdict.Outcome]string{verdict.Verified: "VERIFIED", verdict.Invalid: "INVALID"}[v.Outcome]
	colour := map[verdict.Outcome]string{verdict.Verified: "32;1", verdict.Invalid: "31;1", verdict.Indeterminate: "33;1"}[v.Outcome]
	if word == "" {
		word = "NOT ESTABLISHED"
	}
	p.line("%s", p.paint(colour, fmt.Sprintf("%s: presentation of %d credentials", word, len(v.Credentials))))
	p.field("Holder", v.Holder)
	if v.Unsigned {
		p.line("  Nobody signed the presentation and no proof was asked for: it is a mere envelope.")
	}
	for _, c := range v.Checks {
		if c.Result != verdict.Pass || opt.Verbose {
			p.check(c)
		}
	}
	for i, c := range v.Credentials {
		p.line("")
		p.line("%s", p.paint("1", fmt.Sprintf("Credential %d of %d", i+1, len(v.Credentials))))
		if p.err == nil {
			p.err = Render(w, c, opt)
		}
	}
	return p.err
}

type printer struct {
	w   io.Writer
	opt Options
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) paint(code, s string) string {
	if !p.opt.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) field(name, value string) {
	if value != "" {
		p.line("  %-16s %s", name, Quote(value))
	}
}

func mark(r verdict.Result) string {
	switch r {
	case verdict.Pass:
		return "ok"
	case verdict.Warn:
		return "note"
	case verdict.Fail:
		return "FAIL"
	case verdict.Skipped:
		return "skipped"
	}
	return "unknown"
}

func (p *printer) check(c verdict.Check) {
	age := ""
	if c.Age != nil {
		age = " [" + Age(c.Age.Std()) + " old]"
	}
	p.line("  %-8s %-14s %s%s", mark(c.Result), c.Name, meaning(c), age)
	for _, name := range []string{"detail", "missing", "malformed", "path", "context", "body"} {
		if d := c.Params[name]; d != "" {
			label := name + ": "
			if name == "detail" {
				label = ""
			}
			p.line("  %-8s %-14s %s%s", "", "", label, Quote(d))
		}
	}
	if s, ok := verdict.LookupIn(c.Name, c.Code); ok && s.Hint != "" && c.Result != verdict.Pass {
		p.line("  %-8s %-14s -> %s", "", "", s.Hint)
	}
}

// elements sums up the European standard elements and, on demand, lists them.
func (p *printer) elements(v *verdict.Verdict) {
	if len(v.Annex) == 0 {
		return
	}
	present, mandatory := 0, 0
	for _, e := range v.Annex {
		if e.Mandatory {
			mandatory++
			if e.State == "present" {
				present++
			}
		}
	}
	p.line("  %-8s %-14s %d of %d elements that the European standard for micro-credentials asks for are there.", "", "annex I", present, mandatory)
	if !p.opt.Verbose {
		return
	}
	for _, e := range v.Annex {
		p.line("  %-8s %-14s %2d %-18s %-10s %s", "", "", e.Number, Quote(e.Name), Quote(e.State), Quote(e.Path))
		for _, f := range e.Findings {
			p.line("  %-8s %-14s    %s (%s)", "", "", Quote(f.Text), Quote(f.Path))
		}
	}
}

func title(field string) string {
	switch field {
	case verdict.FieldLegalName:
		return "Legal name"
	case verdict.FieldIdentifier:
		return "Identifier"
	case verdict.FieldLegalSeat:
		return "Legal seat"
	case verdict.FieldDomain:
		return "Domain"
	case verdict.FieldHomepage:
		return "Homepage"
	}
	return field
}

func standing(f verdict.Field) string {
	by := Quote(strings.Join(f.By, ", "))
	switch f.State {
	case verdict.Proven:
		return "proven by " + by
	case verdict.Contradicted:
		return "CONTRADICTED; stated by " + by
	case verdict.Claimed:
		return "claimed by the issuer only"
	}
	return "absent"
}

func dates(v *verdict.Verdict) string {
	var parts []string
	for name, t := range map[string]*time.Time{"awarded": v.Dates.Awarded, "valid from": v.Dates.ValidFrom, "valid until": v.Dates.ValidUntil} {
		if t != nil {
			parts = append(parts, name+" "+t.UTC().Format(time.DateOnly))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// Age says how long ago in plain words.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// Quote makes hostile text harmless on a terminal: control and formatting
// characters, direction marks among them, are shown as escapes.
func Quote(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			fmt.Fprintf(&b, `\u{%x}`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
