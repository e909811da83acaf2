package bonafide_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

const (
	maxFileLines = 600
	maxMainLines = 60
	minDocLines  = 5
	maxDocLines  = 40
)

// forbiddenNames say nothing about what a package is.
var forbiddenNames = map[string]bool{"util": true, "utils": true, "common": true, "helper": true, "helpers": true, "types": true, "models": true, "misc": true}

var modulePath = regexp.MustCompile(`(?m)^module\s+(\S+)\s*$`)

// source is one parsed file.
type source struct {
	name string // slash path from the root
	dir  string
	test bool
	file *ast.File
	src  []byte
}

func (s source) lines() int { return bytes.Count(s.src, []byte("\n")) }

// inspection collects what is wrong with a tree.
type inspection struct {
	module string
	house  house
	fset   *token.FileSet
	files  []source
	consts map[string]map[string]string // string constants, by folder and name
	bad    []string
}

func (i *inspection) add(format string, args ...any) {
	i.bad = append(i.bad, fmt.Sprintf(format, args...))
}

// inspect checks the module at root against its ARCHITECTURE.md and returns
// every violation as one line that begins with a file or package.
func inspect(root string) []string {
	i := &inspection{fset: token.NewFileSet()}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return []string{err.Error()}
	}
	m := modulePath.FindSubmatch(mod)
	if m == nil {
		return []string{"go.mod: no module line"}
	}
	i.module = string(m[1])
	if i.house, err = readHouse(filepath.Join(root, "ARCHITECTURE.md")); err != nil {
		return []string{err.Error()}
	}
	if i.files, err = sources(root, i.fset); err != nil {
		return []string{err.Error()}
	}
	i.packages()
	i.constants()
	for _, s := range i.files {
		i.imports(s)
		i.uses(s)
		i.declarations(s)
		if n := s.lines(); n > maxFileLines {
			i.add("%s: %d lines, at most %d", s.name, n, maxFileLines)
		}
	}
	sort.Strings(i.bad)
	return i.bad
}

// sources parses every Go file below root, whatever its build constraints.
// Folders the go tool passes over (testdata, .x, _x), node_modules and nested
// modules are not ours.
func sources(root string, fset *token.FileSet) (out []source, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		base := d.Name()
		if d.IsDir() {
			if rel == "." {
				return nil
			}
			if base == "testdata" || base == "node_modules" || base == "vendor" || base[0] == '.' || base[0] == '_' {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, src, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{name: rel, dir: path.Dir(rel), test: strings.HasSuffix(base, "_test.go"), file: f, src: src})
		return nil
	})
	return out, err
}

// packages checks names, comments, the length of main, and the table.
func (i *inspection) packages() {
	have := map[string]bool{}
	docs := map[string][]int{}
	code := map[string]bool{}
	mainLines := map[string]int{}
	for _, s := range i.files {
		have[s.dir] = true
		if s.test {
			continue
		}
		code[s.dir] = true
		if s.file.Doc != nil {
			c := s.file.Doc
			n := i.fset.Position(c.End()).Line - i.fset.Position(c.Pos()).Line + 1
			docs[s.dir] = append(docs[s.dir], n)
		}
		if s.file.Name.Name == "main" && !i.house.free(s.dir) {
			mainLines[s.dir] += s.lines()
		}
	}
	for dir := range have {
		if _, ok := i.house.room(dir); !ok {
			i.add("%s: not listed in ARCHITECTURE.md", dir)
		}
		for _, e := range strings.Split(dir, "/") {
			if forbiddenNames[e] {
				i.add("%s: a package named %q says nothing about what it is", dir, e)
			}
		}
		if n := mainLines[dir]; n > maxMainLines {
			i.add("%s: main has %d lines, at most %d", dir, n, maxMainLines)
		}
		switch d := docs[dir]; {
		case !code[dir]:
		case len(d) == 0:
			i.add("%s: no package comment", dir)
		case len(d) > 1:
			i.add("%s: %d package comments", dir, len(d))
		case d[0] < minDocLines || d[0] > maxDocLines:
			i.add("%s: a package comment of %d lines, want %d to %d", dir, d[0], minDocLines, maxDocLines)
		}
	}
	i.bad = append(i.bad, i.house.checkTable(have)...)
}

func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value)
	return p
}

// imports checks both tables for the imports of one file.
func (i *inspection) imports(s source) {
	for _, spec := range s.file.Imports {
		p := importPath(spec)
		if p == i.module || strings.HasPrefix(p, i.module+"/") {
			to := "."
			if p != i.module {
				to = p[len(i.module)+1:]
			}
			if why := i.house.checkImport(s.dir, to, s.test); why != "" {
				i.add("%s: %s", s.name, why)
			}
			continue
		}
		for _, o := range i.house.outside {
			if o.name == "" && o.covers(p) && !i.house.allowed(o, s.dir, s.test) {
				i.add("%s: imports %s, which %s", s.name, p, place(o))
			}
		}
	}
}

// covers tells whether an import path is meant: those of the standard library
// exactly, others with all below (log is not log/slog).
func (o outside) covers(p string) bool {
	host, _, _ := strings.Cut(o.path, "/")
	return p == o.path || (strings.Contains(host, ".") && strings.HasPrefix(p, o.path+"/"))
}

func place(o outside) string {
	in := o.in
	if o.inTests {
		in = append(append([]string(nil), in...), "_test.go files")
	}
	if len(in) == 0 {
		return "is allowed nowhere"
	}
	return "is allowed only in " + strings.Join(in, ", ")
}

// uses checks names of the second table, and sleeping in tests.
func (i *inspection) uses(s source) {
	local := map[string]string{} // name in this file -> import path
	for _, spec := range s.file.Imports {
		p := importPath(spec)
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." && !(s.test && p == i.module+"/"+s.dir) {
			i.add("%s: dot import of %s", s.name, p)
		}
		local[name] = p
	}
	called := map[*ast.SelectorExpr]bool{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
				called[sel] = true
			}
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || local[x.Name] == "" || x.Obj != nil {
			return true
		}
		p, at := local[x.Name], i.fset.Position(sel.Pos()).Line
		if s.test && p == "time" && sel.Sel.Name == "Sleep" {
			i.add("%s:%d: a test that sleeps; use testing/synctest or a channel", s.name, at)
		}
		for _, o := range i.house.outside {
			if o.name == sel.Sel.Name && o.path == p && (!o.call || called[sel]) && !s.test && !i.house.allowed(o, s.dir, false) {
				i.add("%s:%d: uses %s.%s, which %s", s.name, at, p, o.name, place(o))
			}
		}
		return true
	})
}

// constants collects the string constants of every package: a hint that
// several errors share is one.
func (i *inspection) constants() {
	i.consts = map[string]map[string]string{}
	for _, s := range i.files {
		if i.consts[s.dir] == nil {
			i.consts[s.dir] = map[string]string{}
		}
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST || s.test {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for n, name := range v.Names {
					if n < len(v.Values) {
						if t, ok := text(v.Values[n], nil); ok {
							i.consts[s.dir][name.Name] = t
						}
					}
				}
			}
		}
	}
}

// declarations checks init functions and package-level errors.
func (i *inspection) declarations(s source) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			i.add("%s:%d: init function", s.name, i.fset.Position(f.Pos()).Line)
		}
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR || s.test {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for n, name := range v.Names {
				var value ast.Expr
				if n < len(v.Values) {
					value = v.Values[n]
				}
				if why := badError(name.Name, value, i.consts[s.dir]); why != "" {
					i.add("%s:%d: %s %s", s.name, i.fset.Position(name.Pos()).Line, name.Name, why)
				}
			}
		}
	}
}

// badError judges one package-level variable: an error must be made by
// hint.New with a hint, or be another package's by reference.
func badError(name string, value ast.Expr, consts map[string]string) string {
	call, isCall := value.(*ast.CallExpr)
	maker := ""
	if isCall {
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				maker = x.Name + "." + sel.Sel.Name
			}
		}
	}
	switch {
	case maker == "errors.New" || maker == "fmt.Errorf":
		return "is made with " + maker + "; use hint.New, so that it says what to do next"
	case maker == "hint.New":
		if len(call.Args) != 2 {
			return "gives hint.New no two texts"
		}
		msg, ok1 := text(call.Args[0], consts)
		advice, ok2 := text(call.Args[1], consts)
		if !ok1 || !ok2 || strings.TrimSpace(msg) == "" || strings.TrimSpace(advice) == "" {
			return "has no message or no hint written out"
		}
		return ""
	case !strings.HasPrefix(name, "Err"):
		return ""
	}
	if _, alias := value.(*ast.SelectorExpr); alias {
		return ""
	}
	return "is no hint.New(message, hint)"
}

// text reads a string written out, also over several literals and through a
// constant of the package.
func text(e ast.Expr, consts map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		s, ok := consts[e.Name]
		return s, ok
	case *ast.BinaryExpr:
		a, ok1 := text(e.X, consts)
		b, ok2 := text(e.Y, consts)
		return a + b, ok1 && ok2 && e.Op == token.ADD
	default:
		return "", false
	}
}
