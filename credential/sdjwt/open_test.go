package sdjwt

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// bench is a token in the making: what a case changes before it is signed, and
// after.
type bench struct {
	header map[string]any
	claims map[string]any
	hide   []string
	show   []string // nil: all
	signer key.Private
	bind   *Binding
	by     key.Private // who binds
	opt    credential.Options
	after  func(*Token)
	text   func(string) string
	random io.Reader
}

func goodVC() *bench {
	return &bench{
		header: map[string]any{"typ": TypeVC, "kid": kidOf(issuer)}, claims: vcClaims(), hide: []string{"/name"}, signer: issuer, by: holder,
		opt: credential.Options{Resolver: did.Registry{"key": didkey.Resolver()}, At: moment.Add(time.Minute)},
	}
}

func goodW3C() *bench {
	b := goodVC()
	b.header, b.claims, b.hide = map[string]any{"typ": TypeW3C, "cty": "vc", "kid": kidOf(issuer)}, w3cClaims(), []string{"/credentialSubject/name"}
	return b
}

// token makes the token without asking whether it should be made.
func (b *bench) token(t testing.TB) string {
	t.Helper()
	payload, list, err := Conceal(b.claims, Frame{Hide: b.hide, Random: b.random})
	if err != nil {
		t.Fatal(err)
	}
	tok := &Token{JWT: mustSign(t, b.signer, b.header, payload), Disclosures: list}
	if b.show != nil {
		if tok, err = tok.Select(b.show...); err != nil {
			t.Fatal(err)
		}
	}
	if b.bind != nil {
		if tok, err = tok.Bind(ctx, b.by, *b.bind); err != nil {
			t.Fatal(err)
		}
	}
	if b.after != nil {
		b.after(tok)
	}
	if b.text != nil {
		return b.text(tok.String())
	}
	return tok.String()
}

// case of Open: what is changed in a good token, and the code that the check
// then comes to. Everything but "ok" must also keep the whole from being OK.
type openCase struct {
	name  string
	edit  func(*bench)
	check verdict.CheckName
	code  verdict.Code
	want  verdict.Result
}

func runOpen(t *testing.T, good func() *bench, cases []openCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := good()
			c.edit(b)
			got := Open(ctx, []byte(b.token(t)), b.opt)
			row := got.Row(c.check)
			if row.Code != c.code || row.Result != c.want {
				t.Errorf("%s: %v %v, want %v %v; all: %v", c.check, row.Code, row.Result, c.code, c.want, got.Checks)
			}
			if got.OK != (c.want == verdict.Pass) {
				t.Errorf("OK is %v: %v", got.OK, got.Checks)
			}
			if got.Bound && !got.OK {
				t.Error("bound, although not sound")
			}
			for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer, verdict.Dates} {
				if got.Row(name).Code == "" {
					t.Errorf("nothing is said about %s", name)
				}
			}
		})
	}
}

func setClaim(name string, v any) func(*bench) { return func(b *bench) { b.claims[name] = v } }
func setHeader(name string, v any) func(*bench) {
	return func(b *bench) { b.header[name] = v }
}
func hide(pointers ...string) func(*bench) {
	return func(b *bench) { b.hide = pointers }
}
func hideAndWithhold(pointer string) func(*bench) {
	return func(b *bench) { b.hide, b.show = []string{pointer}, []string{} }
}
func rewriteHeader(header string) func(*bench) {
	return func(b *bench) {
		b.after = func(tok *Token) {
			_, rest, _ := strings.Cut(tok.JWT, ".")
			tok.JWT = b64.EncodeToString([]byte(header)) + "." + rest
		}
	}
}

func TestOpenVC(t *testing.T) {
	pass, fail, unknown := verdict.Pass, verdict.Fail, verdict.Unknown
	runOpen(t, goodVC, []openCase{
		{"good", func(*bench) {}, verdict.Integrity, verdict.OK, pass},
		{"nothing shown", func(b *bench) { b.show = []string{} }, verdict.Integrity, verdict.OK, pass},
		{"nothing hidden", hide(), verdict.Integrity, verdict.OK, pass},
		{"a line break at the end", func(b *bench) { b.text = func(s string) string { return s + "\n" } }, verdict.Format, verdict.OK, pass},
		{"kid within the issuer", setHeader("kid", "#"+strings.TrimPrefix(didOf(issuer), "did:key:")), verdict.Signer, verdict.OK, pass},
		{"the typ in full", setHeader("typ", "application/dc+sd-jwt"), verdict.Format, verdict.OK, pass},
		{"other claims hidden", hide("/iat", "/sub"), verdict.Format, verdict.OK, pass},

		// Types (ALG-3).
		{"a status list", setHeader("typ", "statuslist+jwt"), verdict.Format, verdict.TokenType, fail},
		{"a key binding", setHeader("typ", "kb+jwt"), verdict.Format, verdict.TokenType, fail},
		{"a vc+jwt", setHeader("typ", "vc+jwt"), verdict.Format, verdict.TokenType, fail},
		{"a plain JWT", setHeader("typ", "JWT"), verdict.Format, verdict.TokenType, fail},
		{"a presentation", setHeader("typ", "vp+sd-jwt"), verdict.Format, verdict.TokenType, fail},
		{"no typ", func(b *bench) { delete(b.header, "typ") }, verdict.Format, verdict.TokenType, fail},
		{"a W3C typ", setHeader("typ", TypeW3C), verdict.Format, verdict.MalformedValue, fail},
		{"the old typ", setHeader("typ", "vc+ld+json+sd-jwt"), verdict.Format, verdict.TokenType, fail},

		// Headers (ALG-1, ALG-2).
		{"alg none", rewriteHeader(`{"alg":"none","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.AlgorithmRefused, fail},
		{"alg HS256", rewriteHeader(`{"alg":"HS256","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.AlgorithmRefused, fail},
		{"alg of another key", rewriteHeader(`{"alg":"ES256","kid":"` + kidOf(issuer) + `","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.AlgorithmRefused, fail},
		{"crit", rewriteHeader(`{"alg":"EdDSA","crit":["b64"],"kid":"` + kidOf(issuer) + `","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.ProofMalformed, fail},
		{"zip", rewriteHeader(`{"alg":"EdDSA","zip":"DEF","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.ProofMalformed, fail},
		{"a member twice", rewriteHeader(`{"alg":"EdDSA","typ":"dc+sd-jwt","typ":"dc+sd-jwt"}`), verdict.Integrity, verdict.ProofMalformed, fail},
		{"jwk of the attacker", func(b *bench) { b.signer = other; b.header["jwk"] = other.Public().JWK() }, verdict.Integrity, verdict.SignatureInvalid, fail},
		{"jwk of the attacker alone", func(b *bench) {
			b.signer = other
			b.header["jwk"] = other.Public().JWK()
			delete(b.header, "kid")
		}, verdict.Integrity, verdict.KeyUnavailable, unknown},
		{"jku", func(b *bench) { b.header["jku"] = "https://evil.example/keys"; delete(b.header, "kid") }, verdict.Signer, verdict.SignerUnknown, unknown},
		{"x5u", func(b *bench) { b.header["x5u"] = "https://evil.example/cert"; delete(b.header, "kid") }, verdict.Signer, verdict.SignerUnknown, unknown},
		{"kid is a path", setHeader("kid", "../keys/1"), verdict.Signer, verdict.SignerUnknown, unknown},
		{"kid is a URL", setHeader("kid", "https://evil.example/k#1"), verdict.Signer, verdict.SignerUnknown, unknown},
		{"x5c does not replace the DID", func(b *bench) { b.signer = other; b.header["x5c"] = []any{certificate(t, other)} }, verdict.Integrity, verdict.SignatureInvalid, fail},

		// Signer (SDVC-3).
		{"signed by another", func(b *bench) { b.signer = other }, verdict.Integrity, verdict.SignatureInvalid, fail},
		{"another's key", func(b *bench) { b.signer = other; b.header["kid"] = kidOf(other) }, verdict.Signer, verdict.SignerNotIssuer, fail},
		{"no resolver", func(b *bench) { b.opt.Resolver = nil }, verdict.Signer, verdict.DIDUnreachable, unknown},
		{"an https issuer", setClaim("iss", "https://uni.example"), verdict.Signer, verdict.SignerUnknown, unknown},
		{"an https issuer and a certificate", func(b *bench) {
			b.claims["iss"] = "https://uni.example"
			b.header["x5c"] = []any{certificate(t, issuer)}
		}, verdict.Signer, verdict.KeyFromProof, unknown},
		{"a certificate of another key", func(b *bench) {
			b.claims["iss"] = "https://uni.example"
			b.header["x5c"] = []any{certificate(t, other)}
		}, verdict.Integrity, verdict.SignatureInvalid, fail},
		{"a certificate that is none", func(b *bench) {
			b.claims["iss"] = "https://uni.example"
			b.header["x5c"] = []any{"AAAA"}
		}, verdict.Integrity, verdict.KeyUnavailable, unknown},
		{"no issuer", func(b *bench) { delete(b.claims, "iss") }, verdict.Signer, verdict.SignerUnknown, unknown},

		// Changes on the way.
		{"a changed claim", func(b *bench) {
			b.after = func(tok *Token) {
				parts := strings.Split(tok.JWT, ".")
				data, _ := decode64(parts[1])
				parts[1] = b64.EncodeToString([]byte(strings.Replace(string(data), `"ects":4`, `"ects":9`, 1)))
				tok.JWT = strings.Join(parts, ".")
			}
		}, verdict.Integrity, verdict.SignatureInvalid, fail},
		{"a changed disclosure", func(b *bench) {
			b.after = func(tok *Token) {
				tok.Disclosures[0].Value = "Eva"
				_ = tok.Disclosures[0].encode()
			}
		}, verdict.Integrity, verdict.DisclosureInvalid, fail},
		{"a damaged disclosure", func(b *bench) {
			b.after = func(tok *Token) { tok.Disclosures[0].Encoded = tok.Disclosures[0].Encoded[1:] }
		}, verdict.Integrity, verdict.DisclosureInvalid, fail},
		{"a disclosure too many", func(b *bench) {
			b.after = func(tok *Token) {
				tok.Disclosures = append(tok.Disclosures, Disclosure{Encoded: raw(`["s","grade","A"]`)})
			}
		}, verdict.Integrity, verdict.DisclosureInvalid, fail},
		{"an empty signature", func(b *bench) {
			b.after = func(tok *Token) { tok.JWT = tok.JWT[:strings.LastIndexByte(tok.JWT, '.')+1] }
		}, verdict.Integrity, verdict.ProofMalformed, fail},
		{"no ~", func(b *bench) { b.text = func(s string) string { return strings.TrimRight(s, "~") } }, verdict.Format, verdict.ParsingError, fail},
		{"too large", func(b *bench) { b.opt.Limits.MaxBytes = 100 }, verdict.Format, verdict.TooLarge, unknown},
		{"too deep", func(b *bench) { b.opt.Limits.MaxDepth = 2 }, verdict.Format, verdict.TooComplex, unknown},

		// Claims (SDVC-1, SDVC-5).
		{"no type", func(b *bench) { delete(b.claims, "vct") }, verdict.Format, verdict.MalformedValue, fail},
		{"type hidden", hide("/vct"), verdict.Format, verdict.MalformedValue, fail},
		{"issuer hidden", hide("/iss"), verdict.Format, verdict.MalformedValue, fail},
		{"term hidden", hide("/exp"), verdict.Format, verdict.MalformedValue, fail},
		{"begin hidden", hide("/nbf"), verdict.Format, verdict.MalformedValue, fail},
		{"status hidden", hide("/status"), verdict.Format, verdict.MalformedValue, fail},
		{"a part of the status withheld", hideAndWithhold("/status/status_list"), verdict.Format, verdict.MalformedValue, fail},
		{"a part of the status hidden", hide("/status/status_list/uri"), verdict.Format, verdict.MalformedValue, fail},
		{"holder's key hidden", hide("/cnf/jwk"), verdict.Format, verdict.MalformedValue, fail},
		{"aka_vcts repeats vct", setClaim("aka_vcts", []any{"https://uni.example/types/micro"}), verdict.Format, verdict.MalformedValue, fail},

		// Dates.
		{"the first second", func(b *bench) { b.opt.At = moment }, verdict.Dates, verdict.OK, pass},
		{"before", func(b *bench) { b.opt.At = moment.Add(-time.Second) }, verdict.Dates, verdict.NotYetValid, fail},
		{"at the end", func(b *bench) { b.opt.At = moment.AddDate(1, 0, 0) }, verdict.Dates, verdict.Expired, fail},
		{"after", func(b *bench) { b.opt.At = moment.AddDate(1, 0, 1) }, verdict.Dates, verdict.Expired, fail},
		{"exp is a text", setClaim("exp", "never"), verdict.Dates, verdict.DateUnreadable, unknown},
		{"ends before it begins", setClaim("exp", moment.Add(-time.Hour).Unix()), verdict.Dates, verdict.DatesDisordered, fail},
	})
}

func TestOpenW3C(t *testing.T) {
	pass, fail, unknown := verdict.Pass, verdict.Fail, verdict.Unknown
	runOpen(t, goodW3C, []openCase{
		{"good", func(*bench) {}, verdict.Integrity, verdict.OK, pass},
		{"nothing shown", func(b *bench) { b.show = []string{} }, verdict.Format, verdict.OK, pass},
		{"claims that say the same", func(b *bench) {
			b.claims["iss"], b.claims["jti"], b.claims["sub"] = didOf(issuer), "urn:uuid:7", "did:example:ana"
			b.claims["iat"], b.claims["exp"] = moment.Unix(), moment.AddDate(1, 0, 0).Unix()
		}, verdict.Format, verdict.OK, pass},
		{"no cty", func(b *bench) { delete(b.header, "cty") }, verdict.Format, verdict.OK, pass},
		{"other cty", setHeader("cty", "vp"), verdict.Format, verdict.TokenType, fail},
		{"an IETF typ", setHeader("typ", TypeVC), verdict.Format, verdict.MalformedValue, fail},
		{"signed by another", func(b *bench) { b.signer = other }, verdict.Integrity, verdict.SignatureInvalid, fail},
		{"another's key", func(b *bench) { b.signer = other; b.header["kid"] = kidOf(other) }, verdict.Signer, verdict.SignerNotIssuer, fail},
		{"an https issuer", setClaim("issuer", "https://uni.example"), verdict.Signer, verdict.SignerUnknown, unknown},
		{"iss is another", setClaim("iss", didOf(other)), verdict.Format, verdict.MalformedValue, fail},
		{"iss in the header is another", setHeader("iss", didOf(other)), verdict.Format, verdict.MalformedValue, fail},
		{"jti is another", setClaim("jti", "urn:uuid:8"), verdict.Format, verdict.MalformedValue, fail},
		{"sub is another", setClaim("sub", "did:example:eva"), verdict.Format, verdict.MalformedValue, fail},
		{"a vc claim", setClaim("vc", map[string]any{}), verdict.Format, verdict.MalformedValue, fail},
		{"issuer hidden", hide("/issuer"), verdict.Format, verdict.MalformedValue, fail},
		{"id of the issuer hidden", hide("/issuer/id"), verdict.Format, verdict.MalformedValue, fail},
		{"a context hidden", hide("/@context/0"), verdict.Format, verdict.MalformedValue, fail},
		{"a type withheld", hideAndWithhold("/type/0"), verdict.Format, verdict.MalformedValue, fail},
		{"begin hidden", hide("/validFrom"), verdict.Format, verdict.MalformedValue, fail},
		{"term hidden", func(b *bench) {
			b.claims["validUntil"] = "2027-01-01T00:00:00Z"
			b.hide = []string{"/validUntil"}
		}, verdict.Format, verdict.MalformedValue, fail},
		{"status hidden", func(b *bench) {
			b.claims["credentialStatus"] = map[string]any{"type": "BitstringStatusListEntry"}
			b.hide = []string{"/credentialStatus"}
		}, verdict.Format, verdict.MalformedValue, fail},
		{"no subject", func(b *bench) { delete(b.claims, "credentialSubject"); b.hide = nil }, verdict.Format, verdict.MalformedValue, fail},
		{"unknown context", setClaim("@context", []any{credential.ContextV2, "https://unknown.example/v1"}), verdict.Format, verdict.UnknownContext, unknown},
		{"the signature's term is over", setClaim("exp", moment.Unix()), verdict.Integrity, verdict.ProofExpired, fail},
		{"the signature's time has not come", setClaim("nbf", moment.Add(time.Hour).Unix()), verdict.Integrity, verdict.ProofCreatedInFuture, fail},
		{"the signature's time is a text", setClaim("iat", "2024-01-01T00:00:00Z"), verdict.Integrity, verdict.OK, pass},
		{"the signature's term is over, as a text", setClaim("exp", "2024-01-01T00:00:00Z"), verdict.Integrity, verdict.ProofExpired, fail},
		{"the signature's time is a word", setClaim("iat", "yesterday"), verdict.Integrity, verdict.ProofMalformed, fail},
		{"the signature's time is a list", setClaim("iat", []any{}), verdict.Integrity, verdict.ProofMalformed, fail},
		{"not yet valid", func(b *bench) { b.opt.At = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }, verdict.Dates, verdict.NotYetValid, fail},
	})
}

// The holder's side, with the code and whether the credential counts as bound.
func TestOpenBinding(t *testing.T) {
	says := Binding{Audience: "https://employer.example", Nonce: "n-1", IssuedAt: moment}
	ask := func(b *bench) { b.opt.Challenge, b.opt.Domain = "n-1", []string{"https://employer.example"} }
	for _, c := range []struct {
		name  string
		edit  func(*bench)
		code  verdict.Code
		bound bool
	}{
		{"bound", ask, verdict.OK, true},
		{"nobody asked", func(*bench) {}, verdict.OK, false},
		{"only a nonce was asked", func(b *bench) { b.opt.Challenge = "n-1" }, verdict.OK, false},
		{"only a name was given", func(b *bench) { b.opt.Domain = []string{"https://employer.example"} }, verdict.OK, false},
		{"no binding", func(b *bench) { ask(b); b.bind = nil }, verdict.OK, false},
		{"other nonce", func(b *bench) { ask(b); b.opt.Challenge = "n-2" }, verdict.InvalidChallenge, false},
		{"other audience", func(b *bench) { ask(b); b.opt.Domain = []string{"https://other.example"} }, verdict.InvalidDomain, false},
		{"by another", func(b *bench) { ask(b); b.by = other }, verdict.BindingInvalid, false},
		{"no cnf", func(b *bench) { ask(b); delete(b.claims, "cnf") }, verdict.BindingInvalid, false},
		{"old", func(b *bench) { ask(b); b.opt.At = moment.Add(time.Hour) }, verdict.BindingInvalid, false},
		{"a disclosure taken away", func(b *bench) { ask(b); b.after = func(tok *Token) { tok.Disclosures = nil } }, verdict.BindingInvalid, false},
		{"a disclosure too many", func(b *bench) {
			ask(b)
			b.after = func(tok *Token) {
				tok.Disclosures = append(tok.Disclosures, Disclosure{Encoded: raw(`["s","grade","A"]`)})
			}
		}, verdict.DisclosureInvalid, false},
		{"credential by another", func(b *bench) { ask(b); b.signer = other }, verdict.SignatureInvalid, false},
		{"cnf by DID URL", func(b *bench) { ask(b); b.claims["cnf"] = map[string]any{"kid": kidOf(holder)} }, verdict.OK, true},
		{"cnf by another's DID URL", func(b *bench) { ask(b); b.claims["cnf"] = map[string]any{"kid": kidOf(other)} }, verdict.BindingInvalid, false},
		{"cnf by a DID that nobody knows", func(b *bench) { ask(b); b.claims["cnf"] = map[string]any{"kid": "did:example:a#k"} }, verdict.KeyUnavailable, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := goodVC()
			b.bind = &says
			c.edit(b)
			got := Open(ctx, []byte(b.token(t)), b.opt)
			if row := got.Row(verdict.Integrity); row.Code != c.code || got.Bound != c.bound || got.OK != (c.code == verdict.OK) {
				t.Errorf("%v, bound %v, OK %v: %v", row.Code, got.Bound, got.OK, got.Checks)
			}
			if got.OK != (got.Document != nil) {
				t.Error("a document is handed on exactly when integrity passes")
			}
		})
	}
}

// What counts is read from the credential alone, and says what was shown.
func TestOpenHandsOn(t *testing.T) {
	b := goodVC()
	b.hide, b.show = []string{"/name", "/ects"}, []string{"/name"}
	got := Open(ctx, []byte(b.token(t)), b.opt)
	if !got.OK || got.MediaType != credential.MediaDCSDJWT || got.Signer.DID != didOf(issuer) || got.Credential.Issuer != didOf(issuer) {
		t.Fatalf("%+v", got)
	}
	if got.Document["name"] != "Ana" || got.Document["ects"] != nil || got.Document["_sd"] != nil {
		t.Errorf("%v", got.Document)
	}
	w := goodW3C()
	w.claims["iat"] = moment.Unix()
	got = Open(ctx, []byte(w.token(t)), w.opt)
	if !got.OK || got.MediaType != credential.MediaVCSDJWT || got.Document["iat"] != nil || !got.Signer.Created.Equal(moment) {
		t.Errorf("%+v", got)
	}
	x := goodVC()
	x.claims["iss"], x.header["x5c"] = "https://uni.example", []any{certificate(t, issuer)}
	got = Open(ctx, []byte(x.token(t)), x.opt)
	if len(got.Signer.Chain) != 1 || got.Row(verdict.Integrity).Result != verdict.Pass {
		t.Errorf("%+v", got)
	}
	old := goodVC()
	old.header["typ"], old.opt.Legacy = TypeW3C, true
	if got = Open(ctx, []byte(old.token(t)), old.opt); !got.OK || got.Credential.Types[0] != "https://uni.example/types/micro" {
		t.Errorf("%+v", got)
	}
}

// certificate makes a certificate of its own for a key.
func certificate(t testing.TB, k key.Private) string {
	t.Helper()
	pub := ed25519.PublicKey(k.Public().Bytes())
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Uni"}, NotBefore: moment, NotAfter: moment.AddDate(1, 0, 0)}
	_, ca, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(nil, tmpl, tmpl, pub, ca)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// Through the one door of package credential: by its shape, and enveloped.
func TestOpenAsOpener(t *testing.T) {
	b := goodW3C()
	b.opt.Openers = map[string]credential.Opener{credential.MediaSDJWT: Open}
	text := b.token(t)
	if got := credential.Check(ctx, []byte(text), b.opt); !got.OK {
		t.Errorf("%v", got.Checks)
	}
	inside := func(media string) *credential.Checked {
		return credential.CheckTree(ctx, credential.Envelop("EnvelopedVerifiableCredential", media, text), b.opt)
	}
	if got := inside(credential.MediaVCSDJWT); !got.OK {
		t.Errorf("%v", got.Checks)
	}
	if got := inside(credential.MediaDCSDJWT); got.OK || got.Row(verdict.Format).Code != verdict.TokenType {
		t.Errorf("%v", got.Checks)
	}
}

// The vector of the W3C test suite. It verifies with the key beside it, but its
// issuer is an https URL, whose keys nobody gave us: so nothing is known.
func TestW3CVector(t *testing.T) {
	data, err := os.ReadFile(vectors.Path(t, "vectors/jose-cose/credential-sdjwt-selective.txt"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(strings.TrimSpace(string(data)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(vectors.Path(t, "vectors/jose-cose/vm-p384.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vm struct {
		JWK map[string]any `json:"publicKeyJwk"`
	}
	if err := json.Unmarshal(data, &vm); err != nil {
		t.Fatal(err)
	}
	pub, err := key.ParseJWK(vm.JWK)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.Parse([]byte(tok.JWT), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := jws.Verify(pub); err != nil {
		t.Error(err)
	}
	payload, err := jws.Object(strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Reconstruct(payload, tok.Disclosures, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if s := canonical(t, c.Tree["credentialSubject"]); s != `{"birthDate":"1990-01-01","firstName":"Jane","id":"did:example:ebfeb1f712ebc6f1c276e12ec21","lastName":"Doe"}` {
		t.Error(s)
	}
	got := Open(context.Background(), []byte(tok.String()), credential.Options{At: moment})
	if got.OK || got.Row(verdict.Integrity).Code != verdict.KeyUnavailable || got.Row(verdict.Signer).Code != verdict.SignerUnknown {
		t.Errorf("%v", got.Checks)
	}
}
