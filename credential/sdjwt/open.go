package sdjwt

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// Open checks a credential in an SD-JWT. It is a credential.Opener for
// credential.MediaSDJWT: the typ in the signed header says whether it is an
// SD-JWT VC or a W3C credential, and anything else is refused. Of Limits it
// takes the bytes (zero: 1 MiB) and the depth (zero: 64).
//
// A key binding is verified when there is one; a bad one fails integrity.
// Checked.Bound is set only when it answers both Challenge and Domain, because
// without either it may have been made for somebody else.
func Open(ctx context.Context, data []byte, opt credential.Options) *credential.Checked {
	o := &opened{ctx: ctx, opt: opt, lim: Limits{MaxBytes: opt.Limits.MaxBytes, MaxDepth: opt.Limits.MaxDepth}.withDefaults()}
	o.e.MediaType = credential.MediaSDJWT
	if err := o.read(string(bytes.TrimSpace(data))); err != nil {
		o.e.Rows = faultRows(err)
		return credential.CheckEnvelope(ctx, o.e, opt)
	}
	vc := o.vc()
	o.e.Keys = credential.NewKeys(ctx, opt)
	o.signature(issuerClaim(o.payload, vc))
	claims, err := Reconstruct(o.payload, o.token.Disclosures, o.lim)
	if err != nil {
		o.add(faultRows(err)...)
		return o.checked(false)
	}
	names := alwaysVisibleW3C()
	if vc {
		names = alwaysVisible()
	}
	if name := withholdable(o.payload, claims, names); name != "" {
		o.malformed(fmt.Errorf("%w: %s", ErrHidden, name))
	}
	if vc {
		o.readVC(claims.Tree)
	} else {
		o.readW3C(claims.Tree)
	}
	return o.checked(o.binding(claims.Hash))
}

// opened is a token on its way through Open.
type opened struct {
	ctx     context.Context
	opt     credential.Options
	lim     Limits
	token   *Token
	jws     *jose.Token
	payload map[string]any // as signed; verified only if the rows say so
	chain   [][]byte
	e       credential.Envelope
}

func (o *opened) add(rows ...verdict.Check) { o.e.Rows = append(o.e.Rows, rows...) }

func (o *opened) malformed(err error) {
	o.add(row(verdict.Format, verdict.MalformedValue, err))
}

// checked has the credential inside judged.
func (o *opened) checked(bound bool) *credential.Checked {
	out := credential.CheckEnvelope(o.ctx, o.e, o.opt)
	out.Bound = bound && out.Row(verdict.Integrity).Result == verdict.Pass
	out.Signer.Chain = o.chain
	return out
}

// row makes a row of what was found in the token.
func row(name verdict.CheckName, code verdict.Code, err error) verdict.Check {
	c := verdict.New(name, code).From("credential")
	if err != nil {
		c = c.With("detail", err.Error())
	}
	return c
}

// read takes the token apart and decides what it is.
func (o *opened) read(text string) (err error) {
	if o.token, err = Parse(text, o.lim); err != nil {
		return err
	}
	if o.jws, err = jose.Parse([]byte(o.token.JWT), o.lim.MaxBytes); err != nil {
		return err
	}
	switch o.jws.Type {
	case credential.MediaDCSDJWT:
	case credential.MediaVCSDJWT:
		if o.jws.Cty != "" && o.jws.Cty != credential.MediaVC {
			return fmt.Errorf("%w: cty is %.80q", ErrTyp, o.jws.Cty)
		}
	default:
		return fmt.Errorf("%w: typ is %.80q", ErrTyp, o.jws.Type)
	}
	o.e.MediaType = o.jws.Type
	o.payload, err = o.jws.Object(o.lim.json())
	return err
}

// vc tells an SD-JWT VC from a W3C credential. Until draft 7 the former had
// the typ of the latter.
func (o *opened) vc() bool {
	_, hasContext := o.payload["@context"]
	_, hasType := o.payload["vct"]
	return o.jws.Type == credential.MediaDCSDJWT || o.opt.Legacy && hasType && !hasContext
}

// faultRows turns the reason why a token cannot be used into rows. A token
// whose disclosures do not fit its signature was changed on the way or made
// wrongly, so that is a matter of integrity.
func faultRows(err error) []verdict.Check {
	format := func(code verdict.Code) verdict.Check { return row(verdict.Format, code, err) }
	integrity := func(code verdict.Code) verdict.Check { return row(verdict.Integrity, code, err) }
	switch {
	case errors.Is(err, ErrTyp):
		return []verdict.Check{format(verdict.TokenType)}
	case errors.Is(err, ErrTooLarge), errors.Is(err, jose.ErrTooLarge), errors.Is(err, strictjson.ErrTooLarge):
		return []verdict.Check{format(verdict.TooLarge)}
	case errors.Is(err, ErrDepth), errors.Is(err, strictjson.ErrDepth):
		return []verdict.Check{format(verdict.TooComplex)}
	case errors.Is(err, ErrHash):
		return []verdict.Check{integrity(verdict.ProofUnknownSuite)}
	case errors.Is(err, jose.ErrAlg):
		return []verdict.Check{format(verdict.ParsingError), integrity(verdict.AlgorithmRefused)}
	case errors.Is(err, jose.ErrHeader), errors.Is(err, jose.ErrToken):
		return []verdict.Check{format(verdict.ParsingError), integrity(verdict.ProofMalformed)}
	case errors.Is(err, ErrFormat):
		return []verdict.Check{format(verdict.ParsingError)}
	}
	return []verdict.Check{integrity(verdict.DisclosureInvalid)}
}

// issuerClaim returns who says to have signed: the way to the key follows from
// it and from nothing else.
func issuerClaim(payload map[string]any, vc bool) string {
	if vc {
		iss, _ := payload["iss"].(string)
		return iss
	}
	return issuerOf(payload)
}

// signature finds the issuer's key and checks the signature with it. A DID is
// asked for the key that kid names. For other issuers the metadata would have to
// be fetched, which is not done here; a certificate that came along then shows
// whether something was changed, but not who signed.
func (o *opened) signature(issuer string) {
	pub, err := o.key(issuer)
	if err != nil {
		o.add(row(verdict.Integrity, verdict.KeyUnavailable, err))
		return
	}
	switch err := o.jws.Verify(pub); {
	case errors.Is(err, jose.ErrAlg):
		o.add(row(verdict.Integrity, verdict.AlgorithmRefused, err))
	case err != nil:
		o.add(row(verdict.Integrity, verdict.SignatureInvalid, err))
	default:
		o.add(row(verdict.Integrity, verdict.OK, nil).With("suite", o.jws.Alg))
	}
}

func (o *opened) key(issuer string) (key.Public, error) {
	if strings.HasPrefix(issuer, "did:") {
		switch kid := o.jws.Kid; {
		case strings.HasPrefix(kid, "did:"):
			o.e.Method = kid
		case strings.HasPrefix(kid, "#"):
			o.e.Method = issuer + kid
		default:
			return o.nobody(verdict.SignerUnknown, fmt.Errorf("%w: kid is not the URL of a key of %s", ErrSigner, issuer))
		}
		return o.e.Keys.Find(o.ctx, o.e.Method, proof.AssertionMethod)
	}
	if _, has := o.jws.Header["x5c"]; !has {
		return o.nobody(verdict.SignerUnknown, fmt.Errorf("%w: the issuer is no DID and its metadata is not fetched", ErrSigner))
	}
	pub, err := o.leaf()
	if err != nil {
		return o.nobody(verdict.SignerUnknown, fmt.Errorf("%w: %w", ErrSigner, err))
	}
	_, _ = o.nobody(verdict.KeyFromProof, fmt.Errorf("%w: no anchor for its certificate", ErrSigner))
	return pub, nil
}

// nobody notes why it is not known who signed.
func (o *opened) nobody(code verdict.Code, err error) (key.Public, error) {
	o.e.Signer = []verdict.Check{row(verdict.Signer, code, err)}
	return key.Public{}, err
}

// maxChain bounds the certificates of a header.
const maxChain = 8

// leaf keeps the certificates of x5c (RFC 7515 section 4.1.6) for whoever knows
// anchors, and returns the key of the first.
func (o *opened) leaf() (key.Public, error) {
	list, ok := o.jws.Header["x5c"].([]any)
	if !ok || len(list) == 0 || len(list) > maxChain {
		return key.Public{}, fmt.Errorf("x5c is not a list of 1 to %d certificates", maxChain)
	}
	chain := make([][]byte, 0, len(list))
	for _, e := range list {
		text, _ := e.(string)
		der, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(der) == 0 {
			return key.Public{}, errors.New("x5c holds something that is not base64")
		}
		chain = append(chain, der)
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return key.Public{}, fmt.Errorf("x5c: %w", err)
	}
	pub, err := key.FromPKIX(cert.PublicKey)
	if err != nil {
		return key.Public{}, fmt.Errorf("x5c: %w", err)
	}
	o.chain = chain
	return pub, nil
}

// readVC judges the claims of an SD-JWT VC.
func (o *opened) readVC(tree map[string]any) {
	c, err := readVC(tree)
	o.e.Credential = c
	if err != nil {
		o.malformed(err)
	} else {
		o.add(row(verdict.Format, verdict.OK, nil))
	}
	for _, name := range []string{"nbf", "exp", "iat"} {
		t, err := numericDate(tree, name)
		switch {
		case err != nil:
			o.add(row(verdict.Dates, verdict.DateUnreadable, err).With("member", name))
		case name == "exp" && t != nil && t.Equal(o.opt.At):
			// On or after exp a token is over (RFC 7519 section 4.1.4).
			o.add(row(verdict.Dates, verdict.Expired, nil).With("until", proof.FormatTime(*t)))
		case name == "iat":
			o.e.Created = t
		}
	}
}

// binding verifies the key binding, if there is one, and tells whether it
// answers all that makes it one for this verifier.
func (o *opened) binding(h Hash) bool {
	if o.token.KeyBinding == "" {
		return false
	}
	pub, err := o.holder()
	if err == nil {
		_, err = o.token.CheckBinding(pub, h, Expected{Nonce: o.opt.Challenge, Audiences: o.opt.Domain, At: o.opt.At})
	}
	code := verdict.BindingInvalid
	switch {
	case err == nil:
		return o.opt.Challenge != "" && len(o.opt.Domain) > 0
	case errors.Is(err, ErrNonce):
		code = verdict.InvalidChallenge
	case errors.Is(err, ErrAudience):
		code = verdict.InvalidDomain
	case !bindingFault(err):
		code = verdict.KeyUnavailable
	}
	o.add(row(verdict.Integrity, code, err))
	return false
}

// holder returns the key that the signed claims name for the holder.
func (o *opened) holder() (key.Public, error) {
	pub, method, err := confirmation(o.payload)
	switch {
	case err != nil:
		return key.Public{}, err
	case method != "":
		return o.resolve(method)
	case pub.IsZero():
		return key.Public{}, fmt.Errorf("%w: there is no cnf", ErrNoConfirmation)
	}
	return pub, nil
}
