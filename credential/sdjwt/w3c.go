package sdjwt

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// alwaysVisibleW3C are the members of a W3C credential in a token that neither
// in whole nor in part may be left to the holder: who says it, what it is, how
// long it stands and where its status is (VC-JOSE-COSE section 3.2), with the
// claims of JWT that say the same.
func alwaysVisibleW3C() []string {
	return []string{"@context", "type", "issuer", "validFrom", "validUntil", "issuanceDate", "expirationDate", "credentialStatus",
		"iss", "iat", "nbf", "exp", "cnf", "vc", "vp", "status"}
}

// issuerOf returns the issuer of a W3C credential, "" when there is none.
func issuerOf(tree map[string]any) string {
	switch x := tree["issuer"].(type) {
	case string:
		return x
	case map[string]any:
		id, _ := x["id"].(string)
		return id
	}
	return ""
}

// controllerOf returns the identifier before the fragment of a key's URL.
func controllerOf(method string) string {
	id, fragment, _ := strings.Cut(method, "#")
	if fragment == "" {
		return ""
	}
	return id
}

// readW3C hands a W3C credential on for judgement. The claims of JWT beside it
// are the term of the signature and say the same as the credential or nothing
// (VC-JOSE-COSE section 3.1.3).
func (o *opened) readW3C(claims map[string]any) {
	if fault, ok := o.within(claims); !ok {
		o.add(fault)
	}
	for _, name := range []string{"vc", "vp"} {
		if _, has := claims[name]; has {
			o.malformed(fmt.Errorf("%w: %s must not be there", ErrClaims, name))
		}
	}
	if iss, has := o.jws.Header["iss"]; has && iss != any(issuerOf(claims)) {
		o.malformed(fmt.Errorf("%w: iss in the header is not the issuer", ErrClaims))
	}
	subject, _ := claims["credentialSubject"].(map[string]any)
	for _, p := range []struct {
		name   string
		member any
	}{{"iss", issuerOf(claims)}, {"jti", claims["id"]}, {"sub", subject["id"]}} {
		v, has := claims[p.name]
		if _, plain := v.(string); has && (!plain || p.member != nil && p.member != v) {
			o.malformed(fmt.Errorf("%w: %s contradicts the credential", ErrClaims, p.name))
		}
	}
	o.e.TakeStatus(claims)
	o.e.Tree = maps.Clone(claims)
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "status"} {
		delete(o.e.Tree, name)
	}
}

// within judges the term of a W3C credential's signature. A date and time as
// text is no NumericDate and is read all the same, because the vectors of the
// suite for VC-JOSE-COSE carry it.
func (o *opened) within(claims map[string]any) (verdict.Check, bool) {
	skew := o.opt.Skew
	if skew <= 0 {
		skew = 5 * time.Minute
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		t, err := numericDate(claims, name)
		if text, ok := claims[name].(string); ok {
			var at time.Time
			at, err = proof.ParseTime(text)
			t = &at
		}
		switch {
		case err != nil:
			return row(verdict.Integrity, verdict.ProofMalformed, err), false
		case t == nil:
			continue
		case name == "exp" && !t.After(o.opt.At):
			return row(verdict.Integrity, verdict.ProofExpired, nil).With("until", proof.FormatTime(*t)), false
		case name != "exp" && t.After(o.opt.At.Add(skew)):
			return row(verdict.Integrity, verdict.ProofCreatedInFuture, nil).With("from", proof.FormatTime(*t)), false
		}
		if name == "iat" {
			o.e.Created = t
		}
	}
	return verdict.Check{}, true
}

// resolve finds the key with which a holder authenticates.
func (o *opened) resolve(method string) (key.Public, error) {
	if o.opt.Resolver == nil {
		return key.Public{}, did.ErrUnavailable
	}
	u, err := did.ParseURL(method)
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: %w", ErrNoConfirmation, err)
	}
	res, err := o.opt.Resolver.Resolve(o.ctx, u.DID, did.Options{})
	if err != nil {
		return key.Public{}, err
	}
	vm, err := res.Method(method, did.Authentication)
	if err != nil {
		return key.Public{}, err
	}
	if vm.Revoked != nil && !vm.Revoked.After(o.opt.At) || vm.Expires != nil && !vm.Expires.After(o.opt.At) {
		return key.Public{}, fmt.Errorf("%w: %s is over", ErrNoConfirmation, method)
	}
	return vm.Key, nil
}
