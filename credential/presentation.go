package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxInPresentation bounds the credentials inside one presentation.
const maxInPresentation = 64

// Presentation is a presentation with what was established about it and about
// each credential inside.
type Presentation struct {
	Tree      map[string]any
	MediaType string // MediaVP or MediaVPJWT
	// Holder is the URL that the presentation names; where it names none, whose
	// key signed it; else "".
	Holder string
	// Signed tells that a proof by the holder verifies. An unsigned
	// presentation is a mere envelope: its credentials count, nobody is bound.
	Signed bool
	// Err is why a proof that is there does not hold, or why the envelope
	// cannot be read; the credentials are then checked all the same.
	Err         error
	Credentials []*Checked
	// Raw are the credentials as they stand in the envelope: objects, or the text
	// of a token in a presentation of version 1.1.
	Raw []any
}

// MediaVP is a presentation in JSON, with embedded proofs or none.
const MediaVP = "application/vp"

// CheckPresentation reads a presentation (VCDM 2.0 section 4.13) in JSON, as
// vp+jwt, as JWT of VCDM 1.1 or enveloped: its proof, if any, must be for
// authentication, by a key of the holder, and answer opt.Challenge and opt.Domain
// where those are given; each credential inside is checked on its own. The error
// is non-nil only when the bytes are no presentation at all.
func CheckPresentation(ctx context.Context, body []byte, opt Options) (*Presentation, error) {
	if Sniff(body) == MediaJWT {
		return checkPresentationToken(ctx, bytes.TrimSpace(body), opt)
	}
	tree, err := strictjson.ParseObject(body, opt.limits())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	if hasType(tree, "EnvelopedVerifiablePresentation") {
		mediaType, data, err := dataURL(tree)
		if err != nil {
			return nil, err
		}
		if mediaType != MediaVPJWT {
			return nil, fmt.Errorf("%w: id: media type %.80q", ErrMalformed, mediaType)
		}
		p, err := checkPresentationToken(ctx, data, opt)
		if err == nil && p.MediaType != MediaVPJWT {
			return nil, fmt.Errorf("%w: id: the envelope says %s and holds %s", ErrMalformed, MediaVPJWT, p.MediaType)
		}
		return p, err
	}
	p, err := readPresentation(tree, MediaVP)
	if err != nil {
		return nil, err
	}
	if _, has := tree["proof"]; has {
		p.Err = p.verify(ctx, opt)
		p.Signed = p.Err == nil
	}
	p.checkCredentials(ctx, opt)
	return p, nil
}

// IsPresentation tells, from type and typ alone, whether bytes are a presentation
// rather than a credential. It proves nothing.
func IsPresentation(body []byte) bool {
	switch Sniff(body) {
	case MediaVC:
		tree, err := strictjson.ParseObject(body, Options{}.limits())
		return err == nil && (hasType(tree, "VerifiablePresentation") || hasType(tree, "EnvelopedVerifiablePresentation"))
	case MediaJWT:
		t, err := jose.Parse(bytes.TrimSpace(body), MaxBytes)
		if err != nil {
			return false
		}
		claims, err := t.Object(Options{}.limits())
		return err == nil && (t.Type == MediaVPJWT || claims["vp"] != nil)
	}
	return false
}

func readPresentation(tree map[string]any, mediaType string) (*Presentation, error) {
	types, err := stringOrList(tree["type"])
	if err != nil || !slices.Contains(types, "VerifiablePresentation") {
		return nil, fmt.Errorf("%w: type does not include VerifiablePresentation", ErrMalformed)
	}
	contexts, ok := tree["@context"].([]any)
	if !ok || len(contexts) == 0 || contexts[0] != ContextV2 && contexts[0] != ContextV1 {
		return nil, fmt.Errorf("%w: @context[0]: must be %s", ErrMalformed, ContextV2)
	}
	p := &Presentation{Tree: tree, MediaType: mediaType}
	if err := p.readHolder(); err != nil {
		return nil, err
	}
	return p, p.readCredentials(contexts[0] == ContextV1)
}

func (p *Presentation) readHolder() error {
	raw, has := p.Tree["holder"]
	if !has {
		return nil
	}
	if p.Holder, _ = idOf(raw).(string); !isURL(p.Holder) {
		return fmt.Errorf("%w: holder: must be a URL or an object whose id is one", ErrMalformed)
	}
	return nil
}

// readCredentials lists what is inside. Texts are allowed in version 1.1 only, and
// only tokens.
func (p *Presentation) readCredentials(texts bool) error {
	list, ok := p.Tree["verifiableCredential"].([]any)
	if raw, has := p.Tree["verifiableCredential"]; has && !ok {
		list = []any{raw}
	}
	if len(list) > maxInPresentation {
		return fmt.Errorf("%w: verifiableCredential: %w: %d credentials, at most %d are read", ErrMalformed, strictjson.ErrTooLarge, len(list), maxInPresentation)
	}
	for i, e := range list {
		m, isMap := e.(map[string]any)
		text, _ := e.(string)
		form := Sniff([]byte(text))
		switch {
		case texts && (form == MediaJWT || form == MediaSDJWT):
		case !isMap:
			return fmt.Errorf("%w: verifiableCredential[%d]: must be an object", ErrMalformed, i)
		case p.MediaType == MediaVPJWT && !hasType(m, "EnvelopedVerifiableCredential"):
			// VC-JOSE-COSE 1.0 section 3.1.2.
			return fmt.Errorf("%w: verifiableCredential[%d]: must be enveloped", ErrMalformed, i)
		}
	}
	p.Raw = list
	return nil
}

func (p *Presentation) checkCredentials(ctx context.Context, opt Options) {
	for _, c := range p.Raw {
		if err := ctx.Err(); err != nil {
			p.Credentials = append(p.Credentials, Closed(MediaVC, verdict.BudgetExceeded, err))
			continue
		}
		switch x := c.(type) {
		case map[string]any:
			p.Credentials = append(p.Credentials, CheckTree(ctx, x, opt))
		case string:
			p.Credentials = append(p.Credentials, Check(ctx, []byte(x), opt))
		}
	}
}

// holderKey returns a finder of keys that may authenticate now: unlike with
// credentials, a key that may not is none.
func holderKey(keys *Keys) proof.KeyFunc {
	keys.purpose = proof.Authentication
	return func(ctx context.Context, method, purpose string) (key.Public, error) {
		k, err := keys.Find(ctx, method, purpose)
		if err != nil {
			return k, err
		}
		l := keys.lookup(ctx, method)
		term, over := methodTimes(l.method, keys.opt.At, func(c verdict.Code) verdict.Check { return verdict.New(verdict.Signer, c) })
		switch {
		case l.err != nil:
			return k, l.err
		case over:
			return k, fmt.Errorf("%w: %s", ErrHolder, term.Code)
		case l.retired:
			return k, fmt.Errorf("%w: its key is retired", ErrHolder)
		case l.closed && keys.opt.Challenge != "":
			// What was signed before stands; to answer now nobody is left.
			return k, fmt.Errorf("%w: its identifier is closed", ErrHolder)
		}
		return k, nil
	}
}

// verify checks the envelope's own proof: authentication by the holder.
func (p *Presentation) verify(ctx context.Context, opt Options) error {
	report, err := proof.Verify(ctx, p.Tree, holderKey(NewKeys(ctx, opt)), proof.Options{Purpose: proof.Authentication, Now: opt.At,
		Skew: opt.Skew, Loader: opt.loader(), JSONLD: opt.JSONLD, Challenge: opt.Challenge, Domain: opt.Domain})
	if err != nil {
		return err
	}
	holder := p.Holder
	for _, r := range report.Proofs {
		if r.Err != nil {
			return r.Err
		}
		if holder, err = heldBy(holder, r.VerificationMethod); err != nil {
			return err
		}
	}
	p.Tree, p.Holder = report.Document, holder
	return nil
}

// heldBy demands that a key is the holder's, who is its controller where nobody
// was named.
func heldBy(holder, method string) (string, error) {
	signer := controllerOf(method)
	if holder != "" && signer != holder {
		return "", fmt.Errorf("%w: signed with a key of %.200s", ErrHolder, signer)
	}
	return signer, nil
}

// checkPresentationToken reads a presentation secured as a compact JWS: by
// VC-JOSE-COSE 1.0 (typ vp+jwt) or as JWT of VCDM 1.1 (claim vp).
func checkPresentationToken(ctx context.Context, text []byte, opt Options) (*Presentation, error) {
	t, err := jose.Parse(text, opt.limits().MaxBytes)
	if err != nil {
		return nil, err
	}
	mediaType, err := formOf(t, MediaVPJWT, opt)
	if err != nil {
		return nil, err
	}
	claims, err := t.Object(opt.limits())
	if err != nil {
		return nil, err
	}
	tree := bare(claims)
	_, vc := claims["vc"]
	vp, nested := claims["vp"]
	switch {
	case vc, nested && mediaType == MediaVPJWT:
		return nil, fmt.Errorf("%w: claims vc and vp must not be there", ErrClaim)
	case mediaType == MediaJWT:
		if tree, _ = vp.(map[string]any); tree == nil {
			return nil, fmt.Errorf("%w: there is no vp claim", ErrClaim)
		}
	}
	fault := reconcile(t, claims, []place{party("iss", tree, "holder"), {"jti", tree, "id"}}, mediaType == MediaJWT)
	p, err := readPresentation(tree, mediaType)
	if err != nil {
		return nil, err
	}
	if p.Err = fault; fault == nil {
		p.Err = p.verifyToken(ctx, t, claims, opt)
	}
	p.Signed = p.Err == nil
	p.checkCredentials(ctx, opt)
	return p, nil
}

// verifyToken checks the holder's signature, that it answers what was asked
// (nonce, aud), and its term.
func (p *Presentation) verifyToken(ctx context.Context, t *jose.Token, claims map[string]any, opt Options) error {
	keys := NewKeys(ctx, opt)
	find := holderKey(keys)
	method, err := keys.named(ctx, t, claims, p.Holder)
	if err != nil {
		return err
	}
	pub, err := find(ctx, method, proof.Authentication)
	if err != nil {
		return err
	}
	if err := t.Verify(pub); err != nil {
		return err
	}
	holder, err := heldBy(p.Holder, method)
	if err != nil {
		return err
	}
	if opt.Challenge != "" && claims["nonce"] != opt.Challenge {
		return fmt.Errorf("%w: nonce", proof.ErrChallenge)
	}
	if len(opt.Domain) > 0 {
		aud, err := stringOrList(claims["aud"])
		if err != nil || !slices.ContainsFunc(aud, func(a string) bool { return slices.Contains(opt.Domain, a) }) {
			return fmt.Errorf("%w: aud", proof.ErrDomain)
		}
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		v, has := claims[name]
		if !has {
			continue
		}
		at, ok := instant(v)
		switch {
		case !ok:
			return fmt.Errorf("%w: %s is not a time", ErrClaim, name)
		case name == "exp" && !at.After(opt.At):
			return fmt.Errorf("%w: %s", proof.ErrExpired, proof.FormatTime(at))
		case name != "exp" && at.After(opt.At.Add(opt.skew())):
			return fmt.Errorf("%w: %s %s", proof.ErrFuture, name, proof.FormatTime(at))
		}
	}
	p.Holder = holder
	return nil
}

// ProofRow turns the state of the envelope into a row of the check integrity.
func (p *Presentation) ProofRow() verdict.Check {
	row := func(code verdict.Code) verdict.Check {
		r := verdict.New(verdict.Integrity, code).From("presentation")
		if p.Err != nil {
			r = r.With("detail", p.Err.Error())
		}
		return r
	}
	switch {
	case p.Signed:
		return row(verdict.OK)
	case p.Err == nil:
		return row(verdict.ProofMissing)
	case outOfTime(p.Err) && !errors.Is(p.Err, errNoKey):
		return row(verdict.BudgetExceeded)
	}
	for _, c := range []struct {
		err  error
		code verdict.Code
	}{
		{errNoKey, verdict.KeyUnavailable}, {errFromProof, verdict.KeyUnavailable},
		{key.ErrWeak, verdict.CryptographicError},
		{did.ErrRelationship, verdict.ProofNotHolders}, {ErrHolder, verdict.ProofNotHolders},
		{jose.ErrAlg, verdict.AlgorithmRefused},
		{jose.ErrSignature, verdict.SignatureInvalid}, {proof.ErrSignature, verdict.SignatureInvalid}, {proof.ErrChain, verdict.SignatureInvalid},
		{proof.ErrPurpose, verdict.ProofWrongPurpose}, {proof.ErrSuite, verdict.ProofUnknownSuite},
		{jsonld.ErrBudget, verdict.BudgetExceeded},
		{proof.ErrChallenge, verdict.InvalidChallenge}, {proof.ErrDomain, verdict.InvalidDomain},
		{proof.ErrExpired, verdict.ProofExpired}, {proof.ErrFuture, verdict.ProofCreatedInFuture},
	} {
		if errors.Is(p.Err, c.err) {
			return row(c.code)
		}
	}
	if errors.Is(p.Err, proof.ErrTransform) {
		return row(verdict.NotChecked).As(verdict.Unknown)
	}
	return row(verdict.ProofMalformed)
}
