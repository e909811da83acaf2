package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
	"github.com/bonafide-id/bonafide/verify"
)

func (a *app) verifyCommand() *cobra.Command {
	var q node.VerifyRequest
	var with []string
	var policy string
	var verbose, elm bool
	c := &cobra.Command{Use: "verify FILE|-|DIR...", Short: "Check credentials and presentations",
		Long: `Check that a credential is unchanged, signed by its issuer, within its dates and
not revoked; with the policy "recognised", also who the issuer is in law and that
it may issue it. A missing answer is never taken for a good one.

Credentials are read as JSON, JWT, SD-JWT, sealed European Digital Credentials and
badges baked into PNG or SVG; a presentation is checked with all that is inside.

--with FILE staples evidence found by its own id (logs, lists, recognitions,
whois, mandates, sealed statements); --with URL=FILE is your word that FILE answers URL. Several files, a
folder, an .ndjson file or such lines on standard input are checked with all
cores, one line each.

Exit codes: 0 verified, 1 invalid, 3 could not be established, 4 unreachable.`,
		Example: `  bonafide verify ana.json
  bonafide verify --policy authentic --offline --with did.jsonl ana.json
  bonafide verify --json folder/`,
		Args: args(1, -1, "at least one file, folder or -")}
	f := c.Flags()
	f.StringVar(&policy, "policy", "", policyHelp())
	f.StringVar(&q.At, "at", "", "verify as of this time")
	f.Int64Var(&q.MinLength, "min-list-length", 0, "fewest entries of a status list (default 131072)")
	f.StringVar(&q.MaxStatus, "max-status-age", "", "oldest status list accepted, such as 36h, 7d or P2Y")
	f.StringVar(&q.MaxAge, "max-age", "", "oldest state of the issuer accepted")
	f.BoolVar(&q.Offline, "offline", false, "forbid any network for this check")
	f.BoolVar(&q.Lenient, "lenient", false, "read slips of form that are met often, and report them")
	f.BoolVar(&q.Schemas, "demand-schemas", false, "demand that every schema the credential names is at hand")
	f.StringVar(&q.Challenge, "challenge", "", "what the holder's proof has to answer (nonce)")
	f.StringArrayVar(&q.Domain, "domain", nil, "for whom the holder's proof was made (audience); repeatable")
	f.StringArrayVar(&with, "with", nil, "FILE or URL=FILE of evidence; repeatable")
	f.BoolVar(&elm, "elm", false, "print the checks in the verification vocabulary of the European Learning Model, as JSON")
	f.BoolVar(&verbose, "verbose", false, "show the checks that passed too")
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
		o := opening{network: !q.Offline, homeless: true}
		files, single, slow, err := inputs(got)
		if err != nil {
			return err
		}
		if single {
			lines, err := a.stdinHasLines(files[0])
			if err != nil {
				return err
			}
			single = !lines
		}
		caller, err := a.open(cmd.Context(), o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		if single {
			return a.verifyOne(cmd.Context(), caller, q, files[0], verbose, elm)
		}
		return a.verifyMany(cmd.Context(), caller, q, files, slow)
	}
	return a.jsonFlag(c)
}

func policyHelp() string {
	return strings.Join(verify.ShippedNames(), ", ") + ", or a policy file; the node's own by default"
}

// policyText is what a request says of a policy: a shipped name, or the text of a file.
func (a *app) policyText(policy string) (string, error) {
	if policy == "" || slices.Contains(verify.ShippedNames(), policy) {
		return policy, nil
	}
	b, err := a.readInput(policy, 64<<10)
	return string(b) + "\n", err
}

// staple reads FILE or URL=FILE.
func (a *app) staple(w string) (node.Staple, error) {
	name, url := w, ""
	if i := strings.LastIndex(w, "="); i > 0 && strings.Contains(w[:i], ":") {
		url, name = w[:i], w[i+1:]
	}
	b, err := a.readInput(name, maxInput)
	return node.Staple{Name: name, URL: url, Body: b}, err
}

// inputs lists the files to check; single is true for one plain file, slow where one
// is no plain file, so that what comes next in it may be long in coming.
func inputs(names []string) (files []string, single, slow bool, err error) {
	for _, n := range names {
		info, err := os.Stat(n)
		slow = slow || n == "-" || err != nil || !info.IsDir() && !info.Mode().IsRegular()
		if err != nil || !info.IsDir() {
			files = append(files, n)
			continue
		}
		err = filepath.WalkDir(n, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && slices.Contains(endings(), strings.ToLower(filepath.Ext(p))) {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			return nil, false, false, err
		}
	}
	single = len(names) == 1 && len(files) == 1 && files[0] == names[0] && !strings.HasSuffix(files[0], ".ndjson")
	return files, single, slow, nil
}

// endings are those of files in a folder that may be credentials.
func endings() []string {
	return []string{".json", ".jsonld", ".ndjson", ".jwt", ".sdjwt", ".sd-jwt", ".png", ".svg"}
}

func (a *app) verifyOne(ctx context.Context, c caller, q node.VerifyRequest, file string, verbose, elm bool) error {
	body, err := a.readInput(file, maxInput)
	if err != nil {
		return err
	}
	q.Credential = body
	if credential.IsPresentation(body) {
		return a.verifyPresentation(ctx, c, q, verbose)
	}
	var v verdict.Verdict
	if err := c.Op(ctx, node.OpVerify, q, &v); err != nil {
		return err
	}
	if elm {
		err = a.printJSON(report.ELMChecks(&v))
	} else if a.json {
		err = a.printJSON(v)
	} else {
		err = report.Render(a.stdout, &v, report.Options{Color: a.painter(a.stdout).green("") != "", Verbose: verbose})
	}
	if err != nil {
		return err
	}
	return exit(outcomeCode(v.Outcome))
}

func (a *app) verifyPresentation(ctx context.Context, c caller, q node.VerifyRequest, verbose bool) error {
	var p verdict.Presentation
	err := c.Op(ctx, node.OpPresentation, q, &p)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(p)
	} else {
		err = report.RenderPresentation(a.stdout, &p, report.Options{Color: a.painter(a.stdout).green("") != "", Verbose: verbose})
	}
	if err != nil {
		return err
	}
	return exit(outcomeCode(p.Outcome))
}

func outcomeCode(o verdict.Outcome) int {
	switch o {
	case verdict.Verified:
		return exitOK
	case verdict.Invalid:
		return exitRefused
	}
	return exitIndeterminate
}
