package badge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/hint"
)

const (
	someJSON = `{"type":["VerifiableCredential"],"narrative":"a ]]> b <c d=\"e\">"}`
	someJWT  = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
	plainSVG = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><!-- x --><path d="M0 0"/></svg>` + "\n"
)

func plainPNG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bake(t testing.TB, img []byte, credential string) []byte {
	t.Helper()
	out, err := Bake(img, []byte(credential))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What was baked in comes out, and the picture is still one.
func TestBakeAndUnbake(t *testing.T) {
	for name, img := range map[string][]byte{"png": plainPNG(t), "svg": []byte(plainSVG)} {
		for kind, credential := range map[string]string{"json": someJSON, "jwt": someJWT, "space around": "\n " + someJWT + "\r\n"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				baked := bake(t, img, credential)
				got, err := Unbake(baked)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.TrimSpace(credential)
				if name == "svg" {
					want = strings.ReplaceAll(want, "]]>", `]]\u003e`)
				}
				if string(got) != want {
					t.Errorf("got %s", got)
				}
				if name == "png" {
					if _, err := png.Decode(bytes.NewReader(baked)); err != nil {
						t.Errorf("the picture is broken: %v", err)
					}
				}
				if _, err := Bake(baked, []byte(credential)); !errors.Is(err, ErrBaked) {
					t.Errorf("baked twice: %v", err)
				}
			})
		}
	}
}

func TestBakeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		image, credential string
		want              error
	}{
		"words":             {plainSVG, "hello", ErrInner},
		"a list":            {plainSVG, "[{}]", ErrInner},
		"a member twice":    {plainSVG, `{"a":1,"a":2}`, ErrInner},
		"an empty token":    {plainSVG, "..", ErrInner},
		"no image":          {"GIF89a", someJSON, ErrNotImage},
		"an empty svg":      {`<svg xmlns="http://www.w3.org/2000/svg"/>`, someJSON, ErrMalformed},
		"not for XML":       {plainSVG, "{\"a\":\"\uffff\"}", ErrMalformed},
		"larger than read":  {plainSVG, `{"a":"` + strings.Repeat("x", MaxCredential) + `"}`, ErrInner},
		"an older badge":    {`<svg xmlns="http://www.w3.org/2000/svg"><a xmlns="http://openbadges.org"/></svg>`, someJSON, ErrOlder},
		"an svg in the svg": {plainSVG, plainSVG, ErrInner},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Bake([]byte(c.image), []byte(c.credential)); !errors.Is(err, c.want) || hint.Of(err) == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

// chunks cuts a PNG so that a test can change one.
func chunks(t testing.TB, img []byte) []chunk {
	t.Helper()
	var out []chunk
	for at := len(pngSignature); at < len(img); {
		c, next, err := nextChunk(img, at)
		if err != nil {
			t.Fatal(err)
		}
		out, at = append(out, c), next
	}
	return out
}

func assemble(list []chunk) []byte {
	out := []byte(pngSignature)
	for _, c := range list {
		out = appendChunk(out, c.kind, c.data)
	}
	return out
}

// Each rule of the PNG side broken once.
func TestPNGRules(t *testing.T) {
	const text = 1 // the place where Bake puts the chunk
	baked := bake(t, plainPNG(t), someJSON)
	itxt := func(body string) []byte { return []byte(keyword + "\x00" + body) }
	onChunks := func(edit func([]chunk) []chunk) func([]byte) []byte {
		return func(b []byte) []byte { return assemble(edit(chunks(t, b))) }
	}
	withText := func(data []byte) func([]byte) []byte {
		return onChunks(func(l []chunk) []chunk { l[text].data = data; return l })
	}
	for _, c := range []struct {
		name string
		edit func([]byte) []byte
		want error
	}{
		{"nothing", func(b []byte) []byte { return b }, nil},
		{"a language tag", withText(itxt("\x00\x00en\x00Wort\x00" + someJSON)), nil},
		{"a method without compression", withText(itxt("\x00\x07\x00\x00" + someJSON)), nil},
		{"compression", withText(itxt("\x01\x00\x00\x00" + someJSON)), ErrCompressed},
		{"an unknown compression flag", withText(itxt("\x02\x00\x00\x00" + someJSON)), ErrMalformed},
		{"no language tag", withText(itxt("\x00\x00")), ErrMalformed},
		{"no translated keyword", withText(itxt("\x00\x00\x00")), ErrMalformed},
		{"no flag", withText(itxt("")), ErrMalformed},
		{"no text", withText(itxt("\x00\x00\x00\x00")), ErrInner},
		{"an image inside", withText(append(itxt("\x00\x00\x00\x00"), baked...)), ErrInner},
		{"an svg inside", withText(itxt("\x00\x00\x00\x00" + plainSVG)), ErrInner},
		{"a URL inside", withText(itxt("\x00\x00\x00\x00https://u.example/badge.json")), ErrInner},
		{"a credential that is too large", withText(itxt("\x00\x00\x00\x00{" + strings.Repeat(" ", MaxCredential) + "}")), ErrTooLarge},
		{"another keyword", withText(append([]byte("Openbadgecredential\x00\x00\x00\x00\x00"), someJSON...)), ErrNone},
		{"the older keyword", withText(append([]byte("openbadges\x00\x00\x00\x00\x00"), someJSON...)), ErrOlder},
		{"two credentials", onChunks(func(l []chunk) []chunk { return append(l[:2:2], l[1:]...) }), ErrSeveral},
		{"zTXt", onChunks(func(l []chunk) []chunk { l[text].kind = "zTXt"; return l }), ErrCompressed},
		{"tEXt", onChunks(func(l []chunk) []chunk { l[text].kind = "tEXt"; return l }), ErrNone},
		{"a name with a digit", onChunks(func(l []chunk) []chunk { l[text].kind = "iTX1"; return l }), ErrMalformed},
		{"no header first", onChunks(func(l []chunk) []chunk { return l[1:] }), ErrMalformed},
		{"two headers", onChunks(func(l []chunk) []chunk { return append(l[:1:1], l...) }), ErrMalformed},
		{"no end", onChunks(func(l []chunk) []chunk { return l[:len(l)-1] }), ErrMalformed},
		{"something after the end", func(b []byte) []byte { return append(b, 0) }, ErrMalformed},
		{"one bit of the text", func(b []byte) []byte { b[bytes.Index(b, []byte("Verifiable"))] ^= 1; return b }, ErrChecksum},
		{"one bit of the picture", func(b []byte) []byte { b[bytes.Index(b, []byte("IDAT"))+6] ^= 1; return b }, ErrChecksum},
		{"a chunk of 2^31-1 bytes", func(b []byte) []byte {
			binary.BigEndian.PutUint32(b[33:], 1<<31-1)
			return b
		}, ErrMalformed},
		{"a chunk of 2^32-1 bytes", func(b []byte) []byte {
			binary.BigEndian.PutUint32(b[33:], 1<<32-1)
			return b
		}, ErrMalformed},
		{"larger than an image may be", func(b []byte) []byte { return append(b, make([]byte, MaxImage)...) }, ErrTooLarge},
		{"the signature alone", func(b []byte) []byte { return b[:8] }, ErrMalformed},
		{"another signature", func(b []byte) []byte { b[1] = 'J'; return b }, ErrNotImage},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Unbake(c.edit(bytes.Clone(baked)))
			if !errors.Is(err, c.want) || (err == nil) != (len(got) > 0) || err != nil && hint.Of(err) == "" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// Each rule of the SVG side broken once.
func TestSVGRules(t *testing.T) {
	baked := string(bake(t, []byte(plainSVG), `{"a":"b"}`))
	signed := string(bake(t, []byte(plainSVG), someJWT))
	element := `<openbadges:credential xmlns:openbadges="` + badgeNamespace + `">`
	for _, c := range []struct {
		name, from, old, new string
		want                 error
	}{
		{"nothing", baked, "", "", nil},
		{"nothing signed", signed, "", "", nil},
		{"text instead of CDATA", baked, `<![CDATA[{"a":"b"}]]>`, "\n{&quot;a&quot;:&#34;b&#34;} ", nil},
		{"namespace as the default", baked, element, `<credential xmlns="` + badgeNamespace + `">`, ErrMalformed}, // the end tag keeps its name
		{"namespace of the specification's pages", baked, badgeNamespace, "https://purl.imsglobal.org/spec/ob/v3p0", ErrNamespace},
		{"no namespace", baked, ` xmlns:openbadges="` + badgeNamespace + `"`, "", ErrNamespace},
		{"no credential", baked, "openbadges:credential", "openbadges:other", ErrMalformed},
		{"two credentials", baked, "<path", element + "{}</openbadges:credential><path", ErrSeveral},
		{"two under different names", baked, "<path", `<x:credential xmlns:x="urn:x">{}</x:credential><path`, ErrSeveral},
		{"deeper than below the root", baked, element, "<g>" + element, ErrMalformed},
		{"an element inside", baked, `"b"}]]>`, `"b"}]]><g/>`, ErrMalformed},
		{"a comment inside", baked, `"b"}]]>`, `"b"}]]><!-- -->`, ErrMalformed},
		{"a JWT and a text", signed, `"></openbadges`, `">{}</openbadges`, ErrSeveral},
		{"two JWTs", signed, ` verify=`, ` verify="` + someJWT + `" verify=`, ErrSeveral},
		{"JSON as a JWT", signed, someJWT, "{}", ErrInner},
		{"an empty JWT", signed, someJWT, "", ErrInner},
		{"a JWT as text", baked, `<![CDATA[{"a":"b"}]]>`, someJWT, nil},
		{"nothing in it", baked, `<![CDATA[{"a":"b"}]]>`, "", ErrInner},
		{"an image inside", baked, `{"a":"b"}`, plainSVG, ErrInner},
		{"the usual document type", baked, "<svg ", `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg `, nil},
		{"a document type that defines", baked, "<svg ", `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [<!ENTITY a "b">]><svg `, ErrDoctype},
		{"a document type with nothing in it", baked, "<svg ", `<!DOCTYPE svg []><svg `, ErrDoctype},
		{"another document type", baked, "<svg ", `<!DOCTYPE html><svg `, ErrDoctype},
		{"a document type inside", baked, "<path", `<!DOCTYPE svg><path`, ErrDoctype},
		{"a declaration", baked, "<svg ", `<!ENTITY a "b"><svg `, ErrDoctype},
		{"an entity", baked, `<![CDATA[{"a":"b"}]]>`, "&credential;", ErrMalformed},
		{"another encoding", baked, "UTF-8", "ISO-8859-1", ErrMalformed},
		{"another root", baked, "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", ErrNotImage},
		{"two roots", baked, "</svg>", "</svg><svg/>", ErrMalformed},
		{"text after the root", baked, "</svg>", "</svg>text", ErrMalformed},
		{"broken off", baked, "</svg>\n", "", ErrMalformed},
		{"an open quote", baked, "<path d=\"M0 0\"", "<path d=\"M0 0", ErrMalformed},
		{"many attributes", baked, "<path", "<path" + strings.Repeat(` a="b"`, maxAttributes), ErrTooComplex},
		{"an older badge", plainSVG, "<path", `<b:assertion xmlns:b="http://openbadges.org"/><path`, ErrOlder},
		{"a plain picture", plainSVG, "", "", ErrNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(c.from, c.old) {
				t.Fatal("the edit does not fit")
			}
			got, err := Unbake([]byte(strings.Replace(c.from, c.old, c.new, 1)))
			if !errors.Is(err, c.want) || (err == nil) != (len(got) > 0) || err != nil && hint.Of(err) == "" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// Small files that grow when they are read.
func TestBombs(t *testing.T) {
	laughs := `<!DOCTYPE svg [<!ENTITY a "ha">`
	for c := 'b'; c < 'l'; c++ {
		laughs += `<!ENTITY ` + string(c) + ` "` + strings.Repeat("&"+string(c-1)+";", 10) + `">`
	}
	laughs += `]><svg xmlns="http://www.w3.org/2000/svg"><text>&k;</text></svg>`
	for name, c := range map[string]struct {
		svg  string
		want error
	}{
		"billion laughs":          {laughs, ErrDoctype},
		"depth of 1e5":            {`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g>", 1e5), ErrTooComplex},
		"depth in the credential": {strings.Replace(string(bake(t, []byte(plainSVG), "{}")), "<![CDATA[{}]]>", strings.Repeat("<g>", 1e5), 1), ErrMalformed},
		"a million attributes":    {`<svg xmlns="http://www.w3.org/2000/svg"` + strings.Repeat(` a=""`, 1e6) + `></svg>`, ErrTooComplex},
		"two million elements":    {`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g/>", 2e6) + `</svg>`, ErrTooComplex},
		"a million dots":          {strings.Replace(string(bake(t, []byte(plainSVG), someJWT)), someJWT, strings.Repeat(".", 1e6), 1), ErrInner},
		"nine megabytes":          {plainSVG + strings.Repeat(" ", 9<<20), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			allocated := testing.AllocsPerRun(1, func() {
				if _, err := Unbake([]byte(c.svg)); !errors.Is(err, c.want) {
					t.Errorf("%v", err)
				}
			})
			if allocated > 1e6 {
				t.Errorf("%v allocations", allocated)
			}
		})
	}
}

func FuzzUnbakePNG(f *testing.F) {
	img := plainPNG(f)
	f.Add(img)
	f.Add(bake(f, img, someJSON))
	f.Add(bake(f, img, someJWT))
	f.Add([]byte(pngSignature + "\x7f\xff\xff\xffiTXtopenbadgecredential\x00"))
	f.Fuzz(unbakeAny)
}

func FuzzUnbakeSVG(f *testing.F) {
	f.Add([]byte(plainSVG))
	f.Add(bake(f, []byte(plainSVG), someJSON))
	f.Add(bake(f, []byte(plainSVG), someJWT))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>`))
	f.Fuzz(unbakeAny)
}

// unbakeAny: whatever comes out is a credential by its shape, and the same
// when it is baked into another picture.
func unbakeAny(t *testing.T, data []byte) {
	got, err := Unbake(data)
	if err != nil {
		if hint.Of(err) == "" {
			t.Fatalf("no advice for %v", err)
		}
		return
	}
	if !isObject(got) && !isJWT(string(got)) {
		t.Fatalf("%q is no credential", got)
	}
	if again, err := Bake(plainPNG(t), got); err == nil {
		if same, err := Unbake(again); err != nil || !bytes.Equal(same, got) {
			t.Fatalf("%q, %v", same, err)
		}
	} else if !errors.Is(err, ErrInner) {
		t.Fatal(err)
	}
}
