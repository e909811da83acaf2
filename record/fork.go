package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// ForkType is the value of the member "type" of fork evidence.
const ForkType = "BonafideFork"

// ForkKind says what forked.
type ForkKind string

// The kinds of forks.
const (
	ForkLog  ForkKind = "log"  // two log entries with one parent
	ForkHead ForkKind = "head" // two heads of one epoch with inconsistent histories
)

const (
	maxLine   = 1 << 20 // one log entry
	maxPrefix = 5 << 20 // all log entries up to the fork
	maxProof  = 21      // hashes of an audit path in MaxHeads leaves, and one to spare
)

// Place proves what a head's history holds at one position.
type Place struct {
	Digest [32]byte   // of the head with sequence Fork.Sequence
	Proof  [][32]byte // audit path to the head's History
}

// Fork is evidence that one subject shows two versions of one thing. A Fork
// that ParseFork, NewLogFork or NewHeadFork returned is well formed and shows
// a conflict; whether both versions are properly signed, which makes it
// evidence against the subject, is for the caller.
type Fork struct {
	Kind    ForkKind
	Subject string
	// Parent is the versionId of the last common log entry (kind log) or the
	// epoch (kind head). There is one fork per subject and parent.
	Parent string
	// Prefix holds the log up to and with Parent, one entry an element.
	Prefix []string
	// A and B are the two log entries or the two heads, as they were signed,
	// A before B in the order of their bytes.
	A, B string
	// Sequence, for heads, is the position at which the two disagree. Where a
	// head says it by itself (it is that head, or names it as previous), no
	// proof is needed; else PlaceA or PlaceB proves it.
	Sequence       uint64
	PlaceA, PlaceB *Place
}

var forkLimits = strictjson.Limits{MaxBytes: 12 << 20, MaxDepth: 4, MaxValues: 1 << 17}

// NewLogFork makes evidence of two log entries after one prefix, which ends
// with their parent. Errors are ErrFork and ErrNoConflict.
func NewLogFork(subject string, prefix []string, a, b string) (Fork, error) {
	f := Fork{Kind: ForkLog, Subject: subject, Prefix: prefix, A: min(a, b), B: max(a, b)}
	if len(prefix) > 0 {
		f.Parent, _ = lineVersion(prefix[len(prefix)-1])
	}
	return f, f.check()
}

// NewHeadFork makes evidence of two heads whose histories disagree at the
// given sequence. pa and pb prove what a and b hold there; nil where the head
// says it by itself. prefix is the log up to and with the entry of the epoch,
// or further, to the entries that the heads are signed under. Errors are
// ErrFork, ErrInclusion and ErrNoConflict.
func NewHeadFork(prefix []string, a, b Head, sequence uint64, pa, pb *Place) (Fork, error) {
	f := Fork{Kind: ForkHead, Subject: a.Subject(), Parent: a.Epoch, Prefix: prefix,
		A: string(a.Bytes()), B: string(b.Bytes()), Sequence: sequence, PlaceA: pa, PlaceB: pb}
	if f.A > f.B {
		f.A, f.B, f.PlaceA, f.PlaceB = f.B, f.A, pb, pa
	}
	return f, f.check()
}

// FindHeadFork looks for the first sequence at which two heads of one epoch
// disagree, with the digests of all heads before each, and makes the
// evidence. The digests must be those that the heads sign (ErrHistoryRoot,
// ErrHistoryLength). Where the heads agree it returns ErrNoConflict.
func FindHeadFork(prefix []string, a Head, before [][32]byte, b Head, before2 [][32]byte) (Fork, error) {
	if err := CheckFirst(before, a); err != nil {
		return Fork{}, err
	}
	if err := CheckFirst(before2, b); err != nil {
		return Fork{}, err
	}
	all := append(before[:len(before):len(before)], a.CID().digest)
	all2 := append(before2[:len(before2):len(before2)], b.CID().digest)
	for i := range min(len(all), len(all2)) {
		if all[i] == all2[i] {
			continue
		}
		pa, err := placeOf(a, before, i)
		if err != nil {
			return Fork{}, err
		}
		pb, err := placeOf(b, before2, i)
		if err != nil {
			return Fork{}, err
		}
		return NewHeadFork(prefix, a, b, uint64(i)+1, pa, pb)
	}
	return Fork{}, ErrNoConflict
}

// placeOf proves what a head's history holds at i, nil where it says so itself.
func placeOf(h Head, before [][32]byte, i int) (*Place, error) {
	if i+2 >= int(h.Sequence) {
		return nil, nil
	}
	history, err := NewHistory(before)
	if err != nil {
		return nil, err
	}
	proof, err := history.InclusionProof(i, len(before))
	return &Place{Digest: before[i], Proof: proof}, err
}

// Heads parses the two heads of a fork of kind head.
func (f Fork) Heads() (a, b Head, err error) {
	if f.Kind != ForkHead {
		return a, b, fmt.Errorf("%w: kind %s has no heads", ErrFork, f.Kind)
	}
	if a, err = ParseHead([]byte(f.A)); err == nil {
		b, err = ParseHead([]byte(f.B))
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrFork, err)
	}
	return a, b, err
}

// Branches returns, for a fork of kind log, the two logs as bytes.
func (f Fork) Branches() (a, b []byte, err error) {
	if f.Kind != ForkLog {
		return nil, nil, fmt.Errorf("%w: kind %s has no branches", ErrFork, f.Kind)
	}
	return []byte(f.log(f.A)), []byte(f.log(f.B)), nil
}

// Log returns the common log up to and with the parent.
func (f Fork) Log() []byte { return []byte(f.log()) }

func (f Fork) log(more ...string) string {
	var out strings.Builder
	for _, list := range [][]string{f.Prefix, more} {
		for _, line := range list {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func (f Fork) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrFork, what) }
	if err := CheckSubject(f.Subject); err != nil {
		return fmt.Errorf("%w: %w", ErrFork, err)
	}
	if f.A >= f.B {
		if f.A == f.B {
			return fmt.Errorf("%w: a and b are the same", ErrNoConflict)
		}
		return bad("a does not come before b")
	}
	if len(f.Prefix) == 0 {
		return bad("no log entries") // an SCID has one first entry, so each fork has a parent
	}
	total, parent := 0, false
	for i, line := range f.Prefix {
		total += len(line)
		version, n := lineVersion(line)
		if total > maxPrefix || len(line) > maxLine || n != i+1 {
			return bad("log entry " + strconv.Itoa(i+1) + " is malformed, too large or out of order")
		}
		parent = parent || version == f.Parent
	}
	if !parent {
		return bad("the parent is not in the log")
	}
	if f.Kind == ForkLog {
		return f.checkLog()
	}
	if f.Kind == ForkHead {
		return f.checkHeads()
	}
	return bad("unknown kind")
}

func (f Fork) checkLog() error {
	last := f.Prefix[len(f.Prefix)-1]
	if v, _ := lineVersion(last); v != f.Parent {
		return fmt.Errorf("%w: the log goes on after the parent", ErrFork)
	}
	if f.Sequence != 0 || f.PlaceA != nil || f.PlaceB != nil {
		return fmt.Errorf("%w: a fork of the log has no places", ErrFork)
	}
	if len(f.A) > maxLine || len(f.B) > maxLine {
		return fmt.Errorf("%w: log entry of more than %d bytes", ErrFork, maxLine)
	}
	a, na := lineVersion(f.A)
	b, nb := lineVersion(f.B)
	if want := len(f.Prefix) + 1; na != want || nb != want {
		return fmt.Errorf("%w: a and b are not entries after the parent", ErrFork)
	}
	if a == b {
		return fmt.Errorf("%w: a and b are versions %s of the same content", ErrNoConflict, a)
	}
	return nil
}

func (f Fork) checkHeads() error {
	a, b, err := f.Heads()
	if err != nil {
		return err
	}
	if a.Subject() != f.Subject || b.Subject() != f.Subject || a.Epoch != f.Parent || b.Epoch != f.Parent {
		return fmt.Errorf("%w: the heads are not of this subject and epoch", ErrFork)
	}
	da, err := claim(a, f.Sequence, f.PlaceA)
	if err != nil {
		return err
	}
	db, err := claim(b, f.Sequence, f.PlaceB)
	if err != nil {
		return err
	}
	if da == db {
		return fmt.Errorf("%w: both heads hold the same at sequence %d", ErrNoConflict, f.Sequence)
	}
	return nil
}

// claim is the digest that a head's signer states for the head at sequence.
func claim(h Head, sequence uint64, p *Place) ([32]byte, error) {
	switch {
	case sequence < 1 || sequence > h.Sequence || h.Sequence > MaxHeads:
		return [32]byte{}, fmt.Errorf("%w: sequence %d is not in the head's history", ErrFork, sequence)
	case sequence+1 >= h.Sequence && p != nil:
		return [32]byte{}, fmt.Errorf("%w: a proof that is not needed", ErrFork)
	case sequence == h.Sequence:
		return h.CID().digest, nil
	case sequence+1 == h.Sequence:
		return h.Previous.digest, nil
	case p == nil:
		return [32]byte{}, fmt.Errorf("%w: a proof is missing", ErrFork)
	}
	err := VerifyInclusion(LeafHash(p.Digest[:]), int(sequence-1), int(h.Sequence-1), p.Proof, h.History)
	return p.Digest, err
}

// lineVersion reads the versionId of a log entry and its number; 0 where the
// line is none.
func lineVersion(line string) (string, int) {
	if len(line) > maxLine || strings.Contains(line, "\n") {
		return "", 0
	}
	doc, err := strictjson.ParseObject([]byte(line), strictjson.Limits{MaxBytes: maxLine})
	if err != nil {
		return "", 0
	}
	id, _ := doc["versionId"].(string)
	n, _ := versionNumber(id)
	return id, n
}

// Encode writes the JCS form, which has one spelling. It fails with the error
// that ParseFork would give.
func (f Fork) Encode() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	doc := map[string]any{
		"type": ForkType, "kind": string(f.Kind), "subject": f.Subject, "parent": f.Parent,
		"prefix": f.Prefix, "a": f.A, "b": f.B,
	}
	if f.Kind == ForkHead {
		doc["sequence"] = json.Number(strconv.FormatUint(f.Sequence, 10))
		for name, p := range map[string]*Place{"placeA": f.PlaceA, "placeB": f.PlaceB} {
			if p == nil {
				continue
			}
			path := make([]string, len(p.Proof))
			for i := range path {
				path[i] = encode64(p.Proof[i][:])
			}
			doc[name] = map[string]any{"digest": encode64(p.Digest[:]), "proof": path}
		}
	}
	body, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFork, err)
	}
	if len(body) > KindFork.MaxBytes() {
		return nil, fmt.Errorf("%w: fork of %d bytes, at most %d", ErrTooLarge, len(body), KindFork.MaxBytes())
	}
	return body, nil
}

// ParseFork reads what Encode wrote. Errors are ErrTooLarge, those of package
// strictjson, ErrNotCanonical, ErrFork, ErrInclusion, and ErrNoConflict for
// evidence that shows none.
func ParseFork(body []byte) (Fork, error) {
	if len(body) > KindFork.MaxBytes() {
		return Fork{}, fmt.Errorf("%w: fork of %d bytes, at most %d", ErrTooLarge, len(body), KindFork.MaxBytes())
	}
	doc, err := strictjson.ParseObject(body, forkLimits)
	if err != nil {
		return Fork{}, fmt.Errorf("record: fork: %w", err)
	}
	r := read(ErrFork, "", doc)
	r.constant("type", ForkType)
	f := Fork{Kind: ForkKind(r.text("kind")), Subject: r.text("subject"), Parent: r.text("parent"),
		A: r.text("a"), B: r.text("b")}
	list, ok := r.take("prefix").([]any)
	r.expect(ok, "prefix", "is missing or no list")
	for _, v := range list {
		line, ok := v.(string)
		r.expect(ok, "prefix", "holds something that is no string")
		f.Prefix = append(f.Prefix, line)
	}
	if f.Kind == ForkHead {
		f.Sequence = r.number("sequence")
		f.PlaceA, f.PlaceB = r.place("placeA"), r.place("placeB")
	}
	if err := r.done(); err != nil {
		return Fork{}, err
	}
	again, err := f.Encode()
	if err != nil {
		return Fork{}, err
	}
	if !bytes.Equal(again, body) {
		return Fork{}, fmt.Errorf("%w: fork", ErrNotCanonical)
	}
	return f, nil
}

func (r *reader) place(name string) *Place {
	if !r.has(name) {
		return nil
	}
	in := read(r.kind, r.in+name+".", r.object(name))
	p := &Place{}
	in.bytes("digest", p.Digest[:])
	p.Proof = in.hashes("proof", maxProof)
	if err := in.done(); err != nil && r.err == nil {
		r.err = err
	}
	return p
}
