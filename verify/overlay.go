package verify

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/schema"
	"github.com/bonafide-id/bonafide/did"
	didweb "github.com/bonafide-id/bonafide/did/web"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/revocation"
)

// Staple is one piece of evidence handed in beside a credential. URL, when
// set, is the operator's word that Body is what answers there.
type Staple struct {
	Name, URL string
	Body      []byte
}

// maxStaples bounds what is handed in with one verification.
const maxStaples = 64

// Overlay holds stapled evidence. Nothing in it is believed beyond what it
// proves by itself, apart from the operator's word for a URL; and nothing in it
// makes a source forget what that has at hand (see [KeptDIDs] and [KeptLists]),
// because evidence is chosen by whoever shows the credential.
type Overlay struct {
	logs   map[string]*webvh.History // by SCID
	byURL  map[string]Staple
	lists  map[string][]byte // by their own id
	Whois  map[string][]byte // by subject
	Recogs [][]byte
	// Mandates are mandate credentials (legal.TypeMandate).
	Mandates [][]byte
	sealed   map[string][]byte // sealed statements, by their digest
	Ignored  []string          // names of what is no evidence
}

// NewOverlay sorts stapled evidence by what it is. A log that does not verify
// is an error, because the caller meant it to count.
func NewOverlay(staples []Staple, now time.Time) (*Overlay, error) {
	if len(staples) > maxStaples {
		return nil, fmt.Errorf("%w: %d pieces of evidence, at most %d", ErrPolicy, len(staples), maxStaples)
	}
	o := &Overlay{logs: map[string]*webvh.History{}, byURL: map[string]Staple{},
		lists: map[string][]byte{}, Whois: map[string][]byte{}, sealed: map[string][]byte{}}
	var witness []byte
	for _, s := range staples {
		if bytes.HasPrefix(bytes.TrimSpace(s.Body), []byte("[")) {
			witness = s.Body
		}
	}
	for _, s := range staples {
		if s.URL != "" {
			o.byURL[s.URL] = s
		}
		if bytes.Contains(firstLine(s.Body), []byte(`"versionId"`)) {
			h, err := webvh.Verify(s.Body, witness, webvh.VerifyOptions{Now: now})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			o.logs[h.SCID()] = h
			continue
		}
		o.sort(s)
	}
	return o, nil
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}

func (o *Overlay) sort(s Staple) {
	if uri := revocation.NameOfToken(s.Body); uri != "" {
		o.lists[uri] = s.Body
		return
	}
	tree, err := strictjson.ParseObject(s.Body, strictjson.Limits{MaxBytes: 4 << 20})
	if err != nil {
		if s.URL == "" {
			o.Ignored = append(o.Ignored, s.Name)
		}
		return
	}
	c, err := credential.Parse(s.Body, strictjson.Limits{MaxBytes: 4 << 20})
	switch {
	case err == nil && (c.Has("BitstringStatusListCredential") || c.Has("StatusList2021Credential")):
		o.lists[c.ID] = s.Body
	case err == nil && c.Has("RecognizedEntityCredential"):
		o.Recogs = append(o.Recogs, s.Body)
	case err == nil && c.Has(legal.TypeMandate):
		o.Mandates = append(o.Mandates, s.Body)
	case tree["signatures"] != nil && tree["payload"] != nil:
		o.sealed[seal.Digest(s.Body)] = s.Body
	case tree["verifiableCredential"] != nil:
		if holder, ok := tree["holder"].(string); ok {
			o.Whois[record.SubjectOf(holder)] = s.Body
		}
	case s.URL == "":
		o.Ignored = append(o.Ignored, s.Name)
	}
}

// Sealed finds a sealed statement by the digest by which it is quoted.
func (o *Overlay) Sealed(digest string) []byte { return o.sealed[digest] }

// KeptDIDs is what a resolver may be beside: one that can say what is at hand of
// an identifier without asking anybody.
type KeptDIDs interface {
	Kept(ctx context.Context, id string, opt did.Options) (*did.Resolution, error)
}

// KeptLists is what a source of lists may be beside: one that can say what is at
// hand of a list without asking anybody. Body may be outdated or nil.
type KeptLists interface {
	Kept(ctx context.Context, q revocation.Request) (*revocation.Found, error)
}

// Resolver answers from stapled logs, unless more is at hand, and did:web documents that the operator
// vouches for, before next.
func (o *Overlay) Resolver(next did.Resolver) did.Resolver { return overlayResolver{o, next} }

type overlayResolver struct {
	o    *Overlay
	next did.Resolver
}

func (r overlayResolver) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	if h, ok := r.o.logs[record.SubjectOf(id)]; ok {
		res, err := h.Resolve(opt, id)
		if err != nil {
			return nil, err
		}
		res.Source = "stapled"
		return r.newer(ctx, id, opt, res), nil
	}
	if at, err := didweb.URL(id); err == nil {
		if s, ok := r.o.byURL[at]; ok {
			tree, err := strictjson.ParseObject(s.Body, strictjson.Limits{MaxBytes: 1 << 20})
			if err != nil {
				return nil, fmt.Errorf("%w: %w", did.ErrDocument, err)
			}
			doc, err := did.ParseDocument(tree)
			if err != nil {
				return nil, err
			}
			if doc.ID() != id {
				return nil, fmt.Errorf("%w: it is about another identifier", did.ErrDocument)
			}
			return &did.Resolution{DID: id, Document: doc, Source: "stapled", LowAssurance: true}, nil
		}
	}
	if r.next == nil {
		return nil, did.ErrUnavailable
	}
	return r.next.Resolve(ctx, id, opt)
}

// newer holds a stapled history against the one at hand: the longer counts, and
// two that part from each other are contested.
func (r overlayResolver) newer(ctx context.Context, id string, opt did.Options, stapled *did.Resolution) *did.Resolution {
	source, ok := r.next.(KeptDIDs)
	if !ok {
		return stapled
	}
	kept, err := source.Kept(ctx, id, opt)
	if err != nil || kept == nil {
		return stapled
	}
	contested := kept.Contested
	for i, v := range kept.Versions[:min(len(kept.Versions), len(stapled.Versions))] {
		contested = contested || v.ID != stapled.Versions[i].ID
	}
	out := stapled
	if len(kept.Versions) >= len(stapled.Versions) {
		out = kept
	}
	out.Contested = contested
	return out
}

// Status answers with stapled lists before next: one that the operator says
// answers the URL, or one whose own id is the URL, unless a newer is at hand. A
// revocation that was once seen stands under both.
func (o *Overlay) Status(next revocation.Source) revocation.Source { return overlayStatus{o, next} }

type overlayStatus struct {
	o    *Overlay
	next revocation.Source
}

func (s overlayStatus) StatusList(ctx context.Context, q revocation.Request) (*revocation.Found, error) {
	var f *revocation.Found
	if b, ok := s.o.byURL[q.URL]; ok {
		f = &revocation.Found{Body: b.Body, Source: "stapled", Vouched: true, Digest: record.CIDOf(b.Body).String()}
	} else if b, ok := s.o.lists[q.URL]; ok {
		f = &revocation.Found{Body: b, Source: "stapled", Digest: record.CIDOf(b).String()}
	} else if s.next == nil {
		return nil, notStapled(q.URL)
	} else {
		return s.next.StatusList(ctx, q)
	}
	source, ok := s.next.(KeptLists)
	if !ok {
		return f, nil
	}
	kept, err := source.Kept(ctx, q)
	switch {
	case err != nil || kept == nil:
		return f, nil
	case !f.Vouched && kept.Body != nil && !begunAfter(f.Body, kept.Body):
		return s.next.StatusList(ctx, q)
	}
	f.Sticky, f.WentBack, f.InHead = kept.Sticky, kept.WentBack, kept.InHead
	return f, nil
}

// begunAfter tells whether a list says that it is younger than another; what it
// says is proven or refused later.
func begunAfter(body, than []byte) bool {
	if x, y := revocation.TokenIssuedAt(body), revocation.TokenIssuedAt(than); x != nil && y != nil {
		return x.After(*y)
	}
	a, errA := credential.Parse(body, strictjson.Limits{MaxBytes: 4 << 20})
	b, errB := credential.Parse(than, strictjson.Limits{MaxBytes: 4 << 20})
	return errA == nil && errB == nil && a.ValidFrom != nil && b.ValidFrom != nil && a.ValidFrom.After(*b.ValidFrom)
}

// Resources answers with what the operator says answers a URL, before next.
func (o *Overlay) Resources(next schema.Source) schema.Source { return overlayResources{o, next} }

type overlayResources struct {
	o    *Overlay
	next schema.Source
}

func (r overlayResources) Resource(ctx context.Context, url string) ([]byte, string, error) {
	if b, ok := r.o.byURL[url]; ok {
		return b.Body, "", nil
	}
	if r.next == nil {
		return nil, "", notStapled(url)
	}
	return r.next.Resource(ctx, url)
}
