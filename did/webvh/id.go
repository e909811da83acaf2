package webvh

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

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
	id, why := parseID(u)
	if why != "" {
		return ID{}, fmt.Errorf("%w: %w: %s", ErrID, did.ErrInvalid, why)
	}
	return id, nil
}

func parseID(u did.URL) (ID, string) {
	if u.Method != "webvh" {
		return ID{}, "the method is not webvh"
	}
	parts := strings.Split(u.ID, ":")
	if len(parts) < 2 {
		return ID{}, "no domain"
	}
	id := ID{SCID: parts[0]}
	if err := checkSCID(id.SCID); err != nil {
		return ID{}, err.Error()
	}
	var why string
	if id.Host, id.Port, why = parseDomain(parts[1]); why != "" {
		return ID{}, why
	}
	for _, p := range parts[2:] {
		seg, why := parseSegment(p)
		if why != "" {
			return ID{}, why
		}
		id.Path = append(id.Path, seg)
	}
	return id, ""
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

// parseDomain reads encoded-domain-name [ "%3A" port ].
func parseDomain(raw string) (host string, port int, why string) {
	name := raw
	if i := strings.LastIndex(strings.ToLower(raw), "%3a"); i >= 0 {
		name = raw[:i]
		digits := raw[i+3:]
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || len(digits) > 5 || digits[0] == '+' || n < 1 || n > 65535 {
			return "", 0, "port is not 1 to 65535"
		}
		port = int(n)
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || strings.ContainsAny(label, "_:") {
			return "", 0, "domain has an empty or malformed label"
		}
	}
	if !strings.Contains(name, ".") {
		return "", 0, "domain has less than two labels"
	}
	decoded, ok := decodeOnce(name)
	if !ok || strings.ContainsAny(decoded, ":/\\@?#[]%") {
		return "", 0, "domain has a character that no domain has"
	}
	host, why = normalHost(decoded)
	return host, port, why
}

// normalHost applies IDNA2008 and the rules for host names (RFC 1035, 1123,
// 2181).
func normalHost(name string) (string, string) {
	p := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(true),
		idna.ValidateLabels(true), idna.VerifyDNSLength(true), idna.CheckHyphens(true), idna.CheckJoiners(true))
	host, err := p.ToASCII(name)
	if err != nil {
		return "", "domain is not valid under IDNA2008"
	}
	host = strings.ToLower(host)
	if len(host) > 253 {
		return "", "domain is longer than 253 characters"
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return "", "domain has less than two labels"
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || !isLDH(l) {
			return "", "domain has a label that is empty, longer than 63 characters, or not letters, digits and hyphens"
		}
	}
	// What a URL parser takes for an IPv4 address ends in a number, decimal,
	// octal or hexadecimal (WHATWG URL, "ends in a number").
	last := labels[len(labels)-1]
	if isNumber(last) {
		return "", "IP addresses are not domains"
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", "IP addresses are not domains"
	}
	return host, ""
}

func isLDH(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// isNumber tells whether a URL parser reads the label as a number.
func isNumber(s string) bool {
	digits := "0123456789"
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		s, digits = rest, "0123456789abcdef"
	}
	return strings.Trim(s, digits) == ""
}

// parseSegment reads a path segment: decoded once, not empty, not a dot
// segment, no separators, controls or outer white space.
func parseSegment(raw string) (string, string) {
	s, ok := decodeOnce(raw)
	if !ok || s == "" || s == "." || s == ".." {
		return "", "path segment is empty, a dot segment or badly encoded"
	}
	if strings.ContainsAny(s, `/\`) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", "path segment has a separator or control character"
	}
	if strings.TrimSpace(s) != s {
		return "", "path segment begins or ends with white space"
	}
	return s, ""
}

// decodeOnce undoes percent-encoding; the result must be UTF-8.
func decodeOnce(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		out = append(out, byte(n))
		i += 2
	}
	return string(out), utf8.Valid(out)
}

// encode percent-encodes all but ASCII letters, digits and the characters of
// plain, with upper-case hexadecimal digits (RFC 3986, section 2.1).
func encode(s, plain string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// String writes the normal form of the identifier, with "%3A" before a port.
func (id ID) String() string {
	var b strings.Builder
	b.WriteString(prefix)
	b.WriteString(id.SCID)
	b.WriteByte(':')
	b.WriteString(id.Host)
	if id.Port != 0 {
		b.WriteString("%3A")
		b.WriteString(strconv.Itoa(id.Port))
	}
	for _, p := range id.Path {
		b.WriteByte(':')
		b.WriteString(encode(p, ".-_"))
	}
	return b.String()
}

// base is the folder's URL with a final slash.
func (id ID) base() string {
	var b strings.Builder
	b.WriteString("https://")
	b.WriteString(id.Host)
	if id.Port != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(id.Port))
	}
	b.WriteByte('/')
	for _, p := range id.Path {
		b.WriteString(encode(p, ".-_~"))
		b.WriteByte('/')
	}
	return b.String()
}

func (id ID) file(name string) string {
	if len(id.Path) == 0 {
		return id.base() + ".well-known/" + name
	}
	return id.base() + name
}

// LogURL is where the DID Log is published (The DID to HTTPS Transformation).
func (id ID) LogURL() string { return id.file("did.jsonl") }

// WitnessURL is where the witness proofs are published.
func (id ID) WitnessURL() string { return id.file("did-witness.json") }

// FileURL is the URL of a file of the identifier's folder, "status/3" or
// "/status/3": the path of a DID URL, without ".well-known" (DID URL Path
// Resolution). It is "" for a path that would leave the folder.
func (id ID) FileURL(rel string) string {
	clean, ok := cleanPath(rel)
	if !ok {
		return ""
	}
	return id.base() + clean
}

// cleanPath refuses paths that a web server or client might take elsewhere:
// dot segments in any encoding, empty segments, encoded separators. The
// leading slash is dropped.
func cleanPath(path string) (string, bool) {
	path = strings.TrimPrefix(path, "/")
	if path == "" || len(path) > did.MaxURL {
		return "", path == ""
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		d, ok := decodeOnce(s)
		if !ok || d == "." || d == ".." || strings.ContainsAny(d, "/\\") || strings.ContainsFunc(d, unicode.IsControl) {
			return "", false
		}
		if d == "" && i < len(segments)-1 {
			return "", false
		}
		if strings.ContainsAny(s, " ?#\"<>^`{|}") {
			return "", false
		}
	}
	return path, true
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
