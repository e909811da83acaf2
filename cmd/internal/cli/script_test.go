package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bonafide": func() {
			os.Exit(Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){"var": setVariable}})
}

// setVariable is "var NAME FILE [MEMBER]": the trimmed text of a file, or the text of
// one member of its JSON object.
func setVariable(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: var NAME FILE [MEMBER]")
	}
	text := strings.TrimSpace(ts.ReadFile(args[1]))
	if len(args) == 3 {
		var members map[string]any
		ts.Check(json.Unmarshal([]byte(text), &members))
		text, _ = members[args[2]].(string)
	}
	ts.Setenv(args[0], text)
}

// The README's commands, in its order, with the file that it shows.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectors.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script, files strings.Builder
	for i, block := range strings.Split(string(b), "```") {
		if i%2 == 0 {
			continue
		}
		kind, text, _ := strings.Cut(block, "\n")
		switch kind {
		case "sh":
			for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
				if strings.HasPrefix(line, "bonafide ") {
					script.WriteString("exec " + strings.ReplaceAll(line, `"`, `'`) + "\n")
				}
			}
		case "json":
			files.WriteString("-- course.json --\n" + text)
		}
	}
	if strings.Count(script.String(), "exec ") < 5 || files.Len() == 0 {
		t.Fatal("the README's quick start was not found")
	}
	script.WriteString("! exec bonafide verify --home issuer --policy authentic ana.json\nstdout INVALID\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "readme.txtar"), []byte(script.String()+files.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir})
}
