package node

import (
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
)

// claimsOf returns how to write the claims of an SD-JWT VC around those that were
// given: vct and what is said of the subject come from the caller, the claims
// about the token and its status from the node.
func claimsOf(q IssueRequest, issuer, id string) (func(time.Time, []credential.StatusSlot) (map[string]any, error), error) {
	if len(q.Tree) == 0 {
		return nil, fmt.Errorf("%w: the format %s takes a file of claims with a vct, not the fields of a micro-credential", ErrRequest, FormatSDJWTVC)
	}
	base, err := strictjson.ParseObject(q.Tree, strictjson.Limits{MaxBytes: credential.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", credential.ErrParse, err)
	}
	if vct, ok := base["vct"].(string); !ok || vct == "" {
		return nil, fmt.Errorf("%w: vct is missing", ErrRequest)
	}
	for _, name := range []string{"status", "iat"} {
		if _, has := base[name]; has {
			return nil, fmt.Errorf("%w: %s is set by the node; leave it out", ErrRequest, name)
		}
	}
	if iss, has := base["iss"]; has && iss != issuer {
		return nil, fmt.Errorf("%w: iss is not %s", ErrRequest, issuer)
	}
	return func(now time.Time, slots []credential.StatusSlot) (map[string]any, error) {
		claims, _ := strictjson.Clone(base).(map[string]any)
		claims["iss"], claims["iat"] = issuer, now.Unix()
		if _, has := claims["jti"]; !has {
			claims["jti"] = id
		}
		for _, s := range slots {
			if s.Purpose == string(revocation.Revocation) {
				claims["status"] = map[string]any{"status_list": map[string]any{"idx": s.Index, "uri": s.List + formJWT}}
			}
		}
		return claims, nil
	}, nil
}

// noteOf is what the private register notes of a document that is to be signed.
func noteOf(tree map[string]any) (id, typ string, until time.Time) {
	if vct, ok := tree["vct"].(string); ok && tree["@context"] == nil {
		id, _ = tree["jti"].(string)
		if exp, err := sdjwt.Date(tree, "exp"); err == nil && exp != nil {
			until = *exp
		}
		return id, vct, until
	}
	id, _ = tree["id"].(string)
	if types, ok := tree["type"].([]any); ok && len(types) > 0 {
		typ, _ = types[len(types)-1].(string)
	}
	if s, ok := tree["validUntil"].(string); ok {
		if t, err := proof.ParseTime(s); err == nil {
			until = t
		}
	}
	return id, typ, until
}
