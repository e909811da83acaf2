package credential

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrParse: the bytes are no JSON object that the project accepts. Ask
	// for the credential again; do not repair it.
	ErrParse = hint.New("credential: not a JSON object that can be read", "Ask for the credential again as the issuer sent it; it must be one JSON object in UTF-8.")
	// ErrMalformed: a rule of the data model is broken. The issuer must
	// issue again.
	ErrMalformed = hint.New("credential: the data model is broken", "The issuer must correct the named member and issue the credential again.")
	// ErrContext: an @context that is not built in, or an inline one. An
	// operator may add the context as a file.
	ErrContext = hint.New("credential: context not accepted", "Contexts are never fetched; check the URL for a slip, or ask the issuer to use a known context.")
	// ErrPractice: an issuer.json that cannot be relied on. It is ignored, and
	// whatever depends on it is unknown.
	ErrPractice = hint.New("credential: the issuer's practice statement does not hold", "The issuer must publish issuer.json again, signed by a current assertion key of its identifier.")
	// ErrProfile: a micro-credential to be issued lacks something.
	ErrProfile = hint.New("credential: the micro-credential is not complete", "Add the named field to the file or flags and issue again.")
	// ErrHolder: a presentation that is not by the holder it names.
	ErrHolder = hint.New("credential: the presentation is not its holder's", "Ask the holder for a new presentation signed with the key of the identifier it names.")
)
