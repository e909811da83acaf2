package revocation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/cose"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// TokenSpec says what Status List Token to build.
type TokenSpec struct {
	URI         string // sub, byte for byte what the referenced tokens name
	Issuer      string // DID
	Statuses    Statuses
	IssuedAt    time.Time // whole seconds are written
	Expires     time.Time // left out when zero
	TTL         time.Duration
	Aggregation string // URL of the list of all lists; left out when empty
}

// SignStatusJWT builds and signs a Status List Token as a JWT (draft-ietf-oauth-
// status-list-20 section 5.1). method is the DID URL of the key.
func SignStatusJWT(ctx context.Context, spec TokenSpec, s key.Signer, method string) ([]byte, error) {
	packed, err := spec.Statuses.Pack()
	if err != nil {
		return nil, err
	}
	list := map[string]any{"bits": spec.Statuses.Bits(), "lst": base64.RawURLEncoding.EncodeToString(packed)}
	if spec.Aggregation != "" {
		list["aggregation_uri"] = spec.Aggregation
	}
	claims := map[string]any{"iss": spec.Issuer, "sub": spec.URI, "iat": spec.IssuedAt.Unix(), "status_list": list}
	if !spec.Expires.IsZero() {
		claims["exp"] = spec.Expires.Unix()
	}
	if ttl := spec.seconds(); ttl > 0 {
		claims["ttl"] = ttl
	}
	payload, err := strictjson.Canonical(claims)
	if err != nil {
		return nil, fmt.Errorf("revocation: sign %s: %w", spec.URI, err)
	}
	text, err := jose.Sign(ctx, s, map[string]any{"kid": method, "typ": short(MediaStatusJWT)}, payload)
	if err != nil {
		return nil, fmt.Errorf("revocation: sign %s: %w", spec.URI, err)
	}
	return []byte(text), nil
}

// SignStatusCWT is SignStatusJWT in CBOR: a tagged COSE_Sign1 without the tag of
// CWT (section 5.2).
func SignStatusCWT(ctx context.Context, spec TokenSpec, s key.Signer, method string) ([]byte, error) {
	packed, err := spec.Statuses.Pack()
	if err != nil {
		return nil, err
	}
	list := map[any]any{"bits": int64(spec.Statuses.Bits()), "lst": packed}
	if spec.Aggregation != "" {
		list["aggregation_uri"] = spec.Aggregation
	}
	claims := map[any]any{cwtIss: spec.Issuer, cwtSub: spec.URI, cwtIat: spec.IssuedAt.Unix(), cwtStatus: list}
	if !spec.Expires.IsZero() {
		claims[cwtExp] = spec.Expires.Unix()
	}
	if ttl := spec.seconds(); ttl > 0 {
		claims[cwtTTL] = ttl
	}
	payload, err := cose.Encode(claims)
	if err != nil {
		return nil, fmt.Errorf("revocation: sign %s: %w", spec.URI, err)
	}
	b, err := cose.Sign(ctx, s, cose.Header{Type: MediaStatusCWT, Kid: method}, payload)
	if err != nil {
		return nil, fmt.Errorf("revocation: sign %s: %w", spec.URI, err)
	}
	return b, nil
}

// seconds is ttl as it is written: seconds, at least one, where the W3C's lists
// have milliseconds.
func (s TokenSpec) seconds() int64 {
	if s.TTL <= 0 {
		return 0
	}
	return max(1, int64(s.TTL/time.Second))
}

func short(media string) string { return strings.TrimPrefix(media, "application/") }

// ReadStatusToken verifies a Status List Token, a JWT or a CWT, and inflates it,
// in that order: form, signature and signer first, so that nothing of a stranger's
// is inflated. Whose key it is follows from kid, or, where that is no DID URL,
// from iss, or else from issuer, which is the issuer of the token that names the
// list (section 11.3: usually the same key). Its term is not judged here; the
// caller compares List.ID, which is sub. The row says what is wrong when ok is
// false.
func ReadStatusToken(ctx context.Context, body []byte, issuer string, opt Options) (l *List, row verdict.Check, ok bool) {
	bad := func(code verdict.Code, err error) (*List, verdict.Check, bool) {
		return nil, verdict.New(verdict.Status, code).With("detail", err.Error()), false
	}
	u, err := parseStatusToken(body)
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, jose.ErrTooLarge), errors.Is(err, cose.ErrTooLarge):
		return bad(verdict.TooLarge, err)
	case isFault(err):
		return bad(verdict.MalformedValue, err)
	case err != nil:
		return bad(verdict.StatusVerification, err)
	}
	signer, err := u.verify(ctx, issuer, opt.Credential)
	if err != nil {
		return bad(verdict.StatusVerification, err)
	}
	statuses, err := Unpack(u.packed, u.bits, opt.MaxListBytes)
	switch {
	case errors.Is(err, ErrTooLarge):
		return bad(verdict.TooLarge, err)
	case err != nil:
		return bad(verdict.MalformedValue, err)
	}
	return &List{ID: u.sub, Issuer: signer, ValidFrom: &u.iat, ValidUntil: u.exp, TTL: u.ttl, Statuses: statuses,
		MediaType: u.media, Aggregation: u.all}, verdict.Check{}, true
}

// verify finds the key, checks the signature, and has it judged whether the key
// may sign for whom it says. It returns who that is. The error is ErrTokenSignature.
func (u *unverified) verify(ctx context.Context, issuer string, opt credential.Options) (string, error) {
	who, method := u.signer(issuer)
	if method == "" {
		return "", fmt.Errorf("%w: nothing says whose key %.80q is", ErrTokenSignature, u.kid)
	}
	keys := credential.NewKeys(ctx, opt)
	pub, err := keys.Find(ctx, method, proof.AssertionMethod)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTokenSignature, err)
	}
	if u.jws != nil {
		err = u.jws.Verify(pub)
	} else {
		err = u.message.Verify(pub)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTokenSignature, err)
	}
	checked := credential.CheckEnvelope(ctx, credential.Envelope{MediaType: u.media, Keys: keys, Method: method,
		Credential: &credential.Credential{Issuer: who, Tree: map[string]any{}},
		Rows:       []verdict.Check{verdict.New(verdict.Integrity, verdict.OK)}}, opt)
	if r := checked.Row(verdict.Signer); r.Result != verdict.Pass && r.Result != verdict.Warn {
		return "", fmt.Errorf("%w: %s: %s %s", ErrTokenSignature, r.Name, r.Code, r.Params["detail"])
	}
	return who, nil
}

// signer names who says to have signed, and the key.
func (u *unverified) signer(issuer string) (who, method string) {
	if id, fragment, ok := strings.Cut(u.kid, "#"); ok && strings.HasPrefix(id, "did:") && fragment != "" {
		if u.iss == "" {
			return id, u.kid
		}
		return u.iss, u.kid // that the key is the issuer's is judged with it
	}
	if who = u.iss; who == "" {
		who = issuer
	}
	if !strings.HasPrefix(who, "did:") || u.kid == "" {
		return who, ""
	}
	return who, who + "#" + strings.TrimPrefix(u.kid, "#")
}

// readFor verifies the list that an entry names, by the entry's kind.
func readFor(ctx context.Context, e Entry, found *Found, issuer string, opt Options) (*List, verdict.Check, bool) {
	if e.Type != credential.TokenStatusEntry {
		return opt.Index.Read(ctx, found, opt)
	}
	l, row, ok := ReadStatusToken(ctx, found.Body, issuer, opt)
	if ok && l.MediaType != MediaStatusJWT {
		// draft-ietf-oauth-sd-jwt-vc-19 section 2.2.2.2; who reads JSON need not read CBOR.
		return nil, verdict.New(verdict.Status, verdict.MalformedValue).With("detail", "the list of a token in JSON must be a JWT"), false
	}
	return l, row, ok
}
