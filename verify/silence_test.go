package verify

import (
	"encoding/base64"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didjwk "github.com/bonafide-id/bonafide/did/jwk"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// listener counts who comes.
type listener struct {
	addr  string
	count atomic.Int64
}

func listen(t *testing.T) *listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{addr: ln.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.count.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return l
}

// others tells how many came, by coming itself as the last: who knocked before was
// counted before.
func (l *listener) others(t *testing.T) int64 {
	t.Helper()
	c, err := net.Dial("tcp", l.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
	n := l.count.Load()
	if n == 0 {
		t.Fatal("the listener counts nobody")
	}
	return n - 1
}

// Rows 20 and 29: whatever addresses a credential or a token carries, and where,
// verifying it makes no connection by itself. Only what the verifier was configured
// with may ask, and here that knows nothing.
func TestSilence(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	s, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	mine := "did:key:" + s.Public().Multikey()
	method := mine + "#" + s.Public().Multikey()
	v := New(Config{Resolver: did.Registry{"key": didkey.Resolver(), "jwk": didjwk.Resolver()}, Clock: func() time.Time { return now }})
	policy, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	shape := func() map[string]any {
		return map[string]any{"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": mine, "credentialSubject": map[string]any{"id": "did:example:b"}}
	}
	canonical := func(v any) []byte {
		b, err := strictjson.Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	embed := func(tree map[string]any, method string) []byte {
		out, err := proof.Sign(t.Context(), tree, s, proof.SignOptions{VerificationMethod: method, Created: now})
		if err != nil {
			t.Fatal(err)
		}
		return canonical(out)
	}
	token := func(header, claims map[string]any) []byte {
		if header["alg"] == nil {
			header["alg"] = "EdDSA"
		}
		b64 := base64.RawURLEncoding.EncodeToString
		input := b64(canonical(header)) + "." + b64(canonical(claims))
		sig, err := s.Sign(t.Context(), []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		return []byte(input + "." + b64(sig))
	}
	verify := func(name string, body []byte, integrity verdict.Code) {
		got := v.Verify(t.Context(), body, policy, time.Time{})
		if row, _ := got.Worst(verdict.Integrity); row.Code != integrity {
			t.Errorf("%s: integrity is %s %v, want %s", name, row.Code, row.Params, integrity)
		}
	}
	for _, scheme := range []string{"http", "https"} {
		url := scheme + "://" + l.addr + "/x"
		web := "did:web:" + strings.Replace(l.addr, ":", "%3A", 1)
		object := func(typ string) map[string]any { return map[string]any{"id": url, "type": typ, "url": url} }
		digest := "sha384-" + base64.StdEncoding.EncodeToString(make([]byte, 48))

		// In a member of the credential, which the signature covers.
		members := map[string]any{
			"id":               url,
			"credentialSchema": map[string]any{"id": url, "type": "JsonSchema", "digestSRI": digest},
			"refreshService":   object("1EdTechCredentialRefresh"),
			"evidence":         []any{object("Evidence"), object("Evidence")},
			"termsOfUse":       object("Terms"),
			"renderMethod":     map[string]any{"id": url, "type": "TemplateRenderMethod", "renderSuite": "html", "template": map[string]any{"id": url, "mediaType": "text/html", "digestMultibase": "u"}},
			"confidenceMethod": object("Method"),
			"relatedResource":  []any{map[string]any{"id": url, "digestSRI": digest, "mediaType": "application/ld+json"}},
			"@context":         []any{credential.ContextV2, url},
			"endorsement":      object("EndorsementCredential"),
			"image":            object("Image"),
		}
		statuses := map[string]any{
			"Bitstring": map[string]any{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": url},
			"2021":      map[string]any{"id": url, "type": "StatusList2021Entry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": url},
			"1EdTech":   object("1EdTechRevocationList"),
			"2020":      map[string]any{"id": url, "type": "RevocationList2020Status", "revocationListIndex": "1", "revocationListCredential": url},
			"unknown":   object("Status"),
		}
		subjects := map[string]any{
			"nested context": map[string]any{"id": "did:example:b", "x": map[string]any{"@context": url}},
			"achievement":    map[string]any{"id": url, "achievement": map[string]any{"id": url, "image": object("Image"), "criteria": map[string]any{"id": url}, "endorsementJwt": []any{url}}},
		}
		put := map[string]func(tree map[string]any){}
		for name, value := range members {
			put[name] = func(tree map[string]any) { tree[name] = value }
		}
		for name, value := range statuses {
			put["status "+name] = func(tree map[string]any) { tree["credentialStatus"] = value }
		}
		for name, value := range subjects {
			put["subject with "+name] = func(tree map[string]any) { tree["credentialSubject"] = value }
		}
		put["issuer's image"] = func(tree map[string]any) {
			tree["issuer"] = map[string]any{"id": mine, "image": object("Image"), "url": url, "endorsement": object("EndorsementCredential")}
		}
		for name, edit := range put {
			tree := shape()
			edit(tree)
			verify(name+", proof", embed(tree, method), verdict.OK)
			verify(name+", vc+jwt", token(map[string]any{"typ": "vc+jwt", "kid": method}, tree), verdict.OK)
			verify(name+", JWT", token(map[string]any{"kid": method}, tree), verdict.OK)
			enveloped := credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCJWT, string(token(map[string]any{"typ": "vc+jwt", "kid": method}, tree)))
			verify(name+", enveloped", canonical(enveloped), verdict.OK)
		}

		// In the name of the issuer, or of its key.
		for _, issuer := range []string{url, scheme + "://" + l.addr, web} {
			for _, kid := range []string{url, url + "#key-1", web, web + "#key-1", issuer + "#0"} {
				tree := shape()
				tree["issuer"] = issuer
				verify(issuer+" "+kid+", proof", embed(tree, kid), verdict.KeyUnavailable)
				verify(issuer+" "+kid+", token", token(map[string]any{"typ": "vc+jwt", "kid": kid}, tree), verdict.KeyUnavailable)
			}
			tree := shape()
			tree["issuer"], tree["iss"] = issuer, issuer
			verify(issuer+", relative", token(map[string]any{"typ": "vc+jwt", "kid": "#0"}, tree), verdict.KeyUnavailable)
			verify(issuer+", no kid", token(map[string]any{"typ": "vc+jwt"}, tree), verdict.KeyUnavailable)
			verify(issuer+", jwk", token(map[string]any{"typ": "vc+jwt", "jwk": s.Public().JWK()}, tree), verdict.OK)
		}

		// In a header, beside a kid that is known, and alone.
		jwk := s.Public().JWK()
		jwk["jku"], jwk["x5u"], jwk["kid"] = url, url, url
		for name, value := range map[string]any{"jku": url, "x5u": url, "jwk": jwk, "x5c": []any{url}, "iss_url": url, "trust_chain": []any{url}, "vctm": []any{url}} {
			verify(name, token(map[string]any{"typ": "vc+jwt", "kid": method, name: value}, shape()), verdict.OK)
			verify(name+" alone", token(map[string]any{"typ": "vc+jwt", name: value}, shape()), verdict.OK)
			verify(name+" and another kid", token(map[string]any{"typ": "vc+jwt", "kid": mine + "#x", name: value}, shape()), verdict.KeyUnavailable)
		}
		// In an envelope, and in place of one.
		verify("enveloped address", canonical(map[string]any{"@context": credential.ContextV2, "type": "EnvelopedVerifiableCredential", "id": url}), verdict.NotChecked)
		verify("an address", []byte(url), verdict.NotChecked)
	}
	if n := l.others(t); n != 0 {
		t.Errorf("%d connections", n)
	}
}
