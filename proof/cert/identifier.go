package cert

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/internal/country"
)

// Identifier is an organizationIdentifier (2.5.4.97) taken apart as EN 319
// 412-1 section 5.1.4 has it: "VATES-A00000000" is scheme VAT, country ES,
// value A00000000. Scheme, Country and Value are empty where the text has
// another form; Raw always holds the text as the certificate has it.
type Identifier struct {
	Scheme  string // VAT, NTR, PSD, LEI, or two letters and a colon for a national scheme
	Country string // alpha-2 as written; XG for LEI, EU for union-wide numbers
	Value   string
	Raw     string
}

// maxNumber bounds the characters of the number. Counted in the expression, they would
// cost two milliseconds of compiling at every start of the program.
const maxNumber = 128

var (
	identifierForm = regexp.MustCompile(`^([A-Z]{3}|[A-Z]{2}:)([A-Z]{2})-(.+)$`)
	leiForm        = regexp.MustCompile(`^[A-Z0-9]{18}[0-9]{2}$`)
)

const (
	schemeVAT = "VAT"
	schemeLEI = "LEI"
)

// ParseIdentifier reads an identifier of EN 319 412-1. Schemes that are not
// known are kept, because a later edition may have added them; an LEI must
// have country XG and right check digits (ISO 17442). The error is
// [ErrIdentifier], and then only Raw is set.
func ParseIdentifier(s string) (Identifier, error) {
	id := Identifier{Raw: s}
	if len(s) > 256 {
		return id, fmt.Errorf("%w: %d bytes", ErrIdentifier, len(s))
	}
	m := identifierForm.FindStringSubmatch(s)
	if m == nil || utf8.RuneCountInString(m[3]) > maxNumber {
		return id, fmt.Errorf("%w: %q", ErrIdentifier, s)
	}
	if m[1] == schemeLEI && (m[2] != "XG" || !leiForm.MatchString(m[3]) || mod97(m[3]) != 1) {
		return id, fmt.Errorf("%w: %q is no LEI", ErrIdentifier, s)
	}
	id.Scheme, id.Country, id.Value = m[1], m[2], m[3]
	return id, nil
}

// NaturalPerson tells whether the scheme is one of human beings: passport,
// identity card, personal number, tax number of a person (EN 319 412-1
// section 5.1.3). What such an identifier says is personal data.
func (id Identifier) NaturalPerson() bool {
	switch id.Scheme {
	case "PAS", "IDC", "PNO", "TIN", "TAX":
		return true
	}
	return false
}

// IsZero tells whether the certificate states no identifier at all.
func (id Identifier) IsZero() bool { return id == Identifier{} }

// Canonical returns the form in which identifiers are compared: upper case,
// without spaces, dots and hyphens, the country by country.Canonical, a VAT number
// without a repeated country prefix, an LEI without country. Raw is dropped.
func (id Identifier) Canonical() Identifier {
	out := Identifier{Scheme: squeeze(id.Scheme), Country: country.Canonical(id.Country), Value: squeeze(id.Value)}
	switch out.Scheme {
	case schemeLEI:
		out.Country = ""
	case schemeVAT:
		if len(out.Value) > 2 && out.Country != "" && country.Canonical(out.Value[:2]) == out.Country {
			out.Value = out.Value[2:]
		}
	}
	return out
}

// Equal tells whether two identifiers are one in canonical form. Identifiers
// without a value equal nothing.
func (id Identifier) Equal(other Identifier) bool {
	a, b := id.Canonical(), other.Canonical()
	return a == b && a.Value != ""
}

// squeeze upper-cases ASCII and drops spaces, dots and hyphens.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '.' || r == '-' || r == '\t' || r == '\u00a0':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// mod97 is the remainder of ISO 7064 MOD 97-10: letters count as 10 to 35.
func mod97(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c >= 'A' {
			n = (n*100 + int(c-'A') + 10) % 97
		} else {
			n = (n*10 + int(c-'0')) % 97
		}
	}
	return n
}
