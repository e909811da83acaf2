package legal

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/internal/country"
)

// Name is a legal name, in the language given where one is.
type Name struct {
	Value string `json:"value"`
	Lang  string `json:"lang,omitempty"` // BCP 47
}

// Seat is the legal seat of an organisation.
type Seat struct {
	Country  string `json:"country"` // ISO 3166-1 alpha-2
	Region   string `json:"region,omitempty"`
	Locality string `json:"locality,omitempty"`
}

// String writes country, region and locality with commas between.
func (s Seat) String() string {
	parts := []string{country.Canonical(s.Country), s.Region, s.Locality}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// Organisation is who somebody is in law: the core of every identity.
type Organisation struct {
	LegalNames []Name     `json:"legalNames"` // as registered; the first one leads
	ID         Identifier `json:"identifier"`
	Seat       Seat       `json:"seat"`
	Homepage   string     `json:"homepage,omitempty"` // https URL
	Domain     string     `json:"domain,omitempty"`   // a claim, proven only by a sighting
	// SoleTrader says, by the operator's explicit flag, that the organisation
	// is the business of one natural person.
	SoleTrader bool `json:"soleTrader,omitempty"`
}

const (
	maxNames = 16
	maxText  = 300
)

var (
	langForm   = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	httpsForm  = regexp.MustCompile(`^https://[^\s/?#"<>\\^{}|` + "`" + `]+(/[!-~]*)?$`)
)

// Validate tells whether the organisation may be published. Errors:
// [ErrNaturalPerson], [ErrOrganisation], [ErrIdentifier].
func (o Organisation) Validate() error {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s %s", ErrOrganisation, field, why) }
	if o.ID.person() && !(o.SoleTrader && squeeze(o.ID.Scheme) == schemePersonTax) {
		return fmt.Errorf("%w: scheme %s names a natural person", ErrNaturalPerson, squeeze(o.ID.Scheme))
	}
	if len(o.LegalNames) == 0 || len(o.LegalNames) > maxNames {
		return bad("legalNames", "must hold 1 to 16 names")
	}
	for _, n := range o.LegalNames {
		if strings.TrimSpace(n.Value) == "" || !plainText(n.Value) {
			return bad("legalNames", "holds a name that is empty, too long or has control characters")
		}
		if n.Lang != "" && !langForm.MatchString(n.Lang) {
			return bad("legalNames", "holds a language that is no BCP 47 tag")
		}
	}
	if err := o.ID.Check(); err != nil {
		return err
	}
	if !country.Is(country.Canonical(o.Seat.Country)) {
		return bad("seat.country", "must be two letters of ISO 3166-1, such as ES")
	}
	if !plainText(o.Seat.Region) || !plainText(o.Seat.Locality) {
		return bad("seat", "is too long or has control characters")
	}
	if o.Homepage != "" && (!httpsForm.MatchString(o.Homepage) || len(o.Homepage) > 2048) {
		return bad("homepage", "must be an https URL")
	}
	if o.Domain != "" && !domainForm.MatchString(o.Domain) {
		return bad("domain", "must be a host name in lower case")
	}
	return nil
}

// plainText refuses what could not be shown: control and formatting
// characters (direction marks among them), broken UTF-8 and undue length.
func plainText(s string) bool {
	if len(s) > maxText || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

// subject writes the organisation as the members of a credentialSubject.
func (o Organisation) subject(id string, types ...string) map[string]any {
	list := make([]any, 0, len(types))
	for _, t := range types {
		list = append(list, t)
	}
	out := map[string]any{"id": id, "type": list, "legalName": o.LegalNames[0].Value}
	if len(o.LegalNames) > 1 || o.LegalNames[0].Lang != "" {
		names := make([]any, 0, len(o.LegalNames))
		for _, n := range o.LegalNames {
			v := map[string]any{"@value": n.Value}
			if n.Lang != "" {
				v["@language"] = n.Lang
			}
			names = append(names, v)
		}
		out["legalNames"] = names
	}
	c := o.ID.Canonical()
	number := map[string]any{"type": "LegalIdentifier", "scheme": c.Scheme, "value": c.Value}
	if c.Country != "" {
		number["country"] = c.Country
	}
	out["legalIdentifier"] = number
	seat := map[string]any{"type": "LegalSeat", "country": country.Canonical(o.Seat.Country)}
	put(seat, "region", o.Seat.Region)
	put(seat, "locality", o.Seat.Locality)
	out["legalSeat"] = seat
	put(out, "url", o.Homepage)
	put(out, "domainName", o.Domain)
	if o.SoleTrader {
		out["soleTrader"] = true
	}
	return out
}

func put(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

// readOrganisation reads what a credentialSubject states. Every part is
// optional here, because others write recognitions too; what is there must be
// well formed. person is true when the subject declares itself one.
func readOrganisation(sub map[string]any) (o Organisation, person bool, err error) {
	bad := func(name string) (Organisation, bool, error) {
		return Organisation{}, person, fmt.Errorf("%w: %s", ErrOrganisation, name)
	}
	types := texts(sub["type"])
	o.SoleTrader = sub["soleTrader"] == true
	person = slices.Contains(types, "Person") || slices.Contains(types, "NaturalPerson")
	if raw, has := sub["legalNames"]; has {
		if o.LegalNames, err = readNames(raw); err != nil {
			return bad("legalNames")
		}
	} else if raw, has := sub["legalName"]; has {
		s, ok := raw.(string)
		if !ok || s == "" {
			return bad("legalName")
		}
		o.LegalNames = []Name{{Value: s}}
	}
	if raw, has := sub["legalIdentifier"]; has {
		m, ok := raw.(map[string]any)
		if !ok {
			return bad("legalIdentifier")
		}
		o.ID.Scheme, _ = m["scheme"].(string)
		o.ID.Country, _ = m["country"].(string)
		o.ID.Value, _ = m["value"].(string)
		person = person || o.ID.person()
		if err := o.ID.Check(); err != nil && !o.ID.person() {
			return o, person, err
		}
		o.ID = o.ID.Canonical()
	}
	if raw, has := sub["legalSeat"]; has {
		m, ok := raw.(map[string]any)
		if !ok {
			return bad("legalSeat")
		}
		o.Seat.Country, _ = m["country"].(string)
		o.Seat.Region, _ = m["region"].(string)
		o.Seat.Locality, _ = m["locality"].(string)
		o.Seat.Country = country.Canonical(o.Seat.Country)
		if !country.Is(o.Seat.Country) {
			return bad("legalSeat.country")
		}
	}
	o.Homepage, _ = sub["url"].(string)
	o.Domain, _ = sub["domainName"].(string)
	if o.SoleTrader && (o.ID.IsZero() || !o.ID.person() || o.ID.Scheme == schemePersonTax) {
		person = false
	}
	return o, person, nil
}

func readNames(raw any) ([]Name, error) {
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw}
	}
	if len(list) == 0 || len(list) > maxNames {
		return nil, ErrOrganisation
	}
	var names []Name
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, ErrOrganisation
		}
		var n Name
		n.Value, _ = m["@value"].(string)
		n.Lang, _ = m["@language"].(string)
		if n.Value == "" {
			return nil, ErrOrganisation
		}
		names = append(names, n)
	}
	return names, nil
}

// texts reads a text or a list of texts; others are left out.
func texts(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, e := range x {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// objects reads one object or a list of objects; others are left out.
func objects(v any) []map[string]any {
	switch x := v.(type) {
	case map[string]any:
		return []map[string]any{x}
	case []any:
		var out []map[string]any
		for _, e := range x {
			if m, ok := e.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}
