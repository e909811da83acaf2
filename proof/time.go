package proof

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var dateTime = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})?$`)

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
	m := dateTime.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false, fmt.Errorf("%w: %q", ErrTime, s)
	}
	date, clock, frac, zone := m[1], m[2], m[3], m[4]
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
