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
