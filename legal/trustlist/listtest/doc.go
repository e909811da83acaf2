// Package listtest makes trusted lists for the tests of everything that reads
// them. It is imported from tests only.
//
// The first call to make is [National] for a list of one provider and [Top] for a
// list of lists; [Draft.Sign] makes the file:
//
//	ministry, ca := listtest.Operator(t, "Ministry"), sealtest.NewAuthority(t, "CA")
//	file := listtest.National(ca.Certificate, listtest.Granted()).Sign(t, ministry, nil, nil)
//
// A test changes one thing in the draft, in the signing or in the signed tree. Keys
// are made anew each time. It never reads a list and does not know the reader.
package listtest
