package credential

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/bonafide-id/bonafide/verdict"
)

// TokenStatusEntry is the type under which the status of a token stands in
// Credential.Status; beside it are the members of status_list, idx (an integer)
// and uri, as they were signed.
const TokenStatusEntry = "TokenStatusListEntry"

// UnknownStatusEntry is the type of a status of which nothing is understood.
// It is there so that a credential with a status is not read as one without.
const UnknownStatusEntry = "UnknownTokenStatus"

// TokenStatus reads the claim status of a token (draft-ietf-oauth-status-list-20
// section 6) as an entry of Credential.Status. Mechanisms beside status_list are
// passed over; alone they stay unknown. The entry is there also with an error,
// which is [ErrClaim].
func TokenStatus(raw any) (map[string]any, error) {
	entry := map[string]any{"type": UnknownStatusEntry}
	fail := func(name, why string) (map[string]any, error) {
		return entry, fmt.Errorf("%w: %s %s", ErrClaim, name, why)
	}
	all, ok := raw.(map[string]any)
	if !ok || len(all) == 0 {
		return fail("status", "is not an object that names a mechanism")
	}
	list, has := all["status_list"]
	if !has {
		return entry, nil
	}
	m, ok := list.(map[string]any)
	if !ok {
		return fail("status.status_list", "is not an object")
	}
	idx, isNumber := m["idx"].(json.Number)
	if n, err := idx.Int64(); !isNumber || err != nil || n < 0 {
		return fail("status.status_list.idx", "is not an integer from 0 on")
	}
	if uri, ok := m["uri"].(string); !ok || uri == "" || len(uri) > 4096 {
		return fail("status.status_list.uri", "is not a URI")
	}
	maps.Copy(entry, m)
	entry["type"] = TokenStatusEntry
	return entry, nil
}

// TakeStatus reads the claim status that stands beside a W3C credential in a token.
func (e *Envelope) TakeStatus(claims map[string]any) {
	raw, has := claims["status"]
	if !has {
		return
	}
	entry, err := TokenStatus(raw)
	e.Status = append(e.Status, entry)
	if err != nil {
		e.Rows = append(e.Rows, verdict.New(verdict.Format, verdict.MalformedValue).With("detail", err.Error()).From(fromCredential))
	}
}
