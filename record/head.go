package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// HeadType is the value of a head's member "type".
const HeadType = "BonafideHead"

// Head is the signed statement of what an issuer's folder holds. A Head that
// ParseHead or HeadFromTree returned is well formed; whether its proof holds
// and the key may sign is for the caller.
type Head struct {
	Issuer    string    // DID
	Epoch     string    // versionId of the log entry that introduced the head key
	VersionID string    // versionId of the log entry that it is signed under
	Sequence  uint64    // 1 to 2^53-1, the previous plus one
	Previous  CID       // the head with Sequence-1; zero at 1
	History   [32]byte  // root over the digests of the heads 1 to Sequence-1 of the epoch
	Root      [32]byte  // root of the manifest
	Leaves    int       // entries of the manifest
	Published time.Time // UTC, whole seconds
	Expires   time.Time // UTC, whole seconds; zero exactly if Final
	Final     bool      // the issuer closed; this head never expires
	Instance  [16]byte  // random, new at each start of the signer

	body  []byte         // canonical bytes with proof
	proof map[string]any // its members
}

const headTime = "2006-01-02T15:04:05Z"

var headLimits = strictjson.Limits{MaxBytes: 4 << 10, MaxDepth: 4, MaxValues: 64}

// ParseHead reads the canonical bytes (RFC 8785) of a head with its proof, at
// most 4 KiB. Errors are ErrTooLarge, those of package strictjson for what is
// no JSON, ErrNotCanonical, and ErrHead for members that are missing, unknown,
// of another type, or do not fit each other.
func ParseHead(body []byte) (Head, error) {
	if len(body) > KindHead.MaxBytes() {
		return Head{}, fmt.Errorf("%w: head of %d bytes, at most %d", ErrTooLarge, len(body), KindHead.MaxBytes())
	}
	doc, err := strictjson.ParseObject(body, headLimits)
	if err != nil {
		return Head{}, fmt.Errorf("record: head: %w", err)
	}
	h, err := headFromTree(doc)
	if err != nil {
		return Head{}, err
	}
	if string(h.body) != string(body) {
		return Head{}, fmt.Errorf("%w: head", ErrNotCanonical)
	}
	return h, nil
}

// HeadFromTree takes the tree of a head as Unsigned built it, with a member
// "proof" added. Errors are as those of ParseHead.
func HeadFromTree(doc map[string]any) (Head, error) {
	body, err := strictjson.Canonical(doc)
	if err != nil {
		return Head{}, fmt.Errorf("record: head: %w", err)
	}
	return ParseHead(body)
}

func headFromTree(doc map[string]any) (Head, error) {
	body, err := strictjson.Canonical(doc)
	if err != nil {
		return Head{}, fmt.Errorf("record: head: %w", err)
	}
	h := Head{body: body}
	r := read(ErrHead, "", doc)
	r.constant("type", HeadType)
	h.Issuer = r.text("issuer")
	h.Epoch = r.text("epoch")
	h.VersionID = r.text("versionId")
	h.Sequence = r.number("sequence")
	if r.has("previous") {
		h.Previous, err = ParseCID(r.text("previous"))
		r.expect(err == nil, "previous", "is no content address")
	}
	r.bytes("history", h.History[:])
	r.bytes("root", h.Root[:])
	leaves := r.number("leaves")
	r.expect(leaves <= MaxLeaves, "leaves", "is too large")
	h.Leaves = int(min(leaves, MaxLeaves))
	h.Published = r.time("published")
	if r.has("expires") {
		h.Expires = r.time("expires")
	}
	if r.has("final") {
		h.Final = true
		r.expect(r.take("final") == true, "final", "is there and not true")
	}
	r.bytes("instance", h.Instance[:])
	h.proof = r.object("proof")
	if err := r.done(); err != nil {
		return Head{}, err
	}
	if err := h.check(); err != nil {
		return Head{}, err
	}
	if err := checkProof(h.proof, h.Issuer); err != nil {
		return Head{}, err
	}
	return h, nil
}

// check tells whether the fields fit each other.
func (h Head) check() error {
	bad := func(member, why string) error { return fmt.Errorf("%w: %s %s", ErrHead, member, why) }
	epoch, ok := versionNumber(h.Epoch)
	version, ok2 := versionNumber(h.VersionID)
	switch {
	case !isDID(h.Issuer):
		return bad("issuer", "is no DID")
	case !ok:
		return bad("epoch", "is no versionId")
	case !ok2:
		return bad("versionId", "is no versionId")
	case epoch > version || epoch == version && h.Epoch != h.VersionID:
		return bad("epoch", "is not versionId nor before it")
	case h.Sequence < 1 || h.Sequence > maxSize:
		return bad("sequence", "is not in 1 to 2^53-1")
	case (h.Sequence == 1) != h.Previous.IsZero():
		return bad("previous", "is not there exactly if sequence is above 1")
	case h.Sequence == 1 && h.History != EmptyRoot():
		return bad("history", "of the first head is not that of the empty tree")
	case h.Leaves < 0 || h.Leaves > MaxLeaves:
		return bad("leaves", "is not in 0 to 65536")
	case h.Leaves == 0 && h.Root != EmptyRoot():
		return bad("root", "of no leaves is not that of the empty tree")
	case !wholeTime(h.Published):
		return bad("published", "is no UTC time in whole seconds")
	case h.Final != h.Expires.IsZero():
		return bad("expires", "is not absent exactly if final is true")
	case !h.Final && (!wholeTime(h.Expires) || !h.Expires.After(h.Published)):
		return bad("expires", "is not a UTC time after published")
	}
	return nil
}

// checkProof checks the form of the eddsa-jcs-2022 proof (Data Integrity
// EdDSA 1.0 section 3.3): one key of the issuer, under capabilityInvocation.
func checkProof(p map[string]any, issuer string) error {
	r := read(ErrHead, "proof.", p)
	r.constant("type", "DataIntegrityProof")
	r.constant("cryptosuite", "eddsa-jcs-2022")
	r.constant("proofPurpose", "capabilityInvocation")
	if r.has("created") {
		r.time("created")
	}
	fragment, ok := strings.CutPrefix(r.text("verificationMethod"), issuer+"#")
	r.expect(ok && CheckPath(fragment) == nil && !strings.Contains(fragment, "/"),
		"verificationMethod", "is not a key of the issuer")
	value, ok := strings.CutPrefix(r.text("proofValue"), "z")
	r.expect(ok && base58(value) && len(value) <= 88, "proofValue", "is not a base58 signature")
	return r.done()
}

// versionNumber reads the number of a did:webvh versionId, "N-HASH".
func versionNumber(id string) (int, bool) {
	number, hash, ok := strings.Cut(id, "-")
	if !ok || !decimal(number) || number == "0" || hash == "" || len(hash) > 128 || !base58(hash) {
		return 0, false
	}
	n, err := strconv.Atoi(number)
	return n, err == nil
}

func wholeTime(t time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() >= 1970 && t.Year() <= 9999
}

// Unsigned checks the fields and returns the tree of the head without its
// proof, ready to be signed with eddsa-jcs-2022 under capabilityInvocation.
// The error is ErrHead.
func (h Head) Unsigned() (map[string]any, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	doc := map[string]any{
		"type":      HeadType,
		"issuer":    h.Issuer,
		"epoch":     h.Epoch,
		"versionId": h.VersionID,
		"sequence":  json.Number(strconv.FormatUint(h.Sequence, 10)),
		"history":   encode64(h.History[:]),
		"root":      encode64(h.Root[:]),
		"leaves":    json.Number(strconv.Itoa(h.Leaves)),
		"published": h.Published.Format(headTime),
		"instance":  encode64(h.Instance[:]),
	}
	if !h.Previous.IsZero() {
		doc["previous"] = h.Previous.String()
	}
	if h.Final {
		doc["final"] = true
	} else {
		doc["expires"] = h.Expires.Format(headTime)
	}
	return doc, nil
}

// Tree returns the whole document with its proof, as it was signed; nil for a
// head that was not parsed. The caller may change it.
func (h Head) Tree() map[string]any {
	doc, err := h.Unsigned()
	if err != nil || h.proof == nil {
		return nil
	}
	doc["proof"] = strictjson.Clone(h.proof)
	return doc
}

// Bytes returns the canonical bytes with the proof; nil for a head that was
// not parsed. They must not be changed.
func (h Head) Bytes() []byte { return h.body }

// CID returns the content address of Bytes; zero for a head that was not
// parsed.
func (h Head) CID() CID {
	if h.body == nil {
		return CID{}
	}
	return CIDOf(h.body)
}

// VerificationMethod returns the DID URL of the key that the proof names.
func (h Head) VerificationMethod() string {
	s, _ := h.proof["verificationMethod"].(string)
	return s
}

// Subject returns the subject under which the head is kept.
func (h Head) Subject() string { return SubjectOf(h.Issuer) }

// EpochNumber returns the number of the log entry that began the epoch; 0 for
// a malformed head. A higher number outranks any head of a lower one.
func (h Head) EpochNumber() int {
	n, _ := versionNumber(h.Epoch)
	return n
}

// Expired reports whether the head's term is over at t.
func (h Head) Expired(t time.Time) bool { return !h.Final && !t.Before(h.Expires) }
