package webvh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// UpdateOptions say what changes. What is left out stays as it is.
type UpdateOptions struct {
	// Signer signs: with pre-rotation a key that the newest entry commits to,
	// else one of the active update keys.
	Signer key.Signer
	// Document writes the new document; nil keeps the present one.
	Document Builder
	// UpdateKeys are the keys that may update from now on. nil keeps them, or,
	// with pre-rotation, means the signer's key. With pre-rotation each must have
	// been committed to.
	UpdateKeys []key.Public
	// NextKeys commit to the keys of the next update. With pre-rotation at least
	// one is needed, unless it ends here; without, it begins here.
	NextKeys []key.Public
	// StopPreRotation ends pre-rotation after this entry.
	StopPreRotation bool
	// Move publishes the identifier at another place. The document, if it is not
	// built anew, has its old identifier replaced by the new one; the old one is
	// added to alsoKnownAs.
	Move *Location
	// NotPortable ends portability for good.
	NotPortable bool
	// Witness replaces the list of witnesses; &Witness{} ends witnessing. This
	// entry is still witnessed by the list it replaces.
	Witness *Witness
	// Collect is needed when this entry has to be witnessed.
	Collect  Collector
	Watchers *[]string
	TTL      *int
	// Deactivate closes the identifier for good and freezes its keys. With
	// pre-rotation active that takes two entries: the first ends pre-rotation.
	// Both are signed by Signer. No other change may stand beside it but Document.
	Deactivate bool
	// Now becomes versionTime, in whole seconds, or the first second after that
	// of the newest entry.
	Now time.Time
}

// Update appends to the log (Update (Rotate), Deactivate (Revoke)) and returns
// the new history, which has passed [History.Extend]. The witness file, if one
// is needed, has to be published before the log. Errors: [ErrDeactivated],
// [ErrSigner], [ErrPreRotation], [ErrPortable], [ErrVersionTime] when the clock
// is behind the log, and whatever the verification finds.
func (h *History) Update(ctx context.Context, opt UpdateOptions) (*History, error) {
	c, err := h.PrepareUpdate(ctx, opt)
	if err != nil {
		return nil, err
	}
	file, err := collect(ctx, opt.Collect, c)
	if err != nil {
		return nil, err
	}
	return h.Extend(c.Log, file, VerifyOptions{Now: opt.Now})
}

// PrepareUpdate is Update up to the point where witnesses are asked: for a
// controller that collects their proofs in its own time and then calls
// [History.Extend].
func (h *History) PrepareUpdate(ctx context.Context, opt UpdateOptions) (Candidate, error) {
	if h.Deactivated() {
		return Candidate{}, ErrDeactivated
	}
	if err := canSign(opt.Signer); err != nil {
		return Candidate{}, err
	}
	at, err := h.nextTime(opt.Now)
	if err != nil {
		return Candidate{}, err
	}
	if opt.Deactivate {
		return h.prepareDeactivate(ctx, opt, at)
	}
	params, err := h.updateParams(opt)
	if err != nil {
		return Candidate{}, err
	}
	state, err := h.updateState(opt)
	if err != nil {
		return Candidate{}, err
	}
	need := h.Active().Witness
	if !need.Active() && opt.Witness != nil {
		need = *opt.Witness
	}
	raw, id, err := h.line(ctx, h.last().number, h.last().versionID, at, params, state, opt.Signer)
	if err != nil {
		return Candidate{}, err
	}
	return Candidate{Log: append(h.Log(), append(raw, '\n')...), VersionID: id, Witness: need}, nil
}

// nextTime returns the versionTime of the next entry.
func (h *History) nextTime(now time.Time) (time.Time, error) {
	if now.IsZero() {
		return now, fmt.Errorf("%w: no time was given", ErrVersionTime)
	}
	at := now.UTC().Truncate(time.Second)
	if last := h.last().time; !at.After(last) {
		at = last.Truncate(time.Second).Add(time.Second)
	}
	if at.After(now.Add(defaultSkew)) {
		return at, fmt.Errorf("%w: the clock says %s, the newest entry %s", ErrVersionTime, did.FormatTime(now), did.FormatTime(h.last().time))
	}
	return at, nil
}

// line writes the entry that follows number and versionID.
func (h *History) line(ctx context.Context, number int, versionID string, at time.Time, params, state map[string]any, s key.Signer) ([]byte, string, error) {
	return seal(ctx, map[string]any{
		"versionTime": did.FormatTime(at), "parameters": params, "state": state,
	}, number+1, versionID, s)
}

func (h *History) updateParams(opt UpdateOptions) (map[string]any, error) {
	active := h.Active()
	params := map[string]any{}
	keys := opt.UpdateKeys
	if len(active.NextKeyHashes) > 0 {
		if keys == nil {
			keys = []key.Public{opt.Signer.Public()}
		}
		if len(opt.NextKeys) == 0 && !opt.StopPreRotation {
			return nil, fmt.Errorf("%w: no key for the next update is named", ErrPreRotation)
		}
		params["nextKeyHashes"] = hashes(opt.NextKeys)
		for _, mk := range multikeys(keys) {
			if !slices.Contains(active.NextKeyHashes, key.HashMultikey(mk)) {
				return nil, fmt.Errorf("%w: the newest entry does not commit to %s", ErrSigner, mk)
			}
		}
		if !slices.Contains(multikeys(keys), opt.Signer.Public().Multikey()) {
			return nil, fmt.Errorf("%w: %s is not among the new update keys", ErrSigner, opt.Signer.Public())
		}
	} else {
		if !slices.Contains(active.UpdateKeys, opt.Signer.Public().Multikey()) {
			return nil, fmt.Errorf("%w: %s is not an active update key", ErrSigner, opt.Signer.Public())
		}
		if len(opt.NextKeys) > 0 {
			params["nextKeyHashes"] = hashes(opt.NextKeys)
		}
	}
	if opt.StopPreRotation {
		params["nextKeyHashes"] = []string{}
	}
	if keys != nil {
		params["updateKeys"] = multikeys(keys)
	}
	if opt.NotPortable {
		params["portable"] = false
	}
	if opt.Witness != nil {
		params["witness"] = opt.Witness.tree()
	}
	if opt.Watchers != nil {
		params["watchers"] = nonNil(slices.Clone(*opt.Watchers))
	}
	if opt.TTL != nil {
		params["ttl"] = *opt.TTL
	}
	return params, nil
}

func (h *History) updateState(opt UpdateOptions) (map[string]any, error) {
	name, old := h.DID(), h.DID()
	if opt.Move != nil {
		var err error
		if !h.Active().Portable {
			return nil, fmt.Errorf("%w: it was not created as portable", ErrPortable)
		}
		if name, err = opt.Move.did(h.SCID()); err != nil {
			return nil, err
		}
	}
	if opt.Document != nil {
		state, err := build(opt.Document, name)
		if err != nil || name == old {
			return state, err
		}
		return alsoKnown(state, old), nil
	}
	state, _ := strictjson.Clone(h.last().state).(map[string]any)
	if name == old {
		return state, nil
	}
	names := state["alsoKnownAs"]
	state, _ = rename(state, old, name).(map[string]any)
	if names != nil {
		state["alsoKnownAs"] = names // former names stay what they were
	}
	return alsoKnown(state, old), nil
}

// alsoKnown adds a former name to a document.
func alsoKnown(state map[string]any, old string) map[string]any {
	names, _ := state["alsoKnownAs"].([]any)
	if !slices.Contains(names, any(old)) {
		state["alsoKnownAs"] = append(slices.Clip(names), any(old))
	}
	return state
}

// rename replaces an identifier in every string that is it, or a DID URL of it.
func rename(v any, old, name string) any {
	switch v := v.(type) {
	case string:
		if rest, ok := strings.CutPrefix(v, old); ok && (rest == "" || strings.ContainsAny(rest[:1], "#/?")) {
			return name + rest
		}
	case []any:
		for i := range v {
			v[i] = rename(v[i], old, name)
		}
	case map[string]any:
		for k := range v {
			v[k] = rename(v[k], old, name)
		}
	}
	return v
}

// prepareDeactivate writes the one or two entries that close an identifier.
func (h *History) prepareDeactivate(ctx context.Context, opt UpdateOptions, at time.Time) (Candidate, error) {
	if opt.Move != nil || opt.Witness != nil || opt.Watchers != nil || opt.TTL != nil || opt.NotPortable ||
		opt.UpdateKeys != nil || opt.NextKeys != nil {
		return Candidate{}, fmt.Errorf("%w: a deactivation changes nothing but the document", ErrParameter)
	}
	state, err := h.updateState(opt)
	if err != nil {
		return Candidate{}, err
	}
	c := Candidate{Log: h.Log(), Witness: h.Active().Witness}
	number, versionID := h.last().number, h.last().versionID
	params, err := h.updateParams(UpdateOptions{Signer: opt.Signer, StopPreRotation: true})
	if err != nil {
		return Candidate{}, err
	}
	if len(h.Active().NextKeyHashes) > 0 {
		raw, id, err := h.line(ctx, number, versionID, at, params, state, opt.Signer)
		if err != nil {
			return Candidate{}, err
		}
		c.Log = append(append(c.Log, raw...), '\n')
		number, versionID, at = number+1, id, at.Add(time.Second)
		state, _ = strictjson.Clone(state).(map[string]any)
	}
	params = map[string]any{"deactivated": true, "updateKeys": []string{}}
	raw, id, err := h.line(ctx, number, versionID, at, params, state, opt.Signer)
	if err != nil {
		return Candidate{}, err
	}
	c.Log = append(append(c.Log, raw...), '\n')
	c.VersionID = id
	return c, nil
}
