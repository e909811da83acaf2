package legal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// Root is somebody whose word the operator trusts.
type Root struct {
	DID  string
	Name string
	// Identity: its word on who somebody is counts. Authorisation: its word on
	// what somebody may issue counts.
	Identity, Authorisation bool
}

// MaxDepth bounds the chain of recognitions from an issuer up to a root, maxBodies
// the files of recognitions that are looked into for one issuer, and maxFound those
// about one entity.
const (
	MaxDepth  = 8
	maxBodies = 512
	maxFound  = 32
)

// Found is one file of recognitions and where it came from: a credential, or several
// in a presentation (see [Unpack]).
type Found struct {
	Body   []byte
	Source string
}

// Request asks who an issuer is in law and what it may issue.
type Request struct {
	Issuer string // DID
	At     time.Time
	// IssuedAt is the date that the credential claims, nil when it names none.
	IssuedAt *time.Time
	Types    []string // of the credential
	// Signed is the credential that the question is about, as it was checked; nil
	// when the question is about the issuer alone. What it says of its issuer is
	// claimed.
	Signed *credential.Checked
	// Whois is the issuer's presentation about itself, nil when not at hand.
	Whois []byte
	Roots []Root
	// Same tells whether two DIDs are one identifier (one that moved). Nil
	// compares texts.
	Same func(a, b string) bool
	// Find returns the recognitions about an identifier that are at hand.
	Find func(ctx context.Context, of string) []Found
	// Status judges the status of a recognition credential that was verified.
	Status func(ctx context.Context, c *credential.Credential) []verdict.Check
	Check  credential.Options
	// Domain is the host in the identifier, "" for none; DomainProven says
	// that an origin sighting proves it.
	Domain       string
	DomainProven bool
	// Document is the issuer's current DID document, nil when not at hand.
	Document *did.Document
	// Mandates are mandate credentials that came along, beside those in Whois.
	Mandates [][]byte
	// ClaimedDate lets a recognition that has ended count for a credential which says
	// that it was issued before: the date is the issuer's own word.
	ClaimedDate bool
	// Registers are those whose word counts; none: all that are at hand.
	Registers []string
	// Sources are asked in this order, each for at most SourceTime (zero: 5 s).
	Sources    []Source
	SourceTime time.Duration
}

// Identity is what became known.
type Identity struct {
	Levels       []Level // all that were reached, the highest first
	Fields       []verdict.Field
	Recognitions []verdict.Recognition
	Evidence     []verdict.EvidenceView
	Quality      []verdict.QualityView
	// Mandates are those that let the issuer sign for others, each verified.
	Mandates []Mandate
	Checks   []verdict.Check // of issuer, authorisation and quality
}

// Assess collects what the issuer says about itself, which is claimed, and
// what trust roots say about it, directly or through those they recognise,
// which is proven by them. A domain is proven by a sighting and nothing else.
// Equal identifiers prove and contradict; names never do. Nothing that a
// stranger says makes a contradiction.
func Assess(ctx context.Context, q Request) Identity {
	if q.Same == nil {
		q.Same = func(a, b string) bool { return a == b }
	}
	a := &assessment{q: q, left: maxBodies, id: Identity{Fields: []verdict.Field{}, Recognitions: []verdict.Recognition{},
		Checks: make([]verdict.Check, 0, 4)}}
	a.self(ctx)
	a.stated()
	links := a.climb(ctx, q.Issuer, nil)
	a.recognised(links)
	a.consult(ctx)
	a.issuerRow()
	a.authorisationRow(links)
	a.qualityRow()
	a.mandates(ctx)
	a.domain()
	a.tell()
	return a.id
}

type assessment struct {
	q        Request
	id       Identity
	whois    []*credential.Checked // what the issuer's presentation holds, each verified or not
	own      *Organisation         // what the issuer states
	typed    []claim               // what the credential says of its issuer
	evidence []Evidence
	bad      []verdict.Check
	above    []string // links further up that do not hold, with why
	left     int      // credentials that may still be looked into
	deep     bool
	loop     bool
}

// link is a verified recognition that leads to a root.
type link struct {
	Recognition
	root   Root
	source string
	chain  []verdict.Recognition
	now    bool // stands at the time asked
	then   bool // stood at the issuing date
}

func (a *assessment) self(ctx context.Context) {
	if a.q.Whois == nil {
		return
	}
	inside, err := ReadWhois(ctx, a.q.Whois, func(id string) bool { return a.q.Same(id, a.q.Issuer) }, a.q.Check)
	if err != nil {
		a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Warn).With("detail", err.Error()))
		return
	}
	a.whois = inside
	for _, c := range inside {
		if !c.OK || !c.Credential.Has(TypeStatement) || !a.q.Same(c.Credential.Issuer, a.q.Issuer) {
			continue
		}
		o, err := ReadStatement(c.Credential)
		switch {
		case errors.Is(err, ErrNaturalPerson):
			a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.NaturalPerson))
		case err != nil:
			a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Warn).With("detail", err.Error()))
		case a.own == nil:
			a.own = &o
		}
	}
}

// root finds a configured root.
func (a *assessment) root(did string) (Root, bool) {
	for _, r := range a.q.Roots {
		if a.q.Same(r.DID, did) {
			return r, true
		}
	}
	return Root{}, false
}

// climb returns the verified recognitions of an identifier that lead to a
// root. path holds those below, to notice circles.
func (a *assessment) climb(ctx context.Context, of string, path []string) []link {
	if a.q.Find == nil || len(a.q.Roots) == 0 {
		return nil // no chain can lead to a root
	}
	if len(path) >= MaxDepth {
		a.deep = true
		return nil
	}
	if slices.ContainsFunc(path, func(p string) bool { return a.q.Same(p, of) }) {
		a.loop = true
		return nil
	}
	path = append(path[:len(path):len(path)], of)
	var out []link
	for i, f := range a.q.Find(ctx, of) {
		if i == maxFound || ctx.Err() != nil {
			break
		}
		bodies, err := Unpack(f.Body)
		if err != nil {
			continue
		}
		for _, b := range bodies {
			// Most of a pack is about others: they are told apart before anything costs.
			if len(bodies) > 1 && !a.mentions(b, of) {
				continue
			}
			if a.left--; a.left < 0 {
				a.deep = true
				return out
			}
			out = append(out, a.follow(ctx, of, Found{Body: b, Source: f.Source}, path)...)
		}
	}
	return out
}

// mentions tells whether a credential that is not verified is about an entity.
func (a *assessment) mentions(body []byte, of string) bool {
	c, err := credential.Parse(body, strictjson.Limits{MaxBytes: maxPackBytes})
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.Subjects, func(s map[string]any) bool {
		id, _ := s["id"].(string)
		return id != "" && a.q.Same(id, of)
	})
}

// follow verifies one recognition and looks for its way to a root.
func (a *assessment) follow(ctx context.Context, of string, f Found, path []string) []link {
	note := func(code verdict.Code, detail string) {
		if len(path) == 1 { // only what is said about the issuer itself is a finding
			a.bad = append(a.bad, verdict.New(verdict.Authorisation, code).With("detail", detail).From(f.Source))
		} else if len(a.above) < 4 {
			a.above = append(a.above, of+": "+string(code))
		}
	}
	c := credential.Check(ctx, f.Body, a.q.Check)
	if c.Credential == nil {
		return nil
	}
	by := c.Credential.Issuer
	root, isRoot := a.root(by)
	for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer} {
		if row := c.Row(name); row.Result != verdict.Pass && row.Result != verdict.Warn {
			if isRoot {
				note(verdict.RecognitionUnproven, string(name)+": "+string(row.Code))
			}
			return nil
		}
	}
	list, err := ReadRecognitions(c.Credential, func(id string) bool { return a.q.Same(id, of) })
	if errors.Is(err, ErrNaturalPerson) && isRoot {
		note(verdict.RecognitionUnproven, err.Error())
	}
	if err != nil || len(list) == 0 {
		return nil
	}
	// What is above comes first: only the word of somebody whom a root recognises
	// is worth a finding when it does not hold.
	var above []link
	if !isRoot {
		if above = a.climb(ctx, by, path); len(above) == 0 {
			return nil
		}
	}
	if a.q.Status != nil {
		v := verdict.Verdict{Checks: a.q.Status(ctx, c.Credential)}
		switch row, ok := v.Worst(verdict.Status); {
		case !ok || row.Result == verdict.Unknown:
			note(verdict.RecognitionStatusUnknown, string(row.Code))
			return nil
		case row.Result == verdict.Fail:
			// The bit of a recognition means that it was void from the start.
			note(verdict.RecognitionRevoked, by)
			return nil
		}
	}
	var out []link
	for _, r := range list {
		l := link{Recognition: r, root: root, source: f.Source, now: within(r, a.q.At), then: a.q.IssuedAt != nil && within(r, *a.q.IssuedAt)}
		step := verdict.Recognition{By: by, ByName: r.ByName, Of: of, Actions: r.Actions, Types: r.Types,
			From: r.ValidFrom, Until: r.ValidUntil, ID: r.ID, Root: isRoot}
		if isRoot {
			if root.Name != "" {
				step.ByName = root.Name
			}
			l.chain = []verdict.Recognition{step}
			out = append(out, l)
			continue
		}
		for _, up := range above {
			// Rights only shrink: who recognises must be recognised for it.
			if !slices.Contains(up.Actions, ActionRecognize) {
				continue
			}
			whole := l
			whole.root, whole.now, whole.then = up.root, l.now && up.now, l.then && up.then
			if len(up.Types) > 0 {
				whole.Types = up.Types
				if len(r.Types) > 0 {
					if whole.Types = intersect(r.Types, up.Types); len(whole.Types) == 0 {
						continue // nothing is in both scopes, so nothing is granted
					}
				}
			}
			whole.chain = append([]verdict.Recognition{step}, up.chain...)
			out = append(out, whole)
		}
	}
	return out
}

func within(r Recognition, t time.Time) bool {
	return (r.ValidFrom == nil || !t.Before(*r.ValidFrom)) && (r.ValidUntil == nil || !t.After(*r.ValidUntil))
}

// issuerRow makes the fields and the row of the check issuer.
func (a *assessment) issuerRow() {
	var by, ever []Evidence // ever: also what only the issuing date has, such as a former name
	for _, e := range a.evidence {
		if e.identifies() && a.counts(e) {
			by = append(by, e)
		}
		if e.identifies() && (e.stands(a.q.At) || a.then(e)) {
			ever = append(ever, e)
		}
	}
	row := verdict.New(verdict.Issuer, verdict.NotIdentified)
	switch {
	case len(by) > 0:
		row = verdict.New(verdict.Issuer, verdict.Identified).With("by", by[0].By).From(by[0].Source)
		for _, e := range by {
			row = row.On(verdict.Evidence{Kind: string(e.Kind), ID: e.ID, By: e.By})
		}
		a.provenFields(ever)
		if a.own != nil && a.contradicted(by) {
			row = verdict.New(verdict.Issuer, verdict.Disputed).With("by", by[0].By)
		}
		if x, y, differ := conflict(by); differ {
			row = verdict.New(verdict.Issuer, verdict.EvidenceConflict).With("one", x).With("other", y)
		}
	case a.own != nil || len(a.typed) > 0:
		row = verdict.New(verdict.Issuer, verdict.SelfClaimed)
	}
	a.claimedFields()
	a.id.Checks = append(a.id.Checks, row)
	for _, r := range a.bad {
		if r.Name == verdict.Issuer {
			a.id.Checks = append(a.id.Checks, r)
		}
	}
}

func name(l link) string {
	if l.root.Name != "" {
		return l.root.Name
	}
	return l.root.DID
}

// contradicted compares the identifiers that the issuer states with those that are
// proven, where the two are of one kind.
func (a *assessment) contradicted(by []Evidence) bool {
	for _, e := range by {
		for _, id := range append([]Identifier{e.Organisation.ID}, e.Identifiers...) {
			for _, own := range append([]Identifier{a.own.ID}, a.own.Identifiers...) {
				if own.Comparable(id) && !own.Equal(id) {
					return true
				}
			}
		}
	}
	return false
}

// conflict finds two proven identifiers that exclude each other.
func conflict(by []Evidence) (one, other string, differ bool) {
	for i, e := range by {
		for _, f := range by[i+1:] {
			if a, b := e.Organisation.ID, f.Organisation.ID; a.Comparable(b) && !a.Equal(b) {
				return a.String() + " by " + e.By, b.String() + " by " + f.By, true
			}
		}
	}
	return "", "", false
}

func (a *assessment) provenFields(by []Evidence) {
	for _, e := range by {
		o := e.Organisation
		put := func(field, value, lang string) {
			a.put(field, value, lang, verdict.Proven, e.By)
			for i := range a.id.Fields {
				if f := &a.id.Fields[i]; f.Name == field && f.Value == value {
					f.Now, f.WhenIssued = f.Now || e.stands(a.q.At), f.WhenIssued || a.then(e)
				}
			}
		}
		for _, n := range o.LegalNames {
			put(verdict.FieldLegalName, n.Value, n.Lang)
		}
		if !o.ID.IsZero() {
			put(verdict.FieldIdentifier, o.ID.Canonical().String(), "")
		}
		for _, id := range e.Identifiers {
			put(verdict.FieldIdentifier, id.Canonical().String(), "")
		}
		if o.Seat.Country != "" {
			put(verdict.FieldLegalSeat, o.Seat.String(), "")
		}
	}
}

// put adds a field, or a source to one that says the same at least as well.
func (a *assessment) put(field, value, lang string, state verdict.FieldState, by string) {
	for i, f := range a.id.Fields {
		if f.Name == field && f.Value == value {
			if f.State == state && !slices.Contains(f.By, by) {
				a.id.Fields[i].By = append(a.id.Fields[i].By, by)
			}
			return
		}
	}
	a.id.Fields = append(a.id.Fields, verdict.Field{Name: field, Value: value, Lang: lang, State: state, By: []string{by}})
}

// authorisationRow judges what the issuer may issue.
func (a *assessment) authorisationRow(links []link) {
	var best *link
	row := verdict.New(verdict.Authorisation, verdict.NotRecognised)
	anyRoot := slices.ContainsFunc(a.q.Roots, func(r Root) bool { return r.Authorisation })
	switch {
	case !anyRoot:
		row = verdict.New(verdict.Authorisation, verdict.NoRootsConfigured)
	case a.loop:
		row = verdict.New(verdict.Authorisation, verdict.ChainCycle)
	case a.deep:
		row = verdict.New(verdict.Authorisation, verdict.ChainTooDeep)
	}
	rank := -1
	for i := range links {
		l := &links[i]
		if !l.root.Authorisation {
			continue
		}
		if r, n := a.judge(l); n > rank {
			best, row, rank = l, r, n
		}
	}
	for _, e := range a.evidence {
		if !e.Issues {
			continue
		}
		l := &link{Recognition: Recognition{ID: e.ID, By: e.By, Actions: []string{ActionIssue}, Types: e.Types, ValidFrom: e.From, ValidUntil: e.Until},
			root: Root{Name: e.By}, source: e.Source, chain: e.Chain, now: e.stands(a.q.At), then: a.then(e)}
		if r, n := a.judge(l); n > rank {
			best, row, rank = l, r, n
		}
	}
	if best == nil {
		for _, r := range a.bad {
			if r.Name == verdict.Authorisation {
				row = r
				break
			}
		}
		if row.Code == verdict.NotRecognised && len(a.above) > 0 {
			row = row.With("detail", "a link further up does not hold: "+strings.Join(a.above, ", "))
		}
	} else {
		a.id.Recognitions = best.chain
		row = row.With("by", name(*best)).From(best.source).On(verdict.Evidence{Kind: "recognition", ID: best.ID, By: best.By, At: best.ValidFrom})
	}
	a.id.Checks = append(a.id.Checks, row)
}

// qualityRow says what registers know of quality assurance at the issuing date,
// or now where the credential names none. Decisions about institutions count;
// those about single programmes are told by their source, because nothing shows
// whether one of them is about the programme of the credential.
func (a *assessment) qualityRow() {
	var best *verdict.QualityView
	rank := 0
	for _, e := range a.evidence {
		for _, d := range e.Quality {
			stands := d.WhenIssued || a.q.IssuedAt == nil && d.Now
			n := 0
			switch {
			case !stands, d.Activity == "programme", d.Activity == "joint programme":
			case d.Negative: // outweighs what is positive: whoever relies on it should look
				n = 2
			default:
				n = 1
			}
			if n > rank {
				rank, best = n, &d
			}
		}
	}
	row := verdict.New(verdict.Quality, verdict.NoQualityEvidence)
	switch rank {
	case 1:
		row = verdict.New(verdict.Quality, verdict.QualityEvidence)
	case 2:
		row = verdict.New(verdict.Quality, verdict.QualityNegative)
	}
	if best != nil {
		row = row.With("register", best.Register).With("decision", best.Decision).With("agency", best.Agency).
			On(verdict.Evidence{Kind: string(KindRegister), ID: best.Record, By: best.Agency, At: best.From})
		if best.UntilAssumed {
			row = row.With("until", "assumed")
		}
	}
	a.id.Checks = append(a.id.Checks, row)
}

// judge ranks what one chain says.
func (a *assessment) judge(l *link) (verdict.Check, int) {
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Authorisation, code) }
	switch {
	case !slices.Contains(l.Actions, ActionIssue):
		return row(verdict.NotRecognised), 0
	case l.Schemas || len(l.Types) > 0 && !covers(l.Types, a.q.Types):
		return row(verdict.TypeNotInScope), 1
	case l.now:
		return row(verdict.Recognised), 4
	case l.then:
		r := row(verdict.RecognisedWhenIssued)
		if a.q.ClaimedDate {
			r = r.As(verdict.Pass)
		}
		return r, 3
	case l.ValidFrom != nil && a.q.At.Before(*l.ValidFrom):
		return row(verdict.RecognitionNotYet).With("from", proof.FormatTime(*l.ValidFrom)), 2
	}
	return row(verdict.RecognitionExpired), 2
}

// covers tells whether every type of a credential that says something is in
// scope; adding a type that is does not help one that is not.
func covers(scope, types []string) bool {
	named := false
	for _, t := range types {
		switch t {
		case "VerifiableCredential", "OpenBadgeCredential", "AchievementCredential":
			named = named || slices.Contains(scope, t)
			continue
		}
		if !slices.Contains(scope, t) {
			return false
		}
		named = true
	}
	return named
}

// domain says whether the domain in the identifier is more than a claim, and which
// domains name the identifier themselves.
func (a *assessment) domain() {
	linked := func(host string) bool {
		return slices.ContainsFunc(a.evidence, func(e Evidence) bool {
			return e.Kind == KindDomain && e.Organisation.Domain == host && e.stands(a.q.At)
		})
	}
	if host := a.q.Domain; host != "" {
		row := verdict.New(verdict.Issuer, verdict.DomainClaimedOnly)
		switch {
		case a.q.DomainProven:
			row = verdict.New(verdict.Issuer, verdict.DomainProven)
			a.put(verdict.FieldDomain, host, "", verdict.Proven, "https://"+host)
		case linked(host):
			row = verdict.New(verdict.Issuer, verdict.DomainLinked)
		default:
			a.put(verdict.FieldDomain, host, "", verdict.Claimed, a.q.Issuer)
		}
		a.id.Checks = append(a.id.Checks, row.With("domain", host))
	}
	for _, e := range a.evidence {
		if host := e.Organisation.Domain; e.Kind == KindDomain && host != "" && linked(host) {
			a.put(verdict.FieldDomain, host, "", verdict.Proven, e.ID)
			if host != a.q.Domain {
				a.id.Checks = append(a.id.Checks, verdict.New(verdict.Issuer, verdict.DomainLinked).With("domain", host))
			}
		}
	}
	for i := range a.id.Fields { // what was seen just now stands now
		if f := &a.id.Fields[i]; f.Name == verdict.FieldDomain && f.State == verdict.Proven {
			f.Now = true
		}
	}
}
