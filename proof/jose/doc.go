// Package jose reads, checks and makes JSON Web Signatures in compact form (RFC
// 7515) as secured credentials use them.
//
// The first call to make is [Parse], which gives a [Token] whose header was held
// to the strictest reading and whose payload nobody has vouched for yet;
// [Token.Verify] then takes the key that the caller found. [Sign] makes a token.
//
// It promises that the algorithm is the one that the key is for, never the one
// that a header asks for (RFC 8725, 3.1); that none, the HMAC family, zip, crit,
// b64 and encrypted tokens are refused; that a token has exactly one spelling:
// three segments of canonical base64url, no padding, no spare bits; and that
// header and payload are strict JSON without duplicate names, bounded before they
// are parsed. Media types in typ and cty are compared after their short form was
// written out (RFC 7515, 4.1.9).
//
// Keys, URLs and certificates in a header (jwk, jku, x5u, x5c) are never used and
// never fetched by this package: they are handed on as what the token says about
// itself. It resolves nothing, judges no claim and keeps no state.
package jose
