package legal

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrNaturalPerson: the statement is about a natural person, and only
	// organisations publish here. Do not publish it.
	ErrNaturalPerson = hint.New("legal: only organisations are published",
		"Use an identifier of the organisation; a sole trader sets the flag for it and uses a business identifier.")
	// ErrOrganisation: the organisation lacks a name, identifier or seat, or one
	// of them is malformed.
	ErrOrganisation = hint.New("legal: the organisation is not complete",
		"Give legal name, one identifier with scheme and country, and the country of the legal seat.")
	// ErrIdentifier: an identifier is malformed for its scheme.
	ErrIdentifier = hint.New("legal: malformed identifier",
		"Check the identifier for a slip: scheme, two-letter country and value, for example VAT ES A00000000.")
	// ErrCheckDigits: the check digits of an identifier are wrong. Of what others state
	// it is a finding; do not publish such a number yourself.
	ErrCheckDigits = hint.New("legal: the check digits of the identifier are wrong",
		"Compare the number with the register; --force publishes it all the same.")
	// ErrStatement: a credential is no statement of an organisation about itself.
	ErrStatement = hint.New("legal: not a legal identity statement",
		"Ask the issuer to publish its identity again.")
	// ErrRecognition: a credential is no recognition, or is malformed.
	ErrRecognition = hint.New("legal: not a recognition",
		"Ask the recogniser to issue the RecognizedEntityCredential again.")
	// ErrMandate: a credential is no mandate, or is malformed.
	ErrMandate = hint.New("legal: not a mandate",
		"Ask the awarding body to issue the IssuingMandateCredential again.")
	// ErrSource: a source of evidence broke down or gave more than one may give.
	// What it said does not count.
	ErrSource = hint.New("legal: a source of evidence failed",
		"Look at the log of this moment; the verdict was made without that source.")
	// ErrWhois: a presentation is not the whois of the identifier asked for.
	ErrWhois = hint.New("legal: not the whois presentation of this identifier",
		"Ask the owner of the identifier to publish whois.vp again, signed with its current authentication key.")
)
