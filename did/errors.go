package did

import (
	"errors"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// The errors of resolution. [Code] gives the W3C name of each.
var (
	// ErrInvalid (INVALID_DID): the text is no DID of its method, or what it
	// names does not verify. Refuse; do not cache.
	ErrInvalid = hint.New("did: invalid identifier",
		"Check that the identifier was copied whole; if it was, its history does not verify and its owner must mend it.")
	// ErrInvalidURL (INVALID_DID_URL): the text is no DID URL. Refuse.
	ErrInvalidURL = hint.New("did: invalid DID URL",
		"Check that the DID URL was copied whole.")
	// ErrNotFound (NOT_FOUND): there is no such identifier, version or resource
	// where it was looked for. Try another source.
	ErrNotFound = hint.New("did: not found",
		"Check the identifier and the version; the owner may have removed it, in which case a peer or watcher may still hold it.")
	// ErrMethod (METHOD_NOT_SUPPORTED): nobody here resolves this method. Treat
	// what depends on it as unknown.
	ErrMethod = hint.New("did: method is not supported",
		"Use an identifier of a supported method: did:webvh, did:web, did:key or did:jwk.")
	// ErrOptions (INVALID_OPTIONS): the resolution options contradict each
	// other or have a bad value. Correct the request.
	ErrOptions = hint.New("did: invalid resolution options",
		"Give at most one of versionId, versionTime and versionNumber, and times like 2026-01-31T12:00:00Z.")
	// ErrFeature (FEATURE_NOT_SUPPORTED): the method cannot do what was asked,
	// for instance give an old version. Ask without that option.
	ErrFeature = hint.New("did: option is not supported by this method",
		"Leave the option out: this method keeps no versions.")
	// ErrDocument (INVALID_DID_DOCUMENT): the document is malformed or is that
	// of another identifier. Refuse it.
	ErrDocument = hint.New("did: invalid document",
		"Ask the owner of the identifier to publish a well-formed document.")
	// ErrUnavailable (INTERNAL_ERROR): no source could be reached. Try again
	// later; nothing follows about the identifier.
	ErrUnavailable = hint.New("did: no source could be reached",
		"Check the network and try again, or add a peer that holds this identifier.")
	// ErrRepresentation (REPRESENTATION_NOT_SUPPORTED): the media type asked
	// for is not produced.
	ErrRepresentation = hint.New("did: representation is not supported",
		"Ask for application/did-resolution or application/did.")
)

// The errors of finding a verification method (Controlled Identifiers 1.0,
// section 3.3). None of them is a reason to look for the key elsewhere.
var (
	// ErrMethodURL: the reference to the key is no DID URL with a fragment, or
	// belongs to another document.
	ErrMethodURL = hint.New("did: reference to the key is not a URL of this document",
		"Check the verificationMethod of the proof: it must be the signer's DID, a #, and the name of a key.")
	// ErrMethodNotFound: the document has no such verification method.
	ErrMethodNotFound = hint.New("did: document has no such key",
		"The key was removed or never stood there: ask the signer to sign with a current key.")
	// ErrRelationship: the key stands in the document, but not for this use.
	ErrRelationship = hint.New("did: key is not authorised for this use",
		"Ask the signer to sign with a key that its document lists for this use.")
	// ErrController: the key's controller is missing or is somebody else.
	ErrController = hint.New("did: key is controlled by another identifier",
		"Ask the owner of the document to name itself as controller of its keys.")
)

// Code returns the W3C error name of err, for instance "NOT_FOUND" (DID
// Resolution, section on errors). Errors without one are "INTERNAL_ERROR"; nil
// is "".
func Code(err error) string {
	if err == nil {
		return ""
	}
	for _, e := range []struct {
		err  error
		code string
	}{
		{ErrInvalid, "INVALID_DID"}, {ErrInvalidURL, "INVALID_DID_URL"}, {ErrNotFound, "NOT_FOUND"},
		{ErrMethod, "METHOD_NOT_SUPPORTED"}, {ErrOptions, "INVALID_OPTIONS"}, {ErrFeature, "FEATURE_NOT_SUPPORTED"},
		{ErrDocument, "INVALID_DID_DOCUMENT"}, {ErrRepresentation, "REPRESENTATION_NOT_SUPPORTED"},
	} {
		if errors.Is(err, e.err) {
			return e.code
		}
	}
	return "INTERNAL_ERROR"
}

// title is the human-readable name of a W3C error.
func title(code string) string {
	switch code {
	case "INVALID_DID":
		return "Invalid DID"
	case "INVALID_DID_URL":
		return "Invalid DID URL"
	case "NOT_FOUND":
		return "Not found"
	case "METHOD_NOT_SUPPORTED":
		return "DID method not supported"
	case "INVALID_OPTIONS":
		return "Invalid options"
	case "FEATURE_NOT_SUPPORTED":
		return "Feature not supported"
	case "INVALID_DID_DOCUMENT":
		return "Invalid DID document"
	case "REPRESENTATION_NOT_SUPPORTED":
		return "Representation not supported"
	}
	return "Internal error"
}
