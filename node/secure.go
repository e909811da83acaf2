package node

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/sdjwt"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// The forms in which IssueRequest.Format asks for a credential.
const (
	FormatJSON  = "json" // with an embedded proof; the default
	FormatJWT   = "jwt"
	FormatSDJWT = "sd-jwt"
	// FormatSDJWTVC is an SD-JWT VC: IssueRequest.Tree are claims with a vct.
	FormatSDJWTVC = "dc+sd-jwt"
)

// secure signs a credential in the form that was asked for. A token comes back in
// two ways: bare, and enveloped as JSON (VCDM 2.0 section 4.12.2).
func (n *Node) secure(ctx context.Context, q IssueRequest, tree map[string]any, s key.Signer, method string, now time.Time) (IssueResponse, error) {
	var out IssueResponse
	var err error
	if q.Format != FormatSDJWT && q.Format != FormatSDJWTVC && len(q.Hide) > 0 {
		return out, fmt.Errorf("%w: only the formats %s and %s can hide members", ErrRequest, FormatSDJWT, FormatSDJWTVC)
	}
	switch q.Format {
	case "", FormatJSON:
		if q.Suite == "" {
			q.Suite = proof.EdDSAJCS2022
		}
		tree, err = proof.Sign(ctx, tree, s, proof.SignOptions{Suite: q.Suite, Created: now, Loader: n.loader, VerificationMethod: method})
	case FormatJWT:
		if out.Token, err = credential.SignToken(ctx, tree, s, credential.MediaVCJWT, method, now, nil); err == nil {
			tree = credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCJWT, out.Token)
		}
	case FormatSDJWT:
		var t *sdjwt.Token
		if t, err = sdjwt.Issue(ctx, s, sdjwt.TypeW3C, method, tree, sdjwt.Frame{Hide: q.Hide, Random: n.random}); err == nil {
			out.Token = t.String()
			tree = credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCSDJWT, out.Token)
		}
	case FormatSDJWTVC:
		var t *sdjwt.Token
		if t, err = sdjwt.Issue(ctx, s, sdjwt.TypeVC, method, tree, sdjwt.Frame{Hide: q.Hide, Random: n.random}); err == nil {
			out.Token = t.String()
			tree = credential.Envelop("EnvelopedVerifiableCredential", credential.MediaDCSDJWT, out.Token)
		}
	default:
		err = fmt.Errorf("%w: format %.40q; there are %s, %s, %s and %s", ErrRequest, q.Format, FormatJSON, FormatJWT, FormatSDJWT, FormatSDJWTVC)
	}
	if err != nil {
		return out, err
	}
	if out.Credential, err = strictjson.Canonical(tree); err != nil {
		return out, err
	}
	// What we hand out must pass our own checks.
	checked := credential.Check(ctx, out.Credential, credential.Options{Resolver: n.replica.Resolver(), At: now, Loader: n.loader,
		Openers: n.openers()})
	for _, row := range checked.Checks {
		if row.Name != verdict.Dates && row.Result != verdict.Pass && row.Result != verdict.Warn {
			return out, fmt.Errorf("%w: %s: %s %s", credential.ErrProfile, row.Name, row.Code, row.Params["detail"])
		}
	}
	return out, nil
}
