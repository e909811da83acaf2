package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
)

// explainCommand says why a verdict about an issuer is what it is.
func (a *app) explainCommand() *cobra.Command {
	var q node.VerifyRequest
	var with []string
	var policy string
	c := &cobra.Command{Use: "explain CREDENTIAL", Short: "Say why the issuer of a credential is trusted, or not", Args: args(1, 1, "one file, or -"),
		Long: `Verify a credential and say why the verdict is what it is: who the issuer is, what
it may issue and whether its quality is assured, each with the evidence, the chain
of recognitions to a trust root and the dates at which they stand; then what is
missing and what to do about it. Exit codes are those of verify.`,
		Example: "  bonafide trust explain ana.json\n  bonafide trust explain ana.json --policy admissions --json"}
	c.Flags().StringVar(&policy, "policy", "", policyHelp())
	c.Flags().StringVar(&q.At, "at", "", "explain as of this time")
	c.Flags().BoolVar(&q.Offline, "offline", false, "forbid any network for this")
	c.Flags().StringArrayVar(&with, "with", nil, "FILE or URL=FILE of evidence; repeatable")
	c.RunE = func(cmd *cobra.Command, got []string) (err error) {
		for _, w := range with {
			s, err := a.staple(w)
			if err != nil {
				return err
			}
			q.With = append(q.With, s)
		}
		if q.Policy, err = a.policyText(policy); err != nil {
			return err
		}
		if q.Credential, err = a.readInput(got[0], maxInput); err != nil {
			return err
		}
		caller, err := a.open(cmd.Context(), opening{network: !q.Offline, homeless: true})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		var v verdict.Verdict
		if err := caller.Op(cmd.Context(), node.OpVerify, q, &v); err != nil {
			return err
		}
		e := report.Explain(&v)
		if a.json {
			err = a.printJSON(e)
		} else {
			err = report.RenderExplanation(a.stdout, e, report.Options{Color: a.painter(a.stdout).green("") != ""})
		}
		if err != nil {
			return err
		}
		return exit(outcomeCode(v.Outcome))
	}
	return a.jsonFlag(c)
}
