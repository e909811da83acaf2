package proof

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

// citizenship adds the context of the prc vectors, which is for tests only.
func citizenship(t testing.TB) *jsonld.Loader {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "contexts/citizenship-v4rc1.jsonld"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := loaderWithExamples(t).With("https://w3id.org/citizenship/v4rc1", b)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// prc is the set of vectors of ecdsa-sd-2023.
type prc struct {
	dir                  string
	issuer, scoped       key.Private
	hmacKey              []byte
	mandatory, selective []string
	loader               *jsonld.Loader
}

func (v prc) json(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(v.dir, "ecdsa-sd-2023", "prc", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (v prc) tree(t testing.TB, name string) map[string]any {
	t.Helper()
	return loadTree(t, v.dir, "ecdsa-sd-2023", "prc", name)
}

// random gives the secrets of the vectors in the order in which signSD asks.
func (v prc) random(t testing.TB) *bytes.Reader {
	t.Helper()
	secret, err := v.scoped.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.Base58Decode(string(secret[1:]))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(slices.Concat(v.hmacKey, raw[2:]))
}

func loadPRC(t testing.TB) prc {
	t.Helper()
	v := prc{dir: vectors.Path(t, "vectors/di-ecdsa"), loader: citizenship(t)}
	var material struct {
		BaseKeyPair, ProofKeyPair struct{ SecretKeyMultibase string }
		HmacKeyString             string
	}
	v.json(t, "../SDKeyMaterial.json", &material)
	v.json(t, "../../prCredMandatory.json", &v.mandatory)
	v.json(t, "../../prCredSelective.json", &v.selective)
	for secret, into := range map[string]*key.Private{
		material.BaseKeyPair.SecretKeyMultibase: &v.issuer, material.ProofKeyPair.SecretKeyMultibase: &v.scoped,
	} {
		k, err := key.UnmarshalSecret([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		*into = k
	}
	var err error
	if v.hmacKey, err = hex.DecodeString(material.HmacKeyString); err != nil {
		t.Fatal(err)
	}
	return v
}

// group is a group of statements in the vectors: pairs of place and statement.
type group struct{ Value [][2]any }

func (g group) places() map[int]bool {
	out := map[int]bool{}
	for _, e := range g.Value {
		out[int(e[0].(float64))] = true
	}
	return out
}

func (g group) lines() (out []string) {
	for _, e := range g.Value {
		out = append(out, e[1].(string))
	}
	return out
}

// The base proof: every step that the vectors show, and then the whole.
func TestSDVectorsBase(t *testing.T) {
	v := loadPRC(t)
	signed := v.tree(t, "addSignedSDBase.json")
	bare, p := without(signed, "proof"), signed["proof"].(map[string]any)

	var canon []string
	v.json(t, "addBaseDocCanon.json", &canon)
	quads, err := v.loader.CanonicalNQuads(bare, crypto.SHA256, jsonld.Limits{})
	if err != nil || string(quads) != strings.Join(canon, "") {
		t.Fatalf("canonical form: %v\n%s", err, quads)
	}
	d, err := newSDDocument(bare, v.hmacKey, v.loader, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var relabelled []string
	v.json(t, "addBaseDocHMACCanon.json", &relabelled)
	if !slices.Equal(d.lines, relabelled) {
		t.Fatalf("statements under HMAC labels:\n%s", strings.Join(d.lines, ""))
	}
	var transform struct {
		MandatoryPointers       []string
		Mandatory, NonMandatory group
	}
	v.json(t, "addBaseTransform.json", &transform)
	_, places, err := d.selected(v.mandatory)
	if err != nil || !reflect.DeepEqual(places, transform.Mandatory.places()) {
		t.Fatalf("mandatory places %v, %v", places, err)
	}
	mandatory, others := part(d.lines, places)
	if !slices.Equal(mandatory, transform.Mandatory.lines()) || !slices.Equal(others, transform.NonMandatory.lines()) {
		t.Fatal("another partition")
	}
	var pointed []struct {
		Pointer string
		Value   any
	}
	v.json(t, "addPointerValues.json", &pointed)
	some, err := selectFrom(bare, []string{pointed[0].Pointer})
	if err != nil || !reflect.DeepEqual(some["issuer"], pointed[0].Value) {
		t.Errorf("selection %v, %v", some, err)
	}

	config := v.tree(t, "addProofConfig.json")
	cq, err := v.loader.CanonicalNQuads(config, crypto.SHA256, jsonld.Limits{})
	if want := readText(t, filepath.Join(v.dir, "ecdsa-sd-2023/prc/addProofConfigCanon.txt")); err != nil || strings.TrimSpace(string(cq)) != want {
		t.Errorf("proof options: %v\n%s", err, cq)
	}
	var hashes struct{ ProofHash, MandatoryHash string }
	v.json(t, "addHashData.json", &hashes)
	cfg, err := hashConfig(bare, p, crypto.SHA256, Options{Loader: v.loader})
	if err != nil || hex.EncodeToString(cfg) != hashes.ProofHash {
		t.Errorf("proof hash %x, %v", cfg, err)
	}
	if h := sha256.Sum256([]byte(strings.Join(mandatory, ""))); hex.EncodeToString(h[:]) != hashes.MandatoryHash {
		t.Errorf("mandatory hash %x", h)
	}

	base, err := signSD(t.Context(), bare, config, v.issuer, v.mandatory, v.random(t), Options{Loader: v.loader})
	if err != nil {
		t.Fatal(err)
	}
	var raw struct {
		BaseSignature, PublicKey string
		Signatures               []string
	}
	v.json(t, "addRawBaseSignatureInfo.json", &raw)
	if hex.EncodeToString(base.signature) != raw.BaseSignature {
		t.Errorf("base signature %x", base.signature)
	}
	if "z"+key.Base58Encode(base.publicKey) != raw.PublicKey {
		t.Errorf("key of the proof %x", base.publicKey)
	}
	if !slices.Equal(hexes(base.signatures), raw.Signatures) {
		t.Error("signatures of statements differ")
	}
	if base.String() != p["proofValue"] {
		t.Errorf("proofValue\n got %s\nwant %s", base, p["proofValue"])
	}
}

func hexes(list [][]byte) (out []string) {
	for _, b := range list {
		out = append(out, hex.EncodeToString(b))
	}
	return out
}

// The derived proof: recovered base data, groups, indexes, and then the whole.
func TestSDVectorsDerive(t *testing.T) {
	v := loadPRC(t)
	signed := v.tree(t, "addSignedSDBase.json")
	bare, p := without(signed, "proof"), signed["proof"].(map[string]any)
	base, err := parseBase(p["proofValue"].(string))
	if err != nil {
		t.Fatal(err)
	}
	var recovered struct {
		BaseSignature, ProofPublicKey, HmacKey string
		Signatures, MandatoryPointers          []string
	}
	v.json(t, "derivedRecoveredBaseData.json", &recovered)
	if hex.EncodeToString(base.signature) != recovered.BaseSignature || "z"+key.Base58Encode(base.publicKey) != recovered.ProofPublicKey ||
		hex.EncodeToString(base.hmacKey) != recovered.HmacKey || !slices.Equal(hexes(base.signatures), recovered.Signatures) ||
		!slices.Equal(base.pointers, recovered.MandatoryPointers) {
		t.Errorf("recovered %+v", base)
	}
	d, err := newSDDocument(bare, base.hmacKey, v.loader, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Groups map[string]struct {
			Matching, NonMatching group
			DeskolemizedNQuads    []string
		}
	}
	v.json(t, "derivedAllGroupData.json", &all)
	var indexes struct{ CombinedIndexes, MandatoryIndexes, SelectiveIndexes []int }
	v.json(t, "derivedGroupIndexes.json", &indexes)
	for _, g := range []struct {
		name     string
		pointers []string
		want     []int
	}{
		{"mandatory", v.mandatory, indexes.MandatoryIndexes},
		{"selective", v.selective, indexes.SelectiveIndexes},
		{"combined", slices.Concat(v.mandatory, v.selective), indexes.CombinedIndexes},
	} {
		ds, places, err := d.selected(g.pointers)
		if err != nil {
			t.Fatal(err)
		}
		in, out := part(d.lines, places)
		w := all.Groups[g.name]
		if !slices.Equal(in, w.Matching.lines()) || !slices.Equal(out, w.NonMatching.lines()) || len(ds) != len(w.DeskolemizedNQuads) {
			t.Errorf("group %s: %v", g.name, places)
		}
		for _, i := range g.want {
			if !places[i] {
				t.Errorf("group %s lacks %d", g.name, i)
			}
		}
	}
	derived, err := Derive(signed, v.selective, v.loader, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	text := derived["proof"].(map[string]any)["proofValue"].(string)
	value, err := parseDerived(text)
	if err != nil {
		t.Fatal(err)
	}
	var adjusted struct {
		AdjMandatoryIndexes []int
		FilteredSignatures  []string
	}
	v.json(t, "derivedAdjMandatoryIndexes.json", &adjusted)
	v.json(t, "derivedAdjSignatures.json", &adjusted)
	if !slices.Equal(value.mandatory, adjusted.AdjMandatoryIndexes) || !slices.Equal(hexes(value.signatures), adjusted.FilteredSignatures) {
		t.Errorf("indexes %v", value.mandatory)
	}
	var disclosure struct{ LabelMap group }
	v.json(t, "derivedDisclosureData.json", &disclosure)
	for i, e := range disclosure.LabelMap.Value {
		if sdLabel(value.labels[i]) != e[1] {
			t.Errorf("label %v: %s", e, sdLabel(value.labels[i]))
		}
	}
	if want := v.tree(t, "derivedUnsignedReveal.json"); !reflect.DeepEqual(without(derived, "proof"), want) {
		t.Errorf("revealed %v", derived)
	}
	if want := v.tree(t, "derivedRevealDocument.json"); !reflect.DeepEqual(derived, want) {
		t.Errorf("derived proofValue %s", text)
	}
}

// Verification of the derived vector, step by step and as a whole.
func TestSDVectorsVerify(t *testing.T) {
	v := loadPRC(t)
	derived := v.tree(t, "derivedRevealDocument.json")
	bare, p := without(derived, "proof"), derived["proof"].(map[string]any)
	value, err := parseDerived(p["proofValue"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if value.String() != p["proofValue"] {
		t.Error("read and written again, the value is another")
	}
	opt := Options{Loader: v.loader}
	mandatory, others, err := value.split(bare, opt)
	if err != nil {
		t.Fatal(err)
	}
	var quads []string
	v.json(t, "verifyNQuads.json", &quads)
	lines := slices.Concat(mandatory, others)
	slices.Sort(lines)
	if !slices.Equal(lines, quads) {
		t.Errorf("statements:\n%s", strings.Join(lines, ""))
	}
	var data struct {
		NonMandatory             []string
		ProofHash, MandatoryHash string
	}
	v.json(t, "verifyCreateVerifyData.json", &data)
	if !slices.Equal(others, data.NonMandatory) {
		t.Error("other statements differ")
	}
	toVerify, err := value.signData(bare, p, mandatory, opt)
	if err != nil || hex.EncodeToString(toVerify) != data.ProofHash+hex.EncodeToString(value.publicKey)+data.MandatoryHash {
		t.Errorf("sign data %x, %v", toVerify, err)
	}
	rep, err := Verify(t.Context(), derived, didKeys, opt)
	if err != nil || !rep.OK() {
		t.Fatalf("%v %+v", err, rep)
	}
	if err := VerifySD(bare, p, v.issuer.Public(), opt); err != nil {
		t.Error(err)
	}
	if _, err := strictjson.Canonical(rep.Document); err != nil {
		t.Error(err)
	}
}

// What @digitalbazaar/ecdsa-sd-2023-cryptosuite 3.4.1 made of an Open Badge: its
// base proof gives the same derived proof here, byte for byte, and that holds.
func TestSDPeer(t *testing.T) {
	base, want := loadTree(t, "testdata", "peer-base.json"), loadTree(t, "testdata", "peer-derived.json")
	loader := jsonld.Builtin()
	got, err := Derive(base, []string{"/credentialSubject/result"}, loader, jsonld.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("derived %v", got)
	}
	rep, err := Verify(t.Context(), want, didKeys, Options{Loader: loader})
	if err != nil || !rep.OK() {
		t.Errorf("%v %+v", err, rep)
	}
}
