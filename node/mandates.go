package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

// MandateRequest publishes a mandate that an awarding body gave an issuer of this
// node, or takes those of one body out. With neither, what is published is listed.
type MandateRequest struct {
	Issuer     string          `json:"issuer,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`
	Remove     string          `json:"remove,omitempty"` // DID of the awarding body
}

// MandateResponse lists the mandates that are published.
type MandateResponse struct {
	Mandates []MandateRow `json:"mandates"`
}

// MandateRow is one mandate.
type MandateRow struct {
	By    string     `json:"by"`
	Types []string   `json:"types,omitempty"`
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

const mandatesKey = "mandates:"

// Bounds of the mandates in one presentation, which has 256 KiB in all.
const (
	maxOwnMandates = 8
	maxMandate     = 8 << 10
)

// ownMandates are the mandates that an issuer of this node publishes.
func (n *Node) ownMandates(ctx context.Context, subject string) ([][]byte, error) {
	var plain []byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		plain, err = tx.GetMeta(mandatesKey + subject)
		return err
	})
	if isNotFound(err) || err == nil && len(plain) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out [][]byte
	return out, json.Unmarshal(plain, &out)
}

// identityMandate publishes mandates beside the issuer's statement about itself. One
// that does not hold, or is about somebody else, is refused.
func (n *Node) identityMandate(ctx context.Context, q MandateRequest) (MandateResponse, error) {
	out := MandateResponse{Mandates: []MandateRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if len(q.Credential) > 0 && q.Remove != "" {
		return out, fmt.Errorf("%w: add or remove, one of them", ErrRequest)
	}
	list, err := n.ownMandates(ctx, is.Subject)
	if err != nil {
		return out, err
	}
	read := func(b []byte) (legal.Mandate, *credential.Checked, error) {
		c := credential.Check(ctx, b, n.checkOptions(ctx, n.clock()))
		if c.Credential == nil {
			return legal.Mandate{}, c, fmt.Errorf("%w: it cannot be read", legal.ErrMandate)
		}
		m, err := legal.ReadMandate(c.Credential)
		return m, c, err
	}
	before := len(list)
	switch {
	case len(q.Credential) > 0:
		m, c, err := read(q.Credential)
		if err != nil {
			return out, err
		}
		if subjectOf(m.Of) != is.Subject || len(q.Credential) > maxMandate || before == maxOwnMandates {
			return out, fmt.Errorf("%w: it is about %.200s; at most %d of %d bytes are published", legal.ErrMandate, m.Of, maxOwnMandates, maxMandate)
		}
		for _, name := range []verdict.CheckName{verdict.Format, verdict.Integrity, verdict.Signer} {
			if row := c.Row(name); row.Result != verdict.Pass && row.Result != verdict.Warn {
				return out, fmt.Errorf("%w: %s: %s", legal.ErrMandate, name, row.Code)
			}
		}
		list = append(list, q.Credential)
	case q.Remove != "":
		list = slices.DeleteFunc(list, func(b []byte) bool {
			m, _, err := read(b)
			return err != nil || subjectOf(m.By) == subjectOf(q.Remove)
		})
		if len(list) == before {
			return out, fmt.Errorf("%w: no mandate of %.200s is published", ErrTarget, q.Remove)
		}
	}
	if len(list) != before {
		if err := n.publishMandates(ctx, is.Subject, list); err != nil {
			return out, err
		}
	}
	for _, b := range list {
		if m, _, err := read(b); err == nil {
			out.Mandates = append(out.Mandates, MandateRow{m.By, m.Types, m.From, m.Until})
		}
	}
	return out, nil
}

func (n *Node) publishMandates(ctx context.Context, subject string, list [][]byte) error {
	org, err := n.ownOrganisation(ctx, subject)
	if err != nil {
		return err
	}
	plain, err := marshal(list)
	if err != nil {
		return err
	}
	err = n.store.Update(ctx, subject, func(tx store.Tx) error { return tx.PutMeta(mandatesKey+subject, plain) })
	if err != nil {
		return err
	}
	h, err := n.ownLog(ctx, subject)
	if err != nil {
		return err
	}
	if err := n.writeWhois(ctx, subject, h, org); err != nil {
		return err
	}
	if _, err := n.publish(ctx, subject, publishOptions{}); err != nil {
		return fmt.Errorf("the mandates are recorded and not yet published: %w", err)
	}
	return nil
}
