package ebsi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// Bounds of one question.
const (
	maxDepth  = 8    // links of a chain
	maxOpened = 128  // links that are verified
	maxSteps  = 2000 // from link to link
)

// MaxAge is how long the registry's word that an accreditation is not revoked
// lasts.
const MaxAge = 30 * 24 * time.Hour

// Source answers legal.Assess from imported registries. It is safe for concurrent
// use and keeps nothing.
type Source struct {
	Books []*Book
	// Roots are those whose word on what others may issue counts.
	Roots []legal.Root
	// MaxAge of a registry entry; zero means the constant.
	MaxAge time.Duration
}

var _ legal.Source = Source{}

// Kind implements legal.Source.
func (Source) Kind() legal.Kind { return legal.KindEBSI }

// Concerns implements legal.Source.
func (s Source) Concerns(q legal.Inquiry) bool {
	return strings.HasPrefix(q.Issuer, "did:ebsi:") && slices.ContainsFunc(s.Roots, func(r legal.Root) bool { return r.Authorisation })
}

// About implements legal.Source: each chain from the issuer's accreditations to
// attest up to a root is evidence. Where there is none, a row of the check
// authorisation says what was met on the way.
func (s Source) About(ctx context.Context, q legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	if !s.Concerns(q) {
		return nil, nil, nil
	}
	w := &walk{s: s, q: q, age: s.MaxAge, opened: map[string]*opened{}}
	if w.age <= 0 {
		w.age = MaxAge
	}
	var found []legal.Evidence
	for _, a := range w.attributes(q.Issuer) {
		for _, c := range w.climb(ctx, q.Issuer, a, nil) {
			if c.links[0].kind == KindAttest && len(found) < 16 {
				found = append(found, c.evidence(q, a))
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if len(found) > 0 || w.fault == nil {
		return found, nil, nil
	}
	return nil, []verdict.Check{*w.fault}, nil
}

// chain is a way from the issuer up to a root.
type chain struct {
	links []*accreditation
	from  *time.Time
	until *time.Time
	root  legal.Root
}

type opened struct {
	a      *accreditation
	code   verdict.Code // why it does not stand
	detail string
}

// walk is one question on its way up.
type walk struct {
	s      Source
	q      legal.Inquiry
	age    time.Duration
	opened map[string]*opened
	steps  int
	fault  *verdict.Check
}

// blame remembers the first thing that ended a way.
func (w *walk) blame(code verdict.Code, a Attribute, detail string) {
	if w.fault == nil {
		row := verdict.New(verdict.Authorisation, code).With("accreditation", a.ID).From("file")
		if detail != "" {
			row = row.With("detail", detail)
		}
		w.fault = &row
	}
}

func (w *walk) attributes(id string) []Attribute {
	var out []Attribute
	for _, b := range w.s.Books {
		if r, ok := b.Record(id); ok {
			out = append(out, r.Attributes...)
		}
	}
	return out
}

func (w *walk) root(id string) (legal.Root, bool) {
	for _, r := range w.s.Roots {
		if r.Authorisation && (r.DID == id || w.q.Same != nil && w.q.Same(r.DID, id)) {
			return r, true
		}
	}
	return legal.Root{}, false
}

// link verifies one registry entry and asks whether it stands, each once. It is nil
// where the entry ends the way; then that is remembered.
func (w *walk) link(ctx context.Context, of string, a Attribute) *accreditation {
	key := of + " " + a.Hash
	o, ok := w.opened[key]
	if !ok {
		if len(w.opened) >= maxOpened {
			w.blame(verdict.ChainTooDeep, a, "too many accreditations")
			return nil
		}
		o = &opened{}
		var err error
		if o.a, err = open(ctx, of, a, w.q.Check); err != nil {
			o.code, o.detail = verdict.RecognitionUnproven, err.Error()
		} else {
			o.code, o.detail = w.stands(ctx, o.a, a)
		}
		w.opened[key] = o
	}
	if o.code != "" {
		w.blame(o.code, a, o.detail)
		return nil
	}
	return o.a
}

// climb returns the ways from one entry of an issuer up to a root. path holds the
// entries below.
func (w *walk) climb(ctx context.Context, of string, a Attribute, path []string) []chain {
	if len(path) >= maxDepth {
		w.blame(verdict.ChainTooDeep, a, "")
		return nil
	}
	if slices.Contains(path, of+" "+a.ID) {
		w.blame(verdict.ChainCycle, a, "")
		return nil
	}
	if w.steps++; w.steps > maxSteps {
		w.blame(verdict.ChainTooDeep, a, "too many ways")
		return nil
	}
	if ctx.Err() != nil {
		return nil
	}
	path = append(path[:len(path):len(path)], of+" "+a.ID)
	l := w.link(ctx, of, a)
	if l == nil {
		return nil
	}
	until := l.until
	if fresh := a.Retrieved.Add(w.age); until == nil || fresh.Before(*until) {
		until = &fresh
	}
	self := chain{links: []*accreditation{l}, from: l.from, until: until}
	root, isRoot := w.root(l.issuer)
	if isRoot && len(l.terms) == 0 {
		self.root = root
		return []chain{self}
	}
	if len(l.terms) == 0 {
		w.blame(verdict.RecognitionUnproven, a, "termsOfUse names no accreditation of the accreditor")
		return nil
	}
	var out []chain
	for _, t := range l.terms {
		if t.did != l.issuer {
			w.blame(verdict.ChainTermsForeign, a, t.did)
			return nil // one that is another's spoils the whole
		}
	}
	for _, t := range l.terms {
		held := false
		for _, up := range w.attributes(l.issuer) {
			if up.ID != t.attribute && up.Hash != t.attribute {
				continue
			}
			held = true
			for _, above := range w.above(ctx, l, a, up, path, root, isRoot) {
				out = append(out, self.under(above))
			}
		}
		switch {
		case !held && isRoot: // the operator's word is enough for a root
			whole := self
			whole.root = root
			out = append(out, whole)
		case !held:
			w.blame(verdict.RecognitionUnproven, a, "the accreditation "+t.attribute+" of "+t.did+" was not imported")
		}
	}
	return out
}

// above returns the ways over one accreditation of the accreditor, as far as it
// covers the link below.
func (w *walk) above(ctx context.Context, l *accreditation, a, up Attribute, path []string, root legal.Root, isRoot bool) []chain {
	if isRoot {
		// What is held of a root counts against it; what is above it is not asked for.
		u := w.link(ctx, l.issuer, up)
		if u == nil || !w.covers(l, u, a) {
			return nil
		}
		return []chain{{from: u.from, until: u.until, root: root}}
	}
	var out []chain
	for _, c := range w.climb(ctx, l.issuer, up, path) {
		if w.covers(l, c.links[0], a) {
			out = append(out, c)
		}
	}
	return out
}

// covers tells whether who accredited may accredit, and for what.
func (w *walk) covers(l, up *accreditation, a Attribute) bool {
	switch {
	case up.kind == KindAttest:
		w.blame(verdict.ChainWidened, a, "the accreditor may attest and not accredit")
	case !l.within(up):
		w.blame(verdict.ChainWidened, a, strings.Join(l.types, " "))
	default:
		return true
	}
	return false
}

// stands asks the registry's word and, where the link names another status, that.
func (w *walk) stands(ctx context.Context, l *accreditation, a Attribute) (verdict.Code, string) {
	want := map[string]string{KindAttest: TypeTI, KindAccredit: TypeTAO, KindChain: TypeRootTAO}[l.kind]
	switch {
	case a.IssuerType == TypeRevoked:
		return verdict.RecognitionRevoked, ""
	case a.IssuerType != want:
		return verdict.RecognitionUnproven, "the registry has a " + l.kind + " as " + a.IssuerType
	}
	fresh := a.Retrieved.Add(w.age)
	if w.q.At.After(fresh) && (w.q.IssuedAt == nil || w.q.IssuedAt.After(fresh)) {
		return verdict.RecognitionStatusUnknown, "the registry's entry was read at " + a.Retrieved.Format(time.RFC3339)
	}
	for _, o := range l.credential.Status {
		if o["type"] == any(statusEntry) {
			continue
		}
		if w.q.Status == nil {
			return verdict.RecognitionStatusUnknown, ""
		}
		v := verdict.Verdict{Checks: w.q.Status(ctx, l.credential)}
		switch row, ok := v.Worst(verdict.Status); {
		case !ok || row.Result == verdict.Unknown:
			return verdict.RecognitionStatusUnknown, string(row.Code)
		case row.Result == verdict.Fail:
			return verdict.RecognitionRevoked, string(row.Code)
		}
	}
	return "", ""
}

// under puts a link under a way that begins above it; the shortest term bounds all.
func (c chain) under(up chain) chain {
	out := chain{links: append(slices.Clone(c.links), up.links...), from: c.from, until: c.until, root: up.root}
	if up.from != nil && (out.from == nil || up.from.After(*out.from)) {
		out.from = up.from
	}
	if up.until != nil && (out.until == nil || up.until.Before(*out.until)) {
		out.until = up.until
	}
	return out
}

// evidence tells what a chain lets the issuer do. It names nobody.
func (c chain) evidence(q legal.Inquiry, a Attribute) legal.Evidence {
	leaf := c.links[0]
	name := c.root.Name
	if name == "" {
		name = c.root.DID
	}
	e := legal.Evidence{Kind: legal.KindEBSI, By: name, Source: "file", ID: leaf.id, Join: "did", At: a.Retrieved,
		From: c.from, Until: c.until, Issues: true, Types: leaf.types}
	if len(e.Types) == 0 {
		e.Types = []string{""} // it names no type, so that none is in scope
	}
	for i, l := range c.links {
		step := verdict.Recognition{By: l.issuer, Of: l.subject, Types: l.types, From: l.from, Until: l.until, ID: l.id, Actions: []string{legal.ActionRecognize}}
		if l.kind == KindAttest {
			step.Actions = []string{legal.ActionIssue}
		}
		if i == len(c.links)-1 {
			step.Root, step.ByName = true, c.root.Name
		}
		e.Chain = append(e.Chain, step)
	}
	return e
}
