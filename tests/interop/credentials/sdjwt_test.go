//go:build system

package credentials

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// form is one of the two kinds of credential that an SD-JWT holds: its claims,
// what may be withheld, and what the holder shows.
type form struct {
	typ         string
	claims      func(issuer string) map[string]any
	hide, show  []string       // for us: JSON pointers
	frame, pick map[string]any // for them: the same as frames
}

func forms() []form {
	return []form{
		{
			typ: sdjwt.TypeVC,
			claims: func(issuer string) map[string]any {
				return map[string]any{
					"iss": issuer, "vct": "https://uni.example/types/diploma", "iat": seconds(time.Now()), "exp": seconds(time.Now().AddDate(1, 0, 0)), "sub": "did:example:holder",
					"name": "Ana Andromeda", "born": "2001-02-03", "nationalities": []any{"ES", "PT", "FR"},
					"address": map[string]any{"street": "Calle Ñ 1", "locality": "Cádiz"}, "ects": json.Number("2.5"),
				}
			},
			hide:  []string{"/name", "/born", "/nationalities/0", "/nationalities/1", "/address", "/address/street", "/address/locality"},
			show:  []string{"/name", "/nationalities/1", "/address/locality"},
			frame: map[string]any{"_sd": []any{"name", "born", "address"}, "_sd_decoy": 2, "nationalities": map[string]any{"_sd": []any{0, 1}}, "address": map[string]any{"_sd": []any{"street", "locality"}}},
			pick:  map[string]any{"name": true, "nationalities": map[string]any{"1": true}, "address": map[string]any{"locality": true}},
		},
		{
			typ: sdjwt.TypeW3C,
			claims: func(issuer string) map[string]any {
				return map[string]any{
					"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": issuer, "validFrom": "2026-01-01T00:00:00Z",
					"credentialSubject": map[string]any{"id": "did:example:holder", "name": "Ana Andromeda", "description": "x"},
				}
			},
			hide:  []string{"/credentialSubject/name", "/credentialSubject/description"},
			show:  []string{"/credentialSubject/name"},
			frame: map[string]any{"credentialSubject": map[string]any{"_sd": []any{"name", "description"}}},
			pick:  map[string]any{"credentialSubject": map[string]any{"name": true}},
		},
	}
}

func seconds(t time.Time) json.Number { return json.Number(fmt.Sprint(t.Unix())) }

// usShown opens what was shown to domain with challenge; with no challenge a
// binding is not asked for.
func usShown(challenge, domain string) side {
	return func(t testing.TB, body []byte) string {
		t.Helper()
		_, why := open(t, body, challenge, domain)
		return why
	}
}

func open(t testing.TB, body []byte, challenge, domain string) (*credential.Checked, string) {
	t.Helper()
	opt := options()
	opt.Openers = map[string]credential.Opener{credential.MediaSDJWT: sdjwt.Open}
	opt.Challenge = challenge
	if domain != "" {
		opt.Domain = []string{domain}
	}
	got := credential.Check(t.Context(), body, opt)
	if got.OK && challenge != "" && !got.Bound {
		return got, "not bound"
	}
	return got, refusal(t, got)
}

// issued is a whole token with the key that verifies it.
type issued struct {
	token string
	jwk   map[string]any
}

func TestSDJWT(t *testing.T) {
	ourHolder, _, _ := ourKey(t, key.P256)
	theirHolder := jwkOf(t, theirKey(t, "sdjwt", "holder"))
	holders := map[string]map[string]any{"ours": ourHolder.Public().JWK(), "theirs": theirHolder}
	issue := map[string]func(t *testing.T, f form, alg string, holder map[string]any) issued{
		"ours": func(t *testing.T, f form, alg string, holder map[string]any) issued {
			k, id, method := ourKey(t, map[string]key.Kind{"ES256": key.P256, "ES384": key.P384, "EdDSA": key.Ed25519}[alg])
			claims := f.claims(id)
			claims["cnf"] = map[string]any{"jwk": holder}
			tok, err := sdjwt.Issue(t.Context(), k, f.typ, method, claims, sdjwt.Frame{Hide: f.hide, Decoys: 2})
			if err != nil {
				t.Fatal(err)
			}
			return issued{tok.String(), k.Public().JWK()}
		},
		"theirs": func(t *testing.T, f form, alg string, holder map[string]any) issued {
			id := theirKey(t, "sdjwt", alg)
			claims := f.claims(id)
			claims["cnf"] = map[string]any{"jwk": holder}
			a := must(t, request{Op: "sdjwt.issue", Key: alg, Typ: f.typ, Document: encode(t, claims), Frame: f.frame})
			return issued{a.Token, jwkOf(t, id)}
		},
	}
	present := map[string]func(t *testing.T, f form, token string) string{
		"ours": func(t *testing.T, f form, token string) string {
			tok, err := sdjwt.Parse(token, sdjwt.Limits{})
			if err == nil {
				tok, err = tok.Select(f.show...)
			}
			if err == nil {
				tok, err = tok.Bind(t.Context(), ourHolder, sdjwt.Binding{Audience: domain, Nonce: challenge, IssuedAt: time.Now()})
			}
			if err != nil {
				t.Fatal(err)
			}
			return tok.String()
		},
		"theirs": func(t *testing.T, f form, token string) string {
			return must(t, request{Op: "sdjwt.present", Typ: f.typ, Token: token, Frame: f.pick, Challenge: challenge, Domain: domain}).Token
		},
	}
	algs := map[string][]string{"ours": {"ES256", "ES384", "EdDSA"}, "theirs": {"ES256", "ES384"}}
	for _, f := range forms() {
		for _, by := range []string{"ours", "theirs"} {
			for _, shown := range []string{"ours", "theirs"} {
				for _, alg := range algs[by] {
					t.Run(f.typ+"/"+by+" "+alg+"/shown by "+shown, func(t *testing.T) {
						suite := f.typ + " " + alg
						made := issue[by](t, f, alg, holders[shown])
						text := present[shown](t, f, made.token)
						verify := request{Op: "sdjwt.verify", Typ: f.typ, JWK: made.jwk, Challenge: challenge, Domain: domain}
						direction := "issued " + by + ", shown " + shown
						judge(t, exhibit{suite, direction, "part, bound", []byte(text), changeIssued(t, text), themToken(verify), usShown(challenge, domain), verdict.SignatureInvalid})
						sameClaims(t, text, verify)
						out := withDisclosure(t, text, func(string) string { return "" })
						judge(t, exhibit{suite, direction, "part, one disclosure out", []byte(text), out, themToken(verify), usShown(challenge, domain), verdict.BindingInvalid})
						altered := withDisclosure(t, text, func(d string) string { return string(change([]byte(d))) })
						judge(t, exhibit{suite, direction, "part, one disclosure altered", []byte(text), altered, themToken(verify), usShown(challenge, domain), verdict.DisclosureInvalid})
						other := verify
						other.Challenge = "other"
						refused(t, suite+", other nonce", direction, "part, bound", []byte(text), themToken(other), usShown("other", domain), verdict.InvalidChallenge)
						other = verify
						other.Domain = "other.example"
						refused(t, suite+", other audience", direction, "part, bound", []byte(text), themToken(other), usShown(challenge, "other.example"), verdict.InvalidDomain)
					})
				}
			}
		}
	}
}

// TestSDJWTUnbound: a whole token that nobody bound. A disclosure that belongs to
// no digest spoils the token for us (RFC 9901 section 7.1 step 5); their library
// passes over it, and what it holds is then not among the claims.
func TestSDJWTUnbound(t *testing.T) {
	for _, f := range forms() {
		k, id, method := ourKey(t, key.P256)
		tok, err := sdjwt.Issue(t.Context(), k, f.typ, method, f.claims(id), sdjwt.Frame{Hide: f.hide})
		if err != nil {
			t.Fatal(err)
		}
		theirID := theirKey(t, "sdjwt", "ES256")
		theirs := must(t, request{Op: "sdjwt.issue", Key: "ES256", Typ: f.typ, Document: encode(t, f.claims(theirID)), Frame: f.frame}).Token
		for _, made := range []struct {
			direction, token string
			jwk              map[string]any
		}{{oursToThem, tok.String(), k.Public().JWK()}, {theirsToUs, theirs, jwkOf(t, theirID)}} {
			t.Run(f.typ+"/"+made.direction, func(t *testing.T) {
				theirs := themToken(request{Op: "sdjwt.verify", Typ: f.typ, JWK: made.jwk})
				judge(t, exhibit{f.typ + " ES256", made.direction, "whole, unbound", []byte(made.token), changeIssued(t, made.token), theirs, usShown("", ""), verdict.SignatureInvalid})
				altered := withDisclosure(t, made.token, func(d string) string { return string(change([]byte(d))) })
				compare(t, f.typ+" ES256", "unbound, one disclosure altered", altered, theirs, usShown("", ""), verdict.DisclosureInvalid, true)
			})
		}
	}
}

// sameClaims demands that both sides read the same out of what was shown.
func sameClaims(t *testing.T, text string, verify request) {
	t.Helper()
	got, _ := open(t, []byte(text), challenge, domain)
	verify.Token = text
	theirs := tree(t, must(t, verify).Document)
	ours := tree(t, encode(t, got.Document))
	for _, registered := range []string{"iss", "iat", "cnf", "exp"} {
		if _, has := ours[registered]; !has { // a W3C credential has no claims beside it
			delete(theirs, registered)
		}
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("we read   %v\nthey read %v", ours, theirs)
	}
}

// changeIssued alters the part that the issuer signed: whom it is about.
func changeIssued(t *testing.T, text string) []byte {
	t.Helper()
	jwt, rest, _ := strings.Cut(text, "~")
	parts := strings.Split(jwt, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "did:example:holder", "did:example:holdes", 1)))
	return []byte(strings.Join(parts, ".") + "~" + rest)
}

// withDisclosure replaces the disclosure that holds the signed word by what f
// makes of its text; "" takes it out.
func withDisclosure(t *testing.T, text string, f func(disclosure string) string) []byte {
	t.Helper()
	parts := strings.Split(text, "~")
	for i, d := range parts {
		body, err := base64.RawURLEncoding.DecodeString(d)
		if err != nil || !strings.Contains(string(body), signedWord) {
			continue
		}
		if d = f(string(body)); d == "" {
			return []byte(strings.Join(append(parts[:i:i], parts[i+1:]...), "~"))
		}
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(d))
		return []byte(strings.Join(parts, "~"))
	}
	t.Fatal("nothing discloses the word")
	return nil
}
