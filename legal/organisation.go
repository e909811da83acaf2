package legal

import (
	"fmt"
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
	// Identifiers are further ones, of other schemes or of other registers.
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// AltNames are names in use that are not the registered ones.
	AltNames []Name `json:"altNames,omitempty"`
	Seat     Seat   `json:"seat"`
	// Parent is the legal person that this body is part of (a faculty of a
	// university), OnBehalfOf those for whom it issues. Both are claims.
	Parent     *Relation  `json:"parent,omitempty"`
	OnBehalfOf []Relation `json:"onBehalfOf,omitempty"`
	Homepage   string     `json:"homepage,omitempty"` // https URL
	Domain     string     `json:"domain,omitempty"`   // a claim, proven only by a sighting
	// SoleTrader says, by the operator's explicit flag, that the organisation
	// is the business of one natural person.
	SoleTrader bool `json:"soleTrader,omitempty"`
}

// Relation names another organisation: by its DID, its identifier, its name, or
// several of these.
type Relation struct {
	DID  string     `json:"did,omitempty"`
	Name string     `json:"name,omitempty"`
	ID   Identifier `json:"identifier,omitzero"`
}

// String names the organisation by what it is best known by.
func (r Relation) String() string {
	id := r.ID.String()
	return strings.Join(slices.DeleteFunc([]string{r.Name, id, r.DID}, func(p string) bool { return p == "" }), ", ")
}

const (
	maxNames       = 16
	maxIdentifiers = 16
	maxText        = 300
)

var (
	langForm   = lazy(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	domainForm = lazy(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	httpsForm  = lazy(`^https://[^\s/?#"<>\\^{}|` + "`" + `]+(/[!-~]*)?$`)
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
	if err := checkNames(o.LegalNames, "legalNames", bad); err != nil {
		return err
	}
	if err := o.ID.Check(); err != nil {
		return err
	}
	if err := o.further(bad); err != nil {
		return err
	}
	if !country.Is(country.Canonical(o.Seat.Country)) {
		return bad("seat.country", "must be two letters of ISO 3166-1, such as ES")
	}
	if !plainText(o.Seat.Region) || !plainText(o.Seat.Locality) {
		return bad("seat", "is too long or has control characters")
	}
	if o.Homepage != "" && (!httpsForm().MatchString(o.Homepage) || len(o.Homepage) > 2048) {
		return bad("homepage", "must be an https URL")
	}
	if o.Domain != "" && !domainForm().MatchString(o.Domain) {
		return bad("domain", "must be a host name in lower case")
	}
	return nil
}

func checkNames(list []Name, field string, bad func(field, why string) error) error {
	for _, n := range list {
		if strings.TrimSpace(n.Value) == "" || !plainText(n.Value) {
			return bad(field, "holds a name that is empty, too long or has control characters")
		}
		if n.Lang != "" && !langForm().MatchString(n.Lang) {
			return bad(field, "holds a language that is no BCP 47 tag")
		}
	}
	return nil
}

// further checks what stands beside the core.
func (o Organisation) further(bad func(field, why string) error) error {
	if len(o.AltNames) > maxNames || len(o.Identifiers) > maxIdentifiers || len(o.OnBehalfOf) > maxIdentifiers {
		return bad("altNames, identifiers and onBehalfOf", "may hold 16 each")
	}
	if err := checkNames(o.AltNames, "altNames", bad); err != nil {
		return err
	}
	for _, id := range o.Identifiers {
		if id.person() {
			return fmt.Errorf("%w: scheme %s names a natural person", ErrNaturalPerson, squeeze(id.Scheme))
		}
		if err := id.Check(); err != nil {
			return err
		}
		if o.ID.Comparable(id) && !o.ID.Equal(id) {
			return bad("identifiers", "gives "+id.String()+" beside "+o.ID.String()+", and a register gives one number")
		}
	}
	relations := o.OnBehalfOf
	if o.Parent != nil {
		relations = append(slices.Clip(relations), *o.Parent)
	}
	for _, r := range relations {
		switch {
		case r.String() == "":
			return bad("parent and onBehalfOf", "must name an organisation")
		case !plainText(r.Name) || len(r.DID) > 2048 || r.DID != "" && !strings.HasPrefix(r.DID, "did:"):
			return bad("parent and onBehalfOf", "must have a name that can be shown and a DID")
		case r.ID.person():
			return fmt.Errorf("%w: scheme %s names a natural person", ErrNaturalPerson, squeeze(r.ID.Scheme))
		case !r.ID.IsZero():
			if err := r.ID.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// WrongDigits lists the identifiers whose check digits are wrong. Such a number was
// mistyped or never given out: it is read from others, and should not be published.
func (o Organisation) WrongDigits() []string {
	var out []string
	for _, id := range append([]Identifier{o.ID}, o.Identifiers...) {
		if id.CheckDigits() != nil {
			out = append(out, id.String())
		}
	}
	return out
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
		out["legalNames"] = namesTree(o.LegalNames)
	}
	out["legalIdentifier"] = o.ID.tree()
	if len(o.Identifiers) > 0 {
		list := make([]any, len(o.Identifiers))
		for i, id := range o.Identifiers {
			list[i] = id.tree()
		}
		out["furtherIdentifiers"] = list
	}
	if len(o.AltNames) > 0 {
		out["altNames"] = namesTree(o.AltNames)
	}
	if o.Parent != nil {
		out["partOf"] = o.Parent.tree()
	}
	if len(o.OnBehalfOf) > 0 {
		list := make([]any, len(o.OnBehalfOf))
		for i, r := range o.OnBehalfOf {
			list[i] = r.tree()
		}
		out["onBehalfOf"] = list
	}
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

func namesTree(list []Name) []any {
	out := make([]any, 0, len(list))
	for _, n := range list {
		v := map[string]any{"@value": n.Value}
		if n.Lang != "" {
			v["@language"] = n.Lang
		}
		out = append(out, v)
	}
	return out
}

// tree writes the identifier as a LegalIdentifier.
func (id Identifier) tree() map[string]any {
	c := id.Canonical()
	out := map[string]any{"type": "LegalIdentifier", "scheme": c.Scheme, "value": c.Value}
	put(out, "country", c.Country)
	return out
}

func (r Relation) tree() map[string]any {
	out := map[string]any{"type": "Organization"}
	put(out, "id", r.DID)
	put(out, "legalName", r.Name)
	if !r.ID.IsZero() {
		out["legalIdentifier"] = r.ID.tree()
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
		id, err := readIdentifier(raw)
		person = person || id.person()
		if err != nil && !id.person() {
			return o, person, err
		}
		o.ID = id
	}
	if more, err := o.readFurther(sub); more || err != nil {
		return o, person || more, err
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

func readIdentifier(raw any) (Identifier, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return Identifier{}, fmt.Errorf("%w: legalIdentifier", ErrOrganisation)
	}
	var id Identifier
	id.Scheme, _ = m["scheme"].(string)
	id.Country, _ = m["country"].(string)
	id.Value, _ = m["value"].(string)
	return id.Canonical(), id.Check()
}

// several reads a member that is one value or a list of at most maxIdentifiers.
func several(sub map[string]any, name string) ([]any, error) {
	raw, has := sub[name]
	if !has {
		return nil, nil
	}
	all, ok := raw.([]any)
	if !ok {
		all = []any{raw}
	}
	if len(all) > maxIdentifiers {
		return nil, fmt.Errorf("%w: %s", ErrOrganisation, name)
	}
	return all, nil
}

// readFurther reads what stands beside the core; person is true when a further
// identifier is one of natural persons.
func (o *Organisation) readFurther(sub map[string]any) (person bool, err error) {
	ids, err := several(sub, "furtherIdentifiers")
	if err != nil {
		return false, err
	}
	for _, raw := range ids {
		id, err := readIdentifier(raw)
		if id.person() {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		o.Identifiers = append(o.Identifiers, id)
	}
	if raw, has := sub["altNames"]; has {
		if o.AltNames, err = readNames(raw); err != nil {
			return false, fmt.Errorf("%w: altNames", ErrOrganisation)
		}
	}
	for _, name := range []string{"partOf", "onBehalfOf"} {
		relations, err := several(sub, name)
		if err != nil {
			return false, err
		}
		for _, raw := range relations {
			r, err := readRelation(raw, name)
			if err != nil {
				return r.ID.person(), err
			}
			if name == "partOf" {
				o.Parent = &r
			} else {
				o.OnBehalfOf = append(o.OnBehalfOf, r)
			}
		}
	}
	return false, nil
}

func readRelation(raw any, name string) (r Relation, err error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return r, fmt.Errorf("%w: %s", ErrOrganisation, name)
	}
	r.DID, _ = m["id"].(string)
	r.Name, _ = m["legalName"].(string)
	if raw, has := m["legalIdentifier"]; has {
		r.ID, err = readIdentifier(raw)
		if err == nil && r.ID.person() {
			err = fmt.Errorf("%w: %s names a natural person", ErrNaturalPerson, name)
		}
	}
	return r, err
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
