package record

import (
	"fmt"
	"strings"
)

// Record is one version of one file of an issuer's folder. Make it with New,
// which checks it; Body must not be changed afterwards.
type Record struct {
	Kind    Kind
	Subject string // the SCID for did:webvh, else the DID
	Path    string
	Body    []byte
	CID     CID
}

// New checks subject, path and size and returns the record. The errors are
// ErrSubject, ErrPath, ErrKind and ErrTooLarge. What body says is not looked
// at.
func New(subject, path string, body []byte) (Record, error) {
	if err := CheckSubject(subject); err != nil {
		return Record{}, err
	}
	if err := CheckPath(path); err != nil {
		return Record{}, err
	}
	kind, ok := KindOf(path)
	if !ok {
		return Record{}, fmt.Errorf("%w: %s", ErrKind, path)
	}
	if len(body) > kind.MaxBytes() {
		return Record{}, fmt.Errorf("%w: %s has %d bytes, at most %d", ErrTooLarge, path, len(body), kind.MaxBytes())
	}
	return Record{Kind: kind, Subject: subject, Path: path, Body: body, CID: CIDOf(body)}, nil
}

// Outcome is what becomes of a record at the door of a replica. The zero
// value is Refused.
type Outcome uint8

// The outcomes of acceptance.
const (
	Refused Outcome = iota // broken or forged: not kept, the sender is charged
	Fresh                  // new and verified: kept
	Known                  // held already
	Stale                  // older than what is held: not kept
	Pending                // needs something first: kept for a while, unpunished
	Forked                 // conflicts with what is held: kept as evidence
)

// String returns the lower-case word.
func (o Outcome) String() string {
	switch o {
	case Fresh:
		return "fresh"
	case Known:
		return "known"
	case Stale:
		return "stale"
	case Pending:
		return "pending"
	case Forked:
		return "forked"
	}
	return "refused"
}

const maxSubject = 512

// CheckSubject checks that s is an SCID of did:webvh (46 base58 characters
// that start with "Qm") or a DID without path, query and fragment. The error
// is ErrSubject.
func CheckSubject(s string) error {
	if isSCID(s) || isDID(s) && SubjectOf(s) == s {
		return nil
	}
	return fmt.Errorf("%w: %.80q", ErrSubject, s)
}

// SubjectOf returns the subject under which records of the DID are kept: the
// SCID for did:webvh and its alias did:scid:vh:1, else the DID itself. It
// does not check the DID.
func SubjectOf(did string) string {
	for _, prefix := range []string{"did:webvh:", "did:scid:vh:1:"} {
		if rest, ok := strings.CutPrefix(did, prefix); ok {
			if i := strings.IndexAny(rest, ":?/#"); i >= 0 {
				rest = rest[:i]
			}
			return rest
		}
	}
	return did
}

// isSCID: a base58btc multihash of sha2-256, the only kind that did:webvh 1.0
// allows.
func isSCID(s string) bool {
	return len(s) == 46 && strings.HasPrefix(s, "Qm") && base58(s)
}

func base58(s string) bool {
	for i := range len(s) {
		if c := s[i]; !alnum(c) || c == '0' || c == 'O' || c == 'I' || c == 'l' {
			return false
		}
	}
	return s != ""
}

// isDID checks the syntax of DID Core section 3.1 without parameters.
func isDID(s string) bool {
	rest, ok := strings.CutPrefix(s, "did:")
	method, id, two := strings.Cut(rest, ":")
	if !ok || !two || len(s) > maxSubject || method == "" || id == "" || strings.HasSuffix(id, ":") {
		return false
	}
	for i := range len(method) {
		if c := method[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case alnum(c), c == '.', c == '-', c == '_', c == ':':
		case c == '%' && i+2 < len(id) && hexDigit(id[i+1]) && hexDigit(id[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}
