package webvh

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/bonafide-id/bonafide/key"
)

// MethodVersion is the one version of the method that is supported. It implies
// SHA-256 and eddsa-jcs-2022, for log and witness proofs alike.
const MethodVersion = "did:webvh:1.0"

const (
	defaultTTL = 3600
	maxTTL     = 1 << 31
	maxKeys    = 100 // update keys, hashes, witnesses or watchers in one entry
)

// Params are the parameters in force after an entry (did:webvh DID Method
// Parameters). They are shared: do not change the slices.
type Params struct {
	Method        string
	SCID          string
	UpdateKeys    []string // multikeys; empty: frozen
	NextKeyHashes []string // not empty: pre-rotation is active
	Witness       Witness
	Watchers      []string
	Portable      bool
	Deactivated   bool
	TTL           int // seconds to keep a resolved document; 0: not at all
}

// Witness is the witness parameter. The zero value means no witnesses.
type Witness struct {
	Threshold int
	IDs       []string // did:key identifiers
}

// Active tells whether entries have to be witnessed.
func (w Witness) Active() bool { return w.Threshold > 0 }

func (w Witness) tree() map[string]any {
	if !w.Active() {
		return map[string]any{}
	}
	list := make([]any, len(w.IDs))
	for i, id := range w.IDs {
		list[i] = map[string]any{"id": id}
	}
	return map[string]any{"threshold": w.Threshold, "witnesses": list}
}

// keyring parses each multikey of a log once.
type keyring map[string]ringEntry

type ringEntry struct {
	pub key.Public
	err error
}

func (r keyring) get(multikey string) (key.Public, error) {
	if e, ok := r[multikey]; ok {
		return e.pub, e.err
	}
	pub, err := key.ParseMultikey(multikey)
	r[multikey] = ringEntry{pub, err}
	return pub, err
}

// step is the outcome of reading the parameters of one entry.
type step struct {
	params *Params  // in force after the entry
	keys   []string // allowed to sign this entry
	// witness is the list that has to witness this entry.
	witness Witness
}

// next reads the parameters of an entry that follows one with parameters prev
// (nil: this is the first entry). The table of the specification is kept in the
// order: method, what may stand here, values, then the rules between entries.
func next(prev *Params, in map[string]any, ring keyring) (step, error) {
	first := prev == nil
	if err := checkMethod(in, first); err != nil {
		return step{}, err
	}
	if _, ok := in["scid"]; ok && !first {
		return step{}, fmt.Errorf("%w: scid stands in a later entry", ErrParameter)
	}
	p := &Params{Method: MethodVersion, TTL: defaultTTL}
	if !first {
		if len(in) == 0 && len(prev.NextKeyHashes) == 0 {
			return step{params: prev, keys: prev.UpdateKeys, witness: prev.Witness}, nil
		}
		p = new(Params)
		*p = *prev
	}
	// Of several faults the one that comes first by name is told, so that the
	// same bytes always give the same error.
	var fault error
	faultName := ""
	for name, v := range in {
		if err := p.set(name, v, ring); err != nil && (fault == nil || name < faultName) {
			fault, faultName = err, name
		}
	}
	if fault != nil {
		return step{}, fault
	}
	if first {
		return p.first(in)
	}
	return p.later(prev, in)
}

func checkMethod(in map[string]any, first bool) error {
	v, ok := in["method"]
	if !ok {
		if first {
			return fmt.Errorf("%w: the first entry names none", ErrMethodVersion)
		}
		return nil
	}
	if v != MethodVersion {
		s, _ := v.(string)
		return fmt.Errorf("%w: %q", ErrMethodVersion, clip(s))
	}
	return nil
}

// set takes one parameter. A null is what early implementations wrote for "the
// default"; it is read as such and stays in the bytes that are hashed.
func (p *Params) set(name string, v any, ring keyring) error {
	var err error
	switch name {
	case "method": // checked before
	case "scid":
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%w: scid is not a string", ErrParameter)
		}
		p.SCID = s
	case "updateKeys":
		if p.UpdateKeys, err = stringList(name, v); err != nil {
			return err
		}
		return checkUpdateKeys(p.UpdateKeys, ring)
	case "nextKeyHashes":
		p.NextKeyHashes, err = stringList(name, v)
	case "witness":
		p.Witness, err = parseWitness(v, ring)
	case "watchers":
		if p.Watchers, err = stringList(name, v); err != nil {
			return err
		}
		return checkWatchers(p.Watchers)
	case "portable":
		p.Portable, err = boolean(name, v)
	case "deactivated":
		p.Deactivated, err = boolean(name, v)
	case "ttl":
		p.TTL, err = parseTTL(v)
	default:
		return fmt.Errorf("%w: %q is not defined by %s", ErrParameter, clip(name), MethodVersion)
	}
	return err
}

// first applies the rules of the first entry, where all parameters act at once.
func (p *Params) first(in map[string]any) (step, error) {
	if err := checkSCID(p.SCID); err != nil {
		return step{}, err
	}
	if _, ok := in["updateKeys"]; !ok {
		return step{}, fmt.Errorf("%w: the first entry has no updateKeys", ErrParameter)
	}
	return step{params: p, keys: p.UpdateKeys, witness: p.Witness}, nil
}

// later applies the rules between an entry and the one before it.
func (p *Params) later(prev *Params, in map[string]any) (step, error) {
	s := step{params: p, keys: prev.UpdateKeys, witness: prev.Witness}
	if in["portable"] == true {
		return step{}, fmt.Errorf("%w: portable is set to true after the first entry", ErrPortable)
	}
	if !prev.Witness.Active() {
		s.witness = p.Witness // a list that replaces none acts at once
	}
	if len(prev.NextKeyHashes) == 0 {
		return s, nil
	}
	for _, name := range []string{"updateKeys", "nextKeyHashes"} {
		if _, ok := in[name]; !ok {
			return step{}, fmt.Errorf("%w: %s is missing", ErrPreRotation, name)
		}
	}
	for _, k := range p.UpdateKeys {
		if !slices.Contains(prev.NextKeyHashes, key.HashMultikey(k)) {
			return step{}, fmt.Errorf("%w: %s was not committed to", ErrPreRotation, clip(k))
		}
	}
	s.keys = p.UpdateKeys
	return s, nil
}

func stringList(name string, v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a list", ErrParameter, name)
	}
	if len(list) > maxKeys {
		return nil, fmt.Errorf("%w: %s has %d entries, at most %d", ErrParameter, name, len(list), maxKeys)
	}
	out := make([]string, len(list))
	for i, e := range list {
		if out[i], ok = e.(string); !ok {
			return nil, fmt.Errorf("%w: %s has an entry that is not a string", ErrParameter, name)
		}
	}
	return out, nil
}

// checkUpdateKeys wants multikeys. One of a kind that we do not know is inert,
// since nothing but eddsa-jcs-2022 can sign.
func checkUpdateKeys(keys []string, ring keyring) error {
	for _, k := range keys {
		if _, err := ring.get(k); err != nil && !errors.Is(err, key.ErrKind) {
			return fmt.Errorf("%w: updateKeys: %w", ErrParameter, err)
		}
	}
	return nil
}

func checkWatchers(list []string) error {
	for _, w := range list {
		u, err := url.Parse(w)
		if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" || len(w) > 2048 {
			return fmt.Errorf("%w: watchers: %q is not an absolute URL", ErrParameter, clip(w))
		}
	}
	return nil
}

func boolean(name string, v any) (bool, error) {
	if v == nil {
		return false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("%w: %s is not a boolean", ErrParameter, name)
	}
	return b, nil
}

func parseTTL(v any) (int, error) {
	if v == nil {
		return defaultTTL, nil
	}
	n, ok := integer(v)
	if !ok || n < 0 || n > maxTTL {
		return 0, fmt.Errorf("%w: ttl is not an integer of 0 to 2^31", ErrParameter)
	}
	return int(n), nil
}

// integer takes a JSON number without fraction or exponent.
func integer(v any) (int64, bool) {
	num, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(num), 10, 64)
	return n, err == nil && num != "-0"
}

// parseWitness reads the witness parameter; anything that is not whole is an
// error and never "no witnesses".
func parseWitness(v any, ring keyring) (Witness, error) {
	if v == nil {
		return Witness{}, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return Witness{}, fmt.Errorf("%w: not an object", ErrWitness)
	}
	if len(m) == 0 {
		return Witness{}, nil
	}
	if name, ok := stranger(m, "threshold", "witnesses"); ok {
		return Witness{}, fmt.Errorf("%w: member %q", ErrWitness, clip(name))
	}
	list, ok := m["witnesses"].([]any)
	if !ok || len(list) == 0 || len(list) > maxKeys {
		return Witness{}, fmt.Errorf("%w: witnesses is not a list of 1 to %d", ErrWitness, maxKeys)
	}
	w := Witness{}
	for _, e := range list {
		id, err := witnessID(e, ring)
		if err != nil {
			return Witness{}, err
		}
		if slices.Contains(w.IDs, id) {
			return Witness{}, fmt.Errorf("%w: %s stands twice", ErrWitness, clip(id))
		}
		w.IDs = append(w.IDs, id)
	}
	n, ok := integer(m["threshold"])
	if !ok || n < 1 || n > int64(len(w.IDs)) {
		return Witness{}, fmt.Errorf("%w: threshold is not an integer of 1 to %d", ErrWitness, len(w.IDs))
	}
	w.Threshold = int(n)
	return w, nil
}

// witnessID reads one witness: a did:key of an Ed25519 key. The text of a
// did:key is ASCII and the only one for its key, so that comparing bytes is
// comparing after NFC.
func witnessID(e any, ring keyring) (string, error) {
	m, _ := e.(map[string]any)
	id, ok := m["id"].(string)
	if !ok || len(m) != 1 {
		return "", fmt.Errorf("%w: a witness is not an object with just an id", ErrWitness)
	}
	multikey, ok := cutDIDKey(id)
	if !ok {
		return "", fmt.Errorf("%w: %q is not a did:key", ErrWitness, clip(id))
	}
	pub, err := ring.get(multikey)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrWitness, clip(id), err)
	}
	if pub.Kind() != key.Ed25519 {
		return "", fmt.Errorf("%w: %s is not an Ed25519 key", ErrWitness, clip(id))
	}
	return id, nil
}
