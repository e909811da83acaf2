package webvh

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultMaxBytes   = 5 << 20
	defaultMaxLine    = 256 << 10
	defaultMaxEntries = 20_000
	defaultMaxWitness = 1 << 20
	defaultSkew       = 5 * time.Minute
)

// Limits bound what is read. Zero fields take the defaults.
type Limits struct {
	MaxBytes        int // of the log; default 5 MiB
	MaxLine         int // of one line, in bytes; default 256 KiB
	MaxEntries      int // default 20 000
	MaxWitnessBytes int // of the witness file; default 1 MiB
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		at    *int
		value int
	}{{&l.MaxBytes, defaultMaxBytes}, {&l.MaxLine, defaultMaxLine}, {&l.MaxEntries, defaultMaxEntries}, {&l.MaxWitnessBytes, defaultMaxWitness}} {
		if *f.at <= 0 {
			*f.at = f.value
		}
	}
	return l
}

// VerifyOptions say what is expected of a log.
type VerifyOptions struct {
	// DID is the identifier that was asked for, did:webvh or its did:scid alias.
	// At least one entry must carry it. "" takes any.
	DID string
	// Now is the time of reading; the zero value means that future times are
	// not refused, which only a caller who judges them itself should choose.
	Now time.Time
	// Skew is how far ahead a versionTime may be. Zero means 5 minutes.
	Skew   time.Duration
	Limits Limits
	// Remember is what was verified of this identifier before.
	Remember *Memory
	// SkipWitnesses leaves witness proofs out. It serves evidence of forks,
	// where what the controller signed is all that counts; no document may be
	// believed on such a history.
	SkipWitnesses bool
	// Workers is how many goroutines may check signatures; 0 and 1 mean none
	// beside the caller's. At most 16.
	Workers int
}

// Memory is the highest version verified before, to be kept for every
// identifier. A valid log that is shorter gives [ErrTruncated], one that went
// another way [ErrForked].
type Memory struct {
	VersionID string
	Number    int
}

// Verify checks a whole log, every rule for every entry, and after that the
// witness proofs (Read (Resolve)). witness may be nil for identifiers without
// witnesses. A failure is a *[VerifyError], which carries the valid prefix and
// wraps the rule's sentinel and did.ErrInvalid.
func Verify(log, witness []byte, opt VerifyOptions) (*History, error) {
	return verifyFrom(nil, log, witness, opt)
}

// Extend checks a newer copy of the log, given whole. The part that equals what
// h holds is recognised by its bytes and not verified again, so that the cost
// is that of the new entries. Besides the errors of [Verify]: [ErrTruncated]
// when log is a shorter version of h, [ErrForked] when it is another branch; the
// [VerifyError] then carries the other history. h itself never changes.
//
// The same log gives an equal history. An identifier whose h was the valid
// prefix out of a VerifyError can be extended too: witness proofs that came in
// meanwhile are then counted.
func (h *History) Extend(log, witness []byte, opt VerifyOptions) (*History, error) {
	opt.Remember = laterMemory(opt.Remember, h.Memory())
	return verifyFrom(h, log, witness, opt)
}

// Append is Extend for a caller that has only the new lines, as they follow the
// log of h: its cost does not depend on the length of h at all.
func (h *History) Append(lines, witness []byte, opt VerifyOptions) (*History, error) {
	v, err := newVerification(h, len(lines)+h.size, witness, opt)
	if err != nil {
		return nil, err
	}
	v.done = len(h.entries)
	v.entries = slices.Clip(h.entries)
	return v.run(lines, witness)
}

func laterMemory(a *Memory, b Memory) *Memory {
	if a != nil && a.Number > b.Number {
		return a
	}
	return &b
}

// verification is one run over a log.
type verification struct {
	opt     VerifyOptions
	limit   time.Time // versionTimes after it are in the future; zero: not judged
	known   *History  // verified before; may be nil
	entries []*entry
	done    int // entries taken over from known
	ring    keyring
	hash    hasher
	claims  []claim
	owner   []int // owner[i]: index of the entry of claims[i]
	needs   []Witness
}

func verifyFrom(known *History, log, witness []byte, opt VerifyOptions) (*History, error) {
	v, err := newVerification(known, len(log), witness, opt)
	if err != nil {
		return nil, err
	}
	return v.run(v.recognise(log), witness)
}

// newVerification applies the limits to a log of size bytes.
func newVerification(known *History, size int, witness []byte, opt VerifyOptions) (*verification, error) {
	opt.Limits = opt.Limits.withDefaults()
	if size > opt.Limits.MaxBytes {
		return nil, plainError(fmt.Errorf("%w: log of %d bytes, at most %d", ErrTooLarge, size, opt.Limits.MaxBytes))
	}
	if len(witness) > opt.Limits.MaxWitnessBytes {
		return nil, plainError(fmt.Errorf("%w: witness file of %d bytes, at most %d", ErrTooLarge, len(witness), opt.Limits.MaxWitnessBytes))
	}
	v := &verification{opt: opt, known: known, ring: keyring{}}
	if !opt.Now.IsZero() {
		skew := opt.Skew
		if skew <= 0 {
			skew = defaultSkew
		}
		v.limit = opt.Now.Add(skew)
	}
	return v, nil
}

// run verifies what follows the entries that were taken over.
func (v *verification) run(rest, witness []byte) (*History, error) {
	fault := v.walk(rest)
	if err := v.checkSignatures(); err != nil {
		fault = err
	}
	// Each of the three looks at what the one before left, so that the last fault
	// is always that of the earliest entry.
	if err := v.checkWitnesses(witness); err != nil {
		fault = err
	}
	return v.finish(fault)
}

func plainError(err error) *VerifyError { return &VerifyError{Err: err, Code: code(err)} }

// fault is an error of the entry that would have come at this index.
type fault struct {
	index int
	err   error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// recognise takes over the entries of the known history whose lines stand at
// the beginning of log, and returns the rest.
func (v *verification) recognise(log []byte) []byte {
	if v.known == nil {
		return log
	}
	rest := log
	for _, e := range v.known.entries {
		n := len(e.raw)
		if len(rest) < n || !bytes.Equal(rest[:n], e.raw) {
			break
		}
		if len(rest) > n {
			if rest[n] != '\n' {
				break
			}
			n++
		}
		rest = rest[n:]
		v.done++
	}
	v.entries = slices.Clip(v.known.entries[:v.done])
	return rest
}

// walk reads the lines one after the other. It stops at the first that breaks a
// rule other than a signature or a witness proof. Everything that is kept is
// copied out of the caller's bytes.
func (v *verification) walk(rest []byte) error {
	rest = bytes.Clone(rest)
	var prev *entry
	if v.done > 0 {
		prev = v.entries[v.done-1]
	}
	if grow := bytes.Count(rest, []byte{'\n'}) + 1; len(rest) > 0 {
		v.entries = slices.Grow(v.entries, min(grow, v.opt.Limits.MaxEntries))
	}
	for len(rest) > 0 {
		raw := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			raw, rest = rest[:i:i], rest[i+1:]
		} else {
			rest = nil
		}
		e, need, err := v.entry(prev, raw)
		if err != nil {
			return &fault{len(v.entries), err}
		}
		v.entries = append(v.entries, e)
		v.needs = append(v.needs, need)
		prev = e
	}
	if len(v.entries) == 0 {
		return &fault{0, ErrEmpty}
	}
	return nil
}

// entry applies every rule but the signatures themselves to one line.
func (v *verification) entry(prev *entry, raw []byte) (*entry, Witness, error) {
	none := Witness{}
	if prev != nil && prev.params.Deactivated {
		return nil, none, fmt.Errorf("%w: no entry may follow", ErrDeactivated)
	}
	if len(v.entries) >= v.opt.Limits.MaxEntries {
		return nil, none, fmt.Errorf("%w: more than %d entries", ErrTooLarge, v.opt.Limits.MaxEntries)
	}
	if len(raw) > v.opt.Limits.MaxLine {
		return nil, none, fmt.Errorf("%w: line of %d bytes, at most %d", ErrTooLarge, len(raw), v.opt.Limits.MaxLine)
	}
	l, err := parseLine(raw, v.opt.Limits.MaxLine)
	if err != nil {
		return nil, none, err
	}
	if err := v.checkOrder(prev, l); err != nil {
		return nil, none, err
	}
	var before *Params
	if prev != nil {
		before = prev.params
	}
	s, err := next(before, l.parameters, v.ring)
	if err != nil {
		return nil, none, err
	}
	name, err := checkState(prev, l.state, s.params)
	if err != nil {
		return nil, none, err
	}
	if err := v.checkHashes(prev, l, s); err != nil {
		return nil, none, err
	}
	return &entry{
		versionID: l.versionID, number: l.number, time: l.time,
		params: s.params, state: l.state, did: name, raw: l.raw,
	}, s.witness, nil
}

// checkOrder compares number and time with those of the entry before.
func (v *verification) checkOrder(prev *entry, l *line) error {
	want := len(v.entries) + 1
	if l.number != want {
		return fmt.Errorf("%w: number %d where %d is due", ErrVersionID, l.number, want)
	}
	if prev != nil && !l.time.After(prev.time) {
		return fmt.Errorf("%w: %s is not after that of the entry before", ErrVersionTime, l.timeText)
	}
	if !v.limit.IsZero() && l.time.After(v.limit) {
		return fmt.Errorf("%w: %s", ErrFutureTime, l.timeText)
	}
	return nil
}

// checkState looks at the document's id: it is a bare did:webvh, its SCID is
// that of the log, and it differs from that of the entry before only where the
// identifier is portable and the document names the previous one. It returns
// the id.
func checkState(prev *entry, state map[string]any, p *Params) (string, error) {
	name, ok := state["id"].(string)
	if !ok {
		return "", fmt.Errorf("%w: id is missing or not a string", ErrStateID)
	}
	if prev == nil || name != prev.did {
		id, err := ParseID(name)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrStateID, err)
		}
		if id.SCID != p.SCID {
			return "", fmt.Errorf("%w: document of %s in the log of %s", ErrSCID, id.SCID, p.SCID)
		}
	}
	if prev == nil || name == prev.did {
		return name, nil
	}
	if !prev.params.Portable {
		return "", fmt.Errorf("%w: document id changed to %s", ErrPortable, clip(name))
	}
	names, _ := state["alsoKnownAs"].([]any)
	if !slices.Contains(names, any(prev.did)) {
		return "", fmt.Errorf("%w: alsoKnownAs does not name %s", ErrPortable, clip(prev.did))
	}
	return name, nil
}

// checkHashes verifies the SCID of the first entry and the hash of every
// entry, and reads the proofs.
func (v *verification) checkHashes(prev *entry, l *line, s step) error {
	tail, err := v.hash.body(l)
	if err != nil {
		return err
	}
	before := s.params.SCID
	if prev == nil {
		if err := v.hash.checkSCIDOf(s.params.SCID, tail); err != nil {
			return err
		}
	} else {
		before = prev.versionID
	}
	if multihash(v.hash.with(before, tail)) != l.hash {
		return ErrEntryHash
	}
	doc := sha256.Sum256(v.hash.with(l.versionID, tail))
	claims, err := l.claims(s.keys, doc, v.ring, &v.hash)
	if err != nil {
		return err
	}
	for range claims {
		v.owner = append(v.owner, len(v.entries))
	}
	v.claims = append(v.claims, claims...)
	return nil
}

// checkSignatures verifies what walk collected, on several goroutines if
// allowed, and cuts the log before the first entry that fails.
func (v *verification) checkSignatures() error {
	bad := firstBad(v.claims, min(v.opt.Workers, 16))
	if bad < 0 {
		return nil
	}
	at := v.owner[bad]
	v.entries = v.entries[:at]
	v.needs = v.needs[:at-v.done]
	return &fault{at, v.claims[bad].verify()}
}

// firstBad returns the index of the first claim that does not verify, or -1.
func firstBad(claims []claim, workers int) int {
	if workers = min(workers, len(claims)); workers <= 1 {
		for i := range claims {
			if claims[i].verify() != nil {
				return i
			}
		}
		return -1
	}
	var first, cursor atomic.Int64
	first.Store(int64(len(claims)))
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := cursor.Add(1) - 1
				if i >= first.Load() {
					return
				}
				if claims[i].verify() == nil {
					continue
				}
				for {
					f := first.Load()
					if i >= f || first.CompareAndSwap(f, i) {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	if n := int(first.Load()); n < len(claims) {
		return n
	}
	return -1
}

// checkWitnesses demands the proofs for every new entry that has to be
// witnessed, and cuts the log before the first that has too few.
func (v *verification) checkWitnesses(file []byte) error {
	if v.opt.SkipWitnesses {
		return nil
	}
	at, err := enoughWitnesses(v.entries[v.done:], v.needs, file, v.ring)
	if err == nil {
		return nil
	}
	v.entries = v.entries[:v.done+at]
	return &fault{v.done + at, err}
}

// finish builds the history of the valid entries and judges it as a whole.
func (v *verification) finish(cause error) (*History, error) {
	var h *History
	if len(v.entries) > 0 {
		h = newHistory(v.known, v.done, v.entries)
	}
	fail := func(err error, index int) (*History, error) {
		e := &VerifyError{Err: err, Code: code(err), History: h}
		if index >= 0 {
			e.Entry = index + 1
		}
		if h != nil {
			e.LastValid = h.Latest().VersionID
		}
		return nil, e
	}
	if cause != nil {
		var f *fault
		if errors.As(cause, &f) {
			if errors.Is(f.err, ErrEmpty) {
				return fail(f.err, -1)
			}
			return fail(f.err, f.index)
		}
		return fail(cause, -1)
	}
	if err := h.matches(v.opt.DID); err != nil {
		return fail(err, -1)
	}
	if err := h.follows(v.known); err != nil {
		return fail(err, -1)
	}
	if err := h.agrees(v.opt.Remember); err != nil {
		return fail(err, -1)
	}
	return h, nil
}

// follows demands that h is the known history or an extension of it.
func (h *History) follows(known *History) error {
	if known == nil {
		return nil
	}
	switch r := Compare(h, known); r.Kind {
	case Behind:
		return fmt.Errorf("%w: %d entries, %d are known", ErrTruncated, h.Len(), known.Len())
	case Forked:
		return fmt.Errorf("%w: after %s come %s and %s", ErrForked, r.ParentVersionID, r.A.VersionID, r.B.VersionID)
	case Unrelated:
		return fmt.Errorf("%w: SCID %s where %s is known", ErrDIDMismatch, h.SCID(), known.SCID())
	}
	return nil
}

// matches demands that some entry carries the identifier asked for. Spelling
// counts, except that a spelling other than the normal form also finds that.
func (h *History) matches(asked string) error {
	if asked == "" {
		return nil
	}
	scid, err := SCIDOf(asked)
	if err != nil {
		return err
	}
	if scid != h.SCID() {
		return fmt.Errorf("%w: SCID %s in the log of %s", ErrDIDMismatch, scid, h.SCID())
	}
	if asked == Alias(scid) {
		return nil
	}
	id, err := ParseID(asked)
	if err != nil {
		return err
	}
	if slices.Contains(h.dids, asked) || slices.Contains(h.dids, id.String()) {
		return nil
	}
	return fmt.Errorf("%w: no entry carries %s", ErrDIDMismatch, clip(asked))
}

// agrees compares with what was verified before.
func (h *History) agrees(m *Memory) error {
	if m == nil || m.Number == 0 {
		return nil
	}
	if m.Number > h.Len() {
		// A shorter log may be behind, or another branch: the memory alone, one
		// versionId, cannot tell.
		return fmt.Errorf("%w: %d entries, %d were seen", ErrTruncated, h.Len(), m.Number)
	}
	if got := h.entries[m.Number-1].versionID; got != m.VersionID {
		return fmt.Errorf("%w: version %d is %s, %s was seen", ErrForked, m.Number, got, m.VersionID)
	}
	return nil
}
