//go:build faults

package faults

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
)

// childPoint names the point that a child process passes, see TestMain.
const childPoint = "BONAFIDE_TEST_POINT"

// TestMain lets the test binary be its own child: it passes a point twice,
// writes which passages it survived, and leaves.
func TestMain(m *testing.M) {
	name, ok := os.LookupEnv(childPoint)
	if !ok {
		os.Exit(m.Run())
	}
	for _, passage := range []string{"1", "2"} {
		if err := Point(name); err != nil {
			os.Stdout.WriteString("!" + err.Error())
		}
		os.Stdout.WriteString(passage)
	}
	os.Exit(0)
}

func TestEnvironment(t *testing.T) {
	if !Enabled {
		t.Fatal("not Enabled with the tag")
	}
	cases := []struct {
		name, orders, want string
		code               int
	}{
		{"exit", "a.b=exit", "", ExitCode},
		{"exit at the second passage", "a.b=exit:2", "1", ExitCode},
		{"exit at the third passage", "a.b=exit:3", "12", 0},
		{"exit elsewhere", "a.c=exit", "12", 0},
		{"error", "a.b=error", "!faults: injected failure at a.b1!faults: injected failure at a.b2", 0},
		{"error once", "a.b=error:1", "!faults: injected failure at a.b12", 0},
		{"two orders", "a.b=error:1, a.b=exit:2", "!faults: injected failure at a.b1", ExitCode},
		{"misspelled", "a.b=exits", `!faults: order cannot be read: "a.b=exits"1!faults: order cannot be read: "a.b=exits"2`, 0},
		{"empty", "", `!faults: order cannot be read: ""1!faults: order cannot be read: ""2`, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childPoint+"=a.b", Env+"="+c.orders)
			out, err := cmd.Output()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != c.code || string(out) != c.want {
				t.Errorf("got %q and exit %d, want %q and exit %d", out, code, c.want, c.code)
			}
		})
	}
}

func TestArm(t *testing.T) {
	passages := func(name string, n int) (failed string) {
		for range n {
			switch err := Point(name); {
			case err == nil:
				failed += "."
			case errors.Is(err, ErrInjected):
				failed += "x"
			default:
				t.Fatal(err)
			}
		}
		return failed
	}
	cases := []struct{ name, orders, want string }{
		{"always", "p=error", "xxxx"},
		{"first", "p=error:1", "x..."},
		{"third", "p=error:3", "..x."},
		{"from the third", "p=error:3+", "..xx"},
		{"two orders", "p=error:1,p=error:4", "x..x"},
		{"other point", "q=error", "...."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			disarm, err := Arm(c.orders)
			if err != nil {
				t.Fatal(err)
			}
			defer disarm()
			before := Passed("p")
			if got := passages("p", 4); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if n := Passed("p") - before; n != 4 {
				t.Errorf("%d passages counted", n)
			}
			disarm()
			disarm()
			if got := passages("p", 4); got != "...." {
				t.Errorf("after disarming: %s", got)
			}
		})
	}
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disarm, err := Arm("s=stall:2")
		if err != nil {
			t.Fatal(err)
		}
		if err := Point("s"); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- Point("s") }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("the point did not stall")
		default:
		}
		if err := Point("s"); err != nil {
			t.Errorf("the third passage: %v", err)
		}
		disarm()
		if err := <-done; err != nil {
			t.Errorf("the stalled passage: %v", err)
		}
	})
}

func TestOrdersRefused(t *testing.T) {
	for _, orders := range []string{"", "a", "a=", "=exit", "A=exit", "a b=exit", "a=panic", "a=exit:", "a=exit:0",
		"a=exit:-1", "a=exit:x", "a=exit:+", "a=exit,", "a=exit:1++"} {
		if _, err := Arm(orders); !errors.Is(err, ErrOrder) {
			t.Errorf("%q: got %v", orders, err)
		}
	}
}
