package proof

import (
	"regexp"
	"testing"
)

// Every text that is one change away from a good one is taken apart as the lexical
// form of XML Schema has it (XSD 1.1 part 2, 3.3.7), written as a regular expression.
func TestSplitDateTime(t *testing.T) {
	form := regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})?$`)
	compare := func(s string) {
		t.Helper()
		date, clock, frac, zone, ok := splitDateTime(s)
		m := form.FindStringSubmatch(s)
		if ok != (m != nil) || ok && (date != m[1] || clock != m[2] || frac != m[3] || zone != m[4]) {
			t.Errorf("%q: %q %q %q %q %v, want %q", s, date, clock, frac, zone, ok, m)
		}
	}
	for _, good := range []string{"2026-01-15T09:30:00Z", "2026-01-15T09:30:00.125+02:00", "2026-01-15T24:00:00-14:00", "2026-01-15T09:30:00", "2026-01-15T09:30:00.5"} {
		for i := range len(good) + 1 {
			compare(good[:i])
			for _, c := range []string{"0", "9", ".", "-", "+", ":", "T", "Z", "t", "z", " ", "\n", "\x00", "٣", "\xff"} {
				compare(good[:i] + c + good[i:])
				if i < len(good) {
					compare(good[:i] + c + good[i+1:])
				}
			}
			if i < len(good) {
				compare(good[:i] + good[i+1:])
			}
		}
	}
}
