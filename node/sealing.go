package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/legal/seal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/store"
)

// The operations that bind an issuer to an electronic seal.
const (
	OpIdentityStatement = "identity.statement" // StatementRequest -> StatementResponse
	OpIdentityBind      = "identity.bind-seal" // BindRequest -> BindResponse
	OpIdentityMandate   = "identity.mandate"   // MandateRequest -> MandateResponse
)

// StatementRequest asks for the statement of control that is to be sealed.
type StatementRequest struct {
	Issuer string `json:"issuer,omitempty"`
}

// StatementResponse is what is to be sealed, byte for byte.
type StatementResponse struct {
	DID       string `json:"did"`
	Statement string `json:"statement"`
}

// BindRequest publishes a sealed statement of control, or takes all of them out.
type BindRequest struct {
	Issuer string `json:"issuer,omitempty"`
	Sealed []byte `json:"sealed,omitempty"` // the file: a JAdES seal around the statement
	Remove bool   `json:"remove,omitempty"`
}

// BindResponse says what was bound.
type BindResponse struct {
	DID        string     `json:"did"`
	Digest     string     `json:"digest,omitempty"`
	Holder     string     `json:"holder,omitempty"`     // organisation of the certificate
	Identifier string     `json:"identifier,omitempty"` // as the certificate has it
	Level      cert.Level `json:"level,omitempty"`      // as the trusted lists of this node see it
	Why        string     `json:"why,omitempty"`        // it is not higher
	Until      *time.Time `json:"until,omitempty"`      // end of the certificate
	Seals      int        `json:"seals"`                // how many are published
}

const sealsKey = "seals:"

// ownSeals are the sealed statements that an issuer of this node publishes.
func (n *Node) ownSeals(ctx context.Context, subject string) ([]legal.SealBinding, error) {
	var plain []byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		plain, err = tx.GetMeta(sealsKey + subject)
		return err
	})
	if isNotFound(err) || err == nil && len(plain) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []legal.SealBinding
	return out, json.Unmarshal(plain, &out)
}

// identityStatement makes the statement of control of an own issuer.
func (n *Node) identityStatement(ctx context.Context, q StatementRequest) (StatementResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return StatementResponse{}, err
	}
	org, err := n.ownOrganisation(ctx, is.Subject)
	if err != nil {
		return StatementResponse{}, err
	}
	b, err := seal.For(is.DID, org, n.clock()).Bytes()
	return StatementResponse{DID: is.DID, Statement: string(b)}, err
}

// identityBind publishes a sealed statement: it is quoted in the statement of the
// issuer about itself. What would be refused by every verifier is not published; what
// the lists of this node do not raise is, and the answer says so, because others may
// hold other lists.
func (n *Node) identityBind(ctx context.Context, q BindRequest) (BindResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return BindResponse{}, err
	}
	org, err := n.ownOrganisation(ctx, is.Subject)
	if err != nil {
		return BindResponse{}, err
	}
	out := BindResponse{DID: is.DID}
	var seals []legal.SealBinding
	switch {
	case q.Remove == (len(q.Sealed) > 0):
		return out, fmt.Errorf("%w: give a sealed file, or ask to remove what is there", ErrRequest)
	case !q.Remove:
		if seals, err = n.takeSeal(ctx, is.Subject, q.Sealed, org, &out); err != nil {
			return out, err
		}
	}
	plain, err := marshal(seals)
	if err != nil {
		return out, err
	}
	err = n.store.Update(ctx, is.Subject, func(tx store.Tx) error { return tx.PutMeta(sealsKey+is.Subject, plain) })
	if err != nil {
		return out, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return out, err
	}
	out.Seals = len(seals)
	if err := n.writeWhois(ctx, is.Subject, h, org); err != nil {
		return out, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{}); err != nil {
		return out, fmt.Errorf("the binding is recorded and not yet published: %w", err)
	}
	return out, nil
}

// takeSeal checks a sealed file and puts it before those that are there. One of the
// same certificate is replaced, and those whose certificate has ended are let go.
func (n *Node) takeSeal(ctx context.Context, subject string, file []byte, org legal.Organisation, out *BindResponse) ([]legal.SealBinding, error) {
	trust, now := edc.Trust{Listed: n.listed}, n.clock()
	same := func(did string) bool { return subjectOf(did) == subject }
	b, err := seal.Check(file, same, trust, now)
	if err != nil {
		return nil, err
	}
	proven := b.Identifier()
	for _, id := range append([]legal.Identifier{org.ID}, org.Identifiers...) {
		if id.Comparable(proven) && !id.Equal(proven) {
			return nil, fmt.Errorf("%w: it says %s, and the issuer states %s", seal.ErrHolder, proven, id)
		}
	}
	f := b.Standing.Facts
	out.Digest, out.Holder, out.Identifier, out.Level, out.Until = b.Digest, f.Organisation, f.Identifier.Raw, b.Standing.Level, &f.NotAfter
	if b.Standing.Why != nil {
		out.Why = b.Standing.Why.Error()
	}
	held, err := n.ownSeals(ctx, subject)
	if err != nil {
		return nil, err
	}
	held = slices.DeleteFunc(held, func(s legal.SealBinding) bool {
		old, err := seal.Check(s.Content, same, trust, now)
		return err != nil || old.Standing.Facts.Thumbprint == f.Thumbprint
	})
	held = append([]legal.SealBinding{{Digest: b.Digest, Content: file}}, held...)
	return held[:min(len(held), legal.MaxSeals)], nil
}
