package credential

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/verdict"
)

func TestSniff(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " \n": "", "[]": "", "x": "", "a.b": "", "%PDF-1.7": "", "\xef\xbb\xbf{}": "",
		"{}": MediaVC, " {": MediaVC, `{"type":"x","payload":"x"}`: MediaVC,
		`{"payload":"x"}`: MediaJOSE, "{ \n\"signatures\":[]}": MediaJOSE,
		"<svg/>": MediaSVG, "\xef\xbb\xbf<svg/>": MediaSVG, "<html>": MediaSVG,
		"\x89PNG\r\n\x1a\n": MediaPNG, " \x89PNG\r\n\x1a\n": "",
		"aa.bb.cc": MediaJWT, "aa.bb.cc\n": MediaJWT, "aa.bb.cc~": MediaSDJWT, "aa.bb.cc~dd~": MediaSDJWT,
		"aa.bb~": "", "aa.bb.cc.dd.ee": "",
	} {
		if got := Sniff([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// EnvelopedVerifiableCredential (VCDM 2.0 section 4.12.2), one thing changed.
func TestEnveloped(t *testing.T) {
	h, c := newForm()
	good := token(t, seeded(1), h, c)
	h, c = oldForm()
	old := token(t, seeded(1), h, c)
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	data := func(url string) func(map[string]any) { return set("id", "data:"+url) }
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		code verdict.Code
	}{
		{"good", nil, verdict.OK},
		{"context in a list", set("@context", []any{ContextV2}), verdict.OK},
		{"type in a list", set("type", []any{"EnvelopedVerifiableCredential"}), verdict.OK},
		{"media type in capitals", data("Application/VC+JWT," + good), verdict.OK},
		{"a character escaped", data("application/vc+jwt," + strings.Replace(good, ".", "%2E", 1)), verdict.OK},
		{"no context", func(m map[string]any) { delete(m, "@context") }, verdict.MalformedValue},
		{"context 1.1", set("@context", ContextV1), verdict.MalformedValue},
		{"empty context", set("@context", []any{}), verdict.MalformedValue},
		{"no id", func(m map[string]any) { delete(m, "id") }, verdict.MalformedValue},
		{"id is a list", set("id", []any{"data:application/vc+jwt," + good}), verdict.MalformedValue},
		{"id is a web address", set("id", "https://a.example/vc"), verdict.MalformedValue},
		{"no data", data("application/vc+jwt"), verdict.MalformedValue},
		{"empty data", data("application/vc+jwt,"), verdict.ParsingError},
		{"base64", data("application/vc+jwt;base64," + good), verdict.MalformedValue},
		{"a parameter", data("application/vc+jwt;charset=utf-8," + good), verdict.MalformedValue},
		{"half an escape", data("application/vc+jwt," + good + "%2"), verdict.MalformedValue},
		{"no media type", data("," + good), verdict.UnknownFormat},
		{"a presentation's media type", data("application/vp+jwt," + good), verdict.UnknownFormat},
		{"JWT", data("application/jwt," + old), verdict.UnknownFormat},
		{"JSON", data("application/vc,%7B%7D"), verdict.UnknownFormat},
		{"COSE", data("application/vc+cose," + good), verdict.UnknownFormat},
		{"SD-JWT that nobody opens", data("application/vc+sd-jwt," + good + "~"), verdict.UnknownFormat},
		{"JWT of 1.1 as vc+jwt", data("application/vc+jwt," + old), verdict.TokenType},
		{"an envelope in it", data("application/vc+jwt,%7B%7D"), verdict.ParsingError},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Envelop("EnvelopedVerifiableCredential", MediaVCJWT, good)
			if c.edit != nil {
				c.edit(m)
			}
			got := Check(t.Context(), []byte(canonical(t, m)), world(t))
			if (c.code == verdict.OK) != got.OK || c.code != verdict.OK && got.Row(verdict.Format).Code != c.code {
				t.Errorf("%v %+v", got.OK, got.Checks)
			}
			if got.OK && (got.MediaType != MediaVCJWT || got.Credential.ID != "urn:uuid:1") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An opener that says another form than its envelope does not pass.
func TestEnvelopedOpener(t *testing.T) {
	opt := world(t)
	says := MediaVCSDJWT
	opt.Openers = map[string]Opener{MediaSDJWT: func(ctx context.Context, data []byte, opt Options) *Checked {
		text, _, _ := strings.Cut(string(data), "~")
		out := Check(ctx, []byte(text), opt)
		out.MediaType = says
		return out
	}}
	h, c := newForm()
	m := Envelop("EnvelopedVerifiableCredential", MediaVCSDJWT, token(t, seeded(1), h, c)+"~")
	if got := CheckTree(t.Context(), m, opt); !got.OK {
		t.Errorf("%+v", got.Checks)
	}
	says = MediaDCSDJWT
	if got := CheckTree(t.Context(), m, opt); got.OK || got.Row(verdict.Format).Code != verdict.TokenType {
		t.Errorf("%+v", got.Checks)
	}
}

// Forms are packed into each other four times at most, however they come.
func TestDepth(t *testing.T) {
	opt := world(t)
	h, c := newForm()
	good := token(t, seeded(1), h, c)
	turns, last := 0, 0
	opt.Openers = map[string]Opener{MediaPNG: func(ctx context.Context, data []byte, opt Options) *Checked {
		if turns++; turns == last {
			return Check(ctx, []byte(good), opt)
		}
		return Check(ctx, data, opt)
	}}
	for last = 1; last <= maxEnvelopes; last++ {
		turns = 0
		got := Check(t.Context(), []byte("\x89PNG\r\n\x1a\n"), opt)
		if want := last < maxEnvelopes; got.OK != want || !want && got.Row(verdict.Format).Code != verdict.TooComplex {
			t.Errorf("%d images around a token: %+v", last, got.Checks)
		}
	}
	last, turns = 0, 0
	if got := Check(t.Context(), []byte("\x89PNG\r\n\x1a\n"), opt); got.OK || turns != maxEnvelopes {
		t.Errorf("an image in itself was opened %d times", turns)
	}
}

// The suite of the W3C: read, and of nobody's key as long as kid is a name and
// the issuer a web address.
func TestVectorTokens(t *testing.T) {
	for _, file := range []string{"credential-jose-minimal.txt", "credential-jose-bad-signature.txt"} {
		b, err := os.ReadFile(vectors.Path(t, "vectors/jose-cose/"+file))
		if err != nil {
			t.Fatal(err)
		}
		got := Check(t.Context(), b, world(t))
		expect(t, got, verdict.Integrity, verdict.KeyUnavailable)
		expect(t, got, verdict.Signer, verdict.SignerUnknown)
		if got.MediaType != MediaVCJWT || got.Credential == nil || got.Credential.Issuer != "https://example.issuer/vc-jose-cose" {
			t.Errorf("%+v", got)
		}
	}
	b, err := os.ReadFile(vectors.Path(t, "vectors/jose-cose/presentation-jose-multiple.txt"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := CheckPresentation(t.Context(), b, world(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.Signed || p.ProofRow().Code != verdict.KeyUnavailable || len(p.Credentials) < 2 || p.Holder != "https://example.issuer/vc-jose-cose" {
		t.Errorf("%+v %+v", p, p.ProofRow())
	}
}
