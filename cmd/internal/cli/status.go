package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
)

func (a *app) statusCommand() *cobra.Command {
	return group("status", "Revoke, suspend, reinstate and show", "Change and show whether credentials still stand. A revocation is final.", "  bonafide status revoke ana.json --now",
		a.changeCommand("revoke", "Revoke a credential for good"), a.changeCommand("suspend", "Suspend a credential"),
		a.changeCommand("reinstate", "Lift a suspension"), a.batchCommand(), a.unpublishedCommand(), a.statusShowCommand(), a.logCommand(),
		a.listsCommand(), a.openListCommand(), a.closeListCommand(), a.importListCommand(), a.exportListCommand())
}

func (a *app) changeCommand(action, short string) *cobra.Command {
	q := node.StatusRequest{Action: action}
	many := batch{q: node.BatchRequest{Action: action}}
	c := &cobra.Command{Use: action + " FILE|ID|REF|LIST#INDEX", Short: short,
		Long: short + ": one, named by its file, its id, your own reference or LIST#INDEX, or with\n--from all that a file names.\n\n" + batchHelp,
		Args: args(0, 1, "a credential file, a credential's id, your own reference or LIST#INDEX"),
		Example: "  bonafide status " + action + " ana.json --why \"...\" --now\n  bonafide status " + action +
			" --from closed.csv --dry-run"}
	c.Flags().StringVar(&q.Why, "why", "", "reason, kept in the private book only")
	c.Flags().BoolVar(&q.Now, "now", false, "publish at once; it shows others when something changed")
	c.Flags().IntVar(&q.HeldBy, "held-by", 0, "publish and wait until so many others hold it")
	c.Flags().StringVar(&many.file, "from", "", "file (or -) that names many")
	many.flags(c)
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if many.file != "" {
			if len(got) > 0 || q.HeldBy > 0 {
				return usagef("%s: --from takes the place of a target, and does not go with --held-by", cmd.CommandPath())
			}
			many.q.Issuer, many.q.Why, many.now = q.Issuer, q.Why, q.Now
			return a.runBatch(cmd.Context(), &many)
		}
		if len(got) == 0 {
			return usagef("%s wants a credential file, a credential's id, your own reference, LIST#INDEX, or --from FILE", cmd.CommandPath())
		}
		if name, given := changed(cmd.Flags(), "dry-run", "failures"); given {
			return usagef("%s: --%s goes with --from", cmd.CommandPath(), name)
		}
		var err error
		if q.Target, q.Credential, err = a.target(got[0]); err != nil {
			return err
		}
		return answer(a, cmd.Context(), opening{network: q.Now}, node.OpStatusSet, q, func(r node.StatusResponse) error {
			a.printf("recorded (%s)\n", map[bool]string{true: "changed", false: "it was so already"}[r.Changed])
			if r.Published {
				a.printf("published as head %d\n%s\n", r.Sequence, r.Reveals)
			} else if r.Next != nil {
				a.printf("will be published at %s\n", when(r.Next))
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) batchCommand() *cobra.Command {
	var b batch
	c := &cobra.Command{Use: "batch FILE|-", Short: "Change many statuses, as a file says", Long: "Change the status of all that a file names, each line with its own action:\nrevoke, suspend or reinstate.\n\n" + batchHelp,
		Args: args(1, 1, "one file"), Example: "  bonafide status batch changes.csv --dry-run\n  bonafide status batch changes.ndjson --why \"decision 12/2026\""}
	c.Flags().StringVar(&b.q.Why, "why", "", "reason of lines that give none, kept in the private book only")
	c.Flags().BoolVar(&b.now, "now", false, "publish at the end; it shows others when something changed")
	b.flags(c)
	issuerFlag(c, &b.q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		b.file = got[0]
		return a.runBatch(cmd.Context(), &b)
	}
	return a.jsonFlag(c)
}

func (a *app) statusShowCommand() *cobra.Command {
	var q node.StatusShowRequest
	show := &cobra.Command{Use: "show [FILE|ID|REF|LIST#INDEX]", Short: "Show a credential's status, or all lists", Args: args(0, 1, "at most one target"), Example: "  bonafide status show"}
	issuerFlag(show, &q.Issuer)
	show.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			var err error
			if q.Target, q.Credential, err = a.target(got[0]); err != nil {
				return err
			}
		}
		return answer(a, cmd.Context(), opening{}, node.OpStatusShow, q, func(r node.StatusShowResponse) error {
			var rows [][]string
			for _, s := range r.Status {
				rows = append(rows, []string{fmt.Sprintf("%d#%d", s.List, s.Index), s.Purpose, yesNo(s.Set), s.Since, oneLine(s.Why)})
			}
			if len(rows) > 0 {
				return a.table([]string{"PLACE", "PURPOSE", "SET", "SINCE", "WHY"}, rows)
			}
			return a.showLists(r.Lists)
		})
	}
	return a.jsonFlag(show)
}

func (a *app) showLists(lists []node.ListRow) error {
	var rows [][]string
	warned := ""
	for _, l := range lists {
		rows = append(rows, []string{strconv.FormatInt(l.Number, 10), l.Purpose, fmt.Sprintf("%d of %d", l.Allocated, l.Size), strconv.FormatInt(l.Set, 10), l.State, yesNo(l.Pending)})
		if l.Note != "" && l.State == "open" {
			warned = fmt.Sprintf("list %d: %s", l.Number, l.Note)
		}
	}
	if err := a.table([]string{"LIST", "PURPOSE", "GIVEN OUT", "SET", "STATE", "PENDING"}, rows); err != nil {
		return err
	}
	if warned != "" {
		a.notef("%s", warned)
	}
	return nil
}

func (a *app) logCommand() *cobra.Command {
	var q node.LogRequest
	c := &cobra.Command{Use: "log", Short: "Show the audit trail: who did what, when and why", Args: noArgs(),
		Long: "Show the lines of the private audit trail, oldest first. Filters go together.",
		Example: `  bonafide status log --target ana-2026-17
  bonafide status log --action revoke --since 2026-09-01 --json`}
	c.Flags().StringVar(&q.Target, "target", "", "only what was done to this: a credential's id, your own reference, LIST#INDEX, or a target as shown")
	c.Flags().StringVar(&q.Action, "action", "", "only this act, such as revoke")
	c.Flags().StringVar(&q.By, "by", "", "only by names with this in them, such as token:registry")
	c.Flags().StringVar(&q.Since, "since", "", "from this day or time on")
	c.Flags().StringVar(&q.Until, "until", "", "up to this time (a day counts from its first moment)")
	c.Flags().Int64Var(&q.After, "after", 0, "only lines after the one of this number")
	c.Flags().IntVar(&q.Limit, "limit", 1000, "at most so many lines; 0: all")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.Limit < 0 {
			return usagef("--limit %d", q.Limit)
		}
		return a.each(cmd.Context(), func(c caller) error { return a.showLog(cmd.Context(), c, q) })
	}
	return a.jsonFlag(c)
}

// each opens the home for several operations.
func (a *app) each(ctx context.Context, work func(c caller) error) error {
	c, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	err = work(c)
	return errors.Join(err, c.Close())
}

// showLog prints page after page, so that a trail of any length needs no memory;
// with --json each line is one JSON value.
func (a *app) showLog(ctx context.Context, c caller, q node.LogRequest) error {
	left := q.Limit
	out := a.lineWriter()
	for {
		q.Limit = 1000
		if left > 0 {
			q.Limit = min(left, 1000)
		}
		var page node.LogResponse
		if err := c.Op(ctx, node.OpStatusLog, q, &page); err != nil {
			return err
		}
		for _, r := range page.Rows {
			if a.json {
				out.json(r)
				continue
			}
			out.line(strings.Join([]string{strconv.FormatInt(r.Seq, 10), r.At, oneLine(r.By), oneLine(r.Action), oneLine(r.Target), oneLine(r.Why)}, "  "))
		}
		if left > 0 {
			if left -= len(page.Rows); left <= 0 {
				break
			}
		}
		if page.Next == 0 {
			break
		}
		q.After = page.Next
	}
	return out.Flush()
}

func (a *app) listsCommand() *cobra.Command {
	var q node.StatusListsRequest
	c := &cobra.Command{Use: "lists", Short: "List the status lists", Args: noArgs(), Example: "  bonafide status lists --json"}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpLists, q, func(r node.ListsResponse) error { return a.showLists(r.Lists) })
	}
	return a.jsonFlag(c)
}

func (a *app) openListCommand() *cobra.Command {
	var q node.ListOpenRequest
	c := &cobra.Command{Use: "open", Short: "Open one more pair of status lists", Args: noArgs(),
		Long: `Open one more pair of lists, for revocation and suspension, beside those that
are open: indices are then drawn from all of them. Lists open by themselves when
they are needed; more at once spread the holders thinner.`,
		Example: "  bonafide status open"}
	c.Flags().StringVar(&q.Why, "why", "", "reason, kept in the private book only")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpListOpen, q, func(r node.ListsResponse) error { return a.showLists(r.Lists) })
	}
	return a.jsonFlag(c)
}

func (a *app) closeListCommand() *cobra.Command {
	var q node.ListCloseRequest
	c := &cobra.Command{Use: "close LIST", Short: "Give out no more indices from a list", Args: args(1, 1, "the number of a list"),
		Long: `Give out no more indices from a list and the one that shares its indices. What
stands in them can be changed as before, and they are published as before. Lists
close by themselves when list_fill percent of them are given out, or after
list_max_days.`,
		Example: "  bonafide status close 1"}
	c.Flags().StringVar(&q.Why, "why", "", "reason, kept in the private book only")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		var err error
		if q.List, err = strconv.ParseInt(got[0], 10, 64); err != nil {
			return usagef("%s is no number of a list", got[0])
		}
		return answer(a, cmd.Context(), opening{}, node.OpListClose, q, func(r node.ListsResponse) error { return a.showLists(r.Lists) })
	}
	return a.jsonFlag(c)
}

// target tells a file from an id.
func (a *app) target(s string) (string, []byte, error) {
	if s == "-" {
		b, err := a.readInput(s, maxInput)
		return "", b, err
	}
	if _, err := os.Stat(s); err == nil {
		b, err := a.readInput(s, maxInput)
		return "", b, err
	}
	return s, nil, nil
}
