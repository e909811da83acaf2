package roots

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
)

// Bounds of a list.
const (
	MaxBytes = 48 << 10
	MaxRoots = 256
	MaxKeys  = 32
)

// typeName is the value of the member "type".
const typeName = "BonafideRootList"

// The axes on which somebody is a root.
const (
	AxisIdentity      = "identity"
	AxisAuthorisation = "authorisation"
)

// Root is one entry.
type Root struct {
	DID  string   `json:"did"`
	Name string   `json:"name"`
	Axes []string `json:"axes"`
}

// List is one version. A List that [Parse] returned is well formed; whether enough
// have signed it is for [Adopt] and [State.Next].
type List struct {
	Publisher string    `json:"publisher"` // DID in whose folder it is published
	Name      string    `json:"name"`
	Version   int64     `json:"version"` // 1 and up
	Issued    time.Time `json:"issued"`  // UTC, whole seconds
	Expires   time.Time `json:"expires"` // UTC, whole seconds
	Threshold int       `json:"threshold"`
	Keys      []string  `json:"keys"` // Ed25519 multikeys
	Roots     []Root    `json:"roots"`

	signatures []map[string]any
}

var limits = strictjson.Limits{MaxBytes: MaxBytes, MaxDepth: 8, MaxValues: 8 << 10}

// Parse reads a list as [List.Bytes] wrote it: unknown members are refused. The error
// is [ErrForm].
func Parse(body []byte) (*List, error) {
	tree, err := strictjson.ParseObject(body, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if tree["type"] != typeName {
		return nil, fmt.Errorf("%w: type is not %s", ErrForm, typeName)
	}
	signatures, ok := tree["signatures"].([]any)
	if !ok && tree["signatures"] != nil || len(signatures) > 2*MaxKeys {
		return nil, fmt.Errorf("%w: signatures", ErrForm)
	}
	var l List
	for _, s := range signatures {
		p, ok := s.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: signatures", ErrForm)
		}
		l.signatures = append(l.signatures, p)
	}
	delete(tree, "type")
	delete(tree, "signatures")
	if err := strictjson.DecodeValue(tree, &l); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return &l, l.Check()
}

// Check tells whether the list keeps the rules of its form. The error is [ErrForm].
func (l *List) Check() error {
	bad := func(member, why string) error { return fmt.Errorf("%w: %s %s", ErrForm, member, why) }
	if _, err := did.Parse(l.Publisher); err != nil {
		return bad("publisher", "is no DID")
	}
	switch {
	case !plain(l.Name):
		return bad("name", "is empty, too long or has characters that cannot be shown")
	case l.Version < 1 || l.Version > 1<<31:
		return bad("version", "is not 1 or more")
	case !whole(l.Issued) || !whole(l.Expires):
		return bad("issued", "and expires must be UTC times in whole seconds")
	case !l.Expires.After(l.Issued):
		return bad("expires", "is not after issued")
	case len(l.Keys) == 0 || len(l.Keys) > MaxKeys:
		return bad("keys", "must be 1 to 32")
	case l.Threshold < 1 || l.Threshold > len(l.Keys):
		return bad("threshold", "is not between 1 and the number of keys")
	case len(l.Roots) > MaxRoots:
		return bad("roots", "are more than 256")
	}
	for i, k := range l.Keys {
		pub, err := key.ParseMultikey(k)
		if err != nil || pub.Kind() != key.Ed25519 {
			return bad("keys", "holds what is no Ed25519 multikey")
		}
		if slices.Contains(l.Keys[:i], k) {
			return bad("keys", "holds a key twice")
		}
	}
	for i, r := range l.Roots {
		if _, err := did.Parse(r.DID); err != nil {
			return bad("roots", "holds what is no DID")
		}
		if slices.ContainsFunc(l.Roots[:i], func(o Root) bool { return o.DID == r.DID }) {
			return bad("roots", "names "+r.DID+" twice")
		}
		if !plain(r.Name) || len(r.Axes) == 0 {
			return bad("roots", "holds an entry without a name or an axis")
		}
		for _, a := range r.Axes {
			if a != AxisIdentity && a != AxisAuthorisation {
				return bad("roots", "holds an axis that is not identity or authorisation")
			}
		}
	}
	return nil
}

func plain(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= 300 && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	})
}

func whole(t time.Time) bool {
	_, offset := t.Zone()
	return offset == 0 && t.Nanosecond() == 0 && t.Year() >= 1970 && t.Year() < 10000
}

// tree is what is signed: the list without its signatures.
func (l *List) tree() (map[string]any, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	tree, err := strictjson.ParseObject(b, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	tree["type"] = typeName
	return tree, nil
}

// Bytes are the JCS bytes of the list with its signatures.
func (l *List) Bytes() ([]byte, error) {
	tree, err := l.tree()
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, len(l.signatures))
	for _, s := range l.signatures {
		list = append(list, any(s))
	}
	tree["signatures"] = list
	b, err := strictjson.Canonical(tree)
	if err == nil && len(b) > MaxBytes {
		err = fmt.Errorf("%w: %d bytes, at most %d", ErrForm, len(b), MaxBytes)
	}
	return b, err
}

// Digest names the content of a version, without its signatures, as sha256-HEX.
func (l *List) Digest() (string, error) {
	tree, err := l.tree()
	if err != nil {
		return "", err
	}
	b, err := strictjson.Canonical(tree)
	if err != nil {
		return "", err
	}
	d := sha256.Sum256(b)
	return "sha256-" + hex.EncodeToString(d[:]), nil
}

// Fingerprint is what an operator compares: it names the publisher, its keys and how
// many of them have to sign. It stays while these stay.
func (l *List) Fingerprint() string {
	keys := slices.Sorted(slices.Values(l.Keys))
	d := sha256.Sum256(fmt.Appendf(nil, "bonafide root list\n%s\n%d\n%s\n", l.Publisher, l.Threshold, strings.Join(keys, "\n")))
	text := hex.EncodeToString(d[:])
	var parts []string
	for i := 0; i < len(text); i += 8 {
		parts = append(parts, text[i:i+8])
	}
	return strings.Join(parts, "-")
}

// SameFingerprint compares fingerprints whatever stands between their digits.
func SameFingerprint(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("-: \t", r) {
				return -1
			}
			return unicode.ToLower(r)
		}, s)
	}
	x, y := digits(a), digits(b)
	return x == y && len(x) == 64
}

// Sign adds the signature of one holder, whose key the list need not name: the keys of
// the version before have to sign too. A second signature of a key replaces its first.
func (l *List) Sign(ctx context.Context, s key.Signer, at time.Time) error {
	if err := l.Check(); err != nil {
		return err
	}
	tree, err := l.tree()
	if err != nil {
		return err
	}
	name := s.Public().DIDKey()
	signed, err := proof.Sign(ctx, tree, s, proof.SignOptions{Suite: proof.EdDSAJCS2022,
		VerificationMethod: name + "#" + s.Public().Multikey(), Created: at})
	if err != nil {
		return fmt.Errorf("roots: sign: %w", err)
	}
	p, ok := signed["proof"].(map[string]any)
	if !ok {
		return fmt.Errorf("%w: no proof was made", ErrForm)
	}
	l.signatures = slices.DeleteFunc(l.signatures, func(o map[string]any) bool { return signerOf(o) == s.Public().Multikey() })
	l.signatures = append(l.signatures, p)
	return nil
}

// signerOf reads whose signature it is said to be.
func signerOf(p map[string]any) string {
	vm, _ := p["verificationMethod"].(string)
	_, multikey, _ := strings.Cut(vm, "#")
	return multikey
}

// SignedBy lists the keys, among those given, whose signature holds; each once.
func (l *List) SignedBy(keys []string) ([]string, error) {
	tree, err := l.tree()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range l.signatures {
		k := signerOf(p)
		if !slices.Contains(keys, k) || slices.Contains(out, k) {
			continue
		}
		pub, err := key.ParseMultikey(k)
		if err != nil || p["verificationMethod"] != pub.DIDKey()+"#"+k || p["proofPurpose"] != "assertionMethod" {
			continue
		}
		if proof.VerifyJCS(tree, p, pub) == nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// Signed tells whether the threshold of its own keys has signed the list. The error is
// [ErrThreshold].
func (l *List) Signed() error { return l.enough(l.Keys, l.Threshold) }

func (l *List) enough(keys []string, threshold int) error {
	by, err := l.SignedBy(keys)
	if err != nil {
		return err
	}
	if len(by) < threshold {
		return fmt.Errorf("%w: version %d has %d of %d", ErrThreshold, l.Version, len(by), threshold)
	}
	return nil
}
