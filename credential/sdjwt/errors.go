package sdjwt

import "github.com/bonafide-id/bonafide/internal/hint"

const (
	askIssuer = "The issuer must issue the credential again; nothing can be repaired on this side."
	askHolder = "Ask the holder for a new presentation made from the whole credential."
)

// The reasons for which a token is refused before or after its signature is
// looked at. All are found with errors.Is.
var (
	// ErrFormat: not "JWT~disclosures~" with or without a key binding at the
	// end (RFC 9901 section 4). Ask for the token again.
	ErrFormat = hint.New("sdjwt: not an SD-JWT", "Ask for the token again as it was issued: one line, with its ~ at the end.")
	// ErrTooLarge: above Limits in bytes or number of disclosures.
	ErrTooLarge = hint.New("sdjwt: too large", "Ask the holder to disclose less, or check where the token comes from.")
	// ErrDepth: the claims nest deeper than Limits once disclosed.
	ErrDepth = hint.New("sdjwt: nested too deeply", "Check where the token comes from; no honest credential nests this deeply.")
	// ErrDisclosure: a disclosure that is no base64url of strict JSON, or not
	// a list that begins with a salt (section 4.2).
	ErrDisclosure = hint.New("sdjwt: malformed disclosure", askHolder)
	// ErrArity: a disclosure of a member stands where an element of a list
	// belongs or the reverse, or has neither two nor three parts (7.1 3.c).
	ErrArity = hint.New("sdjwt: disclosure of the wrong arity", askIssuer)
	// ErrReserved: a claim is called _sd, "..." or, below the top, _sd_alg
	// (sections 4.1.1 and 4.2.1).
	ErrReserved = hint.New("sdjwt: reserved claim name", askIssuer)
	// ErrPlaceholder: _sd is no list of strings, or an element with "..." has
	// more members or no digest (4.2.4).
	ErrPlaceholder = hint.New("sdjwt: malformed digest", askIssuer)
	// ErrRepeatedDigest: one digest stands twice (7.1 4).
	ErrRepeatedDigest = hint.New("sdjwt: a digest stands twice", askIssuer)
	// ErrRepeated: one disclosure was sent twice (section 4).
	ErrRepeated = hint.New("sdjwt: a disclosure stands twice", askHolder)
	// ErrUnreferenced: a disclosure belongs to no digest (7.1 5).
	ErrUnreferenced = hint.New("sdjwt: a disclosure belongs to no digest", askHolder)
	// ErrClash: a disclosed claim is there already (7.1 3.c.ii).
	ErrClash = hint.New("sdjwt: a disclosed claim is there already", askIssuer)
	// ErrHash: _sd_alg is none of sha-256, sha-384, sha-512.
	ErrHash = hint.New("sdjwt: hash algorithm not accepted", "The issuer must use sha-256, sha-384 or sha-512 in _sd_alg.")
	// ErrHidden: a claim that every verifier must see can be withheld.
	ErrHidden = hint.New("sdjwt: a claim that must be visible is selectively disclosable", askIssuer)
)

// The reasons for which a credential in a token is refused.
var (
	// ErrTyp: the header's typ is not that of a credential here. A status
	// list, a key binding or a plain JWT is never read as one.
	ErrTyp = hint.New("sdjwt: typ is neither dc+sd-jwt nor vc+sd-jwt", "Check that this is the credential and not a status list, a key binding or another token.")
	// ErrClaims: a claim is missing or not of the form that its
	// specification demands.
	ErrClaims = hint.New("sdjwt: malformed claims", askIssuer)
	// ErrSigner: no permitted way leads from the issuer to a key.
	ErrSigner = hint.New("sdjwt: no permitted way to the issuer's key", "Configure how keys of this issuer are found, or ask for a credential whose issuer is a DID.")
)

// The reasons for which a key binding is not accepted.
var (
	// ErrBinding: the KB-JWT is malformed or of another typ (4.3).
	ErrBinding = hint.New("sdjwt: malformed key binding", askHolder)
	// ErrNoConfirmation: the token is bound but names no key of its holder.
	ErrNoConfirmation = hint.New("sdjwt: bound to no key: cnf is missing or cannot be used", askIssuer)
	// ErrBindingSignature: the binding is not by the key in cnf.
	ErrBindingSignature = hint.New("sdjwt: key binding is not signed by the holder's key", askHolder)
	// ErrBindingHash: the binding was made for another set of disclosures.
	ErrBindingHash = hint.New("sdjwt: key binding is for other disclosures", askHolder)
	// ErrBindingTime: iat is too old, or in the future.
	ErrBindingTime = hint.New("sdjwt: key binding was not made just now", "Ask the holder for a fresh presentation and check this machine's clock.")
	// ErrNonce: the nonce is not the one that was asked for.
	ErrNonce = hint.New("sdjwt: key binding answers another nonce", askHolder)
	// ErrAudience: the binding was made for somebody else.
	ErrAudience = hint.New("sdjwt: key binding is for another audience", askHolder)
)

// ErrFrame: what is to be hidden or shown is not there, or must not be hidden.
// Correct the pointers.
var ErrFrame = hint.New("sdjwt: cannot hide or show this claim", "Name each claim by a JSON pointer such as /credentialSubject/name that leads to something there.")
