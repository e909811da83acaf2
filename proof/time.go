package proof

import (
	"fmt"
	"strings"
	"time"
)

// splitDateTime takes YYYY-MM-DDThh:mm:ss, a fraction and a zone apart, of which the
// last two may be missing.
func splitDateTime(s string) (date, clock, frac, zone string, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) < len(form) || !fits(s[:len(form)], form) {
		return "", "", "", "", false
	}
	date, clock, zone = s[:10], s[11:19], s[19:]
	if strings.HasPrefix(zone, ".") {
		rest := strings.TrimLeft(zone[1:], "0123456789")
		frac, zone = zone[:len(zone)-len(rest)], rest
		if len(frac) < 2 {
			return "", "", "", "", false
		}
	}
	ok = zone == "" || zone == "Z" || fits(zone, "+00:00") || fits(zone, "-00:00")
	return date, clock, frac, zone, ok
}

// fits tells whether s is form, in which 0 stands for any digit.
func fits(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == '0' && (s[i] < '0' || s[i] > '9') || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}

// ParseTime reads an XML Schema dateTimeStamp: the zone is required, 24:00:00
// is the start of the next day, fractions beyond nanoseconds are cut. Years
// before 0001 and after 9999 are refused, and so are leap seconds, which the
// type does not know. The error is ErrTime.
func ParseTime(s string) (time.Time, error) {
	t, zoned, err := ParseDateTime(s)
	if err == nil && !zoned {
		return time.Time{}, fmt.Errorf("%w: %q names no time zone", ErrTime, s)
	}
	return t, err
}

// ParseDateTime reads an XML Schema dateTime as VCDM 1.1 allows it: without a
// zone it is taken as UTC, and zoned is false so that the caller can say so.
func ParseDateTime(s string) (t time.Time, zoned bool, err error) {
	if len(s) > 64 {
		return time.Time{}, false, fmt.Errorf("%w: %d characters", ErrTime, len(s))
	}
	date, clock, frac, zone, ok := splitDateTime(s)
	if !ok {
		return time.Time{}, false, fmt.Errorf("%w: %q", ErrTime, s)
	}
	zoned = zone != ""
	if !zoned {
		zone = "Z"
	}
	if len(zone) == 6 && !validOffset(zone) {
		return time.Time{}, false, fmt.Errorf("%w: %q: the zone is out of range", ErrTime, s)
	}
	if len(frac) > 10 {
		frac = frac[:10]
	}
	nextDay := false
	if strings.HasPrefix(clock, "24:") {
		if clock != "24:00:00" || strings.Trim(frac, ".0") != "" {
			return time.Time{}, false, fmt.Errorf("%w: %q", ErrTime, s)
		}
		clock, nextDay = "00:00:00", true
	}
	t, err = time.Parse(time.RFC3339Nano, date+"T"+clock+frac+zone)
	if err != nil || t.Year() == 0 {
		return time.Time{}, false, fmt.Errorf("%w: %q", ErrTime, s)
	}
	if nextDay {
		t = t.AddDate(0, 0, 1)
	}
	return t, zoned, nil
}

// validOffset holds the zone to XML Schema's range of -14:00 to +14:00.
func validOffset(zone string) bool {
	h, m := zone[1:3], zone[4:6]
	return m < "60" && (h < "14" || h == "14" && m == "00")
}

// FormatTime writes a time as the project signs it: UTC, whole seconds.
func FormatTime(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
