package legal

import (
	"regexp"
	"sync"
)

// vatForms are the national forms of VAT numbers without the country prefix,
// as the European Commission's VIES service lists them.
var vatForms = sync.OnceValue(func() map[string]*regexp.Regexp {
	forms := map[string]string{
		"AT": `U\d{8}`, "BE": `[01]\d{9}`, "BG": `\d{9,10}`, "CY": `\d{8}[A-Z]`, "CZ": `\d{8,10}`, "DE": `\d{9}`,
		"DK": `\d{8}`, "EE": `\d{9}`, "GR": `\d{9}`, "ES": `[A-Z0-9]\d{7}[A-Z0-9]`, "FI": `\d{8}`,
		"FR": `[A-Z0-9]{2}\d{9}`, "GB": `\d{9}|\d{12}|(?:GD|HA)\d{3}`, "HR": `\d{11}`, "HU": `\d{8}`,
		"IE": `\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W]`, "IT": `\d{11}`, "LT": `\d{9}|\d{12}`, "LU": `\d{8}`,
		"LV": `\d{11}`, "MT": `\d{8}`, "NL": `[A-Z0-9+*]{12}`, "PL": `\d{10}`, "PT": `\d{9}`, "RO": `\d{2,10}`,
		"SE": `\d{12}`, "SI": `\d{8}`, "SK": `\d{10}`,
	}
	out := make(map[string]*regexp.Regexp, len(forms))
	for country, form := range forms {
		out[country] = regexp.MustCompile("^(?:" + form + ")$")
	}
	return out
})
