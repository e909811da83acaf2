package credential

import (
	"context"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// Lasting is what may be remembered of a credential that was checked: that its
// bytes are well-formed and that its one proof fits one key. Both follow from
// the bytes alone and never change. Whose key it is, whether it may sign, and
// what the time says are not in it: [Lasting.Holds] asks for them again.
type Lasting struct {
	issuer           string
	method           string
	key              key.Public
	created, expires *time.Time
	// Under other bounds or other contexts the answer could be another.
	loader *jsonld.Loader
	limits strictjson.Limits
	graph  jsonld.Limits
	legacy bool
}

// Lasting returns what may be remembered; ok is false where the credential did
// not pass, or is in a form of which less is known: a token, a credential with
// several proofs.
func (c *Checked) Lasting() (l Lasting, ok bool) {
	if c.once == nil || c.MediaType != MediaVC || c.Credential == nil || c.Document == nil || !passes(c.Checks, verdict.Format) ||
		!passes(c.Checks, verdict.Integrity) || !passes(c.Checks, verdict.Signer) {
		return Lasting{}, false
	}
	return *c.once, true
}

// remember notes the one proof of a credential in JSON, for Lasting.
func (c *Checked) remember(proofs []proof.Result, opt Options) {
	if len(proofs) != 1 || proofs[0].Err != nil {
		return
	}
	p := proofs[0]
	// The texts are parts of the whole document, which is not to be kept.
	c.once = &Lasting{issuer: strings.Clone(c.Credential.Issuer), method: strings.Clone(p.VerificationMethod), key: p.Key, created: p.Created, expires: p.Expires,
		loader: opt.loader(), limits: opt.limits(), graph: unbudgeted(opt.JSONLD), legacy: opt.Legacy}
}

// unbudgeted are bounds without what one request has spent already.
func unbudgeted(l jsonld.Limits) jsonld.Limits {
	l.Budget = nil
	return l
}

// Holds tells whether [Check] of the same bytes, under the options of keys,
// would again find format, integrity and signer in order. It asks the resolver
// for the key and compares it with the one that the proof was checked under;
// where it cannot tell, the answer is no, and Check says why.
func (l *Lasting) Holds(ctx context.Context, keys *Keys) bool {
	opt := keys.opt
	if opt.loader() != l.loader || opt.limits() != l.limits || unbudgeted(opt.JSONLD) != l.graph || opt.Legacy != l.legacy {
		return false
	}
	if l.created != nil && l.created.After(opt.At.Add(opt.skew())) || l.expires != nil && !l.expires.After(opt.At) {
		return false
	}
	pub, err := keys.Find(ctx, l.method, "")
	if err != nil || pub != l.key {
		return false
	}
	again := Checked{Credential: &Credential{Issuer: l.issuer}}
	again.signerRows(proof.Result{VerificationMethod: l.method, Created: l.created}, keys, opt)
	return passes(again.Checks, verdict.Signer)
}
