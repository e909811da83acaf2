package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// Anchors tell what a chain that nobody controls says about the state that is
// held of an issuer. An anchor never makes a verdict better than it would be
// without: at most it proves that a signature is older than the removal of its
// key.
type Anchors interface {
	// Standing returns one row for each account that speaks for the issuer; none
	// where it names none, or where no chain is configured.
	Standing(ctx context.Context, issuer string) ([]Anchor, error)
	// ExistedBy returns the time of a final block before which a body existed, by
	// a proof that was handed in; false where there is none that holds.
	ExistedBy(ctx context.Context, body []byte) (time.Time, bool)
}

// AnchorState is how what is held stands to what is anchored.
type AnchorState uint8

// The states. The zero value is that nothing is known.
const (
	AnchorUnknown  AnchorState = iota
	AnchorStands               // what is held is the anchored state, or comes after it
	AnchorNone                 // the account has anchored nothing yet
	AnchorNewer                // a newer state is anchored than is held
	AnchorOther                // another state is anchored in the place of the held one
	AnchorBehind               // the proof of the batch is too old
	AnchorUnproven             // there is no proof of a batch, or none that holds
)

// Anchor is what one account says.
type Anchor struct {
	State   AnchorState
	Grade   string
	Account string // CAIP-10
	Order   string // log version / sequence
	Block   uint64
	Time    time.Time
	Batches uint64 // that were written after the proof
	Why     string // of what is unknown or unproven
}

// anchors adds what the chain says about the issuer's state. A credential that
// fails already is none that anybody should be asked about.
func (r *run) anchors(ctx context.Context, c *credential.Credential) {
	for _, row := range r.out.Checks {
		if row.Result == verdict.Fail {
			return
		}
	}
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Freshness, code) }
	var list []Anchor
	var err error
	if r.v.cfg.Anchors != nil {
		list, err = r.v.cfg.Anchors.Standing(ctx, c.Issuer)
	}
	if err != nil {
		r.add(r.unchecked(row(verdict.AnchorUnchecked).With("detail", err.Error())))
		return
	}
	spoke := false
	for _, a := range list {
		r.add(r.anchored(a))
		spoke = spoke || a.State == AnchorStands
	}
	if r.p.DemandAnchor && !spoke {
		r.add(row(verdict.NotAnchored))
	}
}

// unchecked does not stand in the way unless the policy demands an anchor.
func (r *run) unchecked(row verdict.Check) verdict.Check {
	if r.p.DemandAnchor {
		return row.As(verdict.Unknown)
	}
	return row
}

// codes of the states; a state that is not among them is unknown.
var anchorCodes = map[AnchorState]verdict.Code{
	AnchorStands: verdict.Anchored, AnchorNewer: verdict.AnchoredNewer, AnchorOther: verdict.AnchoredOther,
	AnchorBehind: verdict.AnchorBehind, AnchorUnproven: verdict.AnchorUnproven, AnchorNone: verdict.AnchorUnused,
}

func (r *run) anchored(a Anchor) verdict.Check {
	code, known := anchorCodes[a.State]
	if !known {
		code = verdict.AnchorUnchecked
	}
	row := verdict.New(verdict.Freshness, code).From(a.Account).With("grade", a.Grade)
	if a.Order != "" {
		row = row.With("order", a.Order)
	}
	if a.Block != 0 {
		row = row.With("block", fmt.Sprint(a.Block)).With("at", proof.FormatTime(a.Time))
	}
	if a.Batches != 0 {
		row = row.With("batches", fmt.Sprint(a.Batches))
	}
	if a.Why != "" {
		row = row.With("detail", a.Why)
	}
	if code == verdict.AnchorUnchecked {
		row = r.unchecked(row)
	}
	return row
}

// retiredBefore lets a key that was retired count where a proof shows that the
// credential existed before its removal.
func (r *run) retiredBefore(ctx context.Context, body []byte) func(method string, removed time.Time) bool {
	if r.v.cfg.Anchors == nil {
		return nil
	}
	return func(_ string, removed time.Time) bool {
		if removed.IsZero() {
			return false
		}
		at, ok := r.v.cfg.Anchors.ExistedBy(ctx, body)
		return ok && at.Before(removed)
	}
}
