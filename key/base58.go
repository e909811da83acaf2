package key

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxBase58 bounds what Base58Decode reads, in characters. The longest values
// in use are derived proofs of a few KiB. Decoding is quadratic by nature; with
// 64-bit words the bound costs some milliseconds.
const maxBase58 = 32 << 10

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

const (
	// wordDigits is how many base58 digits fit a 64-bit word, with room to spare.
	wordDigits = 10
	// wordBase is 58 to the power wordDigits.
	wordBase = 430804206899405824
)

// base58Digit returns the value of one character, or a value of 58 or more.
func base58Digit(c byte) uint64 {
	switch {
	case c >= '1' && c <= '9':
		return uint64(c - '1')
	case c >= 'A' && c <= 'H':
		return uint64(c-'A') + 9
	case c >= 'J' && c <= 'N':
		return uint64(c-'J') + 17
	case c >= 'P' && c <= 'Z':
		return uint64(c-'P') + 22
	case c >= 'a' && c <= 'k':
		return uint64(c-'a') + 33
	case c >= 'm' && c <= 'z':
		return uint64(c-'m') + 44
	}
	return 0xff
}

// Base58Decode reads base58btc without a multibase prefix
// (draft-msporny-base58-03): leading "1" are leading zero bytes, every text has
// exactly one value and every value exactly one text. Texts over 32 KiB are
// refused unread. The error is [ErrBase58].
func Base58Decode(s string) ([]byte, error) {
	if len(s) > maxBase58 {
		return nil, fmt.Errorf("%w: %d characters, at most %d are read", ErrBase58, len(s), maxBase58)
	}
	zeros := 0
	for zeros < len(s) && s[zeros] == '1' {
		zeros++
	}
	// words is the number, least significant word first. One digit carries less
	// than 5.86 bits, so 11 digits need at least one word more than none.
	words := make([]uint64, 0, len(s)/wordDigits+1)
	for i := zeros; i < len(s); {
		var chunk, base uint64 = 0, 1
		for n := 0; n < wordDigits && i < len(s); n, i = n+1, i+1 {
			d := base58Digit(s[i])
			if d >= 58 {
				return nil, fmt.Errorf("%w: character %d", ErrBase58, i)
			}
			chunk, base = chunk*58+d, base*58
		}
		carry := chunk
		for j, w := range words {
			hi, lo := bits.Mul64(w, base)
			lo, c := bits.Add64(lo, carry, 0)
			words[j], carry = lo, hi+c
		}
		if carry > 0 {
			words = append(words, carry)
		}
	}
	out := make([]byte, zeros, zeros+8*len(words))
	for j := len(words) - 1; j >= 0; j-- {
		if len(out) > zeros {
			out = binary.BigEndian.AppendUint64(out, words[j])
			continue
		}
		for n := 7; n >= 0; n-- {
			if b := byte(words[j] >> (8 * n)); b != 0 || len(out) > zeros {
				out = append(out, b)
			}
		}
	}
	return out, nil
}

// Base58Encode writes base58btc without a multibase prefix. It is the inverse
// of [Base58Decode].
func Base58Encode(b []byte) string {
	zeros := 0
	for zeros < len(b) && b[zeros] == 0 {
		zeros++
	}
	// digits is the number in base 58^10, least significant word first.
	digits := make([]uint64, 0, len(b)/7+1)
	for i := zeros; i < len(b); {
		// Take up to 4 bytes: a word below 58^10 times 2^32 plus a carry stays below
		// 2^91, within what Div64 splits.
		var chunk uint64
		n := 0
		for ; n < 4 && i < len(b); n, i = n+1, i+1 {
			chunk = chunk<<8 | uint64(b[i])
		}
		carry := chunk
		for j, w := range digits {
			hi, lo := bits.Mul64(w, 1<<(8*n))
			lo, c := bits.Add64(lo, carry, 0)
			carry, digits[j] = bits.Div64(hi+c, lo, wordBase)
		}
		if carry > 0 {
			digits = append(digits, carry)
		}
	}
	out := make([]byte, 0, zeros+len(digits)*wordDigits)
	for range zeros {
		out = append(out, '1')
	}
	var word [wordDigits]byte
	for j := len(digits) - 1; j >= 0; j-- {
		w := digits[j]
		for n := wordDigits - 1; n >= 0; n-- {
			word[n], w = base58Alphabet[w%58], w/58
		}
		first := 0
		if j == len(digits)-1 {
			for word[first] == '1' {
				first++
			}
		}
		out = append(out, word[first:]...)
	}
	return string(out)
}
