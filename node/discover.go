package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/replica/exchange"
)

// What one look for recognitions may cost: folders of recognisers that are not
// followed, and how long each may take. Whoever names recognisers is a stranger.
const (
	maxWalkFolders = 12
	walkTime       = 10 * time.Second
)

// walk looks for the recognitions of one issuer and of those above it: in the folders
// that are followed, in what was handed in, and in the folders of those whom an
// organisation itself names as its recognisers (W3C Recognized Entities, credential-
// based discovery). Naming is a hint; what is found proves itself or is nothing. It
// serves one assessment.
type walk struct {
	issuers
	issuer string
	whois  []byte // of the issuer, as it is at hand
	reach  bool   // there is a root that could be reached
	left   int
	seen   map[string][]legal.Found
}

func newWalk(i issuers, issuer string, reach bool) *walk {
	return &walk{issuers: i, issuer: issuer, reach: reach, left: maxWalkFolders, seen: map[string][]legal.Found{}}
}

// find returns the files of recognitions about an identifier.
func (w *walk) find(ctx context.Context, of string) []legal.Found {
	subject := subjectOf(of)
	if out, asked := w.seen[subject]; asked {
		return out
	}
	var out []legal.Found
	for _, b := range w.over.Recogs {
		out = append(out, legal.Found{Body: b, Source: "stapled"})
	}
	local, err := w.who(ctx)
	if err != nil {
		return out
	}
	for _, s := range local {
		found, lacks := w.held(ctx, s, subject, "replica")
		if lacks && w.left > 0 { // a newer one is named and on its way
			w.left--
			found = w.fetch(ctx, s, subject, "replica")
		}
		out = append(out, found...)
	}
	if w.reach {
		out = append(out, w.named(ctx, of, local)...)
	}
	w.seen[subject] = out
	return out
}

// held returns what a folder that is here has about a subject. A file that is named
// and not here, or not any more as it is, is no answer.
func (w *walk) held(ctx context.Context, folder, subject, source string) (out []legal.Found, lacks bool) {
	m, err := w.n.replica.Manifest(ctx, folder)
	if err != nil {
		return nil, false
	}
	for _, path := range pathsOf(m, subject) {
		if v, err := w.n.replica.File(ctx, folder, path); err == nil && v.State == replica.Current {
			out = append(out, legal.Found{Body: v.Body, Source: source})
		} else {
			lacks = true
		}
	}
	return out, lacks
}

// pathsOf lists the files of a folder in which recognitions of a subject can lie.
func pathsOf(m record.Manifest, subject string) []string {
	var out []string
	if p := recognitionDir + legal.FileName(subject); named(m, p) {
		out = append(out, p)
	}
	for bits := range legal.MaxPackBits + 1 {
		if p := legal.PackPath(subject, bits); named(m, p) {
			out = append(out, p)
		}
	}
	return out
}

func named(m record.Manifest, path string) bool {
	_, ok := m.Find(path)
	return ok
}

// named follows what an organisation says of who recognises it.
func (w *walk) named(ctx context.Context, of string, local []string) []legal.Found {
	whois := w.whois
	if subjectOf(of) != subjectOf(w.issuer) {
		whois = nil
		if v, err := w.n.replica.File(ctx, subjectOf(of), replica.PathWhois); err == nil && v.State == replica.Current {
			whois = v.Body
		}
	}
	hints, carried := recognisersIn(whois, of)
	var out []legal.Found
	for _, b := range carried {
		out = append(out, legal.Found{Body: b, Source: "whois"})
	}
	subject := subjectOf(of)
	for _, by := range hints {
		folder := subjectOf(by)
		if slices.Contains(local, folder) || folder == subject || folderless(by) {
			continue
		}
		if w.left--; w.left < 0 {
			break
		}
		out = append(out, w.fetch(ctx, by, subject, "peer")...)
	}
	return out
}

// fetch takes the part of a folder that is about a subject.
func (w *walk) fetch(ctx context.Context, by, subject, source string) []legal.Found {
	fctx, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	rep, err := w.n.exchange.Bring(fctx, by, w.n.network(ctx), func(m record.Manifest) []string { return pathsOf(m, subject) })
	trace(ctx, rep.Asked...)
	w.n.walked.Add(rep.Bytes)
	if err != nil && !errors.Is(err, exchange.ErrNotHeld) {
		w.n.log.Debug("recogniser", "did", by, "err", err)
	}
	w.n.log.Debug("looked for a recognition", "by", by, "bytes", rep.Bytes, "files", rep.Files)
	v, err := w.n.replica.Head(ctx, subjectOf(by))
	if err != nil || v.Head.Expired(w.n.clock()) {
		return nil // silent for too long: what it recognises now is not known
	}
	out, _ := w.held(ctx, subjectOf(by), subject, source)
	return out
}

// recognisersIn reads a presentation for whom it names as recognisers of its holder,
// and for recognitions that it carries. Nothing of it is verified.
func recognisersIn(whois []byte, of string) (hints []string, carried [][]byte) {
	if whois == nil {
		return nil, nil
	}
	tree, err := strictjson.ParseObject(whois, strictjson.Limits{MaxBytes: record.KindWhois.MaxBytes()})
	if err != nil {
		return nil, nil
	}
	list, ok := tree["verifiableCredential"].([]any)
	if !ok {
		list = []any{tree["verifiableCredential"]}
	}
	add := func(d string) {
		if len(hints) < legal.MaxIn && !slices.Contains(hints, d) {
			hints = append(hints, d)
		}
	}
	for i, raw := range list {
		if i == 32 {
			break
		}
		body, err := strictjson.Canonical(raw)
		if err != nil {
			continue
		}
		c, err := credential.Parse(body, strictjson.Limits{})
		switch {
		case err != nil:
		case subjectOf(c.Issuer) == subjectOf(of):
			for _, d := range legal.RecognisedIn(c) {
				add(d)
			}
		case c.Has(legal.TypeRecognition):
			carried = append(carried, body)
			add(c.Issuer)
		}
	}
	return hints, carried
}
