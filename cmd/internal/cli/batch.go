package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bonafide-id/bonafide/node"
)

// batchLines is how many lines one transaction takes, and maxFailures how many
// failures are shown; --failures writes all.
const (
	batchLines  = 10_000
	maxFailures = 1000
)

// batch is a change of many statuses.
type batch struct {
	file, failures string
	q              node.BatchRequest
	now            bool
}

func (b *batch) flags(c *cobra.Command) {
	c.Flags().BoolVar(&b.q.DryRun, "dry-run", false, "say what would change and what would fail, and change nothing")
	c.Flags().StringVar(&b.failures, "failures", "", "write every line that failed, as NDJSON, into this file")
}

const batchHelp = `A file has one change a line: CSV with the columns target, action, why (or the
names of the columns in its first line), or NDJSON with the members of those
names. A target is a credential's id, your own reference, or LIST#INDEX. 10,000
lines are one transaction: all of them that can be done are done, or none. A
line that cannot be done is reported with its reason and left out. What is so
already counts as unchanged, so after a break the same file can be given again.`

// run reads the file to its end.
func (a *app) runBatch(ctx context.Context, b *batch) (err error) {
	in := a.stdin
	if b.file != "-" {
		f, err := os.Open(b.file)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInput, err)
		}
		defer f.Close()
		in = f
	}
	failures := io.Discard
	if b.failures != "" {
		f, err := os.OpenFile(b.failures, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrInput, err)
		}
		w := bufio.NewWriter(f)
		defer func() { err = errors.Join(err, w.Flush(), f.Close()) }()
		failures = w
	}
	c, err := a.open(ctx, opening{network: b.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	t := batchTally{out: json.NewEncoder(failures), BatchResponse: node.BatchResponse{DryRun: b.q.DryRun, Failures: []node.BatchFailure{}}}
	err = a.batchChunks(ctx, c, newStatusLines(in, b.q.Action), b.q, &t)
	if err != nil {
		if t.Lines > 0 && !b.q.DryRun {
			a.notef("stopped after %d lines: %d changed; give the same file again, what is done counts as unchanged", t.Lines, t.Changed)
		}
		return err
	}
	if b.now && !b.q.DryRun && t.Changed > 0 {
		var pub node.PublishResponse
		if err := c.Op(ctx, node.OpPublish, node.PublishRequest{Issuer: b.q.Issuer}, &pub); err != nil {
			return fmt.Errorf("%d changes are recorded and not yet published: %w", t.Changed, err)
		}
		t.Published, t.Sequence, t.Next = true, pub.Sequence, nil
	}
	return a.showBatch(&t)
}

// batchTally adds up what became of the chunks.
type batchTally struct {
	node.BatchResponse
	Lines     int64 `json:"lines"`
	Published bool  `json:"published"`
	Sequence  int64 `json:"sequence,omitempty"`
	out       *json.Encoder
}

func (t *batchTally) fail(f node.BatchFailure) error {
	if len(t.Failures) < maxFailures {
		t.Failures = append(t.Failures, f)
	}
	return t.out.Encode(f)
}

// batchChunks sends chunk after chunk.
func (a *app) batchChunks(ctx context.Context, c caller, lines *statusLines, q node.BatchRequest, t *batchTally) error {
	shown := a.newProgress()
	defer shown.done()
	for more := true; more; {
		q.Lines = q.Lines[:0]
		read := int64(0)
		var bad []node.BatchFailure
		for len(q.Lines) < batchLines && len(bad) < batchLines {
			line, err := lines.next()
			var skip *errLine
			switch {
			case errors.Is(err, io.EOF):
				more = false
			case errors.As(err, &skip):
				bad = append(bad, node.BatchFailure{Line: line.Line, Target: line.Target, Error: skip.why})
				read++
				continue
			case err != nil:
				return err
			}
			if !more {
				break
			}
			q.Lines = append(q.Lines, line)
			read++
		}
		var r node.BatchResponse
		if len(q.Lines) > 0 {
			if err := c.Op(ctx, node.OpStatusBatch, q, &r); err != nil {
				return err
			}
		}
		t.Lines += read
		t.Changed, t.Unchanged = t.Changed+r.Changed, t.Unchanged+r.Unchanged
		t.Failed += r.Failed + int64(len(bad)) // before the two are joined
		if r.Next != nil {
			t.Next = r.Next
		}
		bad = append(bad, r.Failures...)
		slices.SortStableFunc(bad, func(x, y node.BatchFailure) int { return cmp.Compare(x.Line, y.Line) })
		for _, f := range bad {
			if err := t.fail(f); err != nil {
				return err
			}
		}
		shown.line("%d lines, %d changed, %d failed", t.Lines, t.Changed, t.Failed)
	}
	return nil
}

func (a *app) showBatch(t *batchTally) error {
	if a.json {
		if err := a.printJSON(t); err != nil {
			return err
		}
	} else {
		for i, f := range t.Failures {
			if i == 20 {
				fmt.Fprintf(a.stderr, "and %d more; --failures FILE writes them all\n", t.Failed-20)
				break
			}
			fmt.Fprintf(a.stderr, "line %d: %s: %s\n", f.Line, oneLine(f.Target), oneLine(f.Error))
		}
		word := "changed"
		if t.DryRun {
			word = "would change"
		}
		a.printf("%d %s, %d unchanged, %d failed\n", t.Changed, word, t.Unchanged, t.Failed)
		switch {
		case t.Published:
			a.printf("published as head %d\nOthers see when and how much changed, though not for whom.\n", t.Sequence)
		case t.Next != nil:
			a.printf("will be published at %s\n", when(t.Next))
		}
	}
	if t.Failed > 0 {
		return exit(exitRefused)
	}
	return nil
}
