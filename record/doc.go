// Package record holds the formats of what an issuer publishes and nodes
// replicate: records and their content addresses, the manifest of a folder,
// the head that is signed over it, the history of heads, evidence of forks,
// and the fingerprints by which two copies of a manifest find where they
// differ. It is pure bytes: it knows no resolution of identifiers, no
// signatures, no store and no network.
//
// The first call to make is [ParseHead] for a head that came from somewhere,
// or [NewManifest] for a folder that is to be published:
//
//	m, err := record.NewManifest(leaves)
//	head := record.Head{Issuer: did, ..., Root: m.Root(), Leaves: len(m)}
//	tree, err := head.Unsigned() // sign this, then record.HeadFromTree
//
// It promises that every parser bounds its input before it reads it, accepts
// exactly one spelling of each value (so that a content address names one
// meaning), and refuses members that it does not know. Merkle trees are those
// of RFC 6962 section 2.1 with SHA-256. [CheckExtends] accepts a later head
// only if its history contains the earlier one at its place.
//
// It never says that a head is authentic: whether the key may sign, under
// which log entry, is for package replica. A parsed head is well formed and
// nothing more.
package record
