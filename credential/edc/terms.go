package edc

import "strings"

// isTerm tells whether name is a member of the European Learning Model's
// application profile for credentials, or of the credential data model.
func isTerm(name string) bool {
	return name != "" && !strings.Contains(name, " ") && strings.Contains(" "+terms, " "+name+" ")
}

const terms = "@context accreditation accreditingAgent additionalNote address admissionProcedure altLabel amount applicationDeadline areaDialingCode " +
	"assessedBy attachment attachmentType awardedBy awardingBody awardingDate awardingOpportunity awards bannerImage birthName category " +
	"citizenshipCountry contactForm contactHour contactPoint content contentEncoding contentSize contentType contentURL count countryCode " +
	"countryDialing creator credentialProfiles credentialSchema credentialStatus credentialSubject creditPoint creditReceived dateCreated " +
	"dateIssued dateModified dateOfBirth dcType decision definition description descriptionHtml dialNumber directedBy displayDetail " +
	"displayParameter duration eIDASIdentifier educationLevel educationSubject educationalSystemNote elmSubject emailAddress embeddedEvidence " +
	"endDate entitledBy entitlementStatus entitlesTo entryRequirement eqfLevel evidence evidenceStatement evidenceTarget expirationDate " +
	"expiryDate familyName framework fullAddress fullName gender generalisationOf geographicName givenName grade gradeStatus gradingScheme grant " +
	"groupMemberOf hasClaim hasCredential hasPart hasSubOrganization holder homepage id idVerification identifier image inScheme " +
	"individualDisplay influencedBy influences isPartOf isPartialQualification issuanceDate issued issuer label landingPage language latitude " +
	"learningAchievementSpecification learningActivitySpecification learningOpportunity learningOutcome learningOutcomeSummary learningSchedule " +
	"learningSetting legalName levelOfCompletion limitCredentialType limitEQFLevel limitField limitJurisdiction limitNationalOccupation " +
	"limitOccupation limitOrganisation limitQualification location logo longitude maximumDuration maximumScore member memberOf minimumScore mode " +
	"name nationalID notation noteFormat noteLiteral nqfLevel organisation page patronymicName percentageEqual percentageHigher percentageLower " +
	"phone phoneNumber placeOfBirth point prefLabel priceDetail primaryLanguage proof provenBy proves providedBy publisher qualificationCode " +
	"refreshService registration relatedESCOSkill relatedResource relatedSkill report resultCategory resultDestribution reusabilityLevel " +
	"reviewDate scheduleInformation schemeAgency schemeId schemeName schemeVersion score shortenedGrading spatial spatialCode specialisationOf " +
	"specifiedBy startDate status subOrganizationOf subject summaryDisplay supplementaryDocument targetGroup taxIdentifier temporal termsOfUse " +
	"thematicArea title type unit used valid validFrom validUntil value vatIdentifier verifiableCredential verificationCheck verificationStatus " +
	"volumeOfLearning workload "
