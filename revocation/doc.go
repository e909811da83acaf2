// Package revocation keeps and reads the status of credentials by W3C
// Bitstring Status Lists 1.0 and by IETF Token Status Lists (draft 20). It also
// reads the forerunner of the former, StatusList2021, and the unsigned
// revocation lists of Open Badges.
//
// For a verifier the first call to make is [Check]: it takes a credential,
// finds the lists that its status entries name through a [Source], verifies
// each list before it is unpacked, and returns rows of a verdict. For an
// issuer it is [NewBook]: the book allocates random indices that are never
// given twice, records every change in one transaction before it is
// acknowledged, and renders the bits of each list; signing and publishing
// them is a separate act of the node.
//
// It promises that revocation is final, that a bit once seen set stays
// decisive, that allocation changes nothing that is published, that a list is
// read only after its proof, its issuer, its id, its purpose, its term and its
// length were checked, that an unsigned list counts only from its own web site
// or on the operator's word, and that whatever cannot be established is
// unknown, never "not revoked". Index 0 is the most significant bit of the first
// byte of a [Bitstring], and the least significant of [Statuses].
//
// It never fetches anything itself, never asks anybody about one credential,
// and never stores a reason or a person in what is published.
package revocation
