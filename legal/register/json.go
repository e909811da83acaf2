package register

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

// document is the shape of the format json.
type document struct {
	Entries  []Entry  `json:"entries"`
	Agencies []Agency `json:"agencies,omitempty"`
}

// unreadable tells why JSON could not be read.
func unreadable(err error) error {
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case errors.Is(err, strictjson.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", ErrForm, err)
}

// json reads {"entries": [...], "agencies": [...]}; members that are not known are
// refused. What the file says of when it was observed does not count.
func (r *reader) json(body []byte) error {
	var d document
	if err := strictjson.Decode(body, limits(), &d); err != nil {
		return unreadable(err)
	}
	if len(d.Entries) > MaxEntries {
		return fmt.Errorf("%w: %d entries", ErrTooLarge, len(d.Entries))
	}
	for _, in := range d.Entries {
		e, err := r.fresh(in.Record)
		if err != nil {
			return err
		}
		in.Partial, in.Observed = false, r.seen
		for i := range in.Names {
			if in.Names[i].Kind == "" {
				in.Names[i].Kind = NameLegal
			}
		}
		for i := range in.Identifiers {
			c := in.Identifiers[i].Legal().Canonical()
			in.Identifiers[i].Scheme, in.Identifiers[i].Country, in.Identifiers[i].Value = c.Scheme, c.Country, c.Value
		}
		for i := range in.Decisions {
			d := &in.Decisions[i]
			d.Observed, d.UntilAssumed = r.seen, d.UntilAssumed && d.Until != nil
			if slices.ContainsFunc(in.Decisions[:i], func(before Decision) bool { return before.Report == d.Report }) {
				return fmt.Errorf("%w: report %s", ErrDuplicate, quote(d.Report))
			}
			d.assume()
		}
		*e = in
	}
	for _, a := range d.Agencies {
		if slices.ContainsFunc(r.out.Agencies, func(before Agency) bool { return before.ID == a.ID }) {
			return fmt.Errorf("%w: agency %s", ErrDuplicate, quote(a.ID))
		}
		a.Observed = r.seen
		r.out.Agencies = append(r.out.Agencies, a)
	}
	return nil
}

// dcc reads the flat registry of the Digital Credentials Consortium: DID to name,
// address and place. A DID that stands twice is refused by name, because with it
// the file does not say whose it is.
func (r *reader) dcc(body []byte) error {
	tree, err := strictjson.ParseObject(body, limits())
	if err != nil {
		return unreadable(err)
	}
	all, ok := tree["registry"].(map[string]any)
	if !ok {
		return fmt.Errorf("%w: there is no object registry", ErrForm)
	}
	for id, v := range all {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%w: %s", ErrForm, quote(id))
		}
		e, err := r.fresh(id)
		if err != nil {
			return err
		}
		e.DIDs, e.Homepage = []string{id}, text(m["url"])
		e.Seat.Locality = text(m["location"]) // free text: no country is read out of it
		r.name(e, Name{Value: text(m["name"]), Kind: NameAlt})
	}
	slices.SortFunc(r.out.Entries, func(a, b Entry) int { return cmp.Compare(a.Record, b.Record) })
	return nil
}
