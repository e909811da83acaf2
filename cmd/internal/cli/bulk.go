package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/bonafide-id/bonafide/node"
	"github.com/bonafide-id/bonafide/report"
	"github.com/bonafide-id/bonafide/verdict"
)

// item is one credential of a bulk run.
type item struct {
	name string
	body []byte
}

// judge checks one of many credentials under one request.
type judge func(ctx context.Context, body []byte) (*verdict.Verdict, error)

// judgeOf returns what checks credentials under q. In this process, all of q
// but the credential is read once.
func judgeOf(ctx context.Context, c caller, q node.VerifyRequest) (judge, error) {
	l, ok := c.(*local)
	if !ok {
		return func(ctx context.Context, body []byte) (*verdict.Verdict, error) {
			one := q
			one.Credential = body
			v := new(verdict.Verdict)
			return v, c.Op(ctx, node.OpVerify, one, v)
		}, nil
	}
	check, err := l.node.Prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, body []byte) (*verdict.Verdict, error) { return check(ctx, body), nil }, nil
}

// tally is what a bulk run came to.
type tally struct {
	outcomes     map[verdict.Outcome]int
	failed, done int
}

// verifyMany checks many with all cores. Lines come in the order in which they
// are done; each names what it is about. One that is invalid outranks one that
// could not be reached, and that one that could not be established.
func (a *app) verifyMany(ctx context.Context, c caller, q node.VerifyRequest, files []string) error {
	check, err := judgeOf(ctx, c, q)
	if err != nil {
		return err
	}
	work := make(chan item)
	var feed error
	go func() {
		defer close(work)
		feed = a.feed(ctx, files, work)
	}()
	out := a.lineWriter()
	t := tally{outcomes: map[verdict.Outcome]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for it, more := next(ctx, work); more; it, more = next(ctx, work) {
				v, err := check(ctx, it.body)
				line := a.bulkLine(it.name, v, err)
				mu.Lock()
				t.done++
				if err != nil {
					t.failed++
					fmt.Fprintln(a.stderr, line)
				} else {
					t.outcomes[v.Outcome]++
					out.line(line)
				}
				a.progressLine("%d checked", t.done)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	a.progressDone()
	if err := out.Flush(); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	a.notef("%d verified, %d invalid, %d not established, %d failed", t.outcomes[verdict.Verified], t.outcomes[verdict.Invalid], t.outcomes[verdict.Indeterminate], t.failed)
	switch {
	case ctx.Err() != nil: // then feed may still be waiting for input
		return ctx.Err()
	case feed != nil:
		return feed
	}
	return t.exit()
}

// next waits for a credential, or for the end of the work.
func next(ctx context.Context, work <-chan item) (it item, more bool) {
	select {
	case it, more = <-work:
		return it, more
	case <-ctx.Done():
		return it, false
	}
}

func (t *tally) exit() error {
	switch {
	case t.outcomes[verdict.Invalid] > 0:
		return exit(exitRefused)
	case t.failed > 0:
		return exit(exitUnreachable)
	case t.outcomes[verdict.Indeterminate] > 0:
		return exit(exitIndeterminate)
	}
	return nil
}

// bulkLine is what is printed about one credential.
func (a *app) bulkLine(name string, v *verdict.Verdict, err error) string {
	if err != nil {
		return oneLine(name) + ": " + oneLine(err.Error())
	}
	if !a.json {
		return oneLine(name) + "\t" + report.Headline(v)
	}
	b, err := json.Marshal(struct {
		File    string           `json:"file"`
		Verdict *verdict.Verdict `json:"verdict"`
	}{name, v})
	if err != nil {
		return oneLine(name) + ": " + oneLine(err.Error())
	}
	return string(b)
}

// lineWriter writes lines to standard output: at once on a terminal, where a
// person waits for them, else in blocks.
type lineWriter struct {
	*bufio.Writer
	eager bool
}

func (a *app) lineWriter() lineWriter {
	return lineWriter{bufio.NewWriterSize(a.stdout, 32<<10), isTerminal(a.stdout)}
}

// line writes one line. An error stays in the writer until Flush.
func (w lineWriter) line(s string) {
	_, _ = w.WriteString(s)
	_ = w.WriteByte('\n')
	if w.eager {
		_ = w.Flush()
	}
}

// feed hands out the credentials of files and of the lines of .ndjson files, which
// are read as they are needed.
func (a *app) feed(ctx context.Context, files []string, work chan<- item) error {
	send := func(it item) error {
		select {
		case work <- it:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, name := range files {
		lines, err := a.stdinHasLines(name)
		if err != nil {
			return err
		}
		if lines {
			if err := eachLine(a.stdin, name, send); err != nil {
				return err
			}
			continue
		}
		if strings.HasSuffix(strings.ToLower(name), ".ndjson") {
			if err := feedLines(name, send); err != nil {
				return err
			}
			continue
		}
		b, err := a.readInput(name, maxInput)
		if err != nil {
			return err
		}
		if err := send(item{name, b}); err != nil {
			return err
		}
	}
	return nil
}

// maxLine bounds a line of an .ndjson file, and with it what waits in memory.
const maxLine = 4 << 20

// stdinHasLines tells whether name is standard input and that holds one JSON
// object a line, more than one. What it reads to find out is put back.
func (a *app) stdinHasLines(name string) (bool, error) {
	if name != "-" {
		return false, nil
	}
	r := bufio.NewReaderSize(a.stdin, maxLine)
	a.stdin = r
	seen, err := r.Peek(1)
	for n := 64 << 10; err == nil && bytes.IndexByte(seen, '\n') < 0 && n <= maxLine; n *= 2 {
		seen, err = r.Peek(n)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("%w: %s: %w", ErrInput, name, err)
	}
	first, rest, more := bytes.Cut(seen, []byte("\n"))
	if !more || !json.Valid(first) || !bytes.HasPrefix(bytes.TrimSpace(first), []byte("{")) {
		return false, nil
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return true, nil
	}
	// The line ends where what was read ends: the next byte decides.
	seen, _ = r.Peek(len(first) + 2)
	return len(seen) > len(first)+1, nil
}

func feedLines(name string, send func(item) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	defer f.Close()
	return eachLine(f, name, send)
}

// eachLine sends the lines of r that are not empty, named by file and number.
func eachLine(r io.Reader, name string, send func(item) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
			if err := send(item{fmt.Sprintf("%s:%d", name, n), bytes.Clone(line)}); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %s:%d: %w", ErrInput, name, n, err)
	}
	return nil
}
