package register

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/verdict"
)

// MaxAge is how long an observation speaks: a register may have changed or taken
// back what it said, and a copy does not show that.
const MaxAge = 366 * 24 * time.Hour

// Accepted is a register whose word the operator takes, and on what.
type Accepted struct {
	Book *Book
	// Identity: its entries say who somebody is. Quality: its decisions count.
	Identity, Quality bool
	// Low: anybody may have written into it, so that it names and proves nothing
	// (level L2).
	Low bool
}

// Source answers legal.Assess from accepted registers. It is safe for concurrent
// use and keeps nothing.
type Source struct {
	Registers []Accepted
	// MaxAge of an observation; zero means the constant.
	MaxAge time.Duration
}

var _ legal.Source = Source{}

// Kind implements legal.Source.
func (Source) Kind() legal.Kind { return legal.KindRegister }

// Concerns implements legal.Source.
func (s Source) Concerns(legal.Inquiry) bool { return len(s.Registers) > 0 }

// The rules by which an entry is taken to be about a DID. Joins by an identifier
// are called after it: "vat=proven".
const (
	JoinDID    = "did"
	JoinDomain = "schac=domain"
)

func joinID(id legal.Identifier) string { return strings.ToLower(id.Canonical().Scheme) + "=proven" }

// About implements legal.Source.
func (s Source) About(ctx context.Context, q legal.Inquiry) ([]legal.Evidence, []verdict.Check, error) {
	var found []legal.Evidence
	var rows []verdict.Check
	for _, r := range s.Registers {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		e, rule, others := join(r.Book, q)
		switch {
		case e == nil:
			continue
		case len(others) > 0:
			rows = append(rows, verdict.New(verdict.Issuer, verdict.RegisterAmbiguous).With("register", r.Book.Name).
				With("records", strings.Join(append([]string{e.Record}, others...), ", ")).From("file"))
			continue
		}
		more, told := s.tell(r, *e, rule, q)
		found, rows = append(found, more...), append(rows, told...)
	}
	return found, rows, nil
}

// join finds the one entry that is about an issuer. others are further records
// that match too; then none counts.
func join(b *Book, q legal.Inquiry) (e *Entry, rule string, others []string) {
	take := func(list []Entry, how string) {
		for _, m := range list {
			switch {
			case e == nil:
				e, rule = &m, how
			case e.Record != m.Record && !slices.Contains(others, m.Record) && len(others) < 8:
				others = append(others, m.Record)
			}
		}
	}
	take(b.ByDID(q.Issuer, q.Same), JoinDID)
	for _, id := range q.Proven {
		var standing []Entry
		for _, m := range b.ByIdentifier(id) {
			if m.holds(id, q.At) {
				standing = append(standing, m)
			}
		}
		take(standing, joinID(id))
	}
	if host, ok := provenHost(q); ok {
		take(b.ByDomain(host), JoinDomain)
	}
	return e, rule, others
}

// holds tells whether an identifier is the entry's at a time.
func (e Entry) holds(id legal.Identifier, at time.Time) bool {
	for _, i := range e.Identifiers {
		if i.Legal().Equal(id) && (i.From == nil || !at.Before(*i.From.Start())) && (i.Until == nil || !at.After(*i.Until.End())) {
			return true
		}
	}
	return false
}

// provenHost is the domain that stands for the whole issuer: proven by an origin
// sighting, without a port, and named by an identifier that has no path below it,
// because who may write below a path does not speak for the host.
func provenHost(q legal.Inquiry) (string, bool) {
	if !q.DomainProven || q.Domain == "" {
		return "", false
	}
	names := []string{q.Issuer}
	if q.Document != nil {
		names = append(names, q.Document.ID())
	}
	for _, name := range names {
		if host, ok := rootHost(name); !ok || host != q.Domain {
			return "", false
		}
	}
	return q.Domain, true
}

func rootHost(id string) (string, bool) {
	if v, err := webvh.ParseID(id); err == nil {
		return v.Host, v.Port == 0 && len(v.Path) == 0
	}
	if rest, ok := strings.CutPrefix(id, "did:web:"); ok {
		p, err := did.ParsePlace(rest)
		if err != nil {
			return "", false
		}
		return p.Host, p.Port == 0 && len(p.Path) == 0
	}
	return "", false
}

// tell makes the evidence of one entry.
func (s Source) tell(r Accepted, e Entry, rule string, q legal.Inquiry) ([]legal.Evidence, []verdict.Check) {
	age := s.MaxAge
	if age <= 0 {
		age = MaxAge
	}
	until := e.Observed.RetrievedAt.Add(age)
	if closed := e.Closed.End(); closed != nil && closed.Before(until) {
		until = *closed
	}
	base := legal.Evidence{Kind: legal.KindRegister, By: "register " + r.Book.Name, Source: "file", ID: e.Record, Digest: digest(e.Observed),
		Join: rule, At: e.Observed.RetrievedAt, From: e.Founded.Start(), Until: &until}
	main := base
	var rows []verdict.Check
	var out []legal.Evidence
	if r.Identity {
		main.Level = legal.L3
		if r.Low {
			main.Level = legal.L2
		}
	}
	if r.Identity && !r.Low {
		main.Organisation.Seat = legal.Seat{Country: e.Seat.Country, Region: e.Seat.Region, Locality: e.Seat.Locality}
		main.Organisation.Homepage = e.Homepage
		main.Organisation.ID, main.Identifiers = e.legalIDs(q.At)
		for _, n := range e.Names {
			if n.Kind != NameLegal {
				continue
			}
			if n.Until == nil && n.From == nil {
				main.Organisation.LegalNames = append(main.Organisation.LegalNames, legal.Name{Value: n.Value, Lang: n.Lang})
				continue
			}
			if len(out) < 16 { // a name of another time is evidence of that time
				named := base
				named.Level, named.Organisation.LegalNames = legal.L3, []legal.Name{{Value: n.Value, Lang: n.Lang}}
				if from := n.From.Start(); from != nil && (named.From == nil || from.After(*named.From)) {
					named.From = from
				}
				if end := n.Until.End(); end != nil && end.Before(*named.Until) {
					named.Until = end
				}
				out = append(out, named)
			}
		}
		if row, differs := e.elsewhere(r.Book.Name, q.Proven); differs {
			rows = append(rows, row)
		}
	}
	if r.Quality {
		var told []verdict.Check
		main.Quality, told = r.Book.quality(e, q, age)
		rows = append(rows, told...)
	}
	return append([]legal.Evidence{main}, out...), rows
}

// legalIDs are the identifiers that stand at a time: that of law first, where
// there is one.
func (e Entry) legalIDs(at time.Time) (first legal.Identifier, more []legal.Identifier) {
	for _, scheme := range []string{"VAT", "EUID", "NTR", "LEI", ""} {
		for _, i := range e.Identifiers {
			if (scheme == "" || i.Scheme == scheme) && first.IsZero() && e.holds(i.Legal(), at) {
				first = i.Legal().Canonical()
			}
		}
	}
	for _, i := range e.Identifiers {
		if c := i.Legal().Canonical(); !c.Equal(first) && e.holds(c, at) {
			more = append(more, c)
		}
	}
	return first, more
}

// elsewhere tells when the register places the issuer in another country than a
// proven number does. That may be lawful: for DEQAR the seat is the system that
// recognises an institution.
func (e Entry) elsewhere(register string, proven []legal.Identifier) (verdict.Check, bool) {
	if e.Seat.Country == "" {
		return verdict.Check{}, false
	}
	for _, id := range proven {
		if c := id.Canonical(); c.Country != "" && c.Country != e.Seat.Country {
			return verdict.New(verdict.Issuer, verdict.RegisterSeatDiffers).With("register", register).With("seat", e.Seat.Country).
				With("identifier", c.String()).From("file"), true
		}
	}
	return verdict.Check{}, false
}

// digest writes the digest of the file behind something.
func digest(o Observed) string {
	b, err := hex.DecodeString(o.SourceSHA256)
	if err != nil || len(b) == 0 {
		return ""
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(b)
}

// String words an observation as what it is.
func (o Observed) String() string {
	return fmt.Sprintf("observed at %s", o.RetrievedAt.UTC().Format(time.RFC3339))
}
