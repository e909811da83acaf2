package trustlist

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a list, or a level, is refused. Compare with errors.Is.
var (
	// ErrTooLarge: more bytes, elements or depth than a list has. Refuse.
	ErrTooLarge = hint.New("trustlist: the list is too large",
		"Check where the file comes from; the largest national list has a few megabytes.")
	// ErrXML: no well-formed XML, or XML with a document type.
	ErrXML = hint.New("trustlist: not a list that can be read",
		"Download the list again; it must be the XML file, not a page that shows it.")
	// ErrSignature: the signature is missing, wrong, or covers something else.
	ErrSignature = hint.New("trustlist: the signature of the list does not hold",
		"Download the list again; a list that was changed or re-formatted no longer verifies.")
	// ErrSigner: the signature is by nobody who may sign this list.
	ErrSigner = hint.New("trustlist: the list is signed by somebody else",
		"Compare the certificate with that in the Official Journal, or with the list of lists.")
	// ErrForm: a signed list that does not follow ETSI TS 119 612.
	ErrForm = hint.New("trustlist: the list does not follow ETSI TS 119 612",
		"Report it to the operator of the list; until then it counts for nothing.")
	// ErrStale: the list should have been replaced by now.
	ErrStale = hint.New("trustlist: the list is past its next update",
		"Download the newest list and import it.")
	// ErrOlder: an older list than the one that is held.
	ErrOlder = hint.New("trustlist: older than the list that is held",
		"Keep the list that is held; sequence numbers only grow.")
	// ErrNoService: no authority of the lists stands above the certificate.
	ErrNoService = hint.New("trustlist: no authority of the trusted lists stands above the certificate",
		"Import the national list of the country of the authority, or treat the certificate as any other.")
	// ErrNotGranted: the authority is listed, and was not granted for seals then.
	ErrNotGranted = hint.New("trustlist: the authority was not granted for seals at that time",
		"Ask the issuer for a seal by an authority that is granted.")
	// ErrNotClaimed: the certificate does not call itself a qualified one for seals.
	ErrNotClaimed = hint.New("trustlist: the certificate is no qualified certificate for seals",
		"Ask the issuer for a seal under a qualified certificate for electronic seals.")
	// ErrNoDevice: qualified, but nothing says that the key is in a qualified device.
	ErrNoDevice = hint.New("trustlist: nothing says that the key is in a qualified device",
		"Treat it as an advanced seal with a qualified certificate; only a qualified seal needs the device.")
)
