package revocation

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/verdict"
)

// Purpose says what a set bit means.
type Purpose string

// The purposes of Bitstring Status List 1.0 section 2.1. Only the first two
// touch the outcome of a verdict.
const (
	Revocation Purpose = "revocation"
	Suspension Purpose = "suspension"
	Refresh    Purpose = "refresh"
	Message    Purpose = "message"
)

// The types of status entry that are read.
const (
	TypeEntry     = "BitstringStatusListEntry"
	typeEntry2021 = "StatusList2021Entry"
	typeEdTech    = "1EdTechRevocationList"
	typeList      = "BitstringStatusListCredential"
	typeList2021  = "StatusList2021Credential"
)

const maxEntries = 16

// Entry is one status entry of a credential.
type Entry struct {
	Type    string
	Purpose Purpose // "" for the status of a token
	Index   int64
	List    string // URL of the status list credential or token
}

// typeOf returns the one type of a credentialStatus object, or "".
func typeOf(m map[string]any) string {
	if list, ok := m["type"].([]any); ok && len(list) == 1 {
		typ, _ := list[0].(string)
		return typ
	}
	typ, _ := m["type"].(string)
	return typ
}

// ParseEntry reads one credentialStatus object that names a place in a list of
// bits (section 2.1). ok is false when it cannot be used, and the row, of the
// check status, says why.
func ParseEntry(m map[string]any) (e Entry, row verdict.Check, ok bool) {
	bad := func(code verdict.Code, detail string) (Entry, verdict.Check, bool) {
		return Entry{}, verdict.New(verdict.Status, code).With("detail", detail).From("credential"), false
	}
	e.Type = typeOf(m)
	if e.Type != TypeEntry && e.Type != typeEntry2021 {
		return bad(verdict.UnknownStatusType, "type "+strconv.Quote(e.Type))
	}
	purpose, isText := m["statusPurpose"].(string)
	if !isText || purpose == "" {
		return bad(verdict.MalformedValue, "statusPurpose must be one text")
	}
	e.Purpose = Purpose(purpose)
	size, sized := bitsPerEntry(m)
	switch {
	case !sized:
		return bad(verdict.MalformedValue, "statusSize must be a whole number above zero")
	case !messagesFit(m, size):
		return bad(verdict.MalformedValue, "statusMessage must have a status and a message for each value of statusSize bits")
	case size != 1:
		return bad(verdict.StatusSizeUnsupported, fmt.Sprintf("statusSize %d", size))
	}
	index, isText := m["statusListIndex"].(string)
	if !isText {
		return bad(verdict.MalformedValue, "statusListIndex must be a text of decimal digits")
	}
	n, valid := decimal(index)
	if !valid {
		return bad(verdict.MalformedValue, "statusListIndex "+strconv.Quote(clip(index))+" is no index")
	}
	e.Index = n
	e.List, isText = m["statusListCredential"].(string)
	if !isText || !isURL(e.List) {
		return bad(verdict.MalformedValue, "statusListCredential must be a URL")
	}
	if id, has := m["id"]; has {
		if text, isText := id.(string); !isText || !isURL(text) {
			return bad(verdict.MalformedValue, "id must be a URL")
		} else if text == e.List {
			return bad(verdict.MalformedValue, "id must not be the URL of the list")
		}
	}
	if ref, has := m["statusReference"]; has && !allURLs(ref) {
		return bad(verdict.MalformedValue, "statusReference must be a URL or several")
	}
	return e, verdict.Check{}, true
}

// parseTokenEntry reads the status_list of a token, as credential.TokenStatus has
// it. Its one code tells of revocation and suspension, so that it has no purpose.
func parseTokenEntry(m map[string]any) (e Entry, row verdict.Check, ok bool) {
	bad := func(detail string) (Entry, verdict.Check, bool) {
		return Entry{}, verdict.New(verdict.Status, verdict.MalformedValue).With("detail", detail).From("credential"), false
	}
	e.Type = credential.TokenStatusEntry
	idx, isNumber := m["idx"].(json.Number)
	n, valid := decimal(idx.String())
	if !isNumber || !valid {
		return bad("status_list.idx must be a whole number in decimal digits")
	}
	e.Index = n
	if e.List, ok = m["uri"].(string); !ok || e.List == "" || len(e.List) > 4096 {
		return bad("status_list.uri must be a URI")
	}
	return e, verdict.Check{}, true
}

// EntryOf reads one status entry that names a place in a list, of a credential
// ([ParseEntry]) or of a token.
func EntryOf(m map[string]any) (e Entry, row verdict.Check, ok bool) {
	if typeOf(m) == credential.TokenStatusEntry {
		return parseTokenEntry(m)
	}
	return ParseEntry(m)
}

// final tells whether a set bit is a revocation.
func (e Entry) final() bool { return e.Purpose == Revocation || e.Type == credential.TokenStatusEntry }

// decisive tells whether the entry can touch the outcome of a verdict.
func (e Entry) decisive() bool { return e.final() || e.Purpose == Suspension }

// numberToText returns m with a statusListIndex that was written as a number
// written as the text that the specification demands, and whether that was so.
// The number must be spelled as the text would be.
func numberToText(m map[string]any) (map[string]any, bool) {
	n, ok := m["statusListIndex"].(json.Number)
	if !ok {
		return m, false
	}
	m = maps.Clone(m)
	m["statusListIndex"] = n.String()
	return m, true
}

// bitsPerEntry reads statusSize, which is 1 where it is absent.
func bitsPerEntry(m map[string]any) (int64, bool) {
	raw, has := m["statusSize"]
	if !has {
		return 1, true
	}
	n, ok := raw.(json.Number)
	if !ok {
		return 0, false
	}
	size, ok := decimal(n.String())
	return size, ok && size > 0
}

// messagesFit tells whether statusMessage, which sizes above 1 need, has one
// message for each value.
func messagesFit(m map[string]any, size int64) bool {
	raw, has := m["statusMessage"]
	if !has {
		return size == 1
	}
	list, ok := raw.([]any)
	if !ok || size > 16 || int64(len(list)) != 1<<size {
		return false
	}
	for _, e := range list {
		o, _ := e.(map[string]any)
		status, isText := o["status"].(string)
		if _, has := o["message"].(string); !has || !isText || !strings.HasPrefix(status, "0x") {
			return false
		}
	}
	return true
}

func isURL(s string) bool {
	if len(s) > 4096 {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}

func allURLs(v any) bool {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		if s, ok := e.(string); !ok || !isURL(s) {
			return false
		}
	}
	return len(list) > 0
}

// decimal accepts canonical decimal digits only: no sign, space or leading
// zero, ASCII. What is too large for a place in any list is the largest number,
// which lies outside of all.
func decimal(s string) (int64, bool) {
	if len(s) == 0 || len(s) > 4096 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
