package durable

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func check(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestWriteFile(t *testing.T) {
	cases := []struct {
		name string
		old  string // "" = no file
		data string
		perm fs.FileMode
	}{
		{"new", "", "abc", 0o600},
		{"new and empty", "", "", 0o644},
		{"replace by shorter", "abcdef", "x", 0o644},
		{"replace by longer", "x", strings.Repeat("abc", 1<<20), 0o600},
		{"tighter mode", "abc", "abc", 0o600},
		{"wider than the umask", "abc", "abc", 0o666},
		{"only permission bits count", "abc", "abc", 0o640 | fs.ModeSetuid | fs.ModeDir},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if c.old != "" {
				if err := os.WriteFile(path, []byte(c.old), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := WriteFile(path, []byte(c.data), c.perm); err != nil {
				t.Fatal(err)
			}
			check(t, path, c.data)
			if got := names(t, dir); len(got) != 1 {
				t.Errorf("the folder holds %q", got)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && info.Mode() != c.perm.Perm() {
				t.Errorf("mode %v, want %v", info.Mode(), c.perm.Perm())
			}
		})
	}
}

func TestWriteFileInTheWorkingFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := WriteFile("file", []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, "file", "abc")
}

func TestWriteFileWithALongName(t *testing.T) {
	for _, name := range []string{strings.Repeat("n", 255), "n" + strings.Repeat("é", 127)} {
		path := filepath.Join(t.TempDir(), name)
		if err := WriteFile(path, []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, path, "abc")
		if p := tempPattern(path); !utf8.ValidString(p) {
			t.Errorf("half a character in %q", p)
		}
	}
}

func TestWriteFileReplacesALink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("NOT RUN: no symbolic links here: %v", err)
	}
	if err := WriteFile(link, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, target, "untouched")
	check(t, link, "abc")
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
		t.Errorf("still a link: %v, %v", info, err)
	}
}

func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFile(filepath.Join(dir, "none", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: got %v, want fs.ErrNotExist", err)
	}
	occupied := filepath.Join(dir, "occupied")
	if err := os.MkdirAll(filepath.Join(occupied, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(occupied, []byte("abc"), 0o600)
	if err == nil || errors.Is(err, ErrSync) {
		t.Errorf("over a folder: got %v", err)
	} else if !strings.HasPrefix(err.Error(), "durable: replace "+occupied) {
		t.Errorf("the error does not name the path: %v", err)
	}
	if got := names(t, dir); len(got) != 1 || got[0] != "occupied" {
		t.Errorf("litter after a failure: %q", got)
	}
}

// TestReadersSeeWholeFiles lets writers replace a file while readers read it.
func TestReadersSeeWholeFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: Windows does not replace a file that is open")
	}
	const size, rounds = 64 << 10, 40
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := WriteFile(path, bytes.Repeat([]byte("0"), size), 0o600); err != nil {
		t.Fatal(err)
	}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, c := range []byte("ab") {
		writers.Go(func() {
			for range rounds {
				if err := WriteFile(path, bytes.Repeat([]byte{c}, size), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				b, err := os.ReadFile(path)
				if err != nil || len(b) != size || bytes.Count(b, b[:1]) != size {
					t.Errorf("a torn file of %d bytes, %v", len(b), err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("the folder holds %q", got)
	}
}
