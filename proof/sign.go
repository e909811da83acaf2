package proof

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// SignOptions says what proof to add.
type SignOptions struct {
	// Suite is EdDSAJCS2022 (the default when empty) or EdDSARDFC2022 with an
	// Ed25519 key; ECDSAJCS2019 or ECDSARDFC2019 with one of P-256 or P-384;
	// ECDSASD2023 with one of P-256, which makes a base proof for the holder.
	Suite string
	// VerificationMethod is the absolute URL of the signing key. Required.
	VerificationMethod string
	// Purpose defaults to assertionMethod.
	Purpose string
	// Created is left out when zero.
	Created time.Time
	Expires *time.Time
	// Domain, Challenge bind a presentation; ID and PreviousProof build chains.
	Domain, Challenge string
	ID                string
	PreviousProof     []string
	// MandatoryPointers are the parts that a holder can never leave out under
	// ECDSASD2023, as JSON pointers. Issuer, dates, status and schema of a
	// credential are always among them.
	MandatoryPointers []string
	// Random gives the HMAC key and the key of the proof of ECDSASD2023. Nil
	// means crypto/rand.
	Random io.Reader
	// Loader holds the contexts for all suites but the jcs ones.
	Loader *jsonld.Loader
	JSONLD jsonld.Limits
}

// Sign returns a copy of doc with one more proof. A proof that is there
// already stays beside the new one as a set; with PreviousProof the new one
// covers those it names.
func Sign(ctx context.Context, doc map[string]any, s key.Signer, opt SignOptions) (map[string]any, error) {
	if opt.Suite == "" {
		opt.Suite = EdDSAJCS2022
	}
	if opt.Purpose == "" {
		opt.Purpose = AssertionMethod
	}
	if opt.VerificationMethod == "" {
		return nil, fmt.Errorf("%w: verificationMethod", ErrMissing)
	}
	out, _ := strictjson.Clone(doc).(map[string]any)
	var existing []any
	if out["proof"] != nil {
		list, err := listProofs(out, 0)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			existing = append(existing, any(p))
		}
	}
	bare := without(out, "proof")
	p, err := newProof(bare, opt)
	if err != nil {
		return nil, err
	}
	secured, err := signedWith(bare, existing, opt.PreviousProof)
	if err != nil {
		return nil, err
	}
	if err := signInto(ctx, p, secured, s, opt); err != nil {
		return nil, err
	}
	if len(existing) == 0 {
		out["proof"] = p
	} else {
		out["proof"] = append(existing, any(p))
	}
	return out, nil
}

// newProof builds the proof configuration without its value.
func newProof(bare map[string]any, opt SignOptions) (map[string]any, error) {
	p := map[string]any{
		"type":               dataIntegrityProof,
		"cryptosuite":        opt.Suite,
		"verificationMethod": opt.VerificationMethod,
		"proofPurpose":       opt.Purpose,
	}
	switch opt.Suite {
	case EdDSAJCS2022, ECDSAJCS2019:
		// DI EdDSA 1.0 section 3.3.1 step 2: the signed context travels along.
		if c, ok := bare["@context"]; ok {
			p["@context"] = strictjson.Clone(c)
		}
	case EdDSARDFC2022, ECDSARDFC2019:
	case ECDSASD2023:
		if len(opt.PreviousProof) > 0 {
			return nil, fmt.Errorf("%w: a chain cannot hold over a document that is shown in parts", ErrSuite)
		}
	default:
		return nil, fmt.Errorf("%w: %q cannot be made, only verified", ErrSuite, opt.Suite)
	}
	for name, value := range map[string]string{"id": opt.ID, "domain": opt.Domain, "challenge": opt.Challenge} {
		if value != "" {
			p[name] = value
		}
	}
	if !opt.Created.IsZero() {
		p["created"] = FormatTime(opt.Created)
	}
	if opt.Expires != nil {
		p["expires"] = FormatTime(*opt.Expires)
	}
	switch len(opt.PreviousProof) {
	case 0:
	case 1:
		p["previousProof"] = opt.PreviousProof[0]
	default:
		refs := make([]any, len(opt.PreviousProof))
		for i, r := range opt.PreviousProof {
			refs[i] = r
		}
		p["previousProof"] = refs
	}
	return p, nil
}

// signedWith puts the proofs that a chain covers into the document.
func signedWith(bare map[string]any, existing []any, refs []string) (map[string]any, error) {
	if len(refs) == 0 {
		return bare, nil
	}
	var previous []any
	for _, ref := range refs {
		found := false
		for _, e := range existing {
			if m, _ := e.(map[string]any); m["id"] == ref {
				previous, found = append(previous, e), true
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: no proof has the id %q", ErrChain, ref)
		}
	}
	out := without(bare)
	out["proof"] = previous
	return out, nil
}

func signInto(ctx context.Context, p, secured map[string]any, s key.Signer, opt SignOptions) error {
	kind := s.Public().Kind()
	if err := checkKind(opt.Suite, kind); err != nil {
		return err
	}
	ld := Options{Loader: opt.Loader, JSONLD: opt.JSONLD}
	if opt.Suite == ECDSASD2023 {
		v, err := signSD(ctx, secured, p, s, mandatoryPointers(secured, opt.MandatoryPointers), opt.Random, ld)
		if err != nil {
			return err
		}
		p["proofValue"] = v.String()
		return nil
	}
	hash, err := hashData(opt.Suite, secured, p, kind, ld)
	if err != nil {
		return err
	}
	sig, err := s.Sign(ctx, hash)
	if err != nil {
		return fmt.Errorf("proof: sign: %w", err)
	}
	p["proofValue"] = "z" + key.Base58Encode(sig)
	return nil
}

// mandatoryPointers adds to an issuer's choice what a verifier needs for any
// verdict on a credential: a holder must not be able to hide that it has ended.
func mandatoryPointers(doc map[string]any, chosen []string) []string {
	var out []string
	for _, name := range []string{"issuer", "validFrom", "validUntil", "issuanceDate", "expirationDate", "credentialStatus", "credentialSchema"} {
		if p := "/" + name; doc[name] != nil && !slices.Contains(chosen, p) {
			out = append(out, p)
		}
	}
	return append(out, chosen...)
}
