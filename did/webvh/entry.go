package webvh

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

// line is a parsed line of a log: its shape is right, nothing is verified.
type line struct {
	raw        []byte
	versionID  string
	number     int
	hash       string
	timeText   string
	time       time.Time
	parameters map[string]any
	state      map[string]any
	proofs     []map[string]any
}

const (
	maxProofs     = 16 // proofs in one entry
	maxLineValues = 50_000
)

// parseLine reads one log entry (The DID Log File). Errors: [ErrLine],
// [ErrVersionID], [ErrVersionTime], [ErrProof].
func parseLine(raw []byte, maxBytes int) (*line, error) {
	tree, err := strictjson.ParseObject(raw, strictjson.Limits{MaxBytes: maxBytes, MaxValues: maxLineValues})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLine, err)
	}
	l := &line{raw: raw}
	var ok bool
	if name, ok := stranger(tree, "versionId", "versionTime", "parameters", "state", "proof"); ok {
		return nil, fmt.Errorf("%w: member %q", ErrLine, clip(name))
	}
	if l.versionID, ok = tree["versionId"].(string); !ok {
		return nil, fmt.Errorf("%w: versionId is missing or not a string", ErrLine)
	}
	if l.timeText, ok = tree["versionTime"].(string); !ok {
		return nil, fmt.Errorf("%w: versionTime is missing or not a string", ErrLine)
	}
	if l.parameters, ok = tree["parameters"].(map[string]any); !ok {
		return nil, fmt.Errorf("%w: parameters is missing or not an object", ErrLine)
	}
	if l.state, ok = tree["state"].(map[string]any); !ok {
		return nil, fmt.Errorf("%w: state is missing or not an object", ErrLine)
	}
	if l.number, l.hash, err = splitVersionID(l.versionID); err != nil {
		return nil, err
	}
	if l.time, err = parseTime(l.timeText); err != nil {
		return nil, err
	}
	return l, l.readProofs(tree["proof"])
}

// stranger returns the first member by name that is not a known one, so that
// the same bytes always give the same error.
func stranger(m map[string]any, known ...string) (name string, found bool) {
	for n := range m {
		if !slices.Contains(known, n) && (!found || n < name) {
			name, found = n, true
		}
	}
	return name, found
}

// readProofs takes a list of proofs, or a single one as some schemas allow.
func (l *line) readProofs(v any) error {
	switch v := v.(type) {
	case map[string]any:
		l.proofs = []map[string]any{v}
	case []any:
		if len(v) == 0 || len(v) > maxProofs {
			return fmt.Errorf("%w: %d proofs, want 1 to %d", ErrProof, len(v), maxProofs)
		}
		for _, e := range v {
			p, ok := e.(map[string]any)
			if !ok {
				return fmt.Errorf("%w: a proof is not an object", ErrProof)
			}
			l.proofs = append(l.proofs, p)
		}
	case nil:
		return fmt.Errorf("%w: entry without a proof", ErrProof)
	default:
		return fmt.Errorf("%w: proof is neither a list nor an object", ErrProof)
	}
	return nil
}

// splitVersionID reads <number>-<entryHash>: a number from 1 without leading
// zeros, one dash, a SHA-256 multihash in base58btc.
func splitVersionID(s string) (int, string, error) {
	num, hash, ok := strings.Cut(s, "-")
	if !ok || strings.Contains(hash, "-") {
		return 0, "", fmt.Errorf("%w: want exactly one dash", ErrVersionID)
	}
	n, err := strconv.Atoi(num)
	if err != nil || n < 1 || num[0] == '0' || num[0] == '+' || len(num) > 9 {
		return 0, "", fmt.Errorf("%w: version number %q", ErrVersionID, clip(num))
	}
	if !isMultihash(hash) {
		return 0, "", fmt.Errorf("%w: entry hash is not a SHA-256 multihash in base58btc", ErrVersionID)
	}
	return n, hash, nil
}

// parseTime reads an ISO 8601 UTC time of the extended form with "Z" or
// "+00:00" and at most nanoseconds.
func parseTime(s string) (time.Time, error) {
	body, ok := strings.CutSuffix(s, "Z")
	if !ok {
		body, ok = strings.CutSuffix(s, "+00:00")
	}
	if !ok || len(body) < 19 || len(body) > 29 || len(body) == 20 || len(body) > 19 && body[19] != '.' {
		return time.Time{}, fmt.Errorf("%w: %q is not UTC like 2026-01-31T12:00:00Z", ErrVersionTime, clip(s))
	}
	t, err := time.Parse("2006-01-02T15:04:05", body)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %q", ErrVersionTime, clip(s))
	}
	return t, nil
}

// hasher makes the hashes of entries. Its buffers are reused from line to line.
type hasher struct {
	buf []byte
}

// multihash is base58btc of the SHA-256 multihash of b.
func multihash(b []byte) string {
	sum := sha256.Sum256(b)
	var mh [34]byte
	mh[0], mh[1] = 0x12, 0x20
	copy(mh[2:], sum[:])
	return key.Base58Encode(mh[:])
}

// body puts the canonical form of the entry without its proof into h.buf up to
// the value of versionId, and returns what follows it. The members come in the
// order of RFC 8785: parameters, state, versionId, versionTime. The two
// canonical forms that are needed, with the entry's own versionId for the proof
// and with that of its predecessor for the hash, differ in that value only.
func (h *hasher) body(l *line) (tail string, err error) {
	buf := append(h.buf[:0], `{"parameters":`...)
	if buf, err = strictjson.AppendCanonical(buf, l.parameters); err != nil {
		return "", fmt.Errorf("%w: %w", ErrLine, err)
	}
	buf = append(buf, `,"state":`...)
	if buf, err = strictjson.AppendCanonical(buf, l.state); err != nil {
		return "", fmt.Errorf("%w: %w", ErrLine, err)
	}
	h.buf = append(buf, `,"versionId":"`...)
	// versionId and versionTime were parsed: they hold nothing to escape.
	return `","versionTime":"` + l.timeText + `"}`, nil
}

// with completes the body with a versionId. The result is valid until the next
// call.
func (h *hasher) with(versionID, tail string) []byte {
	n := len(h.buf)
	full := append(append(h.buf, versionID...), tail...)
	h.buf = full[:n]
	return full
}

// checkSCIDOf verifies the SCID of the first entry (Verify SCID): in the text
// of the entry without proof and with versionId "{SCID}", every occurrence of
// the SCID becomes the placeholder. The text is parsed again, for the SCID may
// stand in the name of a member and then the order changes.
func (h *hasher) checkSCIDOf(scid, tail string) error {
	// Left in place, the placeholder would let one SCID stand for several first
	// entries. Whoever generates a log replaces every one.
	if bytes.Contains(h.buf, []byte(placeholder)) {
		return fmt.Errorf("%w: %s is left in the first entry", ErrSCID, placeholder)
	}
	text := bytes.ReplaceAll(h.with(placeholder, tail), []byte(scid), []byte(placeholder))
	canonical, err := strictjson.Canonicalize(text, strictjson.Limits{})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSCID, err)
	}
	if multihash(canonical) != scid {
		return fmt.Errorf("%w: %s is not the hash of the first entry", ErrSCID, scid)
	}
	return nil
}
