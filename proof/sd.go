package proof

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// VerifySD checks one derived proof of ecdsa-sd-2023 over doc, which comes
// without the proof (DI ECDSA 1.0 section 3.6.7). pub is the issuer's key: it
// must have signed proof options, mandatory statements and the key of the
// proof, which in turn must have signed each of the other statements. (The
// specification's text names the key of the proof for both, under which
// anybody could sign anything.) Purpose, times and whose key pub is are the
// caller's to check.
//
// Errors: [ErrBaseProof] for what the issuer gave to the holder alone,
// [ErrSuite], [ErrMalformed], [ErrMissing], [ErrTransform] and, where proof and
// document do not fit each other, [ErrSignature].
func VerifySD(doc, proofObj map[string]any, pub key.Public, opt Options) error {
	if proofObj["type"] != dataIntegrityProof || proofObj["cryptosuite"] != ECDSASD2023 {
		return fmt.Errorf("%w: not a proof of %s", ErrSuite, ECDSASD2023)
	}
	if err := checkKind(ECDSASD2023, pub.Kind()); err != nil {
		return err
	}
	v, err := readValue(ECDSASD2023, proofObj)
	if err != nil {
		return err
	}
	return v.verify(ECDSASD2023, doc, proofObj, pub, opt)
}

func (v *derivedValue) verify(doc, proofObj map[string]any, pub key.Public, opt Options) error {
	mandatory, others, err := v.split(doc, opt)
	if err != nil {
		return err
	}
	toVerify, err := v.signData(doc, proofObj, mandatory, opt)
	if err != nil {
		return err
	}
	if err := pub.Verify(toVerify, v.signature); err != nil {
		return fmt.Errorf("%w: base signature: %w", ErrSignature, err)
	}
	return v.checkStatements(others)
}

// split canonicalises doc under the labels of the proof and parts its
// statements in mandatory and other ones.
func (v *derivedValue) split(doc map[string]any, opt Options) (mandatory, others []string, err error) {
	if opt.Loader == nil {
		return nil, nil, fmt.Errorf("%w: no JSON-LD contexts were given", ErrTransform)
	}
	ds, err := opt.Loader.ToRDF(doc)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	order, err := jsonld.CanonicalOrder(ds, crypto.SHA256, opt.JSONLD)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	if len(order) != len(v.labels) {
		return nil, nil, fmt.Errorf("%w: %d blank nodes, %d labels", ErrSignature, len(order), len(v.labels))
	}
	names := make(map[string]string, len(order))
	for n, label := range order {
		names[label] = sdLabel(v.labels[n])
	}
	lines, err := jsonld.NQuads(ds, names)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	places := make(map[int]bool, len(v.mandatory))
	for _, i := range v.mandatory {
		places[i] = true
	}
	mandatory, others = part(lines, places)
	if len(mandatory) != len(v.mandatory) {
		return nil, nil, fmt.Errorf("%w: an index beyond %d statements", ErrSignature, len(lines))
	}
	if len(others) != len(v.signatures) {
		return nil, nil, fmt.Errorf("%w: %d signatures for %d statements", ErrSignature, len(v.signatures), len(others))
	}
	return mandatory, others, nil
}

func (v *derivedValue) signData(doc, proofObj map[string]any, mandatory []string, opt Options) ([]byte, error) {
	cfg, err := hashConfig(doc, proofObj, crypto.SHA256, opt)
	if err != nil {
		return nil, err
	}
	return sdSignData(cfg, v.publicKey, mandatory), nil
}

// checkStatements holds each statement against its signature.
func (v *derivedValue) checkStatements(others []string) error {
	for i, line := range others {
		if err := v.scoped.Verify([]byte(line), v.signatures[i]); err != nil {
			return fmt.Errorf("%w: statement %d: %w", ErrSignature, i, err)
		}
	}
	return nil
}

// sdSignData is what the issuer signs (section 3.5.1).
func sdSignData(cfgHash, publicKey []byte, mandatory []string) []byte {
	h := sha256.Sum256([]byte(strings.Join(mandatory, "")))
	return slices.Concat(cfgHash, publicKey, h[:])
}

// sdLabel is the label of a blank node, which a hash has made meaningless.
func sdLabel(digest []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(digest) }

// sdDocument is a document whose statements can be told apart by pointers.
type sdDocument struct {
	labelled map[string]any    // with a label on every node
	names    map[string]string // that label to the one that is signed
	digests  map[string][]byte // and in its binary form
	lines    []string          // canonical statements under the signed labels
	loader   *jsonld.Loader
	limits   jsonld.Limits
}

// newSDDocument labels and canonicalises doc (sections 3.4.4 and 3.4.16).
func newSDDocument(doc map[string]any, hmacKey []byte, loader *jsonld.Loader, lim jsonld.Limits) (*sdDocument, error) {
	if loader == nil {
		return nil, fmt.Errorf("%w: no JSON-LD contexts were given", ErrTransform)
	}
	labelled, err := loader.Label(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	d := &sdDocument{labelled: labelled, loader: loader, limits: lim,
		names: make(map[string]string), digests: make(map[string][]byte)}
	ds, err := loader.LabelledRDF(labelled, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	order, err := jsonld.CanonicalOrder(ds, crypto.SHA256, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	for n, label := range order {
		m := hmac.New(sha256.New, hmacKey)
		m.Write([]byte("c14n" + strconv.Itoa(n)))
		d.digests[label] = m.Sum(nil)
		d.names[label] = sdLabel(d.digests[label])
	}
	if d.lines, err = jsonld.NQuads(ds, d.names); err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrTransform, err)
	}
	if len(d.lines) > maxStatements {
		return nil, fmt.Errorf("%w: %d statements, at most %d are signed one by one", ErrTransform, len(d.lines), maxStatements)
	}
	return d, nil
}

// selected returns the statements that pointers select, as a dataset and as the
// set of their places in lines.
func (d *sdDocument) selected(pointers []string) (jsonld.Dataset, map[int]bool, error) {
	some, err := selectFrom(d.labelled, pointers)
	if err != nil || some == nil {
		return nil, nil, err
	}
	ds, err := d.loader.LabelledRDF(some, d.limits)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: selection: %w", ErrTransform, err)
	}
	lines, err := jsonld.NQuads(ds, d.names)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: selection: %w", ErrTransform, err)
	}
	places := make(map[int]bool, len(lines))
	for _, line := range lines {
		// A pointer into a value, for instance, makes another value of it.
		i, ok := slices.BinarySearch(d.lines, line)
		if !ok {
			return nil, nil, fmt.Errorf("%w: a selection that says something else than the whole", ErrPointer)
		}
		places[i] = true
	}
	return ds, places, nil
}

// part separates the lines whose places are in a set from the others.
func part(lines []string, places map[int]bool) (in, out []string) {
	for i, line := range lines {
		if places[i] {
			in = append(in, line)
		} else {
			out = append(out, line)
		}
	}
	return in, out
}

// signSD makes the proofValue of a base proof (sections 3.6.2 to 3.6.5). The
// HMAC key is read from random first, then the key of the proof.
func signSD(ctx context.Context, doc, config map[string]any, s key.Signer, pointers []string, random io.Reader, opt Options) (*baseValue, error) {
	if random == nil {
		random = rand.Reader
	}
	hmacKey := make([]byte, 32)
	if _, err := io.ReadFull(random, hmacKey); err != nil {
		return nil, fmt.Errorf("proof: read randomness: %w", err)
	}
	scoped, err := key.Generate(key.P256, random)
	if err != nil {
		return nil, fmt.Errorf("proof: key of the proof: %w", err)
	}
	d, err := newSDDocument(doc, hmacKey, opt.Loader, opt.JSONLD)
	if err != nil {
		return nil, err
	}
	_, places, err := d.selected(pointers)
	if err != nil {
		return nil, err
	}
	mandatory, others := part(d.lines, places)
	v := &baseValue{publicKey: multikeyBytes(scoped.Public()), hmacKey: hmacKey, pointers: pointers}
	for _, line := range others {
		sig, err := scoped.Sign(ctx, []byte(line))
		if err != nil {
			return nil, fmt.Errorf("proof: sign: %w", err)
		}
		v.signatures = append(v.signatures, sig)
	}
	cfg, err := hashConfig(doc, config, crypto.SHA256, opt)
	if err != nil {
		return nil, err
	}
	if v.signature, err = s.Sign(ctx, sdSignData(cfg, v.publicKey, mandatory)); err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	return v, nil
}

// multikeyBytes is the binary form of a P-256 Multikey: header and point.
func multikeyBytes(pub key.Public) []byte {
	return append([]byte{0x80, 0x24}, pub.Bytes()...)
}

// Derive makes what a holder shows of doc, a document with one base proof of
// ecdsa-sd-2023: a document with what the issuer made mandatory and what the
// pointers (RFC 6901, "/credentialSubject/name") select, and a derived proof
// over it (DI ECDSA 1.0 section 3.6.6). Identifiers and types of every object
// on the way are shown too. Other proofs do not hold over a part and are left
// out. doc is not changed.
//
// The result verifies: all but the issuer's signature, for which the key is
// not at hand, is checked before it is returned. Errors: [ErrPointer] for a
// pointer that selects nothing, [ErrMissing] without a base proof, [ErrTooMany]
// with several, [ErrChain] for one in a chain, [ErrMalformed], [ErrTransform], [ErrSignature] where the base
// proof does not fit doc.
func Derive(doc map[string]any, pointers []string, loader *jsonld.Loader, lim jsonld.Limits) (map[string]any, error) {
	base, text, err := baseProofOf(doc)
	if err != nil {
		return nil, err
	}
	if _, chained := base["previousProof"]; chained {
		return nil, fmt.Errorf("%w: what it builds on does not hold over a part", ErrChain)
	}
	v, err := parseBase(text)
	if err != nil {
		return nil, err
	}
	bare := without(doc, "proof")
	d, err := newSDDocument(bare, v.hmacKey, loader, lim)
	if err != nil {
		return nil, err
	}
	_, mandatory, err := d.selected(v.pointers)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(v.pointers, pointers)
	shownSet, shown, err := d.selected(all)
	if err != nil {
		return nil, err
	}
	if len(shown) == 0 {
		return nil, fmt.Errorf("%w: nothing is selected and nothing is mandatory", ErrPointer)
	}
	if len(v.signatures) != len(d.lines)-len(mandatory) {
		return nil, fmt.Errorf("%w: %d signatures for %d statements", ErrSignature, len(v.signatures), len(d.lines)-len(mandatory))
	}
	out := &derivedValue{signature: v.signature, publicKey: v.publicKey}
	out.choose(v.signatures, len(d.lines), mandatory, shown)
	order, err := jsonld.CanonicalOrder(shownSet, crypto.SHA256, lim)
	if err != nil {
		return nil, fmt.Errorf("%w: selection: %w", ErrTransform, err)
	}
	for _, label := range order {
		out.labels = append(out.labels, d.digests[label])
	}
	reveal, err := selectFrom(bare, all)
	if err != nil {
		return nil, err
	}
	text = out.String()
	if err := checkDerived(reveal, text, Options{Loader: loader, JSONLD: lim}); err != nil {
		return nil, err
	}
	p, _ := strictjson.Clone(base).(map[string]any)
	p["proofValue"] = text
	reveal["proof"] = p
	return reveal, nil
}

// choose takes the signatures of the statements that are shown, and notes where
// among these the mandatory ones stand.
func (v *derivedValue) choose(signatures [][]byte, total int, mandatory, shown map[int]bool) {
	relative, signed := 0, 0
	for i := range total {
		if shown[i] && mandatory[i] {
			v.mandatory = append(v.mandatory, relative)
		}
		if shown[i] && !mandatory[i] {
			v.signatures = append(v.signatures, signatures[signed])
		}
		if shown[i] {
			relative++
		}
		if !mandatory[i] {
			signed++
		}
	}
}

// checkDerived reads a derived proof back as a verifier will, up to the
// signature of the issuer.
func checkDerived(reveal map[string]any, text string, opt Options) error {
	v, err := parseDerived(text)
	if err != nil {
		return err
	}
	_, others, err := v.split(reveal, opt)
	if err != nil {
		return err
	}
	return v.checkStatements(others)
}

// baseProofOf finds the one base proof of a document.
func baseProofOf(doc map[string]any) (p map[string]any, text string, err error) {
	list, err := listProofs(doc, 0)
	if err != nil {
		return nil, "", err
	}
	for _, q := range list {
		if q["type"] != dataIntegrityProof || q["cryptosuite"] != ECDSASD2023 {
			continue
		}
		if p != nil {
			return nil, "", fmt.Errorf("%w: two of %s, only one can be derived from", ErrTooMany, ECDSASD2023)
		}
		p = q
	}
	text, ok := p["proofValue"].(string)
	if !ok || text == "" {
		return nil, "", fmt.Errorf("%w: a proof of %s", ErrMissing, ECDSASD2023)
	}
	return p, text, nil
}
