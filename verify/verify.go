package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/credential/schema"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// State is what is known of the state of an issuer that publishes heads.
type State struct {
	Published, Expires time.Time // of the newest head; Expires is zero for a final one
	Final              bool
	Contested          bool // its heads have forked
	FirstContact       bool // met for the first time in this look-up
	Source             string
}

// Issuers tell what is known about issuers.
type Issuers interface {
	// State returns nil when the issuer publishes no heads.
	State(ctx context.Context, issuer string) (*State, error)
	// Practice returns nil when the issuer publishes none.
	Practice(ctx context.Context, issuer string) (*credential.Practice, error)
	// Evidence fills Whois, Roots, Find, Same and the domain of a request.
	Evidence(ctx context.Context, issuer string, q *legal.Request) error
}

// Config are the verifier's sources. Resolver and Status are needed to verify
// anything; a nil source makes what rests on it unknown.
type Config struct {
	Resolver did.Resolver
	Status   revocation.Source
	Issuers  Issuers
	Loader   *jsonld.Loader
	// Index keeps verified status lists between verifications; nil keeps none.
	Index *revocation.Index
	// Openers check forms of credentials beside JSON and JWT; nil means all that
	// the project has, trusting no seal (see Openers).
	Openers map[string]credential.Opener
	// Resources has the schemas at hand that credentials of an issuer name; nil
	// means none.
	Resources func(issuer string) schema.Source
	// Anchors speak for a chain; nil asks none.
	Anchors Anchors
	Clock   func() time.Time
	// Timeout bounds one verification; zero means 30 seconds.
	Timeout time.Duration
	// HostMapped says that web look-ups go to a test server.
	HostMapped bool
}

// Verifier makes verdicts. It is safe for concurrent use.
type Verifier struct{ cfg Config }

// New makes a verifier.
func New(cfg Config) *Verifier {
	if cfg.Loader == nil {
		cfg.Loader = jsonld.Builtin()
	}
	if cfg.Openers == nil {
		cfg.Openers = Openers(edc.Trust{})
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &Verifier{cfg}
}

// Verify judges one credential under a policy. at is the time that the verdict
// is about; zero means now. Where the policy sets a challenge or a domain, a form
// that cannot answer, or does not, is not verified: whoever shows the credential
// chooses the form. It always returns a verdict.
func (v *Verifier) Verify(ctx context.Context, body []byte, p Policy, at time.Time) *verdict.Verdict {
	out := new(verdict.Verdict)
	v.VerifyInto(ctx, out, body, p, at)
	return out
}

// VerifyInto is Verify for one of many: it writes over a verdict that nobody needs
// any more, and uses its memory again.
func (v *Verifier) VerifyInto(ctx context.Context, out *verdict.Verdict, body []byte, p Policy, at time.Time) {
	if at.IsZero() {
		at = v.cfg.Clock()
	}
	ctx, cancel := context.WithTimeout(ctx, v.cfg.Timeout)
	defer cancel()
	r := v.newRun(out, p, at)
	ctx, r.trace = withTrace(ctx)
	opt := r.options()
	opt.RetiredBefore = r.retiredBefore(ctx, body)
	r.guard(verdict.Format, func() { r.checked = credential.Check(ctx, body, opt) })
	if p.asks() && (r.checked == nil || !r.checked.Bound) {
		r.add(verdict.New(verdict.Integrity, verdict.ProofMissing).From("presentation").
			With("detail", "no proof by the holder answers both a challenge and a domain"))
	}
	r.judge(ctx)
}

// usualChecks is room for the checks of a verdict; with more it grows.
const usualChecks = 16

// newRun begins a verification whose verdict is written into out.
func (v *Verifier) newRun(out *verdict.Verdict, p Policy, at time.Time) *run {
	checks, elements := out.Checks, out.Annex
	if checks == nil {
		checks = make([]verdict.Check, 0, usualChecks)
	}
	if elements == nil {
		elements = []verdict.Element{}
	}
	clear(checks)
	clear(elements)
	*out = verdict.Verdict{AsOf: at.UTC().Truncate(time.Second),
		Policy: verdict.PolicyNote{Name: p.Name, Require: nonNil(p.Require), Changes: nonNil(p.Changes)},
		Checks: checks[:0], Issuer: verdict.IssuerView{Fields: []verdict.Field{}, Recognitions: []verdict.Recognition{}},
		Subject: verdict.SubjectView{Types: []string{}}, Place: verdict.PlaceView{By: []string{}}}
	return &run{v: v, p: p, at: at, work: jsonld.NewBudget(maxWork), out: out, elements: elements[:0]}
}

// judge makes the verdict of a credential that was opened.
func (r *run) judge(ctx context.Context) *verdict.Verdict {
	if r.trace == nil {
		ctx, r.trace = withTrace(ctx)
	}
	if r.checked == nil {
		r.checked = &credential.Checked{}
	}
	r.out.Checks = append(r.out.Checks, r.checked.Checks...)
	// Said before anything that could fail: two histories are never verified.
	if res := r.checked.Signer.Resolution; res != nil && res.Contested {
		r.add(verdict.New(verdict.Signer, verdict.DIDForked))
	}
	if c := r.checked.Credential; c != nil {
		r.guard(verdict.Status, func() { r.status(ctx, c) })
		r.guard(verdict.Freshness, func() { r.freshness(ctx, c) })
		r.guard(verdict.Freshness, func() { r.anchors(ctx, c) })
		r.guard(verdict.Issuer, func() { r.legal(ctx, c) })
		r.guard(verdict.Holder, func() { r.content(ctx, c) })
		r.guard(verdict.Format, func() { r.schemas(ctx, c) })
		r.guard(verdict.Format, func() { r.endorsements(ctx) })
	}
	r.privacy(r.trace)
	r.complete()
	r.out.Settle()
	return r.out
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return slices.Clone(s)
}

// maxWork bounds what the graphs of one request may cost, however many proofs,
// lists and credentials they are in: four times what one graph may, about two
// seconds. Usual credentials need none of it.
const maxWork = 2_000_000

// run is one verification.
type run struct {
	v        *Verifier
	p        Policy
	at       time.Time
	out      *verdict.Verdict
	elements []verdict.Element // memory for those of out
	checked  *credential.Checked
	practice *credential.Practice
	oldest   time.Time
	undated  bool // a list was used whose age is not known
	trace    *traceLog
	work     *jsonld.Budget
	same     func(a, b string) bool
	mandates []legal.Mandate // verified; for the issuer
	holder   string          // who proved to hold the presentation that this came in
}

func (r *run) add(rows ...verdict.Check) { r.out.Checks = append(r.out.Checks, rows...) }

// guard turns a panic of a dependency into an unknown row.
func (r *run) guard(name verdict.CheckName, f func()) {
	defer func() {
		if p := recover(); p != nil {
			r.add(verdict.New(name, verdict.InternalError))
		}
	}()
	f()
}

func (r *run) options() credential.Options {
	return credential.Options{Resolver: r.v.cfg.Resolver, At: r.at, Loader: r.v.cfg.Loader, Openers: r.v.cfg.Openers,
		Challenge: r.p.Challenge, Domain: r.p.Domain, JSONLD: jsonld.Limits{Budget: r.work}}
}

// evidence are the options for what was not made for this presentation and answers
// no challenge: lists, endorsements, schemas, and what is said of the issuer.
func (r *run) evidence() credential.Options {
	opt := r.options()
	opt.Challenge, opt.Domain = "", nil
	return opt
}

// status reads the issuer's practice and then the status entries.
func (r *run) status(ctx context.Context, c *credential.Credential) {
	unknown := false
	if r.v.cfg.Issuers != nil && r.checked.Signer.Resolution != nil {
		p, err := r.v.cfg.Issuers.Practice(ctx, c.Issuer)
		r.practice, unknown = p, err != nil
	}
	r.useOfKey()
	if r.v.cfg.Status == nil {
		r.add(verdict.New(verdict.Status, verdict.ListUnavailable))
		return
	}
	res := revocation.Check(ctx, c, revocation.Options{Source: r.v.cfg.Status, Credential: r.evidence(), At: r.at,
		MinLength: r.p.MinListLength, Practice: r.practice, PracticeUnknown: unknown, Demand: r.p.DemandStatus, Lenient: r.p.Lenient,
		Index: r.v.cfg.Index})
	r.oldest, r.undated = res.Oldest, res.Undated
	r.add(res.Checks...)
}

// useOfKey holds the signing key against what the practice lets it do.
func (r *run) useOfKey() {
	use := r.practice.UseOf(r.checked.Signer.Method.ID)
	if use == credential.UseList || use == credential.UseHead {
		r.add(verdict.New(verdict.Signer, verdict.ListKeySignedCredential).With("method", r.checked.Signer.Method.ID))
	}
}

// freshness judges the age of the issuer's state and of its lists.
func (r *run) freshness(ctx context.Context, c *credential.Credential) {
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Freshness, code) }
	if why := r.trace.missed(); why != "" {
		r.add(row(verdict.Unreached).With("detail", why))
	}
	var state *State
	if r.v.cfg.Issuers != nil {
		var err error
		if state, err = r.v.cfg.Issuers.State(ctx, c.Issuer); err != nil {
			r.add(row(verdict.NoEvidence).With("detail", err.Error()))
			return
		}
	}
	if state == nil && r.oldest.IsZero() && strings.HasPrefix(c.Issuer, "did:webvh:") {
		// Its log may have gone on since: nothing at hand has an age.
		r.add(row(verdict.NoEvidence))
		return
	}
	if r.undated {
		r.add(row(verdict.NoEvidence).With("detail", "a status list says nowhere when it was made"))
		return
	}
	var age time.Duration
	old, final := false, false
	if !r.oldest.IsZero() {
		age = r.at.Sub(r.oldest)
		old = age > r.p.MaxStatusAge
	}
	source := ""
	if state != nil {
		if state.Contested {
			r.add(row(verdict.HeadForked))
			return
		}
		if state.Published.After(r.v.cfg.Clock().Add(5 * time.Minute)) {
			r.add(row(verdict.ClockBehind))
			return
		}
		stateAge := r.at.Sub(state.Published)
		final, source = state.Final, state.Source
		age = max(age, stateAge)
		if !final && (stateAge > r.p.MaxAge || r.at.After(state.Expires)) {
			old = true
		}
		if state.FirstContact {
			r.add(row(verdict.FirstContact))
		}
	}
	switch {
	case !old:
		r.add(row(verdict.OK).Aged(age).From(source))
	case r.p.AcceptLastKnown > 0 && age <= r.p.AcceptLastKnown:
		r.add(row(verdict.StoodOn).With("on", proof.FormatTime(r.at.Add(-age))).Aged(age).From(source))
	case state != nil && !final && r.at.After(state.Expires):
		r.add(row(verdict.ExpiredHead).Aged(age).From(source))
	default:
		r.add(row(verdict.TooOld).Aged(age).From(source))
	}
}

// legal says who the issuer is in law and what it may issue.
func (r *run) legal(ctx context.Context, c *credential.Credential) {
	r.out.Issuer.ID = c.Issuer
	q, err := r.inquiry(ctx, c.Issuer)
	if err != nil {
		r.add(verdict.New(verdict.Issuer, verdict.EvidenceUnproven).As(verdict.Unknown).With("detail", err.Error()))
	}
	q.Types, q.Signed = c.Types, r.checked
	q.ClaimedDate, q.Registers = r.p.ClaimedDate, r.p.Registers
	closed := false
	if res := r.checked.Signer.Resolution; res != nil {
		closed, q.Document = res.Meta.Deactivated, res.Document
	}
	id := legal.Assess(ctx, q)
	r.mandates = id.Mandates
	if r.same = q.Same; r.same == nil {
		r.same = func(a, b string) bool { return a == b }
	}
	r.out.Issuer = id.View(c.Issuer, closed)
	r.add(id.Checks...)
	r.levels(c)
}

// inquiry prepares the question who somebody is in law, at the time of the verdict
// and at the issuing date. Without sources, all is the credential's own word.
func (r *run) inquiry(ctx context.Context, who string) (legal.Request, error) {
	var err error
	q := legal.Request{Issuer: who, At: r.at, Check: r.evidence()}
	if c := r.checked.Credential; c != nil {
		q.IssuedAt = c.ValidFrom
	}
	if r.v.cfg.Issuers != nil {
		err = r.v.cfg.Issuers.Evidence(ctx, who, &q)
	}
	if q.Status == nil {
		q.Status = func(ctx context.Context, c *credential.Credential) []verdict.Check {
			if r.v.cfg.Status == nil {
				return nil
			}
			return r.recent(revocation.Check(ctx, c, revocation.Options{Source: r.v.cfg.Status, Credential: r.evidence(), At: r.at, MinLength: r.p.MinListLength,
				Index: r.v.cfg.Index}))
		}
	}
	return q, err
}

// recent holds the age of the lists under which a recognition stands against the
// policy, as is done for the credential's own.
func (r *run) recent(res revocation.Result) []verdict.Check {
	most := max(r.p.MaxStatusAge, r.p.AcceptLastKnown)
	if res.Undated || !res.Oldest.IsZero() && r.at.Sub(res.Oldest) > most {
		return append(res.Checks, verdict.New(verdict.Status, verdict.ListExpired).With("detail", "the list is older than the policy allows"))
	}
	return res.Checks
}

// levels holds what was reached against what the policy demands for the types of the
// credential. A demand makes the check one that must pass.
func (r *run) levels(c *credential.Credential) {
	var reached []legal.Level
	for _, e := range r.out.Issuer.Evidence {
		if l, ok := legal.ParseLevel(e.Level); ok && (e.Now || e.WhenIssued && r.p.ClaimedDate) {
			reached = append(reached, l)
		}
	}
	for _, s := range r.out.Issuer.Levels { // its own word and its domain are no pieces of evidence
		if l, ok := legal.ParseLevel(s); ok && l <= legal.L2 {
			reached = append(reached, l)
		}
	}
	for _, rule := range r.p.Levels {
		if !rule.fits(c.Types) {
			continue
		}
		if !slices.Contains(r.p.Require, verdict.Issuer) {
			r.p.Require = append(slices.Clip(r.p.Require), verdict.Issuer)
			r.out.Policy.Require = nonNil(r.p.Require)
		}
		if rule.Level > legal.L0 && !slices.ContainsFunc(reached, func(l legal.Level) bool { return l.Meets(rule.Level) }) {
			r.add(verdict.New(verdict.Issuer, verdict.LevelTooLow).With("demanded", rule.Level.String()).With("type", rule.Type).
				With("reached", r.out.Issuer.Level).With("detail", "demanded "+rule.Level.String()+", reached "+orNone(reached)))
		}
	}
}

func orNone(levels []legal.Level) string {
	if len(levels) == 0 {
		return legal.L0.String()
	}
	slices.Sort(levels)
	var out []string
	for _, l := range slices.Backward(slices.Compact(levels)) {
		out = append(out, l.String())
	}
	return strings.Join(out, ", ")
}

// privacy says who was asked for what.
func (r *run) privacy(t *traceLog) {
	asked := t.list()
	issuer := ""
	if c := r.checked.Credential; c != nil {
		issuer = c.Issuer
	}
	code := verdict.NothingLeft
	for _, a := range asked {
		code = verdict.Asked
		if host := webHost(issuer); host != "" && strings.HasPrefix(a, "https:"+host) {
			code = verdict.IssuerAsked
			break
		}
	}
	row := verdict.New(verdict.Privacy, code)
	if len(asked) > 0 {
		row = row.With("asked", strings.Join(asked, "; "))
	}
	r.add(row)
	if r.v.cfg.HostMapped {
		r.add(verdict.New(verdict.Privacy, verdict.DevHostMap))
	}
}

func webHost(issuer string) string {
	parts := strings.Split(issuer, ":")
	if len(parts) > 3 && parts[1] == "webvh" {
		return strings.Replace(parts[3], "%3A", ":", 1)
	}
	if len(parts) > 2 && parts[1] == "web" {
		return strings.Replace(parts[2], "%3A", ":", 1)
	}
	return ""
}

// complete adds a row for every check that nothing was said about.
func (r *run) complete() {
	for _, name := range verdict.Names() {
		if !slices.ContainsFunc(r.out.Checks, func(c verdict.Check) bool { return c.Name == name }) {
			r.add(verdict.New(name, verdict.NotChecked).As(verdict.Unknown))
		}
	}
}

type traceKey struct{}

type traceLog struct {
	mu        sync.Mutex
	asked     []string
	unreached string
}

func withTrace(ctx context.Context) (context.Context, *traceLog) {
	t := new(traceLog)
	return context.WithValue(ctx, traceKey{}, t), t
}

// Asked notes in the verification that ctx belongs to, if any, that somebody
// was asked for something.
func Asked(ctx context.Context, what ...string) {
	if t, ok := ctx.Value(traceKey{}).(*traceLog); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.asked = append(t.asked, what...)
	}
}

// Unreached notes in the verification that ctx belongs to, if any, that somebody
// who was to be asked could not be, and why; what is held was used instead.
func Unreached(ctx context.Context, why string) {
	if t, ok := ctx.Value(traceKey{}).(*traceLog); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.unreached == "" {
			t.unreached = why
		}
	}
}

func (t *traceLog) missed() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unreached
}

func (t *traceLog) list() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.asked)
	return slices.Compact(slices.Clone(t.asked))
}

func notStapled(url string) error { return fmt.Errorf("%w: %.200s", ErrNotStapled, url) }
