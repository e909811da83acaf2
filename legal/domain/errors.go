package domain

import "github.com/bonafide-id/bonafide/internal/hint"

// The reasons for which a domain is not linked. Compare with errors.Is.
var (
	// ErrConfiguration: the file is no DID configuration. Treat as none.
	ErrConfiguration = hint.New("domain: not a DID configuration",
		"Ask the owner of the domain to publish /.well-known/did-configuration.json anew.")
	// ErrNotLinked: no credential in the file is of the identifier.
	ErrNotLinked = hint.New("domain: the domain does not name this identifier",
		"Do not take the identifier for one of the domain; ask the owner of the domain.")
	// ErrCredential: there is one of the identifier, and it does not hold.
	ErrCredential = hint.New("domain: the domain linkage credential does not hold",
		"Ask the issuer to publish the configuration again, signed with its current key.")
	// ErrOrigin: what was named is no https origin.
	ErrOrigin = hint.New("domain: not an origin",
		"An origin is https:// and a host, with a port if it is not 443, and nothing after.")
)
