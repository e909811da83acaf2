package bonafide_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const doc = "// Package x is one of a tree made up for a test.\n//\n// It has a comment\n// that is long\n// enough.\n"

// soundTree is a small module that keeps every rule. Each case below breaks
// exactly one.
func soundTree() map[string]string {
	return map[string]string{
		"go.mod": "module example.org/m\n\ngo 1.26\n",
		"ARCHITECTURE.md": `# x

| floor | package | what it is |
| --- | --- | --- |
| 3 | ` + "`tests/...`" + ` | systems |
| 2 | ` + "`cmd/prog`" + ` | program |
| 1 | ` + "`store`" + ` | rows |
| 1 | ` + "`store/file`" + ` | rows in files |
| 1 | ` + "`store/rows`" + ` *shared* | what engines share |
| 1 | ` + "`store/other`" + ` | rows elsewhere |
| 1 | ` + "`store/storetest`" + ` | suite |
| 1 | ` + "`net`" + ` | wire |
| 1 | ` + "`later`" + ` *planned* | not yet |
| -1 | ` + "`internal/vectors`" + ` | vectors |
| 0 | ` + "`key`" + ` | keys |
| -1 | ` + "`internal/hint`" + ` | hints |

| outside | only in | why |
| --- | --- | --- |
| ` + "`example.com/p2p`" + ` | ` + "`net`" + ` | x |
| ` + "`net/http.Get`, `time.Now()`" + ` | ` + "`cmd/...`" + ` | x |
| ` + "`example.com/assert`" + ` | test files | x |
| ` + "`log`" + ` | nowhere | x |
`,
		"key/key.go": doc + `package key

import (
	"time"

	"example.org/m/internal/hint"
)

// ErrKey is well made.
var ErrKey = hint.New("key: bad", "Use another "+"key.")

// Clock is a value, not a call.
var Clock = time.Now
`,
		"key/key_test.go":              "package key_test\n\nimport (\n\t_ \"example.com/assert\"\n\t_ \"example.org/m/internal/vectors\"\n\t_ \"example.org/m/key\"\n)\n",
		"internal/hint/hint.go":        doc + "package hint\n",
		"internal/vectors/vectors.go":  doc + "package vectors\n",
		"store/store.go":               doc + "package store\n\nimport _ \"example.org/m/key\"\n",
		"store/file/file.go":           doc + "package file\n\nimport (\n\t_ \"example.org/m/store\"\n\t_ \"example.org/m/store/rows\"\n)\n",
		"store/other/other.go":         doc + "package other\n",
		"store/rows/rows.go":           doc + "package rows\n\nimport _ \"example.org/m/store\"\n",
		"store/file/file_test.go":      "package file\n\nimport _ \"example.org/m/store/storetest\"\n",
		"store/storetest/storetest.go": doc + "package storetest\n\nimport _ \"example.org/m/store\"\n",
		"key/more.go":                  "package key\n\nimport \"example.org/m/internal/hint\"\n\nconst advice = \"Mend \" + \"it.\"\n\nvar ErrMore = hint.New(\"key: more\", advice)\n",
		"net/net.go":                   doc + "package net\n\nimport (\n\t_ \"example.com/p2p/host\"\n\t_ \"log/slog\"\n)\n",
		"cmd/prog/main.go":             doc + "package main\n\nimport (\n\t\"net/http\"\n\t\"time\"\n)\n\nfunc main() { http.Get(time.Now().String()) }\n",
		"tests/all_test.go":            "package tests\n\nimport (\n\t_ \"example.com/p2p\"\n\t_ \"example.org/m/cmd/prog\"\n)\n",
		"store/testdata/bad.go":        "not Go at all",
		"tools/go.mod":                 "module example.org/tools\n",
		"tools/util/x.go":              "package util\n",
	}
}

func plant(t *testing.T, tree map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, body := range tree {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestLayersCanFail breaks one rule at a time and wants that one complaint.
func TestLayersCanFail(t *testing.T) {
	if bad := inspect(plant(t, soundTree())); len(bad) != 0 {
		t.Fatalf("the sound tree is not sound:\n%s", strings.Join(bad, "\n"))
	}
	replace := func(file, old, new string) func(map[string]string) {
		return func(tree map[string]string) {
			if !strings.Contains(tree[file], old) {
				panic("the case changes nothing: " + file)
			}
			tree[file] = strings.Replace(tree[file], old, new, 1)
		}
	}
	add := func(file, body string) func(map[string]string) {
		return func(tree map[string]string) { tree[file] += body }
	}
	cases := []struct {
		name  string
		spoil func(map[string]string)
		want  string
	}{
		{"import upward", add("key/up.go", "package key\n\nimport _ \"example.org/m/store\"\n"), "key/up.go: imports store: up from floor 0 to 1"},
		{"import upward in a test", add("key/up_test.go", "package key\n\nimport _ \"example.org/m/store\"\n"), "key/up_test.go: imports store: up from floor 0 to 1"},
		{"import sideways", add("store/side.go", "package store\n\nimport _ \"example.org/m/net\"\n"), "store/side.go: imports net: sideways on floor 1"},
		{"parent imports sub-package", add("store/sub.go", "package store\n\nimport _ \"example.org/m/store/file\"\n"), "store/sub.go: imports store/file: sideways on floor 1"},
		{"test of parent imports sub-package", add("store/sub_test.go", "package store\n\nimport _ \"example.org/m/store/file\"\n"), "store/sub_test.go: imports store/file: sideways on floor 1"},
		{"sub-package imports one beside it", add("store/file/x.go", "package file\n\nimport _ \"example.org/m/store/other\"\n"), "store/file/x.go: imports store/other: sideways on floor 1"},
		{"shared sub-package imports one beside it", add("store/rows/x.go", "package rows\n\nimport _ \"example.org/m/store/other\"\n"), "store/rows/x.go: imports store/other: sideways on floor 1"},
		{"parent imports a shared sub-package", add("store/sub.go", "package store\n\nimport _ \"example.org/m/store/rows\"\n"), "store/sub.go: imports store/rows: sideways on floor 1"},
		{"somebody else imports a shared sub-package", add("net/x.go", "package net\n\nimport _ \"example.org/m/store/rows\"\n"), "net/x.go: imports store/rows: sideways on floor 1"},
		{"import of an unlisted package", add("store/x.go", "package store\n\nimport _ \"example.org/m/gone\"\n"), "store/x.go: imports gone, which ARCHITECTURE.md does not list"},
		{"import of the root", add("store/x.go", "package store\n\nimport _ \"example.org/m\"\n"), "store/x.go: imports ., which ARCHITECTURE.md does not list"},
		{"vectors in a program", add("store/v.go", "package store\n\nimport _ \"example.org/m/internal/vectors\"\n"), "store/v.go: imports internal/vectors outside of a _test.go file"},
		{"suite in a program", add("store/file/v.go", "package file\n\nimport _ \"example.org/m/store/storetest\"\n"), "store/file/v.go: imports store/storetest outside of a _test.go file"},
		{"suite of somebody else", add("net/v_test.go", "package net\n\nimport _ \"example.org/m/store/storetest\"\n"), "net/v_test.go: imports store/storetest: up from floor 1 to 1"},
		{"import of system tests", add("cmd/prog/x_test.go", "package main\n\nimport _ \"example.org/m/tests\"\n"), "cmd/prog/x_test.go: imports tests: nothing may import the tests of whole systems"},
		{"unlisted package", add("extra/x.go", doc+"package extra\n"), "extra: not listed in ARCHITECTURE.md"},
		{"unlisted package with tests alone", add("extra/x_test.go", "package extra\n"), "extra: not listed in ARCHITECTURE.md"},
		{"listed and absent", func(tree map[string]string) {
			delete(tree, "internal/vectors/vectors.go")
			delete(tree, "key/key_test.go")
		}, "internal/vectors: listed in ARCHITECTURE.md, but there is no such package"},
		{"planned and there", add("later/x.go", doc+"package later\n"), "later: there, but ARCHITECTURE.md calls it planned"},
		{"sub-package on another floor", replace("ARCHITECTURE.md", "| 1 | `store/file`", "| 2 | `store/file`"), "store/file: on floor 2, but its parent store is on floor 1"},
		{"line that is not understood", replace("ARCHITECTURE.md", "`later` *planned*", "`later` perhaps"), `"perhaps" is neither nothing nor *planned* nor *shared*`},
		{"floor that is no number", replace("ARCHITECTURE.md", "| 0 | `key`", "| low | `key`"), `floor "low"`},
		{"listed twice", replace("ARCHITECTURE.md", "| 0 | `key`", "| 0 | `net`"), "net is listed twice"},
		{"line that says nothing", replace("ARCHITECTURE.md", "| keys |", "| |"), "want 3 that say something"},
		{"unknown table", replace("ARCHITECTURE.md", "| outside |", "| inside |"), `unknown table "inside"`},
		{"no second table", func(tree map[string]string) {
			tree["ARCHITECTURE.md"], _, _ = strings.Cut(tree["ARCHITECTURE.md"], "| outside")
		}, "both tables are needed"},
		{"rule without a place", replace("ARCHITECTURE.md", "| nowhere |", "| somewhere |"), `no place in "somewhere"`},
		{"outside import", add("store/o.go", "package store\n\nimport _ \"example.com/p2p\"\n"), "store/o.go: imports example.com/p2p, which is allowed only in net"},
		{"outside import below", add("store/o_test.go", "package store\n\nimport _ \"example.com/p2p/core\"\n"), "store/o_test.go: imports example.com/p2p/core, which is allowed only in net"},
		{"test library in a program", add("store/o.go", "package store\n\nimport _ \"example.com/assert\"\n"), "store/o.go: imports example.com/assert, which is allowed only in _test.go files"},
		{"forbidden import", add("cmd/prog/l.go", "package main\n\nimport _ \"log\"\n"), "cmd/prog/l.go: imports log, which is allowed nowhere"},
		{"outside name", add("store/h.go", "package store\n\nimport \"net/http\"\n\nvar _, _ = http.Get(\"\")\n"), "store/h.go:5: uses net/http.Get, which is allowed only in cmd/..."},
		{"outside name as a value", add("store/h.go", "package store\n\nimport h \"net/http\"\n\nvar _ = h.Get\n"), "store/h.go:5: uses net/http.Get, which is allowed only in cmd/..."},
		{"clock called", add("store/c.go", "package store\n\nimport \"time\"\n\nvar _ = time.Now()\n"), "store/c.go:5: uses time.Now, which is allowed only in cmd/..."},
		{"dot import", add("store/d.go", "package store\n\nimport . \"net/http\"\n\nvar _ = Get\n"), "store/d.go: dot import of net/http"},
		{"package named util", func(tree map[string]string) {
			tree["net/util/x.go"] = doc + "package util\n"
			replace("ARCHITECTURE.md", "| 1 | `net` |", "| 1 | `net/util` | x |\n| 1 | `net` |")(tree)
		}, `net/util: a package named "util" says nothing`},
		{"no package comment", replace("store/store.go", doc, ""), "store: no package comment"},
		{"comment glued off", replace("store/store.go", "enough.\n", "enough.\n\n"), "store: no package comment"},
		{"short package comment", replace("store/store.go", "// that is long\n", ""), "store: a package comment of 4 lines"},
		{"long package comment", replace("store/store.go", "// that is long\n", strings.Repeat("// that is long\n", 37)), "store: a package comment of 41 lines"},
		{"two package comments", add("store/two.go", doc+"package store\n"), "store: 2 package comments"},
		{"long file", add("store/long.go", "package store\n"+strings.Repeat("\n", 600)), "store/long.go: 601 lines, at most 600"},
		{"long test", add("store/long_test.go", "package store\n"+strings.Repeat("\n", 600)), "store/long_test.go: 601 lines, at most 600"},
		{"long main", add("cmd/prog/more.go", "package main\n"+strings.Repeat("\n", 50)), "cmd/prog: main has 64 lines, at most 60"},
		{"init", add("store/i.go", "package store\n\nfunc init() {}\n"), "store/i.go:3: init function"},
		{"init in a test", add("store/i_test.go", "package store\n\nfunc init() {}\n"), "store/i_test.go:3: init function"},
		{"sentinel with errors.New", add("store/e.go", "package store\n\nimport \"errors\"\n\nvar ErrX = errors.New(\"x\")\n"), "store/e.go:5: ErrX is made with errors.New"},
		{"unexported one", add("store/e.go", "package store\n\nimport \"errors\"\n\nvar errX = errors.New(\"x\")\n"), "store/e.go:5: errX is made with errors.New"},
		{"sentinel with fmt.Errorf", add("store/e.go", "package store\n\nimport \"fmt\"\n\nvar (\n\tErrX = fmt.Errorf(\"x\")\n)\n"), "store/e.go:6: ErrX is made with fmt.Errorf"},
		{"sentinel of another making", add("store/e.go", "package store\n\ntype e struct{ error }\n\nvar ErrX = e{}\n"), "store/e.go:5: ErrX is no hint.New"},
		{"sentinel without value", add("store/e.go", "package store\n\nvar ErrX error\n"), "store/e.go:3: ErrX is no hint.New"},
		{"empty hint", replace("key/key.go", `"Use another "+"key."`, `" "+""`), "ErrKey has no message or no hint"},
		{"empty constant as a hint", replace("key/more.go", `"Mend " + "it."`, `""`), "ErrMore has no message or no hint"},
		{"hint not written out", replace("key/key.go", `"Use another "+"key."`, `Clock`), "ErrKey has no message or no hint"},
		{"sleeping test", add("store/s_test.go", "package store\n\nimport \"time\"\n\nfunc wait() { time.Sleep(1) }\n"), "store/s_test.go:5: a test that sleeps"},
		{"sleeping system test", add("tests/s_test.go", "package tests\n\nimport t \"time\"\n\nvar sleep = t.Sleep\n"), "tests/s_test.go:5: a test that sleeps"},
		{"no module line", replace("go.mod", "module", "modul"), "go.mod: no module line"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tree := soundTree()
			c.spoil(tree)
			bad := inspect(plant(t, tree))
			if len(bad) != 1 || !strings.Contains(bad[0], c.want) {
				t.Errorf("want one line with %q, got:\n%s", c.want, strings.Join(bad, "\n"))
			}
		})
	}
}
