package register

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

const issuer = "did:webvh:QmfGEUAcMpzo25kF2Rhn8L5FAXysfGnkzjwdKoNPi615XQ:uni.example"

var (
	now      = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	issuedAt = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

// world is a case that joins by VAT and has a decision that counts; each test
// changes one thing.
type world struct {
	book   *Book
	axes   Accepted
	req    legal.Request
	proven []legal.Identifier
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b := read(t, FormatJSON, []byte(`{"entries":[{"record":"R1","names":[{"value":"Universidad de Ejemplo","lang":"es"},{"value":"Escuela de Ejemplo","until":"2026-06-30"}],
"seat":{"country":"ES"},"identifiers":[{"scheme":"VAT","country":"ES","value":"A00000000"}],"domains":["uni.example"],
"decisions":[{"report":"Q1","agency":"Agency","agencyId":"A1","activity":"institutional","decision":"positive","outcome":"positive","from":"2022-03-01","until":"2028-02-28"}]}],
"agencies":[{"id":"A1","name":"Agency","from":"2015-01-01","until":"2025-12-31"}]}`))
	book := &Book{Name: "deqar", Format: FormatJSON}
	if _, err := book.Merge(b, File{}); err != nil {
		t.Fatal(err)
	}
	vat := legal.Identifier{Scheme: "VAT", Country: "ES", Value: "a 0000.0000"}
	return &world{book: book, axes: Accepted{Book: book, Identity: true, Quality: true}, proven: []legal.Identifier{vat},
		req: legal.Request{Issuer: issuer, At: now, IssuedAt: &issuedAt, Domain: "uni.example"}}
}

// seal is a source before: it proves a number.
type seal struct{ ids []legal.Identifier }

func (seal) Kind() legal.Kind { return legal.KindSeal }

func (seal) Concerns(legal.Inquiry) bool { return true }

func (s seal) About(context.Context, legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	if len(s.ids) == 0 {
		return nil, nil, nil
	}
	return []legal.Evidence{{Kind: legal.KindSeal, Level: legal.L5, By: "a seal", Organisation: legal.Organisation{ID: s.ids[0]}, Identifiers: s.ids[1:], Join: "x5t#S256"}}, nil, nil
}

func (w *world) assess(t *testing.T) legal.Identity {
	t.Helper()
	w.req.Sources = []legal.Source{seal{w.proven}, Source{Registers: []Accepted{w.axes}}}
	return legal.Assess(t.Context(), w.req)
}

func row(id legal.Identity, name verdict.CheckName) verdict.Check {
	r, _ := verdict.Verdict{Checks: id.Checks}.Worst(name)
	return r
}

func codes(id legal.Identity) (out []string) {
	for _, c := range id.Checks {
		out = append(out, string(c.Code))
	}
	return out
}

// An entry is joined by a stated rule or not at all; each rule is reached, and lost
// by one change.
func TestJoins(t *testing.T) {
	domain := func(w *world) { w.proven, w.req.DomainProven = nil, true }
	named := func(w *world) { w.proven, w.book.Entries[0].DIDs = nil, []string{issuer} }
	for _, c := range []struct {
		name string
		edit func(*world)
		join string // "": none
	}{
		{"VAT that the seal proves", func(*world) {}, "vat=proven"},
		{"VAT that nothing proves", func(w *world) { w.proven = nil }, ""},
		{"another VAT", func(w *world) { w.proven[0].Value = "A00000001" }, ""},
		{"the same number in another country", func(w *world) { w.proven[0].Country = "PT" }, ""},
		{"an identifier that ended", func(w *world) { w.book.Entries[0].Identifiers[0].Until = day(now.AddDate(-1, 0, 0)) }, ""},
		{"the register names the DID", named, JoinDID},
		{"the register names another DID", func(w *world) { named(w); w.req.Issuer = strings.Replace(issuer, "uni.", "une.", 1) }, ""},
		{"the domain, seen at its origin", domain, JoinDomain},
		{"the domain, claimed only: a did:webvh minted for a university and never hosted there",
			func(w *world) { domain(w); w.req.DomainProven = false }, ""},
		{"below a path of the domain: somebody's web space", func(w *world) { domain(w); w.req.Issuer += ":~eve" }, ""},
		{"another domain", func(w *world) { domain(w); w.book.Entries[0].Domains = []string{"une.example"} }, ""},
		{"a domain below it", func(w *world) {
			domain(w)
			w.req.Domain, w.req.Issuer = "eve.uni.example", strings.Replace(issuer, "uni.", "eve.uni.", 1)
		}, ""},
		{"the name only", func(w *world) { w.proven, w.book.Entries[0].Domains = nil, nil }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.edit(w)
			id := w.assess(t)
			got := ""
			for _, e := range id.Evidence {
				if e.Kind == string(legal.KindRegister) {
					got = e.Join
				}
			}
			if got != c.join {
				t.Fatalf("joined by %q, want %q", got, c.join)
			}
			if q := row(id, verdict.Quality).Code; (q == verdict.QualityEvidence) != (c.join != "") {
				t.Errorf("quality is %s", q)
			}
			if slices.Contains(id.Levels, legal.L3) != (c.join != "") {
				t.Errorf("levels %v", id.Levels)
			}
			if who := row(id, verdict.Issuer).Code; c.join == "" && len(w.proven) == 0 && who != verdict.NotIdentified && who != verdict.DomainClaimedOnly {
				t.Errorf("issuer is %s", who)
			}
		})
	}
}

// Two records that match are shown, and neither counts.
func TestAmbiguous(t *testing.T) {
	w := newWorld(t)
	other := w.book.Entries[0]
	other.Record = "R2"
	w.book.Entries = append(w.book.Entries, other)
	id := w.assess(t)
	if !slices.Contains(codes(id), string(verdict.RegisterAmbiguous)) || slices.Contains(id.Levels, legal.L3) || row(id, verdict.Quality).Code != verdict.NoQualityEvidence {
		t.Errorf("%v %v", id.Levels, codes(id))
	}
	for _, c := range id.Checks {
		if c.Code == verdict.RegisterAmbiguous && c.Params["records"] != "R1, R2" {
			t.Errorf("%v", c.Params)
		}
	}
}

// What decisions come to, each by one change from one that counts.
func TestQuality(t *testing.T) {
	d := func(w *world) *Decision { return &w.book.Entries[0].Decisions[0] }
	again := func(edit func(*Decision)) func(*world) {
		return func(w *world) {
			n := *d(w)
			n.Report, n.From = "Q2", day(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
			edit(&n)
			w.book.Entries[0].Decisions = append(w.book.Entries[0].Decisions, n)
		}
	}
	negative := func(x *Decision) { x.Outcome, x.Decision = Negative, "negative" }
	for _, c := range []struct {
		name  string
		edit  func(*world)
		code  verdict.Code
		extra verdict.Code // a further row; "": none
	}{
		{"positive", func(*world) {}, verdict.QualityEvidence, ""},
		{"with conditions", func(w *world) { d(w).Outcome = Conditional }, verdict.QualityEvidence, ""},
		{"negative", func(w *world) { negative(d(w)) }, verdict.QualityNegative, ""},
		{"negative, its agency not registered: no excuse", func(w *world) { negative(d(w)); w.book.Agencies = nil }, verdict.QualityNegative, ""},
		{"negative beside positive", again(negative), verdict.QualityNegative, ""},
		{"negative, replaced since", func(w *world) { negative(d(w)); again(func(x *Decision) { x.Outcome = Positive })(w) }, verdict.QualityEvidence, ""},
		{"negative, replaced by another agency", func(w *world) {
			again(func(x *Decision) { x.AgencyFrom = day(time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)); x.Agency = "Other" })(w)
			negative(d(w))
		}, verdict.QualityNegative, ""},
		{"negative, replaced after the issuing date", func(w *world) {
			negative(d(w))
			again(func(x *Decision) {
				x.Outcome, x.AgencyFrom, x.From = Positive, d(w).From, day(issuedAt.AddDate(0, 2, 0))
			})(w)
		}, verdict.QualityNegative, ""},
		{"negative, long ago, with an end that nobody decided", func(w *world) {
			negative(d(w))
			d(w).From, d(w).Until, d(w).UntilAssumed = day(issuedAt.AddDate(-9, 0, 0)), day(issuedAt.AddDate(-3, 0, 0)), true
		}, verdict.QualityNegative, ""},
		{"no decision", func(w *world) { d(w).Outcome = None }, verdict.NoQualityEvidence, ""},
		{"ended before the issuing date", func(w *world) { d(w).Until = day(issuedAt.AddDate(0, 0, -1)) }, verdict.NoQualityEvidence, ""},
		{"not begun at the issuing date", func(w *world) { d(w).From = day(issuedAt.AddDate(0, 0, 1)); d(w).AgencyFrom = d(w).From }, verdict.NoQualityEvidence, ""},
		{"agency registered later", func(w *world) { w.book.Agencies[0].From = day(issuedAt) }, verdict.NoQualityEvidence, verdict.AgencyNotRegistered},
		{"agency's registration lapsed before the decision", func(w *world) { w.book.Agencies[0].Until = day(time.Date(2022, 2, 28, 0, 0, 0, 0, time.UTC)) },
			verdict.NoQualityEvidence, verdict.AgencyNotRegistered},
		{"agency's registration lapsed after the decision", func(w *world) { w.book.Agencies[0].Until = day(time.Date(2022, 3, 1, 0, 0, 0, 0, time.UTC)) }, verdict.QualityEvidence, ""},
		{"agency not known", func(w *world) { w.book.Agencies = nil }, verdict.NoQualityEvidence, verdict.AgencyNotRegistered},
		{"observed too long ago", func(w *world) { d(w).Observed.RetrievedAt = issuedAt.Add(-MaxAge - time.Hour) }, verdict.NoQualityEvidence, ""},
		{"about a programme", func(w *world) { d(w).Activity = Programme }, verdict.NoQualityEvidence, verdict.QualityProgrammes},
		{"negative about a programme, beside the institution", again(func(x *Decision) { negative(x); x.Activity = JointProgramme }), verdict.QualityEvidence, verdict.QualityProgrammes},
		{"register of identity only", func(w *world) { w.axes.Quality = false }, verdict.NoQualityEvidence, ""},
		{"no issuing date", func(w *world) { w.req.IssuedAt = nil }, verdict.QualityEvidence, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.edit(w)
			id := w.assess(t)
			got := codes(id)
			if !slices.Contains(got, string(c.code)) {
				t.Errorf("%v, want %s", got, c.code)
			}
			for _, extra := range []verdict.Code{verdict.AgencyNotRegistered, verdict.QualityProgrammes} {
				if slices.Contains(got, string(extra)) != (extra == c.extra) {
					t.Errorf("%v, want %q", got, c.extra)
				}
			}
		})
	}
}

// What is told of one decision is told whole, and an end that nobody decided is
// marked.
func TestQualityView(t *testing.T) {
	w := newWorld(t)
	w.book.Entries[0].Decisions[0].Until = nil
	w.book.Entries[0].Decisions[0].assume()
	id := w.assess(t)
	v := id.Quality[0]
	if v.Register != "deqar" || v.Record != "Q1" || !v.UntilAssumed || v.Until.Year() != 2028 || !v.Now || !v.WhenIssued || !strings.HasPrefix(v.Digest, "sha256-") || v.Observed == nil {
		t.Errorf("%+v", v)
	}
	if r := row(id, verdict.Quality); r.Code != verdict.QualityEvidence || r.Params["until"] != "assumed" {
		t.Errorf("%+v", r)
	}
}

// Who it is by a register: names with their time, seat, and what differs.
func TestIdentity(t *testing.T) {
	w := newWorld(t)
	id := w.assess(t)
	var names []string
	for _, f := range id.Fields {
		if f.Name == verdict.FieldLegalName {
			names = append(names, f.Value)
			if f.State != verdict.Proven || !f.WhenIssued || f.Now != (f.Value == "Universidad de Ejemplo") {
				t.Errorf("%+v", f)
			}
		}
	}
	if !slices.Equal(names, []string{"Universidad de Ejemplo", "Escuela de Ejemplo"}) {
		t.Errorf("%q", names)
	}
	if slices.Contains(codes(id), string(verdict.RegisterSeatDiffers)) {
		t.Error("the seat is told to differ")
	}
	w.book.Entries[0].Seat.Country = "QA"
	if id = w.assess(t); !slices.Contains(codes(id), string(verdict.RegisterSeatDiffers)) || row(id, verdict.Issuer).Result == verdict.Fail || !slices.Contains(id.Levels, legal.L3) {
		t.Errorf("another seat: %v", codes(id))
	}
	for _, c := range []struct {
		name  string
		edit  func(*world)
		level legal.Level
	}{
		{"a register anybody writes into", func(w *world) { w.axes.Low = true }, legal.L2},
		{"a register of quality only", func(w *world) { w.axes.Identity = false }, legal.L0},
		{"the DID, in one that counts", func(*world) {}, legal.L3},
		{"closed before the credential", func(w *world) { w.book.Entries[0].Closed = day(issuedAt.AddDate(-1, 0, 0)) }, legal.L0},
		{"observed long ago", func(w *world) { w.book.Entries[0].Observed.RetrievedAt = issuedAt.Add(-2 * MaxAge) }, legal.L0},
	} {
		w := newWorld(t)
		w.proven, w.book.Entries[0].DIDs = nil, []string{issuer}
		c.edit(w)
		id := w.assess(t)
		if id.Level() != c.level {
			t.Errorf("%s: %s, want %s", c.name, id.Level(), c.level)
		}
		if who := id.Checks[0].Code == verdict.Identified; who != (c.level == legal.L3) && !slices.Contains(codes(id), string(verdict.NotIdentified)) {
			t.Errorf("%s: %v", c.name, codes(id))
		}
	}
}

// A register that contradicts the seal settles nothing.
func TestRegisterAgainstSeal(t *testing.T) {
	w := newWorld(t)
	w.book.Entries[0].DIDs = []string{issuer}
	w.proven[0].Value = "A00000001"
	if id := w.assess(t); !slices.Contains(codes(id), string(verdict.EvidenceConflict)) {
		t.Errorf("%v", codes(id))
	}
}

// broken is the source of registers, made to fail in one way.
type broken struct {
	Source
	how func(ctx context.Context) error
}

func (b broken) About(ctx context.Context, q legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	found, rows, err := b.Source.About(ctx, q)
	if how := b.how(ctx); how != nil {
		err = how
	}
	return found, rows, err
}

// With the registers made to fail, hang or panic the outcome is never better than
// without them.
func TestSourceBreaks(t *testing.T) {
	for name, how := range map[string]func(ctx context.Context) error{
		"fails":  func(context.Context) error { return errors.New("broken") },
		"hangs":  func(ctx context.Context) error { <-ctx.Done(); return nil },
		"panics": func(context.Context) error { panic("out of range") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.req.SourceTime = 20 * time.Millisecond
			w.req.Sources = []legal.Source{seal{w.proven}}
			without := legal.Assess(t.Context(), w.req)
			w.req.Sources = append(w.req.Sources, broken{Source{Registers: []Accepted{w.axes}}, how})
			with := legal.Assess(t.Context(), w.req)
			if with.Level() != without.Level() || row(with, verdict.Quality).Code != verdict.NoQualityEvidence || len(with.Quality) != 0 ||
				len(with.Fields) != len(without.Fields) {
				t.Errorf("%v %v", with.Levels, codes(with))
			}
			if !slices.Contains(codes(with), string(verdict.EvidenceUnproven)) {
				t.Errorf("it is not told: %v", codes(with))
			}
		})
	}
}

// Search finds by any identifier and by a part of a name, in pages.
func TestSearch(t *testing.T) {
	w := newWorld(t)
	other := w.book.Entries[0]
	other.Record, other.Names = "R2", []Name{{Value: "Otra UNIVERSIDAD", Kind: NameLegal}}
	w.book.Entries = append(w.book.Entries, other)
	if got := w.book.ByIdentifier(w.proven[0]); len(got) != 2 {
		t.Errorf("%d by identifier", len(got))
	}
	first := w.book.ByName("universidad", "", 1)
	if len(first) != 1 || first[0].Record != "R1" {
		t.Fatalf("%+v", first)
	}
	if rest := w.book.ByName("universidad", "R1", 5); len(rest) != 1 || rest[0].Record != "R2" {
		t.Errorf("%+v", rest)
	}
	if e, ok := w.book.ByRecord("R2"); !ok || e.Record != "R2" {
		t.Error("R2 is not found")
	}
	if _, ok := w.book.ByRecord("R3"); ok {
		t.Error("R3 is found")
	}
}
