package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key/keystore"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
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
	statement, err := legal.SignStatement(ctx, legal.Statement{ID: id, DID: h.DID(), Organisation: org, ValidFrom: now, Seals: seals}, signer, method)
	if err != nil {
		return err
	}
	mandates, err := n.ownMandates(ctx, subject)
	if err != nil {
		return err
	}
	whois, err := legal.SignWhois(ctx, h.DID(), append([][]byte{statement}, mandates...), signer, method, now)
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
	signer, err := n.signer(subject, keystore.RoleCredential)
	if err != nil {
		return err
	}
	var drafts []store.Draft
	err = n.store.View(ctx, func(tx store.Tx) (err error) {
		drafts, err = tx.ListDrafts(subject)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if !strings.HasPrefix(d.Path, "recognition/") {
			continue
		}
		err := n.store.Update(ctx, subject, func(tx store.Tx) error {
			full, err := tx.GetDraft(subject, d.Path)
			if err != nil {
				return err
			}
			tree, err := strictjson.ParseObject(full.Body, strictjson.Limits{})
			if err != nil {
				return err
			}
			delete(tree, "proof")
			signed, err := signTree(ctx, tree, signer, h.DID()+"#"+signer.Public().Multikey(), n.clock())
			if err != nil {
				return err
			}
			return n.putDraft(tx, subject, d.Path, signed, time.Time{})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recognize recognises another organisation, or shows its statement when that
// was not confirmed yet, or takes a recognition back.
func (n *Node) recognize(ctx context.Context, q RecognizeRequest) (RecognizeResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return RecognizeResponse{}, err
	}
	subject := subjectOf(q.DID)
	path := "recognition/" + recognitionName(subject)
	if q.Revoke {
		return n.unrecognize(ctx, is, path, q)
	}
	rep, err := n.exchange.Acquire(ctx, q.DID, n.network(ctx))
	if err != nil {
		return RecognizeResponse{}, err
	}
	org := q.Organisation
	if org == nil {
		stated, err := n.statedBy(ctx, rep.Subject)
		if err != nil {
			return RecognizeResponse{}, err
		}
		org = &stated
	}
	if err := org.Validate(); err != nil {
		return RecognizeResponse{}, err
	}
	if !q.Confirm {
		return RecognizeResponse{Statement: org}, nil
	}
	body, err := n.signRecognition(ctx, is, path, q, *org)
	if err != nil {
		return RecognizeResponse{}, err
	}
	if err := n.replica.SetClass(ctx, rep.Subject, store.ClassRecognised); err != nil {
		return RecognizeResponse{}, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{}); err != nil {
		return RecognizeResponse{}, fmt.Errorf("the recognition is recorded and not yet published: %w", err)
	}
	return RecognizeResponse{Statement: org, Recognised: true, Path: path, Credential: body}, nil
}

// recognitionName is the name of a recognition's file: the subject itself,
// or, for one that is no file name, its digest.
func recognitionName(subject string) string {
	if !strings.ContainsAny(subject, ":%/") {
		return subject
	}
	return digestName(subject)
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

func (n *Node) signRecognition(ctx context.Context, is store.Issuer, path string, q RecognizeRequest, org legal.Organisation) ([]byte, error) {
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return nil, err
	}
	signer, err := n.signer(is.Subject, keystore.RoleCredential)
	if err != nil {
		return nil, err
	}
	id, err := n.newURN()
	if err != nil {
		return nil, err
	}
	from := n.clock()
	if q.From != "" {
		if from, err = credential.DayOrTime(q.From); err != nil {
			return nil, fmt.Errorf("%w: from: %w", ErrRequest, err)
		}
	}
	r := legal.Recognition{ID: id, By: h.DID(), ByName: is.Name, Of: q.DID, Organisation: org,
		Actions: []string{legal.ActionIssue}, Types: q.Types, ValidFrom: &from}
	if q.Until != "" {
		until, err := credential.DayOrTime(q.Until)
		if err != nil {
			return nil, fmt.Errorf("%w: until: %w", ErrRequest, err)
		}
		r.ValidUntil = &until
	}
	parsed, err := webvh.ParseID(h.DID())
	if err != nil {
		return nil, err
	}
	var body []byte
	_, err = n.book.Allocate(ctx, is.Subject, func(tx store.Tx, s revocation.Slot) error {
		url, err := n.listURL(tx, is.Subject, s.Lists[revocation.Revocation], parsed)
		if err != nil {
			return err
		}
		r.Status = []credential.StatusSlot{{List: url, Index: s.Index, Purpose: string(revocation.Revocation)}}
		if body, err = legal.SignRecognition(ctx, r, signer, h.DID()+"#"+signer.Public().Multikey()); err != nil {
			return err
		}
		if err := tx.PutIssued(store.Issued{Issuer: is.Subject, ID: id, List: s.Lists[revocation.Revocation], Index: s.Index,
			LocalRef: path, At: n.clock().UnixMilli(), Type: legal.TypeRecognition}); err != nil {
			return err
		}
		return n.putDraft(tx, is.Subject, path, body, time.Time{})
	})
	return body, err
}

// unrecognize takes a recognition back. Its status bit says that it was void
// from the start; the file stays, so that the bit can be seen.
func (n *Node) unrecognize(ctx context.Context, is store.Issuer, path string, q RecognizeRequest) (RecognizeResponse, error) {
	var d store.Draft
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		d, err = tx.GetDraft(is.Subject, path)
		return err
	})
	if isNotFound(err) {
		return RecognizeResponse{}, fmt.Errorf("%w: %s is not recognised here", ErrTarget, q.DID)
	}
	if err != nil {
		return RecognizeResponse{}, err
	}
	if !q.Confirm {
		return RecognizeResponse{}, fmt.Errorf("%w: taking back the recognition of %s", ErrConfirm, q.DID)
	}
	_, err = n.setStatus(ctx, Caller{Role: RoleOperator, By: "operator"}, StatusRequest{Issuer: is.DID, Credential: d.Body, Action: "revoke", Why: "recognition taken back", Now: true})
	return RecognizeResponse{Recognised: false, Path: path}, err
}
