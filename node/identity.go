package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/store"
)

const identityKey = "identity:"

// identitySet states who an issuer is in law: a credential about itself, in
// the presentation at whois.vp.
func (n *Node) identitySet(ctx context.Context, q IdentityRequest) (IdentityResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return IdentityResponse{}, err
	}
	if err := q.Organisation.Validate(); err != nil {
		return IdentityResponse{}, err
	}
	if wrong := q.Organisation.WrongDigits(); len(wrong) > 0 && !q.Force {
		return IdentityResponse{}, fmt.Errorf("%w: %s", legal.ErrCheckDigits, strings.Join(wrong, ", "))
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return IdentityResponse{}, err
	}
	if err := n.writeWhois(ctx, is.Subject, h, q.Organisation); err != nil {
		return IdentityResponse{}, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{}); err != nil {
		return IdentityResponse{}, fmt.Errorf("the statement is recorded and not yet published: %w", err)
	}
	return n.identityShow(ctx, IdentityShowRequest{DID: h.DID()})
}

// writeWhois drafts whois.vp and remembers the statement, so that it can be
// signed again under a new key.
func (n *Node) writeWhois(ctx context.Context, subject string, h *webvh.History, org legal.Organisation) error {
	signer, err := n.signer(subject, keystore.RoleCredential)
	if err != nil {
		return err
	}
	method := h.DID() + "#" + signer.Public().Multikey()
	id, err := n.newURN()
	if err != nil {
		return err
	}
	now := n.clock()
	seals, err := n.ownSeals(ctx, subject)
	if err != nil {
		return err
	}
	above, err := n.recognisedIn(ctx, subject)
	if err != nil {
		return err
	}
	statement, err := legal.SignStatement(ctx, legal.Statement{ID: id, DID: h.DID(), Organisation: org, ValidFrom: now, Seals: seals, In: above}, signer, method)
	if err != nil {
		return err
	}
	whois, err := legal.SignWhois(ctx, h.DID(), [][]byte{statement}, signer, method, now)
	if err != nil {
		return err
	}
	plain, err := marshal(org)
	if err != nil {
		return err
	}
	return n.store.Update(ctx, subject, func(tx store.Tx) error {
		if err := tx.PutMeta(identityKey+subject, plain); err != nil {
			return err
		}
		is, err := tx.GetIssuer(subject)
		if err != nil {
			return err
		}
		if is.Name == "" {
			is.Name = org.LegalNames[0].Value
			if err := tx.PutIssuer(is); err != nil {
				return err
			}
		}
		if _, err := tx.AppendAudit(store.Audit{Issuer: subject, At: now.UnixMilli(), Actor: "operator", Action: "identity.set", Target: org.ID.String()}); err != nil {
			return err
		}
		return n.putDraft(tx, subject, replica.PathWhois, whois, time.Time{})
	})
}

// ownOrganisation reads back what an issuer of this node stated.
func (n *Node) ownOrganisation(ctx context.Context, subject string) (legal.Organisation, error) {
	var org legal.Organisation
	var plain []byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		plain, err = tx.GetMeta(identityKey + subject)
		return err
	})
	if isNotFound(err) || err == nil && len(plain) == 0 {
		return org, fmt.Errorf("%w: %s", ErrIdentity, subject)
	}
	if err != nil {
		return org, err
	}
	return org, strictUnmarshal(plain, &org)
}

// resignStatements signs the statement and the recognitions again after the
// credential key has changed.
func (n *Node) resignStatements(ctx context.Context, subject string, h *webvh.History) error {
	org, err := n.ownOrganisation(ctx, subject)
	switch {
	case errors.Is(err, ErrIdentity):
	case err != nil:
		return err
	default:
		if err := n.writeWhois(ctx, subject, h, org); err != nil {
			return err
		}
	}
	return n.resignRecognitions(ctx, subject, h)
}

// statedBy reads what an organisation says about itself in a held folder.
func (n *Node) statedBy(ctx context.Context, subject string) (legal.Organisation, error) {
	v, err := n.replica.File(ctx, subject, replica.PathWhois)
	if err != nil || v.State != replica.Current {
		return legal.Organisation{}, fmt.Errorf("%w: %s publishes no statement", ErrIdentity, subject)
	}
	inside, err := legal.ReadWhois(ctx, v.Body, func(id string) bool { return subjectOf(id) == subject }, n.checkOptions(ctx, n.clock()))
	if err != nil {
		return legal.Organisation{}, err
	}
	for _, c := range inside {
		if c.OK && c.Credential.Has(legal.TypeStatement) {
			return legal.ReadStatement(c.Credential)
		}
	}
	return legal.Organisation{}, fmt.Errorf("%w: %s states nothing about itself", ErrIdentity, subject)
}
