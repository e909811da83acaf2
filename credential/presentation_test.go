package credential

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

const (
	challenge = "c-17"
	domain    = "https://verifier.example"
)

func asked(t testing.TB) Options {
	opt := world(t)
	opt.Challenge, opt.Domain = challenge, []string{domain}
	return opt
}

// embedded signs shape with a proof inside.
func embedded(t testing.TB) map[string]any {
	t.Helper()
	signed, err := proof.Sign(t.Context(), shape(), seeded(1), proof.SignOptions{VerificationMethod: issuerID + "#a", Created: moment})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func enveloped(t testing.TB) map[string]any {
	h, c := newForm()
	return Envelop("EnvelopedVerifiableCredential", MediaVCJWT, token(t, seeded(1), h, c))
}

func presentation(t testing.TB) map[string]any {
	return map[string]any{"@context": []any{ContextV2}, "type": []any{"VerifiablePresentation"}, "id": "urn:uuid:9", "holder": holderID,
		"verifiableCredential": []any{embedded(t), enveloped(t)}}
}

// outcome checks the state of the envelope; the credentials count whatever it is.
func outcome(t *testing.T, p *Presentation, err error, code verdict.Code) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if row := p.ProofRow(); row.Code != code || (code == verdict.OK) != p.Signed || (code == verdict.OK || code == verdict.ProofMissing) != (p.Err == nil) {
		t.Errorf("%s %v signed %v, want %s", row.Code, p.Err, p.Signed, code)
	}
	if len(p.Credentials) == 0 || len(p.Credentials) != len(p.Raw) {
		t.Fatalf("%d credentials of %d", len(p.Credentials), len(p.Raw))
	}
	for i, c := range p.Credentials {
		if !c.OK {
			t.Errorf("credential %d: %+v", i, c.Checks)
		}
	}
}

// Proofs inside a presentation in JSON, one thing changed.
func TestPresentationProof(t *testing.T) {
	signer := func(n byte, method string) func(*proof.SignOptions) (key.Signer, map[string]any) {
		return func(o *proof.SignOptions) (key.Signer, map[string]any) {
			o.VerificationMethod = method
			return seeded(n), nil
		}
	}
	held := func(n byte, id, name string) func(*proof.SignOptions) (key.Signer, map[string]any) {
		return func(o *proof.SignOptions) (key.Signer, map[string]any) {
			o.VerificationMethod = id + "#" + name
			return seeded(n), map[string]any{"holder": id}
		}
	}
	option := func(f func(*proof.SignOptions)) func(*proof.SignOptions) (key.Signer, map[string]any) {
		return func(o *proof.SignOptions) (key.Signer, map[string]any) { f(o); return seeded(4), nil }
	}
	past := moment.Add(-time.Hour)
	for _, c := range []struct {
		name string
		edit func(*proof.SignOptions) (key.Signer, map[string]any)
		code verdict.Code
	}{
		{"good", nil, verdict.OK},
		{"to assert", option(func(o *proof.SignOptions) { o.Purpose = proof.AssertionMethod }), verdict.ProofWrongPurpose},
		{"to invoke", option(func(o *proof.SignOptions) { o.Purpose = proof.CapabilityInvocation }), verdict.ProofWrongPurpose},
		{"with the key that asserts", signer(3, holderID+"#a"), verdict.ProofNotHolders},
		{"by another", signer(2, issuerID+"#b"), verdict.ProofNotHolders},
		{"with a key that is not listed", signer(4, holderID+"#z"), verdict.KeyUnavailable},
		{"with another key", signer(9, holderID+"#b"), verdict.SignatureInvalid},
		{"with a revoked key", held(1, "did:example:times", "revoked"), verdict.ProofNotHolders},
		{"with an expired key", held(1, "did:example:times", "expired"), verdict.ProofNotHolders},
		{"with a retired key", held(2, "did:example:moved", "b"), verdict.ProofNotHolders},
		{"with the new key", held(5, "did:example:moved", "c"), verdict.OK},
		{"of a closed identifier", held(2, "did:example:closed", "b"), verdict.ProofNotHolders},
		{"of nobody known", held(2, "did:example:gone", "b"), verdict.KeyUnavailable},
		{"of a web address", held(2, "https://a.example", seeded(2).Public().Multikey()), verdict.KeyUnavailable},
		{"no challenge", option(func(o *proof.SignOptions) { o.Challenge = "" }), verdict.InvalidChallenge},
		{"another challenge", option(func(o *proof.SignOptions) { o.Challenge += "x" }), verdict.InvalidChallenge},
		{"no domain", option(func(o *proof.SignOptions) { o.Domain = "" }), verdict.InvalidDomain},
		{"another domain", option(func(o *proof.SignOptions) { o.Domain += ".evil" }), verdict.InvalidDomain},
		{"made later", option(func(o *proof.SignOptions) { o.Created = moment.Add(time.Hour) }), verdict.ProofCreatedInFuture},
		{"over", option(func(o *proof.SignOptions) { o.Expires = &past }), verdict.ProofExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := presentation(t)
			so := proof.SignOptions{Purpose: proof.Authentication, VerificationMethod: holderID + "#b", Created: moment, Challenge: challenge, Domain: domain}
			var s key.Signer = seeded(4)
			if c.edit != nil {
				var more map[string]any
				s, more = c.edit(&so)
				for k, v := range more {
					tree[k] = v
				}
			}
			signed, err := proof.Sign(t.Context(), tree, s, so)
			if err != nil {
				t.Fatal(err)
			}
			p, err := CheckPresentation(t.Context(), []byte(canonical(t, signed)), asked(t))
			outcome(t, p, err, c.code)
		})
	}
}

// What was done to a signed presentation afterwards.
func TestPresentationChanged(t *testing.T) {
	signed := func(holder any, s key.Signer, method, challenge string) map[string]any {
		tree := presentation(t)
		if tree["holder"] = holder; holder == nil {
			delete(tree, "holder")
		}
		out, err := proof.Sign(t.Context(), tree, s, proof.SignOptions{Purpose: proof.Authentication, VerificationMethod: method, Created: moment, Challenge: challenge})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	good := func() map[string]any { return signed(holderID, seeded(4), holderID+"#b", "") }
	check := func(tree map[string]any) (*Presentation, error) {
		return CheckPresentation(t.Context(), []byte(canonical(t, tree)), world(t))
	}
	p, err := check(good())
	outcome(t, p, err, verdict.OK)
	if _, has := p.Tree["proof"]; has || p.MediaType != MediaVP || p.Holder != holderID {
		t.Errorf("%+v", p)
	}
	m := good()
	delete(m, "proof")
	p, err = check(m)
	outcome(t, p, err, verdict.ProofMissing)
	m = good()
	m["id"] = "urn:uuid:8"
	p, err = check(m)
	outcome(t, p, err, verdict.SignatureInvalid)
	m = good()
	m["verifiableCredential"] = m["verifiableCredential"].([]any)[:1]
	p, err = check(m)
	outcome(t, p, err, verdict.SignatureInvalid)
	m = good()
	m["proof"].(map[string]any)["cryptosuite"] = "other-2030"
	p, err = check(m)
	outcome(t, p, err, verdict.ProofUnknownSuite)
	m = good()
	m["proof"] = "x"
	p, err = check(m)
	outcome(t, p, err, verdict.ProofMalformed)
	m = good()
	m["proof"] = []any{}
	p, err = check(m)
	outcome(t, p, err, verdict.ProofMalformed)
	m, err = proof.Sign(t.Context(), presentation(t), seeded(4), proof.SignOptions{Suite: proof.EdDSARDFC2022, Purpose: proof.Authentication,
		VerificationMethod: holderID + "#b", Created: moment, Loader: jsonld.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	p, err = check(m)
	outcome(t, p, err, verdict.OK)
	m["madeUp"] = "a word that the signature would not cover"
	p, err = check(m)
	outcome(t, p, err, verdict.NotChecked)
	// Row 31: of several proofs each must be the holder's.
	m = good()
	other := signed(holderID, seeded(2), issuerID+"#b", "")
	m["proof"] = []any{m["proof"], other["proof"]}
	p, err = check(m)
	outcome(t, p, err, verdict.ProofNotHolders)

	// Nobody is named: whoever signed holds it, and they are one.
	m = signed(nil, seeded(4), holderID+"#b", "")
	p, err = check(m)
	outcome(t, p, err, verdict.OK)
	if p.Holder != holderID {
		t.Errorf("held by %q", p.Holder)
	}
	m["proof"] = []any{m["proof"], signed(nil, seeded(2), issuerID+"#b", "")["proof"]}
	p, err = check(m)
	outcome(t, p, err, verdict.ProofNotHolders)
	if p.Holder != "" {
		t.Errorf("held by %q", p.Holder)
	}
	// A closed identifier's presentation stands, and answers nothing new.
	p, err = check(signed("did:example:closed", seeded(2), "did:example:closed#b", ""))
	outcome(t, p, err, verdict.OK)
	// Where nothing was asked, a proof made for somebody is accepted.
	p, err = check(signed(holderID, seeded(4), holderID+"#b", "other"))
	outcome(t, p, err, verdict.OK)
}

// Each credential is judged on its own.
func TestCredentialsInside(t *testing.T) {
	unsigned, changed := shape(), embedded(t)
	changed["validFrom"] = "2020-01-01T00:00:00Z"
	stranger := Envelop("EnvelopedVerifiableCredential", MediaVCJWT, "x")
	tree := presentation(t)
	tree["verifiableCredential"] = []any{embedded(t), unsigned, changed, enveloped(t), stranger}
	p, err := CheckPresentation(t.Context(), []byte(canonical(t, tree)), world(t))
	if err != nil || p.Signed {
		t.Fatal(p, err)
	}
	for i, want := range []struct {
		check verdict.CheckName
		code  verdict.Code
	}{{"", verdict.OK}, {verdict.Integrity, verdict.ProofMissing}, {verdict.Integrity, verdict.SignatureInvalid}, {"", verdict.OK}, {verdict.Format, verdict.ParsingError}} {
		expect(t, p.Credentials[i], want.check, want.code)
	}
	// One that stands alone, without a list.
	tree["verifiableCredential"] = embedded(t)
	p, err = CheckPresentation(t.Context(), []byte(canonical(t, tree)), world(t))
	outcome(t, p, err, verdict.ProofMissing)
}

// What is no presentation at all.
func TestNoPresentation(t *testing.T) {
	many := make([]any, maxInPresentation+1)
	for i := range many {
		many[i] = shape()
	}
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		want error
	}{
		{"good", nil, nil},
		{"no holder", func(m map[string]any) { delete(m, "holder") }, nil},
		{"holder is an object", set("holder", map[string]any{"id": holderID}), nil},
		{"no credentials", func(m map[string]any) { delete(m, "verifiableCredential") }, nil},
		{"type of a credential", set("type", []any{"VerifiableCredential"}), ErrMalformed},
		{"no context", func(m map[string]any) { delete(m, "@context") }, ErrMalformed},
		{"context as a text", set("@context", ContextV2), ErrMalformed},
		{"context begins elsewhere", set("@context", []any{"https://a.example", ContextV2}), ErrMalformed},
		{"holder is null", set("holder", nil), ErrMalformed},
		{"holder is a word", set("holder", "me"), ErrMalformed},
		{"holder without id", set("holder", map[string]any{}), ErrMalformed},
		{"holder is a list", set("holder", []any{holderID}), ErrMalformed},
		{"a credential as a text", set("verifiableCredential", []any{"aa.bb.cc"}), ErrMalformed},
		{"credentials are null", set("verifiableCredential", nil), ErrMalformed},
		{"a credential is a number", set("verifiableCredential", []any{json.Number("1")}), ErrMalformed},
		{"many credentials", set("verifiableCredential", many), ErrMalformed},
		{"1.1 and a text that is no token", func(m map[string]any) {
			m["@context"], m["verifiableCredential"] = []any{ContextV1}, []any{"{}"}
		}, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := presentation(t)
			if c.edit != nil {
				c.edit(tree)
			}
			p, err := CheckPresentation(t.Context(), []byte(canonical(t, tree)), world(t))
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) || (p == nil) != (err != nil) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, text := range []string{"", "[]", `{"a":1,"a":1}`, "x"} {
		if _, err := CheckPresentation(t.Context(), []byte(text), world(t)); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The two forms of a presentation as a token, by holderID with kid #b.

func newPresentation(t testing.TB) (h, c map[string]any) {
	c = presentation(t)
	c["verifiableCredential"] = []any{enveloped(t)}
	c["iss"], c["aud"], c["nonce"], c["iat"] = holderID, domain, challenge, unix(moment)
	return map[string]any{"typ": "vp+jwt", "cty": "vp", "kid": holderID + "#b"}, c
}

func oldPresentation(t testing.TB) (h, c map[string]any) {
	vcHeader, vc := oldForm()
	return map[string]any{"typ": "JWT", "kid": holderID + "#b"}, map[string]any{
		"iss": holderID, "jti": "urn:uuid:9", "aud": []any{"x", domain}, "nonce": challenge, "iat": unix(moment), "nbf": unix(moment), "exp": unix(moment.Add(time.Minute)),
		"vp": map[string]any{"@context": []any{ContextV1}, "type": []any{"VerifiablePresentation"}, "verifiableCredential": []any{token(t, seeded(1), vcHeader, vc)}}}
}

func TestPresentationToken(t *testing.T) {
	type edit = func(h, c map[string]any)
	by := func(id, kid string) edit { return all(header("kid", kid), claim("iss", id), claim("holder", id)) }
	at := func(d time.Duration) json.Number { return unix(moment.Add(d)) }
	vp := func(name string, v any) edit {
		return func(_, c map[string]any) {
			if inner, ok := c["vp"].(map[string]any); ok {
				inner[name] = v
				return
			}
			c[name] = v
		}
	}
	const both, onlyNew, onlyOld = "both", "new", "old"
	for _, c := range []struct {
		name, forms string
		edit        edit
		signer      byte
		code        verdict.Code
		err         error
	}{
		{"good", both, nil, 4, verdict.OK, nil},
		{"no typ", onlyOld, drop("typ"), 4, verdict.OK, nil},
		{"long typ", onlyNew, header("typ", "application/vp+jwt"), 4, verdict.OK, nil},
		{"no cty", onlyNew, drop("cty"), 4, verdict.OK, nil},
		{"relative kid", both, header("kid", "#b"), 4, verdict.OK, nil},
		{"kid is a name", both, header("kid", "b"), 4, verdict.OK, nil},
		{"no kid", both, drop("kid"), 4, verdict.OK, nil},
		{"relative kid without iss", onlyNew, all(header("kid", "#b"), drop("iss")), 4, verdict.KeyUnavailable, nil},
		{"no iss", onlyNew, drop("iss"), 4, verdict.OK, nil},
		{"no iss and no holder, so the signer's", onlyOld, drop("iss"), 4, verdict.OK, nil},
		{"jti agrees", onlyNew, claim("jti", "urn:uuid:9"), 4, verdict.OK, nil},
		{"one of several for us", onlyNew, claim("aud", []any{"x", domain}), 4, verdict.OK, nil},

		{"typ vc+jwt", both, header("typ", "vc+jwt"), 4, "", jose.ErrType},
		{"typ kb+jwt", both, header("typ", "kb+jwt"), 4, "", jose.ErrType},
		{"typ statuslist+jwt", both, header("typ", "statuslist+jwt"), 4, "", jose.ErrType},
		{"typ of the drafts", both, header("typ", "vp+ld+jwt"), 4, "", jose.ErrType},
		{"cty vc", onlyNew, header("cty", "vc"), 4, "", jose.ErrType},
		{"typ JWT without vp", onlyNew, header("typ", "JWT"), 4, "", ErrClaim},
		{"claim vc", both, claim("vc", map[string]any{}), 4, "", ErrClaim},
		{"claim vp", onlyNew, claim("vp", map[string]any{}), 4, "", ErrClaim},
		{"vp is a text", onlyOld, claim("vp", "x"), 4, "", ErrClaim},
		{"no type", both, vp("type", nil), 4, "", ErrMalformed},
		{"alg none", both, header("alg", "none"), 4, "", jose.ErrAlg},
		{"crit", both, header("crit", []any{}), 4, "", jose.ErrHeader},
		{"a credential that is not enveloped", onlyNew, claim("verifiableCredential", []any{shape()}), 4, "", ErrMalformed},
		{"a credential as a text", onlyNew, claim("verifiableCredential", []any{"aa.bb.cc"}), 4, "", ErrMalformed},

		{"iss is another", both, all(vp("holder", holderID), claim("iss", issuerID)), 4, verdict.ProofMalformed, nil},
		{"iss without holder", onlyNew, drop("holder"), 4, verdict.ProofMalformed, nil},
		{"jti is another", both, all(vp("id", "urn:uuid:9"), claim("jti", "urn:uuid:8")), 4, verdict.ProofMalformed, nil},
		{"iss in the header is another", both, header("iss", issuerID), 4, verdict.ProofMalformed, nil},
		{"the key that asserts", both, header("kid", holderID+"#a"), 3, verdict.ProofNotHolders, nil},
		{"of another", both, header("kid", issuerID+"#b"), 2, verdict.ProofNotHolders, nil},
		{"not listed", both, header("kid", holderID+"#z"), 4, verdict.KeyUnavailable, nil},
		{"another key", both, nil, 9, verdict.SignatureInvalid, nil},
		{"another algorithm", both, header("alg", "ES256"), 4, verdict.AlgorithmRefused, nil},
		{"revoked", both, by("did:example:times", "did:example:times#revoked"), 1, verdict.ProofNotHolders, nil},
		{"retired", both, by("did:example:moved", "did:example:moved#b"), 2, verdict.ProofNotHolders, nil},
		{"closed", both, by("did:example:closed", "did:example:closed#b"), 2, verdict.ProofNotHolders, nil},
		{"a web address and a name", both, by("https://a.example", "x"), 4, verdict.KeyUnavailable, nil},
		{"a web address with a key", both, by("https://a.example", "https://a.example#"+seeded(4).Public().Multikey()), 4, verdict.KeyUnavailable, nil},
		{"jwk of nobody is not looked at", both, all(drop("kid"), header("jwk", seeded(9).Public().JWK())), 9, verdict.SignatureInvalid, nil},
		{"no nonce", both, drop("nonce"), 4, verdict.InvalidChallenge, nil},
		{"another nonce", both, claim("nonce", "x"), 4, verdict.InvalidChallenge, nil},
		{"nonce in a list", both, claim("nonce", []any{challenge}), 4, verdict.InvalidChallenge, nil},
		{"no aud", both, drop("aud"), 4, verdict.InvalidDomain, nil},
		{"another aud", both, claim("aud", "https://other.example"), 4, verdict.InvalidDomain, nil},
		{"aud is a number", both, claim("aud", json.Number("1")), 4, verdict.InvalidDomain, nil},
		{"over", both, claim("exp", at(0)), 4, verdict.ProofExpired, nil},
		{"not yet", both, claim("nbf", at(time.Hour)), 4, verdict.ProofCreatedInFuture, nil},
		{"made later", both, claim("iat", at(time.Hour)), 4, verdict.ProofCreatedInFuture, nil},
		{"exp in words", both, claim("exp", "soon"), 4, verdict.ProofMalformed, nil},
	} {
		for form, f := range map[string]func(testing.TB) (h, c map[string]any){onlyNew: newPresentation, onlyOld: oldPresentation} {
			if c.forms != both && c.forms != form {
				continue
			}
			t.Run(form+"/"+c.name, func(t *testing.T) {
				h, claims := f(t)
				if c.edit != nil {
					c.edit(h, claims)
				}
				text := token(t, seeded(c.signer), h, claims)
				p, err := CheckPresentation(t.Context(), []byte(text), asked(t))
				if c.err != nil {
					if !errors.Is(err, c.err) || p != nil {
						t.Errorf("%v, want %v", err, c.err)
					}
					return
				}
				outcome(t, p, err, c.code)
				if p.Signed && p.Holder != holderID {
					t.Errorf("held by %q", p.Holder)
				}
			})
		}
	}
	opt := asked(t)
	body := base64.RawURLEncoding.EncodeToString([]byte(`{"vp":{},"vp":{}}`))
	if _, err := CheckPresentation(t.Context(), []byte("eyJhbGciOiJFZERTQSJ9."+body+".AA"), opt); !errors.Is(err, jose.ErrToken) {
		t.Errorf("vp twice: %v", err)
	}
	opt.Legacy = true
	h, c := newPresentation(t)
	h["typ"] = "vp+ld+jwt"
	p, err := CheckPresentation(t.Context(), []byte(token(t, seeded(4), h, c)), opt)
	outcome(t, p, err, verdict.OK)
}

// EnvelopedVerifiablePresentation (VCDM 2.0 section 4.13.2).
func TestEnvelopedPresentation(t *testing.T) {
	h, c := newPresentation(t)
	good := token(t, seeded(4), h, c)
	oh, oc := oldPresentation(t)
	for _, x := range []struct {
		name, mediaType, text string
		want                  error
	}{
		{"good", MediaVPJWT, good, nil},
		{"JWT of 1.1", MediaVPJWT, token(t, seeded(4), oh, oc), ErrMalformed},
		{"as a credential", MediaVCJWT, good, ErrMalformed},
		{"in base64", MediaVPJWT + ";base64", good, ErrMalformed},
		{"SD-JWT", "application/vp+sd-jwt", good + "~", ErrMalformed},
		{"no token", MediaVPJWT, "x", jose.ErrToken},
	} {
		m := Envelop("EnvelopedVerifiablePresentation", x.mediaType, x.text)
		p, err := CheckPresentation(t.Context(), []byte(canonical(t, m)), asked(t))
		if x.want == nil {
			outcome(t, p, err, verdict.OK)
		} else if !errors.Is(err, x.want) || p != nil {
			t.Errorf("%s: %v", x.name, err)
		}
		if c := Check(t.Context(), []byte(canonical(t, m)), world(t)); c.OK || c.Document != nil {
			t.Errorf("%s is taken for a credential", x.name)
		}
	}
}

func TestSignPresentation(t *testing.T) {
	s := generated(t, key.P384)
	id := "did:key:" + s.Public().Multikey()
	tree := presentation(t)
	tree["holder"] = id
	tree["verifiableCredential"] = []any{enveloped(t)}
	more := map[string]any{"nonce": challenge, "aud": domain}
	text, err := SignToken(t.Context(), tree, s, MediaVPJWT, id+"#"+s.Public().Multikey(), moment, more)
	if err != nil {
		t.Fatal(err)
	}
	p, err := CheckPresentation(t.Context(), []byte(text), asked(t))
	outcome(t, p, err, verdict.OK)
	tok, err := jose.Parse([]byte(text), 0)
	if err != nil || tok.Type != MediaVPJWT || tok.Cty != MediaVP {
		t.Errorf("%v %v", tok, err)
	}
	claims, err := tok.Object(strictjson.Limits{})
	if err != nil || claims["iss"] != any(id) || !strings.Contains(canonical(t, claims), domain) {
		t.Errorf("%v %v", claims, err)
	}
	tree["verifiableCredential"] = []any{embedded(t)}
	if _, err := SignToken(t.Context(), tree, s, MediaVPJWT, id+"#x", moment, more); !errors.Is(err, ErrMalformed) {
		t.Errorf("not enveloped: %v", err)
	}
	if slices.Contains(registered(), "vc") || slices.Contains(registered(), "vp") {
		t.Error("vc and vp are no registered claims here")
	}
}
