package cli

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/node"
)

// readLines reads to the end: lines that can be used, and what is wrong with others.
func readLines(text, action string) (good []node.BatchLine, bad []string, err error) {
	s := newStatusLines(strings.NewReader(text), action)
	for {
		line, err := s.next()
		var skip *errLine
		switch {
		case errors.Is(err, io.EOF):
			return good, bad, nil
		case errors.As(err, &skip):
			bad = append(bad, skip.why)
		case err != nil:
			return good, bad, err
		default:
			good = append(good, line)
		}
	}
}

func TestStatusLines(t *testing.T) {
	long := strings.Repeat("x", maxStatusLine)
	for _, c := range []struct {
		name, text, action string
		good               []node.BatchLine
		bad                []string
	}{
		{"nothing", "", "revoke", nil, nil},
		{"targets", "a\nb\n", "revoke", []node.BatchLine{{Line: 1, Target: "a"}, {Line: 2, Target: "b"}}, nil},
		{"with a reason", "a,\"no, really\"\n", "revoke", []node.BatchLine{{Line: 1, Target: "a", Why: "no, really"}}, nil},
		{"actions", "a,revoke\nb,suspend,w\n", "", []node.BatchLine{{Line: 1, Target: "a", Action: "revoke"}, {Line: 2, Target: "b", Action: "suspend", Why: "w"}}, nil},
		{"names of columns", "why,Target,note\nw,a,x\n", "revoke", []node.BatchLine{{Line: 2, Target: "a", Why: "w"}}, nil},
		{"byte order mark", "\xef\xbb\xbftarget\na\n", "revoke", []node.BatchLine{{Line: 2, Target: "a"}}, nil},
		{"empty lines and line ends of Windows", "a\r\n\r\nb\r\n", "revoke", []node.BatchLine{{Line: 1, Target: "a"}, {Line: 3, Target: "b"}}, nil},
		{"objects", "{\"target\":\"a\",\"why\":\"w\"}\n{\"target\":\"b\"}", "revoke", []node.BatchLine{{Line: 1, Target: "a", Why: "w"}, {Line: 2, Target: "b"}}, nil},

		{"cut short", "a\n1#12", "revoke", []node.BatchLine{{Line: 1, Target: "a"}}, []string{"the last line has no line feed; the file may be cut short"}},
		{"no action", "a\n", "", nil, []string{"it names no action"}},
		{"another action", "target,action\na,suspend\n", "revoke", nil, []string{`its action is "suspend", and this is to revoke`}},
		{"no target", "target,why\n,w\nb,\n", "revoke", []node.BatchLine{{Line: 3, Target: "b"}}, []string{"it names no target"}},
		{"too many cells", "a,b,c\n", "revoke", nil, []string{"it has 3 cells, at most 2 are known"}},
		{"broken quote", "\"a\nb\n", "revoke", []node.BatchLine{{Line: 2, Target: "b"}}, []string{"it is no line of CSV"}},
		{"too long", long + "\nb\n", "revoke", []node.BatchLine{{Line: 2, Target: "b"}}, []string{"the line is longer than 65536 bytes"}},
		{"unknown member", "{\"target\":\"a\",\"odd\":\"1\"}\n", "revoke", nil, []string{`there is no member "odd"`}},
		{"member that is no text", "{\"target\":1}\n", "revoke", nil, []string{`"target" must be a text`}},
		{"half an object", "{\"target\":\"a\"}\n{\"target\":\"1#1", "revoke", []node.BatchLine{{Line: 1, Target: "a"}}, []string{"it is no JSON object"}},
		{"CSV among objects", "{\"target\":\"a\"}\nb\n", "revoke", []node.BatchLine{{Line: 1, Target: "a"}}, []string{"it is no JSON object"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, bad, err := readLines(c.text, c.action)
			if err != nil || len(good) != len(c.good) || len(bad) != len(c.bad) {
				t.Fatalf("%+v, %q, %v", good, bad, err)
			}
			for i := range good {
				if good[i] != c.good[i] {
					t.Errorf("%+v, want %+v", good[i], c.good[i])
				}
			}
			for i := range bad {
				if !strings.HasPrefix(bad[i], c.bad[i]) {
					t.Errorf("%q, want %q", bad[i], c.bad[i])
				}
			}
		})
	}
	boom := errors.New("boom")
	s := newStatusLines(io.MultiReader(strings.NewReader("a\n"), failing{boom}), "revoke")
	if _, err := s.next(); err != nil {
		t.Error(err)
	}
	if _, err := s.next(); !errors.Is(err, boom) || !errors.Is(err, ErrInput) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzStatusLines(f *testing.F) {
	for _, s := range []string{"a\n", "target,why\na,w\n", "{\"target\":\"a\"}\n", "\"", "{", "a,revoke\n1#1", "\xef\xbb\xbf{\"target\":\"a\"}"} {
		f.Add(s, "revoke")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, text, action string) {
		good, bad, err := readLines(text, action)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(text, "\n") + 1; len(good)+len(bad) > lines {
			t.Errorf("%d lines of %d", len(good)+len(bad), lines)
		}
		for _, l := range good {
			if l.Target == "" || l.Action == "" && action == "" || l.Action != "" && action != "" && l.Action != action {
				t.Errorf("%+v", l)
			}
		}
	})
}
