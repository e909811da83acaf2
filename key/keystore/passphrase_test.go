package keystore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestFromFile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
		err        error
	}{
		{"plain", "secret", 0o600, "secret", nil},
		{"line end", "secret\n", 0o400, "secret", nil},
		{"Windows line end", "secret\r\n", 0o600, "secret", nil},
		{"one line end only", "secret\n\n", 0o600, "secret\n", nil},
		{"spaces belong to it", " secret ", 0o600, " secret ", nil},
		{"group may read", "secret", 0o640, "", ErrLoose},
		{"all may read", "secret", 0o644, "", ErrLoose},
		{"too long", strings.Repeat("x", maxPassphrase+3), 0o600, "", ErrPassphrase},
	} {
		t.Run(c.name, func(t *testing.T) {
			if errors.Is(c.err, ErrLoose) && runtime.GOOS == "windows" {
				t.Skip("Windows has no such modes")
			}
			path := filepath.Join(t.TempDir(), "p")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			got, err := FromFile(path)()
			if !errors.Is(err, c.err) || string(got) != c.want {
				t.Errorf("%q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
	_, err := FromFile(filepath.Join(t.TempDir(), "none"))()
	if !errors.Is(err, ErrPassphrase) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("KEYSTORE_TEST_PASSPHRASE", "secret")
	if got, err := FromEnv("KEYSTORE_TEST_PASSPHRASE")(); err != nil || string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := FromEnv("KEYSTORE_TEST_NOT_SET")(); !errors.Is(err, ErrPassphrase) {
		t.Errorf("not set: %v, want ErrPassphrase", err)
	}
}

func TestFixedCopies(t *testing.T) {
	mine := []byte("secret")
	pass := Fixed(mine)
	got, err := pass()
	if err != nil {
		t.Fatal(err)
	}
	clear(got)
	if again, err := pass(); err != nil || !bytes.Equal(again, mine) {
		t.Errorf("%q, %v", again, err)
	}
}

func TestPromptNeedsTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out bytes.Buffer
	if got, err := FromPrompt(Terminal{In: f, Out: &out})(); !errors.Is(err, ErrPassphrase) || got != nil {
		t.Errorf("%q, %v, want ErrPassphrase", got, err)
	}
	if out.Len() > 0 {
		t.Errorf("asked %q where nobody sits", out.String())
	}
}
