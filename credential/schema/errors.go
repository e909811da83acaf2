package schema

import "github.com/bonafide-id/bonafide/internal/hint"

// These end as rows of a verdict; none is returned to a caller.
var (
	errDigest      = hint.New("schema: malformed digest", "Ask the issuer; a digest is not written as SRI or as a multibase multihash.")
	errAlgorithm   = hint.New("schema: no digest of a kind that we compute", "Ask the issuer for a SHA-256, SHA-384 or SHA-512 digest.")
	errUnavailable = hint.New("schema: not at hand", "Staple the file with --with, or follow the issuer.")
	errBudget      = hint.New("schema: too many or too large documents", "Look at the schema; it leans on more documents than are read for one credential.")
	errSchema      = hint.New("schema: not a schema that can be evaluated", "Ask the issuer; its schema is broken or of another version.")
	errWork        = hint.New("schema: evaluation costs too much", "Treat the schema with suspicion; honest schemas do not need this.")
)
