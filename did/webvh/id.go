package webvh

import (
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
)

const (
	prefix      = "did:webvh:"
	aliasPrefix = "did:scid:vh:1:"
	scidLen     = 46
	placeholder = "{SCID}"
)

// ID is a did:webvh identifier in its one normal form (did:webvh 1.0,
// Method-Specific Identifier). The zero value is invalid.
type ID struct {
	SCID string
	Host string   // lower-case ASCII, internationalised names as A-labels
	Port int      // 0: none
	Path []string // decoded segments
}

// ParseID reads a bare identifier: DID syntax first, then the rules of the
// method; percent-encodings are decoded exactly once and checked again after
// it. Domains have at least two labels; IP addresses are refused in every
// spelling. The error wraps [ErrID] and [did.ErrInvalid].
func ParseID(s string) (ID, error) {
	u, err := did.Parse(s)
	if err != nil {
		return ID{}, fmt.Errorf("%w: %w", ErrID, err)
	}
	id, err := parseID(u)
	if err != nil {
		return ID{}, fmt.Errorf("%w: %w", ErrID, err)
	}
	return id, nil
}

func parseID(u did.URL) (ID, error) {
	if u.Method != "webvh" {
		return ID{}, fmt.Errorf("%w: the method is not webvh", did.ErrInvalid)
	}
	scid, rest, ok := strings.Cut(u.ID, ":")
	if !ok {
		return ID{}, fmt.Errorf("%w: no domain", did.ErrInvalid)
	}
	id := ID{SCID: scid}
	if !isMultihash(scid) {
		return ID{}, fmt.Errorf("%w: the SCID is not a SHA-256 multihash in base58btc", did.ErrInvalid)
	}
	p, err := did.ParsePlace(rest)
	if err != nil {
		return ID{}, err
	}
	id.Host, id.Port, id.Path = p.Host, p.Port, p.Path
	return id, nil
}

// checkSCID demands the base58btc text of a SHA-256 multihash, which always
// has 46 characters.
func checkSCID(s string) error {
	if !isMultihash(s) {
		return fmt.Errorf("%w: %q is not a SHA-256 multihash in base58btc", ErrSCID, clip(s))
	}
	return nil
}

// isMultihash tells whether s is base58btc of 0x12 0x20 and 32 bytes.
func isMultihash(s string) bool {
	if len(s) != scidLen {
		return false
	}
	b, err := key.Base58Decode(s)
	return err == nil && len(b) == 34 && b[0] == 0x12 && b[1] == 0x20
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

func (id ID) place() did.Place { return did.Place{Host: id.Host, Port: id.Port, Path: id.Path} }

// String writes the normal form of the identifier, with "%3A" before a port.
func (id ID) String() string { return prefix + id.SCID + ":" + id.place().String() }

// base is the folder's URL with a final slash.
func (id ID) base() string { return id.place().FolderURL() }

// LogURL is where the DID Log is published (The DID to HTTPS Transformation).
func (id ID) LogURL() string { return id.place().DocumentURL("did.jsonl") }

// WitnessURL is where the witness proofs are published.
func (id ID) WitnessURL() string { return id.place().DocumentURL("did-witness.json") }

// FileURL is the URL of a file of the identifier's folder, "status/3" or
// "/status/3": the path of a DID URL, without ".well-known" (DID URL Path
// Resolution). It is "" for a path that would leave the folder.
func (id ID) FileURL(rel string) string {
	clean, ok := did.CleanPath(rel)
	if !ok {
		return ""
	}
	return id.base() + clean
}

// ParseSCID reads the experimental alias "did:scid:vh:1:<scid>", which names
// the history without a place (ToIP DID SCID, working draft 3), and returns the
// SCID. The error wraps [ErrID].
func ParseSCID(s string) (string, error) {
	scid, ok := strings.CutPrefix(s, aliasPrefix)
	if !ok {
		return "", fmt.Errorf("%w: %w: not a did:scid:vh:1", ErrID, did.ErrInvalid)
	}
	if err := checkSCID(scid); err != nil {
		return "", fmt.Errorf("%w: %w: %w", ErrID, did.ErrInvalid, err)
	}
	return scid, nil
}

// Alias writes the did:scid form of a SCID.
func Alias(scid string) string { return aliasPrefix + scid }

// SCIDOf returns the SCID of a did:webvh or of its did:scid alias. The error
// wraps [ErrID].
func SCIDOf(s string) (string, error) {
	if strings.HasPrefix(s, aliasPrefix) {
		return ParseSCID(s)
	}
	id, err := ParseID(s)
	return id.SCID, err
}
