package key

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// headerJWK is the multicodec jwk_jcs-pub, 0xeb51, as a varint: EBSI's did:key of
// natural persons, whose body is the canonical text of a public JWK.
const headerJWK = "\xd1\xd6\x03"

// maxJWK bounds such an identifier's body in characters; those of P-521 have some
// 320.
const maxJWK = 400

// jwkBody returns the body of a did:key that may be a JWK by its first characters:
// those of the header and of "{" in base58btc depend on the length, so that it is
// decoded.
func jwkBody(name string) ([]byte, string, bool) {
	multibase, ok := strings.CutPrefix(name, "did:key:")
	if !ok || len(multibase) > maxJWK || !strings.HasPrefix(multibase, "z") || len(multibase) < 100 {
		return nil, "", false
	}
	b, err := key.Base58Decode(multibase[1:])
	if err != nil {
		return nil, "", false
	}
	text, ok := bytes.CutPrefix(b, []byte(headerJWK))
	return text, multibase, ok
}

// parseJWK reads the JWK: canonical (RFC 8785), and with no member beside those of
// its key, so that a key has one identifier of this form. It is not what the same
// key has as Multikey: the two are two identifiers.
func parseJWK(text []byte) (key.Public, error) {
	tree, err := strictjson.ParseObject(text, strictjson.Limits{MaxBytes: maxJWK, MaxDepth: 2})
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: jwk_jcs-pub: %w", did.ErrInvalid, err)
	}
	canonical, err := strictjson.Canonical(tree)
	if err != nil || !bytes.Equal(canonical, text) {
		return key.Public{}, fmt.Errorf("%w: jwk_jcs-pub is not in canonical form", did.ErrInvalid)
	}
	for name := range tree {
		if !strings.Contains(" crv kty x y ", " "+name+" ") {
			return key.Public{}, fmt.Errorf("%w: jwk_jcs-pub with the member %q", did.ErrInvalid, name)
		}
	}
	return key.ParseJWK(tree)
}
