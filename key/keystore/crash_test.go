package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/key"
)

// TestFailedWrite makes each kind of change fail at the write: the file and the
// store in memory stay as they were, and work again afterwards.
func TestFailedWrite(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		name   string
		change func(s *Store, have key.Private) error
	}{
		{"add", func(s *Store, _ key.Private) error {
			return s.Add(NewEntry(issuer, "", RoleList, generate(t, key.Ed25519)))
		}},
		{"promote", func(s *Store, have key.Private) error { return s.Promote(have.Public(), RoleUpdate) }},
		{"retire", func(s *Store, have key.Private) error { return s.Retire(have.Public(), false) }},
		{"destroy", func(s *Store, have key.Private) error { return s.Retire(have.Public(), true) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := create(t)
			have := add(t, s, RoleNext)
			before, err := os.ReadFile(s.Path())
			if err != nil {
				t.Fatal(err)
			}
			s.write = func(string, []byte, fs.FileMode) error { return full }
			if err := c.change(s, have); !errors.Is(err, full) {
				t.Fatalf("%v, want the disk's error", err)
			}
			if after, err := os.ReadFile(s.Path()); err != nil || !bytes.Equal(after, before) {
				t.Errorf("the old file is gone (%v)", err)
			}
			e, err := s.Get(issuer, RoleNext)
			if err != nil || e.Public != have.Public() || len(s.List()) != 1 {
				t.Errorf("the store changed: %v, %v", e, err)
			}
			signs(t, e)
			s.write = durable.WriteFile
			if err := c.change(s, have); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	t.Run("unsynced", func(t *testing.T) {
		s := create(t)
		have := add(t, s, RoleNext)
		s.write = func(string, []byte, fs.FileMode) error { return fmt.Errorf("x: %w", durable.ErrSync) }
		if err := s.Retire(have.Public(), true); !errors.Is(err, durable.ErrSync) {
			t.Fatalf("%v, want ErrSync", err)
		}
		s.write = durable.WriteFile
		if err := s.Retire(have.Public(), true); !errors.Is(err, durable.ErrSync) {
			t.Errorf("wrote on after an unconfirmed sync: %v", err)
		}
		if err := reopen(t, s).Retire(have.Public(), true); err != nil {
			t.Errorf("after opening again: %v", err)
		}
	})
	t.Run("create", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "d")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(path, secretPass(), cheap()); !errors.Is(err, ErrExists) {
			t.Errorf("over a folder: %v, want ErrExists", err)
		}
	})
}

// TestSweep: what a crash left is removed at the next opening, and nothing else.
func TestSweep(t *testing.T) {
	s := create(t)
	add(t, s, RoleHead)
	dir := filepath.Dir(s.Path())
	files := map[string]bool{ // name: stays
		".keys.age.12345.tmp": false, ".keys.age.tmp": true, ".keys.age.12a.tmp": true,
		".other.age.123.tmp": true, "keys.age.123.tmp": true, ".keys.age.123.bak": true,
	}
	for name := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s = reopen(t, s); len(s.List()) != 1 {
		t.Error("the store is not whole")
	}
	for name, stays := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stays {
			t.Errorf("%s: %v, should stay: %v", name, err, stays)
		}
	}
}

// TestSweepKnowsTheNames: a file of the kind that durable makes is recognised.
func TestSweepKnowsTheNames(t *testing.T) {
	dir := t.TempDir()
	f, err := os.CreateTemp(dir, ".keys.age.*.tmp")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Store{path: filepath.Join(dir, "keys.age"), cfg: Config{Logger: slog.New(slog.DiscardHandler)}}
	if err := s.sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Name()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want it gone", f.Name(), err)
	}
}
