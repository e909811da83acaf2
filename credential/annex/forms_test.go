package annex

import (
	"regexp"
	"testing"
)

// The forms that are read by hand are those of these regular expressions.
func TestForms(t *testing.T) {
	number := regexp.MustCompile(`^\d{1,6}(\.\d{1,6})?$`)
	identifier := regexp.MustCompile(`^([A-Z]{3})([A-Z]{2})-(.+)$`)
	compare := func(s string) {
		t.Helper()
		if got := decimal(s); got != number.MatchString(s) {
			t.Errorf("decimal(%q) = %v", s, got)
		}
		scheme, from, value, ok := semantic(s)
		m := identifier.FindStringSubmatch(s)
		if ok != (m != nil) || ok && (scheme != m[1] || from != m[2] || value != m[3]) {
			t.Errorf("semantic(%q) = %q %q %q %v, want %q", s, scheme, from, value, ok, m)
		}
	}
	for _, good := range []string{"4", "123456", "1.5", "123456.654321", "VATES-A00000000", "NTRSE-1"} {
		for i := range len(good) + 1 {
			compare(good[:i])
			for _, c := range []string{"0", "7", ".", "-", "A", "a", "É", " ", "\n", "\x00", "\xff"} {
				compare(good[:i] + c + good[i:])
				if i < len(good) {
					compare(good[:i] + c + good[i+1:])
				}
			}
		}
	}
}
