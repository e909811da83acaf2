package legal

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/bonafide-id/bonafide/internal/country"
)

// Identifier is one persistent identifier of an organisation.
type Identifier struct {
	Scheme  string `json:"scheme"`            // VAT, NTR, EUID, LEI, ...
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2; empty for LEI and other worldwide schemes
	Value   string `json:"value"`
}

// Schemes that name natural persons (ETSI EN 319 412-1 section 5.1.3).
const (
	schemePassport  = "PAS"
	schemeIDCard    = "IDC"
	schemePersonal  = "PNO"
	schemePersonTax = "TIN"
)

const (
	schemeVAT   = "VAT"
	schemeLEI   = "LEI"
	schemeNTR   = "NTR"
	schemeEUID  = "EUID"
	schemeEORI  = "EORI"
	schemeROR   = "ROR"
	schemeGRID  = "GRID"
	schemePIC   = "PIC"
	schemeETER  = "ETER"
	schemeSCHAC = "SCHAC"
)

// lazy is a regular expression that is compiled when it is first needed: most runs
// of the program need none of these.
func lazy(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(form) })
}

var (
	// Two letters and a colon are a national scheme (EN 319 412-1 section 5.1.4).
	schemeForm = lazy(`^([A-Z][A-Z0-9]{1,15}|[A-Z]{2}:)$`)
	valueForm  = lazy(`^[A-Z0-9][A-Z0-9/_:+*]{0,63}$`)
	leiForm    = lazy(`^[A-Z0-9]{18}[0-9]{2}$`)
	rorForm    = lazy(`^0[0-9A-HJKMNP-TV-Z]{6}[0-9]{2}$`)
	euidForm   = lazy(`^([A-Z]{2})([A-Z0-9]{1,20})\.([A-Z0-9][A-Z0-9._/:-]{0,63})$`)
	eoriForm   = lazy(`^[A-Z]{2}[A-Z0-9]{1,15}$`) // Regulation (EU) 2015/2446 annex B
	gridForm   = lazy(`^GRID\.[0-9]{4,6}\.[0-9A-F]{1,2}$`)
	picForm    = lazy(`^[0-9]{9}$`)
	eterForm   = lazy(`^[A-Z]{2}[0-9]{4}$`)
)

// worldwide are schemes whose values need no country.
func worldwide(scheme string) bool {
	switch scheme {
	case schemeLEI, schemeROR, schemeGRID, schemePIC, schemeSCHAC, "ERASMUS", "DEQARINST", schemeETER, "WHED", schemeEUID, schemeEORI:
		return true
	}
	return false
}

// formOf is the form of a scheme that is checked beyond [valueForm], of values in
// canonical form; nil where there is none.
func formOf(scheme string) *regexp.Regexp {
	switch scheme {
	case schemeEORI:
		return eoriForm()
	case schemeROR:
		return rorForm()
	case schemeEUID:
		return euidForm()
	case schemeGRID:
		return gridForm()
	case schemePIC:
		return picForm()
	case schemeETER:
		return eterForm()
	case schemeSCHAC:
		return domainForm()
	}
	return nil
}

// Canonical returns the form in which identifiers are compared: upper case,
// without spaces, dots and hyphens, the country as alpha-2 with EL as GR and
// XI and UK as GB, and a VAT number without its country prefix. A domain (SCHAC) is
// in lower case and keeps its dots, an EUID keeps what divides register and number,
// ROR and GRID lose their address. It checks nothing; see [Identifier.Check].
func (id Identifier) Canonical() Identifier {
	out := Identifier{Scheme: squeeze(id.Scheme), Country: country.Canonical(id.Country)}
	switch out.Scheme {
	case schemeSCHAC:
		v := strings.ToLower(strings.TrimSpace(id.Value))
		v = strings.TrimPrefix(v, "urn:schac:homeorganization:")
		out.Country, out.Value = "", strings.TrimSuffix(v, ".")
		return out
	case schemeEUID, schemeGRID, schemeROR:
		v := strings.ToUpper(strings.Join(strings.Fields(id.Value), ""))
		for _, address := range []string{"HTTPS://ROR.ORG/", "ROR.ORG/", "HTTPS://WWW.GRID.AC/INSTITUTES/", "HTTPS://GRID.AC/INSTITUTES/"} {
			v = strings.TrimPrefix(v, address)
		}
		out.Country, out.Value = "", v
		return out
	}
	out.Value = squeeze(id.Value)
	switch out.Scheme {
	case schemeLEI:
		out.Country = "" // XG in certificates; the number is worldwide
	case schemeEORI:
		if out.Country != "" && !strings.HasPrefix(out.Value, out.Country) {
			out.Value = out.Country + out.Value
		}
		out.Country = ""
	case schemeETER, schemePIC:
		out.Country = ""
	case schemeVAT:
		if len(out.Value) > 2 && country.Canonical(out.Value[:2]) == out.Country && out.Country != "" {
			out.Value = out.Value[2:]
		}
	}
	return out
}

// oneRegister are registers that keep the numbers of a whole country, by the country
// and the register's part of an EUID, so that the number alone is the NTR of that
// country. Elsewhere a number is one of a court or a chamber, and nothing follows.
func oneRegister(prefix string) bool {
	switch prefix {
	case "BEKBOBCE", "DKCVR", "FIFPRO", "NLNHR", "SEBOLREG":
		return true
	}
	return false
}

// register is the identifier as number of a national trade register where it is one
// or, for an EUID, where one follows from it.
func (id Identifier) register() Identifier {
	c := id.Canonical()
	if m := euidForm().FindStringSubmatch(c.Value); c.Scheme == schemeEUID && m != nil && oneRegister(m[1]+m[2]) {
		return Identifier{Scheme: schemeNTR, Country: country.Canonical(m[1]), Value: squeeze(m[3])}
	}
	return c
}

// Equal tells whether two identifiers are the same in canonical form, or are the
// EUID and the NTR of one entry of a country's only register. Two empty ones are not.
func (id Identifier) Equal(other Identifier) bool {
	a, b := id.Canonical(), other.Canonical()
	return a.Value != "" && (a == b || a.register() == b.register())
}

// Comparable tells whether a difference in value would be a contradiction:
// both are of one scheme and country, in which an organisation has one number. It may
// have several domains, participant codes and customs numbers.
func (id Identifier) Comparable(other Identifier) bool {
	a, b := id.register(), other.register()
	switch a.Scheme {
	case schemeSCHAC, schemePIC, schemeEORI, schemeGRID, "ERASMUS", "PSD":
		return false
	}
	return a.Value != "" && b.Value != "" && a.Scheme == b.Scheme && a.Country == b.Country
}

// String writes "SCHEME COUNTRY VALUE" in canonical form; worldwide schemes
// have no country.
func (id Identifier) String() string {
	c := id.Canonical()
	return strings.Join(strings.Fields(c.Scheme+" "+c.Country+" "+c.Value), " ")
}

// IsZero tells whether nothing is stated.
func (id Identifier) IsZero() bool { return id == Identifier{} }

// person tells whether the scheme is one of natural persons.
func (id Identifier) person() bool {
	switch squeeze(id.Scheme) {
	case schemePassport, schemeIDCard, schemePersonal, schemePersonTax:
		return true
	}
	return false
}

// Person tells whether the scheme is one of natural persons (ETSI EN 319 412-1
// section 5.1.3). Such identifiers are personal data and are not published.
func (id Identifier) Person() bool { return id.person() }

// Check judges the form: a known shape of scheme, a country where the scheme
// has national numbers, the check digits of an LEI (ISO 17442, modulo 97) and
// the national form of a VAT number where we know it. The error is
// [ErrIdentifier].
func (id Identifier) Check() error {
	c := id.Canonical()
	if !schemeForm().MatchString(c.Scheme) {
		return fmt.Errorf("%w: scheme %q", ErrIdentifier, clip(id.Scheme))
	}
	if form := formOf(c.Scheme); form != nil && !form.MatchString(c.Value) {
		return fmt.Errorf("%w: %q has not the form of %s", ErrIdentifier, clip(id.Value), c.Scheme)
	} else if form == nil && !valueForm().MatchString(c.Value) {
		return fmt.Errorf("%w: value %q", ErrIdentifier, clip(id.Value))
	}
	if c.Country == "" && !worldwide(c.Scheme) {
		return fmt.Errorf("%w: %s needs a country", ErrIdentifier, c.Scheme)
	}
	if m := euidForm().FindStringSubmatch(c.Value); c.Scheme == schemeEUID && !country.Is(country.Canonical(m[1])) {
		return fmt.Errorf("%w: %q begins with no country", ErrIdentifier, clip(id.Value))
	}
	// EU stands for numbers of the whole Union, as in VATEU-.
	if c.Country != "" && c.Country != "EU" && !country.Is(c.Country) {
		return fmt.Errorf("%w: country %q", ErrIdentifier, clip(id.Country))
	}
	switch c.Scheme {
	case schemeLEI:
		if !leiForm().MatchString(c.Value) || mod97(c.Value) != 1 {
			return fmt.Errorf("%w: the check digits of the LEI are wrong", ErrIdentifier)
		}
	case schemeVAT:
		if form := vatForms()[c.Country]; form != nil && !form.MatchString(c.Value) {
			return fmt.Errorf("%w: %q has not the form of a VAT number of %s", ErrIdentifier, clip(c.Value), c.Country)
		}
	}
	return nil
}

// ParseIdentifier reads "SCHEME COUNTRY VALUE", "SCHEME VALUE" for worldwide
// schemes, and the form of seal certificates, "VATES-A00000000" (ETSI EN 319
// 412-1). The error is [ErrIdentifier].
func ParseIdentifier(s string) (Identifier, error) {
	fields := strings.Fields(s)
	var id Identifier
	switch {
	case len(s) > 128:
		return id, fmt.Errorf("%w: %d characters", ErrIdentifier, len(s))
	case len(fields) == 3:
		id = Identifier{Scheme: fields[0], Country: fields[1], Value: fields[2]}
	case len(fields) == 2:
		id = Identifier{Scheme: fields[0], Value: fields[1]}
	case len(fields) == 1 && len(fields[0]) > 6 && fields[0][5] == '-':
		s = fields[0]
		id = Identifier{Scheme: s[:3], Country: s[3:5], Value: s[6:]}
	default:
		return id, fmt.Errorf("%w: %q", ErrIdentifier, clip(s))
	}
	return id.Canonical(), id.Check()
}

// squeeze upper-cases ASCII and drops spaces, dots and hyphens.
func squeeze(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == ' ' || r == '.' || r == '-' || r == '\u00a0' || r == '\t':
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// mod97 is the remainder of ISO 7064 MOD 97-10: letters count as 10 to 35.
func mod97(s string) int {
	n := 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			n = (n*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			n = (n*100 + int(c-'A') + 10) % 97
		default:
			return -1
		}
	}
	return n
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
