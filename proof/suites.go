package proof

import (
	"crypto"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/key"
)

// The suites by the name that a proof gives them: its cryptosuite, or its type
// for the legacy ones, which are only verified.
const (
	EdDSAJCS2022         = "eddsa-jcs-2022"
	EdDSARDFC2022        = "eddsa-rdfc-2022"
	ECDSAJCS2019         = "ecdsa-jcs-2019"
	ECDSARDFC2019        = "ecdsa-rdfc-2019"
	ECDSASD2023          = "ecdsa-sd-2023"
	Ed25519Signature2020 = "Ed25519Signature2020"
	JSONWebSignature2020 = "JsonWebSignature2020"
)

// ed25519Signature2018 is known by its form and not verified.
const ed25519Signature2018 = "Ed25519Signature2018"

const dataIntegrityProof = "DataIntegrityProof"

// isLegacy tells the suites that are named by the type of the proof.
func isLegacy(suite string) bool {
	switch suite {
	case Ed25519Signature2020, JSONWebSignature2020, ed25519Signature2018:
		return true
	}
	return false
}

// isJCS tells the suites that hash JSON as it stands.
func isJCS(suite string) bool { return suite == EdDSAJCS2022 || suite == ECDSAJCS2019 }

// checkKind makes sure that a key may be used with a suite: the suite says which
// kinds it takes, and the kind says how they sign.
func checkKind(suite string, kind key.Kind) error {
	var kinds []key.Kind
	switch suite {
	case EdDSAJCS2022, EdDSARDFC2022, Ed25519Signature2020:
		kinds = []key.Kind{key.Ed25519}
	case ECDSAJCS2019, ECDSARDFC2019:
		kinds = []key.Kind{key.P256, key.P384}
	case ECDSASD2023:
		kinds = []key.Kind{key.P256}
	case JSONWebSignature2020:
		kinds = []key.Kind{key.Ed25519, key.P256, key.P384, key.RSA}
	}
	if !slices.Contains(kinds, kind) {
		return fmt.Errorf("%w: %q does not go with a key of kind %v", ErrSuite, suite, kind)
	}
	return nil
}

// hashOf returns the hash that canonical forms are hashed with, and that RDF
// canonicalisation uses: it follows the curve (DI ECDSA 1.0 section 3.2.3).
func hashOf(suite string, kind key.Kind) crypto.Hash {
	if kind == key.P384 && suite != JSONWebSignature2020 {
		return crypto.SHA384
	}
	return crypto.SHA256
}

// value is the signature of a proof, read and found well formed.
type value struct {
	sig     []byte        // of all suites but ecdsa-sd-2023
	jws     jws           // what else the JWS says, for JsonWebSignature2020
	derived *derivedValue // of ecdsa-sd-2023
}

// readValue reads the signature of a proof. It needs no key, so that what is not
// a signature at all is told from one that cannot be checked. Errors:
// [ErrMissing], [ErrMalformed], [ErrBaseProof] and, for a suite that is unknown
// or only known by its form, [ErrSuite].
func readValue(suite string, p map[string]any) (v value, err error) {
	switch suite {
	case EdDSAJCS2022, EdDSARDFC2022, Ed25519Signature2020:
		v.sig, err = base58Value(p, 64)
	case ECDSAJCS2019, ECDSARDFC2019:
		v.sig, err = base58Value(p, 64, 96)
	case ECDSASD2023:
		var text string
		if text, err = member(p, "proofValue"); err == nil {
			v.derived, err = parseDerived(text)
		}
	case JSONWebSignature2020:
		v.jws, v.sig, err = jwsValue(p)
	case ed25519Signature2018:
		if _, has := p["jws"]; has {
			_, _, err = jwsValue(p)
		} else {
			_, err = base58Value(p, 64)
		}
		if err == nil {
			err = fmt.Errorf("%w: %q", ErrSuite, suite)
		}
	default:
		err = fmt.Errorf("%w: %q", ErrSuite, suite)
	}
	return v, err
}

// verify checks the signature over doc, which comes without the proof.
func (v value) verify(suite string, doc, p map[string]any, pub key.Public, opt Options) error {
	if err := checkKind(suite, pub.Kind()); err != nil {
		return err
	}
	if suite == ECDSASD2023 {
		return v.derived.verify(doc, p, pub, opt)
	}
	hash, err := hashData(suite, doc, p, pub.Kind(), opt)
	if err != nil {
		return err
	}
	if suite == JSONWebSignature2020 {
		return v.jws.verify(hash, v.sig, pub)
	}
	if want := signatureSize(pub.Kind()); len(v.sig) != want {
		return fmt.Errorf("%w: proofValue holds %d bytes, want %d", ErrMalformed, len(v.sig), want)
	}
	if err := pub.Verify(hash, v.sig); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// hashData is what all suites but ecdsa-sd-2023 sign.
func hashData(suite string, doc, p map[string]any, kind key.Kind, opt Options) ([]byte, error) {
	if isJCS(suite) {
		return hashJCS(doc, p, hashOf(suite, kind))
	}
	return hashRDFC(doc, p, hashOf(suite, kind), opt)
}

func signatureSize(kind key.Kind) int {
	if kind == key.P384 {
		return 96
	}
	return 64
}

// member returns a member that has to be a text with something in it.
func member(p map[string]any, name string) (string, error) {
	s, ok := p[name].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("%w: %s", ErrMissing, name)
	}
	return s, nil
}

// maxBase58Value bounds a proofValue in characters; 96 bytes of P-384 need at
// most 133 with the multibase prefix.
const maxBase58Value = 160

// base58Value reads a proofValue of "z" and base58btc, of exactly one of the
// sizes in bytes.
func base58Value(p map[string]any, sizes ...int) ([]byte, error) {
	s, err := member(p, "proofValue")
	if err != nil {
		return nil, err
	}
	if len(s) > maxBase58Value || s[0] != 'z' {
		return nil, fmt.Errorf("%w: proofValue is not base58btc (z...) of %v bytes", ErrMalformed, sizes)
	}
	sig, err := key.Base58Decode(s[1:])
	if err != nil {
		return nil, fmt.Errorf("%w: proofValue: %w", ErrMalformed, err)
	}
	if !slices.Contains(sizes, len(sig)) {
		return nil, fmt.Errorf("%w: proofValue holds %d bytes, want %v", ErrMalformed, len(sig), sizes)
	}
	return sig, nil
}
