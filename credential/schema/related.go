package schema

import (
	"errors"
	"fmt"
	"mime"
	"net/url"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/verdict"
)

// related judges relatedResource (VCDM 2.0 section 5.3): each entry names one
// resource and at least one digest, and no resource twice.
func (r *run) related(v any) {
	malformed := func(format string, args ...any) {
		r.add(row(verdict.MalformedValue).With("detail", "relatedResource: "+fmt.Sprintf(format, args...)))
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) > maxRelated {
		r.add(row(verdict.BudgetExceeded).With("detail", fmt.Sprintf("%d related resources", len(list))))
		return
	}
	loader := r.opt.Loader
	if loader == nil {
		loader = jsonld.Builtin()
	}
	seen := make(map[string]bool, len(list))
	for i, e := range list {
		entry, ok := e.(map[string]any)
		if !ok {
			malformed("[%d] is no object", i)
			continue
		}
		id, _ := entry["id"].(string)
		if u, err := url.Parse(id); err != nil || !u.IsAbs() {
			malformed("[%d].id is not a URL", i)
			continue
		}
		if seen[id] {
			malformed("%.200s stands twice", id)
			continue
		}
		seen[id] = true
		wanted, has := entry["mediaType"]
		media, isText := wanted.(string)
		if has && !isText {
			malformed("[%d].mediaType is no text", i)
			continue
		}
		digests, err := stated(entry)
		if err != nil {
			malformed("%.200s: %v", id, err)
			continue
		}
		if len(digests) == 0 {
			malformed("%.200s has no digest", id)
			continue
		}
		r.resource(loader, id, media, digests)
	}
}

// resource compares one resource with its digests: a context with the copy that
// gives the credential its meaning, anything else when the Source has it.
func (r *run) resource(loader *jsonld.Loader, id, media string, want []digests) {
	note := func(code verdict.Code) verdict.Check { return row(code).With("resource", id) }
	res := resource{}
	if loader.Has(id) {
		res.body, res.err = loader.Document(id)
	} else {
		res, res.err = r.get(id)
	}
	if res.err != nil {
		if errors.Is(res.err, errBudget) {
			r.add(note(verdict.BudgetExceeded).With("detail", clip(res.err)))
		} else {
			r.missing(note(verdict.ResourceUnavailable).With("detail", clip(res.err)))
		}
		return
	}
	for _, d := range want {
		if !d.match(res.body) {
			r.add(note(verdict.ResourceDiffers))
			return
		}
	}
	if media != "" && res.mediaType != "" && !sameMedia(media, res.mediaType) {
		r.add(note(verdict.ResourceDiffers).With("mediaType", res.mediaType))
	}
}

// sameMedia compares types without their parameters.
func sameMedia(a, b string) bool {
	x, _, errX := mime.ParseMediaType(a)
	y, _, errY := mime.ParseMediaType(b)
	return errX == nil && errY == nil && x == y
}
