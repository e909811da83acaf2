package did_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/did"
)

// TestFailureIsWritten: whatever an error quotes, the result that reports it is
// JSON.
func TestFailureIsWritten(t *testing.T) {
	for _, quoted := range []string{"version\xfdTime", "\xed\xa0\x80", "\x00\x1b[31m", "\ufffe", strings.Repeat("\xff", 100)} {
		b, err := json.Marshal(did.Failure("did:example:a", fmt.Errorf("%w: %s", did.ErrInvalidURL, quoted)))
		if err != nil || !json.Valid(b) {
			t.Errorf("%q: %v %s", quoted, err, b)
		}
	}
}
