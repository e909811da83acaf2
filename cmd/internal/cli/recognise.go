package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/node"
)

// maxRecognitionRows bounds a file of organisations.
const maxRecognitionRows = 500_000

func (a *app) recognizeCommand() *cobra.Command {
	var q node.RecognizeRequest
	c := &cobra.Command{Use: "recognize DID", Short: "Recognise another organisation",
		Long: `Show what an organisation says about itself and, with --yes, recognise it: a
RecognizedEntityCredential in this issuer's folder says that it is who it says
and may issue credentials. Check the statement by other means before.

--may recognize lets it recognise others in turn, never for more than you let it
issue itself. Verifiers walk from an issuer upward; tell those whom you recognise
to name you with "bonafide recognize by".`,
		Example: `  bonafide recognize did:webvh:SCID:university.example --yes
  bonafide recognize import universities.csv --dry-run
  bonafide recognize revoke did:webvh:SCID:university.example --as-of 2026-09-30 --yes`, Args: args(1, 1, "one DID, or a command: import, revoke, list, by")}
	f := c.Flags()
	f.BoolVar(&q.Confirm, "yes", false, "recognise what is shown")
	f.StringArrayVar(&q.Types, "type", nil, "credential type in scope; repeatable; none: no limit")
	f.StringSliceVar(&q.Actions, "may", nil, "issue, recognize; issue by default")
	f.StringVar(&q.From, "from", "", "begin of the recognition; now by default")
	f.StringVar(&q.Until, "until", "", "end of the recognition")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		q.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpRecognize, q, func(r node.RecognizeResponse) error {
			if s := r.Statement; s != nil && len(s.LegalNames) > 0 {
				a.pairs("legal name", oneLine(s.LegalNames[0].Value), "identifier", oneLine(s.ID.String()), "legal seat", oneLine(s.Seat.String()))
			}
			switch {
			case r.Recognised && !r.Changed:
				a.printf("recognised before, in %s\n", r.Path)
			case r.Recognised:
				a.printf("recognised in %s\n", r.Path)
			default:
				a.printf("not recognised yet: repeat with --yes if this is right\n")
			}
			return nil
		})
	}
	c.AddCommand(a.recognizeImport(), a.recognizeRevoke(), a.recognizeList(), a.recognizedBy())
	return a.jsonFlag(c)
}

func (a *app) recognizeRevoke() *cobra.Command {
	q := node.RecognizeRequest{Revoke: true}
	var void bool
	c := &cobra.Command{Use: "revoke DID", Short: "End a recognition, or say that it never held", Args: args(1, 1, "one DID"),
		Long: `Take a recognition back, in one of two ways.

--as-of DATE ends it: it is issued again with that end and kept for good, so that
"recognised when issued" stays answerable. What the organisation issued before
stands for verifiers who accept the date that a credential claims.

--void says that it was void from the start: nothing that the organisation ever
issued is covered, nor anything below it.`,
		Example: "  bonafide recognize revoke did:webvh:SCID:university.example --as-of 2026-09-30 --yes\n  bonafide recognize revoke did:webvh:SCID:mill.example --void --yes"}
	c.Flags().StringVar(&q.AsOf, "as-of", "", "day or time at which it ends")
	c.Flags().BoolVar(&void, "void", false, "it was void from the start")
	c.Flags().BoolVar(&q.Confirm, "yes", false, "do it")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if void == (q.AsOf != "") {
			return usagef("say --as-of DATE or --void: they mean different things, see --help")
		}
		q.DID = got[0]
		return answer(a, cmd.Context(), opening{network: true}, node.OpRecognize, q, func(r node.RecognizeResponse) error {
			switch {
			case !r.Changed:
				a.printf("nothing changed: it had ended or was void before\n")
			case void:
				a.printf("void from the start, in %s\n", r.Path)
			default:
				a.printf("ends as of %s, in %s\n", q.AsOf, r.Path)
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) recognizeList() *cobra.Command {
	var q node.RecognitionsRequest
	c := &cobra.Command{Use: "list [DID]", Short: "List whom this issuer recognises, or did", Args: args(0, 1, "at most one DID"),
		Example: "  bonafide recognize list\n  bonafide recognize list did:webvh:SCID:university.example --json"}
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if len(got) == 1 {
			q.DID = got[0]
		}
		return a.each(cmd.Context(), func(c caller) error {
			var table [][]string
			all := node.Recognitions{Rows: []node.RecognitionRow{}}
			for {
				var page node.Recognitions
				if err := c.Op(cmd.Context(), node.OpRecognizeList, q, &page); err != nil {
					return err
				}
				all.Rows = append(all.Rows, page.Rows...)
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			if a.json {
				return a.printJSON(all)
			}
			for _, r := range all.Rows {
				table = append(table, []string{r.DID, oneLine(r.Name), oneLine(r.Identifier), strings.Join(r.Actions, ","), strings.Join(r.Types, ","), when(r.From), when(r.Until), r.State})
			}
			return a.table([]string{"ORGANISATION", "NAME", "IDENTIFIER", "MAY", "TYPES", "FROM", "UNTIL", "STATE"}, table)
		})
	}
	return a.jsonFlag(c)
}

func (a *app) recognizedBy() *cobra.Command {
	var q node.RecognizedByRequest
	var none bool
	c := &cobra.Command{Use: "by [DID]...", Short: "Name those who recognise this issuer", Args: args(0, legal.MaxIn, "at most four DIDs"),
		Long: `Name those who recognise this issuer, in its statement at whois.vp and in what it
says of others (recognizedIn): a verifier who does not know this issuer looks
there and walks upward until it meets somebody whom it trusts. Naming proves
nothing; the recognition is read in the recogniser's own folder. Without a DID,
show who is named.`,
		Example: "  bonafide recognize by did:webvh:SCID:agency.example\n  bonafide recognize by --none"}
	c.Flags().BoolVar(&none, "none", false, "name nobody")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		if none && len(got) > 0 {
			return usagef("--none names nobody")
		}
		if len(got) > 0 || none {
			q.DIDs = append([]string{}, got...)
		}
		return answer(a, cmd.Context(), opening{network: q.DIDs != nil}, node.OpRecognizedBy, q, func(r node.RecognizedBy) error {
			for _, d := range r.DIDs {
				a.printf("%s\n", oneLine(d))
			}
			if len(r.DIDs) == 0 {
				a.notef("nobody is named")
			}
			return nil
		})
	}
	return a.jsonFlag(c)
}

// recognitionColumns are those of the file, of which did, name, id and country are
// needed.
func recognitionColumns() []string {
	return []string{"did", "name", "lang", "id", "country", "region", "locality", "homepage", "types", "may", "from", "until"}
}

func (a *app) recognizeImport() *cobra.Command {
	var q node.RecognizeManyRequest
	var hold bool
	c := &cobra.Command{Use: "import FILE.csv|-", Short: "Recognise many organisations from a file", Args: args(1, 1, "one file"),
		Long: `Recognise the organisations of a CSV file, by what you know of them: nobody is
asked. The first line names the columns: did, name, id ("SCHEME COUNTRY VALUE")
and country are needed; lang, region, locality, homepage, types and may (several
with spaces between), from and until may be there.

A thousand lines are one transaction. A line that is wrong is reported and left
out. What is so already counts as unchanged, so after a break the same file can
be given again; an organisation that is not in the file stays as it is. All is
published once at the end.`,
		Example: "  bonafide recognize import universities.csv --dry-run\n  bonafide recognize import universities.csv"}
	c.Flags().BoolVar(&q.DryRun, "dry-run", false, "say what would change and what is wrong, and change nothing")
	c.Flags().BoolVar(&hold, "no-publish", false, "do not publish yet")
	issuerFlag(c, &q.Issuer)
	c.RunE = func(cmd *cobra.Command, got []string) error {
		lines, bad, err := a.readRecognitions(got[0])
		if err != nil {
			return err
		}
		return a.importRecognitions(cmd.Context(), q, lines, bad, !hold)
	}
	return a.jsonFlag(c)
}

func (a *app) readRecognitions(name string) (lines []node.RecognizeLine, bad []node.BatchFailure, err error) {
	in := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
		defer f.Close()
		in = f
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrInput, name, err)
	}
	at := map[string]int{}
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		if !slices.Contains(recognitionColumns(), h) {
			return nil, nil, fmt.Errorf("%w: %s: there is no column %.80q; columns are %s", ErrInput, name, h, strings.Join(recognitionColumns(), ", "))
		}
		at[h] = i
	}
	for _, h := range []string{"did", "name", "id", "country"} {
		if _, ok := at[h]; !ok {
			return nil, nil, fmt.Errorf("%w: %s: the column %s is missing in the first line", ErrInput, name, h)
		}
	}
	seen := map[string]int64{}
	for len(lines)+len(bad) < maxRecognitionRows {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, bad, nil
		}
		n, _ := r.FieldPos(0)
		line := node.RecognizeLine{Line: int64(n)}
		var parsed *csv.ParseError
		if errors.As(err, &parsed) {
			bad = append(bad, node.BatchFailure{Line: int64(parsed.StartLine), Error: parsed.Err.Error()})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %s: %w", ErrInput, name, err)
		}
		get := func(h string) string {
			if i, ok := at[h]; ok && i < len(cells) {
				return strings.TrimSpace(cells[i])
			}
			return ""
		}
		line.DID, line.From, line.Until = get("did"), get("from"), get("until")
		line.Types, line.Actions = strings.Fields(get("types")), strings.Fields(get("may"))
		id, err := legal.ParseIdentifier(get("id"))
		switch before, twice := seen[line.DID]; {
		case len(cells) != len(header):
			err = fmt.Errorf("%w: %d cells where the first line has %d", ErrInput, len(cells), len(header))
		case twice:
			err = fmt.Errorf("%w: the same DID stands in line %d", ErrInput, before)
		}
		if err != nil {
			bad = append(bad, node.BatchFailure{Line: line.Line, Target: line.DID, Error: err.Error()})
			continue
		}
		seen[line.DID] = line.Line
		line.Organisation = legal.Organisation{LegalNames: []legal.Name{{Value: get("name"), Lang: get("lang")}}, ID: id,
			Seat: legal.Seat{Country: get("country"), Region: get("region"), Locality: get("locality")}, Homepage: get("homepage")}
		lines = append(lines, line)
	}
	return nil, nil, fmt.Errorf("%w: %s: more than %d lines; split the file", ErrInput, name, maxRecognitionRows)
}

// recognitionTally is what an import came to.
type recognitionTally struct {
	node.BatchResponse
	Lines     int   `json:"lines"`
	Published bool  `json:"published"`
	Sequence  int64 `json:"sequence,omitempty"`
}

func (a *app) importRecognitions(ctx context.Context, q node.RecognizeManyRequest, lines []node.RecognizeLine, bad []node.BatchFailure, publish bool) (err error) {
	c, err := a.open(ctx, opening{network: publish && !q.DryRun})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	t := recognitionTally{Lines: len(lines) + len(bad)}
	t.DryRun, t.Failed, t.Failures = q.DryRun, int64(len(bad)), append([]node.BatchFailure{}, bad...)
	// Those that share a file go together, so that each file is written few times.
	slices.SortStableFunc(lines, func(x, y node.RecognizeLine) int {
		return strings.Compare(node.RecognizeOrder(x.DID), node.RecognizeOrder(y.DID))
	})
	shown := a.newProgress()
	for done := 0; done < len(lines); {
		k := min(len(lines)-done, node.MaxRecognize)
		q.Lines = lines[done : done+k]
		var r node.BatchResponse
		if err := c.Op(ctx, node.OpRecognizeMany, q, &r); err != nil {
			shown.done()
			a.notef("stopped after %d lines: %d changed; give the same file again, what is done counts as unchanged", done, t.Changed)
			return err
		}
		t.Changed, t.Unchanged, t.Failed = t.Changed+r.Changed, t.Unchanged+r.Unchanged, t.Failed+r.Failed
		t.Failures = append(t.Failures, r.Failures...)
		done += k
		shown.line("%d of %d organisations", done, len(lines))
	}
	shown.done()
	slices.SortStableFunc(t.Failures, func(x, y node.BatchFailure) int { return int(x.Line - y.Line) })
	if publish && !q.DryRun && t.Changed > 0 {
		var pub node.PublishResponse
		if err := c.Op(ctx, node.OpPublish, node.PublishRequest{Issuer: q.Issuer}, &pub); err != nil {
			return fmt.Errorf("%d recognitions are recorded and not yet published: %w", t.Changed, err)
		}
		t.Published, t.Sequence = true, pub.Sequence
	}
	return a.showRecognitions(t)
}

func (a *app) showRecognitions(t recognitionTally) error {
	if a.json {
		if err := a.printJSON(t); err != nil {
			return err
		}
	} else {
		for i, f := range t.Failures {
			if i == maxFailures {
				a.notef("and %d more", len(t.Failures)-i)
				break
			}
			a.notef("line %d: %s: %s", f.Line, oneLine(f.Target), oneLine(f.Error))
		}
		verb := "recognised"
		if t.DryRun {
			verb = "would be recognised"
		}
		a.printf("%d %s, %d unchanged, %d left out\n", t.Changed, verb, t.Unchanged, t.Failed)
		if t.Published {
			a.printf("published in head %s\n", strconv.FormatInt(t.Sequence, 10))
		}
	}
	if t.Failed > 0 {
		return exit(exitRefused)
	}
	return nil
}
