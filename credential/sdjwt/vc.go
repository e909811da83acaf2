package sdjwt

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential"
)

// alwaysVisible are the claims of an SD-JWT VC that neither in whole nor in
// part may be left to the holder (draft-ietf-oauth-sd-jwt-vc-19 section 2.2.2).
func alwaysVisible() []string {
	return []string{"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}
}

// registered are the claims of an SD-JWT VC that are not about its subject.
func registered() []string {
	return append(alwaysVisible(), "iat", "jti", "sub")
}

// maxName bounds vct, iss and the like.
const maxName = 4096

// readVC makes a Credential of the claims of an SD-JWT VC. On an error the
// partial result is returned too, because integrity is judged whatever the
// form. The error is [ErrClaims].
func readVC(claims map[string]any) (*credential.Credential, error) {
	r := vcReader{claims: claims, c: &credential.Credential{Tree: claims}}
	r.names()
	r.dates()
	r.subject()
	r.status()
	if cnf, has := claims["cnf"]; has {
		if _, ok := cnf.(map[string]any); !ok {
			r.fail("cnf", "is not an object")
		}
	}
	return r.c, r.err
}

// vcReader collects the first fault and goes on.
type vcReader struct {
	claims map[string]any
	c      *credential.Credential
	err    error
}

func (r *vcReader) fail(name, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s: %s", ErrClaims, name, fmt.Sprintf(format, args...))
	}
}

// text reads a claim that must be a text if it is there.
func (r *vcReader) text(name string) string {
	raw, has := r.claims[name]
	if !has {
		return ""
	}
	s, ok := raw.(string)
	if !ok || s == "" || len(s) > maxName {
		r.fail(name, "is not a text of at most %d bytes", maxName)
		return ""
	}
	return s
}

func (r *vcReader) names() {
	r.c.Issuer = r.text("iss")
	r.c.ID = r.text("jti")
	r.text("vct#integrity")
	vct := r.text("vct")
	if vct == "" {
		r.fail("vct", "is required")
		return
	}
	r.c.Types = []string{vct}
	raw, has := r.claims["aka_vcts"]
	if !has {
		return
	}
	list, ok := raw.([]any)
	if !ok || len(list) == 0 {
		r.fail("aka_vcts", "is not a list of types")
		return
	}
	for _, e := range list {
		s, ok := e.(string)
		if !ok || s == "" || len(s) > maxName {
			r.fail("aka_vcts", "holds something that is no type")
			return
		}
		if s == vct {
			r.fail("aka_vcts", "repeats vct")
			return
		}
		r.c.Types = append(r.c.Types, s)
	}
}

func (r *vcReader) dates() {
	date := func(name string) *time.Time {
		t, err := numericDate(r.claims, name)
		if err != nil {
			r.fail(name, "is not a number of seconds")
		}
		return t
	}
	nbf, iat := date("nbf"), date("iat")
	if r.c.ValidFrom = nbf; nbf == nil {
		r.c.ValidFrom = iat
	}
	r.c.ValidUntil = date("exp")
}

// subject takes what is left when the claims about the token are gone. An id
// among them is somebody's word for something else; sub names the subject.
func (r *vcReader) subject() {
	s := maps.Clone(r.claims)
	maps.DeleteFunc(s, func(name string, _ any) bool { return slices.Contains(registered(), name) })
	delete(s, "id")
	if sub := r.text("sub"); sub != "" {
		s["id"] = sub
	}
	r.c.Subjects = []map[string]any{s}
}

// status reads the claim status (draft-ietf-oauth-status-list-20 section 6).
func (r *vcReader) status() {
	raw, has := r.claims["status"]
	if !has {
		return
	}
	entry, err := credential.TokenStatus(raw)
	r.c.Status = []map[string]any{entry}
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%w: %w", ErrClaims, err)
	}
}

// Date reads a NumericDate among claims (RFC 7519 section 2): seconds since 1970,
// fractions allowed; nil when the claim is absent. The error is [ErrClaims].
func Date(claims map[string]any, name string) (*time.Time, error) { return numericDate(claims, name) }

// numericDate reads a NumericDate (RFC 7519 section 2), seconds since 1970,
// fractions allowed; nil when the claim is absent.
func numericDate(claims map[string]any, name string) (*time.Time, error) {
	raw, has := claims[name]
	if !has {
		return nil, nil
	}
	n, ok := raw.(json.Number)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrClaims, name)
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > lastSecond {
		return nil, fmt.Errorf("%w: %s", ErrClaims, name)
	}
	whole, part := math.Modf(f)
	t := time.Unix(int64(whole), int64(part*1e9)).UTC()
	return &t, nil
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799
