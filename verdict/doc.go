// Package verdict is the answer that Bonafide gives about a credential: one
// outcome, the checks it was made from, and what became known about issuer,
// holder, dates and place. It is pure data.
//
// The first call to make is [New], which makes one row of a check from its
// code:
//
//	rows := []verdict.Check{
//		verdict.New(verdict.Integrity, verdict.OK),
//		verdict.New(verdict.Status, verdict.ListUnavailable).With("list", url),
//	}
//	outcome := verdict.Decide(rows, policy.Require)
//
// It promises that [Decide] is the only place where an outcome is made, that
// it is a pure function of the rows and of what the policy requires, and that
// it fails closed: a row with a code that the registry does not hold, or with
// a result that the registry does not allow for that code, counts as unknown,
// and unknown is never verified. Evidence that is missing never makes a
// credential invalid. The zero values of [Outcome], [Result] and [Verdict] are
// indeterminate, unknown and indeterminate.
//
// The registry ([Lookup], [LookupIn], [Codes]) says for every code which check
// it belongs to, what it means and what to do next; docs/codes.md is made from
// it. The JSON form is stable and described by docs/verdict.schema.json.
//
// It never makes words for people (that is package report), never looks
// anything up, and holds no state.
package verdict
