package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
)

// register gives the employer a file of a quality register, which knows the university
// by its identifier and holds one decision about it.
func (d *demo) register(ctx context.Context, employer *demoNode, uniDID string) error {
	body := `{"entries":[{"record":"https://register.example/institution/1","dids":["` + uniDID + `"],
"names":[{"value":"Universidad de Ejemplo","lang":"es"}],"seat":{"country":"ES"},"identifiers":[{"scheme":"VAT","country":"ES","value":"A00000000"}],
"decisions":[{"report":"https://register.example/report/1","agency":"Quality Agency of Example","agencyId":"1","activity":"institutional",
"decision":"positive","outcome":"positive","from":"2022-03-01","until":"2099-02-28"}]}],
"agencies":[{"id":"1","name":"Quality Agency of Example","from":"2015-01-01"}]}`
	t := time.Now()
	if err := employer.client.Op(ctx, node.OpRegisterImport, node.RegisterImportRequest{Name: "example", Format: "json", Accept: true,
		Files: []node.RegisterFile{{Name: "register.json", Body: []byte(body), Retrieved: time.Now().UTC().Format(time.RFC3339)}}}, nil); err != nil {
		return err
	}
	d.event("register", "employer", time.Since(t), "imports a register of quality assurance", nil)
	return nil
}

// axes tells the three things that are known of an issuer, which are never merged.
func (d *demo) axes(v *verdict.Verdict) {
	for _, a := range report.Axes(v) {
		text := a.Title + ": " + a.Says
		if len(a.Facts) > 0 {
			text += " " + a.Facts[0]
		}
		d.event("axis-"+a.Name, "employer", 0, report.Quote(text), nil)
	}
}

// withdraw shows what changes when the accreditor takes its recognition back: as of a
// date, what the university says it issued before is for the policy to judge; from the
// start, nothing of it is covered any more.
func (d *demo) withdraw(ctx context.Context, agency, employer *demoNode, uniDID string, credential []byte) error {
	under := func(policy string) (*verdict.Verdict, error) {
		var v verdict.Verdict
		err := employer.client.Op(ctx, node.OpVerify, node.VerifyRequest{Credential: credential, Policy: policy}, &v)
		return &v, err
	}
	is := func(v *verdict.Verdict, code verdict.Code) bool {
		row, _ := v.Worst(verdict.Authorisation)
		return row.Code == code
	}
	// A second ahead, because times have whole seconds and the credential is that young.
	end := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
	if err := agency.client.Op(ctx, node.OpRecognize, node.RecognizeRequest{DID: uniDID, Revoke: true, AsOf: end, Confirm: true}, nil); err != nil {
		return err
	}
	t := time.Now()
	var strict, lenient *verdict.Verdict
	err := until(ctx, "the employer sees the end of the recognition", func() (bool, error) {
		var err error
		strict, err = under("recognised")
		return err == nil && is(strict, verdict.RecognisedWhenIssued), err
	})
	if err != nil {
		return err
	}
	took := time.Since(t)
	if lenient, err = under("employer"); err != nil {
		return err
	}
	if strict.Outcome != verdict.Indeterminate || lenient.Outcome != verdict.Verified {
		return fmt.Errorf("%w: after the end: %s; under employer: %s", ErrDemo, report.Headline(strict), report.Headline(lenient))
	}
	d.event("ended", "accreditor", took, "ends the recognition as of now: the credential says that it is from before", lenient)
	d.event("ended", "employer", 0, "under recognised: "+report.Headline(strict), strict)
	d.event("ended", "employer", 0, "under the policy employer, which takes that date: "+report.Headline(lenient), lenient)
	if err := agency.client.Op(ctx, node.OpRecognize, node.RecognizeRequest{DID: uniDID, Revoke: true, Confirm: true}, nil); err != nil {
		return err
	}
	t = time.Now()
	err = until(ctx, "the employer sees that the recognition is void", func() (bool, error) {
		var err error
		lenient, err = under("employer")
		return err == nil && is(lenient, verdict.RecognitionRevoked), err
	})
	if err != nil {
		return err
	}
	if lenient.Outcome != verdict.Indeterminate {
		return fmt.Errorf("%w: after it was void: %s", ErrDemo, report.Headline(lenient))
	}
	d.event("void", "accreditor", time.Since(t), "says that it was void from the start: "+report.Headline(lenient), lenient)
	d.axes(lenient)
	return nil
}
