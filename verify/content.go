package verify

import (
	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

// content reports holder, place, dates and awarding body. Only what was
// signed is read.
func (r *run) content(c *credential.Credential) {
	r.out.Subject.Credential, r.out.Subject.Types = c.ID, nonNil(c.Types)
	r.out.Dates.ValidFrom, r.out.Dates.ValidUntil, r.out.Dates.Signed = c.ValidFrom, c.ValidUntil, r.checked.Signer.Created
	doc := r.checked.Document
	if doc == nil {
		return
	}
	s := credential.Summarise(doc)
	r.out.Subject.ID, r.out.Subject.Name, r.out.Subject.Achievement = s.SubjectID, s.SubjectName, s.Achievement
	r.out.Subject.Credits, r.out.Subject.Level, r.out.Subject.Awarding = s.Credits, s.Level, s.Awarding
	r.out.Dates.Awarded = s.Awarded
	r.holderRows(s)
	place := verdict.PlaceAbsent
	if s.Country != "" {
		place = verdict.PlacePresent
		r.out.Place = verdict.PlaceView{Country: s.Country, Region: s.Region, Locality: s.Locality, State: verdict.Claimed, By: []string{c.Issuer}}
	}
	r.add(verdict.New(verdict.Place, place).From("credential"))
	switch {
	case s.Awarding == "" && s.AwardingID == "", s.AwardingID == c.Issuer:
		r.add(verdict.New(verdict.Awarding, verdict.SameEntity).From("credential"))
	default:
		r.add(verdict.New(verdict.Awarding, verdict.DiffersUnproven).With("body", s.Awarding).From("credential"))
	}
}

// holderRows says whom the credential is about and whether whoever presents it
// has shown to be that.
func (r *run) holderRows(s credential.Summary) {
	if s.SubjectID == "" && s.SubjectName == "" && !r.checked.Bound {
		r.add(verdict.New(verdict.Holder, verdict.HolderAbsent).From("credential"))
		return
	}
	r.add(verdict.New(verdict.Holder, verdict.HolderPresent).From("credential"))
	if r.checked.Bound || r.holder != "" && r.holder == s.SubjectID {
		r.add(verdict.New(verdict.Holder, verdict.HolderBound).From("presentation"))
		return
	}
	r.add(verdict.New(verdict.Holder, verdict.NotBound))
}
