package verdict_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	. "github.com/bonafide-id/bonafide/verdict"
)

// good is a set of rows under which every check passes.
func good() []Check {
	return []Check{
		New(Format, OK), New(Integrity, OK), New(Signer, OK), New(Dates, OK), New(Status, OK), New(Freshness, OK),
		New(Issuer, Identified), New(Authorisation, Recognised), New(Quality, QualityEvidence), New(Holder, HolderPresent),
		New(Place, PlacePresent), New(Awarding, SameEntity), New(Privacy, NothingLeft),
	}
}

// without drops all rows of a check.
func without(rows []Check, name CheckName) []Check {
	return slices.DeleteFunc(slices.Clone(rows), func(c Check) bool { return c.Name == name })
}

// swap replaces all rows of a check by the given ones.
func swap(name CheckName, rows ...Check) []Check { return append(without(good(), name), rows...) }

func plus(rows ...Check) []Check { return append(good(), rows...) }

func TestDecide(t *testing.T) {
	recognised := []CheckName{Issuer, Authorisation}
	tests := []struct {
		name    string
		rows    []Check
		require []CheckName
		want    Outcome
	}{
		{"everything passes", good(), nil, Verified},
		{"everything passes and everything is required", good(), Names(), Verified},
		{"only the mandatory six", good()[:6], nil, Verified},
		{"no rows", nil, nil, Indeterminate},
		{"one zero row", []Check{{}}, nil, Indeterminate},
		{"zero row beside good ones", plus(Check{}), nil, Indeterminate},
		{"row of a check that does not exist", plus(Check{Name: "luck", Result: Pass, Code: OK}), nil, Indeterminate},
		{"required check that does not exist", good(), []CheckName{"luck"}, Indeterminate},

		{"unsigned", swap(Integrity, New(Integrity, ProofMissing)), nil, Indeterminate},
		{"tampered", swap(Integrity, New(Integrity, SignatureInvalid)), nil, Invalid},
		{"tampered and nothing else known", []Check{New(Integrity, SignatureInvalid)}, nil, Invalid},
		{"pass beside fail", plus(New(Integrity, SignatureInvalid)), nil, Invalid},
		{"list key", swap(Signer, New(Signer, ListKeySignedCredential)), nil, Invalid},
		{"retired key", swap(Signer, New(Signer, SignerRetired)), nil, Indeterminate},
		{"unknown method", swap(Signer, New(Signer, DIDMethodUnsupported)), nil, Indeterminate},
		{"closed issuer is a finding", plus(New(Signer, IssuerClosed)), nil, Verified},
		{"warning alone is no pass", swap(Signer, New(Signer, IssuerClosed)), nil, Indeterminate},
		{"unknown context", swap(Format, New(Format, UnknownContext)), nil, Indeterminate},
		{"malformed is not proven bad", swap(Format, New(Format, MalformedValue)), nil, Indeterminate},
		{"expired", swap(Dates, New(Dates, Expired)), nil, Invalid},
		{"not yet valid", swap(Dates, New(Dates, NotYetValid)), nil, Invalid},
		{"dates exclude each other", swap(Dates, New(Dates, DatesDisordered)), nil, Invalid},

		{"revoked", swap(Status, New(Status, Revoked)), nil, Invalid},
		{"suspended", swap(Status, New(Status, Suspended)), nil, Invalid},
		{"revoked in a second entry", plus(New(Status, Revoked)), nil, Invalid},
		{"one entry unreadable", plus(New(Status, ListUnavailable)), nil, Indeterminate},
		{"revoked beats unreadable", plus(New(Status, ListUnavailable), New(Status, Revoked)), nil, Invalid},
		{"list too short", swap(Status, New(Status, StatusListLength)), nil, Indeterminate},
		{"no status named", swap(Status, New(Status, NoStatusNamed)), nil, Verified},
		{"no status named but demanded", swap(Status, New(Status, NoStatusNamed), New(Status, StatusDemandedByPractice)), nil, Indeterminate},
		{"status skipped under another code", swap(Status, New(Status, NotChecked).As(Skipped)), nil, Indeterminate},
		{"skip beside a pass blocks", plus(New(Status, NotChecked).As(Skipped)), nil, Indeterminate},
		{"other check skipped", swap(Freshness, New(Freshness, NotChecked).As(Skipped)), nil, Indeterminate},
		{"pass claimed for no status", swap(Status, New(Status, NoStatusNamed).As(Pass)), nil, Indeterminate},
		{"failed fetch dressed as failure", swap(Status, New(Status, ListUnavailable).As(Fail)), nil, Indeterminate},
		{"malformed list dressed as failure", swap(Status, New(Status, MalformedValue).As(Fail)), nil, Indeterminate},
		{"unregistered code that fails", swap(Integrity, Check{Name: Integrity, Result: Fail, Code: "moon_phase"}), nil, Indeterminate},
		{"unregistered code that passes", swap(Integrity, Check{Name: Integrity, Result: Pass, Code: "moon_phase"}), nil, Indeterminate},
		{"code of another check", swap(Integrity, Check{Name: Integrity, Result: Pass, Code: Recognised}), nil, Indeterminate},
		{"result out of range", swap(Integrity, New(Integrity, OK).As(77)), nil, Indeterminate},

		{"too old", swap(Freshness, New(Freshness, TooOld)), nil, Indeterminate},
		{"stood on", swap(Freshness, New(Freshness, StoodOn)), nil, Verified},
		{"isolated", swap(Freshness, New(Freshness, Isolated)), nil, Indeterminate},

		{"authentic does not ask who", swap(Issuer, New(Issuer, NotIdentified)), nil, Verified},
		{"recognised asks who", swap(Issuer, New(Issuer, NotIdentified)), recognised, Indeterminate},
		{"domain alone does not identify", swap(Issuer, New(Issuer, DomainProven)), recognised, Indeterminate},
		{"self claim does not identify", swap(Issuer, New(Issuer, SelfClaimed)), recognised, Indeterminate},
		{"a root contradicts", swap(Issuer, New(Issuer, ContradictedRoot)), nil, Invalid},
		{"a stranger contradicts", plus(New(Issuer, Disputed)), recognised, Verified},
		{"natural person is not proven bad", swap(Issuer, New(Issuer, NaturalPerson)), nil, Verified},
		{"natural person where who is asked", swap(Issuer, New(Issuer, NaturalPerson)), recognised, Indeterminate},
		{"recognition revoked, nobody asked", swap(Authorisation, New(Authorisation, RecognitionRevoked)), nil, Verified},
		{"recognition revoked", swap(Authorisation, New(Authorisation, RecognitionRevoked)), recognised, Indeterminate},
		{"place contradicted", swap(Place, New(Place, PlaceContradicted)), nil, Invalid},
		{"required but missing", without(good(), Quality), []CheckName{Quality}, Indeterminate},
		{"required but skipped", swap(Quality, New(Quality, NotChecked)), []CheckName{Quality}, Indeterminate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Decide(tt.rows, tt.require); got != tt.want {
				t.Errorf("Decide = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestDecideEveryMandatory removes and spoils each of the mandatory six.
func TestDecideEveryMandatory(t *testing.T) {
	for _, name := range Mandatory() {
		if got := Decide(without(good(), name), nil); got != Indeterminate {
			t.Errorf("without %s: %v", name, got)
		}
		for _, code := range []Code{NotChecked, InternalError, BudgetExceeded} {
			if got := Decide(plus(New(name, code)), nil); got != Indeterminate {
				t.Errorf("%s %s: %v", name, code, got)
			}
		}
	}
}

// order ranks outcomes: higher is better.
func order(o Outcome) int { return map[Outcome]int{Invalid: 0, Indeterminate: 1, Verified: 2}[o] }

// anyRow draws rows from the whole registry, some with results or codes that
// the registry does not allow.
func anyRow() *rapid.Generator[Check] {
	specs := Codes()
	return rapid.Custom(func(t *rapid.T) Check {
		s := rapid.SampledFrom(specs).Draw(t, "spec")
		c := New(s.Check, s.Code)
		switch rapid.IntRange(0, 9).Draw(t, "spoil") {
		case 0:
			c.Result = Result(rapid.IntRange(0, 6).Draw(t, "result"))
		case 1:
			c.Code = Code(rapid.StringMatching(`[a-z_]{0,8}`).Draw(t, "code"))
		case 2:
			c.Name = rapid.SampledFrom(append(Names(), "", "luck")).Draw(t, "name")
		}
		return c
	})
}

// anySet draws a set that is often close to verified.
func anySet(t *rapid.T) []Check {
	var rows []Check
	if rapid.Bool().Draw(t, "good") {
		rows = good()
	}
	return append(rows, rapid.SliceOfN(anyRow(), 0, 6).Draw(t, "rows")...)
}

func anyRequire(t *rapid.T) []CheckName {
	return rapid.SliceOfN(rapid.SampledFrom(Names()), 0, 4).Draw(t, "require")
}

func TestUnknownIsNeverVerified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anySet(t)
		name := rapid.SampledFrom(Mandatory()).Draw(t, "mandatory")
		row := New(name, OK).As(Unknown)
		if rapid.Bool().Draw(t, "unregistered") {
			row = Check{Name: name, Result: Pass, Code: "moon_phase"}
		}
		at := rapid.IntRange(0, len(rows)).Draw(t, "at")
		if got := Decide(slices.Insert(rows, at, row), anyRequire(t)); got == Verified {
			t.Fatalf("verified with an unknown %s", name)
		}
	})
}

func TestAddingBadNewsNeverImproves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, require := anySet(t), anyRequire(t)
		bad := anyRow().Draw(t, "bad").As(rapid.SampledFrom([]Result{Fail, Unknown}).Draw(t, "result"))
		before := Decide(rows, require)
		if after := Decide(append(slices.Clone(rows), bad), require); order(after) > order(before) {
			t.Fatalf("%v became %v by adding %+v", before, after, bad)
		}
	})
}

// TestMissingEvidenceNeverInvalid: taking rows away never makes a credential
// invalid, and rows that fail in nothing never do, whatever their codes.
func TestMissingEvidenceNeverInvalid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, require := anySet(t), anyRequire(t)
		var kept, mild []Check
		for _, r := range rows {
			if rapid.Bool().Draw(t, "keep") {
				kept = append(kept, r)
			}
			if r.Result == Fail {
				r.Result = Unknown
			}
			mild = append(mild, r)
		}
		if Decide(kept, require) == Invalid && Decide(rows, require) != Invalid {
			t.Fatal("taking rows away made it invalid")
		}
		if Decide(mild, require) == Invalid {
			t.Fatal("invalid without a failing row")
		}
	})
}

func TestOrderOfRowsAndRequireDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, require := anySet(t), anyRequire(t)
		if Decide(rows, require) != Decide(rapid.Permutation(rows).Draw(t, "rows"), rapid.Permutation(require).Draw(t, "require")) {
			t.Fatal("the order of rows changed the outcome")
		}
	})
}

func TestRequiringMoreNeverImproves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, require := anySet(t), anyRequire(t)
		more := append(slices.Clone(require), rapid.SampledFrom(Names()).Draw(t, "more"))
		if order(Decide(rows, more)) > order(Decide(rows, require)) {
			t.Fatal("requiring more improved the outcome")
		}
	})
}

func TestDecideDoesNotAllocate(t *testing.T) {
	rows, require := good(), []CheckName{Issuer, Authorisation}
	Decide(rows, require)
	if n := testing.AllocsPerRun(100, func() { Decide(rows, require) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	rows, require := good(), []CheckName{Issuer, Authorisation}
	for b.Loop() {
		Decide(rows, require)
	}
}
