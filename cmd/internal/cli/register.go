package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/legal/register"
	"github.com/bonafide-id/bonafide/node"
)

// registerCommand keeps what was downloaded from registers of institutions and of
// their quality assurance.
func (a *app) registerCommand() *cobra.Command {
	return group("register", "Registers of institutions and quality assurance",
		`Take files that you have downloaded from registers, such as DEQAR. What they say
counts once you accept the register, as "observed in register X at T", and is
joined to an issuer only by a stated rule: the register names the DID, or an
identifier or a domain that other evidence has proven. Equal names join nothing.`,
		"  bonafide register import deqar institution-7.json reports-7.json agencies.json --accept\n  bonafide register show deqar --identifier VAT:ES:A00000000",
		a.registerImport(), a.registerList(), a.registerShow(), a.registerAccept(), a.registerRemove())
}

func (a *app) showRegisters(l node.RegisterList) error {
	if len(l.Registers) == 0 {
		a.notef("No register is held. Take one with `bonafide register import`.")
		return nil
	}
	var rows [][]string
	for _, r := range l.Registers {
		rows = append(rows, []string{r.Name, r.Format, yesNo(r.Accepted), strings.Join(r.Axes, ","), strconv.Itoa(r.Entries), strconv.Itoa(r.Decisions), when(r.Oldest), when(r.Newest)})
		if r.Problem != "" {
			a.notef("%s counts for nothing: %s", r.Name, oneLine(r.Problem))
		}
	}
	return a.table([]string{"REGISTER", "FORMAT", "ACCEPTED", "AXES", "ENTRIES", "DECISIONS", "OLDEST", "NEWEST"}, rows)
}

func (a *app) registerImport() *cobra.Command {
	var q node.RegisterImportRequest
	formats := strings.Join(node.RegisterFormats(), "|")
	c := &cobra.Command{Use: "import " + formats + " FILE|DIR...", Short: "Take files of a register",
		Long: `Take files that you have downloaded. Nothing is fetched. A later observation of a
record takes the place of an earlier one. --retrieved says when the files were
fetched; by default that is the time at which each file was last changed. What the
formats look like is in docs/registers.md.`,
		Example: "  bonafide register import deqar downloads/ --accept\n  bonafide register import csv partners.csv --name partners --dry-run",
		Args:    args(2, -1, "a format and at least one file")}
	c.Flags().StringVar(&q.Name, "name", "", "what to call the register; its format by default")
	c.Flags().StringVar(&q.Retrieved, "retrieved", "", "when the files were fetched, such as 2026-11-20T08:30:00Z")
	c.Flags().BoolVar(&q.Accept, "accept", false, "let the register's word count from now on")
	c.Flags().BoolVar(&q.DryRun, "dry-run", false, "say what would be done, and write nothing")
	c.RunE = func(cmd *cobra.Command, got []string) (err error) {
		q.Format = got[0]
		if !slices.Contains(node.RegisterFormats(), q.Format) {
			return usagef("%q is no format; formats are %s", got[0], formats)
		}
		if (q.Format == register.FormatCSV || q.Format == register.FormatJSON) && q.Name == "" {
			return usagef("say with --name what to call the register")
		}
		files, err := registerFiles(got[1:])
		if err != nil {
			return err
		}
		caller, err := a.open(cmd.Context(), opening{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, caller.Close()) }()
		shown, given := a.newProgress(), q.Retrieved
		defer shown.done()
		var all []node.RegisterImported
		for i, name := range files {
			shown.line("%d of %d files", i, len(files))
			if q.Body, err = a.readInput(name, register.MaxBytes); err != nil {
				return err
			}
			q.File, q.Retrieved = name, given
			if q.Retrieved == "" {
				q.Retrieved = fetchedAt(name)
			}
			var out node.RegisterImported
			if err := caller.Op(cmd.Context(), node.OpRegisterImport, q, &out); err != nil {
				return err
			}
			all = append(all, out)
		}
		shown.done()
		if a.json {
			return a.printJSON(map[string]any{"files": all})
		}
		return a.showImported(files, all)
	}
	return a.jsonFlag(c)
}

func (a *app) showImported(files []string, all []node.RegisterImported) error {
	var rows [][]string
	for i, r := range all {
		rows = append(rows, []string{filepath.Base(files[i]), strconv.Itoa(r.Changes.Added), strconv.Itoa(r.Changes.Changed), strconv.Itoa(r.Changes.Same)})
		for n, f := range r.Changes.Findings {
			if n == 10 {
				a.notef("%s: and %d more findings; --json has them", filepath.Base(files[i]), len(r.Changes.Findings)-n)
				break
			}
			a.notef("%s: %s", filepath.Base(files[i]), oneLine(f))
		}
	}
	if err := a.table([]string{"FILE", "NEW", "CHANGED", "AS BEFORE"}, rows); err != nil {
		return err
	}
	last := all[len(all)-1]
	switch {
	case last.DryRun:
		a.notef("Nothing was written.")
	case !last.Accepted:
		a.notef("Nothing of it counts yet: `bonafide register accept %s` says that its word does.", last.Name)
	}
	return nil
}

// fetchedAt is when a file was last changed; standard input is read now.
func fetchedAt(name string) string {
	at := time.Now()
	if info, err := os.Stat(name); err == nil && info.ModTime().Before(at) {
		at = info.ModTime()
	}
	return at.UTC().Format(time.RFC3339)
}

// registerFiles names the files, those in folders among them.
func registerFiles(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case name == "-" || err == nil && !info.IsDir():
			out = append(out, name)
			continue
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
		err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".json" || ext == ".csv") {
				out = append(out, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: there is no .json or .csv file", ErrInput)
	}
	return out, nil
}

func (a *app) registerList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the registers that are held", Args: noArgs(), Example: "  bonafide register list"}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return answer(a, cmd.Context(), opening{}, node.OpRegisterList, node.Empty{}, a.showRegisters)
	}
	return a.jsonFlag(c)
}

func (a *app) registerShow() *cobra.Command {
	var q node.RegisterShowRequest
	c := &cobra.Command{Use: "show NAME", Short: "Show entries of a register, as they were observed", Args: args(1, 1, "the name of a register"),
		Example: "  bonafide register show deqar --name universidad\n  bonafide register show deqar --identifier VAT:ES:A00000000 --json"}
	c.Flags().StringVar(&q.Record, "record", "", "the entry of this record")
	c.Flags().StringVar(&q.Identifier, "identifier", "", "entries with this identifier: SCHEME:COUNTRY:VALUE")
	c.Flags().StringVar(&q.Text, "name", "", "entries with this text in a name")
	c.Flags().StringVar(&q.After, "after", "", "go on after this record")
	c.Flags().IntVar(&q.Limit, "limit", 0, "at most so many entries; 100 by default")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.Name = got[0]
		return answer(a, cmd.Context(), opening{}, node.OpRegisterShow, q, a.showEntries)
	}
	return a.jsonFlag(c)
}

func (a *app) showEntries(out node.RegisterEntries) error {
	for _, e := range out.Entries {
		var names, ids []string
		for _, n := range e.Names {
			names = append(names, n.Value)
		}
		for _, i := range e.Identifiers {
			ids = append(ids, i.Legal().String())
		}
		a.pairs("record", e.Record, "names", strings.Join(names, "; "), "seat", strings.TrimSpace(e.Seat.Country+" "+e.Seat.Locality), "identifiers", strings.Join(ids, "; "),
			"domains", strings.Join(e.Domains, " "), "DIDs", strings.Join(e.DIDs, " "), "observed", fmt.Sprintf("in register %s at %s", out.Name, when(&e.Observed.RetrievedAt)))
		for _, d := range e.Decisions {
			until := when(d.Until.End())
			if d.UntilAssumed {
				until += " (assumed)"
			}
			a.printf("  %s, %s, by %s, %s to %s: %s\n", oneLine(d.Activity), oneLine(d.Decision), oneLine(d.Agency), when(d.From.Start()), until, oneLine(d.Report))
		}
		a.printf("\n")
	}
	for _, r := range out.Records {
		a.pairs("DID", r.DID)
		for _, at := range r.Attributes {
			a.printf("  %s %s, by %s, read at %s\n", oneLine(at.IssuerType), oneLine(at.ID), oneLine(at.TAO), when(&at.Retrieved))
		}
		a.printf("\n")
	}
	if out.Next != "" {
		a.notef("There is more: --after %s", oneLine(out.Next))
	}
	if len(out.Entries)+len(out.Records) == 0 {
		a.notef("no entry of %s is so named", oneLine(out.Name))
	}
	return nil
}

func (a *app) registerAccept() *cobra.Command {
	q := node.RegisterAcceptRequest{}
	var no bool
	c := &cobra.Command{Use: "accept NAME", Short: "Say whether a register's word counts, and on what", Args: args(1, 1, "the name of a register"),
		Example: "  bonafide register accept deqar\n  bonafide register accept partners --axes identity\n  bonafide register accept partners --no"}
	c.Flags().StringSliceVar(&q.Axes, "axes", nil, "identity, quality; all that its format has by default")
	c.Flags().BoolVar(&no, "no", false, "it no longer counts; what was imported stays")
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.Name, q.Accepted = got[0], !no
		return answer(a, cmd.Context(), opening{}, node.OpRegisterAccept, q, a.showRegisters)
	}
	return a.jsonFlag(c)
}

func (a *app) registerRemove() *cobra.Command {
	var q node.RegisterRequest
	c := &cobra.Command{Use: "remove NAME", Short: "Forget a register", Args: args(1, 1, "the name of a register"), Example: "  bonafide register remove partners"}
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.Name = got[0]
		return answer(a, cmd.Context(), opening{}, node.OpRegisterRemove, q, a.showRegisters)
	}
	return a.jsonFlag(c)
}
