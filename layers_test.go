package bonafide_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestLayers holds the tree to the two tables of ARCHITECTURE.md and to the
// rules for every file. It parses the sources itself instead of asking
// "go list": the test cache sees what a test reads, not what a child does.
func TestLayers(t *testing.T) {
	for _, v := range inspect(".") {
		t.Error(v)
	}
}

// room is one line of the floor table.
type room struct {
	floor   int
	planned bool
	shared  bool // by the packages beside it
}

// outside is one name or path of the second table.
type outside struct {
	path    string // import path
	name    string // "" for the import itself
	call    bool   // only when called
	in      []string
	inTests bool // _test.go of any package
}

// house is what ARCHITECTURE.md says.
type house struct {
	rooms   map[string]room // by folder; "x/..." covers what lies below x
	outside []outside
}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	nameRef  = regexp.MustCompile(`^(.*[^/.])\.([A-Z]\w*)(\(\))?$`)
)

// readHouse parses the tables strictly: a line that is not understood is an
// error, so that no rule is lost to a slip of the pen.
func readHouse(path string) (house, error) {
	h := house{rooms: map[string]room{}}
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	table := ""
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if !strings.HasPrefix(line, "|") {
			table = ""
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case strings.HasPrefix(cells[0], "---"):
		case table == "":
			table = cells[0]
		case len(cells) != 3 || cells[2] == "":
			return h, fmt.Errorf("%s:%d: a line of %d cells, want 3 that say something", path, n, len(cells))
		case table == "floor":
			if err := h.addRoom(cells); err != nil {
				return h, fmt.Errorf("%s:%d: %w", path, n, err)
			}
		case table == "outside":
			if err := h.addOutside(cells); err != nil {
				return h, fmt.Errorf("%s:%d: %w", path, n, err)
			}
		default:
			return h, fmt.Errorf("%s:%d: unknown table %q", path, n, table)
		}
	}
	if err := sc.Err(); err != nil {
		return h, err
	}
	if len(h.rooms) == 0 || len(h.outside) == 0 {
		return h, fmt.Errorf("%s: %d rooms and %d outside rules; both tables are needed", path, len(h.rooms), len(h.outside))
	}
	return h, nil
}

func (h *house) addRoom(cells []string) error {
	floor, err := strconv.Atoi(cells[0])
	if err != nil {
		return fmt.Errorf("floor %q", cells[0])
	}
	m := codeSpan.FindStringSubmatch(cells[1])
	if m == nil {
		return fmt.Errorf("no package in %q", cells[1])
	}
	rest := strings.TrimSpace(strings.Replace(cells[1], m[0], "", 1))
	if rest != "" && rest != "*planned*" && rest != "*shared*" {
		return fmt.Errorf("%q is neither nothing nor *planned* nor *shared*", rest)
	}
	if _, dup := h.rooms[m[1]]; dup {
		return fmt.Errorf("%s is listed twice", m[1])
	}
	h.rooms[m[1]] = room{floor: floor, planned: rest == "*planned*", shared: rest == "*shared*"}
	return nil
}

func (h *house) addOutside(cells []string) error {
	var in []string
	for _, m := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
		in = append(in, m[1])
	}
	inTests := strings.Contains(cells[1], "test files")
	if len(in) == 0 && !inTests && cells[1] != "nowhere" {
		return fmt.Errorf("no place in %q", cells[1])
	}
	refs := codeSpan.FindAllStringSubmatch(cells[0], -1)
	if len(refs) == 0 {
		return fmt.Errorf("nothing named in %q", cells[0])
	}
	for _, m := range refs {
		o := outside{path: m[1], in: in, inTests: inTests}
		if p := nameRef.FindStringSubmatch(m[1]); p != nil {
			o.path, o.name, o.call = p[1], p[2], p[3] != ""
		}
		h.outside = append(h.outside, o)
	}
	return nil
}

// covers tells whether pattern ("x", "x/...") covers the folder.
func covers(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == base || strings.HasPrefix(dir, base+"/")
	}
	return pattern == dir
}

// room finds the line for a folder.
func (h house) room(dir string) (room, bool) {
	if r, ok := h.rooms[dir]; ok {
		return r, true
	}
	for pattern, r := range h.rooms {
		if strings.HasSuffix(pattern, "/...") && covers(pattern, dir) {
			return r, true
		}
	}
	return room{}, false
}

// free tells whether the folder may import anything ("tests/...").
func (h house) free(dir string) bool {
	_, own := h.rooms[dir]
	_, ok := h.room(dir)
	return ok && !own
}

// suite tells whether a package is a behaviour suite, or only for tests by
// its nature: imported from _test.go alone.
func suite(dir string) bool {
	return dir == "internal/vectors" || (strings.Contains(dir, "/") && strings.HasSuffix(dir, "test"))
}

// checkTable judges the floor table by itself.
func (h house) checkTable(have map[string]bool) (out []string) {
	for dir, r := range h.rooms {
		if strings.HasSuffix(dir, "/...") {
			continue
		}
		switch {
		case r.planned && have[dir]:
			out = append(out, fmt.Sprintf("%s: there, but ARCHITECTURE.md calls it planned", dir))
		case !r.planned && !have[dir]:
			out = append(out, fmt.Sprintf("%s: listed in ARCHITECTURE.md, but there is no such package", dir))
		}
		for up := filepath.ToSlash(filepath.Dir(dir)); up != "."; up = filepath.ToSlash(filepath.Dir(up)) {
			if p, ok := h.rooms[up]; ok && p.floor != r.floor {
				out = append(out, fmt.Sprintf("%s: on floor %d, but its parent %s is on floor %d", dir, r.floor, up, p.floor))
			}
		}
	}
	return out
}

// beside tells whether two packages have one parent, which is no root.
func beside(a, b string) bool {
	up := filepath.ToSlash(filepath.Dir(a))
	return up != "." && up == filepath.ToSlash(filepath.Dir(b))
}

// checkImport judges one import of ours. It returns "" when it is allowed.
func (h house) checkImport(from, to string, inTest bool) string {
	if h.free(from) {
		return ""
	}
	a, ok := h.room(from)
	if !ok {
		return "" // reported once, as an unlisted package
	}
	b, ok := h.room(to)
	switch {
	case !ok:
		return fmt.Sprintf("imports %s, which ARCHITECTURE.md does not list", to)
	case from == to:
		return "" // an external test of its own package
	case h.free(to):
		return fmt.Sprintf("imports %s: nothing may import the tests of whole systems", to)
	case suite(to):
		sibling := strings.HasPrefix(from, filepath.ToSlash(filepath.Dir(to))+"/") || filepath.ToSlash(filepath.Dir(to)) == from
		switch {
		case !inTest && !suite(from):
			return fmt.Sprintf("imports %s outside of a _test.go file", to)
		case b.floor < a.floor || sibling:
			return ""
		}
	case b.floor < a.floor:
		return ""
	case b.floor == a.floor && strings.HasPrefix(from, to+"/"):
		return ""
	case b.floor == a.floor && b.shared && !a.shared && beside(from, to):
		return ""
	case b.floor == a.floor:
		return fmt.Sprintf("imports %s: sideways on floor %d", to, a.floor)
	}
	return fmt.Sprintf("imports %s: up from floor %d to %d", to, a.floor, b.floor)
}

// allowed tells whether a folder may use what a line of the second table
// names.
func (h house) allowed(o outside, dir string, inTest bool) bool {
	if h.free(dir) || (inTest && o.inTests) {
		return true
	}
	for _, p := range o.in {
		if covers(p, dir) {
			return true
		}
	}
	return false
}
