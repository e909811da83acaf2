package annex

// Code says what a finding is. The words are stable.
type Code string

// The codes of findings.
const (
	LearnerNameOnly    Code = "learner_name_only"
	LearnerLocalID     Code = "learner_local_id"
	NationalIDSpelling Code = "national_id_spelling"
	BirthDateShifted   Code = "birth_date_shifted"
	BirthDateWithTime  Code = "birth_date_with_time"
	BirthDateMalformed Code = "birth_date_malformed"
	SeveralSubjects    Code = "several_subjects"
	CountryUnknown     Code = "country_unknown"
	AwardingUnnamed    Code = "awarding_body_unnamed"
	AwardingNoID       Code = "awarding_body_without_identifier"
	DateMalformed      Code = "date_malformed"
	DateFromValidity   Code = "date_from_validity"
	AwardedAfterIssue  Code = "awarded_after_issue"
	OutcomesAligned    Code = "outcomes_by_alignment"
	DurationMalformed  Code = "duration_malformed"
	DurationAbsurd     Code = "duration_absurd"
	CreditsMalformed   Code = "credits_malformed"
	CreditsAbsurd      Code = "credits_absurd"
	CreditsUnframed    Code = "credits_without_framework"
	LevelMalformed     Code = "level_malformed"
	AssessmentUntyped  Code = "assessment_untyped"
	FormUnknown        Code = "participation_unknown"
	QualityClaimed     Code = "quality_claimed"
	ValueMalformed     Code = "value_malformed"
)

// meaning is the severity and the sentence of a code.
type meaning struct {
	severity Severity
	text     string
}

func meaningOf(c Code) meaning {
	switch c {
	case LearnerNameOnly:
		return meaning{Warn, "A name alone fits many people; an identifier or the date of birth is missing."}
	case LearnerLocalID:
		return meaning{Info, "The learner's id is a label inside this document and identifies nobody."}
	case NationalIDSpelling:
		return meaning{Info, "The national identifier is read under both spellings; the model's context says nationalID and its shapes nationalId, so software that reads the graph may miss it."}
	case BirthDateShifted:
		return meaning{Warn, "The date of birth is written as a moment in UTC that is midnight somewhere else, so the day that is meant is probably the next one."}
	case BirthDateWithTime:
		return meaning{Info, "The date of birth carries a time of day."}
	case BirthDateMalformed:
		return meaning{Warn, "The date of birth is no date."}
	case SeveralSubjects:
		return meaning{Info, "The credential is about several subjects; the first was read as the learner."}
	case CountryUnknown:
		return meaning{Warn, "The country is not a code of ISO 3166-1."}
	case AwardingUnnamed:
		return meaning{Warn, "An awarding body has no name."}
	case AwardingNoID:
		return meaning{Info, "An awarding body carries no legal identifier by which it could be found in a register."}
	case DateMalformed:
		return meaning{Warn, "A date cannot be read."}
	case DateFromValidity:
		return meaning{Info, "No date of issuing is stated; the beginning of validity was taken for it."}
	case AwardedAfterIssue:
		return meaning{Warn, "The date of award is more than a day after the date of issuing."}
	case OutcomesAligned:
		return meaning{Info, "Learning outcomes are stated only as links to a framework or catalogue."}
	case DurationMalformed:
		return meaning{Warn, "A duration is not written in ISO 8601."}
	case DurationAbsurd:
		return meaning{Warn, "A duration is nothing, less than nothing or more than a year; M before T means months, so sixty minutes are PT60M."}
	case CreditsMalformed:
		return meaning{Warn, "Credits are not a number above zero."}
	case CreditsAbsurd:
		return meaning{Warn, "More than 60 ECTS credits are more than a year of full-time study."}
	case CreditsUnframed:
		return meaning{Info, "Credits are stated without saying in which system."}
	case LevelMalformed:
		return meaning{Warn, "The level is not one of the eight of the European Qualifications Framework."}
	case AssessmentUntyped:
		return meaning{Info, "There was an assessment, but its type is not stated."}
	case FormUnknown:
		return meaning{Warn, "The form of participation is not online, onsite or blended."}
	case QualityClaimed:
		return meaning{Info, "Quality assurance is the issuer's own word or an endorsement that was not checked here."}
	}
	return meaning{Warn, "The value is not of the kind that belongs here."}
}
