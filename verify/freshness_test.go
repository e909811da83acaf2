package verify

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

type known struct{ state *State }

func (k known) State(context.Context, string) (*State, error)                  { return k.state, nil }
func (k known) Practice(context.Context, string) (*credential.Practice, error) { return nil, nil }
func (k known) Evidence(context.Context, string, *legal.Request) error         { return nil }

// Old is never fresh, whatever else holds.
func TestFreshness(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	body, day := sample(t, "dcc-ob3-v2-eddsa-rdfc2022-valid.json"), 24*time.Hour
	for _, c := range []struct {
		name  string
		state *State
		edit  func(*Policy)
		want  verdict.Code
		out   verdict.Outcome
	}{
		{"no state, old list accepted", nil, nil, verdict.OK, verdict.Verified},
		{"no state, list too old", nil, func(p *Policy) { p.MaxStatusAge = day }, verdict.TooOld, verdict.Indeterminate},
		{"no state, last known accepted", nil, func(p *Policy) { p.MaxStatusAge, p.AcceptLastKnown = day, 20*365*day }, verdict.StoodOn, verdict.Verified},
		{"no state, last known not that old", nil, func(p *Policy) { p.MaxStatusAge, p.AcceptLastKnown = day, 2*day }, verdict.TooOld, verdict.Indeterminate},
		{"fresh head", &State{Published: now.Add(-day), Expires: now.Add(day)}, nil, verdict.OK, verdict.Verified},
		{"head too old", &State{Published: now.Add(-8 * day), Expires: now.Add(day)}, nil, verdict.TooOld, verdict.Indeterminate},
		{"head expired", &State{Published: now.Add(-2 * day), Expires: now.Add(-time.Second)}, nil, verdict.ExpiredHead, verdict.Indeterminate},
		{"final head never expires", &State{Published: now.Add(-30 * day), Final: true}, nil, verdict.OK, verdict.Verified},
		{"final head, lists too old", &State{Published: now.Add(-2 * day), Final: true}, func(p *Policy) { p.MaxStatusAge = day }, verdict.TooOld, verdict.Indeterminate},
		{"clock behind", &State{Published: now.Add(time.Hour), Expires: now.Add(day)}, nil, verdict.ClockBehind, verdict.Indeterminate},
		{"heads forked", &State{Published: now, Expires: now.Add(day), Contested: true}, nil, verdict.HeadForked, verdict.Indeterminate},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, p := dccVerifier(t), lenient(t)
			v.cfg.Issuers = known{c.state}
			if c.edit != nil {
				c.edit(&p)
			}
			got := v.Verify(t.Context(), body, p, time.Time{})
			row, _ := got.Worst(verdict.Freshness)
			if row.Code != c.want || got.Outcome != c.out {
				t.Errorf("%s, %s; want %s, %s", row.Code, got.Outcome, c.want, c.out)
			}
		})
	}
}
