package keystore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"filippo.io/age"
	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/internal/hint"
)

func TestOpenRefuses(t *testing.T) {
	s := create(t)
	add(t, s, RoleHead)
	path := s.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	asked := func() ([]byte, error) {
		t.Error("asked for a passphrase in vain")
		return nil, errors.New("not asked")
	}
	broken := errors.New("broken")
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		mode fs.FileMode
		pass Passphrase
		want error
	}{
		{"nothing wrong", good, 0o600, secretPass(), nil},
		{"read-only file", good, 0o400, secretPass(), nil},
		{"wrong passphrase", good, 0o600, Fixed([]byte("correct horsf")), ErrPassphrase},
		{"passphrase with a space", good, 0o600, Fixed([]byte("correct horse ")), ErrPassphrase},
		{"empty passphrase", good, 0o600, Fixed(nil), ErrPassphrase},
		{"long passphrase", good, 0o600, Fixed(bytes.Repeat([]byte("x"), maxPassphrase+1)), ErrPassphrase},
		{"no passphrase source", good, 0o600, nil, ErrPassphrase},
		{"failing passphrase source", good, 0o600, func() ([]byte, error) { return nil, broken }, broken},
		{"group may read", good, 0o640, asked, ErrLoose},
		{"others may read", good, 0o604, asked, ErrLoose},
		{"group may write", good, 0o620, asked, ErrLoose},
		{"executable", good, 0o700, asked, ErrLoose},
		{"empty file", nil, 0o600, secretPass(), ErrDamaged},
		{"not age", []byte(`{"type":"BonafideKeystore"}`), 0o600, secretPass(), ErrDamaged},
		{"last byte changed", flip(len(good) - 1), 0o600, secretPass(), ErrDamaged},
		{"last byte gone", good[:len(good)-1], 0o600, secretPass(), ErrDamaged},
		{"trailing byte", append(bytes.Clone(good), 0), 0o600, secretPass(), ErrDamaged},
		{"first byte changed", flip(0), 0o600, secretPass(), ErrDamaged},
		{"too large", make([]byte, maxFile+1), 0o600, asked, ErrDamaged},
		{"too much work", bytes.Replace(good, []byte(" 4\n"), []byte(" 21\n"), 1), 0o600, secretPass(), ErrDamaged},
		{"another recipient", foreign(t), 0o600, secretPass(), ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			if errors.Is(c.want, ErrLoose) && runtime.GOOS == "windows" {
				t.Skip("Windows has no such modes")
			}
			path := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, c.pass, cheap())
			if c.want == nil {
				if err != nil || len(s.List()) != 1 {
					t.Fatalf("%v", err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, c.want) || s != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if !errors.Is(err, broken) && hint.Of(err) == "" {
				t.Error("no hint")
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, c.data) {
				t.Errorf("the file was touched (%v)", err)
			}
			// The lock is free again.
			lock, err := durable.Lock(path + ".lock")
			if err != nil {
				t.Fatal(err)
			}
			if err := lock.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Open(filepath.Join(dir, "k"), asked, cheap())
		if !errors.Is(err, fs.ErrNotExist) || hint.Of(err) == "" {
			t.Errorf("%v, want fs.ErrNotExist with a hint", err)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("left %v behind", files)
		}
	})
	t.Run("folder", func(t *testing.T) {
		if _, err := Open(t.TempDir(), asked, cheap()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v, want ErrDamaged", err)
		}
	})
}

// foreign is an age file for another kind of recipient.
func foreign(t *testing.T) []byte {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCreateRefuses(t *testing.T) {
	s := create(t)
	add(t, s, RoleHead)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(s.Path(), secretPass(), cheap()); !errors.Is(err, ErrExists) {
		t.Errorf("over a store: %v, want ErrExists", err)
	}
	if s := reopen(t, s); len(s.List()) != 1 {
		t.Error("the store was overwritten")
	}
	dangling := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("nowhere", dangling); err == nil {
		if _, err := Create(dangling, secretPass(), cheap()); !errors.Is(err, ErrExists) {
			t.Errorf("over a dangling link: %v, want ErrExists", err)
		}
	}
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "k"), Fixed(nil), cheap()); !errors.Is(err, ErrPassphrase) {
		t.Errorf("empty passphrase: %v, want ErrPassphrase", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "k")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store without a passphrase: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "none", "k"), secretPass(), cheap()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v, want fs.ErrNotExist", err)
	}
	for _, factor := range []int{-1, 21} {
		if _, err := Create(filepath.Join(dir, "k"), secretPass(), Config{WorkFactor: factor}); err == nil {
			t.Errorf("work factor %d is taken", factor)
		}
	}
}

func TestFileMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	s := create(t)
	for range 2 {
		info, err := os.Stat(s.Path())
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
		}
		add(t, s, RoleHead)
	}
}
