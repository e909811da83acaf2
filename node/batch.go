package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// opOf is the change of status that an action stands for.
func opOf(action string) (revocation.Op, error) {
	switch action {
	case "revoke":
		return revocation.Op{Purpose: revocation.Revocation, Set: true}, nil
	case "suspend":
		return revocation.Op{Purpose: revocation.Suspension, Set: true}, nil
	case "reinstate":
		return revocation.Op{Purpose: revocation.Suspension}, nil
	case "unrevoke", "restore":
		return revocation.Op{}, revocation.ErrFinal
	}
	return revocation.Op{}, fmt.Errorf("%w: action %.80q is not revoke, suspend or reinstate", ErrRequest, action)
}

// setMany changes many statuses in one transaction, or says what would change.
func (n *Node) setMany(ctx context.Context, who Caller, q BatchRequest) (BatchResponse, error) {
	out := BatchResponse{DryRun: q.DryRun, Failures: []BatchFailure{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if len(q.Lines) > MaxBatch {
		return out, fmt.Errorf("%w: %d lines, at most %d at a time", ErrRequest, len(q.Lines), MaxBatch)
	}
	fail := func(line BatchLine, err error) {
		out.Failed++
		out.Failures = append(out.Failures, BatchFailure{Line: line.Line, Target: clip(line.Target), Error: err.Error(), Hint: hint.Of(err)})
	}
	var ops []revocation.Op
	var from []int // the line of each op
	err = n.store.View(ctx, func(tx store.Tx) error {
		ops, from, out.Failed, out.Failures = nil, nil, 0, []BatchFailure{}
		for i, line := range q.Lines {
			op, err := opOf(orElse(line.Action, q.Action))
			if err == nil {
				op.List, op.Index, err = targetIn(tx, is.Subject, line.Target)
			}
			switch {
			case errors.Is(err, ErrTarget), errors.Is(err, ErrRequest), errors.Is(err, revocation.ErrFinal):
				fail(line, err)
				continue
			case err != nil:
				return err
			}
			op.By, op.Why = who.actor(q.By), orElse(line.Why, q.Why)
			ops, from = append(ops, op), append(from, i)
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	do := n.book.SetMany
	if q.DryRun {
		do = n.book.TryMany
	}
	done, err := do(ctx, is.Subject, ops)
	if err != nil {
		return out, fmt.Errorf("node: batch: nothing of it was done: %w", err)
	}
	for i, d := range done {
		switch {
		case d.Err != nil:
			fail(q.Lines[from[i]], d.Err)
		case d.Changed:
			out.Changed++
		default:
			out.Unchanged++
		}
	}
	if out.Changed > 0 && !q.DryRun {
		next := n.nextPublication()
		out.Next = &next
	}
	return out, nil
}

// nextPublication is when every list will have had its slot.
func (n *Node) nextPublication() time.Time {
	cadence, step := n.grid()
	return n.clock().UTC().Truncate(step).Add(cadence)
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}

// place reads LIST#INDEX. ok is false for what does not look like it.
func place(name string) (list, index int64, ok bool, err error) {
	l, i, cut := strings.Cut(name, "#")
	if !cut || l == "" || strings.Trim(l, "0123456789") != "" {
		return 0, 0, false, nil
	}
	list, errList := strconv.ParseInt(l, 10, 64)
	index, errIndex := strconv.ParseInt(i, 10, 64)
	if errList != nil || errIndex != nil || list < 1 || index < 0 {
		return 0, 0, true, fmt.Errorf("%w: %.200q is not LIST#INDEX", ErrTarget, name)
	}
	return list, index, true, nil
}

// targetIn finds the place of a credential by LIST#INDEX, by its id, or by an own
// reference that only one has. The error is ErrTarget, or the store's.
func targetIn(tx store.Tx, subject, name string) (list, index int64, err error) {
	list, index, ok, err := place(name)
	if ok || err != nil {
		return list, index, err
	}
	if name == "" || len(name) > store.MaxKeyLen {
		return 0, 0, fmt.Errorf("%w: %.200q", ErrTarget, name)
	}
	row, err := tx.GetIssued(subject, name)
	if errors.Is(err, store.ErrNotFound) {
		rows, err := tx.FindIssued(subject, store.IssuedKey{LocalRef: name})
		switch {
		case err != nil:
			return 0, 0, err
		case len(rows) == 0:
			return 0, 0, fmt.Errorf("%w: %.200q", ErrTarget, name)
		case len(rows) > 1:
			return 0, 0, fmt.Errorf("%w: %d credentials have the reference %.200q", ErrTarget, len(rows), name)
		}
		row = rows[0]
	} else if err != nil {
		return 0, 0, err
	}
	if row.List < 0 {
		return 0, 0, fmt.Errorf("%w: %s was issued without a status", ErrTarget, row.ID)
	}
	return row.List, row.Index, nil
}

// What one request looks through of the trail.
const (
	maxLogRows = 1000
	maxLogScan = 100_000
)

// showLog shows lines of the audit trail.
func (n *Node) showLog(ctx context.Context, q LogRequest) (LogResponse, error) {
	out := LogResponse{Rows: []LogRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if q.Limit <= 0 || q.Limit > maxLogRows {
		q.Limit = maxLogRows
	}
	var since, until time.Time
	for _, bound := range []struct {
		name, text string
		to         *time.Time
	}{{"since", q.Since, &since}, {"until", q.Until, &until}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, err = credential.DayOrTime(bound.text); err != nil {
			return out, fmt.Errorf("%w: %s: %w", ErrRequest, bound.name, err)
		}
	}
	err = n.store.View(ctx, func(tx store.Tx) error {
		out = LogResponse{Rows: []LogRow{}}
		targets := map[string]bool{q.Target: true}
		if q.Target != "" {
			list, index, err := targetIn(tx, is.Subject, q.Target)
			if err != nil && !errors.Is(err, ErrTarget) {
				return err
			}
			if err == nil { // either list of the pair
				odd := list - (list+1)%2
				for l := odd; l <= odd+1; l++ {
					targets[fmt.Sprintf("%d#%d", l, index)] = true
				}
			}
		}
		after, seen := q.After, 0
		for seen < maxLogScan {
			page, err := tx.ListAudit(is.Subject, after, maxLogRows)
			if err != nil || len(page) == 0 {
				out.Next = 0
				return err
			}
			for _, a := range page {
				after, seen = a.Seq, seen+1
				at := time.UnixMilli(a.At)
				if q.Action != "" && a.Action != q.Action || q.By != "" && !strings.Contains(a.Actor, q.By) ||
					q.Target != "" && !targets[a.Target] || !since.IsZero() && at.Before(since) || !until.IsZero() && at.After(until) {
					continue
				}
				out.Rows = append(out.Rows, LogRow{Seq: a.Seq, At: proof.FormatTime(at), By: a.Actor, Action: a.Action, Target: a.Target, Why: a.Detail})
				if len(out.Rows) == q.Limit {
					out.Next = after
					return nil
				}
			}
			out.Next = after
		}
		return nil
	})
	return out, err
}
