package credential

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/record"
)

// Use is what an issuer's practice lets a key do.
type Use string

// The uses of keys. A key signs what its use says and nothing else.
const (
	UseCredential Use = "credential"
	UseList       Use = "list"
	UseHead       Use = "head"
)

const practiceType = "BonafidePractice"

// practiceLimits bound issuer.json, which is at most 64 KiB.
var practiceLimits = strictjson.Limits{MaxBytes: 64 << 10, MaxDepth: 8, MaxValues: 4096}

// KeyUse gives one verification method its use.
type KeyUse struct {
	Method string `json:"method"` // absolute DID URL
	Use    Use    `json:"use"`
}

// Practice is the statement at issuer.json: how an issuer works, so that a
// verifier can tell what would be out of the ordinary. It counts only where
// its path stands in the issuer's current head, so that neither the thief of
// a list key nor that of a credential key can rewrite it alone.
type Practice struct {
	Issuer string
	Keys   []KeyUse
	// StatusSince, when set, says that every credential issued since then
	// names a status entry; one without is then not accepted.
	StatusSince *time.Time
	// ListIssuers are other DIDs that may issue this issuer's status lists.
	ListIssuers []string
	// Lists says where in this folder the status lists are that were begun
	// elsewhere: the URL printed in this issuer's credentials, and the path. It
	// counts for credentials of this issuer only, whosever the URL is.
	Lists     map[string]string
	Published time.Time
}

// maxPracticeLists bounds Lists, so that the statement stays below 64 KiB.
const maxPracticeLists = 256

// UseOf returns the use of a verification method, or "" when the practice
// does not speak of it.
func (p *Practice) UseOf(method string) Use {
	if p == nil {
		return ""
	}
	for _, k := range p.Keys {
		if k.Method == method {
			return k.Use
		}
	}
	return ""
}

// practiceFile is the wire form.
type practiceFile struct {
	Type        string            `json:"type"`
	Issuer      string            `json:"issuer"`
	Keys        []KeyUse          `json:"keys"`
	StatusSince *string           `json:"statusSince"`
	ListIssuers []string          `json:"listIssuers"`
	Lists       map[string]string `json:"lists"`
	Published   string            `json:"published"`
	Proof       map[string]any    `json:"proof"`
}

// SignPractice renders a practice as JCS bytes, signed by the key behind the
// verification method, which the practice must itself name for credentials.
func SignPractice(ctx context.Context, p Practice, s key.Signer, method string) ([]byte, error) {
	if p.UseOf(method) != UseCredential {
		return nil, fmt.Errorf("%w: %s is not named for credentials", ErrPractice, method)
	}
	keys := make([]any, len(p.Keys))
	for i, k := range p.Keys {
		keys[i] = map[string]any{"method": k.Method, "use": string(k.Use)}
	}
	tree := map[string]any{"type": practiceType, "issuer": p.Issuer, "keys": keys, "published": proof.FormatTime(p.Published)}
	if p.StatusSince != nil {
		tree["statusSince"] = proof.FormatTime(*p.StatusSince)
	}
	if len(p.ListIssuers) > 0 {
		list := make([]any, len(p.ListIssuers))
		for i, d := range p.ListIssuers {
			list[i] = d
		}
		tree["listIssuers"] = list
	}
	if len(p.Lists) > 0 {
		if err := checkLists(p.Lists); err != nil {
			return nil, err
		}
		lists := make(map[string]any, len(p.Lists))
		for name, path := range p.Lists {
			lists[name] = path
		}
		tree["lists"] = lists
	}
	signed, err := proof.Sign(ctx, tree, s, proof.SignOptions{
		Suite: proof.EdDSAJCS2022, VerificationMethod: method, Created: p.Published,
	})
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(signed)
}

// CheckPractice reads and verifies an issuer.json. doc is the issuer's
// current DID document: the statement must be about that identifier, and its
// one proof must be by a key that stands under assertionMethod there and that
// the statement itself names for credentials. The error is ErrPractice.
func CheckPractice(ctx context.Context, body []byte, doc *did.Document) (*Practice, error) {
	tree, err := strictjson.ParseObject(body, practiceLimits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPractice, err)
	}
	var f practiceFile
	if err := strictjson.DecodeValue(tree, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPractice, err)
	}
	p, err := f.practice()
	if err != nil {
		return nil, err
	}
	if p.Issuer != doc.ID() {
		return nil, fmt.Errorf("%w: it speaks for %s, not for %s", ErrPractice, p.Issuer, doc.ID())
	}
	method, _ := f.Proof["verificationMethod"].(string)
	if p.UseOf(method) != UseCredential {
		return nil, fmt.Errorf("%w: the signing key is not one for credentials", ErrPractice)
	}
	vm, err := doc.Method(method, did.AssertionMethod)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPractice, err)
	}
	if f.Proof["proofPurpose"] != proof.AssertionMethod {
		return nil, fmt.Errorf("%w: the proof is for another purpose", ErrPractice)
	}
	delete(tree, "proof")
	if err := proof.VerifyJCS(tree, f.Proof, vm.Key); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPractice, err)
	}
	return p, nil
}

func (f *practiceFile) practice() (*Practice, error) {
	if f.Type != practiceType {
		return nil, fmt.Errorf("%w: type is %q", ErrPractice, f.Type)
	}
	published, err := proof.ParseTime(f.Published)
	if err != nil {
		return nil, fmt.Errorf("%w: published: %w", ErrPractice, err)
	}
	p := &Practice{Issuer: f.Issuer, Keys: f.Keys, ListIssuers: f.ListIssuers, Lists: f.Lists, Published: published}
	if err := checkLists(p.Lists); err != nil {
		return nil, err
	}
	if f.StatusSince != nil {
		t, err := proof.ParseTime(*f.StatusSince)
		if err != nil {
			return nil, fmt.Errorf("%w: statusSince: %w", ErrPractice, err)
		}
		p.StatusSince = &t
	}
	seen := make(map[string]bool, len(p.Keys))
	for _, k := range p.Keys {
		switch k.Use {
		case UseCredential, UseList, UseHead:
		default:
			return nil, fmt.Errorf("%w: unknown use %q", ErrPractice, k.Use)
		}
		if seen[k.Method] {
			return nil, fmt.Errorf("%w: %s is named twice", ErrPractice, k.Method)
		}
		seen[k.Method] = true
	}
	return p, nil
}

// checkLists holds the names of lists begun elsewhere to what a credential can
// print and a folder can hold; no path stands twice, since a list has one id.
func checkLists(lists map[string]string) error {
	if len(lists) > maxPracticeLists {
		return fmt.Errorf("%w: %d lists of elsewhere, at most %d", ErrPractice, len(lists), maxPracticeLists)
	}
	paths := make(map[string]bool, len(lists))
	for name, path := range lists {
		u, err := url.Parse(name)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(name) > 2048 {
			return fmt.Errorf("%w: %.200q is no https URL of a list", ErrPractice, name)
		}
		if kind, ok := record.KindOf(path); !ok || kind != record.KindStatusList && kind != record.KindStatusToken {
			return fmt.Errorf("%w: %.200q is no path of a list", ErrPractice, path)
		}
		if paths[path] {
			return fmt.Errorf("%w: %s stands for two URLs", ErrPractice, path)
		}
		paths[path] = true
	}
	return nil
}
