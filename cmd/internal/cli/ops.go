package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
)

// maxInput bounds a file that a command reads.
const maxInput = 10 << 20

func (a *app) issueCommand() *cobra.Command {
	var q node.IssueRequest
	var out string
	c := &cobra.Command{Use: "issue FILE|-", Short: "Issue a micro-credential",
		Long: `Sign a micro-credential described in a JSON file: title, holder {name, birthDate,
id}, place {country, locality}, ects, eqfLevel, learningOutcomes, workload,
assessment, formOfParticipation, qualityAssurance, awarded, validUntil. A file
with an @context is signed as it is, with a status entry added; with --format
dc+sd-jwt the file holds the claims of an SD-JWT VC, vct among them.`,
		Example: `  bonafide issue course.json --out ana.json
  bonafide issue course.json --format sd-jwt --hide /credentialSubject/name --out ana.txt`, Args: args(1, 1, "one file")}
	c.Flags().StringVar(&out, "out", "", "write the credential here instead of printing it")
	c.Flags().StringVar(&q.LocalRef, "ref", "", "own reference, kept in the private register")
	c.Flags().StringVar(&q.HolderRef, "holder-ref", "", "what you call the holder, kept in the private register if register_holder is on")
	c.Flags().StringVar(&q.Suite, "suite", "", "eddsa-jcs-2022 (default) or eddsa-rdfc-2022")
	c.Flags().StringVar(&q.Format, "format", "json", "json with an embedded proof, jwt, or sd-jwt or dc+sd-jwt whose holder chooses what to show")
	c.Flags().StringSliceVar(&q.Hide, "hide", nil, "JSON pointers to what the holder of an sd-jwt may hold back, such as /credentialSubject/name")
	c.Flags().BoolVar(&q.NoStatus, "no-status", false, "issue without a status entry")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		b, err := a.readInput(got[0], maxInput)
		if err != nil {
			return err
		}
		tree, err := strictjson.ParseObject(b, strictjson.Limits{})
		if err != nil {
			return usagef("%s: %s", got[0], err)
		}
		_, whole := tree["@context"]
		if _, claims := tree["vct"]; whole || claims && q.Format == node.FormatSDJWTVC {
			q.Tree = b
		} else if err := strictjson.DecodeValue(tree, &q.Credential); err != nil {
			return usagef("%s: %s", got[0], err)
		}
		return answer(a, cmd.Context(), opening{}, node.OpIssue, q, func(r node.IssueResponse) error {
			if r.Warning != "" {
				a.notef("%s", r.Warning)
			}
			text := string(r.Credential)
			if r.Token != "" {
				text = r.Token
			}
			if out == "" {
				a.printf("%s\n", text)
				return nil
			}
			if err := os.WriteFile(out, []byte(text+"\n"), 0o600); err != nil {
				return err
			}
			a.notef("issued %s into %s\n", r.ID, out)
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) recognizeCommand() *cobra.Command {
	var q node.RecognizeRequest
	c := &cobra.Command{Use: "recognize DID", Short: "Recognise another organisation",
		Long: `Show what an organisation says about itself and, with --yes, recognise it: a
RecognizedEntityCredential in this issuer's folder says that it is who it says
and may issue credentials. Check the statement by other means before.`,
		Example: "  bonafide recognize did:webvh:SCID:university.example --yes", Args: args(1, 1, "one DID")}
	c.Flags().BoolVar(&q.Confirm, "yes", false, "recognise what is shown")
	c.Flags().BoolVar(&q.Revoke, "revoke", false, "take the recognition back: void from the start")
	c.Flags().StringArrayVar(&q.Types, "type", nil, "credential type in scope; repeatable; none: no limit")
	c.Flags().StringVar(&q.Until, "until", "", "end of the recognition")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpRecognize, q, func(r node.RecognizeResponse) error {
			if s := r.Statement; s != nil && len(s.LegalNames) > 0 {
				a.pairs("legal name", oneLine(s.LegalNames[0].Value), "identifier", oneLine(s.ID.String()), "legal seat", oneLine(s.Seat.String()))
			}
			switch {
			case r.Recognised:
				a.printf("recognised in %s\n", r.Path)
			case q.Revoke:
				a.printf("taken back\n")
			default:
				a.printf("not recognised yet: repeat with --yes if this is right\n")
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) trustCommand() *cobra.Command {
	show := func(t node.TrustList) error {
		var rows [][]string
		for _, r := range t.Roots {
			rows = append(rows, []string{r.DID, oneLine(r.Name), strings.Join(r.Axes, ","), yesNo(r.Held)})
		}
		a.printf("policy: %s\n", t.Policy)
		return a.table([]string{"ROOT", "NAME", "AXES", "HERE"}, rows)
	}
	var add, rm node.TrustRequest
	ca := &cobra.Command{Use: "add DID", Short: "Trust an accreditor's word", Args: args(1, 1, "one DID"), Example: "  bonafide trust add did:webvh:SCID:agency.example --name \"The agency\""}
	ca.Flags().StringVar(&add.Name, "name", "", "what you call it")
	ca.Flags().StringSliceVar(&add.Axes, "axes", nil, "identity, authorisation; both by default")
	ca.RunE = func(cmd *cobra.Command, got []string) error {
		add.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpTrustAdd, add, show)
	}
	cr := &cobra.Command{Use: "remove DID", Short: "No longer trust", Args: args(1, 1, "one DID"), Example: "  bonafide trust remove did:webvh:SCID:agency.example"}
	cr.RunE = func(cmd *cobra.Command, got []string) error {
		rm.DID = got[0]
		return answer(a, cmd.Context(), opening{}, node.OpTrustRemove, rm, show)
	}
	cl := &cobra.Command{Use: "list", Aliases: []string{"show"}, Short: "List the trust roots", Args: noArgs(), Example: "  bonafide trust list"}
	cl.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpTrustList, node.Empty{}, show)
	}
	return group("trust", "Whose word counts here", "Choose trust roots: accreditors whose word on who an issuer is counts.", "  bonafide trust list", a.jsonFlag(ca), a.jsonFlag(cr), a.jsonFlag(cl), a.trustListsCommand())
}

// simple makes a command that takes at most one DID.
func simple[T any](a *app, use, short, op string, network bool, in func(arg string) any, show func(T) error) *cobra.Command {
	n := strings.Count(use, " ")
	c := &cobra.Command{Use: use, Short: short, Args: args(n, n, "what `--help` shows"), Example: "  bonafide " + strings.ToLower(use)}
	c.RunE = func(cmd *cobra.Command, got []string) error {
		arg := ""
		if len(got) > 0 {
			arg = got[0]
		}
		return answer(a, cmd.Context(), opening{network: network}, op, in(arg), show)
	}
	return a.jsonFlag(c)
}

func (a *app) showFollow(r node.FollowResponse) error {
	a.pairs("identifier", r.DID, "head", strconv.FormatInt(r.Sequence, 10), "files", strconv.Itoa(r.Files))
	return nil
}

func (a *app) followCommand() *cobra.Command {
	return simple(a, "follow DID", "Fetch an issuer's folder and keep it fresh", node.OpFollow, true, func(d string) any { return node.FollowRequest{DID: d} }, a.showFollow)
}

func (a *app) unfollowCommand() *cobra.Command {
	return simple(a, "unfollow DID", "Let a folder go", node.OpUnfollow, false, func(d string) any { return node.FollowRequest{DID: d} }, a.showFollow)
}

func (a *app) followsCommand() *cobra.Command {
	return simple(a, "follows", "List the folders that are held", node.OpFollows, false, func(string) any { return node.Empty{} }, func(r node.FollowList) error {
		var rows [][]string
		for _, s := range r.Subjects {
			rows = append(rows, []string{s.DID, s.Class, strconv.FormatInt(s.Sequence, 10), when(s.Published), yesNo(s.Contested)})
		}
		return a.table([]string{"IDENTIFIER", "CLASS", "HEAD", "PUBLISHED", "CONTESTED"}, rows)
	})
}

func (a *app) peersCommand() *cobra.Command {
	show := func(r node.PeerList) error {
		a.printf("self %s\n", r.Self)
		var rows [][]string
		for _, p := range r.Peers {
			rows = append(rows, []string{p.ID, strings.Join(p.Addrs, " "), p.Direction, yesNo(p.Kept), p.Latency})
		}
		return a.table([]string{"PEER", "ADDRESSES", "DIRECTION", "KEPT", "LATENCY"}, rows)
	}
	return group("peers", "The connected peers", "List the peers of a running node, and connect to more.", "  bonafide peers list",
		simple(a, "list", "List the connected peers", node.OpPeers, false, func(string) any { return node.Empty{} }, show),
		simple(a, "connect MULTIADDR", "Connect to a peer and keep it", node.OpConnect, false, func(m string) any { return node.ConnectRequest{Addr: m} }, show))
}

func (a *app) folderCommand() *cobra.Command {
	var q node.ExportRequest
	c := &cobra.Command{Use: "export DIR", Short: "Write the folder for a plain web server", Args: args(1, 1, "one folder"), Example: "  bonafide folder export /var/www/html"}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		dir, err := filepath.Abs(got[0])
		if err != nil {
			return err
		}
		q.Dir = dir
		return answer(a, cmd.Context(), opening{}, node.OpFolderExport, q, func(r node.ExportResponse) error {
			a.printf("%d files, %d bytes in %s; they belong at %s\n", len(r.Files), r.Bytes, r.Dir, r.URL)
			return nil
		})
	}
	return group("folder", "The published folder", "Work with the folder that an issuer publishes.", "  bonafide folder export site", a.jsonFlag(c))
}

func (a *app) keysCommand() *cobra.Command {
	return group("keys", "The keys", "List keys; secrets are never shown.", "  bonafide keys list",
		simple(a, "list", "List the keys, without secrets", node.OpKeysList, false, func(string) any { return node.KeysRequest{} }, func(r node.KeyList) error {
			var rows [][]string
			for _, k := range r.Keys {
				rows = append(rows, []string{k.Role, k.Key, k.File, k.Created.Format(time.DateOnly), when(k.Retired), yesNo(k.Secret)})
			}
			return a.table([]string{"ROLE", "KEY", "FILE", "MADE", "RETIRED", "SECRET HERE"}, rows)
		}))
}

func (a *app) publishCommand() *cobra.Command {
	return simple(a, "publish", "Publish what is pending now", node.OpPublish, true, func(string) any { return node.PublishRequest{} }, func(r node.PublishResponse) error {
		a.printf("head %d, %s\n", r.Sequence, r.Head)
		return nil
	})
}

func (a *app) fsckCommand() *cobra.Command {
	c := simple(a, "fsck", "Check everything that is stored, from its bytes", node.OpFsck, false, func(string) any { return node.Empty{} }, func(r node.FsckReport) error {
		for _, f := range r.Findings {
			a.printf("%s\n", oneLine(f))
		}
		if !r.Clean {
			return exit(exitRefused)
		}
		a.printf("clean: %d things checked\n", r.Checked)
		return nil
	})
	return c
}

func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print the version", Args: noArgs(), Example: "  bonafide version"}
	c.RunE = func(*cobra.Command, []string) error {
		if a.json {
			return a.printJSON(map[string]string{"version": node.Version})
		}
		a.printf("bonafide %s\n", node.Version)
		return nil
	}
	return a.jsonFlag(c)
}

func (a *app) forkCommand() *cobra.Command {
	c := &cobra.Command{Use: "verify FILE|-", Short: "Check evidence of a fork, from its bytes alone", Args: args(1, 1, "one file"), Example: "  bonafide fork verify evidence.json"}
	c.RunE = func(_ *cobra.Command, got []string) error {
		b, err := a.readInput(got[0], maxInput)
		if err != nil {
			return err
		}
		f, err := record.ParseFork(b)
		if err != nil {
			return err
		}
		if err := replica.VerifyFork(f, time.Now()); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(map[string]string{"kind": string(f.Kind), "subject": f.Subject, "parent": f.Parent})
		}
		a.printf("proven: %s has two versions after %s (%s)\n", f.Subject, f.Parent, f.Kind)
		return nil
	}
	return group("fork", "Evidence of forks", "Check evidence that an issuer showed two versions of one thing.", "  bonafide fork verify evidence.json", a.jsonFlag(c))
}
