package annex

import (
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/internal/country"
)

// Facts are what principle 9 asks of every profile alike. All of it is the
// credential's own word; texts are at most 160 bytes, identifiers of learners and
// bodies 4096, and neither is cleaned for display.
type Facts struct {
	Learner  Learner `json:"learner"`
	Title    string  `json:"title,omitempty"`
	Credits  string  `json:"credits,omitempty"` // for example "4 ECTS"
	Level    string  `json:"level,omitempty"`   // for example "EQF 6"
	Country  string  `json:"country,omitempty"` // of award, ISO 3166-1 alpha-2
	Region   string  `json:"region,omitempty"`
	Locality string  `json:"locality,omitempty"`
	// Awarded is when the achievement was awarded, Issued when the credential
	// was made; each nil when not stated or not readable.
	Awarded *time.Time `json:"awarded,omitempty"`
	Issued  *time.Time `json:"issued,omitempty"`
	Issuer  Body       `json:"issuer"`
	// Awarding are the awarding bodies, the issuer where Open Badges name no
	// other; at most 16.
	Awarding []Body `json:"awarding,omitempty"`
	// Mandated says that the credential claims a mandate of the awarding body, as
	// the profile "issued by mandate" of the European Learning Model does.
	Mandated bool `json:"mandated,omitempty"`
}

// Others are the awarding bodies that are not shown to be the issuer: neither by
// id nor by an identifier that a register knows. Equal names show nothing, and
// where the issuer has a sealed identifier, what it typed beside shows nothing
// either.
func (f Facts) Others() []Body {
	return slices.DeleteFunc(slices.Clone(f.Awarding), func(b Body) bool { return b.same(f.Issuer) })
}

func (b Body) same(issuer Body) bool {
	if b.ID != "" && b.ID == issuer.ID {
		return true
	}
	isSealed := func(id Identifier) bool { return id.Sealed }
	sealed := slices.ContainsFunc(issuer.Identifiers, isSealed)
	return slices.ContainsFunc(issuer.Identifiers, func(own Identifier) bool {
		return own.registered() && own.Sealed == sealed && slices.ContainsFunc(b.Identifiers, func(id Identifier) bool {
			return id.Scheme == own.Scheme && id.Country == own.Country && id.Value == own.Value
		})
	})
}

// Learner is whom the credential is about.
type Learner struct {
	ID   string `json:"id,omitempty"` // a DID or URL; labels inside the document are left out
	Name string `json:"name,omitempty"`
	// BirthDate is YYYY-MM-DD, and empty where what is written does not name
	// one day for certain. Never compare BirthDateWritten.
	BirthDate        string `json:"birthDate,omitempty"`
	BirthDateWritten string `json:"birthDateWritten,omitempty"`
	// Identifiers are national and other identifiers. A hashed one of Open
	// Badges is not here; package badge compares those.
	Identifiers []Identifier `json:"identifiers,omitempty"`
}

// Body is an organisation that issues or awards.
type Body struct {
	ID          string       `json:"id,omitempty"`
	Name        string       `json:"name,omitempty"`
	Country     string       `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Identifiers []Identifier `json:"identifiers,omitempty"`
}

// Identifier is a number of a register. Scheme is a word of ETSI EN 319 412-1
// where one fits (VAT, NTR, LEI), TAX or EIDAS for the members of that name,
// else what the credential calls it.
type Identifier struct {
	Scheme  string `json:"scheme,omitempty"`
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Value   string `json:"value"`
	// Sealed marks the eIDAS identifier of the European Learning Model, which is
	// the one that sealing sets; others are what the issuer typed.
	Sealed bool `json:"sealed,omitempty"`
}

func (b Body) equal(o Body) bool {
	return b.ID == o.ID && b.Name == o.Name && b.Country == o.Country && slices.Equal(b.Identifiers, o.Identifiers)
}

// semantic takes the form of ETSI EN 319 412-1 section 5.1.4 apart: scheme of three
// letters, country, hyphen-minus, number.
func semantic(s string) (scheme, from, number string, ok bool) {
	if len(s) < 7 || s[5] != '-' || strings.Contains(s, "\n") {
		return "", "", "", false
	}
	for _, c := range []byte(s[:5]) {
		if c < 'A' || c > 'Z' {
			return "", "", "", false
		}
	}
	return s[:3], s[3:5], s[6:], true
}

// identifier makes one of a scheme, a country and a number; a number that
// names its own scheme and country is believed on both.
func identifier(scheme, from, value string) Identifier {
	if scheme, from, number, ok := semantic(value); ok {
		if c, ok := country.Alpha2(from); ok {
			return Identifier{Scheme: scheme, Country: c, Value: clip(number)}
		}
	}
	return Identifier{Scheme: clip(scheme), Country: from, Value: clip(value)}
}

// localID tells labels inside a document, as the Europass builder makes them,
// from identifiers that mean something outside.
func localID(id string) bool { return strings.HasPrefix(id, "urn:epass:") }

// maxID bounds an identifier. It is never cut: what is left of a did:jwk is
// nobody's, and may be the beginning of two.
const maxID = 4096

func globalID(n node) string {
	id, isText := n.value.(string)
	if !isText {
		id = n.member("id")
	}
	if localID(id) || len(id) > maxID {
		return ""
	}
	return id
}

// registered tells whether one of a body's identifiers can be looked up in a
// register: it names a country, or is of a scheme for the whole world.
func (b Body) registered() bool {
	return slices.ContainsFunc(b.Identifiers, Identifier.registered)
}

func (id Identifier) registered() bool {
	return id.Value != "" && (id.Country != "" || id.Scheme == "LEI" || id.Scheme == "EUID")
}
