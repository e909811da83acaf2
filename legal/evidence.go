package legal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/verdict"
)

// Kind is what sort of evidence something is.
type Kind string

// The kinds of evidence.
const (
	KindSelf        Kind = "self"        // the issuer's own word
	KindDomain      Kind = "domain"      // seen at its origin
	KindRegister    Kind = "register"    // a register that an operator imported
	KindRecognition Kind = "recognition" // a chain of recognitions to a configured root
	KindEBSI        Kind = "ebsi"        // a chain of EBSI accreditations to a configured root
	KindSeal        Kind = "eidas-seal"  // a statement of control, sealed
	KindSealKey     Kind = "x5t-binding" // the key of a seal certificate in the DID document
)

// Level says how well it is known who the issuer is in law. Levels of seals and
// those of recognition are of different axes; a higher number does not contain the
// lower ones, so that all that were reached are told.
type Level uint8

// The levels.
const (
	L0 Level = iota // unknown
	L1              // its own word
	L2              // domain or peers
	L3              // a register, joined by a stated rule
	L4              // recognised by a chain to a configured root
	L5              // advanced seal with a qualified certificate
	L6              // qualified seal
)

// String returns "L0" to "L6".
func (l Level) String() string { return "L" + string('0'+rune(min(l, L6))) }

// Evidence is one thing that somebody else than the issuer says about it, after
// everything that makes it true was checked.
type Evidence struct {
	Kind  Kind
	Level Level
	// By is whose word it is, as it is shown: "seal of VATES-A00000000 under a
	// Swedish service", "register DEQAR".
	By     string
	Source string // replica, stapled, file
	ID     string // of the credential, the certificate or the record in the register
	Digest string // of the bytes behind it, as sha256-...
	// Organisation is what it proves; parts that are empty prove nothing.
	Organisation Organisation
	Identifiers  []Identifier // further ones
	// Join is the rule by which the evidence was taken to be about this DID:
	// "did", "vat=seal", "schac=domain", "sealed-statement", "x5t#S256".
	Join string
	// At is when it was sealed, signed or observed. From and Until bound the time
	// for which it speaks; nil: no bound.
	At          time.Time
	From, Until *time.Time
	// What it may issue, when the evidence is about that too: the chain to a root
	// and the types in scope (none: no limit).
	Chain  []verdict.Recognition
	Issues bool
	Types  []string
	// Quality are decisions of quality assurance about the issuer.
	Quality []verdict.QualityView
}

// stands tells whether the evidence speaks for a time.
func (e Evidence) stands(t time.Time) bool {
	return (e.From == nil || !t.Before(*e.From)) && (e.Until == nil || !t.After(*e.Until))
}

// identifies tells whether the evidence says who somebody is: of a level that
// proves it, and with a name or number. A right to issue alone names nobody.
func (e Evidence) identifies() bool {
	return e.Level >= L3 && (len(e.Organisation.LegalNames) > 0 || !e.Organisation.ID.IsZero() || len(e.Identifiers) > 0)
}

// Inquiry is what a source is asked about.
type Inquiry struct {
	Issuer string // DID
	Same   func(a, b string) bool
	// Document is the issuer's current DID document, nil when it is not at hand.
	Document *did.Document
	At       time.Time
	IssuedAt *time.Time
	Types    []string // of the credential
	Whois    []*credential.Checked
	// Signed is the credential that the question is about, nil when it is about the
	// issuer alone. Its rows say what was established about it.
	Signed *credential.Checked
	// Proven are identifiers that sources before this one have proven, for joins.
	Proven []Identifier
	// Domain is the host in the identifier; it may be used for a join only when
	// DomainProven says that an origin sighting proves it.
	Domain       string
	DomainProven bool
	Status       func(ctx context.Context, c *credential.Credential) []verdict.Check
	Check        credential.Options
}

// Source is one kind of evidence about issuers. About returns what is proven about
// one; that there is nothing is no error. Rows are findings to be told with the
// evidence, which decide nothing unless their codes do. A source must not fetch
// beyond what its maker allowed it, and returns when ctx ends.
type Source interface {
	Kind() Kind
	// Concerns tells, from the inquiry alone and without waiting for anybody, whether
	// there is anything in it to look into. Where it says no, About is not called.
	Concerns(q Inquiry) bool
	About(ctx context.Context, q Inquiry) (found []Evidence, rows []verdict.Check, err error)
}

// sourceTime bounds one source when the request names no time.
const sourceTime = 5 * time.Second

// maxEvidence bounds what one source may say about one issuer.
const maxEvidence = 64

// ask puts the inquiry to a source that may fail, hang or panic. None of these
// makes anything better than it would be without the source: what it returned
// with an error is dropped.
func ask(ctx context.Context, s Source, q Inquiry, limit time.Duration) ([]Evidence, []verdict.Check, error) {
	if limit <= 0 {
		limit = sourceTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		found []Evidence
		rows  []verdict.Check
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if recover() != nil { // the value may hold anything; the log of the source has it
				a = answer{err: ErrSource}
			}
			done <- a
		}()
		a.found, a.rows, a.err = s.About(ctx, q)
	}()
	select {
	case a := <-done:
		if a.err == nil {
			a.err = ctx.Err() // too late
		}
		if a.err == nil && len(a.found) > maxEvidence {
			a.err = fmt.Errorf("%w: %d pieces of evidence from one source", ErrSource, len(a.found))
		}
		if a.err != nil {
			return nil, nil, a.err
		}
		return a.found, a.rows, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// concerns is s.Concerns. A source that panics there is asked, and its answer judged.
func concerns(s Source, q Inquiry) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = true
		}
	}()
	return s.Concerns(q)
}

// consult asks all sources that it concerns, in their order, so that what one proves
// can join what the next one knows.
func (a *assessment) consult(ctx context.Context) {
	for _, s := range a.q.Sources {
		q := Inquiry{Issuer: a.q.Issuer, Same: a.q.Same, Document: a.q.Document, At: a.q.At, IssuedAt: a.q.IssuedAt, Types: a.q.Types,
			Whois: a.whois, Signed: a.q.Signed, Proven: a.proven(), Domain: a.q.Domain, DomainProven: a.q.DomainProven, Status: a.q.Status, Check: a.q.Check}
		if !concerns(s, q) {
			continue
		}
		found, rows, err := ask(ctx, s, q, a.q.SourceTime)
		if err != nil {
			a.bad = append(a.bad, verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Warn).
				With("source", string(s.Kind())).With("detail", err.Error()))
			continue
		}
		for _, e := range found {
			if a.q.accepts(e) {
				a.evidence = append(a.evidence, e)
			}
		}
		for _, r := range rows {
			if r.Name == verdict.Authorisation { // told only where nothing else recognises the issuer
				a.bad = append(a.bad, r)
				continue
			}
			a.id.Checks = append(a.id.Checks, r)
		}
	}
}

// accepts tells whether the policy lets evidence count: that of registers only where
// it names none, or this one.
func (q Request) accepts(e Evidence) bool {
	if e.Kind != KindRegister || len(q.Registers) == 0 {
		return true
	}
	return slices.ContainsFunc(q.Registers, func(name string) bool {
		return strings.EqualFold(e.By, name) || strings.EqualFold(e.By, "register "+name)
	})
}

// Meets tells whether one of the levels that were reached is what is demanded. A seal
// of a higher level does for a lower one, and any evidence for a level below its own;
// only L4, which is about what an issuer may do, is met by nothing else.
func (l Level) Meets(demanded Level) bool {
	if demanded == L4 {
		return l == L4
	}
	return l >= demanded
}

// ParseLevel reads "L0" to "L6".
func ParseLevel(s string) (Level, bool) {
	if len(s) != 2 || s[0] != 'L' || s[1] < '0' || s[1] > '6' {
		return L0, false
	}
	return Level(s[1] - '0'), true
}

// proven are the identifiers that stand proven now.
func (a *assessment) proven() []Identifier {
	var out []Identifier
	for _, e := range a.evidence {
		if !e.stands(a.q.At) || e.Level < L3 {
			continue
		}
		for _, id := range append([]Identifier{e.Organisation.ID}, e.Identifiers...) {
			if !id.IsZero() && !slices.ContainsFunc(out, id.Equal) {
				out = append(out, id)
			}
		}
	}
	return out
}

// recognised adds chains of recognitions as evidence of who the issuer is.
func (a *assessment) recognised(links []link) {
	for _, l := range links {
		if !l.root.Identity {
			continue
		}
		e := Evidence{Kind: KindRecognition, Level: L4, By: name(l), Source: l.source, ID: l.ID, Organisation: l.Organisation, Join: "did",
			Chain: l.chain, From: l.ValidFrom, Until: l.ValidUntil}
		for _, up := range l.chain[1:] { // the shortest term in the chain bounds all
			if up.From != nil && (e.From == nil || up.From.After(*e.From)) {
				e.From = up.From
			}
			if up.Until != nil && (e.Until == nil || up.Until.Before(*e.Until)) {
				e.Until = up.Until
			}
		}
		a.evidence = append(a.evidence, e)
	}
}

// then tells whether the evidence stands at the issuing date that the credential
// claims.
func (a *assessment) then(e Evidence) bool { return a.q.IssuedAt != nil && e.stands(*a.q.IssuedAt) }

// counts tells whether the evidence says who the issuer is: it stands now or, where
// the policy takes the date that the credential claims, stood then. Otherwise whoever
// got hold of a key after its recognition ended could date back what it signs.
func (a *assessment) counts(e Evidence) bool {
	return e.stands(a.q.At) || a.q.ClaimedDate && a.then(e)
}

// tell writes the evidence, the levels and the decisions of quality into the answer.
func (a *assessment) tell() {
	level := func(l Level) {
		if !slices.Contains(a.id.Levels, l) {
			a.id.Levels = append(a.id.Levels, l)
		}
	}
	if a.own != nil || len(a.typed) > 0 {
		level(L1)
	}
	if a.q.DomainProven && a.q.Domain != "" {
		level(L2)
	}
	for _, e := range a.evidence {
		now, then := e.stands(a.q.At), a.then(e)
		v := verdict.EvidenceView{Kind: string(e.Kind), By: e.By, Level: e.Level.String(), Join: e.Join, Source: e.Source, ID: e.ID,
			Digest: e.Digest, From: e.From, Until: e.Until, Now: now, WhenIssued: then}
		if !e.At.IsZero() {
			at := e.At
			v.At = &at
		}
		a.id.Evidence = append(a.id.Evidence, v)
		if a.counts(e) && e.Level > L0 {
			level(e.Level)
		}
		a.id.Quality = append(a.id.Quality, e.Quality...)
	}
	slices.SortFunc(a.id.Levels, func(x, y Level) int { return cmp.Compare(y, x) })
}

// Level is the highest level that was reached.
func (id Identity) Level() Level {
	if len(id.Levels) == 0 {
		return L0
	}
	return id.Levels[0]
}

// View is the answer as part of a verdict.
func (id Identity) View(issuer string, closed bool) verdict.IssuerView {
	v := verdict.IssuerView{ID: issuer, Level: id.Level().String(), Fields: id.Fields, Recognitions: id.Recognitions,
		Evidence: id.Evidence, Quality: id.Quality, Closed: closed}
	for _, l := range id.Levels {
		v.Levels = append(v.Levels, l.String())
	}
	return v
}
