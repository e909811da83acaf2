package badge

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrNotImage: neither PNG nor SVG. Treat the bytes as something else.
	ErrNotImage = hint.New("badge: neither a PNG nor an SVG image", "Open Badges are baked into PNG and SVG only; give the original file, not a screenshot or a converted copy.")
	// ErrTooLarge: image or credential above its cap.
	ErrTooLarge = hint.New("badge: larger than is read", "A badge image may have 8 MiB and its credential 2 MiB; ask the issuer for the credential as a file.")
	// ErrTooComplex: the SVG is deeper or has more parts than honest images.
	ErrTooComplex = hint.New("badge: the SVG is too deep or has too many parts", "Treat the file with suspicion; ask the issuer for the credential as a file.")
	// ErrMalformed: the image breaks the rules of its own format.
	ErrMalformed = hint.New("badge: the image is damaged", "Ask for the original file; a copy that went through an editor or a mail program may be damaged.")
	// ErrChecksum: a chunk of the PNG differs from its checksum.
	ErrChecksum = hint.New("badge: a checksum in the PNG does not fit", "Ask for the original file; this copy was damaged or changed.")
	// ErrDoctype: the SVG has declarations of its own, which could define words.
	ErrDoctype = hint.New("badge: the SVG declares entities or another document type", "Remove the DOCTYPE line from the SVG and bake the badge again; such declarations can hide content.")
	// ErrNone: an image that carries no Open Badges 3.0 credential.
	ErrNone = hint.New("badge: the image carries no credential", "Download the badge again from where it was issued; social networks and editors strip what is baked in.")
	// ErrOlder: an image of Open Badges 1 or 2, which are no credentials.
	ErrOlder = hint.New("badge: the image holds an Open Badge of version 1 or 2", "Ask the issuer for an Open Badge 3.0; older ones are checked by asking the issuer's server.")
	// ErrSeveral: more than one credential; which one counts is not said.
	ErrSeveral = hint.New("badge: the image carries more than one credential", "Ask the issuer for an image with one credential; which of several is meant cannot be known.")
	// ErrNamespace: an element credential under another name than that of 3.0.
	ErrNamespace = hint.New("badge: the credential in the SVG is not in the namespace of Open Badges 3.0", "The issuer must use the namespace https://purl.imsglobal.org/ob/v3p0.")
	// ErrCompressed: the text is compressed, which the specification forbids.
	ErrCompressed = hint.New("badge: the credential in the PNG is compressed", "The issuer must bake the credential without compression.")
	// ErrInner: what is baked in is neither a JSON object nor a compact JWT.
	ErrInner = hint.New("badge: what is baked in is no credential", "Ask the issuer to bake the signed credential itself into the image.")
	// ErrBaked: the image to bake into already holds a credential.
	ErrBaked = hint.New("badge: the image already holds a credential", "Bake into the plain image of the achievement.")
	// ErrIdentifier: an identity object that cannot be compared.
	ErrIdentifier = hint.New("badge: the recipient's identifier cannot be compared", "The issuer must state identityType, hashed and identityHash as Open Badges 3.0 demands.")
	// ErrWeakHash: the recipient is hidden by MD5, under which others fit too.
	ErrWeakHash = hint.New("badge: the recipient's identifier is hashed with MD5", "The issuer must issue the badge again with sha256.")
	// ErrEndorsements: some endorsements were left out of the list.
	ErrEndorsements = hint.New("badge: not all endorsements can be listed", "Treat the endorsements as unproven; there are too many, too deep, or one is not written as the specification demands.")
)
