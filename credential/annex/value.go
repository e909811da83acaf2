package annex

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/country"
	"github.com/bonafide-id/bonafide/proof"
)

const (
	eqfPrefix     = "http://data.europa.eu/snb/eqf/"
	ectsFramework = "http://data.europa.eu/snb/education-credit/6fcec5c5af"
	countryTable  = "/authority/country/"
)

// duration is ISO 8601-1 section 5.5.2 with the sign of XML Schema. Numbers
// are bounded by their digits, fractions are allowed anywhere.
var duration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(-?)P(?:(\d{1,6}(?:\.\d{1,6})?)Y)?(?:(\d{1,6}(?:\.\d{1,6})?)M)?(?:(\d{1,6}(?:\.\d{1,6})?)W)?(?:(\d{1,6}(?:\.\d{1,6})?)D)?` +
		`(?:(T)(?:(\d{1,6}(?:\.\d{1,6})?)H)?(?:(\d{1,6}(?:\.\d{1,6})?)M)?(?:(\d{1,6}(?:\.\d{1,6})?)S)?)?$`)
})

// decimal tells whether s is a number of at most six digits and six places.
func decimal(s string) bool {
	whole, fraction, points := strings.Cut(s, ".")
	digits := func(s string) bool {
		return len(s) >= 1 && len(s) <= 6 && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole) && (!points || digits(fraction))
}

// days is the length of a duration in days of 24 hours; a year has 365 and a
// month a twelfth of it.
func days(s string) (float64, bool) {
	if strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return 0, false
	}
	m := duration().FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	total := 0.0
	for i, unit := range [...]float64{2: 365, 3: 365.0 / 12, 4: 7, 5: 1, 7: 1.0 / 24, 8: 1.0 / 1440, 9: 1.0 / 86400} {
		if unit > 0 && m[i] != "" {
			x, err := strconv.ParseFloat(m[i], 64)
			if err != nil {
				return 0, false
			}
			total += x * unit
		}
	}
	if m[1] != "" {
		total = -total
	}
	return total, true
}

// workload judges a duration: above nothing and at most a year.
func (r *reader) workload(n node) {
	s, _ := n.value.(string)
	length, ok := days(s)
	switch {
	case !ok:
		r.bad(workload, n, DurationMalformed)
	case length <= 0 || length > 366:
		r.bad(workload, n, DurationAbsurd)
	default:
		r.take(workload, n, s)
	}
}

// credits judges credit points, which stand as a number or as a text.
func (r *reader) credits(n node, points any, ects bool) {
	text := ""
	switch x := points.(type) {
	case json.Number:
		text = x.String()
	case string:
		text = strings.TrimSpace(x)
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !decimal(text) || x == 0 {
		r.bad(workload, n, CreditsMalformed)
		return
	}
	if !ects {
		r.take(workload, n, text+" credits")
		r.note(workload, n, CreditsUnframed)
		return
	}
	r.take(workload, n, text+" ECTS")
	if r.report.Facts.Credits == "" {
		r.report.Facts.Credits = clip(text + " ECTS")
	}
	if x > 60 {
		r.note(workload, n, CreditsAbsurd)
	}
}

// eqf judges a level of the European Qualifications Framework: its IRI, or
// the bare digit.
func (r *reader) eqf(n node, value string) {
	digit := strings.TrimPrefix(value, eqfPrefix)
	if len(digit) != 1 || digit < "1" || digit > "8" {
		r.bad(level, n, LevelMalformed)
		return
	}
	r.take(level, n, "EQF "+digit)
	if r.report.Facts.Level == "" {
		r.report.Facts.Level = "EQF " + digit
	}
}

// countryOf reads a country: a code, or a Concept of the Union's authority
// table or with a code as its notation.
func countryOf(n node) (string, bool) {
	if s, ok := n.value.(string); ok {
		if _, tail, found := strings.Cut(s, countryTable); found {
			s = tail
		}
		return country.Alpha2(s)
	}
	id := n.member("id")
	if _, tail, found := strings.Cut(id, countryTable); found {
		return country.Alpha2(tail)
	}
	if code, ok := country.Alpha2(n.member("notation")); ok {
		return code, true
	}
	return country.Alpha2(id)
}

// regionCountry is the country that the code of a region begins with: three
// letters in the Union's table of territorial units, two in NUTS.
func regionCountry(n node) (string, bool) {
	id := n.member("id")
	code, _, _ := strings.Cut(id[strings.LastIndexByte(id, '/')+1:], "_")
	if c, ok := country.Alpha2(code); ok {
		return c, true
	}
	return country.Alpha2(code[:min(2, len(code))])
}

// moment reads a date, taken as its first moment in UTC, or a time; VCDM 1.1
// lets a time lack its zone.
func moment(n node) (time.Time, bool) {
	s, _ := n.value.(string)
	if len(s) == len(time.DateOnly) {
		t, err := time.Parse(time.DateOnly, s)
		return t, err == nil
	}
	t, _, err := proof.ParseDateTime(s)
	return t, err == nil
}

// firstDate lets the first date that can be read count as date of issuing.
func (r *reader) firstDate(list []node) *time.Time {
	for _, n := range list {
		if t, ok := moment(n); ok {
			r.take(date, n, n.text())
			return &t
		}
		r.bad(date, n, DateMalformed)
	}
	return nil
}

// birthDate reads a date of birth, which is a day and no moment. Written as a
// moment it is accepted only at midnight of its own zone; anything else is
// somebody's midnight moved to UTC, and which day it was is not guessed.
func (r *reader) birthDate(n node) {
	s, _ := n.value.(string)
	who := &r.report.Facts.Learner
	who.BirthDateWritten = clip(s)
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		who.BirthDate = s
		return
	}
	t, _, err := proof.ParseDateTime(s)
	switch {
	case err != nil:
		r.bad(learner, n, BirthDateMalformed)
	case s[11:19] == "00:00:00" && t.Nanosecond() == 0:
		who.BirthDate = s[:10]
		r.note(learner, n, BirthDateWithTime)
	default:
		r.bad(learner, n, BirthDateShifted)
	}
}
