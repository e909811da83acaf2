package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
)

// json writes a value as one line.
func (w lineWriter) json(v any) {
	if b, err := json.Marshal(v); err == nil { // rows of ours always can
		w.line(string(b))
	}
}

func (a *app) issuedCommand() *cobra.Command {
	return group("issued", "The private register of what was issued",
		"Find what was issued, by id, own reference, holder reference or LIST#INDEX; and erase it. The register is private: nothing of it is published.",
		"  bonafide issued find ana-2026-17", a.issuedFind(), a.issuedShow(), a.issuedExport(), a.issuedErase(), a.issuedPrune())
}

func (a *app) showIssued(r node.IssuedRows) error {
	var rows [][]string
	for _, i := range r.Rows {
		rows = append(rows, []string{i.ID, i.Type, i.Issued, i.ValidUntil, i.LocalRef, i.HolderRef, i.Place, i.Status})
	}
	return a.table([]string{"ID", "TYPE", "ISSUED", "VALID UNTIL", "REF", "HOLDER", "PLACE", "STATUS"}, rows)
}

func (a *app) issuedFind() *cobra.Command {
	q := node.IssuedFindRequest{Status: true}
	c := &cobra.Command{Use: "find [ID|REF|LIST#INDEX]", Short: "Find issued credentials", Args: args(0, 1, "at most one name"),
		Long:    "Find rows of the private register by a name of any kind, or by one kind with a flag.\nExit code 1 when there is none.",
		Example: "  bonafide issued find ana-2026-17\n  bonafide issued find --holder student-4711"}
	c.Flags().StringVar(&q.ID, "id", "", "by the credential's id")
	c.Flags().StringVar(&q.LocalRef, "ref", "", "by your own reference")
	c.Flags().StringVar(&q.HolderRef, "holder", "", "by what you call the holder")
	c.Flags().StringVar(&q.Place, "place", "", "by LIST#INDEX")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			q.Any = got[0]
		}
		var found node.IssuedRows
		if err := a.do(cmd.Context(), opening{}, node.OpIssuedFind, q, &found); err != nil {
			return err
		}
		if a.json {
			if err := a.printJSON(found); err != nil {
				return err
			}
		} else if len(found.Rows) > 0 {
			if err := a.showIssued(found); err != nil {
				return err
			}
		}
		if len(found.Rows) == 0 {
			a.notef("nothing in the register is so named")
			return exit(exitRefused)
		}
		return nil
	}
	return a.jsonFlag(c)
}

func (a *app) issuedShow() *cobra.Command {
	q := node.IssuedFindRequest{Status: true}
	c := &cobra.Command{Use: "show ID|REF|LIST#INDEX", Short: "Show one issued credential and what was done to it", Args: args(1, 1, "one name"),
		Example: "  bonafide issued show 1#4711"}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.Any = got[0]
		return a.each(cmd.Context(), func(c caller) error {
			var found node.IssuedRows
			if err := c.Op(cmd.Context(), node.OpIssuedFind, q, &found); err != nil {
				return err
			}
			if len(found.Rows) != 1 {
				return fmt.Errorf("%w: %d rows are named %.200q", node.ErrTarget, len(found.Rows), got[0])
			}
			row := found.Rows[0]
			trail := node.LogResponse{Rows: []node.LogRow{}}
			if row.Place != "" {
				if err := c.Op(cmd.Context(), node.OpStatusLog, node.LogRequest{Issuer: q.Issuer, Target: row.Place}, &trail); err != nil {
					return err
				}
			}
			if a.json {
				return a.printJSON(map[string]any{"credential": row, "log": trail.Rows})
			}
			a.pairs("id", row.ID, "type", row.Type, "issued", row.Issued, "valid until", row.ValidUntil, "ref", row.LocalRef,
				"holder", row.HolderRef, "place", row.Place, "status", row.Status)
			for _, r := range trail.Rows {
				a.printf("%s  %s  %s  %s\n", r.At, oneLine(r.By), oneLine(r.Action), oneLine(r.Why))
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) issuedExport() *cobra.Command {
	var q node.IssuedListRequest
	var out string
	c := &cobra.Command{Use: "export", Short: "Write the whole register, as CSV or NDJSON", Args: noArgs(),
		Example: "  bonafide issued export --out register.csv\n  bonafide issued export --json"}
	c.Flags().StringVar(&out, "out", "", "write into this file, which only you can read")
	c.Flags().BoolVar(&q.Status, "status", false, "with the status of each, as the book has it")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.into(out, func(w io.Writer) error {
			return a.each(cmd.Context(), func(c caller) error { return a.exportIssued(cmd.Context(), c, q, w) })
		})
	}
	return a.jsonFlag(c)
}

// into hands out a file, or standard output for "".
func (a *app) into(name string, work func(w io.Writer) error) (err error) {
	if name == "" {
		return work(a.stdout)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	return work(f)
}

func (a *app) exportIssued(ctx context.Context, c caller, q node.IssuedListRequest, w io.Writer) error {
	table, lines, shown := csv.NewWriter(w), json.NewEncoder(w), a.newProgress()
	defer shown.done()
	if !a.json {
		if err := table.Write([]string{"id", "type", "issued", "validUntil", "localRef", "holderRef", "place", "status"}); err != nil {
			return err
		}
	}
	for count := 0; ; {
		var page node.IssuedRows
		if err := c.Op(ctx, node.OpIssuedList, q, &page); err != nil {
			return err
		}
		for _, r := range page.Rows {
			var err error
			if a.json {
				err = lines.Encode(r)
			} else {
				err = table.Write([]string{r.ID, r.Type, r.Issued, r.ValidUntil, r.LocalRef, r.HolderRef, r.Place, r.Status})
			}
			if err != nil {
				return err
			}
		}
		count += len(page.Rows)
		shown.line("%d rows", count)
		if page.Next == "" {
			table.Flush()
			return table.Error()
		}
		q.After = page.Next
	}
}

func (a *app) issuedErase() *cobra.Command {
	var q node.IssuedEraseRequest
	c := &cobra.Command{Use: "erase", Short: "Erase rows of the register", Args: noArgs(),
		Long: `Erase the rows of one credential, or of all of one holder. Their indices stay given
out and what is revoked stays revoked: nothing that is published changes. Who has
the credential can still be answered by its file or by LIST#INDEX.`,
		Example: "  bonafide issued erase --holder student-4711\n  bonafide issued erase --holder student-4711 --yes"}
	c.Flags().StringVar(&q.ID, "id", "", "by the credential's id")
	c.Flags().StringVar(&q.LocalRef, "ref", "", "by your own reference")
	c.Flags().StringVar(&q.HolderRef, "holder", "", "by what you call the holder")
	c.Flags().BoolVar(&q.Confirm, "yes", false, "erase; without it, only count")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpIssuedErase, q, a.showErased)
	}
	return a.jsonFlag(c)
}

func (a *app) showErased(r node.ErasedResponse) error {
	if r.DryRun {
		a.printf("%d rows would be erased\n", r.Rows)
		return nil
	}
	a.printf("%d rows were erased\n", r.Rows)
	return nil
}

func (a *app) issuedPrune() *cobra.Command {
	var q node.IssuedPruneRequest
	c := &cobra.Command{Use: "prune", Short: "Erase rows whose credentials ended long ago", Args: noArgs(),
		Long: `Erase the rows of credentials that ended more than so many days ago, as a running
node does by itself once a day. Rows of credentials without an end stay.`,
		Example: "  bonafide issued prune --dry-run\n  bonafide issued prune --days 30"}
	c.Flags().IntVar(&q.Days, "days", 0, "days after the end; 0: the setting register_retention_days")
	c.Flags().BoolVar(&q.DryRun, "dry-run", false, "only count")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpIssuedPrune, q, a.showErased)
	}
	return a.jsonFlag(c)
}

func (a *app) importListCommand() *cobra.Command {
	var q node.ImportListRequest
	var file, statuses, issued string
	c := &cobra.Command{Use: "import URL", Short: "Go on with a status list that was begun elsewhere", Args: args(1, 1, "the URL that is printed in the credentials"),
		Long: `Take over a StatusList2021, a BitstringStatusList or a Token Status List that was
begun elsewhere: it goes on under the same URL and in the same format, with the same
bits, signed by this node. It is fetched from the URL, read from a file, or made of
lines "index,state". The list alone does not tell which indices were issued: say so
with --issued, or every index counts as given out. New credentials get lists of this
node. Of a Token Status List the statuses valid, revoked and suspended go on, as JWT
and as CWT; a list with others is refused.`,
		Example: `  bonafide status import https://old.example/status/3 --issued issued.csv --dry-run
  bonafide status import https://old.example/status/3 --list list.json --unverified
  bonafide status import https://old.example/status/3 --statuses statuses.csv --format statuslist2021`}
	f := c.Flags()
	f.StringVar(&file, "list", "", "file with the signed list, instead of fetching it")
	f.StringVar(&statuses, "statuses", "", "CSV file of index,state with the state valid, revoked or suspended")
	f.StringVar(&issued, "issued", "", "file with the indices that were issued, one a line")
	f.StringVar(&q.Format, "format", "", "with --statuses: bitstring (the default), statuslist2021 or token")
	f.StringVar(&q.Purpose, "purpose", "", "revocation or suspension; read from a signed list")
	f.Int64Var(&q.Size, "size", 0, "with --statuses: entries of the list; by default the least that holds them")
	f.BoolVar(&q.Pad, "pad", false, "make a list of less than 131,072 entries long enough, with zeros")
	f.BoolVar(&q.Unverified, "unverified", false, "take a list whose proof cannot be verified, on your word")
	f.BoolVar(&q.DryRun, "dry-run", false, "say what would be imported, and change nothing")
	f.StringVar(&q.Why, "why", "", "reason, kept in the private book only")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.URL = got[0]
		for _, in := range []struct {
			name string
			to   func([]byte)
		}{{file, func(b []byte) { q.List = b }}, {statuses, func(b []byte) { q.Statuses = string(b) }}, {issued, func(b []byte) { q.Issued = string(b) }}} {
			if in.name == "" {
				continue
			}
			b, err := a.readInput(in.name, maxInput)
			if err != nil {
				return err
			}
			if len(b) == 0 {
				return fmt.Errorf("%w: %s is empty", ErrInput, in.name)
			}
			in.to(b)
		}
		return answer(a, cmd.Context(), opening{}, node.OpStatusImport, q, func(r node.ImportListResponse) error {
			number := "none yet (dry run)"
			if !r.DryRun {
				number = strconv.FormatInt(r.Number, 10)
			}
			a.pairs("list", number, "URL", r.URL, "format", r.Format, "purpose", r.Purpose, "entries", strconv.FormatInt(r.Size, 10),
				"set", strconv.FormatInt(r.Set, 10), "given out", strconv.FormatInt(r.Allocated, 10), "state", r.State)
			for _, n := range r.Notes {
				a.notef("%s", oneLine(n))
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) exportListCommand() *cobra.Command {
	var q node.ExportListRequest
	var out string
	c := &cobra.Command{Use: "export LIST", Short: "Write the state of every index that was given out, as CSV", Args: args(1, 1, "the number of a list"),
		Long: "Write a line \"index,state\" for every index of a list that was given out: what\n`status import --statuses` reads, so that an issuer can leave with its lists.", Example: "  bonafide status export 1 --out list-1.csv"}
	c.Flags().StringVar(&out, "out", "", "write into this file, which only you can read")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		var err error
		if q.List, err = strconv.ParseInt(got[0], 10, 64); err != nil {
			return usagef("%s is no number of a list", got[0])
		}
		return a.into(out, func(w io.Writer) error {
			return a.each(cmd.Context(), func(c caller) error {
				if _, err := io.WriteString(w, "index,state\n"); err != nil {
					return err
				}
				for {
					var page node.ExportListResponse
					if err := c.Op(cmd.Context(), node.OpStatusExport, q, &page); err != nil {
						return err
					}
					if _, err := io.WriteString(w, page.Lines); err != nil {
						return err
					}
					if page.Next == 0 {
						return nil
					}
					q.From = page.Next
				}
			})
		})
	}
	return c
}

func (a *app) tokenCommand() *cobra.Command {
	return group("token", "Tokens of the admin listener", "Make, list and end the tokens with which others call the admin listener. The home's own token file is the operator's and stays.",
		"  bonafide token create registry --role registrar --days 365", a.tokenCreate(), a.tokenList(), a.tokenRevoke())
}

func (a *app) tokenCreate() *cobra.Command {
	var q node.TokenCreateRequest
	c := &cobra.Command{Use: "create NAME", Short: "Make a token", Args: args(1, 1, "a name, which stands in the audit trail"),
		Long: `Make a token of the admin listener and print it, this once. A reader may look at
what the node holds and verify; a registrar may besides issue, revoke, publish and
see the private book; an operator may do everything. A token may be held to one
issuer. Use it as Authorization: Bearer TOKEN, or with this program:

  BONAFIDE_NODE=http://127.0.0.1:8481 BONAFIDE_TOKEN=... bonafide status revoke ID`,
		Example: "  bonafide token create student-office --role registrar --days 365"}
	c.Flags().StringVar(&q.Role, "role", "registrar", "reader, registrar or operator")
	c.Flags().IntVar(&q.Days, "days", 90, "days until it ends, at most 3650")
	c.Flags().StringVar(&q.Issuer, "issuer", "", "DID of the one issuer that it is for; none: all of this node")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.Name = got[0]
		return answer(a, cmd.Context(), opening{}, node.OpTokenCreate, q, func(r node.TokenCreated) error {
			a.printf("%s\n", r.Secret)
			a.notef("token %s (%s), good until %s; it is shown this once", r.Token.ID, r.Token.Role, when(&r.Token.Expires))
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) showTokens(r node.TokenList) error {
	var rows [][]string
	for _, t := range r.Tokens {
		rows = append(rows, []string{t.ID, t.Name, string(t.Role), t.Issuer, when(&t.Created), when(&t.Expires), t.State})
	}
	return a.table([]string{"ID", "NAME", "ROLE", "ISSUER", "MADE", "ENDS", "STATE"}, rows)
}

func (a *app) tokenList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the tokens, without secrets", Args: noArgs(), Example: "  bonafide token list"}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpTokenList, node.Empty{}, a.showTokens)
	}
	return a.jsonFlag(c)
}

func (a *app) tokenRevoke() *cobra.Command {
	c := &cobra.Command{Use: "revoke ID", Short: "End a token at once", Args: args(1, 1, "the id of a token"), Example: "  bonafide token revoke 1f2e3d4c"}
	c.RunE = func(cmd *cobra.Command, got []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpTokenRevoke, node.TokenRevokeRequest{ID: got[0]}, a.showTokens)
	}
	return a.jsonFlag(c)
}
