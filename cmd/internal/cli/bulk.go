package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"strconv"
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

// judge checks one of many credentials under one request, and writes over a verdict
// that its caller is done with.
type judge func(ctx context.Context, body []byte, v *verdict.Verdict) error

// judgeOf returns what checks credentials under q. In this process, all of q
// but the credential is read once.
func judgeOf(ctx context.Context, c caller, q node.VerifyRequest) (judge, error) {
	l, ok := c.(*local)
	if !ok {
		return func(ctx context.Context, body []byte, v *verdict.Verdict) error {
			one := q
			one.Credential = body
			*v = verdict.Verdict{}
			return c.Op(ctx, node.OpVerify, one, v)
		}, nil
	}
	check, err := l.node.Prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, body []byte, v *verdict.Verdict) error {
		check(ctx, body, v)
		return nil
	}, nil
}

// tally is what a bulk run came to.
type tally struct {
	outcomes     map[verdict.Outcome]int
	failed, done int
}

// verifyMany checks many with all cores. Lines come in the order in which they
// are done; each names what it is about. One that is invalid outranks one that
// could not be reached, and that one that could not be established.
func (a *app) verifyMany(ctx context.Context, c caller, q node.VerifyRequest, files []string, slow bool) error {
	check, err := judgeOf(ctx, c, q)
	if err != nil {
		return err
	}
	defer a.roomyHeap(c)()
	items := a.newQueue(ctx, files, slow)
	defer items.close()
	out, shown := a.lineWriter(), a.newProgress()
	t := tally{outcomes: map[verdict.Outcome]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var mine share
			var v verdict.Verdict
			for items.next(ctx, &mine) {
				for _, it := range mine.items {
					if ctx.Err() != nil {
						return
					}
					err := check(ctx, it.body, &v)
					line := a.bulkLine(it.name, &v, err)
					mu.Lock()
					t.done++
					if err != nil {
						t.failed++
						fmt.Fprintln(a.stderr, line)
					} else {
						t.outcomes[v.Outcome]++
						out.line(line)
					}
					shown.line("%d checked", t.done)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	shown.done()
	if err := out.Flush(); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	a.notef("%d verified, %d invalid, %d not established, %d failed", t.outcomes[verdict.Verified], t.outcomes[verdict.Invalid], t.outcomes[verdict.Indeterminate], t.failed)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case items.err != nil:
		return items.err
	}
	return t.exit()
}

// queue hands the credentials of a run to its workers. Who wants some reads them
// himself, so that what is checked is still in the reader's cache and no other
// goroutine has to be woken.
type queue struct {
	mu   sync.Mutex // held by who reads
	most int        // credentials handed out at once
	pull func() (item, bool)
	stop func()
	err  error // why the reading ended; to be read after the last next
}

// A worker takes several credentials at once, so that workers seldom wait for each
// other, but not many bytes of them.
const (
	shareItems = 8
	shareBytes = 256 << 10
)

// share is what a worker has taken. Nothing that is checked keeps a part of it, and
// its memory is used again.
type share struct{ items []item }

// newQueue begins to read files. Where they are slow, each credential is handed out as
// soon as it is there.
func (a *app) newQueue(ctx context.Context, files []string, slow bool) *queue {
	q := &queue{most: shareItems}
	if slow {
		q.most = 1
	}
	a.stdin = interruptible(ctx, a.stdin)
	q.pull, q.stop = iter.Pull(func(yield func(item) bool) {
		q.err = a.feed(files, func(it item) error {
			if !yield(it) {
				return context.Canceled
			}
			return nil
		})
	})
	return q
}

// next fills s, and tells whether there was anything left. Reading ends with ctx.
func (q *queue) next(ctx context.Context, s *share) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	held := s.items[:cap(s.items)]
	s.items = s.items[:0]
	for size := 0; len(s.items) < q.most && size < shareBytes && ctx.Err() == nil; {
		it, more := q.pull()
		if !more {
			break
		}
		size += len(it.body)
		var memory []byte
		if n := len(s.items); n < len(held) && cap(held[n].body) <= shareBytes {
			memory = held[n].body[:0]
		}
		it.body = append(memory, it.body...)
		s.items = append(s.items, it)
	}
	return len(s.items) > 0
}

func (q *queue) close() { q.stop() }

// interruptible returns a reader of r that ends with ctx, also while r waits for
// somebody to type.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &patient{ctx: ctx, r: r}
}

type patient struct {
	ctx     context.Context
	r       io.Reader
	blocks  chan []byte
	err     error // of r; to be read once blocks is closed
	pending []byte
}

func (p *patient) Read(b []byte) (int, error) {
	if p.blocks == nil {
		p.blocks = make(chan []byte)
		go func() {
			defer close(p.blocks)
			for p.err == nil {
				block := make([]byte, 64<<10)
				var n int
				n, p.err = p.r.Read(block)
				select {
				case p.blocks <- block[:n]:
				case <-p.ctx.Done():
					return
				}
			}
		}()
	}
	for len(p.pending) == 0 {
		select {
		case block, more := <-p.blocks:
			if !more {
				return 0, cmp.Or(p.err, p.ctx.Err())
			}
			p.pending = block
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.pending)
	p.pending = p.pending[n:]
	return n, nil
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

// feed hands the credentials of files and of the lines of .ndjson files to send,
// which are read as they are needed.
func (a *app) feed(files []string, send func(item) error) error {
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
// The body of an item is overwritten by the next one.
func eachLine(r io.Reader, name string, send func(item) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 256<<10), maxLine) // few system calls, and room to grow
	n := 1
	for ; lines.Scan(); n++ {
		if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
			if err := send(item{name + ":" + strconv.Itoa(n), line}); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %s:%d: %w", ErrInput, name, n, err)
	}
	return nil
}
