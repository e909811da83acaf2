package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxInPresentation bounds the credentials inside one presentation.
const maxInPresentation = 64

// Presentation is a presentation with what was established about it and about
// each credential inside.
type Presentation struct {
	Tree   map[string]any
	Holder string // URL, or "" when none is named
	// Signed tells that a proof by the holder verifies. An unsigned
	// presentation is a mere envelope: its credentials count, nobody is bound.
	Signed bool
	// Err is why a proof that is there does not hold, or why the envelope
	// cannot be read; the credentials are then checked all the same.
	Err         error
	Credentials []*Checked
	Raw         []map[string]any // the credentials as they stand in the envelope
}

// CheckPresentation reads a presentation (VCDM 2.0 section 4.13): its proof,
// if any, must be for authentication, by a key of the holder, and answer
// challenge and domain where those are given; each credential inside is
// checked on its own. The error is non-nil only when the bytes are no
// presentation at all.
func CheckPresentation(ctx context.Context, body []byte, opt Options, challenge string, domain []string) (*Presentation, error) {
	lim := opt.Limits
	if lim.MaxBytes == 0 {
		lim.MaxBytes = MaxBytes
	}
	tree, err := strictjson.ParseObject(body, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	return CheckPresentationTree(ctx, tree, opt, challenge, domain)
}

// CheckPresentationTree is CheckPresentation for a tree that was read already.
func CheckPresentationTree(ctx context.Context, tree map[string]any, opt Options, challenge string, domain []string) (*Presentation, error) {
	types, err := stringOrList(tree["type"])
	if err != nil || !slices.Contains(types, "VerifiablePresentation") {
		return nil, fmt.Errorf("%w: type does not include VerifiablePresentation", ErrMalformed)
	}
	contexts, ok := tree["@context"].([]any)
	if !ok || len(contexts) == 0 || contexts[0] != ContextV2 && contexts[0] != ContextV1 {
		return nil, fmt.Errorf("%w: @context[0]: must be %s", ErrMalformed, ContextV2)
	}
	p := &Presentation{Tree: tree}
	if err := p.readHolder(); err != nil {
		return nil, err
	}
	if err := p.readCredentials(); err != nil {
		return nil, err
	}
	if _, has := tree["proof"]; has {
		p.Err = p.verify(ctx, opt, challenge, domain)
		p.Signed = p.Err == nil
	}
	for _, c := range p.Raw {
		p.Credentials = append(p.Credentials, CheckTree(ctx, c, opt))
	}
	return p, nil
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

func (p *Presentation) readCredentials() error {
	raw, has := p.Tree["verifiableCredential"]
	if !has {
		return nil
	}
	list, ok := objects(raw)
	if !ok {
		return fmt.Errorf("%w: verifiableCredential: must be objects", ErrMalformed)
	}
	if len(list) > maxInPresentation {
		return fmt.Errorf("%w: verifiableCredential: %d credentials, at most %d are read", ErrMalformed, len(list), maxInPresentation)
	}
	p.Raw = list
	return nil
}

// verify checks the envelope's own proof: authentication by the holder.
func (p *Presentation) verify(ctx context.Context, opt Options, challenge string, domain []string) error {
	keys := &keyring{ctx: ctx, opt: opt, purpose: proof.Authentication, found: make(map[string]*lookup)}
	report, err := proof.Verify(ctx, p.Tree, func(ctx context.Context, method, purpose string) (key.Public, error) {
		k, err := keys.key(ctx, method, purpose)
		l := keys.lookup(ctx, method)
		if err == nil {
			err = l.err
		}
		if err == nil && l.retired {
			err = ErrHolder
		}
		return k, err
	}, proof.Options{Purpose: proof.Authentication, Now: opt.At, Skew: opt.Skew, Loader: opt.loader(),
		JSONLD: opt.JSONLD, Challenge: challenge, Domain: domain})
	if err != nil {
		return err
	}
	for _, r := range report.Proofs {
		if r.Err != nil {
			return r.Err
		}
		if p.Holder != "" && controllerOf(r.VerificationMethod) != p.Holder {
			return fmt.Errorf("%w: signed with a key of %s", ErrHolder, controllerOf(r.VerificationMethod))
		}
	}
	p.Tree = report.Document
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
	case errors.Is(p.Err, proof.ErrSignature):
		return row(verdict.SignatureInvalid)
	case errors.Is(p.Err, errNoKey):
		return row(verdict.KeyUnavailable)
	case errors.Is(p.Err, proof.ErrPurpose):
		return row(verdict.ProofWrongPurpose)
	}
	return row(verdict.ProofMalformed)
}
