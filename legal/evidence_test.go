package legal

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

// told is a source that answers with what a test says.
type told func(ctx context.Context, q Inquiry) ([]Evidence, []verdict.Check, error)

func (told) Kind() Kind { return KindRegister }

func (told) Concerns(Inquiry) bool { return true }

func (f told) About(ctx context.Context, q Inquiry) ([]Evidence, []verdict.Check, error) {
	return f(ctx, q)
}

func seal(level Level) Evidence {
	return Evidence{Kind: KindSeal, Level: level, By: "a seal", Organisation: organisation(), Join: "sealed-statement"}
}

// What a source says makes a level and fields; a source that fails, hangs, panics
// or says too much leaves what is known without it.
func TestSources(t *testing.T) {
	good := func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) {
		return []Evidence{seal(L6)}, nil, nil
	}
	for _, c := range []struct {
		name  string
		ask   told
		level Level
	}{
		{"answers", good, L6},
		{"has nothing", func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) { return nil, nil, nil }, L0},
		{"fails, with an answer beside the error", func(ctx context.Context, q Inquiry) ([]Evidence, []verdict.Check, error) {
			found, _, _ := good(ctx, q)
			return found, []verdict.Check{verdict.New(verdict.Issuer, verdict.Identified)}, errors.New("broken")
		}, L0},
		{"hangs until it is stopped", func(ctx context.Context, q Inquiry) ([]Evidence, []verdict.Check, error) {
			<-ctx.Done()
			return good(context.WithoutCancel(ctx), q)
		}, L0},
		{"panics", func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) { panic("out of range") }, L0},
		{"says too much", func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) {
			return make([]Evidence, maxEvidence+1), nil, nil
		}, L0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				id := Assess(t.Context(), Request{Issuer: "did:web:uni.example", At: time.Now(), Sources: []Source{c.ask}})
				row := verdict.Verdict{Checks: id.Checks}
				who, _ := row.Worst(verdict.Issuer)
				if id.Level() != c.level || (who.Result == verdict.Pass) != (c.level > L0) {
					t.Errorf("%s %+v", id.Level(), id.Checks)
				}
			})
		})
	}
}

// shy is a source that says that nothing concerns it, or fails to say so.
type shy struct {
	told
	breaks bool
}

func (s shy) Concerns(Inquiry) bool {
	if s.breaks {
		panic("out of range") // the fault that Assess has to survive
	}
	return false
}

// Whom nothing concerns is not asked; that it cannot say so lets it off nothing.
func TestConcerns(t *testing.T) {
	for _, breaks := range []bool{false, true} {
		asked := false
		s := shy{breaks: breaks, told: func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) {
			asked = true
			return []Evidence{seal(L6)}, nil, nil
		}}
		id := Assess(t.Context(), Request{Issuer: "did:web:uni.example", At: time.Now(), Sources: []Source{s}})
		if asked != breaks || (id.Level() == L6) != breaks {
			t.Errorf("breaks %v: asked %v, %s", breaks, asked, id.Level())
		}
	}
}

// Two sources that prove different numbers of one kind: both are shown and
// nothing is settled.
func TestConflict(t *testing.T) {
	other := seal(L3)
	other.Kind, other.By, other.Organisation.ID.Value = KindRegister, "a register", "A00000001"
	say := func(e Evidence) told {
		return func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) { return []Evidence{e}, nil, nil }
	}
	for _, c := range []struct {
		name string
		with Evidence
		want verdict.Code
	}{
		{"the same number", seal(L3), verdict.Identified},
		{"another number", other, verdict.EvidenceConflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := Assess(t.Context(), Request{Issuer: "did:web:uni.example", At: time.Now(), Sources: []Source{say(seal(L6)), say(c.with)}})
			if id.Checks[0].Code != c.want {
				t.Errorf("%+v", id.Checks)
			}
			n := 0
			for _, f := range id.Fields {
				if f.Name == verdict.FieldIdentifier {
					n++
				}
			}
			if both := c.want == verdict.EvidenceConflict; both != (n == 2) {
				t.Errorf("%+v", id.Fields)
			}
		})
	}
}

// A later source sees what an earlier one has proven, and only what stands.
func TestSourcesJoin(t *testing.T) {
	past := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name string
		edit func(*Evidence)
		want int
	}{
		{"proven", func(*Evidence) {}, 1},
		{"lapsed", func(e *Evidence) { e.Until = &past }, 0},
		{"of a level that proves nothing", func(e *Evidence) { e.Level = L2 }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, got := seal(L6), -1
			c.edit(&e)
			first := told(func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) { return []Evidence{e}, nil, nil })
			second := told(func(_ context.Context, q Inquiry) ([]Evidence, []verdict.Check, error) {
				got = len(q.Proven)
				return nil, nil, nil
			})
			Assess(t.Context(), Request{Issuer: "did:web:uni.example", At: time.Now(), Sources: []Source{first, second}})
			if got != c.want {
				t.Errorf("%d identifiers, want %d", got, c.want)
			}
		})
	}
}

// Evidence that has ended counts for the date that a credential claims only where the
// policy takes that date.
func TestEndedEvidence(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	end, claimed := now.AddDate(0, -1, 0), now.AddDate(0, -2, 0)
	e := seal(L6)
	for _, c := range []struct {
		name  string
		until *time.Time
		takes bool
		level Level
	}{
		{"stands", nil, false, L6},
		{"has ended", &end, false, L0},
		{"has ended, and the policy takes the claimed date", &end, true, L6},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Until = c.until
			source := told(func(context.Context, Inquiry) ([]Evidence, []verdict.Check, error) { return []Evidence{e}, nil, nil })
			id := Assess(t.Context(), Request{Issuer: "did:web:uni.example", At: now, IssuedAt: &claimed, ClaimedDate: c.takes, Sources: []Source{source}})
			if (id.Checks[0].Result == verdict.Pass) != (c.level > L0) || id.Level() != c.level || len(id.Evidence) != 1 || !id.Evidence[0].WhenIssued {
				t.Errorf("%s %+v %+v", id.Level(), id.Checks, id.Evidence)
			}
		})
	}
}
