package proof

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// components takes the CBOR array out of a proofValue.
func components(t testing.TB, text, header string) []cbor.RawMessage {
	t.Helper()
	fields, err := sdFields(text, header)
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

func encode(t testing.TB, v any) cbor.RawMessage {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sdValue puts header and body together again.
func sdValue(header string, body []byte) string {
	return "u" + base64.RawURLEncoding.EncodeToString(append([]byte(header), body...))
}

// Every rule of the form of a derived proofValue, broken once. All but the first
// are found before anybody is asked for a key.
func TestSDValueForm(t *testing.T) {
	v := loadPRC(t)
	doc := v.tree(t, "derivedRevealDocument.json")
	good := doc["proof"].(map[string]any)["proofValue"].(string)
	fields := func(change func(f []cbor.RawMessage) []cbor.RawMessage) string {
		f := slices.Clone(components(t, good, sdDerivedHeader))
		return sdValue(sdDerivedHeader, encode(t, change(f)))
	}
	set := func(i int, raw ...byte) string {
		return fields(func(f []cbor.RawMessage) []cbor.RawMessage { f[i] = raw; return f })
	}
	value := func(i int, x any) string { return set(i, encode(t, x)...) }
	body, err := base64.RawURLEncoding.DecodeString(good[1:])
	if err != nil {
		t.Fatal(err)
	}
	body = body[3:]
	sig, label := make([]byte, 64), bytes.Repeat([]byte{7}, 32)
	other := bytes.Repeat([]byte{8}, 32)
	k384 := append([]byte{0x81, 0x24, 2}, make([]byte, 32)...)
	offCurve := append([]byte{0x80, 0x24, 2}, bytes.Repeat([]byte{0xff}, 32)...)
	base := v.tree(t, "addSignedSDBase.json")["proof"].(map[string]any)["proofValue"].(string)
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"good", good, nil},
		{"a base proof", base, ErrBaseProof},
		{"base58btc", "z" + good[1:], ErrMalformed},
		{"no prefix", good[1:], ErrMalformed},
		{"padding", good + "=", ErrMalformed},
		{"a line break", good[:9] + "\n" + good[9:], ErrMalformed},
		{"the other alphabet", strings.ReplaceAll(good, "_", "/"), ErrMalformed},
		{"header alone", "u" + base64.RawURLEncoding.EncodeToString([]byte(sdDerivedHeader)), ErrMalformed},
		{"header of bbs-2023", sdValue("\xd9\x5d\x03", body), ErrMalformed},
		{"nothing but the prefix", "u", ErrMalformed},
		{"too long", "u" + strings.Repeat("A", maxSDValue), ErrMalformed},
		{"a byte behind", sdValue(sdDerivedHeader, append(slices.Clone(body), 0)), ErrMalformed},
		{"a byte missing", sdValue(sdDerivedHeader, body[:len(body)-1]), ErrMalformed},
		{"a tag before all", sdValue(sdDerivedHeader, append([]byte{0xc1}, body...)), ErrMalformed},
		{"a tag before the signature", set(0, append([]byte{0xd8, 0x40}, encode(t, sig)...)...), ErrMalformed},
		{"a tag on a label", set(3, append([]byte{0xa1, 0x00, 0xd8, 0x40}, encode(t, label)...)...), ErrMalformed},
		{"a map of components", sdValue(sdDerivedHeader, encode(t, map[int]int{0: 0})), ErrMalformed},
		{"four components", fields(func(f []cbor.RawMessage) []cbor.RawMessage { return f[:4] }), ErrMalformed},
		{"six components", fields(func(f []cbor.RawMessage) []cbor.RawMessage { return append(f, f[0]) }), ErrMalformed},
		{"indefinite length", sdValue(sdDerivedHeader, append(append([]byte{0x9f}, body[1:]...), 0xff)), ErrMalformed},
		{"signature of 63 bytes", value(0, sig[1:]), ErrMalformed},
		{"signature as text", value(0, string(bytes.Repeat([]byte{'a'}, 64))), ErrMalformed},
		{"signature as numbers", value(0, slices.Repeat([]int{1}, 64)), ErrMalformed},
		{"signature null", set(0, 0xf6), ErrMalformed},
		{"key of 34 bytes", value(1, offCurve[:34]), ErrMalformed},
		{"key of 36 bytes", value(1, append(slices.Clone(offCurve), 1)), ErrMalformed},
		{"key of P-384", value(1, k384), ErrMalformed},
		{"key off the curve", value(1, offCurve), ErrMalformed},
		{"signatures null", set(2, 0xf6), ErrMalformed},
		{"signatures as bytes", value(2, sig), ErrMalformed},
		{"a short one among the signatures", value(2, [][]byte{sig, sig[1:]}), ErrMalformed},
		{"too many signatures", value(2, slices.Repeat([][]byte{sig}, maxStatements+1)), ErrMalformed},
		{"labels as a list", value(3, [][]byte{label}), ErrMalformed},
		{"label of 31 bytes", value(3, map[int][]byte{0: label[1:]}), ErrMalformed},
		{"label as text", value(3, map[int]string{0: string(label)}), ErrMalformed},
		{"a gap in the labels", value(3, map[int][]byte{0: label, 2: other}), ErrMalformed},
		{"negative label", value(3, map[int][]byte{-1: label}), ErrMalformed},
		{"text as label", value(3, map[string][]byte{"c14n0": label}), ErrMalformed},
		{"null as label", value(3, map[any][]byte{nil: label}), ErrMalformed},
		{"fraction as label", value(3, map[float64][]byte{0: label}), ErrMalformed},
		{"two nodes under one label", value(3, map[int][]byte{0: label, 1: label}), ErrMalformed},
		{"one label number twice", set(3, slices.Concat([]byte{0xa2, 0x00}, encode(t, label), []byte{0x00}, encode(t, other))...), ErrMalformed},
		{"one label number in two spellings", set(3, slices.Concat([]byte{0xa2, 0x00}, encode(t, label), []byte{0x18, 0x00}, encode(t, other))...), ErrMalformed},
		{"an index twice", value(4, []int{0, 4, 4, 7}), ErrMalformed},
		{"negative index", value(4, []int{-1}), ErrMalformed},
		{"index beyond all bounds", value(4, []int{maxStatements}), ErrMalformed},
		{"fraction as index", value(4, []float64{0}), ErrMalformed},
		{"indexes null", set(4, 0xf6), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseDerived(c.text); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.want == nil {
				return
			}
			doc := strictjson.Clone(doc).(map[string]any)
			doc["proof"].(map[string]any)["proofValue"] = c.text
			rep, err := Verify(t.Context(), doc, func(context.Context, string, string) (key.Public, error) {
				t.Error("asked for a key")
				return key.Public{}, errors.New("no key")
			}, Options{Loader: v.loader})
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Proofs[0].Err; !errors.Is(got, c.want) {
				t.Errorf("verify: %v, want %v", got, c.want)
			}
		})
	}
}

// A derived proof that is well formed and wrong in one way.
func TestVerifySDRefuses(t *testing.T) {
	v := loadPRC(t)
	whole := v.tree(t, "derivedRevealDocument.json")
	other, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	type input struct {
		doc, proof map[string]any
		pub        key.Public
		opt        Options
	}
	edit := func(change func(v *derivedValue)) func(*input) {
		return func(in *input) {
			d, err := parseDerived(in.proof["proofValue"].(string))
			if err != nil {
				t.Fatal(err)
			}
			change(d)
			in.proof["proofValue"] = d.String()
		}
	}
	subject := func(in *input) map[string]any { return in.doc["credentialSubject"].(map[string]any) }
	for _, c := range []struct {
		name   string
		change func(*input)
		want   error
	}{
		{"good", func(*input) {}, nil},
		{"value changed", func(in *input) { subject(in)["birthCountry"] = "Utopia" }, ErrSignature},
		{"mandatory value changed", func(in *input) { in.doc["issuer"].(map[string]any)["image"] = "data:," }, ErrSignature},
		{"value added", func(in *input) { subject(in)["givenName"] = "JOHN" }, ErrSignature},
		{"shown member left out", func(in *input) { delete(subject(in), "birthCountry") }, ErrSignature},
		{"mandatory member left out", func(in *input) { delete(in.doc["issuer"].(map[string]any), "image") }, ErrSignature},
		{"member without a meaning added", func(in *input) { subject(in)["grade"] = "A" }, jsonld.ErrDataLoss},
		{"a node split in two", func(in *input) {
			in.doc["credentialSubject"] = []any{in.doc["credentialSubject"], map[string]any{"type": []any{"PermanentResident", "Person"}, "birthCountry": "Arcadia"}}
		}, ErrSignature},
		{"proof option changed", func(in *input) { in.proof["created"] = "2023-08-15T23:36:39Z" }, ErrSignature},
		{"proof option added", func(in *input) { in.proof["nonce"] = "n" }, ErrSignature},
		{"type changed", func(in *input) { in.proof["type"] = "Other" }, ErrSuite},
		{"suite changed", func(in *input) { in.proof["cryptosuite"] = EdDSARDFC2022 }, ErrSuite},
		{"another issuer", func(in *input) { in.pub = other.Public() }, ErrSignature},
		{"the key of the proof as issuer", func(in *input) { in.pub = v.scoped.Public() }, ErrSignature},
		{"Ed25519 key", func(in *input) { in.pub = ed.Public() }, ErrSuite},
		{"no key", func(in *input) { in.pub = key.Public{} }, ErrSuite},
		{"no contexts", func(in *input) { in.opt.Loader = nil }, ErrTransform},
		{"no proofValue", func(in *input) { delete(in.proof, "proofValue") }, ErrMissing},
		{"base signature of nothing", edit(func(v *derivedValue) { v.signature = make([]byte, 64) }), ErrSignature},
		{"a signature less", edit(func(v *derivedValue) { v.signatures = v.signatures[1:] }), ErrSignature},
		{"a signature more", edit(func(v *derivedValue) { v.signatures = append(v.signatures, v.signatures[0]) }), ErrSignature},
		{"two signatures exchanged", edit(func(v *derivedValue) {
			v.signatures[0], v.signatures[1] = v.signatures[1], v.signatures[0]
		}), ErrSignature},
		{"labels exchanged", edit(func(v *derivedValue) { v.labels[0], v.labels[1] = v.labels[1], v.labels[0] }), ErrSignature},
		{"a label less", edit(func(v *derivedValue) { v.labels = v.labels[:1] }), ErrSignature},
		{"a label more", edit(func(v *derivedValue) { v.labels = append(v.labels, make([]byte, 32)) }), ErrSignature},
		{"another statement as mandatory", edit(func(v *derivedValue) { v.mandatory[3] = 6 }), ErrSignature},
		{"index beyond the document", edit(func(v *derivedValue) { v.mandatory[3] = 10 }), ErrSignature},
		{"mandatory one less", edit(func(v *derivedValue) { v.mandatory = v.mandatory[1:] }), ErrSignature},
		{"another key of the proof", edit(func(v *derivedValue) { v.publicKey = multikeyBytes(other.Public()) }), ErrSignature},
		// What the letter of the specification would accept: all signatures by
		// a key that the forger put into the proof.
		{"forged under a key in the proof", func(in *input) {
			subject(in)["birthCountry"] = "Forgery"
			edit(func(d *derivedValue) {
				d.publicKey = multikeyBytes(other.Public())
				mandatory, others, err := d.split(in.doc, in.opt)
				if err != nil {
					t.Fatal(err)
				}
				data, err := d.signData(in.doc, in.proof, mandatory, in.opt)
				if err != nil {
					t.Fatal(err)
				}
				d.signature = mustSign(t, other, data)
				for i, line := range others {
					d.signatures[i] = mustSign(t, other, []byte(line))
				}
			})(in)
		}, ErrSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strictjson.Clone(whole).(map[string]any)
			in := input{doc: without(doc, "proof"), proof: doc["proof"].(map[string]any), pub: v.issuer.Public(), opt: Options{Loader: v.loader}}
			c.change(&in)
			err := VerifySD(in.doc, in.proof, in.pub, in.opt)
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func mustSign(t testing.TB, k key.Private, msg []byte) []byte {
	t.Helper()
	sig, err := k.Sign(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestDeriveRefuses(t *testing.T) {
	v := loadPRC(t)
	signed := v.tree(t, "addSignedSDBase.json")
	proofOf := func(d map[string]any) map[string]any { return d["proof"].(map[string]any) }
	subject := func(d map[string]any) map[string]any { return d["credentialSubject"].(map[string]any) }
	pointers := v.selective
	edit := func(change func(v *baseValue)) func(map[string]any) {
		return func(d map[string]any) {
			b, err := parseBase(proofOf(d)["proofValue"].(string))
			if err != nil {
				t.Fatal(err)
			}
			change(b)
			proofOf(d)["proofValue"] = b.String()
		}
	}
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		point  string // pointer besides the good ones
		want   error
	}{
		{"good", nil, "", nil},
		{"unknown member", nil, "/credentialSubject/nickname", ErrPointer},
		{"below a text", nil, "/validFrom/0", ErrPointer},
		{"into the characters of a text", nil, "/name/0", ErrPointer},
		{"item that is not there", nil, "/credentialSubject/permanentResidentCard/type/1", ErrPointer},
		{"item past the end", nil, "/type/-", ErrPointer},
		{"item with a zero before it", nil, "/type/00", ErrPointer},
		{"no slash", nil, "name", ErrPointer},
		{"bad escape", nil, "/na~2me", ErrPointer},
		{"escape cut off", nil, "/name~", ErrPointer},
		{"the proof itself", nil, "/proof", ErrPointer},
		{"too long", nil, "/" + strings.Repeat("a", maxPointer), ErrPointer},
		{"shown value changed", func(d map[string]any) { subject(d)["birthCountry"] = "Utopia" }, "", ErrSignature},
		{"hidden member added", func(d map[string]any) { subject(d)["maritalStatus"] = "Single" }, "", ErrSignature},
		{"hidden member left out", func(d map[string]any) { delete(subject(d), "gender") }, "", ErrSignature},
		{"member without a meaning", func(d map[string]any) { subject(d)["grade"] = "A" }, "", jsonld.ErrDataLoss},
		{"no proof", func(d map[string]any) { delete(d, "proof") }, "", ErrMissing},
		{"no base proof", func(d map[string]any) { proofOf(d)["cryptosuite"] = EdDSARDFC2022 }, "", ErrMissing},
		{"a base proof in a chain", func(d map[string]any) { proofOf(d)["previousProof"] = "urn:one" }, "", ErrChain},
		{"two base proofs", func(d map[string]any) { d["proof"] = []any{d["proof"], d["proof"]} }, "", ErrTooMany},
		{"a derived proof", func(d map[string]any) { d["proof"] = v.tree(t, "derivedRevealDocument.json")["proof"] }, "", ErrMalformed},
		{"a signature less", edit(func(v *baseValue) { v.signatures = v.signatures[1:] }), "", ErrSignature},
		{"another HMAC key", edit(func(v *baseValue) { v.hmacKey = make([]byte, 32) }), "", ErrSignature},
		{"short HMAC key", edit(func(v *baseValue) { v.hmacKey = v.hmacKey[1:] }), "", ErrMalformed},
		{"mandatory pointer to nothing", edit(func(v *baseValue) { v.pointers = []string{"/none"} }), "", ErrPointer},
		{"mandatory pointers changed", edit(func(v *baseValue) { v.pointers = []string{"/name"} }), "", ErrSignature},
		{"an ordered list", func(d map[string]any) {
			d["@context"] = append(d["@context"].([]any), map[string]any{"steps": map[string]any{"@id": "urn:steps", "@container": "@list"}})
			d["steps"] = []any{"a"}
		}, "", ErrTransform},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strictjson.Clone(signed).(map[string]any)
			if c.change != nil {
				c.change(doc)
			}
			point := slices.Clone(pointers)
			if c.point != "" {
				point = append(point, c.point)
			}
			out, err := Derive(doc, point, v.loader, jsonld.Limits{})
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) || (err == nil) != (out != nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if _, err := Derive(signed, make([]string, maxPointers), v.loader, jsonld.Limits{}); !errors.Is(err, ErrPointer) {
		t.Errorf("too many pointers: %v", err)
	}
	if _, err := Derive(signed, nil, nil, jsonld.Limits{}); !errors.Is(err, ErrTransform) {
		t.Errorf("no contexts: %v", err)
	}
	nothing := strictjson.Clone(signed).(map[string]any)
	edit(func(v *baseValue) { v.pointers = nil })(nothing)
	if _, err := Derive(nothing, nil, v.loader, jsonld.Limits{}); !errors.Is(err, ErrPointer) {
		t.Errorf("nothing at all: %v", err)
	}
}

// diploma is a credential with arrays of objects, nodes without identifiers and
// a member whose name has to be escaped in a pointer.
func diploma() map[string]any {
	return map[string]any{
		"@context":   []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":       []any{"VerifiableCredential", "Diploma"},
		"issuer":     "did:example:uni",
		"validFrom":  "2026-01-01T00:00:00Z",
		"validUntil": "2027-01-01T00:00:00Z",
		"credentialStatus": map[string]any{"id": "https://uni.example/status/3#5", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
			"statusListIndex": "5", "statusListCredential": "https://uni.example/status/3"},
		"credentialSubject": map[string]any{
			"name": "Ada",
			"course": []any{
				map[string]any{"type": "Course", "title": "Logic", "grade": "A"},
				map[string]any{"type": "Course", "title": "Looms", "grade": "C"},
				map[string]any{"type": "Course", "title": "Latin", "grade": "C"},
			},
			"a/b~c": "odd",
			"tag":   []any{"x", "y", "z"},
		},
	}
}

func TestSDRoundTrip(t *testing.T) {
	loader := loaderWithExamples(t)
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	method := k.Public().DIDKey() + "#" + k.Public().Multikey()
	opt := SignOptions{Suite: ECDSASD2023, VerificationMethod: method, Loader: loader, MandatoryPointers: []string{"/credentialSubject/name"}}
	signed, err := Sign(t.Context(), diploma(), k, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		pointers     []string
		shown, close []string
	}{
		{"what is mandatory", nil, []string{"Ada", "did:example:uni", "2027-01-01", "status/3#5"}, []string{"Logic", "odd"}},
		{"one object of three", []string{"/credentialSubject/course/1"}, []string{"Looms"}, []string{"Logic", "Latin"}},
		{"one member of each of two", []string{"/credentialSubject/course/0/title", "/credentialSubject/course/2/title"},
			[]string{"Logic", "Latin"}, []string{"Looms", `"grade"`}},
		{"an escaped name", []string{"/credentialSubject/a~1b~0c"}, []string{"odd"}, []string{"course"}},
		{"items of a list of texts", []string{"/credentialSubject/tag/0", "/credentialSubject/tag/2"}, []string{`["x","z"]`}, []string{`"y"`}},
		{"overlapping", []string{"/credentialSubject/course", "/credentialSubject/course/0/title"}, []string{"Logic", "Looms", "Latin"}, []string{"odd"}},
		{"all of the subject", []string{"/credentialSubject"}, []string{"Logic", "odd", `["x","y","z"]`}, nil},
		{"the whole document", []string{""}, []string{"Logic", "odd", `["x","y","z"]`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := strictjson.Canonical(signed)
			derived, err := Derive(signed, c.pointers, loader, jsonld.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if after, _ := strictjson.Canonical(signed); !bytes.Equal(before, after) {
				t.Error("the holder's document was changed")
			}
			rep, err := Verify(t.Context(), derived, didKeys, Options{Loader: loader})
			if err != nil || !rep.OK() {
				t.Fatalf("%v %+v", err, rep)
			}
			text, err := strictjson.Canonical(rep.Document)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.shown {
				if !strings.Contains(string(text), s) {
					t.Errorf("%s is not in %s", s, text)
				}
			}
			for _, s := range c.close {
				if strings.Contains(string(text), s) {
					t.Errorf("%s is in %s", s, text)
				}
			}
		})
	}
}

func TestSignSDRefuses(t *testing.T) {
	loader := loaderWithExamples(t)
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(doc map[string]any, o *SignOptions, s *key.Signer)
		want   error
	}{
		{"good", func(map[string]any, *SignOptions, *key.Signer) {}, nil},
		{"Ed25519 key", func(_ map[string]any, _ *SignOptions, s *key.Signer) { *s = ed }, ErrSuite},
		{"in a chain", func(_ map[string]any, o *SignOptions, _ *key.Signer) { o.PreviousProof = []string{"urn:one"} }, ErrSuite},
		{"pointer to nothing", func(_ map[string]any, o *SignOptions, _ *key.Signer) { o.MandatoryPointers = []string{"/evidence"} }, ErrPointer},
		{"undefined term", func(d map[string]any, _ *SignOptions, _ *key.Signer) { d["@context"] = d["@context"].([]any)[:1] }, jsonld.ErrDataLoss},
		{"no contexts", func(_ map[string]any, o *SignOptions, _ *key.Signer) { o.Loader = nil }, ErrTransform},
		{"no randomness", func(_ map[string]any, o *SignOptions, _ *key.Signer) { o.Random = errReader{} }, errBroken},
		{"too little randomness", func(_ map[string]any, o *SignOptions, _ *key.Signer) {
			o.Random = &oneThen{n: 32, err: errBroken}
		}, errBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, signer := diploma(), key.Signer(k)
			opt := SignOptions{Suite: ECDSASD2023, VerificationMethod: "did:example:uni#k", Loader: loader}
			c.change(doc, &opt, &signer)
			_, err := Sign(t.Context(), doc, signer, opt)
			if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

var errBroken = fmt.Errorf("the source is broken")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

// oneThen gives n bytes and then an error.
type oneThen struct {
	n   int
	err error
}

func (r *oneThen) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, r.err
	}
	n := min(len(p), r.n)
	r.n -= n
	return n, nil
}

// The same randomness gives the same proof, and what must be shown is named in it.
func TestSignSDIsDeterministic(t *testing.T) {
	loader := loaderWithExamples(t)
	k, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range 2 {
		signed, err := Sign(t.Context(), diploma(), k, SignOptions{Suite: ECDSASD2023, VerificationMethod: "did:example:uni#k", Loader: loader,
			MandatoryPointers: []string{"/validFrom", "/credentialSubject/name"}, Random: bytes.NewReader(bytes.Repeat([]byte{5}, 64))})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, signed["proof"].(map[string]any)["proofValue"].(string))
	}
	if texts[0] != texts[1] {
		t.Error("two proofs differ")
	}
	base, err := parseBase(texts[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/issuer", "/validUntil", "/credentialStatus", "/validFrom", "/credentialSubject/name"}
	if !slices.Equal(base.pointers, want) {
		t.Errorf("mandatory %q, want %q", base.pointers, want)
	}
}

func FuzzSDValue(f *testing.F) {
	v := loadPRC(f)
	for _, name := range []string{"addSignedSDBase.json", "derivedRevealDocument.json"} {
		text := v.tree(f, name)["proof"].(map[string]any)["proofValue"].(string)
		b, err := base64.RawURLEncoding.DecodeString(text[1:])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(sdDerivedHeader + "\x85\xf6\xf6\xf6\xf6\xf6"))
	f.Fuzz(func(t *testing.T, b []byte) {
		text := "u" + base64.RawURLEncoding.EncodeToString(b)
		d, err := parseDerived(text)
		switch {
		case err == nil:
			again, err := parseDerived(d.String())
			if err != nil || again.String() != d.String() || len(again.signatures) != len(d.signatures) {
				t.Fatalf("written and read again: %v", err)
			}
		case !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrBaseProof):
			t.Fatal(err)
		}
		base, err := parseBase(text)
		switch {
		case err == nil:
			again, err := parseBase(base.String())
			if err != nil || again.String() != base.String() {
				t.Fatalf("written and read again: %v", err)
			}
		case !errors.Is(err, ErrMalformed):
			t.Fatal(err)
		}
	})
}

// VerifyLax tells a holder's changes from an issuer's careless ones.
func TestVerifyLax(t *testing.T) {
	v := loadPRC(t)
	for name, want := range map[string]error{"birthCountry": ErrSignature, "undefinedTerm": nil} {
		doc := v.tree(t, "derivedRevealDocument.json")
		doc["credentialSubject"].(map[string]any)[name] = "x"
		bare, p := without(doc, "proof"), doc["proof"].(map[string]any)
		if err := VerifyLax(bare, p, v.issuer.Public(), v.loader, jsonld.Limits{}); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if err := VerifyLax(nil, map[string]any{"type": "Odd"}, v.issuer.Public(), v.loader, jsonld.Limits{}); !errors.Is(err, ErrSuite) {
		t.Errorf("unknown suite: %v", err)
	}
}
