package badge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// MatchRecipient tells whether an IdentityObject of a badge's recipient means
// value, an identifier of the given kind such as "emailAddress" (Open Badges
// 3.0, IdentityObject and IdentifierTypeEnum). An object of another kind does
// not match. The comparison is exact: no letter case, no space is forgiven,
// because the hash forgives none either. Salt is appended to the value.
//
// The error is ErrWeakHash for MD5 and ErrIdentifier for an object that says
// too little; neither is a "no".
func MatchRecipient(identifier map[string]any, kind, value string) (bool, error) {
	hashed, ok1 := identifier["hashed"].(bool)
	stated, ok2 := identifier["identityHash"].(string)
	typ, ok3 := identifier["identityType"].(string)
	if !ok1 || !ok2 || !ok3 || stated == "" {
		return false, ErrIdentifier
	}
	if typ != kind {
		return false, nil
	}
	if !hashed {
		return stated == value, nil
	}
	salt := ""
	if raw, has := identifier["salt"]; has {
		if salt, ok1 = raw.(string); !ok1 {
			return false, fmt.Errorf("%w: the salt is no text", ErrIdentifier)
		}
	}
	algorithm, digest, ok := strings.Cut(stated, "$")
	switch {
	case algorithm == "md5":
		return false, ErrWeakHash
	case !ok || algorithm != "sha256":
		return false, fmt.Errorf("%w: the hash does not begin with sha256 and a dollar sign", ErrIdentifier)
	}
	want, err := hex.DecodeString(digest)
	if err != nil || len(want) != sha256.Size {
		return false, fmt.Errorf("%w: the hash is not 64 hexadecimal digits", ErrIdentifier)
	}
	return sha256.Sum256([]byte(value+salt)) == [sha256.Size]byte(want), nil
}
