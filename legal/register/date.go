package register

import (
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/proof"
)

// Date is a day, as registers have it, or an instant. A day begins at midnight
// UTC as a beginning, and ends with its last second as an end.
type Date struct {
	T   time.Time
	Day bool
}

const dayForm = "2006-01-02"

// day makes a Date of a whole day.
func day(t time.Time) *Date { return &Date{T: t.UTC().Truncate(24 * time.Hour), Day: true} }

// instant makes a Date of an instant.
func instant(t time.Time) *Date { return &Date{T: t.UTC().Truncate(time.Second)} }

// ParseDate reads "2026-01-31" and "2026-01-31T12:00:00Z". The error is
// [ErrForm].
func ParseDate(s string) (*Date, error) {
	if t, err := time.Parse(dayForm, s); err == nil {
		return day(t), plausible(t)
	}
	t, err := proof.ParseTime(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is neither a day nor a time", ErrForm, quote(s))
	}
	return instant(t), plausible(t)
}

// plausible refuses years that are slips.
func plausible(t time.Time) error {
	if t.Year() < 800 || t.Year() > 3000 {
		return fmt.Errorf("%w: the year %d", ErrForm, t.Year())
	}
	return nil
}

// Start is the first instant; nil for nil.
func (d *Date) Start() *time.Time {
	if d == nil {
		return nil
	}
	t := d.T
	return &t
}

// End is the last instant; nil for nil.
func (d *Date) End() *time.Time {
	if d == nil {
		return nil
	}
	t := d.T
	if d.Day {
		t = t.Add(24*time.Hour - time.Second)
	}
	return &t
}

// MarshalText writes what [ParseDate] reads.
func (d Date) MarshalText() ([]byte, error) {
	if d.Day {
		return []byte(d.T.Format(dayForm)), nil
	}
	return []byte(proof.FormatTime(d.T)), nil
}

// UnmarshalText is [ParseDate].
func (d *Date) UnmarshalText(b []byte) error {
	p, err := ParseDate(string(b))
	if err == nil {
		*d = *p
	}
	return err
}
