// Package sealtest makes certificates, time stamps and sealed documents for
// the tests of everything that reads them. It is imported from tests only.
//
// The first call to make is [NewAuthority], then [Authority.Issue] for a
// certificate and [NewDraft] for a seal that is right in every respect:
//
//	ca := sealtest.NewAuthority(t, "Root")
//	file := sealtest.NewDraft(payload, ca.Issue(t, nil)).File(t)
//
// A test changes one thing in the template or in the draft and asserts which
// error comes. Keys are made anew each time; no key is kept in a file.
package sealtest
