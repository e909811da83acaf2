package ebsi

import "github.com/bonafide-id/bonafide/internal/hint"

var (
	// ErrForm: a file is no answer of EBSI's registries. Nothing of it was taken.
	ErrForm = hint.New("ebsi: not an answer of the trusted issuers or DID registry",
		"Download /issuers/{did}, /issuers/{did}/attributes/{id} or /identifiers/{did} again; docs/registers.md shows the shapes.")
	// ErrHash: an accreditation is not the one that its registry entry names.
	ErrHash = hint.New("ebsi: the hash of a registry entry is not that of its body",
		"Download the entry again; if it stays, the registry or the way from it is broken.")
	// ErrTooLarge: a file, or what is held in all, has more than is read.
	ErrTooLarge = hint.New("ebsi: too large", "Import the issuers that you meet and those above them.")
	// ErrAccreditation: a body is no accreditation that can be used.
	ErrAccreditation = hint.New("ebsi: not an accreditation that can be used",
		"Ask the accreditor to issue it again: a JWT with a vc claim, one kind of accreditation, types and termsOfUse.")
)
