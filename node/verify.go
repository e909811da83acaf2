package node

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/schema"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
	"github.com/bonafide-id/bonafide/verify"
)

func trace(ctx context.Context, asked ...string) { verify.Asked(ctx, asked...) }

func (n *Node) checkOptions(context.Context, time.Time) credential.Options {
	return credential.Options{Resolver: n.registry, At: n.clock(), Loader: n.loader, Openers: n.openers()}
}

// VerifyFull makes a verdict about a credential. The error is about the
// request (a policy that cannot be read), never about the credential.
func (n *Node) VerifyFull(ctx context.Context, q VerifyRequest) (*verdict.Verdict, error) {
	ctx, j, err := n.judgement(ctx, q)
	if err != nil {
		return nil, err
	}
	return j.v.Verify(ctx, q.Credential, j.policy, j.at), nil
}

// Prepare reads all of a request but the credential once (policy, evidence,
// roots of trust) and returns what judges any number of credentials by it, also
// from several goroutines; a verdict that is written over lends its memory. Roots that are chosen and issuers that are followed
// later do not count for it.
func (n *Node) Prepare(ctx context.Context, q VerifyRequest) (func(ctx context.Context, credential []byte, into *verdict.Verdict), error) {
	_, j, err := n.judgement(ctx, q)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, credential []byte, into *verdict.Verdict) {
		if q.Offline {
			ctx = withNetwork(ctx, string(exchange.NetworkOff))
		}
		j.v.VerifyInto(ctx, into, credential, j.policy, j.at)
	}, nil
}

// VerifyPresentation judges a presentation and each credential inside. The error
// is about the request.
func (n *Node) VerifyPresentation(ctx context.Context, q VerifyRequest) (*verdict.Presentation, error) {
	ctx, j, err := n.judgement(ctx, q)
	if err != nil {
		return nil, err
	}
	return j.v.Presentation(ctx, q.Credential, j.policy, j.at), nil
}

// judgement is a verifier with the policy and the time of one request.
type judgement struct {
	v      *verify.Verifier
	policy verify.Policy
	at     time.Time
}

func (n *Node) judgement(ctx context.Context, q VerifyRequest) (context.Context, judgement, error) {
	roots, err := n.readTrust()
	if err != nil {
		return ctx, judgement{}, err
	}
	p, err := n.policyOf(q, roots)
	if err != nil {
		return ctx, judgement{}, err
	}
	j := judgement{policy: p}
	if q.At != "" {
		if j.at, err = proof.ParseTime(q.At); err != nil {
			return ctx, j, fmt.Errorf("%w: at: %w", ErrRequest, err)
		}
		j.policy.Changes = append(j.policy.Changes, "at="+q.At)
	}
	if q.Offline {
		ctx = withNetwork(ctx, string(exchange.NetworkOff))
		j.policy.Changes = append(j.policy.Changes, "network=off")
	}
	j.policy.Challenge, j.policy.Domain = q.Challenge, q.Domain
	var staples []verify.Staple
	for _, s := range q.With {
		staples = append(staples, verify.Staple{Name: s.Name, URL: s.URL, Body: s.Body})
	}
	over, err := verify.NewOverlay(staples, n.clock())
	if err != nil {
		return ctx, j, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	j.v = verify.New(verify.Config{Resolver: over.Resolver(identifiers{n}), Status: over.Status(lists{n}),
		Issuers: issuers{n, over, roots, n.recognisers()}, Loader: n.loader, Openers: n.openers(), Index: n.index, Clock: n.clock, HostMapped: n.HostMapped(),
		Anchors:   n.anchorsFor(over),
		Resources: func(issuer string) schema.Source { return over.Resources(folderFiles{n, issuer}) }})
	return ctx, j, nil
}

// folderFiles finds the schemas that an issuer keeps in its folder. Nothing is
// fetched for them: a folder travels as a whole.
type folderFiles struct {
	n      *Node
	issuer string
}

func (f folderFiles) Resource(ctx context.Context, url string) ([]byte, string, error) {
	subject, path, err := f.n.replica.Locate(ctx, f.issuer, url)
	if err != nil {
		return nil, "", err
	}
	v, err := f.n.replica.File(ctx, subject, path)
	if err == nil && (v.State != replica.Current || v.Body == nil) {
		err = fmt.Errorf("%w: %s", replica.ErrUnknown, path)
	}
	return v.Body, "", err
}

// policyOf reads the policy of a request: a shipped name, a TOML text, or the
// node's default.
func (n *Node) policyOf(q VerifyRequest, roots trustFile) (verify.Policy, error) {
	name := q.Policy
	if name == "" {
		if name = n.policyName(roots); strings.ContainsAny(name, "/.") {
			b, err := os.ReadFile(name)
			if err != nil {
				return verify.Policy{}, fmt.Errorf("%w: policy %s cannot be read", ErrConfig, name)
			}
			name = string(b)
		}
	}
	p, err := verify.Shipped(name)
	if strings.Contains(name, "\n") {
		p, err = verify.Parse(name)
	}
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	set := map[string]string{"max_age": q.MaxAge, "max_status_age": q.MaxStatus}
	if q.MinLength != 0 {
		set["min_list_length"] = strconv.FormatInt(q.MinLength, 10)
	}
	if q.Lenient {
		set["lenient"] = "true"
	}
	if q.Schemas {
		set["demand_schemas"] = "true"
	}
	for _, key := range []string{"max_age", "max_status_age", "min_list_length", "lenient", "demand_schemas"} {
		if set[key] == "" {
			continue
		}
		if p, err = p.With(key, set[key]); err != nil {
			return p, fmt.Errorf("%w: %w", ErrRequest, err)
		}
	}
	return p, nil
}

// identifiers resolves as the node does, and says what is at hand.
type identifiers struct{ n *Node }

func (i identifiers) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	return i.n.registry.Resolve(ctx, id, opt)
}

// Kept is Resolve without the network.
func (i identifiers) Kept(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	return i.n.registry.Resolve(withNetwork(ctx, string(exchange.NetworkOff)), id, opt)
}

// lists finds status lists: in the issuer's folder where it has one, else on
// the web as far as the policy allows. Always the whole list.
type lists struct{ n *Node }

func (l lists) StatusList(ctx context.Context, q revocation.Request) (*revocation.Found, error) {
	n := l.n
	subject, path, err := n.replica.Locate(ctx, q.Issuer, q.URL)
	if err == nil {
		return n.listInFolder(ctx, subject, path)
	}
	if strings.HasPrefix(q.Issuer, "did:webvh:") && !errors.Is(err, replica.ErrUnknown) {
		return nil, err
	}
	if n.network(ctx) == exchange.NetworkOff {
		return nil, fmt.Errorf("%w: %.200s", exchange.ErrOffline, q.URL)
	}
	if u, err := url.Parse(q.URL); err == nil {
		trace(ctx, "https:"+u.Host+" whole status list")
	}
	r, err := n.web.Get(ctx, q.URL, q.Accept(), int64(record.KindStatusList.MaxBytes()))
	if err != nil {
		return nil, err
	}
	return &revocation.Found{Body: r.Body, Source: "origin", Digest: record.CIDOf(r.Body).String()}, nil
}

// Kept is what the replica holds of a list, outdated or not.
func (l lists) Kept(ctx context.Context, q revocation.Request) (*revocation.Found, error) {
	subject, path, err := l.n.replica.Locate(ctx, q.Issuer, q.URL)
	if err != nil {
		return nil, err
	}
	v, err := l.n.replica.File(ctx, subject, path)
	if err != nil {
		return nil, err
	}
	return inFolder(v), nil
}

// inFolder is a file of a folder as a list.
func inFolder(v *replica.FileView) *revocation.Found {
	f := &revocation.Found{Body: v.Body, Source: "replica", At: v.Published, Sticky: v.Sticky, WentBack: v.WentBack, InHead: revocation.Yes}
	if !v.Named {
		f.InHead = revocation.No
	}
	return f
}

func (n *Node) listInFolder(ctx context.Context, subject, path string) (*revocation.Found, error) {
	v, err := n.replica.File(ctx, subject, path)
	if err != nil {
		return nil, err
	}
	f := inFolder(v)
	if v.State == replica.Changed {
		return nil, fmt.Errorf("%w: the head names a newer %s than is here", replica.ErrNotNamed, path)
	}
	if v.Body == nil {
		return nil, fmt.Errorf("%w: %s", replica.ErrUnknown, path)
	}
	f.Digest = v.CID.String()
	return f, nil
}

// issuers tells what the replica knows about issuers.
type issuers struct {
	n     *Node
	over  *verify.Overlay
	roots trustFile
	// who lists the subjects in whose folders recognitions are looked for.
	who func(ctx context.Context) ([]string, error)
}

// recognisers returns what lists the followed, recognised and own subjects. It
// asks the store once, so that a run over many credentials does not ask for each.
func (n *Node) recognisers() func(ctx context.Context) ([]string, error) {
	var mu sync.Mutex
	var all []string
	asked := false
	return func(ctx context.Context) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if asked {
			return all, nil
		}
		list, err := n.replica.Subjects(ctx, "", 0, store.ClassFollowed, store.ClassRecognised, store.ClassOwn)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			all = append(all, s.Subject)
		}
		asked = true
		return all, nil
	}
}

// folderless tells identifiers that are nothing but their key. A folder is
// published under a log, which they do not have, so that looking for one is
// work for nothing.
func folderless(issuer string) bool {
	return strings.HasPrefix(issuer, "did:key:") || strings.HasPrefix(issuer, "did:jwk:")
}

func (i issuers) State(ctx context.Context, issuer string) (*verify.State, error) {
	if folderless(issuer) {
		return nil, nil
	}
	v, err := i.n.replica.Head(ctx, subjectOf(issuer))
	if errors.Is(err, replica.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	contested, err := i.n.replica.HeadContested(ctx, subjectOf(issuer))
	return &verify.State{Published: v.Head.Published, Expires: v.Head.Expires, Final: v.Head.Final, Contested: contested, Source: "replica"}, err
}

func (i issuers) Practice(ctx context.Context, issuer string) (*credential.Practice, error) {
	if folderless(issuer) {
		return nil, nil
	}
	p, err := i.n.replica.Practice(ctx, subjectOf(issuer))
	if errors.Is(err, replica.ErrUnknown) {
		return nil, nil
	}
	return p, err
}

func (i issuers) Evidence(ctx context.Context, issuer string, q *legal.Request) error {
	n := i.n
	q.Roots = append(q.Roots, i.roots.legalRoots()...)
	q.Same = func(a, b string) bool { return subjectOf(a) == subjectOf(b) }
	w := newWalk(i, issuer, len(q.Roots) > 0)
	q.Find = w.find
	q.Sources = append(q.Sources, i.sources()...)
	q.Sources = append(q.Sources, n.registerSources(i.roots)...) // after those that prove identifiers
	q.Mandates = i.over.Mandates
	subject := subjectOf(issuer)
	q.Whois = i.over.Whois[subject]
	w.whois = q.Whois
	if folderless(issuer) {
		return nil
	}
	// What the newest head names is current; what was stapled may be older.
	if v, err := n.replica.File(ctx, subject, replica.PathWhois); err == nil && v.State == replica.Current {
		q.Whois = v.Body
		w.whois = v.Body
	}
	if h, err := n.replica.History(ctx, subject); err == nil {
		if id, err := webvh.ParseID(h.DID()); err == nil {
			if u, err := url.Parse(id.LogURL()); err == nil {
				q.Domain, q.DomainProven = u.Host, n.originProven(ctx, h)
			}
		}
	}
	return nil
}

// identityShow shows who an issuer is and who says so.
func (n *Node) identityShow(ctx context.Context, q IdentityShowRequest) (IdentityResponse, error) {
	id := q.DID
	if id == "" {
		is, err := n.issuer(ctx, "")
		if err != nil {
			return IdentityResponse{}, err
		}
		id = is.DID
	}
	res, err := n.Resolve(ctx, id, did.Options{})
	if err != nil {
		return IdentityResponse{}, err
	}
	now := n.clock()
	over, err := verify.NewOverlay(nil, now)
	if err != nil {
		return IdentityResponse{}, err
	}
	roots, err := n.readTrust()
	if err != nil {
		return IdentityResponse{}, err
	}
	req := legal.Request{Issuer: id, At: now, Types: nil, Check: n.checkOptions(ctx, now)}
	if err := (issuers{n, over, roots, n.recognisers()}).Evidence(ctx, id, &req); err != nil {
		return IdentityResponse{}, err
	}
	req.Status = func(ctx context.Context, c *credential.Credential) []verdict.Check {
		return revocation.Check(ctx, c, revocation.Options{Source: lists{n}, Credential: n.checkOptions(ctx, now), At: now, Index: n.index}).Checks
	}
	req.Document = res.Document
	if q.Issued != "" {
		issued, err := credential.DayOrTime(q.Issued)
		if err != nil {
			return IdentityResponse{}, fmt.Errorf("%w: issued: %w", ErrRequest, err)
		}
		req.IssuedAt = &issued
	}
	who := legal.Assess(ctx, req)
	return IdentityResponse{DID: id, Checks: who.Checks, Issuer: who.View(id, res.Meta.Deactivated)}, nil
}
