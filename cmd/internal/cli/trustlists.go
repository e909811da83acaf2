package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/legal/trustlist"
	"github.com/bonafide-id/bonafide/node"
)

// trustListsCommand keeps EU trusted lists, which say who may issue qualified
// certificates for seals.
func (a *app) trustListsCommand() *cobra.Command {
	show := func(t node.TrustedLists) error {
		var rows [][]string
		for _, l := range t.Lists {
			next := when(&l.NextUpdate)
			if l.Stale {
				next += " (past)"
			}
			rows = append(rows, []string{l.Territory, strconv.FormatInt(l.Sequence, 10), l.Operator, when(&l.Issued), next, strconv.Itoa(l.Seals)})
		}
		for _, p := range t.Problems {
			a.notef("counts for nothing: %s", oneLine(p))
		}
		if len(rows) == 0 {
			a.notef("No trusted list is held: no seal is more than a seal.")
			return nil
		}
		return a.table([]string{"TERRITORY", "NUMBER", "OPERATOR", "ISSUED", "NEXT UPDATE", "GRANTED FOR SEALS"}, rows)
	}
	var q node.ListsRequest
	var lotl string
	im := &cobra.Command{Use: "import [NATIONAL-LIST.xml]...", Short: "Take trusted lists from files",
		Long: `Take the EU list of trusted lists and national lists from files that you have
downloaded. The list of lists must be signed by a certificate whose SHA-256 you
give once; the Official Journal of the European Union publishes it. A national
list must be signed by whom the list of lists names. Nothing is fetched. An older
list than the one that is held is refused.`,
		Example: "  bonafide trust lists import --lotl eu-lotl.xml --signer 9C:8A:... SE-TL.xml ES-TL.xml", Args: cobra.MaximumNArgs(64)}
	im.Flags().StringVar(&lotl, "lotl", "", "file of the list of lists; the one held by default")
	im.Flags().StringArrayVar(&q.Signers, "signer", nil, "SHA-256 of a certificate that may sign the list of lists, in hexadecimal or base64url; repeatable")
	im.RunE = func(cmd *cobra.Command, files []string) (err error) {
		if lotl == "" && len(files) == 0 && len(q.Signers) == 0 {
			return usagef("name a list: --lotl FILE, or files of national lists")
		}
		caller, err := a.open(cmd.Context(), opening{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		if lotl != "" {
			if q.LOTL, err = a.readInput(lotl, trustlist.MaxBytes); err != nil {
				return err
			}
		}
		// One list in each request: each is megabytes long.
		var out node.TrustedLists
		shown := a.newProgress()
		for i := 0; i == 0 || i < len(files); i++ {
			if i < len(files) {
				shown.line("%d of %d lists", i, len(files))
				b, err := a.readInput(files[i], trustlist.MaxBytes)
				if err != nil {
					return err
				}
				q.National = []node.ListFile{{Name: files[i], Body: b}}
			}
			if err := caller.Op(cmd.Context(), node.OpListsImport, q, &out); err != nil {
				shown.done()
				return err
			}
			q.LOTL, q.Signers = nil, nil
		}
		shown.done()
		if a.json {
			return a.printJSON(out)
		}
		return show(out)
	}
	ls := &cobra.Command{Use: "show", Aliases: []string{"list"}, Short: "Show the trusted lists that are held", Args: noArgs(), Example: "  bonafide trust lists show"}
	ls.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpListsShow, node.Empty{}, show)
	}
	return group("lists", "EU trusted lists", "Keep EU trusted lists: they say whose certificates for electronic seals are qualified, and since when.",
		"  bonafide trust lists show", a.jsonFlag(im), a.jsonFlag(ls))
}
