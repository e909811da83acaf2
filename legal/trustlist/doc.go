// Package trustlist reads EU trusted lists (ETSI TS 119 612) from files and says
// which authorities were granted to issue qualified certificates for electronic
// seals, and when.
//
// The first call to make is [Read] for one list whose signers are known, or
// [Open] for the list of lists with national lists beside it; then
// [Lists.Judge] for a certificate:
//
//	lists, problems, err := trustlist.Open(lotl, pins, national, now)
//	j := lists.Judge(leaf, others, signedAt)
//
// It promises that nothing of a list is read but what its signature covers, that
// the signer of a list is one that the caller pinned or that the list of lists
// names for that territory, that a service counts with the status that it had at
// the time asked, that a criterion which is not understood only ever lowers a
// level, and that a list past its next update raises nobody.
//
// It never fetches anything, never uses the roots of the operating system, and
// takes the signing time of a list from nowhere but the list's own date: the
// qualifying properties of XAdES are not evaluated, because the signer is pinned.
package trustlist
