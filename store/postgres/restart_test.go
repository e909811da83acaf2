package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

// TestServerStopsUnderLoad stops, crashes and starts the server while four
// goroutines revoke. What was acknowledged is there once, what was refused is not
// there, meanwhile the errors say what is the matter, and the same store goes on
// when the server is back.
func TestServerStopsUnderLoad(t *testing.T) {
	server := pgtest.Start(t)
	st := openAt(t, server.Schema(t), postgres.Config{InDoubt: 20 * time.Second})
	prepare(t, st)
	var mu sync.Mutex
	acked, refused, doubtful := map[int]bool{}, map[int]bool{}, map[int]bool{}
	next, other := 0, error(nil)
	step := make(chan struct{}, 1024) // one for each that ends
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				err := revoke(st, i)
				mu.Lock()
				switch {
				case err == nil:
					acked[i] = true
				case errors.Is(err, store.ErrInDoubt):
					doubtful[i] = true
				case errors.Is(err, store.ErrUnreachable):
					refused[i] = true
				default:
					other = err
				}
				mu.Unlock()
				select {
				case step <- struct{}{}:
				default:
				}
			}
		})
	}
	count := func(of map[int]bool) int { mu.Lock(); defer mu.Unlock(); return len(of) }
	until := func(what string, ok func() bool) {
		t.Helper()
		end := time.After(60 * time.Second)
		for !ok() {
			select {
			case <-step:
			case <-end:
				t.Fatalf("not in a minute: %s", what)
			}
		}
	}
	for round := range 6 {
		had := count(acked)
		until("revocations", func() bool { return count(acked) > had+30 })
		before := count(refused)
		if round%2 == 0 {
			server.Stop(t)
		} else {
			server.Crash(t)
		}
		until("a clear error while the server is away", func() bool { return count(refused) > before })
		err := st.View(context.Background(), func(tx store.Tx) error { _, err := tx.ListIssuers(); return err })
		if !errors.Is(err, store.ErrUnreachable) {
			t.Errorf("View while the server is away = %v", err)
		}
		if err := st.Check(context.Background()); !errors.Is(err, store.ErrUnreachable) {
			t.Errorf("Check while the server is away = %v", err)
		}
		server.Run(t)
	}
	had := count(acked)
	until("revocations after the last start", func() bool { return count(acked) > had+30 })
	close(stop)
	wg.Wait()
	if other != nil {
		t.Errorf("an error that says something else: %v", other)
	}
	there := applied(t, st)
	for i := range next {
		n := there[fmt.Sprint(i)]
		switch {
		case acked[i] && n != 1:
			t.Errorf("revocation %d was acknowledged and applied %d times", i, n)
		case refused[i] && n != 0:
			t.Errorf("revocation %d was refused and applied", i)
		case n > 1:
			t.Errorf("revocation %d was applied %d times", i, n)
		}
	}
	if err := st.Check(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("6 stops: %d acknowledged and there once, %d refused and not there, %d in doubt", len(acked), len(refused), len(doubtful))
}
