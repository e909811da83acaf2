package revocation

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// listMaker signs lists for the tests, each wrong in one thing at most.
type listMaker struct {
	key  key.Private
	spec ListSpec
}

func newMaker(t testing.TB, at time.Time) *listMaker {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &listMaker{key: k, spec: ListSpec{URL: "https://uni.example/status/1", Issuer: k.Public().DIDKey(),
		Purpose: Revocation, Bits: NewBitstring(MinEntries), ValidFrom: at.Add(-time.Hour), ValidUntil: at.Add(time.Hour)}}
}

func (m *listMaker) sign(t testing.TB) []byte {
	t.Helper()
	did := m.key.Public().DIDKey()
	b, err := SignList(t.Context(), m.spec, m.key, did+"#"+m.key.Public().Multikey())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type broken struct{}

func (broken) StatusList(context.Context, Request) (*Found, error) {
	return nil, errors.New("no route")
}

type silent struct{}

func (silent) StatusList(context.Context, Request) (*Found, error) { return nil, nil }

func TestCheckTable(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type setup struct {
		m     *listMaker
		found *Found
		cred  *credential.Credential
		opt   *Options
		entry map[string]any
	}
	setBit := func(i int64) func(*testing.T, *setup) {
		return func(t *testing.T, s *setup) {
			if err := s.m.spec.Bits.Set(i); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name string
		edit func(*testing.T, *setup)
		late func(*testing.T, *setup) // after the list was signed
		want map[verdict.Code]verdict.Result
	}{
		{"clear", nil, nil, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{"set", setBit(7), nil, map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail}},
		{"neighbour set", setBit(6), nil, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{"suspended", func(t *testing.T, s *setup) {
			s.m.spec.Purpose, s.entry["statusPurpose"] = Suspension, "suspension"
			setBit(7)(t, s)
		}, nil, map[verdict.Code]verdict.Result{verdict.Suspended: verdict.Fail}},
		{"refresh alone says nothing", func(t *testing.T, s *setup) {
			s.m.spec.Purpose, s.entry["statusPurpose"] = Refresh, "refresh"
			setBit(7)(t, s)
		}, nil, map[verdict.Code]verdict.Result{verdict.RefreshAvailable: verdict.Warn, verdict.NoStatusNamed: verdict.Skipped}},
		{"own purpose set", func(t *testing.T, s *setup) {
			s.m.spec.Purpose, s.entry["statusPurpose"] = "observation", "observation"
			setBit(7)(t, s)
		}, nil, map[verdict.Code]verdict.Result{verdict.UnknownStatusType: verdict.Unknown}},
		{"another purpose", func(_ *testing.T, s *setup) { s.m.spec.Purpose = Suspension }, nil,
			map[verdict.Code]verdict.Result{verdict.StatusPurposeMismatch: verdict.Unknown}},
		{"another id", func(_ *testing.T, s *setup) { s.m.spec.URL = "https://uni.example/status/3" }, nil,
			map[verdict.Code]verdict.Result{verdict.StatusVerification: verdict.Unknown}},
		{"another id, vouched for", func(_ *testing.T, s *setup) { s.m.spec.URL = "https://uni.example/status/3" },
			func(_ *testing.T, s *setup) { s.found.Vouched = true },
			map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.StatusIDDiffers: verdict.Warn}},
		{"another issuer", func(t *testing.T, s *setup) { s.cred.Issuer = newMaker(t, at).spec.Issuer }, nil,
			map[verdict.Code]verdict.Result{verdict.ListIssuerNotAuthorised: verdict.Unknown}},
		{"another issuer, named in the practice", func(t *testing.T, s *setup) {
			s.cred.Issuer = newMaker(t, at).spec.Issuer
			s.opt.Practice = &credential.Practice{ListIssuers: []string{s.m.spec.Issuer}}
		}, nil, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{"not in the head", nil, func(_ *testing.T, s *setup) { s.found.InHead = No },
			map[verdict.Code]verdict.Result{verdict.ListPathNotInHead: verdict.Unknown}},
		{"expired", func(_ *testing.T, s *setup) { s.m.spec.ValidUntil = at.Add(-time.Second) }, nil,
			map[verdict.Code]verdict.Result{verdict.ListExpired: verdict.Unknown}},
		{"not yet valid", func(_ *testing.T, s *setup) { s.m.spec.ValidFrom = at.Add(time.Second) }, nil,
			map[verdict.Code]verdict.Result{verdict.ListNotYetValid: verdict.Unknown}},
		{"one byte short", func(_ *testing.T, s *setup) { s.m.spec.Bits = NewBitstring(MinEntries - 8) }, nil,
			map[verdict.Code]verdict.Result{verdict.StatusListLength: verdict.Unknown}},
		{"index at the end", func(_ *testing.T, s *setup) { s.entry["statusListIndex"] = "131071" }, nil,
			map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{"index past the end", func(_ *testing.T, s *setup) { s.entry["statusListIndex"] = "131072" }, nil,
			map[verdict.Code]verdict.Result{verdict.StatusRange: verdict.Unknown}},
		{"larger than is read", func(_ *testing.T, s *setup) { s.opt.MaxListBytes = 16<<10 - 1 }, nil,
			map[verdict.Code]verdict.Result{verdict.TooLarge: verdict.Unknown}},
		{"changed after signing", nil, func(_ *testing.T, s *setup) {
			s.found.Body[len(s.found.Body)/2] ^= 1
		}, nil},
		{"no answer", nil, func(_ *testing.T, s *setup) { s.opt.Source = broken{} },
			map[verdict.Code]verdict.Result{verdict.StatusRetrieval: verdict.Unknown}},
		{"nothing at all", nil, func(_ *testing.T, s *setup) { s.opt.Source = silent{} },
			map[verdict.Code]verdict.Result{verdict.StatusRetrieval: verdict.Unknown}},
		{"seen set before", nil, func(t *testing.T, s *setup) {
			mask := NewBitstring(MinEntries)
			if err := mask.Set(7); err != nil {
				t.Fatal(err)
			}
			s.found.Sticky = mask.Bytes()
		}, map[verdict.Code]verdict.Result{verdict.RevocationSeenBefore: verdict.Fail, verdict.OK: verdict.Pass}},
		{"no status", func(_ *testing.T, s *setup) { s.cred.Status = nil }, nil,
			map[verdict.Code]verdict.Result{verdict.NoStatusNamed: verdict.Skipped}},
		{"no status, policy demands one", func(_ *testing.T, s *setup) { s.cred.Status, s.opt.Demand = nil, true }, nil,
			map[verdict.Code]verdict.Result{verdict.StatusDemandedByPolicy: verdict.Unknown}},
		{"no status, practice demands one", func(_ *testing.T, s *setup) {
			since := at.Add(-24 * time.Hour)
			s.cred.Status, s.cred.ValidFrom = nil, &at
			s.opt.Practice = &credential.Practice{StatusSince: &since}
		}, nil, map[verdict.Code]verdict.Result{verdict.StatusDemandedByPractice: verdict.Unknown}},
		{"no status, older than the practice", func(_ *testing.T, s *setup) {
			since, before := at.Add(-24*time.Hour), at.Add(-48*time.Hour)
			s.cred.Status, s.cred.ValidFrom = nil, &before
			s.opt.Practice = &credential.Practice{StatusSince: &since}
		}, nil, map[verdict.Code]verdict.Result{verdict.NoStatusNamed: verdict.Skipped}},
		{"no status, practice not at hand", func(_ *testing.T, s *setup) { s.cred.Status, s.opt.PracticeUnknown = nil, true }, nil,
			map[verdict.Code]verdict.Result{verdict.PracticeUnavailable: verdict.Unknown}},
		{"an unreadable entry beside a good one", func(_ *testing.T, s *setup) {
			s.cred.Status = append(s.cred.Status, map[string]any{"type": "Odd"})
		}, nil, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass, verdict.UnknownStatusType: verdict.Unknown}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMaker(t, at)
			entry := entryTree()
			opt := testOptions(at)
			s := &setup{m: m, entry: entry, opt: &opt,
				cred: &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entry}}}
			if c.edit != nil {
				c.edit(t, s)
			}
			s.found = &Found{Body: m.sign(t), Source: "replica"}
			opt.Source = fixed{s.found}
			if c.late != nil {
				c.late(t, s)
			}
			res := Check(t.Context(), s.cred, opt)
			v := verdict.Verdict{Checks: res.Checks}
			row, _ := v.Worst(verdict.Status)
			if c.want == nil {
				if row.Result != verdict.Unknown {
					t.Fatalf("got %+v, want unknown", res.Checks)
				}
				return
			}
			got := codes(res.Checks)
			for code, result := range c.want {
				if got[code] != result {
					t.Errorf("%s is %v, want %v (all: %v)", code, got[code], result, got)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("rows %v, want %v", got, c.want)
			}
		})
	}
}

// Every row that this package makes is one that the registry allows.
func TestRowsAreRegistered(t *testing.T) {
	for _, code := range []verdict.Code{verdict.StatusVerification, verdict.StatusPurposeMismatch, verdict.ListIssuerNotAuthorised,
		verdict.ListPathNotInHead, verdict.ListExpired, verdict.ListNotYetValid, verdict.StatusListLength, verdict.StatusRange,
		verdict.StatusRetrieval, verdict.TooLarge, verdict.MalformedValue, verdict.UnknownStatusType, verdict.StatusSizeUnsupported} {
		spec, ok := verdict.LookupIn(verdict.Status, code)
		if !ok || spec.Results[0] != verdict.Unknown {
			t.Errorf("%s: registered %v as %v, want unknown", code, ok, spec.Results)
		}
	}
}

func TestAgeIsThatOfTheOldestList(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	opt := testOptions(at)
	head := at.Add(-10 * time.Minute)
	opt.Source = fixed{&Found{Body: m.sign(t), Source: "replica", At: head}}
	c := &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entryTree()}}
	res := Check(t.Context(), c, opt)
	if !res.Oldest.Equal(head) {
		t.Errorf("oldest %v, want the head's time %v", res.Oldest, head)
	}
	if res.Checks[0].Age == nil || res.Checks[0].Age.Std() != 10*time.Minute {
		t.Errorf("age %v", res.Checks[0].Age)
	}
	opt.Source = fixed{&Found{Body: m.sign(t), Source: "stapled"}}
	if res := Check(t.Context(), c, opt); !res.Oldest.Equal(m.spec.ValidFrom) {
		t.Errorf("oldest %v, want the list's validFrom", res.Oldest)
	}
}

func TestSignListIsReadBack(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	m.spec.TTL = 15 * time.Minute
	l, row, ok := ReadList(t.Context(), m.sign(t), testOptions(at))
	if !ok {
		t.Fatal(row)
	}
	if l.ID != m.spec.URL || l.TTL != m.spec.TTL || l.Issuer != m.spec.Issuer || !l.ValidUntil.Equal(m.spec.ValidUntil) {
		t.Errorf("%+v", l)
	}
	tree, err := strictjson.ParseObject(m.sign(t), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, has := tree["credentialStatus"]; has {
		t.Error("a list has a status of its own")
	}
}
