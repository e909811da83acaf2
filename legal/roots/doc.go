// Package roots is a list of trust roots that a ministry or an association publishes
// and an operator adopts: who is a root, and on which axis.
//
// The first call to make is [Adopt] with the versions that the publisher's folder
// holds and the fingerprint that the operator was told by another way; it returns the
// state to remember. [State.Next] takes later versions. To publish, fill in a [List],
// have holders of its keys call [List.Sign], and [Wrap] it for the folder.
//
// Rules as in the root metadata of TUF: each version names its keys and how many of
// them have to sign; a version counts only when that many of its own keys and that
// many as the version before demanded of the keys of that one have signed it; numbers
// grow by one; past its term a list counts for nothing. So a thief of fewer keys than
// the threshold changes nothing, keys can be replaced, an old list cannot come back
// ([ErrRollback]), withholding a new one ends with the term ([ErrExpired]), and two
// lists of one number are evidence ([ErrFork]).
//
// It promises that [State.Next] never returns a state of a lower number, nor one that
// the state before did not sign. It never fetches, never stores, and believes nothing
// of the credential in which a list travels: that proves where the list was published
// and not what it says.
package roots
