package register

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// maxTold bounds the decisions of one issuer in a verdict; the newest are told.
const maxTold = 50

// quality says what the decisions about an entry come to, now and at the issuing
// date, newest first. Rows name what was kept from counting.
func (b *Book) quality(e Entry, q legal.Inquiry, age time.Duration) (out []verdict.QualityView, rows []verdict.Check) {
	list := slices.Clone(e.Decisions)
	slices.SortStableFunc(list, func(x, y Decision) int { return y.From.T.Compare(x.From.T) })
	lapsed, programmes, negative := 0, 0, 0
	for i, d := range list {
		if i == maxTold {
			break
		}
		v := verdict.QualityView{Register: b.Name, Record: d.Report, Agency: d.Agency, Activity: d.Activity, Status: d.Status, Decision: d.Decision,
			Negative: d.Outcome == Negative, From: d.From.Start(), Until: d.Until.End(), UntilAssumed: d.UntilAssumed, Programmes: d.Programmes,
			Digest: digest(d.Observed)}
		if v.Negative && d.UntilAssumed { // an end that nobody decided excuses nothing
			v.Until, v.UntilAssumed = nil, false
		}
		at := d.Observed.RetrievedAt
		v.Observed = &at
		if next := b.replacedBy(d, list); next != nil && (v.Until == nil || next.Before(*v.Until)) {
			v.Until, v.UntilAssumed = next, false
		}
		why := b.bars(d)
		counts := func(t time.Time) bool {
			return why == "" && !t.Before(*v.From) && (v.Until == nil || !t.After(*v.Until)) && !t.After(at.Add(age))
		}
		v.Now, v.WhenIssued = counts(q.At), q.IssuedAt != nil && counts(*q.IssuedAt)
		v.Why = why
		if why == whyAgency {
			lapsed++
		}
		if d.level() == Programme && (v.WhenIssued || q.IssuedAt == nil && v.Now) {
			programmes++
			if v.Negative {
				negative++
			}
		}
		out = append(out, v)
	}
	if lapsed > 0 {
		rows = append(rows, verdict.New(verdict.Quality, verdict.AgencyNotRegistered).With("register", b.Name).With("decisions", strconv.Itoa(lapsed)).From("file"))
	}
	if programmes > 0 {
		rows = append(rows, verdict.New(verdict.Quality, verdict.QualityProgrammes).With("register", b.Name).With("decisions", strconv.Itoa(programmes)).
			With("negative", strconv.Itoa(negative)).From("file"))
	}
	return out, rows
}

// Why a decision does not count.
const (
	whyAgency = "agency_not_registered"
	whyNone   = "no_decision"
)

// bars tells why a decision counts at no time. A negative one is not excused by
// what its agency lacks.
func (b *Book) bars(d Decision) string {
	switch d.Outcome {
	case Negative:
		return ""
	case Positive, Conditional:
	default:
		return whyNone
	}
	from, until, known := b.agency(d)
	if !known || d.From.T.Before(*from.Start()) || until != nil && d.From.T.After(*until.End()) {
		return whyAgency
	}
	return ""
}

// level tells whether a decision is about the institution or about programmes.
func (d Decision) level() string {
	if strings.HasPrefix(d.Activity, Institutional) {
		return Institutional
	}
	return Programme
}

// replacedBy finds when a later decision took the place of a negative one: by the
// same agency, of the same kind, about the same programmes, and one that counts.
// Only then does a negative decision end before its term.
func (b *Book) replacedBy(d Decision, list []Decision) *time.Time {
	if d.Outcome != Negative {
		return nil
	}
	var first *time.Time
	for _, later := range list {
		if later.From.T.After(d.From.T) && later.Outcome != Negative && b.bars(later) == "" && later.Agency == d.Agency && later.AgencyID == d.AgencyID &&
			later.Activity == d.Activity && slices.Equal(later.Programmes, d.Programmes) {
			if t := later.From.T.Add(-time.Second); first == nil || t.Before(*first) {
				first = &t
			}
		}
	}
	return first
}
