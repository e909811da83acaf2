package revocation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// Tristate is yes, no or not known. The zero value is not known.
type Tristate uint8

// The three values.
const (
	NotKnown Tristate = iota
	Yes
	No
)

// Request asks a Source for one list: always the whole list, never an index.
type Request struct {
	URL    string // as printed in the credential
	Issuer string // the credential's issuer, from whose verified log it is found
	Token  bool   // a Status List Token is wanted, and as a JWT
}

// Accept is what to ask a web server for.
func (r Request) Accept() string {
	if r.Token {
		return MediaStatusJWT
	}
	return "application/vc, application/json"
}

// Found is a list as a source has it, not yet verified.
type Found struct {
	Body []byte
	// Source is "replica", "stapled", "mirror", ...; "origin" says that this
	// node itself had Body over TLS from Request.URL just now, and is the only
	// source besides the operator's word under which an unsigned list counts.
	Source string
	// At is when the list was known to be current: the time of the head in
	// which it stands. Zero: the list's own validFrom counts.
	At time.Time
	// InHead tells whether its path stands in the issuer's current head; it
	// is NotKnown for issuers without heads.
	InHead Tristate
	// Vouched says that the operator's word makes this body the answer for
	// the URL, even where the list has another id.
	Vouched bool
	// Sticky holds the bits once seen set in a verified revocation list.
	Sticky []byte
	// WentBack tells that a revocation was taken back at some time.
	WentBack bool
	// Digest is the content address of Body, for the evidence.
	Digest string
}

// Source finds status lists. ErrUnavailable-like errors make the status
// unknown; the text becomes the row's detail.
type Source interface {
	StatusList(ctx context.Context, r Request) (*Found, error)
}

// Options are what Check needs beside the credential.
type Options struct {
	Source Source
	// Credential is how list credentials are checked: resolver, time, limits.
	Credential credential.Options
	// At is the time that the verdict is about. Required.
	At time.Time
	// MinLength is the fewest entries accepted; zero means 131,072.
	MinLength int64
	// MaxListBytes caps an unpacked list; zero means 8 MiB.
	MaxListBytes int64
	// Practice is the issuer's statement, or nil when it has none.
	Practice *credential.Practice
	// PracticeUnknown says that the issuer may have one that is not at hand.
	PracticeUnknown bool
	// Demand says that the policy demands a status.
	Demand bool
	// Lenient reads a statusListIndex that is a JSON number, with a warning;
	// by the specification such an entry is malformed.
	Lenient bool
	// Index keeps verified lists between checks; nil keeps none.
	Index *Index

	keys *credential.Keys // of the lists of one credential, each asked for once
}

func (o Options) maxListBytes() int64 {
	if o.MaxListBytes <= 0 {
		return MaxListBytes
	}
	return o.MaxListBytes
}

// Result is what became of all status entries of a credential.
type Result struct {
	Checks []verdict.Check
	// Oldest is when the oldest list that was used was known to be current;
	// zero when none was used.
	Oldest time.Time
	// Undated tells that a list was used of which nothing says when it was current:
	// it came along with the credential and has no date of its own.
	Undated bool
}

// Check reads every status entry of a verified credential (section 3.2,
// validate). A set bit of purpose revocation or suspension fails; an entry
// that cannot be read is a row of its own, unknown, beside the others.
func Check(ctx context.Context, c *credential.Credential, opt Options) Result {
	if len(c.Status) == 0 {
		return Result{Checks: []verdict.Check{absent(c, opt)}}
	}
	var res Result
	if len(c.Status) > maxEntries {
		res.add(verdict.New(verdict.Status, verdict.MalformedValue).With("detail", "more than 16 status entries"))
		return res
	}
	opt.keys = credential.NewKeys(ctx, opt.Credential)
	good, decisive := 0, 0
	for _, m := range c.Status {
		if typeOf(m) == typeEdTech {
			decisive++
			if res.unsigned(ctx, m, c, opt) {
				good++
			}
			continue
		}
		number := false
		if opt.Lenient {
			m, number = numberToText(m)
		}
		e, row, ok := EntryOf(m)
		if !ok {
			res.add(row)
			continue
		}
		if number {
			res.add(verdict.New(verdict.Status, verdict.StatusIndexNotString).With("list", e.List).
				With("index", strconv.FormatInt(e.Index, 10)).From("credential"))
		}
		if e.decisive() {
			decisive++
		}
		if res.entry(ctx, e, c.Issuer, opt) {
			good++
		}
	}
	switch {
	case good == len(c.Status) && decisive > 0:
		// Nothing decisive is set: every entry was read.
	case good == len(c.Status):
		// Refresh and message alone say nothing on validity.
		res.add(absent(c, opt))
	}
	return res
}

func (r *Result) add(rows ...verdict.Check) { r.Checks = append(r.Checks, rows...) }

// absent judges a credential without a status of its own.
func absent(c *credential.Credential, opt Options) verdict.Check {
	row := func(code verdict.Code) verdict.Check { return verdict.New(verdict.Status, code).From("credential") }
	if opt.Demand {
		return row(verdict.StatusDemandedByPolicy)
	}
	if p := opt.Practice; p != nil && p.StatusSince != nil {
		// A credential that does not say when it began may be younger.
		if c.ValidFrom == nil || !c.ValidFrom.Before(*p.StatusSince) {
			return row(verdict.StatusDemandedByPractice).With("since", proof.FormatTime(*p.StatusSince))
		}
	}
	if opt.PracticeUnknown {
		return row(verdict.PracticeUnavailable)
	}
	return row(verdict.NoStatusNamed)
}

// entry judges one entry. It returns true when the bit was read and is clear.
func (r *Result) entry(ctx context.Context, e Entry, issuer string, opt Options) bool {
	note := func(row verdict.Check) verdict.Check {
		if e.Purpose != "" {
			row = row.With("purpose", string(e.Purpose))
		}
		return row.With("list", e.List).With("index", strconv.FormatInt(e.Index, 10))
	}
	found, err := opt.Source.StatusList(ctx, Request{URL: e.List, Issuer: issuer, Token: e.Type == credential.TokenStatusEntry})
	if err != nil || found == nil {
		row := note(verdict.New(verdict.Status, verdict.StatusRetrieval))
		if err != nil {
			row = row.With("detail", err.Error())
		}
		r.add(row)
		return false
	}
	// What was once seen set decides whatever the newest list says.
	if e.final() && len(found.Sticky) > 0 {
		if set, err := FromBytes(found.Sticky).Get(e.Index); err == nil && set {
			defer r.remember(len(r.Checks), note(verdict.New(verdict.Status, verdict.RevocationSeenBefore)).From(found.Source))
		}
	}
	l, row, ok := readFor(ctx, e, found, issuer, opt)
	if !ok {
		r.add(note(row).From(found.Source))
		return false
	}
	at := found.At
	if at.IsZero() && l.ValidFrom != nil {
		at = *l.ValidFrom
	}
	stamp := func(row verdict.Check) verdict.Check {
		row = note(row).From(found.Source)
		ev := verdict.Evidence{Kind: "status-list", ID: l.ID, Digest: found.Digest, By: l.Issuer}
		if !at.IsZero() {
			ev.At = &at
			row = row.Aged(opt.At.Sub(at))
		}
		return row.On(ev)
	}
	if row, ok := l.suits(e, issuer, found, opt); !ok {
		r.add(stamp(row))
		return false
	}
	if l.ID != e.List {
		r.add(stamp(verdict.New(verdict.Status, verdict.StatusIDDiffers)).With("id", l.ID))
	}
	if found.WentBack {
		r.add(stamp(verdict.New(verdict.Status, verdict.BitWentBack)))
	}
	if !at.IsZero() && (r.Oldest.IsZero() || at.Before(r.Oldest)) {
		r.Oldest = at
	}
	// From the origin it came just now, and so it is by the operator's word.
	r.Undated = r.Undated || at.IsZero() && found.Source != "origin" && !found.Vouched
	return r.read(l, e, stamp)
}

// remember adds the row for a bit once seen set, unless the newest list, whose
// rows begin at from, says the same by itself.
func (r *Result) remember(from int, row verdict.Check) {
	for _, c := range r.Checks[from:] {
		if c.Code == verdict.Revoked {
			return
		}
	}
	r.add(row)
}

// suits holds a verified list against the entry that names it.
func (l *List) suits(e Entry, issuer string, found *Found, opt Options) (verdict.Check, bool) {
	bad := func(code verdict.Code, detail string) (verdict.Check, bool) {
		return verdict.New(verdict.Status, code).With("detail", detail), false
	}
	if l.ID != e.List && !found.Vouched {
		return bad(verdict.StatusVerification, fmt.Sprintf("the list calls itself %s", clip(l.ID)))
	}
	if l.legacy && e.Type != typeEntry2021 {
		return bad(verdict.MalformedValue, "the list is a "+typeList2021)
	}
	token := l.MediaType != ""
	if !token && !slices.Contains(l.Purposes, e.Purpose) {
		return bad(verdict.StatusPurposeMismatch, fmt.Sprintf("the list is for %v", l.Purposes))
	}
	if !sameIssuer(l.Issuer, issuer) && (opt.Practice == nil || !slices.Contains(opt.Practice.ListIssuers, l.Issuer)) {
		return bad(verdict.ListIssuerNotAuthorised, "the list is by "+clip(l.Issuer))
	}
	if found.InHead == No {
		return bad(verdict.ListPathNotInHead, "")
	}
	if l.ValidFrom != nil && opt.At.Before(*l.ValidFrom) {
		return bad(verdict.ListNotYetValid, proof.FormatTime(*l.ValidFrom))
	}
	// On or after exp a token is over (RFC 7519 section 4.1.4).
	if l.ValidUntil != nil && (opt.At.After(*l.ValidUntil) || token && opt.At.Equal(*l.ValidUntil)) {
		return bad(verdict.ListExpired, proof.FormatTime(*l.ValidUntil))
	}
	least := opt.MinLength
	if least <= 0 {
		least = MinEntries
	}
	if !token && l.Bits.Len() < least { // for tokens no length is prescribed
		return bad(verdict.StatusListLength, fmt.Sprintf("%d entries, at least %d are demanded", l.Bits.Len(), least))
	}
	return verdict.Check{}, true
}

// sameIssuer compares identifiers. A did:webvh that moved is the same issuer:
// the list's proof was checked against a log with that SCID, and the SCID is
// the identity.
func sameIssuer(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := webvh.SCIDOf(a)
	y, errY := webvh.SCIDOf(b)
	return errX == nil && errY == nil && x == y
}

// read takes the bit and adds its row.
func (r *Result) read(l *List, e Entry, stamp func(verdict.Check) verdict.Check) bool {
	if l.MediaType != "" {
		return r.readToken(l, e, stamp)
	}
	set, err := l.Bits.Get(e.Index)
	if err != nil {
		r.add(stamp(verdict.New(verdict.Status, verdict.StatusRange)))
		return false
	}
	code := verdict.OK
	switch {
	case set && e.Purpose == Revocation:
		code = verdict.Revoked
	case set && e.Purpose == Suspension:
		code = verdict.Suspended
	case set && e.Purpose == Refresh:
		code = verdict.RefreshAvailable
	case set && e.Purpose == Message:
		code = verdict.MessageSet
	case set:
		// A purpose of somebody's own: that it is set is known, what it means
		// is not.
		code = verdict.UnknownStatusType
	case e.Purpose != Revocation && e.Purpose != Suspension:
		return true
	}
	r.add(stamp(verdict.New(verdict.Status, code)))
	return !set || code == verdict.RefreshAvailable || code == verdict.MessageSet
}

// readToken takes the status, which is one code as a whole (draft-ietf-oauth-
// status-list-20 section 7), and adds its row.
func (r *Result) readToken(l *List, e Entry, stamp func(verdict.Check) verdict.Check) bool {
	status, err := l.Statuses.Get(e.Index)
	row := verdict.New(verdict.Status, verdict.OK)
	switch {
	case err != nil:
		row = verdict.New(verdict.Status, verdict.StatusRange)
	case status == StatusValid:
	case status == StatusInvalid:
		row = verdict.New(verdict.Status, verdict.Revoked)
	case status == StatusSuspended:
		row = verdict.New(verdict.Status, verdict.Suspended)
	default:
		row = verdict.New(verdict.Status, verdict.UnknownStatusType).With("status", fmt.Sprintf("0x%02x", status))
	}
	r.add(stamp(row))
	return err == nil && status == StatusValid
}
