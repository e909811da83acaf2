package sdjwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
)

var (
	ctx    = context.Background()
	moment = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	issuer = newKey(1)
	holder = newKey(2)
	other  = newKey(3)
)

func newKey(n byte) key.Private {
	k, err := key.FromSeed([]byte(strings.Repeat(string(n), 32)))
	if err != nil {
		panic(err)
	}
	return k
}

// didOf and kidOf name a key as did:key does.
func didOf(k key.Private) string { return k.Public().DIDKey() }
func kidOf(k key.Private) string {
	return didOf(k) + "#" + strings.TrimPrefix(didOf(k), "did:key:")
}

// vcClaims are those of a good SD-JWT VC.
func vcClaims() map[string]any {
	return map[string]any{
		"iss": didOf(issuer), "vct": "https://uni.example/types/micro", "iat": moment.Unix(), "nbf": moment.Unix(),
		"exp": moment.AddDate(1, 0, 0).Unix(), "sub": "did:example:ana", "cnf": map[string]any{"jwk": holder.Public().JWK()},
		"name": "Ana", "ects": json.Number("4"), "languages": []any{"pt", "es"},
		"status": map[string]any{"status_list": map[string]any{"idx": 7, "uri": "https://uni.example/status/3.jwt"}},
	}
}

func issued(t testing.TB, claims map[string]any, hide ...string) *Token {
	t.Helper()
	tok, err := Issue(ctx, issuer, TypeVC, kidOf(issuer), claims, Frame{Hide: hide})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The presentation of RFC 9901 section 5.2 with the keys of its examples.
func TestBindingOfTheRFC(t *testing.T) {
	tok, err := Parse(readVector(t, "rfc9901-5.2.txt"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	issuerKey, err := key.ParseJWK(map[string]any{"kty": "EC", "crv": "P-256",
		"x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"})
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.Parse([]byte(tok.JWT), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := jws.Verify(issuerKey); err != nil {
		t.Fatal(err)
	}
	claims, err := jws.Object(strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	pub, method, err := confirmation(claims)
	if err != nil || method != "" {
		t.Fatal(method, err)
	}
	want := Expected{Nonce: "1234567890", Audiences: []string{"https://verifier.example.org"}, At: time.Unix(1748537244, 0).Add(time.Minute)}
	if _, err := tok.CheckBinding(pub, SHA256, want); err != nil {
		t.Fatal(err)
	}
	tok.Disclosures = tok.Disclosures[1:]
	if _, err := tok.CheckBinding(pub, SHA256, want); !errors.Is(err, ErrBindingHash) {
		t.Fatal(err)
	}
}

func TestBindAndCheck(t *testing.T) {
	whole := issued(t, vcClaims(), "/name", "/ects")
	shown, err := whole.Select("/name")
	if err != nil {
		t.Fatal(err)
	}
	says := Binding{Audience: "https://employer.example", Nonce: "n-1", IssuedAt: moment}
	bound, err := shown.Bind(ctx, holder, says)
	if err != nil {
		t.Fatal(err)
	}
	want := Expected{Nonce: says.Nonce, Audiences: []string{"x", says.Audience}, At: moment}
	got, err := bound.CheckBinding(holder.Public(), SHA256, want)
	if err != nil || *got != says {
		t.Fatal(got, err)
	}
	again, err := Parse(bound.String(), Limits{})
	if err != nil || again.String() != bound.String() || len(again.Disclosures) != 1 {
		t.Fatal(again, err)
	}

	kb := func(header map[string]any, s key.Signer, edit func(map[string]any)) string {
		claims := map[string]any{"aud": says.Audience, "nonce": says.Nonce, "iat": moment.Unix(), "sd_hash": SHA256.digest(shown.unbound())}
		edit(claims)
		return mustSign(t, s, header, claims)
	}
	good := map[string]any{"typ": "kb+jwt"}
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	nothing := func(map[string]any) {}
	with := func(change func(*Expected)) Expected { e := want; change(&e); return e }
	for _, c := range []struct {
		name    string
		binding string
		want    Expected
		err     error
	}{
		{"good", kb(good, holder, nothing), want, nil},
		{"nothing demanded", kb(good, holder, nothing), Expected{At: moment}, nil},
		{"old, nothing demanded", kb(good, holder, nothing), Expected{At: moment.Add(time.Hour)}, nil},
		{"before its time, nothing demanded", kb(good, holder, nothing), Expected{At: moment.Add(-time.Hour)}, nil},
		{"nine minutes old", kb(good, holder, nothing), with(func(e *Expected) { e.At = moment.Add(9 * time.Minute) }), nil},
		{"a clock four minutes ahead", kb(good, holder, nothing), with(func(e *Expected) { e.At = moment.Add(-4 * time.Minute) }), nil},
		{"the typ in full", kb(map[string]any{"typ": "application/kb+jwt"}, holder, nothing), want, nil},
		{"other typ", kb(map[string]any{"typ": "JWT"}, holder, nothing), want, ErrBinding},
		{"no typ", kb(nil, holder, nothing), want, ErrBinding},
		{"a credential's typ", kb(map[string]any{"typ": TypeVC}, holder, nothing), want, ErrBinding},
		{"not base64url", "e30.e30.!", want, ErrBinding},
		{"no algorithm", b64.EncodeToString([]byte(`{"alg":"none","typ":"kb+jwt"}`)) + ".e30.c2ln", want, ErrBinding},
		{"by another key", kb(good, other, nothing), want, ErrBindingSignature},
		{"by the issuer", kb(good, issuer, nothing), want, ErrBindingSignature},
		{"for other disclosures", kb(good, holder, set("sd_hash", SHA256.digest(whole.unbound()))), want, ErrBindingHash},
		{"hash by another algorithm", kb(good, holder, set("sd_hash", SHA512.digest(shown.unbound()))), want, ErrBindingHash},
		{"no hash", kb(good, holder, func(m map[string]any) { delete(m, "sd_hash") }), want, ErrBinding},
		{"no nonce", kb(good, holder, func(m map[string]any) { delete(m, "nonce") }), want, ErrBinding},
		{"no audience", kb(good, holder, func(m map[string]any) { delete(m, "aud") }), want, ErrBinding},
		{"a list of audiences", kb(good, holder, set("aud", []any{says.Audience})), want, ErrBinding},
		{"no time", kb(good, holder, func(m map[string]any) { delete(m, "iat") }), want, ErrBinding},
		{"time is a text", kb(good, holder, set("iat", "now")), want, ErrBinding},
		{"with a term", kb(good, holder, set("exp", moment.Add(-time.Hour).Unix())), want, ErrBinding},
		{"eleven minutes old", kb(good, holder, nothing), with(func(e *Expected) { e.At = moment.Add(11 * time.Minute) }), ErrBindingTime},
		{"six minutes ahead", kb(good, holder, nothing), with(func(e *Expected) { e.At = moment.Add(-6 * time.Minute) }), ErrBindingTime},
		{"other nonce", kb(good, holder, nothing), with(func(e *Expected) { e.Nonce = "n-2" }), ErrNonce},
		{"other audience", kb(good, holder, nothing), with(func(e *Expected) { e.Audiences = []string{"https://employer.example/"} }), ErrAudience},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := &Token{JWT: shown.JWT, Disclosures: shown.Disclosures, KeyBinding: c.binding}
			_, err := tok.CheckBinding(holder.Public(), SHA256, c.want)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("%v, want %v", err, c.err)
			}
		})
	}
	for name, b := range map[string]Binding{
		"no audience": {Nonce: "n", IssuedAt: moment}, "no nonce": {Audience: "a", IssuedAt: moment}, "no time": {Audience: "a", Nonce: "n"},
	} {
		if _, err := shown.Bind(ctx, holder, b); !errors.Is(err, ErrBinding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bound.Bind(ctx, holder, says); !errors.Is(err, ErrBinding) {
		t.Errorf("bound twice: %v", err)
	}
	if _, err := bound.Select("/name"); !errors.Is(err, ErrBinding) {
		t.Errorf("selected after binding: %v", err)
	}
}

func mustSign(t testing.TB, s key.Signer, header, claims map[string]any) string {
	t.Helper()
	body, err := strictjson.Canonical(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jose.Sign(ctx, s, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSelect(t *testing.T) {
	tok := issued(t, vcClaims(), "/name", "/languages", "/languages/0", "/languages/1")
	for _, c := range []struct {
		name string
		show []string
		tree string // the claims that can be hidden
		err  error
	}{
		{"nothing", nil, `{}`, nil},
		{"one", []string{"/name"}, `{"name":"Ana"}`, nil},
		{"a list without what it hides", []string{"/languages"}, `{"languages":[]}`, nil},
		{"what stands above comes along", []string{"/languages/1"}, `{"languages":["es"]}`, nil},
		{"all", []string{"/name", "/languages/0", "/languages/1"}, `{"languages":["pt","es"],"name":"Ana"}`, nil},
		{"not there", []string{"/family"}, "", ErrFrame},
		{"always shown", []string{"/iss"}, "", ErrFrame},
		{"no pointer", []string{"name"}, "", ErrFrame},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tok.Select(c.show...)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			payload, _ := got.payload(Limits{})
			claims, err := Reconstruct(payload, got.Disclosures, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			hidden := map[string]any{}
			for _, name := range []string{"name", "languages"} {
				if v, has := claims.Tree[name]; has {
					hidden[name] = v
				}
			}
			if canonical(t, hidden) != c.tree {
				t.Errorf("%s", canonical(t, hidden))
			}
		})
	}
	if _, err := (&Token{JWT: "e30.!.x"}).Select(); !errors.Is(err, ErrFormat) {
		t.Errorf("%v", err)
	}
}

func TestConfirmation(t *testing.T) {
	for _, c := range []struct {
		name, cnf string
		method    string
		err       error
	}{
		{"none", `{}`, "", nil},
		{"a key", `{"cnf":{"jwk":` + canonical(t, holder.Public().JWK()) + `}}`, "", nil},
		{"a DID URL", `{"cnf":{"kid":"did:example:a#k"}}`, "did:example:a#k", nil},
		{"another kid", `{"cnf":{"kid":"k"}}`, "", ErrNoConfirmation},
		{"a URL to fetch", `{"cnf":{"jku":"https://a.example/k"}}`, "", ErrNoConfirmation},
		{"not an object", `{"cnf":"k"}`, "", ErrNoConfirmation},
		{"null", `{"cnf":null}`, "", ErrNoConfirmation},
		{"jwk is a text", `{"cnf":{"jwk":"k"}}`, "", ErrNoConfirmation},
		{"a private key", `{"cnf":{"jwk":{"kty":"OKP","crv":"Ed25519","x":"` + holder.Public().JWK()["x"].(string) + `","d":"x"}}}`, "", key.ErrPrivate},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, method, err := confirmation(object(t, c.cnf))
			if method != c.method || !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("%q %v", method, err)
			}
			if c.err != nil && !bindingFault(err) {
				t.Error("not a fault of the binding")
			}
		})
	}
}

// Each rule of the claims of an SD-JWT VC broken once.
func TestVCRules(t *testing.T) {
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	drop := func(name string) func(map[string]any) { return func(m map[string]any) { delete(m, name) } }
	list := func(v any) any { return map[string]any{"status_list": v} }
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		good bool
	}{
		{"good", func(map[string]any) {}, true},
		{"no issuer", drop("iss"), true}, // who signed is then said by a certificate, or by nobody
		{"no dates", func(m map[string]any) { delete(m, "nbf"); delete(m, "exp"); delete(m, "iat") }, true},
		{"a fraction", set("nbf", json.Number("1700000000.25")), true},
		{"other names of the type", set("aka_vcts", []any{"https://uni.example/types/course"}), true},
		{"another status mechanism", set("status", map[string]any{"other": map[string]any{}}), true},
		{"no type", drop("vct"), false},
		{"type is empty", set("vct", ""), false},
		{"type is a list", set("vct", []any{"x"}), false},
		{"type is endless", set("vct", strings.Repeat("x", maxName+1)), false},
		{"integrity is a number", set("vct#integrity", json.Number("1")), false},
		{"no other names", set("aka_vcts", []any{}), false},
		{"other names are a text", set("aka_vcts", "x"), false},
		{"other names hold a number", set("aka_vcts", []any{json.Number("1")}), false},
		{"other names repeat the type", set("aka_vcts", []any{"https://uni.example/types/micro"}), false},
		{"issuer is an object", set("iss", map[string]any{"id": "x"}), false},
		{"sub is a number", set("sub", json.Number("1")), false},
		{"exp is a text", set("exp", "1700000000"), false},
		{"exp is a date", set("exp", "2026-01-01T00:00:00Z"), false},
		{"nbf is negative", set("nbf", json.Number("-1")), false},
		{"iat is endless", set("iat", json.Number("1e300")), false},
		{"cnf is a text", set("cnf", "x"), false},
		{"status is null", set("status", nil), false},
		{"status is empty", set("status", map[string]any{}), false},
		{"status list is a text", set("status", list("x")), false},
		{"index is a text", set("status", list(map[string]any{"idx": "7", "uri": "u"})), false},
		{"index is negative", set("status", list(map[string]any{"idx": -1, "uri": "u"})), false},
		{"index is no integer", set("status", list(map[string]any{"idx": json.Number("1.5"), "uri": "u"})), false},
		{"no index", set("status", list(map[string]any{"uri": "u"})), false},
		{"no list", set("status", list(map[string]any{"idx": 1})), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := vcClaims()
			c.edit(m)
			tree := object(t, canonical(t, m))
			got, err := readVC(tree)
			if c.good != (err == nil) || !c.good && !errors.Is(err, ErrClaims) {
				t.Fatal(err)
			}
			if _, has := tree["status"]; has && len(got.Status) != 1 {
				t.Error("a status is there and was not read as one")
			}
		})
	}
}

func TestVCMapping(t *testing.T) {
	tree := object(t, canonical(t, vcClaims()))
	tree["id"] = "did:example:somebody-else"
	c, err := readVC(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %v %v %v %v %v", c.Issuer == didOf(issuer), c.Types, c.ValidFrom.Equal(moment), c.ValidUntil.Year(), canonical(t, c.Subjects[0]), c.Status)
	want := `true [https://uni.example/types/micro] true 2027 {"ects":4,"id":"did:example:ana","languages":["pt","es"],"name":"Ana"} [map[idx:7 type:TokenStatusListEntry uri:https://uni.example/status/3.jwt]]`
	if got != want {
		t.Errorf("%s", got)
	}
	delete(tree, "nbf")
	if c, _ = readVC(tree); !c.ValidFrom.Equal(moment) {
		t.Error("iat does not stand in for nbf")
	}
	delete(tree, "sub")
	if c, _ = readVC(tree); c.Subjects[0]["id"] != nil {
		t.Error("another claim called id became the subject")
	}
	tree["status"] = map[string]any{"other": map[string]any{}}
	if c, _ = readVC(tree); c.Status[0]["type"] != credential.UnknownStatusEntry {
		t.Errorf("%v", c.Status)
	}
}
