package bonafide_test

import (
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// TestDependencies holds three lists together: the modules that our sources
// import, those that go.mod requires directly, and docs/dependencies.txt, in
// which each has a use and a reason. A new dependency is a decision, not a
// side effect.
func TestDependencies(t *testing.T) {
	for _, v := range dependencies(".") {
		t.Error(v)
	}
}

// requirement is one module of go.mod.
type requirement struct{ direct bool }

// readRequirements parses the require lines of a go.mod.
func readRequirements(path string) (map[string]requirement, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]requirement{}
	block := false
	for _, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			block = true
			continue
		case line == ")":
			block = false
			continue
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case !block:
			continue
		}
		code, comment, _ := strings.Cut(line, "//")
		if f := strings.Fields(code); len(f) == 2 {
			out[f[0]] = requirement{direct: strings.TrimSpace(comment) != "indirect"}
		}
	}
	return out, nil
}

// readReasons parses docs/dependencies.txt: "module | use | reason" a line,
// sorted; use is "program" or "tests"; lines that begin with # are prose.
func readReasons(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	last := ""
	for n, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, " | ")
		if len(f) != 3 || (f[1] != "program" && f[1] != "tests") || len(strings.TrimSpace(f[2])) < 10 {
			return nil, fmt.Errorf("%s:%d: want \"module | program or tests | reason\"", path, n+1)
		}
		if f[0] <= last {
			return nil, fmt.Errorf("%s:%d: %s is not in order", path, n+1, f[0])
		}
		last = f[0]
		out[f[0]] = f[1]
	}
	return out, nil
}

// dependencies returns what the three lists disagree about.
func dependencies(root string) (bad []string) {
	required, err := readRequirements(filepath.Join(root, "go.mod"))
	if err != nil {
		return []string{err.Error()}
	}
	listed, err := readReasons(filepath.Join(root, "docs", "dependencies.txt"))
	if err != nil {
		return []string{err.Error()}
	}
	files, err := sources(root, token.NewFileSet())
	if err != nil {
		return []string{err.Error()}
	}
	used := map[string]string{}
	for _, s := range files {
		use := "program"
		if s.test || s.dir == "tests" || strings.HasPrefix(s.dir, "tests/") {
			use = "tests"
		}
		for _, spec := range s.file.Imports {
			if m := moduleOf(importPath(spec), required); m != "" && used[m] != "program" {
				used[m] = use
			}
		}
	}
	for m, use := range used {
		switch {
		case listed[m] == "":
			bad = append(bad, fmt.Sprintf("%s: imported, but docs/dependencies.txt gives no reason for it", m))
		case listed[m] != use:
			bad = append(bad, fmt.Sprintf("%s: used by %s, listed for %s", m, use, listed[m]))
		}
		if !required[m].direct {
			bad = append(bad, fmt.Sprintf("%s: imported, but go.mod calls it indirect; run go mod tidy", m))
		}
	}
	for m := range listed {
		if used[m] == "" {
			bad = append(bad, fmt.Sprintf("%s: in docs/dependencies.txt, but nothing imports it", m))
		}
	}
	for m, r := range required {
		if r.direct && used[m] == "" {
			bad = append(bad, fmt.Sprintf("%s: required directly in go.mod, but nothing imports it; run go mod tidy", m))
		}
	}
	sort.Strings(bad)
	return bad
}

// moduleOf finds the required module with the longest path that holds the
// package; "" for the standard library and for our own.
func moduleOf(pkg string, required map[string]requirement) string {
	for m := pkg; m != "." && m != ""; m = parent(m) {
		if _, ok := required[m]; ok {
			return m
		}
	}
	return ""
}

func parent(p string) string {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return ""
	}
	return p[:i]
}

// TestDependenciesCanFail lets each list disagree with the others once.
func TestDependenciesCanFail(t *testing.T) {
	sound := func() map[string]string {
		return map[string]string{
			"go.mod":                "module example.org/m\n\nrequire example.com/a v1.0.0\n\nrequire (\n\texample.com/b/v2 v2.0.0\n\texample.com/c v1.0.0 // indirect\n)\n",
			"docs/dependencies.txt": "# why\nexample.com/a | program | does the a of it\nexample.com/b/v2 | tests | compares the b of it\n",
			"x.go":                  "package x\n\nimport (\n\t_ \"fmt\"\n\n\t_ \"example.com/a/sub/pkg\"\n)\n",
			"x_test.go":             "package x\n\nimport (\n\t_ \"example.com/a\"\n\t_ \"example.com/b/v2\"\n)\n",
		}
	}
	if bad := dependencies(plant(t, sound())); len(bad) != 0 {
		t.Fatalf("the sound tree is not sound:\n%s", strings.Join(bad, "\n"))
	}
	cases := []struct {
		name, file, old, new, want string
	}{
		{"no reason", "docs/dependencies.txt", "example.com/a | program | does the a of it\n", "", "example.com/a: imported, but docs/dependencies.txt gives no reason"},
		{"wrong use", "x.go", "example.com/a/sub/pkg", "example.com/b/v2/y", "example.com/b/v2: used by program, listed for tests"},
		{"too little said", "docs/dependencies.txt", "does the a of it", "needed", "want \"module | program or tests | reason\""},
		{"out of order", "docs/dependencies.txt", "# why\n", "example.com/z | tests | stands too early\n", "is not in order"},
		{"listed, not imported", "docs/dependencies.txt", "| compares the b of it\n", "| compares the b of it\nexample.com/c | tests | nobody needs it\n", "example.com/c: in docs/dependencies.txt, but nothing imports it"},
		{"direct, not imported", "go.mod", " // indirect", "", "example.com/c: required directly in go.mod, but nothing imports it"},
		{"imported, called indirect", "go.mod", "b/v2 v2.0.0", "b/v2 v2.0.0 // indirect", "example.com/b/v2: imported, but go.mod calls it indirect"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tree := sound()
			if !strings.Contains(tree[c.file], c.old) {
				t.Fatal("the case changes nothing")
			}
			tree[c.file] = strings.Replace(tree[c.file], c.old, c.new, 1)
			bad := dependencies(plant(t, tree))
			if c.name == "wrong use" { // then a is used by the test alone as well
				if len(bad) != 2 {
					t.Errorf("%v", bad)
				}
				bad = bad[1:]
			}
			if len(bad) != 1 || !strings.Contains(bad[0], c.want) {
				t.Errorf("want one line with %q, got:\n%s", c.want, strings.Join(bad, "\n"))
			}
		})
	}
}
