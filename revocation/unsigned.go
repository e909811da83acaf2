package revocation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/verdict"
)

// unsigned judges a status of the type 1EdTechRevocationList (Open Badges 3.0,
// verification; 1EdTech Revocation List Status Method 1.0): the id of the status
// is the URL of a JSON file that lists the ids of revoked credentials. Nobody
// signs it, so it counts only as this node had it over TLS from that URL, or as
// the operator vouches for it. It returns true when the list was read and the
// credential is not revoked.
func (r *Result) unsigned(ctx context.Context, m map[string]any, c *credential.Credential, opt Options) bool {
	at, _ := m["id"].(string)
	note := func(code verdict.Code, detail string) verdict.Check {
		row := verdict.New(verdict.Status, code).With("purpose", string(Revocation)).With("list", at).With("signed", "no")
		if detail != "" {
			row = row.With("detail", detail)
		}
		return row
	}
	bad := func(code verdict.Code, detail string) bool {
		r.add(note(code, detail))
		return false
	}
	switch {
	case at == "" || len(at) > 4096:
		return bad(verdict.MalformedValue, "id must be the URL of the list")
	case c.ID == "":
		return bad(verdict.MalformedValue, "the credential has no id by which it could be listed")
	}
	found, err := opt.Source.StatusList(ctx, Request{URL: at, Issuer: c.Issuer})
	switch {
	case err != nil:
		return bad(verdict.StatusRetrieval, err.Error())
	case found == nil:
		return bad(verdict.StatusRetrieval, "")
	}
	stamp := func(row verdict.Check) verdict.Check {
		ev := verdict.Evidence{Kind: "status-list", ID: at, Digest: found.Digest}
		if !found.At.IsZero() {
			ev.At = &found.At
			row = row.Aged(opt.At.Sub(found.At))
		}
		return row.From(found.Source).On(ev)
	}
	bad = func(code verdict.Code, detail string) bool {
		r.add(stamp(note(code, detail)))
		return false
	}
	if !found.Vouched && (found.Source != "origin" || !strings.HasPrefix(at, "https://")) {
		return bad(verdict.StatusVerification, "nobody signed the list, and it does not come from its own web site")
	}
	l, err := readUnsigned(found.Body, at, opt.MaxListBytes)
	switch {
	case errors.Is(err, strictjson.ErrTooLarge):
		return bad(verdict.TooLarge, err.Error())
	case err != nil:
		return bad(verdict.MalformedValue, err.Error())
	case l.id != "" && l.id != at && !found.Vouched:
		return bad(verdict.StatusVerification, "the list calls itself "+clip(l.id))
	case l.issuer != "" && !sameIssuer(l.issuer, c.Issuer) && (opt.Practice == nil || !slices.Contains(opt.Practice.ListIssuers, l.issuer)):
		return bad(verdict.ListIssuerNotAuthorised, "the list is by "+clip(l.issuer))
	}
	if l.id != "" && l.id != at {
		r.add(stamp(note(verdict.StatusIDDiffers, "")).With("id", clip(l.id)))
	}
	if !found.At.IsZero() && (r.Oldest.IsZero() || found.At.Before(r.Oldest)) {
		r.Oldest = found.At
	}
	reason, revoked := l.revoked[c.ID]
	row := note(verdict.OK, "")
	if revoked {
		row = note(verdict.Revoked, "")
		if reason != "" {
			row = row.With("reason", clip(reason))
		}
	}
	r.add(stamp(row), stamp(note(verdict.StatusListUnsigned, "")))
	return !revoked
}

// unsignedList is a 1EdTech revocation list.
type unsignedList struct {
	id, issuer string            // "" when the list does not say
	revoked    map[string]string // credential id to the reason
}

// readUnsigned reads a list of at most max bytes (zero: 8 MiB). Both spellings
// of the member in use are read. A document with neither counts as an empty list
// only when it calls itself by the URL and names an issuer: an error page in
// JSON must not look like "nobody is revoked".
func readUnsigned(body []byte, at string, max int64) (*unsignedList, error) {
	if max <= 0 {
		max = MaxListBytes
	}
	doc, err := strictjson.ParseObject(body, strictjson.Limits{MaxBytes: int(max)})
	if err != nil {
		return nil, err
	}
	l := &unsignedList{revoked: make(map[string]string)}
	var ok bool
	if raw, has := doc["id"]; has {
		if l.id, ok = raw.(string); !ok || l.id == "" {
			return nil, fmt.Errorf("%w: id is no text", ErrRevocationList)
		}
	}
	if raw, has := doc["issuer"]; has {
		if profile, isObject := raw.(map[string]any); isObject {
			raw = profile["id"]
		}
		if l.issuer, ok = raw.(string); !ok || l.issuer == "" {
			return nil, fmt.Errorf("%w: issuer is no URL", ErrRevocationList)
		}
	}
	lists := 0
	for _, name := range []string{"revokedCredential", "revokedCredentials"} {
		raw, has := doc[name]
		if !has {
			continue
		}
		lists++
		entries, ok := raw.([]any)
		if !ok {
			entries = []any{raw}
		}
		for i, e := range entries {
			if err := l.take(e); err != nil {
				return nil, fmt.Errorf("%w in %s[%d]", err, name, i)
			}
		}
	}
	if lists == 0 && (l.id != at || l.issuer == "") {
		return nil, fmt.Errorf("%w: this is no revocation list", ErrRevocationList)
	}
	return l, nil
}

// take reads one entry: the id of a credential, or an object with it.
func (l *unsignedList) take(entry any) error {
	m, ok := entry.(map[string]any)
	if !ok {
		m = map[string]any{"id": entry}
	}
	id, ok := m["id"].(string)
	if !ok || id == "" {
		return fmt.Errorf("%w: no id", ErrRevocationList)
	}
	if raw, has := m["revoked"]; has {
		switch raw {
		case true:
		case false:
			return nil
		default:
			return fmt.Errorf("%w: revoked is neither true nor false", ErrRevocationList)
		}
	}
	reason, _ := m["revocationReason"].(string)
	if l.revoked[id] == "" {
		l.revoked[id] = reason
	}
	return nil
}
