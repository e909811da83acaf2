// Package verify makes verdicts: a credential and a policy go in, and a
// verdict.Verdict with every check comes out.
//
// The first calls to make are [Shipped] for a policy and [Verifier.Verify].
// The verifier asks a few small interfaces for what it needs: a resolver, a
// source of status lists, a source of what is known about issuers. Two
// policies are shipped: `authentic` requires nothing beyond the mandatory six
// checks, `recognised` also requires issuer and authorisation.
//
// It promises that a verdict always comes back, that every error, time-out,
// panic and missing answer ends as unknown and so never as verified, that
// only verdict.Decide makes the outcome, and that everything the caller
// changed about a policy is listed in the verdict.
//
// It knows no store and no peer, keeps nothing of what it was shown, and
// logs nothing about it.
package verify
