package verdict

func statusSpecs() []Spec {
	const again = "Try again later, follow the issuer, or staple the list with --with."
	const ask = "Ask the issuer; its list does not follow the rules."
	return []Spec{
		row(OK, "Every status that the credential names was read, and none is set.", "", Pass),
		row(Revoked, "The issuer has revoked the credential.", "Ask the issuer why.", Fail),
		row(Suspended, "The issuer has suspended the credential for the time being.", "Ask the issuer, or check again later.", Fail),
		row(RevocationSeenBefore, "A verified list of this issuer once showed the credential as revoked, and revocation cannot be undone.",
			"Ask the issuer; the evidence is kept.", Fail),
		row(NoStatusNamed, "The credential names no status, and neither the policy nor the issuer demands one.", "", Skipped).allowedSkip(),
		row(StatusDemandedByPractice, "The issuer says that each of its credentials carries a status, and this one does not.",
			"Ask the issuer whether it issued this credential.", Unknown),
		row(StatusDemandedByPolicy, "Your policy demands a status, and the credential names none.",
			"Ask the issuer, or change the policy.", Unknown),
		row(PracticeUnavailable, "Whether the issuer demands a status could not be established.",
			"Try again with a network, or follow the issuer.", Unknown),
		row(StatusRetrieval, "The status list could not be had.", again, Unknown).problem(statusProblem + "STATUS_RETRIEVAL_ERROR"),
		row(StatusVerification, "The status list's own proof does not hold.", ask, Unknown).problem(statusProblem + "STATUS_VERIFICATION_ERROR"),
		row(StatusListLength, "The status list is shorter than privacy and the policy demand.",
			"Ask the issuer for a longer list, or lower --min-list-length if you accept it.", Unknown).problem(statusProblem + "STATUS_LIST_LENGTH_ERROR"),
		row(StatusRange, "The credential's place in the status list lies outside the list.", ask, Unknown).problem(vcProblem + "RANGE_ERROR"),
		row(MalformedValue, "The status entry or the status list breaks a rule of its format.", ask, Unknown).problem(vcProblem + "MALFORMED_VALUE_ERROR"),
		row(TooLarge, "The status list is larger than we read.", "Raise the limit if you trust the issuer.", Unknown),
		row(ListUnavailable, "No copy of the status list is at hand and none was to be fetched.", again, Unknown).problem(statusProblem + "STATUS_RETRIEVAL_ERROR"),
		row(ListExpired, "The newest status list that could be had is past its own term.", again, Unknown).problem(statusProblem + "STATUS_VERIFICATION_ERROR"),
		row(ListNotYetValid, "The status list's term has not begun.", "Check this machine's clock, or wait.", Unknown).problem(statusProblem + "STATUS_VERIFICATION_ERROR"),
		row(ListIssuerNotAuthorised, "The status list is signed by somebody whom the credential's issuer does not name for that.",
			"Ask the issuer to name its list issuer in issuer.json.", Unknown).problem(statusProblem + "STATUS_VERIFICATION_ERROR"),
		row(ListPathNotInHead, "The issuer's current head does not name this status list, so it may be forged with a stolen list key.",
			"Fetch the issuer's folder again, or ask the issuer.", Unknown),
		row(ListRolledBack, "The status list that was offered is older than one already seen, and the newer one is not at hand.", again, Unknown),
		row(StatusIDDiffers, "The list's own id is not the URL that the credential names; the operator said that it answers for it.",
			"Make sure that the stapled list is the right one.", Warn),
		row(StatusPurposeMismatch, "The list serves another purpose than the one that the credential names.", ask, Unknown).problem(statusProblem + "STATUS_VERIFICATION_ERROR"),
		row(UnknownStatusType, "The credential names a kind of status that we cannot check.",
			"Check the credential with software that knows the type named.", Unknown),
		row(StatusSizeUnsupported, "The status has more than one bit, which we do not read.",
			"Check the credential with software that reads such lists.", Unknown),
		row(BitWentBack, "In a revocation list of this issuer a revocation was taken back, which must not happen.",
			"Look at the evidence and ask the issuer.", Warn),
		row(RefreshAvailable, "The issuer says that a newer version of the credential is available.", "Ask the holder for it.", Warn),
		row(MessageSet, "The issuer has set a message about the credential that does not touch its validity.", "", Warn),
		row(StatusListUnsigned, "The status comes from a list that nobody signed; it rests on the web site that it was fetched from, or on the operator's word.",
			"Nothing is wrong; the issuer may want to publish signed status lists.", Warn),
		row(StatusIndexNotString, "The place in the status list is written as a number where the rules demand a text.",
			"Nothing is wrong; the issuer should write statusListIndex as a text.", Warn),
		row(DIDForked, "The issuer's two histories give this credential different statuses.",
			"Run `bonafide fork verify` on the evidence and ask the issuer.", Unknown),
	}
}

func freshnessSpecs() []Spec {
	const fetch = "Try again with a network, or follow the issuer."
	return []Spec{
		row(OK, "All evidence is younger than the policy's limit.", "", Pass),
		row(TooOld, "The newest evidence that could be had is older than the policy allows.",
			fetch+" A policy may set accept_last_known for silent issuers.", Unknown),
		row(StoodOn, "The credential stood on the date given; nothing newer can be had, and the policy accepts that.", "", Pass),
		row(Isolated, "No source could be reached that would know of something newer.", fetch, Unknown),
		row(ClockBehind, "This machine's clock is behind the newest evidence, so no age can be told.",
			"Set the clock and try again.", Unknown),
		row(ExpiredHead, "The issuer's newest head is past its term: the issuer is silent, or newer state is kept from us.",
			fetch, Unknown),
		row(FirstContact, "This issuer was met for the first time, so there is no memory that would catch an older state.",
			"Follow issuers that you meet often.", Warn),
		row(NoEvidence, "There is no evidence whose age could be told.", fetch, Unknown),
		row(HeadForked, "The issuer has published two inconsistent histories of its folder.",
			"Run `bonafide fork verify` on the evidence and ask the issuer.", Unknown),
		row(Contested, "The issuer has published two inconsistent histories of its folder; both judge this credential alike.",
			"Run `bonafide fork verify` on the evidence and ask the issuer.", Warn),
		row(Unreached, "The issuer's own site and other holders were asked for news and gave no answer; what is held here was used, at its age.",
			"Try again later; the age shown is that of what is held.", Warn),
		row(ChangedAway, "The issuer's head names newer evidence that is not here yet.", fetch, Unknown),
		row(Anchored, "The issuer's account on a chain has anchored the state that is held, or an earlier one in its history, in a block that is final.", "", Pass).supporting(),
		row(AnchoredNewer, "The issuer's account on a chain has anchored a newer state than the one held: what is held was rolled back, or newer state is kept from us.",
			fetch, Unknown),
		row(AnchoredOther, "The issuer's account on a chain has anchored another state in the place of one that is held.",
			"Ask the issuer; somebody was shown another history than you.", Unknown),
		row(AnchorBehind, "The proof that the issuer's state is anchored is of an older batch than the policy of this node allows: newer state may be kept from us.",
			fetch, Unknown),
		row(AnchorUnproven, "The issuer names an aggregator that anchors its state, and the folder held has no proof of it that holds.",
			fetch+" The detail says what is wrong.", Unknown),
		row(AnchorUnused, "The issuer's account on a chain has anchored nothing about it yet.", "", Warn),
		row(AnchorUnchecked, "The issuer names an account on a chain, and what that says could not be established; the verdict rests on the rest.",
			"Look at anchor_rpc and anchor_chain; the detail says what was asked. A policy may set demand_anchor.", Warn, Unknown),
		row(NotAnchored, "Your policy demands that a chain speaks for the issuer's state, and none does.",
			"Ask the issuer, or change the policy.", Unknown),
	}
}

func issuerSpecs() []Spec {
	const chooseRoot = "Choose a trust root that knows the issuer, or ask the issuer for evidence of its legal identity."
	return []Spec{
		row(Identified, "The issuer's legal identity is proven by the sources named.", "", Pass),
		row(NotIdentified, "Nothing proves who the issuer is in law.", chooseRoot, Unknown),
		row(SelfClaimed, "The issuer says who it is; nobody whom you trust confirms it.", chooseRoot, Unknown, Warn),
		row(EvidenceUnproven, "Evidence about the issuer was there, but it could not be proven.",
			"Look at the evidence named; it may be out of date.", Warn, Unknown),
		row(ContradictedRoot, "A trust root that you configured states something else about the issuer than the credential does.",
			"Do not rely on the credential; ask the issuer and the root.", Fail).contradiction(),
		row(Disputed, "Somebody whom you do not trust states something else about the issuer.",
			"Look at the evidence named; it decides nothing by itself.", Warn),
		row(EvidenceConflict, "Two sources that you trust prove identifiers for the issuer that exclude each other.",
			"Ask both sources; until they agree it is not known who the issuer is.", Unknown),
		row(IdentifierDigits, "The check digits of an identifier that the issuer states are wrong.",
			"Compare it with the register; it is a slip, or a number that was never given out.", Warn),
		row(NameLookAlike, "A name that the issuer gives itself mixes alphabets or holds marks that cannot be seen, so that it may look like another's.",
			"Go by the identifier and never by the name.", Warn),
		row(LevelTooLow, "It is not known well enough who the issuer is: the policy demands more for credentials of this type.",
			"Ask the issuer for evidence of the level named, such as a seal or a recognition by one of your roots.", Unknown),
		row(NaturalPerson, "The issuer declares itself a natural person; only organisations publish here.",
			"Check the credential by other means.", Fail),
		row(SealContradicted, "The credential gives its issuer a legal identifier that is not the one of its seal's certificate.",
			"Do not rely on the credential; ask the issuer.", Fail).contradiction(),
		row(SealOtherIdentifier, "The credential gives its issuer a further legal identifier that its seal does not prove.",
			"Treat that identifier as the issuer's own word.", Warn),
		row(RegisterAmbiguous, "More than one record of a register matches the issuer, so none of them counts.",
			"Look at the records named; ask the register which one is the issuer.", Warn),
		row(RegisterSeatDiffers, "A register places the issuer in another country than its proven identifier does.",
			"That may be lawful: an education register's seat is the system that recognises the institution.", Warn),
		row(DomainProven, "The issuer's history was fetched from the domain in its identifier.", "", Pass).supporting(),
		row(DomainLinked, "The domain's own server names the issuer's identifier, and the identifier names the domain.", "", Pass).supporting(),
		row(DomainClaimedOnly, "The identifier names a domain; nobody whom you trust has seen it there.",
			"Verify once with access to the domain.", Warn),
	}
}

func authorisationSpecs() []Spec {
	const other = "Ask the issuer who recognises it, or add the trust root that does."
	return []Spec{
		row(Recognised, "A chain of recognitions leads from the issuer to a trust root that you configured.", "", Pass),
		row(NotRecognised, "No chain of recognitions leads from the issuer to a trust root that you configured.", other, Unknown),
		row(RecognitionExpired, "The recognition of the issuer has ended.", other, Fail),
		row(RecognitionNotYet, "The recognition of the issuer has not begun.", other, Fail),
		row(RecognitionRevoked, "The recognition of the issuer was revoked: it was void from the start.", other, Fail),
		row(RecognitionUnproven, "A recognition was there, but its proof does not hold or could not be checked.", other, Unknown),
		row(RecognitionStatusUnknown, "Whether the recognition still stands could not be established.",
			"Try again with a network, or follow the recogniser.", Unknown),
		row(RecognisedWhenIssued, "The recognition covers the issuing date that the credential claims, but not the time asked.",
			"The date is the issuer's own word; a policy with ended_recognition = \"by_claimed_date\" takes it.", Warn, Pass),
		row(TypeNotInScope, "The issuer is recognised, but not for credentials of this type.", other, Fail),
		row(NoRootsConfigured, "No trust root is configured, so nobody can be recognised.",
			"Choose one with `bonafide trust add`.", Unknown, Skipped),
		row(ChainTooDeep, "The chain of recognitions is longer than the policy allows.", other, Unknown),
		row(ChainCycle, "The recognitions go in a circle and reach no trust root.", other, Unknown),
		row(ChainWidened, "A link of the chain grants more than the one above it does, so that it grants nothing.", other, Unknown),
		row(ChainTermsForeign, "A link of the chain was issued under an accreditation that is not its issuer's.", other, Unknown),
	}
}

func qualitySpecs() []Spec {
	return []Spec{
		row(QualityEvidence, "A quality assurance register that you configured lists the issuer at the issuing date.", "", Pass),
		row(QualityNegative, "A quality assurance register that you configured holds a negative decision about the issuer for the issuing date.",
			"Look at the decision named; it says nothing about who made the credential.", Fail),
		row(AgencyNotRegistered, "The agency behind a decision was not registered when it decided, or nothing shows that it was; the decision does not count.",
			"Import the agency's record too, or look the agency up in its register.", Warn),
		row(QualityProgrammes, "There are decisions about single programmes; whether one is about this credential's is not known.",
			"Look whether one of the programmes named is the one of the credential.", Warn),
		row(NoQualityEvidence, "No quality assurance register that you configured lists the issuer at the issuing date.",
			"Absence from a register is no evidence against an issuer.", Unknown),
	}
}

func holderSpecs() []Spec {
	return []Spec{
		row(HolderPresent, "The credential says whom it is about.", "", Pass),
		row(HolderBound, "Whoever presented the credential holds the key that it names.", "", Pass),
		row(NotBound, "Nothing shows that whoever presents the credential is its holder.",
			"Compare name and date of birth with an identity document.", Warn),
		row(HolderAbsent, "The credential does not say whom it is about.",
			"Ask the issuer.", Unknown, Warn),
	}
}

func placeSpecs() []Spec {
	return []Spec{
		row(PlacePresent, "The credential says where it was issued.", "", Pass),
		row(PlaceAbsent, "The credential does not say where it was issued.", "Ask the issuer.", Unknown, Warn),
		row(PlaceContradicted, "The place of issue excludes what the signed credential or a configured trust root says about the issuer.",
			"Do not rely on the credential; ask the issuer.", Fail).contradiction(),
	}
}

func awardingSpecs() []Spec {
	return []Spec{
		row(SameEntity, "The body that awards is the issuer.", "", Pass),
		row(MandateProven, "The body that awards is not the issuer, and it has proven that it let the issuer sign.",
			"Where this is a note only, the mandate covers the issuing date that the credential claims, and not the time asked.", Pass, Warn),
		row(MandateClaimed, "The body that awards is not the issuer; that it let the issuer sign is only the issuer's word.",
			"Ask the awarding body.", Unknown, Warn),
		row(DiffersUnproven, "The body that awards is not the issuer, and nothing proves that it let the issuer sign.",
			"Ask the awarding body.", Unknown, Warn),
		row(AwardingAbsent, "The credential does not name an awarding body.", "Ask the issuer.", Unknown, Warn),
		row(AwardingContradicted, "A configured trust root says that the awarding body did not let the issuer sign.",
			"Do not rely on the credential; ask the awarding body.", Fail).contradiction(),
	}
}

func privacySpecs() []Spec {
	return []Spec{
		row(NothingLeft, "The check used only what was here; nothing left this machine.", "", Pass),
		row(Offline, "The network was switched off for this check.", "", Pass),
		row(Asked, "Others were asked for whole folders or lists, never for one credential.", "", Pass, Warn),
		row(IssuerAsked, "The issuer's own server was asked, so it may know that somebody is checking one of its credentials.",
			"Follow the issuer, so that later checks need not ask it.", Warn),
		row(DevHostMap, "Web look-ups went to a test server in place of the real host; this verdict is for development only.",
			"Restart without --dev-host-map before you rely on a verdict.", Warn),
	}
}
