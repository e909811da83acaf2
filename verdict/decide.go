package verdict

import "slices"

// Decide makes the outcome from the rows of all checks and from the checks
// that the policy requires beside the mandatory six. It is the outcome table
// of the design, and the only place where an Outcome is made.
//
//   - Invalid: a row fails in integrity, signer, dates or status, or fails
//     with a code that the registry marks as a contradiction.
//   - Verified: each of the mandatory six and each name in require passes. A
//     name passes when it has at least one passing row and no row that fails,
//     is unknown or was skipped. Warnings are findings and do not block. Only
//     in status does a skipped row count as a pass, and only with a code that
//     the registry marks as an allowed skip.
//   - Indeterminate: everything else, also no rows at all.
//
// A row whose code is not registered for its check, or whose result is not
// one that the registry allows for the code, counts as Unknown; a row of a
// check that does not exist makes Verified impossible.
func Decide(checks []Check, require []CheckName) Outcome {
	var passed, blocked [nameCount]bool
	foreign := false
	for i := range checks {
		c := &checks[i]
		n := index(c.Name)
		if n == nameCount {
			foreign = true
			continue
		}
		spec, known := find(c.Name, c.Code)
		if !known || !slices.Contains(spec.Results, c.Result) {
			blocked[n] = true
			continue
		}
		switch c.Result {
		case Fail:
			if spec.Contradiction || decisive(c.Name) {
				return Invalid
			}
			blocked[n] = true
		case Pass:
			if !spec.Supporting {
				passed[n] = true
			}
		case Warn:
		case Skipped:
			if c.Name == Status && spec.AllowedSkip {
				passed[n] = true
			} else {
				blocked[n] = true
			}
		default:
			blocked[n] = true
		}
	}
	if foreign {
		return Indeterminate
	}
	for n := range mandatory {
		if !passed[n] || blocked[n] {
			return Indeterminate
		}
	}
	for _, name := range require {
		n := index(name)
		if n == nameCount || !passed[n] || blocked[n] {
			return Indeterminate
		}
	}
	return Verified
}

// decisive reports whether a failure of the check makes a credential invalid
// whatever its code.
func decisive(n CheckName) bool {
	return n == Integrity || n == Signer || n == Dates || n == Status
}

// effective is the result that counts for a row.
func effective(c Check) Result {
	spec, ok := find(c.Name, c.Code)
	if !ok || !slices.Contains(spec.Results, c.Result) {
		return Unknown
	}
	return c.Result
}

const nameCount = 13

// index is the place of a name in Names, or nameCount.
func index(n CheckName) int {
	switch n {
	case Format:
		return 0
	case Integrity:
		return 1
	case Signer:
		return 2
	case Dates:
		return 3
	case Status:
		return 4
	case Freshness:
		return 5
	case Issuer:
		return 6
	case Authorisation:
		return 7
	case Quality:
		return 8
	case Holder:
		return 9
	case Place:
		return 10
	case Awarding:
		return 11
	case Privacy:
		return 12
	}
	return nameCount
}
