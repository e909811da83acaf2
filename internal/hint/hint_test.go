package hint

import (
	"errors"
	"fmt"
	"testing"
)

func TestOf(t *testing.T) {
	sentinel := New("pkg: broken", "Mend it.")
	other := New("pkg: other", "Do something else.")
	cases := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"plain error", errors.New("x"), ""},
		{"sentinel", sentinel, "Mend it."},
		{"wrapped once", fmt.Errorf("op: %w", sentinel), "Mend it."},
		{"wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", sentinel)), "Mend it."},
		{"joined, first without", errors.Join(errors.New("x"), other), "Do something else."},
		{"two verbs, first hint wins", fmt.Errorf("%w and %w", sentinel, other), "Mend it."},
		{"overridden", Wrap(fmt.Errorf("op: %w", sentinel), "Better."), "Better."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Of(c.err); got != c.want {
				t.Errorf("Of = %q, want %q", got, c.want)
			}
		})
	}
}

func TestWrapKeepsIdentity(t *testing.T) {
	sentinel := New("pkg: broken", "Mend it.")
	err := Wrap(fmt.Errorf("op: %w", sentinel), "Better.")
	if !errors.Is(err, sentinel) {
		t.Error("errors.Is lost the sentinel")
	}
	if err.Error() != "op: pkg: broken" {
		t.Errorf("text changed: %q", err.Error())
	}
	if Wrap(nil, "x") != nil {
		t.Error("Wrap(nil) is not nil")
	}
}
