package strictjson

import (
	"math"
	"strconv"
)

const maxSafe = 1<<53 - 1 // largest integer of I-JSON, RFC 7493 section 2.2

// scanNumber returns the length of the JSON number at the start of s by the
// grammar of RFC 8259 section 6, or 0 when there is none. What follows the
// number is for the caller to judge.
func scanNumber(s string) int {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	switch {
	case i >= len(s):
		return 0
	case s[i] == '0':
		i++
		if i < len(s) && isDigit(s[i]) {
			return 0
		}
	default:
		n := digits(s[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	if i < len(s) && s[i] == '.' {
		n := digits(s[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n := digits(s[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// isInteger reports whether the JSON number has neither fraction nor exponent.
func isInteger(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

// inRange reports whether the well-formed JSON number s survives as a double:
// an integer up to 2^53-1 either way, or a number with fraction or exponent
// that becomes neither infinity nor, unless all its digits are 0, zero.
func inRange(s string) bool {
	if isInteger(s) {
		if len(s) < 16 {
			return true
		}
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && n >= -maxSafe && n <= maxSafe
	}
	if clearlyInRange(s) {
		return true
	}
	_, ok := double(s)
	return ok
}

// clearlyInRange spares most numbers the exact conversion, whose cost a
// stranger can drive up with long digit strings: with fewer than 300 digits
// and powers of ten in all, neither infinity nor zero is in reach.
func clearlyInRange(s string) bool {
	e := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] == 'e' || s[i] == 'E' {
			e = i
			break
		}
	}
	power := 0
	for i := e + 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue // the sign
		}
		if power = power*10 + int(s[i]-'0'); power >= 300 {
			return false
		}
	}
	return e+power < 300
}

// double converts a well-formed JSON number and reports whether it is in range.
func double(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	if f == 0 && !allZero(s) {
		return 0, false
	}
	return f, true
}

// allZero reports whether the significand of the JSON number s is zero.
func allZero(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'e' || c == 'E':
			return true
		case c >= '1' && c <= '9':
			return false
		}
	}
	return true
}

// appendNumber writes the JSON number s in the form of ECMAScript's
// Number::toString, RFC 8785 section 3.2.2.3.
func appendNumber(dst []byte, s string) ([]byte, bool) {
	if s == "" || scanNumber(s) != len(s) {
		return dst, false
	}
	if isInteger(s) {
		if s == "-0" {
			s = "0"
		}
		return append(dst, s...), inRange(s)
	}
	f, ok := double(s)
	if !ok {
		return dst, false
	}
	return appendDouble(dst, f), true
}

// appendDouble writes a finite double as ECMAScript does: the shortest digits
// that read back as f, with an exponent only below 1e-6 and from 1e21 on.
func appendDouble(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0') // also for -0
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits of exponent, ECMAScript as few as it can.
	if n := len(dst); dst[n-2] == '0' && !isDigit(dst[n-3]) {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
