package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/node"
)

// maxStatusLine bounds one line of a batch.
const maxStatusLine = 64 << 10

// statusLines reads the lines of a batch: NDJSON when the first one begins with a
// brace, else CSV. It reads ahead one line and holds no more.
type statusLines struct {
	r       *bufio.Reader
	action  string // of all lines; "" when each names its own
	columns []string
	n       int64
	json    bool
	begun   bool
}

func newStatusLines(r io.Reader, action string) *statusLines {
	columns := []string{"target", "action", "why"}
	if action != "" {
		columns = []string{"target", "why"}
	}
	return &statusLines{r: bufio.NewReaderSize(r, maxStatusLine), action: action, columns: columns}
}

// errLine is one line that cannot be used; the lines after it can.
type errLine struct{ why string }

func (e *errLine) Error() string { return e.why }

func badLine(format string, args ...any) error { return &errLine{fmt.Sprintf(format, args...)} }

// next returns the next line. The error is io.EOF at the end, an *errLine for a
// line to be skipped, or that of reading.
func (s *statusLines) next() (node.BatchLine, error) {
	for {
		text, err := s.read()
		line := node.BatchLine{Line: s.n}
		if err != nil {
			return line, err
		}
		trimmed := bytes.TrimSpace(text)
		if len(trimmed) == 0 {
			continue
		}
		if !s.begun {
			s.begun, s.json = true, trimmed[0] == '{'
			trimmed = bytes.TrimPrefix(trimmed, []byte("\xef\xbb\xbf"))
			if !s.json && s.header(string(trimmed)) {
				continue
			}
		}
		if s.json {
			err = s.object(trimmed, &line)
		} else if text[len(text)-1] != '\n' {
			// Half an index is another index.
			err = badLine("the last line has no line feed; the file may be cut short")
		} else {
			err = s.cells(string(trimmed), &line)
		}
		return line, s.whole(&line, err)
	}
}

// read returns one line with its line feed. A line that is too long is skipped.
func (s *statusLines) read() ([]byte, error) {
	s.n++
	text, err := s.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = s.r.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
		return nil, badLine("the line is longer than %d bytes", maxStatusLine)
	}
	if errors.Is(err, io.EOF) && len(text) > 0 {
		return text, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return text, err
}

// header takes the names of columns from the first line, if it has any.
func (s *statusLines) header(text string) bool {
	cells, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return false
	}
	columns, found := make([]string, len(cells)), false
	for i, c := range cells {
		columns[i] = strings.ToLower(strings.TrimSpace(c))
		found = found || columns[i] == "target"
	}
	if found {
		s.columns = columns
	}
	return found
}

func (s *statusLines) cells(text string, line *node.BatchLine) error {
	cells, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return badLine("it is no line of CSV")
	}
	if len(cells) > len(s.columns) {
		return badLine("it has %d cells, at most %d are known", len(cells), len(s.columns))
	}
	for i, c := range cells {
		switch c = strings.TrimSpace(c); s.columns[i] {
		case "target":
			line.Target = c
		case "action":
			line.Action = c
		case "why":
			line.Why = c
		}
	}
	return nil
}

func (s *statusLines) object(text []byte, line *node.BatchLine) error {
	tree, err := strictjson.ParseObject(text, strictjson.Limits{MaxBytes: maxStatusLine, MaxDepth: 4, MaxValues: 64})
	if err != nil {
		return badLine("it is no JSON object: %v", err)
	}
	for name, value := range tree {
		word, ok := value.(string)
		if !ok {
			return badLine("%.40q must be a text", name)
		}
		switch name {
		case "target":
			line.Target = word
		case "action":
			line.Action = word
		case "why":
			line.Why = word
		default:
			return badLine("there is no member %.40q", name)
		}
	}
	return nil
}

// whole holds a line against what is asked for all.
func (s *statusLines) whole(line *node.BatchLine, err error) error {
	switch {
	case err != nil:
		return err
	case line.Target == "":
		return badLine("it names no target")
	case s.action == "" && line.Action == "":
		return badLine("it names no action")
	case s.action != "" && line.Action != "" && line.Action != s.action:
		return badLine("its action is %.40q, and this is to %s", line.Action, s.action)
	}
	return nil
}
