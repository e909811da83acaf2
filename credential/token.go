package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

var (
	// ErrClaim: a claim of a token and a member of its credential exclude each
	// other, or a claim has the wrong form. The issuer must issue again.
	ErrClaim = hint.New("credential: a claim of the token contradicts the credential", "The issuer must correct the named claim and issue the credential again.")
	// ErrOldNesting: a version 2.0 credential inside a vc claim.
	ErrOldNesting = hint.New("credential: version 2.0 inside a vc claim", "No specification allows this mixture; ask the issuer for typ vc+jwt with the credential as payload.")
)

// registered are the claims of RFC 7519 and RFC 7800 that stand beside a
// credential in the same object and are not part of it.
func registered() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce"}
}

// checkToken reads a credential secured as a compact JWS: by VC-JOSE-COSE 1.0
// (typ vc+jwt), as JWT of VCDM 1.1 (claim vc), or by Open Badges 3.0 section 8.2
// (the credential as payload, typ JWT or none).
func checkToken(ctx context.Context, text string, opt Options) *Checked {
	t, err := jose.Parse(text, opt.limits().MaxBytes)
	if err != nil {
		return tokenRefused(err)
	}
	mediaType := MediaJWT
	switch {
	case t.Type == "", t.Type == MediaJWT, t.Type == "application/jwt":
	case t.Type == MediaVCJWT, opt.Legacy && t.Type == "application/vc+ld+jwt":
		mediaType = MediaVCJWT
	default:
		return Closed(t.Type, verdict.TokenType, t.Demand(MediaVCJWT, MediaJWT, ""))
	}
	if mediaType == MediaVCJWT && t.Cty != "" && t.Cty != MediaVC {
		return Closed(mediaType, verdict.TokenType, fmt.Errorf("%w: cty is %.80q", jose.ErrType, t.Cty))
	}
	claims, err := t.Object(opt.limits())
	if err != nil {
		return Closed(mediaType, verdict.ParsingError, err)
	}
	tree, fault := unwrap(claims, mediaType, opt)
	if tree == nil {
		code := verdict.MalformedValue
		if errors.Is(fault, ErrOldNesting) {
			code = verdict.UnknownFormat
		}
		return Closed(mediaType, code, fault)
	}
	e := Envelope{MediaType: mediaType, Tree: tree, Keys: NewKeys(ctx, opt), Words: mediaType == MediaJWT}
	if fault != nil {
		e.Rows = append(e.Rows, verdict.New(verdict.Format, verdict.MalformedValue).With("detail", fault.Error()).From(fromCredential))
	}
	e.verify(ctx, t, claims, opt)
	return CheckEnvelope(ctx, e, opt)
}

// tokenRefused says what is wrong with a token that could not be read.
func tokenRefused(err error) *Checked {
	code, integrity := verdict.ParsingError, verdict.ProofMalformed
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return Closed(MediaJWT, verdict.TooLarge, err)
	case errors.Is(err, jose.ErrAlg):
		integrity = verdict.AlgorithmRefused
	}
	out := &Checked{MediaType: MediaJWT, Checks: []verdict.Check{
		verdict.New(verdict.Format, code).With("detail", err.Error()).From(fromCredential),
		verdict.New(verdict.Integrity, integrity).With("detail", err.Error()).From(fromCredential)}}
	out.fill()
	return out
}

// unwrap takes the credential out of the claims. A nil tree means there is none;
// an error beside a tree is a contradiction between claims and credential.
func unwrap(claims map[string]any, mediaType string, opt Options) (map[string]any, error) {
	inner, nested := claims["vc"]
	switch {
	case !nested && mediaType == MediaVCJWT, !nested && claims["@context"] != nil:
		for _, name := range []string{"vc", "vp"} {
			if _, has := claims[name]; has {
				return nil, fmt.Errorf("%w: claim %s must not be there", ErrClaim, name)
			}
		}
		tree := maps.Clone(claims)
		for _, name := range registered() {
			delete(tree, name)
		}
		return tree, agree(tree, claims)
	case nested && mediaType == MediaVCJWT:
		return nil, fmt.Errorf("%w: claim vc must not be there", ErrClaim)
	case !nested:
		return nil, fmt.Errorf("%w: there is neither a vc claim nor an @context", ErrClaim)
	}
	tree, ok := strictjson.Clone(inner).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: claim vc is not an object", ErrClaim)
	}
	if list, _ := tree["@context"].([]any); len(list) > 0 && list[0] == ContextV2 && !opt.Legacy {
		return nil, ErrOldNesting
	}
	return tree, impose(tree, claims)
}

// agree demands that claims which repeat a member of the credential say the same
// (VC-JOSE-COSE 1.0 section 3.1.3; Open Badges 3.0 section 8.2.1).
func agree(tree, claims map[string]any) error {
	subject, _ := tree["credentialSubject"].(map[string]any)
	pairs := []struct {
		claim  string
		member any
	}{{"iss", idOf(tree["issuer"])}, {"jti", tree["id"]}, {"sub", subject["id"]}}
	for _, p := range pairs {
		if v, has := claims[p.claim]; has && (p.member != nil || p.claim == "iss") && !reflect.DeepEqual(v, p.member) {
			return fmt.Errorf("%w: %s", ErrClaim, p.claim)
		}
	}
	return nil
}

// impose sets the members that claims stand for (VCDM 1.1 section 6.3.1). Where
// both are there and differ, the credential means two things, and is refused.
func impose(tree, claims map[string]any) error {
	version2 := false
	if list, _ := tree["@context"].([]any); len(list) > 0 {
		version2 = list[0] == ContextV2
	}
	from, until := "issuanceDate", "expirationDate"
	if version2 {
		from, until = "validFrom", "validUntil"
	}
	var fault error
	fail := func(claim string) {
		if fault == nil {
			fault = fmt.Errorf("%w: %s", ErrClaim, claim)
		}
	}
	for claim, member := range map[string]string{"nbf": from, "exp": until} {
		v, has := claims[claim]
		if !has {
			continue
		}
		at, ok := instant(v)
		if !ok {
			fail(claim)
			continue
		}
		old, set := tree[member]
		if !set {
			tree[member] = at.Format(time.RFC3339)
			continue
		}
		text, _ := old.(string)
		if t, _, err := proof.ParseDateTime(text); err != nil || t.Unix() != at.Unix() {
			fail(claim)
		}
	}
	if v, has := claims["jti"]; has {
		if tree["id"] == nil {
			tree["id"] = v
		} else if tree["id"] != v {
			fail("jti")
		}
	}
	if v, has := claims["iss"]; has {
		switch x := tree["issuer"].(type) {
		case nil:
			tree["issuer"] = v
		case map[string]any:
			if x["id"] == nil {
				x["id"] = v
			}
		}
		if !reflect.DeepEqual(idOf(tree["issuer"]), v) {
			fail("iss")
		}
	}
	if v, has := claims["sub"]; has {
		if s, ok := tree["credentialSubject"].(map[string]any); ok {
			if s["id"] == nil {
				s["id"] = v
			} else if s["id"] != v {
				fail("sub")
			}
		}
	}
	return fault
}

// idOf returns the id of a member that is a URL or an object with one.
func idOf(v any) any {
	if m, ok := v.(map[string]any); ok {
		return m["id"]
	}
	return v
}

// verify finds the key and checks the signature and its own term.
func (e *Envelope) verify(ctx context.Context, t *jose.Token, claims map[string]any, opt Options) {
	row := func(code verdict.Code) verdict.Check {
		return verdict.New(verdict.Integrity, code).With("suite", t.Alg).From(fromCredential)
	}
	if at, ok := instant(claims["iat"]); ok {
		e.Created = &at
	}
	pub, err := e.findKey(ctx, t, claims)
	if err != nil {
		e.Rows = append(e.Rows, row(verdict.KeyUnavailable).With("detail", err.Error()))
		if e.Method == "" {
			e.Signer = []verdict.Check{verdict.New(verdict.Signer, verdict.SignerUnknown).With("detail", err.Error())}
		}
		return
	}
	switch err := t.Verify(pub); {
	case errors.Is(err, jose.ErrAlg):
		e.Rows = append(e.Rows, row(verdict.AlgorithmRefused).With("detail", err.Error()))
	case err != nil:
		e.Rows = append(e.Rows, row(verdict.SignatureInvalid).With("detail", err.Error()))
	default:
		e.Rows = append(e.Rows, e.term(claims, row, opt))
	}
}

// term judges iat, nbf and exp of the signature (VC-JOSE-COSE 1.0 section 3.1.3).
func (e *Envelope) term(claims map[string]any, row func(verdict.Code) verdict.Check, opt Options) verdict.Check {
	for _, name := range []string{"iat", "nbf", "exp"} {
		v, has := claims[name]
		if !has {
			continue
		}
		at, ok := instant(v)
		switch {
		case !ok:
			return row(verdict.ProofMalformed).With("detail", name+" is not a time")
		// In a JWT of VCDM 1.1 nbf and exp are the credential's own dates.
		case e.MediaType == MediaJWT && name != "iat":
		case name == "exp" && !at.After(opt.At):
			return row(verdict.ProofExpired).With("until", proof.FormatTime(at))
		case name != "exp" && at.After(opt.At.Add(opt.skew())):
			return row(verdict.ProofCreatedInFuture).With("from", proof.FormatTime(at))
		}
	}
	return row(verdict.OK)
}

// findKey finds the key by the rules of the issuer's identifier: by kid as the
// URL of a verification method, or relative to the issuer; without kid, the one
// assertion key of the issuer's document. A jwk in the header chooses among the
// keys of the issuer's document and proves nothing by itself.
func (e *Envelope) findKey(ctx context.Context, t *jose.Token, claims map[string]any) (key.Public, error) {
	issuer, _ := idOf(e.Tree["issuer"]).(string)
	if s, ok := claims["iss"].(string); ok && issuer == "" {
		issuer = s
	}
	if hdr, has := t.Header["iss"]; has && hdr != issuer {
		return key.Public{}, fmt.Errorf("%w: iss in the header", ErrClaim)
	}
	e.name(ctx, t, issuer)
	jwk, hasJWK := t.Header["jwk"].(map[string]any)
	if hasJWK && t.Kid == "" {
		pub, err := key.ParseJWK(jwk)
		if err != nil {
			return key.Public{}, err
		}
		if e.Method = e.Keys.holding(ctx, issuer, pub); e.Method == "" {
			e.Signer = []verdict.Check{verdict.New(verdict.Signer, verdict.KeyFromProof)}
			return pub, nil
		}
	}
	if e.Method == "" {
		return key.Public{}, fmt.Errorf("%w: kid names no key of the issuer", errNoKey)
	}
	return e.Keys.Find(ctx, e.Method, proof.AssertionMethod)
}

// name sets the verification method that kid means, or that is meant without.
func (e *Envelope) name(ctx context.Context, t *jose.Token, owner string) {
	switch {
	case strings.HasPrefix(t.Kid, "did:") || strings.HasPrefix(t.Kid, "https://"):
		e.Method = t.Kid
		if !strings.Contains(t.Kid, "#") {
			e.Method = e.Keys.only(ctx, t.Kid)
		}
	case strings.HasPrefix(t.Kid, "#"):
		e.Method = owner + t.Kid
	case t.Kid != "" && strings.HasPrefix(owner, "did:"):
		e.Method = owner + "#" + t.Kid
	case t.Kid == "" && strings.HasPrefix(owner, "did:"):
		e.Method = e.Keys.only(ctx, owner)
	}
}

// only returns the name of the one key with which a DID makes assertions, or the
// DID itself when there is none or a choice.
func (k *Keys) only(ctx context.Context, id string) string {
	if doc := k.document(ctx, id); doc != nil {
		if ms := doc.Methods(k.relationship()); len(ms) == 1 {
			return ms[0].ID
		}
	}
	return id
}

// holding returns the name under which a DID's document lists a key, or "".
func (k *Keys) holding(ctx context.Context, id string, pub key.Public) string {
	if doc := k.document(ctx, id); doc != nil {
		if vm, ok := doc.FindKey(pub, did.AssertionMethod); ok {
			return vm.ID
		}
	}
	return ""
}

func (k *Keys) document(ctx context.Context, id string) *did.Document {
	if k.opt.Resolver == nil || !strings.HasPrefix(id, "did:") {
		return nil
	}
	res, err := k.opt.Resolver.Resolve(ctx, id, did.Options{})
	if err != nil {
		return nil
	}
	return res.Document
}

// SignToken secures an unsigned credential as a vc+jwt (VC-JOSE-COSE 1.0 section
// 3.1), or with typ MediaVPJWT a presentation. method is the URL of the signer's
// key. iat is set from now.
func SignToken(ctx context.Context, tree map[string]any, s key.Signer, typ, method string, now time.Time, extra map[string]any) (string, error) {
	header := map[string]any{"kid": method}
	switch typ {
	case MediaVCJWT:
		header["typ"], header["cty"] = "vc+jwt", "vc"
	case MediaVPJWT:
		header["typ"], header["cty"] = "vp+jwt", "vp"
	default:
		return "", fmt.Errorf("%w: %q", jose.ErrType, typ)
	}
	claims := maps.Clone(tree)
	for name, v := range extra {
		claims[name] = v
	}
	claims["iss"] = idOf(tree["issuer"])
	if typ == MediaVPJWT {
		claims["iss"] = idOf(tree["holder"])
	}
	if claims["iss"] == nil {
		delete(claims, "iss")
	}
	claims["iat"] = json.Number(fmt.Sprint(now.Unix()))
	body, err := strictjson.Canonical(claims)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return jose.Sign(ctx, s, header, body)
}
