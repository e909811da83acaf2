package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/store"
)

// The operations of who recognises others.
const (
	OpRecognizeMany = "recognize.many" // RecognizeManyRequest -> BatchResponse
	OpRecognizeList = "recognize.list" // RecognitionsRequest -> Recognitions
	OpRecognizedBy  = "recognize.by"   // RecognizedByRequest -> RecognizedBy
)

// MaxRecognize is the most lines of one RecognizeManyRequest, which is one
// transaction.
const MaxRecognize = 1000

// RecognizeManyRequest recognises many organisations by what the accreditor knows of
// them: nobody is asked. Nothing is published; publish.now does that.
type RecognizeManyRequest struct {
	Issuer string          `json:"issuer,omitempty"`
	Lines  []RecognizeLine `json:"lines"`
	DryRun bool            `json:"dryRun,omitempty"`
}

// RecognizeLine is one organisation.
type RecognizeLine struct {
	Line         int64              `json:"line"` // of the file, for messages
	DID          string             `json:"did"`
	Organisation legal.Organisation `json:"organisation"`
	Types        []string           `json:"types,omitempty"`
	Actions      []string           `json:"actions,omitempty"`
	From         string             `json:"from,omitempty"`
	Until        string             `json:"until,omitempty"`
}

// RecognitionsRequest asks for whom an issuer recognises, by pages of files.
type RecognitionsRequest struct {
	Issuer string `json:"issuer,omitempty"`
	DID    string `json:"did,omitempty"`   // only about this one
	After  string `json:"after,omitempty"` // the Next of the page before
}

// Recognitions is a page. Next is empty at the end.
type Recognitions struct {
	Rows []RecognitionRow `json:"rows"`
	Next string           `json:"next,omitempty"`
}

// RecognitionRow is one recognition: standing, ended, to come, or void.
type RecognitionRow struct {
	DID        string     `json:"did"`
	Name       string     `json:"name"`
	Identifier string     `json:"identifier"`
	Actions    []string   `json:"actions"`
	Types      []string   `json:"types"`
	From       *time.Time `json:"from,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
	State      string     `json:"state"`
	Path       string     `json:"path"`
	ID         string     `json:"id"`
}

// RecognizedByRequest names those who recognise an own issuer. They stand in what it
// signs (recognizedIn), so that others find the way from it up to a root. Nil only
// asks; an empty list names nobody.
type RecognizedByRequest struct {
	Issuer string   `json:"issuer,omitempty"`
	DIDs   []string `json:"dids"`
}

// RecognizedBy is who is named.
type RecognizedBy struct {
	DIDs []string `json:"dids"`
}

const aboveKey = "recognised-in:"

// recognisedIn reads who is named as recognising an own issuer.
func (n *Node) recognisedIn(ctx context.Context, subject string) ([]string, error) {
	var raw []byte
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		raw, err = tx.GetMeta(aboveKey + subject)
		return err
	})
	if isNotFound(err) || err == nil && len(raw) == 0 {
		return nil, nil
	}
	var out []string
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// setRecognisedIn names who recognises an own issuer, in its statement and in the
// recognitions that it signs from now on and those that stand.
func (n *Node) setRecognisedIn(ctx context.Context, q RecognizedByRequest) (RecognizedBy, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return RecognizedBy{}, err
	}
	if q.DIDs == nil {
		above, err := n.recognisedIn(ctx, is.Subject)
		return RecognizedBy{DIDs: append([]string{}, above...)}, err
	}
	if len(q.DIDs) > legal.MaxIn {
		return RecognizedBy{}, fmt.Errorf("%w: %d recognisers, at most %d", ErrRequest, len(q.DIDs), legal.MaxIn)
	}
	for _, d := range q.DIDs {
		if _, err := did.Parse(d); err != nil {
			return RecognizedBy{}, err
		}
		if subjectOf(d) == is.Subject {
			return RecognizedBy{}, fmt.Errorf("%w: nobody recognises itself", ErrRequest)
		}
	}
	raw, err := json.Marshal(q.DIDs)
	if err != nil {
		return RecognizedBy{}, err
	}
	if err := n.store.Update(ctx, is.Subject, func(tx store.Tx) error { return tx.PutMeta(aboveKey+is.Subject, raw) }); err != nil {
		return RecognizedBy{}, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return RecognizedBy{}, err
	}
	switch org, err := n.ownOrganisation(ctx, is.Subject); {
	case errors.Is(err, ErrIdentity):
		return RecognizedBy{}, fmt.Errorf("%w: state who the issuer is before", err)
	case err != nil:
		return RecognizedBy{}, err
	default:
		if err := n.writeWhois(ctx, is.Subject, h, org); err != nil {
			return RecognizedBy{}, err
		}
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{}); err != nil {
		return RecognizedBy{}, fmt.Errorf("it is recorded and not yet published: %w", err)
	}
	return RecognizedBy{DIDs: append([]string{}, q.DIDs...)}, nil
}

// recognize recognises another organisation, or shows its statement when that
// was not confirmed yet, or takes a recognition back.
func (n *Node) recognize(ctx context.Context, who Caller, q RecognizeRequest) (RecognizeResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return RecognizeResponse{}, err
	}
	if _, err := did.Parse(q.DID); err != nil {
		return RecognizeResponse{}, err
	}
	if q.Revoke {
		return n.unrecognize(ctx, is, who, q)
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
	line := RecognizeLine{DID: q.DID, Organisation: *org, Types: q.Types, Actions: q.Actions, From: q.From, Until: q.Until}
	rec, err := line.recognition(n.clock())
	if err != nil {
		return RecognizeResponse{}, err
	}
	if !q.Confirm {
		return RecognizeResponse{Statement: org}, nil
	}
	r, err := n.recogniser(ctx, is, who.actor(""))
	if err != nil {
		return RecognizeResponse{}, err
	}
	out := RecognizeResponse{Statement: org, Recognised: true}
	pairs, err := r.shelve(ctx, func(s *shelves) (err error) {
		// One by one each entity has its own file, as readers of plain folders expect,
		// unless it lies in a pack already.
		if out.Path = s.find(rep.Subject); out.Path == "" {
			out.Path = recognitionDir + legal.FileName(q.DID)
		}
		var body []byte
		out.Changed, body, err = s.add(rec, out.Path, true)
		out.Credential = body
		return err
	})
	if err != nil {
		return RecognizeResponse{}, err
	}
	if err := n.replica.SetClass(ctx, rep.Subject, store.ClassRecognised); err != nil {
		return RecognizeResponse{}, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{pairs: pairs}); err != nil {
		return RecognizeResponse{}, fmt.Errorf("the recognition is recorded and not yet published: %w", err)
	}
	return out, nil
}

// recognition makes a line what is to be signed. Errors: [ErrRequest] and those of
// legal.Organisation.Validate.
func (l RecognizeLine) recognition(now time.Time) (legal.Recognition, error) {
	now = now.UTC().Truncate(time.Second)
	r := legal.Recognition{Of: l.DID, Organisation: l.Organisation, Actions: l.Actions, Types: l.Types, ValidFrom: &now}
	if len(r.Actions) == 0 {
		r.Actions = []string{legal.ActionIssue}
	}
	for _, a := range r.Actions {
		if a != legal.ActionIssue && a != legal.ActionRecognize {
			return r, fmt.Errorf("%w: action %.80q is not issue or recognize", ErrRequest, a)
		}
	}
	if len(r.Types) > 32 {
		return r, fmt.Errorf("%w: %d types, at most 32", ErrRequest, len(r.Types))
	}
	u, err := did.ParseURL(l.DID)
	if err != nil {
		return r, err
	}
	if u.Path+u.Query+u.Fragment != "" {
		return r, fmt.Errorf("%w: %.200s names more than an identifier", ErrRequest, l.DID)
	}
	if l.From != "" {
		from, err := credential.DayOrTime(l.From)
		if err != nil {
			return r, fmt.Errorf("%w: from: %w", ErrRequest, err)
		}
		r.ValidFrom = &from
	}
	if l.Until != "" {
		until, err := credential.DayOrTime(l.Until)
		if err != nil {
			return r, fmt.Errorf("%w: until: %w", ErrRequest, err)
		}
		if !until.After(*r.ValidFrom) {
			return r, fmt.Errorf("%w: the recognition would end before it begins", ErrRequest)
		}
		r.ValidUntil = &until
	}
	return r, l.Organisation.Validate()
}

// unrecognize ends a recognition, or says that it was void from the start. What is
// ended or void stays in its file, so that anybody can see it.
func (n *Node) unrecognize(ctx context.Context, is store.Issuer, who Caller, q RecognizeRequest) (RecognizeResponse, error) {
	var asOf *time.Time
	if q.AsOf != "" {
		at, err := credential.DayOrTime(q.AsOf)
		if err != nil {
			return RecognizeResponse{}, fmt.Errorf("%w: as of: %w", ErrRequest, err)
		}
		asOf = &at
	}
	if !q.Confirm {
		return RecognizeResponse{}, fmt.Errorf("%w: taking back the recognition of %s", ErrConfirm, q.DID)
	}
	r, err := n.recogniser(ctx, is, who.actor(""))
	if err != nil {
		return RecognizeResponse{}, err
	}
	var out RecognizeResponse
	pairs, err := r.shelve(ctx, func(s *shelves) error {
		count, err := s.end(q.DID, asOf)
		out.Changed, out.Path = count > 0, s.find(subjectOf(q.DID))
		return err
	})
	if err != nil {
		return RecognizeResponse{}, err
	}
	if _, err := n.publish(ctx, is.Subject, publishOptions{pairs: pairs}); err != nil {
		return RecognizeResponse{}, fmt.Errorf("the change is recorded and not yet published: %w", err)
	}
	return out, nil
}

// errDry ends the transaction of a dry run.
var errDry = hint.New("node: a dry run", "Nothing was changed; run it again without --dry-run.")

// recognizeMany recognises many in one transaction, or says what would change.
func (n *Node) recognizeMany(ctx context.Context, who Caller, q RecognizeManyRequest) (BatchResponse, error) {
	out := BatchResponse{DryRun: q.DryRun, Failures: []BatchFailure{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if len(q.Lines) > MaxRecognize {
		return out, fmt.Errorf("%w: %d lines, at most %d at a time", ErrRequest, len(q.Lines), MaxRecognize)
	}
	r, err := n.recogniser(ctx, is, who.actor(""))
	if err != nil {
		return out, err
	}
	lines := slices.Clone(q.Lines)
	slices.SortStableFunc(lines, func(a, b RecognizeLine) int {
		return strings.Compare(RecognizeOrder(a.DID), RecognizeOrder(b.DID))
	})
	now := n.clock()
	_, err = r.shelve(ctx, func(s *shelves) error {
		out.Changed, out.Unchanged, out.Failed, out.Failures = 0, 0, 0, []BatchFailure{}
		for _, l := range lines {
			rec, err := l.recognition(now)
			changed := false
			if err == nil {
				changed, _, err = s.add(rec, s.fresh(subjectOf(l.DID)), l.From != "")
			}
			switch {
			case isLineFault(err):
				out.Failed++
				out.Failures = append(out.Failures, BatchFailure{Line: l.Line, Target: clip(l.DID), Error: err.Error(), Hint: hint.Of(err)})
			case err != nil:
				return err
			case changed:
				out.Changed++
			default:
				out.Unchanged++
			}
		}
		if q.DryRun {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return out, fmt.Errorf("node: recognize: nothing of these lines was done: %w", err)
	}
	slices.SortStableFunc(out.Failures, func(a, b BatchFailure) int { return int(a.Line - b.Line) })
	return out, nil
}

// isLineFault tells a line that is wrong from a node that cannot go on.
func isLineFault(err error) bool {
	for _, e := range []error{ErrRequest, did.ErrInvalid, legal.ErrOrganisation, legal.ErrIdentifier, legal.ErrNaturalPerson} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// recognitions lists whom an issuer recognises.
func (n *Node) recognitions(ctx context.Context, q RecognitionsRequest) (Recognitions, error) {
	out := Recognitions{Rows: []RecognitionRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	r := &recogniser{n: n, is: is}
	now := n.clock()
	err = n.store.View(ctx, func(tx store.Tx) error {
		out = Recognitions{Rows: []RecognitionRow{}}
		s, err := r.shelves(ctx, tx)
		if err != nil {
			return err
		}
		paths := slices.Sorted(maps.Keys(s.paths))
		if q.DID != "" {
			if paths = nil; s.find(subjectOf(q.DID)) != "" {
				paths = []string{s.find(subjectOf(q.DID))}
			}
		}
		last := ""
		for _, path := range paths {
			if path <= q.After {
				continue
			}
			if len(out.Rows) >= MaxRecognize {
				out.Next = last
				return nil
			}
			last = path
			list, err := s.load(path)
			if err != nil {
				return err
			}
			for _, k := range list {
				if !k.c.Has(legal.TypeRecognition) || q.DID != "" && k.of != subjectOf(q.DID) {
					continue
				}
				row, err := s.row(k, now)
				if err != nil {
					return err
				}
				row.Path = path
				out.Rows = append(out.Rows, row)
			}
		}
		return nil
	})
	return out, err
}

func (s *shelves) row(k kept, now time.Time) (RecognitionRow, error) {
	rec, err := k.recognition()
	if err != nil {
		return RecognitionRow{}, err
	}
	_, _, since, err := s.void(k)
	row := RecognitionRow{DID: rec.Of, Identifier: rec.Organisation.ID.String(), Actions: append([]string{}, rec.Actions...),
		Types: append([]string{}, rec.Types...), From: rec.ValidFrom, Until: rec.ValidUntil, State: "standing", ID: k.c.ID}
	if len(rec.Organisation.LegalNames) > 0 {
		row.Name = rec.Organisation.LegalNames[0].Value
	}
	switch {
	case since != nil:
		row.State = "void"
	case rec.ValidUntil != nil && now.After(*rec.ValidUntil):
		row.State = "ended"
	case rec.ValidFrom != nil && now.Before(*rec.ValidFrom):
		row.State = "to come"
	}
	return row, err
}

// RecognizeOrder is a text by which those whose recognitions lie in one file are next
// to each other.
func RecognizeOrder(id string) string { return legal.PackOrder(subjectOf(id)) }
