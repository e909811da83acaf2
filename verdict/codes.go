package verdict

// Codes that stand in several checks.
const (
	OK             Code = "ok"
	NotChecked     Code = "not_checked"
	InternalError  Code = "internal_error"
	BudgetExceeded Code = "budget_exceeded"
	DIDForked      Code = "did_forked"
	Contested      Code = "contested"
	MalformedValue Code = "MALFORMED_VALUE_ERROR"
	TooLarge       Code = "too_large"
)

// Codes of the check format.
const (
	ParsingError        Code = "PARSING_ERROR"
	UnknownFormat       Code = "unknown_format"
	UnknownContext      Code = "unknown_context"
	ContextInline       Code = "context_inline"
	DataLoss            Code = "data_loss"
	TooComplex          Code = "too_complex"
	VCDM11              Code = "vcdm_1_1"
	ZoneMissing         Code = "zone_missing"
	ConfusableName      Code = "confusable_name"
	AnnexIncomplete     Code = "annex_incomplete"
	SchemaViolated      Code = "schema_violated"
	SchemaUnavailable   Code = "schema_unavailable"
	SchemaUnsupported   Code = "schema_unsupported"
	SchemaNotEvaluated  Code = "schema_not_evaluated"
	ResourceDiffers     Code = "resource_differs"
	ResourceUnavailable Code = "resource_unavailable"
	TokenType           Code = "token_type"
	WordUndefined       Code = "word_undefined"
	EndorsementUnproven Code = "endorsement_unproven"
)

// Codes of the check integrity.
const (
	SignatureInvalid     Code = "signature_invalid"
	CryptographicError   Code = "CRYPTOGRAPHIC_SECURITY_ERROR"
	ProofMissing         Code = "proof_missing"
	ProofMalformed       Code = "proof_malformed"
	ProofUnknownSuite    Code = "proof_unknown_suite"
	ProofWrongPurpose    Code = "proof_wrong_purpose"
	ProofCreatedInFuture Code = "proof_created_in_future"
	ProofExpired         Code = "proof_expired"
	ProofExtra           Code = "proof_extra"
	ProofNotHolders      Code = "proof_not_holders"
	DisclosureInvalid    Code = "disclosure_invalid"
	BindingInvalid       Code = "key_binding_invalid"
	AlgorithmRefused     Code = "algorithm_refused"
	ProofNotDerived      Code = "proof_not_derived"
	KeyUnavailable       Code = "key_unavailable"
	InvalidDomain        Code = "INVALID_DOMAIN_ERROR"
	InvalidChallenge     Code = "INVALID_CHALLENGE_ERROR"
	TimeStampOther       Code = "time_stamp_other"
)

// Codes of the check signer.
const (
	MethodNotInDocument       Code = "method_not_in_document"
	InvalidMethodURL          Code = "INVALID_VERIFICATION_METHOD_URL"
	InvalidMethod             Code = "INVALID_VERIFICATION_METHOD"
	InvalidDocument           Code = "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"
	InvalidDocumentID         Code = "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"
	WrongRelationship         Code = "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
	SignerNotIssuer           Code = "signer_not_issuer"
	ListKeySignedCredential   Code = "list_key_signed_credential"
	KeyWeak                   Code = "key_weak"
	KeyUnsupported            Code = "key_unsupported"
	MethodRevoked             Code = "method_revoked"
	MethodExpired             Code = "method_expired"
	ProofOlderThanKey         Code = "proof_older_than_key"
	SignerRetired             Code = "signer_retired"
	SignerUnknown             Code = "signer_unknown"
	KeyFromProof              Code = "key_from_proof"
	DIDMethodUnsupported      Code = "did_method_unsupported"
	DIDNotFound               Code = "did_not_found"
	DIDUnreachable            Code = "did_unreachable"
	DIDInvalid                Code = "did_invalid"
	IssuerClosed              Code = "issuer_closed"
	LowAssuranceDIDWeb        Code = "low_assurance_did_web"
	NotAttestedByMirrors      Code = "not_attested_by_mirrors"
	WitnessesMissing          Code = "witnesses_missing"
	RetiredProvenByTimeSource Code = "retired_proven_by_time_source"
	CertificateExpired        Code = "certificate_expired"
	CertificateSelfSigned     Code = "certificate_self_signed"
	CertificateChainUntrusted Code = "certificate_chain_untrusted"
	CertificateTimeUnproven   Code = "certificate_time_unproven"
	CertificateUnusable       Code = "certificate_unusable"
	CertificateNotForSigning  Code = "certificate_not_for_signing"
	SealIssuerUnbound         Code = "seal_issuer_unbound"
	TimeStampUnproven         Code = "time_stamp_unproven"
)

// Codes of the check dates.
const (
	Expired         Code = "expired"
	NotYetValid     Code = "not_yet_valid"
	NoValidity      Code = "no_validity"
	DatesDisordered Code = "dates_disordered"
	DateUnreadable  Code = "date_unreadable"
)

// Codes of the check status.
const (
	Revoked                  Code = "revoked"
	Suspended                Code = "suspended"
	RevocationSeenBefore     Code = "revocation_seen_before"
	NoStatusNamed            Code = "no_status_named"
	StatusDemandedByPractice Code = "status_demanded_by_practice"
	StatusDemandedByPolicy   Code = "status_demanded_by_policy"
	PracticeUnavailable      Code = "practice_unavailable"
	StatusRetrieval          Code = "STATUS_RETRIEVAL_ERROR"
	StatusVerification       Code = "STATUS_VERIFICATION_ERROR"
	StatusListLength         Code = "STATUS_LIST_LENGTH_ERROR"
	StatusRange              Code = "RANGE_ERROR"
	ListUnavailable          Code = "list_unavailable"
	ListExpired              Code = "list_expired"
	ListNotYetValid          Code = "list_not_yet_valid"
	ListIssuerNotAuthorised  Code = "list_issuer_not_authorised"
	ListPathNotInHead        Code = "list_path_not_in_head"
	ListRolledBack           Code = "list_rolled_back"
	StatusIDDiffers          Code = "status_id_differs"
	StatusPurposeMismatch    Code = "status_purpose_mismatch"
	UnknownStatusType        Code = "unknown_status_type"
	StatusSizeUnsupported    Code = "status_size_unsupported"
	BitWentBack              Code = "bit_went_back"
	RefreshAvailable         Code = "refresh_available"
	MessageSet               Code = "message_set"
	StatusListUnsigned       Code = "status_list_unsigned"
	StatusIndexNotString     Code = "status_index_not_string"
)

// Codes of the check freshness.
const (
	TooOld       Code = "too_old"
	StoodOn      Code = "stood_on"
	Isolated     Code = "isolated"
	ClockBehind  Code = "clock_behind"
	ExpiredHead  Code = "expired_head"
	FirstContact Code = "first_contact"
	NoEvidence   Code = "no_evidence"
	HeadForked   Code = "head_forked"
	ChangedAway  Code = "changed_not_here"
	Unreached    Code = "source_unreached"

	Anchored        Code = "anchored"
	AnchoredNewer   Code = "anchored_newer"
	AnchoredOther   Code = "anchored_other"
	AnchorBehind    Code = "anchor_batches_behind"
	AnchorUnproven  Code = "anchor_unproven"
	AnchorUnused    Code = "anchor_unused"
	AnchorUnchecked Code = "anchor_unchecked"
	NotAnchored     Code = "not_anchored"
)

// Codes of the check issuer.
const (
	Identified        Code = "identified"
	NotIdentified     Code = "not_identified"
	SelfClaimed       Code = "self_claimed"
	ContradictedRoot  Code = "contradicted"
	Disputed          Code = "disputed"
	EvidenceConflict  Code = "evidence_conflict"
	IdentifierDigits  Code = "identifier_check_digits"
	NameLookAlike     Code = "name_look_alike"
	NaturalPerson     Code = "natural_person"
	DomainProven      Code = "domain_proven"
	DomainLinked      Code = "domain_linked"
	DomainClaimedOnly Code = "domain_claimed_only"
	EvidenceUnproven  Code = "evidence_unproven"
	LevelTooLow       Code = "level_too_low"

	RegisterAmbiguous   Code = "register_ambiguous"
	RegisterSeatDiffers Code = "register_seat_differs"

	SealContradicted    Code = "seal_contradicted"
	SealOtherIdentifier Code = "seal_other_identifier"
)

// Codes of the check authorisation.
const (
	Recognised               Code = "recognised"
	NotRecognised            Code = "not_recognised"
	RecognitionExpired       Code = "recognition_expired"
	RecognitionNotYet        Code = "recognition_not_yet_valid"
	RecognitionRevoked       Code = "recognition_revoked"
	RecognitionUnproven      Code = "recognition_unproven"
	RecognitionStatusUnknown Code = "recognition_status_unknown"
	RecognisedWhenIssued     Code = "recognised_when_issued"
	TypeNotInScope           Code = "type_not_in_scope"
	NoRootsConfigured        Code = "no_roots_configured"
	ChainTooDeep             Code = "chain_too_deep"
	ChainCycle               Code = "chain_cycle"
	ChainWidened             Code = "chain_widened"
	ChainTermsForeign        Code = "chain_terms_foreign"
)

// Codes of the checks quality, holder, place and awarding.
const (
	QualityEvidence   Code = "quality_evidence"
	QualityNegative   Code = "quality_negative"
	NoQualityEvidence Code = "no_quality_evidence"

	AgencyNotRegistered Code = "agency_not_registered"
	QualityProgrammes   Code = "quality_programmes"

	HolderPresent Code = "holder_present"
	HolderAbsent  Code = "holder_absent"
	HolderBound   Code = "holder_bound"
	NotBound      Code = "not_bound"

	PlacePresent      Code = "place_present"
	PlaceAbsent       Code = "place_absent"
	PlaceContradicted Code = "place_contradicted"

	SameEntity           Code = "same_entity"
	MandateProven        Code = "mandate_proven"
	MandateClaimed       Code = "mandate_claimed"
	DiffersUnproven      Code = "differs_unproven"
	AwardingAbsent       Code = "awarding_absent"
	AwardingContradicted Code = "awarding_contradicted"
)

// Codes of the check privacy.
const (
	NothingLeft Code = "nothing_left"
	Offline     Code = "offline"
	Asked       Code = "asked"
	IssuerAsked Code = "issuer_asked"
	DevHostMap  Code = "dev_host_map"
)
