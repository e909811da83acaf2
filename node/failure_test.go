package node

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// What a database that is away says of itself, its server and user, stays here.
func TestFailureKeepsTheDatabaseToItself(t *testing.T) {
	for _, cause := range []error{store.ErrUnreachable, store.ErrInDoubt} {
		f := FailureOf(fmt.Errorf("database db.internal:5432/book: %w: user bonafide", cause))
		if f.Status != http.StatusServiceUnavailable || f.ExitCode != 4 || f.Detail != cause.Error() || f.Hint == "" {
			t.Errorf("%v: %+v", cause, f)
		}
	}
}
