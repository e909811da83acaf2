package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce", "status"}
}

// checkToken reads a credential secured as a compact JWS: by VC-JOSE-COSE 1.0
// (typ vc+jwt), as JWT of VCDM 1.1 (claim vc), or by Open Badges 3.0 section 8.2
// (the credential as payload, typ JWT or none).
func checkToken(ctx context.Context, text []byte, opt Options) *Checked {
	t, err := jose.Parse(text, opt.limits().MaxBytes)
	if err != nil {
		return tokenRefused(err)
	}
	mediaType, err := formOf(t, MediaVCJWT, opt)
	if err != nil {
		return Closed(t.Type, verdict.TokenType, err)
	}
	claims, err := t.Object(opt.limits())
	if err != nil {
		out := unreadable(err)
		out.MediaType = mediaType
		return out
	}
	tree, fault := unwrap(claims, mediaType, opt)
	if tree == nil {
		code := verdict.MalformedValue
		if errors.Is(fault, ErrOldNesting) {
			code = verdict.UnknownFormat
		}
		return Closed(mediaType, code, fault)
	}
	if fault = reconcile(t, claims, credentialPlaces(tree), mediaType == MediaJWT); fault == nil && mediaType == MediaJWT {
		fault = imposeDates(tree, claims)
	}
	e := Envelope{MediaType: mediaType, Tree: tree, Keys: NewKeys(ctx, opt), Words: mediaType == MediaJWT}
	if fault != nil {
		e.Rows = append(e.Rows, verdict.New(verdict.Format, verdict.MalformedValue).With("detail", fault.Error()).From(fromCredential))
	}
	e.TakeStatus(claims)
	e.verify(ctx, t, claims, opt)
	return CheckEnvelope(ctx, e, opt)
}

// formOf tells by typ and cty which form a token has: secured, the media type of
// VC-JOSE-COSE 1.0 that the place demands, or MediaJWT for what came before it.
// The error is jose.ErrType.
func formOf(t *jose.Token, secured string, opt Options) (string, error) {
	draft := strings.Replace(secured, "+", "+ld+", 1) // until 2024
	switch {
	case t.Type == "", t.Type == MediaJWT:
		return MediaJWT, nil
	case t.Type != secured && (t.Type != draft || !opt.Legacy):
		return "", t.Demand(secured, MediaJWT, "")
	case t.Cty != "" && t.Cty != strings.TrimSuffix(secured, "+jwt"):
		return "", fmt.Errorf("%w: cty is %.80q", jose.ErrType, t.Cty)
	}
	return secured, nil
}

// tokenRefused says what is wrong with a token that could not be read.
func tokenRefused(err error) *Checked {
	code := verdict.ProofMalformed
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return Closed(MediaJWT, verdict.TooLarge, err)
	case errors.Is(err, jose.ErrToken):
		return Closed(MediaJWT, verdict.ParsingError, err)
	case errors.Is(err, jose.ErrAlg):
		code = verdict.AlgorithmRefused
	}
	out := &Checked{MediaType: MediaJWT, Checks: []verdict.Check{
		verdict.New(verdict.Integrity, code).With("detail", err.Error()).From(fromCredential)}}
	out.fill()
	return out
}

// unwrap takes the credential out of the claims: from the claim vc of VCDM 1.1,
// or the claims themselves. Errors: [ErrClaim] and [ErrOldNesting].
func unwrap(claims map[string]any, mediaType string, opt Options) (map[string]any, error) {
	inner, nested := claims["vc"]
	_, isVP := claims["vp"]
	switch {
	case isVP:
		return nil, fmt.Errorf("%w: claim vp must not be there", ErrClaim)
	case nested && mediaType == MediaVCJWT:
		return nil, fmt.Errorf("%w: claim vc must not be there", ErrClaim)
	case !nested && mediaType == MediaJWT && claims["@context"] == nil:
		return nil, fmt.Errorf("%w: there is neither a vc claim nor an @context", ErrClaim)
	case !nested:
		return bare(claims), nil
	}
	tree, ok := inner.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: claim vc is not an object", ErrClaim)
	}
	if version2(tree) && !opt.Legacy {
		return nil, ErrOldNesting
	}
	return tree, nil
}

// bare is the document that stands beside the registered claims in one object. It
// shares what is below with the claims, of which only the registered ones may be
// read from now on.
func bare(claims map[string]any) map[string]any {
	tree := make(map[string]any, len(claims))
	for name, v := range claims {
		if !slices.Contains(registered(), name) {
			tree[name] = v
		}
	}
	return tree
}

func version2(tree map[string]any) bool {
	list, _ := tree["@context"].([]any)
	return len(list) > 0 && list[0] == ContextV2
}

// place is the member of a document that a claim stands for; in is nil where
// there is no one such member.
type place struct {
	claim  string
	in     map[string]any
	member string
}

// party is the place of a member that is a URL or an object with one.
func party(claim string, tree map[string]any, member string) place {
	if m, ok := tree[member].(map[string]any); ok {
		return place{claim, m, "id"}
	}
	return place{claim, tree, member}
}

func credentialPlaces(tree map[string]any) []place {
	var subject map[string]any
	if list, _ := objects(tree["credentialSubject"]); len(list) == 1 {
		subject = list[0]
	}
	return []place{party("iss", tree, "issuer"), {"jti", tree, "id"}, {"sub", subject, "id"}}
}

// reconcile demands that claims, and iss where the header repeats it, say what the
// members that they stand for say: a document that means two things is refused.
// With impose, as in JWTs of VCDM 1.1 (section 6.3.1) and Open Badges 3.0 (section
// 8.2.1), a claim also sets the member that is not there; in VC-JOSE-COSE 1.0
// (section 3.1.3) it does not. The error is [ErrClaim].
func reconcile(t *jose.Token, claims map[string]any, places []place, impose bool) error {
	for _, p := range places {
		v, has := claims[p.claim]
		if !has {
			continue
		}
		s, isText := v.(string)
		if !isText || p.in == nil {
			return fmt.Errorf("%w: %s", ErrClaim, p.claim)
		}
		switch old, set := p.in[p.member]; {
		case !set && impose:
			p.in[p.member] = s
		case (set || p.claim == "iss") && old != any(s):
			return fmt.Errorf("%w: %s", ErrClaim, p.claim)
		}
	}
	if v, has := t.Header["iss"]; has {
		s, isText := v.(string)
		if owner := places[0]; !isText || owner.in[owner.member] != any(s) {
			return fmt.Errorf("%w: iss in the header", ErrClaim)
		}
	}
	return nil
}

// imposeDates is reconcile for nbf and exp, which stand for the credential's own
// dates in the same two forms.
func imposeDates(tree, claims map[string]any) error {
	members := [2]string{"issuanceDate", "expirationDate"}
	if version2(tree) {
		members = [2]string{"validFrom", "validUntil"}
	}
	for i, claim := range []string{"nbf", "exp"} {
		v, has := claims[claim]
		if !has {
			continue
		}
		at, ok := instant(v)
		if !ok {
			return fmt.Errorf("%w: %s is not a time", ErrClaim, claim)
		}
		old, set := tree[members[i]]
		if !set {
			tree[members[i]] = at.Format(time.RFC3339)
			continue
		}
		text, _ := old.(string)
		if t, _, err := proof.ParseDateTime(text); err != nil || t.Unix() != at.Unix() {
			return fmt.Errorf("%w: %s", ErrClaim, claim)
		}
	}
	return nil
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
		code := verdict.KeyUnavailable
		if errors.Is(err, key.ErrWeak) {
			code = verdict.CryptographicError
		}
		e.Rows = append(e.Rows, row(code).With("detail", err.Error()))
		if e.Method == "" {
			e.Signer = []verdict.Check{verdict.New(verdict.Signer, verdict.SignerUnknown).With("detail", err.Error()).From(fromCredential)}
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
		// In the older forms nbf and exp are the credential's own dates.
		case e.MediaType == MediaJWT && name != "iat":
		case name == "exp" && !at.After(opt.At):
			return row(verdict.ProofExpired).With("until", proof.FormatTime(at))
		case name != "exp" && at.After(opt.At.Add(opt.skew())):
			return row(verdict.ProofCreatedInFuture).With("from", proof.FormatTime(at))
		}
	}
	return row(verdict.OK)
}

// findKey finds the key by the rules of the issuer's identifier. A jwk in the
// header chooses among the keys of the issuer's document and proves nothing by
// itself (Open Badges 3.0 section 8.2.4).
func (e *Envelope) findKey(ctx context.Context, t *jose.Token, claims map[string]any) (key.Public, error) {
	issuer, _ := idOf(e.Tree["issuer"]).(string)
	if raw, has := t.Header["jwk"]; has && t.Kid == "" {
		jwk, _ := raw.(map[string]any)
		pub, err := key.ParseJWK(jwk)
		if err != nil {
			return key.Public{}, err
		}
		if e.Method = e.Keys.holding(ctx, issuer, pub); e.Method == "" {
			e.Signer = []verdict.Check{verdict.New(verdict.Signer, verdict.KeyFromProof).From(fromCredential)}
		}
		return pub, nil
	}
	var err error
	if e.Method, err = e.Keys.named(ctx, t, claims, issuer); err != nil {
		return key.Public{}, err
	}
	return e.Keys.Find(ctx, e.Method, proof.AssertionMethod)
}

// named returns the verification method that kid means: as the URL of one, or as
// a name within the owner's document, which iss has to name then (VC-JOSE-COSE 1.0
// section 3.3.2). Without kid it is the owner's only one.
func (k *Keys) named(ctx context.Context, t *jose.Token, claims map[string]any, owner string) (string, error) {
	_, inClaims := claims["iss"]
	_, inHeader := t.Header["iss"]
	isDID := strings.HasPrefix(owner, "did:")
	switch {
	case strings.HasPrefix(t.Kid, "https://"), strings.HasPrefix(t.Kid, "did:") && strings.Contains(t.Kid, "#"):
		return t.Kid, nil
	case strings.HasPrefix(t.Kid, "did:"):
		return k.only(ctx, t.Kid), nil
	case t.Kid == "" && isDID:
		return k.only(ctx, owner), nil
	case t.Kid == "":
		return "", fmt.Errorf("%w: there is no kid", errNoKey)
	case !inClaims && !inHeader:
		return "", fmt.Errorf("%w: kid is relative and there is no iss", errNoKey)
	case strings.HasPrefix(t.Kid, "#") && owner != "":
		return owner + t.Kid, nil
	case isDID:
		return owner + "#" + t.Kid, nil
	}
	return "", fmt.Errorf("%w: kid is a name and iss is no DID", errNoKey)
}

// only returns the name of the one key with which a DID does what is demanded.
// Where there is none or a choice, the DID stands for it, and the look-up says why.
func (k *Keys) only(ctx context.Context, id string) string {
	res, doc, err := k.document(ctx, id)
	if err == nil {
		list := doc.Methods(k.relationship())
		if len(list) == 1 {
			return list[0].ID
		}
		err = fmt.Errorf("%w: no kid, and %s lists %d keys for %s", errNoKey, id, len(list), k.relationship())
	}
	k.found[id] = &lookup{did: id, resolution: res, err: err}
	return id
}

// holding returns the name under which a DID's document lists a key, or "".
func (k *Keys) holding(ctx context.Context, id string, pub key.Public) string {
	if _, doc, err := k.document(ctx, id); err == nil {
		if vm, ok := doc.FindKey(pub, k.relationship()); ok {
			return vm.ID
		}
	}
	return ""
}

// document returns the newest document of a DID, the last one where it is closed.
func (k *Keys) document(ctx context.Context, id string) (*did.Resolution, *did.Document, error) {
	if k.opt.Resolver == nil {
		return nil, nil, did.ErrUnavailable
	}
	res, err := k.opt.Resolver.Resolve(ctx, id, did.Options{})
	if err != nil {
		return nil, nil, err
	}
	doc := res.Document
	if doc == nil && res.Meta.Deactivated {
		doc = lastLive(res.Versions)
	}
	if doc == nil {
		return res, nil, did.ErrNotFound
	}
	return res, doc, nil
}

// SignToken secures an unsigned credential as a vc+jwt (VC-JOSE-COSE 1.0 section
// 3.1), or with typ MediaVPJWT a presentation. method is the URL of a key of the
// issuer or holder. iss and iat are set, extra adds other registered claims such
// as aud and nonce. Errors: [ErrMalformed], [ErrClaim], [ErrHolder] when the key
// is somebody else's, jose.ErrType, and those of jose.Sign.
func SignToken(ctx context.Context, tree map[string]any, s key.Signer, typ, method string, now time.Time, extra map[string]any) (string, error) {
	claims, _ := strictjson.Clone(tree).(map[string]any)
	signer, err := signerOf(claims, typ)
	if err != nil {
		return "", err
	}
	if signer != "" {
		if controllerOf(method) != signer {
			return "", fmt.Errorf("%w: %s is no key of %s", ErrHolder, method, signer)
		}
		claims["iss"] = signer
	}
	for name, v := range extra {
		if !slices.Contains(registered(), name) || name == "iss" || name == "iat" {
			return "", fmt.Errorf("%w: %s cannot be added", ErrClaim, name)
		}
		claims[name] = v
	}
	claims["iat"] = now.Unix()
	body, err := strictjson.Canonical(claims)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	short := strings.TrimPrefix(typ, "application/")
	return jose.Sign(ctx, s, map[string]any{"kid": method, "typ": short, "cty": strings.TrimSuffix(short, "+jwt")}, body)
}

// signerOf reads the document that is to be signed and says whose key is needed.
func signerOf(tree map[string]any, typ string) (string, error) {
	switch typ {
	case MediaVCJWT:
		c, err := read(tree)
		return c.Issuer, err
	case MediaVPJWT:
		p, err := readPresentation(tree, typ)
		if err != nil {
			return "", err
		}
		return p.Holder, nil
	}
	return "", fmt.Errorf("%w: %q", jose.ErrType, typ)
}
