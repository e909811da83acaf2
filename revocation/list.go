package revocation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// List is a status list whose proof was verified: a credential, or a token.
type List struct {
	ID, Issuer string
	Purposes   []Purpose
	Bits       Bitstring
	ValidFrom  *time.Time
	ValidUntil *time.Time
	// TTL is when a refresh should be tried; it never extends the term.
	TTL time.Duration
	// Statuses stand in the place of Purposes and Bits where the list is a Status
	// List Token; ID is then its sub, and the dates are iat and exp.
	Statuses    Statuses
	MediaType   string // of the token, "" for a credential
	Aggregation string // where the token says that all lists of its issuer are named
	// legacy marks a StatusList2021Credential.
	legacy bool
}

// ListSpec says what list credential to build.
type ListSpec struct {
	URL        string // id, printed in the credentials
	Issuer     string // DID
	Purpose    Purpose
	Bits       Bitstring
	ValidFrom  time.Time
	ValidUntil time.Time
	TTL        time.Duration // left out when zero
	// Format is one of the formats below; "" is FormatBitstring.
	Format string
}

// Formats of a list. What was begun in one elsewhere goes on in it, because the
// credentials that name the list say so.
const (
	FormatBitstring = "bitstring"      // BitstringStatusListCredential
	Format2021      = "statuslist2021" // StatusList2021Credential, in VCDM 1.1
	// FormatToken is that of a Token Status List that was begun elsewhere: a pair of
	// lists of ours, whose tokens go on under the old URI.
	FormatToken = "token"
)

// SignList builds and signs a BitstringStatusListCredential with the issuer's
// list key, as JCS bytes (section 3.1, generate), or its forerunner by Format.
func SignList(ctx context.Context, spec ListSpec, s key.Signer, method string) ([]byte, error) {
	encoded, err := spec.Bits.Encode()
	if err != nil {
		return nil, err
	}
	subject := map[string]any{
		"id":            spec.URL + "#list",
		"type":          "BitstringStatusList",
		"statusPurpose": string(spec.Purpose),
		"encodedList":   encoded,
	}
	if spec.TTL > 0 {
		subject["ttl"] = spec.TTL.Milliseconds()
	}
	tree := map[string]any{
		"@context":          []any{credential.ContextV2},
		"id":                spec.URL,
		"type":              []any{"VerifiableCredential", typeList},
		"issuer":            spec.Issuer,
		"validFrom":         proof.FormatTime(spec.ValidFrom),
		"validUntil":        proof.FormatTime(spec.ValidUntil),
		"credentialSubject": subject,
	}
	switch spec.Format {
	case "", FormatBitstring, FormatToken:
	case Format2021:
		tree = spec.tree2021(encoded)
	default:
		return nil, fmt.Errorf("%w: %q", ErrFormat, spec.Format)
	}
	signed, err := proof.Sign(ctx, tree, s, proof.SignOptions{
		Suite: proof.EdDSAJCS2022, VerificationMethod: method, Created: spec.ValidFrom,
	})
	if err != nil {
		return nil, fmt.Errorf("revocation: sign %s: %w", spec.URL, err)
	}
	return strictjson.Canonical(signed)
}

// tree2021 is the same as a StatusList2021Credential of VCDM 1.1. Its text has no
// multibase prefix, and it knows no ttl.
func (spec ListSpec) tree2021(encoded string) map[string]any {
	return map[string]any{
		"@context":       []any{credential.ContextV1, context2021, contextDataIntegrity},
		"id":             spec.URL,
		"type":           []any{"VerifiableCredential", typeList2021},
		"issuer":         spec.Issuer,
		"issuanceDate":   proof.FormatTime(spec.ValidFrom),
		"expirationDate": proof.FormatTime(spec.ValidUntil),
		"credentialSubject": map[string]any{
			"id":            spec.URL + "#list",
			"type":          "StatusList2021",
			"statusPurpose": string(spec.Purpose),
			"encodedList":   encoded[1:],
		},
	}
}

const (
	context2021          = "https://w3id.org/vc/status-list/2021/v1"
	contextDataIntegrity = "https://w3id.org/security/data-integrity/v2"
)

// ReadList verifies a status list credential and unpacks it, in that order:
// form, proof and signer first, so that nothing of a stranger's is unpacked.
// Its term is not judged here. The row says what is wrong when ok is false.
func ReadList(ctx context.Context, body []byte, opt Options) (l *List, row verdict.Check, ok bool) {
	l, _, row, ok = readList(ctx, body, opt)
	return l, row, ok
}

// readList is ReadList, and says what of the list may be remembered; nil where
// nothing may.
func readList(ctx context.Context, body []byte, opt Options) (l *List, proven *credential.Lasting, row verdict.Check, ok bool) {
	bad := func(code verdict.Code, detail string) (*List, *credential.Lasting, verdict.Check, bool) {
		return nil, nil, verdict.New(verdict.Status, code).With("detail", detail), false
	}
	checked := credential.Check(ctx, body, opt.Credential)
	if checked.Credential == nil {
		r := checked.Row(verdict.Format)
		return bad(verdict.MalformedValue, r.Params["detail"])
	}
	for _, name := range []verdict.CheckName{verdict.Integrity, verdict.Signer, verdict.Format} {
		if r := checked.Row(name); r.Result != verdict.Pass && r.Result != verdict.Warn {
			if name == verdict.Format && r.Code == verdict.MalformedValue {
				return bad(verdict.MalformedValue, r.Params["detail"])
			}
			return bad(verdict.StatusVerification, fmt.Sprintf("%s: %s %s", name, r.Code, r.Params["detail"]))
		}
	}
	l, err := unpack(checked.Credential, checked.Document, opt)
	switch {
	case errors.Is(err, ErrTooLarge):
		return bad(verdict.TooLarge, err.Error())
	case err != nil:
		return bad(verdict.MalformedValue, err.Error())
	}
	if lasting, has := checked.Lasting(); has {
		proven = &lasting
	}
	return l, proven, verdict.Check{}, true
}

// unpack reads the subject of a verified list (section 2.2).
func unpack(c *credential.Credential, doc map[string]any, opt Options) (*List, error) {
	legacy := c.Has(typeList2021) && !c.Has(typeList)
	if !c.Has(typeList) && !legacy {
		return nil, fmt.Errorf("%w: type does not include %s", ErrEncoding, typeList)
	}
	subject, ok := doc["credentialSubject"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: credentialSubject must be one object", ErrEncoding)
	}
	want := "BitstringStatusList"
	if legacy {
		want = "StatusList2021"
	}
	if t, _ := subject["type"].(string); t != want {
		return nil, fmt.Errorf("%w: credentialSubject.type is not %s", ErrEncoding, want)
	}
	l := &List{ID: c.ID, Issuer: c.Issuer, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil, legacy: legacy}
	switch p := subject["statusPurpose"].(type) {
	case string:
		l.Purposes = []Purpose{Purpose(p)}
	case []any:
		for _, e := range p {
			s, _ := e.(string)
			l.Purposes = append(l.Purposes, Purpose(s))
		}
	}
	if len(l.Purposes) == 0 || slices.Contains(l.Purposes, "") {
		return nil, fmt.Errorf("%w: statusPurpose must be texts", ErrEncoding)
	}
	if raw, has := subject["ttl"]; has {
		n, _ := raw.(json.Number)
		ms, err := n.Int64()
		if err != nil || ms < 0 || ms > int64(10*365*24*time.Hour/time.Millisecond) {
			return nil, fmt.Errorf("%w: ttl must be a number of milliseconds", ErrEncoding)
		}
		l.TTL = time.Duration(ms) * time.Millisecond
	}
	encoded, ok := subject["encodedList"].(string)
	if !ok {
		return nil, fmt.Errorf("%w: encodedList must be a text", ErrEncoding)
	}
	if !legacy {
		var prefixed bool
		if encoded, prefixed = strings.CutPrefix(encoded, multibase); !prefixed {
			return nil, errPrefix()
		}
	}
	u := opt.Index.unpacker()
	defer opt.Index.spare(u)
	b, err := u.unpack(encoded, opt.MaxListBytes)
	if !u.large() { // then its memory goes with the list
		b = bytes.Clone(b)
	}
	l.Bits = Bitstring{b}
	return l, err
}
