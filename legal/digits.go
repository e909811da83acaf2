package legal

import (
	"fmt"
	"strconv"
	"strings"
)

// CheckDigits recomputes the check digits of an identifier whose scheme has some
// that are public and certain: LEI (ISO 17442), ROR, and the VAT numbers of the
// countries in vatDigits. Numbers of other schemes and countries pass. A wrong digit
// is a slip of the pen or a number that was never given out; a right one proves
// nothing. The error is [ErrCheckDigits].
func (id Identifier) CheckDigits() error {
	c := id.Canonical()
	ok := true
	switch c.Scheme {
	case schemeLEI:
		ok = leiForm().MatchString(c.Value) && mod97(c.Value) == 1
	case schemeROR:
		ok = rorDigits(c.Value)
	case schemeVAT:
		if check, known := vatDigits()[c.Country]; known && c.Check() == nil {
			ok = check(c.Value)
		}
	}
	if !ok {
		return fmt.Errorf("%w: %s", ErrCheckDigits, c)
	}
	return nil
}

// vatDigits are the national rules for numbers whose form was checked (see
// vatForms), as the tax authorities publish them. Countries are left out whose rule
// is secret, has exceptions, or is not certain.
func vatDigits() map[string]func(v string) bool {
	weighted := func(mod int, weights ...int) func(string) bool {
		return func(v string) bool { return weigh(v, weights...)%mod == 0 }
	}
	return map[string]func(string) bool{
		"AT": func(v string) bool { // Luhn over the first seven, moved on by four
			sum := 4
			for i, c := range v[1:8] {
				d := int(c - '0')
				if i%2 == 1 {
					d = d/5 + 2*d%10
				}
				sum += d
			}
			return (10-sum%10)%10 == int(v[8]-'0')
		},
		"BE": func(v string) bool { return 97-number(v[:8])%97 == number(v[8:]) },
		"DE": mod1110, "HR": mod1110,
		"DK": weighted(11, 2, 7, 6, 5, 4, 3, 2, 1),
		"EE": weighted(10, 3, 7, 1, 3, 7, 1, 3, 7, 1),
		"ES": spanish,
		"FI": weighted(11, 7, 9, 10, 5, 8, 4, 2, 1),
		"FR": french,
		"GR": func(v string) bool { return weigh(v, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == int(v[8]-'0') },
		"HU": weighted(10, 9, 7, 3, 1, 9, 7, 3, 1),
		"IE": irish,
		"IT": luhn,
		"LU": func(v string) bool { return number(v[:6])%89 == number(v[6:]) },
		"MT": weighted(37, 3, 4, 6, 7, 8, 9, 10, 1),
		"NL": func(v string) bool {
			// By the number of the legal person, or since 2020 over the whole text.
			return digits(v[:9]) && v[9] == 'B' && digits(v[10:]) &&
				((weigh(v, 9, 8, 7, 6, 5, 4, 3, 2)-int(v[8]-'0'))%11 == 0 || mod97("NL"+v) == 1)
		},
		"PL": func(v string) bool { return weigh(v, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == int(v[9]-'0') },
		"PT": func(v string) bool { return elevenOrNought(weigh(v, 9, 8, 7, 6, 5, 4, 3, 2)) == int(v[8]-'0') },
		"SE": func(v string) bool { return luhn(v[:10]) },
		"SI": func(v string) bool {
			check := 11 - weigh(v, 8, 7, 6, 5, 4, 3, 2)%11
			return check != 11 && check%10 == int(v[7]-'0')
		},
		"SK": func(v string) bool { return number(v)%11 == 0 },
	}
}

func digits(v string) bool { return strings.Trim(v, "0123456789") == "" }

// number reads at most 18 digits; anything else is -1.
func number(v string) int {
	n, err := strconv.Atoi(v)
	if err != nil || len(v) > 18 || !digits(v) {
		return -1
	}
	return n
}

// weigh sums the first digits of v, each times its weight.
func weigh(v string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += w * int(v[i]-'0')
	}
	return sum
}

func elevenOrNought(sum int) int {
	if d := 11 - sum%11; d < 10 {
		return d
	}
	return 0
}

// luhn is ISO/IEC 7812-1 annex B, the last digit included.
func luhn(v string) bool {
	sum := 0
	for i := range len(v) {
		d := int(v[len(v)-1-i] - '0')
		if i%2 == 1 {
			d = d/5 + 2*d%10
		}
		sum += d
	}
	return sum%10 == 0
}

// mod1110 is ISO/IEC 7064 MOD 11,10.
func mod1110(v string) bool {
	p := 10
	for _, c := range v[:len(v)-1] {
		s := (int(c-'0') + p) % 10
		if s == 0 {
			s = 10
		}
		p = 2 * s % 11
	}
	return (p+int(v[len(v)-1]-'0'))%10 == 1
}

// spanish checks a NIF: of a legal person (letter, seven digits, digit or letter), or
// of a natural one (eight digits, or X, Y, Z and seven, and a letter).
func spanish(v string) bool {
	const person, entity = "TRWAGMYFPDXBNJZSQVHLCKE", "JABCDEFGHI"
	body, last := v[:8], v[8]
	if i := strings.IndexByte("XYZ", v[0]); i >= 0 {
		body = strconv.Itoa(i) + v[1:8]
	}
	if digits(body) {
		return person[number(body)%23] == last
	}
	if !digits(v[1:8]) {
		return false
	}
	sum := 0
	for i, c := range v[1:8] {
		d := int(c - '0')
		if i%2 == 0 {
			d = d/5 + 2*d%10
		}
		sum += d
	}
	check := (10 - sum%10) % 10
	switch {
	case strings.IndexByte("KLMNPQRSW", v[0]) >= 0:
		return last == entity[check]
	case strings.IndexByte("ABEH", v[0]) >= 0:
		return last == byte('0'+check)
	}
	return last == entity[check] || last == byte('0'+check)
}

// french checks a SIREN, and the key before it where that is a number. Numbers of
// Monaco begin with 000 and have no SIREN.
func french(v string) bool {
	siren := v[2:]
	if !strings.HasPrefix(siren, "000") && !luhn(siren) {
		return false
	}
	return !digits(v[:2]) || (12+3*(number(siren)%97))%97 == number(v[:2])
}

// irish checks both forms: seven digits and one or two letters, and the old one with
// a letter or sign in second place.
func irish(v string) bool {
	const letters = "WABCDEFGHIJKLMNOPQRSTUV"
	body := v
	if !digits(v[:7]) {
		body = "0" + v[2:7] + v[:1] + v[7:]
	}
	sum := weigh(body, 8, 7, 6, 5, 4, 3, 2)
	if len(body) == 9 {
		sum += 9 * strings.IndexByte(letters, body[8])
	}
	return letters[sum%23] == body[7]
}

// rorDigits checks 0, six characters of Crockford's base 32 and two digits: 98 less
// the remainder of the number times 100 by 97 (the rule of the Research Organization
// Registry).
func rorDigits(v string) bool {
	if !rorForm().MatchString(v) {
		return false
	}
	n := 0
	for _, c := range []byte(strings.ToLower(v[1:7])) {
		n = n*32 + strings.IndexByte("0123456789abcdefghjkmnpqrstvwxyz", c)
	}
	return 98-n*100%97 == number(v[7:])
}
