package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// painter colours words, or leaves them as they are.
type painter bool

func (p painter) paint(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) red(s string) string   { return p.paint("31;1", s) }
func (p painter) green(s string) string { return p.paint("32;1", s) }
func (p painter) bold(s string) string  { return p.paint("1", s) }
func (p painter) dim(s string) string   { return p.paint("2", s) }

// painter colours on a terminal only, and not with NO_COLOR (no-color.org).
func (a *app) painter(w io.Writer) painter {
	return painter(a.env("NO_COLOR") == "" && a.env("TERM") != "dumb" && isTerminal(w))
}

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// oneLine keeps control characters of foreign text off the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}

// printJSON writes an answer for machines: indented, one value, a line feed.
func (a *app) printJSON(v any) error {
	var text []byte
	switch raw := v.(type) {
	case json.RawMessage:
		text = raw
	default:
		var err error
		if text, err = json.Marshal(v); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	out.WriteByte('\n')
	_, err := a.stdout.Write(out.Bytes())
	return err
}

// printf writes to standard output. Arguments that are text of strangers must
// have passed oneLine.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// notef tells how long work goes on; standard error, and only without --json.
func (a *app) notef(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

// table writes rows in columns. Cells are cleaned of control characters.
func (a *app) table(head []string, rows [][]string) error {
	p := a.painter(a.stdout)
	var buf bytes.Buffer
	tw := tabwriter.NewWriter(&buf, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(head, "\t"))
	for _, r := range rows {
		for i := range r {
			r[i] = oneLine(r[i])
			if r[i] == "" {
				r[i] = "-"
			}
		}
		fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	first, rest, _ := strings.Cut(buf.String(), "\n")
	_, err := fmt.Fprintf(a.stdout, "%s\n%s", p.bold(strings.TrimRight(first, " ")), rest)
	return err
}

// pairs writes "name  value" lines; empty values are left out.
func (a *app) pairs(kv ...string) {
	longest := 0
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			longest = max(longest, len(kv[i]))
		}
	}
	p := a.painter(a.stdout)
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			a.printf("%s  %s\n", p.dim(fmt.Sprintf("%-*s", longest, kv[i])), oneLine(kv[i+1]))
		}
	}
}

// when writes a time for people; "-" for none.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
