package did

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Place is where the web methods publish: a domain, maybe a port, and a folder.
type Place struct {
	Host string   // lower-case ASCII, internationalised names as A-labels
	Port int      // 0: none
	Path []string // decoded segments
}

// ParsePlace reads "<domain>[%3A<port>][:<segment>]*", the part of did:web and
// did:webvh identifiers that names a place (did:webvh 1.0, Method-Specific
// Identifier and The DID to HTTPS Transformation). Percent-encodings are
// decoded exactly once and checked again after it. Domains have at least two
// labels; IP addresses are refused in every spelling. The error is [ErrInvalid].
func ParsePlace(s string) (Place, error) {
	parts := strings.Split(s, ":")
	var p Place
	var why string
	if p.Host, p.Port, why = parseDomain(parts[0]); why != "" {
		return Place{}, fmt.Errorf("%w: %s", ErrInvalid, why)
	}
	for _, raw := range parts[1:] {
		seg, why := parseSegment(raw)
		if why != "" {
			return Place{}, fmt.Errorf("%w: %s", ErrInvalid, why)
		}
		p.Path = append(p.Path, seg)
	}
	return p, nil
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

// String writes the normal form, with "%3A" before a port.
func (p Place) String() string {
	var b strings.Builder
	b.WriteString(p.Host)
	if p.Port != 0 {
		b.WriteString("%3A")
		b.WriteString(strconv.Itoa(p.Port))
	}
	for _, s := range p.Path {
		b.WriteByte(':')
		b.WriteString(encode(s, ".-_"))
	}
	return b.String()
}

// FolderURL is the folder's URL with a final slash.
func (p Place) FolderURL() string {
	var b strings.Builder
	b.WriteString("https://")
	b.WriteString(p.Host)
	if p.Port != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(p.Port))
	}
	b.WriteByte('/')
	for _, s := range p.Path {
		b.WriteString(encode(s, ".-_~"))
		b.WriteByte('/')
	}
	return b.String()
}

// DocumentURL is the URL of a file of the method itself, such as "did.json":
// without a folder it stands under ".well-known".
func (p Place) DocumentURL(name string) string {
	if len(p.Path) == 0 {
		return p.FolderURL() + ".well-known/" + name
	}
	return p.FolderURL() + name
}

// CleanPath returns the path of a DID URL without its leading slash. It refuses
// what a web server or client might take elsewhere: dot segments in any
// encoding, empty segments other than the last, encoded separators, controls.
func CleanPath(path string) (string, bool) {
	path = strings.TrimPrefix(path, "/")
	if path == "" || len(path) > MaxURL {
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
