package edc

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// Context is the JSON-LD context of the European Learning Model's application
// profile for credentials. It is known by name: the seal covers raw bytes, and
// members are read by their exact names.
const Context = "http://data.europa.eu/snb/model/context/edc-ap"

// Type is the credential type of every European Digital Credential.
const Type = "EuropeanDigitalCredential"

// document reads what was sealed, also where the seal does not hold, and
// judges its form and its dates.
func (o *opening) document(lim strictjson.Limits) {
	c, err := credential.Parse(o.seal.Unverified(), lim)
	if c == nil {
		code := verdict.ParsingError
		if errors.Is(err, strictjson.ErrTooLarge) {
			code = verdict.TooLarge
		} else if errors.Is(err, strictjson.ErrDepth) {
			code = verdict.TooComplex
		}
		o.add(row(verdict.Format, code).With("detail", err.Error()))
		return
	}
	o.e.Credential = c
	var rows []verdict.Check
	if err != nil {
		rows = append(rows, row(verdict.Format, verdict.MalformedValue).With("detail", err.Error()))
	} else if !c.Has(Type) {
		rows = append(rows, row(verdict.Format, verdict.UnknownFormat).With("detail", "type does not include "+Type))
	}
	rows = append(rows, contextRows(c)...)
	if len(rows) == 0 {
		rows = append(rows, row(verdict.Format, verdict.OK))
	}
	if c.Version == 1 {
		rows = append(rows, row(verdict.Format, verdict.VCDM11))
	}
	o.window(c)
	for _, f := range c.Findings {
		rows = append(rows, row(verdict.Format, verdict.ZoneMissing).With("detail", f))
	}
	o.add(append(rows, ConfusableRows(c.Tree)...)...)
}

// contextRows refuses words that are defined elsewhere than in the contexts
// that are known by name.
func contextRows(c *credential.Credential) []verdict.Check {
	var rows []verdict.Check
	for _, u := range c.Contexts {
		if u != credential.ContextV1 && u != credential.ContextV2 && u != Context {
			rows = append(rows, row(verdict.Format, verdict.UnknownContext).With("context", clip(u)))
			break
		}
	}
	list, _ := c.Tree["@context"].([]any)
	inline := slices.ContainsFunc(list, func(e any) bool { _, is := e.(map[string]any); return is })
	for name, v := range c.Tree {
		inline = inline || name != "@context" && definesWords(v)
	}
	if inline {
		rows = append(rows, row(verdict.Format, verdict.ContextInline))
	}
	return rows
}

func definesWords(v any) bool {
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			if name == "@context" || definesWords(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(x, definesWords)
	}
	return false
}

// window narrows the validity to what both generations of names say: the
// profile asks for issued and validFrom, the data model 1.1 for issuanceDate
// and expirationDate, and files have them all.
func (o *opening) window(c *credential.Credential) {
	if c.Version != 1 {
		return
	}
	date := func(name string) *time.Time {
		raw, has := c.Tree[name]
		if !has {
			return nil
		}
		text, _ := raw.(string)
		t, zoned, err := proof.ParseDateTime(text)
		if err != nil {
			o.add(row(verdict.Dates, verdict.DateUnreadable).With("member", name))
			return nil
		}
		if !zoned {
			c.Findings = append(c.Findings, name+" names no time zone and is taken as UTC")
		}
		return &t
	}
	if t := date("validFrom"); t != nil && (c.ValidFrom == nil || t.After(*c.ValidFrom)) {
		c.ValidFrom = t
	}
	if t := date("validUntil"); t != nil && (c.ValidUntil == nil || t.Before(*c.ValidUntil)) {
		c.ValidUntil = t
	}
}

// bound holds the issuer that the credential names against the certificate
// and returns why it is not its holder, "" when it is. Its findings about
// legal identifiers are rows of the check issuer.
func (o *opening) bound() string {
	c := o.e.Credential
	if c == nil {
		return "the credential cannot be read"
	}
	issuer, _ := c.Tree["issuer"].(map[string]any)
	rows, named, contradicted := legal(issuer, o.facts)
	o.add(rows...)
	switch {
	case o.facts.NaturalPerson:
		return "the certificate is that of a natural person"
	case contradicted:
		return "a legal identifier of the issuer excludes the one of the certificate"
	case !named:
		return "no legal identifier of the issuer is the one of the certificate"
	case !strings.HasPrefix(c.Issuer, "urn:"):
		// Whoever controls that identifier was not asked.
		return "the certificate proves nothing about the identifier " + clip(c.Issuer)
	}
	return ""
}
