package webvh

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"

	"github.com/bonafide-id/bonafide/did"
)

// Resolve answers for the version that opt selects, as the identifier
// requested: a DID that an entry carries, the did:scid alias, or "" for the
// newest DID. The document of a deactivated identifier is nil unless an earlier
// version is asked for.
//
// After a move the document carries its newest id, and Meta.CanonicalID says
// so; a caller that wants id and request to be equal compares them. Nothing in
// the answer takes the domain of an identifier as proven: OriginProven is for
// the caller, who knows where the log came from.
//
// Errors: [did.ErrOptions] for options that contradict each other,
// [did.ErrNotFound] for a version that does not exist, [ErrDIDMismatch],
// [ErrState] when the document is malformed.
func (h *History) Resolve(opt did.Options, requested string) (*did.Resolution, error) {
	return h.resolve(opt, requested, true)
}

// resolve answers out of h. whole is false when h is the valid beginning of a
// log that goes on with an invalid entry.
func (h *History) resolve(opt did.Options, requested string, whole bool) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if err := h.matches(requested); err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	if requested == "" {
		requested = h.DID()
	}
	i, err := h.pick(opt, whole)
	if err != nil {
		return nil, err
	}
	e := h.entries[i]
	res := &did.Resolution{
		DID:      requested,
		Meta:     h.metadata(i, requested),
		Info:     did.ResolutionInfo{ContentType: did.MediaTypeDocument},
		Versions: h.versions(),
	}
	if e.params.Deactivated {
		res.Info.ContentType = ""
		return res, nil
	}
	if res.Document, err = e.document(); err != nil {
		return nil, err
	}
	return res, nil
}

// pick finds the index of the version asked for. In the valid beginning of a
// log the newest entry has no known end, so a time in it finds nothing.
func (h *History) pick(opt did.Options, whole bool) (int, error) {
	switch {
	case opt.VersionID != "":
		if i := h.find(opt.VersionID); i >= 0 {
			return i, nil
		}
		return 0, fmt.Errorf("%w: version %s", did.ErrNotFound, clip(opt.VersionID))
	case opt.VersionNumber != 0:
		if opt.VersionNumber <= len(h.entries) {
			return opt.VersionNumber - 1, nil
		}
		return 0, fmt.Errorf("%w: version number %d", did.ErrNotFound, opt.VersionNumber)
	case !opt.VersionTime.IsZero():
		after := sort.Search(len(h.entries), func(i int) bool { return h.entries[i].time.After(opt.VersionTime) })
		if after == 0 || after == len(h.entries) && !whole {
			return 0, fmt.Errorf("%w: no version at %s", did.ErrNotFound, did.FormatTime(opt.VersionTime))
		}
		return after - 1, nil
	}
	return len(h.entries) - 1, nil
}

// metadata writes the names of the specification (Read (Resolve)). Parameters
// are those of the last valid entry; integers are strings, as DID Resolution
// wants.
func (h *History) metadata(i int, requested string) did.Metadata {
	e, first, last := h.entries[i], h.entries[0], h.last()
	created, updated := first.time, last.time
	p := last.params
	m := did.Metadata{
		VersionID: e.versionID, Created: &created, Updated: &updated, Deactivated: p.Deactivated,
		EquivalentID: []string{Alias(h.SCID())},
		Extra: map[string]any{
			"versionTime":   did.FormatTime(e.time),
			"versionNumber": strconv.Itoa(e.number),
			"scid":          p.SCID,
			"portable":      p.Portable,
			"deactivated":   p.Deactivated,
			"ttl":           strconv.Itoa(p.TTL),
			"witness":       p.Witness.metadata(),
			"watchers":      slices.Clone(nonNil(p.Watchers)),
		},
	}
	if i+1 < len(h.entries) {
		m.NextVersionID = h.entries[i+1].versionID
		m.Extra["nextUpdate"] = did.FormatTime(h.entries[i+1].time)
	}
	if requested != h.DID() {
		m.CanonicalID = h.DID()
		if requested != Alias(h.SCID()) {
			m.EquivalentID = append([]string{requested}, m.EquivalentID...)
		}
	}
	return m
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (w Witness) metadata() map[string]any {
	t := w.tree()
	if w.Active() {
		t["threshold"] = strconv.Itoa(w.Threshold)
	}
	return t
}

// listVersions lists all versions; the result is shared by all answers.
func (h *History) listVersions() []did.Version {
	out := make([]did.Version, len(h.entries))
	for i, e := range h.entries {
		doc, _ := e.document() // a malformed document is nil here, as Version says
		out[i] = did.Version{ID: e.versionID, Number: e.number, Time: e.time, Document: doc, Deactivated: e.params.Deactivated}
	}
	return out
}

// Resolve verifies a log and answers from it. When a later entry is invalid,
// versions before it are still answered if asked for by versionId,
// versionNumber, or a versionTime that lies before a valid entry; asked for the
// newest, it fails with the [VerifyError], which names the last valid version.
func Resolve(log, witness []byte, opt VerifyOptions, version did.Options) (*did.Resolution, error) {
	if err := version.Check(); err != nil {
		return nil, err
	}
	h, err := Verify(log, witness, opt)
	if err == nil {
		return h.Resolve(version, opt.DID)
	}
	var partial *VerifyError
	if errors.As(err, &partial) && partial.History != nil && version.Versioned() &&
		broken(partial.Err) && partial.History.agrees(opt.Remember) == nil {
		if res, rerr := partial.History.resolve(version, opt.DID, false); rerr == nil {
			return res, nil
		}
	}
	return nil, err
}

// broken tells faults of an entry from faults of the log as a whole: a
// truncated or forked log, or that of another identifier, answers nothing.
func broken(err error) bool {
	for _, e := range []error{ErrTruncated, ErrForked, ErrDIDMismatch} {
		if errors.Is(err, e) {
			return false
		}
	}
	return true
}
