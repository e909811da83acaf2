package proof

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// Purposes of a proof that the project uses (Data Integrity 1.0 section 2.1).
const (
	AssertionMethod      = "assertionMethod"
	Authentication       = "authentication"
	CapabilityInvocation = "capabilityInvocation"
)

const (
	defaultSkew      = 5 * time.Minute
	defaultMaxProofs = 16
)

// KeyFunc finds the public key behind a verification method and makes sure
// that it is authorised for the purpose. Its error is reported as the error of
// the proof that asked.
type KeyFunc func(ctx context.Context, verificationMethod, purpose string) (key.Public, error)

// Options says what a verifier expects of the proofs of a document.
type Options struct {
	// Purpose is the proofPurpose demanded of every proof. Empty means
	// assertionMethod.
	Purpose string
	// Domain is compared as a set with the proof's domain, Challenge as a
	// string; empty means none is expected, and then a proof that is bound to
	// one is still accepted.
	Domain    []string
	Challenge string
	// Now is the time of interest; the zero value means that times are not
	// judged (a caller who judges them itself).
	Now time.Time
	// Skew is how far ahead a proof's created may be. Zero means 5 minutes.
	Skew time.Duration
	// Loader holds the JSON-LD contexts for the rdfc suites. Nil refuses them.
	Loader *jsonld.Loader
	// MaxProofs bounds the number of proofs. Zero means 16.
	MaxProofs int
	// JSONLD bounds canonicalisation.
	JSONLD jsonld.Limits
	// Look, when set, is shown what the document, without its proofs, expands to,
	// each time that a proof over RDF has it expanded: a caller who also wants to
	// look need not expand it again. See Report.Expanded.
	Look func(jsonld.View)
}

// Result is what became of one proof. Err is nil when the proof verifies.
type Result struct {
	Index              int // position in the document's list of proofs
	ID                 string
	Type               string
	Suite              string
	VerificationMethod string
	Purpose            string
	Created            *time.Time
	Expires            *time.Time
	Key                key.Public
	Err                error
}

// Report lists every proof of a document, verified or not.
type Report struct {
	Proofs []Result
	// Document is the secured document: the proofs removed and, for a JCS
	// proof that carries an @context, with exactly that @context, because
	// anything appended later was not signed.
	Document map[string]any
	// Expanded says that Look was shown the document by a proof that holds: every
	// word in it has a meaning for the loader of the options.
	Expanded bool
}

// OK tells whether there is at least one proof and every proof verifies.
func (r *Report) OK() bool {
	for _, p := range r.Proofs {
		if p.Err != nil {
			return false
		}
	}
	return len(r.Proofs) > 0
}

// Verify checks every proof of doc (Data Integrity 1.0 sections 4.4 to 4.6:
// single proofs, sets, and chains by previousProof). The error is non-nil only
// when the proofs cannot be read at all; whether each holds is in the report.
// A proof whose chain is broken fails with ErrChain.
func Verify(ctx context.Context, doc map[string]any, keys KeyFunc, opt Options) (*Report, error) {
	proofs, err := listProofs(doc, opt.MaxProofs)
	if err != nil {
		return nil, err
	}
	bare := without(doc, "proof")
	v := &verification{ctx: ctx, bare: bare, proofs: proofs, keys: keys, opt: opt,
		state: make([]int, len(proofs)), results: make([]Result, len(proofs))}
	byID, err := indexByID(proofs)
	if err != nil {
		return nil, err
	}
	v.byID = byID
	for i := range proofs {
		v.check(i)
	}
	return &Report{Proofs: v.results, Document: signedView(bare, proofs, v.results), Expanded: v.expanded}, nil
}

// signedView returns the document as it was signed: DI-EdDSA 3.3.2 step 3
// replaces the @context by the proof's own for JCS proofs.
func signedView(bare map[string]any, proofs []map[string]any, results []Result) map[string]any {
	for i, p := range proofs {
		if results[i].Err == nil && isJCS(results[i].Suite) {
			if c, ok := p["@context"]; ok && !same(bare["@context"], c) {
				out := without(bare, "@context")
				out["@context"] = c
				return out
			}
		}
	}
	return bare
}

func listProofs(doc map[string]any, most int) ([]map[string]any, error) {
	if most <= 0 {
		most = defaultMaxProofs
	}
	var list []map[string]any
	switch p := doc["proof"].(type) {
	case nil:
		return nil, fmt.Errorf("%w: the document has no proof", ErrMissing)
	case map[string]any:
		list = []map[string]any{p}
	case []any:
		if len(p) > most {
			return nil, fmt.Errorf("%w: %d proofs, at most %d are read", ErrTooMany, len(p), most)
		}
		for i, e := range p {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%w: proof %d is not an object", ErrMalformed, i)
			}
			list = append(list, m)
		}
	default:
		return nil, fmt.Errorf("%w: proof is neither an object nor a list", ErrMalformed)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: the list of proofs is empty", ErrMissing)
	}
	return list, nil
}

func indexByID(proofs []map[string]any) (map[string]int, error) {
	byID := make(map[string]int)
	for i, p := range proofs {
		id, ok := p["id"].(string)
		if !ok {
			continue
		}
		if _, dup := byID[id]; dup {
			return nil, fmt.Errorf("%w: two proofs have the id %q", ErrMalformed, id)
		}
		byID[id] = i
	}
	return byID, nil
}

// The states of a proof while a chain is walked.
const (
	untouched = iota
	underway
	done
)

type verification struct {
	ctx     context.Context
	bare    map[string]any
	proofs  []map[string]any
	byID    map[string]int
	keys    KeyFunc
	opt     Options
	state   []int
	results []Result

	expanded bool
}

// check verifies proof i and, first, all that it builds on.
func (v *verification) check(i int) {
	if v.state[i] != untouched {
		return
	}
	v.state[i] = underway
	v.results[i] = describe(i, v.proofs[i])
	v.results[i].Err = v.verifyOne(i)
	v.state[i] = done
}

func (v *verification) verifyOne(i int) error {
	p, r := v.proofs[i], &v.results[i]
	if err := v.ctx.Err(); err != nil {
		// Canonical forms are long work by intent of some, and there may be many.
		return fmt.Errorf("proof %d: %w", i, err)
	}
	signature, err := checkMembers(p, r)
	if err != nil {
		return err
	}
	if err := checkExpectations(p, r, v.opt); err != nil {
		return err
	}
	secured, err := v.withPrevious(i)
	if err != nil {
		return err
	}
	pub, err := v.keys(v.ctx, r.VerificationMethod, r.Purpose)
	if err != nil {
		return fmt.Errorf("proof %d: verification method %s: %w", i, r.VerificationMethod, err)
	}
	r.Key = pub
	opt, shown := v.opt, false
	if look := opt.Look; look != nil {
		opt.Look = func(view jsonld.View) { shown = true; look(view) }
	}
	if _, chained := p["previousProof"]; chained {
		opt.Look = nil // the proof covers more than the document
	}
	if err := signature.verify(r.Suite, secured, p, pub, opt); err != nil {
		return err
	}
	v.expanded = v.expanded || shown
	return nil
}

// withPrevious returns the document that proof i secures: for a chain the
// referenced proofs stay inside it, with their values (DI 1.0 section 4.6).
func (v *verification) withPrevious(i int) (map[string]any, error) {
	refs, err := stringOrList(v.proofs[i]["previousProof"])
	if err != nil {
		return nil, fmt.Errorf("%w: previousProof: %w", ErrMalformed, err)
	}
	if len(refs) == 0 {
		return v.bare, nil
	}
	var previous []any
	for _, ref := range refs {
		j, ok := v.byID[ref]
		if !ok {
			return nil, fmt.Errorf("%w: no proof has the id %q", ErrChain, ref)
		}
		if v.state[j] == underway {
			return nil, fmt.Errorf("%w: proof %q builds on itself", ErrChain, ref)
		}
		v.check(j)
		if v.results[j].Err != nil {
			return nil, fmt.Errorf("%w: the previous proof %q does not hold", ErrChain, ref)
		}
		previous = append(previous, any(v.proofs[j]))
	}
	out := without(v.bare)
	out["proof"] = previous
	return out, nil
}

func describe(i int, p map[string]any) Result {
	str := func(name string) string { s, _ := p[name].(string); return s }
	r := Result{Index: i, ID: str("id"), Type: str("type"), Suite: str("cryptosuite"),
		VerificationMethod: str("verificationMethod"), Purpose: str("proofPurpose")}
	if r.Type != dataIntegrityProof {
		r.Suite = r.Type // legacy suites are named by their type
	}
	return r
}

// checkMembers demands what Data Integrity 1.0 section 2.1 demands, and returns
// the signature.
func checkMembers(p map[string]any, r *Result) (v value, err error) {
	for _, name := range []string{"type", "proofPurpose", "verificationMethod"} {
		if _, err := member(p, name); err != nil {
			return v, err
		}
	}
	if id, has := p["id"]; has {
		if s, ok := id.(string); !ok || s == "" {
			return v, fmt.Errorf("%w: id is not a string", ErrMalformed)
		}
	}
	if r.Type == dataIntegrityProof && r.Suite == "" {
		return v, fmt.Errorf("%w: cryptosuite", ErrMissing)
	}
	if isLegacy(r.Suite) == (r.Type == dataIntegrityProof) {
		return v, fmt.Errorf("%w: %q in a proof of type %q", ErrSuite, r.Suite, r.Type)
	}
	if v, err = readValue(r.Suite, p); err != nil {
		return v, err
	}
	for name, at := range map[string]**time.Time{"created": &r.Created, "expires": &r.Expires} {
		raw, has := p[name]
		if !has {
			continue
		}
		s, _ := raw.(string)
		t, err := ParseTime(s)
		if err != nil {
			return v, fmt.Errorf("%w: %s is not a date and time with zone", ErrMalformed, name)
		}
		*at = &t
	}
	if r.Type == Ed25519Signature2020 && r.Created == nil {
		return v, fmt.Errorf("%w: created", ErrMissing)
	}
	return v, nil
}

func checkExpectations(p map[string]any, r *Result, opt Options) error {
	want := opt.Purpose
	if want == "" {
		want = AssertionMethod
	}
	if r.Purpose != want {
		return fmt.Errorf("%w: %q where %q is expected", ErrPurpose, r.Purpose, want)
	}
	domains, err := stringOrList(p["domain"])
	if err != nil {
		return fmt.Errorf("%w: domain: %w", ErrMalformed, err)
	}
	if len(opt.Domain) > 0 && !sameSet(domains, opt.Domain) {
		return fmt.Errorf("%w: %q where %q is expected", ErrDomain, domains, opt.Domain)
	}
	if opt.Challenge != "" {
		if c, _ := p["challenge"].(string); c != opt.Challenge {
			return fmt.Errorf("%w: the proof answers another challenge", ErrChallenge)
		}
	}
	if opt.Now.IsZero() {
		return nil
	}
	skew := opt.Skew
	if skew <= 0 {
		skew = defaultSkew
	}
	if r.Created != nil && r.Created.After(opt.Now.Add(skew)) {
		return fmt.Errorf("%w: created %s", ErrFuture, r.Created.Format(time.RFC3339))
	}
	if r.Expires != nil && !r.Expires.After(opt.Now) {
		return fmt.Errorf("%w: %s", ErrExpired, r.Expires.Format(time.RFC3339))
	}
	return nil
}

// stringOrList reads a member that may be absent, a string or a list of them.
func stringOrList(v any) ([]string, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{x}, nil
	case []any:
		out := make([]string, 0, len(x))
		for _, e := range x {
			s, ok := e.(string)
			if !ok {
				return nil, fmt.Errorf("%w: a member is not a string", strictjson.ErrType)
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w: neither a string nor a list", strictjson.ErrType)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// without returns a shallow copy of m lacking the named members.
func without(m map[string]any, names ...string) map[string]any {
	out := make(map[string]any, len(m)+1)
	for k, v := range m {
		if !slices.Contains(names, k) {
			out[k] = v
		}
	}
	return out
}
