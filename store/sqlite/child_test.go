package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

const (
	childEnv  = "BONAFIDE_TEST_STORE_CHILD" // what the process does instead of testing
	listSize  = 131_072
	issuer    = "QmIssuer"
	childRows = 200
)

// TestMain makes the test binary its own second process.
func TestMain(m *testing.M) {
	mode, args, isChild := strings.Cut(os.Getenv(childEnv), " ")
	if !isChild {
		os.Exit(m.Run())
	}
	path, rest, _ := strings.Cut(args, " ")
	if err := child(mode, path, rest); err != nil {
		fmt.Println("error", name(err), err)
		os.Exit(1)
	}
}

// name is a word for a sentinel, stable between processes.
func name(err error) string {
	for word, sentinel := range map[string]*hint.Error{"full": store.ErrFull, "readonly": store.ErrReadOnly, "io": store.ErrIO,
		"fatal": store.ErrFatal, "locked": store.ErrLocked, "corrupt": store.ErrCorrupt, "schema": store.ErrSchema} {
		if errors.Is(err, sentinel) {
			return word
		}
	}
	return "other"
}

func child(mode, path, arg string) error {
	ctx := context.Background()
	busy := 5 * time.Second
	if mode == "once" {
		busy = 100 * time.Millisecond
	}
	st, err := sqlite.Open(ctx, path, sqlite.Config{BusyTimeout: busy})
	if err != nil {
		return err
	}
	fmt.Println("open")
	from, err := strconv.Atoi(arg)
	if err != nil {
		return err
	}
	switch mode {
	case "write": // until killed: an acknowledgement is one line
		for i := from; ; i++ {
			if err := writeRow(ctx, st, i); err != nil {
				return err
			}
			fmt.Println("ack", i)
		}
	case "some": // a fixed number of rows, each with its own outcome
		for i := from; i < from+childRows; i++ {
			if err := writeRow(ctx, st, i); err != nil {
				fmt.Println("refused", i, name(err))
			} else {
				fmt.Println("ack", i)
			}
		}
		// Reads go on whatever happened to the writes.
		if err := st.View(ctx, func(tx store.Tx) error { _, err := tx.GetList(issuer, 1); return err }); err != nil {
			return fmt.Errorf("read afterwards: %w", err)
		}
		fmt.Println("read")
	case "once":
		if err := writeRow(ctx, st, from); err != nil {
			return err
		}
		fmt.Println("ack", from)
	default:
		return errors.New("unknown mode")
	}
	return st.Close()
}

// start runs the test binary as a child, under the command prefix if it is not
// empty, with more variables in its environment.
func start(t testing.TB, prefix []string, mode, path string, from int, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := append(prefix, self)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("%s=%s %s %d", childEnv, mode, path, from)), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, bufio.NewScanner(out)
}

// drain reads what a child still wrote.
func drain(lines *bufio.Scanner) (out []string, err error) {
	for lines.Scan() {
		out = append(out, lines.Text())
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
		return out, err
	}
	return out, nil
}

// rowBody is large enough for several pages in the log.
func rowBody(i int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("body %d\n", i), 2000))
}

// prepare makes the list that writeRow needs.
func prepareBook(ctx context.Context, st store.Store) error {
	return st.Update(ctx, issuer, func(tx store.Tx) error {
		return tx.PutList(store.List{Issuer: issuer, Number: 1, Size: listSize, State: store.ListOpen})
	})
}

// rowIndex spreads the rows over the list.
func rowIndex(i int) int64 { return int64(i) * 7919 % listSize }

// writeRow commits one revocation with all that belongs to it. An index that is
// allocated already belongs to a commit whose acknowledgement was lost.
func writeRow(ctx context.Context, st store.Store, i int) error {
	return st.Update(ctx, issuer, func(tx store.Tx) error {
		body := rowBody(i)
		cid := record.CIDOf(body).String()
		err := tx.AllocBit(issuer, 1, rowIndex(i))
		if errors.Is(err, store.ErrExists) {
			return nil
		}
		_, errChange := tx.PutChange(store.Change{Issuer: issuer, List: 1, Index: rowIndex(i), Purpose: "revocation", Status: 1, At: int64(i)})
		_, errAudit := tx.AppendAudit(store.Audit{Issuer: issuer, At: int64(i), Action: "revoke"})
		return errors.Join(err, errChange, errAudit,
			tx.PutIssued(store.Issued{Issuer: issuer, ID: fmt.Sprint("urn:", i), List: 1, Index: rowIndex(i), At: int64(i)}),
			tx.PutBlob(cid, body),
			tx.PutDraft(store.Draft{Issuer: issuer, Path: fmt.Sprint("f/", i), CID: cid, Body: body}))
	})
}

// rowState says how much of row i there is: all, nothing, or an error.
func rowState(tx store.Tx, i int) (bool, error) {
	c, err := tx.GetChange(issuer, 1, rowIndex(i), "revocation")
	if errors.Is(err, store.ErrNotFound) {
		_, err = tx.GetIssued(issuer, fmt.Sprint("urn:", i))
		if !errors.Is(err, store.ErrNotFound) {
			return false, fmt.Errorf("row %d is half there: %v", i, err)
		}
		return false, nil
	}
	body := rowBody(i)
	got, errBlob := tx.GetBlob(record.CIDOf(body).String())
	_, errIssued := tx.GetIssued(issuer, fmt.Sprint("urn:", i))
	_, errDraft := tx.GetDraft(issuer, fmt.Sprint("f/", i))
	if err := errors.Join(err, errBlob, errIssued, errDraft); err != nil {
		return false, fmt.Errorf("row %d is half there: %w", i, err)
	}
	if c.Status != 1 || c.At != int64(i) || string(got) != string(body) {
		return false, fmt.Errorf("row %d has the wrong bytes", i)
	}
	return true, nil
}

// countRows checks rows 0..n-1: everyone below acked must be there.
func countRows(t testing.TB, st store.Store, acked map[int]bool, n int) (there int) {
	t.Helper()
	err := st.View(context.Background(), func(tx store.Tx) error {
		for i := range n {
			ok, err := rowState(tx, i)
			if err != nil {
				return err
			}
			if ok {
				there++
			}
			if acked[i] && !ok {
				return fmt.Errorf("row %d was acknowledged and is lost", i)
			}
		}
		audit, err := tx.ListAudit(issuer, 0, 0)
		if err != nil {
			return err
		}
		if len(audit) != there {
			return fmt.Errorf("%d lines of audit for %d rows", len(audit), there)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// acks parses the lines of a child.
func acks(t testing.TB, lines []string, into map[int]bool) (refused map[int]string) {
	t.Helper()
	refused = map[int]string{}
	for _, l := range lines {
		f := strings.Fields(l)
		switch {
		case len(f) == 2 && f[0] == "ack":
			i, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatalf("line %q", l)
			}
			into[i] = true
		case len(f) == 3 && f[0] == "refused":
			i, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatalf("line %q", l)
			}
			refused[i] = f[2]
		}
	}
	return refused
}
