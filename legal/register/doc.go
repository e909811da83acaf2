// Package register reads what an operator downloaded from a register of
// institutions or of their quality assurance, and says what of it is about an
// issuer.
//
// The first call to make is [Read]: the bytes of one file and its format go in,
// a [Batch] of normalised entries comes out. [Book.Merge] adds it to what is
// held of the register, [Book.Encode] and [OpenBook] write and read that. A
// [Source] over accepted books answers legal.Assess.
//
// It promises that an entry is joined to a DID by a stated rule or not at all: the
// entry names the DID; an identifier of the entry equals one that an earlier source
// has proven; its domain is the issuer's domain, which an origin sighting has
// proven. Equal names join nothing, and two entries that match count as none. A
// decision of quality assurance counts at a time only if it stands then, was
// observed recently enough, and its agency was registered when it decided; a
// negative one is negative. All of it is worded as "observed in register X at T".
//
// It never fetches, never checks the signature of a register's own credentials,
// and reads no data about persons: contacts of agencies are passed over.
package register
