package revocation

import (
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Claims are what a status list credential or a Status List Token says of itself.
// Nothing of it was verified where it comes from ReadClaims.
type Claims struct {
	ID, Issuer string
	Format     string
	Purposes   []Purpose
	Bits       Bitstring
	// Statuses are those of a token, which has no purposes and no Bits.
	Statuses Statuses
}

// Claims are what a verified list says.
func (l *List) Claims() Claims {
	c := Claims{ID: l.ID, Issuer: l.Issuer, Format: FormatBitstring, Purposes: l.Purposes, Bits: l.Bits}
	switch {
	case l.legacy:
		c.Format = Format2021
	case l.Statuses.Bits() > 0:
		c.Format, c.Statuses = FormatToken, l.Statuses
	}
	return c
}

// ReadClaims reads a status list credential in JSON, or a Status List Token in
// either form, without verifying it, for an operator who vouches for it. It unpacks
// to at most max bytes (zero: 8 MiB). Errors: ErrEncoding, ErrTooLarge, ErrToken, and
// those of credential.Parse, jose.Parse and cose.Parse.
func ReadClaims(body []byte, max int64) (Claims, error) {
	if IsToken(body) {
		u, err := parseStatusToken(body)
		if err != nil {
			return Claims{}, fmt.Errorf("revocation: token: %w", err)
		}
		s, err := Unpack(u.packed, u.bits, max)
		return Claims{ID: u.sub, Issuer: u.iss, Format: FormatToken, Statuses: s}, err
	}
	c, err := credential.Parse(body, strictjson.Limits{MaxBytes: credential.MaxBytes})
	if err != nil {
		return Claims{}, fmt.Errorf("revocation: list: %w", err)
	}
	l, err := unpack(c, c.Tree, Options{MaxListBytes: max})
	if err != nil {
		return Claims{}, err
	}
	return l.Claims(), nil
}
