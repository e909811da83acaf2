package revocation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof/cose"
	"github.com/bonafide-id/bonafide/proof/jose"
)

// Media types of a Status List Token (draft-ietf-oauth-status-list-20 section 5).
const (
	MediaStatusJWT = "application/statuslist+jwt"
	MediaStatusCWT = "application/statuslist+cwt"
)

// Claims of a token in CBOR (section 5.2 and RFC 8392 section 3.1).
const (
	cwtIss    = int64(1)
	cwtSub    = int64(2)
	cwtExp    = int64(4)
	cwtIat    = int64(6)
	cwtTTL    = int64(65534)
	cwtStatus = int64(65533)
)

// maxTTL is the longest ttl that is read: ten years.
const maxTTL = 10 * 365 * 24 * time.Hour

// unverified is a Status List Token as it was read: nobody has vouched for it, and
// its list is not inflated.
type unverified struct {
	media    string
	jws      *jose.Token
	message  *cose.Message
	kid      string
	iss, sub string
	iat      time.Time
	exp      *time.Time
	ttl      time.Duration
	bits     int
	packed   []byte
	all      string // aggregation_uri
}

// parseStatusToken reads a token in either form. Errors: ErrTooLarge, ErrToken,
// and those of jose.Parse and cose.Parse.
func parseStatusToken(body []byte) (*unverified, error) {
	if len(body) > maxEncoded {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(body))
	}
	if text := bytes.TrimSpace(body); jose.LooksLike(text) {
		return parseStatusJWT(text)
	}
	return parseStatusCWT(body)
}

func tokenFault(name, why string) error { return fmt.Errorf("%w: %s %s", ErrToken, name, why) }

func parseStatusJWT(text []byte) (*unverified, error) {
	u := &unverified{media: MediaStatusJWT}
	var err error
	if u.jws, err = jose.Parse(text, maxEncoded); err != nil {
		return nil, err
	}
	if err := u.jws.Demand(MediaStatusJWT); err != nil {
		return nil, err
	}
	u.kid = u.jws.Kid
	claims, err := u.jws.Object(strictjson.Limits{MaxBytes: maxEncoded, MaxDepth: 16})
	if err != nil {
		return nil, err
	}
	list, ok := claims["status_list"].(map[string]any)
	if !ok {
		return nil, tokenFault("status_list", "is no object")
	}
	names := func(name string) (any, bool) { v, has := claims[name]; return v, has }
	if err := u.claims(names, [5]string{"iss", "sub", "iat", "exp", "ttl"}, jsonSeconds); err != nil {
		return nil, err
	}
	n, ok := list["bits"].(json.Number)
	if !ok {
		return nil, tokenFault("bits", "is no number")
	}
	if u.bits, ok = map[string]int{"1": 1, "2": 2, "4": 4, "8": 8}[n.String()]; !ok {
		return nil, tokenFault("bits", "is not 1, 2, 4 or 8")
	}
	lst, ok := list["lst"].(string)
	if !ok {
		return nil, tokenFault("lst", "is no text")
	}
	// The decoder skips line feeds, which have no place in such a text.
	u.packed, err = base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil || strings.ContainsAny(lst, "\r\n") {
		return nil, tokenFault("lst", "is not base64url without padding")
	}
	return u, u.aggregation(list["aggregation_uri"])
}

func parseStatusCWT(body []byte) (*unverified, error) {
	u := &unverified{media: MediaStatusCWT}
	var err error
	if u.message, err = cose.Parse(body, maxEncoded); err != nil {
		return nil, err
	}
	if err := u.message.Demand(MediaStatusCWT); err != nil {
		return nil, err
	}
	u.kid = string(u.message.Kid)
	claims, err := cose.Decode(u.message.Payload)
	if err != nil {
		return nil, err
	}
	list, ok := claims[cwtStatus].(map[any]any)
	if !ok {
		return nil, tokenFault("status_list", "is no map")
	}
	labels := map[string]int64{"iss": cwtIss, "sub": cwtSub, "iat": cwtIat, "exp": cwtExp, "ttl": cwtTTL}
	names := func(name string) (any, bool) { v, has := claims[labels[name]]; return v, has }
	if err := u.claims(names, [5]string{"iss", "sub", "iat", "exp", "ttl"}, cborSeconds); err != nil {
		return nil, err
	}
	switch n := list["bits"].(type) {
	case int64:
		if n != 1 && n != 2 && n != 4 && n != 8 {
			return nil, tokenFault("bits", "is not 1, 2, 4 or 8")
		}
		u.bits = int(n)
	default:
		return nil, tokenFault("bits", "is no number")
	}
	if u.packed, ok = list["lst"].([]byte); !ok {
		return nil, tokenFault("lst", "is no byte string")
	}
	return u, u.aggregation(list["aggregation_uri"])
}

// claims reads what both forms say in their own way (section 5.1 and 5.2).
func (u *unverified) claims(get func(string) (any, bool), names [5]string, seconds func(any) (float64, bool)) error {
	for i, dst := range []*string{&u.iss, &u.sub} {
		raw, has := get(names[i])
		s, ok := raw.(string)
		if has && (!ok || s == "" || len(s) > 4096) {
			return tokenFault(names[i], "is no short text")
		}
		*dst = s
	}
	if u.sub == "" {
		return tokenFault("sub", "is missing")
	}
	date := func(name string) (*time.Time, error) {
		raw, has := get(name)
		if !has {
			return nil, nil
		}
		f, ok := seconds(raw)
		if !ok || f < 0 || f > lastSecond {
			return nil, tokenFault(name, "is no number of seconds since 1970")
		}
		whole, part := math.Modf(f)
		t := time.Unix(int64(whole), int64(part*1e9)).UTC()
		return &t, nil
	}
	iat, err := date(names[2])
	if err != nil {
		return err
	}
	if iat == nil {
		return tokenFault("iat", "is missing")
	}
	u.iat = *iat
	if u.exp, err = date(names[3]); err != nil {
		return err
	}
	if raw, has := get(names[4]); has {
		f, ok := seconds(raw)
		if !ok || !(f > 0) || f > maxTTL.Seconds() {
			return tokenFault("ttl", "is no positive number of seconds")
		}
		u.ttl = time.Duration(f * float64(time.Second))
	}
	return nil
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

func jsonSeconds(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func cborSeconds(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n)
	}
	return 0, false
}

func (u *unverified) aggregation(raw any) error {
	if raw == nil {
		return nil
	}
	s, ok := raw.(string)
	if !ok || s == "" || len(s) > 4096 {
		return tokenFault("aggregation_uri", "is no short text")
	}
	u.all = s
	return nil
}

// isFault tells errors about the token's own form from those of its source.
func isFault(err error) bool {
	return errors.Is(err, ErrToken) || errors.Is(err, jose.ErrToken) || errors.Is(err, jose.ErrType) ||
		errors.Is(err, cose.ErrMessage) || errors.Is(err, cose.ErrType)
}

// IsToken tells whether a list is a token, by its first byte: a list credential is
// an object in JSON.
func IsToken(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] != '{'
}

// TokenIssuedAt is the iat of a Status List Token, as it says and nobody checked;
// nil where there is none to be read.
func TokenIssuedAt(body []byte) *time.Time {
	u, err := parseStatusToken(body)
	if err != nil {
		return nil
	}
	return &u.iat
}

// NameOfToken is the sub of a Status List Token, as it says and nobody checked; ""
// where there is none to be read.
func NameOfToken(body []byte) string {
	u, err := parseStatusToken(body)
	if err != nil {
		return ""
	}
	return u.sub
}
