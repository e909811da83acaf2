package revocation

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrEncoding: an encodedList is not what the specification demands. The
	// status is unknown.
	ErrEncoding = hint.New("revocation: the encoded list is malformed", "Ask the issuer; its status list is not base64url of one GZIP member with the prefix u.")
	// ErrToken: a Status List Token lacks a claim or has one of the wrong form. The
	// status is unknown.
	ErrToken = hint.New("revocation: the status list token is malformed", "Ask the issuer; its status list token does not follow draft-ietf-oauth-status-list.")
	// ErrTokenSignature: the signature of a Status List Token does not hold, or is by
	// somebody whose key could not be found. The status is unknown.
	ErrTokenSignature = hint.New("revocation: the status list token is not signed by its issuer", "Get the list again from its issuer; follow the issuer if its key is not at hand.")
	// ErrRevocationList: an unsigned list of revoked credentials is not what its
	// format demands. The status is unknown.
	ErrRevocationList = hint.New("revocation: the revocation list is malformed", "Ask the issuer; its list of revoked credentials does not follow the format of 1EdTech.")
	// ErrTooLarge: a list unpacks to more than is read. The status is unknown.
	ErrTooLarge = hint.New("revocation: the list is too large", "Raise the limit only if you trust the issuer; the specification needs 16 KiB.")
	// ErrRange: an index lies outside a list.
	ErrRange = hint.New("revocation: index outside the list", "Check the list number and the index; the index is printed in the credential's credentialStatus.")
	// ErrNoList: the issuer has no list of that number.
	ErrNoList = hint.New("revocation: no such status list", "Run `bonafide status show` to see the lists of the issuer.")
	// ErrNotAllocated: the index was never given to a credential. Nothing was
	// changed.
	ErrNotAllocated = hint.New("revocation: this index belongs to no credential", "Check the index; it is printed in the credential's credentialStatus.")
	// ErrFinal: a revocation cannot be taken back. Issue a new credential.
	ErrFinal = hint.New("revocation: a revocation is final", "Issue a new credential in place of the revoked one; only a suspension can be lifted.")
	// ErrPurpose: the book keeps no such purpose.
	ErrPurpose = hint.New("revocation: unknown purpose", "Use revocation or suspension.")
	// ErrFormat: a list cannot be rendered in, or read from, this format.
	ErrFormat = hint.New("revocation: unknown format of a status list", "A list that goes on here is a StatusList2021, a BitstringStatusList, or a Token Status List with the statuses valid, revoked and suspended.")
	// ErrAdopted: the URL is that of a list which the book has already. Nothing
	// was changed.
	ErrAdopted = hint.New("revocation: this list is in the book already", "A list is imported once; look at it with `bonafide status lists`.")
	// ErrLength: a list is not as long as it has to be. Nothing was changed.
	ErrLength = hint.New("revocation: the list has a wrong length", "A list has at least 131,072 entries; a shorter one can be padded with --pad, which moves no index.")
	// ErrReason: the reason, or the name of who acts, cannot be kept. Nothing was
	// changed.
	ErrReason = hint.New("revocation: the reason cannot be kept", "Use at most 4096 bytes of plain text.")
	// ErrTooMany: too many changes for one transaction. Nothing was changed.
	ErrTooMany = hint.New("revocation: too many changes at once", "Hand in at most 100,000 at a time.")
	// ErrNoRoom: no index could be found in an open list. Open another list.
	ErrNoRoom = hint.New("revocation: no free index in the open list", "Try again; a new list is opened by itself when one is full.")
)
