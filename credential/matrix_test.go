package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// Row 18: a key of each kind under each algorithm that a header can name. Only
// the key's own passes, whoever asks for another.
func TestAlgorithmMatrix(t *testing.T) {
	rs, err := newRSA()
	if err != nil {
		t.Fatal(err)
	}
	signers := []key.Signer{generated(t, key.Ed25519), generated(t, key.P256), generated(t, key.P384), rs}
	algs := []string{"EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "PS256", "none", "None", "NONE", "HS256", "HS384", "HS512", "ES256K", "RS1", "RS512", ""}
	for _, s := range signers {
		id := didJWK(t, s.Public())
		for _, alg := range algs {
			t.Run(fmt.Sprintf("%v/%s", s.Public().Kind(), alg), func(t *testing.T) {
				want := verdict.AlgorithmRefused
				if slices.Contains(s.Public().Algs(), alg) {
					want = verdict.OK
				}
				if alg == "PS256" && s.Public().Kind() == key.RSA {
					want = verdict.SignatureInvalid // the key's, but the signature is made by RS256
				}
				for name, f := range map[string]form{"vc+jwt": newForm, "VC-JWT": oldForm, "badge": badgeForm} {
					h, c := f()
					h["alg"], h["kid"] = alg, id+"#0"
					issuedBy(c, id)
					t.Log(name)
					expect(t, Check(t.Context(), []byte(token(t, s, h, c)), world(t)), verdict.Integrity, want)
				}
			})
		}
	}
}

// kinds are one good document of each kind that the project knows.
func kinds(t testing.TB) map[string]string {
	t.Helper()
	list := shape()
	list["type"] = []any{"VerifiableCredential", "BitstringStatusListCredential"}
	list["credentialSubject"] = map[string]any{"id": "https://a.example/list#list", "type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": "uH4sI"}
	list, err := proof.Sign(t.Context(), list, seeded(1), proof.SignOptions{VerificationMethod: issuerID + "#a", Created: moment})
	if err != nil {
		t.Fatal(err)
	}
	vp, err := proof.Sign(t.Context(), presentation(t), seeded(4), proof.SignOptions{VerificationMethod: holderID + "#b", Purpose: proof.Authentication, Created: moment})
	if err != nil {
		t.Fatal(err)
	}
	practice, err := SignPractice(t.Context(), Practice{Issuer: issuerID, Keys: []KeyUse{{issuerID + "#a", UseCredential}}, Published: moment}, seeded(1), issuerID+"#a")
	if err != nil {
		t.Fatal(err)
	}
	typed := func(typ string, claims map[string]any) string {
		return token(t, seeded(1), map[string]any{"typ": typ, "kid": issuerID + "#a"}, claims)
	}
	made := func(f form) string { h, c := f(); return token(t, seeded(1), h, c) }
	presented := func(f func(testing.TB) (h, c map[string]any)) string {
		h, c := f(t)
		return token(t, seeded(4), h, c)
	}
	return map[string]string{
		"vc":             canonical(t, embedded(t)),
		"vc+jwt":         made(newForm),
		"VC-JWT":         made(oldForm),
		"badge JWT":      made(badgeForm),
		"enveloped vc":   canonical(t, enveloped(t)),
		"list":           canonical(t, list),
		"vp":             canonical(t, vp),
		"vp+jwt":         presented(newPresentation),
		"VP-JWT":         presented(oldPresentation),
		"enveloped vp":   canonical(t, Envelop("EnvelopedVerifiablePresentation", MediaVPJWT, presented(newPresentation))),
		"practice":       string(practice),
		"kb+jwt":         typed("kb+jwt", map[string]any{"aud": domain, "nonce": challenge, "iat": unix(moment), "sd_hash": "x"}),
		"statuslist+jwt": typed("statuslist+jwt", map[string]any{"sub": "https://a.example/list", "iat": unix(moment), "status_list": map[string]any{"bits": unix(moment), "lst": "x"}}),
		"any JWT":        typed("JWT", map[string]any{"iss": issuerID, "iat": unix(moment)}),
		"dc+sd-jwt":      typed("dc+sd-jwt", map[string]any{"vct": "https://a.example/vct", "iss": issuerID}) + "~",
		"dc+sd-jwt bare": typed("dc+sd-jwt", map[string]any{"vct": "https://a.example/vct", "iss": issuerID}),
		"PNG":            "\x89PNG\r\n\x1a\n",
		"SVG":            `<svg xmlns="http://www.w3.org/2000/svg"/>`,
		"JWS in JSON":    `{"payload":"e30","signatures":[{"protected":"e30","signature":"AA"}]}`,
		"log entry":      `{"versionId":"1-x","versionTime":"2026-01-01T00:00:00Z","parameters":{},"state":{"id":"did:webvh:x:a.example"},"proof":[]}`,
		"nothing":        "",
	}
}

// Row 21: each kind of document into each parser. Only its own accepts; the others
// end with the error or code named.
func TestParserMatrix(t *testing.T) {
	const malformed, claims, typ, parse = "malformed", "claim", "typ", "parse"
	sentinels := map[string]error{malformed: ErrMalformed, claims: ErrClaim, typ: jose.ErrType, parse: ErrParse, "practice": ErrPractice}
	want := map[string]struct {
		check               verdict.Code
		presentation, plain string
	}{
		"vc":             {verdict.OK, malformed, ""},
		"vc+jwt":         {verdict.OK, typ, parse},
		"VC-JWT":         {verdict.OK, claims, parse},
		"badge JWT":      {verdict.OK, claims, parse},
		"enveloped vc":   {verdict.OK, malformed, malformed},
		"list":           {verdict.OK, malformed, ""}, // a list is a credential; who uses it demands its type
		"vp":             {verdict.MalformedValue, "", malformed},
		"vp+jwt":         {verdict.TokenType, "", parse},
		"VP-JWT":         {verdict.MalformedValue, "", parse},
		"enveloped vp":   {verdict.MalformedValue, "", malformed},
		"practice":       {verdict.MalformedValue, malformed, malformed},
		"kb+jwt":         {verdict.TokenType, typ, parse},
		"statuslist+jwt": {verdict.TokenType, typ, parse},
		"any JWT":        {verdict.MalformedValue, claims, parse},
		"dc+sd-jwt":      {verdict.UnknownFormat, parse, parse},
		"dc+sd-jwt bare": {verdict.TokenType, typ, parse},
		"PNG":            {verdict.UnknownFormat, parse, parse},
		"SVG":            {verdict.UnknownFormat, parse, parse},
		"JWS in JSON":    {verdict.UnknownFormat, malformed, malformed},
		"log entry":      {verdict.MalformedValue, malformed, malformed},
		"nothing":        {verdict.ParsingError, parse, parse},
	}
	opt := world(t)
	res, err := opt.Resolver.Resolve(t.Context(), issuerID, did.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := kinds(t)
	if len(all) != len(want) {
		t.Errorf("%d kinds, %d lines", len(all), len(want))
	}
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			w := want[name]
			expect(t, Check(t.Context(), []byte(text), opt), verdict.Format, w.check)
			sentinel := func(parser, wanted string, err error) {
				if !errors.Is(err, sentinels[wanted]) || (wanted == "") != (err == nil) {
					t.Errorf("%s: %v, want %q", parser, err, wanted)
				}
			}
			p, err := CheckPresentation(t.Context(), []byte(text), opt)
			sentinel("CheckPresentation", w.presentation, err)
			if err == nil && !p.Signed {
				t.Errorf("%v", p.Err)
			}
			_, err = Parse([]byte(text), strictjson.Limits{})
			sentinel("Parse", w.plain, err)
			wanted := "practice"
			if name == "practice" {
				wanted = ""
			}
			_, err = CheckPractice(t.Context(), []byte(text), res.Document)
			sentinel("CheckPractice", wanted, err)
			// An opener sees its own form only.
			seen := ""
			o := opt
			o.Openers = map[string]Opener{}
			for _, m := range []string{MediaSDJWT, MediaJOSE, MediaPNG, MediaSVG, MediaVC, MediaJWT, MediaVCJWT} {
				o.Openers[m] = func(context.Context, []byte, Options) *Checked {
					seen = m
					return Closed(m, verdict.UnknownFormat, ErrParse)
				}
			}
			Check(t.Context(), []byte(text), o)
			if own := map[string]string{"dc+sd-jwt": MediaSDJWT, "PNG": MediaPNG, "SVG": MediaSVG, "JWS in JSON": MediaJOSE}[name]; seen != own {
				t.Errorf("opened by %q, want %q", seen, own)
			}
		})
	}
}

// Row 22: a key that stands under one relationship, for each purpose that a proof
// can state. Only the diagonal that the document demands passes.
func TestPurposeMatrix(t *testing.T) {
	const id = "did:example:rel"
	methods, under := map[string]key.Public{}, map[did.Relationship][]string{}
	signers := map[did.Relationship]key.Private{}
	for i, rel := range did.Relationships() {
		signers[rel] = seeded(byte(20 + i))
		methods[string(rel)] = signers[rel].Public()
		under[rel] = []string{string(rel)}
	}
	opt := world(t)
	reg := maps.Clone(opt.Resolver.(did.Registry))
	docs := maps.Clone(reg["example"].(documents))
	docs[id] = document(t, id, methods, under)
	reg["example"] = docs
	opt.Resolver = reg

	for rel, s := range signers {
		method := id + "#" + string(rel)
		for _, purpose := range did.Relationships() {
			t.Run(fmt.Sprintf("%s/%s", rel, purpose), func(t *testing.T) {
				so := proof.SignOptions{VerificationMethod: method, Purpose: string(purpose), Created: moment}
				tree := shape()
				tree["issuer"] = id
				signed, err := proof.Sign(t.Context(), tree, s, so)
				if err != nil {
					t.Fatal(err)
				}
				got := Check(t.Context(), []byte(canonical(t, signed)), opt)
				switch {
				case purpose != did.AssertionMethod:
					expect(t, got, verdict.Integrity, verdict.ProofWrongPurpose)
				case rel != did.AssertionMethod:
					expect(t, got, verdict.Signer, verdict.WrongRelationship)
				default:
					expect(t, got, "", verdict.OK)
				}
				vp := presentation(t)
				vp["holder"] = id
				if signed, err = proof.Sign(t.Context(), vp, s, so); err != nil {
					t.Fatal(err)
				}
				p, err := CheckPresentation(t.Context(), []byte(canonical(t, signed)), opt)
				switch {
				case purpose != did.Authentication:
					outcome(t, p, err, verdict.ProofWrongPurpose)
				case rel != did.Authentication:
					outcome(t, p, err, verdict.ProofNotHolders)
				default:
					outcome(t, p, err, verdict.OK)
				}
			})
		}
		t.Run(string(rel)+"/token", func(t *testing.T) {
			for _, f := range []form{newForm, oldForm, badgeForm} {
				h, c := f()
				h["kid"] = method
				issuedBy(c, id)
				want := verdict.WrongRelationship
				if rel == did.AssertionMethod {
					want = verdict.OK
				}
				expect(t, Check(t.Context(), []byte(token(t, s, h, c)), opt), verdict.Signer, want)
			}
			for _, f := range []func(testing.TB) (h, c map[string]any){newPresentation, oldPresentation} {
				h, c := f(t)
				h["kid"], c["iss"] = method, id
				if c["vp"] == nil {
					c["holder"] = id
				}
				want := verdict.ProofNotHolders
				if rel == did.Authentication {
					want = verdict.OK
				}
				p, err := CheckPresentation(t.Context(), []byte(token(t, s, h, c)), opt)
				outcome(t, p, err, want)
			}
		})
	}
}

// A key that a document lists and that somebody else controls.
func TestForeignController(t *testing.T) {
	const id = "did:example:lent"
	doc, err := did.ParseDocument(map[string]any{"id": id, "assertionMethod": []any{"#a"}, "authentication": []any{"#a"}, "verificationMethod": []any{
		map[string]any{"id": "#a", "type": "JsonWebKey", "controller": holderID, "publicKeyJwk": seeded(1).Public().JWK()}}})
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{At: moment, Resolver: did.Registry{"example": documents{id: {DID: id, Document: doc}}}}
	h, c := newForm()
	h["kid"] = id + "#a"
	issuedBy(c, id)
	got := Check(t.Context(), []byte(token(t, seeded(1), h, c)), opt)
	expect(t, got, verdict.Signer, verdict.InvalidMethod)
	expect(t, got, verdict.Integrity, verdict.KeyUnavailable)
	// Meant without being named, it is none.
	delete(h, "kid")
	expect(t, Check(t.Context(), []byte(token(t, seeded(1), h, c)), opt), verdict.Signer, verdict.SignerUnknown)
}
