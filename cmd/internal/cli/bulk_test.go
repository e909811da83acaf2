package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEachLine(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		name, text string
		want       []string
		err        error
	}{
		{"nothing", "", nil, nil},
		{"one", "a\n", []string{"f:1 a"}, nil},
		{"no line feed at the end", "a\nb", []string{"f:1 a", "f:2 b"}, nil},
		{"empty lines count and are not sent", "\n a \r\n\n\tb\n", []string{"f:2 a", "f:4 b"}, nil},
		{"longest line", long[1:] + "\nb", []string{"f:1 " + long[1:], "f:2 b"}, nil},
		{"longer", "a\n" + long + "\nb", []string{"f:1 a"}, bufio.ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			err := eachLine(strings.NewReader(c.text), "f", func(it item) error {
				got = append(got, it.name+" "+string(it.body))
				return nil
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("%.200q", got)
			}
			if !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, c.err)
			}
			if err != nil && (!errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "f:2")) {
				t.Errorf("%v does not say where", err)
			}
		})
	}
}

// A line is handed on while the next one has not been written yet.
func TestEachLineStreams(t *testing.T) {
	r, w := io.Pipe()
	got, ended := make(chan string), make(chan error, 1)
	go func() {
		ended <- eachLine(r, "f", func(it item) error { got <- string(it.body); return nil })
	}()
	for i := range 3 {
		if _, err := fmt.Fprintf(w, "%d\n", i); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if s != fmt.Sprint(i) {
				t.Errorf("%q", s)
			}
		case <-time.After(time.Minute):
			t.Fatal("the line is kept back")
		}
	}
	w.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Whoever types lines, or writes them into a pipe, does not wait for the next ones.
func TestSlowInputs(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "all.ndjson")
	if err := os.WriteFile(plain, []byte("{}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		names []string
		slow  bool
	}{
		{"plain file", []string{plain}, false},
		{"folder", []string{dir}, false},
		{"standard input", []string{"-"}, true},
		{"standard input after a file", []string{plain, "-"}, true},
		{"device", []string{os.DevNull}, true},
		{"nothing there", []string{filepath.Join(dir, "none")}, true},
	} {
		if _, _, slow, err := inputs(c.names); err != nil || slow != c.slow {
			t.Errorf("%s: slow %v, %v", c.name, slow, err)
		}
	}
}

// An interruption ends the queue for all who wait for it.
func TestQueueIsInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.NDJSON")
	if err := os.WriteFile(file, []byte("a\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	q := new(app).newQueue(ctx, []string{file}, false)
	defer q.close()
	q.most = 2
	var got share
	if more := q.next(ctx, &got); !more || len(got.items) != 2 || string(got.items[0].body) != "a" || string(got.items[1].body) != "b" {
		t.Errorf("%v %v", got, more)
	}
	cancel()
	for range 2 {
		if q.next(ctx, &got) {
			t.Error("work after the end")
		}
	}
}

// It ends also while standard input has nothing to read.
func TestQueueDoesNotWaitForSilentInput(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	q := (&app{stdin: r}).newQueue(ctx, []string{"-"}, true)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var got share
			for q.next(ctx, &got) {
				if name := got.items[0].name; len(got.items) != 1 || name != "-:1" && name != "-:2" {
					t.Errorf("%q", name)
				}
			}
		})
	}
	if _, err := io.WriteString(w, "{}\n{}\n"); err != nil {
		t.Fatal(err)
	}
	cancel()
	wg.Wait()
	q.close()
	if !errors.Is(q.err, context.Canceled) {
		t.Errorf("%v", q.err)
	}
}
