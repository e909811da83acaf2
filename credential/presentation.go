package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

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
	Holder    string // URL, or "" when none is named
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
		return checkPresentationToken(ctx, string(bytes.TrimSpace(body)), opt)
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
		p, err := checkPresentationToken(ctx, string(data), opt)
		if err == nil && p.MediaType != MediaVPJWT {
			err = fmt.Errorf("%w: id: the envelope says %s and holds %s", ErrMalformed, MediaVPJWT, p.MediaType)
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
		t, err := jose.Parse(string(bytes.TrimSpace(body)), MaxBytes)
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
	switch h := p.Tree["holder"].(type) {
	case nil:
		return nil
	case string:
		p.Holder = h
	case map[string]any:
		p.Holder, _ = h["id"].(string)
	}
	if !isURL(p.Holder) {
		return fmt.Errorf("%w: holder: must be a URL or an object whose id is one", ErrMalformed)
	}
	return nil
}

// readCredentials lists what is inside. Texts are allowed in version 1.1 only.
func (p *Presentation) readCredentials(texts bool) error {
	list, ok := p.Tree["verifiableCredential"].([]any)
	if raw, has := p.Tree["verifiableCredential"]; has && !ok {
		list = []any{raw}
	}
	if len(list) > maxInPresentation {
		return fmt.Errorf("%w: verifiableCredential: %d credentials, at most %d are read", ErrMalformed, len(list), maxInPresentation)
	}
	for i, e := range list {
		m, isMap := e.(map[string]any)
		_, isText := e.(string)
		switch {
		case isText && texts:
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
	opt.depth++
	for _, c := range p.Raw {
		switch x := c.(type) {
		case map[string]any:
			p.Credentials = append(p.Credentials, CheckTree(ctx, x, opt))
		case string:
			p.Credentials = append(p.Credentials, Check(ctx, []byte(x), opt))
		}
	}
}

// holderKey returns a finder of keys that may authenticate: unlike with
// credentials, a key that may not is none.
func holderKey(keys *Keys) proof.KeyFunc {
	keys.purpose = proof.Authentication
	return func(ctx context.Context, method, purpose string) (key.Public, error) {
		k, err := keys.Find(ctx, method, purpose)
		l := keys.lookup(ctx, method)
		if err == nil {
			err = l.err
		}
		if err == nil && l.retired {
			err = ErrHolder
		}
		return k, err
	}
}

// verify checks the envelope's own proof: authentication by the holder.
func (p *Presentation) verify(ctx context.Context, opt Options) error {
	report, err := proof.Verify(ctx, p.Tree, holderKey(NewKeys(ctx, opt)), proof.Options{Purpose: proof.Authentication, Now: opt.At,
		Skew: opt.Skew, Loader: opt.loader(), JSONLD: opt.JSONLD, Challenge: opt.Challenge, Domain: opt.Domain})
	if err != nil {
		return err
	}
	for _, r := range report.Proofs {
		if r.Err != nil {
			return r.Err
		}
		if err := p.heldBy(r.VerificationMethod); err != nil {
			return err
		}
	}
	p.Tree = report.Document
	return nil
}

func (p *Presentation) heldBy(method string) error {
	if p.Holder != "" && controllerOf(method) != p.Holder {
		return fmt.Errorf("%w: signed with a key of %s", ErrHolder, controllerOf(method))
	}
	return nil
}

// checkPresentationToken reads a presentation secured as a compact JWS: by
// VC-JOSE-COSE 1.0 (typ vp+jwt) or as JWT of VCDM 1.1 (claim vp).
func checkPresentationToken(ctx context.Context, text string, opt Options) (*Presentation, error) {
	t, err := jose.Parse(text, opt.limits().MaxBytes)
	if err != nil {
		return nil, err
	}
	mediaType := MediaJWT
	if t.Type == MediaVPJWT || opt.Legacy && t.Type == "application/vp+ld+jwt" {
		mediaType = MediaVPJWT
	} else if err := t.Demand(MediaJWT, ""); err != nil {
		return nil, err
	}
	claims, err := t.Object(opt.limits())
	if err != nil {
		return nil, err
	}
	tree := claims
	_, vc := claims["vc"]
	vp, nested := claims["vp"]
	switch {
	case vc, nested && mediaType == MediaVPJWT:
		return nil, fmt.Errorf("%w: claims vc and vp must not be there", ErrClaim)
	case mediaType == MediaVPJWT:
		tree = maps.Clone(claims)
		for _, name := range registered() {
			delete(tree, name)
		}
	default:
		if tree, _ = vp.(map[string]any); tree == nil {
			return nil, fmt.Errorf("%w: there is no vp claim", ErrClaim)
		}
		if tree = maps.Clone(tree); tree["holder"] == nil && claims["iss"] != nil {
			tree["holder"] = claims["iss"]
		}
	}
	p, err := readPresentation(tree, mediaType)
	if err != nil {
		return nil, err
	}
	p.Err = p.verifyToken(ctx, t, claims, opt)
	p.Signed = p.Err == nil
	p.checkCredentials(ctx, opt)
	return p, nil
}

// verifyToken checks the holder's signature, that it answers what was asked
// (nonce, aud), and its term.
func (p *Presentation) verifyToken(ctx context.Context, t *jose.Token, claims map[string]any, opt Options) error {
	if iss, has := claims["iss"]; has && iss != p.Holder {
		return fmt.Errorf("%w: iss", ErrClaim)
	}
	e := Envelope{MediaType: p.MediaType, Tree: map[string]any{"issuer": p.Holder}, Keys: NewKeys(ctx, opt)}
	find := holderKey(e.Keys)
	e.name(ctx, t, p.Holder)
	if e.Method == "" {
		return fmt.Errorf("%w: kid names no key of the holder", errNoKey)
	}
	pub, err := find(ctx, e.Method, proof.Authentication)
	if err != nil {
		return err
	}
	if err := t.Verify(pub); err != nil {
		return err
	}
	if err := p.heldBy(e.Method); err != nil {
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
	at := map[string]time.Time{}
	for _, name := range []string{"iat", "nbf", "exp"} {
		if v, has := claims[name]; has {
			t, ok := instant(v)
			if !ok {
				return fmt.Errorf("%w: %s is not a time", ErrClaim, name)
			}
			at[name] = t
		}
	}
	if t, has := at["exp"]; has && !t.After(opt.At) {
		return fmt.Errorf("%w: %s", proof.ErrExpired, proof.FormatTime(t))
	}
	for _, name := range []string{"iat", "nbf"} {
		if t, has := at[name]; has && t.After(opt.At.Add(opt.skew())) {
			return fmt.Errorf("%w: %s %s", proof.ErrFuture, name, proof.FormatTime(t))
		}
	}
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
	case errors.Is(p.Err, proof.ErrChallenge):
		return row(verdict.InvalidChallenge)
	case errors.Is(p.Err, proof.ErrDomain):
		return row(verdict.InvalidDomain)
	case errors.Is(p.Err, proof.ErrExpired):
		return row(verdict.ProofExpired)
	case errors.Is(p.Err, proof.ErrFuture):
		return row(verdict.ProofCreatedInFuture)
	case errors.Is(p.Err, jose.ErrAlg):
		return row(verdict.AlgorithmRefused)
	case errors.Is(p.Err, proof.ErrSignature), errors.Is(p.Err, jose.ErrSignature):
		return row(verdict.SignatureInvalid)
	case errors.Is(p.Err, errNoKey):
		return row(verdict.KeyUnavailable)
	case errors.Is(p.Err, proof.ErrPurpose):
		return row(verdict.ProofWrongPurpose)
	}
	return row(verdict.ProofMalformed)
}
