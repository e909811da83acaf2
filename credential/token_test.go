package credential

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

type tokenCase struct {
	name  string
	edit  func(h, c map[string]any)
	check verdict.CheckName
	code  verdict.Code
}

func tokenCases(t *testing.T, f form, cases []tokenCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, claims := f()
			if c.edit != nil {
				c.edit(h, claims)
			}
			expect(t, Check(t.Context(), []byte(token(t, seeded(1), h, claims)), world(t)), c.check, c.code)
		})
	}
}

func claim(name string, v any) func(h, c map[string]any) {
	return func(_, c map[string]any) { c[name] = v }
}

func header(name string, v any) func(h, c map[string]any) {
	return func(h, _ map[string]any) { h[name] = v }
}

func drop(names ...string) func(h, c map[string]any) {
	return func(h, c map[string]any) {
		for _, n := range names {
			delete(h, n)
			delete(c, n)
		}
	}
}

// inside edits the claim vc.
func inside(name string, v any) func(h, c map[string]any) {
	return func(_, c map[string]any) {
		vc, _ := c["vc"].(map[string]any)
		if vc[name] = v; v == nil {
			delete(vc, name)
		}
	}
}

func all(edits ...func(h, c map[string]any)) func(h, c map[string]any) {
	return func(h, c map[string]any) {
		for _, e := range edits {
			e(h, c)
		}
	}
}

// VC-JOSE-COSE 1.0, one thing changed.
func TestSecuredToken(t *testing.T) {
	at := func(d time.Duration) json.Number { return unix(moment.Add(d)) }
	tokenCases(t, newForm, []tokenCase{
		{"good", nil, "", verdict.OK},
		{"long typ", header("typ", "application/vc+jwt"), "", verdict.OK},
		{"long cty", header("cty", "application/vc"), "", verdict.OK},
		{"no cty", drop("cty"), "", verdict.OK},
		{"typ vp+jwt", header("typ", "vp+jwt"), verdict.Format, verdict.TokenType},
		{"typ vc+sd-jwt", header("typ", "vc+sd-jwt"), verdict.Format, verdict.TokenType},
		{"typ dc+sd-jwt", header("typ", "dc+sd-jwt"), verdict.Format, verdict.TokenType},
		{"typ kb+jwt", header("typ", "kb+jwt"), verdict.Format, verdict.TokenType},
		{"typ statuslist+jwt", header("typ", "statuslist+jwt"), verdict.Format, verdict.TokenType},
		{"typ at+jwt", header("typ", "at+jwt"), verdict.Format, verdict.TokenType},
		{"typ of the drafts", header("typ", "vc+ld+jwt"), verdict.Format, verdict.TokenType},
		{"typ text/vc+jwt", header("typ", "text/vc+jwt"), verdict.Format, verdict.TokenType},
		{"cty vp", header("cty", "vp"), verdict.Format, verdict.TokenType},
		{"cty JWT", header("cty", "JWT"), verdict.Format, verdict.TokenType},
		{"claim vc", claim("vc", map[string]any{}), verdict.Format, verdict.MalformedValue},
		{"claim vc is null", claim("vc", nil), verdict.Format, verdict.MalformedValue},
		{"claim vp", claim("vp", map[string]any{}), verdict.Format, verdict.MalformedValue},

		{"no iss", drop("iss"), "", verdict.OK},
		{"iss is another", claim("iss", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"iss is a number", claim("iss", json.Number("1")), verdict.Format, verdict.MalformedValue},
		{"iss is null", claim("iss", nil), verdict.Format, verdict.MalformedValue},
		{"iss beside an issuer without id", claim("issuer", map[string]any{"name": "A"}), verdict.Format, verdict.MalformedValue},
		{"issuer is an object", claim("issuer", map[string]any{"id": issuerID}), "", verdict.OK},
		{"iss in the header", header("iss", issuerID), "", verdict.OK},
		{"iss in the header is another", header("iss", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"iss in the header is a list", header("iss", []any{issuerID}), verdict.Format, verdict.MalformedValue},
		{"jti agrees", claim("jti", "urn:uuid:1"), "", verdict.OK},
		{"jti is another", claim("jti", "urn:uuid:2"), verdict.Format, verdict.MalformedValue},
		{"jti without id", all(claim("jti", "urn:uuid:2"), drop("id")), "", verdict.OK},
		{"jti is a number, without id", all(claim("jti", json.Number("2")), drop("id")), verdict.Format, verdict.MalformedValue},
		{"jti and id are objects", all(claim("jti", map[string]any{}), claim("id", map[string]any{})), verdict.Format, verdict.MalformedValue},
		{"sub agrees", claim("sub", "did:example:b"), "", verdict.OK},
		{"sub is another", claim("sub", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"sub is a list", claim("sub", []any{"did:example:b"}), verdict.Format, verdict.MalformedValue},
		{"sub for a list of one", all(claim("sub", "did:example:z"), claim("credentialSubject", []any{map[string]any{"id": "did:example:b"}})), verdict.Format, verdict.MalformedValue},
		{"sub for two subjects", all(claim("sub", "did:example:b"), claim("credentialSubject", []any{map[string]any{"id": "did:example:b"}, map[string]any{"id": "did:example:c"}})), verdict.Format, verdict.MalformedValue},
		{"sub for a subject without id", all(claim("sub", "did:example:z"), claim("credentialSubject", map[string]any{"name": "A"})), "", verdict.OK},

		{"no iat", drop("iat"), "", verdict.OK},
		{"iat a little ahead", claim("iat", at(5*time.Minute)), "", verdict.OK},
		{"iat ahead", claim("iat", at(5*time.Minute+time.Second)), verdict.Integrity, verdict.ProofCreatedInFuture},
		{"iat as text", claim("iat", "2010-01-01T19:23:24Z"), "", verdict.OK},
		{"iat in words", claim("iat", "today"), verdict.Integrity, verdict.ProofMalformed},
		{"iat is null", claim("iat", nil), verdict.Integrity, verdict.ProofMalformed},
		{"iat beyond the calendar", claim("iat", json.Number("1e300")), verdict.Integrity, verdict.ProofMalformed},
		{"exp ahead", claim("exp", at(time.Second)), "", verdict.OK},
		{"exp now", claim("exp", at(0)), verdict.Integrity, verdict.ProofExpired},
		{"exp with a fraction", claim("exp", json.Number(at(0)+".5")), "", verdict.OK},
		{"exp is a flag", claim("exp", true), verdict.Integrity, verdict.ProofMalformed},
		{"nbf past", claim("nbf", at(-time.Hour)), "", verdict.OK},
		{"nbf ahead", claim("nbf", at(time.Hour)), verdict.Integrity, verdict.ProofCreatedInFuture},
		{"the credential's own end", claim("validUntil", "2026-06-01T11:59:59Z"), verdict.Dates, verdict.Expired},

		{"a word without definition", claim("madeUp", "x"), verdict.Format, verdict.DataLoss},
		{"unknown context", claim("@context", []any{ContextV2, "https://unknown.example/v1"}), verdict.Format, verdict.UnknownContext},
		{"context in the text", claim("@context", []any{ContextV2, map[string]any{"x": "https://x.example"}}), verdict.Format, verdict.ContextInline},
		{"type of a presentation", claim("type", []any{"VerifiablePresentation"}), verdict.Format, verdict.MalformedValue},
		{"type of an envelope", claim("type", "EnvelopedVerifiableCredential"), verdict.Format, verdict.MalformedValue},
		{"an inner proof proves nothing", claim("proof", map[string]any{"type": "DataIntegrityProof"}), "", verdict.OK},

		{"alg none", header("alg", "none"), verdict.Integrity, verdict.AlgorithmRefused},
		{"alg HS256", header("alg", "HS256"), verdict.Integrity, verdict.AlgorithmRefused},
		{"alg of another key", header("alg", "ES256"), verdict.Integrity, verdict.AlgorithmRefused},
		{"the other name of the algorithm", header("alg", "Ed25519"), "", verdict.OK},
		{"crit", header("crit", []any{"exp"}), verdict.Integrity, verdict.ProofMalformed},
		{"b64", header("b64", false), verdict.Integrity, verdict.ProofMalformed},
		{"zip", header("zip", "DEF"), verdict.Integrity, verdict.ProofMalformed},
		{"unknown header", header("x", map[string]any{}), "", verdict.OK},
		{"key of no document beside kid", header("jwk", seeded(9).Public().JWK()), "", verdict.OK},
	})
}

// What kid can be, and what it cannot.
func TestKid(t *testing.T) {
	own := func(id string) func(h, c map[string]any) { return all(claim("iss", id), claim("issuer", id)) }
	jwk := seeded(1).Public().JWK()
	stranger := seeded(9).Public().JWK()
	multikey := seeded(1).Public().Multikey()
	tokenCases(t, newForm, []tokenCase{
		{"relative URL", header("kid", "#a"), "", verdict.OK},
		{"name", header("kid", "a"), "", verdict.OK},
		{"none, the only key is meant", drop("kid"), "", verdict.OK},
		{"the DID alone, likewise", header("kid", issuerID), "", verdict.OK},
		{"relative without iss", all(header("kid", "#a"), drop("iss")), verdict.Integrity, verdict.KeyUnavailable},
		{"relative with iss in the header", all(header("kid", "#a"), drop("iss"), header("iss", issuerID)), "", verdict.OK},
		{"name without iss", all(header("kid", "a"), drop("iss")), verdict.Signer, verdict.SignerUnknown},
		{"none and no iss", drop("kid", "iss"), "", verdict.OK},
		{"none and two keys", all(drop("kid"), own("did:example:two")), verdict.Signer, verdict.SignerUnknown},
		{"none and two keys, integrity", all(drop("kid"), own("did:example:two")), verdict.Integrity, verdict.KeyUnavailable},
		{"none and no key", all(drop("kid"), own("did:example:none")), verdict.Signer, verdict.SignerUnknown},
		{"none and no document", all(drop("kid"), own("did:example:gone")), verdict.Signer, verdict.DIDNotFound},
		{"none and no document in the answer", all(drop("kid"), own("did:example:empty")), verdict.Signer, verdict.DIDNotFound},
		{"none and no resolver", all(drop("kid"), own("did:other:x")), verdict.Signer, verdict.DIDMethodUnsupported},
		{"none and https", all(drop("kid"), own("https://a.example")), verdict.Signer, verdict.SignerUnknown},
		{"not in the document", header("kid", issuerID+"#z"), verdict.Signer, verdict.MethodNotInDocument},
		{"not in the document, integrity", header("kid", issuerID+"#z"), verdict.Integrity, verdict.KeyUnavailable},
		{"under another relationship", header("kid", issuerID+"#b"), verdict.Signer, verdict.WrongRelationship},
		{"of another", header("kid", holderID+"#a"), verdict.Signer, verdict.SignerNotIssuer},
		{"the same key of another", header("kid", "did:example:two#a"), verdict.Signer, verdict.SignerNotIssuer},
		{"with a query", header("kid", issuerID+"?versionId=1#a"), verdict.Integrity, verdict.KeyUnavailable},
		{"with a path", header("kid", issuerID+"/x#a"), verdict.Integrity, verdict.KeyUnavailable},
		{"no URL", header("kid", "did:#a"), verdict.Signer, verdict.InvalidMethodURL},
		{"two fragments", header("kid", issuerID+"#a#a"), verdict.Integrity, verdict.KeyUnavailable},
		{"a path", header("kid", "../../etc/passwd"), verdict.Integrity, verdict.KeyUnavailable},
		{"https", all(header("kid", "https://a.example/keys/1"), own("https://a.example")), verdict.Integrity, verdict.KeyUnavailable},
		{"https with a fragment", all(header("kid", "https://a.example#key-1"), own("https://a.example")), verdict.Signer, verdict.DIDUnreachable},
		{"https and a DID", header("kid", "https://a.example#"+multikey), verdict.Signer, verdict.SignerNotIssuer},
		{"https with a key", all(header("kid", "https://a.example#"+multikey), own("https://a.example")), verdict.Signer, verdict.KeyFromProof},
		{"relative to https with a key", all(header("kid", "#"+multikey), own("https://a.example")), verdict.Signer, verdict.KeyFromProof},
		{"name beside https", all(header("kid", "x"), own("https://a.example")), verdict.Signer, verdict.SignerUnknown},
		{"http", all(header("kid", "http://a.example#"+multikey), own("http://a.example")), verdict.Signer, verdict.SignerUnknown},
		{"revoked", all(header("kid", "did:example:times#revoked"), own("did:example:times")), verdict.Signer, verdict.MethodRevoked},
		{"expired", all(header("kid", "did:example:times#expired"), own("did:example:times")), verdict.Signer, verdict.MethodExpired},
		{"retired", all(header("kid", "did:example:moved#a"), own("did:example:moved")), verdict.Signer, verdict.SignerRetired},
		{"closed", all(header("kid", "did:example:closed#a"), own("did:example:closed")), "", verdict.OK},
		{"none and closed", all(drop("kid"), own("did:example:closed")), "", verdict.OK},

		{"jwk of the document", all(drop("kid"), header("jwk", jwk)), "", verdict.OK},
		{"jwk of another relationship", all(drop("kid"), header("jwk", seeded(2).Public().JWK())), verdict.Integrity, verdict.SignatureInvalid},
		{"jwk of nobody", all(drop("kid"), header("jwk", stranger)), verdict.Signer, verdict.KeyFromProof},
		{"jwk and https", all(drop("kid"), header("jwk", jwk), own("https://a.example")), verdict.Signer, verdict.KeyFromProof},
		{"jwk and no document", all(drop("kid"), header("jwk", jwk), own("did:example:gone")), verdict.Signer, verdict.KeyFromProof},
		{"jwk is a text", all(drop("kid"), header("jwk", "x")), verdict.Integrity, verdict.KeyUnavailable},
		{"jwk is null", all(drop("kid"), header("jwk", nil)), verdict.Signer, verdict.SignerUnknown},
		{"jwk is private", all(drop("kid"), header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "d": jwk["x"]})), verdict.Integrity, verdict.KeyUnavailable},
		{"jwk for encryption", all(drop("kid"), header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "use": "enc"})), verdict.Integrity, verdict.KeyUnavailable},
		{"jwk of small order", all(drop("kid"), header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})), verdict.Integrity, verdict.CryptographicError},
	})
	// A key that came along: what it signed is whole, who signed is not known.
	h, c := newForm()
	delete(h, "kid")
	h["jwk"] = stranger
	got := Check(t.Context(), []byte(token(t, seeded(9), h, c)), world(t))
	expect(t, got, verdict.Signer, verdict.KeyFromProof)
	if got.Row(verdict.Integrity).Code != verdict.OK || got.Signer.DID != "" {
		t.Errorf("%+v %+v", got.Checks, got.Signer)
	}
	// And without any resolver nothing is known.
	h, c = newForm()
	for _, kid := range []any{issuerID + "#a", issuerID, "#a"} {
		h["kid"] = kid
		expect(t, Check(t.Context(), []byte(token(t, seeded(1), h, c)), Options{At: moment}), verdict.Signer, verdict.DIDUnreachable)
	}
}

// JWTs of VCDM 1.1: what a claim says is imposed, what it contradicts is refused.
func TestOldToken(t *testing.T) {
	at := unix(moment)
	tokenCases(t, oldForm, []tokenCase{
		{"good", nil, "", verdict.OK},
		{"no typ", drop("typ"), "", verdict.OK},
		{"typ of the newer form", header("typ", "vc+jwt"), verdict.Format, verdict.MalformedValue},
		{"small typ", header("typ", "jwt"), "", verdict.OK},
		{"all by claims", all(inside("id", nil), inside("issuer", nil), inside("issuanceDate", nil), inside("expirationDate", nil),
			inside("credentialSubject", map[string]any{})), "", verdict.OK},
		{"none by claims", drop("iss", "sub", "jti", "nbf", "exp"), "", verdict.OK},
		{"issuer is an object", inside("issuer", map[string]any{"id": issuerID}), "", verdict.OK},
		{"issuer is an object without id", inside("issuer", map[string]any{}), "", verdict.OK},
		{"iss is another", claim("iss", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"iss is another than the object's", all(claim("iss", "did:example:z"), inside("issuer", map[string]any{"id": issuerID})), verdict.Format, verdict.MalformedValue},
		{"iss beside an issuer that is null", func(_, c map[string]any) { c["vc"].(map[string]any)["issuer"] = nil }, verdict.Format, verdict.MalformedValue},
		{"jti is another", claim("jti", "urn:uuid:2"), verdict.Format, verdict.MalformedValue},
		{"jti imposed is no URL", all(claim("jti", "1"), inside("id", nil)), verdict.Format, verdict.MalformedValue},
		{"jti is an object", all(claim("jti", map[string]any{}), inside("id", map[string]any{})), verdict.Format, verdict.MalformedValue},
		{"sub is another", claim("sub", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"sub and two subjects", inside("credentialSubject", []any{map[string]any{"id": "did:example:b"}, map[string]any{"id": "did:example:c"}}), verdict.Format, verdict.MalformedValue},
		{"sub and a list of one", inside("credentialSubject", []any{map[string]any{"id": "did:example:b"}}), "", verdict.OK},
		{"nbf is another", claim("nbf", at), verdict.Format, verdict.MalformedValue},
		{"nbf is a list", claim("nbf", []any{at}), verdict.Format, verdict.MalformedValue},
		{"nbf beside an unreadable date", inside("issuanceDate", "May"), verdict.Format, verdict.MalformedValue},
		{"neither nbf nor issuanceDate", all(drop("nbf"), inside("issuanceDate", nil)), verdict.Format, verdict.MalformedValue},
		{"exp is another", claim("exp", at), verdict.Format, verdict.MalformedValue},
		{"exp in words", claim("exp", "later"), verdict.Format, verdict.MalformedValue},
		{"exp imposed is past", all(claim("exp", unix(moment.Add(-time.Second))), inside("expirationDate", nil)), verdict.Dates, verdict.Expired},
		{"nbf imposed is ahead", all(claim("nbf", unix(moment.Add(time.Hour))), inside("issuanceDate", nil)), verdict.Dates, verdict.NotYetValid},
		{"iat ahead", claim("iat", unix(moment.Add(time.Hour))), verdict.Integrity, verdict.ProofCreatedInFuture},
		{"iss in the header is another", header("iss", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"version 2.0 inside", inside("@context", []any{ContextV2}), verdict.Format, verdict.UnknownFormat},
		{"vc is a text", claim("vc", "x"), verdict.Format, verdict.MalformedValue},
		{"vc is null", claim("vc", nil), verdict.Format, verdict.MalformedValue},
		{"vc and vp", claim("vp", map[string]any{}), verdict.Format, verdict.MalformedValue},
		{"vp instead", all(drop("vc"), claim("vp", map[string]any{})), verdict.Format, verdict.MalformedValue},
		{"neither", drop("vc"), verdict.Format, verdict.MalformedValue},
		{"alg none with a proof inside", all(header("alg", "none"), inside("proof", map[string]any{"type": "DataIntegrityProof"})), verdict.Integrity, verdict.AlgorithmRefused},
		{"kid of another", header("kid", holderID+"#a"), verdict.Signer, verdict.SignerNotIssuer},
	})
	// Its dates are the credential's: the signature does not expire with them.
	h, c := oldForm()
	opt := world(t)
	opt.At = moment.AddDate(2, 0, 0)
	over := Check(t.Context(), []byte(token(t, seeded(1), h, c)), opt)
	expect(t, over, verdict.Dates, verdict.Expired)
	if row := over.Row(verdict.Integrity); row.Code != verdict.OK {
		t.Errorf("%+v", row)
	}
	inside("madeUp", "x")(h, c)
	got := Check(t.Context(), []byte(token(t, seeded(1), h, c)), world(t))
	expect(t, got, "", verdict.OK)
	words := 0
	for _, row := range got.Checks {
		if row.Code == verdict.WordUndefined && row.Result == verdict.Warn {
			words++
		}
	}
	if words != 1 || got.MediaType != MediaJWT || got.Credential.Version != 1 {
		t.Errorf("%+v", got.Checks)
	}
	if got.Document["issuer"] != any(issuerID) || got.Signer.Created == nil || !got.Signer.Created.Equal(moment) {
		t.Errorf("%v %+v", got.Document, got.Signer)
	}
}

// Open Badges 3.0 section 8.2: the credential is the payload, and its claims say
// the same as its members.
func TestBadgeToken(t *testing.T) {
	tokenCases(t, badgeForm, []tokenCase{
		{"good", nil, "", verdict.OK},
		{"typ JWT", header("typ", "JWT"), "", verdict.OK},
		{"typ vc+jwt demands that exp is the proof's", header("typ", "vc+jwt"), "", verdict.OK},
		{"without claims", drop("iss", "sub", "jti", "nbf", "exp"), "", verdict.OK},
		{"a word without definition", claim("madeUp", "x"), "", verdict.OK},
		{"iss is another", claim("iss", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"jti is another", claim("jti", "urn:uuid:2"), verdict.Format, verdict.MalformedValue},
		{"sub is another", claim("sub", "did:example:z"), verdict.Format, verdict.MalformedValue},
		{"nbf is another", claim("nbf", unix(moment)), verdict.Format, verdict.MalformedValue},
		{"exp is another", claim("exp", unix(moment)), verdict.Format, verdict.MalformedValue},
		{"exp alone is the credential's end", all(claim("exp", unix(moment.Add(-time.Second))), drop("validUntil")), verdict.Dates, verdict.Expired},
		{"nbf alone is its beginning", all(claim("nbf", unix(moment.Add(time.Hour))), drop("validFrom")), verdict.Dates, verdict.NotYetValid},
		{"unknown context", claim("@context", []any{ContextV2, "https://unknown.example/v1"}), verdict.Format, verdict.UnknownContext},
	})
}

// Issuers as they are met: the key in the identifier, of each kind that signs.
func TestIssuersByKey(t *testing.T) {
	rs, err := newRSA()
	if err != nil {
		t.Fatal(err)
	}
	by := func(f form, id string, h map[string]any) (map[string]any, map[string]any) {
		header, c := f()
		delete(header, "kid")
		maps.Copy(header, h)
		issuedBy(c, id)
		return header, c
	}
	try := func(name string, f form, s key.Signer, id string, h map[string]any) {
		t.Run(name, func(t *testing.T) {
			header, c := by(f, id, h)
			text := token(t, s, header, c)
			got := Check(t.Context(), []byte(text), world(t))
			expect(t, got, "", verdict.OK)
			if got.Signer.DID != id || got.Credential.Issuer != id {
				t.Errorf("%+v", got.Signer)
			}
			expect(t, Check(t.Context(), []byte(text[:len(text)-8]+"AAAAAAAA"), world(t)), verdict.Integrity, verdict.SignatureInvalid)
		})
	}
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		s := generated(t, kind)
		dk := "did:key:" + s.Public().Multikey()
		dj := didJWK(t, s.Public())
		for name, f := range map[string]form{"vc+jwt": newForm, "VC-JWT": oldForm, "badge": badgeForm} {
			try(name+" by did:key "+kind.String(), f, s, dk, map[string]any{"kid": dk + "#" + s.Public().Multikey()})
			try(name+" by did:jwk "+kind.String(), f, s, dj, map[string]any{"kid": dj + "#0"})
			try(name+" by did:jwk "+kind.String()+", relative", f, s, dj, map[string]any{"kid": "#0"})
			try(name+" by did:jwk "+kind.String()+", jwk", f, s, dj, map[string]any{"jwk": s.Public().JWK()})
		}
	}
	dj := didJWK(t, rs.pub)
	try("badge in RS256", badgeForm, rs, dj, map[string]any{"jwk": rs.pub.JWK(), "typ": "JWT"})
	try("badge in RS256, kid", badgeForm, rs, dj, map[string]any{"kid": dj + "#0"})
	try("VC-JWT in RS256", oldForm, rs, dj, map[string]any{"jwk": rs.pub.JWK()})
}

// What no specification allows is let in on demand only.
func TestLegacy(t *testing.T) {
	opt := world(t)
	opt.Legacy = true
	h, c := newForm()
	h["typ"] = "vc+ld+jwt"
	got := Check(t.Context(), []byte(token(t, seeded(1), h, c)), opt)
	expect(t, got, "", verdict.OK)
	if got.MediaType != MediaVCJWT {
		t.Error(got.MediaType)
	}
	h["typ"] = "vp+ld+jwt"
	expect(t, Check(t.Context(), []byte(token(t, seeded(1), h, c)), opt), verdict.Format, verdict.TokenType)
	h, c = oldForm()
	vc := shape()
	delete(vc, "validFrom")
	c["vc"] = vc
	text := []byte(token(t, seeded(1), h, c))
	got = Check(t.Context(), text, opt)
	expect(t, got, "", verdict.OK)
	if got.Credential.ValidFrom == nil || !got.Credential.ValidFrom.Equal(moment.AddDate(0, -1, 0)) || got.Credential.ValidUntil == nil {
		t.Errorf("%+v", got.Credential)
	}
	got = Check(t.Context(), text, world(t))
	expect(t, got, verdict.Format, verdict.UnknownFormat)
	if d := got.Row(verdict.Format).Params["detail"]; !strings.Contains(d, "version 2.0 inside a vc claim") {
		t.Errorf("not clear: %q", d)
	}
}

// Tokens that cannot be read, and by what they fail.
func TestUnreadableToken(t *testing.T) {
	h, c := newForm()
	good := token(t, seeded(1), h, c)
	head, rest, _ := strings.Cut(good, ".")
	payload, sig, _ := strings.Cut(rest, ".")
	body := func(text string) string {
		return head + "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + sig
	}
	opt := world(t)
	for _, c := range []struct {
		name, text string
		check      verdict.CheckName
		code       verdict.Code
	}{
		{"good", good, "", verdict.OK},
		{"with white space around", "\n " + good + " \n", "", verdict.OK},
		{"payload is no JSON", body("x"), verdict.Format, verdict.ParsingError},
		{"payload is a list", body("[]"), verdict.Format, verdict.ParsingError},
		{"payload has a name twice", body(`{"iss":"a","iss":"a"}`), verdict.Format, verdict.ParsingError},
		{"payload has an end", body(`{}{}`), verdict.Format, verdict.ParsingError},
		{"payload is deep", body(strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)), verdict.Format, verdict.TooComplex},
		{"token is long", body(`{"a":"` + strings.Repeat("a", MaxBytes) + `"}`), verdict.Format, verdict.TooLarge},
		{"header is no JSON", "AAAA." + payload + "." + sig, verdict.Format, verdict.ParsingError},
		{"signature is empty", head + "." + payload + ".", verdict.Format, verdict.ParsingError},
		{"signature with spare bits", head + "." + payload + "." + sig[:len(sig)-1] + "B", verdict.Format, verdict.ParsingError},
		{"another payload", body(`{"@context":["` + ContextV2 + `"],"type":"VerifiableCredential","issuer":"` + issuerID + `","credentialSubject":{"id":"urn:x"}}`), verdict.Integrity, verdict.SignatureInvalid},
		{"four segments", good + ".AAAA", verdict.Format, verdict.ParsingError},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, Check(t.Context(), []byte(c.text), opt), c.check, c.code) })
	}
}

func TestSignToken(t *testing.T) {
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		s := generated(t, kind)
		id := "did:key:" + s.Public().Multikey()
		tree := shape()
		tree["issuer"] = map[string]any{"id": id}
		text, err := SignToken(t.Context(), tree, s, MediaVCJWT, id+"#"+s.Public().Multikey(), moment, map[string]any{"exp": moment.Add(time.Hour).Unix()})
		if err != nil {
			t.Fatal(err)
		}
		got := Check(t.Context(), []byte(text), world(t))
		expect(t, got, "", verdict.OK)
		if got.MediaType != MediaVCJWT || got.Signer.Created == nil || !got.Signer.Created.Equal(moment) || len(tree) != len(shape()) {
			t.Errorf("%+v", got)
		}
		later := world(t)
		later.At = moment.Add(time.Hour)
		expect(t, Check(t.Context(), []byte(text), later), verdict.Integrity, verdict.ProofExpired)
	}
	for _, c := range []struct {
		name string
		edit func(m map[string]any)
		typ  string
		kid  string
		more map[string]any
		want error
	}{
		{"good", nil, MediaVCJWT, issuerID + "#a", nil, nil},
		{"no issuer", func(m map[string]any) { delete(m, "issuer") }, MediaVCJWT, issuerID + "#a", nil, ErrMalformed},
		{"key of another", nil, MediaVCJWT, holderID + "#a", nil, ErrHolder},
		{"relative kid", nil, MediaVCJWT, "#a", nil, ErrHolder},
		{"another type", nil, MediaJWT, issuerID + "#a", nil, jose.ErrType},
		{"a credential as a presentation", nil, MediaVPJWT, issuerID + "#a", nil, ErrMalformed},
		{"more members", nil, MediaVCJWT, issuerID + "#a", map[string]any{"issuer": "x"}, ErrClaim},
		{"a claim vc", nil, MediaVCJWT, issuerID + "#a", map[string]any{"vc": "x"}, ErrClaim},
		{"another iss", nil, MediaVCJWT, issuerID + "#a", map[string]any{"iss": "x"}, ErrClaim},
		{"no JSON", nil, MediaVCJWT, issuerID + "#a", map[string]any{"aud": func() {}}, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := shape()
			if c.edit != nil {
				c.edit(tree)
			}
			if _, err := SignToken(t.Context(), tree, seeded(1), c.typ, c.kid, moment, c.more); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := SignToken(t.Context(), nil, seeded(1), MediaVCJWT, issuerID+"#a", moment, nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("nothing: %v", err)
	}
}

// Whatever bytes come, nothing panics, and nothing passes but what was signed.
func FuzzCheck(f *testing.F) {
	opt := world(f)
	signed := map[string]bool{}
	for _, form := range []form{newForm, oldForm, badgeForm} {
		h, c := form()
		text := token(f, seeded(1), h, c)
		signed[canonical(f, Check(f.Context(), []byte(text), opt).Document)] = true
		f.Add([]byte(text))
		for _, edit := range []func(h, c map[string]any){
			header("kid", "#a"), header("jwk", seeded(9).Public().JWK()), drop("kid"), claim("jti", map[string]any{}), claim("exp", json.Number("1")),
		} {
			h, c := form()
			edit(h, c)
			f.Add([]byte(token(f, seeded(9), h, c))) // by a stranger
		}
	}
	h, c := newForm()
	f.Add([]byte(canonical(f, Envelop("EnvelopedVerifiableCredential", MediaVCJWT, token(f, seeded(9), h, c)))))
	f.Add([]byte(canonical(f, shape())))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("<svg/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Check(t.Context(), data, opt)
		if c.OK && !signed[canonical(t, c.Document)] {
			t.Fatalf("passes: %q", data)
		}
		if p, err := CheckPresentation(t.Context(), data, opt); (err == nil) != (p != nil) || err == nil && p.Signed {
			t.Fatalf("%+v %v", p, err)
		}
	})
}
