package verdict

const (
	vcProblem     = "https://www.w3.org/TR/vc-data-model#"
	secProblem    = "https://w3id.org/security#"
	statusProblem = "https://www.w3.org/ns/credentials/status-list#"
)

// row is a line whose check, principle and ELM type are filled in later.
func row(c Code, meaning, hint string, results ...Result) Spec {
	return Spec{Code: c, Results: results, Meaning: meaning, Hint: hint}
}

func (s Spec) problem(url string) Spec { s.Problem = url; return s }
func (s Spec) contradiction() Spec     { s.Contradiction = true; return s }
func (s Spec) allowedSkip() Spec       { s.AllowedSkip = true; return s }
func (s Spec) supporting() Spec        { s.Supporting = true; return s }

// everywhere lists the codes that every check may come to.
func everywhere() []Spec {
	return []Spec{
		row(NotChecked, "This was not checked, because something before it ended the work or nobody asked for it.",
			"Look at the checks that did not pass; they say what stood in the way.", Skipped, Unknown),
		row(InternalError, "Our own program failed while it checked this; that says nothing about the credential.",
			"Try again; if it stays, report it with the log of this moment.", Unknown),
		row(BudgetExceeded, "Checking this would have cost more work or network requests than one verification may spend.",
			"Staple the evidence with --with, or follow the issuer so that its evidence is at hand.", Unknown),
	}
}

func specsOf(name CheckName) []Spec {
	switch name {
	case Format:
		return formatSpecs()
	case Integrity:
		return integritySpecs()
	case Signer:
		return signerSpecs()
	case Dates:
		return dateSpecs()
	case Status:
		return statusSpecs()
	case Freshness:
		return freshnessSpecs()
	case Issuer:
		return issuerSpecs()
	case Authorisation:
		return authorisationSpecs()
	case Quality:
		return qualitySpecs()
	case Holder:
		return holderSpecs()
	case Place:
		return placeSpecs()
	case Awarding:
		return awardingSpecs()
	case Privacy:
		return privacySpecs()
	}
	return nil
}

func formatSpecs() []Spec {
	return []Spec{
		row(OK, "The bytes are a credential in a format that we read in full.", "", Pass),
		row(ParsingError, "The bytes are not well-formed: no strict JSON, or no token of the kind they claim to be.",
			"Ask for the original file; a copy that went through an editor or a mail program may be damaged.", Fail).problem(vcProblem + "PARSING_ERROR"),
		row(MalformedValue, "A rule of the credential data model is broken at the place named.",
			"Ask the issuer to issue the credential again; the message names the property.", Fail).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(UnknownFormat, "This is no credential format that we know.",
			"Check that the file is a credential; if it is, this version of Bonafide cannot read its kind.", Unknown).problem(vcProblem + "PARSING_ERROR"),
		row(UnknownContext, "The credential uses a JSON-LD context that we do not hold, so its words have no certain meaning.",
			"If you trust the context, add its file and digest to the settings.", Unknown).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(ContextInline, "The credential defines words of its own inside its @context, which could change what signed text means.",
			"Ask the issuer to publish the context under a URL.", Unknown).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(DataLoss, "A part of the credential has no meaning in its context, so the signature would not cover it.",
			"Ask the issuer to correct the property named, or its context.", Fail).problem(secProblem + "DATA_LOSS_DETECTION_ERROR"),
		row(TooLarge, "The credential is larger than we read.",
			"Raise the limit if you trust the source.", Unknown).problem(vcProblem + "PARSING_ERROR"),
		row(TooComplex, "The credential is nested or linked so deeply that checking it was stopped.",
			"Treat the file with suspicion; honest credentials do not need this.", Unknown).problem(secProblem + "PROOF_TRANSFORMATION_ERROR"),
		row(VCDM11, "The credential follows the older data model 1.1.",
			"Nothing is wrong; the issuer may want to move to 2.0.", Warn),
		row(ZoneMissing, "A date carries no time zone and was read as UTC.", "", Warn),
		row(ConfusableName, "The name of a member looks like a known one but is spelled with other letters, and was not read as it.",
			"Ask the issuer about the member named.", Warn),
		row(AnnexIncomplete, "Elements that the European standard for micro-credentials asks for are missing or do not serve.",
			"Ask the issuer for the elements named; this says nothing about authenticity.", Warn),
		row(SchemaViolated, "The credential does not fit the schema that it names.",
			"Ask the issuer to issue the credential again.", Fail).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(SchemaUnavailable, "The schema that the credential names is not at hand.",
			"Staple the schema with --with, or follow the issuer.", Unknown, Warn),
		row(SchemaUnsupported, "The schema that the credential names is of a kind or version that we cannot evaluate, or is broken itself.",
			"Check the credential with software that knows the kind of schema named, or ask the issuer.", Unknown),
		row(SchemaNotEvaluated, "The credential names a schema of a kind that we know and do not evaluate.",
			"Check the credential with software that evaluates the kind of schema named.", Unknown, Warn),
		row(ResourceDiffers, "A resource whose digest the credential states is another one than we hold.",
			"Ask the issuer which version is meant.", Fail).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(ResourceUnavailable, "A resource whose digest the credential states is not at hand.",
			"Staple it with --with.", Unknown, Warn),
		row(TokenType, "The token is not of the type that a credential has.",
			"Make sure that this is the credential and not another document of the issuer or the holder.", Fail).problem(vcProblem + "PARSING_ERROR"),
		row(EndorsementUnproven, "An endorsement inside the badge could not be shown to be genuine.",
			"Look at the endorsement named; the badge without it may stand for itself.", Unknown).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(WordUndefined, "A word of the credential has no definition in its context; the signature covers it as it is written.",
			"Read the word named with care: what it means is agreed nowhere.", Warn),
	}
}

func integritySpecs() []Spec {
	return []Spec{
		row(OK, "The signature fits the signed content: nothing was changed.", "", Pass),
		row(SignatureInvalid, "The signature does not fit the content: it was changed after signing, or signed with another key.",
			"Do not rely on this copy; ask for the original.", Fail).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(CryptographicError, "The proof does not hold under the rules of its cryptographic suite.",
			"Do not rely on this copy; ask for the original.", Fail).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(ProofMissing, "The credential carries no proof, so nothing can be said about who made it.",
			"Ask for the signed original.", Unknown).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofMalformed, "The proof is not written as its suite demands.",
			"Do not rely on this copy; ask for the original.", Fail).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofUnknownSuite, "The proof is of a kind that we cannot check.",
			"Check the credential with software that knows the suite named.", Unknown).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofWrongPurpose, "The proof was made for another purpose than to state a credential.",
			"Do not rely on this copy; ask for the original.", Fail).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofCreatedInFuture, "The proof says it was made at a time that has not come yet.",
			"Check this machine's clock; if it is right, ask the issuer.", Fail, Unknown).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofExpired, "The proof's own term has ended.",
			"Ask the issuer for a new copy.", Fail).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(ProofExtra, "Beside the issuer's proof there is another that was not needed or could not be checked.",
			"", Warn),
		row(ProofNotHolders, "The presentation is signed with a key that is not its holder's, or that the holder does not use to identify itself now.",
			"Ask the holder for a new presentation.", Unknown).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(DisclosureInvalid, "What the holder shows does not fit what the issuer signed, or the issuer signed it in a form that may mean two things.",
			"Ask the holder for a new presentation made from the whole credential; if it stays, ask the issuer.", Fail).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(BindingInvalid, "The signature with which the holder presents the credential does not hold: it is by another key, for other contents, or not made just now.",
			"Ask the holder for a fresh presentation.", Fail).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(ProofNotDerived, "The proof is the one that the issuer gave to the holder, with the keys that keep parts apart; it is not for showing.",
			"Ask the holder for a copy in which the parts to be shown were chosen.", Unknown).problem(secProblem + "PROOF_VERIFICATION_ERROR"),
		row(AlgorithmRefused, "The signature names an algorithm that proves nothing, or one that its key is not for.",
			"Do not rely on this copy; ask for the original.", Fail).problem(vcProblem + "CRYPTOGRAPHIC_SECURITY_ERROR"),
		row(KeyUnavailable, "The key that should have made the signature is not at hand, so the signature could not be checked.",
			"See the check signer; staple the issuer's identifier log with --with or allow the network.", Unknown),
		row(InvalidDomain, "The proof was made for another domain than the one asked for.",
			"Ask the holder for a presentation made for you.", Fail).problem(secProblem + "INVALID_DOMAIN_ERROR"),
		row(InvalidChallenge, "The proof does not answer the challenge that was set.",
			"Ask the holder for a fresh presentation.", Fail).problem(secProblem + "INVALID_CHALLENGE_ERROR"),
		row(TimeStampOther, "A time stamp that came with the seal was made for other content.",
			"Ask the issuer; the time stamp says nothing about this credential.", Warn),
	}
}

func signerSpecs() []Spec {
	const noTrust = "Do not rely on the credential; ask the issuer."
	const stale = "If the issuer may have changed its keys lately, fetch its identifier log again; else do not rely on the credential."
	return []Spec{
		row(OK, "The key belongs to the issuer and may sign credentials.", "", Pass),
		row(MethodNotInDocument, "The issuer's document does not list the key, and never did as far as we know.",
			stale, Fail, Unknown).problem(secProblem + "INVALID_VERIFICATION_METHOD"),
		row(InvalidMethodURL, "The proof names its key by something that is no URL of a key.",
			noTrust, Fail).problem(secProblem + "INVALID_VERIFICATION_METHOD_URL"),
		row(InvalidMethod, "The entry for the key in the issuer's document is not valid, or says that somebody else controls it.",
			noTrust, Fail, Unknown).problem(secProblem + "INVALID_VERIFICATION_METHOD"),
		row(InvalidDocument, "What answers for the issuer's identifier is no valid document.",
			"Try another source of the issuer's document.", Unknown).problem(secProblem + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"),
		row(InvalidDocumentID, "The document that answers for the issuer's identifier is about another identifier.",
			"Try another source of the issuer's document.", Unknown).problem(secProblem + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"),
		row(WrongRelationship, "The key is the issuer's, but the issuer does not let it sign credentials.",
			noTrust, Fail, Unknown).problem(secProblem + "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"),
		row(SignerNotIssuer, "The credential names one issuer and is signed with the key of another.",
			noTrust, Fail).problem(secProblem + "INVALID_VERIFICATION_METHOD").contradiction(),
		row(ListKeySignedCredential, "The issuer keeps this key for status lists only; a credential under it is not the issuer's act.",
			noTrust, Fail),
		row(KeyWeak, "The key is of a form under which signatures can be forged.", noTrust, Fail),
		row(KeyUnsupported, "The key is of a kind that we cannot use.",
			"Check the credential with software that knows this kind of key.", Unknown),
		row(MethodRevoked, "The issuer's document marks the key as revoked.", noTrust, Fail),
		row(MethodExpired, "The issuer's document says that the key's term has ended.",
			"Ask the issuer to issue the credential again.", Unknown, Fail),
		row(ProofOlderThanKey, "The proof says it was made before the key first appeared in the issuer's history.",
			"Ask the issuer; a moved identifier can explain it, a forged date too.", Warn, Fail),
		row(SignerRetired, "The key stands only in an older version of the issuer's document, and nothing independent proves that the signature is older than its removal.",
			"Ask the issuer to issue the credential again under its present key.", Unknown),
		row(RetiredProvenByTimeSource, "The key is retired, but independent evidence of time proves that the signature came before.", "", Pass),
		row(SignerUnknown, "Whose key it is could not be established.",
			"Staple the issuer's document with --with, follow the issuer, or allow the network.", Unknown),
		row(KeyFromProof, "The key stands only in the credential itself: it shows that nothing was changed, and not who signed.",
			"Ask the issuer for an identifier that its key can be looked up from.", Unknown),
		row(DIDMethodUnsupported, "The issuer's identifier is of a method that we do not resolve.",
			"Check the credential with software that knows the method named.", Unknown),
		row(DIDNotFound, "Nobody who was asked knows the issuer's identifier.",
			"Check the spelling, add peers, or staple the issuer's log with --with.", Unknown),
		row(DIDUnreachable, "The issuer's identifier could not be looked up.",
			"Try again with a network, or staple the issuer's log with --with.", Unknown),
		row(DIDInvalid, "The history of the issuer's identifier that we were given is not valid.",
			"Try another source of the history; if all give the same, ask the issuer.", Unknown),
		row(DIDForked, "The issuer's identifier has two histories, and they judge this credential differently.",
			"Run `bonafide fork verify` on the evidence and ask the issuer; the operator may choose a branch.", Unknown),
		row(Contested, "The issuer's identifier has two histories; both judge this credential alike.",
			"Run `bonafide fork verify` on the evidence and ask the issuer.", Warn),
		row(IssuerClosed, "The issuer has closed its identifier; the credential was judged against its last version.",
			"For questions look for the issuer's successor.", Warn),
		row(LowAssuranceDIDWeb, "The issuer's identifier has no history: it says only what its web server says at the moment.",
			"Nothing is wrong; evidence about this issuer ages badly.", Warn),
		row(NotAttestedByMirrors, "The issuer's document came through others and not enough sources that you named attest it.",
			"Allow the network, or name mirrors in the trust policy.", Unknown),
		row(WitnessesMissing, "The newest version of the issuer's history lacks approvals by the witnesses that it names.",
			"Fetch the witness file again; the entry may be too new.", Unknown, Warn),
		row(CertificateExpired, "The certificate of the seal does not hold at the time asked, and no trusted time stamp proves that the seal was made while it did.",
			"Ask the issuer to seal the credential again.", Unknown),
		row(CertificateSelfSigned, "The certificate of the seal was made by whoever made the seal; anybody can make such a certificate.",
			"Ask the issuer for a seal under a certificate of an authority that you trust.", Unknown),
		row(CertificateChainUntrusted, "The certificate of the seal does not lead to a root that you configured.",
			"Add the root of the authority if you trust it.", Unknown),
		row(CertificateTimeUnproven, "The authority behind the seal is no longer granted, and nothing proves that the seal was made while it was.",
			"Ask the issuer to seal the credential again.", Unknown),
		row(CertificateUnusable, "The certificate of the seal cannot be read without guessing.",
			"Check the seal with other software; the message says what is wrong with the certificate.", Unknown),
		row(CertificateNotForSigning, "The certificate of the seal does not let its key sign.", noTrust, Unknown),
		row(SealIssuerUnbound, "The certificate of the seal holds, but the credential does not name its holder as the issuer.",
			"Compare the organisation in the certificate with the issuer that the credential names.", Unknown),
		row(TimeStampUnproven, "A time stamp came with the seal; its authority is not trusted here, so it proves no time.",
			"Check the seal with software that knows the authority named, if the time matters.", Warn),
	}
}

func dateSpecs() []Spec {
	return []Spec{
		row(OK, "The time asked lies inside the credential's validity.", "", Pass),
		row(Expired, "The credential's validity has ended.", "Ask the holder for a newer credential.", Fail),
		row(NotYetValid, "The credential's validity has not begun.", "Check this machine's clock, or wait.", Fail),
		row(NoValidity, "The credential does not say when its validity begins.",
			"Ask the issuer for the date of issuing.", Warn),
		row(DatesDisordered, "The credential's validity ends before it begins.",
			"Ask the issuer to issue the credential again.", Fail).problem(vcProblem + "MALFORMED_VALUE_ERROR").contradiction(),
		row(DateUnreadable, "A date is not written as the data model demands.",
			"Ask the issuer to issue the credential again.", Unknown).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
	}
}
