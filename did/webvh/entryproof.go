package webvh

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

const (
	suite       = "eddsa-jcs-2022"
	proofType   = "DataIntegrityProof"
	proofUse    = "assertionMethod"
	didKey      = "did:key:"
	maxProofVal = 128
)

// claim is a proof whose form is right: what is left is to verify sig by pub
// over hash.
type claim struct {
	multikey string
	pub      key.Public
	hash     [64]byte
	sig      []byte
}

func (c *claim) verify() error {
	if err := c.pub.Verify(c.hash[:], c.sig); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// cutDIDKey returns the multikey of a plain did:key.
func cutDIDKey(s string) (string, bool) {
	mk, ok := strings.CutPrefix(s, didKey)
	return mk, ok && mk != "" && !strings.ContainsAny(mk, ":#/?")
}

// reference reads did:key:X#X. Body and fragment must be the same, for the
// body alone says which key it is.
func reference(vm string) (string, error) {
	body, fragment, ok := strings.Cut(vm, "#")
	multikey, isKey := cutDIDKey(body)
	if !ok || !isKey {
		return "", fmt.Errorf("%w: %q", ErrKeyReference, clip(vm))
	}
	if fragment != multikey {
		return "", fmt.Errorf("%w: body and fragment differ", ErrKeyReference)
	}
	return multikey, nil
}

// readProof checks the form of a proof over a document whose canonical form
// has the given SHA-256 (Authorized Keys; DI EdDSA 1.0, section 3.3). at is the
// time of the entry. It takes proofValue out of p.
func readProof(p map[string]any, docHash [32]byte, at time.Time, ring keyring, h *hasher) (claim, error) {
	var c claim
	if p["type"] != proofType {
		return c, fmt.Errorf("%w: type is not %s", ErrProof, proofType)
	}
	if p["cryptosuite"] != suite {
		s, _ := p["cryptosuite"].(string)
		return c, fmt.Errorf("%w: %q", ErrCryptosuite, clip(s))
	}
	if p["proofPurpose"] != proofUse {
		return c, fmt.Errorf("%w: proofPurpose is not %s", ErrProof, proofUse)
	}
	for _, name := range []string{"@context", "previousProof"} {
		// Neither can be right over a document that has no @context and one proof
		// that stands for itself.
		if _, ok := p[name]; ok {
			return c, fmt.Errorf("%w: %s in the proof of an entry", ErrProof, name)
		}
	}
	if err := checkProofTimes(p, at); err != nil {
		return c, err
	}
	if id, ok := p["id"]; ok {
		if _, ok := id.(string); !ok {
			return c, fmt.Errorf("%w: id is not a string", ErrProof)
		}
	}
	vm, ok := p["verificationMethod"].(string)
	if !ok {
		return c, fmt.Errorf("%w: verificationMethod is missing or not a string", ErrProof)
	}
	var err error
	if c.multikey, err = reference(vm); err != nil {
		return c, err
	}
	if c.pub, err = ring.get(c.multikey); err != nil {
		return c, fmt.Errorf("%w: %w", ErrKeyReference, err)
	}
	if c.pub.Kind() != key.Ed25519 {
		return c, fmt.Errorf("%w: the key is not Ed25519", ErrCryptosuite)
	}
	if c.sig, err = proofValue(p); err != nil {
		return c, err
	}
	delete(p, "proofValue")
	if h.buf, err = strictjson.AppendCanonical(h.buf[:0], p); err != nil {
		return c, fmt.Errorf("%w: %w", ErrProof, err)
	}
	config := sha256.Sum256(h.buf)
	copy(c.hash[:32], config[:])
	copy(c.hash[32:], docHash[:])
	return c, nil
}

func proofValue(p map[string]any) ([]byte, error) {
	s, ok := p["proofValue"].(string)
	if !ok || len(s) < 2 || len(s) > maxProofVal || s[0] != 'z' {
		return nil, fmt.Errorf("%w: proofValue is not z and base58btc of 64 bytes", ErrProof)
	}
	sig, err := key.Base58Decode(s[1:])
	if err != nil || len(sig) != 64 {
		return nil, fmt.Errorf("%w: proofValue is not z and base58btc of 64 bytes", ErrProof)
	}
	return sig, nil
}

// checkProofTimes wants created and expires, where present, to be XML Schema
// dateTimes, and the proof not to have expired before the entry was made. The
// clock does not matter: a log stays valid however old it grows.
func checkProofTimes(p map[string]any, at time.Time) error {
	for _, name := range []string{"created", "expires"} {
		v, ok := p[name]
		if !ok {
			continue
		}
		s, _ := v.(string)
		t, err := xsdDateTime(s)
		if err != nil {
			return fmt.Errorf("%w: %s is not a dateTime", ErrProof, name)
		}
		if name == "expires" && t.Before(at) {
			return fmt.Errorf("%w: expired before the entry was made", ErrProof)
		}
	}
	return nil
}

// xsdDateTime reads a dateTime with or without a zone (taken as UTC).
func xsdDateTime(s string) (time.Time, error) {
	if len(s) > 40 || strings.Contains(s, ",") {
		return time.Time{}, ErrProof
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05", s)
}

// claims reads all proofs of an entry. Each must be right: a log with one bad
// proof beside a good one is refused.
func (l *line) claims(keys []string, docHash [32]byte, ring keyring, h *hasher) ([]claim, error) {
	out := make([]claim, 0, len(l.proofs))
	for _, p := range l.proofs {
		c, err := readProof(p, docHash, l.time, ring, h)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(keys, c.multikey) {
			return nil, fmt.Errorf("%w: %s", ErrUpdateKey, c.multikey)
		}
		out = append(out, c)
	}
	return out, nil
}
