package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// pty opens a pseudo terminal: what is written to the first file is typed on the
// second.
func pty(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("open a pseudo terminal: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var unlock, number int32
	for request, arg := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			t.Fatalf("pseudo terminal: %v", errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("open a pseudo terminal: %v", err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}

// typist answers each question with the next line.
type typist struct {
	keyboard io.Writer
	answers  []string
	asked    strings.Builder
}

func (ty *typist) Write(p []byte) (int, error) {
	ty.asked.Write(p)
	if strings.HasSuffix(string(p), ": ") {
		if len(ty.answers) == 0 {
			return 0, errors.New("one question too many")
		}
		if _, err := io.WriteString(ty.keyboard, ty.answers[0]+"\n"); err != nil {
			return 0, err
		}
		ty.answers = ty.answers[1:]
	}
	return len(p), nil
}

func TestFromPrompt(t *testing.T) {
	for _, c := range []struct {
		name    string
		label   string
		fresh   bool
		answers []string
		want    string
		asked   string
		err     error
	}{
		{"open", "the issuer keys", false, []string{"secret"}, "secret", "Passphrase for the issuer keys: \n", nil},
		{"create", "", true, []string{"secret", "secret"}, "secret", "New passphrase: \nThe same again: \n", nil},
		{"create, mistyped", "", true, []string{"secret", "secrte"}, "", "New passphrase: \nThe same again: \n", ErrPassphrase},
	} {
		t.Run(c.name, func(t *testing.T) {
			keyboard, terminal := pty(t)
			ty := &typist{keyboard: keyboard, answers: c.answers}
			got, err := FromPrompt(Terminal{In: terminal, Out: ty, Label: c.label, New: c.fresh})()
			if !errors.Is(err, c.err) || string(got) != c.want {
				t.Errorf("%q, %v, want %q, %v", got, err, c.want, c.err)
			}
			if ty.asked.String() != c.asked || len(ty.answers) > 0 {
				t.Errorf("asked %q, want %q", ty.asked.String(), c.asked)
			}
		})
	}
}
