package bonafide_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesTests: every test that SECURITY.md and the table of
// conformance name is there, in the folder that stands before it.
func TestSecurityNamesTests(t *testing.T) {
	files, err := sources(".", token.NewFileSet())
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"SECURITY.md", "docs/conformance.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		bad, named := misnamed(string(text), files)
		for _, v := range bad {
			t.Errorf("%s:%s", page, v)
		}
		if named == 0 {
			t.Errorf("%s names no test at all", page)
		}
	}
}

var testName = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)

// misnamed reads "`folder` `TestA`, `TestB`" out of the last cell of each
// table line.
func misnamed(text string, files []source) (bad []string, named int) {
	have := map[string]bool{}
	for _, s := range files {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test && f.Recv == nil {
				have[s.dir+" "+f.Name.Name] = true
			}
		}
	}
	for n, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		dir := ""
		for _, m := range codeSpan.FindAllStringSubmatch(cells[len(cells)-1], -1) {
			switch {
			case !testName.MatchString(m[1]):
				dir = m[1]
			case !have[dir+" "+m[1]]:
				bad = append(bad, fmt.Sprintf("%d: no test %s in %q", n+1, m[1], dir))
			default:
				named++
			}
		}
	}
	return bad, named
}

func TestSecurityCanFail(t *testing.T) {
	files, err := sources(plant(t, map[string]string{"a/a_test.go": "package a\n\nfunc TestReal() {}\n", "a/a.go": "package a\n\nfunc TestInCode() {}\n"}), token.NewFileSet())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		bad, named int
	}{
		{"there", "| x | `a` `TestReal` |", 0, 1},
		{"gone", "| x | `a` `TestReal`, `TestGone` |", 1, 1},
		{"elsewhere", "| x | `b` `TestReal` |", 1, 0},
		{"no folder", "| x | `TestReal` |", 1, 0},
		{"in code", "| x | `a` `TestInCode` |", 1, 0},
		{"open", "| x | *to be named* |", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad, named := misnamed(c.text, files)
			if len(bad) != c.bad || named != c.named {
				t.Errorf("%v, %d named", bad, named)
			}
		})
	}
}
