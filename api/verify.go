package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/verdict"
)

// problemUnknownOption tells a caller that an option had no effect (VCALM).
const problemUnknownOption = "https://www.w3.org/TR/vcalm#UNKNOWN_OPTION_PROVIDED"

// options are those of VC-API and of its successor VCALM.
type options struct {
	challenge string
	domain    []string
	// echo returns what was verified; results and problems are returned unless
	// the caller says no.
	echo, results, problems bool
	unknown                 []string
}

// readOptions reads the member options. An unknown one has no effect and is
// reported; "checks" of the older VC-API is passed over: everything is checked.
func readOptions(tree map[string]any, echo string) (options, error) {
	o := options{results: true, problems: true}
	raw, has := tree["options"]
	if !has {
		return o, nil
	}
	m, ok := raw.(map[string]any)
	if !ok {
		return o, wrongMember("options", "an object")
	}
	flags := map[string]*bool{echo: &o.echo, "returnResults": &o.results, "returnProblemDetails": &o.problems}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v := m[name]
		switch {
		case flags[name] != nil:
			if *flags[name], ok = v.(bool); !ok {
				return o, wrongMember("options."+name, "true or false")
			}
		case name == "challenge":
			if o.challenge, ok = v.(string); !ok {
				return o, wrongMember("options.challenge", "a text")
			}
		case name == "domain":
			if o.domain, ok = texts(v); !ok {
				return o, wrongMember("options.domain", "a text or a list of texts")
			}
		case name == "checks":
		default:
			o.unknown = append(o.unknown, name)
		}
	}
	return o, nil
}

func texts(v any) ([]string, bool) {
	if s, ok := v.(string); ok {
		return []string{s}, true
	}
	list, ok := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, is := e.(string)
		ok = ok && is
		out = append(out, s)
	}
	return out, ok
}

// verify is VC-API's POST /credentials/verify in the form of VCALM, with the whole
// verdict in the member of that name. VC-API asks for authenticity, so the
// policy is that.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) error {
	tree, raw, err := readObject(w, r, maxVerify)
	if err != nil {
		return err
	}
	c, ok := tree["verifiableCredential"].(map[string]any)
	if !ok {
		return wrongMember("verifiableCredential", "an object")
	}
	if p, has := c["proof"]; has && !isProof(p) {
		return wrongMember("verifiableCredential.proof", "an object, or a list of objects")
	}
	o, err := readOptions(tree, "returnCredential")
	if err != nil {
		return err
	}
	v, err := s.cfg.Node.VerifyFull(r.Context(), node.VerifyRequest{Credential: raw["verifiableCredential"], Policy: "authentic"})
	if err != nil {
		return err
	}
	out := map[string]any{"verified": v.Outcome == verdict.Verified, "verdict": v}
	if o.problems {
		out["problemDetails"] = append(problemsOf(v.Checks), o.ignored()...)
	}
	if o.results {
		out["results"] = resultsOf(c, v)
	}
	if o.echo {
		out["credential"] = raw["verifiableCredential"]
	}
	return s.answer(w, v.Outcome, out)
}

// verifyPresentation is VC-API's POST /presentations/verify. A presentation that
// comes as "presentation" has no proof, and none is asked for.
func (s *Server) verifyPresentation(w http.ResponseWriter, r *http.Request) error {
	tree, raw, err := readObject(w, r, maxVerify)
	if err != nil {
		return err
	}
	member := "verifiablePresentation"
	if tree[member] == nil && tree["presentation"] != nil {
		member = "presentation"
	}
	p, ok := tree[member].(map[string]any)
	if !ok {
		return wrongMember(member, "an object")
	}
	if proof, has := p["proof"]; has && (!isProof(proof) || member == "presentation") {
		return wrongMember(member+".proof", "left out, or a proof of a verifiablePresentation")
	}
	o, err := readOptions(tree, "returnPresentation")
	if err != nil {
		return err
	}
	q := node.VerifyRequest{Credential: raw[member], Policy: "authentic"}
	if member == "verifiablePresentation" {
		q.Challenge, q.Domain = o.challenge, o.domain
	}
	v, err := s.cfg.Node.VerifyPresentation(r.Context(), q)
	if err != nil {
		return err
	}
	verified := v.Outcome == verdict.Verified
	out := map[string]any{"verified": verified, "verdict": v}
	if o.problems {
		problems := problemsOf(v.Checks)
		for _, c := range v.Credentials {
			problems = append(problems, problemsOf(c.Checks)...)
		}
		out["problemDetails"] = append(problems, o.ignored()...)
	}
	if o.results {
		holds := !slices.ContainsFunc(v.Checks, func(c verdict.Check) bool { return c.Result == verdict.Fail || c.Result == verdict.Unknown })
		one := func(input any) map[string]any { return map[string]any{"verified": holds, "input": input} }
		about := map[string]any{"holder": one(p["holder"])}
		if o.challenge != "" {
			about["challenge"] = one(o.challenge)
		}
		if len(o.domain) > 0 {
			about["domain"] = one(o.domain)
		}
		if p["proof"] != nil {
			proof := one(p["proof"])
			proof["problemDetails"] = problemsOf(v.Checks)
			about["proof"] = []any{proof}
		}
		list := make([]any, len(v.Credentials))
		inside := asList(p["verifiableCredential"])
		for i, c := range v.Credentials {
			var tree map[string]any
			if i < len(inside) {
				tree, _ = inside[i].(map[string]any)
			}
			list[i] = resultsOf(tree, c)
		}
		out["results"] = map[string]any{"presentation": about, "credentials": list}
	}
	if o.echo {
		out["verifiablePresentation"] = raw[member]
	}
	return s.answer(w, v.Outcome, out)
}

// answer writes a result: 200, or for one that is not verified the status that
// the operator chose, because some callers look at nothing else.
func (s *Server) answer(w http.ResponseWriter, outcome verdict.Outcome, out map[string]any) error {
	status := http.StatusOK
	if outcome != verdict.Verified {
		status = s.cfg.FailureStatus
	}
	writeJSON(w, status, "application/json", out)
	return nil
}

// isProof tells whether a member can be one or more proofs at all (VC Data
// Model 2.0, section 4.12); what they say is for the verdict.
func isProof(v any) bool {
	if list, ok := v.([]any); ok {
		return len(list) > 0 && !slices.ContainsFunc(list, func(p any) bool { _, ok := p.(map[string]any); return !ok })
	}
	_, ok := v.(map[string]any)
	return ok
}

func asList(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

// problemsOf lists the rows that stand in the way and have a problem type.
func problemsOf(checks []verdict.Check) []map[string]any {
	out := []map[string]any{}
	for _, c := range checks {
		if c.Result != verdict.Fail && c.Result != verdict.Unknown {
			continue
		}
		if spec, ok := verdict.LookupIn(c.Name, c.Code); ok && spec.Problem != "" {
			out = append(out, map[string]any{"type": spec.Problem, "title": spec.Meaning, "detail": c.Params["detail"]})
		}
	}
	return out
}

func (o options) ignored() []map[string]any {
	var out []map[string]any
	for _, name := range o.unknown {
		out = append(out, map[string]any{"type": problemUnknownOption, "title": "The option is not known and had no effect.", "detail": name})
	}
	return out
}

// resultsOf writes a verdict as VCALM lays results out: per member of the
// credential, whether it holds. tree may be nil.
func resultsOf(tree map[string]any, v *verdict.Verdict) map[string]any {
	holds := func(name verdict.CheckName) bool {
		row, ok := v.Worst(name)
		return ok && (row.Result == verdict.Pass || row.Result == verdict.Warn)
	}
	one := func(ok bool, input any) map[string]any { return map[string]any{"verified": ok, "input": input} }
	out := map[string]any{}
	for _, name := range []string{"validFrom", "validUntil"} {
		if input, has := tree[name]; has {
			out[name] = one(holds(verdict.Dates), input)
		}
	}
	if list := asList(tree["credentialSchema"]); len(list) > 0 {
		out["credentialSchema"] = each(list, func(input any) map[string]any { return one(holds(verdict.Format), input) })
	}
	if list := asList(tree["credentialStatus"]); len(list) > 0 {
		out["credentialStatus"] = each(list, func(input any) map[string]any {
			m := one(holds(verdict.Status), input)
			if value, known := statusValue(input, v); known {
				m["value"] = value
			}
			return m
		})
	}
	if list := asList(tree["proof"]); len(list) > 0 {
		out["proof"] = each(list, func(input any) map[string]any { return one(holds(verdict.Integrity) && holds(verdict.Signer), input) })
	}
	return out
}

func each(list []any, f func(any) map[string]any) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = f(e)
	}
	return out
}

// statusValue is the value that was read at an entry: 1 when set, 0 when all
// entries were read and none is; unknown otherwise.
func statusValue(input any, v *verdict.Verdict) (int, bool) {
	entry, _ := input.(map[string]any)
	purpose, _ := entry["statusPurpose"].(string)
	all := true
	for _, c := range v.Checks {
		if c.Name != verdict.Status {
			continue
		}
		set := c.Code == verdict.Revoked && purpose == "revocation" || c.Code == verdict.Suspended && purpose == "suspension"
		if set {
			return 1, true
		}
		all = all && (c.Result == verdict.Pass || c.Result == verdict.Warn)
	}
	return 0, all
}

// issue is VC-API's POST /credentials/issue. Options choose the suite and, for
// selective disclosure, what is always shown.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) error {
	tree, raw, err := readObject(w, r, maxVerify)
	if err != nil {
		return err
	}
	if _, ok := tree["credential"].(map[string]any); !ok {
		return wrongMember("credential", "an object")
	}
	q := node.IssueRequest{Tree: raw["credential"]}
	if o, has := tree["options"]; has {
		m, ok := o.(map[string]any)
		if !ok {
			return wrongMember("options", "an object")
		}
		if suite, has := m["cryptosuite"]; has {
			if q.Suite, ok = suite.(string); !ok {
				return wrongMember("options.cryptosuite", "a text")
			}
		}
		if id, has := m["credentialId"]; has {
			if q.LocalRef, ok = id.(string); !ok {
				return wrongMember("options.credentialId", "a text")
			}
		}
	}
	in, err := json.Marshal(q)
	if err != nil {
		return wrongMember("credential", "an object")
	}
	who, _ := s.caller(r)
	out, err := s.cfg.Node.Op(r.Context(), node.OpIssue, who, in)
	if err != nil {
		return err
	}
	res, _ := out.(node.IssueResponse)
	writeJSON(w, http.StatusCreated, "application/json", map[string]any{"verifiableCredential": res.Credential})
	return nil
}
