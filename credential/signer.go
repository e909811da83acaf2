package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// errNoKey marks that a key could not be had; why is in the lookup.
var errNoKey = hint.New("the key is not at hand", "Look at the check signer: the issuer's document could not be found or does not list the key.")

// lookup is what became of one verification method.
type lookup struct {
	did        string
	method     did.VerificationMethod
	resolution *did.Resolution
	retired    bool
	removed    time.Time // when a retired key left the document
	closed     bool
	err        error // why there is no key, or why it may not sign
}

// errFromProof marks a key that stands only in the name of the method itself.
var errFromProof = hint.New("the key stands only in its own name", "Ask the issuer for an identifier that its key can be looked up from.")

// Keys finds the keys behind verification methods, each once, and remembers what
// became of them, so that integrity and authority are told apart.
type Keys struct {
	ctx     context.Context
	opt     Options
	purpose string // the relationship demanded; empty: assertionMethod
	found   map[string]*lookup
}

// NewKeys returns a finder of keys that may sign credentials.
func NewKeys(ctx context.Context, opt Options) *Keys {
	return &Keys{ctx: ctx, opt: opt, found: make(map[string]*lookup)}
}

// Find is a proof.KeyFunc. It hands out a key also where it may not be used
// for the purpose, so that integrity and authority are told apart; authority
// is judged when the rows of the check signer are made.
func (k *Keys) Find(ctx context.Context, method, _ string) (key.Public, error) {
	l := k.lookup(ctx, method)
	if l.method.Key.IsZero() {
		if l.err == nil {
			l.err = errNoKey
		}
		if errors.Is(l.err, key.ErrWeak) {
			return key.Public{}, l.err
		}
		return key.Public{}, fmt.Errorf("%w: %w", errNoKey, l.err)
	}
	return l.method.Key, nil
}

func (k *Keys) lookup(ctx context.Context, method string) *lookup {
	if l, ok := k.found[method]; ok {
		return l
	}
	l := k.resolve(ctx, method)
	k.found[method] = l
	return l
}

func (k *Keys) resolve(ctx context.Context, method string) *lookup {
	if strings.HasPrefix(method, "https://") {
		return fromName(method)
	}
	u, err := did.ParseURL(method)
	if err != nil {
		return &lookup{err: err}
	}
	l := &lookup{did: u.DID}
	if u.Fragment == "" {
		// A bare did:key is met in old credentials; its only key is meant.
		l.err = fmt.Errorf("%w: %q names no key", did.ErrMethodURL, method)
		return l
	}
	if k.opt.Resolver == nil {
		l.err = did.ErrUnavailable
		return l
	}
	res, err := k.opt.Resolver.Resolve(ctx, u.DID, did.Options{})
	if err != nil {
		l.err = err
		return l
	}
	l.resolution = res
	doc := res.Document
	if doc == nil && res.Meta.Deactivated {
		doc, l.closed = lastLive(res.Versions), true
	}
	if doc == nil {
		l.err = did.ErrNotFound
		return l
	}
	vm, err := doc.Method(method, k.relationship())
	if err == nil {
		l.method = vm
		return l
	}
	l.err = err
	if errors.Is(err, did.ErrRelationship) {
		l.method = anyUse(doc, method)
		return l
	}
	k.older(l, doc, method)
	return l
}

// fromName reads the key out of the fragment of an https URL, as Open Badges are
// met with. It shows whether anything was changed; whose key it is, it cannot.
func fromName(method string) *lookup {
	owner, fragment, _ := strings.Cut(method, "#")
	l := &lookup{did: owner}
	pub, err := key.ParseMultikey(fragment)
	if err != nil {
		l.err = fmt.Errorf("%w: %w", did.ErrUnavailable, err)
		return l
	}
	l.method = did.VerificationMethod{ID: method, Controller: owner, Key: pub}
	l.err = errFromProof
	return l
}

// anyUse finds a method that stands under another relationship than the one
// wanted, so that integrity can be told apart from authority.
func anyUse(doc *did.Document, method string) did.VerificationMethod {
	for _, rel := range did.Relationships() {
		if vm, err := doc.Method(method, rel); err == nil {
			return vm
		}
	}
	return did.VerificationMethod{}
}

func (k *Keys) relationship() did.Relationship {
	if k.purpose == "" {
		return did.AssertionMethod
	}
	return did.Relationship(k.purpose)
}

// older looks for a method that stands only in an earlier version. A key that
// the newest document lists under another name (the identifier moved, and its
// name is part of the method's) is not retired.
func (k *Keys) older(l *lookup, now *did.Document, method string) {
	versions := l.resolution.Versions
	for i := len(versions) - 1; i >= 0; i-- {
		doc := versions[i].Document
		if doc == nil {
			continue
		}
		if vm, err := doc.Method(method, k.relationship()); err == nil {
			_, still := now.FindKey(vm.Key, k.relationship())
			l.method, l.retired, l.err = vm, !still, nil
			if i+1 < len(versions) {
				l.removed = versions[i+1].Time
			}
			return
		}
	}
}

// lastLive returns the newest version that has a document.
func lastLive(versions []did.Version) *did.Document {
	for i := len(versions) - 1; i >= 0; i-- {
		if v := versions[i]; v.Document != nil && !v.Deactivated {
			return v.Document
		}
	}
	return nil
}

// controllerOf returns the identifier before the fragment.
func controllerOf(method string) string {
	d, _, _ := strings.Cut(method, "#")
	return d
}

// signerRows judges whether the key of the decisive proof may sign for the
// issuer.
func (c *Checked) signerRows(p proof.Result, keys *Keys, opt Options) {
	l := keys.lookup(keys.ctx, p.VerificationMethod)
	c.Signer = Signer{Method: l.method, DID: l.did, Resolution: l.resolution, Retired: l.retired, Created: p.Created}
	row := func(code verdict.Code) verdict.Check {
		r := verdict.New(verdict.Signer, code).With("method", p.VerificationMethod)
		if l.resolution != nil {
			r = r.From(l.resolution.Source)
		}
		return r
	}
	if l.did != "" && !sameIdentifier(l, c.Credential.Issuer) {
		if mayHaveMoved(l.did, c.Credential.Issuer) {
			fault := row(verdict.SignerUnknown)
			if l.err != nil {
				fault = signerFault(l, row)
			}
			c.Checks = append(c.Checks, fault.With("issuer", c.Credential.Issuer))
			return
		}
		c.Checks = append(c.Checks, row(verdict.SignerNotIssuer).With("issuer", c.Credential.Issuer))
		return
	}
	if l.err != nil {
		c.Checks = append(c.Checks, signerFault(l, row))
		return
	}
	if verdictRow, bad := methodTimes(l.method, opt.At, row); bad {
		c.Checks = append(c.Checks, verdictRow)
		return
	}
	switch {
	case !l.retired:
		c.Checks = append(c.Checks, row(verdict.OK))
	case opt.RetiredBefore != nil && opt.RetiredBefore(p.VerificationMethod, l.removed):
		c.Checks = append(c.Checks, row(verdict.RetiredProvenByTimeSource))
	default:
		c.Checks = append(c.Checks, row(verdict.SignerRetired))
	}
	if l.closed {
		c.Checks = append(c.Checks, row(verdict.IssuerClosed))
	}
	if l.resolution.LowAssurance {
		c.Checks = append(c.Checks, row(verdict.LowAssuranceDIDWeb))
	}
}

// sameIdentifier tells whether the method's identifier is the issuer. An
// identifier that moved (did:webvh portability) is the same issuer under each
// name in its verified history.
func sameIdentifier(l *lookup, issuer string) bool {
	if l.did == issuer {
		return true
	}
	if l.resolution == nil {
		return false
	}
	issuerIs, methodIs := false, false
	for _, v := range l.resolution.Versions {
		if v.Document == nil {
			continue
		}
		issuerIs = issuerIs || v.Document.ID() == issuer
		methodIs = methodIs || v.Document.ID() == l.did
	}
	return issuerIs && methodIs
}

// mayHaveMoved tells whether two names are of one did:webvh, by its SCID. Where no
// history at hand has both, the newest may be missing, and that is no proof of
// another's signature.
func mayHaveMoved(a, b string) bool {
	x, errX := webvh.SCIDOf(a)
	y, errY := webvh.SCIDOf(b)
	return errX == nil && errY == nil && x == y
}

// signerFault turns the reason why a key may not sign, or is not at hand,
// into a row. Only what is certain from the identifier itself is a failure;
// what a newer history might mend is unknown.
func signerFault(l *lookup, row func(verdict.Code) verdict.Check) verdict.Check {
	detail := func(code verdict.Code) verdict.Check { return row(code).With("detail", l.err.Error()) }
	// A method without history is complete by itself, so absence is certain.
	settled := l.resolution != nil && len(l.resolution.Versions) == 0 && !l.resolution.LowAssurance
	doubt := func(code verdict.Code) verdict.Check {
		if settled {
			return detail(code).As(verdict.Fail)
		}
		return detail(code).As(verdict.Unknown)
	}
	switch err := l.err; {
	case errors.Is(err, errFromProof):
		return row(verdict.KeyFromProof)
	case errors.Is(err, did.ErrRelationship):
		return doubt(verdict.WrongRelationship)
	case errors.Is(err, did.ErrMethodNotFound):
		return doubt(verdict.MethodNotInDocument)
	case errors.Is(err, did.ErrController):
		return doubt(verdict.InvalidMethod)
	case errors.Is(err, key.ErrWeak):
		return detail(verdict.KeyWeak)
	case errors.Is(err, key.ErrKind):
		return detail(verdict.KeyUnsupported)
	case errors.Is(err, did.ErrMethodURL), errors.Is(err, did.ErrInvalidURL):
		return detail(verdict.InvalidMethodURL)
	case errors.Is(err, did.ErrMethod):
		return detail(verdict.DIDMethodUnsupported)
	case errors.Is(err, did.ErrNotFound):
		return detail(verdict.DIDNotFound)
	case errors.Is(err, did.ErrDocument):
		return detail(verdict.InvalidDocument)
	case errors.Is(err, did.ErrInvalid):
		return detail(verdict.DIDInvalid)
	case errors.Is(err, did.ErrUnavailable):
		return detail(verdict.DIDUnreachable)
	}
	return detail(verdict.SignerUnknown)
}

// methodTimes judges the method's own expires and revoked members.
func methodTimes(vm did.VerificationMethod, at time.Time, row func(verdict.Code) verdict.Check) (verdict.Check, bool) {
	if vm.Revoked != nil && !vm.Revoked.After(at) {
		return row(verdict.MethodRevoked), true
	}
	if vm.Expires != nil && !vm.Expires.After(at) {
		return row(verdict.MethodExpired), true
	}
	return verdict.Check{}, false
}
