// Package ebsi reads accreditations of the European Blockchain Services
// Infrastructure and says what an issuer may issue by them.
//
// The first call to make is [Read]: the bytes of one answer of the Trusted Issuers
// Registry or of the DID registry go in, records and documents come out.
// [Book.Merge] adds them to what is held, and a [Source] over books answers
// legal.Assess.
//
// It promises that no link of a chain counts but what its own signature proves:
// there is no ledger here to vouch for anything. A chain climbs from the issuer by
// the accreditation that each link names in its termsOfUse, which has to be the
// accreditor's own, to a root that the operator configured; every link grants no
// more than the one above it; a link that the registry calls revoked ends it, and
// one whose registry entry was read too long ago is unknown. Chains have at most
// eight links and no circle, and the work is bounded.
//
// It says what may be issued and never who somebody is: accreditations carry no
// legal name. It fetches nothing, and it cannot pass EBSI's conformance tests,
// which need the ledger: what is claimed is the form of accreditations as JWT of
// VCDM 1.1, of registry answers, and the rules above.
package ebsi
