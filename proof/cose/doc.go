// Package cose reads, checks and makes COSE_Sign1 messages (RFC 9052 section
// 4.2) and the CBOR maps that they carry, as CBOR Web Tokens use them (RFC 8392).
//
// The first call to make is [Parse], which gives a [Message] whose headers were
// held to the strictest reading and whose payload nobody has vouched for yet;
// [Message.Verify] then takes the key that the caller found. [Sign] makes a
// message, [Decode] and [Encode] turn claims into bytes and back.
//
// It promises that the algorithm stands in the protected header and is the one
// that the key is for, never the one that a header asks for; that messages
// authenticated with a shared secret (COSE_Mac0), untagged and detached ones,
// crit and a label in both headers are refused; and that CBOR is read without
// tags, indefinite lengths, a key twice or bytes behind the item, within bounds
// on its size, depth and number of members that are checked before it is parsed.
//
// Certificates and keys in a header are never used. The package resolves
// nothing, judges no claim and keeps no state.
package cose
