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
	"github.com/bonafide-id/bonafide/proof"
)

// Location is where an identifier's folder is published.
type Location struct {
	Host string
	Port int // 0: none
	Path []string
}

// did writes the identifier of a place; scid may be the placeholder.
func (l Location) did(scid string) (string, error) {
	id := ID{SCID: scid, Host: strings.ToLower(l.Host), Port: l.Port, Path: l.Path}
	text := id.String()
	check := text
	if scid == placeholder {
		check = strings.Replace(text, placeholder, key.HashMultikey(""), 1)
	}
	got, err := ParseID(check)
	if err != nil {
		return "", err
	}
	if got.Host != id.Host || !slices.Equal(got.Path, l.Path) {
		return "", fmt.Errorf("%w: write the domain as %s", ErrID, got.Host)
	}
	return text, nil
}

// Builder writes the DID document of an identifier. Its id must be the one
// given, which may hold the placeholder "{SCID}"; see [did.Spec.Build].
type Builder func(id string) (map[string]any, error)

// Collector gets witness proofs for a candidate, which ends with an entry that
// nobody has published, and returns the witness file with them added.
type Collector func(ctx context.Context, c Candidate) (file []byte, err error)

// Candidate is a log whose newest entry or entries are signed by the controller
// and not published yet.
type Candidate struct {
	Log       []byte
	VersionID string // of the newest entry
	Witness   Witness
}

// CreateOptions say what identifier to create. The defaults are portable, with
// pre-rotation, without witnesses.
type CreateOptions struct {
	Location Location
	Document Builder
	// Signer signs the first entry; its key is always in updateKeys. Ed25519.
	Signer key.Signer
	// MoreKeys are further keys that may update.
	MoreKeys []key.Public
	// NextKeys are the keys of the next update, committed to by their hashes. At
	// least one, unless NoPreRotation.
	NextKeys      []key.Public
	NoPreRotation bool
	NotPortable   bool
	Witness       Witness
	// Collect is needed with witnesses.
	Collect  Collector
	Watchers []string
	// TTL in seconds; nil means the default of the method, 3600.
	TTL *int
	// Now becomes versionTime, in whole seconds.
	Now time.Time
}

// Create makes an identifier and its first entry (Create (Register)). The
// result has passed [Verify]. Errors: [ErrID] for the location, [ErrSigner],
// [ErrParameter], and whatever Verify finds wrong with the document.
func Create(ctx context.Context, opt CreateOptions) (*History, error) {
	c, err := PrepareCreate(ctx, opt)
	if err != nil {
		return nil, err
	}
	file, err := collect(ctx, opt.Collect, c)
	if err != nil {
		return nil, err
	}
	return Verify(c.Log, file, VerifyOptions{Now: opt.Now})
}

func collect(ctx context.Context, f Collector, c Candidate) ([]byte, error) {
	if !c.Witness.Active() {
		return nil, nil
	}
	if f == nil {
		return nil, fmt.Errorf("%w: nobody was named to collect them", ErrWitnessProof)
	}
	return f(ctx, c)
}

// PrepareCreate is Create up to the point where witnesses are asked: for a
// controller that collects their proofs in its own time and then calls
// [Verify].
func PrepareCreate(ctx context.Context, opt CreateOptions) (Candidate, error) {
	if err := canSign(opt.Signer); err != nil {
		return Candidate{}, err
	}
	if opt.Document == nil || opt.Now.IsZero() {
		return Candidate{}, fmt.Errorf("%w: no document builder or no time", ErrParameter)
	}
	name, err := opt.Location.did(placeholder)
	if err != nil {
		return Candidate{}, err
	}
	state, err := build(opt.Document, name)
	if err != nil {
		return Candidate{}, err
	}
	params := map[string]any{
		"method": MethodVersion, "scid": placeholder, "portable": !opt.NotPortable,
		"updateKeys": multikeys(append([]key.Public{opt.Signer.Public()}, opt.MoreKeys...)),
	}
	if !opt.NoPreRotation {
		if len(opt.NextKeys) == 0 {
			return Candidate{}, fmt.Errorf("%w: no key for the next update is named", ErrPreRotation)
		}
		params["nextKeyHashes"] = hashes(opt.NextKeys)
	}
	if opt.Witness.Active() {
		params["witness"] = opt.Witness.tree()
	}
	if len(opt.Watchers) > 0 {
		params["watchers"] = slices.Clone(opt.Watchers)
	}
	if opt.TTL != nil {
		params["ttl"] = *opt.TTL
	}
	draft := map[string]any{
		"versionId": placeholder, "versionTime": did.FormatTime(opt.Now), "parameters": params, "state": state,
	}
	text, err := strictjson.Canonical(draft)
	if err != nil {
		return Candidate{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	scid := multihash(text)
	entry, err := strictjson.ParseObject([]byte(strings.ReplaceAll(string(text), placeholder, scid)), strictjson.Limits{})
	if err != nil {
		return Candidate{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	raw, id, err := seal(ctx, entry, 1, scid, opt.Signer)
	if err != nil {
		return Candidate{}, err
	}
	return Candidate{Log: append(raw, '\n'), VersionID: id, Witness: opt.Witness}, nil
}

func canSign(s key.Signer) error {
	if s == nil || s.Public().Kind() != key.Ed25519 {
		return fmt.Errorf("%w: %s wants an Ed25519 key", ErrSigner, suite)
	}
	return nil
}

func build(b Builder, name string) (map[string]any, error) {
	state, err := b(name)
	if err != nil {
		return nil, fmt.Errorf("webvh: build the document: %w", err)
	}
	if state["id"] != name {
		return nil, fmt.Errorf("%w: the builder wrote another id than %s", ErrState, clip(name))
	}
	return state, nil
}

func multikeys(keys []key.Public) []string {
	out := []string{}
	for _, k := range keys {
		if mk := k.Multikey(); !slices.Contains(out, mk) {
			out = append(out, mk)
		}
	}
	return out
}

func hashes(keys []key.Public) []string {
	out := multikeys(keys)
	for i, mk := range out {
		out[i] = key.HashMultikey(mk)
	}
	return out
}

// seal gives an entry its versionId and proof and writes the line (Generate
// Entry Hash; Authorized Keys). before is what the hash binds to: the SCID or
// the previous versionId.
func seal(ctx context.Context, entry map[string]any, number int, before string, s key.Signer) ([]byte, string, error) {
	entry["versionId"] = before
	text, err := strictjson.Canonical(entry)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrState, err)
	}
	id := fmt.Sprintf("%d-%s", number, multihash(text))
	entry["versionId"] = id
	at, err := parseTime(entry["versionTime"].(string))
	if err != nil {
		return nil, "", err
	}
	p, err := proof.SignJCS(ctx, entry, proofConfig(s, at), s)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrSigner, err)
	}
	entry["proof"] = []any{p}
	raw, err := strictjson.Canonical(entry)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrState, err)
	}
	return raw, id, nil
}
