package revocation

import (
	"fmt"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// Claims are what a status list credential says of itself. Nothing of it was
// verified where it comes from ReadClaims.
type Claims struct {
	ID, Issuer string
	Format     string
	Purposes   []Purpose
	Bits       Bitstring
}

// Claims are what a verified list says.
func (l *List) Claims() Claims {
	c := Claims{ID: l.ID, Issuer: l.Issuer, Format: FormatBitstring, Purposes: l.Purposes, Bits: l.Bits}
	if l.legacy {
		c.Format = Format2021
	}
	return c
}

// ReadClaims reads a status list credential in JSON without verifying it, for an
// operator who vouches for it. It unpacks to at most max bytes (zero: 8 MiB).
// Errors: ErrEncoding, ErrTooLarge, and those of credential.Parse.
func ReadClaims(body []byte, max int64) (Claims, error) {
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
